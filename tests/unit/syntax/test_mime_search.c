/* SPDX-License-Identifier: MIT */
/* What is found where, and that borders of pieces do not matter. */
#include "support/cm.h"

#include "base/limits.h"
#include "base/rng.h"
#include "syntax/mail/address.h"
#include "syntax/mail/encoded_word.h"
#include "syntax/mail/search/mime_search.h"

static const char message[] =
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from the top\r\nX-Top: only here\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "preamble words\r\n"
    "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    "Sch=F6ne Gr=FC=\r\n=DFe aus der N=E4he\r\n"
    "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "PHA+SGVsbG8sIFfDtnJs\r\nZDwvcD4=\r\n"
    "--b\r\nContent-Type: application/pdf\r\nX-Pdf: title\r\n\r\npdf words\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: =?koi8-r?b?wcLD?= inner\r\nContent-Type: text/plain; charset=x-lie\r\n\r\n"
    "inner r\xE9sum\xC3\xA9\r\n"
    "--b--\r\nepilogue words\r\n";

static const struct {
    const char *text;
    bool in_text, in_body;
} needles[] = {
    {"GR\xC3\x9CSSE FROM", true, false},
    {"x-top: only", true, false},
    {"subject: gr", true, false},
    {"schone", false, false},
    {"SCH\xC3\x96NE GR\xC3\x9CSSE AUS", true, true},
    {"hello, w\xC3\xB6rld", true, true},
    {"<p>", false, false},
    {"title", true, true},
    {"pdf words", false, false},
    {"preamble", false, false},
    {"epilogue", false, false},
    {"\xD0\x90\xD0\xB1\xD1\x86 inner", true, true},
    {"inner r\xC3\xA9sum\xC3\xA9", true, true},
    {"here\r\nContent", false, false},
    {"n\xC3\xA4he\r\n<p>", false, false},
    {"", true, true},
};

static void
feed_all(struct mime_search *search, const struct mime_part *root, size_t step)
{
    const struct span all = span_of(message, sizeof message - 1);
    uint64_t offset;

    mime_search_begin(search, root);
    while (mime_search_wants(search, &offset))
        mime_search_feed(search, span_head(span_tail(all, (size_t)offset), step));
}

static void
test_message(void **state)
{
    struct mime_needle wanted[2 * ARRAY_LEN(needles)];
    struct mime_search search;
    struct mime_part *root;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(needles); i++) {
        wanted[2 * i] =
            (struct mime_needle){span_of_str(needles[i].text), MIME_SCOPE_TEXT, MIME_EXACT};
        wanted[2 * i + 1] =
            (struct mime_needle){span_of_str(needles[i].text), MIME_SCOPE_BODY, MIME_EXACT};
    }
    assert_int_equal(mime_scan(span_of(message, sizeof message - 1), &arena, &root), RC_OK);
    assert_int_equal(mime_search_init(&search, &arena, wanted, ARRAY_LEN(wanted)), RC_OK);
    for (size_t step = 1; step <= sizeof message; step++) {
        feed_all(&search, root, step);
        for (size_t i = 0; i < ARRAY_LEN(needles); i++) {
            if (mime_search_found(&search, 2 * i) != needles[i].in_text ||
                mime_search_found(&search, 2 * i + 1) != needles[i].in_body)
                fail_msg("%s in steps of %zu", needles[i].text, step);
        }
    }
    assert_false(mime_search_failed(&search));
    mime_search_done(&search);
}

static void
test_values(void **state)
{
    static const struct mime_needle wanted[] = {
        {SPAN_INIT("J\xC3\x96RG"), MIME_SCOPE_VALUE, MIME_EXACT},
        {SPAN_INIT("@example"), MIME_SCOPE_VALUE, MIME_EXACT},
        {SPAN_INIT(""), MIME_SCOPE_VALUE, MIME_EXACT},
    };
    const struct span value =
        SPAN(" =?iso-8859-1?q?j=F6?=\r\n =?iso-8859-1?q?rg?= <j@example.org>");
    struct mime_search search;
    uint64_t offset;
    struct mime_part *root;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    assert_int_equal(mime_search_init(&search, &arena, wanted, ARRAY_LEN(wanted)), RC_OK);
    assert_true(mime_search_value(&search, 0, value));
    assert_true(mime_search_value(&search, 1, value));
    assert_true(mime_search_value(&search, 2, SPAN("")));
    assert_false(mime_search_value(&search, 0, SPAN(" jorg")));
    /* a message is not looked at for them */
    assert_int_equal(mime_scan(span_of(message, sizeof message - 1), &arena, &root), RC_OK);
    mime_search_begin(&search, root);
    assert_false(mime_search_wants(&search, &offset));
    mime_search_done(&search);
}

/* Written, and as ENVELOPE shows it. Values that need no second look get none: they are the
 * same. */
static void
test_addresses(void **state)
{
    static const struct mime_needle wanted[] = {
        {SPAN_INIT("j\xC3\xB6rg <j@example.org>"), MIME_SCOPE_VALUE, MIME_EXACT},
        {SPAN_INIT("example.org (x)"), MIME_SCOPE_VALUE, MIME_EXACT},
    };
    static const struct {
        const char *value;
        bool shown, written;
    } rows[] = {
        {" =?utf-8?q?J=C3=B6rg?= <j@example.org>", true, false},
        {" =?utf-8?q?J=C3=B6rg?=  <j@example.org>", true, false},
        {" \"J\xC3\xB6rg\" <j@example.org>", true, false},
        {" \" J\xC3\xB6rg \" <j@example.org>", true, false},
        {" J\xC3\xB6rg<j@example.org>", true, false},
        {" =?utf-8?q?J=C3=B6rg?=<j@example.org>", true, false},
        {" J\xC3\xB6rg\r\n\t<j@example.org>", true, false},
        {" J\xC3\xB6rg < j@example.org>", true, false},
        {" J\xC3\xB6rg <j@example.org >", true, false},
        {" J\xC3\xB6rg <j @example.org>", true, false},
        {" J\xC3\xB6rg <j@ example.org>", true, false},
        {" J\xC3\xB6rg <j@example. org>", true, false},
        {" J\xC3\xB6rg <j@example .org>", true, false},
        {" J\xC3\xB6rg <@a:j@example.org>", true, false},
        {" j@example.org (J\xC3\xB6rg)", true, false},
        {" g:J\xC3\xB6rg <j@example.org>;", true, false},
        {" J\xC3\xB6rg <j@example.org (x)>", true, true},
        {" Joerg <j@example.org>", false, false},
    };
    struct mime_search search;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    assert_int_equal(mime_search_init(&search, &arena, wanted, ARRAY_LEN(wanted)), RC_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct span value = span_of_str(rows[i].value);
        if (mime_search_addresses(&search, 0, value) != rows[i].shown ||
            mime_search_addresses(&search, 1, value) != rows[i].written)
            fail_msg("%s", rows[i].value);
    }
    assert_false(mime_search_failed(&search));
    mime_search_done(&search);
}

/* Appends what a search compares of a value. */
static void
put_compared(struct fold *fold, struct span value, struct buf *out)
{
    AUTO_BUF utf8 = {0};

    buf_init(&utf8, 1u << 20);
    encoded_word_decode(&utf8, value);
    fold_put(fold, buf_span(&utf8), out);
    assert_true(buf_ok(&utf8) && buf_ok(out));
}

/* Lists of any form: what is found is in the value as it is, or as ENVELOPE shows it. */
static void
test_any_addresses(void **state)
{
    static const char *const pieces[] = {
        "a",  "b",  "@",  ".",  " <",    "<", ">",  "<c@d>",         "e@f",
        " ",  ", ", ", ", ",",  "\"",    "(", ")",  "x <y@z>",       "=?utf-8?q?g?=",
        ":",  ";",  "\\", "\t", "\r\n ", "=", "  ", "=?u?q?a <b@c>", "=?u?q?a@b, c?=",
        "?=",
    };
    static const char *const texts[] = {
        "<",  ">",   "<>",   "@",  "a@",   ",",   "d,",   ", ",   "<c@d>", "c@d", "c@d,", "> ",
        "b ", " <b", "e@f,", "b>", "<e@f", "z>,", "z, ",  "y@z,", "g <",   "g@",  "ab",   "a b",
        "a,", ";",   "a;",   "f>", ">,",   "=?",  "c <>", "@b>",  "<@",    ">;",  ">a",   ".a",
    };
    struct mime_needle wanted[ARRAY_LEN(texts)];
    static struct fold fold;
    struct mime_search search;
    struct rng rng;
    AUTO_ARENA arena = {0};

    (void)state;
    rng_seed(&rng, 4);
    fold_init(&fold);
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        wanted[i] = (struct mime_needle){span_of_str(texts[i]), MIME_SCOPE_VALUE, MIME_EXACT};
    assert_int_equal(mime_search_init(&search, &arena, wanted, ARRAY_LEN(wanted)), RC_OK);
    for (unsigned round = 0; round < 5000; round++) {
        AUTO_ARENA scratch = {0};
        AUTO_BUF value = {0};
        AUTO_BUF shown = {0};
        AUTO_BUF compared = {0};
        arena_init(&scratch, 1u << 20);
        buf_init(&value, 1000);
        buf_init(&shown, 1000);
        buf_init(&compared, 1u << 16);
        for (uint64_t left = 1 + rng_below(&rng, 7); left > 0; left--)
            buf_put_str(&value, pieces[rng_below(&rng, ARRAY_LEN(pieces))]);
        address_list_put(&shown, buf_span(&value), &scratch);
        put_compared(&fold, buf_span(&value), &compared);
        buf_put_char(&compared, '\n');
        put_compared(&fold, buf_span(&shown), &compared);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
            if (mime_search_addresses(&search, i, buf_span(&value)) !=
                (span_find(buf_span(&compared), wanted[i].text) >= 0))
                fail_msg("\"%s\" in \"%.*s\"", texts[i], SPAN_FMT(buf_span(&value)));
    }
    assert_false(mime_search_failed(&search));
    mime_search_done(&search);
}

/* Scores are the same however the message is cut. */
static void
test_fuzzy(void **state)
{
    static const struct {
        const char *text;
        unsigned in_text, in_body;
    } rows[] = {
        {"grusse", 100, 60},     /* in the subject; accents do not count */
        {"the top from", 85, 0}, /* not in that order */
        {"here only", 51, 0},    /* in a field that is not in front */
        {"subject", 30, 30},     /* names of fields are not words of the text, */
        {"x-top: only", 73, 0},  /* though they are found as they stand */
        {"schoene", 34, 34},     /* one mistake */
        {"wrold hello", 39, 39},
        {"hello, w\xC3\xB6rld", 60, 60},
        {"pdf words", 0, 0},
        {"inner grusse", 73, 56},
        {"t", 63, 54}, /* often, in longer words */
        {"!", 0, 0},
        {"=", 100, 100}, /* no words: as it stands */
        {"", 100, 100},
    };
    struct mime_needle wanted[3 * ARRAY_LEN(rows)];
    struct mime_search search;
    struct mime_part *root;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct span text = span_of_str(rows[i].text);
        wanted[3 * i] = (struct mime_needle){text, MIME_SCOPE_TEXT, MIME_FUZZY_BEST};
        wanted[3 * i + 1] = (struct mime_needle){text, MIME_SCOPE_BODY, MIME_FUZZY_BEST};
        wanted[3 * i + 2] = (struct mime_needle){text, MIME_SCOPE_TEXT, MIME_FUZZY};
    }
    assert_int_equal(mime_scan(span_of(message, sizeof message - 1), &arena, &root), RC_OK);
    assert_int_equal(mime_search_init(&search, &arena, wanted, ARRAY_LEN(wanted)), RC_OK);
    for (size_t step = 1; step <= sizeof message; step++) {
        feed_all(&search, root, step);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            const unsigned in_text = mime_search_score(&search, 3 * i);
            const unsigned in_body = mime_search_score(&search, 3 * i + 1);
            if (in_text != rows[i].in_text || in_body != rows[i].in_body)
                fail_msg("%s in steps of %zu: %u, %u", rows[i].text, step, in_text, in_body);
            /* Whether it matches at all is known earlier. */
            assert_int_equal(mime_search_score(&search, 3 * i + 2) > 0, in_text > 0);
        }
    }
    assert_false(mime_search_failed(&search));
    mime_search_done(&search);
}

/* When only a match is wanted, the first one is enough; else all of the text is. */
static void
test_fuzzy_reads(void **state)
{
    static const struct {
        struct mime_needle needle;
        bool reads_on;
    } rows[] = {
        {{SPAN_INIT("frmo top"), MIME_SCOPE_TEXT, MIME_FUZZY}, false},
        {{SPAN_INIT("frmo top"), MIME_SCOPE_TEXT, MIME_FUZZY_BEST}, true},
        {{SPAN_INIT("from the top"), MIME_SCOPE_TEXT, MIME_FUZZY_BEST}, false},
        {{SPAN_INIT("!"), MIME_SCOPE_TEXT, MIME_FUZZY}, true}, /* not there */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mime_search search;
        struct mime_part *root;
        uint64_t offset;
        AUTO_ARENA arena = {0};
        arena_init(&arena, 1u << 20);
        assert_int_equal(mime_scan(span_of(message, sizeof message - 1), &arena, &root), RC_OK);
        assert_int_equal(mime_search_init(&search, &arena, &rows[i].needle, 1), RC_OK);
        mime_search_begin(&search, root);
        assert_true(mime_search_wants(&search, &offset));
        mime_search_feed(&search, span_of(message, root->header_size));
        assert_int_equal(mime_search_wants(&search, &offset), rows[i].reads_on);
        mime_search_done(&search);
    }
}

static void
test_fuzzy_values(void **state)
{
    static const struct mime_needle wanted[] = {
        {SPAN_INIT("jorg"), MIME_SCOPE_VALUE, MIME_FUZZY_BEST},
        {SPAN_INIT("example jorg"), MIME_SCOPE_VALUE, MIME_FUZZY},
        {SPAN_INIT("jorg j example org"), MIME_SCOPE_VALUE, MIME_FUZZY_BEST},
        {SPAN_INIT("joerg"), MIME_SCOPE_VALUE, MIME_FUZZY_BEST},
    };
    static const struct span value = SPAN_INIT(" =?iso-8859-1?q?j=F6rg?= <j@example.org>");
    struct mime_search search;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    assert_int_equal(mime_search_init(&search, &arena, wanted, ARRAY_LEN(wanted)), RC_OK);
    assert_true(mime_search_addresses(&search, 0, value));
    assert_int_equal(mime_search_score(&search, 0), 100);
    assert_true(mime_search_addresses(&search, 1, value));
    assert_true(mime_search_addresses(&search, 2, value));
    assert_int_equal(mime_search_score(&search, 2), 85);
    assert_true(mime_search_addresses(&search, 3, value));
    assert_int_equal(mime_search_score(&search, 3), 50);
    assert_false(mime_search_addresses(&search, 3, SPAN(" anna@example.org")));
    assert_int_equal(mime_search_score(&search, 3), 0);
    /* What ENVELOPE shows counts if it matches better. */
    assert_true(mime_search_addresses(&search, 0, SPAN(" \"J\\org\" <j@a>")));
    assert_int_equal(mime_search_score(&search, 0), 100);
    mime_search_done(&search);
}

/* Words count up to an octet of a value, whole characters; behind it a text is found as it
 * stands. */
static void
test_fuzzy_value_limit(void **state)
{
    static const struct {
        const char *end; /* of the value */
        size_t within;   /* octets of it that are looked at by words */
        const char *wanted;
        unsigned score;
    } rows[] = {
        {" needle", 7, "nedle", 50},
        {" needle", 6, "nedle", 0}, /* of "needl", that is two mistakes */
        {" needle", 0, "nedle", 0},
        {" needle", 0, "needle", 50},
        {" needle\xD0\xB6", 9, "needle", 84},
        {" needle\xD0\xB6", 8, "needle", 100},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct mime_needle wanted = {span_of_str(rows[i].wanted), MIME_SCOPE_VALUE,
                                           MIME_FUZZY_BEST};
        struct mime_search search;
        AUTO_ARENA arena = {0};
        AUTO_BUF value = {0};
        arena_init(&arena, 1u << 20);
        buf_init(&value, 1u << 20);
        while (buf_len(&value) < LIMIT_FUZZY_VALUE - rows[i].within)
            buf_put_lit(&value, "-");
        buf_put_span(&value, span_of_str(rows[i].end));
        assert_int_equal(mime_search_init(&search, &arena, &wanted, 1), RC_OK);
        (void)mime_search_value(&search, 0, buf_span(&value));
        const unsigned is = mime_search_score(&search, 0);
        if (is != rows[i].score)
            fail_msg("%s of %zu: %u, not %u", rows[i].wanted, rows[i].within, is,
                     rows[i].score);
        mime_search_done(&search);
    }
}

/* So many words of all needles together; what would have more is looked for as it stands. */
static void
test_fuzzy_limit(void **state)
{
    static const struct {
        size_t before; /* words of another needle */
        bool is_fuzzy;
    } rows[] = {{0, true},
                {LIMIT_FUZZY_WORDS - 2, true},
                {LIMIT_FUZZY_WORDS - 1, false},
                {LIMIT_FUZZY_WORDS, false},
                {LIMIT_FUZZY_WORDS + 1, true}, /* that one is not fuzzy */
                {(size_t)10 * LIMIT_FUZZY_WORDS, true}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mime_search search;
        AUTO_ARENA arena = {0};
        AUTO_BUF text = {0};
        arena_init(&arena, 1u << 20);
        buf_init(&text, 1u << 16);
        for (size_t k = 0; k < rows[i].before; k++)
            buf_put_lit(&text, "w ");
        const struct mime_needle wanted[] = {
            {buf_span(&text), MIME_SCOPE_VALUE, MIME_FUZZY},
            {SPAN("one two"), MIME_SCOPE_VALUE, MIME_FUZZY},
        };
        assert_int_equal(mime_search_init(&search, &arena, wanted, 2), RC_OK);
        assert_int_equal(mime_search_value(&search, 1, SPAN("two one")), rows[i].is_fuzzy);
        assert_true(mime_search_value(&search, 1, SPAN("one two")));
        assert_true(search.word_count <= LIMIT_FUZZY_WORDS);
        mime_search_done(&search);
    }
}

/* A match across the pieces that a large body is decoded in, and no more memory than those. */
static void
test_large_body(void **state)
{
    static const struct mime_needle wanted[] = {
        {SPAN_INIT("needle in a haystack"), MIME_SCOPE_BODY, MIME_EXACT}};
    struct mime_search search;
    AUTO_ARENA arena = {0};
    AUTO_BUF text = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    buf_init(&text, 4u << 20);
    assert_int_equal(mime_search_init(&search, &arena, wanted, 1), RC_OK);
    for (size_t at = 32768 - 25; at < 32768 + 5; at++) {
        struct mime_part *root;
        uint64_t offset;
        buf_clear(&text);
        buf_put_lit(&text, "\r\n");
        while (buf_len(&text) < at)
            buf_put_char(&text, 'x');
        buf_put_lit(&text, "Needle in a haystack");
        while (buf_len(&text) < 1000000)
            buf_put_char(&text, 'y');
        assert_int_equal(mime_scan(buf_span(&text), &arena, &root), RC_OK);
        mime_search_begin(&search, root);
        while (mime_search_wants(&search, &offset))
            mime_search_feed(&search, span_tail(buf_span(&text), (size_t)offset));
        assert_true(mime_search_found(&search, 0));
        assert_true(search.text.folded.cap < 1u << 18);
    }
    mime_search_done(&search);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),           cmocka_unit_test(test_values),
        cmocka_unit_test(test_addresses),         cmocka_unit_test(test_fuzzy),
        cmocka_unit_test(test_fuzzy_reads),       cmocka_unit_test(test_fuzzy_values),
        cmocka_unit_test(test_fuzzy_value_limit), cmocka_unit_test(test_fuzzy_limit),
        cmocka_unit_test(test_large_body),        cmocka_unit_test(test_any_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
