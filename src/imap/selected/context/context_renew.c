/* SPDX-License-Identifier: MIT */
/*
 * Writes the result of a context anew, with messages that were added and without those that
 * were removed. UIDs of expunged messages may stay between others until they take too much
 * room.
 */
#include "imap/selected/context/context.h"
#include "imap/selected/packed_uids.h"

struct renewal {
    const struct imap_session *im;
    const struct imap_context_news *news;
    struct uids_writer writer;
    struct uid_run held; /* not written yet; first 0: none */
    size_t added;        /* index of the next added run that is not written yet */
    size_t removed;      /* index of the next removed run that is not passed yet */
    bool compact;        /* leave out runs of messages that are all gone */
};

static bool
touch(const struct imap_session *im, struct uid_run a, struct uid_run b)
{
    const struct version *members = im->view.members;

    return a.last + 1 == b.first ||
           version_lower_bound(members, a.last + 1) == version_lower_bound(members, b.first);
}

static bool
is_empty(const struct imap_session *im, struct uid_run run)
{
    const struct version *members = im->view.members;
    const uint32_t first = version_lower_bound(members, run.first);

    return first > version_count(members) ||
           (run.last != UINT32_MAX && first == version_lower_bound(members, run.last + 1));
}

static void
put(struct renewal *renewal, struct uid_run run, bool is_new)
{
    /* An added run may enclose messages that were found before and are expunged. */
    if (renewal->held.first != 0 && run.first <= renewal->held.last) {
        if (run.last <= renewal->held.last)
            return;
        run.first = renewal->held.last + 1;
    }
    if (renewal->compact && is_empty(renewal->im, run))
        return;
    if (renewal->held.first != 0 && (is_new || renewal->compact) &&
        touch(renewal->im, renewal->held, run)) {
        renewal->held.last = run.last;
        return;
    }
    if (renewal->held.first != 0)
        uids_write(&renewal->writer, renewal->held);
    renewal->held = run;
}

/* Writes those that were added, below this UID. */
static void
put_added(struct renewal *renewal, uint64_t below)
{
    const struct touched_runs *added = &renewal->news->added;

    for (; renewal->added < added->count; renewal->added++) {
        const struct uid_run uids =
            uids_of(renewal->im->view.members, added->runs[renewal->added]);
        if (uids.first >= below)
            return;
        put(renewal, uids, true);
    }
}

/* Writes a run that was found before, without those that were removed. */
static void
put_before(struct renewal *renewal, struct uid_run run)
{
    const struct touched_runs *removed = &renewal->news->removed;
    uint64_t first = run.first;

    for (; renewal->removed < removed->count; renewal->removed++) {
        const struct uid_run uids =
            uids_of(renewal->im->view.members, removed->runs[renewal->removed]);
        if (uids.first > run.last)
            break;
        if (uids.last < first)
            continue;
        if (uids.first > first) {
            put_added(renewal, first);
            put(renewal, (struct uid_run){(uint32_t)first, uids.first - 1}, false);
        }
        first = (uint64_t)uids.last + 1;
        if (first > run.last)
            return; /* it may also cover a part of the next run */
    }
    put_added(renewal, first);
    put(renewal, (struct uid_run){(uint32_t)first, run.last}, false);
}

static enum rc
renew(struct imap_session *im, struct imap_context *context,
      const struct imap_context_news *news, bool compact)
{
    struct uids_reader reader = uids_reader(context_found(context));
    AUTO_BUF packed = {0};
    struct uid_run uids;

    buf_init(&packed, LIMIT_CONTEXT_FIRST_OCTETS);
    struct renewal renewal = {
        .im = im, .news = news, .writer = uids_writer(&packed), .compact = compact};
    while (uids_read(&reader, &uids))
        put_before(&renewal, uids);
    put_added(&renewal, UINT64_MAX);
    if (renewal.held.first != 0)
        uids_write(&renewal.writer, renewal.held);
    return buf_ok(&packed) ? imap_context_keep(im, context, buf_span(&packed)) : RC_LIMIT;
}

enum rc
imap_context_renew(struct imap_session *im, struct imap_context *context,
                   const struct imap_context_news *news)
{
    if (news->added.count + news->removed.count == 0)
        return RC_OK;
    const bool compact = context->gone > 0 && context->gone >= context_found(context).len / 2;
    enum rc rc = renew(im, context, news, compact);
    if (rc == RC_LIMIT && !compact && context->gone > 0) {
        rc = renew(im, context, news, true);
        context->gone = 0;
    }
    if (compact)
        context->gone = 0;
    return rc;
}
