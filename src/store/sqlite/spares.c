/* SPDX-License-Identifier: MIT */
/* See the header. A stack of handles; none is opened, closed or moved under its lock. */
#include "store/sqlite/spares.h"

#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "db/move.h"

void
spares_init(struct spares *spares)
{
    lock_init(&spares->lock, LOCK_LEAF);
}

static struct db *
take(struct spares *spares)
{
    struct db *db = NULL;

    lock_enter(&spares->lock);
    if (spares->count > 0)
        db = spares->handles[--spares->count].db;
    lock_leave(&spares->lock);
    return db;
}

void
spares_done(struct spares *spares)
{
    struct db *db;

    while ((db = take(spares)) != NULL)
        db_close(db);
    lock_done(&spares->lock);
}

unsigned
spares_count(struct spares *spares)
{
    lock_enter(&spares->lock);
    const unsigned count = spares->count;
    lock_leave(&spares->lock);
    return count;
}

/* False: there are enough. */
static bool
keep(struct spares *spares, struct db *db, int64_t now_us)
{
    lock_enter(&spares->lock);
    const bool room = spares->count < LIMIT_SPARE_HANDLES;
    if (room) {
        spares->handles[spares->count].db = db;
        spares->handles[spares->count].left_us = now_us;
        spares->count++;
    }
    lock_leave(&spares->lock);
    return room;
}

void
spares_give(struct spares *spares, struct db *db, int64_t now_us)
{
    const bool room = spares_count(spares) < LIMIT_SPARE_HANDLES;

    if (!room || !db_leave(db) || !keep(spares, db, now_us))
        db_close(db);
}

enum rc
spares_move(struct spares *spares, const char *path, enum db_reads reads, unsigned cache_kib,
            const struct log_memo *memo, int64_t now_us, struct db **out)
{
    struct db *db = take(spares);

    if (db == NULL)
        return RC_GONE;
    const enum rc rc = db_move(db, path, reads, cache_kib, memo);
    if (rc == RC_OK) {
        *out = db;
        return RC_OK;
    }
    const bool away = rc == RC_NOT_FOUND || rc == RC_EXISTS;
    if (!away || !keep(spares, db, now_us))
        db_close(db);
    return rc == RC_NOT_FOUND ? RC_NOT_FOUND : RC_GONE;
}

/* The handle unused for longest, which is at the bottom. NULL: it was used since then. */
static struct db *
take_idle(struct spares *spares, int64_t until_us)
{
    struct db *db = NULL;

    lock_enter(&spares->lock);
    if (spares->count > 0 && spares->handles[0].left_us <= until_us) {
        db = spares->handles[0].db;
        spares->count--;
        memmove(spares->handles, spares->handles + 1,
                spares->count * sizeof spares->handles[0]);
    }
    lock_leave(&spares->lock);
    return db;
}

void
spares_close_idle(struct spares *spares, int64_t until_us)
{
    struct db *db;

    while ((db = take_idle(spares, until_us)) != NULL)
        db_close(db);
}
