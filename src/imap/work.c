/* SPDX-License-Identifier: MIT */
/*
 * The life of a command's memory. It is made with the command and freed in one place when the
 * answer is complete, so that a parked session keeps nothing of it. The framer exists from the
 * first octet of a command until the session parks without one.
 */
#include "imap/imap_session.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"

/* An account of another user. */
struct imap_held {
    struct imap_held *next;
    struct account *acct;
};

struct imap_work *
imap_work_get(struct imap_session *im)
{
    if (im->work != NULL)
        return im->work;
    struct imap_work *work = calloc(1, sizeof *work);
    if (work == NULL)
        return NULL;
    arena_init(&work->arena, LIMIT_CMD_ARENA);
    arena_init(&work->sync_arena, LIMIT_CMD_ARENA);
    im->work = work;
    return work;
}

void
imap_work_drop(struct imap_session *im)
{
    struct imap_work *work = im->work;

    if (work == NULL)
        return;
    CHECK(work->write.req == NULL && !work->write.slot_queued && work->abandon == NULL);
    sync_end(work->sync); /* not NULL only if the session ends in the middle of one */
    for (size_t i = 0; i < work->spool_count; i++)
        spool_done(&work->spools[i]);
    free(work->spools);
    for (const struct imap_held *held = work->held; held != NULL; held = held->next)
        account_put(held->acct);
    arena_done(&work->sync_arena);
    arena_done(&work->arena);
    free(work);
    im->work = NULL;
}

enum rc
imap_hold(struct imap_session *im, uint64_t account_id_wanted, struct account **acct_out)
{
    struct imap_work *work = im->work;

    for (const struct imap_held *held = work->held; held != NULL; held = held->next)
        if (account_id(held->acct) == account_id_wanted) {
            *acct_out = held->acct;
            return RC_OK;
        }
    struct imap_held *held = arena_new(&work->arena, struct imap_held);
    if (held == NULL)
        return RC_LIMIT;
    const enum rc rc = account_get(im->s.env->accounts, account_id_wanted, &held->acct);
    if (rc != RC_OK)
        return rc;
    held->next = work->held;
    work->held = held;
    *acct_out = held->acct;
    return RC_OK;
}

struct spool *
imap_spool_add(struct imap_session *im)
{
    struct imap_work *work = im->work;
    struct spool *more = realloc(work->spools, (work->spool_count + 1) * sizeof *more);

    if (more == NULL)
        return NULL;
    work->spools = more;
    struct spool *spool = &more[work->spool_count++];
    spool_init(spool, &im->s.env->spool, im->s.account_id);
    return spool;
}

struct imap_framer *
imap_framer_get(struct imap_session *im)
{
    if (im->framer != NULL)
        return im->framer;
    im->framer = malloc(sizeof *im->framer);
    if (im->framer == NULL)
        session_end(&im->s, END_LIMIT_MEMORY, NULL);
    else
        imap_framer_init(im->framer, im->state == IMAP_NOT_AUTHENTICATED
                                         ? LIMIT_LINE_BEFORE_LOGIN
                                         : LIMIT_LINE);
    return im->framer;
}

enum imap_frame
imap_frame_next(struct imap_session *im)
{
    /* A session that is woken for a push has no framer and needs none. */
    if (im->framer == NULL && buf_len(&im->s.conn.in) == 0)
        return IMAP_FRAME_MORE;
    struct imap_framer *framer = imap_framer_get(im);
    return framer == NULL ? IMAP_FRAME_MORE : imap_framer_next(framer, &im->s.conn.in);
}

void
imap_framer_rest(struct imap_session *im)
{
    if (im->framer == NULL || !imap_framer_is_idle(im->framer))
        return;
    imap_framer_done(im->framer);
    free(im->framer);
    im->framer = NULL;
}
