/* SPDX-License-Identifier: MIT */
/*
 * An engine for tests that does everything that store.h allows and the embedded one does not
 * do: SQLite, wrapped so that beginning a read or a write returns RC_AGAIN first, `known` flags
 * are skipped, and a second store on the same files commits just before a transaction begins.
 * Code that works with it does not rely on one process, one writer or reads that never wait.
 */
#ifndef SUPPORT_SEAM_ENGINE_H
#define SUPPORT_SEAM_ENGINE_H

#include "store/engine_sqlite.h"

enum seam_wakes {
    SEAM_WAKE_AT_ONCE, /* before RC_AGAIN is returned; for a single thread */
    SEAM_WAKE_LATER,   /* from a thread of the engine */
};

struct seam_options {
    struct sqlite_options sqlite; /* `shared` is set by the engine */
    enum seam_wakes wakes;
    /* percentage of transactions before which the second store commits */
    unsigned elsewhere_percent;
    uint64_t seed;
};

/** What the engine has done so far. */
struct seam_counts {
    uint64_t again;     /* number of RC_AGAIN */
    uint64_t elsewhere; /* commits by the second store */
    /* changes of flags that were skipped because the known flags were out of date */
    uint64_t refused;
};

MUST_USE enum rc store_open_seam(const struct seam_options *options, struct store **out,
                                 struct err *err);
/** The same for the registry: one handle reads, another one makes the changes. open: the
 * function that opens the embedded engine. */
MUST_USE enum rc registry_open_seam(enum rc (*open)(const struct sqlite_registry_options *,
                                                    struct registry **, struct err *),
                                    const struct sqlite_registry_options *options,
                                    struct registry **out, struct err *err);
/** While it is quiet, the second store commits nothing; for comparing. */
void seam_quiet(struct store *store, bool quiet);
/** Makes the second store change something in the account now. False: that was not possible. */
bool seam_commit_elsewhere(struct store_account *acct);
struct seam_counts seam_counts(const struct store *store);

#endif
