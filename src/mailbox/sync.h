/* SPDX-License-Identifier: MIT */
/*
 * The one place where a client learns of changes: the difference between its view and the
 * mailbox's present state, as events in the order the protocol wants them:
 *   SYNC_EXPUNGE/SYNC_VANISHED (only where allowed), SYNC_EXISTS, SYNC_RECENT, SYNC_KEYWORDS,
 *   SYNC_FLAGS, and SYNC_GONE at the end of a deleted mailbox.
 * STORE, EXPUNGE, APPEND, deliveries and other sessions' work all arrive here. Rules kept:
 *   - RFC 3501 section 7.4.1: no EXPUNGE while FETCH, STORE or SEARCH by sequence number is
 *     answered (SYNC_NO_EXPUNGE). Expunges then stay pending, and with them EXISTS of new
 *     messages; flags still go out. Where nothing was expunged all goes out.
 *   - EXPUNGEs come from the highest sequence number down, so each means what it meant before.
 *   - EXISTS is sent when there are new messages: never a redundant one after EXPUNGE.
 *   - flags of messages that are new in this sync are not told: the client asks for them.
 *   - our own silent STOREs (view_silence) are not echoed, view->echo is.
 * For new mail only, sync_begin needs neither version nor transaction: that is the push to a
 * parked IDLE session.
 *
 * Thread: the session. Resumable: sync_next returns one event at a time; the rest may wait for
 * a slow reader as long as it likes. The view moves on when SYNC_DONE is reached or sync_end
 * called, to exactly what was told: what was not stays pending.
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
    SYNC_VANISHED, /* runs, run_count: exactly UIDs that the client knew; there may be several
                    */
    SYNC_EXISTS,   /* count */
    SYNC_RECENT,   /* count */
    SYNC_KEYWORDS, /* others than announced: send FLAGS, PERMANENTFLAGS as they are now */
    SYNC_FLAGS,    /* seq, entry: current flags and modseq */
    SYNC_GONE,     /* the mailbox was deleted; all of its messages have been expunged before */
};

struct sync_event {
    enum sync_kind kind;
    uint32_t seq;
    uint32_t count;
    struct entry entry;
    const struct uid_run *runs; /* ascending; the sync's, until the next sync_next */
    size_t run_count;
};

struct sync; /* one synchronisation under way; lives in the arena given to sync_begin */

/** True when there may be anything that SYNC_ALL would tell. Counters only; never waits. */
bool sync_is_due(struct view *view);

/**
 * Begins. It must be carried to SYNC_DONE or ended with sync_end before arena is reset and
 * before anything else is done with the view.
 *
 * tx     A read snapshot begun now; used during this call only. NULL is allowed: RC_AGAIN then
 *        says that a snapshot is needed (begin one and call again).
 * arena  Takes some 5 KiB.
 *
 * RC_AGAIN, RC_LIMIT, and what the store says. Waits for disk when tx is used.
 */
MUST_USE enum rc sync_begin(struct view *view, struct store_tx *tx, enum sync_mode mode,
                            struct arena *arena, struct sync **out, struct err *err);
/** The next event; SYNC_DONE at the end (the sync is over then). Never fails, never waits. */
void sync_next(struct sync *sync, struct sync_event *event_out);
/** Ends early (NULL is allowed, and a sync that is over). Nothing is lost; FETCHes of flags may
 * come again. */
void sync_end(struct sync *sync);

#endif
