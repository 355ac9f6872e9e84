/* SPDX-License-Identifier: MIT */
/* Spools: in memory up to their limit and the budget, then in a file without a name, of which
 * there are only so many at a time. */
#include "support/cm.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "session/spool.h"
#include "support/tmpdir.h"

struct fixture {
    struct budget memory;
    struct budget files;
    struct budget kept;
    struct spool_place place;
    struct spool_place delivery;
    char dir[64];
};

static void
set_up(struct fixture *fx, int64_t budget)
{
    snprintf(fx->dir, sizeof fx->dir, "%s/roost-spool-XXXXXX", tmpdir_parent());
    assert_non_null(mkdtemp(fx->dir));
    budget_init(&fx->memory, budget);
    budget_init(&fx->files, 3);
    budget_init(&fx->kept, 2);
    fx->place =
        (struct spool_place){.dir = fx->dir, .memory = &fx->memory, .files = &fx->files};
    fx->delivery = fx->place;
    fx->delivery.kept = &fx->kept;
}

static void
tear_down(struct fixture *fx)
{
    assert_int_equal(budget_used(&fx->memory), 0);
    assert_int_equal(budget_used(&fx->files), 0);
    assert_int_equal(budget_used(&fx->kept), 0);
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
        spool_init(&spool, &fx.place, 0);
        fill(&spool, rows[i].octets);
        assert_int_equal(spool.fd >= 0, rows[i].file);
        assert_int_equal(spool.octets, rows[i].octets);
        assert_int_equal(budget_used(&fx.files), rows[i].file);
        assert_filled(&spool, rows[i].octets);
        assert_true(spool.fd < 0); /* what is complete needs no descriptor */
        assert_int_equal(budget_used(&fx.files), 0);
        assert_filled(&spool, rows[i].octets); /* again */
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
    spool_init(&one, &fx.place, 0);
    spool_init(&two, &fx.place, 0);
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

/* Who finds no file is told so, before the octets come or when they do. Those of a delivery
 * have some for themselves. */
static void
test_files_are_scarce(void **state)
{
    struct fixture fx;
    struct spool large[5];
    struct spool late;
    struct spool small;
    struct err err = {.rc = RC_OK};
    static const char octets[LIMIT_SPOOL_MEMORY] = "";

    (void)state;
    set_up(&fx, 64 << 20);
    for (size_t i = 0; i < ARRAY_LEN(large); i++) {
        spool_init(&large[i], i < 3 ? &fx.place : &fx.delivery, 0);
        assert_ok(spool_expect(&large[i], LIMIT_SPOOL_MEMORY + 1, &err));
        assert_ok(spool_expect(&large[i], LIMIT_SPOOL_MEMORY + 1, &err)); /* twice is once */
        fill(&large[i], LIMIT_SPOOL_MEMORY + 1);
    }
    for (int delivery = 0; delivery < 2; delivery++) {
        spool_init(&late, delivery ? &fx.delivery : &fx.place, 0);
        assert_int_equal(spool_expect(&late, LIMIT_SPOOL_MEMORY + 1, &err), RC_CROWDED);
        assert_ok(spool_expect(&late, LIMIT_SPOOL_MEMORY, &err));
        assert_ok(spool_append(&late, span_of(octets, sizeof octets), &err));
        assert_int_equal(spool_append(&late, SPAN("x"), &err), RC_CROWDED);
        assert_non_null(strstr(err.text, "large messages are being received"));
        spool_done(&late);
    }
    spool_init(&small, &fx.place, 0); /* who needs none is not concerned */
    fill(&small, 1000);
    assert_filled(&small, 1000);
    spool_done(&small);

    /* One is complete, so another may come; and a delivery leaves its own to deliveries. */
    spool_seal(&large[0]);
    spool_init(&late, &fx.place, 0);
    assert_ok(spool_expect(&late, UINT64_MAX, &err));
    spool_done(&large[4]);
    spool_init(&small, &fx.place, 0);
    assert_int_equal(spool_expect(&small, UINT64_MAX, &err), RC_CROWDED);
    spool_done(&late);
    for (size_t i = 0; i < 4; i++) {
        assert_filled(&large[i], LIMIT_SPOOL_MEMORY + 1);
        spool_done(&large[i]);
    }
    tear_down(&fx);
}

static void
test_small_ones_without_memory_need_files_too(void **state)
{
    struct fixture fx;
    struct spool spools[4];
    struct err err = {.rc = RC_OK};

    (void)state;
    set_up(&fx, 0);
    for (size_t i = 0; i < ARRAY_LEN(spools); i++) {
        spool_init(&spools[i], &fx.place, 0);
        assert_int_equal(spool_append(&spools[i], SPAN("x"), &err), i < 3 ? RC_OK : RC_CROWDED);
    }
    for (size_t i = 0; i < ARRAY_LEN(spools); i++)
        spool_done(&spools[i]);
    tear_down(&fx);
}

static void
test_no_place_is_told(void **state)
{
    struct budget none;
    struct budget one;
    const struct spool_place place = {
        .dir = "/nonexistent/roost", .memory = &none, .files = &one};
    struct spool spool;
    struct err err = {.rc = RC_OK};

    (void)state;
    budget_init(&none, 0);
    budget_init(&one, 1);
    spool_init(&spool, &place, 0);
    assert_int_equal(spool_append(&spool, SPAN("x"), &err), RC_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/roost"));
    spool_done(&spool);
    assert_int_equal(budget_used(&one), 0);
}

/* One account leaves files to others, whatever it asks for. */
static void
test_each_account_has_its_share(void **state)
{
    enum { SHARE = 2 };
    static struct spool_owners owners;
    struct fixture fx;
    struct spool spools[3 * SHARE];
    struct spool late;
    struct err err = {.rc = RC_OK};

    (void)state;
    set_up(&fx, 64 << 20);
    budget_init(&fx.files, SHARE * (int64_t)LIMIT_SPOOL_SHARE);
    spool_owners_init(&owners, fx.files.total);
    fx.place.owners = &owners;
    for (uint64_t i = 0; i < ARRAY_LEN(spools); i++) {
        spool_init(&spools[i], &fx.place, 1 + i / SHARE);
        assert_ok(spool_expect(&spools[i], UINT64_MAX, &err));
        assert_ok(spool_expect(&spools[i], UINT64_MAX, &err)); /* twice is once */
    }
    for (uint64_t account = 1; account <= 3; account++) {
        spool_init(&late, &fx.place, account);
        for (unsigned i = 0; i < 20; i++)
            assert_int_equal(spool_expect(&late, UINT64_MAX, &err), RC_CROWDED);
        assert_non_null(strstr(err.text, "the account is sending"));
        assert_ok(spool_append(&late, SPAN("small"), &err));
        spool_done(&late);
    }
    assert_int_equal(budget_used(&fx.files), 3 * SHARE);

    /* One that is done makes room for its own account, not for the others. */
    spool_done(&spools[0]);
    spool_init(&late, &fx.place, 2);
    assert_int_equal(spool_expect(&late, UINT64_MAX, &err), RC_CROWDED);
    spool_init(&late, &fx.place, 1);
    assert_ok(spool_expect(&late, UINT64_MAX, &err));
    assert_int_equal(spool_expect(&spools[0], UINT64_MAX, &err), RC_CROWDED);
    spool_done(&late);
    for (size_t i = 0; i < ARRAY_LEN(spools); i++)
        spool_done(&spools[i]);
    assert_int_equal(owners.count, 0);
    spool_owners_done(&owners);

    spool_owners_init(&owners, 1); /* where files are fewest, everybody may have one */
    assert_int_equal(owners.most, 1);
    spool_owners_done(&owners);
    tear_down(&fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_then_file),
        cmocka_unit_test(test_spent_budget_goes_to_the_file),
        cmocka_unit_test(test_files_are_scarce),
        cmocka_unit_test(test_small_ones_without_memory_need_files_too),
        cmocka_unit_test(test_each_account_has_its_share),
        cmocka_unit_test(test_no_place_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
