/* SPDX-License-Identifier: MIT */
/*
 * The IMAP dialogue from top to bottom: take a command from the framer, parse it, run it in
 * slices, tell what has changed, send the tagged answer, take the next. Commands are run one at
 * a time in the order in which they were sent, so pipelined commands are never ambiguous (RFC
 * 3501 section 5.5).
 *
 *   PHASE_INPUT --framer--> PHASE_LOOK --> PHASE_RUN --> PHASE_SYNC --> PHASE_ANSWER --> input
 *                        |
 *                        +-- IDLE: cmd_idle.c takes over until DONE
 *
 * Nothing here blocks: the task parks for whatever a step must wait for.
 */
#include "imap/metadata.h"
#include "imap/notify.h"
#include "imap/selected/context/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "session/table.h"

enum { INPUT_MAX = 65536 };

static int64_t
earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- deadlines ---- */

static int64_t
deadline_input(const struct imap_session *im)
{
    const struct settings *settings = env_settings(im->s.env);

    if (im->state == IMAP_NOT_AUTHENTICATED)
        return im->s.opened_us + (int64_t)settings->login_timeout_s * 1000000;
    if (settings->inactivity_timeout_s == 0)
        return INT64_MAX;
    return im->s.conn.last_in_us + (int64_t)settings->inactivity_timeout_s * 1000000;
}

static int64_t
deadline_output(const struct imap_session *im)
{
    const struct settings *settings = env_settings(im->s.env);

    /* If a TLS handshake needs to write but the peer does not read, the deadline of the login
     * ends it. */
    if (!conn_wants_write(&im->s.conn) || settings->output_timeout_s == 0 ||
        (conn_is_tls(&im->s.conn) && !conn_tls_ready(&im->s.conn)))
        return INT64_MAX;
    return im->s.conn.last_out_us + (int64_t)settings->output_timeout_s * 1000000;
}

static void
deadlines_check(struct imap_session *im)
{
    const int64_t now_us = session_now_us(&im->s);

    if (now_us >= deadline_output(im)) {
        session_end(&im->s, END_SLOW_READER, "%zu octets were waiting for it",
                    buf_len(&im->s.conn.out));
    } else if (im->state == IMAP_NOT_AUTHENTICATED && now_us >= deadline_input(im)) {
        const bool handshake = conn_is_tls(&im->s.conn) && !conn_tls_ready(&im->s.conn);
        session_end(&im->s, handshake ? END_TLS_TIMEOUT : END_LOGIN_TIMEOUT, NULL);
    } else if (imap_waiting(im) == NULL && !imap_has_command(im) &&
               !conn_wants_write(&im->s.conn) && now_us >= deadline_input(im)) {
        session_end(&im->s, END_INACTIVITY, NULL);
    }
}

/* ---- parking ---- */

static enum task_next
park(struct imap_session *im, enum task_next next)
{
    const struct imap_waiting *waiting = imap_waiting(im);
    int64_t deadline_us = earliest(deadline_output(im), imap_progress_due_us(im));

    if (im->work != NULL && im->work->wait_until_us != 0)
        deadline_us = earliest(deadline_us, im->work->wait_until_us);
    if (waiting != NULL) {
        deadline_us = earliest(deadline_us, waiting->keepalive_us);
        deadline_us = earliest(deadline_us, imap_waiting_ends_us(im));
    } else if (im->state == IMAP_NOT_AUTHENTICATED || !imap_has_command(im)) {
        deadline_us = earliest(deadline_us, deadline_input(im));
    }
    im->s.deadline_us = deadline_us;
    return next;
}

/* ---- running a command ---- */

/* Called after the OK: from here on, octets are read and written through other layers. */
static enum imap_step
octets_change(struct imap_session *im)
{
    imap_flush(im);
    if (conn_wants_write(&im->s.conn))
        return STEP_OUTPUT;
    const struct imap_command *row = im->work->row;
    imap_work_drop(im);
    if (!session_is_ending(&im->s))
        row->after_ok(im);
    return STEP_DONE;
}

/* What the client may be told after this command. */
static enum sync_mode
sync_mode_of(const struct imap_session *im, const struct imap_work *work)
{
    if (session_client_rule(&im->s)->news == NEWS_WHEN_ASKED &&
        work->row->news == NEWS_IN_PASSING)
        return SYNC_NO_NEWS;
    return work->row->sync == SYNC_FULLY && !work->by_numbers ? imap_sync_fully(im)
                                                              : SYNC_NO_EXPUNGE;
}

/* One step of the phase that the command is in. */
static enum imap_step
phase_step(struct imap_session *im)
{
    struct imap_work *work = im->work;
    enum imap_step step = STEP_DONE;

    switch (work->phase) {
    case PHASE_LOOK:
        if (!imap_catch_up(im, imap_selected_acct(im), &step) && step == STEP_DONE)
            work->phase = PHASE_RUN; /* the command is refused: nothing is run */
        break;
    case PHASE_RUN:
        if (work->row->need == NEEDS_WRITE && im->view.mode == VIEW_READ_ONLY)
            step = imap_no(work, "READ-ONLY", "The mailbox is open read-only");
        else if (imap_guest_may(im, &step))
            step = work->row->run(im, work);
        break;
    case PHASE_SYNC:
        if (work->row->sync != SYNC_NEVER)
            step = imap_tell_step(im, sync_mode_of(im, work));
        if (step == STEP_DONE) {
            imap_limit_tell(im);
            imap_highest_tell(im);
        }
        break;
    case PHASE_ANSWER:
        imap_answer(im);
        return STEP_DONE;
    case PHASE_SWITCH:
        return octets_change(im);
    case PHASE_INPUT:
    case PHASE_PUSH:
        CHECK(false); /* there is no command in these phases */
        break;
    }
    if (step == STEP_DONE) {
        if (work->abandon != NULL)
            work->abandon(im); /* however the command ended, it holds nothing now */
        work->complete = NULL;
        work->phase++;
    }
    return step;
}

/* Runs the current command as far as possible now. GO_PARK: *next_out is what to park for. */
static enum go
command_go(struct imap_session *im, enum task_next *next_out)
{
    session_state_set(&im->s, SESSION_COMMAND);
    while (imap_has_command(im) && !session_is_ending(&im->s)) {
        switch (phase_step(im)) {
        case STEP_DONE:
        case STEP_MORE:
            break;
        case STEP_OUTPUT:
            imap_flush(im);
            if (session_is_ending(&im->s) || !conn_wants_write(&im->s.conn))
                break;
            session_event(&im->s, EVENT_BLOCKED)->b = (uint32_t)buf_len(&im->s.conn.out);
            *next_out = park(im, TASK_PARK_OUTPUT);
            return GO_PARK;
        case STEP_WAIT:
            imap_flush(im);
            if (!session_is_ending(&im->s))
                imap_progress_tell(im);
            *next_out = park(im, TASK_PARK_WAKE);
            return GO_PARK;
        case STEP_INPUT:
            if (im->idle != NULL)
                imap_work_drop(im); /* from here on cmd_idle.c takes over */
            return GO_ON;
        }
        if (im->work != NULL && slice_spent()) {
            imap_flush(im);
            if (!session_is_ending(&im->s))
                imap_hangup_check(im);
            if (!session_is_ending(&im->s))
                imap_progress_tell(im);
            *next_out = park(im, TASK_YIELD);
            return GO_PARK;
        }
    }
    return GO_ON;
}

static bool
is_other_protocol(struct span line)
{
    static const char *const words[] = {"GET ",  "POST ", "HEAD ", "OPTIONS ", "CONNECT ",
                                        "EHLO ", "HELO ", "SSH-",  "PUT "};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (span_istarts(line, span_of_str(words[i])))
            return true;
    return false;
}

/* Parses a complete command that has arrived, and begins it. */
static void
command_begin(struct imap_session *im, struct span text)
{
    struct imap_work *work = im->work;
    const char *bad = "Syntax error";
    struct imap_head head;

    session_line_begins(&im->s);
    work->began_us = session_now_us(&im->s);
    work->out_octets = im->s.conn.octets_out + buf_len(&im->s.conn.out);
    log_line_in(&im->s.log,
                im->state == IMAP_NOT_AUTHENTICATED ? LINE_BEFORE_LOGIN : LINE_COMMAND, text);
    if (im->idle_end == IMAP_IDLE_CUT && imap_line_is_done(text)) {
        im->idle_end =
            IMAP_IDLE_OPEN; /* a late DONE without an IDLE: "DONE BAD" helps no client */
        return;
    }
    enum rc rc = imap_head_parse(text, &head, &bad);
    if (rc != RC_OK) {
        if (im->state == IMAP_NOT_AUTHENTICATED && is_other_protocol(text)) {
            session_end(&im->s, END_NOT_OUR_PROTOCOL, NULL);
            return;
        }
        imap_refuse(im, imap_text_tag(text), IW_BAD, NULL, bad);
        return;
    }
    const struct imap_command *row = imap_command_row(head.id);
    if ((row->states & im->state) == 0) {
        imap_refuse(im, head.tag, IW_BAD, NULL,
                    im->state == IMAP_NOT_AUTHENTICATED     ? "Log in first"
                    : row->states == IMAP_NOT_AUTHENTICATED ? "Already logged in"
                    : row->states == IMAP_AUTHENTICATED     ? "Not while a mailbox is selected"
                                                            : "Select a mailbox first");
        return;
    }
    if (row->form == FORM_SEQ && imap_is_enabled(im, ENABLES_UIDONLY)) {
        imap_uid_required(work); /* RFC 9586 section 3.2 */
        imap_refuse(im, head.tag, work->reply.status, work->reply.code, work->reply.text);
        return;
    }
    rc = imap_args_parse(&head, imap_dialect(im)->wire, &work->arena, &work->cmd, &bad);
    if (rc != RC_OK) { /* what is only too much for this server is no error of the client's */
        const bool is_limit = rc == RC_LIMIT;
        imap_refuse(im, head.tag, is_limit ? IW_NO : IW_BAD, is_limit ? "LIMIT" : NULL, bad);
        return;
    }
    /* The text would be overwritten by the next line that AUTHENTICATE reads. */
    work->cmd.tag = arena_span(&work->arena, work->cmd.tag);
    if (work->cmd.tag.ptr == NULL) {
        session_end(&im->s, END_LIMIT_MEMORY, NULL);
        return;
    }
    if (im->state == IMAP_SELECTED)
        work->safe_before = imap_safe_modseq(im);
    work->row = row;
    work->tells = (uint8_t)row->tells;
    work->phase = row->look == LOOKS ? PHASE_LOOK : PHASE_RUN;
}

/* ---- input ---- */

static bool
wants_plain_line(const struct imap_session *im)
{
    return im->work != NULL && im->work->phase == PHASE_RUN &&
           im->work->cmd.id == IMAP_CMD_AUTHENTICATE;
}

static enum go
frame_handle(struct imap_session *im, enum imap_frame frame)
{
    const struct span text = im->framer == NULL ? SPAN("") : imap_framer_text(im->framer);

    switch (frame) {
    case IMAP_FRAME_MORE:
        if (!imap_between_commands(im))
            return imap_read(im);
        imap_work_drop(im);
        /* While the input was looked at, nothing was pushed: a wake may have come in vain. */
        return buf_len(&im->s.conn.in) == 0 ? GO_ON : imap_read(im);
    case IMAP_FRAME_LITERAL:
        imap_literal_begin(im);
        return GO_ON;
    case IMAP_FRAME_DATA:
        imap_literal_data(im);
        return GO_ON;
    case IMAP_FRAME_COMMAND:
        command_begin(im, text);
        return GO_ON;
    case IMAP_FRAME_TOO_LONG:
        if (im->state == IMAP_NOT_AUTHENTICATED)
            session_end(&im->s, END_LINE_TOO_LONG, "over %u octets", LIMIT_LINE_BEFORE_LOGIN);
        else
            imap_refuse(im, imap_text_tag(text), IW_BAD, NULL, "Command line too long");
        return GO_ON;
    case IMAP_FRAME_NUL:
        imap_refuse(im, imap_text_tag(text), IW_BAD, NULL, "NUL in a command");
        return GO_ON;
    case IMAP_FRAME_NO_MEMORY:
        session_end(&im->s, END_LIMIT_MEMORY, "text of a command");
        return GO_ON;
    }
    return GO_ON;
}

/* Takes the next unit of the client's input. GO_PARK: nothing has arrived. */
static enum go
input_take(struct imap_session *im)
{
    /* The session was woken for something else, which must not fail because there is no memory
     * for a command. */
    if (im->work == NULL && buf_len(&im->s.conn.in) == 0) {
        if (imap_read(im) == GO_PARK)
            return GO_PARK;
        if (session_is_ending(&im->s))
            return GO_ON;
    }
    if (wants_plain_line(im)) {
        struct imap_framer *framer = imap_framer_get(im);
        if (framer == NULL)
            return GO_ON;
        const enum imap_frame frame = imap_framer_next_line(framer, &im->s.conn.in);
        if (frame == IMAP_FRAME_MORE)
            return imap_read(im);
        if (frame == IMAP_FRAME_TOO_LONG) {
            session_end(&im->s, END_LINE_TOO_LONG, "in AUTHENTICATE");
            return GO_ON;
        }
        if (frame == IMAP_FRAME_NO_MEMORY)
            return frame_handle(im, frame);
        const struct span line =
            frame == IMAP_FRAME_NUL ? SPAN("\\0") : imap_framer_text(framer);
        log_line_in(&im->s.log, LINE_SECRET, line);
        imap_authenticate_line(im, line); /* it rejects the line, because NUL is not base64 */
        return GO_ON;
    }
    if (imap_work_get(im) == NULL) {
        session_end(&im->s, END_LIMIT_MEMORY, NULL);
        return GO_ON;
    }
    const enum imap_frame frame = imap_frame_next(im);
    if (session_is_ending(&im->s))
        return GO_ON;
    imap_input_charge(im);
    return frame_handle(im, frame);
}

/* Runs IDLE until it parks or is over. A command in place of DONE ends it and is run. */
static enum go
idle_take(struct imap_session *im, enum task_next *next_out)
{
    enum imap_frame frame = IMAP_FRAME_MORE;

    if (imap_idle_go(im, &frame, next_out) == GO_PARK)
        return GO_PARK;
    if (frame != IMAP_FRAME_MORE && !session_is_ending(&im->s)) {
        if (imap_work_get(im) == NULL)
            session_end(&im->s, END_LIMIT_MEMORY, NULL);
        else
            frame_handle(im, frame);
    }
    return GO_ON;
}

static void
rest_state_set(struct imap_session *im)
{
    session_state_set(&im->s, im->state == IMAP_NOT_AUTHENTICATED ? SESSION_CONNECTED
                              : imap_waiting(im) != NULL          ? SESSION_IDLE
                              : im->state == IMAP_SELECTED        ? SESSION_SELECTED
                                                                  : SESSION_AUTHENTICATED);
}

/* With NOTIFY, what is new is told between commands as it is in IDLE. */
static enum go
notify_go(struct imap_session *im, enum task_next *next_out)
{
    const bool at_rest = im->work == NULL || im->work->phase == PHASE_PUSH;

    if (im->notify == NULL || !at_rest || imap_waiting(im) == NULL)
        return GO_ON;
    if (imap_push_go(im, next_out) == GO_ON)
        return GO_ON;
    *next_out = park(im, *next_out);
    return GO_PARK;
}

/* One round of the dialogue. GO_PARK: *next_out is what to park for. */
static enum go
round_go(struct imap_session *im, enum task_next *next_out)
{
    if (im->idle != NULL) {
        if (idle_take(im, next_out) == GO_ON)
            return GO_ON;
        *next_out = park(im, *next_out);
        return GO_PARK;
    }
    if (command_go(im, next_out) == GO_PARK)
        return GO_PARK;
    if (session_is_ending(&im->s) || im->idle != NULL)
        return GO_ON;
    if (imap_output_full(im)) { /* pipelined commands wait for a slow reader too */
        imap_flush(im);
        *next_out = park(im, TASK_PARK_OUTPUT);
        return imap_output_full(im) && !session_is_ending(&im->s) ? GO_PARK : GO_ON;
    }
    if (slice_spent()) {
        imap_flush(im);
        *next_out = park(im, TASK_YIELD);
        return GO_PARK;
    }
    if (notify_go(im, next_out) == GO_PARK)
        return GO_PARK;
    if (session_is_ending(&im->s))
        return GO_ON;
    if (session_is_asked(&im->s) && imap_at_rest(&im->s)) {
        imap_flush(im);
        *next_out = park(im, TASK_PARK_OUTPUT); /* or there is nothing to wait for */
        return GO_PARK;
    }
    if (input_take(im) == GO_ON || session_is_ending(&im->s))
        return GO_ON;
    rest_state_set(im);
    imap_flush(im);
    if (imap_waiting(im) != NULL && !conn_wants_write(&im->s.conn) &&
        im->state == IMAP_SELECTED)
        view_sleep(&im->view);
    imap_ack_begun(im);
    imap_framer_rest(im);
    *next_out = park(im, conn_park(&im->s.conn));
    return GO_PARK;
}

static enum task_next
imap_run(struct session *session, uint32_t why)
{
    struct imap_session *im = imap_of(session);
    enum task_next next = TASK_PARK_WAKE;

    (void)why; /* every cause is looked at below */
    if (im->resume != NULL && !imap_resume_go(im))
        return next;
    imap_notify_resume(im);
    imap_metadata_resume(im);
    imap_guest_owner_look(im);
    deadlines_check(im);
    if (conn_wants_write(&im->s.conn))
        imap_flush(im);
    while (!session_is_ending(&im->s))
        if (round_go(im, &next) == GO_PARK)
            break;
    door_read_rest(&im->read, &im->s);
    return next;
}

/* ---- beginning and end ---- */

static void
imap_opened(struct session *session)
{
    struct imap_session *im = imap_of(session);

    im->state = IMAP_NOT_AUTHENTICATED;
    im->end_state = END_STATE_COUNT;
    list_init(&im->watch.link);
    if (session_is_ending(session))
        return;
    if (conn_is_tls(&session->conn) && !conn_tls_ready(&session->conn))
        im->login = IMAP_LOGIN_UNGREETED; /* imap_read greets */
    else
        imap_greet(im);
}

/* Records the evidence that only IMAP knows, before anything is released. */
static void
end_note(struct imap_session *im)
{
    if (im->end_state != END_STATE_COUNT)
        return;
    im->end_state = im->s.reason == END_LOGOUT            ? STATE_LOGGING_OUT
                    : im->state == IMAP_NOT_AUTHENTICATED ? STATE_BEFORE_LOGIN
                    : imap_waiting(im) != NULL            ? STATE_IDLE
                    : im->state == IMAP_SELECTED          ? STATE_SELECTED
                                                          : STATE_LOGGED_IN;
    if (imap_has_command(im))
        im->end_command = event_command(imap_cmd_word(im->work->cmd.id));
}

static void
imap_goodbye(struct session *session)
{
    const struct end_reason_info *info = end_reason_info(session->reason);
    struct imap_session *im = imap_of(session);
    struct iw w = imap_line(im);

    end_note(im);
    if (info->bye[0] == '\0' || session->reason == END_LOGOUT ||
        (im->work != NULL && im->work->mid_line))
        /* the peer is gone, LOGOUT has sent it already, or it would be read as part of a
         * message */
        return;
    iw_status_line(&w, SPAN(""), IW_BYE, info->resp_code[0] == '\0' ? NULL : info->resp_code,
                   span_of_str(session->end_words != NULL ? session->end_words : info->bye));
}

static bool
imap_release(struct session *session)
{
    struct imap_session *im = imap_of(session);
    struct imap_work *work = im->work;

    end_note(im);
    door_read_cancel(&im->read, session);
    if (work != NULL) {
        if (work->complete != NULL && !work->complete(im))
            return false;
        work->complete = NULL;
        if (!door_write_cancel(&work->write, session, work->turn_of))
            return false;
        if (work->abandon != NULL && !work->abandon(im))
            return false;
        work->abandon = NULL;
        imap_work_drop(im);
    }
    imap_idle_leave(im);
    imap_notify_free(im->notify);
    im->notify = NULL;
    im->notify_state = NOTIFY_UNUSED;
    imap_metadata_free(im);
    imap_resume_end(im);
    imap_saved_forget(im);
    imap_contexts_forget(im);
    if (im->state == IMAP_SELECTED) {
        hub_unwatch(&im->watch);
        view_done(&im->view);
    }
    imap_guest_free(im->guest);
    im->guest = NULL;
    account_put(im->acct);
    im->acct = NULL;
    if (im->framer != NULL)
        imap_framer_done(im->framer);
    free(im->framer);
    im->framer = NULL;
    if (im->input_budget > 0)
        budget_give(&session->env->input_budget, im->input_budget);
    im->input_budget = 0;
    return true;
}

static void
imap_probe(struct session *session)
{
    struct imap_session *im = imap_of(session);
    struct iw w = imap_line(im);

    /* RFC 3501 section 7: an untagged response may come at any time, but some clients do not
     * expect one outside IDLE. There, the kernel itself retransmits what is not
     * acknowledged. */
    if (imap_waiting(im) != NULL && im->work == NULL && !conn_wants_write(&session->conn))
        iw_status_line(&w, SPAN(""), IW_OK, NULL, SPAN("Still here"));
}

static void
imap_reconfigured(struct session *session)
{
    struct imap_session *im = imap_of(session);

    if (im->login == IMAP_LOGIN_PASSWORD && !imap_plaintext_allowed(im))
        session_end(session, END_CONFIGURATION,
                    "[auth] allow_plaintext has changed: passwords are no longer accepted on "
                    "this connection");
    imap_waiting_reconfigured(im);
}

static void
imap_describe(const struct session *session, struct end_record *record)
{
    const struct imap_session *im = CONTAINER_OF(session, struct imap_session, s);

    record->evidence.state = im->end_state;
    record->evidence.command = im->end_command;
    record->evidence.idle_done_seen = im->idle_end == IMAP_IDLE_DONE;
}

const struct front_door imap_door = {
    .service = LOG_IMAP,
    .session_octets = sizeof(struct imap_session),
    .logs_in = true,
    .in_max = INPUT_MAX,
    .opened = imap_opened,
    .run = imap_run,
    .goodbye = imap_goodbye,
    .release = imap_release,
    .probe = imap_probe,
    .reconfigured = imap_reconfigured,
    .at_rest = imap_at_rest,
    .pack = imap_pack,
    .unpack = imap_unpack,
    .describe = imap_describe,
};
