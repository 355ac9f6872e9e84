/* SPDX-License-Identifier: MIT */
/* The table of verified passwords: hits, misses, age, bounds, many threads. */
#include "support/cm.h"

#include <pthread.h>
#include <string.h>

#include "auth/auth_cache.h"
#include "base/limits.h"
#include "support/fake_clock.h"

static struct fake_clock now;

static void
hits_only_what_was_put(void **state)
{
    (void)state;
    fake_clock_init(&now, 1000);
    struct auth_cache *cache = auth_cache_new(64, 1000, &now.clock);
    assert_false(auth_cache_has(cache, 1, 1, SPAN("pw")));
    auth_cache_put(cache, 1, 1, SPAN("pw"));
    assert_true(auth_cache_has(cache, 1, 1, SPAN("pw")));
    assert_false(auth_cache_has(cache, 1, 1, SPAN("pW")));
    assert_false(auth_cache_has(cache, 1, 1, SPAN("pw ")));
    assert_false(auth_cache_has(cache, 1, 1, SPAN("")));
    assert_false(auth_cache_has(cache, 2, 1, SPAN("pw")));
    assert_false(auth_cache_has(cache, 1, 2, SPAN("pw"))); /* changed since */
    fake_clock_move_ms(&now, 999);
    assert_true(auth_cache_has(cache, 1, 1, SPAN("pw")));
    fake_clock_move_ms(&now, 1);
    assert_false(auth_cache_has(cache, 1, 1, SPAN("pw")));
    auth_cache_put(cache, 1, 1, SPAN("pw"));
    assert_true(auth_cache_has(cache, 1, 1, SPAN("pw")));
    char text[LIMIT_PASSWORD + 1];
    memset(text, 'x', sizeof text);
    auth_cache_put(cache, 1, 1, span_of(text, LIMIT_PASSWORD));
    assert_true(auth_cache_has(cache, 1, 1, span_of(text, LIMIT_PASSWORD)));
    auth_cache_put(cache, 1, 1, span_of(text, LIMIT_PASSWORD + 1));
    assert_false(auth_cache_has(cache, 1, 1, span_of(text, LIMIT_PASSWORD + 1)));
    auth_cache_free(cache);
    auth_cache_free(NULL);
}

static void
the_oldest_gives_way(void **state)
{
    (void)state;
    fake_clock_init(&now, 1000);
    struct auth_cache *cache = auth_cache_new(8, 1000000, &now.clock); /* one row */
    for (uint64_t i = 0; i < 9; i++) {
        fake_clock_move_ms(&now, 1);
        auth_cache_put(cache, i, 1, SPAN("pw"));
    }
    assert_false(auth_cache_has(cache, 0, 1, SPAN("pw")));
    for (uint64_t i = 1; i < 9; i++)
        assert_true(auth_cache_has(cache, i, 1, SPAN("pw")));
    auth_cache_free(cache);
}

static size_t
remembered(struct auth_cache *cache, uint64_t count)
{
    size_t found = 0;

    for (uint64_t i = 1; i <= count; i++)
        found += auth_cache_has(cache, i, 1, SPAN("pw"));
    return found;
}

/* Rows fill unevenly, so a few give way before all places are taken. */
static void
the_servers_own_are_bounded(void **state)
{
    static const uint32_t limits[] = {LIMIT_AUTH_CACHE, LIMIT_AUTH_REFUSED};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        const uint64_t limit = limits[i];
        fake_clock_init(&now, 1000);
        struct auth_cache *cache = auth_cache_new(limits[i], LIMIT_AUTH_CACHE_MS, &now.clock);
        assert_non_null(cache);
        for (uint64_t id = 1; id <= 3 * limit; id++) {
            auth_cache_put(cache, id, 1, SPAN("pw"));
            if (id == limit || id == limit + 1 || id == 3 * limit)
                assert_in_range(remembered(cache, id), limit * 4 / 5, limit);
            if (id >= limit)
                assert_true(auth_cache_has(cache, id, 1, SPAN("pw")));
        }
        auth_cache_free(cache);
    }
}

static void *
use_much(void *arg)
{
    struct auth_cache *cache = arg;
    for (uint64_t i = 0; i < 5000; i++) {
        auth_cache_put(cache, i % 100, 1, SPAN("pw"));
        assert_false(auth_cache_has(cache, i % 100, 2, SPAN("pw")));
        (void)auth_cache_has(cache, i % 77, 1, SPAN("pw"));
    }
    return NULL;
}

static void
many_threads(void **state)
{
    (void)state;
    fake_clock_init(&now, 1000);
    struct auth_cache *cache = auth_cache_new(64, 1000, &now.clock);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_much, cache), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    auth_cache_free(cache);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hits_only_what_was_put),
        cmocka_unit_test(the_oldest_gives_way),
        cmocka_unit_test(the_servers_own_are_bounded),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
