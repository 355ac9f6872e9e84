/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out while commands and mail are read: whatever comes out as good is what comes
 * out with memory. An ENVELOPE is kept for as long as its message, so one that lacks an address
 * because memory was short for a moment would stay wrong.
 */
#include "cmd_table.h"

#include <errno.h>
#include <iconv.h>

#include "base/base64.h"
#include "support/each_alloc.h"
#include "syntax/imap/framer.h"
#include "syntax/imap/write.h"
#include "syntax/mail/base_subject.h"
#include "syntax/mail/bodystructure.h"
#include "syntax/mail/encoded_word.h"
#include "syntax/mail/envelope.h"
#include "syntax/mail/mime_params.h"
#include "syntax/mail/mime_parts.h"
#include "syntax/mail/mime_scan.h"
#include "syntax/mail/search/mime_search.h"
#include "syntax/mail/rfc5322_summary.h"
#include "syntax/mail/sort_key.h"

static const char mail[] =
    "From: \"A. (one)\r\n two\" (nested (comment)) <\"a \\\"b\\\"\"@(x)example.org>, "
    "=?utf-8?q?J=C3=B6rg?= <@route:j@example.org>\r\n"
    "To: Group: one . two@example.org, (x) \"three\" (four) <three @ example . org>;, "
    "a@b (=?iso-8859-2?b?4eLj?=)\r\n"
    "Cc: \"quoted\r\n\tand folded\" <c@example.org>\r\n"
    "Subject: Re: [list] =?koi8-r?b?8NLJ18XU?= =?koi8-r?b?8NLJ18XU?= (fwd)\r\n"
    "Message-ID: <\"a b\"@example.org>\r\n"
    "In-Reply-To: <one@example.org>\r\n"
    "References: <zero@example.org>\r\n <\"o ne\"@example.org> junk <two@example.org>\r\n"
    "Date: Sat, 1 Jan 2022 12:00:00 +0100\r\n"
    "Content-Type: multipart/mixed; boundary*0*=us-ascii''b%20; boundary*1=\"x\"; (c) "
    "a=\"\\\"\"\r\n"
    "\r\n"
    "--b x\r\n"
    "Content-Type: text/plain; charset*=us-ascii''iso%2D8859%2D2; name*=utf-8''%E2%82%AC\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "Content-Disposition: attachment; filename*0=\"long \"; filename*1=name\r\n"
    "Content-Language: de, (c) en\r\n"
    "\r\n"
    "=E1=E2 needle=\r\n here\r\n"
    "--b x\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "\r\n"
    "<p>sh<b>ow</b>n &eacute;</p>\r\n"
    "--b x\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "From: \"in\" (c) <in(c)@example.org>\r\n"
    "Subject: inner\r\n"
    "\r\n"
    "inside\r\n"
    "--b x--\r\n";

/* iconv's own memory. */
iconv_t __real_iconv_open(const char *to, const char *from);
iconv_t __wrap_iconv_open(const char *to, const char *from);

iconv_t
__wrap_iconv_open(const char *to, const char *from)
{
    if (!fault_alloc_next())
        return __real_iconv_open(to, from);
    errno = ENOMEM;
    return (iconv_t)-1;
}

struct work {
    /* Appends all that it finds out. RC_OK or RC_LIMIT. */
    enum rc (*run)(struct buf *out);
    struct buf right;
};

static bool
run_and_compare(void *ctx)
{
    const struct work *work = ctx;
    AUTO_BUF out = {0};

    buf_init(&out, 1u << 20);
    const enum rc rc = work->run(&out);
    if (rc == RC_OK && buf_ok(&out)) {
        if (!span_eq(buf_span(&out), buf_span(&work->right)))
            fail_msg("%.*s\ninstead of\n%.*s", SPAN_FMT(buf_span(&out)),
                     SPAN_FMT(buf_span(&work->right)));
        return true;
    }
    assert_true(rc == RC_OK || rc == RC_LIMIT);
    return false;
}

static void
without_memory(const char *name, enum rc (*run)(struct buf *out))
{
    const struct each_alloc one = {.name = name, .act = run_and_compare};
    struct work work = {.run = run};

    buf_init(&work.right, 1u << 20);
    assert_int_equal(run(&work.right), RC_OK);
    assert_true(buf_ok(&work.right) && buf_len(&work.right) > 0);
    assert_true(each_alloc(&one, &work) > 0);
    buf_done(&work.right);
}

/* ---- commands ---- */

static const char *const commands[] = {
    "a LOGIN {3+}\r\nbob \"se\\\"cret\"\r\n",
    "a ID (\"name\" \"x\" \"version\" NIL)\r\n",
    "a LIST (SUBSCRIBED) \"\" (\"a*\" \"b%\") RETURN (STATUS (MESSAGES UNSEEN))\r\n",
    "a CREATE \"a&AOQ-b\"\r\n",
    "a RENAME {4+}\r\na\\\"b &AOQ-\r\n",
    "a STATUS x (MESSAGES UIDNEXT)\r\n",
    "a SELECT x (QRESYNC (67890007 90060115194045000 41:211,214:541))\r\n",
    "a FETCH 1:5,9 (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (DATE {2+}\r\nTO)]<0.1> ENVELOPE)\r\n",
    "a STORE 1:3,5 +FLAGS.SILENT (\\Seen $one two)\r\n",
    "a UID COPY 1:3,5,7,9,11:20 \"x\"\r\n",
    "a SEARCH RETURN (ALL) CHARSET UTF-8 OR (FROM {1+}\r\nx NOT TO \"y\\\\\") (1:5 $)\r\n",
    "a SORT (REVERSE SUBJECT DATE) UTF-8 SUBJECT \"x\"\r\n",
    "a APPEND x (\\Seen $y) \"01-Jan-2022 00:00:00 +0000\" {10+}\r\n0123456789\r\n",
};

static enum rc
parse(const struct imap_framer *framer, struct buf *out)
{
    AUTO_ARENA arena = {0};
    struct imap_head head;
    struct imap_cmd cmd;
    const char *bad = NULL;

    arena_init(&arena, LIMIT_CMD_ARENA);
    enum rc rc = imap_head_parse(imap_framer_text(framer), &head, &bad);
    if (rc == RC_OK)
        rc = imap_args_parse(&head, MBOX_WIRE_UTF7, &arena, &cmd, &bad);
    if (rc == RC_OK) {
        imap_dump(out, &cmd);
        buf_put_char(out, '\n');
    } else {
        assert_non_null(bad);
    }
    return rc;
}

/* A command in two pieces through the framer, then through the parser. */
static enum rc
read_command(const char *text, struct buf *out)
{
    struct imap_framer framer;
    AUTO_BUF in = {0};
    const size_t half = strlen(text) / 2;
    enum rc rc = RC_AGAIN;

    imap_framer_init(&framer, 10000);
    buf_init(&in, 10000);
    buf_put(&in, text, half);
    while (rc == RC_AGAIN) {
        switch (imap_framer_next(&framer, &in)) {
        case IMAP_FRAME_MORE:
            assert_int_equal(buf_len(&in), 0);
            buf_put(&in, text + half, strlen(text) - half);
            rc = buf_ok(&in) ? RC_AGAIN : RC_LIMIT;
            break;
        case IMAP_FRAME_LITERAL:
            rc = (framer.literal.is_message ? imap_framer_divert(&framer)
                                            : imap_framer_keep(&framer)) == RC_OK
                     ? RC_AGAIN
                     : RC_LIMIT;
            break;
        case IMAP_FRAME_DATA:
            buf_put_span(out, imap_framer_data(&framer));
            break;
        case IMAP_FRAME_COMMAND:
            rc = parse(&framer, out);
            break;
        case IMAP_FRAME_NO_MEMORY:
            rc = RC_LIMIT;
            break;
        case IMAP_FRAME_TOO_LONG:
        case IMAP_FRAME_NUL:
            fail();
        }
    }
    imap_framer_done(&framer);
    return rc;
}

static enum rc
read_commands(struct buf *out)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < ARRAY_LEN(commands) && rc == RC_OK; i++)
        rc = read_command(commands[i], out);
    return rc;
}

static enum rc
write_replies(struct buf *out)
{
    static const struct span keywords[] = {SPAN_INIT("$one"), SPAN_INIT("two")};
    struct iw w;

    iw_init(&w, out, MBOX_WIRE_UTF7);
    for (int i = 0; i < 200; i++) {
        iw_untagged(&w);
        iw_num(&w, (uint64_t)i);
        iw_word(&w, "FETCH");
        iw_open(&w);
        iw_flags(&w, IMAP_FLAG_SEEN, keywords, ARRAY_LEN(keywords));
        iw_string(&w, SPAN("with \"quotes\" and\r\nlines"));
        iw_mailbox(&w, SPAN("a\xc3\xa4z"));
        iw_close(&w);
        iw_end(&w);
    }
    return RC_OK;
}

static void
imap(void **state)
{
    (void)state;
    without_memory("commands", read_commands);
    without_memory("replies", write_replies);
}

/* ---- mail ---- */

static enum rc
scan(struct buf *out)
{
    const struct span message = span_of(mail, sizeof mail - 1);
    struct mime_part *root;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    if (mime_scan(message, &arena, &root) != RC_OK)
        return RC_LIMIT;
    mime_parts_encode(out, root);
    buf_put_char(out, '\n');
    bodystructure_put(out, message, root);
    return RC_OK;
}

static enum rc
envelope(struct buf *out)
{
    envelope_put(out, span_of(mail, sizeof mail - 1));
    return RC_OK;
}

static enum rc
summary(struct buf *out)
{
    struct rfc5322_summary found;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    const enum rc rc = rfc5322_summary(span_of(mail, sizeof mail - 1), &arena, &found);
    if (rc != RC_OK)
        return rc;
    buf_put_span(out, found.message_id);
    buf_put_span(out, found.in_reply_to);
    for (size_t i = 0; i < found.reference_count; i++)
        buf_put_span(out, found.references[i]);
    return RC_OK;
}

static struct span
field(const char *name)
{
    const struct span message = span_of(mail, sizeof mail - 1);
    const ptrdiff_t at = span_find(message, span_of_str(name));
    struct span value = span_tail(message, (size_t)at + strlen(name));

    while (value.len > 0) { /* up to a line end that no blank follows */
        const ptrdiff_t line = span_find_char(value, '\n');
        const struct span rest = span_tail(value, (size_t)line + 1);
        if (rest.len == 0 || (rest.ptr[0] != ' ' && rest.ptr[0] != '\t'))
            return span_of(message.ptr + at + strlen(name),
                           (size_t)(rest.ptr - message.ptr) - (size_t)at - strlen(name));
        value = rest;
    }
    return value;
}

static enum rc
sort_keys(struct buf *out)
{
    struct sort_keyer keyer;

    sort_keyer_init(&keyer);
    for (int twice = 0; twice < 2; twice++) {
        (void)sort_key_address(&keyer, field("From:"), out);
        (void)sort_key_address(&keyer, field("To:"), out);
        (void)sort_key_address(&keyer, field("Cc:"), out);
        (void)sort_key_subject(&keyer, field("Subject:"), out);
    }
    sort_keyer_done(&keyer);
    return RC_OK;
}

static enum rc
words(struct buf *out)
{
    AUTO_BUF scratch = {0};

    encoded_word_decode(out, field("Subject:"));
    encoded_word_decode(out, field("From:"));
    buf_init(&scratch, 1u << 16);
    const struct base_subject base = base_subject_of(field("Subject:"), &scratch);
    buf_put_span(out, base.text);
    return buf_ok(&scratch) ? RC_OK : RC_LIMIT;
}

static enum rc
search_text(struct buf *out)
{
    return charset_to_utf8(out, SPAN("koi8-r"), SPAN("\xf0\xd2\xc9"));
}

static enum rc
params(struct buf *out)
{
    struct mime_value value;
    struct span octets;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 16);
    enum rc rc = mime_value_parse(field("Content-Type:"), &arena, &value);
    if (rc == RC_OK)
        rc = mime_value_param_octets(&value, "boundary", &arena, &octets);
    if (rc != RC_OK)
        return rc;
    buf_put_span(out, octets);
    (void)mime_value_param_utf8(&value, "boundary", out);
    rc = mime_value_parse(field("Content-Disposition:"), &arena, &value);
    if (rc == RC_OK)
        (void)mime_value_param_utf8(&value, "filename", out);
    return rc;
}

static enum rc
search(struct buf *out)
{
    static const struct mime_needle needles[] = {
        {SPAN_INIT("needle here"), MIME_SCOPE_BODY, MIME_EXACT},
        {SPAN_INIT("j\xc3\xb6rg"), MIME_SCOPE_TEXT, MIME_EXACT},
        {SPAN_INIT("one two <a \"b\"@example.org>"), MIME_SCOPE_VALUE, MIME_EXACT},
        {SPAN_INIT("three four <three@example.org>"), MIME_SCOPE_VALUE, MIME_EXACT},
        {SPAN_INIT("absent"), MIME_SCOPE_TEXT, MIME_EXACT},
        {SPAN_INIT("here nedle"), MIME_SCOPE_TEXT, MIME_FUZZY_BEST},
        {SPAN_INIT("missing"), MIME_SCOPE_BODY, MIME_FUZZY},
        {SPAN_INIT("long name"), MIME_SCOPE_BODY, MIME_EXACT},
        {SPAN_INIT("shown \xc3\xa9"), MIME_SCOPE_BODY, MIME_EXACT},
    };
    struct mime_search search;
    struct mime_part *root;
    uint64_t offset;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    if (mime_scan(span_of(mail, sizeof mail - 1), &arena, &root) != RC_OK ||
        mime_search_init(&search, &arena, needles, ARRAY_LEN(needles)) != RC_OK)
        return RC_LIMIT;
    buf_put_char(out, "01"[mime_search_addresses(&search, 2, field("From:"))]);
    buf_put_char(out, "01"[mime_search_addresses(&search, 3, field("To:"))]);
    mime_search_begin(&search, root);
    while (mime_search_wants(&search, &offset))
        mime_search_feed(&search, span_of(mail + offset, 1));
    for (size_t i = 0; i < ARRAY_LEN(needles); i++)
        buf_put_char(out, "01"[mime_search_score(&search, i) > 0]);
    const bool failed = mime_search_failed(&search);
    mime_search_done(&search);
    return failed ? RC_LIMIT : RC_OK;
}

static void
of_mail(void **state)
{
    (void)state;
    without_memory("scan", scan);
    without_memory("envelope", envelope);
    without_memory("summary", summary);
    without_memory("sort keys", sort_keys);
    without_memory("words", words);
    without_memory("search text", search_text);
    without_memory("params", params);
    without_memory("search", search);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imap),
        cmocka_unit_test(of_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
