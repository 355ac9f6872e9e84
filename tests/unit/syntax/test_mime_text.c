/* SPDX-License-Identifier: MIT */
/* Which texts a message has, and that it does not matter how its octets are fed. */
#include "support/cm.h"

#include "base/limits.h"
#include "base/rng.h"
#include "syntax/mail/mime_text.h"

/* Texts as they come, each as `root name|value|folded text;`. */
struct texts {
    struct buf out;
    struct buf open; /* the text that has begun */
    struct buf refolded;
    struct fold fold;
    size_t keep;
    bool is_open;
    unsigned wanted; /* texts; 0: all */
};

static bool
put_piece(void *ctx, const struct mime_text_piece *piece)
{
    struct texts *texts = ctx;

    assert_true(piece->is_first != texts->is_open);
    if (piece->is_first) {
        buf_put_str(&texts->out, piece->in_root_header ? "root " : "");
        buf_put_span(&texts->out, piece->name);
        buf_put_char(&texts->out, '|');
        buf_put_span(&texts->out, piece->value);
        buf_put_char(&texts->out, '|');
        buf_clear(&texts->open);
    }
    buf_put_span(&texts->open, piece->folded);
    buf_clear(&texts->refolded);
    fold_put(&texts->fold, piece->text, &texts->refolded);
    assert_true(
        span_eq(buf_span(&texts->refolded), span_tail(piece->folded, piece->name_octets)));
    const struct span all = buf_span(&texts->open);
    const size_t before = all.len - piece->folded.len;
    const size_t kept = before < texts->keep ? before : texts->keep;
    assert_true(span_eq(piece->window, span_tail(all, before - kept)));
    assert_true(piece->name_octets == 0 || piece->name_octets == piece->name.len + 2);
    texts->is_open = !piece->is_last;
    if (!piece->is_last)
        return true;
    buf_put_span(&texts->out, all);
    buf_put_char(&texts->out, ';');
    return texts->wanted == 0 || --texts->wanted > 0;
}

enum { EACH_RANDOM = 0 };

static void
walk(struct mime_text *text, struct span message, enum mime_text_from from, size_t step,
     struct texts *texts)
{
    struct mime_part *root;
    struct rng rng;
    AUTO_ARENA arena = {0};
    uint64_t offset;

    rng_seed(&rng, message.len);
    arena_init(&arena, 64u << 20);
    assert_int_equal(mime_scan(message, &arena, &root), RC_OK);
    buf_clear(&texts->out);
    texts->is_open = false;
    texts->keep = text->keep;
    mime_text_begin(text, root, from);
    while (mime_text_wants(text, &offset)) {
        const size_t octets = step == EACH_RANDOM ? 1 + rng_below(&rng, 100000) : step;
        assert_true(offset < message.len);
        mime_text_feed(text, span_head(span_tail(message, (size_t)offset), octets), put_piece,
                       texts);
    }
    assert_false(mime_text_failed(text));
    assert_true(buf_ok(&texts->out) && buf_ok(&texts->open));
}

static void
texts_init(struct texts *texts)
{
    *texts = (struct texts){0};
    buf_init(&texts->out, 256u << 20);
    buf_init(&texts->open, 256u << 20);
    buf_init(&texts->refolded, 256u << 20);
    fold_init(&texts->fold);
}

static void
texts_done(struct texts *texts)
{
    buf_done(&texts->out);
    buf_done(&texts->open);
    buf_done(&texts->refolded);
}

static const struct {
    const char *message;
    const char *all;
    const char *body;
} rows[] = {
    {"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n X\r\nTo: A\r\n\r\nBody\r\n",
     "root Subject| =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n X|subject: gru\xCC\x88sse x;"
     "root To| A|to: a;||body\r\n;",
     "||body\r\n;"},
    {"no field\r\nA:\r\n\r\n\r\n", "root |no field|no field;root A||a: ;||\r\n;", "||\r\n;"},
    {"A: 1\r\n", "root A| 1|a: 1;", ""},
    {"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"
     "--b\r\nX: 1\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n"
     "--b\r\nContent-Type: image/png\r\n\r\npixels\r\n"
     "--b\r\nContent-Transfer-Encoding: x-none\r\n\r\nwho knows\r\n"
     "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: S\r\n\r\nInner"
     "\r\n--b--\r\nepilogue",
     "root Content-Type| multipart/mixed; boundary=b|content-type: multipart/mixed; boundary=b;"
     "X| 1|x: 1;Content-Transfer-Encoding| base64|content-transfer-encoding: base64;||hello;"
     "Content-Type| image/png|content-type: image/png;"
     "Content-Transfer-Encoding| x-none|content-transfer-encoding: x-none;"
     "Content-Type| message/rfc822|content-type: message/rfc822;Subject| S|subject: s;||inner;",
     "X| 1|x: 1;Content-Transfer-Encoding| base64|content-transfer-encoding: base64;||hello;"
     "Content-Type| image/png|content-type: image/png;"
     "Content-Transfer-Encoding| x-none|content-transfer-encoding: x-none;"
     "Content-Type| message/rfc822|content-type: message/rfc822;Subject| S|subject: "
     "s;||inner;"},
    /* HTML that names its charset itself, where the field does not */
    {"Content-Type: text/html\r\n\r\n<meta charset=koi8-r>\xC4\xC1",
     "root Content-Type| text/html|content-type: text/html;||\xD0\xB4\xD0\xB0;",
     "||\xD0\xB4\xD0\xB0;"},
    {"Content-Type: text/html; charset=us-ascii\r\nContent-Transfer-Encoding: "
     "quoted-printable\r\n\r\n<meta http-equiv=3DContent-Type content=3D'x; "
     "charset=3Dkoi8-r'>=C4=C1",
     "root Content-Type| text/html; charset=us-ascii|content-type: text/html; charset=us-ascii;"
     "root Content-Transfer-Encoding| quoted-printable|content-transfer-encoding: "
     "quoted-printable;||\xD0\xB4\xD0\xB0;",
     "||\xD0\xB4\xD0\xB0;"},
    {"Content-Type: text/html; charset=iso-8859-1\r\n\r\n<meta charset=koi8-r>\xE5",
     "root Content-Type| text/html; charset=iso-8859-1|content-type: text/html; "
     "charset=iso-8859-1;||a\xCC\x8A;",
     "||a\xCC\x8A;"},
    {"Content-Type: text/plain\r\n\r\n<meta charset=koi8-r>\xE5",
     "root Content-Type| text/plain|content-type: text/plain;||<meta charset=koi8-r>a\xCC\x8A;",
     "||<meta charset=koi8-r>a\xCC\x8A;"},
    {"Content-Type: text/html\r\n\r\n\xE5",
     "root Content-Type| text/html|content-type: text/html;||a\xCC\x8A;", "||a\xCC\x8A;"},
};

static void
test_rows(void **state)
{
    struct mime_text text;
    struct texts texts;

    (void)state;
    texts_init(&texts);
    for (size_t keep = 0; keep < 4; keep++) {
        mime_text_init(&text, keep);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            for (size_t step = 1; step <= strlen(rows[i].message); step++) {
                const struct span message = span_of_str(rows[i].message);
                walk(&text, message, MIME_TEXT_ALL, step, &texts);
                if (!span_eq_str(buf_span(&texts.out), rows[i].all))
                    fail_msg("in steps of %zu: %.*s", step, SPAN_FMT(buf_span(&texts.out)));
                walk(&text, message, MIME_TEXT_BODY, step, &texts);
                if (!span_eq_str(buf_span(&texts.out), rows[i].body))
                    fail_msg("in steps of %zu: %.*s", step, SPAN_FMT(buf_span(&texts.out)));
            }
        mime_text_done(&text);
    }
    texts_done(&texts);
}

/* Who wants no more is given no more. */
/* Long HTML, fed and cut anywhere, is in the charset that its beginning names, or in none. */
static void
test_long_html(void **state)
{
    static const size_t befores[] = {0, LIMIT_HTML_CHARSET_OCTETS - 30,
                                     LIMIT_HTML_CHARSET_OCTETS + 1, 40000};
    static const size_t steps[] = {1, 7, 1000, 33000, 1 << 20};
    struct mime_text text;
    struct texts texts;

    (void)state;
    texts_init(&texts);
    mime_text_init(&text, 3);
    for (size_t i = 0; i < ARRAY_LEN(befores); i++) {
        AUTO_BUF message = {0};
        AUTO_BUF expected = {0};
        buf_init(&message, 1 << 20);
        buf_init(&expected, 1 << 20);
        buf_put_lit(&message, "Content-Type: text/html\r\n\r\n");
        buf_put_lit(&expected, "||");
        for (size_t k = 0; k < befores[i]; k++) {
            buf_put_char(&message, 'x');
            buf_put_char(&expected, 'x');
        }
        buf_put_lit(&message, "<meta charset=koi8-r>");
        if (befores[i] > 0)
            buf_put_char(&expected, '\n'); /* it is a block */
        for (size_t k = 0; k < 40000; k++) {
            buf_put_char(&message, '\xC4');
            buf_put_str(&expected,
                        befores[i] < LIMIT_HTML_CHARSET_OCTETS ? "\xD0\xB4" : "a\xCC\x88");
        }
        buf_put_char(&expected, ';');
        for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
            walk(&text, buf_span(&message), MIME_TEXT_BODY, steps[k], &texts);
            assert_true(span_eq(buf_span(&texts.out), buf_span(&expected)));
        }
    }
    mime_text_done(&text);
    texts_done(&texts);
}

static void
test_enough(void **state)
{
    struct mime_text text;
    struct texts texts;
    uint64_t offset;

    (void)state;
    texts_init(&texts);
    mime_text_init(&text, 0);
    for (unsigned wanted = 1; wanted <= 3; wanted++)
        for (size_t step = 1; step < 80; step += 13) {
            texts.wanted = wanted;
            walk(&text, SPAN("A: 1\r\nB: 2\r\n\r\nbody"), MIME_TEXT_ALL, step, &texts);
            assert_int_equal(texts.wanted, 0);
            assert_false(mime_text_wants(&text, &offset));
            assert_string_equal((buf_put_char(&texts.out, '\0'), buf_span(&texts.out).ptr),
                                wanted == 1   ? "root A| 1|a: 1;"
                                : wanted == 2 ? "root A| 1|a: 1;root B| 2|b: 2;"
                                              : "root A| 1|a: 1;root B| 2|b: 2;||body;");
        }
    mime_text_done(&text);
    texts_done(&texts);
}

/* However it is fed, a message has the same texts. */
static void
check_steps(struct span message)
{
    static const size_t steps[] = {EACH_RANDOM, 4096, 32768, 65536};
    struct mime_text text;
    struct texts whole;
    struct texts texts;

    texts_init(&whole);
    texts_init(&texts);
    mime_text_init(&text, 100);
    walk(&text, message, MIME_TEXT_ALL, SIZE_MAX, &whole);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        walk(&text, message, MIME_TEXT_ALL, steps[i], &texts);
        if (!span_eq(buf_span(&whole.out), buf_span(&texts.out)))
            fail_msg("in steps of %zu: %zu octets, not %zu", steps[i], buf_len(&texts.out),
                     buf_len(&whole.out));
    }
    mime_text_done(&text);
    texts_done(&whole);
    texts_done(&texts);
}

static void
put_lines(struct buf *message, size_t octets)
{
    static const char line[] = "\r\n continues: with =?utf-8?q?=C3=BC?= and words";

    while (octets > 0) {
        const struct span part = span_head(SPAN(line), octets);
        buf_put_span(message, part);
        octets -= part.len;
    }
}

/* Fields of all sizes, on one line and on many. */
static void
test_long_fields(void **state)
{
    static const size_t sizes[] = {1000,
                                   70000,
                                   LIMIT_HEADER_FIELD - 1,
                                   LIMIT_HEADER_FIELD,
                                   LIMIT_HEADER_FIELD + 1,
                                   2 * LIMIT_HEADER_FIELD + 7,
                                   (size_t)10 * LIMIT_HEADER_FIELD};
    AUTO_BUF message = {0};

    (void)state;
    buf_init(&message, 256u << 20);
    for (size_t i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
        buf_clear(&message);
        buf_put_lit(&message, "A: 1\r\nLong:");
        if (i % 2 == 0)
            for (size_t j = 0; j < sizes[i / 2]; j++)
                buf_put_char(&message, "abcdefg "[j % 8]);
        else
            put_lines(&message, sizes[i / 2]);
        buf_put_lit(&message, "\r\nSubject: behind\r\n\r\nbody\r\n");
        assert_true(buf_ok(&message));
        check_steps(buf_span(&message));
    }
}

static void
test_many_fields(void **state)
{
    static const size_t counts[] = {1000, LIMIT_HEADERS - 1, LIMIT_HEADERS, LIMIT_HEADERS + 1,
                                    LIMIT_HEADERS + 1000};
    AUTO_BUF message = {0};

    (void)state;
    buf_init(&message, 256u << 20);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        buf_clear(&message);
        for (size_t j = 0; j < counts[i]; j++)
            buf_put_lit(&message, "Aa: b\r\n");
        buf_put_lit(&message, "\r\nbody\r\n");
        check_steps(buf_span(&message));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_long_html),
        cmocka_unit_test(test_enough),      cmocka_unit_test(test_long_fields),
        cmocka_unit_test(test_many_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
