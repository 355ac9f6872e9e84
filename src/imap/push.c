/* SPDX-License-Identifier: MIT */
/*
 * Unsolicited responses: in IDLE (RFC 2177), and between commands with NOTIFY (RFC 5465). Both
 * wait in the same way. The session is parked with nothing but its counters, is woken by the
 * hub, tells what is new and parks again. The client is sent a line now and then, so that each
 * side knows that the other is there. Time alone never ends the wait, unless [idle] policy =
 * timeout.
 *
 *   parked <-> sync, ESEARCH of results that change (RFC 5267), FETCH of new messages, STATUS
 * and LIST | "* OK Still here"
 *
 * The same is told at the end of each command (PHASE_SYNC).
 *
 * Thread: the session's.
 */
#include "imap/metadata.h"
#include "imap/notify.h"
#include "imap/selected/context/context.h"
#include "session/networks.h"

void
imap_waiting_reconfigured(struct imap_session *im)
{
    const struct conn *conn = &im->s.conn;
    const int64_t silent_us =
        conn->last_in_us > conn->last_out_us ? conn->last_in_us : conn->last_out_us;

    if (im->idle != NULL)
        im->idle->waiting.keepalive_us = network_first_us(&im->s, silent_us);
    if (im->notify != NULL)
        im->notify->waiting.keepalive_us = network_first_us(&im->s, silent_us);
}

int64_t
imap_waiting_ends_us(struct imap_session *im)
{
    const struct settings *settings = env_settings(im->s.env);
    const struct imap_waiting *waiting = imap_waiting(im);

    if (settings->idle_policy != IDLE_TIMEOUT || settings->idle_timeout_s == 0)
        return INT64_MAX;
    return waiting->since_us + (int64_t)settings->idle_timeout_s * 1000000;
}

/* Without IDLE, each command begins a new wait. */
static void
waiting_begin(struct imap_session *im, struct imap_waiting *waiting)
{
    if (im->idle != NULL || waiting->since_us >= im->s.conn.last_in_us)
        return;
    waiting->since_us = im->s.conn.last_in_us;
    waiting->keepalive_us = network_first_us(&im->s, waiting->since_us);
}

static void
time_check(struct imap_session *im)
{
    struct imap_waiting *waiting = imap_waiting(im);
    const int64_t now_us = session_now_us(&im->s);

    waiting_begin(im, waiting);
    if (now_us >= imap_waiting_ends_us(im)) {
        session_end(&im->s, END_IDLE_TIMEOUT, NULL);
        return;
    }
    if (now_us < waiting->keepalive_us)
        return;
    waiting->keepalive_us = network_next_us(&im->s);
    if (conn_wants_write(&im->s.conn) || !liveness_keepalive(&im->s))
        return; /* what is being sent already is probe enough */
    struct iw w = imap_line(im);
    iw_status_line(&w, SPAN(""), IW_OK, NULL, SPAN("Still here"));
}

/* ---- telling ---- */

/* Checks what a guest may be told. False: return *step_out. */
static bool
guest_look(struct imap_session *im, enum imap_step *step_out)
{
    const struct imap_reply reply = im->work->reply;

    if (im->work->sync != NULL || imap_guest_look(im, step_out))
        return true;
    im->work->reply = reply;
    if (*step_out == STEP_DONE) {
        session_end(&im->s, END_MAILBOX_FAILED, "its access rights cannot be read");
        *step_out = STEP_WAIT;
    }
    return false;
}

enum imap_step
imap_tell_step(struct imap_session *im, enum sync_mode mode)
{
    struct imap_work *work = im->work;
    enum imap_step step = STEP_DONE;

    while (step == STEP_DONE) {
        switch (work->telling) {
        case TELLING_BEGIN:
            if (im->state == IMAP_SELECTED && !guest_look(im, &step))
                return step;
            if ((imap_selected_rights(im) & RIGHT_READ) == 0)
                im->view.echo = NULL; /* it belongs to the command, and nothing of it is told */
            else if (im->state == IMAP_SELECTED)
                step = imap_sync_begin_step(im, mode);
            break;
        case TELLING_LEAVING:
            step = imap_contexts_leave_step(im);
            break;
        case TELLING_SELECTED:
            step = imap_sync_step(im);
            break;
        case TELLING_CONTEXTS:
            if ((imap_selected_rights(im) & RIGHT_READ) != 0)
                step = imap_contexts_step(im);
            break;
        case TELLING_NEW:
            step = imap_notify_new_step(im);
            break;
        case TELLING_OTHERS:
            step = imap_notify_step(im);
            break;
        case TELLING_METADATA:
            return imap_metadata_step(im);
        }
        if (step == STEP_DONE)
            work->telling++;
    }
    return step;
}

/* Expunges can be told in IDLE, and between commands if the client expects them there (RFC 5465
 * section 6.1). */
static enum sync_mode
mode_of(const struct imap_session *im)
{
    return im->idle == NULL && im->notify->delayed ? SYNC_NO_EXPUNGE : imap_sync_fully(im);
}

/* Whether a push would tell something. False after a complete one, until something changes. */
static bool
is_due(struct imap_session *im)
{
    if (im->notify != NULL && (im->notify->at_hand != NULL || news_wait(&im->notify->watch) ||
                               notify_others_wait(im, im->notify->others)))
        return true;
    if (imap_metadata_is_due(im))
        return true;
    if (im->state != IMAP_SELECTED)
        return false;
    if (imap_guest_is_due(im))
        return true;
    if ((imap_selected_rights(im) & RIGHT_READ) == 0)
        return false;
    im->view.tells = (uint8_t)imap_tells(im);
    return sync_can_tell(&im->view, mode_of(im)) || imap_contexts_due(im);
}

static enum go
push(struct imap_session *im, enum task_next *next_out)
{
    const bool begins = im->work == NULL;

    session_line_begins(&im->s);
    time_check(im);
    if (session_is_ending(&im->s) || (im->work == NULL && !is_due(im)))
        return GO_ON;
    if (imap_work_get(im) == NULL) {
        session_end(&im->s, END_LIMIT_MEMORY, NULL);
        return GO_ON;
    }
    if (begins && im->state == IMAP_SELECTED)
        im->work->safe_before = imap_safe_modseq(im);
    im->work->phase = PHASE_PUSH;
    const size_t before = buf_len(&im->s.conn.out);
    const enum imap_step step = imap_tell_step(im, mode_of(im));
    if (step == STEP_DONE)
        imap_highest_push(im);
    struct event *event = session_event(&im->s, EVENT_PUSH);
    event->a = im->view.exists;
    event->b = (uint32_t)(buf_len(&im->s.conn.out) - before);
    if (step == STEP_DONE)
        imap_work_drop(im);
    imap_flush(im);
    if (session_is_ending(&im->s) || step == STEP_DONE)
        return GO_ON;
    *next_out = step == STEP_WAIT               ? TASK_PARK_WAKE
                : conn_wants_write(&im->s.conn) ? TASK_PARK_OUTPUT
                                                : TASK_YIELD;
    return GO_PARK;
}

enum go
imap_push_go(struct imap_session *im, enum task_next *next_out)
{
    const bool was_parked = im->work != NULL;
    const enum go go = push(im, next_out);

    if (!was_parked || go == GO_PARK || session_is_ending(&im->s) || imap_waiting(im) == NULL)
        return go;
    /* It told what was new when it began. The session was also woken for what came after that,
     * and will not be woken for it again. */
    return push(im, next_out);
}
