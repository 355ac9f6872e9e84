/* SPDX-License-Identifier: MIT */
/*
 * What NOTIFY tells of new messages in the selected mailbox, after their EXISTS: a FETCH
 * response with the items that stand in SELECTED (MessageNew (...)), RFC 5465 section 5.2. It
 * uses the FETCH of cmd_fetch.c. Messages that the client has added itself are left out, and
 * none is marked as seen, because nobody has looked at it yet.
 */
#include "imap/notify.h"
#include "imap/selected/fetch_private.h"

struct new_run {
    struct imap_fetch_req req;
    struct num_range ranges[2];
    struct fetch_run *fetch;
};

static bool
new_abandon(struct imap_session *im)
{
    struct new_run *run = im->work->tell_run;

    imap_fetch_end(run->fetch);
    im->work->tell_run = NULL;
    im->work->abandon = NULL;
    return true;
}

/* The UIDs that have arrived, except the client's own. */
static size_t
ranges_of(const struct imap_work *work, struct num_range ranges[2])
{
    const struct uid_run all = work->arrived;
    const struct uid_run own = work->own;
    size_t count = 0;

    if (own.first == 0 || own.last < all.first || own.first > all.last) {
        ranges[count++] = (struct num_range){all.first, all.last};
        return count;
    }
    if (own.first > all.first)
        ranges[count++] = (struct num_range){all.first, own.first - 1};
    if (own.last < all.last)
        ranges[count++] = (struct num_range){own.last + 1, all.last};
    return count;
}

/* False: there is nothing to tell. */
static bool
new_begin(struct imap_session *im)
{
    struct imap_work *work = im->work;
    const struct imap_notify *notify = im->notify;

    if (notify == NULL || notify->fetch_len == 0 || work->arrived.first == 0 ||
        im->state != IMAP_SELECTED)
        return false;
    struct new_run *run = arena_new(&work->arena, struct new_run);
    if (run == NULL || imap_fetch_pushed_parse(im, span_of(notify->fetch, notify->fetch_len),
                                               &run->req) != RC_OK)
        return false;
    const size_t count = ranges_of(work, run->ranges);
    run->req.msgs = (struct imap_msgs){
        .kind = IMAP_MSGS_UID,
        .uid = {.set = {.ranges = run->ranges, .count = count, .normal = true}}};
    work->tell_run = run;
    work->abandon = new_abandon;
    return count > 0;
}

enum imap_step
imap_notify_new_step(struct imap_session *im)
{
    struct imap_work *work = im->work;
    const struct imap_reply reply = work->reply;

    if (work->tell_run == NULL && !new_begin(im)) {
        if (work->abandon != NULL)
            work->abandon(im);
        return STEP_DONE;
    }
    struct new_run *run = work->tell_run;
    enum imap_step step = STEP_DONE;
    if (imap_guest_may_hear(im, &step))
        step = run->fetch == NULL ? imap_fetch_begin(im, &run->req, NULL, &run->fetch)
                                  : imap_fetch_step(im, run->fetch);
    /* The client learns of a failure when it asks for the messages itself. */
    work->reply = reply;
    if (step == STEP_DONE)
        work->abandon(im);
    return step;
}
