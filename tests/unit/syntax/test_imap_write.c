/* SPDX-License-Identifier: MIT */
/* The writer: which form holds which octets, whole lines, and what comes from outside made
 * harmless. */
#include "support/cm.h"

#include <stdio.h>

#include "base/arena.h"
#include "syntax/imap/flags.h"
#include "syntax/imap/lexer.h"
#include "syntax/imap/write.h"

static struct buf out;
static struct iw w;

static int
setup(void **state)
{
    (void)state;
    buf_init(&out, 1u << 20);
    iw_init(&w, &out, MBOX_WIRE_UTF7);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    buf_done(&out);
    return 0;
}

static void
expect(const char *text)
{
    assert_true(buf_ok(&out));
    if (!span_eq_str(buf_span(&out), text))
        fail_msg("expected %s\n     got %.*s", text, SPAN_FMT(buf_span(&out)));
    buf_clear(&out);
}

static void
test_string_forms(void **state)
{
    static const struct {
        const char *s;
        const char *string;
        const char *astring;
        const char *utf8; /* string on a UTF-8 connection; NULL: as string */
    } cases[] = {
        {"", "\"\"", "\"\"", NULL},
        {"abc", "\"abc\"", "abc", NULL},
        {"a]b", "\"a]b\"", "a]b", NULL},
        {"NIL", "\"NIL\"", "\"NIL\"", NULL},
        {"nil", "\"nil\"", "\"nil\"", NULL},
        {"a b", "\"a b\"", "\"a b\"", NULL},
        {"a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"", NULL},
        {"a(b", "\"a(b\"", "\"a(b\"", NULL},
        {"100%", "\"100%\"", "\"100%\"", NULL},
        {"a*", "\"a*\"", "\"a*\"", NULL},
        {"a{5}", "\"a{5}\"", "\"a{5}\"", NULL},
        {"a\tb", "\"a\tb\"", "\"a\tb\"", NULL},
        {"a\rb", "{3}\r\na\rb", "{3}\r\na\rb", NULL},
        {"a\nb", "{3}\r\na\nb", "{3}\r\na\nb", NULL},
        {"\u00fc", "{2}\r\n\u00fc", "{2}\r\n\u00fc", "\"\u00fc\""},
        {"\u00fc\"", "{3}\r\n\u00fc\"", "{3}\r\n\u00fc\"", "\"\u00fc\\\"\""},
        {"\xfc", "{1}\r\n\xfc", "{1}\r\n\xfc", "{1}\r\n\xfc"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct span s = span_of_str(cases[i].s);
        imap_put_string(&out, s, IMAP_ASCII);
        expect(cases[i].string);
        imap_put_nstring(&out, s, IMAP_ASCII);
        expect(cases[i].string);
        imap_put_astring(&out, s, IMAP_ASCII);
        expect(cases[i].astring);
        imap_put_string(&out, s, IMAP_UTF8);
        expect(cases[i].utf8 ? cases[i].utf8 : cases[i].string);
    }
    imap_put_nstring(&out, (struct span){NULL, 0}, IMAP_ASCII);
    expect("NIL");
    imap_put_string(&out, SPAN("a\0b"), IMAP_ASCII);
    expect("{3}\r\na?b");
}

/** Whatever octets: what the writer writes the lexer reads back. */
static void
test_strings_round_trip(void **state)
{
    uint32_t random = 99;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        AUTO_ARENA arena = {0};
        char text[40];
        struct span back = {NULL, 0};
        const size_t len = (size_t)round % sizeof text;
        arena_init(&arena, 10000);
        for (size_t i = 0; i < len; i++) {
            random = random * 1664525u + 1013904223u;
            const unsigned octet = (random >> 16) % (round % 2 ? 256 : 100);
            text[i] = (char)(octet == 0 ? 'x' : octet);
        }
        imap_put_astring(&out, span_of(text, len), round % 3 ? IMAP_ASCII : IMAP_UTF8);
        const struct span written = buf_span(&out);
        struct imap_lexer lx = {
            .at = written.ptr, .end = written.ptr + written.len, .arena = &arena};
        assert_true(lex_astring(&lx, &back, "none"));
        assert_ptr_equal(lx.at, lx.end);
        assert_true(span_eq(back, span_of(text, len)));
        buf_clear(&out);
    }
}

static void
test_long_strings_are_literals(void **state)
{
    char text[1025];

    (void)state;
    memset(text, 'a', sizeof text);
    imap_put_string(&out, span_of(text, 1024), IMAP_ASCII);
    assert_int_equal(buf_len(&out), 1026);
    buf_clear(&out);
    imap_put_string(&out, span_of(text, 1025), IMAP_ASCII);
    assert_memory_equal(buf_span(&out).ptr, "{1025}\r\n", 8);
}

static void
test_fetch_line(void **state)
{
    const struct span keywords[] = {SPAN_INIT("$Junk"), SPAN_INIT("bad one"), SPAN_INIT("x")};

    (void)state;
    iw_untagged(&w), iw_num(&w, 12), iw_word(&w, "FETCH"), iw_open(&w);
    iw_word(&w, "UID"), iw_num(&w, 4294967295), iw_word(&w, "FLAGS");
    iw_flags(&w, IMAP_FLAG_SEEN | IMAP_FLAG_RECENT, keywords, 3);
    iw_word(&w, "INTERNALDATE"), iw_date_time(&w, (struct imap_date_time){837596665, -420});
    iw_word(&w, "RFC822.SIZE"), iw_num(&w, 0);
    iw_word(&w, "MODSEQ"), iw_open(&w), iw_num(&w, UINT64_MAX), iw_close(&w);
    iw_token(&w, SPAN("BODY[]<0>")), iw_literal_begin(&w, 5, IW_LITERAL);
    iw_literal_data(&w, SPAN("a\0"));
    buf_consume(&out, 10); /* sent in the middle of it */
    assert_int_equal(iw_literal_left(&w), 3);
    iw_literal_data(&w, SPAN("c\r\n"));
    iw_word(&w, "BINARY[1]"), iw_literal_begin(&w, 0, IW_LITERAL8);
    iw_word(&w, "X"), iw_nil(&w), iw_nstring(&w, (struct span){NULL, 0}),
        iw_string(&w, SPAN("s"));
    iw_close(&w), iw_end(&w);
    const struct span expected =
        SPAN(" (UID 4294967295 FLAGS (\\Seen \\Recent $Junk x) INTERNALDATE "
             "\"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 0 MODSEQ (18446744073709551615) "
             "BODY[]<0> {5}\r\na\0c\r\n BINARY[1] ~{0}\r\n X NIL NIL \"s\")\r\n");
    assert_true(span_eq(buf_span(&out), expected));
}

static void
test_numbers(void **state)
{
    static const uint64_t numbers[] = {
        0,   1,    9,     10,         11,         99,         100,         101,
        999, 1000, 12345, 4294967295, 4294967296, 9999999999, 10000000000, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char text[32];
        char fast[20];
        const int len = snprintf(text, sizeof text, "%ju", (uintmax_t)numbers[i]);
        assert_int_equal(imap_fmt_u64(fast, numbers[i]), len);
        assert_memory_equal(fast, text, (size_t)len);
    }
}

static void
test_list_lines(void **state)
{
    static const struct {
        const char *name;
        const char *utf7;
        const char *utf8;
    } cases[] = {
        {"INBOX", "INBOX", "INBOX"},   {"Sent Items", "\"Sent Items\"", "\"Sent Items\""},
        {"R&D", "R&-D", "R&D"},        {"Entw\u00fcrfe", "Entw&APw-rfe", "\"Entw\u00fcrfe\""},
        {"a%b", "\"a%b\"", "\"a%b\""}, {"a\"b", "\"a\\\"b\"", "\"a\\\"b\""},
        {"nil", "\"nil\"", "\"nil\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        iw_init(&w, &out, MBOX_WIRE_UTF7);
        iw_untagged(&w), iw_mailbox(&w, span_of_str(cases[i].name)), iw_end(&w);
        buf_truncate(&out, buf_len(&out) - 2);
        buf_consume(&out, 2);
        expect(cases[i].utf7);
        iw_init(&w, &out, MBOX_WIRE_UTF8);
        iw_untagged(&w), iw_mailbox(&w, span_of_str(cases[i].name)), iw_end(&w);
        buf_truncate(&out, buf_len(&out) - 2);
        buf_consume(&out, 2);
        expect(cases[i].utf8);
    }
}

static void
test_status_lines(void **state)
{
    (void)state;
    iw_status_line(&w, SPAN("a1"), IW_OK, NULL, SPAN("Done"));
    expect("a1 OK Done\r\n");
    iw_status_line(&w, SPAN(""), IW_BAD, NULL, SPAN("No tag"));
    expect("* BAD No tag\r\n");
    iw_status_line(&w, SPAN("a1"), IW_NO, "TRYCREATE", SPAN("No such mailbox"));
    expect("a1 NO [TRYCREATE] No such mailbox\r\n");
    iw_status_line(&w, SPAN("*"), IW_BYE, NULL, SPAN(""));
    expect("* BYE -\r\n");
    iw_status_line(&w, SPAN("*"), IW_PREAUTH, NULL, SPAN("hello"));
    expect("* PREAUTH hello\r\n");
    iw_begin_status(&w, SPAN("a"), IW_OK);
    iw_code_open(&w, SPAN("COPYUID"));
    struct num_range ranges[] = {{1, 3}, {7, 7}};
    const struct numset set = {.ranges = ranges, .count = 2};
    iw_num(&w, 38505), iw_set(&w, &set), iw_set(&w, &set);
    iw_code_close(&w);
    iw_end_text(&w, SPAN("Copied"));
    expect("a OK [COPYUID 38505 1:3,7 1:3,7] Copied\r\n");
    iw_begin_status(&w, SPAN(""), IW_OK);
    iw_code_open(&w, SPAN("PERMANENTFLAGS"));
    iw_open(&w), iw_token(&w, imap_flag_names[0]), iw_token(&w, SPAN("\\*")), iw_close(&w);
    iw_code_close(&w);
    iw_end_text(&w, SPAN("[sic]"));
    expect("* OK [PERMANENTFLAGS (\\Seen \\*)] [sic]\r\n");
}

static void
test_text_is_harmless(void **state)
{
    (void)state;
    iw_status_line(&w, SPAN("a"), IW_NO, NULL, SPAN("x\r\n* BYE \0\x7f\x01y"));
    expect("a NO x  * BYE    y\r\n");
    iw_status_line(&w, SPAN("a"), IW_NO, NULL, SPAN("[ALERT] no code"));
    expect("a NO (ALERT] no code\r\n");
    iw_status_line(&w, SPAN("a"), IW_NO, NULL, SPAN("\xc3\xbc"));
    expect("a NO ??\r\n");
    iw_init(&w, &out, MBOX_WIRE_UTF8);
    iw_status_line(&w, SPAN("a"), IW_NO, NULL, SPAN("\xc3\xbc"));
    expect("a NO ??\r\n");
}

static void
test_continuations(void **state)
{
    (void)state;
    iw_continuation(&w, SPAN("idling"));
    expect("+ idling\r\n");
    iw_continuation(&w, SPAN(""));
    expect("+ \r\n");
    iw_continuation(&w, SPAN("dGVzdA==\r\n"));
    expect("+ dGVzdA==  \r\n");
}

static void
test_atoms(void **state)
{
    (void)state;
    iw_untagged(&w), iw_atom(&w, SPAN("OK")), iw_atom(&w, SPAN("a b")),
        iw_astring(&w, SPAN("x]"));
    iw_end(&w);
    expect("* OK \"a b\" x]\r\n");
    assert_true(imap_is_atom(SPAN("$a.b+")));
    assert_false(imap_is_atom(SPAN("")));
    assert_false(imap_is_atom(SPAN("a]")));
    assert_true(imap_is_astring_atom(SPAN("a]")));
    assert_false(imap_is_astring_atom(SPAN("a\xc3")));
}

static void
test_full_buffer_is_refused_whole(void **state)
{
    (void)state;
    for (size_t max = 1; max < 60; max++) {
        AUTO_BUF small = {0};
        struct iw iw;
        buf_init(&small, max);
        iw_init(&iw, &small, MBOX_WIRE_UTF7);
        iw_untagged(&iw), iw_num(&iw, 12), iw_word(&iw, "FETCH"), iw_open(&iw);
        iw_string(&iw, SPAN("a\"b")), iw_string(&iw, SPAN("a\nb"));
        iw_literal_begin(&iw, 3, IW_LITERAL), iw_literal_data(&iw, SPAN("abc"));
        iw_date_time(&iw, (struct imap_date_time){0, 0});
        iw_close(&iw), iw_end(&iw);
        assert_int_equal(buf_len(&small) <= max, true);
        assert_false(buf_ok(&small));
    }
}

/** The hot path in one go, so that a profile of it is easy to take. */
static void
test_many_lines(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 300000; i++) {
        iw_untagged(&w), iw_num(&w, i), iw_word(&w, "FETCH"), iw_open(&w);
        iw_word(&w, "UID"), iw_num(&w, i), iw_word(&w, "FLAGS");
        iw_flags(&w, IMAP_FLAG_SEEN, NULL, 0), iw_close(&w), iw_end(&w);
        if (buf_len(&out) > 65536)
            buf_clear(&out);
    }
    assert_true(buf_ok(&out));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_string_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_strings_are_literals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_is_harmless, setup, teardown),
        cmocka_unit_test_setup_teardown(test_continuations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_atoms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_buffer_is_refused_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_lines, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
