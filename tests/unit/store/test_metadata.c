/* SPDX-License-Identifier: MIT */
/* Metadata as the store keeps them: whose they are, names without case, what is told of changes
 * and of removals, and what becomes of them with their mailbox. */
#include "support.h"

#include <stdio.h>

#include "base/limits.h"

static const struct metadata_of server = {.mbox = 0};

static struct metadata_row *
listed(struct fixture *fx, struct store_tx *tx, const struct metadata_of *of, size_t *count)
{
    struct metadata_row *rows = NULL;

    assert_ok(store_metadata_list(tx, of, &fx->arena, &rows, count, &fx->err));
    return rows;
}

/* What has changed since, as names with "-" before those without a value. of NULL: anywhere. */
static void
assert_since_of(struct fixture *fx, struct store_tx *tx, uint64_t modseq,
                const struct metadata_of *of, const char *expected)
{
    const struct metadata_since since = {of, modseq};
    struct metadata_row *rows = NULL;
    size_t count = 0;
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    assert_ok(store_metadata_since(tx, &since, &fx->arena, &rows, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%s%s%.*s", i == 0 ? "" : " ", rows[i].removed ? "-" : "",
                   SPAN_FMT(rows[i].name));
    if (!span_eq_str(buf_span(&text), expected))
        fail_msg("expected %s, got %.*s", expected, SPAN_FMT(buf_span(&text)));
}

static void
assert_since(struct fixture *fx, struct store_tx *tx, uint64_t modseq, const char *expected)
{
    assert_since_of(fx, tx, modseq, NULL, expected);
}

static void
assert_value(struct fixture *fx, struct store_tx *tx, const struct metadata_of *of,
             const char *name, struct span expected)
{
    AUTO_BUF value = {0};

    buf_init(&value, 1 << 20);
    assert_ok(store_metadata_read(tx, of, span_of_str(name), &value, &fx->err));
    assert_true(span_eq(buf_span(&value), expected));
}

static uint64_t
modseq_of(struct fixture *fx, struct store_tx *tx)
{
    uint64_t modseq = 0;

    assert_ok(store_modseq(tx, &modseq, &fx->err));
    return modseq;
}

static void
set(struct fixture *fx, struct store_tx *tx, const struct metadata_of *of, const char *name,
    const char *value)
{
    assert_ok(store_metadata_set(tx, of, span_of_str(name), span_of_str(value), &fx->err));
}

static void
test_set_read_remove(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const struct metadata_of inbox = {.mbox = mbox_id(fx, tx, "INBOX")};
    const struct metadata_of others = {.mbox = inbox.mbox, .user = 9};
    AUTO_BUF value = {0};
    size_t count = 0;

    (void)state;
    buf_init(&value, 100);
    assert_rc(store_metadata_read(tx, &inbox, SPAN("/shared/a"), &value, &fx->err),
              RC_NOT_FOUND);
    set(fx, tx, &inbox, "/shared/b", "two");
    set(fx, tx, &inbox, "/Shared/A", "one");
    set(fx, tx, &others, "/private/a", "theirs");
    set(fx, tx, &server, "/private/a", "the account's");
    assert_ok(store_metadata_set(tx, &inbox, SPAN("/shared/empty"), SPAN(""), &fx->err));
    assert_ok(store_metadata_set(tx, &inbox, SPAN("/shared/nul"), SPAN("a\0b"), &fx->err));
    commit(fx, tx);
    fixture_restart(fx);

    tx = begin_read(fx);
    const struct metadata_row *rows = listed(fx, tx, &inbox, &count);
    assert_int_equal(count, 4);
    assert_true(span_eq_str(rows[0].name, "/Shared/A"));
    assert_int_equal(rows[0].octets, 3);
    assert_true(span_eq_str(rows[1].name, "/shared/b"));
    assert_true(span_eq_str(rows[2].name, "/shared/empty"));
    assert_int_equal(rows[2].octets, 0);
    assert_false(rows[2].removed);
    assert_value(fx, tx, &inbox, "/SHARED/a", SPAN("one"));
    assert_value(fx, tx, &inbox, "/shared/empty", SPAN(""));
    assert_value(fx, tx, &inbox, "/shared/nul", SPAN("a\0b"));
    assert_value(fx, tx, &others, "/private/a", SPAN("theirs"));
    assert_value(fx, tx, &server, "/private/a", SPAN("the account's"));
    store_end(tx);

    /* Another spelling is the same entry, and is how it is shown from now on. */
    tx = begin_write(fx);
    set(fx, tx, &inbox, "/shared/a", "three");
    assert_ok(store_metadata_remove(tx, &inbox, SPAN("/SHARED/B"), &fx->err));
    assert_ok(store_metadata_remove(tx, &inbox, SPAN("/shared/none"), &fx->err));
    assert_rc(store_metadata_read(tx, &inbox, SPAN("/shared/b"), &value, &fx->err),
              RC_NOT_FOUND);
    rows = listed(fx, tx, &inbox, &count);
    assert_int_equal(count, 3);
    assert_true(span_eq_str(rows[0].name, "/shared/a"));
    assert_value(fx, tx, &inbox, "/shared/a", SPAN("three"));
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_changes_are_told_and_numbers_grow(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const struct metadata_of inbox = {.mbox = mbox_id(fx, tx, "INBOX")};
    const uint64_t first = modseq_of(fx, tx);

    (void)state;
    commit(fx, tx); /* with the mailboxes of a new account */
    tx = begin_write(fx);
    set(fx, tx, &inbox, "/shared/a", "1");
    set(fx, tx, &server, "/private/z", "1");
    commit(fx, tx);
    tx = begin_write(fx);
    const uint64_t second = modseq_of(fx, tx);
    assert_true(second > first);
    assert_since(fx, tx, first, "/private/z /shared/a");
    assert_since(fx, tx, second, "");
    set(fx, tx, &inbox, "/shared/b", "1");
    assert_ok(store_metadata_remove(tx, &inbox, SPAN("/shared/a"), &fx->err));
    commit(fx, tx);
    fixture_restart(fx);
    tx = begin_write(fx);
    const uint64_t third = modseq_of(fx, tx);
    assert_true(third > second);
    assert_since(fx, tx, second, "-/shared/a /shared/b");
    /* Removing what is not there changes nothing. */
    assert_ok(store_metadata_remove(tx, &inbox, SPAN("/shared/a"), &fx->err));
    assert_int_equal(modseq_of(fx, tx), third);
    /* What is kept elsewhere is told like something that was removed. */
    assert_ok(store_metadata_note(tx, &inbox, SPAN("/private/specialuse"), &fx->err));
    commit(fx, tx);
    tx = begin_read(fx);
    assert_since(fx, tx, third, "-/private/specialuse");
    store_end(tx);
    /* A request that is undone leaves nothing. */
    tx = begin_write(fx);
    const uint64_t fourth = modseq_of(fx, tx);
    assert_ok(store_savepoint(tx, &fx->err));
    set(fx, tx, &inbox, "/shared/undone", "1");
    store_savepoint_rollback(tx);
    set(fx, tx, &inbox, "/shared/done", "1");
    commit(fx, tx);
    tx = begin_read(fx);
    assert_since(fx, tx, fourth, "/shared/done");
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static uint64_t
highest_of(struct fixture *fx, const char *name)
{
    struct store_tx *tx = begin_read(fx);
    const uint64_t highest = mbox_row(fx, tx, name).highest_modseq;

    store_end(tx);
    return highest;
}

/* RFC 7162 section 3.2: the mailbox whose entries change gets the number too, and no other. */
static void
test_they_raise_the_mailbox(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const struct metadata_of inbox = {.mbox = mbox_id(fx, tx, "INBOX")};
    const struct metadata_of others = {.mbox = inbox.mbox, .user = 9};
    const uint64_t sent = mbox_row(fx, tx, "Sent").highest_modseq;

    (void)state;
    set(fx, tx, &inbox, "/shared/a", "1");
    const uint64_t first = modseq_of(fx, tx);
    commit(fx, tx);
    assert_int_equal(highest_of(fx, "INBOX"), first);
    tx = begin_write(fx);
    set(fx, tx, &server, "/private/z", "1");
    assert_ok(store_metadata_remove(tx, &inbox, SPAN("/shared/none"), &fx->err));
    commit(fx, tx);
    assert_int_equal(highest_of(fx, "INBOX"), first);
    tx = begin_write(fx);
    assert_ok(store_metadata_remove(tx, &inbox, SPAN("/shared/a"), &fx->err));
    const uint64_t second = modseq_of(fx, tx);
    commit(fx, tx);
    assert_true(second > first);
    assert_int_equal(highest_of(fx, "INBOX"), second);
    tx = begin_write(fx);
    set(fx, tx, &others, "/private/a", "theirs");
    assert_ok(store_savepoint(tx, &fx->err));
    set(fx, tx, &inbox, "/shared/undone", "1");
    const uint64_t undone = modseq_of(fx, tx);
    store_savepoint_rollback(tx);
    commit(fx, tx);
    fixture_restart(fx);
    assert_in_range(highest_of(fx, "INBOX"), second + 1, undone - 1);
    assert_int_equal(highest_of(fx, "Sent"), sent);
    verify(fx);
    fixture_free(fx);
}

/* LIMIT_METADATA_REMOVED names of what was removed stay; beyond that, the oldest go. */
static void
test_names_of_removed_entries_are_few(void **state)
{
    struct fixture *fx = fixture_new();
    struct metadata_row *rows = NULL;
    size_t count = 0;
    char name[40];
    struct store_tx *tx = begin_write(fx);
    const struct metadata_since since = {.modseq = modseq_of(fx, tx)};

    (void)state;
    commit(fx, tx);
    for (unsigned i = 0; i < 10 * LIMIT_METADATA_REMOVED; i++) {
        tx = begin_write(fx);
        snprintf(name, sizeof name, "/private/n%05u", i);
        set(fx, tx, &server, name, "1");
        assert_ok(store_metadata_remove(tx, &server, span_of_str(name), &fx->err));
        commit(fx, tx);
        if (i == LIMIT_METADATA_REMOVED - 1 || i == LIMIT_METADATA_REMOVED ||
            i == 10 * LIMIT_METADATA_REMOVED - 1) {
            tx = begin_write(fx);
            assert_ok(store_metadata_since(tx, &since, &fx->arena, &rows, &count, &fx->err));
            assert_int_equal(count, LIMIT_METADATA_REMOVED);
            snprintf(name, sizeof name, "/private/n%05u", i + 1 - LIMIT_METADATA_REMOVED);
            assert_true(span_eq_str(rows[0].name, name));
            store_end(tx);
        }
    }
    verify(fx);
    fixture_free(fx);
}

/* What one change has removed is told as a whole. */
static void
test_names_of_one_change_stay_together(void **state)
{
    struct fixture *fx = fixture_new();
    struct metadata_row *rows = NULL;
    size_t count = 0;
    char name[40];
    struct store_tx *tx = begin_write(fx);
    const struct metadata_since since = {.modseq = modseq_of(fx, tx)};

    (void)state;
    commit(fx, tx);
    for (unsigned change = 0; change < 3; change++) {
        tx = begin_write(fx);
        for (unsigned i = 0; i < LIMIT_METADATA_REMOVED / 2 + 1; i++) {
            snprintf(name, sizeof name, "/private/n%u-%05u", change, i);
            set(fx, tx, &server, name, "1");
            assert_ok(store_metadata_remove(tx, &server, span_of_str(name), &fx->err));
        }
        commit(fx, tx);
        tx = begin_write(fx);
        assert_ok(store_metadata_since(tx, &since, &fx->arena, &rows, &count, &fx->err));
        assert_int_equal(count, (change == 0 ? 1 : 2) * (LIMIT_METADATA_REMOVED / 2 + 1));
        store_end(tx);
    }
    verify(fx);
    fixture_free(fx);
}

static void
test_they_follow_their_mailbox(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    struct metadata_of work = {.mbox = 0};
    struct metadata_of copy = {.mbox = 0};
    struct metadata_usage usage;
    struct metadata_totals totals;
    size_t count = 0;

    (void)state;
    assert_ok(store_mbox_create(tx, SPAN("Work"), 0, &work.mbox, &fx->err));
    assert_ok(store_mbox_create(tx, SPAN("Copy"), 0, &copy.mbox, &fx->err));
    const struct metadata_of others = {.mbox = copy.mbox, .user = 9};
    set(fx, tx, &work, "/shared/a", "12345");
    set(fx, tx, &work, "/shared/b", "1");
    set(fx, tx, &(struct metadata_of){work.mbox, 9}, "/private/a", "123");
    assert_ok(store_metadata_remove(tx, &work, SPAN("/shared/b"), &fx->err));
    assert_ok(store_mbox_rename(tx, work.mbox, SPAN("Play"), &fx->err));
    assert_value(fx, tx, &work, "/shared/a", SPAN("12345"));
    const uint64_t before = modseq_of(fx, tx);
    commit(fx, tx);

    tx = begin_write(fx);
    assert_ok(store_metadata_copy(tx, work.mbox, copy.mbox, &fx->err));
    assert_value(fx, tx, &copy, "/shared/a", SPAN("12345"));
    assert_value(fx, tx, &others, "/private/a", SPAN("123"));
    assert_ok(store_metadata_usage(tx, &copy, &usage, &fx->err));
    assert_int_equal(usage.entries, 1);
    assert_int_equal(usage.octets, 5);
    assert_ok(store_metadata_usage(tx, &others, &usage, &fx->err));
    assert_int_equal(usage.entries, 1);
    assert_int_equal(usage.octets, 3);
    assert_ok(store_metadata_totals(tx, 9, &totals, &fx->err));
    assert_int_equal(totals.owner.entries, 2);
    assert_int_equal(totals.owner.octets, 10);
    assert_int_equal(totals.user.entries, 2);
    assert_int_equal(totals.guests.entries, 2);
    assert_int_equal(totals.guests.octets, 6);
    assert_ok(store_metadata_totals(tx, 10, &totals, &fx->err));
    assert_int_equal(totals.user.entries, 0);
    assert_int_equal(totals.user.octets, 0);
    commit(fx, tx);

    tx = begin_write(fx);
    assert_since(fx, tx, before, "/shared/a /private/a");
    assert_since_of(fx, tx, before, &copy, "/shared/a");
    assert_since_of(fx, tx, before, &others, "/private/a");
    assert_since_of(fx, tx, before, &work, "");
    assert_since_of(fx, tx, modseq_of(fx, tx), &copy, "");
    assert_ok(store_mbox_delete(tx, work.mbox, &fx->err));
    (void)listed(fx, tx, &work, &count);
    assert_int_equal(count, 0);
    assert_ok(store_metadata_usage(tx, &work, &usage, &fx->err));
    assert_int_equal(usage.entries, 0);
    assert_ok(store_metadata_totals(tx, 9, &totals, &fx->err));
    assert_int_equal(totals.owner.entries, 1);
    assert_int_equal(totals.guests.entries, 1);
    commit(fx, tx);
    fixture_restart(fx);
    tx = begin_read(fx);
    assert_value(fx, tx, &copy, "/shared/a", SPAN("12345"));
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_read_remove),
        cmocka_unit_test(test_changes_are_told_and_numbers_grow),
        cmocka_unit_test(test_they_raise_the_mailbox),
        cmocka_unit_test(test_names_of_removed_entries_are_few),
        cmocka_unit_test(test_names_of_one_change_stay_together),
        cmocka_unit_test(test_they_follow_their_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
