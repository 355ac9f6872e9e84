/* SPDX-License-Identifier: MIT */
/*
 * MESSAGELIMIT and SAVELIMIT (RFC 9738), for administrators who have set one. A command that
 * names more messages is run for the last of them, and its answer tells the lowest of these, so
 * that the client can go on below it. COPY and APPEND, which are run for all or for none, are
 * refused. EXPUNGE, CLOSE, STATUS, SORT and THREAD have no such limit (docs/protocol.md V-13).
 */
#include "imap/imap_session.h"

uint32_t
imap_message_limit(const struct imap_session *im)
{
    const uint32_t limit = env_settings(im->s.env)->message_limit;

    return limit == 0 ? NO_MESSAGE_LIMIT : limit;
}

uint32_t
imap_save_limit(const struct imap_session *im)
{
    const struct settings *settings = env_settings(im->s.env);
    const uint32_t limit =
        settings->message_limit == 0 ? settings->save_limit : settings->message_limit;

    return limit == 0 ? NO_MESSAGE_LIMIT : limit;
}

static uint32_t
uid_of(const struct imap_session *im, uint32_t seq)
{
    struct version_run run;

    version_run_at(im->view.members, seq, &run);
    return run.uids[0];
}

void
imap_limit_cut_at(struct imap_session *im, uint32_t seq)
{
    im->work->cut_at = uid_of(im, seq);
}

void
imap_limit_cut(struct imap_session *im, struct view_run **runs, size_t *count)
{
    if (view_runs_cut(runs, count, imap_message_limit(im)))
        imap_limit_cut_at(im, (*runs)[0].first);
}

static const char *
code_of(struct imap_work *work, uint32_t limit, uint32_t uid)
{
    return uid == 0 ? arena_printf(&work->arena, "MESSAGELIMIT %u", limit)
                    : arena_printf(&work->arena, "MESSAGELIMIT %u %u", limit, uid);
}

enum imap_step
imap_limit_refuse(struct imap_session *im, uint32_t limit, uint32_t seq)
{
    return imap_no(im->work, code_of(im->work, limit, seq == 0 ? 0 : uid_of(im, seq)),
                   "Too many messages; try fewer at once");
}

void
imap_limit_tell(struct imap_session *im)
{
    static const char text[] = "Only the last messages were looked at";
    struct imap_work *work = im->work;
    struct iw w = imap_line(im);

    /* After a NO nothing was done, or not all: the client begins again. */
    if (work->cut_at == 0 || work->reply.status != IW_OK)
        return;
    const char *code = code_of(work, imap_message_limit(im), work->cut_at);
    if (code == NULL) { /* an OK alone would say that there is no more mail */
        session_end(&im->s, END_LIMIT_MEMORY, NULL);
    } else if (work->reply.code == NULL) {
        work->reply.code = code;
        work->reply.text = text;
    } else {
        iw_status_line(&w, SPAN(""), IW_NO, code, span_of_str(text));
    }
    work->cut_at = 0;
}
