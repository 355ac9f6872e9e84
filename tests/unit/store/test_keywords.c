/* SPDX-License-Identifier: MIT */
/*
 * Numbers of keywords that are given back: which ones a purge takes, when they are given to
 * another name, and that nothing between its steps misleads it (INV-S17).
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

enum { MANY = 25000 }; /* messages: more than one step looks through */

struct memory {
    bool settled;
    unsigned asked;
};

static bool
settled(void *ctx, uint64_t mbox)
{
    struct memory *memory = ctx;

    assert_int_not_equal(mbox, 0);
    memory->asked++;
    return memory->settled;
}

static struct keywords
bit(uint32_t number)
{
    struct keywords bits = {{0, 0}};

    bits.bits[number / 64] = UINT64_C(1) << number % 64;
    return bits;
}

static uint32_t
add(struct fixture *fx, struct store_tx *tx, uint64_t mbox, const char *stem, unsigned n)
{
    char name[64];
    uint32_t number = 0;

    snprintf(name, sizeof name, "%s%u", stem, n);
    assert_ok(store_keyword_add(tx, mbox, span_of_str(name), &number, &fx->err));
    return number;
}

/* $k0 to $k127, so that the mailbox has no number left. */
static void
add_all(struct fixture *fx, struct store_tx *tx, uint64_t mbox)
{
    for (unsigned i = 0; i < LIMIT_KEYWORDS; i++)
        assert_int_equal(add(fx, tx, mbox, "$k", i), i);
}

static enum rc
set(struct fixture *fx, struct store_tx *tx, uint64_t mbox, uint32_t uid, enum flags_mode mode,
    const struct keywords *keywords)
{
    const struct uid_run run = {uid, uid};
    struct flags_result result;
    const struct flags_req req = {
        .mbox = mbox,
        .runs = &run,
        .run_count = 1,
        .mode = mode,
        .keywords = *keywords,
        .unchanged_since = MODSEQ_ANY,
    };

    return store_flags_update(tx, &req, &fx->arena, &result, &fx->err);
}

/* One step in a transaction of its own. */
static struct keywords_purge
step(struct fixture *fx, struct memory *memory)
{
    struct keywords_purge purge = {.settled = settled, .ctx = memory};
    struct store_tx *tx = begin_write(fx);

    assert_ok(store_keywords_purge(tx, &purge, &fx->err));
    commit(fx, tx);
    return purge;
}

/* All steps; the numbers that lost their names. */
static struct keywords
purge(struct fixture *fx, bool is_settled)
{
    struct memory memory = {.settled = is_settled};
    struct keywords all = {{0, 0}};
    struct keywords_purge one;

    do {
        one = step(fx, &memory);
        all.bits[0] |= one.retired.bits[0];
        all.bits[1] |= one.retired.bits[1];
    } while (one.more);
    return all;
}

static bool
is_due(struct fixture *fx)
{
    struct store_tx *tx = begin_read(fx);
    bool due = false;

    assert_ok(store_purge_due(tx, &due, &fx->err));
    store_end(tx);
    return due;
}

static unsigned
named(struct fixture *fx, uint64_t mbox)
{
    struct store_tx *tx = begin_read(fx);
    struct span *names = NULL;
    size_t count = 0;
    unsigned named = 0;

    assert_ok(store_keywords(tx, mbox, &fx->arena, &names, &count, &fx->err));
    store_end(tx);
    for (size_t i = 0; i < count; i++)
        named += names[i].len > 0;
    return named;
}

/* An entry bears $k5 and an expunged row $k70: all others lose their names, and are given to
 * others, lowest first, once memory has settled; over a restart too. */
static void
test_what_nothing_bears_is_given_again(void **state)
{
    struct fixture *fx = fixture_new();
    struct expunge_result expunged;
    const struct uid_run second = {2, 2};
    uint32_t number = 0;

    (void)state;
    fill(fx, "INBOX", 2);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    add_all(fx, tx, inbox);
    const struct keywords five = bit(5);
    const struct keywords seventy = bit(70);
    assert_ok(set(fx, tx, inbox, 1, FLAGS_ADD, &five));
    assert_ok(set(fx, tx, inbox, 2, FLAGS_ADD, &seventy));
    const struct expunge_req req = {.mbox = inbox, .runs = &second, .run_count = 1};
    assert_ok(store_expunge(tx, &req, &fx->arena, &expunged, &fx->err));
    commit(fx, tx);
    assert_true(is_due(fx));

    const struct keywords retired = purge(fx, false);
    assert_int_equal(retired.bits[0], ~five.bits[0]);
    assert_int_equal(retired.bits[1], ~seventy.bits[1]);
    assert_int_equal(named(fx, inbox), 2);
    verify(fx);
    tx = begin_write(fx);
    assert_rc(store_keyword_add(tx, inbox, SPAN("new"), &number, &fx->err), RC_NOT_FOUND);
    assert_rc(store_keyword_add(tx, inbox, SPAN("$k0"), &number, &fx->err), RC_NOT_FOUND);
    assert_int_equal(add(fx, tx, inbox, "$K", 5), 5);
    commit(fx, tx);

    fixture_restart(fx);
    assert_true(is_due(fx));
    const struct keywords again = purge(fx, true);
    assert_int_equal(again.bits[0] | again.bits[1], 0);
    assert_false(is_due(fx));
    tx = begin_write(fx);
    for (uint32_t i = 0; i < LIMIT_KEYWORDS - 2; i++)
        assert_int_equal(add(fx, tx, inbox, "new", i), i + (i >= 5) + (i >= 69));
    assert_rc(store_keyword_add(tx, inbox, SPAN("more"), &number, &fx->err), RC_NOT_FOUND);
    commit(fx, tx);
    assert_int_equal(named(fx, inbox), LIMIT_KEYWORDS);
    verify(fx);
    fixture_free(fx);
}

/* Below LIMIT_KEYWORDS_CROWDED nothing is looked for: a label that is set and unset stays. */
static void
test_only_crowded_mailboxes(void **state)
{
    struct fixture *fx = fixture_new();
    struct memory memory = {.settled = true};

    (void)state;
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const uint64_t sent = mbox_id(fx, tx, "Sent");
    for (unsigned i = 0; i < LIMIT_KEYWORDS_CROWDED - 1; i++)
        (void)add(fx, tx, inbox, "$k", i);
    add_all(fx, tx, sent);
    commit(fx, tx);
    (void)purge(fx, true);
    assert_int_equal(named(fx, inbox), LIMIT_KEYWORDS_CROWDED - 1);
    assert_int_equal(named(fx, sent), 0);
    assert_false(is_due(fx));
    const struct keywords_purge nothing = step(fx, &memory);
    assert_false(nothing.more);
    assert_int_equal(memory.asked, 0);

    tx = begin_write(fx);
    (void)add(fx, tx, inbox, "one-more", 0);
    commit(fx, tx);
    assert_true(is_due(fx));
    (void)purge(fx, true);
    assert_int_equal(named(fx, inbox), 0);
    fixture_free(fx);
}

/* A message that is looked at already gets a keyword while the look goes on, by each way there
 * is; and one moves from the entries not yet looked at into the expunged. */
static void
test_writes_behind_the_look(void **state)
{
    struct fixture *fx = fixture_new();
    struct memory memory = {.settled = true};
    struct expunge_result expunged;
    struct copy_result copied;
    const struct uid_run last = {MANY, MANY};
    const struct uid_run first = {1, 1};

    (void)state;
    fill(fx, "INBOX", MANY);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const uint64_t sent = mbox_id(fx, tx, "Sent");
    add_all(fx, tx, inbox);
    assert_int_equal(add(fx, tx, sent, "$k", 9), 0);
    const struct keywords bits[] = {bit(1), bit(2), bit(3), bit(0)};
    const struct entry in_sent = add_message(fx, tx, sent, 1, 0);
    assert_ok(set(fx, tx, sent, in_sent.uid, FLAGS_ADD, &bits[3]));
    assert_ok(set(fx, tx, inbox, MANY, FLAGS_ADD, &bits[0]));
    commit(fx, tx);

    assert_true(step(fx, &memory).more); /* looks at the first 20,000 */
    tx = begin_write(fx);
    assert_ok(set(fx, tx, inbox, 1, FLAGS_ADD, &bits[1]));
    const struct expunge_req req = {.mbox = inbox, .runs = &last, .run_count = 1};
    assert_ok(store_expunge(tx, &req, &fx->arena, &expunged, &fx->err));
    commit(fx, tx);
    assert_true(step(fx, &memory).more); /* all entries */
    tx = begin_write(fx);
    const struct entry_new again = {
        .mbox = inbox,
        .message = in_sent.message,
        .octets = in_sent.octets,
        .keywords = bits[2],
    };
    struct entry added;
    assert_ok(store_entry_add(tx, &again, &added, &fx->err));
    const struct copy_req copy = {
        .from = sent, .to = inbox, .runs = &first, .run_count = 1, .move = false};
    assert_ok(store_copy(tx, &copy, &fx->arena, &copied, &fx->err));
    assert_int_equal(copied.added[0].keywords.bits[0], bit(9).bits[0]);
    commit(fx, tx);

    const struct keywords retired = purge(fx, true);
    assert_int_equal(~retired.bits[0],
                     bit(1).bits[0] | bit(2).bits[0] | bit(3).bits[0] | bit(9).bits[0]);
    assert_int_equal(~retired.bits[1], 0);
    verify(fx);
    fixture_free(fx);
}

/* What is undone may bring rows back behind the look, so it begins again. */
static void
test_undone_writes(void **state)
{
    struct fixture *fx = fixture_new();
    struct memory memory = {.settled = true};
    const struct keywords seven = bit(7);
    const struct keywords none = bit(8);

    (void)state;
    fill(fx, "INBOX", 3);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    add_all(fx, tx, inbox);
    assert_ok(set(fx, tx, inbox, 1, FLAGS_REPLACE, &seven));
    commit(fx, tx);

    /* In one transaction: the keyword goes, the look passes the message, all is undone. */
    struct keywords_purge purging = {.settled = settled, .ctx = &memory};
    tx = begin_write(fx);
    assert_ok(set(fx, tx, inbox, 1, FLAGS_REPLACE, &none));
    assert_ok(store_keywords_purge(tx, &purging, &fx->err));
    assert_true(purging.more);
    store_end(tx);
    const struct keywords retired = purge(fx, true);
    assert_int_equal(~retired.bits[0], seven.bits[0]);
    verify(fx);

    /* The same by a savepoint. */
    tx = begin_write(fx);
    for (unsigned i = 0; i < LIMIT_KEYWORDS - 1; i++)
        (void)add(fx, tx, inbox, "again", i);
    assert_ok(store_savepoint(tx, &fx->err));
    assert_ok(set(fx, tx, inbox, 1, FLAGS_REPLACE, &none));
    assert_ok(store_keywords_purge(tx, &purging, &fx->err));
    store_savepoint_rollback(tx);
    assert_ok(store_keywords_purge(tx, &purging, &fx->err));
    commit(fx, tx);
    (void)purge(fx, true);
    assert_int_equal(named(fx, inbox), 1);
    verify(fx);
    fixture_free(fx);
}

/* A deleted mailbox is not looked through, and takes its keywords with it. */
static void
test_deleted_mailbox(void **state)
{
    struct fixture *fx = fixture_new();
    uint64_t made = 0;

    (void)state;
    struct store_tx *tx = begin_write(fx);
    assert_ok(store_mbox_create(tx, SPAN("made"), 0, &made, &fx->err));
    add_all(fx, tx, made);
    commit(fx, tx);
    tx = begin_write(fx);
    assert_ok(store_mbox_delete(tx, made, &fx->err));
    commit(fx, tx);
    const struct keywords retired = purge(fx, true);
    assert_int_equal(retired.bits[0] | retired.bits[1], 0);
    verify(fx);
    fixture_free(fx);
}

/* store_verify finds a bit without a name. */
static void
test_verify_finds_it(void **state)
{
    struct fixture *fx = fixture_new();
    AUTO_BUF findings = {0};

    (void)state;
    fill(fx, "INBOX", 1);
    assert_int_equal(run_sql(fx, "UPDATE entry SET keywords_1 = 1 << 63"), 0);
    buf_init(&findings, 1 << 16);
    struct store_tx *tx = begin_read(fx);
    assert_rc(store_verify(tx, &findings, &fx->err), RC_CORRUPT);
    store_end(tx);
    assert_true(span_starts(buf_span(&findings), SPAN("INV-S17")));
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_nothing_bears_is_given_again),
        cmocka_unit_test(test_only_crowded_mailboxes),
        cmocka_unit_test(test_writes_behind_the_look),
        cmocka_unit_test(test_undone_writes),
        cmocka_unit_test(test_deleted_mailbox),
        cmocka_unit_test(test_verify_finds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
