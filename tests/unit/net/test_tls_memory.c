/* SPDX-License-Identifier: MIT */
/* OpenSSL's memory: sizes at and around the pools' bounds, growing, many threads, overflow. */
#include "net/tls_memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/crypto.h>

#include "base/attr.h"
#include "base/rng.h"

enum { KIB = 1024 };

static uint32_t
in_use(void)
{
    uint32_t now;
    uint64_t overflowed;

    tls_memory_stats(&now, &overflowed);
    return now;
}

static void
test_every_size_can_be_used(void **state)
{
    static const size_t sizes[] = {1,     100,      3071,         3072,     4096,
                                   4097,  7624,     10239,        10240,    16712,
                                   21848, 24 * KIB, 24 * KIB + 1, 100 * KIB};
    void *blocks[ARRAY_LEN(sizes)];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        blocks[i] = OPENSSL_malloc(sizes[i]);
        assert_non_null(blocks[i]);
        memset(blocks[i], (int)i, sizes[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(((unsigned char *)blocks[i])[k], i);
        OPENSSL_free(blocks[i]);
    }
    assert_int_equal(in_use(), 0);
    OPENSSL_free(NULL);
}

static void
test_growing_keeps_content(void **state)
{
    static const size_t steps[] = {10, 3072, 4000, 5000, 12000, 20000, 50000, 20000, 3500, 8};
    unsigned char *block = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const size_t kept = i == 0 ? 0 : steps[i] < steps[i - 1] ? steps[i] : steps[i - 1];
        block = OPENSSL_realloc(block, steps[i]);
        assert_non_null(block);
        for (size_t k = 0; k < kept; k++)
            assert_int_equal(block[k], k % 251);
        for (size_t k = 0; k < steps[i]; k++)
            block[k] = (unsigned char)(k % 251);
    }
    OPENSSL_free(block);
    assert_int_equal(in_use(), 0);
}

static void
test_more_than_there_is_room_for(void **state)
{
    enum { COUNT = 17000 };
    static void *blocks[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = OPENSSL_malloc(16 * KIB);
        assert_non_null(blocks[i]);
        memcpy(blocks[i], &i, sizeof i);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_memory_equal(blocks[i], &i, sizeof i);
        OPENSSL_free(blocks[i]);
    }
    assert_int_equal(in_use(), 0);
}

/* Each thread marks its blocks; a block given to two would show two marks. */
static void *
churn(void *arg)
{
    enum { HELD = 100, STEPS = 20000 };
    uint64_t *held[HELD] = {0};
    struct rng rng;

    rng_seed(&rng, (uintptr_t)arg);
    for (int i = 0; i < STEPS; i++) {
        const size_t which = rng_below(&rng, HELD);
        const uint64_t mark = (uint64_t)(uintptr_t)arg << 32 | which;
        if (held[which] == NULL) {
            held[which] = OPENSSL_malloc(rng_below(&rng, 2) == 0 ? 4000 : 16712);
            held[which][0] = held[which][400] = mark;
            continue;
        }
        if (held[which][0] != mark || held[which][400] != mark)
            return arg;
        OPENSSL_free(held[which]);
        held[which] = NULL;
    }
    for (size_t i = 0; i < HELD; i++)
        OPENSSL_free(held[i]);
    return NULL;
}

static void
test_many_threads(void **state)
{
    pthread_t threads[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(in_use(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_can_be_used),
        cmocka_unit_test(test_growing_keeps_content),
        cmocka_unit_test(test_more_than_there_is_room_for),
        cmocka_unit_test(test_many_threads),
    };

    tls_memory_set_up();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
