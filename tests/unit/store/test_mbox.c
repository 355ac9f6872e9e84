/* SPDX-License-Identifier: MIT */
/* Mailbox rows, subscriptions, keywords: identity, limits, what a restart must not change. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

static bool
is_same_object(const struct mbox_row *a, const struct mbox_row *b)
{
    return memcmp(&a->object_id, &b->object_id, sizeof a->object_id) == 0;
}

static void
test_new_account_has_the_six_mailboxes(void **state)
{
    static const struct {
        const char *name;
        uint32_t use;
    } want[] = {{"Archive", USE_ARCHIVE}, {"Drafts", USE_DRAFTS}, {"INBOX", 0},
                {"Junk", USE_JUNK},       {"Sent", USE_SENT},     {"Trash", USE_TRASH}};
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_read(fx);
    struct mbox_row *rows = NULL;
    struct span *names = NULL;
    size_t count = 0;

    (void)state;
    assert_ok(store_mbox_list(tx, &fx->arena, &rows, &count, &fx->err));
    assert_int_equal(count, ARRAY_LEN(want));
    for (size_t i = 0; i < count; i++) {
        assert_true(span_eq_str(rows[i].name, want[i].name));
        assert_int_equal(rows[i].special_use, want[i].use);
        assert_int_equal(rows[i].uidnext, 1);
        assert_int_equal(rows[i].exists, 0);
        assert_true(rows[i].highest_modseq >= 1);
        for (size_t k = 0; k < i; k++)
            assert_false(rows[i].uidvalidity == rows[k].uidvalidity ||
                         is_same_object(&rows[i], &rows[k]));
    }
    assert_ok(store_subscriptions(tx, &fx->arena, &names, &count, &fx->err));
    assert_int_equal(count, ARRAY_LEN(want));
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_create_rename_delete(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    struct mbox_row row;
    uint64_t first = 0;
    uint64_t second = 0;

    (void)state;
    assert_ok(store_mbox_create(tx, SPAN("Work"), USE_FLAGGED, &first, &fx->err));
    assert_rc(store_mbox_create(tx, SPAN("Work"), 0, &second, &fx->err), RC_EXISTS);
    assert_rc(store_mbox_create(tx, SPAN(""), 0, &second, &fx->err), RC_INVALID);
    const struct mbox_row made = mbox_row(fx, tx, "Work");
    const uint32_t uidvalidity = made.uidvalidity;
    assert_rc(store_mbox_rename(tx, first, SPAN("INBOX"), &fx->err), RC_EXISTS);
    assert_ok(store_mbox_rename(tx, first, SPAN("Play"), &fx->err));
    assert_rc(store_mbox_find(tx, SPAN("Work"), &fx->arena, &row, &fx->err), RC_NOT_FOUND);
    assert_int_equal(mbox_id(fx, tx, "Play"), first);
    row = mbox_row(fx, tx, "Play");
    assert_int_equal(row.uidvalidity, uidvalidity);
    assert_true(is_same_object(&row, &made));
    assert_ok(store_mbox_set_special_use(tx, first, USE_IMPORTANT, &fx->err));
    assert_int_equal(mbox_row(fx, tx, "Play").special_use, USE_IMPORTANT);
    add_message(fx, tx, first, 1, MSG_DELETED);
    assert_ok(store_mbox_delete(tx, first, &fx->err));
    assert_rc(store_mbox_delete(tx, first, &fx->err), RC_NOT_FOUND);
    assert_rc(store_mbox_get(tx, first, &fx->arena, &row, &fx->err), RC_NOT_FOUND);
    assert_rc(store_mbox_rename(tx, first, SPAN("x"), &fx->err), RC_NOT_FOUND);
    assert_rc(store_mbox_set_special_use(tx, first, 0, &fx->err), RC_NOT_FOUND);
    assert_ok(store_mbox_create(tx, SPAN("Play"), 0, &second, &fx->err));
    assert_true(second > first);
    const struct mbox_row again = mbox_row(fx, tx, "Play");
    assert_true(again.uidvalidity > uidvalidity);
    assert_false(is_same_object(&again, &made));
    commit(fx, tx);
    fixture_restart(fx);
    tx = begin_read(fx);
    row = mbox_row(fx, tx, "Play");
    assert_true(is_same_object(&row, &again));
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_numbers_only_grow_over_restart_and_purge(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    uint64_t id = 0;
    uint64_t next = 0;
    bool more = true;

    (void)state;
    assert_ok(store_mbox_create(tx, SPAN("Work"), 0, &id, &fx->err));
    const struct entry old = add_message(fx, tx, id, 1, 0);
    const uint32_t uidvalidity = mbox_row(fx, tx, "Work").uidvalidity;
    assert_ok(store_mbox_delete(tx, id, &fx->err));
    commit(fx, tx);
    test_now_s += 15 * TEST_DAY_S;
    while (more) {
        tx = begin_write(fx);
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        commit(fx, tx);
        verify(fx);
    }
    fixture_restart(fx);
    test_now_s = 1000; /* a clock that went back must not bring old numbers back */
    tx = begin_write(fx);
    assert_ok(store_mbox_create(tx, SPAN("Work"), 0, &next, &fx->err));
    assert_true(next > id);
    assert_true(mbox_row(fx, tx, "Work").uidvalidity > uidvalidity);
    const struct entry entry = add_message(fx, tx, next, 2, 0);
    assert_true(entry.message > old.message);
    assert_true(entry.modseq > old.modseq);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_recent_from_only_rises(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");

    (void)state;
    assert_ok(store_mbox_set_recent_from(tx, inbox, 5, &fx->err));
    assert_ok(store_mbox_set_recent_from(tx, inbox, 3, &fx->err));
    assert_int_equal(mbox_row(fx, tx, "INBOX").recent_from, 5);
    assert_rc(store_mbox_set_recent_from(tx, 999, 3, &fx->err), RC_NOT_FOUND);
    store_end(tx);
    fixture_free(fx);
}

static void
test_subscriptions_are_idempotent(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    struct span *names = NULL;
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_ok(store_subscribe(tx, SPAN("not/there"), &fx->err));
        assert_ok(store_unsubscribe(tx, SPAN("Junk"), &fx->err));
    }
    assert_ok(store_subscriptions(tx, &fx->arena, &names, &count, &fx->err));
    assert_int_equal(count, 6);
    assert_true(span_eq_str(names[5], "not/there")); /* octet order: after capitals */
    assert_rc(store_subscribe(tx, SPAN(""), &fx->err), RC_INVALID);
    store_end(tx);
    fixture_free(fx);
}

static void
test_keywords_up_to_the_limit(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    struct span *names = NULL;
    size_t count = 0;
    uint32_t number = 0;
    char name[300];

    (void)state;
    for (unsigned i = 0; i < LIMIT_KEYWORDS; i++) {
        snprintf(name, sizeof name, "$Key%u", i);
        assert_ok(store_keyword_add(tx, inbox, span_of_str(name), &number, &fx->err));
        assert_int_equal(number, i);
    }
    assert_ok(store_keyword_add(tx, inbox, SPAN("$KEY17"), &number, &fx->err));
    assert_int_equal(number, 17);
    assert_rc(store_keyword_add(tx, inbox, SPAN("one-more"), &number, &fx->err), RC_NOT_FOUND);
    memset(name, 'k', sizeof name);
    assert_rc(store_keyword_add(tx, inbox, span_of(name, LIMIT_KEYWORD_OCTETS + 1), &number,
                                &fx->err),
              RC_INVALID);
    assert_ok(store_keywords(tx, inbox, &fx->arena, &names, &count, &fx->err));
    assert_int_equal(count, LIMIT_KEYWORDS);
    assert_true(span_eq_str(names[127], "$Key127"));
    const uint64_t sent = mbox_id(fx, tx, "Sent");
    assert_ok(
        store_keyword_add(tx, sent, span_of(name, LIMIT_KEYWORD_OCTETS), &number, &fx->err));
    assert_int_equal(number, 0); /* numbers are the mailbox's own */
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_limits_of_an_account(void **state)
{
    struct fixture *fx = fixture_new();
    char name[LIMIT_MBOX_NAME + 1];
    char sql[512];
    uint64_t id = 0;

    (void)state;
    store_end(begin_read(fx));
    /* All but one of the mailboxes and subscriptions that an account may have. */
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 7 UNION ALL SELECT i + 1 FROM n"
             " WHERE i < %u) INSERT INTO mailbox SELECT i, 'm' || i, 0, i, 1, 1, 0, 0,"
             " 0, 0, 1, 0, 0, 0, NULL, 0, randomblob(16) FROM n;"
             "INSERT INTO subscription SELECT name FROM mailbox WHERE id > %u",
             LIMIT_MAILBOXES - 1, LIMIT_MAILBOXES - LIMIT_SUBSCRIPTIONS + 6);
    assert_int_equal(run_sql(fx, sql), 0);
    struct store_tx *tx = begin_write(fx);
    memset(name, 'x', sizeof name);
    assert_rc(store_mbox_create(tx, span_of(name, LIMIT_MBOX_NAME + 1), 0, &id, &fx->err),
              RC_INVALID);
    assert_rc(store_subscribe(tx, span_of(name, LIMIT_MBOX_NAME + 1), &fx->err), RC_INVALID);
    assert_ok(store_mbox_create(tx, span_of(name, LIMIT_MBOX_NAME), 0, &id, &fx->err));
    assert_int_equal(id, LIMIT_MAILBOXES);
    assert_rc(store_mbox_create(tx, SPAN("one more"), 0, &id, &fx->err), RC_LIMIT);
    assert_ok(store_subscribe(tx, span_of(name, LIMIT_MBOX_NAME), &fx->err));
    assert_rc(store_subscribe(tx, SPAN("one more"), &fx->err), RC_LIMIT);
    assert_ok(store_mbox_delete(tx, 10, &fx->err)); /* those that are gone do not count */
    assert_ok(store_mbox_create(tx, SPAN("one more"), 0, &id, &fx->err));
    assert_int_equal(id, LIMIT_MAILBOXES + 1);
    store_end(tx);
    tx = begin_write(fx); /* what was undone does not count either */
    assert_ok(store_mbox_create(tx, SPAN("one more"), 0, &id, &fx->err));
    assert_rc(store_mbox_create(tx, SPAN("too many"), 0, &id, &fx->err), RC_LIMIT);
    assert_ok(store_subscribe(tx, SPAN("one more"), &fx->err));
    assert_rc(store_subscribe(tx, SPAN("too many"), &fx->err), RC_LIMIT);
    store_end(tx);
    tx = begin_write(fx); /* nor is there room because something was undone that made some */
    assert_ok(store_subscribe(tx, SPAN("one more"), &fx->err));
    assert_ok(store_savepoint(tx, &fx->err));
    assert_ok(store_unsubscribe(tx, SPAN("m20"), &fx->err));
    assert_ok(store_unsubscribe(tx, SPAN("m21"), &fx->err));
    assert_ok(store_subscribe(tx, SPAN("too many"), &fx->err));
    assert_ok(store_mbox_delete(tx, 20, &fx->err));
    assert_ok(store_mbox_delete(tx, 21, &fx->err));
    assert_ok(store_mbox_create(tx, SPAN("too many"), 0, &id, &fx->err));
    store_savepoint_rollback(tx);
    assert_rc(store_subscribe(tx, SPAN("too many"), &fx->err), RC_LIMIT);
    assert_ok(store_mbox_create(tx, SPAN("one more"), 0, &id, &fx->err));
    assert_rc(store_mbox_create(tx, SPAN("too many"), 0, &id, &fx->err), RC_LIMIT);
    store_end(tx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_account_has_the_six_mailboxes),
        cmocka_unit_test(test_create_rename_delete),
        cmocka_unit_test(test_numbers_only_grow_over_restart_and_purge),
        cmocka_unit_test(test_recent_from_only_rises),
        cmocka_unit_test(test_subscriptions_are_idempotent),
        cmocka_unit_test(test_keywords_up_to_the_limit),
        cmocka_unit_test(test_limits_of_an_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
