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
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
