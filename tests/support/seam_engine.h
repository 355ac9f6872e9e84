/* SPDX-License-Identifier: MIT */
/*
 * An engine for tests that does all that store.h allows and the embedded one does not do:
 * SQLite wrapped so that beginning a read or a write says RC_AGAIN first, that `known` flags
 * are skipped, and that somebody elsewhere (a second store on the same files) commits just
 * before a transaction begins. What runs over it does not count on one process, one writer or a
 * read that never waits.
 */
#ifndef SUPPORT_SEAM_ENGINE_H
#define SUPPORT_SEAM_ENGINE_H

#include "store/engine_sqlite.h"

enum seam_wakes {
    SEAM_WAKE_AT_ONCE, /* before RC_AGAIN is returned: for one thread alone */
    SEAM_WAKE_LATER,   /* from a thread of the engine's */
};

struct seam_options {
    struct sqlite_options sqlite; /* `shared` is set by the engine */
    enum seam_wakes wakes;
    unsigned elsewhere_percent; /* begins of a transaction before which somebody else commits */
    uint64_t seed;
};

/** What the engine has done so far. */
struct seam_counts {
    uint64_t again;     /* RC_AGAIN */
    uint64_t elsewhere; /* commits by the second store */
    uint64_t refused;   /* changes of flags whose known ones were skipped */
};

MUST_USE enum rc store_open_seam(const struct seam_options *options, struct store **out,
                                 struct err *err);
/** The same for the registry: one handle reads, another one changes. open: the embedded one's
 *  function. */
MUST_USE enum rc registry_open_seam(enum rc (*open)(const struct sqlite_registry_options *,
                                                    struct registry **, struct err *),
                                    const struct sqlite_registry_options *options,
                                    struct registry **out, struct err *err);
/** Nobody commits elsewhere while it is quiet: for comparing. */
void seam_quiet(struct store *store, bool quiet);
/** Somebody elsewhere changes something of the account now. False: it could not be. */
bool seam_commit_elsewhere(struct store_account *acct);
struct seam_counts seam_counts(const struct store *store);

#endif
