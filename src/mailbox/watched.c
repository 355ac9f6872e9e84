/* SPDX-License-Identifier: MIT */
/*
 * Packed sets of mailboxes with the events that are asked for (watched.h). A set is a sequence
 * of runs of ids, ascending. Each run begins with a number: the distance from the end of the
 * run before, times four, plus RUN_IS_LONG and RUN_HAS_EVENTS. A long run, of at least two ids,
 * continues with its length minus two, and a run whose events differ from those of the run
 * before continues with an octet of events. So a single id among ids that are not watched takes
 * one octet.
 */
#include "mailbox/watched.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "mailbox/scope.h"
#include "syntax/imap/mbox_name.h"

enum {
    RUN_IS_LONG = 1,
    RUN_HAS_EVENTS = 2,
    RUN_SHIFT = 2,
};

struct packed {
    uint32_t len;
    char octets[];
};

/* A run of a set. Zeroed: before the first. */
struct run {
    uint64_t first;
    uint64_t past; /* the id after its last one */
    uint8_t events;
};

/* The largest distance between two runs. Mailboxes are numbered consecutively, so real
 * distances are far below. */
#define DISTANCE_MAX (UINT64_MAX >> RUN_SHIFT)

struct watched {
    uint8_t all;        /* of every mailbox: PERSONAL, INBOXES */
    uint8_t subscribed; /* of those that are subscribed */
    /* owned, as those below; NULL: none. Of each: events, length, name */
    struct packed *subtrees;
    struct packed *fixed;          /* a set: MAILBOXES */
    struct packed *by_name;        /* a set: SUBSCRIBED and SUBTREE */
    struct packed *by_name_before; /* the same before names changed */
};

/* ---- packed ---- */

static struct unpack
unpack_of(const struct packed *packed)
{
    return (struct unpack){.rest = packed == NULL ? SPAN("")
                                                  : span_of(packed->octets, packed->len)};
}

/* An empty one is NULL. RC_LIMIT. */
static enum rc
packed_new(const struct buf *from, struct packed **out)
{
    const struct span octets = buf_span(from);

    *out = NULL;
    if (!buf_ok(from))
        return RC_LIMIT;
    if (octets.len == 0)
        return RC_OK;
    *out = malloc(sizeof **out + octets.len);
    if (*out == NULL)
        return RC_LIMIT;
    (*out)->len = (uint32_t)octets.len;
    memcpy((*out)->octets, octets.ptr, octets.len);
    return RC_OK;
}

/* Moves on to the next run. False: there is none, or (in->failed) it is not valid. */
static bool
run_next(struct unpack *in, struct run *run)
{
    if (in->rest.len == 0)
        return false;
    const uint64_t head = unpack_varint(in, UINT64_MAX);
    run->first = run->past + (head >> RUN_SHIFT);
    run->past = run->first + 1;
    if ((head & RUN_IS_LONG) != 0)
        run->past += unpack_varint(in, UINT64_MAX) + 1;
    if ((head & RUN_HAS_EVENTS) != 0)
        run->events = unpack_u8(in);
    return !in->failed;
}

static void
run_pack(struct buf *out, const struct run *run, const struct run *before)
{
    const bool is_long = run->past - run->first > 1;
    const bool has_events = run->events != before->events;
    const uint64_t distance = run->first - before->past;

    CHECK(distance <= DISTANCE_MAX);
    pack_varint(out, distance << RUN_SHIFT | (is_long ? RUN_IS_LONG : 0) |
                         (has_events ? RUN_HAS_EVENTS : 0));
    if (is_long)
        pack_varint(out, run->past - run->first - 2);
    if (has_events)
        pack_u8(out, run->events);
}

static unsigned
set_events(const struct packed *set, uint64_t mbox)
{
    struct unpack in = unpack_of(set);
    struct run run = {.first = 0};

    while (run_next(&in, &run) && run.first <= mbox)
        if (mbox < run.past)
            return run.events;
    return 0;
}

static unsigned
subtree_events(const struct watched *watched, struct span name)
{
    struct unpack in = unpack_of(watched->subtrees);
    unsigned events = 0;

    while (in.rest.len > 0) {
        const unsigned of_it = unpack_u8(&in);
        const struct span top = unpack_span(&in, LIMIT_MBOX_NAME);
        if (span_eq(name, top) || mbox_name_is_below(name, top))
            events |= of_it;
    }
    return events;
}

/* ---- which mailboxes ---- */

static enum rc
mark_by_name(const struct watched *watched, struct scope *rows, struct store_tx *tx,
             struct arena *arena, struct err *err)
{
    struct unpack in = unpack_of(watched->subtrees);
    enum rc rc = RC_OK;

    if (watched->subscribed != 0)
        rc = scope_mark_subscribed(rows, tx, arena, watched->subscribed, err);
    while (rc == RC_OK && in.rest.len > 0) {
        const uint8_t events = unpack_u8(&in);
        rc = scope_mark_subtree(rows, arena, unpack_span(&in, LIMIT_MBOX_NAME), SCOPE_ALL_BELOW,
                                events);
    }
    return rc;
}

/* ---- making sets ---- */

static int
compare_members(const void *left, const void *right)
{
    const struct scope_member *a = left;
    const struct scope_member *b = right;

    return a->mbox < b->mbox ? -1 : a->mbox > b->mbox;
}

/* The members, in order of their ids, as a set. */
static enum rc
set_new(const struct scope *rows, uint8_t (*events_of)(const struct scope_member *),
        struct packed **out)
{
    AUTO_BUF octets = {0};
    struct run before = {.first = 0};
    size_t next;

    buf_init(&octets, LIMIT_NOTIFY_OCTETS);
    for (size_t i = 0; i < rows->count; i = next) {
        const struct scope_member *first = &rows->members[i];
        const uint8_t events = events_of(first);
        next = i + 1;
        if (events == 0)
            continue;
        while (next < rows->count && events_of(&rows->members[next]) == events &&
               rows->members[next].mbox == first->mbox + (next - i))
            next++;
        const struct run run = {first->mbox, first->mbox + (next - i), events};
        /* The numbers come from a database, which may be damaged. */
        if (run.first < before.past || run.first - before.past > DISTANCE_MAX)
            return RC_CORRUPT;
        run_pack(&octets, &run, &before);
        before = run;
    }
    return packed_new(&octets, out);
}

static uint8_t
fixed_of(const struct scope_member *member)
{
    return member->fixed;
}

static uint8_t
by_name_of(const struct scope_member *member)
{
    return member->by_name;
}

static enum rc
sets_new(const struct scope *rows, struct packed **fixed_out, struct packed **by_name_out)
{
    if (rows->count > 1)
        qsort(rows->members, rows->count, sizeof *rows->members, compare_members);
    enum rc rc = fixed_out == NULL ? RC_OK : set_new(rows, fixed_of, fixed_out);
    if (rc == RC_OK)
        rc = set_new(rows, by_name_of, by_name_out);
    return rc;
}

/* ---- life ---- */

void
watched_free(struct watched *watched)
{
    if (watched == NULL)
        return;
    free(watched->subtrees);
    free(watched->fixed);
    free(watched->by_name);
    free(watched->by_name_before);
    free(watched);
}

/* What is the same whatever mailboxes there are. */
static enum rc
note_groups(struct watched *watched, const struct imap_notify_req *req)
{
    AUTO_BUF subtrees = {0};

    buf_init(&subtrees, LIMIT_NOTIFY_OCTETS);
    for (size_t i = 0; i < req->group_count; i++) {
        const struct imap_notify_group *group = &req->groups[i];
        const uint8_t events = (uint8_t)group->events;
        switch (group->scope) {
        case IMAP_NOTIFY_PERSONAL:
        case IMAP_NOTIFY_INBOXES: /* mail may be delivered to any mailbox: section 6.3 */
            watched->all |= events;
            break;
        case IMAP_NOTIFY_SUBSCRIBED:
            watched->subscribed |= events;
            break;
        case IMAP_NOTIFY_SUBTREE:
            for (size_t k = 0; events != 0 && k < group->mailbox_count; k++) {
                if (group->mailboxes[k].invalid != NULL)
                    continue; /* nobody has such a name: it is ignored */
                pack_u8(&subtrees, events);
                pack_span(&subtrees, group->mailboxes[k].name);
            }
            break;
        case IMAP_NOTIFY_SELECTED:
        case IMAP_NOTIFY_SELECTED_DELAYED:
        case IMAP_NOTIFY_MAILBOXES:
        case IMAP_NOTIFY_SUBTREE_ONE: /* ESEARCH alone knows it */
            break;
        }
    }
    return packed_new(&subtrees, &watched->subtrees);
}

enum rc
watched_new(const struct imap_notify_req *req, struct store_tx *tx, struct arena *arena,
            struct watched **out, struct err *err)
{
    struct watched *watched = calloc(1, sizeof *watched);
    struct scope rows;

    if (watched == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    enum rc rc = note_groups(watched, req);
    if (rc == RC_OK)
        rc = scope_read(&rows, tx, arena, err);
    for (size_t i = 0; rc == RC_OK && i < req->group_count; i++)
        if (req->groups[i].scope == IMAP_NOTIFY_MAILBOXES)
            scope_mark_names(&rows, &req->groups[i], (uint8_t)req->groups[i].events);
    if (rc == RC_OK)
        rc = mark_by_name(watched, &rows, tx, arena, err);
    if (rc == RC_OK)
        rc = sets_new(&rows, &watched->fixed, &watched->by_name);
    if (rc != RC_OK) {
        watched_free(watched);
        return err_set(err, rc, 0, "mailboxes to be watched");
    }
    *out = watched;
    return RC_OK;
}

enum rc
watched_renew(struct watched *watched, struct store_tx *tx, struct arena *arena,
              struct err *err)
{
    struct packed *by_name = NULL;
    struct scope rows;

    enum rc rc = scope_read(&rows, tx, arena, err);
    if (rc == RC_OK)
        rc = mark_by_name(watched, &rows, tx, arena, err);
    if (rc == RC_OK)
        rc = sets_new(&rows, NULL, &by_name);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "mailboxes to be watched");
    if (watched->by_name_before == NULL)
        watched->by_name_before = watched->by_name;
    else
        free(watched->by_name);
    watched->by_name = by_name;
    return RC_OK;
}

void
watched_settle(struct watched *watched)
{
    free(watched->by_name_before);
    watched->by_name_before = NULL;
}

/* ---- asking ---- */

static unsigned
events_in(const struct packed *set)
{
    struct unpack in = unpack_of(set);
    struct run run = {.first = 0};
    unsigned events = 0;

    while (run_next(&in, &run))
        events |= run.events;
    return events;
}

static unsigned
events_of_subtrees(const struct watched *watched)
{
    struct unpack in = unpack_of(watched->subtrees);
    unsigned events = 0;

    while (in.rest.len > 0) {
        events |= unpack_u8(&in);
        (void)unpack_span(&in, LIMIT_MBOX_NAME);
    }
    return events;
}

unsigned
watched_all_events(const struct watched *watched)
{
    return watched->all | watched->subscribed | events_of_subtrees(watched) |
           events_in(watched->fixed);
}

unsigned
watched_events(const struct watched *watched, uint64_t mbox)
{
    return watched->all | set_events(watched->fixed, mbox) |
           set_events(watched->by_name, mbox) | set_events(watched->by_name_before, mbox);
}

unsigned
watched_name_events(const struct watched *watched, uint64_t mbox, struct span name)
{
    return watched_events(watched, mbox) | subtree_events(watched, name);
}

unsigned
watched_subscription_events(const struct watched *watched, uint64_t mbox, struct span name)
{
    return watched->subscribed | watched_name_events(watched, mbox, name);
}

unsigned
watched_others_events(const struct watched *watched, struct span name, bool subscribed)
{
    return (subscribed ? watched->subscribed : 0u) | subtree_events(watched, name);
}

bool
watched_reaches_below(const struct watched *watched, struct span level)
{
    struct unpack in = unpack_of(watched->subtrees);

    if (watched->subscribed != 0)
        return true;
    while (in.rest.len > 0) {
        (void)unpack_u8(&in);
        const struct span top = unpack_span(&in, LIMIT_MBOX_NAME);
        if (span_eq(level, top) || mbox_name_is_below(level, top) ||
            mbox_name_is_below(top, level))
            return true;
    }
    return false;
}

bool
watched_goes_by_names(const struct watched *watched)
{
    return watched->subscribed != 0 || watched->subtrees != NULL;
}

/* ---- for another process ---- */

static void
pack_packed(struct buf *out, const struct packed *packed)
{
    pack_span(out, packed == NULL ? SPAN("") : span_of(packed->octets, packed->len));
}

void
watched_pack(const struct watched *watched, struct buf *out)
{
    pack_u8(out, watched->all);
    pack_u8(out, watched->subscribed);
    pack_packed(out, watched->subtrees);
    pack_packed(out, watched->fixed);
    pack_packed(out, watched->by_name);
}

static void
check_set(const struct packed *set, struct unpack *in)
{
    struct unpack runs = unpack_of(set);
    struct run run = {.first = 0};

    while (run_next(&runs, &run)) {
    }
    in->failed |= runs.failed;
}

static void
check_subtrees(const struct packed *subtrees, struct unpack *in)
{
    struct unpack names = unpack_of(subtrees);

    while (names.rest.len > 0 && !names.failed) {
        (void)unpack_u8(&names);
        (void)unpack_span(&names, LIMIT_MBOX_NAME);
    }
    in->failed |= names.failed;
}

static bool
unpack_packed(struct unpack *in, struct packed **out)
{
    const struct span octets = unpack_span(in, LIMIT_NOTIFY_OCTETS);

    if (octets.len == 0)
        return true;
    *out = malloc(sizeof **out + octets.len);
    if (*out == NULL)
        return false;
    (*out)->len = (uint32_t)octets.len;
    memcpy((*out)->octets, octets.ptr, octets.len);
    return true;
}

struct watched *
watched_unpack(struct unpack *in)
{
    struct watched *watched = calloc(1, sizeof *watched);

    if (watched == NULL)
        return NULL;
    watched->all = unpack_u8(in);
    watched->subscribed = unpack_u8(in);
    if (unpack_packed(in, &watched->subtrees) && unpack_packed(in, &watched->fixed) &&
        unpack_packed(in, &watched->by_name)) {
        check_subtrees(watched->subtrees, in);
        check_set(watched->fixed, in);
        check_set(watched->by_name, in);
        if (!in->failed)
            return watched;
    }
    watched_free(watched);
    return NULL;
}
