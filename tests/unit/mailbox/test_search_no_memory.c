/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at each allocation in turn while a search asks an index: it fails, or finds
 * what it finds without an index.
 */
#include "search_index.h"

#include <stdio.h>

#include "mailbox/search/search.h"
#include "support/fault_alloc.h"

enum { MESSAGES = 8, NTH_MAX = 5000 };

static struct store_indexes *pool;

static enum rc
run(struct content *fx, struct view *view, struct imap_search_key *root, uint32_t *found_out)
{
    const struct search_req req = {.root = root, .ask_at = 1};
    struct search *search = NULL;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 64 << 20);
    enum rc rc = search_new(&arena, view, &req, &search, &fx->err);
    for (rc = rc == RC_OK ? RC_AGAIN : rc; rc == RC_AGAIN;) {
        struct store_tx *tx = NULL;
        rc = store_read_begin(fx->handle, WAKE_NOBODY, &tx, &fx->err);
        if (rc == RC_OK)
            rc = search_slice(search, tx, &fx->clock.clock, 0, &fx->err);
        store_end(tx);
    }
    if (rc == RC_OK)
        *found_out = search_count(search);
    search_done(search);
    return rc;
}

/* One search with the Nth allocation failing; false when it did not come to that. */
static bool
once(struct content *fx, struct view *view, const char *line, uint32_t expected,
     enum fault_alloc how, uint64_t nth)
{
    struct imap_cmd *cmd = content_cmd(fx, line);
    uint32_t found = 0;

    fake_clock_move_ms(&fx->clock, 86400000); /* the index's file does not stay open */
    store_indexes_keep_house(pool);
    fault_alloc_arm(how, nth);
    const enum rc rc = run(fx, view, cmd->u.search.root, &found);
    const bool failed = fault_alloc_disarm();
    if (rc != RC_OK && (!failed || rc != RC_LIMIT))
        fail_msg("%s, allocation %ju: %s (%s)", line, (uintmax_t)nth, rc_name(rc),
                 fx->err.text);
    if (rc == RC_OK && found != expected)
        fail_msg("%s, allocation %ju: %u found, not %u", line, (uintmax_t)nth, found, expected);
    arena_reset(&fx->arena);
    return failed;
}

static void
test_each_allocation_fails(void **state)
{
    static const struct {
        const char *line;
        uint32_t found;
    } rows[] = {
        {"SEARCH BODY word3", 1},
        {"SEARCH NOT TEXT word", 0},
        {"SEARCH OR SUBJECT \"a subject\" FUZZY TEXT wrod", MESSAGES},
    };
    struct content *fx = content_new();

    (void)state;
    pool = test_indexes_new(&fx->clock.clock);
    content_open_account_with(fx, &(struct account_search){.indexes = pool});
    for (unsigned i = 0; i < MESSAGES; i++)
        content_append(fx, &(struct content_mail){
                               .text = span_of_str(arena_printf(
                                   &fx->arena, "Subject: a subject\r\n\r\nword%u\r\n", i))});
    test_index_fill(fx, pool, MESSAGES, false);
    struct view *view = content_view(fx, "INBOX");
    for (unsigned how = FAULT_ALLOC_ONE; how <= FAULT_ALLOC_ALL_FROM; how++)
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            uint64_t nth = 1;
            for (bool failed = true; failed && nth < NTH_MAX; nth++)
                failed =
                    once(fx, view, rows[i].line, rows[i].found, (enum fault_alloc)how, nth);
            printf("%s: %ju allocations\n", rows[i].line, (uintmax_t)nth - 2);
            assert_in_range(nth, 10, NTH_MAX - 1);
        }
    assert_string_not_equal(test_index_path(fx), ""); /* nobody took it for damaged */
    content_view_done(view);
    content_close_account(fx);
    store_indexes_free(pool);
    content_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
