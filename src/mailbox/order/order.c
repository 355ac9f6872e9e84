/* SPDX-License-Identifier: MIT */
/*
 *   READING ──> RANKING ──> NUMBERING ──> FILLING ──> SORTING ──> COMPLETE
 *   (keys)      (texts are  (their        (ranks of   (messages, by one
 *      │         sorted)     ranks)        messages)   criterion after the other)
 *      └──────────────> THREADING ────────────────────────────────────┘
 *
 * SORTING begins with the last criterion; as each sort is stable, the first one decides.
 */
#include "mailbox/order/order_private.h"

#include "base/limits.h"
#include "base/map.h"

static const struct order_row criterion_rows[IMAP_SORT_KEYS] = {
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

/* ---- life ---- */

/* Which columns of sort blocks the order needs. */
static unsigned
columns_of(const struct order *order)
{
    const bool is_thread = order->how->find == IMAP_FIND_THREAD;
    unsigned columns = order->wanted << BLOCK_TEXTS;

    if (is_thread && order->how->thread != IMAP_THREAD_ORDEREDSUBJECT)
        columns |= 1u << BLOCK_IDS;
    for (size_t i = 0; i < order->column_count; i++)
        if (order->columns[i].row.source == FROM_DATE)
            columns |= 1u << BLOCK_DATES;
    return is_thread ? columns | 1u << BLOCK_DATES : columns;
}

static enum rc
sorting_new(struct order *order, struct arena *arena)
{
    order->numbers = arena_array(arena, uint32_t, order->count + 1);
    order->items = arena_array(arena, uint32_t, 2 * (size_t)order->count + 1);
    if (order->numbers == NULL || order->items == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < order->how->sort_count; i++) {
        const struct imap_sort_criterion *criterion = &order->how->sort[i];
        const struct order_row row = criterion_rows[criterion->key];
        struct order_column *column = &order->columns[order->column_count++];
        *column = (struct order_column){
            .key = criterion->key, .row = row, .reverse = criterion->reverse};
        column->values = arena_array(arena, int64_t, order->count + 1);
        if (column->values == NULL)
            return RC_LIMIT;
        order->reads_rows |= row.source != FROM_MEMORY;
        if (row.source == FROM_TEXT)
            order->wanted |= 1u << row.text;
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
    if (block_reader_init(&order->blocks, arena, columns_of(order)) != RC_OK)
        return RC_LIMIT;
    keys_reader_init(&order->keys);
    threads_init(&order->threads, threads_kind_of(req->how->thread), LIMIT_ORDER_OCTETS);
    texts_init(&order->texts, LIMIT_ORDER_OCTETS);
    buf_init(&order->ranking, LIMIT_ORDER_OCTETS);
    buf_init(&order->ranks, LIMIT_ORDER_OCTETS);
    *out = order;
    return RC_OK;
}

void
order_done(struct order *order)
{
    if (order == NULL)
        return;
    keys_reader_done(&order->keys);
    block_reader_done(&order->blocks);
    threads_done(&order->threads);
    texts_done(&order->texts);
    buf_done(&order->ranking);
    buf_done(&order->ranks);
}

bool
order_needs_store(const struct order *order)
{
    return order_reads_store(order);
}

size_t
order_octets(const struct order *order)
{
    return order_memory(order);
}

bool
order_lacks_blocks(const struct order *order)
{
    return order->blocks.lacking >= LIMIT_SORT_LACKING;
}

uint32_t
order_number(const struct order *order, uint32_t place)
{
    return order->numbers[order->radix.items[place]];
}

unsigned
order_score(const struct order *order, uint32_t place)
{
    return search_score(order->found, order->radix.items[place]);
}

struct threads *
order_threads(struct order *order)
{
    return &order->threads;
}

/* ---- putting in order ---- */

static struct rank_item *
ranking_of(const struct order *order)
{
    return (struct rank_item *)(void *)order->ranking.data;
}

static uint32_t *
ranks_of(const struct order *order)
{
    return (uint32_t *)(void *)order->ranks.data;
}

static enum rc
ranking_begin(struct order *order)
{
    const size_t count = order->texts.count;

    if (buf_reserve(&order->ranking, 2 * count * sizeof(struct rank_item) + 1) == NULL ||
        buf_reserve(&order->ranks, count * sizeof(uint32_t) + 1) == NULL)
        return RC_LIMIT;
    rank_init(&order->rank, &order->texts, ranking_of(order), map_hash(SPAN("rank")));
    order->stage = ORDER_RANKING;
    return RC_OK;
}

/* One stage follows another, which begins with the first of whatever it goes through. */
static void
go_to(struct order *order, enum order_stage stage)
{
    order->stage = stage;
    order->at = 0;
}

/* The end of the next steps of a stage that goes through so many. */
static uint32_t
steps_end(const struct order *order, uint32_t count)
{
    const uint32_t left = count - order->at;

    return order->at + (left < ORDER_STEPS_PER_LOOK ? left : ORDER_STEPS_PER_LOOK);
}

/* The texts are sorted: the rank of each. */
static bool
number_step(struct order *order)
{
    const uint32_t end = steps_end(order, order->texts.count);
    const struct rank_item *items = order->rank.items;
    uint32_t *ranks = ranks_of(order);

    for (uint32_t i = order->at; i < end; i++)
        ranks[items[i].number] = i;
    order->at = end;
    return end == order->texts.count;
}

static bool
fill_step(struct order *order)
{
    const uint32_t end = steps_end(order, order->count);
    const uint32_t *ranks = ranks_of(order);

    for (size_t c = 0; c < order->column_count; c++) {
        if (order->columns[c].row.source != FROM_TEXT)
            continue;
        int64_t *values = order->columns[c].values;
        for (uint32_t i = order->at; i < end; i++)
            values[i] = ranks[values[i]];
    }
    order->at = end;
    return end == order->count;
}

/* Sorts by the last of the columns that are left. */
static void
column_begin(struct order *order, uint32_t *items, uint32_t *spare)
{
    const struct order_column *column = &order->columns[--order->column];
    const struct radix_keys by_value = {
        .first = column->values,
        .stride = sizeof column->values[0],
        .is_descending = column->reverse,
    };

    radix_init(&order->radix, items, spare, order->count, by_value);
}

static void
sorting_begin(struct order *order)
{
    for (uint32_t i = 0; i < order->count; i++)
        order->items[i] = i;
    order->column = order->column_count;
    column_begin(order, order->items, order->items + order->count);
    order->stage = ORDER_SORTING;
}

static bool
sorting_step(struct order *order)
{
    if (!radix_step(&order->radix, ORDER_STEPS_PER_LOOK))
        return false;
    if (order->column == 0)
        return true;
    column_begin(order, order->radix.items, order->radix.spare);
    return false;
}

/* Some steps of the stage. RC_AGAIN: there are more. */
static enum rc
step(struct order *order)
{
    enum rc rc = RC_AGAIN;

    switch (order->stage) {
    case ORDER_RANKING:
        if (rank_step(&order->rank, ORDER_STEPS_PER_LOOK))
            go_to(order, ORDER_NUMBERING);
        break;
    case ORDER_NUMBERING:
        if (number_step(order))
            go_to(order, ORDER_FILLING);
        break;
    case ORDER_FILLING:
        if (fill_step(order))
            sorting_begin(order);
        break;
    case ORDER_SORTING:
        if (sorting_step(order))
            order->stage = ORDER_COMPLETE;
        break;
    case ORDER_THREADING:
        rc = threads_step(&order->threads, ORDER_STEPS_PER_LOOK);
        if (rc == RC_OK)
            order->stage = ORDER_COMPLETE;
        break;
    case ORDER_READING:
    case ORDER_COMPLETE:
        break;
    }
    return order->stage == ORDER_COMPLETE ? RC_OK : rc;
}

enum rc
order_slice(struct order *order, struct store_tx *tx, const struct clock *clock,
            int64_t deadline_us, struct err *err)
{
    const struct order_slice slice = {.clock = clock, .deadline_us = deadline_us};
    enum rc rc;

    if (order->stage == ORDER_READING) {
        rc = order_read(order, tx, &slice, err);
        if (rc != RC_OK)
            return rc;
        if (order->how->find == IMAP_FIND_THREAD)
            order->stage = ORDER_THREADING;
        else if (ranking_begin(order) != RC_OK)
            return RC_LIMIT;
    }
    do {
        rc = step(order);
    } while (rc == RC_AGAIN && !order_time_is_up(&slice));
    return rc;
}
