/* SPDX-License-Identifier: MIT */
#include "base/blocks.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    SSL_OCTETS = 7624, /* of OpenSSL 3.0's SSL on x86-64 */
    PIECE_OCTETS = 1 << 17,
    MANY = 200,
};

static void
fill(uint8_t *block, size_t octets, unsigned seed)
{
    for (size_t i = 0; i < octets; i++)
        block[i] = (uint8_t)(seed + i * 7);
}

static void
assert_filled(const uint8_t *block, size_t octets, unsigned seed)
{
    for (size_t i = 0; i < octets; i++)
        assert_int_equal(block[i], (uint8_t)(seed + i * 7));
}

static void
test_which_sizes(void **state)
{
    static const struct {
        size_t octets;
        bool packed;
    } cases[] = {
        {1, false},    {320, false},   {321, true},  {336, true},  {337, false},  {384, false},
        {512, false},  {513, true},    {536, true},  {592, true},  {593, false},  {640, false},
        {928, true},   {960, true},    {976, true},  {977, false}, {1024, false}, {1144, true},
        {7168, false}, {7169, true},   {7624, true}, {8144, true}, {8145, false}, {8192, false},
        {8193, false}, {16384, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (blocks_packs(cases[i].octets) != cases[i].packed)
            fail_msg("%zu octets", cases[i].octets);
}

static void
test_packed_without_gaps(void **state)
{
    uint8_t *blocks[MANY];
    const size_t before = blocks_held_octets();

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        blocks[i] = blocks_take(SSL_OCTETS);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        fill(blocks[i], SSL_OCTETS, i);
    }
    assert_true(blocks_held_octets() - before <= (MANY / 17 + 1) * PIECE_OCTETS);
    for (unsigned i = 0; i < MANY; i++)
        assert_filled(blocks[i], SSL_OCTETS, i);
    for (unsigned i = 0; i < MANY; i++)
        blocks_give(blocks[i]);
    /* One empty piece stays. */
    assert_true(blocks_held_octets() <= before + PIECE_OCTETS);
    blocks_give(NULL);
}

/* After most have gone, those that come next fill the gaps in the lowest pieces. */
static void
test_low_addresses_first(void **state)
{
    uint8_t *blocks[MANY];

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        blocks[i] = blocks_take(960);
    const uint8_t *lowest = blocks[3];
    blocks_give(blocks[150]);
    blocks_give(blocks[3]);
    blocks_give(blocks[180]);
    blocks[3] = blocks_take(955); /* the same size, rounded */
    assert_ptr_equal(blocks[3], lowest);
    blocks[150] = blocks_take(960);
    blocks[180] = blocks_take(960);
    for (unsigned i = 0; i < MANY; i++)
        blocks_give(blocks[i]);
}

static void
test_change(void **state)
{
    uint8_t *block = blocks_change(NULL, 300); /* the heap's */

    (void)state;
    fill(block, 300, 1);
    block = blocks_change(block, 930);
    assert_filled(block, 300, 1);
    blocks_give(block);
    block = blocks_take(930);
    fill(block, 930, 2);
    uint8_t *same = blocks_change(block, 940);
    assert_ptr_equal(same, block);
    block = blocks_change(same, SSL_OCTETS);
    assert_filled(block, 930, 2);
    block = blocks_change(block, 536);
    assert_filled(block, 536, 2);
    block = blocks_change(block, 100000);
    assert_filled(block, 536, 2);
    blocks_give(block);
}

/* What a thread has, no other gets. */
static void *
take_and_give(void *arg)
{
    static const size_t sizes[] = {336, 536, 928, 960, 1144, SSL_OCTETS, 8144, 64, 20000};
    enum { HELD = 64, TURNS = 20000 };
    uint8_t *held[HELD] = {NULL};
    size_t octets[HELD] = {0};
    unsigned random = *(unsigned *)arg;

    for (unsigned turn = 0; turn < TURNS; turn++) {
        random = random * 1103515245u + 12345u;
        const unsigned at = (random >> 16) % HELD;
        if (held[at] != NULL) {
            if (held[at][0] != (uint8_t)at || held[at][octets[at] - 1] != (uint8_t)at)
                return "somebody else wrote to a block";
            blocks_give(held[at]);
            held[at] = NULL;
            continue;
        }
        octets[at] = sizes[(random >> 8) % (sizeof sizes / sizeof sizes[0])];
        held[at] = blocks_take(octets[at]);
        if (held[at] == NULL)
            return "no memory";
        memset(held[at], (int)at, octets[at]);
    }
    for (unsigned at = 0; at < HELD; at++)
        blocks_give(held[at]);
    return NULL;
}

static void
test_many_threads(void **state)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    unsigned seeds[THREADS];
    void *failed = NULL;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        if (failed != NULL)
            fail_msg("%s", (const char *)failed);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_sizes),         cmocka_unit_test(test_packed_without_gaps),
        cmocka_unit_test(test_low_addresses_first), cmocka_unit_test(test_change),
        cmocka_unit_test(test_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
