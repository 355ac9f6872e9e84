/* SPDX-License-Identifier: MIT */
/* The SQLite library as this process uses it, before any database is opened. */
#ifndef DB_LIBRARY_H
#define DB_LIBRARY_H

/**
 * Process-wide settings of SQLite: multi-thread mode, memory that is counted apart, and no
 * memory statistics, which would need a global lock. db_open calls this too, but at start-up it
 * is done before there are threads. Thread: any.
 */
void db_init(void);

#endif
