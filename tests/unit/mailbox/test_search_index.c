/* SPDX-License-Identifier: MIT */
/*
 * A search finds the same whether or not it asks an index, and whatever becomes of the index
 * meanwhile: thousands of generated searches, over mail in many scripts, with the index at any
 * mark, growing, or made anew, and with messages that are copied or go.
 */
#include "searches.h"

#include "search_index.h"

/* ---- the same is found ---- */

static void
test_any_search(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 77);
    test_mail_fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    unsigned answered = 0;
    const unsigned rounds = test_rounds_of(3000);
    for (unsigned round = 0; round < rounds; round++) {
        /* from nothing to everything, in steps of very different sizes */
        if (round % (rounds / 8) == 0)
            test_index_fill(fx, test_indexes,
                            test_mail_highest(fx) * round / ((uint64_t)rounds / 8 * 7),
                            round == rounds / 8);
        const char *line = test_search_any(fx, &rng);
        test_search_both(fx, view, line,
                         (struct test_how){
                             .ask_at = 1,
                             .rates = round % 3 == 0,
                             .deadline_us = round % 2 == 0 ? 0 : INT64_MAX,
                         });
        answered += test_last.stage == HITS_ANSWERED;
        if (round % 100 == 99)
            arena_reset(&fx->arena);
    }
    assert_in_range(answered, rounds / 2, rounds);
    assert_string_not_equal(test_index_path(fx), "");
    content_view_done(view);
}

/* One word, or one or two ideographs: nothing is read of messages that the index knows. */
static void
test_nothing_is_read(void **state)
{
    static const char *const lines[] = {
        "SEARCH BODY needle",
        "SEARCH TEXT example",
        "SEARCH SUBJECT quick",
        "SEARCH CHARSET utf-8 FROM \"sch\xc3\xb6\"",
        "SEARCH CHARSET utf-8 BODY \"\xe4\xb8\xad\xe6\x96\x87\"",
        "SEARCH CHARSET utf-8 TEXT \"\xe4\xb8\xad\"",
        "SEARCH CHARSET utf-8 TEXT e",
        "SEARCH OR NOT BODY needle UNSEEN TEXT fox",
        "SEARCH FUZZY BODY absent-from-everything",
        "SEARCH BODY absentee FUZZY TEXT fox",
        "SEARCH HEADER X-Thing absentee",
        "SEARCH FROM j.doe@host.example",
        "SEARCH FROM \"<j.d\" NOT TO @example.net",
        "SEARCH CC .com",
        "SEARCH SUBJECT re:",
        "SEARCH HEADER Subject e-mail:",
        "SEARCH HEADER List-Id \"\"",
        "SEARCH NOT HEADER x-thing \"\"",
        "SEARCH BCC \"\"",
        "SEARCH HEADER X-Nothing the",
        "SEARCH BCC fox SUBJECT re: BCC \"\" NOT HEADER Bcc \"\"",
    };
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 5);
    test_mail_fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        test_search_both(fx, view, lines[i],
                         (struct test_how){.ask_at = 1, .deadline_us = INT64_MAX});
        assert_int_equal(test_last.stage, HITS_ANSWERED);
        if (test_last.tally.rows > TEST_UNSURE)
            fail_msg("%s: %u messages were read", lines[i], (unsigned)test_last.tally.rows);
    }
    content_view_done(view);
}

/*
 * No command names a collation (I18NLEVEL=1): i;unicode-casemap is the one of all searches, and
 * what is equal in it is found, with and without an index.
 */
static void
test_collation(void **state)
{
    static const struct {
        const char *text;
        const char *needle;
    } pairs[] = {
        {"Gr\xc3\xbc\xc3\x9f"
         "e",
         "GR\xc3\x9cSSE"},
        {"GR\xc3\x9cSSE", "gr\xc3\xbc\xc3\x9f"
                          "e"},
        {"\xe1\xba\x9e"
         "akt",
         "\xc3\x9f"
         "AKT"}, /* capital sharp s */
        {"\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82",
         "\xcf\x83\xce\x8a\xce\xa3\xce\xa5\xce\xa6\xce\x9f\xcf\x83"}, /* final sigma */
        {"\xc7\x86"
         "ep",
         "\xc7\x85"
         "EP"}, /* title case of dz */
        {"of\xef\xac\x81"
         "ce",
         "OFFI"}, /* a ligature */
        {"of\xef\xac\x81"
         "ce",
         "OFI"},                             /* which is not that */
        {"\xef\xbc\xa1\xef\xbc\xa2", "ab"},  /* of full width */
        {"d\xc4\xb1l", "DIL"},               /* dotless i */
        {"\xc3\xa9t\xc3\xa9", "E\xcc\x81T"}, /* composed, decomposed */
    };
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 33);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        test_mail_add(fx, NULL,
                      span_of_str(arena_printf(&fx->arena, "Subject: x %s\r\n\r\nin %s.\r\n",
                                               pairs[i].text, pairs[i].text)),
                      &rng);
    struct view *view = content_view(fx, "INBOX");
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        for (unsigned in_subject = 0; in_subject < 2; in_subject++) {
            const char *line =
                arena_printf(&fx->arena, "SEARCH CHARSET utf-8 %u %s \"%s\"", (unsigned)i + 1,
                             in_subject ? "SUBJECT" : "BODY", pairs[i].needle);
            test_search_both(fx, view, line,
                             (struct test_how){.ask_at = 1, .deadline_us = INT64_MAX});
            assert_int_equal(test_last.stage, HITS_ANSWERED);
            assert_int_equal(test_last.tally.rows, 0);
            assert_int_equal(test_search_count(fx, view, line), i != 6);
        }
    }
    content_view_done(view);
}

/* Lists of addresses in any form, and parts of them that have no blank: the index answers. */
static void
test_any_addresses(void **state)
{
    static const char *const pieces[] = {
        "a",  "b",  "@",     " ",       " <",  "<",  ">",      "<c@d>", "e@f", ", ",
        ", ", "(x", "\"k\"", "x <y@z>", "g: ", "; ", "=?u?q?", "?=",    ")",   "\r\n\t",
    };
    static const char *const needles[] = {
        "<c@d>", "c@d",   "c@d,", "<e@f", "e@f>", "a,", "b@", "@b>", "<>",  "z>,",
        "y@z",   "<y@z>", "f,",   "(x)",  "k",    ">,", "@",  "<a@", "f>;", "a@",
    };
    static const char *const keys[] = {"FROM", "TO", "CC", "BCC", "HEADER From", "FUZZY TO"};
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 34);
    for (unsigned i = 0; i < 150; i++) {
        AUTO_BUF text = {0};
        buf_init(&text, 4096);
        for (size_t k = 0; k < 4; k++) {
            buf_printf(&text, "%s: x", keys[k]);
            for (uint64_t left = rng_below(&rng, 7); left > 0; left--)
                buf_put_str(&text, pieces[rng_below(&rng, ARRAY_LEN(pieces))]);
            buf_put_lit(&text, "\r\n");
        }
        test_mail_add(fx, NULL, buf_span(&text), &rng);
    }
    struct view *view = content_view(fx, "INBOX");
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    for (size_t k = 0; k < ARRAY_LEN(keys); k++)
        for (size_t i = 0; i < ARRAY_LEN(needles); i++) {
            test_search_both(fx, view,
                             arena_printf(&fx->arena, "SEARCH %s \"%s\"", keys[k], needles[i]),
                             (struct test_how){.ask_at = 1, .deadline_us = INT64_MAX});
            assert_int_equal(test_last.stage, HITS_ANSWERED);
        }
    content_view_done(view);
}

/* ---- meanwhile ---- */

static uint64_t meanwhile_mark;

static void
grow(struct content *fx, unsigned slice)
{
    (void)slice;
    if (meanwhile_mark < test_mail_highest(fx))
        test_index_fill(fx, test_indexes, ++meanwhile_mark, false);
}

/* The index grows between any two slices of the search. */
static void
test_grows(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 9);
    test_mail_fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < test_rounds_of(40); round++) {
        test_index_empty(fx, test_indexes);
        meanwhile_mark = rng_below(&rng, test_mail_highest(fx));
        test_index_fill(fx, test_indexes, meanwhile_mark, false);
        test_search_both(
            fx, view, test_search_any(fx, &rng),
            (struct test_how){.ask_at = 1, .rates = round % 2 == 0, .meanwhile = grow});
    }
    content_view_done(view);
}

static unsigned anew_slices; /* it is made anew after so many slices only */

static void
make_anew(struct content *fx, unsigned slice)
{
    if (slice >= anew_slices)
        return;
    test_index_empty(fx, test_indexes);
    test_index_fill(fx, test_indexes, test_mail_highest(fx) / 2, false);
}

/* It is made anew while it is asked: once, or always again. */
static void
test_made_anew(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 10);
    test_mail_fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < test_rounds_of(6); round++) {
        test_index_empty(fx, test_indexes);
        test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
        anew_slices = round % 2 == 0 ? 1 : UINT32_MAX;
        test_search_both(fx, view, round < 2 ? "SEARCH TEXT fox" : test_search_any(fx, &rng),
                         (struct test_how){.ask_at = 1, .meanwhile = make_anew});
        if (round < 2)
            assert_int_equal(test_last.stage, round == 0 ? HITS_ANSWERED : HITS_GIVEN_UP);
    }
    content_view_done(view);
}

static void
remove_it(struct content *fx, unsigned slice)
{
    if (slice == 0)
        assert_ok(store_index_remove(test_indexes, fx->handle, &fx->err));
}

static void
test_removed(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 11);
    test_mail_fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < test_rounds_of(12); round++) {
        test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
        test_search_both(fx, view, round == 0 ? "SEARCH TEXT fox" : test_search_any(fx, &rng),
                         (struct test_how){.ask_at = 1, .meanwhile = remove_it});
        if (round == 0)
            assert_int_equal(test_last.stage, HITS_GIVEN_UP);
    }
    content_view_done(view);
}

/* ---- messages ---- */

/* Copies are the same message in another mailbox; the answers are shared. */
static void
test_copies_and_several_mailboxes(void **state)
{
    struct content *fx = *state;
    const struct uid_run some = {3, 40};
    AUTO_ARENA shared = {0};
    struct copy_op op;
    struct rng rng;

    arena_init(&shared, 64 << 20);
    rng_seed(&rng, 12);
    test_mail_fill(fx, &rng);
    struct view *inbox = content_view(fx, "INBOX");
    copy_op_init(&op, &fx->arena, WAKE_NOBODY);
    op.from_mbox = content_mbox(inbox);
    op.to_name = SPAN("Archive");
    op.runs = &some;
    op.run_count = 1;
    assert_ok(content_run(fx, &op.turn));
    for (unsigned i = 0; i < 10; i++)
        test_mail_add_shape(fx, "Archive", &rng);
    struct view *archive = content_view(fx, "Archive");
    test_index_fill(fx, test_indexes, test_mail_highest(fx) - 4, false);
    for (unsigned round = 0; round < test_rounds_of(300); round++) {
        const char *line = test_search_any(fx, &rng);
        struct search_answers *answers = search_answers_new(&shared);
        struct test_how how = {.ask_at = 1,
                               .answers = answers,
                               .rates = round % 3 == 0,
                               .deadline_us = round % 2 == 0 ? 0 : INT64_MAX};
        test_search_both(fx, inbox, line, how);
        const bool answered = test_last.stage == HITS_ANSWERED;
        test_search_both(fx, archive, line, how);
        if (answered)
            assert_int_equal(test_last.tally.index_slices, 0); /* it was not asked again */
        test_search_both(fx, inbox, test_search_any(fx, &rng), how);
        search_answers_done(answers);
        arena_reset(&shared);
    }
    content_view_done(archive);
    content_view_done(inbox);
}

/* The index still has messages that are gone; their numbers are given to no other. */
static void
test_purged(void **state)
{
    struct content *fx = *state;
    const struct uid_run some[] = {{5, 30}, {80, 91}};
    struct expunge_op op;
    struct rng rng;
    bool more = true;

    rng_seed(&rng, 13);
    test_mail_fill(fx, &rng);
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    expunge_op_init(&op, &fx->arena, WAKE_NOBODY);
    op.mbox = content_mbox(view);
    op.runs = some;
    op.run_count = ARRAY_LEN(some);
    assert_ok(content_run(fx, &op.turn));
    content_view_done(view);
    fake_clock_move_ms(&fx->clock, INT64_C(86400000) * 30);
    while (more) {
        struct store_tx *tx = content_write(fx);
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        content_commit(fx, tx);
    }
    for (unsigned i = 0; i < 20; i++)
        test_mail_add_shape(fx, NULL, &rng);
    view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < test_rounds_of(300); round++)
        test_search_both(fx, view, test_search_any(fx, &rng),
                         (struct test_how){.ask_at = 1, .deadline_us = INT64_MAX});
    assert_string_not_equal(test_index_path(fx), "");
    content_view_done(view);
}

/* Messages of the view are expunged. */
static void
expunge_some(struct content *fx, struct view *view)
{
    static const struct uid_run some[] = {{5, 30}, {80, 91}};
    struct expunge_op op;

    expunge_op_init(&op, &fx->arena, WAKE_NOBODY);
    op.mbox = content_mbox(view);
    op.runs = some;
    op.run_count = ARRAY_LEN(some);
    assert_ok(content_run(fx, &op.turn));
    fake_clock_move_ms(&fx->clock, INT64_C(86400000) * 30);
}

/* What a client has not been told to be expunged is found as before, by a scan and by the
 * index: the view keeps its text. */
static void
test_expunged_in_the_view(void **state)
{
    struct content *fx = *state;
    struct purge_op purge;
    struct rng rng;

    rng_seed(&rng, 31);
    test_mail_fill(fx, &rng);
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    const uint32_t before = test_search_count(fx, view, "SEARCH BODY e");
    expunge_some(fx, view);
    do {
        purge_op_init(&purge, WAKE_NOBODY);
        assert_ok(content_run(fx, &purge.turn));
    } while (purge.more);
    assert_int_equal(test_search_count(fx, view, "SEARCH BODY e"), before);
    for (unsigned round = 0; round < test_rounds_of(300); round++)
        test_search_both(fx, view, test_search_any(fx, &rng),
                         (struct test_how){.ask_at = 1, .deadline_us = INT64_MAX});
    content_view_done(view);
}

/* Where others purge, no view keeps them from that. Then neither finds what is gone, unless it
 * need not be read for that. */
static void
test_purged_in_the_view(void **state)
{
    struct content *fx = *state;
    struct rng rng;
    bool more = true;

    rng_seed(&rng, 32);
    test_mail_fill(fx, &rng);
    test_index_fill(fx, test_indexes, test_mail_highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    const uint32_t all = view->exists;
    const uint32_t before = test_search_count(fx, view, "SEARCH BODY e");
    expunge_some(fx, view);
    while (more) {
        struct store_tx *tx = content_write(fx);
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        content_commit(fx, tx);
    }
    assert_int_equal(view->exists, all);
    assert_true(test_search_count(fx, view, "SEARCH BODY e") < before);
    assert_int_equal(test_search_count(fx, view, "SEARCH OR BODY absentee LARGER 1"), all);
    test_search_both(fx, view, "SEARCH BODY e",
                     (struct test_how){.ask_at = 1, .deadline_us = INT64_MAX});
    assert_int_equal(test_last.stage, HITS_ANSWERED);
    test_search_both(fx, view, "SEARCH NOT BODY absentee",
                     (struct test_how){.ask_at = 1, .deadline_us = INT64_MAX});
    for (unsigned round = 0; round < test_rounds_of(600); round++)
        test_search_both(fx, view, test_search_any(fx, &rng),
                         (struct test_how){.ask_at = 1,
                                           .rates = round % 3 == 0,
                                           .deadline_us = round % 2 == 0 ? 0 : INT64_MAX});
    content_view_done(view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_search, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_read, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_grows, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_made_anew, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_removed, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_copies_and_several_mailboxes, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_purged, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_expunged_in_the_view, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_purged_in_the_view, test_searches_setup_shared,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_collation, test_searches_setup,
                                        test_searches_teardown),
        cmocka_unit_test_setup_teardown(test_any_addresses, test_searches_setup,
                                        test_searches_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
