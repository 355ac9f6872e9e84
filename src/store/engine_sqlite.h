/* SPDX-License-Identifier: MIT */
/*
 * Opening the embedded engine: each account is a SQLite database of its own, a file in a
 * directory of this machine, which one process uses at a time. What only this engine has is
 * here and not in store.h.
 */
#ifndef STORE_ENGINE_SQLITE_H
#define STORE_ENGINE_SQLITE_H

#include "store/registry.h"
#include "store/room.h"
#include "store/store.h"

struct sqlite_options {
    struct store_options store;
    const char *dir;      /* DIR/accounts; made when missing; borrowed for the call */
    int64_t max_open_fds; /* descriptors the open databases may use, at least 30 */
    /* reserve for deleting on a full disk; borrowed for the store's life; NULL: none */
    struct room *room;
    bool background; /* a thread of the engine empties the logs of quiet accounts */
    /* Other stores are open on the same directory and write to it: makes the store
     * STORE_SHARED, and nothing is counted on from one transaction to the next. For tests of
     * the seam. */
    bool shared;
    /* An upgrade may still fail and the older program come back: until store_sqlite_settle,
     * accounts of an older version are RC_BUSY and not brought up to date. */
    bool unsettled;
};

MUST_USE enum rc store_open_sqlite(const struct sqlite_options *options, struct store **out,
                                   struct err *err);

struct sqlite_registry_options {
    struct registry_options registry;
    const char *path; /* of the database, DIR/registry.db; borrowed for the call */
    bool create;      /* make it when it is not there; otherwise RC_NOT_FOUND */
    bool unsettled;   /* as above: one of an older version is RC_BUSY and stays as it is */
};
/** RC_OK; RC_NOT_FOUND, RC_CORRUPT, RC_DENIED, RC_IO, RC_UNSUPPORTED (made by a newer Roost),
 * RC_BUSY (see unsettled). */
MUST_USE enum rc registry_open_sqlite(const struct sqlite_registry_options *options,
                                      struct registry **out, struct err *err);

/** From now on older accounts are brought up to date when they are opened. Thread: any. */
void store_sqlite_settle(struct store *store);

/** Descriptors that open databases use now, as counted against max_open_fds. Thread: any. */
int64_t store_sqlite_open_fds(struct store *store);
/** Handles without a database, kept for the next account. Thread: any. */
unsigned store_sqlite_spares(struct store *store);
/** Closed accounts whose logs wait to be emptied. Thread: any. */
size_t store_sqlite_logs(struct store *store);
/** Empties them now. Waits for disk. Thread: any. */
void store_sqlite_empty_logs(struct store *store);

#endif
