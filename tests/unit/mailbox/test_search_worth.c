/* SPDX-License-Identifier: MIT */
/*
 * When a search asks an index and when it wishes for one, how much it may ask and keep, and
 * what it says about that afterwards.
 */
#include "searches.h"

#include <string.h>

#include "base/budget.h"
#include "search_index.h"

/* ---- limits ---- */

/* Few messages are read rather than ask the index: those that the keys in memory leave. */
static void
test_worth(void **state)
{
    struct content *fx = *state;
    const struct test_how how = {.deadline_us = INT64_MAX};
    struct rng rng;

    rng_seed(&rng, 18);
    for (unsigned i = 0; i < 10 * LIMIT_SEARCH_UNASKED; i++)
        test_mail_add_shape(fx, NULL, &rng);
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    const struct {
        uint32_t messages;
        enum hits_stage stage;
        uint64_t rows;
    } rows[] = {
        {LIMIT_SEARCH_UNASKED - 1, HITS_BEGIN, LIMIT_SEARCH_UNASKED - 1},
        {LIMIT_SEARCH_UNASKED, HITS_ANSWERED, 0},
        {10 * LIMIT_SEARCH_UNASKED, HITS_ANSWERED, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        test_search_both(
            fx, view, arena_printf(&fx->arena, "SEARCH 1:%u TEXT fox", rows[i].messages), how);
        assert_int_equal(test_last.stage, rows[i].stage);
        assert_int_equal(test_last.tally.rows, rows[i].rows);
    }
    content_view_done(view);
}

/* INBOX has so many messages; all but the first are copies of the second one. */
static void
add_copies(struct content *fx, uint32_t wanted)
{
    struct view *view = content_view(fx, "INBOX");

    while (view->exists < wanted) {
        const uint32_t more = wanted - view->exists;
        const struct uid_run run = {2, 1 + (more < view->exists ? more : view->exists - 1)};
        struct copy_op op;
        copy_op_init(&op, &fx->arena, WAKE_NOBODY);
        op.from_mbox = content_mbox(view);
        op.to_name = SPAN("INBOX");
        op.runs = &run;
        op.run_count = 1;
        assert_ok(content_run(fx, &op.turn));
        content_view_done(view);
        view = content_view(fx, "INBOX");
    }
    content_view_done(view);
}

/* A search that reads many messages because no index knows them asks for one, once. */
static void
test_wish(void **state)
{
    struct content *fx = *state;
    static const struct {
        uint32_t messages;
        uint64_t known; /* of the two */
        unsigned wishes;
    } rows[] = {
        {LIMIT_SEARCH_UNKNOWN - 1, 0, 0},  {LIMIT_SEARCH_UNKNOWN, 0, 1},
        {LIMIT_SEARCH_UNKNOWN, 1, 0},      {LIMIT_SEARCH_UNKNOWN + 1, 1, 1},
        {10 * LIMIT_SEARCH_UNKNOWN, 1, 1},
    };
    struct rng rng;

    rng_seed(&rng, 23);
    for (unsigned i = 0; i < 2; i++)
        test_mail_add_shape(fx, NULL, &rng);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct test_found result;
        add_copies(fx, rows[i].messages);
        if (rows[i].known > 0)
            test_index_fill(fx, test_indexes, rows[i].known, false);
        struct view *view = content_view(fx, "INBOX");
        test_search_run(fx, view, "SEARCH BODY fox",
                        &(struct test_how){.deadline_us = INT64_MAX}, &result);
        assert_int_equal(test_wished(), rows[i].wishes);
        content_view_done(view);
    }
}

/* LIMIT_SEARCH_PIECES: texts beyond it are looked for in the messages. */
static void
test_many_texts(void **state)
{
    struct content *fx = *state;
    const struct test_how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    static const unsigned counts[] = {LIMIT_SEARCH_PIECES, LIMIT_SEARCH_PIECES + 1,
                                      10 * LIMIT_SEARCH_PIECES};
    struct rng rng;

    rng_seed(&rng, 19);
    test_mail_fill(fx, &rng);
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        AUTO_BUF line = {0};
        buf_init(&line, 1 << 16);
        buf_put_lit(&line, "SEARCH");
        for (unsigned k = 1; k < counts[i]; k++)
            buf_printf(&line, " NOT BODY absent%u", k);
        buf_put_lit(&line, " BODY fox");
        test_search_both(fx, view, arena_str(&fx->arena, buf_span(&line)), how);
        assert_int_equal(test_last.stage, HITS_ANSWERED);
        assert_int_equal(test_last.tally.rows > TEST_UNSURE, counts[i] > LIMIT_SEARCH_PIECES);
    }
    /* Words are pieces, too. */
    test_search_both(
        fx, view, "SEARCH FUZZY TEXT \"a b c d e f g h i j k l m n o p q r s t u v w x y z\"",
        how);
    content_view_done(view);
}

/* LIMIT_SEARCH_HITS_OCTETS: the more messages the fewer texts, and in the end none. */
static void
test_memory_for_answers(void **state)
{
    struct content *fx = *state;
    static const struct {
        uint64_t mark; /* a bit for each */
        bool first;
        bool second;
    } rows[] = {
        {LIMIT_SEARCH_HITS_OCTETS, true, true},
        /* two sets each, and one of all messages of which not everything is known */
        {UINT64_C(8) * LIMIT_SEARCH_HITS_OCTETS / 4, true, false},
        {UINT64_C(8) * LIMIT_SEARCH_HITS_OCTETS, false, false},
        {UINT64_C(80) * LIMIT_SEARCH_HITS_OCTETS, false, false},
    };
    struct rng rng;

    rng_seed(&rng, 22);
    test_mail_add_shape(fx, NULL, &rng);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct hits_question questions[] = {
            {.folded = SPAN("one"), .spaces = 1 << INDEX_BODY, .is_all = true},
            {.folded = SPAN("two"), .spaces = 1 << INDEX_BODY, .is_all = true},
        };
        struct store_index *index;
        struct index_state index_state;
        struct hits_asking asking;
        assert_ok(store_index_remove(test_indexes, fx->handle, &fx->err));
        test_index_mark(fx, test_indexes, rows[i].mark);
        assert_ok(hits_init(&asking, &fx->arena, questions, ARRAY_LEN(questions)));
        assert_ok(store_index_open(test_indexes, fx->handle, INDEX_READ, &index, &fx->err));
        assert_ok(store_index_begin(index, &index_state, &fx->err));
        assert_rc(
            hits_slice(&asking, index, &index_state, &fx->clock.clock, INT64_MAX, &fx->err),
            rows[i].first ? RC_OK : RC_LIMIT);
        assert_int_equal(questions[0].hits != NULL, rows[i].first);
        assert_int_equal(questions[1].hits != NULL, rows[i].second);
        store_index_end(index);
        store_index_close(index);
        hits_done(&asking);
    }
}

/* All searches together have a budget. */
static void
test_budget(void **state)
{
    struct content *fx = *state;
    const struct test_how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    struct rng rng;

    rng_seed(&rng, 20);
    test_mail_fill(fx, &rng);
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    struct budget *budget = account_hits_budget(fx->acct);
    assert_true(budget_take(budget, LIMIT_SEARCH_HITS_ALL_OCTETS - 100));
    test_search_both(fx, view, "SEARCH BODY fox", how);
    assert_int_equal(test_last.stage, HITS_GIVEN_UP);
    budget_give(budget, LIMIT_SEARCH_HITS_ALL_OCTETS - 100);
    test_search_both(fx, view, "SEARCH BODY fox", how);
    assert_int_equal(test_last.stage, HITS_ANSWERED);
    assert_int_equal(budget_used(budget), 0);
    content_view_done(view);
}

/* ---- the plan ---- */

static void
test_plan(void **state)
{
    static const struct {
        const char *line;
        uint32_t ask_at;
        const char *begins;
        const char *ends;
    } rows[] = {
        {"SEARCH LARGER 1 OR BODY secret NOT SUBJECT \"private secret\" HEADER X-A private", 1,
         "3 of 3 messages, 0 found: (LARGER (memory), field (index, then text), OR (NOT field "
         "(index, then text), text (index))); index 0.0 ms, ",
         " octets; read 3 rows, 3 headers, 0 texts of 0 octets, 0.0 ms; all 0.0 ms"},
        {"SEARCH BODY secret", UINT32_MAX,
         "3 of 3 messages, 3 found: (text (text)); index not asked; ",
         "read 3 rows, 0 headers, 3 texts of 39 octets, 0.0 ms; all 0.0 ms"},
        {"SEARCH 2 SUBJECT private HEADER X-A private SENTON 1-Jan-2020", 1,
         "1 of 1 messages, 0 found: ", ""},
        {"SEARCH UNSEEN", 1, "3 of 3 messages, ", "found: (NOT flag (memory)); all 0.0 ms"},
    };
    struct content *fx = *state;
    struct rng rng;
    struct test_found result;

    rng_seed(&rng, 21);
    for (unsigned i = 0; i < 3; i++)
        test_mail_add(fx, NULL, SPAN("Subject: private\r\nX-A: x\r\n\r\nsecret text\r\n"),
                      &rng);
    struct view *view = content_view(fx, "INBOX");
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct test_how how = {.ask_at = rows[i].ask_at, .deadline_us = INT64_MAX};
        test_search_run(fx, view, rows[i].line, &how, &result);
        const size_t len = strlen(test_last.plan);
        const size_t tail = strlen(rows[i].ends);
        if (strncmp(test_last.plan, rows[i].begins, strlen(rows[i].begins)) != 0 ||
            len < tail || strcmp(test_last.plan + len - tail, rows[i].ends) != 0)
            fail_msg("%s: %s", rows[i].line, test_last.plan);
        assert_null(strstr(test_last.plan, "secret"));
        assert_null(strstr(test_last.plan, "private"));
    }
    content_view_done(view);
}

/* Of a search with very many keys the first ones are shown. */
static void
test_long_plan(void **state)
{
    struct content *fx = *state;
    struct test_found result;
    struct rng rng;
    AUTO_BUF line = {0};

    rng_seed(&rng, 24);
    test_mail_add_shape(fx, NULL, &rng);
    struct view *view = content_view(fx, "INBOX");
    buf_init(&line, 1 << 20);
    buf_put_lit(&line, "SEARCH");
    for (unsigned i = 0; i < 5000; i++)
        buf_put_lit(&line, " SMALLER 100000");
    test_search_run(fx, view, arena_str(&fx->arena, buf_span(&line)),
                    &(struct test_how){.ask_at = 1}, &result);
    assert_non_null(strstr(test_last.plan, ", SMALLER (memory)) and 4961 more; all "));
    content_view_done(view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_worth, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_wish, test_searches_setup, test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_many_texts, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_memory_for_answers, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_budget, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_plan, test_searches_setup, test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_long_plan, test_searches_setup,
                                        test_searches_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
