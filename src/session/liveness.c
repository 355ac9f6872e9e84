/* SPDX-License-Identifier: MIT */
/* See the diagram in the header; each of its arrows is a function here. */
#include "session/liveness.h"

#include "base/limits.h"
#include "session/networks.h"
#include "session/session.h"
#include "session/table.h"

static int64_t
suspect_after_us(const struct session *session)
{
    return (int64_t)env_settings(session->env)->idle_suspect_after_s * 1000000;
}

static int64_t
shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void
liveness_init(struct liveness *liveness)
{
    *liveness = (struct liveness){.look_us = INT64_MAX};
}

/* ---- acknowledged ---- */

static void
suspect_set(struct session *session, bool suspect)
{
    session->liveness.suspect = suspect;
    atomic_store_explicit(&session->pub.suspect, suspect, memory_order_relaxed);
    session_table_suspect(session->env->table, suspect ? 1 : -1);
}

static void
note_acknowledged(struct session *session, int64_t took_us)
{
    const uint64_t at_ms =
        (uint64_t)(session->liveness.line_us + took_us - session->opened_us) / 1000;

    event_note_keepalive(event_log_room(&session->events), EVENT_ACKNOWLEDGED, at_ms)->a =
        (uint32_t)(took_us / 1000);
}

/* Notes that the peer was there at at_us, which is later than the line. */
static void
acknowledged(struct session *session, int64_t at_us)
{
    struct liveness *l = &session->liveness;
    const int64_t took_us = at_us - l->line_us;

    atomic_store_explicit(&session->pub.acked_us, at_us, memory_order_relaxed);
    if (l->keepalive)
        note_acknowledged(session, took_us);
    if (l->suspect) {
        suspect_set(session, false);
        log_put(&session->log, LOG_E_ACKNOWLEDGED, "answers again: acknowledged after %jd s",
                (intmax_t)(took_us / 1000000));
    }
    network_kept(session);
    liveness_init(l);
}

/* ---- sending ---- */

/* Whether the peer has sent something after the line, so that the kernel need not be asked. */
static bool
has_spoken(struct session *session)
{
    const struct liveness *l = &session->liveness;

    if (l->line_us == 0 || session->conn.last_in_us <= l->line_us)
        return false;
    acknowledged(session, session->conn.last_in_us);
    return true;
}

void
liveness_sending(struct session *session)
{
    struct liveness *l = &session->liveness;
    const struct conn *conn = &session->conn;

    has_spoken(session);
    if (l->line_us != 0)
        return;
    const int64_t now_us = session_now_us(session);
    l->line_us = now_us;
    l->silence_s =
        (uint32_t)((now_us - later(conn->last_in_us, conn->last_out_us) + 500000) / 1000000);
    l->look_us = now_us + suspect_after_us(session);
}

/* ---- looking ---- */

static void
become_suspect(struct session *session, int64_t octets)
{
    const int64_t since_us = session_now_us(session) - session->liveness.line_us;

    suspect_set(session, true);
    network_suspect(session);
    session_event(session, EVENT_SUSPECT)->b = (uint32_t)octets;
    log_put(&session->log, LOG_E_SUSPECT, "suspect: %jd octets unacknowledged for %jd s",
            (intmax_t)octets, (intmax_t)(since_us / 1000000));
}

static void
look(struct session *session)
{
    struct liveness *l = &session->liveness;
    const int64_t now_us = session_now_us(session);
    const int64_t octets = conn_unacked(&session->conn);
    const int64_t after_us = suspect_after_us(session);

    if (octets < 0) { /* this connection cannot tell */
        liveness_init(l);
        return;
    }
    const int64_t ack_us = conn_last_ack_us(&session->conn);
    if (octets == 0 || ack_us > l->line_us) {
        const int64_t more_us = octets == 0 ? 0 : ack_us;
        acknowledged(session, ack_us > l->line_us ? ack_us : now_us);
        if (more_us == 0)
            return;
        /* The peer answers although more is unacknowledged: it reads slowly, or another line
         * was sent. */
        l->line_us = more_us;
        l->look_us = more_us + after_us;
        return;
    }
    if (!l->suspect && now_us - l->line_us >= after_us)
        become_suspect(session, octets);
    if (l->probed) {
        l->probed = false;
        if (session_place_is_needed(session)) {
            session_end(session, END_REAPED, "%jd octets unacknowledged for %jd s",
                        (intmax_t)octets, (intmax_t)((now_us - l->line_us) / 1000000));
            return;
        }
    }
    l->look_us = l->suspect ? now_us + later(after_us / 2, 1000000) : l->line_us + after_us;
}

bool
liveness_keepalive(struct session *session)
{
    struct liveness *l = &session->liveness;

    if (!has_spoken(session) && l->line_us != 0)
        look(session);
    if (l->line_us != 0)
        return false;
    liveness_sending(session);
    l->keepalive = true;
    l->look_us = l->line_us + shorter(LIMIT_ACK_LOOK_US, suspect_after_us(session));
    const uint64_t at_ms = (uint64_t)(l->line_us - session->opened_us) / 1000;
    event_note_keepalive(event_log_room(&session->events), EVENT_KEEPALIVE, at_ms)->a =
        l->silence_s;
    session->counts.keepalives++;
    log_put(&session->log, LOG_E_KEEPALIVE, "keepalive sent after %u s", l->silence_s);
    return true;
}

void
liveness_check(struct session *session)
{
    if (!has_spoken(session) && session_now_us(session) >= session->liveness.look_us)
        look(session);
}

void
liveness_probe(struct session *session)
{
    struct liveness *l = &session->liveness;

    if (!has_spoken(session) && l->line_us != 0)
        look(session);
    if (!l->suspect || l->probed)
        return;
    if (session->door->probe != NULL)
        session->door->probe(session);
    l->probed = true;
    l->look_us = session_now_us(session) + LIMIT_PROBE_US;
}
