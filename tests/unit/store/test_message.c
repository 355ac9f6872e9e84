/* SPDX-License-Identifier: MIT */
/* Messages and their text: every layout, every offset, jumps and runs of ids, damage. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/rng.h"

enum { CHUNK = LIMIT_BODY_CHUNK, TEXT_MAX = 3 * CHUNK + 100000 };

static void
test_parts(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    struct message_row row;
    const unsigned all =
        MESSAGE_ENVELOPE | MESSAGE_BODYSTRUCTURE | MESSAGE_PARTS | MESSAGE_FIELDS;

    (void)state;
    const struct entry entry = add_message(fx, tx, inbox, 1, 0);
    for (unsigned want = 0; want <= all; want++) {
        assert_ok(store_message_read(tx, entry.message, want, &row, &fx->err));
        assert_int_equal(row.octets, entry.octets);
        assert_true(row.header_octets > 20 && row.header_octets < row.octets);
        assert_true(
            span_eq_str(row.envelope, want & MESSAGE_ENVELOPE ? "(NIL \"envelope\")" : ""));
        assert_true(span_eq_str(row.bodystructure,
                                want & MESSAGE_BODYSTRUCTURE ? "(\"TEXT\" \"PLAIN\")" : ""));
        assert_true(span_eq_str(row.parts, want & MESSAGE_PARTS ? "parts" : ""));
        assert_int_equal(row.fields.len, want & MESSAGE_FIELDS ? 40 : 0);
    }
    assert_rc(store_message_read(tx, entry.message + 1, 0, &row, &fx->err), RC_NOT_FOUND);
    store_end(tx);
    fixture_free(fx);
}

static void
test_jumps_give_the_right_row(void **state)
{
    enum { COUNT = 200 };
    struct fixture *fx = fixture_new();
    uint64_t sizes[COUNT + 1] = {0};
    struct rng rng;
    size_t count = 0;

    (void)state;
    rng_seed(&rng, 11);
    fill(fx, "INBOX", COUNT);
    struct store_tx *tx = begin_read(fx);
    const struct entry *rows = entries(fx, tx, mbox_id(fx, tx, "INBOX"), &count);
    for (size_t i = 0; i < count; i++)
        sizes[rows[i].message] = rows[i].octets;
    for (unsigned i = 0; i < 3000; i++) {
        static uint64_t message = 1;
        struct message_row row;
        struct span part;
        const uint64_t pick = rng_below(&rng, 4);
        message = pick == 0   ? 1 + rng_below(&rng, COUNT + 3)
                  : pick == 1 ? message + rng_below(&rng, 5)
                              : message + 1;
        const enum rc want = message >= 1 && message <= COUNT ? RC_OK : RC_NOT_FOUND;
        assert_rc(
            store_message_read(tx, message, (unsigned)rng_below(&rng, 16), &row, &fx->err),
            want);
        assert_rc(store_content_peek(tx, message, 0, UINT64_MAX, &part, &fx->err), want);
        if (want == RC_OK) {
            assert_int_equal(row.octets, sizes[message]);
            assert_int_equal(part.len, sizes[message]);
        } else {
            message = 1;
        }
    }
    store_end(tx);
    fixture_free(fx);
}

/* Ids are walked over the gaps that purging leaves, and the highest one is not forgotten. */
static void
test_ids_are_walked(void **state)
{
    const struct uid_run gone[] = {{2, 3}, {5, 5}};
    struct fixture *fx = fixture_new();
    struct expunge_result expunged;
    uint64_t message = 99;
    bool more = true;

    (void)state;
    struct store_tx *tx = begin_read(fx);
    assert_rc(store_message_next(tx, 0, &message, &fx->err), RC_NOT_FOUND);
    assert_int_equal(message, 99);
    assert_ok(store_message_highest(tx, &message, &fx->err));
    assert_int_equal(message, 0);
    store_end(tx);
    fill(fx, "INBOX", 5);
    tx = begin_write(fx);
    const struct expunge_req req = {
        .mbox = mbox_id(fx, tx, "INBOX"), .runs = gone, .run_count = ARRAY_LEN(gone)};
    assert_ok(store_expunge(tx, &req, &fx->arena, &expunged, &fx->err));
    assert_int_equal(expunged.count, 3);
    commit(fx, tx);
    test_now_s += INT64_C(400) * TEST_DAY_S;
    while (more) {
        tx = begin_write(fx);
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        assert_ok(store_message_highest(tx, &message, &fx->err));
        assert_int_equal(message, 5);
        commit(fx, tx);
    }
    static const uint64_t next_of[] = {1, 1, 4, 4, 4, 0, 0};
    tx = begin_read(fx);
    for (uint64_t from = 0; from < ARRAY_LEN(next_of); from++) {
        message = 0;
        assert_rc(store_message_next(tx, from, &message, &fx->err),
                  next_of[from] == 0 ? RC_NOT_FOUND : RC_OK);
        assert_int_equal(message, next_of[from]);
    }
    assert_rc(store_message_next(tx, UINT64_MAX, &message, &fx->err), RC_NOT_FOUND);
    assert_ok(store_message_highest(tx, &message, &fx->err));
    assert_int_equal(message, 5);
    store_end(tx);
    fixture_free(fx);
}

enum kind { WORDS, NOISE, NO_BODY };

static void
make(struct buf *text, enum kind kind, size_t octets)
{
    struct rng rng;

    buf_clear(text);
    rng_seed(&rng, octets + kind);
    if (kind != NO_BODY)
        buf_put_str(text, "Subject: x\r\n\r\n");
    while (buf_len(text) < octets) {
        if (kind == NOISE)
            buf_put_char(text, (char)(' ' + rng_below(&rng, 94)));
        else
            buf_printf(text, "X-Line: %zu words and words and words\r\n", buf_len(text));
    }
    buf_truncate(text, octets);
}

static void
check_offsets(struct fixture *fx, struct store_tx *tx, uint64_t message, struct span text)
{
    AUTO_BUF out = {0};
    struct rng rng;

    buf_init(&out, TEXT_MAX);
    rng_seed(&rng, text.len);
    for (unsigned i = 0; i < 40; i++) {
        const uint64_t offset = i == 0 ? 0 : i == 1 ? text.len : rng_below(&rng, text.len + 9);
        const uint64_t octets = i == 0 ? UINT64_MAX : rng_below(&rng, i % 2 ? 100 : 700000);
        buf_clear(&out);
        assert_ok(store_content_read(tx, message, offset, octets, &out, &fx->err));
        const struct span want = span_head(span_tail(text, offset), octets);
        assert_true(span_eq(buf_span(&out), want));
    }
}

static void
test_every_layout(void **state)
{
    static const size_t sizes[] = {
        0,         1,     100,       16383,      16384,      16385,          30000,
        CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 14, CHUNK + 15, 2 * CHUNK + 14, 2 * CHUNK + 15,
        800000};
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    uint64_t messages[ARRAY_LEN(sizes)][3];
    AUTO_BUF text = {0};

    (void)state;
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (enum kind kind = WORDS; kind <= NO_BODY; kind++) {
            make(&text, kind, sizes[i]);
            messages[i][kind] = add_text(fx, tx, inbox, buf_span(&text), 0).message;
        }
    }
    commit(fx, tx);
    tx = begin_read(fx);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (enum kind kind = WORDS; kind <= NO_BODY; kind++) {
            make(&text, kind, sizes[i]);
            check_offsets(fx, tx, messages[i][kind], buf_span(&text));
        }
    }
    store_end(tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_large_bodies_are_compressed(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    AUTO_BUF text = {0};

    (void)state;
    buf_init(&text, TEXT_MAX);
    make(&text, WORDS, 600000);
    add_text(fx, tx, inbox, buf_span(&text), 0);
    make(&text, NOISE, 600000);
    add_text(fx, tx, inbox, buf_span(&text), 0);
    commit(fx, tx);
    /* Words: a head and three compressed pieces; noise: as it is. A query that finds nothing
     * wrong changes nothing: 1 / 0 is NULL, so this is an error only if the assertion holds. */
    assert_int_equal(run_sql(fx,
                             "CREATE TEMP TABLE t (ok CHECK (ok));"
                             "INSERT INTO t SELECT count(*) = 3 FROM content WHERE form = 2;"
                             "INSERT INTO t SELECT sum(length(data)) < 200000 FROM content"
                             " WHERE form = 2;"
                             "INSERT INTO t SELECT count(*) = 5 FROM content WHERE form = 1;"),
                     0);
    verify(fx);
    fixture_free(fx);
}

static void
test_no_room_for_the_text(void **state)
{
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const struct entry entry = add_message(fx, tx, inbox, 1, 0);
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 50);
    assert_rc(store_content_read(tx, entry.message, 0, UINT64_MAX, &out, &fx->err), RC_LIMIT);
    assert_int_equal(buf_len(&out), 0);
    store_end(tx);
    fixture_free(fx);
}

static void
test_damage_is_found(void **state)
{
    static const char *const damage[] = {
        "DELETE FROM content WHERE id & 65535 = 2",
        "DELETE FROM content WHERE id & 65535 = 0",
        "UPDATE content SET data = zeroblob(length(data)) WHERE form = 2",
        "UPDATE content SET octets = octets - 1 WHERE id & 65535 = 1",
        "UPDATE content SET data = substr(data, 1, 5) WHERE id & 65535 = 0",
        "UPDATE entry SET message = 77",
        "UPDATE entry SET octets = octets + 1",
        "UPDATE mailbox SET messages = 5 WHERE name = 'INBOX'",
        "UPDATE mailbox SET uidnext = 1 WHERE name = 'INBOX'",
        "UPDATE mailbox SET highest_modseq = 1 WHERE name = 'INBOX'",
        "UPDATE mailbox SET uidvalidity = 5",
        "UPDATE mailbox SET expunged_octets = 5",
        "UPDATE mailbox SET name = 'OUTBOX' WHERE name = 'INBOX'",
        "DELETE FROM mailbox WHERE name = 'INBOX'",
        "DELETE FROM entry",
        "INSERT INTO keyword VALUES (1, 128, 'beyond')",
        "INSERT INTO keyword VALUES (1, 3, 'three'), (1, 4, 'Three')",
        "UPDATE entry SET keywords_0 = 8",
        "INSERT INTO content VALUES (99 << 16, 0, 0, x'')",
        "UPDATE message SET header_octets = octets + 1",
        "UPDATE entry SET modseq = 0",
        "UPDATE message SET digest = zeroblob(32)",
        "UPDATE mailbox SET object_id = NULL WHERE name = 'INBOX'",
        "UPDATE mailbox SET object_id = (SELECT object_id FROM mailbox WHERE name = 'INBOX')",
        ("INSERT INTO expunged SELECT mbox, 1, uid, 0, 0, 0, message, 9, 0, 0, 0, 0, 1 FROM "
         "entry"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
        struct fixture *fx = fixture_new();
        struct store_tx *tx = begin_write(fx);
        AUTO_BUF text = {0};
        AUTO_BUF findings = {0};
        buf_init(&text, TEXT_MAX);
        buf_init(&findings, 1 << 20);
        make(&text, WORDS, 600000);
        add_text(fx, tx, mbox_id(fx, tx, "INBOX"), buf_span(&text), 0);
        commit(fx, tx);
        verify(fx);
        assert_int_equal(run_sql(fx, damage[i]), 0);
        tx = begin_read(fx);
        if (store_verify(tx, &findings, &fx->err) != RC_CORRUPT)
            fail_msg("not found: %s", damage[i]);
        assert_true(buf_len(&findings) > 10);
        store_end(tx);
        fixture_free(fx);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_jumps_give_the_right_row),
        cmocka_unit_test(test_ids_are_walked),
        cmocka_unit_test(test_every_layout),
        cmocka_unit_test(test_large_bodies_are_compressed),
        cmocka_unit_test(test_no_room_for_the_text),
        cmocka_unit_test(test_damage_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
