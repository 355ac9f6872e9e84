/* SPDX-License-Identifier: MIT */
/*
 * Walks the runs that the search found and takes what the version knows (arrival, size) from
 * memory, and the rest from sort blocks (block_read.h), or from the keys that are stored with
 * each message (keys_read.h) where there is no block.
 */
#include "mailbox/order/order_private.h"

/* What something costs in the time of taking a message from a block; COST_PER_LOOK at the
 * clock. */
enum { COST_PER_LOOK = 2048, COST_BLOCK = 256, COST_ROW = 64, COST_FOREST = COST_PER_LOOK };

/* A message of a batch. */
struct subject {
    const struct version_run *batch;
    uint32_t at;
    uint32_t number;
};

/* ---- from its row ---- */

static int64_t
sent_of(const struct subject *subject, const struct keys *keys)
{
    return keys->has_date ? keys->sent_s : subject->batch->internaldates_s[subject->at];
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
sort_row(struct order *order, const struct subject *subject, const struct keys *keys)
{
    for (size_t i = 0; i < order->column_count; i++) {
        const struct order_column *column = &order->columns[i];
        int64_t *value = &column->values[order->at];
        uint32_t text;
        switch (column->row.source) {
        case FROM_MEMORY:
            *value = value_in_memory(order, subject, column->key);
            break;
        case FROM_DATE:
            *value = sent_of(subject, keys);
            break;
        case FROM_TEXT:
            if (texts_add(&order->texts, keys->texts[column->row.text], &text) != RC_OK)
                return RC_LIMIT;
            *value = text;
            break;
        }
    }
    return RC_OK;
}

static enum rc
thread_row(struct order *order, const struct subject *subject, const struct keys *keys)
{
    const struct threads_message message = {
        .number = subject->number,
        .sent_s = sent_of(subject, keys),
        .id = keys->id,
        .subject = keys->texts[KEYS_SUBJECT],
        .is_reply_or_forward = keys->is_reply_or_forward,
        .references = keys->references,
        .reference_count = keys->reference_count,
    };

    return threads_add(&order->threads, &message);
}

static enum rc
take_row(struct order *order, struct store_tx *tx, const struct subject *subject,
         struct err *err)
{
    struct keys keys = {.has_date = false};
    enum rc rc = RC_OK;

    if (order->reads_rows)
        rc = keys_read(&order->keys, tx, subject->batch->messages[subject->at], order->wanted,
                       &keys, err);
    if (rc != RC_OK)
        return rc;
    return order->how->find == IMAP_FIND_SORT ? sort_row(order, subject, &keys)
                                              : thread_row(order, subject, &keys);
}

/* ---- from its block ---- */

static unsigned
place_of(const struct subject *subject)
{
    return subject->batch->messages[subject->at] % LIMIT_SORT_BLOCK;
}

static int64_t
block_sent(const struct order *order, const struct subject *subject)
{
    const struct block *dates = order->blocks.blocks[BLOCK_DATES];
    const unsigned place = place_of(subject);

    return (dates->bits[place] & BLOCK_BIT_DATE) != 0
               ? dates->sent_s[place]
               : subject->batch->internaldates_s[subject->at];
}

/* The number in texts of a text of the open block. */
static inline enum rc
number_text(const struct block_reader *reader, unsigned column, uint32_t local,
            struct texts *texts, uint32_t *number_out)
{
    uint32_t *known = block_reader_known(reader, column, local);

    if (*known == BLOCK_NONE &&
        texts_add(texts, block_text(reader->blocks[column], local), known) != RC_OK)
        return RC_LIMIT;
    *number_out = *known;
    return RC_OK;
}

static enum rc
sort_block(struct order *order, const struct subject *subject)
{
    for (size_t i = 0; i < order->column_count; i++) {
        const struct order_column *column = &order->columns[i];
        int64_t *value = &column->values[order->at];
        if (column->row.source == FROM_MEMORY) {
            *value = value_in_memory(order, subject, column->key);
        } else if (column->row.source == FROM_DATE) {
            *value = block_sent(order, subject);
        } else {
            const unsigned stored = BLOCK_TEXTS + column->row.text;
            const uint32_t local = order->blocks.blocks[stored]->first[place_of(subject)];
            uint32_t number;
            if (number_text(&order->blocks, stored, local, &order->texts, &number) != RC_OK)
                return RC_LIMIT;
            *value = number;
        }
    }
    return RC_OK;
}

/* The number in the threads of an id of the open block. */
static enum rc
number_id(struct order *order, uint32_t local, uint32_t *number_out)
{
    uint32_t *known = block_reader_known(&order->blocks, BLOCK_IDS, local);

    if (*known == BLOCK_NONE &&
        threads_id(&order->threads, block_text(order->blocks.blocks[BLOCK_IDS], local),
                   known) != RC_OK)
        return RC_LIMIT;
    *number_out = *known;
    return RC_OK;
}

static enum rc
thread_block(struct order *order, const struct subject *subject)
{
    const struct block_reader *reader = &order->blocks;
    const struct block *subjects = reader->blocks[BLOCK_TEXTS + KEYS_SUBJECT];
    const struct block *ids = reader->blocks[BLOCK_IDS];
    const unsigned place = place_of(subject);
    uint32_t references[RFC5322_REFERENCES_MAX];
    struct threads_numbered message = {
        .number = subject->number,
        .sent_s = block_sent(order, subject),
        .id = THREADS_NO_ID,
        .is_reply_or_forward =
            (reader->blocks[BLOCK_DATES]->bits[place] & BLOCK_BIT_REPLY) != 0,
        .references = references,
    };

    const enum rc rc =
        subjects == NULL
            ? threads_subject(&order->threads, SPAN(""), &message.subject)
            : number_text(reader, BLOCK_TEXTS + KEYS_SUBJECT, subjects->first[place],
                          &order->threads.subjects, &message.subject);
    if (rc != RC_OK)
        return rc;
    if (ids != NULL) {
        const uint32_t *refs = block_refs(ids);
        const uint32_t first = ids->first[place];
        if (refs[first] != BLOCK_NONE && number_id(order, refs[first], &message.id) != RC_OK)
            return RC_LIMIT;
        for (uint32_t i = first + 1; i < ids->first[place + 1]; i++)
            if (number_id(order, refs[i], &references[message.reference_count++]) != RC_OK)
                return RC_LIMIT;
    }
    return threads_add_numbered(&order->threads, &message);
}

/* The numbers of all texts of a column of the open block. */
static enum rc
number_all(const struct block_reader *reader, unsigned column, struct texts *texts)
{
    const struct block *block = reader->blocks[column];

    if (block == NULL || block->text_count == 0)
        return RC_OK;
    return texts_add_many(texts, (const struct span *)(const void *)block->texts.data,
                          block->text_count, block_reader_known(reader, column, 0));
}

/* After a block was opened: if most of its messages will be asked for, its texts are numbered
 * all together, which is faster. */
static enum rc
number_block(struct order *order)
{
    const struct block_reader *reader = &order->blocks;
    const bool is_sort = order->how->find == IMAP_FIND_SORT;
    const struct block *ids = reader->blocks[BLOCK_IDS];
    enum rc rc = RC_OK;

    if (!reader->is_dense)
        return RC_OK;
    for (unsigned i = 0; rc == RC_OK && i < KEYS_TEXTS; i++)
        rc = number_all(reader, BLOCK_TEXTS + i,
                        is_sort ? &order->texts : &order->threads.subjects);
    if (rc == RC_OK && ids != NULL && ids->text_count > 0)
        rc = threads_ids(&order->threads, (const struct span *)(const void *)ids->texts.data,
                         ids->text_count, block_reader_known(reader, BLOCK_IDS, 0));
    return rc;
}

/* ---- all ---- */

/* Takes the message from where it can be read fastest. */
static enum rc
take(struct order *order, struct store_tx *tx, const struct subject *subject, unsigned *cost,
     struct err *err)
{
    const struct version_run *batch = subject->batch;
    enum rc rc = RC_OK;

    *cost += 1;
    if (order->reads_rows && !block_reader_has(&order->blocks, batch->messages[subject->at])) {
        rc = block_reader_open(&order->blocks, tx, batch->messages + subject->at,
                               batch->count - subject->at, err);
        *cost += rc == RC_OK ? COST_BLOCK : COST_ROW;
        if (rc == RC_OK)
            rc = number_block(order);
    }
    if (rc == RC_OK && order->reads_rows)
        rc = order->how->find == IMAP_FIND_SORT ? sort_block(order, subject)
                                                : thread_block(order, subject);
    else if (rc == RC_OK || rc == RC_NOT_FOUND)
        rc = take_row(order, tx, subject, err);
    if (rc == RC_AGAIN)
        *cost += COST_FOREST;
    return rc;
}

/* RC_OK: all messages of the batch were taken. RC_AGAIN: it is time to look at the clock. */
static enum rc
take_batch(struct order *order, struct store_tx *tx, const struct version_run *batch,
           unsigned *cost, struct err *err)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct subject subject = {
            .batch = batch,
            .at = i,
            .number = order->how->is_uid ? batch->uids[i] : order->run.first,
        };
        const enum rc rc = take(order, tx, &subject, cost, err);
        if (rc != RC_OK)
            return rc;
        if (order->numbers != NULL)
            order->numbers[order->at] = subject.number;
        order->at++;
        order->run.first++;
        if (*cost >= COST_PER_LOOK)
            return RC_AGAIN;
    }
    return RC_OK;
}

/* Most messages have a Message-ID of their own, and not all have a subject of their own. */
static enum rc
make_room(struct order *order)
{
    if (order->how->find == IMAP_FIND_THREAD)
        return threads_reserve(&order->threads, order->count);
    return order->wanted == 0 ? RC_OK : texts_reserve(&order->texts, order->count / 2);
}

enum rc
order_read(struct order *order, struct store_tx *tx, const struct order_slice *slice,
           struct err *err)
{
    unsigned cost = 0;

    if (tx == NULL && order_reads_store(order))
        return RC_AGAIN;
    if (order->at == 0 && make_room(order) != RC_OK)
        return RC_LIMIT;
    for (;;) {
        if (order->run.first > order->run.last &&
            !search_next_run(order->found, &order->pos, &order->run))
            return RC_OK;
        struct version_run batch;
        const uint32_t left = order->run.last - order->run.first + 1;
        version_run_at(order->view->members, order->run.first, &batch);
        batch.count = batch.count < left ? batch.count : left;
        const enum rc rc = take_batch(order, tx, &batch, &cost, err);
        if (rc != RC_OK && rc != RC_AGAIN)
            return rc;
        if (order_memory(order) > LIMIT_ORDER_OCTETS)
            return RC_LIMIT;
        if (cost < COST_PER_LOOK)
            continue;
        if (order_time_is_up(slice))
            return RC_AGAIN;
        cost = 0;
    }
}
