/* SPDX-License-Identifier: MIT */
/*
 * Translates names of files and directories into levels of mailbox names, and back. Directories
 * of mail are named in modified UTF-7 (Dovecot, Courier) or in UTF-8 (mbsync, Thunderbird,
 * people). A name is read as modified UTF-7 if it is well-formed; otherwise, if it is UTF-8, it
 * stands for itself. Pure. Thread: any.
 */
#ifndef CLI_MAIL_LEVEL_H
#define CLI_MAIL_LEVEL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* The kind of file or directory that has the name. */
enum level_of {
    LEVEL_OF_FOLDER,    /* without the ".sbd" of Thunderbird and the ".mbox" of Apple Mail */
    LEVEL_OF_FILE,      /* an mbox: without ".mbox" or ".mbx", and what compression adds */
    LEVEL_OF_SUBFOLDER, /* ".A.B" of a Maildir++: two levels, A/B */
};

/** Appends the level (or levels, separated by '/') that a file name stands for. False: the name
 * is neither modified UTF-7 nor UTF-8, or nothing is left of it. */
bool level_read(struct buf *out, struct span file_name, enum level_of of);
/** Appends a name whose levels are separated by '/', each read as above, without any
 * suffix. */
bool levels_read(struct buf *out, struct span name);

/** Appends the file name for one level or, for a subfolder, for all levels of name. level_read
 * reverses it. False: there is no such file name (a '.' in a level of a Maildir++, "cur", names
 * that would be hidden or too long); use level_put_similar then. Or there was no memory, and
 * out has failed. */
bool level_put(struct buf *out, struct span name, enum level_of of);
/** Appends a similar name that is possible as a file name. A number above 1 makes it
 * different. */
void level_put_similar(struct buf *out, struct span name, enum level_of of, unsigned number);

#endif
