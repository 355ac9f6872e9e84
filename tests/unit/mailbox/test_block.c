/* SPDX-License-Identifier: MIT */
/* Sort blocks: what was put in comes out; whatever is damaged is refused or read in bounds. */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "mailbox/order/block.h"

enum { HOLE = 17, PLAIN = 18 };

/* The keys that message i has in these tests; NULL: it is not there. */
static const struct keys *
keys_of(unsigned i)
{
    static char texts[KEYS_TEXTS][32];
    static char ids[4][32];
    static struct span references[3];
    static struct keys keys;

    keys = (struct keys){.has_date = i % 4 != 0, .sent_s = (int64_t)i * 1000 - 5000};
    if (i == HOLE)
        return NULL;
    if (i == PLAIN)
        return &keys;
    keys.is_reply_or_forward = i % 3 == 0;
    for (unsigned t = 0; t < KEYS_TEXTS; t++) {
        const unsigned value = t == KEYS_SUBJECT ? i : i % (t + 2);
        keys.texts[t] = span_of(texts[t], (size_t)snprintf(texts[t], 32, "%u-%u", t, value));
    }
    keys.id = span_of(ids[3], (size_t)snprintf(ids[3], 32, "%u@x", i));
    for (unsigned r = 0; r < i % 4; r++)
        references[r] = span_of(ids[r], (size_t)snprintf(ids[r], 32, "%u@x", i - r - 1));
    keys.references = references;
    keys.reference_count = i % 4;
    return &keys;
}

static void
make(struct block_maker *maker, struct sort_block *out)
{
    block_begin(maker);
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++)
        assert_int_equal(block_add(maker, keys_of(i)), RC_OK);
    assert_int_equal(block_end(maker, out), RC_OK);
}

static bool
open_column(struct block *block, unsigned column, struct span data)
{
    buf_clear(&block->data);
    buf_put_span(&block->data, data);
    return block_open(block, (enum block_column)column);
}

static void
check_dates(const struct block *block)
{
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++) {
        const struct keys *keys = keys_of(i);
        assert_int_equal((block->bits[i] & BLOCK_BIT_EXISTS) != 0, keys != NULL);
        if (keys == NULL)
            continue;
        assert_int_equal((block->bits[i] & BLOCK_BIT_REPLY) != 0, keys->is_reply_or_forward);
        assert_int_equal((block->bits[i] & BLOCK_BIT_DATE) != 0, keys->has_date);
        if (keys->has_date)
            assert_int_equal(block->sent_s[i], keys->sent_s);
    }
}

static void
check_ids(const struct block *block)
{
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++) {
        const struct keys *keys = keys_of(i);
        const uint32_t *refs = block_refs(block) + block->first[i];
        const uint32_t count = block->first[i + 1] - block->first[i] - 1;
        assert_int_equal(count, keys == NULL ? 0 : keys->reference_count);
        if (keys == NULL || keys->id.len == 0)
            assert_int_equal(refs[0], BLOCK_NONE);
        else
            assert_true(span_eq(block_text(block, refs[0]), keys->id));
        for (uint32_t r = 0; r < count; r++)
            assert_true(span_eq(block_text(block, refs[1 + r]), keys->references[r]));
    }
}

static void
check_texts(const struct block *block, unsigned text)
{
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++) {
        const struct keys *keys = keys_of(i);
        const struct span got = block_text(block, block->first[i]);
        assert_true(span_eq(got, keys == NULL ? SPAN("") : keys->texts[text]));
    }
}

static void
test_round_trip(void **state)
{
    static struct block_maker maker;
    static struct block block;
    struct sort_block made;

    (void)state;
    block_maker_init(&maker);
    block_init(&block);
    for (unsigned round = 0; round < 2; round++) {
        make(&maker, &made);
        assert_int_equal(made.messages, LIMIT_SORT_BLOCK - 1);
        for (unsigned i = 0; i < BLOCK_COLUMNS; i++) {
            assert_true(open_column(&block, i, made.columns[i]));
            if (i == BLOCK_DATES)
                check_dates(&block);
            else if (i == BLOCK_IDS)
                check_ids(&block);
            else
                check_texts(&block, i - BLOCK_TEXTS);
        }
    }
    assert_int_equal(block_end_empty(&maker, &made), RC_OK);
    assert_int_equal(made.messages, LIMIT_SORT_BLOCK - 1);
    for (unsigned i = 0; i < BLOCK_COLUMNS; i++)
        assert_false(open_column(&block, i, made.columns[i]));
    block_maker_done(&maker);
    block_done(&block);
}

/* Everything that a reader may look at is within the column. */
static void
walk(const struct block *block, unsigned column)
{
    size_t sum = 0;

    if (column == BLOCK_DATES)
        return;
    for (uint32_t i = 0; i < block->text_count; i++) {
        const struct span text = block_text(block, i);
        for (size_t at = 0; at < text.len; at++)
            sum += (unsigned char)text.ptr[at];
    }
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++) {
        if (column != BLOCK_IDS) {
            assert_true(block->first[i] < block->text_count);
            continue;
        }
        assert_true(block->first[i] < block->first[i + 1]);
        assert_true(block->first[i + 1] - block->first[i] - 1 <= RFC5322_REFERENCES_MAX);
        for (uint32_t r = block->first[i]; r < block->first[i + 1]; r++)
            assert_true(block_refs(block)[r] < block->text_count ||
                        (r == block->first[i] && block_refs(block)[r] == BLOCK_NONE));
    }
    assert_true(sum < SIZE_MAX);
}

static void
test_damaged(void **state)
{
    static struct block_maker maker;
    static struct block block;
    struct sort_block made;
    struct rng rng;

    (void)state;
    rng_seed(&rng, 11);
    block_maker_init(&maker);
    block_init(&block);
    make(&maker, &made);
    for (unsigned i = 0; i < BLOCK_COLUMNS; i++) {
        const struct span whole = made.columns[i];
        char *copy = malloc(whole.len);
        assert_non_null(copy);
        for (size_t len = 0; len < whole.len; len++)
            assert_false(open_column(&block, i, span_head(whole, len)));
        for (unsigned round = 0; round < 3000; round++) {
            memcpy(copy, whole.ptr, whole.len);
            for (unsigned n = 0; n < 1 + round % 3; n++)
                copy[rng_below(&rng, whole.len)] = (char)rng_below(&rng, 256);
            if (open_column(&block, i, span_of(copy, whole.len)))
                walk(&block, i);
        }
        free(copy);
    }
    block_maker_done(&maker);
    block_done(&block);
}

/* A column of LIMIT_SORT_COLUMN_OCTETS or less can be read; with more, no block is made. */
static void
test_too_large(void **state)
{
    static struct block_maker maker;
    static struct block block;
    static char id[8000];
    struct sort_block made;
    const struct keys keys = {.id = span_of(id, sizeof id)};
    unsigned added = 0;
    enum rc rc = RC_OK;

    (void)state;
    block_maker_init(&maker);
    block_init(&block);
    for (; rc == RC_OK && added < LIMIT_SORT_BLOCK; added++) {
        snprintf(id, sizeof id, "%03u", added);
        rc = block_add(&maker, &keys);
    }
    assert_int_equal(rc, RC_LIMIT);
    assert_true(added * sizeof id > LIMIT_SORT_COLUMN_OCTETS - sizeof id);
    const unsigned most = added - 2;
    block_begin(&maker);
    for (unsigned i = 0; i < LIMIT_SORT_BLOCK; i++) {
        snprintf(id, sizeof id, "%03u", i % most);
        assert_int_equal(block_add(&maker, &keys), RC_OK);
    }
    assert_int_equal(block_end(&maker, &made), RC_OK);
    assert_true(open_column(&block, BLOCK_IDS, made.columns[BLOCK_IDS]));
    assert_int_equal(block.text_count, most);

    const size_t far = 10 * (size_t)LIMIT_SORT_COLUMN_OCTETS;
    char *octets = calloc(1, far);
    assert_non_null(octets);
    const struct keys huge = {.texts[KEYS_SUBJECT] = span_of(octets, far)};
    block_begin(&maker);
    assert_int_equal(block_add(&maker, &huge), RC_LIMIT);
    assert_int_equal(block_end_empty(&maker, &made), RC_OK);
    assert_int_equal(made.messages, 1);
    free(octets);
    block_maker_done(&maker);
    block_done(&block);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
