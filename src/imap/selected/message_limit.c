/* SPDX-License-Identifier: MIT */
/*
 * MESSAGELIMIT and SAVELIMIT (RFC 9738), if the administrator has set them. A command that
 * names more messages is carried out for the last of them, and its answer tells the lowest of
 * these, so that the client can continue below it. COPY and APPEND, which are carried out for
 * all messages or for none, are refused. EXPUNGE, CLOSE, STATUS, SORT and THREAD have no such
 * limit (docs/protocol.md V-13).
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
imap_limit_cut_at(struct imap_session *im, uint32_t limit, uint32_t seq)
{
    im->work->cut_at = uid_of(im, seq);
    im->work->cut_limit = limit;
}

void
imap_limit_cut(struct imap_session *im, struct view_run **runs, size_t *count)
{
    const uint32_t limit = imap_message_limit(im);

    if (view_runs_cut(runs, count, limit))
        imap_limit_cut_at(im, limit, (*runs)[0].first);
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

static const char text_cut[] = "Only the last messages were looked at";

/* The response code, which is sent once. NULL: no memory, and the session ends, because without
 * the code the client would believe that there is no more mail. */
static const char *
cut_code(struct imap_session *im)
{
    struct imap_work *work = im->work;
    const char *code = code_of(work, work->cut_limit, work->cut_at);

    if (code == NULL)
        session_end(&im->s, END_LIMIT_MEMORY, NULL);
    work->cut_at = 0;
    return code;
}

static void
cut_line(struct imap_session *im, const char *code)
{
    struct iw w = imap_line(im);

    iw_status_line(&w, SPAN(""), IW_NO, code, span_of_str(text_cut));
}

void
imap_limit_tell_now(struct imap_session *im)
{
    const char *code = im->work->cut_at == 0 ? NULL : cut_code(im);

    if (code != NULL)
        cut_line(im, code);
}

void
imap_limit_tell(struct imap_session *im)
{
    struct imap_work *work = im->work;

    /* After another NO, nothing or not everything was done, and the client starts again. */
    if (work->cut_at == 0 || work->reply.status != IW_OK)
        return;
    const char *code = cut_code(im);
    if (code == NULL)
        return;
    if (work->reply.code == NULL) {
        work->reply.code = code;
        work->reply.text = text_cut;
    } else {
        cut_line(im, code);
    }
}
