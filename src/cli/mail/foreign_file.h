/* SPDX-License-Identifier: MIT */
/* Recognises by name the files and folders without mail that mail programs keep beside mail.
 * Pure. */
#ifndef CLI_MAIL_FOREIGN_FILE_H
#define CLI_MAIL_FOREIGN_FILE_H

#include <stdbool.h>

/** What the file is ("an index of Dovecot"), or NULL: it may be mail. */
const char *foreign_file(const char *name);
/** Whether it is one that file managers leave anywhere: a folder with nothing else is empty. */
bool foreign_is_everywhere(const char *name);
/** The same as foreign_file for a folder. */
const char *foreign_folder(const char *name);
/** Why a folder of messages cannot be read ("..."), or NULL: it can be tried. */
const char *unread_folder(const char *name);

#endif
