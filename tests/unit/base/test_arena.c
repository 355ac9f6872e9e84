/* SPDX-License-Identifier: MIT */
/* An arena that is taken back to where it stood. */
#include "support/cm.h"

#include <string.h>

#include "base/arena.h"

enum { BUDGET = 1 << 20 };

/* Whatever was allocated since, in blocks of all sizes, the arena is as it was, and its memory
 * is zeroed when it is given out again. */
static void
test_rewind(void **state)
{
    static const size_t sizes[] = {1, 100, 1000, 2000, 70000, 300000, 16};
    struct arena arena;

    (void)state;
    arena_init(&arena, BUDGET);
    for (size_t before = 0; before < ARRAY_LEN(sizes); before++) {
        char *kept = before == 0 ? NULL : arena_alloc(&arena, sizes[before - 1], 1);
        if (kept != NULL)
            memset(kept, 'k', sizes[before - 1]);
        const struct arena_mark mark = arena_mark(&arena);
        const size_t used = arena.used_octets;
        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
                char *at = arena_alloc(&arena, sizes[i], 1);
                assert_non_null(at);
                for (size_t k = 0; k < sizes[i]; k++)
                    assert_int_equal(at[k], 0);
                memset(at, 'x', sizes[i]);
            }
            arena_rewind(&arena, mark);
            assert_int_equal(arena.used_octets, used);
            arena_rewind(&arena, mark); /* there is nothing more to take back */
            assert_int_equal(arena.used_octets, used);
        }
        for (size_t k = 0; kept != NULL && k < sizes[before - 1]; k++)
            assert_int_equal(kept[k], 'k');
    }
    arena_done(&arena);
}

/* The budget counts only what is there. */
static void
test_budget_after_a_rewind(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, BUDGET);
    const struct arena_mark mark = arena_mark(&arena);
    for (int round = 0; round < 10; round++) {
        assert_non_null(arena_alloc(&arena, BUDGET * 3 / 4, 1));
        assert_null(arena_alloc(&arena, BUDGET * 3 / 4, 1));
        arena_rewind(&arena, mark);
    }
    assert_int_equal(arena.used_octets, 0);
    assert_null(arena.blocks);
    arena_done(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_budget_after_a_rewind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
