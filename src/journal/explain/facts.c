/* SPDX-License-Identifier: MIT */
/* Works out the facts about an end and tells them; see the header. Pure, any thread. */
#include "journal/explain/facts.h"

#include "journal/explain/words.h"

enum {
    /* what happens this soon after the beginning of a silence is not a sign of life after it */
    LIFE_STEP_MS = 1000,
    PEER_SHOWN = 64,
    /* a connection that waited this long to be accepted: not an ordinary delay */
    STALLED_ACCEPT_MS = 1000,
    /* a command before login that waited this long for its answer; a hash takes less */
    STALLED_COMMAND_MS = 5000,
};

bool
verdict_is_network_end(const struct end_record *record)
{
    return record->reason == END_DEAD_PEER || record->reason == END_REAPED ||
           record->reason == END_RESET || record->reason == END_UNREACHABLE ||
           (record->reason != END_SLOW_READER && record->evidence.how == HOW_ACK_TIMEOUT);
}

bool
verdict_same_client(struct span id_a, struct span peer_a, struct span id_b, struct span peer_b)
{
    if (id_a.len > 0 || id_b.len > 0)
        return span_eq(id_a, id_b);
    return span_eq(peer_a, peer_b);
}

/* ---- silence ---- */

static bool
is_line_out(const struct event *event)
{
    return event->kind == EVENT_KEEPALIVE || event->kind == EVENT_PUSH;
}

/* Wall time of the last sign of life: an octet, or an acknowledgement. */
static int64_t
life_ms(const struct end_record *r)
{
    const struct end_evidence *e = &r->evidence;
    int64_t ago_ms = INT64_MAX;

    if (e->how == HOW_CRASH)
        return r->end_ms;
    if (e->since_in_ms >= 0)
        ago_ms = e->since_in_ms;
    if (e->since_alive_ms >= 0 && e->since_alive_ms < ago_ms)
        ago_ms = e->since_alive_ms;
    if (e->since_ack_ms > 0 && e->since_ack_ms < ago_ms)
        ago_ms = e->since_ack_ms;
    if (ago_ms > r->end_ms - r->start_ms)
        return r->start_ms;
    return r->end_ms - ago_ms;
}

int64_t
verdict_silence_ms(const struct end_record *record)
{
    const struct end_evidence *e = &record->evidence;
    const int64_t alive_ms = life_ms(record) - record->start_ms;
    const struct event *event;

    if (e->how == HOW_CRASH || e->since_in_ms < 0)
        return -1;
    if (!verdict_is_network_end(record))
        return e->since_out_ms < e->since_in_ms ? e->since_out_ms : e->since_in_ms;
    /* The first line after the last sign of life is the one that was never acknowledged. */
    for (uint32_t i = 0; (event = event_ring_get(&record->events, i)) != NULL; i++) {
        const int64_t at_ms = (int64_t)event_at_ms(event);
        if (is_line_out(event) && at_ms > alive_ms + LIFE_STEP_MS)
            return at_ms - alive_ms;
    }
    const int64_t silent_ms = record->end_ms - life_ms(record);
    return silent_ms > e->since_out_ms ? silent_ms - e->since_out_ms : silent_ms;
}

/* ---- a server that was too busy ---- */

int64_t
verdict_stalled_ms(const struct end_record *record)
{
    const struct end_evidence *e = &record->evidence;
    const int64_t lasted_ms = record->end_ms - record->start_ms;

    /* A greeting that comes too late is answered with a reset, which may be noticed before the
     * close. */
    if (record->reason != END_CLOSED_BEFORE_LOGIN &&
        (record->reason != END_RESET || e->state != STATE_BEFORE_LOGIN))
        return -1;
    /* It sent a command and got no answer. */
    if (e->command != 0 && e->since_in_ms >= STALLED_COMMAND_MS &&
        e->since_out_ms >= e->since_in_ms)
        return e->since_in_ms;
    /* The kernel knew the connection, or had its octets, before we took it. */
    const int64_t known_ms =
        e->since_data_ms > e->since_ack_ms ? e->since_data_ms : e->since_ack_ms;
    return known_ms - lasted_ms >= STALLED_ACCEPT_MS ? known_ms - lasted_ms : -1;
}

/* ---- who came back ---- */

static bool
is_same_client(const struct end_record *r, const struct verdict_near *near)
{
    return near->session != r->session &&
           verdict_same_client(r->client_id, r->peer, near->client_id, near->peer);
}

/* Whether that address had a session of this client before the silence. If so, what comes from
 * there is another device of the same kind. */
static bool
was_there_before(const struct facts *f, struct span peer)
{
    for (size_t i = 0; i < f->c->near_count; i++) {
        const struct verdict_near *near = &f->c->near[i];
        if (is_same_client(f->r, near) && near->start_ms < f->silent_from_ms &&
            near->end_ms > f->r->start_ms && span_eq(near->peer, peer))
            return true;
    }
    return false;
}

static void
back_find(struct facts *f)
{
    const struct end_record *r = f->r;
    char here[WORDS_NETWORK];
    char there[WORDS_NETWORK];

    for (size_t i = 0; i < f->c->near_count; i++) {
        const struct verdict_near *near = &f->c->near[i];
        const bool address = span_eq(near->peer, r->peer);
        if (!is_same_client(r, near))
            continue;
        if (near->start_ms <= f->silent_from_ms) {
            if (address && near->last_in_ms > f->silent_from_ms + LIFE_STEP_MS &&
                near->last_in_ms <= r->end_ms)
                f->worked = near;
            continue;
        }
        if (near->start_ms > r->end_ms + BACK_WITHIN_MS)
            return;
        if (f->back != NULL || (!address && was_there_before(f, near->peer)))
            continue;
        words_network(r->peer, here);
        words_network(near->peer, there);
        f->back = near;
        f->back_same_address = address;
        f->back_same_network = strcmp(here, there) == 0;
        f->back_before_end = near->start_ms <= r->end_ms;
    }
}

/* ---- IDLE ---- */

static void
idle_find(struct facts *f)
{
    const struct event *event;
    int64_t begun_ms = -1;
    int64_t end_ms = f->r->end_ms - f->r->start_ms;

    for (uint32_t i = 0; (event = event_ring_get(&f->r->events, i)) != NULL; i++) {
        if (event->kind == EVENT_IDLE_BEGIN) {
            f->done_before = f->done_before || (f->idle_ms >= 0 && f->idle_done);
            begun_ms = (int64_t)event_at_ms(event);
            f->idle_ms = end_ms - begun_ms;
            f->idle_done = false;
        } else if (event->kind == EVENT_IDLE_END) {
            f->idle_ms = begun_ms >= 0 ? (int64_t)event_at_ms(event) - begun_ms
                                       : (int64_t)event->a * 1000;
            f->idle_done = event->outcome == EVENT_OK;
            begun_ms = -1;
        }
    }
}

static bool
is_suspect(const struct facts *f)
{
    const struct event *event;

    for (uint32_t i = 0; (event = event_ring_get(&f->r->events, i)) != NULL; i++)
        if (event->kind == EVENT_SUSPECT &&
            f->r->start_ms + (int64_t)event_at_ms(event) > f->silent_from_ms)
            return true;
    return false;
}

void
facts_find(const struct verdict_case *c, struct facts *out)
{
    *out = (struct facts){.c = c, .r = c->record, .idle_ms = -1};
    out->silent_from_ms = life_ms(c->record);
    out->silence_ms = verdict_silence_ms(c->record);
    out->suspect = is_suspect(out);
    idle_find(out);
    back_find(out);
}

/* ---- telling ---- */

static void
tell_doing(const struct facts *f, struct buf *buf)
{
    const struct end_evidence *e = &f->r->evidence;

    switch (e->state) {
    case STATE_IDLE:
        buf_put_lit(buf, "In IDLE");
        break;
    case STATE_SELECTED:
        buf_put_lit(buf, "A mailbox was selected");
        break;
    case STATE_LOGGED_IN:
        buf_put_lit(buf, "Logged in, no mailbox selected");
        break;
    case STATE_LOGGING_OUT:
        buf_put_lit(buf, "Logged out");
        break;
    default:
        buf_put_str(buf, f->r->account.len > 0 ? "Logged in" : "Not logged in");
        break;
    }
    if (e->state == STATE_IDLE && f->idle_ms >= 0) {
        buf_put_lit(buf, " for ");
        words_duration(buf, f->idle_ms);
        if (f->r->reason != END_NONE && !f->idle_done)
            buf_put_lit(buf, "; DONE never came");
    } else if (e->command != 0) {
        buf_printf(buf, "; the command %s was running", event_command_name(e->command));
    }
    buf_put_lit(buf, ".\n");
}

static void
put_when(struct buf *buf, int64_t ms, bool is_open)
{
    if (ms < 1000) {
        buf_put_str(buf, is_open ? "just now" : "at the end");
        return;
    }
    words_duration(buf, ms);
    buf_put_str(buf, is_open ? " ago" : " before the end");
}

static void
tell_octets(const struct facts *f, struct buf *buf)
{
    const struct end_evidence *e = &f->r->evidence;
    const bool is_open = f->r->reason == END_NONE;

    if (e->since_in_ms < 0) {
        buf_put_lit(buf, "The client never sent an octet.\n");
        return;
    }
    buf_put_lit(buf, "Last octet from the client ");
    put_when(buf, e->since_in_ms, is_open);
    buf_put_lit(buf, ", last octet to it ");
    put_when(buf, e->since_out_ms, is_open);
    buf_put_lit(buf, ".\n");
    /* Octets of a BYE that is still on its way prove nothing. */
    if (e->unacked_octets > 0 &&
        (is_open || verdict_is_network_end(f->r) || f->r->reason == END_SLOW_READER))
        buf_printf(buf, "%lld octet%s sent to it %s not acknowledged.\n",
                   (long long)e->unacked_octets, e->unacked_octets == 1 ? "" : "s",
                   e->unacked_octets == 1 ? "was" : "were");
}

static void
tell_keepalives(const struct facts *f, struct buf *buf)
{
    const struct end_evidence *e = &f->r->evidence;

    if (e->keepalives == 0)
        return;
    buf_printf(buf, "%u keepalive%s sent", e->keepalives,
               e->keepalives == 1 ? " was" : "s were");
    if (e->since_alive_ms >= 0) {
        buf_put_lit(buf, "; the last acknowledgement of a line was seen ");
        put_when(buf, e->since_alive_ms, f->r->reason == END_NONE);
    }
    buf_put_lit(buf, ".\n");
}

static void
tell_back(const struct facts *f, struct buf *buf)
{
    const struct verdict_near *near = f->back;

    if (f->worked != NULL)
        buf_printf(buf,
                   "During the silence, the same client was active in session %llu from the "
                   "same address.\n",
                   (unsigned long long)f->worked->session);
    if (near == NULL || end_reason_info(f->r->reason)->who == END_BY_ADMIN)
        return;
    buf_put_lit(buf, "The same client connected again ");
    words_duration(buf, near->start_ms - f->silent_from_ms);
    buf_put_lit(buf, " after it was last heard here, from ");
    if (f->back_same_address)
        buf_put_lit(buf, "the same address");
    else
        words_peer(buf, near->peer, PEER_SHOWN);
    buf_printf(buf, " (session %llu).\n", (unsigned long long)near->session);
}

void
facts_tell(const struct facts *f, struct buf *buf)
{
    const struct end_record *r = f->r;

    tell_doing(f, buf);
    if (r->evidence.how != HOW_CRASH) {
        tell_octets(f, buf);
        tell_keepalives(f, buf);
        if (r->reason != END_NONE && r->reason != END_UNAUTHENTICATED) {
            const char *how = words_how(r->evidence.how);
            buf_printf(buf, "%c%s.\n", how[0] >= 'a' && how[0] <= 'z' ? how[0] - 32 : how[0],
                       how + 1);
        }
        const size_t before = buf_len(buf);
        words_tcp(buf, &r->evidence, r->reason == END_NONE);
        if (buf_len(buf) > before)
            buf_put_lit(buf, ".\n");
    }
    tell_back(f, buf);
    if (r->detail.len > 0 && r->reason != END_KICKED) {
        buf_put_lit(buf, "Detail recorded at the end: ");
        words_peer(buf, r->detail, 300);
        buf_put_lit(buf, "\n");
    }
}
