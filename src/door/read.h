/* SPDX-License-Identifier: MIT */
/*
 * How all front doors read from an account. If reads wait for a network (STORE_READS_WAIT), a
 * slot is taken first, so that waiting reads do not occupy all work threads. A snapshot never
 * outlives a run of its session, so the slot is held until the run ends.
 *
 *   door_read_ready --> RC_OK     begin the snapshot
 *                  \--> RC_AGAIN  queued: park, ask again when woken
 *                  \--> RC_BUSY   too many wait: "try again later"
 *
 * Thread: the session's, all functions.
 */
#ifndef DOOR_READ_H
#define DOOR_READ_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/rc.h"
#include "mailbox/memory/account.h"
#include "session/session.h"

enum door_slot { DOOR_SLOT_NONE, DOOR_SLOT_QUEUED, DOOR_SLOT_HELD };

/* Zero it to begin. */
struct door_read {
    enum door_slot slot;
};

MUST_USE enum rc door_read_ready(struct door_read *read, struct session *session,
                                 struct account *acct);
/** Call when the run ends: returns the slot. A place in the queue is kept. */
void door_read_rest(struct door_read *read, struct session *session);
/** The session no longer waits. Does nothing if it did not wait. */
void door_read_cancel(struct door_read *read, struct session *session);

#endif
