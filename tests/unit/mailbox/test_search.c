/* SPDX-License-Identifier: MIT */
/*
 * SEARCH: every key over a mailbox of known messages, text across charsets, encoded words and
 * case, then generated searches against a slow evaluation of the same tree.
 */
#include "content.h"

#include <string.h>

#include "base/rng.h"
#include "bench/mailgen.h"
#include "mailbox/search/search_private.h"

/* ---- running one ---- */

static struct search_req
request(const struct imap_cmd *cmd)
{
    return (struct search_req){
        .root = cmd->u.search.root,
        .has_charset = cmd->u.search.has_charset,
        .charset = cmd->u.search.charset,
        .now_s = CONTENT_NOW_S,
    };
}

/* deadline 0: as many slices as there can be, each with a snapshot of its own. */
static unsigned
run_slices(struct content *fx, struct search *search, int64_t deadline_us)
{
    unsigned slices = 0;
    enum rc rc = RC_AGAIN;

    while (rc == RC_AGAIN) {
        struct store_tx *tx = search_needs_store(search) ? content_read(fx) : NULL;
        rc = search_slice(search, tx, &fx->clock.clock, deadline_us, &fx->err);
        store_end(tx);
        slices++;
    }
    assert_ok(rc);
    return slices;
}

/* "1 3:5 7", or the name of the failure. */
static const char *
found(struct content *fx, struct view *view, const char *line)
{
    const struct search_req req = request(content_cmd(fx, line));
    struct search *search;
    struct view_run run;
    uint32_t pos = 0;
    uint32_t count = 0;
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    const enum rc rc = search_new(&fx->arena, view, &req, &search, &fx->err);
    if (rc != RC_OK)
        return rc_name(rc);
    run_slices(fx, search, 0);
    while (search_next_run(search, &pos, &run)) {
        if (count == 0)
            assert_int_equal(search_min(search), run.first);
        buf_printf(&text, count == 0 ? "%u" : " %u", run.first);
        if (run.last > run.first)
            buf_printf(&text, ":%u", run.last);
        count += run.last - run.first + 1;
    }
    assert_int_equal(search_count(search), count);
    if (count > 0)
        assert_int_equal(search_max(search), run.last);
    search_done(search);
    return arena_str(&fx->arena, buf_span(&text));
}

struct row {
    const char *line; /* after "SEARCH " */
    const char *answer;
};

static void
check(struct content *fx, struct view *view, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *line = arena_printf(&fx->arena, "SEARCH %s", rows[i].line);
        const char *answer = found(fx, view, line);
        if (strcmp(answer, rows[i].answer) != 0)
            fail_msg("%s: found %s, not %s", line, answer, rows[i].answer);
    }
}

static void
check_inbox(struct content *fx, const struct row *rows, size_t count)
{
    struct view *view = content_view(fx, "INBOX");

    check(fx, view, rows, count);
    content_view_done(view);
}

/* ---- keys that need no text ---- */

#define DAY INT64_C(86400)
#define FEB_1_1994 (INT64_C(8797) * DAY) /* 00:00 UTC */

static void
add(struct content *fx, struct content_mail mail)
{
    if (mail.text.ptr == NULL)
        mail.text = SPAN("Subject: x\r\n\r\ny\r\n");
    content_append(fx, &mail);
}

static void
add_texts(struct content *fx, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(fx, (struct content_mail){.text = span_of_str(texts[i])});
}

static void
test_entries(void **state)
{
    struct content *fx = *state;
    static const struct row rows[] = {
        {"ALL", "1:7"},
        {"ANSWERED", "2"},
        {"UNANSWERED", "1 3:7"},
        {"DELETED", "3"},
        {"UNDELETED", "1:2 4:7"},
        {"DRAFT", "4"},
        {"UNDRAFT", "1:3 5:7"},
        {"FLAGGED", "2 5"},
        {"UNFLAGGED", "1 3:4 6:7"},
        {"SEEN", "1:2"},
        {"UNSEEN", "3:7"},
        {"KEYWORD $Forwarded", "6"},
        {"KEYWORD $forwarded", "6"},
        {"KEYWORD never-set", ""},
        {"UNKEYWORD $Forwarded", "1:5 7"},
        {"UNKEYWORD never-set", "1:7"},
        {"KEYWORD Zwei KEYWORD $Forwarded", "6"},
        {"RECENT", "1:7"},
        {"NEW", "3:7"},
        {"OLD", ""},
        {"NOT RECENT", ""},
        {"2:4", "2:4"},
        {"2,4:5,7:*", "2 4:5 7"},
        {"*", "7"},
        {"8", ""}, /* RFC 7377 section 2 */
        {"6:100", "6:7"},
        {"NOT 8", "1:7"},
        {"UID 2:3,6:99", "2:3 6:7"},
        {"UID 99", ""},
        {"NOT 2:6", "1 7"},
        {"OR 1 UID 7", "1 7"},
        {"2:6 NOT UID 4", "2:3 5:6"},
        {"LARGER 17", "7"},
        {"SMALLER 18", "1:6"},
        {"LARGER 0", "1:7"},
        {"SMALLER 0", ""},
        {"NOT ALL", ""},
        {"OR NOT ALL FLAGGED", "2 5"},
        {"(SEEN) (NOT (ANSWERED))", "1"},
        {"OR (OR SEEN DRAFT) DELETED", "1:4"},
    };

    add(fx, (struct content_mail){.flags = MSG_SEEN});
    add(fx, (struct content_mail){.flags = MSG_SEEN | MSG_ANSWERED | MSG_FLAGGED});
    add(fx, (struct content_mail){.flags = MSG_DELETED});
    add(fx, (struct content_mail){.flags = MSG_DRAFT});
    add(fx, (struct content_mail){.flags = MSG_FLAGGED});
    add(fx, (struct content_mail){.keywords = "$Forwarded Zwei"});
    add(fx,
        (struct content_mail){.text = SPAN("Subject: xy\r\n\r\ny\r\n"), .keywords = "Drei"});
    check_inbox(fx, rows, ARRAY_LEN(rows));

    /* The next session sees nothing \Recent. */
    struct view *view = content_view(fx, "INBOX");
    check(fx, view, (struct row[]){{"RECENT", ""}, {"OLD", "1:7"}, {"NEW", ""}}, 3);
    content_view_done(view);
}

static void
test_dates(void **state)
{
    struct content *fx = *state;
    /* RFC 3501 section 6.4.4: time and zone are disregarded: the date as the zone has it. */
    static const struct row rows[] = {
        {"BEFORE 1-Feb-1994", "1:2"}, {"ON 1-Feb-1994", "3:4"},
        {"SINCE 1-Feb-1994", "3:6"},  {"ON 2-Feb-1994", "5"},
        {"SINCE 2-Feb-1994", "5:6"},  {"NOT SINCE 1-Feb-1994", "1:2"},
        {"ON 31-Jan-1994", "1:2"},    {"YOUNGER 60", "6"},
        {"YOUNGER 59", ""},           {"OLDER 60", "1:6"},
        {"OLDER 61", "1:5"},          {"OLDER 4294967295", ""},
    };

    add(fx, (struct content_mail){.internaldate_s = FEB_1_1994 - 1});
    add(fx, (struct content_mail){.internaldate_s = FEB_1_1994, .zone_min = -60});
    add(fx, (struct content_mail){.internaldate_s = FEB_1_1994 - 1, .zone_min = 60});
    add(fx, (struct content_mail){.internaldate_s = FEB_1_1994 + DAY - 1});
    add(fx, (struct content_mail){.internaldate_s = FEB_1_1994 + DAY});
    add(fx, (struct content_mail){.internaldate_s = CONTENT_NOW_S - 60});
    check_inbox(fx, rows, ARRAY_LEN(rows));
}

static void
test_sent(void **state)
{
    struct content *fx = *state;
    static const struct row rows[] = {
        {"SENTON 1-Feb-1994", "1:2"},        {"SENTBEFORE 1-Feb-1994", "3"},
        {"SENTSINCE 1-Feb-1994", "1:2 4"},   {"SENTSINCE 2-Feb-1994", "4"},
        {"NOT SENTSINCE 1-Jan-1970", "5:6"},
    };
    static const char *const dates[] = {
        "Date: Tue, 1 Feb 1994 23:59:59 -1200\r\n",
        "Date: 1 Feb 94 00:00 +1400\r\n",
        "Date: Mon, 31 Jan 1994 23:59:59 +0000\r\n",
        "DATE:\r\n Wed,\r\n  2 Feb 1994 (a comment) 00:00:00 GMT\r\n",
        "Date: 31 Feb 1994 00:00:00 GMT\r\n",
        "X-Date: 1 Feb 1994 00:00:00 GMT\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(dates); i++)
        add(fx, (struct content_mail){
                    .text = span_of_str(arena_printf(&fx->arena, "%s\r\nx\r\n", dates[i]))});
    check_inbox(fx, rows, ARRAY_LEN(rows));
}

/* ---- text ---- */

/* FROM, TO, CC and BCC look at the addresses as they are written and as ENVELOPE shows them
 * (RFC 3501 section 6.4.4); HEADER looks at the field only. */
static void
test_addresses(void **state)
{
    struct content *fx = *state;
    static const char *const mails[] = {
        "From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\r\n\r\nx\r\n",
        "From: \"Giant; \\\"Big\\\"\" Box <big . box @ example\r\n .net>\r\n\r\nx\r\n",
        "To: ann@example.org (Ann\r\n\t=?utf-8?q?M=C3=BCller?=)\r\n\r\nx\r\n",
        ("Cc: A Group(some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>;\r\n"
         "Bcc: <@node.test:\"john doe\"@example.net>\r\n\r\nx\r\n"),
        "To: Plain One <one@example.org>, two@example.org\r\n\r\nx\r\n",
    };
    static const struct row rows[] = {
        {"FROM pete@silly.test", "1"},
        {"FROM \"his account\"", "1"},
        {"HEADER From pete@silly.test", ""},
        {"FROM big.box@example.net", "2"},
        {"FROM \"giant; \\\"big\\\" box <big.box@\"", "2"},
        {"CHARSET utf-8 TO \"Ann M\xc3\xbcller <ann@example.org>\"", "3"},
        {"TO \"ann@example.org (ann\"", "3"},
        {"CC c@public.example", "4"},
        {"CC \"a group: chris\"", "4"},
        {"CC \"(some people)\"", "4"},
        {"BCC \"john doe@example.net\"", "4"},
        {"BCC node.test", "4"},
        {"BCC \"\"", "4"},
        {"TO \"one@example.org>, two@\"", "5"},
        {"NOT FROM pete@silly.test", "2:5"},
        {"FROM one@example.org", ""},
    };

    add_texts(fx, mails, ARRAY_LEN(mails));
    check_inbox(fx, rows, ARRAY_LEN(rows));
}

static void
test_fields(void **state)
{
    struct content *fx = *state;
    static const char *const mails[] = {
        "From: Fred Foobar <foobar@Blurdybloop.example>\r\nTo: mooch@owatagu.siam.edu\r\n"
        "Cc: a@b, c@d\r\nSubject: afternoon meeting\r\nX-Loop: one\r\n\r\nbody one\r\n",
        /* Encoded words, split, of two charsets */
        "From: =?iso-8859-1?Q?J=FCrgen_M=FCller?= <jm@example.org>\r\n"
        "Subject: =?utf-8?B?R3LDvMOfZSBhdXM=?= =?utf-8?Q?_Stra=C3=9Fburg?=\r\n"
        "Bcc: hidden@example.org\r\n\r\nx\r\n",
        /* Cyrillic in KOI8-R; a field folded in the middle of a phrase */
        "Subject: =?koi8-r?B?8NLJ18XU?=\r\nTo: first\r\n second <x@y>\r\n"
        "X-Unheard-Of: Strange Value\r\n\r\nx\r\n",
        /* Raw 8-bit, and empty and repeated fields */
        "Subject:\r\nSubject: second one\r\nFrom: Andr\xe9 <a@b>\r\nX-Empty:\r\n\r\nx\r\n",
        /* No header at all, and a name without a field */
        "\r\nSubject: in the body\r\n",
    };
    static const struct row rows[] = {
        {"FROM foobar", "1"},
        {"FROM \"fred FOOBAR\"", "1"},
        {"FROM blurdybloop.example", "1"},
        {"FROM mooch", ""},
        {"TO mooch", "1"},
        {"CC c@d", "1"},
        {"BCC hidden", "2"},
        {"SUBJECT \"noon meet\"", "1"},
        {"CHARSET utf-8 FROM \"m\xc3\xbcller\"", "2"},
        {"CHARSET utf-8 FROM \"M\xc3\x9cLLER\"", "2"},
        {"CHARSET iso-8859-1 FROM \"j\xfcrgen\"", "2"},
        {"CHARSET utf-8 SUBJECT \"gr\xc3\xbc\xc3\x9f"
         "e aus stra\xc3\x9f"
         "burg\"",
         "2"},
        {"SUBJECT strassburg", "2"}, /* full case folding */
        {"CHARSET utf-8 SUBJECT \"STRASSBURG\"", "2"},
        {"SUBJECT gru", "2"}, /* a base letter finds its accents */
        {"CHARSET utf-8 SUBJECT \"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\"", "3"},
        {"CHARSET utf-8 SUBJECT \"\xd0\x9f\xd0\xa0\xd0\x98\"", "3"},
        {"CHARSET koi8-r SUBJECT \"\xd0\xd2\xc9\xd7\xc5\xd4\"", "3"},
        {"CHARSET utf-8 FROM \"andr\xc3\xa9\"", "4"},
        {"TO \"first second\"", "3"},
        {"SUBJECT \"second one\"", "4"},
        {"SUBJECT \"\"", "1:4"},
        {"HEADER Subject \"\"", "1:4"},
        {"HEADER X-Unheard-Of \"\"", "3"},
        {"HEADER x-unheard-of strange", "3"},
        {"HEADER X-Unheard-Of weird", ""},
        {"HEADER X-Empty \"\"", "4"},
        {"HEADER X-Empty x", ""},
        {"HEADER X-Loop one", "1"},
        {"HEADER Received \"\"", ""},
        {"NOT HEADER Subject \"\"", "5"},
        {"OR FROM foobar HEADER X-Unheard-Of value", "1 3"},
        {"NOT FROM foobar NOT HEADER X-Unheard-Of value", "2 4:5"},
        {"BODY subject", "5"},
        {"TEXT subject", "1:5"},
        {"BODY foobar", ""},
        {"TEXT foobar", "1"},
        {"BODY \"\"", "1:5"},
        {"TEXT \"\"", "1:5"},
        {"CHARSET nonsense TEXT x", "bad-charset"},
        {"CHARSET nonsense ALL", "bad-charset"},
        {"CHARSET us-ascii FROM foobar", "1"},
        {"CHARSET utf-8 FROM \"\xff\xfe\"", "invalid"},
    };

    add_texts(fx, mails, ARRAY_LEN(mails));
    check_inbox(fx, rows, ARRAY_LEN(rows));
}

static void
test_bodies(void **state)
{
    struct content *fx = *state;
    static const char *const mails[] = {
        "Content-Type: text/plain; charset=iso-8859-1\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nEin sch=F6nes Gr=FC=DFen, soft=\r\n"
        "break\r\n",
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "R3LDvMOfZSBhdXMgZGVtIEvDtnJwZXI=\r\n",
        "Content-Type: multipart/alternative; boundary=b\r\n\r\npreamble needle\r\n--b\r\n"
        "Content-Type: text/plain\r\n\r\nplain part\r\n--b\r\nContent-Type: text/html\r\n"
        "X-Part: partheader\r\n\r\n<p>html part</p>\r\n--b--\r\nepilogue needle\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nbmVlZGxlIGluIGEgcGljdHVyZQ==\r\n--b\r\n"
        "Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?Q?inn=C3=A9r?=\r\n\r\ninner "
        "text\r\n"
        "--b--\r\n",
    };
    static const struct row rows[] = {
        {"CHARSET utf-8 BODY \"sch\xc3\xb6nes gr\xc3\xbc\xc3\x9f\"", "1"},
        {"CHARSET utf-8 BODY \"GR\xc3\x9cSS\"", "1:2"},
        {"BODY softbreak", "1"},
        {"BODY ssen", "1"},
        {"BODY gru", "1:2"},
        {"CHARSET utf-8 BODY \"k\xc3\xb6rper\"", "2"},
        {"BODY \"plain part\"", "3"},
        {"BODY \"html part\"", "3"},
        {"BODY needle", ""}, /* preamble, epilogue and pictures are no text */
        {"BODY partheader", "3"},
        {"CHARSET utf-8 BODY \"inn\xc3\xa9r\"", "4"},
        {"BODY \"inner text\"", "4"},
        {"BODY \"part html\"", ""}, /* nothing spans two parts */
        {"OR BODY softbreak BODY inner", "1 4"},
        {"BODY plain BODY html", "3"},
        {"BODY plain BODY absent", ""},
        {"NOT BODY inner", "1:3"},
        {"2:4 TEXT \"plain part\"", "3"},
    };

    add_texts(fx, mails, ARRAY_LEN(mails));
    check_inbox(fx, rows, ARRAY_LEN(rows));
}

/* ---- slices, `$`, modseq, other sessions ---- */

static void
test_slices(void **state)
{
    struct content *fx = *state;
    struct search *search;
    AUTO_BUF text = {0};

    buf_init(&text, 16 << 20);
    buf_put_lit(&text, "Subject: large\r\n\r\n");
    for (int i = 0; i < 100000; i++)
        buf_printf(&text, "line %d of a large body\r\n", i);
    buf_put_lit(&text, "at the very end\r\n");
    add(fx, (struct content_mail){.text = buf_span(&text)});
    add(fx, (struct content_mail){.text = SPAN("Subject: s\r\n\r\nat the very end\r\n")});
    struct view *view = content_view(fx, "INBOX");

    struct search_req req = request(content_cmd(fx, "SEARCH BODY \"very end\""));
    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    assert_true(search_needs_store(search));
    assert_in_range(run_slices(fx, search, 0), 5, 2000);
    assert_int_equal(search_count(search), 2);
    search_done(search);

    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    assert_int_equal(run_slices(fx, search, INT64_MAX), 1);
    assert_int_equal(search_count(search), 2);
    search_done(search);

    /* Another session expunges everything in the middle of the text. */
    struct expunge_op op;
    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    struct store_tx *tx = content_read(fx);
    assert_rc(search_slice(search, tx, &fx->clock.clock, 0, &fx->err), RC_AGAIN);
    store_end(tx);
    expunge_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.mbox = content_mbox(view);
    assert_ok(content_run(fx, &op.turn));
    run_slices(fx, search, 0);
    assert_int_equal(search_count(search), 2); /* the view still names them */
    search_done(search);
    content_view_done(view);
}

/* Many keys about a large field of one message: they are looked at in several slices. */
static void
test_slices_between_fields(void **state)
{
    enum { KEYS = 300 };
    struct content *fx = *state;
    struct search *search;
    AUTO_BUF text = {0};
    AUTO_BUF line = {0};

    buf_init(&text, 1 << 20);
    buf_init(&line, 1 << 20);
    buf_put_lit(&text, "To: a@example.org\r\nSubject:");
    for (int i = 0; i < 4000; i++)
        buf_printf(&text, " word%d of a subject\r\n", i);
    buf_put_lit(&text, "X-Odd: odd\r\n\r\nbody\r\n");
    add(fx, (struct content_mail){.text = buf_span(&text)});
    add(fx, (struct content_mail){.text = SPAN("Subject: nothing\r\n\r\nbody\r\n")});
    add(fx, (struct content_mail){.text = SPAN("Subject: absent299\r\n\r\nbody\r\n")});
    struct view *view = content_view(fx, "INBOX");

    buf_put_lit(&line, "SEARCH BODY body");
    for (int i = 0; i < KEYS; i++)
        buf_printf(&line, " NOT SUBJECT absent%d", i);
    buf_put_lit(&line, " OR HEADER X-Odd odd SUBJECT nothing");
    const char *command = arena_str(&fx->arena, buf_span(&line));
    struct search_req req = request(content_cmd(fx, command));
    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    assert_true(run_slices(fx, search, 0) > 10);
    assert_int_equal(search_count(search), 2);
    assert_int_equal(search_max(search), 2);
    search_done(search);
    /* The same when it is never stopped. */
    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    (void)run_slices(fx, search, INT64_MAX);
    assert_int_equal(search_count(search), 2);
    search_done(search);
    content_view_done(view);
}

static void
test_work_limit(void **state)
{
    static const struct {
        uint64_t work;
        enum rc rc;
    } rows[] = {{LIMIT_SEARCH_WORK, RC_OK},
                {LIMIT_SEARCH_WORK + 1, RC_LIMIT},
                {UINT64_MAX / 2, RC_LIMIT}};
    struct content *fx = *state;

    add(fx, (struct content_mail){.text = SPAN("Subject: x\r\n\r\nbody\r\n")});
    struct view *view = content_view(fx, "INBOX");
    const struct search_req req = request(content_cmd(fx, "SEARCH SEEN"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct search *search;
        assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
        search->work = rows[i].work + search->allowed;
        assert_rc(search_slice(search, NULL, &fx->clock.clock, INT64_MAX, &fx->err),
                  rows[i].rc);
        assert_true(search_over_limit(search) == (rows[i].rc == RC_LIMIT));
        search_done(search);
    }
    content_view_done(view);
}

/* So many keys are free in mail of any size: with them a search ends although no work is left
 * to it. Further ones are paid for. Of FUZZY keys, each word counts. */
static void
test_free_keys(void **state)
{
    static const struct {
        const char *manner;
        unsigned keys;
        enum rc rc;
    } rows[] = {{"", LIMIT_SEARCH_FREE_KEYS, RC_OK},
                {"", LIMIT_SEARCH_FREE_KEYS + 1, RC_LIMIT},
                {"", LIMIT_SEARCH_FREE_KEYS * 100, RC_LIMIT},
                {"FUZZY ", 3, RC_OK},
                {"FUZZY ", LIMIT_FUZZY_WORDS, RC_LIMIT}};
    struct content *fx = *state;
    AUTO_BUF text = {0};

    buf_init(&text, 4 << 20);
    buf_put_lit(&text, "Subject: x\r\n\r\n");
    for (unsigned i = 0; i < 50000; i++)
        buf_printf(&text, "line %u of a long text\r\n", i);
    for (unsigned i = 0; i < 4; i++)
        add(fx, (struct content_mail){.text = buf_span(&text)});
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct search *search;
        AUTO_BUF line = {0};
        buf_init(&line, 1 << 20);
        buf_put_lit(&line, "SEARCH");
        for (unsigned key = 0; key < rows[i].keys; key++)
            buf_printf(&line, " NOT %sBODY absent%u", rows[i].manner, key);
        const char *command = arena_str(&fx->arena, buf_span(&line));
        const struct search_req req = request(content_cmd(fx, command));
        struct store_tx *tx = content_read(fx);
        assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
        search->work = LIMIT_SEARCH_WORK;
        enum rc rc = RC_AGAIN;
        while (rc == RC_AGAIN)
            rc = search_slice(search, tx, &fx->clock.clock, 0, &fx->err);
        assert_rc(rc, rows[i].rc);
        assert_true(search_over_limit(search) == (rc == RC_LIMIT));
        search_done(search);
        store_end(tx);
    }
    content_view_done(view);
}

/* Words that are much alike are compared at a cost that always counts, however few keys there
 * are; so it does for the mailboxes that come later. */
static void
test_close_words(void **state)
{
    static const struct {
        const char *key;
        uint64_t least;
    } rows[] = {
        {"FUZZY BODY mistooken", 100000},
        {"FUZZY SUBJECT mistooken", 10000},
        {"BODY mistooken", 0},
        {"FUZZY BODY zzzzzz", 0},
    };
    struct content *fx = *state;
    AUTO_BUF text = {0};

    buf_init(&text, 4 << 20);
    buf_put_lit(&text, "Subject:");
    for (unsigned i = 0; i < 2000; i++)
        buf_printf(&text, " mistokoen%s", i % 50 == 0 ? "\r\n" : "");
    buf_put_lit(&text, "\r\n\r\n");
    for (unsigned i = 0; i < 20000; i++)
        buf_put_lit(&text, "mistkoeon mistokone\r\n");
    add(fx, (struct content_mail){.text = buf_span(&text)});
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *line = arena_printf(&fx->arena, "SEARCH %s", rows[i].key);
        struct search_req req = request(content_cmd(fx, line));
        struct search *search;
        req.rates = true;
        assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
        run_slices(fx, search, INT64_MAX);
        const uint64_t spent = search_overspent(search);
        search_done(search);
        if (rows[i].least == 0 ? spent != 0 : spent < rows[i].least)
            fail_msg("%s: %ju", line, (uintmax_t)spent);
        req = request(content_cmd(fx, line));
        req.overspent = LIMIT_SEARCH_WORK - 1;
        req.rates = true;
        struct store_tx *tx = content_read(fx);
        assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
        enum rc rc = RC_AGAIN;
        while (rc == RC_AGAIN)
            rc = search_slice(search, tx, &fx->clock.clock, 0, &fx->err);
        assert_int_equal(search_overspent(search) > LIMIT_SEARCH_WORK, rows[i].least > 0);
        search_done(search);
        store_end(tx);
    }
    content_view_done(view);
}

static void
test_saved_and_modseq(void **state)
{
    struct content *fx = *state;
    static const struct uid_run saved[] = {{2, 3}, {5, UINT32_MAX}};
    struct search *search;
    uint64_t modseq = 0;

    for (int i = 0; i < 6; i++)
        modseq =
            content_append(fx, &(struct content_mail){.text = SPAN("a: b\r\n\r\n")}).modseq;
    struct view *view = content_view(fx, "INBOX");
    struct search_req req = request(content_cmd(fx, "SEARCH $"));
    req.saved = saved;
    req.saved_count = 2;
    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    run_slices(fx, search, 0);
    assert_int_equal(search_count(search), 4);
    assert_int_equal(search_min(search), 2);
    assert_int_equal(search_max(search), 6);
    assert_true(search_max_modseq(search) == modseq);
    assert_true(search_modseq_of_max(search) == modseq);
    assert_true(search_modseq_of_min(search) < modseq);
    search_done(search);

    const char *line = arena_printf(&fx->arena, "SEARCH MODSEQ %ju", (uintmax_t)modseq);
    assert_string_equal(found(fx, view, line), "6");
    line = arena_printf(&fx->arena, "SEARCH MODSEQ %ju", (uintmax_t)modseq + 1);
    assert_string_equal(found(fx, view, line), "");

    /* Flags that another session sets while we search. */
    struct flags_op op;
    const struct uid_run run = {4, 4};
    flags_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.mbox = content_mbox(view);
    op.runs = &run;
    op.run_count = 1;
    op.mode = FLAGS_ADD;
    op.flags = MSG_FLAGGED;
    op.unchanged_since = MODSEQ_ANY;
    assert_ok(content_run(fx, &op.turn));
    assert_string_equal(found(fx, view, "SEARCH FLAGGED"), "4");
    content_view_done(view);

    view = content_view(fx, "Drafts"); /* empty */
    assert_string_equal(found(fx, view, "SEARCH ALL"), "");
    assert_string_equal(found(fx, view, "SEARCH UID 1:*"), "");
    content_view_done(view);
}

/* ---- FUZZY: RFC 6203 ---- */

/* "1=100 3=42": what was found, with scores; all in one slice, or in as many as there can be.
 */
static const char *
scored(struct content *fx, struct view *view, const char *line)
{
    static const int64_t deadlines_us[] = {0, INT64_MAX};
    const char *answers[ARRAY_LEN(deadlines_us)];
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(deadlines_us); i++) {
        struct search_req req = request(content_cmd(fx, line));
        struct search *search;
        uint32_t place = 0;
        req.rates = true;
        assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
        run_slices(fx, search, deadlines_us[i]);
        buf_clear(&text);
        for (uint32_t seq = 1; seq <= view->exists; seq++) {
            if (!search_found(search, seq))
                continue;
            buf_printf(&text, place == 0 ? "%u=%u" : " %u=%u", seq,
                       search_score(search, place));
            place++;
        }
        assert_int_equal(search_count(search), place);
        search_done(search);
        answers[i] = arena_str(&fx->arena, buf_span(&text));
    }
    assert_string_equal(answers[0], answers[1]);
    return answers[0];
}

static void
test_fuzzy(void **state)
{
    struct content *fx = *state;
    static const char *const mails[] = {
        "Subject: IMAP break\r\nFrom: Anna Berg <anna@example.org>\r\n\r\nnothing\r\n",
        "Subject: break the IMAP\r\nFrom: bob@example.org\r\n\r\nhello\r\n",
        "Subject: lunch\r\nFrom: Hanna <h@example.org>\r\nX-Note: help\r\n\r\nimap breaks\r\n",
        "From: carl@example.org\r\n\r\nhello hello, helo\r\n",
        "Subject: Hello\r\nDate: 1 Feb 1994 00:00:00 +0000\r\n\r\n\r\n",
    };
    static const struct row rows[] = {
        {"FUZZY SUBJECT \"imap break\"", "1=100 2=85"},
        {"FUZZY TEXT \"imap break\"", "1=100 2=85 3=55"},
        {"FUZZY BODY \"imap break\"", "3=55"},
        {"FUZZY TEXT Helo", "2=27 3=27 4=60 5=45"},
        {"FUZZY FROM ana", ""},
        {"FUZZY FROM anna", "1=100 3=45"},
        {"FUZZY HEADER X-Note helo", "3=45"},
        /* alternatives: the best; what must all match: the mean */
        {"OR FUZZY SUBJECT helo FUZZY TEXT helo", "2=27 3=27 4=60 5=45"},
        {"FUZZY OR SUBJECT lunch BODY helo", "2=27 3=100 4=60"},
        {"FUZZY (SUBJECT lunch BODY break)", "3=75"},
        /* keys that are not fuzzy, or look for no text, have no say in it */
        {"FUZZY SUBJECT break FROM anna", "1=100"},
        {"FUZZY SUBJECT break UNSEEN", "1=100 2=100"},
        {"FUZZY (SUBJECT helo SMALLER 1000)", "5=45"},
        {"OR FUZZY SUBJECT helo SUBJECT lunch", "3=100 5=45"},
        /* but what matches one exactly is not worse than if it matched nothing else */
        {"OR FUZZY SUBJECT helo SUBJECT hello", "5=100"},
        {"OR SENTON 1-Feb-1994 FUZZY SUBJECT helo", "5=100"},
        {"OR FUZZY SUBJECT helo NOT FUZZY SUBJECT hello", "1=100 2=100 3=100 4=100 5=45"},
        {"OR FUZZY FROM anna BODY imap", "1=100 3=100"},
        {"OR FUZZY TEXT helo 3", "2=27 3=100 4=60 5=45"},
        {"FUZZY TEXT helo OR FUZZY SUBJECT nothing BODY hello", "2=64 4=80"},
        {"FUZZY UNSEEN", "1=100 2=100 3=100 4=100 5=100"},
        {"FUZZY SEEN", ""},
        {"FUZZY 2:3", "2=100 3=100"},
        {"FUZZY SENTON 1-Feb-1994", "5=100"},
        {"FUZZY SUBJECT \"\"", "1=100 2=100 3=100 5=100"},
        {"FUZZY TEXT \"\"", "1=100 2=100 3=100 4=100 5=100"},
        /* below NOT it does not matter how well they match */
        {"NOT FUZZY TEXT helo", "1=100"},
        {"NOT FUZZY SUBJECT helo FUZZY SUBJECT lunch", "3=100"},
        {"FUZZY NOT (TEXT helo NOT SUBJECT lunch)", "1=100 3=100"},
    };

    add_texts(fx, mails, ARRAY_LEN(mails));
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *line = arena_printf(&fx->arena, "SEARCH %s", rows[i].line);
        const char *answer = scored(fx, view, line);
        if (strcmp(answer, rows[i].answer) != 0)
            fail_msg("%s: found %s, not %s", line, answer, rows[i].answer);
    }
    content_view_done(view);
}

/* One key about a field that a message has often: its values are looked at in several slices,
 * and each of them once. */
static void
test_slices_between_values(void **state)
{
    enum { VALUES = 200 };
    static const struct {
        const char *key;
        const char *answer;
    } rows[] = {
        {"FUZZY HEADER X-Many wrod199", ""},
        {"FUZZY HEADER X-Many mistaek", "1=56"},
        {"FUZZY SUBJECT mistaek", "1=56"},
        {"NOT FUZZY HEADER X-Many mistaek", "2=100"},
        {"OR FUZZY HEADER X-Many mistaek FUZZY HEADER X-Other mistake", "1=100"},
    };
    static const char *const names[] = {"X-Many", "Subject"};
    struct content *fx = *state;
    AUTO_BUF text = {0};

    buf_init(&text, 8 << 20);
    for (int i = 0; i < VALUES; i++)
        for (size_t name = 0; name < ARRAY_LEN(names); name++) {
            buf_printf(&text, "%s: word%d", names[name], i);
            for (int k = 0; k < 1000; k++)
                buf_printf(&text, "%s mistooken", k % 80 == 79 ? "\r\n" : "");
            buf_printf(&text, "%s\r\n", i == VALUES - 1 ? " mistake" : "");
        }
    buf_put_lit(&text, "X-Other: mistake\r\n\r\nbody\r\n");
    add(fx, (struct content_mail){.text = buf_span(&text)});
    add(fx, (struct content_mail){.text = SPAN("Subject: nothing\r\n\r\nbody\r\n")});
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *line = arena_printf(&fx->arena, "SEARCH %s", rows[i].key);
        const char *answer = scored(fx, view, line);
        if (strcmp(answer, rows[i].answer) != 0)
            fail_msg("%s: found %s, not %s", line, answer, rows[i].answer);
    }

    struct search_req req = request(content_cmd(fx, "SEARCH FUZZY HEADER X-Many mistaek"));
    struct search *search;
    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    assert_in_range(run_slices(fx, search, 0), 3, 100);
    assert_int_equal(search_count(search), 1);
    search_done(search);
    content_view_done(view);
}

/* Nobody asks for scores: a text is read no further than to the first match. */
static void
test_fuzzy_work(void **state)
{
    struct content *fx = *state;
    uint64_t work[2];
    AUTO_BUF text = {0};

    buf_init(&text, 4 << 20);
    buf_put_lit(&text, "Subject: x\r\n\r\nneedle\r\n");
    for (unsigned i = 0; i < 50000; i++)
        buf_printf(&text, "line %u of a long text\r\n", i);
    add(fx, (struct content_mail){.text = buf_span(&text)});
    struct view *view = content_view(fx, "INBOX");
    for (unsigned rates = 0; rates < 2; rates++) {
        struct search_req req = request(content_cmd(fx, "SEARCH FUZZY BODY nedle"));
        struct search *search;
        req.rates = rates == 1;
        assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
        run_slices(fx, search, INT64_MAX);
        assert_int_equal(search_count(search), 1);
        work[rates] = search->work;
        search_done(search);
    }
    assert_true(work[1] > 2 * work[0]);
    content_view_done(view);
}

/* ---- any tree gives what its keys give one by one ---- */

static const char *const atoms[] = {
    "SEEN",
    "FLAGGED",
    "1:7",
    "UID 5:15",
    "LARGER 3000",
    "SUBJECT re",
    "FROM a",
    "TO example",
    "BODY the",
    "TEXT and",
    "BODY e",
    "HEADER Received \"\"",
    "SENTSINCE 1-Jan-2020",
    "SUBJECT \"\"",
    "CC b",
    "KEYWORD $Junk",
    "HEADER DKIM-Signature a",
    "FUZZY SUBJECT re",
    "FUZZY FROM anna",
    "FUZZY TEXT \"and teh\"",
    "FUZZY BODY the",
    "FUZZY HEADER DKIM-Signature a",
};

/* What is found exactly, is found fuzzily. */
static const char *const exact_texts[] = {
    "SUBJECT re",
    "FROM a",
    "TO example",
    "BODY the",
    "TEXT and",
    "BODY e",
    "BODY \"e of the\"",
    "TEXT \"@\"",
    "CC b",
    "BODY \"s, \"",
    "HEADER DKIM-Signature \"a=\"",
};

struct oracle {
    uint64_t bits[ARRAY_LEN(atoms)]; /* of the messages that match each */
    uint64_t all;
};

/* Appends a random tree; its value is the result. */
static uint64_t
grow(struct buf *line, const struct oracle *oracle, struct rng *rng, int depth)
{
    const uint64_t kind = depth == 0 ? 0 : rng_below(rng, 5);
    uint64_t left;

    if (kind == 1) {
        buf_put_lit(line, "NOT ");
        return ~grow(line, oracle, rng, depth - 1) & oracle->all;
    }
    if (kind == 2) {
        buf_put_lit(line, "OR ");
        left = grow(line, oracle, rng, depth - 1);
        buf_put_char(line, ' ');
        return left | grow(line, oracle, rng, depth - 1);
    }
    if (kind == 3) {
        buf_put_char(line, '(');
        left = grow(line, oracle, rng, depth - 1);
        buf_put_char(line, ' ');
        left &= grow(line, oracle, rng, depth - 1);
        buf_put_char(line, ')');
        return left;
    }
    const size_t atom = rng_below(rng, ARRAY_LEN(atoms));
    buf_put_str(line, atoms[atom]);
    return oracle->bits[atom];
}

static uint64_t
found_bits(struct content *fx, struct view *view, const char *line, bool rates)
{
    struct search_req req = request(content_cmd(fx, line));
    struct search *search;
    struct view_run run;
    uint32_t pos = 0;
    uint64_t bits = 0;

    req.rates = rates;
    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    run_slices(fx, search, 0);
    while (search_next_run(search, &pos, &run))
        for (uint32_t seq = run.first; seq <= run.last; seq++)
            bits |= UINT64_C(1) << seq;
    search_done(search);
    return bits;
}

/* The same text below NOT and elsewhere: what is found does not depend on whether scores are
 * asked for, although counted twice its words would be more than there may be. */
static void
test_fuzzy_below_not(void **state)
{
    struct content *fx = *state;
    AUTO_BUF words = {0};

    buf_init(&words, 1 << 16);
    for (unsigned i = 0; i < LIMIT_FUZZY_WORDS - 2; i++)
        buf_put_lit(&words, "word ");
    add(fx, (struct content_mail){.text = SPAN("Subject: one two\r\n\r\nx\r\n")});
    add(fx, (struct content_mail){.text = SPAN("Subject: one two\r\n\r\nword\r\n")});
    add(fx, (struct content_mail){.text = SPAN("Subject: word\r\n\r\nx\r\n")});
    struct view *view = content_view(fx, "INBOX");
    const char *text = arena_str(&fx->arena, buf_span(&words));
    const char *const tail = "TEXT \"two one\")";
    const struct {
        const char *line;
        uint64_t found; /* bits of sequence numbers */
    } rows[] = {
        {arena_printf(&fx->arena, "SEARCH FUZZY (TEXT \"%s\" NOT TEXT \"%s\" %s", text, text,
                      tail),
         0},
        {arena_printf(&fx->arena, "SEARCH FUZZY (OR NOT TEXT \"%s\" TEXT \"%s\" %s", text, text,
                      tail),
         1 << 1 | 1 << 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int rates = 0; rates < 2; rates++)
            assert_int_equal(found_bits(fx, view, rows[i].line, rates == 1), rows[i].found);
    content_view_done(view);
}

static void
test_trees(void **state)
{
    struct content *fx = *state;
    const struct mailgen_options options = {
        .seed = 12, .broken_percent = 20, .mean_octets = 3000, .max_octets = 30000};
    struct mailgen *gen;
    struct mailgen_message message;
    struct oracle oracle = {.all = 0};
    struct rng rng;
    AUTO_BUF line = {0};

    buf_init(&line, 1 << 16);
    rng_seed(&rng, 8);
    assert_ok(mailgen_new(&options, &gen, &fx->err));
    for (uint32_t seq = 1; seq <= 40; seq++) {
        mailgen_next(gen, &message);
        add(fx, (struct content_mail){.text = message.octets,
                                      .flags = (uint32_t)rng_u64(&rng) & MSG_SYSTEM_FLAGS});
        oracle.all |= UINT64_C(1) << seq;
    }
    mailgen_free(gen);
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(atoms); i++)
        oracle.bits[i] =
            found_bits(fx, view, arena_printf(&fx->arena, "SEARCH %s", atoms[i]), false);
    for (size_t i = 0; i < ARRAY_LEN(exact_texts); i++) {
        const char *more =
            arena_printf(&fx->arena, "SEARCH %s NOT FUZZY %s", exact_texts[i], exact_texts[i]);
        if (found_bits(fx, view, more, false) != 0)
            fail_msg("%s", more);
    }

    for (int round = 0; round < 300; round++) {
        buf_clear(&line);
        buf_put_lit(&line, "SEARCH ");
        const uint64_t wanted = grow(&line, &oracle, &rng, 6);
        const char *text = arena_str(&fx->arena, buf_span(&line));
        if (found_bits(fx, view, text, false) != wanted ||
            found_bits(fx, view, text, true) != wanted)
            fail_msg("%s", text);
    }
    content_view_done(view);
}

/* ---- many at once ---- */

static const char *const memory_keys[] = {
    "ALL",
    "SEEN",
    "UNFLAGGED",
    "DELETED",
    "RECENT",
    "KEYWORD Eins",
    "UNKEYWORD Zwei",
    "KEYWORD none",
    "3:9,64:66,100",
    "UID 65:*",
    "SINCE 2-Feb-1994",
    "BEFORE 20-Feb-1994",
    "ON 10-Feb-1994",
    "NOT ON 10-Feb-1994",
    "SINCE 1-Jan-0001",
    "BEFORE 31-Dec-9999",
    "SAVEDSINCE 1-Jan-2027",
    "SAVEDBEFORE 1-Jan-2027",
    "SAVEDON 15-Jan-2027",
    "LARGER 30",
    "SMALLER 33",
    "OLDER 86400",
    "YOUNGER 1000000000",
    "MODSEQ 90",
    "SUBJECT x",
    "BODY y",
    "HEADER X-None \"\"",
    "SENTSINCE 1-Jan-2000",
    "EMAILID M12",
};

/* A key, or keys below one another. */
static void
put_key(struct buf *line, struct rng *rng, unsigned depth)
{
    static const char *const begins[] = {"NOT ", "OR ", "("};
    const uint64_t which = depth == 0 ? ARRAY_LEN(begins) : rng_below(rng, 4);

    if (which == ARRAY_LEN(begins)) {
        buf_put_str(line, memory_keys[rng_below(rng, ARRAY_LEN(memory_keys))]);
        return;
    }
    buf_put_str(line, begins[which]);
    put_key(line, rng, depth - 1);
    if (which == 0)
        return;
    buf_put_char(line, ' ');
    put_key(line, rng, depth - 1);
    if (which == 2)
        buf_put_char(line, ')');
}

static struct search *
search_for(struct content *fx, struct view *view, const char *line)
{
    const struct search_req req = request(content_cmd(fx, line));
    struct search *search = NULL;

    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    return search;
}

/* What is asked of many messages at once is what is asked of each of them. */
static void
compare_many(struct content *fx, struct view *view, const char *line, struct rng *rng)
{
    struct search *one = search_for(fx, view, line);
    struct search *many = search_for(fx, view, line);
    const uint32_t exists = version_count(view->members);

    for (uint32_t seq = 1; seq <= exists;) {
        struct version_run run;
        version_run_at(view->members, seq, &run);
        const uint32_t most = run.count < SEARCH_MANY ? run.count : SEARCH_MANY;
        const uint32_t count =
            rng_below(rng, 3) == 0 ? most : 1 + (uint32_t)rng_below(rng, most);
        const struct search_bits bits = search_eval_many(many, &run, 0, count, seq);
        for (uint32_t i = 0; i < count; i++) {
            one->stamp++;
            one->level = SEARCH_LEVEL_ENTRY;
            one->pause_above = UINT64_MAX;
            const enum search_value value = search_eval(one, &run, i, seq + i);
            if ((bits.yes >> i & 1) != (value == SEARCH_TRUE) ||
                (bits.no >> i & 1) != (value == SEARCH_FALSE))
                fail_msg("%s: message %u", line, seq + i);
        }
        seq += count;
    }
    search_done(one);
    search_done(many);
}

static void
test_many_at_once(void **state)
{
    struct content *fx = *state;
    struct rng rng;
    AUTO_BUF line = {0};

    buf_init(&line, 1 << 16);
    rng_seed(&rng, 21);
    for (unsigned i = 0; i < 150; i++)
        add(fx, (struct content_mail){
                    .text = i % 3 == 0 ? SPAN("Subject: x\r\n\r\nlonger text\r\n")
                                       : SPAN("Subject: z\r\n\r\ny\r\n"),
                    .flags = (uint32_t)rng_u64(&rng) & MSG_SYSTEM_FLAGS,
                    .keywords = i % 5 == 0   ? "Eins"
                                : i % 7 == 0 ? "Zwei Drei"
                                             : NULL,
                    .internaldate_s = FEB_1_1994 + (int64_t)i * DAY / 5,
                    .zone_min = (int16_t)(i % 1200),
                });
    struct view *view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < 600; round++) {
        buf_clear(&line);
        buf_put_lit(&line, "SEARCH ");
        put_key(&line, &rng, round % 5);
        compare_many(fx, view, arena_str(&fx->arena, buf_span(&line)), &rng);
    }
    content_view_done(view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_entries, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_dates, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_sent, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_addresses, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_fields, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_bodies, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_slices, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_slices_between_fields, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_slices_between_values, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_work_limit, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_close_words, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_free_keys, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_saved_and_modseq, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_fuzzy, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_fuzzy_below_not, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_fuzzy_work, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_trees, content_setup, content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
