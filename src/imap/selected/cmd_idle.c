/* SPDX-License-Identifier: MIT */
/*
 * IDLE (RFC 2177): what is new is told whenever it happens (push.c). It ends with DONE, in
 * upper or lower case; a tagged command in its place (some versions of Apple Mail) also ends it
 * and is then run. Time alone never ends it, unless [idle] policy = timeout.
 *
 *   IDLE -> "+ idling" -> parked <-> sync | "* OK Still here" -> DONE -> tagged OK
 */
#include "imap/imap_session.h"

#include <stdlib.h>
#include <string.h>

#include "session/networks.h"

enum imap_step
cmd_idle_run(struct imap_session *im, struct imap_work *work)
{
    const struct span tag = work->cmd.tag;
    struct imap_idle *idle = calloc(1, sizeof *idle + tag.len + 1);
    struct iw w = imap_line(im);

    if (idle == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    memcpy(idle->tag, tag.ptr, tag.len); /* at most LIMIT_TAG */
    idle->waiting.since_us = session_now_us(&im->s);
    idle->waiting.keepalive_us = network_first_us(&im->s, idle->waiting.since_us);
    im->idle = idle;
    imap_watch_selected(im); /* before the first look in imap_idle_go */
    im->idle_end = IMAP_IDLE_OPEN;
    iw_continuation(&w, SPAN("idling"));
    session_event(&im->s, EVENT_IDLE_BEGIN);
    session_state_set(&im->s, SESSION_IDLE);
    return STEP_INPUT;
}

void
imap_idle_leave(struct imap_session *im)
{
    if (im->idle == NULL)
        return;
    struct event *event = session_event(&im->s, EVENT_IDLE_END);
    event->a = (uint32_t)((session_now_us(&im->s) - im->idle->waiting.since_us) / 1000000);
    event->outcome = im->idle_end == IMAP_IDLE_DONE ? EVENT_OK : EVENT_NO;
    free(im->idle);
    im->idle = NULL;
    imap_watch_selected(im);
}

static void
done_answer(struct imap_session *im)
{
    struct iw w = imap_line(im);

    iw_begin_status(&w, span_of_str(im->idle->tag), IW_OK);
    /* Everything that was due has been told, and it is not recorded whether MODSEQ was in it:
     * RFC 7162 section 6. */
    if (imap_is_enabled(im, ENABLES_CONDSTORE) && im->state == IMAP_SELECTED &&
        !im->view.gone) {
        iw_code_open(&w, SPAN("HIGHESTMODSEQ"));
        iw_num(&w, imap_safe_modseq(im));
        iw_code_close(&w);
    }
    iw_end_text(&w, SPAN("IDLE terminated"));
    im->s.counts.commands++;
    imap_idle_leave(im);
}

enum go
imap_idle_go(struct imap_session *im, enum imap_frame *frame_out, enum task_next *next_out)
{
    session_line_begins(&im->s);
    for (;;) {
        if (imap_push_go(im, next_out) == GO_PARK)
            return GO_PARK;
        if (session_is_ending(&im->s))
            return GO_ON;
        const enum imap_frame frame = imap_frame_next(im);
        if (session_is_ending(&im->s))
            return GO_ON;
        if (frame == IMAP_FRAME_COMMAND && imap_line_is_done(imap_framer_text(im->framer))) {
            log_line_in(&im->s.log, LINE_COMMAND, imap_framer_text(im->framer));
            im->idle_end = IMAP_IDLE_DONE;
            done_answer(im);
            return GO_ON;
        }
        if (frame != IMAP_FRAME_MORE) {
            im->idle_end = IMAP_IDLE_CUT;
            done_answer(im); /* anything else also ends it */
            *frame_out = frame;
            return GO_ON;
        }
        if (imap_read(im) == GO_ON)
            continue; /* octets came, or the peer is gone */
        imap_flush(im);
        if (session_is_ending(&im->s))
            return GO_ON;
        if (!conn_wants_write(&im->s.conn) && im->state == IMAP_SELECTED)
            view_sleep(&im->view);
        imap_ack_begun(im);
        imap_framer_rest(im);
        session_state_set(&im->s, SESSION_IDLE);
        *next_out = conn_park(&im->s.conn);
        return GO_PARK;
    }
}
