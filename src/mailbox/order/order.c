/* SPDX-License-Identifier: MIT */
/*
 *   READING ──> RANKING ──> FILLING ──> SORTING ──> COMPLETE
 *   (keys)      (texts)     (ranks)     (messages)
 *      └──────────────> THREADING ─────────────────────┘
 *
 * READING walks the runs that the search found and takes what the version knows (arrival, size)
 * from memory, and the rest from the keys that are stored with each message (keys_read.h).
 */
#include "mailbox/order/order.h"

#include "base/limits.h"
#include "mailbox/memory/members.h"
#include "mailbox/order/keys_read.h"

enum {
    STEPS_PER_LOOK = 4096, /* at the clock: some 100 microseconds */
    READS_PER_LOOK = 16,
};

enum stage { READING, RANKING, FILLING, SORTING, THREADING, COMPLETE };

/* Where a criterion's value comes from. */
enum source { FROM_MEMORY, FROM_DATE, FROM_TEXT };

static const struct criterion_row {
    enum source source;
    enum keys_text text;
} criterion_rows[IMAP_SORT_KEYS] = {
    [IMAP_SORT_ARRIVAL] = {.source = FROM_MEMORY},
    [IMAP_SORT_SIZE] = {.source = FROM_MEMORY},
    [IMAP_SORT_RELEVANCY] = {.source = FROM_MEMORY},
    [IMAP_SORT_DATE] = {.source = FROM_DATE},
    [IMAP_SORT_SUBJECT] = {FROM_TEXT, KEYS_SUBJECT},
    [IMAP_SORT_FROM] = {FROM_TEXT, KEYS_FROM},
    [IMAP_SORT_TO] = {FROM_TEXT, KEYS_TO},
    [IMAP_SORT_CC] = {FROM_TEXT, KEYS_CC},
    [IMAP_SORT_DISPLAYFROM] = {FROM_TEXT, KEYS_DISPLAYFROM},
    [IMAP_SORT_DISPLAYTO] = {FROM_TEXT, KEYS_DISPLAYTO},
};

struct column {
    bool reverse;
    int64_t *values; /* of each message; of a text its number, then its rank */
};

struct order {
    struct view *view;
    const struct search *found;
    const struct imap_search_req *how;
    enum stage stage;
    bool needs_snapshot; /* the current version was not in memory */
    bool reads_rows;
    unsigned wanted; /* texts, for keys_make */

    uint32_t count;
    uint32_t at;         /* messages read, or how far another stage has come */
    uint32_t pos;        /* for search_next_run */
    struct view_run run; /* what is left of it; first > last: nothing */

    struct keys_reader keys;
    struct threads threads;

    uint32_t *numbers; /* of each message, in the order of the mailbox */
    struct column columns[IMAP_SORT_KEYS];
    size_t column_count;
    struct texts texts;
    struct buf ranking; /* uint32_t: twice as many as texts, for sorting */
    struct merge merge;
    uint32_t *items; /* for SORTING */

    struct store_tx *tx; /* of this slice */
};

/* ---- life ---- */

static enum rc
sorting_new(struct order *order, struct arena *arena)
{
    order->numbers = arena_array(arena, uint32_t, order->count + 1);
    order->items = arena_array(arena, uint32_t, 2 * (size_t)order->count + 1);
    if (order->numbers == NULL || order->items == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < order->how->sort_count; i++) {
        const struct imap_sort_criterion *criterion = &order->how->sort[i];
        const struct criterion_row *row = &criterion_rows[criterion->key];
        struct column *column = &order->columns[order->column_count++];
        column->reverse = criterion->reverse;
        column->values = arena_array(arena, int64_t, order->count + 1);
        if (column->values == NULL)
            return RC_LIMIT;
        order->reads_rows |= row->source != FROM_MEMORY;
        if (row->source == FROM_TEXT)
            order->wanted |= 1u << row->text;
    }
    return RC_OK;
}

static enum threads_kind
threads_kind_of(enum imap_thread thread)
{
    switch (thread) {
    case IMAP_THREAD_ORDEREDSUBJECT:
        return THREADS_ORDEREDSUBJECT;
    case IMAP_THREAD_REFERENCES:
        return THREADS_REFERENCES;
    case IMAP_THREAD_REFS:
        break;
    }
    return THREADS_REFS;
}

enum rc
order_new(struct arena *arena, struct view *view, const struct order_req *req,
          struct order **out)
{
    struct order *order = arena_new(arena, struct order);

    if (order == NULL)
        return RC_LIMIT;
    order->view = view;
    order->found = req->found;
    order->how = req->how;
    order->count = search_count(req->found);
    order->run = (struct view_run){1, 0};
    if (req->how->find == IMAP_FIND_SORT && sorting_new(order, arena) != RC_OK)
        return RC_LIMIT;
    if (req->how->find == IMAP_FIND_THREAD) {
        order->reads_rows = true;
        order->wanted = req->how->thread == IMAP_THREAD_REFS ? 0 : 1u << KEYS_SUBJECT;
    }
    keys_reader_init(&order->keys);
    threads_init(&order->threads, threads_kind_of(req->how->thread), LIMIT_ORDER_OCTETS);
    texts_init(&order->texts, LIMIT_ORDER_OCTETS);
    buf_init(&order->ranking, LIMIT_ORDER_OCTETS);
    *out = order;
    return RC_OK;
}

void
order_done(struct order *order)
{
    if (order == NULL)
        return;
    keys_reader_done(&order->keys);
    threads_done(&order->threads);
    texts_done(&order->texts);
    buf_done(&order->ranking);
}

bool
order_needs_store(const struct order *order)
{
    return order->stage == READING && (order->reads_rows || order->needs_snapshot);
}

size_t
order_octets(const struct order *order)
{
    return threads_octets(&order->threads) + texts_octets(&order->texts) + order->ranking.cap;
}

uint32_t
order_number(const struct order *order, uint32_t place)
{
    return order->numbers[order->merge.items[place]];
}

unsigned
order_score(const struct order *order, uint32_t place)
{
    return search_score(order->found, order->merge.items[place]);
}

struct threads *
order_threads(struct order *order)
{
    return &order->threads;
}

/* ---- READING ---- */

/* One message of a batch. */
struct subject {
    const struct version_run *batch;
    uint32_t at;
    uint32_t number;
    const struct keys *keys;
};

static int64_t
sent_of(const struct subject *subject)
{
    return subject->keys->has_date ? subject->keys->sent_s
                                   : subject->batch->internaldates_s[subject->at];
}

static int64_t
value_in_memory(const struct order *order, const struct subject *subject,
                enum imap_sort_key key)
{
    switch (key) {
    case IMAP_SORT_SIZE:
        return subject->batch->octets[subject->at];
    case IMAP_SORT_RELEVANCY: /* RFC 6203 section 6: the highest score comes first */
        return -(int64_t)search_score(order->found, order->at);
    default: /* IMAP_SORT_ARRIVAL */
        return subject->batch->internaldates_s[subject->at];
    }
}

static enum rc
sorting_take(struct order *order, const struct subject *subject)
{
    order->numbers[order->at] = subject->number;
    for (size_t i = 0; i < order->column_count; i++) {
        const enum imap_sort_key key = order->how->sort[i].key;
        int64_t *value = &order->columns[i].values[order->at];
        uint32_t text;
        switch (criterion_rows[key].source) {
        case FROM_MEMORY:
            *value = value_in_memory(order, subject, key);
            break;
        case FROM_DATE:
            *value = sent_of(subject);
            break;
        case FROM_TEXT:
            if (texts_add(&order->texts, subject->keys->texts[criterion_rows[key].text],
                          &text) != RC_OK)
                return RC_LIMIT;
            *value = text;
            break;
        }
    }
    return texts_octets(&order->texts) <= LIMIT_ORDER_OCTETS ? RC_OK : RC_LIMIT;
}

static enum rc
threads_take(struct order *order, const struct subject *subject)
{
    const struct keys *keys = subject->keys;
    const struct threads_message message = {
        .number = subject->number,
        .sent_s = sent_of(subject),
        .id = keys->id,
        .subject = keys->texts[KEYS_SUBJECT],
        .is_reply_or_forward = keys->is_reply_or_forward,
        .references = keys->references,
        .reference_count = keys->reference_count,
    };

    return threads_add(&order->threads, &message);
}

static enum rc
take(struct order *order, const struct version_run *batch, uint32_t at, uint32_t seq,
     struct err *err)
{
    struct keys keys = {.has_date = false};
    const struct subject subject = {
        .batch = batch,
        .at = at,
        .number = order->how->is_uid ? batch->uids[at] : seq,
        .keys = &keys,
    };

    enum rc rc = RC_OK;
    if (order->reads_rows)
        rc = keys_read(&order->keys, order->tx, batch->messages[at], order->wanted, &keys, err);
    if (rc == RC_OK)
        rc = order->how->find == IMAP_FIND_SORT ? sorting_take(order, &subject)
                                                : threads_take(order, &subject);
    order->at++;
    return rc;
}

struct slice {
    const struct clock *clock;
    int64_t deadline_us;
};

static bool
time_is_up(const struct slice *slice)
{
    return clock_mono_us(slice->clock) >= slice->deadline_us;
}

/* RC_OK: all were read. */
static enum rc
read_on(struct order *order, struct members *members, const struct slice *slice,
        struct err *err)
{
    const uint32_t pace = order->reads_rows ? READS_PER_LOOK : STEPS_PER_LOOK;

    for (;;) {
        if (order->run.first > order->run.last &&
            !search_next_run(order->found, &order->pos, &order->run))
            return RC_OK;
        struct version_run batch;
        const uint32_t left = order->run.last - order->run.first + 1;
        members_run(members, order->run.first, left < pace ? left : pace, &batch);
        for (uint32_t i = 0; i < batch.count && i < left; i++) {
            const enum rc rc = take(order, &batch, i, order->run.first, err);
            if (rc != RC_OK)
                return rc;
            order->run.first++;
        }
        if (time_is_up(slice))
            return RC_AGAIN;
    }
}

static enum rc
reading(struct order *order, struct store_tx *tx, const struct slice *slice, struct err *err)
{
    struct members members;

    if (tx == NULL && order_needs_store(order))
        return RC_AGAIN;
    enum rc rc = members_begin(&members, order->view, tx, err);
    order->needs_snapshot = rc == RC_AGAIN;
    if (rc != RC_OK)
        return rc;
    order->tx = tx;
    rc = read_on(order, &members, slice, err);
    order->tx = NULL;
    members_end(&members);
    return rc;
}

/* ---- putting in order ---- */

static int
compare_texts(const void *ctx, uint32_t a, uint32_t b)
{
    return span_cmp(texts_at(ctx, a), texts_at(ctx, b));
}

static int
compare_messages(const void *ctx, uint32_t a, uint32_t b)
{
    const struct order *order = ctx;

    for (size_t i = 0; i < order->column_count; i++) {
        const struct column *column = &order->columns[i];
        const int64_t left = column->values[column->reverse ? b : a];
        const int64_t right = column->values[column->reverse ? a : b];
        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0; /* the merge is stable: the order of the mailbox decides */
}

static uint32_t *
ranking_of(const struct order *order)
{
    return (uint32_t *)(void *)order->ranking.data;
}

static enum rc
ranking_begin(struct order *order)
{
    const uint32_t count = order->texts.count;

    if (buf_reserve(&order->ranking, 2 * (size_t)count * sizeof(uint32_t) + 1) == NULL)
        return RC_LIMIT;
    uint32_t *items = ranking_of(order);
    for (uint32_t i = 0; i < count; i++)
        items[i] = i;
    merge_init(&order->merge, items, items + count, count, compare_texts, &order->texts);
    order->stage = RANKING;
    return RC_OK;
}

/* The texts are sorted: the rank of each, where the merge had its other array. */
static void
filling_begin(struct order *order)
{
    for (uint32_t i = 0; i < order->texts.count; i++)
        order->merge.spare[order->merge.items[i]] = i;
    order->stage = FILLING;
    order->at = 0;
}

static bool
fill_step(struct order *order)
{
    const uint32_t end =
        order->count - order->at < STEPS_PER_LOOK ? order->count : order->at + STEPS_PER_LOOK;

    for (size_t c = 0; c < order->column_count; c++) {
        if (criterion_rows[order->how->sort[c].key].source != FROM_TEXT)
            continue;
        int64_t *values = order->columns[c].values;
        for (uint32_t i = order->at; i < end; i++)
            values[i] = order->merge.spare[values[i]];
    }
    order->at = end;
    return end == order->count;
}

static void
sorting_begin(struct order *order)
{
    for (uint32_t i = 0; i < order->count; i++)
        order->items[i] = i;
    merge_init(&order->merge, order->items, order->items + order->count, order->count,
               compare_messages, order);
    order->stage = SORTING;
}

/* Some steps of the stage. RC_AGAIN: there are more. */
static enum rc
step(struct order *order)
{
    enum rc rc = RC_AGAIN;

    switch (order->stage) {
    case RANKING:
        if (merge_step(&order->merge, STEPS_PER_LOOK))
            filling_begin(order);
        break;
    case FILLING:
        if (fill_step(order))
            sorting_begin(order);
        break;
    case SORTING:
        if (merge_step(&order->merge, STEPS_PER_LOOK))
            order->stage = COMPLETE;
        break;
    case THREADING:
        rc = threads_step(&order->threads, STEPS_PER_LOOK);
        if (rc == RC_OK)
            order->stage = COMPLETE;
        break;
    case READING:
    case COMPLETE:
        break;
    }
    return order->stage == COMPLETE ? RC_OK : rc;
}

enum rc
order_slice(struct order *order, struct store_tx *tx, const struct clock *clock,
            int64_t deadline_us, struct err *err)
{
    const struct slice slice = {.clock = clock, .deadline_us = deadline_us};
    enum rc rc;

    if (order->stage == READING) {
        rc = reading(order, tx, &slice, err);
        if (rc != RC_OK)
            return rc;
        if (order->how->find == IMAP_FIND_THREAD)
            order->stage = THREADING;
        else if (ranking_begin(order) != RC_OK)
            return RC_LIMIT;
    }
    do {
        rc = step(order);
    } while (rc == RC_AGAIN && !time_is_up(&slice));
    return rc;
}
