/* SPDX-License-Identifier: MIT */
/* Sessions of an account, sorted, grouped and drawn; see the header. Pure, any thread. */
#include "journal/explain/account.h"

#include <limits.h>
#include <stdlib.h>

#include "base/map.h"

enum {
    PATTERN_LEAST = 3,              /* number of ends that make a pattern */
    PATTERN_PERCENT = 60,           /* and this share of the ends to which it could apply */
    PATTERN_SLACK_MS = 5000,        /* plus a fifth: how far apart ends with one cause lie */
    PATTERN_SHORTEST_MS = 30 * 1000 /* shorter times are not a time-out */
};

const char *
account_pattern_name(enum account_pattern pattern)
{
    return pattern == PATTERN_FORGETS  ? "forgets"
           : pattern == PATTERN_RENEWS ? "renews"
                                       : "none";
}

/* ---- one session ---- */

static void
idles_take(const struct end_record *record, struct account_session *out)
{
    const struct event *event;
    int64_t begun_ms = -1;

    for (uint32_t i = 0; (event = event_ring_get(&record->events, i)) != NULL; i++) {
        const int64_t at_ms = record->start_ms + (int64_t)event_at_ms(event);
        const bool begins = event->kind == EVENT_IDLE_BEGIN;
        if (i == 0 && record->events.count > LIMIT_EVENT_RING)
            out->known_from_ms = at_ms;
        if (begins) {
            begun_ms = at_ms;
        } else if (event->kind == EVENT_IDLE_END) {
            const int64_t from_ms = begun_ms >= 0 ? begun_ms : at_ms - (int64_t)event->a * 1000;
            if (out->idle_count < ACCOUNT_SPANS)
                out->idle[out->idle_count++] = (struct account_span){from_ms, at_ms};
            if (from_ms < out->known_from_ms)
                out->known_from_ms = from_ms;
            begun_ms = -1;
        }
    }
    if (begun_ms >= 0 && out->idle_count < ACCOUNT_SPANS)
        out->idle[out->idle_count++] = (struct account_span){begun_ms, record->end_ms};
    if (record->evidence.state == STATE_IDLE && out->idle_count > 0) {
        const struct account_span *last = &out->idle[out->idle_count - 1];
        out->idle_ms = last->to_ms - last->from_ms;
    }
}

enum rc
account_session_take(const struct end_record *record, struct arena *arena,
                     struct account_session *out)
{
    const bool is_open = record->reason == END_NONE;
    const int64_t since_in_ms = record->evidence.since_in_ms;

    *out = (struct account_session){
        .near = {.session = record->session,
                 .start_ms = record->start_ms,
                 .end_ms = is_open ? INT64_MAX : record->end_ms,
                 .last_in_ms =
                     since_in_ms < 0 ? record->start_ms : record->end_ms - since_in_ms,
                 .client_id = arena_span(arena, record->client_id),
                 .peer = arena_span(arena, record->peer)},
        .reason = record->reason,
        .network_end = !is_open && verdict_is_network_end(record),
        .silence_ms = is_open ? -1 : verdict_silence_ms(record),
        .idle_ms = -1,
        .commands = record->commands,
        .known_from_ms = record->start_ms,
    };
    if (out->near.client_id.ptr == NULL || out->near.peer.ptr == NULL)
        return RC_LIMIT;
    idles_take(record, out);
    return RC_OK;
}

/* ---- patterns ---- */

static int
compare_times(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Finds the window of close times that contains most of them. Returns their number, or 0 if
 * there is no pattern. Sorts times. */
static size_t
window_find(int64_t *times, size_t count, int64_t *from_out, int64_t *to_out)
{
    size_t best = 0;
    size_t end = 0;

    if (count == 0)
        return 0;
    qsort(times, count, sizeof *times, compare_times);
    for (size_t i = 0; i < count; i++) {
        while (end < count && times[end] <= times[i] + times[i] / 5 + PATTERN_SLACK_MS)
            end++;
        if (end - i > best) {
            best = end - i;
            *from_out = times[i];
            *to_out = times[end - 1];
        }
    }
    return best >= PATTERN_LEAST && best * 100 >= count * PATTERN_PERCENT ? best : 0;
}

/* The time of an end that could be part of a pattern, or -1. */
static int64_t
time_of(const struct account_session *session, enum account_pattern pattern)
{
    int64_t ms = -1;

    if (pattern == PATTERN_FORGETS && session->network_end)
        ms = session->silence_ms;
    else if (pattern == PATTERN_RENEWS && session->reason == END_CLOSED_IDLE)
        ms = session->idle_ms;
    return ms >= PATTERN_SHORTEST_MS ? ms : -1;
}

static void
pattern_find(struct account_group *group, unsigned index, enum account_pattern pattern,
             const struct account_session *sessions, size_t count, int64_t *times)
{
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    size_t found = 0;

    if (group->pattern != PATTERN_NONE || group->ends < PATTERN_LEAST)
        return;
    for (size_t i = 0; i < count; i++) {
        const int64_t ms = time_of(&sessions[i], pattern);
        if (ms >= 0 && sessions[i].group == index)
            times[found++] = ms;
    }
    const size_t ends = window_find(times, found, &from_ms, &to_ms);
    if (ends == 0)
        return;
    group->pattern = pattern;
    group->pattern_ends = (unsigned)ends;
    group->pattern_from_s = from_ms / 1000;
    group->pattern_to_s = (to_ms + 999) / 1000;
}

/* ---- groups ---- */

struct groups {
    struct account_group *at;
    size_t count;
    struct map by_key; /* text of a key to its group */
    struct arena *arena;
};

/* The group of a key; made if it is new. NULL: there are too many, or no memory. */
static struct account_group *
group_get(struct groups *groups, const struct account_session *session, bool device)
{
    char network[WORDS_NETWORK];

    words_network(session->near.peer, network);
    const char *key =
        device ? arena_printf(groups->arena, "%.*s\n%.*s", SPAN_FMT(session->near.peer),
                              SPAN_FMT(session->near.client_id))
               : arena_str(groups->arena, span_of_str(network));
    if (key == NULL)
        return NULL;
    struct account_group *group = map_get(&groups->by_key, span_of_str(key));
    if (group != NULL || groups->count == ACCOUNT_GROUPS_MAX)
        return group;
    group = &groups->at[groups->count];
    *group = (struct account_group){
        .peer = device ? session->near.peer : SPAN(""),
        .client_id = device ? session->near.client_id : SPAN(""),
    };
    memcpy(group->network, network, sizeof network);
    if (map_put(&groups->by_key, span_of_str(key), group) != RC_OK)
        return NULL;
    groups->count++;
    return group;
}

static void
group_count(struct account_group *group, const struct account_session *session)
{
    const int64_t last_ms =
        session->reason == END_NONE ? session->near.last_in_ms : session->near.end_ms;

    if (session->reason == END_NONE)
        group->open++;
    else
        group->ends++;
    group->by_reason[session->reason]++;
    if (last_ms > group->last_ms)
        group->last_ms = last_ms;
}

static int
compare_groups(const void *a, const void *b)
{
    const struct account_group *x = a;
    const struct account_group *y = b;

    if (x->ends != y->ends)
        return x->ends > y->ends ? -1 : 1;
    return x->last_ms > y->last_ms ? -1 : x->last_ms < y->last_ms;
}

static enum rc
groups_make(struct account_session *sessions, size_t count, bool device, struct arena *arena,
            struct account_group **out, size_t *count_out)
{
    struct groups groups = {.arena = arena};
    int64_t *times = arena_array(arena, int64_t, count);

    groups.at = arena_array(arena, struct account_group, ACCOUNT_GROUPS_MAX);
    if (groups.at == NULL || times == NULL)
        return RC_LIMIT;
    map_init(&groups.by_key);
    for (size_t i = 0; i < count; i++) {
        struct account_group *group = group_get(&groups, &sessions[i], device);
        sessions[i].group = UINT_MAX;
        if (group == NULL)
            continue;
        sessions[i].group = (unsigned)(group - groups.at);
        group_count(group, &sessions[i]);
    }
    map_done(&groups.by_key);
    for (unsigned i = 0; i < groups.count; i++) {
        pattern_find(&groups.at[i], i, PATTERN_FORGETS, sessions, count, times);
        if (device)
            pattern_find(&groups.at[i], i, PATTERN_RENEWS, sessions, count, times);
    }
    qsort(groups.at, groups.count, sizeof *groups.at, compare_groups);
    *out = groups.at;
    *count_out = groups.count;
    return RC_OK;
}

static int
compare_sessions(const void *a, const void *b)
{
    const struct account_session *x = a;
    const struct account_session *y = b;

    if (x->near.start_ms != y->near.start_ms)
        return x->near.start_ms < y->near.start_ms ? -1 : 1;
    return x->near.session < y->near.session ? -1 : x->near.session > y->near.session;
}

enum rc
account_report_make(struct account_session *sessions, size_t count, struct arena *arena,
                    struct account_report *out)
{
    struct account_report report = {.sessions = sessions, .session_count = count};

    qsort(sessions, count, sizeof *sessions, compare_sessions);
    enum rc rc =
        groups_make(sessions, count, false, arena, &report.networks, &report.network_count);
    if (rc == RC_OK)
        rc = groups_make(sessions, count, true, arena, &report.devices, &report.device_count);
    if (rc == RC_OK)
        *out = report;
    return rc;
}

/* ---- telling ---- */

/* "290 to 300 s", "28 to 29 min", "300 s" */
static void
put_range(struct buf *buf, int64_t from_s, int64_t to_s)
{
    const bool minutes = from_s >= 600;
    const long long from = minutes ? from_s / 60 : from_s;
    const long long to = minutes ? (to_s + 59) / 60 : to_s;

    if (from == to)
        buf_printf(buf, "%lld %s", from, minutes ? "min" : "s");
    else
        buf_printf(buf, "%lld to %lld %s", from, to, minutes ? "min" : "s");
}

void
account_pattern_tell(const struct account_group *group, uint32_t keepalive_s, struct buf *buf)
{
    if (group->pattern == PATTERN_NONE)
        return;
    buf_printf(buf, "%u of %u ends", group->pattern_ends, group->ends);
    buf_printf(buf, " on %s came after ", group->network);
    put_range(buf, group->pattern_from_s, group->pattern_to_s);
    if (group->pattern == PATTERN_FORGETS) {
        buf_put_lit(buf, " of silence: that network forgets idle connections");
        if (keepalive_s > 0) {
            buf_put_lit(buf, "; its clients now get a keepalive every ");
            words_seconds(buf, keepalive_s);
        }
        buf_put_lit(buf, ".");
    } else {
        buf_put_lit(buf, " of IDLE, closed by the client: this program renews its connection.");
    }
}

/* ---- the picture ---- */

static int64_t
overlap_ms(int64_t from_ms, int64_t to_ms, int64_t a_ms, int64_t b_ms)
{
    const int64_t begin_ms = from_ms > a_ms ? from_ms : a_ms;
    const int64_t end_ms = to_ms < b_ms ? to_ms : b_ms;

    return end_ms > begin_ms ? end_ms - begin_ms : 0;
}

static enum strip_cell
cell_of(const struct account_session *session, int64_t from_ms, int64_t to_ms)
{
    const int64_t start_ms = session->near.start_ms;
    const int64_t end_ms = session->near.end_ms;
    int64_t idle_ms = 0;

    if (end_ms < from_ms || start_ms >= to_ms)
        return STRIP_GONE;
    if (end_ms < to_ms)
        return end_reason_info(session->reason)->kind == END_TROUBLE ? STRIP_FAILED
                                                                     : STRIP_ENDED;
    const int64_t open_ms = overlap_ms(start_ms, end_ms, from_ms, to_ms);
    for (unsigned i = 0; i < session->idle_count; i++)
        idle_ms += overlap_ms(session->idle[i].from_ms, session->idle[i].to_ms, from_ms, to_ms);
    if (idle_ms * 2 >= open_ms && idle_ms > 0)
        return STRIP_IDLE;
    return to_ms <= session->known_from_ms ? STRIP_OPEN : STRIP_ACTIVE;
}

void
account_strip(const struct account_session *session, int64_t from_ms, int64_t to_ms,
              enum strip_cell *cells, size_t count)
{
    const int64_t all_ms = to_ms - from_ms;

    for (size_t i = 0; i < count; i++)
        cells[i] = cell_of(session, from_ms + all_ms * (int64_t)i / (int64_t)count,
                           from_ms + all_ms * (int64_t)(i + 1) / (int64_t)count);
}
