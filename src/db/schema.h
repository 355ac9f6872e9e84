/* SPDX-License-Identifier: MIT */
/*
 * Versions of a schema: a list of steps, each of which is applied once, in a transaction of its
 * own. PRAGMA user_version is the number of steps applied, and PRAGMA application_id says whose
 * file it is. A released step is never changed; new ones are added.
 */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "db/db.h"

struct db_step {
    const char *sql;                                /* statements; NULL: none */
    enum rc (*run)(struct db *db, struct err *err); /* after sql; NULL: none */
};

struct db_schema {
    const char *what;       /* "account store", for messages */
    int32_t application_id; /* not 0 */
    const struct db_step *steps;
    unsigned step_count;
};

/**
 * Brings the file to the newest version. If it is there already, this costs one read.
 *
 * RC_UNSUPPORTED: made by a newer Roost (the text says which versions). RC_CORRUPT: some other
 * program's database. Otherwise db_result's; the steps before the failing one stay applied.
 * Thread: the handle's. Waits for disk.
 */
MUST_USE enum rc db_migrate(struct db *db, const struct db_schema *schema, struct err *err);

/** RC_OK: db_migrate would change nothing, or would make a new file. RC_BUSY: it would bring an
 * older file up to date. Thread: the handle's. */
MUST_USE enum rc db_is_newest(struct db *db, const struct db_schema *schema, struct err *err);

#endif
