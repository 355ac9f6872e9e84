/* SPDX-License-Identifier: MIT */
/* Opening a block costs about as much as reading AT_LEAST messages. */
#include "mailbox/order/block_read.h"

enum { AT_LEAST = 8, LOOKED_AT = 64 };

enum rc
block_reader_init(struct block_reader *reader, struct arena *arena, unsigned columns)
{
    *reader = (struct block_reader){.open = UINT64_MAX, .absent = UINT64_MAX};
    for (unsigned i = 0; i < BLOCK_COLUMNS; i++) {
        if ((columns & 1u << i) == 0)
            continue;
        struct block *block = arena_new(arena, struct block);
        if (block == NULL)
            return RC_LIMIT;
        block_init(block);
        buf_init(&reader->known[i], LIMIT_SORT_COLUMN_OCTETS);
        reader->blocks[i] = block;
    }
    return RC_OK;
}

void
block_reader_done(struct block_reader *reader)
{
    for (unsigned i = 0; i < BLOCK_COLUMNS; i++) {
        if (reader->blocks[i] != NULL) {
            block_done(reader->blocks[i]);
            buf_done(&reader->known[i]);
        }
    }
}

size_t
block_reader_octets(const struct block_reader *reader)
{
    size_t octets = 0;

    for (unsigned i = 0; i < BLOCK_COLUMNS; i++)
        if (reader->blocks[i] != NULL)
            octets += block_octets(reader->blocks[i]) + reader->known[i].cap;
    return octets;
}

/* Whether enough of the messages are in the block of the first one. */
static bool
pays(const uint64_t *messages, uint32_t count, bool *is_dense_out)
{
    const uint64_t block = messages[0] / LIMIT_SORT_BLOCK;
    const uint32_t looked_at = count < LOOKED_AT ? count : LOOKED_AT;
    const uint32_t wanted = looked_at < AT_LEAST ? looked_at : AT_LEAST;
    uint32_t in_it = 0;

    for (uint32_t i = 0; i < looked_at; i++)
        in_it += messages[i] / LIMIT_SORT_BLOCK == block;
    *is_dense_out = in_it >= looked_at / 2;
    return in_it >= wanted;
}

/* RC_NOT_FOUND: absent or damaged. */
static enum rc
column_open(struct block_reader *reader, struct store_tx *tx, unsigned column, uint64_t number,
            struct err *err)
{
    struct block *block = reader->blocks[column];
    struct buf *known = &reader->known[column];

    const enum rc rc = store_sort_block_read(tx, column, number, &block->data, err);
    if (rc == RC_LIMIT) /* it is larger than any that was written */
        return RC_NOT_FOUND;
    if (rc != RC_OK)
        return rc;
    if (!block_open(block, (enum block_column)column))
        return RC_NOT_FOUND;
    if (column == BLOCK_DATES)
        return RC_OK;
    const size_t octets = block->text_count * sizeof(uint32_t);
    buf_clear(known);
    char *room = buf_reserve(known, octets + 1);
    if (room == NULL)
        return err_set(err, RC_LIMIT, 0, "sort block %ju", (uintmax_t)number);
    memset(room, 0xff, octets); /* BLOCK_NONE */
    return RC_OK;
}

enum rc
block_reader_open(struct block_reader *reader, struct store_tx *tx, const uint64_t *messages,
                  uint32_t count, struct err *err)
{
    const uint64_t number = messages[0] / LIMIT_SORT_BLOCK;

    if (number == reader->absent) {
        reader->lacking++;
        return RC_NOT_FOUND;
    }
    if (!pays(messages, count, &reader->is_dense))
        return RC_NOT_FOUND;
    reader->open = UINT64_MAX;
    for (unsigned i = 0; i < BLOCK_COLUMNS; i++) {
        if (reader->blocks[i] == NULL)
            continue;
        const enum rc rc = column_open(reader, tx, i, number, err);
        if (rc == RC_NOT_FOUND) {
            reader->absent = number;
            reader->lacking++;
        }
        if (rc != RC_OK)
            return rc;
    }
    reader->open = number;
    return RC_OK;
}
