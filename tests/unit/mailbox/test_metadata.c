/* SPDX-License-Identifier: MIT */
/* SETMETADATA as a request: all or nothing, whose entries are whose, and how many there may
 * be. */
#include "content.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "mailbox/names/metadata.h"
#include "mailbox/write/turn.h"
#include "store/engine.h"

static const struct wake nobody = {.fn = NULL};

static enum rc
set_pairs(struct content *fx, const char *mailbox, uint64_t user,
          const struct imap_metadata_pair *pairs, size_t count, enum names_refusal *refusal_out)
{
    struct metadata_set_op op;

    metadata_set_op_init(&op, &fx->arena, nobody);
    op.mailbox = span_of_str(mailbox);
    op.user = user;
    op.pairs = pairs;
    op.pair_count = count;
    const enum rc rc = content_run(fx, &op.turn);
    *refusal_out = op.refusal;
    return rc;
}

/* count entries, numbered from first on, with this value. */
static enum rc
set_many(struct content *fx, const char *mailbox, uint64_t user, unsigned first, unsigned count,
         struct span value, enum names_refusal *refusal_out)
{
    struct imap_metadata_pair *pairs =
        arena_array(&fx->arena, struct imap_metadata_pair, count);

    for (unsigned i = 0; i < count; i++) {
        const char *name = arena_printf(&fx->arena, "/private/n%u", first + i);
        pairs[i] = (struct imap_metadata_pair){
            .name = span_of_str(name), .value = value, .is_nil = value.ptr == NULL};
    }
    return set_pairs(fx, mailbox, user, pairs, count, refusal_out);
}

static size_t
count_of(struct content *fx, const char *mailbox, uint64_t user)
{
    struct store_tx *tx = content_read(fx);
    struct metadata_entry *entries = NULL;
    struct mbox_row row;
    size_t count = 0;

    if (mailbox[0] != '\0')
        assert_ok(store_mbox_find(tx, span_of_str(mailbox), &fx->arena, &row, &fx->err));
    assert_ok(metadata_entries(tx, &fx->arena, mailbox[0] == '\0' ? NULL : &row, user, &entries,
                               &count, &fx->err));
    store_end(tx);
    return count;
}

static void
of_a_mailbox(void **state)
{
    struct content *fx = *state;
    const struct span none = {NULL, 0};
    enum names_refusal refusal;

    assert_ok(set_many(fx, "INBOX", 0, 0, LIMIT_METADATA_ENTRIES, SPAN("x"), &refusal));
    assert_rc(set_many(fx, "INBOX", 0, LIMIT_METADATA_ENTRIES, 1, SPAN("x"), &refusal),
              RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_MANY);
    /* One that was there may change, one for another may come, and another user has a share of
     * their own, and so have another mailbox and the account. */
    assert_ok(set_many(fx, "INBOX", 0, 0, 1, SPAN("changed"), &refusal));
    const struct imap_metadata_pair swap[] = {
        {.name = SPAN_INIT("/private/n0"), .is_nil = true},
        {.name = SPAN_INIT("/shared/new"), .value = SPAN_INIT("x")},
    };
    assert_ok(set_pairs(fx, "INBOX", 0, swap, 2, &refusal));
    assert_rc(set_many(fx, "INBOX", 0, 1000, 1000, SPAN("x"), &refusal), RC_LIMIT);
    assert_int_equal(count_of(fx, "INBOX", 0), LIMIT_METADATA_ENTRIES);
    assert_ok(set_many(fx, "INBOX", 9, 0, LIMIT_METADATA_ENTRIES, SPAN("x"), &refusal));
    assert_rc(set_many(fx, "INBOX", 9, LIMIT_METADATA_ENTRIES, 1, SPAN("x"), &refusal),
              RC_LIMIT);
    assert_int_equal(count_of(fx, "INBOX", 9), LIMIT_METADATA_ENTRIES + 1); /* and the shared */
    assert_int_equal(count_of(fx, "INBOX", 10), 1);
    assert_ok(set_many(fx, "", 0, 0, LIMIT_METADATA_ENTRIES, SPAN("x"), &refusal));
    assert_rc(set_many(fx, "", 0, 500, 1, SPAN("x"), &refusal), RC_LIMIT);
    assert_ok(set_many(fx, "Sent", 0, 0, 1, SPAN("x"), &refusal));
    /* Room is made at once. */
    assert_ok(set_many(fx, "INBOX", 0, 1, 50, none, &refusal));
    assert_ok(set_many(fx, "INBOX", 0, 1000, 50, SPAN("x"), &refusal));
    assert_int_equal(count_of(fx, "INBOX", 0), LIMIT_METADATA_ENTRIES);
}

static void
create(struct content *fx, const char *name)
{
    struct names_create_op op;

    names_create_op_init(&op, &fx->arena, nobody);
    op.name = span_of_str(name);
    assert_ok(content_run(fx, &op.turn));
}

static enum rc
rename_inbox(struct content *fx, const char *to, enum names_refusal *refusal_out)
{
    struct names_rename_op op;

    names_rename_op_init(&op, &fx->arena, nobody);
    op.from = SPAN("INBOX");
    op.to = span_of_str(to);
    const enum rc rc = content_run(fx, &op.turn);
    *refusal_out = op.refusal;
    return rc;
}

/* LIMIT_METADATA_ALL_ENTRIES, also where RENAME INBOX would add to them. */
static void
of_an_account(void **state)
{
    struct content *fx = *state;
    enum names_refusal refusal;
    char name[20];

    for (unsigned i = 0; i < LIMIT_METADATA_ALL_ENTRIES / LIMIT_METADATA_ENTRIES; i++) {
        snprintf(name, sizeof name, "m%u", i);
        create(fx, name);
        assert_ok(set_many(fx, name, 0, 0, LIMIT_METADATA_ENTRIES, SPAN("x"), &refusal));
    }
    assert_rc(set_many(fx, "INBOX", 0, 0, 1, SPAN("x"), &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_MANY);
    assert_ok(rename_inbox(fx, "Old", &refusal));
    assert_ok(set_many(fx, "m0", 0, 0, 1, (struct span){NULL, 0}, &refusal));
    assert_ok(set_many(fx, "INBOX", 0, 0, 1, SPAN("x"), &refusal));
    assert_rc(rename_inbox(fx, "Older", &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_MANY);
    assert_int_equal(count_of(fx, "INBOX", 0), 1);
}

/* LIMIT_METADATA_ALL_OCTETS, with values of LIMIT_METADATA_VALUE. */
static void
of_octets(void **state)
{
    struct content *fx = *state;
    const unsigned values = LIMIT_METADATA_ALL_OCTETS / LIMIT_METADATA_VALUE;
    const unsigned each = LIMIT_METADATA_ENTRIES / 2;
    char *value = arena_alloc_array(&fx->arena, LIMIT_METADATA_VALUE, 1, 1);
    const struct span large = span_of(value, LIMIT_METADATA_VALUE);
    enum names_refusal refusal;
    char name[20];

    memset(value, 'x', LIMIT_METADATA_VALUE);
    for (unsigned set = 0; set < values; set += each) {
        snprintf(name, sizeof name, "m%u", set);
        create(fx, name);
        assert_ok(set_many(fx, name, 0, 0, values - set < each ? values - set : each, large,
                           &refusal));
    }
    assert_rc(set_many(fx, "INBOX", 0, 0, 1, SPAN("x"), &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_LARGE);
    assert_ok(set_many(fx, "INBOX", 0, 0, 1, SPAN(""), &refusal));
    assert_ok(set_many(fx, "m0", 0, 0, 1, span_tail(large, 1), &refusal));
    assert_ok(set_many(fx, "INBOX", 0, 0, 1, SPAN("x"), &refusal));
    assert_rc(set_many(fx, "INBOX", 0, 0, 1, SPAN("xy"), &refusal), RC_LIMIT);
    assert_rc(rename_inbox(fx, "Old", &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_LARGE);
}

/* What guests keep takes nothing of the owner's share; each has one of its own, and all
 * together have as much as the owner. */
static void
of_guests(void **state)
{
    const unsigned mailboxes = LIMIT_METADATA_GUEST_ENTRIES / LIMIT_METADATA_ENTRIES;
    const unsigned guests = LIMIT_METADATA_ALL_ENTRIES / LIMIT_METADATA_GUEST_ENTRIES;
    struct content *fx = *state;
    enum names_refusal refusal;
    char name[20];

    for (unsigned i = 0; i < mailboxes; i++) {
        snprintf(name, sizeof name, "m%u", i);
        create(fx, name);
        for (unsigned guest = 0; guest < guests; guest++)
            assert_ok(
                set_many(fx, name, 10 + guest, 0, LIMIT_METADATA_ENTRIES, SPAN("x"), &refusal));
    }
    /* One guest has its share, and all together have theirs. */
    assert_rc(set_many(fx, "INBOX", 10, 0, 1, SPAN("x"), &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_MANY);
    assert_rc(set_many(fx, "INBOX", 9, 0, 1, SPAN("x"), &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_MANY);
    assert_ok(set_many(fx, "INBOX", 0, 0, LIMIT_METADATA_ENTRIES, SPAN("x"), &refusal));
    assert_ok(rename_inbox(fx, "Old", &refusal));
    /* Who makes room may use it, but not somebody who has none of his own. */
    assert_ok(set_many(fx, "m0", 11, 0, 1, (struct span){NULL, 0}, &refusal));
    assert_rc(set_many(fx, "INBOX", 10, 0, 1, SPAN("x"), &refusal), RC_LIMIT);
    assert_ok(set_many(fx, "INBOX", 11, 0, 1, SPAN("x"), &refusal));
    assert_rc(rename_inbox(fx, "Older", &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_MANY);
}

/* LIMIT_METADATA_GUEST_OCTETS, and those of all guests. */
static void
of_octets_of_guests(void **state)
{
    const unsigned values = LIMIT_METADATA_GUEST_OCTETS / LIMIT_METADATA_VALUE;
    const unsigned guests = LIMIT_METADATA_ALL_OCTETS / LIMIT_METADATA_GUEST_OCTETS;
    struct content *fx = *state;
    char *value = arena_alloc_array(&fx->arena, LIMIT_METADATA_VALUE, 1, 1);
    const struct span large = span_of(value, LIMIT_METADATA_VALUE);
    enum names_refusal refusal;

    memset(value, 'x', LIMIT_METADATA_VALUE);
    for (unsigned guest = 0; guest < guests; guest++)
        assert_ok(set_many(fx, "INBOX", 10 + guest, 0, values, large, &refusal));
    assert_rc(set_many(fx, "INBOX", 10, values, 1, SPAN("x"), &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_LARGE);
    assert_rc(set_many(fx, "INBOX", 9, 0, 1, SPAN("x"), &refusal), RC_LIMIT);
    assert_int_equal(refusal, NAMES_METADATA_TOO_LARGE);
    assert_ok(set_many(fx, "Sent", 0, 0, LIMIT_METADATA_ENTRIES, large, &refusal));
    assert_ok(set_many(fx, "INBOX", 10, 0, 1, span_tail(large, 1), &refusal));
    assert_ok(set_many(fx, "INBOX", 10, values, 1, SPAN("x"), &refusal));
}

static void
all_or_nothing(void **state)
{
    struct content *fx = *state;
    const struct imap_metadata_pair pairs[] = {
        {.name = SPAN_INIT("/private/a"), .value = SPAN_INIT("x")},
        {.name = SPAN_INIT("/shared/b"), .value = SPAN_INIT("x")},
        {.name = SPAN_INIT("/private/specialuse"), .value = SPAN_INIT("\\Sent")},
    };
    enum names_refusal refusal;

    assert_rc(set_pairs(fx, "INBOX", 0, pairs, 3, &refusal), RC_EXISTS);
    assert_int_equal(refusal, NAMES_USE_TAKEN);
    assert_int_equal(count_of(fx, "INBOX", 0), 0);
    assert_rc(set_pairs(fx, "No", 0, pairs, 2, &refusal), RC_NOT_FOUND);
    assert_int_equal(refusal, NAMES_ARE_MISSING);
    assert_ok(set_pairs(fx, "Sent", 0, pairs, 3, &refusal));
    assert_int_equal(count_of(fx, "Sent", 0), 3);
    /* Another user does not see the first and the third. */
    assert_int_equal(count_of(fx, "Sent", 9), 1);
}

/* ---- what it costs ---- */

static struct store_ops counting_ops;
static const struct store_ops *true_ops;
static unsigned counts_of_all;

static enum rc
counting_totals(struct store_tx *tx, uint64_t user, struct metadata_totals *out,
                struct err *err)
{
    counts_of_all++;
    return true_ops->metadata_totals(tx, user, out, err);
}

static enum rc
counting_write_begin(struct store_account *acct, struct wake wake, struct store_tx **tx_out,
                     struct err *err)
{
    const enum rc rc = true_ops->write_begin(acct, wake, tx_out, err);

    if (rc == RC_OK)
        (*tx_out)->ops = &counting_ops;
    return rc;
}

/* All metadata of the account are counted once by a request that adds some, and not at all by
 * one that does not. */
static void
few_counts(void **state)
{
    struct content *fx = *state;
    struct store_account *acct = account_store(fx->acct);
    enum names_refusal refusal;

    assert_ok(set_many(fx, "INBOX", 0, 0, 10, SPAN("x"), &refusal));
    true_ops = acct->ops;
    counting_ops = *acct->ops;
    counting_ops.metadata_totals = counting_totals;
    counting_ops.write_begin = counting_write_begin;
    acct->ops = &counting_ops;
    counts_of_all = 0;
    assert_ok(set_many(fx, "INBOX", 9, 0, 10, SPAN("x"), &refusal));
    assert_int_equal(counts_of_all, 1);
    assert_ok(set_many(fx, "INBOX", 0, 0, 10, SPAN("xy"), &refusal));
    assert_int_equal(counts_of_all, 2);
    assert_ok(set_many(fx, "INBOX", 0, 0, 10, SPAN("y"), &refusal));
    assert_ok(set_many(fx, "INBOX", 0, 0, 10, (struct span){NULL, 0}, &refusal));
    assert_int_equal(counts_of_all, 2);
    acct->ops = true_ops;
}

/* ---- where they have changed ---- */

static void
assert_changes(struct content *fx, uint64_t modseq, bool everywhere, size_t count)
{
    struct metadata_changes changes;

    account_metadata_changes(fx->acct, modseq, &changes);
    assert_int_equal(changes.everywhere, everywhere);
    assert_int_equal(changes.count, count);
    for (size_t i = 1; i < count; i++)
        assert_true(changes.mboxes[i - 1] < changes.mboxes[i]);
}

/* METADATA_LATEST mailboxes are remembered, each once; whoever asks for the time before is told
 * so. */
static void
where_they_have_changed(void **state)
{
    struct content *fx = *state;
    uint64_t at[METADATA_LATEST + 2];
    struct metadata_changes changes;
    enum names_refusal refusal;
    char name[20];

    assert_false(account_metadata_changed(fx->acct, 0));
    for (unsigned i = 0; i < METADATA_LATEST + 2; i++) {
        snprintf(name, sizeof name, "m%u", i);
        create(fx, name);
        assert_ok(set_many(fx, name, 0, 0, 1, SPAN("x"), &refusal));
        account_metadata_changes(fx->acct, 0, &changes);
        at[i] = changes.upto;
        assert_changes(fx, i == 0 ? 0 : at[i - 1], false, 1);
        if (i < METADATA_LATEST)
            assert_changes(fx, 0, false, i + 1);
    }
    assert_changes(fx, 0, true, METADATA_LATEST);
    assert_changes(fx, at[0], true, METADATA_LATEST);
    assert_changes(fx, at[1], false, METADATA_LATEST);
    /* A mailbox that is there already takes no other's place, and one request may change two
     * owners' entries of it. */
    assert_ok(set_many(fx, "m5", 0, 0, 1, SPAN("y"), &refusal));
    assert_ok(set_many(fx, "m5", 9, 0, 1, SPAN("y"), &refusal));
    assert_changes(fx, at[1], false, METADATA_LATEST);
    assert_changes(fx, at[METADATA_LATEST + 1], false, 1);
    /* What changes nothing is no change. */
    account_metadata_changes(fx->acct, 0, &changes);
    assert_ok(set_many(fx, "m6", 0, 50, 1, (struct span){NULL, 0}, &refusal));
    assert_changes(fx, changes.upto, false, 0);
    assert_false(account_metadata_changed(fx->acct, changes.upto));
}

/* ---- beside requests that fail, and changes elsewhere ---- */

/* Lets two others ride in its batch. */
struct carrier {
    struct turn_req turn;
    struct turn_req *riders[2];
};

static void
no_wake(void *ctx, uint64_t id)
{
    (void)ctx;
    (void)id;
}

static enum rc
carrier_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct carrier *carrier = CONTAINER_OF(req, struct carrier, turn);

    (void)err;
    for (size_t i = 0; i < ARRAY_LEN(carrier->riders); i++)
        assert_int_equal(turn_run(ctx->acct, carrier->riders[i]), RC_AGAIN);
    return RC_OK;
}

static uint64_t
modseq_of_rows(struct content *fx)
{
    struct store_tx *tx = content_read(fx);
    uint64_t modseq = 0;

    assert_ok(store_modseq(tx, &modseq, &fx->err));
    store_end(tx);
    return modseq;
}

static size_t
rows_since(struct content *fx, uint64_t modseq)
{
    const struct metadata_since since = {.modseq = modseq};
    struct store_tx *tx = content_read(fx);
    struct metadata_row *rows;
    size_t count = 0;

    assert_ok(store_metadata_since(tx, &since, &fx->arena, &rows, &count, &fx->err));
    store_end(tx);
    return count;
}

/* A request that is undone after one that changes metadata, in one commit: nobody is told of a
 * modseq that the rows do not have, which somebody else's change would get later. */
static void
beside_one_that_fails(void **state)
{
    struct content *fx = *state;
    const struct wake wake = {.fn = no_wake};
    const struct imap_metadata_pair good = {.name = SPAN_INIT("/private/a"),
                                            .value = SPAN_INIT("x")};
    const struct imap_metadata_pair bad[] = {
        {.name = SPAN_INIT("/private/b"), .value = SPAN_INIT("x")},
        {.name = SPAN_INIT("/private/specialuse"), .value = SPAN_INIT("\\Sent")},
    };
    struct metadata_set_op set;
    struct metadata_set_op fails;
    struct carrier carrier = {.riders = {&set.turn, &fails.turn}};
    struct metadata_changes changes;
    enum names_refusal refusal;

    metadata_set_op_init(&set, &fx->arena, wake);
    set.mailbox = SPAN("INBOX");
    set.pairs = &good;
    set.pair_count = 1;
    metadata_set_op_init(&fails, &fx->arena, wake);
    fails.mailbox = SPAN("INBOX");
    fails.pairs = bad;
    fails.pair_count = 2;
    turn_req_init(&carrier.turn, carrier_apply, 1, wake);
    assert_ok(content_run(fx, &carrier.turn));
    for (size_t i = 0; i < ARRAY_LEN(carrier.riders); i++)
        assert_int_equal(turn_run(fx->acct, carrier.riders[i]), RC_OK);
    assert_ok(set.turn.result);
    assert_rc(fails.turn.result, RC_EXISTS);

    const uint64_t told = modseq_of_rows(fx);
    assert_false(account_metadata_changed(fx->acct, told));
    assert_changes(fx, told, false, 0);
    account_metadata_changes(fx->acct, 0, &changes);
    assert_int_equal(changes.count, 1);
    assert_int_equal(changes.upto, set.modseq);

    /* Who was told up to here learns of the next change, also in another process. */
    content_restart_account(fx);
    assert_ok(set_many(fx, "Sent", 0, 0, 1, SPAN("x"), &refusal));
    assert_true(account_metadata_changed(fx->acct, changes.upto));
    assert_int_equal(rows_since(fx, changes.upto), 1);
}

/* What is read from the rows at once may be many commits, of which only the first changed
 * metadata. */
static void
elsewhere(void **state)
{
    struct content *fx = content_new_shared();
    struct store *store = content_elsewhere(fx);
    struct store_account *there = NULL;
    struct metadata_changes changes;
    struct turn_req look;
    uint64_t told[2];

    (void)state;
    content_open_account(fx);
    assert_ok(store_account_get(store, CONTENT_ACCOUNT, &there));
    turn_look_init(&look, nobody);
    assert_ok(content_run(fx, &look));
    for (unsigned i = 0; i < 3; i++) {
        struct store_tx *tx = NULL;
        assert_ok(store_write_begin(there, WAKE_NOBODY, &tx, &fx->err));
        if (i < 2) { /* INBOX, then the account itself */
            const struct metadata_of of = {.mbox = 1 - i};
            assert_ok(store_metadata_set(tx, &of, SPAN("/shared/a"), SPAN("x"), &fx->err));
        } else {
            assert_ok(store_subscribe(tx, SPAN("elsewhere"), &fx->err));
        }
        content_commit(fx, tx);
        if (i < 2)
            told[i] = modseq_of_rows(fx);
    }
    assert_false(account_metadata_changed(fx->acct, 0));
    assert_ok(content_run(fx, &look));
    account_metadata_changes(fx->acct, 0, &changes);
    assert_int_equal(changes.count, 2);
    assert_int_equal(changes.upto, told[1]);
    account_metadata_changes(fx->acct, told[0], &changes);
    assert_int_equal(changes.count, 1);
    assert_int_equal(changes.mboxes[0], 0);
    assert_false(account_metadata_changed(fx->acct, told[1]));
    store_account_put(there);
    store_close(store);
    content_close_account(fx);
    content_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_a_mailbox, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(of_an_account, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(of_octets, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(of_guests, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(of_octets_of_guests, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(all_or_nothing, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(few_counts, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(where_they_have_changed, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(beside_one_that_fails, content_setup, content_teardown),
        cmocka_unit_test(elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
