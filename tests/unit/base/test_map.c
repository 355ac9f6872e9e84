/* SPDX-License-Identifier: MIT */
/* The map against a plain array: keys of all lengths around what a slot holds, numbers, keys
 * that were taken and put again, growth, and walks that take what they are given. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 3000, KEY_OCTETS = 24 };

/* What the map must hold. */
struct model {
    char key[KEY_OCTETS];
    size_t len;
    void *value; /* NULL: it is not there */
};

static struct model models[KEYS];
static char values[KEYS];

/* Lengths of 0 to 20, each key another one; those of four and more begin with its number. */
static void
models_make(void)
{
    memset(models, 0, sizeof models);
    for (unsigned i = 0; i < KEYS; i++) {
        models[i].len = i == 0 ? 0 : 4 + i % 17;
        memset(models[i].key, 'k', KEY_OCTETS);
        memcpy(models[i].key, &i, sizeof i);
    }
}

static struct span
key_of(unsigned i)
{
    return span_of(models[i].key, models[i].len);
}

static void
assert_holds_the_same(const struct map *map)
{
    size_t pos = 0;
    size_t walked = 0;
    size_t count = 0;
    struct span key;
    void *value;

    for (unsigned i = 0; i < KEYS; i++) {
        assert_ptr_equal(map_get(map, key_of(i)), models[i].value);
        count += models[i].value != NULL;
    }
    assert_int_equal(map->count, count);
    while (map_next(map, &pos, &key, &value)) {
        const size_t i = (size_t)((char *)value - values);
        assert_ptr_equal(models[i].value, value);
        assert_true(span_eq(key, key_of((unsigned)i)));
        walked++;
    }
    assert_int_equal(walked, count);
}

static void
test_holds_what_was_put(void **state)
{
    struct map map;

    (void)state;
    models_make();
    map_init(&map);
    assert_holds_the_same(&map);
    for (unsigned i = 0; i < KEYS; i++) {
        assert_int_equal(map_put(&map, key_of(i), &values[i]), RC_OK);
        models[i].value = &values[i];
    }
    assert_holds_the_same(&map);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = round % 3; i < KEYS; i += 1 + round % 5) {
            if (models[i].value == NULL) {
                assert_null(map_take(&map, key_of(i)));
                assert_int_equal(map_put(&map, key_of(i), &values[i]), RC_OK);
                models[i].value = &values[i];
            } else {
                assert_ptr_equal(map_take(&map, key_of(i)), &values[i]);
                models[i].value = NULL;
            }
        }
        assert_holds_the_same(&map);
    }
    map_done(&map);
}

static void
test_replaces(void **state)
{
    struct map map;
    const uint64_t number = UINT64_MAX;

    (void)state;
    map_init(&map);
    assert_int_equal(map_put(&map, map_key_u64(&number), &values[0]), RC_OK);
    assert_int_equal(map_put(&map, map_key_u64(&number), &values[1]), RC_OK);
    assert_int_equal(map.count, 1);
    assert_ptr_equal(map_get(&map, map_key_u64(&number)), &values[1]);
    /* Nothing of a key is passed over: its first octet is another one, or it is longer. */
    assert_null(map_get(&map, span_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9)));
    assert_null(map_get(&map, SPAN("")));
    map_done(&map);
}

static void
test_a_walk_may_take_what_it_is_given(void **state)
{
    struct map map;
    size_t pos = 0;
    size_t taken = 0;
    struct span key;
    void *value;

    (void)state;
    models_make();
    map_init(&map);
    for (unsigned i = 0; i < KEYS; i++)
        assert_int_equal(map_put(&map, key_of(i), &values[i]), RC_OK);
    while (map_next(&map, &pos, &key, &value)) {
        assert_ptr_equal(map_take(&map, key), value);
        taken++;
    }
    assert_int_equal(taken, KEYS);
    assert_int_equal(map.count, 0);
    map_done(&map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_what_was_put),
        cmocka_unit_test(test_replaces),
        cmocka_unit_test(test_a_walk_may_take_what_it_is_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
