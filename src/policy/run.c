/* SPDX-License-Identifier: MIT */
/*
 * The dialogue of Postfix's policy delegation protocol (SMTPD_POLICY_README of Postfix):
 * questions in, one action out for each, in the same order. It has no greeting, and no way to
 * announce a shutdown: when Postfix finds the connection closed, it connects again and repeats
 * the question.
 */
#include "policy/policy_session.h"

#include "base/limits.h"
#include "session/handover.h"

enum { INPUT_MAX = 65536 };

/* ---- input ---- */

static void
line_run(struct policy_session *ps, struct span line)
{
    log_line_in(&ps->s.log, LINE_COMMAND, line);
    if (line.len == 0) {
        ps->s.counts.commands++;
        ps->state = POLICY_ANSWERING;
        return;
    }
    const enum rc rc = policy_line(&ps->question, line);
    if (rc == RC_OK)
        return;
    ps->s.counts.bad_commands++;
    session_end(&ps->s, END_BAD_COMMANDS, "%s",
                rc == RC_LIMIT ? "a question with too many attributes"
                               : "this is not a question of the policy delegation protocol");
}

/* Takes a line from the input. False: there is no complete line yet. */
static bool
line_take(struct policy_session *ps)
{
    struct buf *in = &ps->s.conn.in;
    const struct span have = buf_span(in);
    const ptrdiff_t end = span_find_char(have, '\n');
    struct span line = end < 0 ? have : span_head(have, (size_t)end);

    if (line.len > LIMIT_POLICY_LINE) {
        session_end(&ps->s, END_LINE_TOO_LONG, "over %u octets", LIMIT_POLICY_LINE);
        return true;
    }
    if (end < 0)
        return false;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    line_run(ps, line);
    buf_consume(in, (size_t)end + 1);
    return true;
}

/* Whether a question is under way. */
static bool
is_asking(const struct policy_session *ps)
{
    return ps->state == POLICY_ANSWERING || ps->question.lines > 0;
}

static enum end_moment
moment_of(const struct policy_session *ps)
{
    return ps->state == POLICY_ANSWERING ? MOMENT_IN_REPLY
           : is_asking(ps)               ? MOMENT_IN_COMMAND
                                         : MOMENT_BETWEEN;
}

static void
flush(struct policy_session *ps)
{
    const enum rc rc = session_flush(&ps->s);

    if (rc == RC_LIMIT)
        session_end(&ps->s, END_LIMIT_MEMORY, "answers");
    else if (rc == RC_CLOSED)
        session_end_by_peer(&ps->s, moment_of(ps));
}

/* ---- the loop ---- */

/* One round. False: park for *next_out. */
static bool
round_go(struct policy_session *ps, enum task_next *next_out)
{
    if (slice_spent() || (session_is_asked(&ps->s) && !is_asking(ps))) {
        flush(ps);
        *next_out = conn_wants_write(&ps->s.conn) ? TASK_PARK_OUTPUT : TASK_YIELD;
        return false;
    }
    if (ps->state == POLICY_ANSWERING) {
        if (policy_answer(ps))
            return true;
        flush(ps);
        *next_out = TASK_PARK_WAKE;
        return false;
    }
    if (buf_len(&ps->s.conn.out) >= LIMIT_OUTPUT_HIGH_WATER) {
        flush(ps);
        *next_out = TASK_PARK_OUTPUT;
        return !conn_wants_write(&ps->s.conn) || session_is_ending(&ps->s);
    }
    if (line_take(ps))
        return true;
    switch (conn_read(&ps->s.conn)) {
    case RC_OK:
        return true;
    case RC_AGAIN:
        flush(ps);
        *next_out = conn_park(&ps->s.conn);
        return false;
    default:
        flush(ps);
        session_end_by_peer(&ps->s, moment_of(ps));
        return true;
    }
}

/* When a silent client is disconnected. Never while the client waits for the server. */
static int64_t
deadline_us(const struct policy_session *ps)
{
    const int64_t timeout_s = env_settings(ps->s.env)->lmtp_timeout_s;

    return ps->state == POLICY_ANSWERING ? INT64_MAX
                                         : ps->s.conn.last_in_us + timeout_s * 1000000;
}

static enum task_next
policy_run(struct session *session, uint32_t why)
{
    struct policy_session *ps = policy_of(session);
    enum task_next next = TASK_PARK_WAKE;

    (void)why;
    if (session_now_us(session) >= deadline_us(ps))
        session_end(session, END_INACTIVITY, "[limits] lmtp_timeout");
    if (conn_wants_write(&session->conn))
        flush(ps);
    while (!session_is_ending(session))
        if (!round_go(ps, &next))
            break;
    door_read_rest(&ps->read, session);
    session->deadline_us = deadline_us(ps);
    session_state_set(session, is_asking(ps) ? SESSION_COMMAND : SESSION_CONNECTED);
    return next;
}

/* ---- beginning and end ---- */

static void
policy_opened(struct session *session)
{
    (void)session; /* Postfix speaks first */
}

static void
policy_goodbye(struct session *session)
{
    (void)session;
}

static bool
policy_release(struct session *session)
{
    policy_answer_abandon(policy_of(session));
    return true;
}

/* ---- handover: between questions there is next to nothing to pack ---- */

static bool
policy_at_rest(const struct session *session)
{
    return !is_asking(CONTAINER_OF(session, struct policy_session, s));
}

static bool
policy_pack(struct session *session, struct buf *out)
{
    pack_span(out, buf_span(&session->conn.in));
    return true;
}

static bool
policy_unpack(struct session *session, struct unpack *in)
{
    buf_put_span(&session->conn.in, unpack_span(in, session->conn.in.max));
    session_state_set(session, SESSION_CONNECTED);
    return !in->failed && buf_ok(&session->conn.in);
}

static void
policy_describe(const struct session *session, struct end_record *record)
{
    (void)session;
    /* there is no login: any client that can connect may ask */
    record->evidence.state = STATE_LOGGED_IN;
}

const struct front_door policy_door = {
    .service = LOG_POLICY,
    .session_octets = sizeof(struct policy_session),
    .in_max = INPUT_MAX,
    .opened = policy_opened,
    .run = policy_run,
    .goodbye = policy_goodbye,
    .release = policy_release,
    .at_rest = policy_at_rest,
    .pack = policy_pack,
    .unpack = policy_unpack,
    .describe = policy_describe,
};
