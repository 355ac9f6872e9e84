/* SPDX-License-Identifier: MIT */
/*
 * The one place where a client learns of changes: the difference between its view and the
 * mailbox's present state, as events in the order the protocol wants them:
 *   SYNC_EXPUNGE/SYNC_VANISHED (only where allowed), SYNC_EXISTS, SYNC_RECENT, SYNC_KEYWORDS,
 *   SYNC_FLAGS.
 * STORE, EXPUNGE, APPEND, deliveries and other sessions' work all arrive here. Rules kept:
 *   - RFC 3501 section 7.4.1: no EXPUNGE while FETCH, STORE or SEARCH by sequence number is
 *     answered. Expunges then stay pending and so do EXISTS of new messages; flags still go out.
 *   - EXISTS is sent when the number grew or, after expunges, when it is not what the client
 *     computes by itself: never a redundant one after EXPUNGE.
 *   - our own silent STORE (view->silent_modseq) is not echoed.
 * sync_begin decides from counters alone whether there is anything, and for new mail only needs no version:
 * that is the push to a parked IDLE session.
 *
 * Thread: the session. Resumable: sync_next returns one event at a time and may be left off
 * between two of them; the view is moved on event by event, so that what was not announced
 * stays pending.
 */
#ifndef MAILBOX_SYNC_H
#define MAILBOX_SYNC_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "mailbox/view.h"

enum sync_mode {
    SYNC_NO_EXPUNGE, /* after FETCH, STORE, SEARCH by sequence number */
    SYNC_ALL,        /* everywhere else, and in IDLE */
    SYNC_ALL_UIDS,   /* as SYNC_ALL, expunges as SYNC_VANISHED (QRESYNC) */
};

enum sync_kind {
    SYNC_DONE,
    SYNC_EXPUNGE,  /* seq */
    SYNC_VANISHED, /* runs, run_count */
    SYNC_EXISTS,   /* count */
    SYNC_RECENT,   /* count */
    SYNC_KEYWORDS, /* the mailbox knows more keywords than announced: send FLAGS, PERMANENTFLAGS */
    SYNC_FLAGS,    /* seq, entry: current flags and modseq */
    SYNC_GONE,     /* the mailbox was deleted; all of its messages have been expunged before */
};

struct sync_event {
    enum sync_kind kind;
    uint32_t seq;
    uint32_t count;
    struct entry entry;
    const struct uid_run *runs; /* in the sync's arena */
    size_t run_count;
};

struct sync; /* one synchronisation under way; lives in the arena given to sync_begin */

/** True when there may be anything to tell. Counters only; never waits. Thread: session. */
bool sync_is_due(struct view *view);

/**
 * Begins. tx: a read snapshot, needed unless only new mail came (then NULL is allowed; with
 * NULL, RC_AGAIN says that a snapshot is needed after all).
 */
MUST_USE enum rc sync_begin(struct view *view, struct store_tx *tx, enum sync_mode mode,
                            struct arena *arena, struct sync **out, struct err *err);
/** The next event; SYNC_DONE at the end (the sync is over then). Never fails, never waits. */
void sync_next(struct sync *sync, struct sync_event *event_out);
/** Ends early; what was not announced stays pending. */
void sync_end(struct sync *sync);

#endif
