/* SPDX-License-Identifier: MIT */
/* Spools: in memory up to their limit and the budget, then in a file without a name. */
#include "support/cm.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "session/spool.h"

struct fixture {
    struct budget memory;
    struct spool_place place;
    char dir[64];
};

static void
set_up(struct fixture *fx, int64_t budget)
{
    snprintf(fx->dir, sizeof fx->dir, "/tmp/roost-spool-XXXXXX");
    assert_non_null(mkdtemp(fx->dir));
    budget_init(&fx->memory, budget);
    fx->place = (struct spool_place){.dir = fx->dir, .memory = &fx->memory};
}

static void
tear_down(struct fixture *fx)
{
    assert_int_equal(budget_used(&fx->memory), 0);
    assert_int_equal(rmdir(fx->dir), 0); /* nothing with a name was left */
}

static void
fill(struct spool *spool, size_t octets)
{
    char block[1000];
    struct err err = {.rc = RC_OK};

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)('a' + i % 26);
    while (octets > 0) {
        const struct span piece =
            span_head(span_of(block, sizeof block), octets); /* always from 'a' on */
        assert_ok(spool_append(spool, piece, &err));
        octets -= piece.len;
    }
}

static void
assert_filled(struct spool *spool, size_t octets)
{
    struct span text;
    struct err err = {.rc = RC_OK};

    assert_ok(spool_read(spool, &text, &err));
    assert_int_equal(text.len, octets);
    for (size_t i = 0; i < octets; i++)
        if (text.ptr[i] != (char)('a' + i % 1000 % 26))
            fail_msg("octet %zu", i);
}

static void
test_memory_then_file(void **state)
{
    static const struct {
        size_t octets;
        bool file;
    } rows[] = {{0, false},
                {1, false},
                {LIMIT_SPOOL_MEMORY, false},
                {LIMIT_SPOOL_MEMORY + 1, true},
                {LIMIT_SPOOL_MEMORY * 8, true}};
    struct fixture fx;

    (void)state;
    set_up(&fx, 64 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct spool spool;
        spool_init(&spool, &fx.place);
        fill(&spool, rows[i].octets);
        assert_int_equal(spool.fd >= 0, rows[i].file);
        assert_int_equal(spool.octets, rows[i].octets);
        assert_filled(&spool, rows[i].octets);
        fill(&spool, rows[i].octets == 0 ? 0 : 1000); /* after a read, too */
        spool_done(&spool);
        assert_int_equal(budget_used(&fx.memory), 0);
    }
    tear_down(&fx);
}

static void
test_spent_budget_goes_to_the_file(void **state)
{
    struct fixture fx;
    struct spool one;
    struct spool two;

    (void)state;
    set_up(&fx, 100000);
    spool_init(&one, &fx.place);
    spool_init(&two, &fx.place);
    fill(&one, 60000);
    assert_true(one.fd < 0);
    fill(&two, 60000);
    assert_true(two.fd >= 0);
    assert_filled(&one, 60000);
    assert_filled(&two, 60000);
    spool_done(&one);
    spool_done(&two);
    tear_down(&fx);
}

static void
test_no_place_is_told(void **state)
{
    struct budget none;
    const struct spool_place place = {.dir = "/nonexistent/roost", .memory = &none};
    struct spool spool;
    struct err err = {.rc = RC_OK};

    (void)state;
    budget_init(&none, 0);
    spool_init(&spool, &place);
    assert_int_equal(spool_append(&spool, SPAN("x"), &err), RC_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/roost"));
    spool_done(&spool);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_then_file),
        cmocka_unit_test(test_spent_budget_goes_to_the_file),
        cmocka_unit_test(test_no_place_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
