/* SPDX-License-Identifier: MIT */
/* Terms of one message: where they come from, how they are written, and how many there may be.
 */
#include "content.h"

#include <string.h>

#include "mailbox/search/document.h"
#include "support/mail_nasty.h"

enum { WHOLE = 1 << 30 };

static void
read_all(struct content *fx, struct document_maker *maker, uint64_t message, uint64_t octets)
{
    enum rc rc = RC_AGAIN;

    while (rc == RC_AGAIN) {
        struct store_tx *tx = content_read(fx);
        rc = document_read(maker, tx, message, octets, &fx->err);
        store_end(tx);
    }
    assert_ok(rc);
    assert_int_equal(maker->message, message);
}

static uint64_t
append(struct content *fx, struct span text)
{
    return content_append(fx, &(struct content_mail){.text = text}).message;
}

/* The terms of a space, in the order of the text. */
static void
assert_terms(struct content *fx, const char *text, enum index_space space, const char *expected)
{
    struct document_maker maker;

    document_maker_init(&maker);
    read_all(fx, &maker, append(fx, span_of_str(text)), WHOLE);
    assert_false(maker.unsure);
    const char *terms = arena_str(&fx->arena, buf_span(&maker.terms[space]));
    if (strcmp(terms, expected) != 0)
        fail_msg("%s\nhas \"%s\", not \"%s\"", text, terms, expected);
    document_maker_done(&maker);
}

static void
test_spaces(void **state)
{
    static const char mail[] = "From: \"J. Doe\" <joe@example.org>\r\n"
                               "To: a@b.c, Anna (the boss) <anna@d.e>\r\n"
                               "Subject: Re: One two ONE\r\n"
                               "X-Other: three\r\n"
                               "Subject: second\r\n"
                               "\r\n"
                               "Four five, four!\r\n";
    struct content *fx = *state;

    assert_terms(fx, mail, INDEX_SUBJECT, "re one two re: second");
    assert_terms(fx, mail, INDEX_FROM, "j doe joe example org \"j. doe\" <joe@example.org> j.");
    assert_terms(fx, mail, INDEX_TO, "a b c anna the boss d e a@b.c, (the boss) <anna@d.e>");
    assert_terms(fx, mail, INDEX_CC, "");
    assert_terms(fx, mail, INDEX_BODY, "four five");
    assert_terms(
        fx, mail, INDEX_HEADER,
        "from: to: subject: x-other: from j doe joe example org to a b c anna the boss d "
        "e subject re one two x other three second");
}

/* A name that only ENVELOPE shows: a quote cuts the word as it is written. */
static void
test_addresses_are_also_as_shown(void **state)
{
    struct content *fx = *state;

    assert_terms(fx, "From: \"J\\ohn\" <x@y.z>\r\n\r\nz\r\n", INDEX_FROM,
                 "j ohn x y z \"j\\ohn\" <x@y.z> john");
    assert_terms(fx, "Cc: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <j@x.y>\r\n\r\nz\r\n", INDEX_CC,
                 "jo\xCC\x88rg mu\xCC\x88ller j x y <j@x.y>");
}

static void
test_charsets_and_encodings(void **state)
{
    struct content *fx = *state;

    assert_terms(fx,
                 "Content-Type: text/plain; charset=iso-8859-1\r\n"
                 "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                 "Stra=DFe sch=\r\n=F6n\r\n",
                 INDEX_BODY, "strasse scho\xCC\x88n");
    assert_terms(fx,
                 "Content-Type: text/plain; charset=utf-8\r\n"
                 "Content-Transfer-Encoding: base64\r\n\r\n"
                 "5pel5pys6Kqe\r\n",
                 INDEX_BODY, "\xE6\x97\xA5\xE6\x9C\xAC \xE6\x9C\xAC\xE8\xAA\x9E");
    assert_terms(fx,
                 "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                 "preamble\r\n--b\r\nContent-Description: part\r\n\r\nbody\r\n"
                 "--b\r\nContent-Type: image/png\r\n\r\npixels\r\n--b--\r\nepilogue\r\n",
                 INDEX_BODY, "content description part body type image png");
}

/* In pieces of any size, and with other messages before, a message has the same terms. */
static void
test_pieces_and_memory_of_others(void **state)
{
    enum { COUNT = 60 };
    struct content *fx = *state;
    struct document_maker whole, pieces;
    struct rng rng;
    AUTO_BUF text = {0};

    rng_seed(&rng, 5);
    buf_init(&text, 64 << 20);
    document_maker_init(&pieces);
    for (unsigned i = 0; i < COUNT; i++) {
        buf_clear(&text);
        mail_nasty(&rng, &text);
        const uint64_t message = append(fx, buf_span(&text));
        document_maker_init(&whole);
        read_all(fx, &whole, message, WHOLE);
        read_all(fx, &pieces, message, 1 + rng_below(&rng, 1000));
        assert_int_equal(whole.unsure, pieces.unsure);
        assert_int_equal(whole.text_octets, pieces.text_octets);
        for (unsigned space = 0; space < INDEX_SPACES; space++)
            assert_true(span_eq(buf_span(&whole.terms[space]), buf_span(&pieces.terms[space])));
        document_maker_done(&whole);
    }
    document_maker_done(&pieces);
}

/* ---- too much ---- */

static void
put_words(struct buf *text, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        buf_printf(text, "w%u%s", i, i % 12 == 11 ? "\r\n" : " ");
}

static void
test_number_of_terms(void **state)
{
    static const struct {
        unsigned count;
        bool unsure;
    } cases[] = {
        {LIMIT_INDEX_TERMS - 3, false}, /* subject, x, x: and these */
        {LIMIT_INDEX_TERMS - 2, true},
        {LIMIT_INDEX_TERMS * 10, true},
        {10, false},
    };
    struct content *fx = *state;
    struct document_maker maker;

    document_maker_init(&maker);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF text = {0};
        buf_init(&text, 64 << 20);
        buf_put_lit(&text, "X: subject\r\n\r\n");
        put_words(&text, cases[i].count);
        read_all(fx, &maker, append(fx, buf_span(&text)), WHOLE);
        assert_int_equal(maker.unsure, cases[i].unsure);
        assert_int_equal(document_has(&maker, INDEX_BODY, SPAN("w7")), !cases[i].unsure);
        assert_int_equal(document_octets(&maker) == 0, cases[i].unsure);
    }
    document_maker_done(&maker);
}

static void
test_octets_of_terms(void **state)
{
    enum { WORD = 200 };
    struct content *fx = *state;
    struct document_maker maker;

    document_maker_init(&maker);
    for (unsigned beyond = 0; beyond < 3; beyond++) {
        const unsigned most = LIMIT_INDEX_TERM_OCTETS / (WORD + 1);
        const unsigned count = beyond == 0 ? most : beyond == 1 ? most + 1 : most * 12;
        AUTO_BUF text = {0};
        buf_init(&text, 64 << 20);
        buf_put_lit(&text, "X: y\r\n\r\n");
        for (unsigned i = 0; i < count; i++)
            buf_printf(&text, "%0*u\r\n", WORD, i);
        read_all(fx, &maker, append(fx, buf_span(&text)), WHOLE);
        assert_int_equal(maker.unsure, beyond > 0);
    }
    document_maker_done(&maker);
}

/* A field that a scan reads in pieces would have other terms there. */
static void
test_long_fields_are_unsure(void **state)
{
    static const size_t sizes[] = {30000, 40000, 400000, 2000000};
    struct content *fx = *state;
    struct document_maker maker;

    document_maker_init(&maker);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        AUTO_BUF text = {0};
        buf_init(&text, 64 << 20);
        buf_put_lit(&text, "To: a@b.c");
        while (buf_len(&text) < sizes[i])
            buf_printf(&text, ",\r\n n%zu@x.y", buf_len(&text));
        buf_put_lit(&text, "\r\n\r\nbody\r\n");
        read_all(fx, &maker, append(fx, buf_span(&text)), WHOLE);
        assert_int_equal(maker.unsure, i > 0);
    }
    document_maker_done(&maker);
}

/* Only what is a name stands for a field, and no text has such a term. */
static void
test_names_of_fields(void **state)
{
    struct content *fx = *state;
    char scratch[DOCUMENT_FIELD_OCTETS + 1];
    char name[DOCUMENT_FIELD_OCTETS + 2];

    assert_true(span_eq(field_term(SPAN("X-A_1"), scratch), SPAN("x-a_1:")));
    assert_int_equal(field_term(SPAN(""), scratch).len, 0);
    assert_int_equal(field_term(SPAN("a b"), scratch).len, 0);
    assert_int_equal(field_term(SPAN("a:"), scratch).len, 0);
    assert_int_equal(field_term(SPAN("\xc3\xa4"), scratch).len, 0);
    memset(name, 'N', sizeof name);
    assert_int_equal(field_term(span_of(name, DOCUMENT_FIELD_OCTETS), scratch).len,
                     DOCUMENT_FIELD_OCTETS + 1);
    assert_int_equal(field_term(span_of(name, DOCUMENT_FIELD_OCTETS + 1), scratch).len, 0);
    assert_terms(fx, "A : b: c\r\n d: e\r\nA: x\r\n\r\nz\r\n", INDEX_HEADER, "a: a b c d e x");
    assert_terms(fx,
                 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX-In: y\r\n\r\nz\r\n",
                 INDEX_BODY, "x in y z");
}

static void
test_gone(void **state)
{
    struct content *fx = *state;
    struct document_maker maker;

    document_maker_init(&maker);
    struct store_tx *tx = content_read(fx);
    assert_rc(document_read(&maker, tx, 99999, WHOLE, &fx->err), RC_NOT_FOUND);
    store_end(tx);
    document_maker_done(&maker);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spaces, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_addresses_are_also_as_shown, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_charsets_and_encodings, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_pieces_and_memory_of_others, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_number_of_terms, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_octets_of_terms, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_long_fields_are_unsure, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_names_of_fields, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_gone, content_setup, content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
