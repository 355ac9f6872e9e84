/* SPDX-License-Identifier: MIT */
/*
 * Accounts that were removed. Removing one takes its name, its addresses and its password out
 * of use at once; its mail stays where it is, so that the account can be brought back as long
 * as `[store] undelete` says. The name is free meanwhile: somebody else may get it.
 *
 *   in use --registry_remove--> removed --registry_purge_begin--> being purged --> gone
 *      ^                           |                                (removed_purge)
 *      +------ registry_restore ---+
 *
 * Each arrow is one transaction of the registry, and mail is removed only between the last two.
 * So a process that dies anywhere leaves an account in one of these states, with all of its
 * mail in the first two; who finds one being purged continues with it.
 *
 * Thread: any, all functions; they may wait for the engine.
 */
#ifndef STORE_REMOVED_H
#define STORE_REMOVED_H

#include "store/registry.h"

struct store;

struct registry_removed {
    uint64_t id;
    char name[REGISTRY_NAME_OCTETS];
    int64_t removed_s; /* since 1970 */
    bool purging;      /* some of its mail may be gone: it cannot come back */
};

/** Takes account and aliases out of use. RC_NOT_FOUND. */
MUST_USE enum rc registry_remove(struct registry *registry, uint64_t id, struct err *err);

/** Walks removed accounts in order of id: call with after = 0 first; fills up to max rows. */
MUST_USE enum rc registry_removed_list(struct registry *registry, uint64_t after, size_t max,
                                       struct registry_removed *rows, size_t *count_out,
                                       struct err *err);
/** Those that are being purged, or were removed at until_s or before; the oldest first. */
MUST_USE enum rc registry_removed_due(struct registry *registry, int64_t until_s, size_t max,
                                      struct registry_removed *rows, size_t *count_out,
                                      struct err *err);

/**
 * Brings an account back: same id, password, state and mail.
 *
 * name       Its new name; empty: the one it had.
 * taken_out  Aliases that somebody else has by now and that it has lost, in arena.
 *
 * RC_NOT_FOUND (none was removed, or it is being purged), RC_EXISTS (somebody has the name),
 * RC_INVALID (the new name).
 */
MUST_USE enum rc registry_restore(struct registry *registry, uint64_t id, struct span name,
                                  struct arena *arena, struct span **taken_out,
                                  size_t *taken_count_out, struct err *err);

/** From now on it cannot be restored. RC_NOT_FOUND. */
MUST_USE enum rc registry_purge_begin(struct registry *registry, uint64_t id, struct err *err);
/** All of its mail is gone: forgets it. */
MUST_USE enum rc registry_purge_end(struct registry *registry, uint64_t id, struct err *err);

/** Removes a removed account for good, or goes on where a process died that did. RC_BUSY: its
 *  mail is in use (by a session that was told to end); to be tried again. RC_NOT_FOUND. */
MUST_USE enum rc removed_purge(struct registry *registry, struct store *store, uint64_t id,
                               struct err *err);

#endif
