/* SPDX-License-Identifier: MIT */
/*
 * An account's writes run one at a time. Whoever has the turn executes its own request and
 * the finished requests queued behind it, each in a savepoint, commits once (group commit),
 * publishes what changed, and only then answers: everything acknowledged is on disk, and
 * everything on disk is announced in order (INV: publish after commit, before the turn is given
 * up).
 *
 *     turn_run ──────free──────> holder: begin, apply own + queued, commit, publish ──> RC_OK
 *        │ busy                        │ more queued than one holder should do
 *        v                             v
 *     queued (RC_AGAIN) <──wake── granted: the woken one calls turn_run again and is the holder
 *        │ executed by the holder
 *        v
 *     done: wake; turn_run again gives RC_OK
 *
 * The lease behind the turn is the engine's (store_write_begin). While somebody elsewhere has
 * it, the holder keeps the turn, parks as if it were granted it, and asks again when woken.
 * What was written elsewhere is published before the batch is applied (INV-M12).
 *
 * A request belongs to the session that made it and must stay where it is until turn_run
 * returned RC_OK or turn_cancel returned true. While it is queued, its session is parked or at
 * least does not touch it; `apply` may then run on another session's thread and may use what
 * the request points to (its command's arena). A holder never waits for any peer. Whoever is
 * granted the turn and does not want it any more must call turn_cancel, or nobody writes again.
 */
#ifndef MAILBOX_WRITE_TURN_H
#define MAILBOX_WRITE_TURN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/list.h"
#include "base/wake.h"
#include "mailbox/memory/account.h"
#include "store/store.h"

struct change_log; /* what the commit will have changed; change.h */

/* What apply works with; valid during the call. */
struct turn_ctx {
    struct account *acct;
    struct store_tx *tx;
    struct change_log
        *changes;  /* report every effect here: others learn of it from nowhere else */
    int64_t now_s; /* wall time of this batch */
};

struct turn_req {
    /* Does the work in ctx->tx. Anything but RC_OK undoes this request alone (its savepoint
     * and its changes). Thread: whoever holds the turn. Waits for disk, never for a peer. */
    enum rc (*apply)(struct turn_req *req, struct turn_ctx *ctx, struct err *err); /* or NULL */
    uint64_t octets; /* roughly what it writes; bounds a batch (LIMIT_TURN_BATCH_OCTETS) */
    /* It frees space, or is on the way to that: on a full disk it gets what is kept back for
     * such (store/room.h), and may be applied again. */
    bool frees_space;
    struct wake wake; /* called when it is done or when the turn is granted */

    /* Results, good once turn_run returned RC_OK. When the commit failed, all of its batch
     * have that failure as result. */
    enum rc result;
    struct err err;

    /* Turn's own. */
    struct list link;
    atomic_uint state;
};

/** Prepares a request; the embedding struct is the caller's. */
void turn_req_init(struct turn_req *req,
                   enum rc (*apply)(struct turn_req *, struct turn_ctx *, struct err *),
                   uint64_t octets, struct wake wake);

/** A request that changes nothing: when it is done, memory holds all that was committed
 *  elsewhere before it was made. */
void turn_look_init(struct turn_req *req, struct wake wake);
/** Whether such a request is needed now: something was acknowledged elsewhere that memory may
 *  lack. RC_AGAIN as store_latest. Never waits, and is false, when nobody else writes. */
MUST_USE enum rc turn_is_behind(struct account *acct, struct wake wake, bool *behind_out,
                                struct err *err);

/**
 * RC_OK: done, see req->result. RC_AGAIN: queued, or waiting for the engine; park, and call
 * again when woken (a wake may come for other reasons: calling early is harmless). Thread:
 * session. Waits for disk (the caller has a DISK slot).
 */
MUST_USE enum rc turn_run(struct account *acct, struct turn_req *req);

/** True: taken out of the queue, nothing was or will be done. False: being executed or done;
 *  call turn_run until it returns RC_OK before freeing it. */
MUST_USE bool turn_cancel(struct account *acct, struct turn_req *req);

#endif
