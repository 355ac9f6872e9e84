/* SPDX-License-Identifier: MIT */
/*
 * The only place where a client learns of changes. A sync is the difference between the
 * client's view and the present state of the mailbox, as events in the order that the protocol
 * asks for: SYNC_EXPUNGE or SYNC_VANISHED (where allowed), SYNC_EXISTS, SYNC_RECENT,
 * SYNC_KEYWORDS, SYNC_FLAGS and SYNC_MODSEQ, and at the end of a deleted mailbox SYNC_GONE. The
 * effects of STORE, EXPUNGE and APPEND, of deliveries and of other sessions all reach the
 * client in this way.
 *
 *   - While FETCH, STORE or SEARCH by sequence number is answered there is no EXPUNGE (RFC 3501
 *     section 7.4.1; SYNC_NO_EXPUNGE). Expunges then stay pending, and so does the EXISTS of
 *     messages that came after them; flags are still told. If nothing was expunged, everything
 *     is told.
 *   - With SYNC_NO_NEWS, expunges, arrivals and what became of \Recent stay pending together;
 *     flags and keywords are told.
 *   - EXPUNGEs come from the highest sequence number down, so that each number still means what
 *     it meant before.
 *   - EXISTS is sent for new messages only, and never repeated after an EXPUNGE.
 *   - The flags of messages that are new in this sync are not told: the client asks for them.
 *   - What the client does not want to be told (view->tells) stays pending.
 *   - The session's own silent STOREs (view_silence) are not echoed; view->echo is.
 *
 * If there is only new mail, sync_begin needs neither a version nor a transaction. That is the
 * push to a session that is parked in IDLE.
 *
 * Thread: the session. sync_next returns one event at a time, and the rest may wait for a slow
 * reader as long as necessary. When SYNC_DONE is reached or sync_end is called, the view moves
 * on to exactly what was told; the rest stays pending.
 */
#ifndef MAILBOX_SYNC_H
#define MAILBOX_SYNC_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "mailbox/view.h"

enum sync_mode {
    SYNC_NO_EXPUNGE, /* after FETCH, STORE, SEARCH by sequence number */
    SYNC_NO_NEWS,    /* nor EXISTS and RECENT: for clients that bear them only now and then */
    SYNC_ALL,        /* everywhere else, and in IDLE */
    SYNC_ALL_UIDS,   /* as SYNC_ALL, expunges as SYNC_VANISHED (QRESYNC) */
};

enum sync_kind {
    SYNC_DONE,
    SYNC_EXPUNGE, /* seq */
    /* runs, run_count: exactly UIDs that the client knew; may occur several times */
    SYNC_VANISHED,
    SYNC_EXISTS,   /* count */
    SYNC_RECENT,   /* count */
    SYNC_KEYWORDS, /* others than announced: send FLAGS, PERMANENTFLAGS as they are now */
    SYNC_FLAGS,    /* seq, entry: current flags and modseq */
    SYNC_MODSEQ,   /* the same, but the client knows the flags (view_echo.silent) */
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

/** Whether there may be something that SYNC_ALL would tell to this client. Looks at counters
 * only; never waits. */
bool sync_is_due(struct view *view);
/** The same of what a sync in that mode would tell. False after a complete one, until something
 * changes, although expunges or arrivals may be kept back. */
bool sync_can_tell(struct view *view, enum sync_mode mode);

/**
 * Begins a sync. It must be continued to SYNC_DONE or ended with sync_end before arena is reset
 * and before anything else is done with the view.
 *
 * tx     A read snapshot that was begun just now; used only during this call. May be NULL: then
 *        RC_AGAIN says that a snapshot is needed.
 * arena  About 5 KiB are taken from it.
 *
 * RC_AGAIN, RC_LIMIT, and the results of the store. Waits for disk if tx is used.
 */
MUST_USE enum rc sync_begin(struct view *view, struct store_tx *tx, enum sync_mode mode,
                            struct arena *arena, struct sync **out, struct err *err);
/** Before the first sync_next: whether it will tell expunges, namely of the messages of
 * *from_out that are not in *to_out (NULL: of all). *from_out may be NULL with a deleted
 * mailbox, unless view->names. Both are the sync's. */
bool sync_tells_expunges(const struct sync *sync, const struct version **from_out,
                         const struct version **to_out);
/** The next event. SYNC_DONE comes last and ends the sync. Never fails, never waits. */
void sync_next(struct sync *sync, struct sync_event *event_out);
/** Ends a sync early; NULL and a sync that has ended are allowed. Nothing is lost, but the
 * FETCH of some flags may be sent again. */
void sync_end(struct sync *sync);

#endif
