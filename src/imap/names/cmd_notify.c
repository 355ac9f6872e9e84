/* SPDX-License-Identifier: MIT */
/*
 * NOTIFY (RFC 5465 section 3.1). The request is checked and prepared, STATUS responses are sent
 * if the client wants them, and then the request replaces the one that was in force. What has
 * happened until then is told by the same command (PHASE_SYNC); of the selected mailbox
 * everything is told, even what neither the old nor the new NOTIFY asks for.
 *
 *   refuse or begin -> [STATUS] -> put in force
 */
#include "imap/metadata.h"
#include "imap/notify.h"

struct notify_run {
    struct imap_notify *notify; /* owned until it takes effect */
    struct notify_rows rows;
    bool found; /* the mailboxes of other users were found, or none were asked for */
};

static bool
notify_abandon(struct imap_session *im)
{
    struct notify_run *run = im->work->run;

    imap_notify_free(run->notify);
    run->notify = NULL;
    im->work->abandon = NULL;
    return true;
}

/* Refuses what cannot be done. STEP_MORE: nothing is refused. */
static enum imap_step
refuse(struct imap_work *work, const struct imap_notify_req *req)
{
    unsigned events = 0;
    size_t mailboxes = 0;

    for (size_t i = 0; i < req->group_count; i++) {
        events |= req->groups[i].events;
        mailboxes += req->groups[i].mailbox_count;
    }
    if ((events & ~(unsigned)IMAP_EVENTS_SUPPORTED) != 0)
        return imap_no(work,
                       "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName "
                       "SubscriptionChange MailboxMetadataChange ServerMetadataChange)",
                       "One of the events is not supported");
    if (req->group_count > LIMIT_NOTIFY_GROUPS || mailboxes > LIMIT_NOTIFY_MAILBOXES ||
        req->fetch.len > LIMIT_NOTIFY_OCTETS)
        return imap_no(work, "NOTIFICATIONOVERFLOW", "That is too much to be watched");
    return STEP_MORE;
}

static struct imap_notify *
notify_of(const struct imap_notify_req *req)
{
    for (size_t i = 0; i < req->group_count; i++) {
        const struct imap_notify_group *group = &req->groups[i];
        if (group->scope == IMAP_NOTIFY_SELECTED)
            return imap_notify_new(group->events, false, req->fetch);
        if (group->scope == IMAP_NOTIFY_SELECTED_DELAYED)
            return imap_notify_new(group->events, true, req->fetch);
    }
    return imap_notify_new(0, false, SPAN("")); /* equivalent to SELECTED NONE */
}

static bool
asks_for_metadata(const struct imap_notify_req *req)
{
    unsigned events = 0;

    for (size_t i = 0; i < req->group_count; i++)
        events |= req->groups[i].events;
    return (events & (IMAP_EVENT_MAILBOX_METADATA | IMAP_EVENT_SERVER_METADATA)) != 0;
}

static enum imap_step
notify_begin(struct imap_session *im, struct imap_work *work)
{
    const struct imap_notify_req *req = &work->cmd.u.notify;
    struct notify_run *run = arena_new(&work->arena, struct notify_run);
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    enum imap_step step = refuse(work, req);
    if (step != STEP_MORE)
        return step;
    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (asks_for_metadata(req) && !imap_metadata_begin(im, &step))
        return step;
    if (!imap_read_ready(im, im->acct, &step))
        return step;
    run->notify = notify_of(req);
    if (run->notify == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    work->run = run;
    work->abandon = notify_abandon;
    /* The watch begins before the first look, so nothing is missed (hub.h). */
    imap_notify_watch(im, run->notify);
    if (!imap_read_begin(im, im->acct, &tx, &step)) {
        notify_abandon(im);
        work->run = NULL;
        return step;
    }
    enum rc rc = watched_new(req, tx, &work->arena, &run->notify->watched, &err);
    if (rc == RC_OK)
        rc = store_modseq(tx, &run->notify->told_modseq, &err);
    if (rc == RC_OK && req->status) {
        run->rows.first = true;
        rc = imap_notify_rows_read(&run->rows, tx, &work->arena, &err);
    }
    if (rc == RC_LIMIT)
        return imap_no(work, "NOTIFICATIONOVERFLOW", "That is too much to be watched");
    return rc == RC_OK ? STEP_MORE : imap_fail(im, rc, &err);
}

/* Finds the mailboxes of other users and watches them. False: return *step_out. */
static bool
others_find(struct imap_session *im, struct notify_run *run, enum imap_step *step_out)
{
    const struct imap_notify_req *req = &im->work->cmd.u.notify;
    struct imap_notify *notify = run->notify;
    enum rc rc = RC_OK;

    if (run->found || !notify_others_are_asked(req))
        return true;
    if (notify->others == NULL)
        notify->others = notify_others_new();
    *step_out = STEP_DONE;
    if (notify->others == NULL)
        rc = RC_LIMIT;
    else
        *step_out = notify_others_first(im, req, notify, &rc);
    run->found = *step_out == STEP_DONE && rc == RC_OK;
    if (*step_out == STEP_DONE && rc != RC_OK)
        *step_out = imap_no(im->work, "NOTIFICATIONOVERFLOW", "That is too much to be watched");
    return run->found;
}

enum imap_step
cmd_notify_run(struct imap_session *im, struct imap_work *work)
{
    struct notify_run *run = work->run;

    if (!work->cmd.u.notify.set) {
        imap_notify_set(im, NULL);
        return imap_ok(work, NULL, "NOTIFY completed");
    }
    if (run == NULL)
        return notify_begin(im, work);
    enum imap_step step = STEP_DONE;
    if (!others_find(im, run, &step))
        return step;
    step = imap_notify_rows_step(im, run->notify->watched, &run->rows);
    if (step == STEP_DONE)
        step = imap_notify_step(im); /* tells what the old request asked for */
    if (step != STEP_DONE)
        return step;
    imap_notify_set(im, run->notify);
    run->notify = NULL;
    /* section 3.1: everything that has accumulated, as with NOOP */
    work->tells = VIEW_TELLS_ALL;
    return imap_ok(work, NULL, "NOTIFY completed");
}
