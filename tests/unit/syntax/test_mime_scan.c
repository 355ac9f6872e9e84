/* SPDX-License-Identifier: MIT */
/*
 * Trees of small messages, written as text: kind letter, then in brackets what the part's body
 * is, or its children. `l(x)` leaf with body x, `m[...]` multipart, `r[...]` message.
 */
#include "support/cm.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "syntax/mail/mime_scan.h"

static void
describe(struct buf *out, struct span message, const struct mime_part *part)
{
    static const char letters[] = {
        [MIME_LEAF] = 'l', [MIME_MULTIPART] = 'm', [MIME_MESSAGE] = 'r'};

    buf_put_char(out, letters[part->kind]);
    if (part->kind == MIME_LEAF) {
        buf_put_char(out, '(');
        buf_put(out, message.ptr + part->body_off, (size_t)part->body_size);
        buf_put_char(out, ')');
        return;
    }
    buf_put_char(out, '[');
    for (const struct mime_part *child = part->first_child; child; child = child->next)
        describe(out, message, child);
    buf_put_char(out, ']');
}

static void
check_tree(struct span message, const char *expected)
{
    struct mime_part *root;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    arena_init(&arena, 1u << 20);
    buf_init(&out, 1u << 20);
    assert_int_equal(mime_scan(message, &arena, &root), RC_OK);
    describe(&out, message, root);
    if (!span_eq_str(buf_span(&out), expected))
        fail_msg("%.*s\ngives %.*s\nnot   %s", SPAN_FMT(message), SPAN_FMT(buf_span(&out)),
                 expected);
}

#define MIXED(boundary) "Content-Type: multipart/mixed; boundary=\"" boundary "\"\r\n\r\n"

static void
test_good_mail(void **state)
{
    (void)state;
    check_tree(SPAN("A: b\r\n\r\nbody\r\n"), "l(body\r\n)");
    check_tree(SPAN(""), "l()");
    check_tree(SPAN("A: b\r\n"), "l()");
    check_tree(
        SPAN(MIXED("x") "preamble\r\n--x\r\n\r\none\r\n--x\r\nA: b\r\n\r\ntwo\r\n\r\n--x--"
                        "\r\nepilogue"),
        "m[l(one)l(two\r\n)]");
    check_tree(
        SPAN(MIXED("x") "--x\r\n" MIXED("y") "--y\r\n\r\na\r\n--y--\r\n--x\r\n\r\nb\r\n--x--"),
        "m[m[l(a)]l(b)]");
    check_tree(SPAN("Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nin\r\n"), "r[l(in\r\n)]");
    check_tree(SPAN("Content-Type: message/rfc822\r\n\r\n" MIXED("x") "--x\r\n\r\na\r\n--x--"),
               "r[m[l(a)]]");
    check_tree(
        SPAN("Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nA: b\r\n\r\nin"
             "\r\n--x--\r\n"),
        "m[r[l(in)]]");
}

static void
test_delimiters(void **state)
{
    (void)state;
    /* blanks after it, bare LF, no line end at the end */
    check_tree(SPAN(MIXED("x") "--x \t\r\n\r\na\r\n--x--  \r\n"), "m[l(a)]");
    check_tree(SPAN("Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\n\nb\n--x--"),
               "m[l(a)l(b)]");
    /* the line end before it is its own: empty parts */
    check_tree(SPAN(MIXED("x") "--x\r\n\r\n\r\n--x\r\n\r\n--x\r\n--x--"), "m[l()l()l()]");
    /* one is the start of the other */
    check_tree(SPAN(MIXED("ab") "--ab\r\n" MIXED(
                   "a") "--a\r\n\r\n1\r\n--a--\r\n--ab\r\n\r\n2\r\n--ab--"),
               "m[m[l(1)]l(2)]");
    check_tree(SPAN(MIXED("a") "--a\r\n" MIXED(
                   "ab") "--ab\r\n\r\n1\r\n--ab--\r\n--a\r\n\r\n2\r\n--a--"),
               "m[m[l(1)]l(2)]");
    check_tree(SPAN(MIXED("x") "--x\r\n\r\na\r\n--xy\r\n--x-\r\n--x--y\r\n --x\r\n--x--"),
               "m[l(a\r\n--xy\r\n--x-\r\n--x--y\r\n --x)]");
    /* the same twice: the inner one counts until it is closed */
    check_tree(
        SPAN(MIXED("x") "--x\r\n" MIXED("x") "--x\r\n\r\n1\r\n--x--\r\n--x\r\n\r\n2\r\n--x--"),
        "m[m[l(1)]l(2)]");
    /* a boundary that ends with dashes */
    check_tree(SPAN(MIXED("x--") "--x--\r\n\r\na\r\n--x----"), "m[l(a)]");
}

static void
test_broken_mail(void **state)
{
    (void)state;
    /* no last delimiter, of the inner and of the outer */
    check_tree(SPAN(MIXED("x") "--x\r\n" MIXED("y") "--y\r\n\r\na\r\n--x\r\n\r\nb\r\n"),
               "m[m[l(a)]l(b\r\n)]");
    check_tree(
        SPAN(MIXED("x") "--x\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n--x\r\n\r\nc"),
        "m[r[l()]l(c)]");
    /* no delimiter at all, no boundary, an empty one: the whole body is one part */
    check_tree(SPAN(MIXED("x") "text\r\n"), "m[l(text\r\n)]");
    check_tree(SPAN("Content-Type: multipart/mixed\r\n\r\n--x\r\ntext"), "m[l(--x\r\ntext)]");
    check_tree(SPAN(MIXED("") "--\r\n\r\na\r\n----"), "m[l(--\r\n\r\na\r\n----)]");
    check_tree(SPAN(MIXED("x")), "m[l()]");
    /* a part without its blank line */
    check_tree(SPAN(MIXED("x") "--x\r\nHello there\r\n\r\nfriend\r\n--x--"),
               "m[l(Hello there\r\n\r\nfriend)]");
    check_tree(SPAN(MIXED("x") "--x\r\nContent-Type: text/html\r\nHello\r\n--x--"),
               "m[l(Hello)]");
    check_tree(SPAN("To: a\r\nHello,\r\nno blank line"), "l(Hello,\r\nno blank line)");
    /* cut in the middle of a delimiter, or of a header */
    check_tree(SPAN(MIXED("xyz") "--xyz\r\n\r\na\r\n--xy"), "m[l(a\r\n--xy)]");
    check_tree(SPAN("Content-Type: multipart/mixed; boundary=x"), "m[l()]");
    check_tree(SPAN("Content-Type: message/rfc822"), "r[l()]");
    /* an unreadable type is text */
    check_tree(SPAN("Content-Type: multipart\r\n\r\na"), "l(a)");
}

/* The boundary in every form of RFC 2231. */
static void
test_boundary_forms(void **state)
{
    static const char *const types[] = {
        "boundary=\"a b'c\"",
        "boundary*=us-ascii'en'a%20b%27c",
        "boundary*=''a%20b'c",
        "boundary*0=\"a b\"; boundary*1=\"'c\"",
        "boundary*1=\"'c\"; x=y; Boundary*0=\"a b\"",
        "boundary*0*=us-ascii''a%20; boundary*1*=b; boundary*2=\"'c\"",
        "boundary*0=\"a \"; boundary*1*=b%27c",
    };
    AUTO_BUF message = {0};

    (void)state;
    buf_init(&message, 4096);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        buf_clear(&message);
        buf_printf(&message,
                   "Content-Type: multipart/mixed; %s\r\n\r\n--a b'c\r\n\r\n1\r\n--a b'c--\r\n",
                   types[i]);
        check_tree(buf_span(&message), "m[l(1)]");
    }
}

/* What stands before the first field does not cost the fields (RFC 7103 section 7.2). */
static void
test_junk_before_fields(void **state)
{
    static const char *const junk[] = {
        "\xEF\xBB\xBF", " folded\r\n",           "\tfolded\r\n twice\r\n",
        "junk\r\n",     "junk\r\n and more\r\n", "Gr\xC3\xB6\xC3\x9F\x65: x\r\n",
        "\xFF\xFE\r\n", "From x\r\njunk\r\n",    "\xEF\xBB\xBF\r\n",
        " \r\n",        ": no name\r\n",
    };
    AUTO_BUF message = {0};

    (void)state;
    buf_init(&message, 4096);
    for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
        buf_clear(&message);
        buf_printf(&message,
                   "%s" MIXED("x") "--x\r\n%s" MIXED("y") "--y\r\n\r\n1\r\n--y--\r\n--x--\r\n",
                   junk[i], junk[i]);
        check_tree(buf_span(&message), "m[m[l(1)]]");
    }
    /* A first paragraph without a field is text, also where a digest makes it a message. */
    check_tree(SPAN("junk\r\n\r\n" MIXED("x") "--x\r\n"),
               "l(junk\r\n\r\n" MIXED("x") "--x\r\n)");
    check_tree(SPAN("Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\njunk\r\n\r\nA: b"
                    "\r\n--x--\r\n"),
               "m[r[l(junk\r\n\r\nA: b)]]");
    check_tree(SPAN(MIXED("x") "--x\r\njunk\r\nmore\r\n--x--"), "m[l(junk\r\nmore)]");
}

/* RFC 6532 section 3.7: message/global may have a transfer encoding; then it is a leaf. */
static void
test_global(void **state)
{
    (void)state;
    check_tree(SPAN("Content-Type: message/global\r\n\r\nA: b\r\n\r\nin"), "r[l(in)]");
    check_tree(SPAN("Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                    "QTogYg==\r\n"),
               "l(QTogYg==\r\n)");
}

static void
test_content(void **state)
{
    const struct span message =
        SPAN("content-TYPE : Text/HTML; charset=\"ISO-8859-15\" (c)\r\n"
             "Content-Transfer-Encoding: Quoted-Printable (yes)\r\n"
             "Content-Type: text/plain\r\n"
             "Content-Disposition: ATTACHMENT; filename=x\r\n"
             "Content-ID: <a@b>\r\nContent-Description: long\r\n one\r\n"
             "Content-MD5: x\r\nContent-Language: de\r\nContent-Location: y\r\n\r\na\nb\r\nc");
    struct mime_part *root;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 65536);
    assert_int_equal(mime_scan(message, &arena, &root), RC_OK);
    assert_int_equal(root->media, MIME_MEDIA_TEXT_HTML);
    assert_int_equal(root->encoding, MIME_ENCODING_QP);
    assert_true(root->is_attachment);
    assert_true(span_eq_str(root->type, "Text"));
    assert_true(span_eq_str(root->subtype, "HTML"));
    assert_true(span_eq_str(root->charset, "ISO-8859-15"));
    assert_true(span_eq_str(root->fields[MIME_FIELD_DESCRIPTION], " long\r\n one"));
    assert_true(span_eq_str(root->fields[MIME_FIELD_LOCATION], " y"));
    assert_int_equal(root->body_lines, 2);
    assert_null(mime_part_after(root));
}

/* depth nested multiparts, each with its own boundary, all of the same length. */
static void
put_nested(struct buf *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        buf_printf(out, "Content-Type: multipart/mixed; boundary=b%06u\r\n\r\n--b%06u\r\n", i,
                   i);
    buf_put_lit(out, "\r\ntext\r\n");
    for (unsigned i = depth; i-- > 0;)
        buf_printf(out, "--b%06u--\r\n", i);
}

static unsigned
tree_depth(const struct mime_part *part)
{
    unsigned depth = 1;

    while (part->first_child != NULL) {
        part = part->first_child;
        depth++;
    }
    return depth;
}

static void
test_depth_limit(void **state)
{
    static const struct {
        unsigned multiparts;
        unsigned depth;
    } cases[] = {
        {LIMIT_MIME_DEPTH - 1, LIMIT_MIME_DEPTH},
        {LIMIT_MIME_DEPTH, LIMIT_MIME_DEPTH},
        {20000, LIMIT_MIME_DEPTH},
    };
    AUTO_BUF message = {0};

    (void)state;
    buf_init(&message, 64u << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mime_part *root;
        AUTO_ARENA arena = {0};
        arena_init(&arena, 1u << 20);
        buf_clear(&message);
        put_nested(&message, cases[i].multiparts);
        assert_int_equal(mime_scan(buf_span(&message), &arena, &root), RC_OK);
        assert_int_equal(tree_depth(root), cases[i].depth);
    }
}

static void
test_part_limit(void **state)
{
    static const unsigned counts[] = {LIMIT_MIME_PARTS - 1, LIMIT_MIME_PARTS, 300000};
    AUTO_BUF message = {0};

    (void)state;
    buf_init(&message, 64u << 20);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct mime_part *root;
        unsigned parts = 0;
        AUTO_ARENA arena = {0};
        arena_init(&arena, 8u << 20);
        buf_clear(&message);
        buf_put_lit(&message, MIXED("x"));
        for (unsigned k = 0; k < counts[i]; k++)
            buf_put_lit(&message, "--x\r\n\r\na\r\n");
        assert_int_equal(mime_scan(buf_span(&message), &arena, &root), RC_OK);
        for (const struct mime_part *part = root; part; part = mime_part_after(part))
            parts++;
        assert_int_equal(parts,
                         counts[i] + 1 < LIMIT_MIME_PARTS ? counts[i] + 1 : LIMIT_MIME_PARTS);
        const struct mime_part *last = root->last_child;
        assert_int_equal(last->body_off + last->body_size, buf_len(&message));
    }
}

static void
test_memory_limit(void **state)
{
    struct mime_part *root = NULL;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 700);
    assert_int_equal(mime_scan(SPAN(MIXED("x") "--x\r\n\r\n--x\r\n\r\n"), &arena, &root),
                     RC_LIMIT);
    assert_null(root);
    assert_int_equal(mime_scan(span_of("", (size_t)LIMIT_APPEND_MAX + 1), &arena, &root),
                     RC_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_mail),      cmocka_unit_test(test_delimiters),
        cmocka_unit_test(test_broken_mail),    cmocka_unit_test(test_content),
        cmocka_unit_test(test_boundary_forms), cmocka_unit_test(test_junk_before_fields),
        cmocka_unit_test(test_global),         cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_part_limit),     cmocka_unit_test(test_memory_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
