/* SPDX-License-Identifier: MIT */
/*
 * What any code may ask or tell a session: its state, its end, its events, its identity. See
 * run.c for its life. Thread: the session's.
 */
#include "session/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "journal/live.h"
#include "net/poller.h"
#include "session/networks.h"
#include "session/session_private.h"

void
session_state_set(struct session *session, enum session_state state)
{
    const unsigned before =
        atomic_exchange_explicit(&session->pub.state, state, memory_order_relaxed);

    if ((before == SESSION_IDLE) != (state == SESSION_IDLE) && session->task.id != 0)
        live_set_idle(session->env->live, (uint32_t)(session->task.id >> 32),
                      state == SESSION_IDLE);
}

void
session_tls_set(struct session *session, enum session_tls tls)
{
    atomic_store_explicit(&session->tls, (uint_fast8_t)tls, memory_order_relaxed);
}

/* Notes the TLS handshake once it is done. */
void
session_tls_note(struct session *session)
{
    if (session_tls_get(session) != SESSION_TLS_BEGUN || !conn_tls_ready(&session->conn))
        return;
    const uint64_t at_ms = (uint64_t)(session_now_us(session) - session->opened_us) / 1000;
    session_tls_set(session, SESSION_TLS_DONE);
    struct event *event = event_note(event_log_room(&session->events), EVENT_TLS, at_ms);
    event->a = session->counts.commands == 0 ? (uint32_t)at_ms : 0;
}

struct event *
session_event(struct session *session, enum event_kind kind)
{
    session_tls_note(session); /* the handshake came before this event */
    return event_note(event_log_room(&session->events), kind,
                      (uint64_t)(session_now_us(session) - session->opened_us) / 1000);
}

struct wake
session_waker(struct session *session)
{
    return task_waker(session->env->poller, session->task.id);
}

void
session_end(struct session *session, enum end_reason reason, const char *detail, ...)
{
    if (session_is_ending(session))
        return;
    session->phase = session->phase == PHASE_ARRIVED ? PHASE_TURNED_AWAY : PHASE_ENDING;
    session->reason = reason;
    session_state_set(session, SESSION_ENDING);
    session_event(session, EVENT_END);
    if (detail == NULL)
        return;
    char text[ERR_TEXT_OCTETS];
    va_list ap;
    va_start(ap, detail);
    vsnprintf(text, sizeof text, detail, ap);
    va_end(ap);
    session->end_detail = strdup(text);
}

static enum end_reason
reason_of_moment(enum end_moment moment)
{
    switch (moment) {
    case MOMENT_BEFORE_LOGIN:
        return END_CLOSED_BEFORE_LOGIN;
    case MOMENT_REFUSED:
        return END_LIMIT_ACCOUNT;
    case MOMENT_BETWEEN:
        return END_CLOSED;
    case MOMENT_IDLE:
        return END_CLOSED_IDLE;
    case MOMENT_IN_COMMAND:
        return END_CLOSED_IN_COMMAND;
    case MOMENT_IN_LITERAL:
        return END_CLOSED_IN_LITERAL;
    case MOMENT_IN_REPLY:
        return END_CLOSED_IN_REPLY;
    case MOMENT_LOGGED_OUT:
        return END_LOGOUT;
    }
    return END_CLOSED;
}

/* Whether the peer is there but does not read: TCP_USER_TIMEOUT also ends a connection whose
 * window stays closed although the peer's kernel answers every probe. */
static bool
still_acknowledges(const struct conn_evidence *evidence, int64_t dead_after_s)
{
    return evidence->has_tcp_info && evidence->unsent_octets > 0 && dead_after_s > 0 &&
           (int64_t)evidence->last_ack_recv_ms < dead_after_s * 900;
}

static enum end_reason
reason_of_evidence(const struct conn_evidence *evidence, enum end_moment moment,
                   int64_t dead_after_s)
{
    const bool handshake = evidence->tls == CONN_TLS_HANDSHAKE;

    switch (evidence->end) {
    case CONN_END_RST:
        return END_RESET;
    case CONN_END_TIMEOUT:
        return still_acknowledges(evidence, dead_after_s) ? END_SLOW_READER : END_DEAD_PEER;
    case CONN_END_UNREACHABLE:
        return END_UNREACHABLE;
    case CONN_END_ERROR:
        return END_LINK_ERROR;
    case CONN_END_TLS_ALERT:
        return handshake ? END_TLS_HANDSHAKE : END_TLS_ALERT;
    case CONN_END_TLS_ERROR:
        return handshake ? END_TLS_HANDSHAKE : END_TLS_ERROR;
    case CONN_END_MEMORY:
        return END_LIMIT_MEMORY;
    case CONN_END_DEFLATE_ERROR:
        return END_COMPRESSION_ERROR;
    case CONN_END_DEFLATE_CUT:
        return END_COMPRESSION_CUT;
    case CONN_OPEN:
    case CONN_END_FIN:
    case CONN_END_PIPE:
    case CONN_END_TLS_CLOSE:
    case CONN_END_TLS_TRUNCATED:
        break;
    }
    return reason_of_moment(moment);
}

void
session_end_by_peer(struct session *session, enum end_moment moment)
{
    const int64_t dead_after_s = env_settings(session->env)->idle_dead_after_s;
    struct conn_evidence evidence;
    char text[200];

    conn_evidence_get(&session->conn, &evidence);
    conn_evidence_text(&evidence, text, sizeof text);
    session_end(session, reason_of_evidence(&evidence, moment, dead_after_s), "%s", text);
}

void
session_publish(struct session *session)
{
    const struct conn *conn = &session->conn;

    atomic_store_explicit(&session->pub.last_in_us, conn->last_in_us, memory_order_relaxed);
    atomic_store_explicit(&session->pub.last_out_us, conn->last_out_us, memory_order_relaxed);
    atomic_store_explicit(&session->pub.octets_in, conn->octets_in, memory_order_relaxed);
    atomic_store_explicit(&session->pub.octets_out, conn->octets_out, memory_order_relaxed);
}

void
session_let_go(struct session *session)
{
    if (!session->let_go)
        atomic_fetch_sub(&session->env->busy, 1);
    session->let_go = true;
}

void
session_live_row(struct session *session)
{
    char peer[NET_ADDR_TEXT];

    net_addr_print_host(&session->peer, peer);
    const struct live_session row = {
        .session = session->number,
        .service = session->door->service,
        .start_ms = session->opened_wall_us / 1000,
        .account = span_of_str(session->account_name),
        .peer = span_of_str(peer),
        .client_id = span_of_str(session->client_id),
        .tls = session_is_private(session),
    };
    live_set(session->env->live, (uint32_t)(session->task.id >> 32), &row);
}

void
session_compressed(struct session *session)
{
    const bool on = conn_is_compressed(&session->conn);

    atomic_store_explicit(&session->pub.compressed, on, memory_order_relaxed);
    log_put(&session->log, LOG_E_COMPRESSED,
            on ? "compressed from here on" : "not compressed from here on");
}

void
session_identity_changed(struct session *session)
{
    session->log.account = session->account_name;
    log_scope_changed(&session->log);
    session_live_row(session);
    network_came(session);
}
