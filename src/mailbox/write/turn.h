/* SPDX-License-Identifier: MIT */
/*
 * An account's writes run one at a time. The session that has the turn executes its own request
 * and the requests that are queued behind it, each in a savepoint, commits once (group commit),
 * publishes what has changed, and only then answers. So everything that was acknowledged is on
 * disk, and everything on disk is announced in its order (INV-M2).
 *
 *     turn_run ──────free──────> holder: begin, apply own + queued, commit, publish ──> RC_OK
 *        │ busy                        │ more queued than one holder should do
 *        v                             v
 *     queued (RC_AGAIN) <──wake── granted: the woken one calls turn_run again and is the holder
 *        │ executed by the holder
 *        v
 *     done: wake; turn_run again gives RC_OK
 *
 * The lease behind the turn belongs to the engine (store_write_begin). While somebody elsewhere
 * has it, the holder keeps the turn, parks as if the turn had just been granted to it, and asks
 * again when it is woken. What was written elsewhere is published before the batch is applied
 * (INV-M12).
 *
 * A request belongs to the session that made it and must stay where it is until turn_run has
 * returned RC_OK or turn_cancel has returned true. While it is queued, its session is parked,
 * or at least does not touch it: `apply` may run on another session's thread and may use what
 * the request points to (the arena of its command). A holder never waits for a peer. A session
 * that was granted the turn and no longer wants it must call turn_cancel, or nobody ever writes
 * again.
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
#include "mailbox/sharing/permit.h"
#include "store/store.h"

struct change_log; /* what the commit will have changed; change.h */

struct turn_req;

/* What apply works with. Valid during the call. */
struct turn_ctx {
    struct account *acct;
    struct store_tx *tx;
    /* every effect is reported here: it is the only way others learn of it */
    struct change_log *changes;
    int64_t now_s;        /* wall time of this batch */
    struct turn_req *req; /* that is applied */
    /* The rights of the requester to the mailbox that it is about, as of this transaction: enum
     * mbox_right. All for the owner and for the server itself. */
    uint32_t rights;
};

struct turn_req {
    /* Does the work in ctx->tx. Any result but RC_OK undoes this request alone (its savepoint
     * and its changes). Thread: the holder of the turn. Waits for disk, never for a peer. */
    enum rc (*apply)(struct turn_req *req, struct turn_ctx *ctx, struct err *err); /* or NULL */
    uint64_t octets; /* roughly what it writes; bounds a batch (LIMIT_TURN_BATCH_OCTETS) */
    /* It frees space or prepares to. If the disk is full, it gets the space that is reserved
     * for this (store_room_give), and may be applied a second time. */
    bool frees_space;
    /* The rights that it needs if another user than the owner of the account makes it. They are
     * checked before it is applied; without them the result is RC_DENIED. */
    struct permit permit;
    struct wake wake; /* called when it is done or when the turn is granted */

    /* The result, valid once turn_run has returned RC_OK. If the commit fails, this failure is
     * the result of every request in the batch. */
    enum rc result;
    struct err err;
    struct quota_crossing crossed; /* with RC_OK: the highest threshold that it passed */

    /* For turn.c only. */
    struct list link;
    atomic_uint state;
};

/** Prepares a request. The struct around it is the caller's. */
void turn_req_init(struct turn_req *req,
                   enum rc (*apply)(struct turn_req *, struct turn_ctx *, struct err *),
                   uint64_t octets, struct wake wake);

/** Prepares a request that changes nothing. When it is done, memory holds everything that was
 *  committed elsewhere before the request was made. */
void turn_look_init(struct turn_req *req, struct wake wake);
/** Whether such a request is needed now, because something was acknowledged elsewhere that
 * memory may lack. RC_AGAIN as store_latest. If nobody else writes, it is false at once. */
MUST_USE enum rc turn_is_behind(struct account *acct, struct wake wake, bool *behind_out,
                                struct err *err);

/**
 * RC_OK: the request is done, see req->result. RC_AGAIN: it is queued or waits for the engine;
 * park, and call again when woken. A wake may come for other reasons, and calling too early is
 * harmless. Thread: session. Waits for disk (the caller has a DISK slot).
 */
MUST_USE enum rc turn_run(struct account *acct, struct turn_req *req);

/** True: the request was taken out of the queue, and nothing was or will be done. False: it is
 *  being executed or is done; call turn_run until it returns RC_OK, and only then free it. */
MUST_USE bool turn_cancel(struct account *acct, struct turn_req *req);

#endif
