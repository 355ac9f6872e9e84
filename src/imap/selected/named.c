/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "imap/selected/named.h"

#include "mailbox/memory/members.h"

/* The n-th message with \Deleted, counted from 0. 0: there are only *count_out. */
static uint32_t
deleted_nth(struct members *members, const struct imap_named *named, uint32_t n,
            uint32_t *count_out)
{
    struct version_run piece;

    *count_out = 0;
    for (size_t i = 0; i < named->seq_count; i++) {
        const struct view_run seqs = named->seqs[i];
        for (uint32_t seq = seqs.first; seq <= seqs.last; seq += piece.count) {
            members_run(members, seq, seqs.last - seq + 1, &piece);
            for (uint32_t k = 0; k < piece.count; k++)
                if ((piece.flags[k] & MSG_DELETED) != 0 && (*count_out)++ == n)
                    return seq + k;
        }
    }
    return 0;
}

/* Cuts the set to the last messages with \Deleted that UID EXPUNGE may remove. */
static bool
cut_deleted(struct imap_session *im, struct store_tx *tx, struct imap_named *named,
            enum imap_step *step_out)
{
    const uint32_t limit = imap_message_limit(im);
    struct members members = {.version = NULL};
    struct err err = {.rc = RC_OK};
    uint32_t count = 0;

    if (limit == NO_MESSAGE_LIMIT)
        return true;
    const enum rc rc = members_begin(&members, &im->view, tx, &err);
    if (rc != RC_OK) {
        *step_out = rc == RC_AGAIN ? STEP_MORE : imap_fail(im, rc, &err);
        return false;
    }
    (void)deleted_nth(&members, named, UINT32_MAX, &count);
    const uint32_t from =
        count <= limit ? 0 : deleted_nth(&members, named, count - limit, &count);
    members_end(&members);
    if (from == 0)
        return true;
    while (named->seqs->last < from) {
        named->seqs++;
        named->seq_count--;
    }
    if (named->seqs->first < from)
        named->seqs->first = from;
    imap_limit_cut_at(im, limit, from);
    return true;
}

/* False: return *step_out. */
static bool
limit_named(struct imap_session *im, struct store_tx *tx, enum named_limit limit,
            struct imap_named *named, enum imap_step *step_out)
{
    const uint32_t save_limit = imap_save_limit(im);

    switch (limit) {
    case NAMED_CUT:
        imap_limit_cut(im, &named->seqs, &named->seq_count);
        break;
    case NAMED_REFUSED:
        if (!view_runs_cut(&named->seqs, &named->seq_count, save_limit))
            break;
        *step_out = imap_limit_refuse(im, save_limit, named->seqs->first);
        return false;
    case NAMED_DELETED:
        return cut_deleted(im, tx, named, step_out);
    }
    return true;
}

bool
imap_named_find(struct imap_session *im, struct imap_msgs *msgs, enum named_limit limit,
                struct imap_named *named_out, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    AUTO_TX tx = NULL;

    if (!imap_read_begin(im, imap_selected_acct(im), &tx, step_out) ||
        !imap_view_awake(im, tx, step_out) ||
        !imap_resolve(im, msgs, &named_out->seqs, &named_out->seq_count, step_out) ||
        !limit_named(im, tx, limit, named_out, step_out))
        return false;
    const enum rc rc = view_uid_runs(&im->view, named_out->seqs, named_out->seq_count,
                                     &work->arena, &named_out->uids, &named_out->uid_count);
    if (rc == RC_OK)
        return true;
    *step_out = imap_fail(im, rc, NULL);
    return false;
}

uint32_t
imap_named_count(const struct imap_named *named)
{
    uint32_t count = 0;

    for (size_t i = 0; i < named->seq_count; i++)
        count += named->seqs[i].last - named->seqs[i].first + 1;
    return count;
}
