/* SPDX-License-Identifier: MIT */
/*
 * The stored header fields: whatever is answered from them equals what the whole header gives,
 * octet by octet, for headers written by hand and for generated mail, broken mail included.
 */
#include "content.h"

#include <string.h>

#include "base/rng.h"
#include "bench/mailgen.h"
#include "mailbox/content/fields.h"
#include "syntax/mail/rfc5322_summary.h"
#include "syntax/mail/header.h"

static struct buf stored;
static struct buf quick;
static struct buf slow;

static int
setup(void **state)
{
    (void)state;
    buf_init(&stored, 1 << 20);
    buf_init(&quick, 32 << 20);
    buf_init(&slow, 32 << 20);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    buf_done(&stored);
    buf_done(&quick);
    buf_done(&slow);
    return 0;
}

/* Filters by both ways; true when the stored fields were enough. */
static bool
filter_both(struct span header, const struct span *names, size_t count)
{
    AUTO_ARENA arena = {0};
    struct header_names set;
    struct fields_want want;

    arena_init(&arena, 1 << 20);
    assert_int_equal(header_names_init(&set, &arena, names, count), RC_OK);
    buf_clear(&slow);
    header_filter(&slow, header, &set, HEADER_FIELDS);
    fields_want_init(&want, names, count);
    buf_clear(&quick);
    if (!fields_filter(&quick, buf_span(&stored), &want)) {
        assert_int_equal(buf_len(&quick), 0);
        return false;
    }
    if (!span_eq(buf_span(&quick), buf_span(&slow)))
        fail_msg("from stored fields:\n%.*s\nfrom the header:\n%.*s",
                 SPAN_FMT(buf_span(&quick)), SPAN_FMT(buf_span(&slow)));
    return true;
}

static void
store(const char *header)
{
    buf_clear(&stored);
    fields_put(&stored, span_of_str(header));
    assert_true(buf_ok(&stored));
}

/* What clients are seen to ask for. */
static const struct span outlook_express[] = {
    SPAN_INIT("References"),        SPAN_INIT("X-Ref"),      SPAN_INIT("X-Priority"),
    SPAN_INIT("X-MSMail-Priority"), SPAN_INIT("X-MSOESRec"), SPAN_INIT("Newsgroups"),
};
static const struct span thunderbird[] = {
    SPAN_INIT("From"),         SPAN_INIT("To"),         SPAN_INIT("Cc"),
    SPAN_INIT("Bcc"),          SPAN_INIT("Subject"),    SPAN_INIT("Date"),
    SPAN_INIT("Message-ID"),   SPAN_INIT("Priority"),   SPAN_INIT("X-Priority"),
    SPAN_INIT("References"),   SPAN_INIT("Newsgroups"), SPAN_INIT("In-Reply-To"),
    SPAN_INIT("Content-Type"), SPAN_INIT("Reply-To"),
};
static const struct span mutt[] = {
    SPAN_INIT("DATE"),
    SPAN_INIT("FROM"),
    SPAN_INIT("SENDER"),
    SPAN_INIT("SUBJECT"),
    SPAN_INIT("TO"),
    SPAN_INIT("CC"),
    SPAN_INIT("MESSAGE-ID"),
    SPAN_INIT("REFERENCES"),
    SPAN_INIT("CONTENT-TYPE"),
    SPAN_INIT("IN-REPLY-TO"),
    SPAN_INIT("REPLY-TO"),
    SPAN_INIT("LINES"),
    SPAN_INIT("LIST-POST"),
    SPAN_INIT("LIST-SUBSCRIBE"),
    SPAN_INIT("LIST-UNSUBSCRIBE"),
    SPAN_INIT("X-LABEL"),
    SPAN_INIT("X-ORIGINAL-TO"),
    SPAN_INIT("CONTENT-DESCRIPTION"),
};
static const struct span k9[] = {
    SPAN_INIT("date"),         SPAN_INIT("subject"),
    SPAN_INIT("from"),         SPAN_INIT("content-type"),
    SPAN_INIT("to"),           SPAN_INIT("cc"),
    SPAN_INIT("reply-to"),     SPAN_INIT("message-id"),
    SPAN_INIT("references"),   SPAN_INIT("in-reply-to"),
    SPAN_INIT("sender"),       SPAN_INIT("list-unsubscribe"),
    SPAN_INIT("chat-version"), SPAN_INIT("X-K9mail-Identity"),
};
static const struct span mbsync[] = {SPAN_INIT("X-TUID")};

struct asks {
    const struct span *names;
    size_t count;
};
static const struct asks clients[] = {
    {outlook_express, ARRAY_LEN(outlook_express)},
    {thunderbird, ARRAY_LEN(thunderbird)},
    {mutt, ARRAY_LEN(mutt)},
    {k9, ARRAY_LEN(k9)},
    {mbsync, ARRAY_LEN(mbsync)},
};

/* What is stored says the same of a message as its header does. */
static void
test_block(void **state)
{
    static const char *const headers[] = {
        "",
        "From: a@b\nSubject: x\n y\n\n",
        "Subject: first\r\nReceived: x\r\nSubject: second\r\nTo: a, b\r\n\r\n",
        "From someone Thu Jan  1 00:00:00 1970\r\nsubject : x\r\n\r\n",
        "Subject: x\r\nthis line is no field\r\nCc: y\r\n\r\n",
        ("Message-ID: <a@b>\r\nDate: 1 Jan 2000 00:00\r\nReferences: <c@d>\r\n <e@f>\r\n"
         "In-Reply-To: <g@h>\r\n"),
        "\xEF\xBB\xBFMessage-ID: <a@b>\r\nSubject: no line end",
    };
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct rfc5322_summary whole, kept;
        struct span block;
        store(headers[i]);
        assert_true(fields_block(buf_span(&stored), 9, &block));
        assert_int_equal(rfc5322_summary(span_of_str(headers[i]), &arena, &whole), RC_OK);
        assert_int_equal(rfc5322_summary(block, &arena, &kept), RC_OK);
        assert_true(span_eq(span_trim(whole.subject), span_trim(kept.subject)));
        assert_true(span_eq(span_trim(whole.from), span_trim(kept.from)));
        assert_true(span_eq(span_trim(whole.to), span_trim(kept.to)));
        assert_true(span_eq(span_trim(whole.cc), span_trim(kept.cc)));
        assert_true(span_eq(whole.message_id, kept.message_id));
        assert_true(span_eq(whole.in_reply_to, kept.in_reply_to));
        assert_int_equal(whole.has_date, kept.has_date);
        assert_int_equal(whole.reference_count, kept.reference_count);
        for (size_t r = 0; r < whole.reference_count; r++)
            assert_true(span_eq(whole.references[r], kept.references[r]));
    }
    struct span block;
    assert_false(fields_block(SPAN(""), 9, &block));
    assert_false(fields_block(SPAN("\0\0\0"), 9, &block));       /* too many to be stored */
    assert_false(fields_block(SPAN("\x08\x01\x00"), 9, &block)); /* knows less */
    assert_true(fields_block(SPAN("\x09\x01\x00"), 9, &block));
    assert_false(fields_block(SPAN("\x09\x01\x01"), 9, &block)); /* cut */
}

static void
test_filter(void **state)
{
    static const char *const headers[] = {
        "",
        "\r\n",
        "From: a@b\r\n\r\n",
        "From: a@b\nSubject: x\n y\n\n",
        "From: a@b\r\nSubject: no blank line\r\n",
        "From: a@b\r\nSubject: no line end",
        "From someone Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\n",
        "SUBJECT : blanks before the colon\r\nsubject:none after\r\nTo:\r\n\r\n",
        "References: <a@b>\r\n <c@d>\r\nReceived: x\r\nNewsgroups: a.b\r\n\r\n",
        "X-Priority: 1\r\nX-Priority: 2\r\nReceived: y\r\nX-Priority: 3\r\n\r\n",
        "Subject: x\r\nthis line is no field\r\nTo: y\r\n\r\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        store(headers[i]);
        for (size_t c = 0; c < ARRAY_LEN(clients); c++)
            assert_true(
                filter_both(span_of_str(headers[i]), clients[c].names, clients[c].count));
    }
}

static void
test_not_enough(void **state)
{
    static const struct span unknown[] = {SPAN_INIT("Subject"), SPAN_INIT("X-Unheard-Of")};
    static const struct span subject[] = {SPAN_INIT("Subject")};
    static const char header[] = "Subject: x\r\nX-Unheard-Of: y\r\n\r\n";
    struct fields_want want;
    struct fields_iter iter;
    (void)state;

    store(header);
    assert_false(filter_both(span_of_str(header), unknown, 2));
    assert_true(filter_both(span_of_str(header), subject, 1));
    assert_false(fields_iter_init(&iter, buf_span(&stored), fields_id(SPAN("X-Unheard-Of"))));

    /* A row of a time when the table was shorter tells nothing of later ids. */
    fields_want_init(&want, subject, 1);
    stored.data[stored.head] = (char)fields_id(SPAN("Subject"));
    assert_false(fields_filter(&quick, buf_span(&stored), &want));
    stored.data[stored.head] = (char)(fields_id(SPAN("Subject")) + 1);
    assert_true(fields_filter(&quick, buf_span(&stored), &want));
}

/* At the limit of what is kept, one above, and far beyond. */
static void
test_limits(void **state)
{
    static const struct span subject[] = {SPAN_INIT("Subject")};
    static const size_t sizes[] = {FIELDS_OCTETS_MAX, FIELDS_OCTETS_MAX + 1, 10 << 20};
    AUTO_BUF header = {0};
    (void)state;

    buf_init(&header, 16 << 20);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        buf_clear(&header);
        buf_put_lit(&header, "Subject: ");
        while (buf_len(&header) < sizes[i] - 2)
            buf_put_char(&header, 'x');
        buf_put_lit(&header, "\r\n");
        buf_clear(&stored);
        fields_put(&stored, buf_span(&header));
        assert_int_equal(filter_both(buf_span(&header), subject, 1), i == 0);
        assert_in_range(buf_len(&stored), 1, FIELDS_OCTETS_MAX + 1024);
    }
    for (unsigned count = 255; count <= 256; count++) {
        buf_clear(&header);
        for (unsigned i = 0; i < count; i++)
            buf_printf(&header, "Subject: %u\r\n", i);
        buf_clear(&stored);
        fields_put(&stored, buf_span(&header));
        assert_int_equal(filter_both(buf_span(&header), subject, 1), count == 255);
    }
}

static void
test_iter(void **state)
{
    const int id = fields_id(SPAN("x-priority"));
    struct fields_iter iter;
    struct span raw;
    (void)state;

    store("X-Priority: 1\r\nTo: x\r\nX-PRIORITY:\r\n 2\r\nX-Priority: last");
    assert_true(fields_iter_init(&iter, buf_span(&stored), id));
    assert_true(fields_next(&iter, id, &raw));
    assert_true(span_eq_str(fields_value(raw), " 1"));
    assert_true(fields_next(&iter, id, &raw));
    assert_true(span_eq_str(fields_value(raw), "\r\n 2"));
    assert_true(fields_next(&iter, id, &raw));
    assert_true(span_eq_str(fields_value(raw), " last"));
    assert_false(fields_next(&iter, id, &raw));
}

/* What is on disk may be anything: no octet outside is read, nothing else is promised. */
static void
test_damage(void **state)
{
    struct rng rng;
    struct fields_want want;
    (void)state;

    rng_seed(&rng, 1);
    fields_want_init(&want, thunderbird, ARRAY_LEN(thunderbird));
    store("From: a@b\r\nTo: c@d\r\nSubject: hello\r\n\r\n");
    const size_t len = buf_len(&stored);
    for (int round = 0; round < 20000; round++) {
        char *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, buf_span(&stored).ptr, len);
        for (int i = 0; i < 3; i++)
            copy[rng_below(&rng, len)] = (char)rng_u64(&rng);
        const struct span text = span_of(copy, rng_below(&rng, len + 1));
        struct fields_iter iter;
        struct span raw;
        buf_clear(&quick);
        if (!fields_filter(&quick, text, &want))
            assert_int_equal(buf_len(&quick), 0);
        for (int id = -1; id <= FIELDS_MAX; id++)
            if (fields_iter_init(&iter, text, id))
                while (fields_next(&iter, id, &raw))
                    assert_true(fields_value(raw).len <= raw.len);
        free(copy);
    }
}

static void
test_generated(void **state)
{
    const struct mailgen_options options = {
        .seed = 5, .broken_percent = 40, .max_octets = 200000};
    struct mailgen *gen;
    struct mailgen_message message;
    struct err err = {.rc = RC_OK};
    struct rng rng;
    unsigned answered = 0;
    (void)state;

    rng_seed(&rng, 2);
    assert_int_equal(mailgen_new(&options, &gen, &err), RC_OK);
    for (int i = 0; i < 2000; i++) {
        mailgen_next(gen, &message);
        const struct span header = span_head(message.octets, header_size(message.octets));
        buf_clear(&stored);
        fields_put(&stored, header);
        for (size_t c = 0; c < ARRAY_LEN(clients); c++) {
            const size_t count = 1 + rng_below(&rng, clients[c].count);
            answered += filter_both(header, clients[c].names, count);
        }
    }
    mailgen_free(gen);
    assert_in_range(answered, 2000 * ARRAY_LEN(clients) * 9 / 10, 2000 * ARRAY_LEN(clients));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block),      cmocka_unit_test(test_filter),
        cmocka_unit_test(test_not_enough), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_iter),       cmocka_unit_test(test_damage),
        cmocka_unit_test(test_generated),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
