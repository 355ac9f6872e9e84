/* SPDX-License-Identifier: MIT */
/* Searches find the same with an index that is damaged, of other mail, or busy. */
#include "searches.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "search_index.h"

/* Octets of the file are changed, again and again, before the search and between its slices. */
static struct rng damage_rng;

static void
damage(struct content *fx, unsigned slice)
{
    struct stat st;
    char octets[64];

    (void)slice;
    AUTO_FD fd = open(test_index_path(fx), O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
        return;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (char)rng_u64(&damage_rng);
    const off_t at = (off_t)rng_below(&damage_rng, (uint64_t)st.st_size);
    assert_true(pwrite(fd, octets, 1 + rng_below(&damage_rng, sizeof octets), at) > 0);
}

static void
test_damaged(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 14);
    rng_seed(&damage_rng, 15);
    test_mail_fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    unsigned noticed = 0;
    for (unsigned round = 0; round < test_rounds_of(100); round++) {
        assert_ok(store_index_remove(test_indexes, fx->handle, &fx->err));
        test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
        fake_clock_move_ms(&fx->clock, INT64_C(86400000)); /* nothing of it stays open */
        store_indexes_keep_house(test_indexes);
        for (unsigned i = 0; i < 5; i++)
            damage(fx, 0);
        test_search_both(fx, view, test_search_any(fx, &rng),
                         (struct test_how){.ask_at = 1,
                                           .deadline_us = round % 2 == 0 ? 0 : INT64_MAX,
                                           .meanwhile = damage});
        if (test_index_path(fx)[0] == '\0') { /* it was removed, to be made again */
            assert_int_equal(test_wished(), 1);
            noticed++;
        }
    }
    assert_in_range(noticed, 5, 100);
    content_view_done(view);
}

/* A backup was restored: the index is of messages that are not there, or of others. */
static void
test_of_other_mail(void **state)
{
    struct content *fx = *state;
    const struct test_how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    struct rng rng;

    rng_seed(&rng, 16);
    for (unsigned i = 0; i < 12; i++)
        test_mail_add_shape(fx, NULL, &rng);
    struct view *view = content_view(fx, "INBOX");
    const uint64_t known = test_mail_highest(fx);
    const struct {
        uint64_t known_before;
        uint64_t other;
    } rows[] = {
        {0, known},         /* the same id, another message */
        {known - 3, known}, /* the first ones are the same */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        test_index_fill(fx, test_indexes, rows[i].known_before, false);
        test_index_other(fx, test_indexes, rows[i].other);
        test_search_both(fx, view, "SEARCH TEXT fox", how);
        assert_int_equal(test_last.stage, HITS_GIVEN_UP);
        assert_string_equal(test_index_path(fx), "");
        assert_int_equal(test_wished(), 1);
        test_search_both(fx, view, "SEARCH TEXT another", how);
    }
    test_index_fill(fx, test_indexes, known, false);
    test_search_both(fx, view, "SEARCH TEXT fox", how);
    assert_int_equal(test_last.stage, HITS_ANSWERED);
    /* One that is not there, or that has come since this snapshot began. */
    test_index_other(fx, test_indexes, known + 1);
    test_search_both(fx, view, "SEARCH TEXT fox", how);
    assert_int_equal(test_last.stage, HITS_ANSWERED);
    assert_string_not_equal(test_index_path(fx), "");
    assert_int_equal(test_wished(), 1);
    content_view_done(view);
}

/* The message by which the newest documents are proved is gone: what the index says of those
 * may be about other messages. */
static void
test_of_mail_that_is_gone(void **state)
{
    static const char *const lines[] = {"SEARCH TEXT fox", "SEARCH TEXT another",
                                        "SEARCH TEXT e", "SEARCH NOT TEXT e"};
    struct content *fx = *state;
    const struct test_how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    struct rng rng;

    rng_seed(&rng, 23);
    for (unsigned i = 0; i < 12; i++)
        test_mail_add_shape(fx, NULL, &rng);
    struct view *view = content_view(fx, "INBOX");
    for (uint64_t known = 0; known <= 12; known += 4) {
        test_index_empty(fx, test_indexes);
        if (known > 0)
            test_index_fill(fx, test_indexes, known, false);
        test_index_other(fx, test_indexes, test_mail_highest(fx) + 1);
        for (size_t i = 0; i < ARRAY_LEN(lines); i++)
            test_search_both(fx, view, lines[i], how);
        assert_int_equal(test_last.stage, HITS_ANSWERED);
    }
    content_view_done(view);
}

/* All places of the pool are taken: messages are read, and the index is asked when there is a
 * place. */
static void
test_no_place(void **state)
{
    struct content *fx = *state;
    const struct test_how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    struct store_index *open[LIMIT_INDEXES_OPEN];
    struct rng rng;

    rng_seed(&rng, 17);
    test_mail_fill(fx, &rng);
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < LIMIT_INDEXES_OPEN; i++)
        assert_ok(store_index_open(test_indexes, fx->handle, INDEX_READ, &open[i], &fx->err));
    test_search_both(fx, view, "SEARCH BODY fox", how);
    assert_int_equal(test_last.stage, HITS_BEGIN);
    assert_in_range(test_last.tally.index_slices, 4, 20);
    store_index_close(open[0]);
    test_search_both(fx, view, "SEARCH BODY fox", how);
    assert_int_equal(test_last.stage, HITS_ANSWERED);
    for (size_t i = 1; i < LIMIT_INDEXES_OPEN; i++)
        store_index_close(open[i]);
    content_view_done(view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_damaged, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_of_other_mail, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_of_mail_that_is_gone, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_no_place, test_searches_setup,
                                        test_searches_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
