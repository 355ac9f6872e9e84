/* SPDX-License-Identifier: MIT */
/*
 * Watches over INV-S13: closing any descriptor of a file releases the process's POSIX locks on
 * it (fcntl(2)), so our own code may not close a descriptor of a database or of an index that
 * SQLite has open. Programs are linked with lock_guard.c and --wrap=close, --wrap=fclose, which
 * changes the calls of our code and not those of SQLite, a shared library.
 *
 * What is found is written to the file that ROOST_LOCK_GUARD names, one line for each close:
 * "broken PATH" or, if it does no harm, "fine PATH".
 */
#ifndef SUPPORT_LOCK_GUARD_H
#define SUPPORT_LOCK_GUARD_H

/** Number of harmless closes so far in this process. Thread: any. */
unsigned lock_guard_fine(void);
unsigned lock_guard_broken(void);

#endif
