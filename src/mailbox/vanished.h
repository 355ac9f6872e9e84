/* SPDX-License-Identifier: MIT */
/*
 * Which messages that a client may remember are gone: for UID FETCH (CHANGEDSINCE n VANISHED)
 * and SELECT (QRESYNC), RFC 7162 sections 3.2.5 and 3.2.6. The expunged rows say it as far back
 * as they reach; for a client that was away for longer, everything that is not in the mailbox
 * is gone.
 *
 * What the view still names is never among them, although it may have been expunged: the client
 * counts it until a sync tells (sync.h).
 *
 * Thread: the session. Waits for disk.
 */
#ifndef MAILBOX_VANISHED_H
#define MAILBOX_VANISHED_H

#include "mailbox/view.h"

struct vanished_req {
    const struct numset *known; /* only these UIDs; normal. NULL: all that were ever given */
    uint64_t since;             /* a modseq: expunges up to it are known to the client */
    /* Numbers and UIDs of messages as the client knows them, normal and as many of each; NULL:
     * it has not said. Where a pair is right it knows of all expunges before (RFC 7162 section
     * 3.2.5.2). */
    const struct numset *match_seqs;
    const struct numset *match_uids;
};

/* A message whose flags have changed since. */
struct changed {
    uint32_t seq; /* in the view */
    struct entry entry;
};
/**
 * Which messages of a mailbox that is not in memory have changed, in order, in arena: for one
 * that is large, reading the rows of a few costs a fifth of loading all. RC_AGAIN: the view is
 * awake, its mailbox in memory, the snapshot newer than the view, or too many have changed; to
 * be found in an awake view then. tx as below, req without match_seqs.
 */
MUST_USE enum rc changed_find(struct view *view, struct store_tx *tx,
                              const struct vanished_req *req, struct arena *arena,
                              struct changed **out, size_t *count_out, struct err *err);

/**
 * Runs of UIDs in arena, ascending. tx: a snapshot that was begun after the view. The view is
 * awake; one that sleeps will do if the expunged rows reach back far enough and nothing is to
 * be matched. RC_AGAIN: they do not, or the snapshot is older than what the client knows;
 * RC_GONE: the mailbox was deleted; RC_LIMIT: arena.
 */
MUST_USE enum rc vanished_find(const struct view *view, struct store_tx *tx,
                               const struct vanished_req *req, struct arena *arena,
                               struct uid_run **out, size_t *count_out, struct err *err);

#endif
