/* SPDX-License-Identifier: MIT */
/* Entries and what is left of expunged ones: reading, adding, expunging, the floor. */
#include "support.h"

#include "base/limits.h"
#include "store/sqlite/account.h"

static void
test_added_entry_reads_back(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const struct entry added = add_message(fx, tx, inbox, 3, MSG_SEEN | MSG_DELETED);
    size_t count = 0;

    (void)state;
    add_message(fx, tx, inbox, 4, 0);
    commit(fx, tx);
    tx = begin_read(fx);
    const struct entry *rows = entries(fx, tx, inbox, &count);
    assert_int_equal(count, 2);
    assert_entry_equal(&rows[0], &added);
    assert_int_equal(rows[0].uid, 1);
    assert_int_equal(rows[0].internaldate_s, test_now_s - 5);
    assert_int_equal(rows[0].internaldate_zone_min, -90);
    assert_true(rows[1].modseq > rows[0].modseq);
    const struct mbox_row row = mbox_row(fx, tx, "INBOX");
    assert_int_equal(row.exists, 2);
    assert_int_equal(row.unseen, 1);
    assert_int_equal(row.deleted, 1);
    assert_int_equal(row.deleted_octets, rows[0].octets);
    assert_int_equal(row.uidnext, 3);
    assert_int_equal(row.octets, rows[0].octets + rows[1].octets);
    assert_int_equal(row.highest_modseq, rows[1].modseq);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_read_in_portions(void **state)
{
    struct fixture *fx = fixture_new();
    struct entry rows[7];
    uint32_t from = 1;
    uint32_t uid = 0;
    size_t count = 7;

    (void)state;
    fill(fx, "INBOX", 20);
    struct store_tx *tx = begin_read(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    while (count == 7) {
        assert_ok(store_entries_read(tx, inbox, &from, rows, 7, &count, &fx->err));
        for (size_t i = 0; i < count; i++)
            assert_int_equal(rows[i].uid, ++uid);
    }
    assert_int_equal(uid, 20);
    assert_ok(store_entries_read(tx, 12345, &from, rows, 7, &count, &fx->err));
    assert_int_equal(count, 0);
    store_end(tx);
    fixture_free(fx);
}

/* Entries of one message, with numbers of all lengths. */
static void
add_entries(struct fixture *fx, uint64_t mbox, unsigned count)
{
    struct store_tx *tx = begin_write(fx);
    const uint64_t message = add_message(fx, tx, mbox, 1, 0).message;

    for (unsigned i = 1; i < count; i++) {
        const uint64_t wide = UINT64_C(0x9e3779b97f4a7c15) * i >> i % 64;
        const struct entry_new req = {
            .mbox = mbox,
            .message = message,
            .octets = wide >> 33,
            .flags = i % 32,
            .keywords = {{i % 3 == 0 ? wide : 0, i % 7 == 0 ? ~wide : 0}},
            .internaldate_s = (int64_t)wide >> 9,
            .internaldate_zone_min = (int16_t)(i % 2879 - 1439),
            .savedate_s = -(int64_t)(wide >> 30),
        };
        struct entry added;
        assert_ok(store_entry_add(tx, &req, &added, &fx->err));
    }
    commit(fx, tx);
}

static void
expunge_run(struct fixture *fx, uint64_t mbox, uint32_t first, uint32_t last)
{
    const struct uid_run run = {first, last};
    const struct expunge_req req = {.mbox = mbox, .runs = &run, .run_count = 1};
    struct expunge_result result;
    struct store_tx *tx = begin_write(fx);

    assert_ok(store_expunge(tx, &req, &fx->arena, &result, &fx->err));
    commit(fx, tx);
}

/* Whether the engine, if it is the embedded one, goes through the pages of its table. */
static bool
goes_through_pages(struct store_tx *tx)
{
    return tx->ops != &sqlite_ops || sqlite_tx_of(tx)->scan.walks;
}

/* All entries in batches, which are as they are when they are read one by one. */
static void
compare_batches(struct fixture *fx, struct store_tx *tx, const char *name, size_t batch,
                bool by_pages)
{
    const uint64_t mbox = mbox_id(fx, tx, name);
    const uint32_t exists = mbox_row(fx, tx, name).exists;
    struct entry *rows = arena_array(&fx->arena, struct entry, batch);
    uint32_t from = 1;
    uint32_t from_one = 1;
    size_t count = batch;
    size_t total = 0;

    assert_non_null(rows);
    while (count == batch) {
        assert_ok(store_entries_read(tx, mbox, &from, rows, batch, &count, &fx->err));
        if (total > 0 && count == batch)
            assert_true(goes_through_pages(tx) == by_pages);
        total += count;
        for (size_t i = 0; i < count; i++) {
            struct entry one;
            size_t got = 0;
            assert_ok(store_entries_read(tx, mbox, &from_one, &one, 1, &got, &fx->err));
            assert_int_equal(got, 1);
            assert_entry_equal(&rows[i], &one);
        }
    }
    assert_int_equal(total, exists);
}

static void
test_large_mailbox_in_batches(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_read(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const uint64_t sent = mbox_id(fx, tx, "Sent");

    (void)state;
    store_end(tx);
    add_entries(fx, inbox, 1000);
    add_entries(fx, sent, 300);
    expunge_run(fx, inbox, 256, 257);
    expunge_run(fx, inbox, 600, 611);
    tx = begin_read(fx);
    compare_batches(fx, tx, "INBOX", 64, true);
    compare_batches(fx, tx, "INBOX", 63, tx->ops != &sqlite_ops);
    compare_batches(fx, tx, "INBOX", 256, true);
    compare_batches(fx, tx, "Sent", 100, true);
    compare_batches(fx, tx, "Sent", 299, true);
    compare_batches(fx, tx, "Sent", 300, true);
    store_end(tx);
    fixture_free(fx);
}

/* Two mailboxes in turns, and one that is left in its middle and begun again. */
static void
test_batches_in_turns(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_read(fx);
    const uint64_t mboxes[2] = {mbox_id(fx, tx, "INBOX"), mbox_id(fx, tx, "Sent")};
    uint32_t from[2] = {1, 1};
    struct entry rows[64];
    size_t count = 0;

    (void)state;
    store_end(tx);
    add_entries(fx, mboxes[0], 300);
    add_entries(fx, mboxes[1], 300);
    tx = begin_read(fx);
    for (unsigned i = 0; i < 8; i++) {
        const unsigned which = i % 2;
        assert_ok(
            store_entries_read(tx, mboxes[which], &from[which], rows, 64, &count, &fx->err));
        assert_int_equal(count, 64);
        assert_int_equal(rows[0].uid, 1 + i / 2 * 64);
    }
    for (unsigned i = 0; i < 6; i++) {
        if (i % 3 == 0)
            from[0] = 1;
        assert_ok(store_entries_read(tx, mboxes[0], &from[0], rows, 64, &count, &fx->err));
        assert_int_equal(rows[63].uid, (1 + i % 3) * 64);
    }
    store_end(tx);
    fixture_free(fx);
}

/* What a write transaction has changed is seen in it. */
static void
test_batches_while_writing(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_read(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const struct uid_run run = {150, 160};
    const struct expunge_req req = {.mbox = inbox, .runs = &run, .run_count = 1};
    struct expunge_result result;
    struct entry rows[64];
    uint32_t from = 1;
    size_t count = 64;
    size_t total = 0;

    (void)state;
    store_end(tx);
    add_entries(fx, inbox, 300);
    tx = begin_write(fx);
    assert_ok(store_entries_read(tx, inbox, &from, rows, 64, &count, &fx->err));
    assert_ok(store_entries_read(tx, inbox, &from, rows, 64, &count, &fx->err));
    assert_int_equal(rows[63].uid, 128);
    assert_ok(store_expunge(tx, &req, &fx->arena, &result, &fx->err));
    assert_ok(store_entries_read(tx, inbox, &from, rows, 64, &count, &fx->err));
    assert_int_equal(rows[63].uid, 203);
    while (count == 64) {
        assert_ok(store_entries_read(tx, inbox, &from, rows, 64, &count, &fx->err));
        total += count;
    }
    assert_int_equal(total, 300 - 203);
    store_end(tx);
    fixture_free(fx);
}

static void
test_no_uid_is_left(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    struct mbox_row row = mbox_row(fx, tx, "INBOX");
    const struct entry_new req = {.mbox = row.id, .message = 1};
    struct entry entry;

    (void)state;
    add_message(fx, tx, row.id, 1, 0);
    assert_rc(store_entry_add(tx, &(struct entry_new){.mbox = 999}, &entry, &fx->err),
              RC_NOT_FOUND);
    commit(fx, tx);
    /* As after four thousand million messages. */
    assert_int_equal(
        run_sql(fx, "UPDATE mailbox SET uidnext = 4294967294 WHERE name = 'INBOX'"), 0);
    tx = begin_write(fx);
    assert_ok(store_entry_add(tx, &req, &entry, &fx->err));
    assert_int_equal(entry.uid, 4294967294u);
    assert_rc(store_entry_add(tx, &req, &entry, &fx->err), RC_LIMIT);
    assert_int_equal(mbox_row(fx, tx, "INBOX").uidnext, UINT32_MAX);
    store_end(tx);
    fixture_free(fx);
}

static void
test_first_unseen(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    uint32_t uid = 99;

    (void)state;
    assert_ok(store_first_unseen(tx, inbox, 1, 10, &uid, &fx->err));
    assert_int_equal(uid, 0);
    for (unsigned i = 1; i <= 10; i++)
        add_message(fx, tx, inbox, i, i == 8 ? 0 : MSG_SEEN);
    assert_ok(store_first_unseen(tx, inbox, 1, 8, &uid, &fx->err));
    assert_int_equal(uid, 8);
    assert_rc(store_first_unseen(tx, inbox, 1, 7, &uid, &fx->err), RC_LIMIT);
    assert_ok(store_first_unseen(tx, inbox, 9, 100, &uid, &fx->err));
    assert_int_equal(uid, 0);
    store_end(tx);
    fixture_free(fx);
}

static void
test_expunge_chosen(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run runs[] = {{2, 3}, {5, 5}, {9, 4000000000u}};
    struct expunge_result out;
    struct expunged_row *gone = NULL;
    size_t count = 0;

    (void)state;
    fill(fx, "INBOX", 10);
    struct store_tx *tx = begin_write(fx);
    const struct mbox_row before = mbox_row(fx, tx, "INBOX");
    struct expunge_req req = {.mbox = before.id, .runs = runs, .run_count = ARRAY_LEN(runs)};
    assert_ok(store_expunge(tx, &req, &fx->arena, &out, &fx->err));
    assert_int_equal(out.count, 5);
    const uint32_t want[] = {2, 3, 5, 9, 10};
    assert_memory_equal(out.uids, want, sizeof want);
    assert_true(out.modseq > before.highest_modseq);
    const uint64_t modseq = out.modseq;
    assert_ok(store_expunge(tx, &req, &fx->arena, &out, &fx->err)); /* again: nothing */
    assert_int_equal(out.count, 0);
    assert_int_equal(out.modseq, 0);
    assert_int_equal(mbox_row(fx, tx, "INBOX").highest_modseq, modseq);
    commit(fx, tx);

    tx = begin_read(fx);
    assert_ok(store_expunged_since(
        tx, &(struct expunged_req){req.mbox, before.highest_modseq, UINT32_MAX}, &fx->arena,
        &gone, &count, &fx->err));
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        struct message_row message;
        assert_int_equal(gone[i].uid, want[i]);
        assert_int_equal(gone[i].modseq, modseq);
        assert_ok(store_message_read(tx, gone[i].message, 0, &message, &fx->err));
        assert_int_equal(message.octets, gone[i].octets);
    }
    assert_ok(store_expunged_since(tx,
                                   &(struct expunged_req){req.mbox, before.highest_modseq, 5},
                                   &fx->arena, &gone, &count, &fx->err));
    assert_int_equal(count, 2);
    assert_ok(store_expunged_since(tx, &(struct expunged_req){req.mbox, modseq, UINT32_MAX},
                                   &fx->arena, &gone, &count, &fx->err));
    assert_int_equal(count, 0);
    assert_rc(store_expunged_since(tx, &(struct expunged_req){999, 0, 9}, &fx->arena, &gone,
                                   &count, &fx->err),
              RC_NOT_FOUND);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_expunge_only_deleted(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    struct expunge_req req = {.mbox = inbox, .only_deleted = true};
    struct expunge_result out;
    size_t count = 0;

    (void)state;
    for (unsigned i = 1; i <= 9; i++)
        add_message(fx, tx, inbox, i, i % 2 == 0 ? MSG_DELETED | MSG_SEEN : 0);
    assert_ok(store_expunge(tx, &req, &fx->arena, &out, &fx->err));
    const uint32_t want[] = {2, 4, 6, 8};
    assert_int_equal(out.count, 4);
    assert_memory_equal(out.uids, want, sizeof want);
    entries(fx, tx, inbox, &count);
    assert_int_equal(count, 5);
    assert_int_equal(mbox_row(fx, tx, "INBOX").deleted, 0);
    assert_int_equal(mbox_row(fx, tx, "INBOX").deleted_octets, 0);
    assert_int_equal(mbox_row(fx, tx, "INBOX").unseen, 5);
    req.only_deleted = false; /* all */
    assert_ok(store_expunge(tx, &req, &fx->arena, &out, &fx->err));
    assert_int_equal(out.count, 5);
    assert_int_equal(mbox_row(fx, tx, "INBOX").octets, 0);
    assert_rc(store_expunge(tx, &(struct expunge_req){.mbox = 999}, &fx->arena, &out, &fx->err),
              RC_NOT_FOUND);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_deleted_mailbox_tells_what_it_had(void **state)
{
    struct fixture *fx = fixture_new();
    struct expunged_row *gone = NULL;
    size_t count = 0;

    (void)state;
    fill(fx, "Archive", 4);
    struct store_tx *tx = begin_write(fx);
    const struct mbox_row row = mbox_row(fx, tx, "Archive");
    assert_ok(store_mbox_delete(tx, row.id, &fx->err));
    commit(fx, tx);
    tx = begin_read(fx);
    assert_ok(
        store_expunged_since(tx, &(struct expunged_req){row.id, row.highest_modseq, UINT32_MAX},
                             &fx->arena, &gone, &count, &fx->err));
    assert_int_equal(count, 4);
    entries(fx, tx, row.id, &count);
    assert_int_equal(count, 0);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_abandoned_write_leaves_nothing(void **state)
{
    struct fixture *fx = fixture_new();
    size_t count = 0;

    (void)state;
    fill(fx, "INBOX", 2);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const struct entry lost = add_message(fx, tx, inbox, 3, 0);
    store_end(tx);
    tx = begin_write(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 2);
    const struct entry kept = add_message(fx, tx, inbox, 4, 0);
    assert_int_equal(kept.uid, lost.uid);    /* nobody was told of it */
    assert_true(kept.modseq >= lost.modseq); /* nor of that, but it may be skipped */
    commit(fx, tx);

    tx = begin_write(fx);
    add_message(fx, tx, inbox, 5, 0);
    assert_ok(store_savepoint(tx, &fx->err));
    add_message(fx, tx, inbox, 6, 0);
    store_savepoint_rollback(tx);
    assert_ok(store_savepoint(tx, &fx->err));
    add_message(fx, tx, inbox, 7, 0);
    assert_ok(store_savepoint_release(tx, &fx->err));
    commit(fx, tx);
    tx = begin_read(fx);
    const struct entry *rows = entries(fx, tx, inbox, &count);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(rows[i].uid, i + 1);
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_import_marks(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const uint64_t sent = mbox_id(fx, tx, "Sent");
    const uint8_t digest[32] = {1, 2, 3};
    bool seen = true;

    (void)state;
    assert_ok(store_import_seen(tx, inbox, digest, &seen, &fx->err));
    assert_false(seen);
    assert_ok(store_import_mark(tx, inbox, digest, &fx->err));
    assert_ok(store_import_mark(tx, inbox, digest, &fx->err));
    assert_ok(store_import_seen(tx, inbox, digest, &seen, &fx->err));
    assert_true(seen);
    assert_ok(store_import_seen(tx, sent, digest, &seen, &fx->err));
    assert_false(seen);
    assert_ok(store_import_mark(tx, sent, digest, &fx->err));
    assert_ok(
        store_mbox_delete(tx, sent, &fx->err)); /* a deleted mailbox can be imported again */
    assert_ok(store_import_seen(tx, sent, digest, &seen, &fx->err));
    assert_false(seen);
    store_end(tx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_added_entry_reads_back),
        cmocka_unit_test(test_read_in_portions),
        cmocka_unit_test(test_large_mailbox_in_batches),
        cmocka_unit_test(test_batches_in_turns),
        cmocka_unit_test(test_batches_while_writing),
        cmocka_unit_test(test_no_uid_is_left),
        cmocka_unit_test(test_first_unseen),
        cmocka_unit_test(test_expunge_chosen),
        cmocka_unit_test(test_expunge_only_deleted),
        cmocka_unit_test(test_deleted_mailbox_tells_what_it_had),
        cmocka_unit_test(test_abandoned_write_leaves_nothing),
        cmocka_unit_test(test_import_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
