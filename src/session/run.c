/* SPDX-License-Identifier: MIT */
/*
 * The life of a session between accept and end record; the doors supply the dialogue. Runs on
 * the work thread that has the session; session_open runs in a listener. The arrows of the
 * diagram in session.h are door_open, hold, session_end, and then goodbye, ending_release,
 * ending_flush and ending_close.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "journal/journal.h"
#include "journal/live.h"
#include "net/poller.h"
#include "session/handover.h"
#include "session/networks.h"
#include "session/proxied.h"
#include "session/session_private.h"
#include "session/table.h"

/* ---- output ---- */

enum rc
session_flush(struct session *session)
{
    struct buf *out = &session->conn.out;

    if (!log_on(&session->log, LOG_A))
        session_tap_drop(session);
    if (session->tap != NULL)
        log_tap_feed(session->tap, &session->log,
                     span_tail(buf_span(out), session->tapped_octets));
    if (buf_len(out) > 0)
        liveness_sending(session);
    const enum rc rc = conn_flush(&session->conn);
    session->tapped_octets = buf_len(out);
    return rc;
}

void
session_line_begins(struct session *session)
{
    if (!log_on(&session->log, LOG_A))
        return;
    if (session->tap == NULL)
        session->tap = calloc(1, sizeof *session->tap); /* without memory, nothing is shown */
    /* Output that the tap has not seen may end in the middle of a literal. */
    if (session->tap != NULL && session->tapped_octets == buf_len(&session->conn.out))
        log_tap_begin(session->tap);
}

/* ---- being run ---- */

/* Ends the session for a posted reason. */
static void
asked_end(struct session *session)
{
    session_end(session, (session->asked & POST_SHUTDOWN) != 0 ? END_SHUTDOWN : END_UPGRADE,
                NULL);
}

static void
reconfigure(struct session *session)
{
    const struct settings *settings = env_settings(session->env);

    conn_set_dead_after(&session->conn, settings->idle_dead_after_s * 1000);
    if (session->door->reconfigured != NULL)
        session->door->reconfigured(session);
}

/* Ends the session if a post asks for it. True: a thread waits for its record. */
static bool
posts_take(struct session *session)
{
    static const struct {
        enum session_post post;
        enum end_reason reason;
    } ends[] = {
        {POST_KICK, END_KICKED},
        {POST_ACCOUNT_REMOVED, END_ACCOUNT_REMOVED},
        {POST_ACCOUNT_DISABLED, END_ACCOUNT_DISABLED},
        {POST_PASSWORD_CHANGED, END_PASSWORD_CHANGED},
        {POST_APP_PASSWORD_REVOKED, END_APP_PASSWORD_REVOKED},
    };

    if (atomic_load_explicit(&session->posts, memory_order_relaxed) == 0)
        return false;
    unsigned posts = atomic_exchange(&session->posts, 0);
    char *words = atomic_exchange(&session->kick_words, NULL);
    if (session->credential != CREDENTIAL_PASSWORD)
        posts &= ~(unsigned)POST_PASSWORD_CHANGED; /* it was not opened with that one */
    if ((posts & POST_PROBE) != 0)
        liveness_probe(session);
    if ((posts & POST_CONFIGURATION) != 0)
        reconfigure(session);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if ((posts & ends[i].post) != 0)
            session_end(session, ends[i].reason, words == NULL ? NULL : "%s", words);
    if ((posts & POST_KICK) != 0 && session->reason == END_KICKED && session->end_words == NULL)
        session->end_words = words;
    else
        free(words);
    if ((posts & POST_GIVE_WAY) != 0 && session->standing == STANDING_STRANGER)
        session_end(session, END_GAVE_WAY, NULL);
    session->asked |= posts & (POST_SHUTDOWN | POST_MOVE | POST_UPGRADE);
    if ((posts & POST_STAY) != 0)
        session->asked = session->phase == PHASE_HELD ? session->asked | POST_UPGRADE : 0;
    /* A held session waits for its turn, even if the others are hurried. */
    const bool hurry =
        (posts & POST_HURRY) != 0 &&
        (session->phase != PHASE_HELD || (posts & (POST_SHUTDOWN | POST_UPGRADE)) != 0);
    if (hurry || (session->asked != 0 && session->phase == PHASE_ARRIVED))
        asked_end(session);
    return (posts & POST_DESCRIBE) != 0;
}

static void
timer_arm(struct session *session, int64_t deadline_us)
{
    /* Rounded up: never early, and less than a second late. A whole second is exact. */
    const int64_t due_s =
        deadline_us == INT64_MAX
            ? 0
            : deadline_us / 1000000 + (deadline_us % 1000000 != 0 || deadline_us == 0);

    if (due_s == session->timer_s)
        return;
    session->timer_s = due_s;
    if (due_s == 0)
        task_timer_unset(&session->task);
    else
        task_timer_set(&session->task, due_s);
}

static void
evidence_fill(struct session *session, const struct conn_evidence *conn,
              struct end_evidence *evidence)
{
    static const enum end_how hows[] = {
        [CONN_OPEN] = HOW_WE_CLOSED,
        [CONN_END_FIN] = HOW_FIN,
        [CONN_END_RST] = HOW_RST,
        [CONN_END_PIPE] = HOW_FIN,
        [CONN_END_TIMEOUT] = HOW_ACK_TIMEOUT,
        [CONN_END_UNREACHABLE] = HOW_UNREACHABLE,
        [CONN_END_ERROR] = HOW_OS_ERROR,
        [CONN_END_TLS_CLOSE] = HOW_TLS_NOTIFY,
        [CONN_END_TLS_TRUNCATED] = HOW_TLS_WITHOUT_NOTIFY,
        [CONN_END_TLS_ALERT] = HOW_TLS_ALERT,
        [CONN_END_TLS_ERROR] = HOW_TLS_BROKEN,
        [CONN_END_MEMORY] = HOW_WE_CLOSED,
        [CONN_END_DEFLATE_ERROR] = HOW_WE_CLOSED,
        [CONN_END_DEFLATE_CUT] = HOW_FIN,
    };
    const int64_t now_us = session_now_us(session);

    evidence->how = hows[conn->end];
    evidence->tls_alert = conn->alert_in;
    evidence->os_errno = conn->os_errno;
    evidence->since_in_ms = conn->octets_in == 0 ? -1 : (now_us - conn->last_in_us) / 1000;
    evidence->since_out_ms = (now_us - conn->last_out_us) / 1000;
    evidence->unacked_octets = conn->unacked_octets;
    evidence->keepalives = session->counts.keepalives;
    const int64_t acked_us = atomic_load_explicit(&session->pub.acked_us, memory_order_relaxed);
    evidence->since_alive_ms = acked_us == 0 ? -1 : (now_us - acked_us) / 1000;
    if (conn->has_tcp_info) {
        evidence->rtt_us = conn->rtt_us;
        evidence->retransmits = conn->retransmits;
        evidence->total_retransmits = conn->total_retransmits;
        evidence->since_ack_ms = conn->last_ack_recv_ms;
        evidence->since_data_ms = conn->last_data_recv_ms;
    }
}

/* Fills a record except for its reason. Its texts are borrowed from the session, or are tls and
 * peer. */
static void
record_fill(struct session *session, const struct conn_evidence *conn, struct span tls,
            char peer[NET_ADDR_TEXT], struct end_record *record)
{
    *record = (struct end_record){
        .session = session->number,
        .service = session->door->service,
        .reason = session->reason,
        .start_ms = session->opened_wall_us / 1000,
        .end_ms = clock_wall_us(session->env->clock) / 1000,
        .peer_port = session->peer.family == NET_UNIX ? 0 : session->peer.port,
        .account = span_of_str(session->account_name),
        .tls = tls,
        .client_id = span_of_str(session->client_id),
        .mailbox = span_of_str(session->mailbox_name),
        .detail = span_of_str(session->end_detail),
        .in_octets = conn->octets_in,
        .out_octets = conn->octets_out,
        .in_compressed = conn->wire_in,
        .out_compressed = conn->wire_out,
        .commands = session->counts.commands,
        .bad_commands = session->counts.bad_commands,
        .login_failures = session->counts.login_failures,
        .messages = session->counts.messages,
    };

    event_log_copy(&session->events, &record->events);
    net_addr_print_host(&session->peer, peer);
    record->peer = span_of_str(peer);
    evidence_fill(session, conn, &record->evidence);
    session->door->describe(session, record);
}

/* "TLSv1.3 TLS_AES_128_GCM_SHA256", or "" */
static struct span
tls_text(const struct session *session, char *dst, size_t cap)
{
    if (!conn_is_tls(&session->conn) || !conn_tls_ready(&session->conn))
        return session_tls_get(session) == SESSION_TLS_PROXY ? SPAN("TLS at the proxy")
                                                             : SPAN("");
    snprintf(dst, cap, "%s %s", tls_conn_version(&session->conn),
             tls_conn_cipher(&session->conn));
    return span_of_str(dst);
}

/* Answers session_ask: the record as it would be now. */
static void
describe(struct session *session)
{
    static const enum end_state states[] = {
        [SESSION_CONNECTED] = STATE_BEFORE_LOGIN,
        [SESSION_AUTHENTICATING] = STATE_BEFORE_LOGIN,
        [SESSION_AUTHENTICATED] = STATE_LOGGED_IN,
        [SESSION_SELECTED] = STATE_SELECTED,
        [SESSION_COMMAND] = STATE_SELECTED,
        [SESSION_IDLE] = STATE_IDLE,
        [SESSION_ENDING] = STATE_LOGGING_OUT,
    };
    char peer[NET_ADDR_TEXT];
    char tls[96];
    struct conn_evidence evidence;
    struct end_record record;

    conn_evidence_get(&session->conn, &evidence);
    record_fill(session, &evidence, tls_text(session, tls, sizeof tls), peer, &record);
    record.evidence.state = states[atomic_load(&session->pub.state)];
    if (record.evidence.state == STATE_SELECTED && session->mailbox_name == NULL)
        record.evidence.state =
            session->account_name == NULL ? STATE_BEFORE_LOGIN : STATE_LOGGED_IN;
    session_answer(session->env->table, &record);
}

void
session_begin_anew(struct session *session)
{
    struct env *env = session->env;
    const uint64_t number = atomic_fetch_add(&env->next_session, 1);
    struct conn_evidence evidence;
    struct end_record record;
    char peer[NET_ADDR_TEXT];
    char tls[96];
    char detail[64];

    snprintf(detail, sizeof detail, "it went on as session %ju", (uintmax_t)number);
    conn_evidence_get(&session->conn, &evidence);
    record_fill(session, &evidence, tls_text(session, tls, sizeof tls), peer, &record);
    record.reason = END_UNAUTHENTICATED;
    record.detail = span_of_str(detail);
    record.evidence.how = HOW_UNKNOWN; /* the connection has not ended */
    record.evidence.state = STATE_LOGGED_IN;
    journal_session_end(env->journal, &record);
    network_left(session);
    session->log.account = NULL; /* the table frees it */
    session_set_mailbox_name(session, SPAN(""));
    session_table_logout(env->table, session, number);
    session->log.session = number;
    session->counts = (struct session_counts){0};
    session->conn.octets_in = session->conn.octets_out = 0;
    session->is_reused = true;
    event_log_clear(&session->events);
    session_event(session, EVENT_CONNECTED);
    session_state_set(session, SESSION_CONNECTED);
    session_identity_changed(session);
}

/* Whether the peer may still be sending and could read why the session ends. False if it asked
 * for the end, or if it is dead. */
static bool
listens(enum end_reason reason)
{
    return reason != END_LOGOUT && reason != END_QUIT && reason != END_REAPED &&
           reason != END_DEAD_PEER;
}

static enum task_next
ending_close(struct session *session)
{
    struct env *env = session->env;
    struct conn_evidence evidence;
    struct end_record record;
    char peer[NET_ADDR_TEXT];
    char tls_name[96];

    const struct span tls = tls_text(session, tls_name, sizeof tls_name);
    if (session->liveness.suspect)
        session_table_suspect(env->table, -1);
    live_clear(env->live, (uint32_t)(session->task.id >> 32));
    session_table_leave(env->table, session);
    task_leave(&session->task);
    conn_part(&session->conn, listens(session->reason) ? env->parting : NULL, &evidence);
    network_gone(session, &evidence);
    record_fill(session, &evidence, tls, peer, &record);
    journal_session_end(env->journal, &record);
    session_free(session);
    return TASK_GONE;
}

static enum task_next
ending_flush(struct session *session)
{
    if (session_flush(session) == RC_AGAIN && session_now_us(session) < session->linger_us) {
        timer_arm(session, session->linger_us);
        return conn_park(&session->conn);
    }
    return ending_close(session);
}

static void
door_greets(struct session *session)
{
    session_line_begins(session);
    session->door->opened(session);
}

/* Begins the dialogue. */
static void
door_open(struct session *session)
{
    session->phase = PHASE_OPEN;
    door_greets(session);
}

static void
goodbye(struct session *session)
{
    if (session->phase == PHASE_TURNED_AWAY)
        door_greets(session); /* so that the door has something to release */
    session->phase = PHASE_RELEASING;
    session->door->goodbye(session);
}

/* If the proxy has not named a client, there is nobody to send a BYE to. */
static enum task_next
ending_release(struct session *session)
{
    if (session->proxied == NULL) {
        if (session->phase != PHASE_RELEASING)
            goodbye(session);
        if (!session->door->release(session))
            return TASK_PARK_WAKE;
    }
    session_let_go(session);
    session->phase = PHASE_FLUSHING;
    /* A peer that does not answer will not read the BYE either, and its place is needed. */
    session->linger_us =
        session_now_us(session) + (session->reason == END_REAPED ? 0 : LIMIT_LINGER_US);
    return ending_flush(session);
}

/* Counts the session for the limits that apply before the dialogue. If one is reached, the
 * session waits for the place of a dead session. False: park until woken. */
static bool
admitted(struct session *session)
{
    const enum end_reason refused = session_table_admit(session->env->table, session);

    if (refused != END_NONE && session->place == NULL)
        session_place_wait(session, refused, 0);
    if (refused != END_NONE && session->place != NULL &&
        session_now_us(session) < session->place->until_us) {
        timer_arm(session, session->place->until_us);
        return false;
    }
    session_place_done(session);
    if (refused != END_NONE) {
        char text[160];
        session_table_limit_text(session, refused, text, sizeof text);
        session_end(session, refused, "%s", text);
    }
    return true;
}

/* Reads the proxy's header, and takes a place if there is one. A session without a place still
 * reads the header, so that the client can be told and the record names it. False: park for
 * input, or the session is ending. */
static bool
introduced(struct session *session)
{
    (void)session_table_admit(session->env->table, session);
    if (proxied_step(session))
        return !session_is_ending(session);
    if (!session_is_ending(session))
        timer_arm(session, proxied_deadline_us(session->proxied));
    return false;
}

/* Does what comes before the dialogue: the proxy's header, and a place. False: park for
 * *next_out, or the session is ending. */
static bool
welcome(struct session *session, enum task_next *next_out)
{
    *next_out = TASK_PARK_WAKE;
    if (session->phase != PHASE_ARRIVED)
        return true;
    if (session->proxied != NULL && !introduced(session)) {
        *next_out = TASK_PARK_INPUT;
        return false;
    }
    if (!admitted(session) || session_is_ending(session))
        return false;
    door_open(session);
    return true;
}

/* The session cannot be handed over. It no longer holds anything of the store, and the client
 * is told to connect again when its turn has come, or at once if it sends something. */
static enum task_next
hold(struct session *session, uint32_t why)
{
    if (session->phase != PHASE_HELD) {
        if (!session->door->release(session))
            return TASK_PARK_WAKE;
        session->phase = PHASE_HELD;
        session_let_go(session);
        session_state_set(session, SESSION_ENDING);
        timer_arm(session, INT64_MAX);
    }
    if ((session->asked & POST_UPGRADE) != 0) {
        asked_end(session);
    } else if ((why & (TASK_WHY_INPUT | TASK_WHY_HANGUP | TASK_WHY_ERROR)) != 0 ||
               conn_has_unread(&session->conn)) {
        const enum rc rc = conn_read(&session->conn);
        if (rc == RC_CLOSED)
            session_end_by_peer(session, MOMENT_BETWEEN);
        else if (rc != RC_AGAIN)
            asked_end(session);
    }
    return session_is_ending(session) ? TASK_YIELD : conn_park(&session->conn);
}

/* Does what was posted for the time between two commands. False: it cannot be done now, or
 * there is nothing to do. True: *next_out says how to park, or is TASK_GONE. */
static bool
asked_go(struct session *session, uint32_t why, enum task_next *next_out)
{
    if (session->asked == 0 || session_is_ending(session) ||
        (session->phase != PHASE_HELD && !session->door->at_rest(session)))
        return false;
    if ((session->asked & POST_SHUTDOWN) != 0) {
        asked_end(session);
        return false;
    }
    if (session->phase != PHASE_HELD && (session->asked & POST_MOVE) != 0) {
        if (conn_wants_write(&session->conn))
            return false; /* its last answer must be sent first */
        if (atomic_load(&session->posts) != 0)
            return false; /* something else was posted just now, and comes first */
        if (!session->env->moving->hold_all && session_move(session)) {
            *next_out = TASK_GONE;
            return true;
        }
    }
    *next_out = hold(session, why);
    return !session_is_ending(session);
}

/* Runs the door. False: the session is ending. True: park for *next_out. */
static bool
door_run(struct session *session, uint32_t why, enum task_next *next_out)
{
    const unsigned thread = work_thread_number();

    atomic_store_explicit(&session->pub.thread, thread, memory_order_relaxed);
    if ((why & TASK_WHY_INPUT) != 0 && log_on(&session->log, LOG_P))
        log_put(&session->log, LOG_E_THREAD, "work thread %x assigned to session", thread);
    if (posts_take(session))
        describe(session);
    if (session_is_ending(session))
        return false;
    if (!welcome(session, next_out))
        return !session_is_ending(session);
    if (asked_go(session, why, next_out))
        return true;
    if (!session_is_ending(session))
        *next_out = session->door->run(session, why);
    if (asked_go(session, 0, next_out))
        return true;
    if (session_is_ending(session))
        return false;
    session_tls_note(session);
    liveness_check(session);
    if (session_is_ending(session))
        return false;
    session_publish(session);
    timer_arm(session, session->deadline_us < session->liveness.look_us
                           ? session->deadline_us
                           : session->liveness.look_us);
    return true;
}

enum task_next
session_run(struct task *task, uint32_t why)
{
    struct session *session = CONTAINER_OF(task, struct session, task);
    enum task_next next = TASK_PARK_WAKE;

    if ((why & TASK_WHY_TIMER) != 0)
        session->timer_s = 0;
    if (!session_is_ending(session) && door_run(session, why, &next))
        return next;
    return session->phase == PHASE_FLUSHING ? ending_flush(session) : ending_release(session);
}

/* ---- beginning ---- */

static enum rc
connect_up(struct conn *conn, const struct arrival *arrival, const struct conn_config *config)
{
    if (arrival->io != NULL)
        return conn_open_io(conn, arrival->io, arrival->io_ctx, config);
    return conn_open(conn, arrival->fd, config);
}

void
session_open(struct env *env, const struct front_door *door, const struct arrival *arrival)
{
    const struct conn_config config = {.in_max = door->in_max,
                                       .out_max = LIMIT_OUTPUT_MAX,
                                       .clock = env->clock,
                                       .tls = arrival->by_proxy ? NULL : arrival->tls};
    const struct settings *settings = env_settings(env);
    if (arrival->io == NULL && session_table_is_crowded(env->table, env, door)) {
        /* keeping it would take a descriptor that other peers need to get an answer */
        close(arrival->fd);
        return;
    }
    struct session *session =
        session_new(env, door, arrival->peer, atomic_fetch_add(&env->next_session, 1));
    struct err err = {.rc = RC_OK};

    if (session != NULL && arrival->by_proxy)
        session->proxied = proxied_new(session, arrival->tls);
    if (session == NULL || (arrival->by_proxy && session->proxied == NULL) ||
        connect_up(&session->conn, arrival, &config) != RC_OK) {
        session_free(session);
        if (arrival->io == NULL)
            /* not even memory for this: the peer sees FIN, and the listener's log says why */
            close(arrival->fd);
        return;
    }
    session_tls_set(session, config.tls == NULL ? SESSION_TLS_NONE : SESSION_TLS_BEGUN);
    session->by_proxy = arrival->by_proxy;
    if (task_enter(env->poller, &session->task, session->conn.fd, session_run, &err) != RC_OK) {
        log_put(&session->log, LOG_E_SERVER_FAILED, "%s", err.text);
        conn_close(&session->conn, NULL);
        session_free(session);
        return;
    }
    atomic_fetch_add(&env->busy, 1);
    if (settings->idle_dead_after_s > 0)
        conn_set_dead_after(&session->conn, settings->idle_dead_after_s * 1000);
    session_event(session, EVENT_CONNECTED);
    session_table_enter(env->table, session);
    session_live_row(session);
    session_publish(session);
    task_begin(&session->task);
}
