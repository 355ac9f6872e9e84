/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "door/write.h"

#include "net/slots.h"

static void
crossing_tell(struct session *session, struct account *acct, const struct turn_req *req)
{
    if (req->result == RC_OK && req->crossed.percent != 0 &&
        session->env->quota_crossed != NULL)
        session->env->quota_crossed(session->env, account_id(acct), &req->crossed);
}

enum rc
door_write(struct door_write *write, struct session *session, struct account *acct,
           struct turn_req *req)
{
    struct slots *slots = session->env->slots;
    const enum slot_answer answer =
        slot_take(slots, SLOT_DISK, session->task.id, account_id(acct));

    write->slot_queued = answer == SLOT_QUEUED;
    if (answer == SLOT_QUEUED)
        return RC_AGAIN;
    if (answer == SLOT_REFUSED && write->req == NULL)
        return RC_BUSY;
    /* no slot, but the request is in the turn's queue: its result must be fetched */
    write->req = req;
    const enum rc rc = turn_run(acct, req);
    if (answer == SLOT_GOT)
        slot_give(slots, SLOT_DISK);
    if (rc == RC_AGAIN)
        return RC_AGAIN;
    write->req = NULL;
    crossing_tell(session, acct, req);
    return RC_OK;
}

bool
door_write_cancel(struct door_write *write, struct session *session, struct account *acct)
{
    if (write->slot_queued)
        slot_cancel(session->env->slots, SLOT_DISK, session->task.id);
    write->slot_queued = false;
    if (write->req != NULL && !turn_cancel(acct, write->req)) {
        if (turn_run(acct, write->req) != RC_OK)
            return false;
        crossing_tell(session, acct, write->req);
    }
    write->req = NULL;
    return true;
}
