/* SPDX-License-Identifier: MIT */
/* Events in words; see the header. Pure, any thread. */
#include "journal/explain/timeline.h"

#include "journal/explain/words.h"

enum { LINE_OCTETS = 600, TEXT_SHOWN = 200 };

struct maker {
    const struct end_record *r;
    struct arena *arena;
    struct timeline_line *lines;
    size_t count;
    bool failed;
};

static const struct event *
event_at(const struct maker *m, uint32_t index)
{
    return event_ring_get(&m->r->events, index);
}

static int64_t
wall_ms(const struct maker *m, const struct event *event)
{
    return m->r->start_ms + (int64_t)event_at_ms(event);
}

static void
add(struct maker *m, int64_t at_ms, const char *kind, const struct buf *text)
{
    char *copy = arena_str(m->arena, buf_span(text));

    if (copy == NULL || m->count >= TIMELINE_MAX)
        m->failed = true;
    else
        m->lines[m->count++] = (struct timeline_line){at_ms, kind, copy};
}

/* ---- one event ---- */

static void
put_command(const struct event *event, struct buf *text)
{
    static const char *const outcomes[] = {"", ": OK", ": NO", ": BAD"};

    buf_put_str(text, event->code == 0 ? "a command" : event_command_name(event->code));
    if (event->outcome < ARRAY_LEN(outcomes))
        buf_put_str(text, outcomes[event->outcome]);
    if (event->a >= 1000) {
        buf_put_lit(text, ", took ");
        words_duration(text, event->a);
    }
    if (event->b > 0)
        buf_printf(text, ", %u octets", event->b);
}

static void
put_connected(const struct maker *m, struct buf *text)
{
    buf_put_lit(text, "connected from ");
    words_peer(text, m->r->peer, TEXT_SHOWN);
    if (m->r->peer_port != 0)
        buf_printf(text, " port %u", m->r->peer_port);
}

static void
put_text(struct buf *text, const char *before, struct span value)
{
    buf_put_str(text, before);
    if (value.len == 0)
        return;
    buf_put_lit(text, ": ");
    words_peer(text, value, TEXT_SHOWN);
}

/* Length of the IDLE that ends at index. The event itself has only whole seconds. */
static int64_t
idle_ms(const struct maker *m, uint32_t index)
{
    const struct event *end = event_at(m, index);

    while (index-- > 0)
        if (event_at(m, index)->kind == EVENT_IDLE_BEGIN)
            return (int64_t)event_at_ms(end) - (int64_t)event_at_ms(event_at(m, index));
    return (int64_t)end->a * 1000;
}

/* Events that only have a number. False: not shown. */
static bool
put_number(const struct maker *m, uint32_t index, struct buf *text)
{
    const struct event *event = event_at(m, index);

    switch (event->kind) {
    case EVENT_LOGIN_FAILED:
        buf_put_lit(text, "a login failed");
        return true;
    case EVENT_LITERAL:
        buf_printf(text, "sent a literal of %u octets", event->b);
        return true;
    case EVENT_IDLE_END:
        buf_put_str(text, event->outcome == EVENT_OK ? "DONE: IDLE ended after "
                                                     : "IDLE ended without DONE after ");
        words_duration(text, idle_ms(m, index));
        return true;
    case EVENT_SUSPECT:
        buf_printf(text, "suspect: %u octets have not been acknowledged", event->b);
        return true;
    case EVENT_PUSH:
        buf_put_lit(text, "notified of a change");
        if (event->a > 0)
            buf_printf(text, ": now %u message%s", event->a, event->a == 1 ? "" : "s");
        return true;
    case EVENT_BLOCKED:
        buf_printf(text, "waiting for the client to read, %u octets queued", event->b);
        return true;
    case EVENT_UNBLOCKED:
        buf_put_lit(text, "the client read on after ");
        words_duration(text, event->a);
        return true;
    case EVENT_MESSAGE:
        buf_printf(text, "a message of %u octets for %u recipient%s", event->b, event->a,
                   event->a == 1 ? "" : "s");
        return true;
    default:
        return false;
    }
}

static void
put_login(const struct maker *m, const struct event *event, struct buf *text)
{
    put_text(text, "logged in", m->r->account);
    if (event_login_name(event->code)[0] != '\0')
        buf_printf(text, " by %s", event_login_name(event->code));
    if (event->b != 0)
        buf_printf(text, " with application password number %u", event->b);
}

static void
put_tls(const struct maker *m, const struct event *event, struct buf *text)
{
    buf_put_lit(text, "TLS is on");
    if (m->r->tls.len > 0) {
        buf_put_lit(text, ": ");
        words_peer(text, m->r->tls, TEXT_SHOWN);
    }
    if (event->a > 0) {
        buf_put_lit(text, ", after ");
        words_duration(text, event->a);
    }
}

static void
add_event(struct maker *m, uint32_t index)
{
    const struct event *event = event_at(m, index);
    AUTO_BUF text = {0};

    buf_init(&text, LINE_OCTETS);
    switch (event->kind) {
    case EVENT_CONNECTED:
        put_connected(m, &text);
        break;
    case EVENT_TLS:
        put_tls(m, event, &text);
        break;
    case EVENT_LOGIN:
        put_login(m, event, &text);
        break;
    case EVENT_CLIENT_ID:
        put_text(&text, "the client names itself", m->r->client_id);
        break;
    case EVENT_COMMAND:
        put_command(event, &text);
        break;
    case EVENT_IDLE_BEGIN:
        buf_put_lit(&text, "IDLE begins");
        break;
    default:
        if (!put_number(m, index, &text))
            return;
        break;
    }
    add(m, wall_ms(m, event), event_kind_name((enum event_kind)event->kind), &text);
}

/* ---- runs of keepalives ---- */

static bool
is_keepalive(const struct event *event)
{
    return event->kind == EVENT_KEEPALIVE || event->kind == EVENT_ACKNOWLEDGED;
}

/* Writes one line for all keepalives from index on. Returns the index after them. An event may
 * stand for several; b is their number. */
static uint32_t
add_keepalives(struct maker *m, uint32_t index)
{
    const struct event *event;
    int64_t last_sent_ms = 0;
    int64_t last_acked_ms = -1;
    uint32_t sent = 0;
    uint32_t acked = 0;
    uint32_t silence_s = 0;
    uint32_t slowest_ms = 0;
    uint32_t i = index;
    AUTO_BUF text = {0};

    for (; (event = event_at(m, i)) != NULL && is_keepalive(event); i++) {
        const uint32_t count = event->b == 0 ? 1 : event->b;
        if (event->kind == EVENT_KEEPALIVE) {
            sent += count;
            silence_s = event->a > silence_s ? event->a : silence_s;
            last_sent_ms = wall_ms(m, event);
        } else {
            acked += count;
            slowest_ms = event->a > slowest_ms ? event->a : slowest_ms;
            last_acked_ms = wall_ms(m, event);
        }
    }
    buf_init(&text, LINE_OCTETS);
    if (sent == 0) {
        buf_put_lit(&text, "what was sent was acknowledged");
    } else {
        buf_printf(&text, sent == 1 ? "keepalive sent" : "%u keepalives sent", sent);
        buf_put_lit(&text, " after ");
        words_seconds(&text, silence_s);
        buf_put_str(&text, sent == 1 ? " of silence" : " of silence each");
        if (acked >= sent)
            buf_put_str(&text, sent == 1 ? ", acknowledged" : ", all acknowledged");
        else if (acked > 0)
            buf_printf(&text, ", %u acknowledged", acked);
        else
            buf_put_lit(&text, ", not acknowledged");
    }
    if (acked > 0 && slowest_ms == 0) {
        buf_put_lit(&text, " at once");
    } else if (acked > 0) {
        buf_put_lit(&text, " within ");
        words_duration(&text, slowest_ms);
    }
    add(m, sent > 0 ? last_sent_ms : last_acked_ms, event_kind_name(EVENT_KEEPALIVE), &text);
    return i;
}

/* ---- all ---- */

/* The beginning, if the ring no longer has it. */
static void
add_forgotten(struct maker *m)
{
    AUTO_BUF text = {0};

    if (m->r->events.count > 0 && m->r->events.count <= LIMIT_EVENT_RING)
        return;
    buf_init(&text, LINE_OCTETS);
    put_connected(m, &text);
    add(m, m->r->start_ms, event_kind_name(EVENT_CONNECTED), &text);
    if (m->r->events.count == 0)
        return; /* after a crash */
    buf_clear(&text);
    const uint32_t forgotten = m->r->events.count - LIMIT_EVENT_RING;
    buf_printf(&text, "(%u event%s not remembered)", forgotten,
               forgotten == 1 ? " that is" : "s that are");
    add(m, m->r->start_ms, "forgotten", &text);
}

static void
add_end(struct maker *m)
{
    AUTO_BUF text = {0};

    if (m->r->reason == END_NONE)
        return;
    buf_init(&text, LINE_OCTETS);
    buf_put_lit(&text, "end: ");
    buf_put_str(&text, end_reason_info(m->r->reason)->sentence);
    add(m, m->r->end_ms, event_kind_name(EVENT_END), &text);
}

enum rc
timeline_make(const struct end_record *record, struct arena *arena,
              struct timeline_line **lines_out, size_t *count_out)
{
    struct maker m = {.r = record, .arena = arena};
    const struct event *event;

    m.lines = arena_array(arena, struct timeline_line, TIMELINE_MAX);
    if (m.lines == NULL)
        return RC_LIMIT;
    add_forgotten(&m);
    for (uint32_t i = 0; (event = event_at(&m, i)) != NULL;) {
        if (is_keepalive(event)) {
            i = add_keepalives(&m, i);
        } else {
            /* add_end handles EVENT_END, because other events may follow it */
            add_event(&m, i);
            i++;
        }
    }
    add_end(&m);
    if (m.failed)
        return RC_LIMIT;
    *lines_out = m.lines;
    *count_out = m.count;
    return RC_OK;
}
