/* SPDX-License-Identifier: MIT */
/*
 * Handles without a database, which closed accounts leave behind. They have schema and
 * statements in memory, but no descriptors (db/move.h). The next account that is opened takes
 * one instead of opening its database anew, which costs ten times as much. All accounts have
 * the same schema, so any handle does for any account.
 */
#ifndef STORE_SQLITE_SPARES_H
#define STORE_SQLITE_SPARES_H

#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/rc.h"
#include "db/db.h"

struct log_memo;

struct spares {
    struct lock lock;
    /* Guard: lock. The handle that was left last is used first. */
    struct {
        struct db *db;
        int64_t left_us; /* monotonic */
    } handles[LIMIT_SPARE_HANDLES];
    unsigned count;
};

void spares_init(struct spares *spares);
/** Closes them all. */
void spares_done(struct spares *spares);

/** Takes over a handle of an account, and keeps it or closes it. Thread: any. */
void spares_give(struct spares *spares, struct db *db, int64_t now_us);
/** Moves one to the database at path, as db_move does; memo may be NULL. RC_NOT_FOUND: there is
 * no such file. RC_GONE: there is no spare, or none that suits, so the database has to be
 * opened. Thread: any. Waits for disk. */
MUST_USE enum rc spares_move(struct spares *spares, const char *path, enum db_reads reads,
                             unsigned cache_kib, const struct log_memo *memo, int64_t now_us,
                             struct db **out);
/** Closes the handles that were left before until_us. Thread: any. */
void spares_close_idle(struct spares *spares, int64_t until_us);
/** How many there are. Thread: any. */
unsigned spares_count(struct spares *spares);

#endif
