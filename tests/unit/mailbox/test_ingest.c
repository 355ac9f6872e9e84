/* SPDX-License-Identifier: MIT */
/*
 * Ingest: what is prepared agrees with the message, for generated, nasty and (ROOST_CORPUS)
 * real mail; its limits; and that a message that cannot be entered leaves nothing behind.
 */
#include "content.h"

#include <string.h>

#include "bench/mailgen.h"
#include "mailbox/content/fields.h"
#include "mailbox/content/ingest.h"
#include "support/mail_corpus.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_parts.h"

/* Same shape, whatever it is. */
static void
assert_same_tree(const struct mime_part *a, const struct mime_part *b)
{
    while (a != NULL && b != NULL) {
        assert_true(a->header_off == b->header_off && a->header_size == b->header_size);
        assert_true(a->body_off == b->body_off && a->body_size == b->body_size);
        assert_true(a->body_lines == b->body_lines);
        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->encoding, b->encoding);
        assert_true(span_ieq(a->charset, b->charset));
        a = mime_part_after(a);
        b = mime_part_after(b);
    }
    assert_true(a == NULL && b == NULL);
}

static void
check_message(void *ctx, struct span text)
{
    static const struct span names[] = {SPAN_INIT("Subject"), SPAN_INIT("From"),
                                        SPAN_INIT("References")};
    struct content *fx = ctx;
    AUTO_ARENA arena = {0};
    AUTO_BUF from_header = {0};
    AUTO_BUF from_fields = {0};
    struct ingest ingest;
    struct mime_part *scanned;
    struct mime_part *stored;
    struct header_names set;
    struct fields_want want;

    arena_init(&arena, 512 << 20);
    buf_init(&from_header, 64 << 20);
    buf_init(&from_fields, 64 << 20);
    assert_ok(ingest_prepare(&arena, text, &ingest, &fx->err));
    assert_true(ingest.msg.text.ptr == text.ptr && ingest.msg.text.len == text.len);
    const struct span header = span_head(text, ingest.msg.header_octets);
    assert_int_equal(header.len, header_size(text));
    assert_ok(mime_scan(text, &arena, &scanned));
    assert_ok(mime_parts_decode(ingest.msg.parts, &arena, &stored));
    assert_same_tree(scanned, stored);
    assert_true(ingest.parts >= 1);
    assert_int_equal(ingest.msg.envelope.ptr[0], '(');
    assert_int_equal(ingest.msg.bodystructure.ptr[0], '(');

    assert_ok(header_names_init(&set, &arena, names, ARRAY_LEN(names)));
    header_filter(&from_header, header, &set, HEADER_FIELDS);
    fields_want_init(&want, names, ARRAY_LEN(names));
    if (fields_filter(&from_fields, ingest.msg.fields, &want))
        assert_true(span_eq(buf_span(&from_fields), buf_span(&from_header)));
}

static void
test_generated(void **state)
{
    const struct mailgen_options options = {
        .seed = 21, .broken_percent = 50, .max_octets = 100000};
    struct content *fx = *state;
    struct mailgen *gen;
    struct mailgen_message message;

    assert_ok(mailgen_new(&options, &gen, &fx->err));
    for (int i = 0; i < 500; i++) {
        mailgen_next(gen, &message);
        check_message(fx, message.octets);
    }
    mailgen_free(gen);
    check_message(fx, SPAN(""));
    check_message(fx, SPAN("\r\n"));
    check_message(fx, SPAN("x"));
    check_message(fx, SPAN(":"));
}

static void
test_corpus(void **state)
{
    if (mail_corpus_each(check_message, *state) == 0)
        print_message("no ROOST_CORPUS: real mail was not looked at\n");
}

/* ---- limits ---- */

static void
test_header_limit(void **state)
{
    static const size_t sizes[] = {INGEST_HEADER_MAX, INGEST_HEADER_MAX + 1, 40 << 20};
    struct content *fx = *state;
    struct ingest ingest;

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        AUTO_ARENA arena = {0};
        AUTO_BUF text = {0};
        arena_init(&arena, 512 << 20);
        buf_init(&text, 64 << 20);
        buf_put_lit(&text, "Subject: x\r\n");
        while (buf_len(&text) + 102 <= sizes[i] - 2)
            buf_put_lit(&text, "X-Filler: 0123456789012345678901234567890123456789"
                               "01234567890123456789012345678901234567890123456789\r\n");
        buf_put_lit(&text, "X:");
        while (buf_len(&text) < sizes[i] - 4)
            buf_put_char(&text, 'y');
        buf_put_lit(&text, "\r\n\r\nbody\r\n");
        assert_rc(ingest_prepare(&arena, buf_span(&text), &ingest, &fx->err),
                  i == 0 ? RC_OK : RC_LIMIT);
    }
}

/* Deep and many: parts beyond the limits are octets of another part. */
static void
test_part_limits(void **state)
{
    struct content *fx = *state;
    AUTO_BUF text = {0};

    buf_init(&text, 64 << 20);
    for (unsigned i = 0; i < 3 * LIMIT_MIME_DEPTH; i++)
        buf_printf(&text, "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
    check_message(fx, buf_span(&text));
    buf_clear(&text);
    buf_put_lit(&text, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (unsigned i = 0; i < 2 * LIMIT_MIME_PARTS; i++)
        buf_put_lit(&text, "--b\r\n\r\nx\r\n");
    check_message(fx, buf_span(&text));
}

static void
test_small_arena(void **state)
{
    struct content *fx = *state;
    struct ingest ingest;
    unsigned failed = 0;

    for (size_t budget = 0; budget < 200000; budget = budget * 2 + 1000) {
        AUTO_ARENA arena = {0};
        arena_init(&arena, budget);
        const enum rc rc = ingest_prepare(
            &arena, SPAN("Subject: x\r\nReferences: <a@b> <c@d>\r\n\r\nbody\r\n"), &ingest,
            &fx->err);
        assert_true(rc == RC_OK || rc == RC_LIMIT);
        failed += rc == RC_LIMIT;
    }
    assert_in_range(failed, 1, 8);
}

/* ---- apply ---- */

static void
test_apply(void **state)
{
    struct content *fx = *state;
    const struct content_mail mail = {
        .text = SPAN("Message-ID: <a@b>\r\nSubject: x\r\n\r\ny\r\n"),
        .flags = MSG_SEEN | MSG_FLAGGED,
        .keywords = "Eins $Zwei eins",
        .internaldate_s = 1000000000,
        .zone_min = -330,
    };

    const struct entry first = content_append(fx, &mail);
    const struct entry second = content_append(fx, &mail);
    assert_int_equal(first.uid, 1);
    assert_int_equal(second.uid, 2);
    assert_true(second.modseq > first.modseq);
    assert_int_equal(first.flags, MSG_SEEN | MSG_FLAGGED);
    assert_int_equal(first.keywords.bits[0], 3);
    assert_int_equal(first.octets, mail.text.len);
    assert_int_equal(first.internaldate_s, 1000000000);
    assert_int_equal(first.internaldate_zone_min, -330);
    assert_int_equal(first.savedate_s, CONTENT_NOW_S);
}

static size_t
count_keywords(const struct entry *entry)
{
    return (size_t)(__builtin_popcountll(entry->keywords.bits[0]) +
                    __builtin_popcountll(entry->keywords.bits[1]));
}

/* A mailbox has LIMIT_KEYWORDS: a message is taken without the ones beyond. */
static void
test_too_many_keywords(void **state)
{
    struct content *fx = *state;
    struct ingest ingest;
    struct span keywords[LIMIT_KEYWORDS * 10];
    struct append_op op;
    struct mbox_row row;

    for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
        keywords[i] = span_of_str(arena_printf(&fx->arena, "keyword%zu", i));
    assert_ok(ingest_prepare(&fx->arena, SPAN("Subject: x\r\n\r\n"), &ingest, &fx->err));
    struct append_msg msgs[] = {
        {.ingest = &ingest, .keywords = keywords, .keyword_count = LIMIT_KEYWORDS},
        {.ingest = &ingest, .keywords = keywords + 1, .keyword_count = LIMIT_KEYWORDS},
        {.ingest = &ingest, .keywords = keywords + 1, .keyword_count = LIMIT_KEYWORDS * 9},
    };
    append_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.name = SPAN("INBOX");
    op.msgs = msgs;
    op.msg_count = ARRAY_LEN(msgs);
    assert_ok(content_run(fx, &op.turn));

    struct span *names;
    size_t count;
    struct store_tx *tx = content_read(fx);
    assert_ok(store_mbox_find(tx, SPAN("INBOX"), &fx->arena, &row, &fx->err));
    assert_ok(store_keywords(tx, row.id, &fx->arena, &names, &count, &fx->err));
    store_end(tx);
    assert_int_equal(row.exists, ARRAY_LEN(msgs));
    assert_int_equal(count, LIMIT_KEYWORDS);
    assert_int_equal(count_keywords(&msgs[0].added), LIMIT_KEYWORDS);
    assert_int_equal(count_keywords(&msgs[1].added), LIMIT_KEYWORDS - 1);
    assert_int_equal(count_keywords(&msgs[2].added), LIMIT_KEYWORDS - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_generated, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_corpus, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_header_limit, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_part_limits, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_small_arena, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_apply, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_too_many_keywords, content_setup,
                                        content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
