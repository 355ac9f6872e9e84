/* SPDX-License-Identifier: MIT */
/*
 * Another program that uses a database: a separate process with plain SQLite, because POSIX
 * locks distinguish processes.
 *
 *     outsider PATH SQL     runs SQL, says "ok" or what went wrong, and closes the database
 * when its standard input ends
 */
#include <sqlite3.h>
#include <stdio.h>

enum { WAIT_MS = 5000 };

int
main(int argc, char **argv)
{
    sqlite3 *raw = NULL;

    if (argc != 3)
        return 2;
    if (sqlite3_open(argv[1], &raw) != SQLITE_OK)
        return 1;
    sqlite3_busy_timeout(raw, WAIT_MS);
    const int result = sqlite3_exec(raw, argv[2], NULL, NULL, NULL);
    puts(result == SQLITE_OK ? "ok" : sqlite3_errmsg(raw));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return sqlite3_close(raw) == SQLITE_OK ? 0 : 1;
}
