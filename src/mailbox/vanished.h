/* SPDX-License-Identifier: MIT */
/*
 * Finds out which messages that a client may remember are gone, for UID FETCH (CHANGEDSINCE n
 * VANISHED) and SELECT (QRESYNC), RFC 7162 sections 3.2.5 and 3.2.6. The expunged rows tell
 * that as far back as they go. For a client that was away for longer, everything that is not in
 * the mailbox is gone.
 *
 * Messages that are still in the view are never among them, even if they have been expunged,
 * because the client counts them until a sync tells it (sync.h).
 *
 * Thread: the session. Waits for disk.
 */
#ifndef MAILBOX_VANISHED_H
#define MAILBOX_VANISHED_H

#include "mailbox/view.h"

struct vanished_req {
    const struct numset
        *known;     /* only these UIDs, in normal form; NULL: all that were ever given */
    uint64_t since; /* a modseq: expunges up to it are known to the client */
    /* Sequence numbers and UIDs of messages as the client knows them, in normal form and
     * equally many; NULL: it has not named any. If a pair is right, the client knows of all
     * expunges before it (RFC 7162 section 3.2.5.2). */
    const struct numset *match_seqs;
    const struct numset *match_uids;
};

/* A message whose flags have changed since then. */
struct changed {
    uint32_t seq; /* in the view */
    struct entry entry;
};
/**
 * Finds the changed messages of a mailbox that is not in memory, in order, in arena. If it is
 * large, reading the rows of a few messages costs a fifth of loading all of it. RC_AGAIN: the
 * view is awake, its mailbox is in memory, the snapshot is newer than the view, or too many
 * have changed; then they must be found in an awake view. tx is as below, and req is without
 * match_seqs.
 */
MUST_USE enum rc changed_find(struct view *view, struct store_tx *tx,
                              const struct vanished_req *req, struct arena *arena,
                              struct changed **out, size_t *count_out, struct err *err);

/**
 * Gives runs of UIDs in arena, ascending. tx: a snapshot that was begun after the view. The
 * view must be awake, unless the expunged rows go back far enough and nothing has to be
 * matched. RC_AGAIN: they do not, or the snapshot is older than what the client knows. RC_GONE:
 * the mailbox was deleted. RC_LIMIT: the arena is full.
 */
MUST_USE enum rc vanished_find(const struct view *view, struct store_tx *tx,
                               const struct vanished_req *req, struct arena *arena,
                               struct uid_run **out, size_t *count_out, struct err *err);

#endif
