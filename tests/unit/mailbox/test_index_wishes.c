/* SPDX-License-Identifier: MIT */
/* Accounts that wait to be indexed: each once, in order, and no more than there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "base/check.h"
#include "mailbox/search/index_wishes.h"

static void
test_each_waits_once(void **state)
{
    static const uint64_t asked[] = {7, 3, 7, 9, 3, 3};
    static const uint64_t expected[] = {7, 3, 9};
    struct index_wishes wishes;
    uint64_t account = 0;

    (void)state;
    index_wishes_init(&wishes);
    for (size_t round = 0; round < LIMIT_INDEX_WISHES; round++) {
        for (size_t i = 0; i < ARRAY_LEN(asked); i++)
            assert_true(index_wishes_put(&wishes, asked[i]));
        for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
            assert_true(index_wishes_take(&wishes, 0, &account));
            assert_int_equal(account, expected[i]);
        }
        assert_false(index_wishes_take(&wishes, 0, &account));
    }
    index_wishes_done(&wishes);
}

static void
test_there_is_room_for_so_many(void **state)
{
    struct index_wishes wishes;
    uint64_t account = 0;

    (void)state;
    index_wishes_init(&wishes);
    for (uint64_t i = 1; i <= LIMIT_INDEX_WISHES; i++)
        assert_true(index_wishes_put(&wishes, i));
    for (uint64_t i = 1; i <= (uint64_t)LIMIT_INDEX_WISHES * 20; i++)
        assert_int_equal(index_wishes_put(&wishes, i), i <= LIMIT_INDEX_WISHES);
    assert_true(index_wishes_take(&wishes, 0, &account));
    assert_int_equal(account, 1);
    assert_true(index_wishes_put(&wishes, LIMIT_INDEX_WISHES + 1));
    for (uint64_t i = 2; i <= LIMIT_INDEX_WISHES + 1; i++) {
        assert_true(index_wishes_take(&wishes, 0, &account));
        assert_int_equal(account, i);
    }
    assert_false(index_wishes_take(&wishes, 0, &account));
    index_wishes_done(&wishes);
}

/* Whoever wants to know sees those that wait, and the one that was taken. */
static void
test_the_list(void **state)
{
    struct index_wishes wishes;
    uint64_t list[4];
    uint64_t account = 0;

    (void)state;
    index_wishes_init(&wishes);
    assert_int_equal(index_wishes_list(&wishes, list, 4), 0);
    for (uint64_t i = 1; i <= 3; i++)
        assert_true(index_wishes_put(&wishes, i));
    assert_true(index_wishes_take(&wishes, 0, &account));
    assert_int_equal(index_wishes_list(&wishes, list, 4), 3);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(list[i], i + 1);
    assert_true(index_wishes_put(&wishes, 1)); /* it is one account all the same */
    assert_int_equal(index_wishes_list(&wishes, list, 4), 3);
    assert_int_equal(index_wishes_list(&wishes, list, 2), 2);
    while (index_wishes_take(&wishes, 0, &account))
        continue;
    assert_int_equal(index_wishes_list(&wishes, list, 4), 0);
    index_wishes_done(&wishes);
}

/* Takes all until it is stopped; gives their sum. */
static void *
take_all(void *ctx)
{
    static uint64_t sum;
    struct index_wishes *wishes = ctx;
    uint64_t account = 0;

    sum = 0;
    for (;;) {
        if (index_wishes_take(wishes, 60000, &account))
            sum += account;
        else if (wishes->stopped) /* only this thread is left to look */
            return &sum;
        if (account == 5)
            index_wishes_stop(wishes);
    }
}

/* Who waits is woken by a wish, and by the end. */
static void
test_who_waits_is_woken(void **state)
{
    struct index_wishes wishes;
    pthread_t thread;
    uint64_t account = 0;
    void *sum = NULL;

    (void)state;
    index_wishes_init(&wishes);
    CHECK(pthread_create(&thread, NULL, take_all, &wishes) == 0);
    for (uint64_t i = 1; i <= 5; i++)
        assert_true(index_wishes_put(&wishes, i));
    CHECK(pthread_join(thread, &sum) == 0);
    assert_int_equal(*(uint64_t *)sum, 15);
    assert_true(index_wishes_put(&wishes, 6));
    assert_false(index_wishes_take(&wishes, 60000, &account));
    index_wishes_go(&wishes);
    assert_true(index_wishes_take(&wishes, 0, &account));
    assert_int_equal(account, 6);
    index_wishes_done(&wishes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_waits_once),
        cmocka_unit_test(test_there_is_room_for_so_many),
        cmocka_unit_test(test_the_list),
        cmocka_unit_test(test_who_waits_is_woken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
