/* SPDX-License-Identifier: MIT */
/*
 * The framer, driven by a small session that keeps, diverts or refuses literals. Every script
 * is fed whole, octet by octet and in random pieces: the protocol of what happened must be the
 * same.
 */
#include "support/cm.h"

#include "base/limits.h"
#include "syntax/imap/cmd.h"
#include "syntax/imap/framer.h"

/* What the session does with literals. */
enum policy {
    KEEP,            /* all that fit */
    DIVERT_MESSAGES, /* messages of APPEND to a spool, the rest kept */
    REFUSE,          /* all */
};

struct script {
    const char *input;
    size_t input_octets;
    enum policy policy;
    size_t max;
    const char *expected;
};

#define INPUT(literal) .input = (literal), .input_octets = sizeof(literal) - 1

static void
log_octets(struct buf *log, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\r')
            buf_put_str(log, "^M");
        else if (s.ptr[i] == '\n')
            buf_put_str(log, "^J");
        else if (s.ptr[i] == '\0')
            buf_put_str(log, "^@");
        else
            buf_put_char(log, s.ptr[i]);
    }
}

static void
decide(struct imap_framer *framer, enum policy policy, struct buf *log)
{
    const struct imap_literal *literal = imap_framer_literal(framer);

    buf_printf(log, "literal %u %ju%s%s%s%s;", literal->number, (uintmax_t)literal->octets,
               literal->sync ? " sync" : "", literal->literal8 ? " 8" : "",
               literal->forbidden ? " forbidden" : "", literal->is_message ? " message" : "");
    if (policy == DIVERT_MESSAGES && literal->is_message && imap_framer_divert(framer) == RC_OK)
        return;
    if (policy != REFUSE && imap_framer_keep(framer) == RC_OK)
        return;
    buf_put_str(log, "refused;");
    imap_framer_refuse(framer);
}

/** Runs the framer until it wants more. Data of diverted literals goes to spool. */
static void
run(struct imap_framer *framer, struct buf *in, enum policy policy, struct buf *log,
    struct buf *spool)
{
    for (;;) {
        switch (imap_framer_next(framer, in)) {
        case IMAP_FRAME_MORE:
            assert_int_equal(buf_len(in), 0);
            return;
        case IMAP_FRAME_LITERAL:
            decide(framer, policy, log);
            break;
        case IMAP_FRAME_DATA:
            buf_put_span(spool, imap_framer_data(framer));
            break;
        case IMAP_FRAME_COMMAND:
            buf_put_str(log, "[");
            log_octets(log, imap_framer_text(framer));
            buf_put_str(log, "]");
            if (buf_len(spool) > 0) {
                buf_put_str(log, "<");
                log_octets(log, buf_span(spool));
                buf_put_str(log, ">");
                buf_clear(spool);
            }
            break;
        case IMAP_FRAME_TOO_LONG:
            buf_printf(log, "too long %.*s;",
                       SPAN_FMT(imap_text_tag(imap_framer_text(framer))));
            break;
        case IMAP_FRAME_NUL:
            buf_printf(log, "nul %.*s;", SPAN_FMT(imap_text_tag(imap_framer_text(framer))));
            break;
        case IMAP_FRAME_NO_MEMORY:
            fail_msg("no memory");
            return;
        }
    }
}

enum cutting { WHOLE, OCTETS, RANDOM };

static size_t
piece(enum cutting cutting, size_t left, uint32_t *random)
{
    if (cutting == WHOLE)
        return left;
    *random = *random * 1664525u + 1013904223u;
    const size_t n = cutting == OCTETS ? 1 : 1 + (*random >> 16) % 17;
    return n < left ? n : left;
}

static void
play(const struct script *script, enum cutting cutting, uint32_t seed)
{
    const size_t octets = script->input_octets;
    struct imap_framer framer;
    AUTO_BUF in = {0};
    AUTO_BUF log = {0};
    AUTO_BUF spool = {0};

    buf_init(&in, 1u << 20);
    buf_init(&log, 1u << 20);
    buf_init(&spool, 1u << 20);
    imap_framer_init(&framer, script->max ? script->max : 1000);
    for (size_t at = 0; at < octets;) {
        const size_t n = piece(cutting, octets - at, &seed);
        buf_put(&in, script->input + at, n);
        run(&framer, &in, script->policy, &log, &spool);
        at += n;
    }
    imap_framer_done(&framer);
    if (!span_eq_str(buf_span(&log), script->expected))
        fail_msg("cut %d: expected %s\n     got %.*s", cutting, script->expected,
                 SPAN_FMT(buf_span(&log)));
}

static void
play_all(const struct script *scripts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        play(&scripts[i], WHOLE, 0);
        play(&scripts[i], OCTETS, 0);
        for (uint32_t seed = 0; seed < 50; seed++)
            play(&scripts[i], RANDOM, seed);
    }
}

static void
test_lines(void **state)
{
    static const struct script scripts[] = {
        {INPUT("a NOOP\r\n"), .expected = "[a NOOP]"},
        {INPUT("a NOOP\n"), .expected = "[a NOOP]"}, /* a bare LF will do */
        {INPUT("a NOOP\r\nb NOOP\r\n"), .expected = "[a NOOP][b NOOP]"},
        {INPUT("\r\n\n"), .expected = "[][]"},
        {INPUT("a\rb\r\n"), .expected = "[a^Mb]"}, /* the parser refuses CR elsewhere */
        {INPUT("a\r\r\n"), .expected = "[a^M]"},
        {INPUT("a NOOP"), .expected = ""},
        {INPUT("DONE\r\na NOOP\r\n"), .expected = "[DONE][a NOOP]"},
    };

    (void)state;
    play_all(scripts, ARRAY_LEN(scripts));
}

static void
test_literals(void **state)
{
    static const struct script scripts[] = {
        {INPUT("a LOGIN {3}\r\njoe {3}\r\nabc\r\n"),
         .expected = "literal 0 3 sync;literal 1 3 sync;[a LOGIN {3}^M^Jjoe {3}^M^Jabc]"},
        {INPUT("a LOGIN {3+}\r\njoe {3-}\r\nabc\r\n"),
         .expected = "literal 0 3;literal 1 3;[a LOGIN {3+}^M^Jjoe {3-}^M^Jabc]"},
        {INPUT("a LOGIN {3}\njoe {3}\nabc\n"),
         .expected = "literal 0 3 sync;literal 1 3 sync;[a LOGIN {3}^M^Jjoe {3}^M^Jabc]"},
        {INPUT("a X {0}\r\n\r\n"), .expected = "literal 0 0 sync;[a X {0}^M^J]"},
        {INPUT("a X {007}\r\n1234567\r\n"),
         .expected = "literal 0 7 sync;[a X {007}^M^J1234567]"},
        {INPUT("a X ~{3}\r\nx\0y\r\n"), .expected = "literal 0 3 sync 8;[a X ~{3}^M^Jx^@y]"},
        {INPUT("a X ~{2+}\r\nxy ~~{1}\r\nz\r\n"),
         .expected = "literal 0 2 8;literal 1 1 sync 8;[a X ~{2+}^M^Jxy ~~{1}^M^Jz]"},
        {INPUT("a X {8}\r\nb {3}\r\nc\r\n"),
         .expected = "literal 0 8 sync;[a X {8}^M^Jb {3}^M^Jc]"},
        {INPUT("a X {2}\r\nab{2}\r\ncd\r\n"),
         .expected = "literal 0 2 sync;literal 1 2 sync;[a X {2}^M^Jab{2}^M^Jcd]"},
    };

    (void)state;
    play_all(scripts, ARRAY_LEN(scripts));
}

static void
test_what_is_no_literal(void **state)
{
    static const struct script scripts[] = {
        {INPUT("a X \"foo {5}\"\r\n"), .expected = "[a X \"foo {5}\"]"},
        {INPUT("a X \"foo {5}\r\nb Y\r\n"), .expected = "[a X \"foo {5}][b Y]"}, /* malformed */
        {INPUT("a X \"\\\" {5}\r\nb Y\r\n"), .expected = "[a X \"\\\" {5}][b Y]"},
        {INPUT("a X \"\\\\\" {1}\r\nz\r\n"),
         .expected = "literal 0 1 sync;[a X \"\\\\\" {1}^M^Jz]"},
        {INPUT("a X \"\" {1}\r\nz\r\n"), .expected = "literal 0 1 sync;[a X \"\" {1}^M^Jz]"},
        {INPUT("a X {}\r\n"), .expected = "[a X {}]"},
        {INPUT("a X {+}\r\n"), .expected = "[a X {+}]"},
        {INPUT("a X {5\r\n"), .expected = "[a X {5]"},
        {INPUT("a X {5} \r\n"), .expected = "[a X {5} ]"},
        {INPUT("a X {5}\r \r\n"), .expected = "[a X {5}^M ]"},
        {INPUT("a X {5++}\r\n"), .expected = "[a X {5++}]"},
        {INPUT("a X {-5}\r\n"), .expected = "[a X {-5}]"},
        {INPUT("a X {5}}\r\n"), .expected = "[a X {5}}]"},
        {INPUT("a X {{1}\r\nz\r\n"), .expected = "literal 0 1 sync;[a X {{1}^M^Jz]"},
        {INPUT("a X {4{1}\r\nz\r\n"), .expected = "literal 0 1 sync;[a X {4{1}^M^Jz]"},
        {INPUT("a X {4~{1}\r\nz\r\n"), .expected = "literal 0 1 sync 8;[a X {4~{1}^M^Jz]"},
        {INPUT("a X {1}{1}\r\nz\r\n"), .expected = "literal 0 1 sync;[a X {1}{1}^M^Jz]"},
        {INPUT("a X ~ {1}\r\nz\r\n"), .expected = "literal 0 1 sync;[a X ~ {1}^M^Jz]"},
    };

    (void)state;
    play_all(scripts, ARRAY_LEN(scripts));
}

static void
test_diverted_messages(void **state)
{
    static const struct script scripts[] = {
        {INPUT("a APPEND box {5}\r\nhello\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 5 sync message;[a APPEND box {5}^@^J]<hello>"},
        {INPUT("a append {3+}\r\nbox (\\Seen) {5+}\r\nhello {2}\r\nyo\r\nb NOOP\r\n"),
         .policy = DIVERT_MESSAGES,
         .expected = "literal 0 3;literal 1 5 message;literal 2 2 sync message;"
                     "[a append {3+}^M^Jbox (\\Seen) {5+}^@^J {2}^@^J]<helloyo>[b NOOP]"},
        {INPUT("a APPEND \"box\" UTF8 (~{4}\r\n\0\r\n\0)\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 4 sync 8 message;[a APPEND \"box\" UTF8 (~{4}^@^J)]<^@^M^J^@>"},
        {INPUT("a APPEND box {0}\r\n\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 0 sync message;[a APPEND box {0}^@^J]"},
        {INPUT("a REPLACE 4 box {5}\r\nhello\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 5 sync message;[a REPLACE 4 box {5}^@^J]<hello>"},
        {INPUT("a uid replace * {3+}\r\nbox ~{5+}\r\nhello\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 3;literal 1 5 8 message;"
                     "[a uid replace * {3+}^M^Jbox ~{5+}^@^J]<hello>"},
        {INPUT("a APPEND x CATENATE (URL {1+}\r\ny TEXT {2+}\r\nab URL {1+}\r\nz)\r\n"),
         .policy = DIVERT_MESSAGES,
         .expected = "literal 0 1;literal 1 2 message;literal 2 1;"
                     "[a APPEND x CATENATE (URL {1+}^M^Jy TEXT {2+}^@^J URL {1+}^M^Jz)]<ab>"},
        {INPUT("a APPEND URL {1+}\r\ny\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 1 message;[a APPEND URL {1+}^@^J]<y>"},
        {INPUT("a APPEND {3+}\r\nURL {1+}\r\ny\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 3;literal 1 1 message;[a APPEND {3+}^M^JURL {1+}^@^J]<y>"},
        {INPUT("a APPEND {5+}\r\nx URL {1+}\r\ny\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 5;literal 1 1 message;[a APPEND {5+}^M^Jx URL {1+}^@^J]<y>"},
        {INPUT("a APPEND {17+}\r\nx CATENATE ( URL {1+}\r\ny\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 17;literal 1 1 message;"
                     "[a APPEND {17+}^M^Jx CATENATE ( URL {1+}^@^J]<y>"},
        {INPUT("a APPEND \"x CATENATE ( \\\" URL\" {1+}\r\ny\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 1 message;[a APPEND \"x CATENATE ( \\\" URL\" {1+}^@^J]<y>"},
        {INPUT("a APPEND \"x y\" (\\Seen) catenate (URL {1+}\r\ny)\r\n"),
         .policy = DIVERT_MESSAGES,
         .expected = "literal 0 1;[a APPEND \"x y\" (\\Seen) catenate (URL {1+}^M^Jy)]"},
        {INPUT("a REPLACE {1}\r\nx\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 1 sync;[a REPLACE {1}^M^Jx]"},
        {INPUT("a SEARCH TEXT {1}\r\nx\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 1 sync;[a SEARCH TEXT {1}^M^Jx]"},
        {INPUT("a APPENDX box {1}\r\nx\r\n"), .policy = DIVERT_MESSAGES,
         .expected = "literal 0 1 sync;[a APPENDX box {1}^M^Jx]"},
        /* The limit is for the text alone: the message is far above it. */
        {INPUT("a APPEND box {50}\r\n01234567890123456789012345678901234567890123456789\r\n"),
         .policy = DIVERT_MESSAGES, .max = 24,
         .expected = "literal 0 50 sync message;[a APPEND box {50}^@^J]"
                     "<01234567890123456789012345678901234567890123456789>"},
    };

    (void)state;
    play_all(scripts, ARRAY_LEN(scripts));
}

static void
test_refused_literals(void **state)
{
    static const struct script scripts[] = {
        /* The client waits for "+": it has got its NO and goes on. */
        {INPUT("a X {5}\r\nb NOOP\r\n"), .policy = REFUSE,
         .expected = "literal 0 5 sync;refused;[b NOOP]"},
        /* It does not wait: its octets come, and the rest of the command. */
        {INPUT("a X {5+}\r\nb N\r\n y\r\nb NOOP\r\n"), .policy = REFUSE,
         .expected = "literal 0 5;refused;[b NOOP]"},
        {INPUT("a X {0+}\r\n y\r\nb NOOP\r\n"), .policy = REFUSE,
         .expected = "literal 0 0;refused;[b NOOP]"},
        {INPUT("a X {2+}\r\n\r\n {7+}\r\nc NOOP\n \"{1+}\" {1}\r\nb NOOP\r\n"),
         .policy = REFUSE, .expected = "literal 0 2;refused;[b NOOP]"},
        {INPUT("a X {2+}\r\nxx {1+}\r\nx\r\nb NOOP\r\n"), .policy = REFUSE,
         .expected = "literal 0 2;refused;[b NOOP]"},
        /* Over the limit: what does not fit cannot be kept. */
        {INPUT("a X {20+}\r\n01234567890123456789 y\r\nb NOOP\r\n"), .max = 20,
         .expected = "literal 0 20;refused;[b NOOP]"},
        {INPUT("a X {99999999999999999999999999}\r\nb NOOP\r\n"),
         .expected = "literal 0 9223372036854775807 sync;refused;[b NOOP]"},
        {INPUT("a X {9223372036854775807}\r\nb NOOP\r\n"),
         .expected = "literal 0 9223372036854775807 sync;refused;[b NOOP]"},
        {INPUT("a X {9223372036854775808}\r\nb NOOP\r\n"),
         .expected = "literal 0 9223372036854775807 sync;refused;[b NOOP]"},
        {INPUT("a X {9223372036854775806}\r\nb NOOP\r\n"),
         .expected = "literal 0 9223372036854775806 sync;refused;[b NOOP]"},
    };

    (void)state;
    play_all(scripts, ARRAY_LEN(scripts));
}

static void
test_literal_minus_limit(void **state)
{
    static const unsigned octets[] = {4096, 4097, 8192};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(octets); i++) {
        AUTO_BUF in = {0};
        AUTO_BUF expected = {0};
        const bool allowed = octets[i] <= IMAP_LITERAL_MINUS_MAX;

        buf_init(&in, 1u << 20);
        buf_init(&expected, 1u << 20);
        buf_printf(&in, "a X {%u-}\r\n", octets[i]);
        buf_printf(&expected, "literal 0 %u%s;", octets[i], allowed ? "" : " forbidden");
        buf_put_str(&expected, allowed ? "[a X {" : "refused;");
        if (allowed)
            buf_printf(&expected, "%u-}^M^J", octets[i]);
        for (unsigned j = 0; j < octets[i]; j++) {
            buf_put_char(&in, 'x');
            if (allowed)
                buf_put_char(&expected, 'x');
        }
        buf_put_str(&in, "\r\nb NOOP\r\n");
        buf_put_str(&expected, allowed ? "][b NOOP]" : "[b NOOP]");
        buf_put_char(&expected, '\0');
        const struct script script = {.input = buf_span(&in).ptr,
                                      .input_octets = buf_len(&in),
                                      .max = 10000,
                                      .expected = buf_span(&expected).ptr};
        play_all(&script, 1);
    }
}

#define TEN "aaaaaaaaaa"
#define LONG_TAG TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void
test_lines_too_long(void **state)
{
    static const struct script scripts[] = {
        {INPUT("a 45678\r\nb NOOP\r\n"), .max = 9, .expected = "[a 45678][b NOOP]"},
        {INPUT("a 456789\r\nb NOOP\r\n"), .max = 9, .expected = "too long a;[b NOOP]"},
        {INPUT("a 45678901234567890\r\nb NOOP\r\n"), .max = 9,
         .expected = "too long a;[b NOOP]"},
        {INPUT(LONG_TAG "\r\nb NOOP\r\n"), .max = 80, .expected = "too long ;[b NOOP]"},
        /* Literals in what is swallowed are swallowed too. */
        {INPUT("a 4567890123 {4+}\r\nc X\n\r\nb NOOP\r\n"), .max = 9,
         .expected = "too long a;[b NOOP]"},
        {INPUT("a 4567890123 {4}\r\nb NOOP\r\n"), .max = 9, .expected = "too long a;[b NOOP]"},
        {INPUT("a \"567890123 {4+}\r\nb NOOP\r\n"), .max = 9,
         .expected = "too long a;[b NOOP]"},
        /* After a literal that fits. */
        {INPUT("a X {3+}\r\nxyz 7890123456\r\nb NOOP\r\n"), .max = 18,
         .expected = "literal 0 3;too long a;[b NOOP]"},
    };

    (void)state;
    play_all(scripts, ARRAY_LEN(scripts));
}

/* The largest ID of RFC 2971 section 3.3, each octet escaped, fits where little else does. */
static void
test_id_may_be_long(void **state)
{
    struct imap_framer framer;
    AUTO_BUF in = {0};

    (void)state;
    static const size_t beyond[] = {0, 1, 100 * LIMIT_ID_LINE};
    for (size_t round = 0; round < ARRAY_LEN(beyond); round++) {
        const size_t more = beyond[round];
        buf_init(&in, LIMIT_ID_LINE + more + 100);
        imap_framer_init(&framer, LIMIT_LINE_BEFORE_LOGIN);
        buf_put_str(&in, "a ID (");
        for (unsigned i = 0; i < LIMIT_ID_PAIRS; i++) {
            buf_put_str(&in, i == 0 ? "\"" : " \"");
            for (unsigned k = 0; k < LIMIT_ID_FIELD; k++)
                buf_put_str(&in, "\\\\");
            buf_put_str(&in, "\" \"");
            for (unsigned k = 0; k < LIMIT_ID_VALUE; k++)
                buf_put_str(&in, "\\\"");
            buf_put_str(&in, "\"");
        }
        const size_t octets = buf_len(&in) + 1;
        assert_true(octets <= LIMIT_ID_LINE - 2 && octets > LIMIT_LINE_BEFORE_LOGIN);
        while (buf_len(&in) < LIMIT_ID_LINE - 3 + more) /* to the octet, and beyond */
            buf_put_str(&in, " ");
        buf_put_str(&in, ")\r\nb NOOP\r\n");
        assert_int_equal(imap_framer_next(&framer, &in),
                         more == 0 ? IMAP_FRAME_COMMAND : IMAP_FRAME_TOO_LONG);
        assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_COMMAND);
        assert_true(span_eq_str(imap_framer_text(&framer), "b NOOP"));
        /* Nothing else may be so long, and the next command neither. */
        buf_put_str(&in, "a IDX ");
        while (buf_len(&in) < LIMIT_LINE_BEFORE_LOGIN)
            buf_put_str(&in, "x");
        buf_put_str(&in, "\r\n");
        assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_TOO_LONG);
        imap_framer_done(&framer);
        buf_done(&in);
    }
}

static void
test_nul(void **state)
{
    static const struct script scripts[] = {
        {INPUT("a X\0Y\r\nb NOOP\r\n"), .expected = "nul a;[b NOOP]"},
        {INPUT("a \"\0\" {3+}\r\nx\0y\r\nb NOOP\r\n"), .expected = "nul a;[b NOOP]"},
        {INPUT("a APPEND box {5}\0\nb NOOP\r\n"), /* the mark cannot be forged */
         .policy = DIVERT_MESSAGES, .expected = "nul a;[b NOOP]"},
        {INPUT("\0\0\0\r\nb NOOP\r\n"), .expected = "nul ;[b NOOP]"},
    };

    (void)state;
    play_all(scripts, ARRAY_LEN(scripts));
}

static void
test_plain_lines_ignore_braces(void **state)
{
    struct imap_framer framer;
    AUTO_BUF in = {0};

    (void)state;
    buf_init(&in, 1000);
    imap_framer_init(&framer, 100);
    buf_put_str(&in, "{5}\r\nAGpvZQ==\r\n*\r\n");
    assert_int_equal(imap_framer_next_line(&framer, &in), IMAP_FRAME_COMMAND);
    assert_true(span_eq_str(imap_framer_text(&framer), "{5}"));
    assert_int_equal(imap_framer_next_line(&framer, &in), IMAP_FRAME_COMMAND);
    assert_true(span_eq_str(imap_framer_text(&framer), "AGpvZQ=="));
    assert_int_equal(imap_framer_next_line(&framer, &in), IMAP_FRAME_COMMAND);
    assert_true(span_eq_str(imap_framer_text(&framer), "*"));
    assert_int_equal(imap_framer_next_line(&framer, &in), IMAP_FRAME_MORE);
    imap_framer_done(&framer);
}

static void
test_memory_is_given_back(void **state)
{
    struct imap_framer framer;
    AUTO_BUF in = {0};

    (void)state;
    buf_init(&in, 1u << 20);
    imap_framer_init(&framer, 1u << 20);
    assert_true(imap_framer_is_idle(&framer));
    buf_put_str(&in, "a NOOP\r\nb NO");
    assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_COMMAND);
    assert_true(imap_framer_is_idle(&framer));
    assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_MORE);
    assert_false(imap_framer_is_idle(&framer));
    imap_framer_release(&framer);
    assert_true(span_eq_str(imap_framer_text(&framer), "b NO"));
    buf_put_str(&in, "OP\r\n");
    assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_COMMAND);
    imap_framer_set_max(&framer, 5);
    imap_framer_release(&framer);
    assert_null(framer.text.data);
    buf_put_str(&in, "c NOOP\r\n");
    assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_TOO_LONG);
    imap_framer_done(&framer);
}

static void
test_largest_line_in_small_pieces(void **state)
{
    struct imap_framer framer;
    AUTO_BUF in = {0};
    size_t fed = 0;

    (void)state;
    buf_init(&in, 64);
    imap_framer_init(&framer, LIMIT_LINE);
    buf_put_str(&in, "a FETCH ");
    assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_MORE);
    for (fed = 8; fed + 2 < LIMIT_LINE; fed++) {
        buf_put_char(&in, '1');
        assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_MORE);
    }
    buf_put_str(&in, "\r\n");
    assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_COMMAND);
    assert_int_equal(imap_framer_text(&framer).len, LIMIT_LINE - 2);
    for (fed = 0; fed < LIMIT_LINE; fed++) {
        buf_put_char(&in, 'x');
        assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_MORE);
    }
    buf_put_char(&in, 'x');
    assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_TOO_LONG);
    assert_true(framer.text.tail < 1000);
    imap_framer_done(&framer);
}

/* Far more than any line may have is thrown away as it comes, and the next command is heard. */
static void
test_endless_line(void **state)
{
    static const struct {
        size_t most;
        uint64_t sent;
    } rows[] = {{LIMIT_LINE_BEFORE_LOGIN, UINT64_C(100) * LIMIT_LINE_BEFORE_LOGIN},
                {LIMIT_LINE, UINT64_C(100) * LIMIT_LINE}};
    enum { PIECE = 1 << 16 };
    static char piece[PIECE];

    (void)state;
    memset(piece, 'x', sizeof piece);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct imap_framer framer;
        AUTO_BUF in = {0};
        enum imap_frame frame = IMAP_FRAME_MORE;
        unsigned told = 0;
        buf_init(&in, 2 * PIECE);
        imap_framer_init(&framer, rows[i].most);
        buf_put_str(&in, "a NOOP ");
        for (uint64_t fed = 0; fed < rows[i].sent; fed += PIECE) {
            buf_put(&in, piece, PIECE);
            assert_true(buf_ok(&in));
            while ((frame = imap_framer_next(&framer, &in)) != IMAP_FRAME_MORE) {
                assert_int_equal(frame, IMAP_FRAME_TOO_LONG);
                told++;
            }
            assert_true(framer.text.tail <= rows[i].most + PIECE);
        }
        assert_int_equal(told, 1);
        buf_put_str(&in, "\r\nb NOOP\r\n");
        assert_int_equal(imap_framer_next(&framer, &in), IMAP_FRAME_COMMAND);
        assert_true(span_eq_str(imap_framer_text(&framer), "b NOOP"));
        imap_framer_done(&framer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endless_line),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_what_is_no_literal),
        cmocka_unit_test(test_diverted_messages),
        cmocka_unit_test(test_refused_literals),
        cmocka_unit_test(test_literal_minus_limit),
        cmocka_unit_test(test_lines_too_long),
        cmocka_unit_test(test_id_may_be_long),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_plain_lines_ignore_braces),
        cmocka_unit_test(test_memory_is_given_back),
        cmocka_unit_test(test_largest_line_in_small_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
