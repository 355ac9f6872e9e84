/* SPDX-License-Identifier: MIT */
/*
 * Everything that a command may have to wait for except its client: read handles, disk slots,
 * the account's turn. Each helper returns what was asked for, or else the step that the command
 * must return. When woken, the command is called again and asks again.
 */
#include "imap/imap_session.h"

#include "base/check.h"

bool
imap_read_ready(struct imap_session *im, struct account *acct, enum imap_step *step_out)
{
    switch (door_read_ready(&im->read, &im->s, acct)) {
    case RC_OK:
        return true;
    case RC_AGAIN:
        *step_out = STEP_WAIT;
        return false;
    default:
        *step_out = imap_no(im->work, "UNAVAILABLE", "The server is too busy; try again later");
        return false;
    }
}

bool
imap_read_begin(struct imap_session *im, struct account *acct, struct store_tx **tx_out,
                enum imap_step *step_out)
{
    if (!imap_read_ready(im, acct, step_out))
        return false;
    struct err err = {.rc = RC_OK};
    const enum rc rc =
        store_read_begin(account_store(acct), session_waker(&im->s), tx_out, &err);

    if (rc == RC_OK)
        return true;
    *step_out = rc == RC_AGAIN ? STEP_WAIT : imap_fail(im, rc, &err);
    return false;
}

static void
permit_add(struct imap_session *im, const struct permit_need *need, struct turn_req *req)
{
    if (req->permit.account == 0)
        permit_init(&req->permit, im->s.account_id, &im->work->arena);
    permit_need_add(&req->permit, need);
}

void
imap_permit_named(struct imap_session *im, const struct imap_target *target,
                  struct turn_req *req)
{
    const struct permit_need need = {
        .name = target->name, .rights = target->needs, .any = target->needs_any};

    if (target->is_guest)
        permit_add(im, &need, req);
}

void
imap_permit_selected(struct imap_session *im, uint32_t needs, struct turn_req *req)
{
    const struct permit_need need = {.mbox = im->selected, .rights = needs};

    if (im->guest != NULL)
        permit_add(im, &need, req);
}

/* Sets the permit from the command's row, as far as it concerns mailboxes of this account. The
 * named mailbox comes first, because that is where something is added. */
static void
permit_of_row(struct imap_session *im, struct account *acct, struct turn_req *req)
{
    const struct imap_work *work = im->work;

    if (work->target.acct == acct)
        imap_permit_named(im, &work->target, req);
    if (work->row->selected != 0 && imap_selected_acct(im) == acct)
        imap_permit_selected(im, work->row->selected, req);
    CHECK(req->permit.account != 0); /* commands that need no right there do not come here */
}

/* Whether sharing was turned off before the request was made, which is then not made. A request
 * that already waits is carried out by whoever holds the turn, to whom its permit belongs until
 * then. */
static bool
is_too_late(const struct imap_session *im, const struct turn_req *req)
{
    const struct door_write *write = &im->work->write;

    return req->permit.account != 0 && !env_settings(im->s.env)->sharing &&
           write->req == NULL && !write->slot_queued;
}

bool
imap_turn(struct imap_session *im, struct account *acct, struct turn_req *req,
          enum imap_step *step_out)
{
    if (acct != im->acct && req->permit.account == 0)
        permit_of_row(im, acct, req);
    if (is_too_late(im, req)) {
        req->result = RC_DENIED;
        req->permit.answer = PERMIT_REFUSED;
        *step_out = imap_not_permitted(im->work, req->permit.answer);
        return false;
    }
    if (!imap_turn_freely(im, acct, req, step_out))
        return false;
    if (req->permit.answer == PERMIT_GIVEN)
        return true;
    *step_out = imap_not_permitted(im->work, req->permit.answer);
    return false;
}

bool
imap_turn_freely(struct imap_session *im, struct account *acct, struct turn_req *req,
                 enum imap_step *step_out)
{
    struct imap_work *work = im->work;

    work->turn_of = acct;
    const enum rc rc = door_write(&work->write, &im->s, acct, req);

    if (rc == RC_OK)
        return true;
    *step_out = rc == RC_AGAIN
                    ? STEP_WAIT
                    : imap_no(work, "UNAVAILABLE", "The server is too busy; try again later");
    return false;
}

bool
imap_catch_up(struct imap_session *im, struct account *acct, enum imap_step *step_out)
{
    struct turn_req *look = &im->work->look;
    struct err err = {.rc = RC_OK};
    bool behind = false;

    if (acct == NULL)
        return true;
    if (look->wake.fn == NULL) {
        const enum rc rc = turn_is_behind(acct, session_waker(&im->s), &behind, &err);
        if (rc != RC_OK) {
            *step_out = rc == RC_AGAIN ? STEP_WAIT : imap_fail(im, rc, &err);
            return false;
        }
        if (!behind)
            return true;
        turn_look_init(look, session_waker(&im->s));
    }
    if (!imap_turn_freely(im, acct, look, step_out))
        return false;
    look->wake.fn = NULL; /* the next one may be for another account */
    if (look->result == RC_OK)
        return true;
    *step_out = imap_fail(im, look->result, &look->err);
    return false;
}

bool
imap_view_awake(struct imap_session *im, struct store_tx *tx, enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};
    const enum rc rc = view_awake(&im->view, tx, &err);

    if (rc == RC_OK)
        return true;
    /* The snapshot is older than what the client knows: take another one at once. */
    *step_out = rc == RC_AGAIN ? STEP_MORE : imap_fail(im, rc, &err);
    return false;
}

/* `$`: the saved messages that still exist (RFC 5182 section 2.1). */
static enum rc
resolve_saved(struct imap_session *im, struct view_run **runs_out, size_t *count_out)
{
    struct uid_run *saved;
    struct uid_set uids = {.set = {.normal = true}};

    const enum rc rc = imap_saved_runs(im, &im->work->arena, &saved, &uids.set.count);
    if (rc != RC_OK)
        return rc;
    uids.set.ranges = arena_array(&im->work->arena, struct num_range, uids.set.count + 1);
    if (uids.set.ranges == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < uids.set.count; i++)
        uids.set.ranges[i] = (struct num_range){saved[i].first, saved[i].last};
    return view_resolve_uids(&im->view, &uids, &im->work->arena, runs_out, count_out);
}

bool
imap_resolve(struct imap_session *im, struct imap_msgs *msgs, struct view_run **runs_out,
             size_t *count_out, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    enum rc rc = RC_INVALID;

    switch (msgs->kind) {
    case IMAP_MSGS_SEQ:
        rc = view_resolve_seqs(&im->view, &msgs->seq, &work->arena, runs_out, count_out);
        break;
    case IMAP_MSGS_UID:
        rc = view_resolve_uids(&im->view, &msgs->uid, &work->arena, runs_out, count_out);
        break;
    case IMAP_MSGS_SAVED:
        rc = resolve_saved(im, runs_out, count_out);
        break;
    }
    if (rc == RC_OK)
        return true;
    *step_out = rc == RC_INVALID ? imap_bad(work, "No message has that sequence number")
                                 : imap_fail(im, rc, NULL);
    return false;
}
