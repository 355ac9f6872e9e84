/* SPDX-License-Identifier: MIT */
/*
 * Signs of life from a command that takes long. While it computes or waits, its client is told
 * every LIMIT_PROGRESS_US how far it is (INPROGRESS, RFC 9585), so that neither the client nor
 * a router in between gives up the connection. While an answer is being sent, no such line is
 * needed.
 *
 * The line also shows whether a client that has closed its sending side is still there: it may
 * still read (nc -N), but if its socket is closed altogether, it answers with a reset.
 *
 * Thread: the session's.
 */
#include "imap/imap_session.h"

static bool
can_tell(const struct imap_session *im)
{
    const struct imap_work *work = im->work;

    return !work->mid_line && work->phase <= PHASE_ANSWER && !conn_wants_write(&im->s.conn);
}

/* "* OK [INPROGRESS ("tag" 454 1000)] Still working"; without numbers NIL NIL. */
static void
tell(struct imap_session *im)
{
    const struct imap_work *work = im->work;
    struct imap_progress progress = {0, 0};
    struct iw w = imap_line(im);

    if (work->phase == PHASE_RUN && work->row->progress != NULL)
        work->row->progress(im, &progress);
    iw_begin_status(&w, SPAN(""), IW_OK);
    iw_code_open(&w, SPAN("INPROGRESS"));
    iw_open(&w);
    iw_string(&w, work->cmd.tag);
    if (progress.done < progress.goal) {
        iw_num(&w, progress.done);
        iw_num(&w, progress.goal);
    } else {
        iw_nil(&w);
        iw_nil(&w);
    }
    iw_close(&w);
    iw_code_close(&w);
    iw_end_text(&w, SPAN("Still working"));
    imap_flush(im);
}

int64_t
imap_progress_due_us(const struct imap_session *im)
{
    const int64_t out_us = im->s.conn.last_out_us;

    if (im->state == IMAP_NOT_AUTHENTICATED || !imap_has_command(im) || !can_tell(im))
        return INT64_MAX;
    return (out_us > im->work->began_us ? out_us : im->work->began_us) + LIMIT_PROGRESS_US;
}

void
imap_progress_tell(struct imap_session *im)
{
    if (session_now_us(&im->s) >= imap_progress_due_us(im))
        tell(im);
}

void
imap_hangup_check(struct imap_session *im)
{
    struct imap_work *work = im->work;

    if (conn_peer_gone(&im->s.conn)) {
        session_end_by_peer(&im->s, imap_moment(im));
        return;
    }
    if (work->probed || !can_tell(im) || !conn_peer_closed(&im->s.conn))
        return;
    work->probed = true;
    tell(im);
}
