/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "door/read.h"

#include "net/slots.h"

enum rc
door_read_ready(struct door_read *read, struct session *session, struct account *acct)
{
    if (read->slot == DOOR_SLOT_HELD || !account_reads_wait(acct))
        return RC_OK;
    switch (slot_take(session->env->slots, SLOT_DISK, session->task.id, account_id(acct))) {
    case SLOT_GOT:
        read->slot = DOOR_SLOT_HELD;
        return RC_OK;
    case SLOT_QUEUED:
        read->slot = DOOR_SLOT_QUEUED;
        return RC_AGAIN;
    case SLOT_REFUSED:
        break;
    }
    return RC_BUSY;
}

void
door_read_rest(struct door_read *read, struct session *session)
{
    if (read->slot != DOOR_SLOT_HELD)
        return;
    slot_give(session->env->slots, SLOT_DISK);
    read->slot = DOOR_SLOT_NONE;
}

void
door_read_cancel(struct door_read *read, struct session *session)
{
    door_read_rest(read, session);
    if (read->slot == DOOR_SLOT_QUEUED)
        slot_cancel(session->env->slots, SLOT_DISK, session->task.id);
    read->slot = DOOR_SLOT_NONE;
}
