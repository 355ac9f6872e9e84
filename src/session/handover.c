/* SPDX-License-Identifier: MIT */
/*
 * Packs what all sessions have; adopt.c unpacks it. The front doors append their own state.
 * Times are those of CLOCK_MONOTONIC, which both processes share.
 */
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

void
moving_init(struct moving *moving)
{
    *moving = (struct moving){.count = 0};
    lock_init(&moving->lock, LOCK_LEAF);
    list_init(&moving->list);
}

void
moving_done(struct moving *moving)
{
    struct list *node;

    while ((node = list_pop_front(&moving->list)) != NULL) {
        struct moved *moved = CONTAINER_OF(node, struct moved, link);
        close(moved->fd);
        free(moved);
    }
    lock_done(&moving->lock);
}

size_t
moving_count(struct moving *moving)
{
    lock_enter(&moving->lock);
    const size_t count = moving->count;
    lock_leave(&moving->lock);
    return count;
}

/* ---- packing ---- */

static void
pack_peer(const struct net_addr *peer, struct buf *out)
{
    pack_u8(out, peer->family);
    pack_u32(out, peer->port);
    pack_u32(out, peer->scope);
    /* or pid and uid, which are valid on the same machine */
    pack_span(out, span_of(peer->ip, sizeof peer->ip));
}

static void
pack_ring(const struct event_ring *ring, struct buf *out)
{
    const uint32_t kept = ring->count < LIMIT_EVENT_RING ? ring->count : LIMIT_EVENT_RING;

    pack_u32(out, ring->count);
    for (uint32_t i = 0; i < kept; i++) {
        const struct event *event = event_ring_get(ring, i);
        pack_u64(out, event_at_ms(event));
        pack_u8(out, event->kind);
        pack_u8(out, event->code);
        pack_u8(out, event->outcome);
        pack_u32(out, event->a);
        pack_u32(out, event->b);
    }
}

/* False: a value cannot be packed. */
static bool
pack_common(struct session *session, struct buf *out)
{
    const struct session_counts *counts = &session->counts;
    const struct liveness *liveness = &session->liveness;
    const struct conn *conn = &session->conn;

    pack_u8(out, (uint8_t)session->door->service);
    pack_u64(out, session->number);
    pack_peer(&session->peer, out);
    pack_u8(out, session_is_private(session)); /* TLS may end at its proxy: see session_move */
    pack_i64(out, session->opened_us);
    pack_i64(out, session->opened_wall_us);
    pack_u64(out, session->account_id);
    pack_u8(out, session->credential);
    pack_u32(out, session->app_password);
    pack_span(out, span_of_str(session->account_name));
    pack_span(out, span_of_str(session->client_id));
    /* numbers may differ in another table */
    pack_span(out, session_client_rule(session)->label);
    pack_span(out, span_of_str(session->mailbox_name));
    pack_u32(out, counts->commands);
    pack_u32(out, counts->bad_commands);
    pack_u32(out, counts->login_failures);
    pack_u32(out, counts->messages);
    pack_u32(out, counts->keepalives);
    pack_u64(out, conn->octets_in);
    pack_u64(out, conn->octets_out);
    pack_i64(out, conn->last_in_us);
    pack_i64(out, conn->last_out_us);
    pack_i64(out, liveness->line_us);
    pack_u32(out, liveness->silence_s);
    pack_u8(out, liveness->keepalive);
    pack_i64(out, atomic_load_explicit(&session->pub.acked_us, memory_order_relaxed));
    pack_u8(out, session->by_proxy);
    pack_u8(out, session->is_reused);
    pack_u32(out, session->keepalive_s);
    pack_ring(session->events.ring, out);
    return conn_deflate_pack(&session->conn, out);
}

/* Puts it where the main thread will find it. */
static void
moved_add(struct moving *moving, struct moved *moved)
{
    lock_enter(&moving->lock);
    list_push_back(&moving->list, &moved->link);
    moving->count++;
    lock_leave(&moving->lock);
}

bool
session_move(struct session *session)
{
    struct env *env = session->env;
    AUTO_BUF out = {0};

    if (conn_is_tls(&session->conn) || session->conn.end != CONN_OPEN || session->conn.fd < 0 ||
        conn_wants_write(&session->conn))
        return false;
    buf_init(&out, HANDOVER_SESSION_MAX);
    if (!pack_common(session, &out) || !session->door->pack(session, &out) || !buf_ok(&out))
        return false;
    struct moved *moved = malloc(sizeof *moved + buf_len(&out));
    if (moved == NULL)
        return false;
    list_init(&moved->link);
    moved->octets = buf_len(&out);
    memcpy(moved->packed, buf_span(&out).ptr, moved->octets);
    moved->live_slot = (uint32_t)(session->task.id >> 32);
    if (!session->door->release(session)) { /* at rest, there is nothing to wait for */
        free(moved);
        return false;
    }
    if (session->liveness.suspect)
        session_table_suspect(env->table, -1);
    log_put(&session->log, LOG_E_HANDED_OVER, "handed to another process");
    session_table_leave(env->table, session);
    task_leave(&session->task);
    buf_clear(&session->conn.in); /* it is packed */
    moved->fd = conn_take_fd(&session->conn);
    CHECK(moved->fd >= 0);
    moved_add(env->moving, moved);
    session_let_go(session);
    session_free(session);
    return true;
}
