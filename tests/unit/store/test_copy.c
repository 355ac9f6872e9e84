/* SPDX-License-Identifier: MIT */
/* COPY and MOVE within an account: rows, order, keywords by name, the same mailbox. */
#include "support.h"

#include <stdio.h>

#include "base/limits.h"

static struct copy_result
copy(struct fixture *fx, struct store_tx *tx, const struct copy_req *req)
{
    struct copy_result out;

    assert_ok(store_copy(tx, req, &fx->arena, &out, &fx->err));
    return out;
}

static void
test_copy(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run runs[] = {{1, 2}, {5, 900}};
    size_t count = 0;

    (void)state;
    fill(fx, "INBOX", 6);
    fill(fx, "Archive", 3);
    test_now_s += 100;
    struct store_tx *tx = begin_write(fx);
    const struct copy_req req = {.from = mbox_id(fx, tx, "INBOX"),
                                 .to = mbox_id(fx, tx, "Archive"),
                                 .runs = runs,
                                 .run_count = 2};
    const struct entry *sources = entries(fx, tx, req.from, &count);
    const struct copy_result out = copy(fx, tx, &req);
    const uint32_t want[] = {1, 2, 5, 6};
    assert_int_equal(out.count, 4);
    assert_memory_equal(out.source_uids, want, sizeof want);
    assert_int_equal(out.expunge_modseq, 0);
    for (uint32_t i = 0; i < 4; i++) {
        const struct entry *source = &sources[want[i] - 1];
        assert_int_equal(out.added[i].uid, 4 + i);
        assert_int_equal(out.added[i].message, source->message);
        assert_int_equal(out.added[i].octets, source->octets);
        assert_int_equal(out.added[i].internaldate_s, source->internaldate_s);
        assert_int_equal(out.added[i].internaldate_zone_min, source->internaldate_zone_min);
        assert_int_equal(out.added[i].savedate_s, test_now_s);
        assert_true(out.added[i].modseq > sources[5].modseq);
    }
    const struct entry *rows = entries(fx, tx, req.to, &count);
    assert_int_equal(count, 7);
    for (size_t i = 0; i < 4; i++)
        assert_entry_equal(&rows[3 + i], &out.added[i]);
    assert_int_equal(mbox_row(fx, tx, "Archive").uidnext, 8);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 6);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_move(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run runs[] = {{2, 3}};
    struct expunged_row *gone = NULL;
    size_t count = 0;

    (void)state;
    fill(fx, "INBOX", 4);
    struct store_tx *tx = begin_write(fx);
    const struct mbox_row before = mbox_row(fx, tx, "INBOX");
    const struct copy_req req = {.from = before.id,
                                 .to = mbox_id(fx, tx, "Trash"),
                                 .runs = runs,
                                 .run_count = 1,
                                 .move = true};
    const struct copy_result out = copy(fx, tx, &req);
    assert_int_equal(out.count, 2);
    assert_true(out.expunge_modseq > out.added[0].modseq);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 2);
    assert_int_equal(mbox_row(fx, tx, "INBOX").highest_modseq, out.expunge_modseq);
    assert_ok(store_expunged_since(
        tx, &(struct expunged_req){req.from, before.highest_modseq, UINT32_MAX}, &fx->arena,
        &gone, &count, &fx->err));
    assert_int_equal(count, 2);
    assert_int_equal(gone[0].uid, 2);
    assert_int_equal(gone[0].message, out.added[0].message);
    assert_int_equal(copy(fx, tx, &req).count, 0);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_within_one_mailbox(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run all = {1, UINT32_MAX};
    size_t count = 0;

    (void)state;
    fill(fx, "INBOX", 3);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    struct copy_req req = {.from = inbox, .to = inbox, .runs = &all, .run_count = 1};
    assert_int_equal(copy(fx, tx, &req).count, 3);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, 6);
    req.move = true;
    assert_int_equal(copy(fx, tx, &req).count, 6);
    const struct entry *rows = entries(fx, tx, inbox, &count);
    assert_int_equal(count, 6);
    assert_int_equal(rows[0].uid, 7);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_keywords_travel_by_name(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const uint64_t work = mbox_id(fx, tx, "Archive");
    const struct uid_run all = {1, UINT32_MAX};
    struct flags_result flags;
    uint32_t number = 0;
    char name[16];

    (void)state;
    assert_ok(store_keyword_add(tx, inbox, SPAN("one"), &number, &fx->err));
    assert_ok(store_keyword_add(tx, inbox, SPAN("two"), &number, &fx->err));
    assert_ok(store_keyword_add(tx, inbox, SPAN("new"), &number, &fx->err));
    add_message(fx, tx, inbox, 1, 0);
    const struct flags_req set = {.mbox = inbox,
                                  .runs = &all,
                                  .run_count = 1,
                                  .mode = FLAGS_ADD,
                                  .keywords = {{6, 0}}, /* two and new */
                                  .unchanged_since = MODSEQ_ANY};
    assert_ok(store_flags_update(tx, &set, &fx->arena, &flags, &fx->err));
    for (unsigned i = 0; i < LIMIT_KEYWORDS - 1; i++) {
        snprintf(name, sizeof name, "k%u", i);
        assert_ok(store_keyword_add(tx, work, span_of_str(name), &number, &fx->err));
    }
    const struct copy_req req = {.from = inbox, .to = work, .runs = &all, .run_count = 1};
    const struct copy_result out = copy(fx, tx, &req);
    assert_true(out.added[0].keywords.bits[0] == 0);
    assert_true(out.added[0].keywords.bits[1] == UINT64_C(1)
                                                     << 63); /* "two"; no room for "new" */
    assert_ok(store_keyword_add(tx, work, SPAN("TWO"), &number, &fx->err));
    assert_int_equal(number, 127);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_refusals(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run all = {1, UINT32_MAX};
    struct copy_result out;

    (void)state;
    fill(fx, "INBOX", 2);
    assert_int_equal(run_sql(fx, "UPDATE mailbox SET uidnext = 4294967294 WHERE name = 'Junk'"),
                     0);
    struct store_tx *tx = begin_write(fx);
    struct copy_req req = {
        .from = mbox_id(fx, tx, "INBOX"), .to = 999, .runs = &all, .run_count = 1};
    assert_rc(store_copy(tx, &req, &fx->arena, &out, &fx->err), RC_NOT_FOUND);
    req.to = mbox_id(fx, tx, "Junk");
    assert_rc(store_copy(tx, &req, &fx->arena, &out, &fx->err), RC_LIMIT);
    store_end(tx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_within_one_mailbox),
        cmocka_unit_test(test_keywords_travel_by_name),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
