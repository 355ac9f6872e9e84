/* SPDX-License-Identifier: MIT */
/* A session that another process has packed continues here; see handover.h. */
#include "session/handover.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"
#include "journal/live.h"
#include "net/conn_deflate.h"
#include "session/session_private.h"
#include "session/table.h"

enum { NAME_MAX_OCTETS = 1000 }; /* for the name of an account, a mailbox or a client */

static const int64_t wall_max_us = INT64_C(253402300800) * 1000000; /* the end of year 9999 */

static void
unpack_peer(struct unpack *in, struct net_addr *peer)
{
    *peer = (struct net_addr){.family = unpack_u8(in)};
    in->failed |= peer->family > NET_UNIX;
    peer->port = (uint16_t)unpack_u32(in, UINT16_MAX);
    peer->scope = unpack_u32(in, UINT32_MAX);
    const struct span ip = unpack_span(in, sizeof peer->ip);
    in->failed |= ip.len != sizeof peer->ip;
    if (!in->failed)
        memcpy(peer->ip, ip.ptr, ip.len);
}

static void
unpack_ring(struct unpack *in, struct event_log *log)
{
    const uint32_t count = unpack_u32(in, UINT32_MAX);
    const uint32_t kept = count < LIMIT_EVENT_RING ? count : LIMIT_EVENT_RING;

    if (count > LIMIT_EVENT_RING) { /* the ring is full, so it needs all of its room */
        for (uint32_t i = 0; i < LIMIT_EVENT_RING; i++)
            event_note(event_log_room(log), EVENT_NONE, 0);
        in->failed |= log->room != LIMIT_EVENT_RING; /* no memory */
        log->ring->count = count - kept;
    }
    for (uint32_t i = 0; i < kept && !in->failed; i++) {
        const uint64_t at_ms = unpack_u64(in);
        const uint8_t kind = unpack_u8(in);
        const uint8_t code = unpack_u8(in);
        const uint8_t outcome = unpack_u8(in);
        in->failed |= kind >= EVENT_KIND_COUNT || outcome > EVENT_BAD || at_ms >> 40 != 0;
        struct event *event =
            event_note(event_log_room(log), in->failed ? EVENT_NONE : kind, at_ms);
        event->code = code;
        event->outcome = outcome;
        event->a = unpack_u32(in, UINT32_MAX);
        event->b = unpack_u32(in, UINT32_MAX);
    }
}

static char *
unpack_string(struct unpack *in)
{
    const struct span text = unpack_text(in, NAME_MAX_OCTETS);

    if (text.len == 0)
        return NULL;
    char *copy = strndup(text.ptr, text.len);
    in->failed |= copy == NULL;
    return copy;
}

/* Unpacks what follows service, number and peer. */
static void
unpack_common(struct session *session, struct unpack *in)
{
    struct session_counts *counts = &session->counts;
    struct liveness *liveness = &session->liveness;
    struct conn *conn = &session->conn;
    const int64_t now_us = session_now_us(session);

    session->phase = PHASE_OPEN;
    session_tls_set(session, unpack_bool(in) ? SESSION_TLS_PROXY : SESSION_TLS_NONE);
    session->opened_us = unpack_time(in, now_us);
    session->opened_wall_us = unpack_time(in, wall_max_us);
    session->account_id = unpack_u64(in);
    session->credential = unpack_u8(in);
    session->app_password = unpack_u32(in, UINT32_MAX);
    in->failed |=
        session->credential >= CREDENTIAL_COUNT ||
        (session->credential == CREDENTIAL_APP_PASSWORD) != (session->app_password != 0);
    session->account_name = unpack_string(in);
    session->client_id = unpack_string(in);
    session->client_rule = client_rule_labelled(unpack_text(in, NAME_MAX_OCTETS));
    session->mailbox_name = unpack_string(in);
    /* A refused login leaves a name without an account, for the record. */
    in->failed |= session->account_id != 0 && session->account_name == NULL;
    counts->commands = unpack_u32(in, UINT32_MAX);
    counts->bad_commands = unpack_u32(in, UINT32_MAX);
    counts->login_failures = unpack_u32(in, UINT32_MAX);
    counts->messages = unpack_u32(in, UINT32_MAX);
    counts->keepalives = unpack_u32(in, UINT32_MAX);
    conn->octets_in = unpack_u64(in);
    conn->octets_out = unpack_u64(in);
    conn->last_in_us = unpack_time(in, now_us);
    conn->last_out_us = unpack_time(in, now_us);
    liveness->line_us = unpack_time(in, now_us);
    liveness->silence_s = unpack_u32(in, UINT32_MAX);
    liveness->keepalive = unpack_bool(in);
    if (liveness->line_us != 0)
        liveness->look_us = conn->last_out_us; /* look at once: time has passed */
    atomic_store(&session->pub.acked_us, unpack_time(in, now_us));
    session->by_proxy = unpack_bool(in);
    session->is_reused = unpack_bool(in);
    session->keepalive_s = unpack_u32(in, UINT32_MAX);
    unpack_ring(in, &session->events);
    in->failed |= !conn_deflate_unpack(conn, in);
    atomic_store(&session->pub.compressed, conn_is_compressed(conn));
}

/* Takes fd, and enters the poller and the table. */
static enum rc
enter(struct session *session, int fd, struct err *err)
{
    struct env *env = session->env;
    enum rc rc = task_enter(env->poller, &session->task, fd, session_run, err);

    if (rc != RC_OK)
        return rc;
    session->conn.fd = fd;
    rc = session_table_adopt(env->table, session);
    if (rc != RC_OK) {
        session->conn.fd = -1;
        task_leave(&session->task);
        return err_set(err, rc, 0, "no memory for a session");
    }
    const uint32_t dead_after_s = env_settings(env)->idle_dead_after_s;
    if (dead_after_s > 0)
        conn_set_dead_after(&session->conn, dead_after_s * 1000);
    atomic_fetch_add(&env->busy, 1);
    session->log.account = session->account_name;
    log_scope_changed(&session->log);
    session_live_row(session);
    session_publish(session);
    return RC_OK;
}

static const struct front_door *
door_of(const struct front_door *const *doors, uint8_t service)
{
    for (; *doors != NULL; doors++)
        if ((*doors)->service == (enum log_service)service)
            return *doors;
    return NULL;
}

enum rc
session_adopt(struct env *env, const struct front_door *const *doors, int fd,
              struct span packed, struct session **session_out, struct err *err)
{
    struct unpack in = {.rest = packed};
    struct net_addr peer;

    const struct front_door *door = door_of(doors, unpack_u8(&in));
    const uint64_t number = unpack_u64(&in);
    unpack_peer(&in, &peer);
    if (door == NULL || in.failed || number == 0)
        return err_set(err, RC_INVALID, 0, "these octets say no session");
    const struct conn_config config = {
        .in_max = door->in_max, .out_max = LIMIT_OUTPUT_MAX, .clock = env->clock};
    struct session *session = session_new(env, door, &peer, number);
    if (session == NULL || conn_open(&session->conn, -1, &config) != RC_OK) {
        session_free(session);
        return err_set(err, RC_LIMIT, 0, "no memory for a session");
    }
    unpack_common(session, &in);
    const bool unpacked = door->unpack(session, &in) && unpack_whole(&in);
    const enum rc rc = unpacked ? enter(session, fd, err)
                                : err_set(err, RC_INVALID, 0, "these octets say no session");
    if (rc != RC_OK) {
        const bool released = door->release(session);
        CHECK(released); /* it has done nothing yet, so it can be released */
        conn_close(&session->conn, NULL);
        session_free(session);
        return rc;
    }
    *session_out = session;
    return RC_OK;
}

void
session_adopted_begin(struct session *session)
{
    task_begin(&session->task);
}

void
session_adopted_drop(struct session *session)
{
    struct env *env = session->env;
    const bool released = session->door->release(session);

    CHECK(released);
    live_clear(env->live, (uint32_t)(session->task.id >> 32));
    session_table_leave(env->table, session);
    task_leave(&session->task);
    buf_clear(&session->conn.in);
    const int fd = conn_take_fd(&session->conn);
    if (fd >= 0)
        close(fd);
    session_let_go(session);
    session_free(session);
}
