/* SPDX-License-Identifier: MIT */
/*
 * How all front doors write to an account: first they take a slot for the disk, so that a slow
 * disk does not occupy all work threads, and then the account's turn.
 *
 *   door_write --> RC_OK     executed; see req->result
 *             \--> RC_AGAIN  queued for slot or turn: park, ask again when woken
 *             \--> RC_BUSY   too many wait for the disk: "try again later"
 *
 * Thread: the session's, all functions.
 */
#ifndef DOOR_WRITE_H
#define DOOR_WRITE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/rc.h"
#include "mailbox/write/turn.h"
#include "session/session.h"

/* The stage of a request. Zero it to begin. */
struct door_write {
    struct turn_req *req; /* in the queue of the account's turn, or NULL; borrowed */
    bool slot_queued;     /* in the queue for a DISK slot */
};

/** Executes req, or queues it. Call it with the same req until the result is not RC_AGAIN.
 * Waits for disk. */
MUST_USE enum rc door_write(struct door_write *write, struct session *session,
                            struct account *acct, struct turn_req *req);
/** The session no longer waits. Does nothing if it did not wait. False: another thread is
 * executing the request and will wake the session; call again then. */
MUST_USE bool door_write_cancel(struct door_write *write, struct session *session,
                                struct account *acct);

#endif
