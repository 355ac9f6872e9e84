/* SPDX-License-Identifier: MIT */
/* The ring of a session's events, and stable numbers for kinds and commands. */
#include "journal/event.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct command_row {
    uint8_t code;
    const char *name;
};

static const struct command_row commands[] = {
#define EVENT_COMMAND(code, name) {code, name},
#include "journal/event_command.def"
#undef EVENT_COMMAND
};

static const char *const kind_names[EVENT_KIND_COUNT] = {
    [EVENT_NONE] = "none",
    [EVENT_CONNECTED] = "connected",
    [EVENT_TLS] = "tls",
    [EVENT_LOGIN] = "login",
    [EVENT_LOGIN_FAILED] = "login-failed",
    [EVENT_CLIENT_ID] = "client-id",
    [EVENT_COMMAND] = "command",
    [EVENT_LITERAL] = "literal",
    [EVENT_IDLE_BEGIN] = "idle-begin",
    [EVENT_IDLE_END] = "idle-end",
    [EVENT_KEEPALIVE] = "keepalive",
    [EVENT_ACKNOWLEDGED] = "acknowledged",
    [EVENT_SUSPECT] = "suspect",
    [EVENT_PUSH] = "push",
    [EVENT_BLOCKED] = "blocked",
    [EVENT_UNBLOCKED] = "unblocked",
    [EVENT_MESSAGE] = "message",
    [EVENT_END] = "end",
};

const char *
event_login_name(uint8_t how)
{
    static const char *const names[EVENT_LOGIN_COUNT] = {
        [EVENT_LOGIN_UNKNOWN] = "",
        [EVENT_LOGIN_COMMAND] = "LOGIN command",
        [EVENT_LOGIN_PLAIN] = "PLAIN",
        [EVENT_LOGIN_LOGIN] = "LOGIN",
        [EVENT_LOGIN_SCRAM_SHA_256] = "SCRAM-SHA-256",
        [EVENT_LOGIN_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
        [EVENT_LOGIN_EXTERNAL] = "EXTERNAL",
        [EVENT_LOGIN_OAUTHBEARER] = "OAUTHBEARER",
        [EVENT_LOGIN_XOAUTH2] = "XOAUTH2",
    };

    return how < EVENT_LOGIN_COUNT ? names[how] : "";
}

static void
event_set_at(struct event *event, uint64_t at_ms)
{
    event->at_ms_low = (uint32_t)at_ms;
    event->at_ms_high = (uint8_t)(at_ms >> 32);
}

struct event *
event_note(struct event_ring *ring, enum event_kind kind, uint64_t at_ms)
{
    struct event *event = &ring->at[ring->count++ % LIMIT_EVENT_RING];

    *event = (struct event){.kind = (uint8_t)kind};
    event_set_at(event, at_ms);
    return event;
}

/* The latest event (0), or the one before it (1). NULL: there was none. */
static struct event *
noted_last(struct event_ring *ring, uint32_t back)
{
    return ring->count <= back ? NULL : &ring->at[(ring->count - 1 - back) % LIMIT_EVENT_RING];
}

struct event *
event_note_keepalive(struct event_ring *ring, enum event_kind kind, uint64_t at_ms)
{
    struct event *last = noted_last(ring, 0);
    struct event *before = noted_last(ring, 1);
    struct event *event = NULL;

    if (last != NULL && before != NULL && last->kind == EVENT_ACKNOWLEDGED &&
        before->kind == EVENT_KEEPALIVE)
        event = kind == EVENT_KEEPALIVE ? before : last;
    if (event == NULL)
        event = event_note(ring, kind, at_ms);
    event_set_at(event, at_ms);
    event->b++;
    return event;
}

/* ---- growing ---- */

/* Most sessions connect, log in, select and idle, and need no more. Together with the count,
 * this size and the larger ones, except for the last, are size classes of the heap. */
enum { ROOM_FIRST = 7 };

static size_t
ring_octets(uint32_t events)
{
    return offsetof(struct event_ring, at) + events * sizeof(struct event);
}

_Static_assert(offsetof(struct event_ring, at) + ROOM_FIRST * sizeof(struct event) <= 128,
               "the first room is larger than its class of jemalloc");

bool
event_log_init(struct event_log *log)
{
    *log = (struct event_log){.ring = calloc(1, ring_octets(ROOM_FIRST)), .room = ROOM_FIRST};
    return log->ring != NULL;
}

void
event_log_done(struct event_log *log)
{
    free(log->ring);
    *log = (struct event_log){0};
}

void
event_log_clear(struct event_log *log)
{
    log->ring->count = 0;
}

struct event_ring *
event_log_room(struct event_log *log)
{
    if (log->ring->count < log->room || log->room == LIMIT_EVENT_RING)
        return log->ring;
    const uint32_t twice = 2 * log->room + 1;
    const uint32_t room = twice < LIMIT_EVENT_RING ? twice : LIMIT_EVENT_RING;
    struct event_ring *grown = realloc(log->ring, ring_octets(room));
    if (grown == NULL) {
        log->ring->count--;
        return log->ring;
    }
    log->ring = grown;
    log->room = room;
    return grown;
}

void
event_log_copy(const struct event_log *log, struct event_ring *dst)
{
    const uint32_t count = log->ring->count;

    *dst = (struct event_ring){0};
    memcpy(dst, log->ring, ring_octets(count < LIMIT_EVENT_RING ? count : LIMIT_EVENT_RING));
}

const struct event *
event_ring_get(const struct event_ring *ring, uint32_t index)
{
    const uint32_t kept = ring->count < LIMIT_EVENT_RING ? ring->count : LIMIT_EVENT_RING;

    if (index >= kept)
        return NULL;
    return &ring->at[(ring->count - kept + index) % LIMIT_EVENT_RING];
}

const char *
event_kind_name(enum event_kind kind)
{
    return (unsigned)kind < EVENT_KIND_COUNT ? kind_names[kind] : "?";
}

uint8_t
event_command(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (span_ieq_str(name, commands[i].name))
            return commands[i].code;
    return 0;
}

const char *
event_command_name(uint8_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i].code == code)
            return commands[i].name;
    return "?";
}
