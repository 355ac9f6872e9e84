/* SPDX-License-Identifier: MIT */
/* Recognises, by name, files and directories without mail that mail programs keep beside mail.
 * Pure. */
#ifndef CLI_MAIL_FOREIGN_FILE_H
#define CLI_MAIL_FOREIGN_FILE_H

#include <stdbool.h>

/** What the file is ("an index of Dovecot"), or NULL: it may be mail. */
const char *foreign_file(const char *name);
/** Whether file managers leave such files anywhere: a directory with nothing else counts as
 * empty. */
bool foreign_is_everywhere(const char *name);
/** The same as foreign_file for a directory. */
const char *foreign_folder(const char *name);
/** Why a directory with messages cannot be read; NULL: it can be tried. */
const char *unread_folder(const char *name);

#endif
