/* SPDX-License-Identifier: MIT */
/*
 * A search finds the same whether or not it asks an index, and whatever becomes of the index
 * meanwhile: thousands of generated searches, over mail in many scripts, with the index at any
 * mark, growing, made anew, damaged, of other mail, or busy.
 */
#include "content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/budget.h"
#include "base/fd.h"
#include "base/rng.h"
#include "bench/mailgen.h"
#include "mailbox/search/index_wishes.h"
#include "mailbox/search/search_private.h"
#include "search_index.h"

/* ---- searches ---- */

struct result {
    uint32_t count;
    uint64_t found[80]; /* bits of sequence numbers */
    uint8_t scores[64 * 80];
};

struct how {
    uint32_t ask_at; /* search_req.ask_at */
    struct search_answers *answers;
    bool rates;
    int64_t deadline_us;
    /* between slices; may be NULL */
    void (*meanwhile)(struct content *fx, unsigned slice);
};

static struct search_tally last_tally; /* of the last search */
static enum hits_stage last_stage;
static char last_plan[2048];

static void
note_last(const struct search *search)
{
    AUTO_BUF text = {0};

    last_tally = search->tally;
    last_stage = search->answers == NULL ? HITS_BEGIN : search->answers->asking.stage;
    buf_init(&text, sizeof last_plan);
    search_plan_put(search, &text);
    snprintf(last_plan, sizeof last_plan, "%.*s", SPAN_FMT(buf_span(&text)));
}

static struct search_req
request(struct content *fx, const char *line, const struct how *how)
{
    const struct imap_cmd *cmd = content_cmd(fx, line);

    return (struct search_req){
        .root = cmd->u.search.root,
        .has_charset = cmd->u.search.has_charset,
        .charset = cmd->u.search.charset,
        .now_s = CONTENT_NOW_S,
        .rates = how->rates,
        .ask_at = how->ask_at,
        .answers = how->answers,
    };
}

static void
run(struct content *fx, struct view *view, const char *line, const struct how *how,
    struct result *out)
{
    struct search_req req = request(fx, line, how);
    struct search *search;
    enum rc rc = RC_AGAIN;

    memset(out, 0, sizeof *out);
    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    for (unsigned slice = 0; rc == RC_AGAIN; slice++) {
        struct store_tx *tx = search_needs_store(search) ? content_read(fx) : NULL;
        rc = search_slice(search, tx, &fx->clock.clock, how->deadline_us, &fx->err);
        store_end(tx);
        if (rc == RC_AGAIN && how->meanwhile != NULL)
            how->meanwhile(fx, slice);
    }
    if (rc != RC_OK)
        fail_msg("%s: %s (%s)", line, rc_name(rc), fx->err.text);
    for (uint32_t seq = 1; seq <= view->exists; seq++) {
        if (!search_found(search, seq))
            continue;
        assert_in_range(seq, 1, 64 * ARRAY_LEN(out->found) - 1);
        out->found[seq / 64] |= UINT64_C(1) << seq % 64;
        if (how->rates)
            out->scores[out->count] = (uint8_t)search_score(search, out->count);
        out->count++;
    }
    assert_int_equal(out->count, search_count(search));
    note_last(search);
    search_done(search);
}

static void
compare(const char *line, const struct result *with, const struct result *without)
{
    for (uint32_t seq = 1; seq < 64 * ARRAY_LEN(with->found); seq++) {
        const uint64_t bit = UINT64_C(1) << seq % 64;
        const bool is_found = (with->found[seq / 64] & bit) != 0;
        if (is_found != ((without->found[seq / 64] & bit) != 0))
            fail_msg("%s: message %u is %s with the index", line, seq,
                     is_found ? "found only" : "missed");
    }
    assert_int_equal(with->count, without->count);
    for (uint32_t i = 0; i < with->count; i++)
        if (with->scores[i] != without->scores[i])
            fail_msg("%s: result %u has the score %u with the index, not %u", line, i,
                     with->scores[i], without->scores[i]);
}

/* Runs it with and without the index. */
static void
check(struct content *fx, struct view *view, const char *line, struct how how)
{
    struct result with;
    struct result without;

    run(fx, view, line, &how, &with);
    const struct how plain = {
        .ask_at = UINT32_MAX, .rates = how.rates, .deadline_us = INT64_MAX};
    const struct search_tally tally = last_tally;
    const enum hits_stage stage = last_stage;
    run(fx, view, line, &plain, &without);
    last_tally = tally;
    last_stage = stage;
    compare(line, &with, &without);
}

/* How many a scan finds. */
static uint32_t
count(struct content *fx, struct view *view, const char *line)
{
    struct result result;

    run(fx, view, line, &(struct how){.ask_at = UINT32_MAX, .deadline_us = INT64_MAX}, &result);
    return result.count;
}

/* ---- mail ---- */

/* Bodies, and values of fields. */
static const char *const texts[] = {
    "The quick brown fox jumps over the lazy dog; e-mail: fox@example.org, "
    "http://x.example/a?b=c",
    "Sch\xc3\xb6ne Gr\xc3\xbc\xc3\x9f"
    "e aus Stra\xc3\x9f"
    "burg, au\xc3\x9f"
    "erdem \xc3\x84rger",
    "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, \xd0\xba\xd0\xb0\xd0\xba "
    "\xd0\xb4\xd0\xb5"
    "\xd0\xbb\xd0\xb0? \xd0\x81\xd0\xbb\xd0\xba\xd0\xb0",
    "\xce\x9a\xce\xb1\xce\xbb\xce\xb7\xce\xbc\xce\xad\xcf\x81\xce\xb1 \xce\xba\xcf\x8c\xcf\x83"
    "\xce\xbc\xce\xb5, \xcf\x83\xce\xbf\xcf\x86\xcf\x8c\xcf\x82",
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe3\x83\x86\xe3\x82\xad\xe3\x82\xb9\xe3"
    "\x83"
    "\x88\xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82\xe6\x9d\xb1\xe4\xba\xac",
    "\xe4\xb8\xad\xe6\x96\x87 \xe4\xba\xba\xe6\xb0\x91 a\xe4\xb8\xad"
    "b \xe4\xb8\xad\xe4\xb8\xad"
    "\xe4\xb8\xad\xef\xbc\x8c\xe6\x96\x87",
    "\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4 \xeb\xac\xb8\xec\x9e\xa5\xec\x9d\xb4\xeb\x8b\xa4",
    "\xe0\xb8\xa0\xe0\xb8\xb2\xe0\xb8\xa9\xe0\xb8\xb2\xe0\xb9\x84\xe0\xb8\x97\xe0\xb8\xa2 "
    "\xd8\xa7"
    "\xd9\x84\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a\xd8\xa9 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
    "cafe\xcc\x81 e\xcc\x81\xcc\x82te\xcc\x81 \xcc\x81start na\xc3\xafve \xf0\x9f\x98\x80 ok "
    "\xef\xac\x81n \xe2\x84\xab \xc2\xb5m x\xc2\xb2",
    "recieve reciept definately working workers firework wrok 1234-5678 a1b2c3 v2.0.1",
    "<html><p>needle <b>hay</b>stack</p>&nbsp;&uuml;ber</html>",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9",
    "--- *** --- ///// (((: ))) \xe2\x80\x94 \xe2\x80\xa6",
};

/* In place of $ comes a text, and of # a number. */
static const char *const shapes[] = {
    "Subject: $\r\nFrom: $ <someone@example.org>\r\nTo: t#@example.net\r\n\r\n$\r\n",
    "From: \"Doe, J\" <j.doe@host.example>\r\nCc: $ <cc@example.com>\r\nX-Thing: $\r\n"
    "Bcc: \"$\" <hidden@x.example>\r\n"
    "List-Id: <l#.example>\r\n\r\n$\r\n",
    "Subject: re: $\r\nSubject: $\r\nTo: group: one#@x.example, two@x.example;\r\n"
    "Content-Type: text/html; charset=utf-8\r\n\r\n<p>$</p><i>t</i>ail\r\n",
    "Subject: $\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Description: $ #\r\n\r\n$\r\n--b\r\n"
    "Content-Type: application/pdf; name*=utf-8''r%C3%A9sum%C3%A9.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nbmVlZGxl\r\n--b--\r\n",
};

static void
add(struct content *fx, const char *mbox, struct span text, struct rng *rng)
{
    content_append(fx,
                   &(struct content_mail){
                       .mbox = mbox,
                       .text = text,
                       .flags = (uint32_t)rng_u64(rng) & MSG_SYSTEM_FLAGS,
                       .internaldate_s = CONTENT_NOW_S - (int64_t)rng_below(rng, 40) * 86400,
                   });
}

static const char *
any_text(struct rng *rng)
{
    return texts[rng_below(rng, ARRAY_LEN(texts))];
}

/* One of the shapes with any texts. */
static void
add_shape(struct content *fx, const char *mbox, struct rng *rng)
{
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    for (const char *c = shapes[rng_below(rng, ARRAY_LEN(shapes))]; *c != '\0'; c++)
        if (*c == '$')
            buf_put_str(&text, any_text(rng));
        else if (*c == '#')
            buf_put_u64(&text, rng_below(rng, 1000));
        else
            buf_put_char(&text, *c);
    add(fx, mbox, buf_span(&text), rng);
}

/* Very long words, also of marks; a field that is longer than what is looked at at once. */
static void
add_long(struct content *fx, struct rng *rng)
{
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    buf_put_lit(&text, "Subject: long ");
    for (unsigned i = 0; i < 9000; i++)
        buf_printf(&text, "wordy%u%s", i, i % 10 == 9 ? "\r\n " : " ");
    buf_put_lit(&text, "end\r\nTo: x@y\r\n\r\n");
    for (unsigned i = 0; i < 700; i++)
        buf_put_char(&text, (char)('a' + i * i % 26));
    buf_put_lit(&text, "\r\nz");
    for (unsigned i = 0; i < 300; i++)
        buf_put_lit(&text, "\xcc\x81");
    buf_put_lit(&text, "algo\r\nq");
    for (unsigned i = 0; i < 40; i++)
        buf_put_lit(&text, "\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85w");
    buf_put_lit(&text, " done\r\n");
    add(fx, NULL, buf_span(&text), rng);
}

/* of one, the index does not know everything */
/* A fifth of them, or all with ROOST_LONG=1. */
static unsigned
rounds_of(unsigned all)
{
    return getenv("ROOST_LONG") != NULL ? all : (all + 4) / 5;
}

enum { SHAPED = 60, GENERATED = 30, UNSURE = 1 };

static void
fill(struct content *fx, struct rng *rng)
{
    const struct mailgen_options options = {
        .seed = 3, .broken_percent = 30, .mean_octets = 3000, .max_octets = 20000};
    struct mailgen *gen;
    struct mailgen_message message;

    for (unsigned i = 0; i < SHAPED; i++)
        add_shape(fx, NULL, rng);
    add_long(fx, rng);
    assert_ok(mailgen_new(&options, &gen, &fx->err));
    for (unsigned i = 0; i < GENERATED; i++) {
        mailgen_next(gen, &message);
        add(fx, NULL, message.octets, rng);
    }
    mailgen_free(gen);
}

/* ---- generated searches ---- */

/* Appends some characters of a text as a quoted string. */
static void
put_needle(struct buf *line, struct rng *rng)
{
    const struct span text = span_of_str(any_text(rng));
    size_t from = rng_below(rng, text.len);
    size_t len = 1 + rng_below(rng, rng_below(rng, 3) == 0 ? 24 : 6);

    while (from > 0 && ((unsigned char)text.ptr[from] & 0xC0) == 0x80)
        from--;
    while (from + len < text.len && ((unsigned char)text.ptr[from + len] & 0xC0) == 0x80)
        len++;
    if (len > text.len - from)
        len = text.len - from;
    buf_put_char(line, '"');
    for (size_t i = from; i < from + len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_put_char(line, '\\');
        buf_put_char(line, text.ptr[i]);
    }
    buf_put_char(line, '"');
}

static void
put_key(struct buf *line, struct rng *rng)
{
    static const char *const keys[] = {
        "BODY",
        "TEXT",
        "SUBJECT",
        "FROM",
        "TO",
        "CC",
        "HEADER X-Thing",
        "HEADER From",
        "HEADER Subject",
        "BCC",
        "BODY",
        "TEXT",
        "BODY",
        "HEADER Content-Type",
        "SUBJECT",
        "HEADER Bcc",
        "HEADER X-No",
        "FROM",
        "CC",
    };
    static const char *const cheap[] = {
        "SEEN",
        "FLAGGED",
        "1:20",
        "LARGER 600",
        "SINCE 1-Jan-2027",
        "UNDELETED",
        "SUBJECT \"\"",
        "HEADER List-Id \"\"",
        "HEADER X-No \"\"",
        "NOT BCC \"\"",
        "FROM j.doe@host.example",
        "TO @",
        "CC \"<cc@\"",
        "HEADER To \"e.net\"",
        "HEADER \"\" \"\"",
        "HEADER X:Y \"\"",
        "SENTSINCE 1-Jan-2020",
    };

    if (rng_below(rng, 5) == 0) {
        buf_put_str(line, cheap[rng_below(rng, ARRAY_LEN(cheap))]);
        return;
    }
    if (rng_below(rng, 4) == 0)
        buf_put_lit(line, "FUZZY ");
    buf_put_str(line, keys[rng_below(rng, ARRAY_LEN(keys))]);
    buf_put_char(line, ' ');
    put_needle(line, rng);
}

static void
put_tree(struct buf *line, struct rng *rng, int depth)
{
    const uint64_t kind = depth == 0 ? 0 : rng_below(rng, 6);

    if (kind < 3) {
        put_key(line, rng);
        return;
    }
    buf_put_str(line, kind == 3 ? "NOT " : kind == 4 ? "OR " : "(");
    put_tree(line, rng, depth - 1);
    if (kind == 3)
        return;
    buf_put_char(line, ' ');
    put_tree(line, rng, depth - 1);
    if (kind == 5)
        buf_put_char(line, ')');
}

static const char *
any_search(struct content *fx, struct rng *rng)
{
    AUTO_BUF line = {0};

    buf_init(&line, 1 << 16);
    buf_put_lit(&line, "SEARCH CHARSET utf-8 ");
    put_tree(&line, rng, 3);
    return arena_str(&fx->arena, buf_span(&line));
}

/* ---- the fixture ---- */

static struct store_indexes *pool;
static struct index_wishes wishes;

/* How often the index was asked for since the last time. */
static unsigned
wished(void)
{
    unsigned count = 0;
    uint64_t account;

    while (index_wishes_take(&wishes, 0, &account)) {
        assert_int_equal(account, CONTENT_ACCOUNT);
        count++;
    }
    return count;
}

static void
setup_with(struct content *fx)
{
    pool = test_indexes_new(&fx->clock.clock);
    index_wishes_init(&wishes);
    content_open_account_with(fx, &(struct account_search){.indexes = pool, .wishes = &wishes});
}

static int
setup(void **state)
{
    struct content *fx = content_new();

    setup_with(fx);
    *state = fx;
    return 0;
}

/* Others write to the account, too. */
static int
setup_shared(void **state)
{
    struct content *fx = content_new_shared();

    setup_with(fx);
    *state = fx;
    return 0;
}

static int
teardown(void **state)
{
    const int result = content_teardown(state);

    store_indexes_free(pool);
    index_wishes_done(&wishes);
    return result;
}

static uint64_t
highest(struct content *fx)
{
    struct store_tx *tx = content_read(fx);
    uint64_t message;

    assert_ok(store_message_highest(tx, &message, &fx->err));
    store_end(tx);
    return message;
}

/* ---- the same is found ---- */

static void
test_any_search(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 77);
    fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    unsigned answered = 0;
    const unsigned rounds = rounds_of(3000);
    for (unsigned round = 0; round < rounds; round++) {
        /* from nothing to everything, in steps of very different sizes */
        if (round % (rounds / 8) == 0)
            test_index_fill(fx, pool, highest(fx) * round / ((uint64_t)rounds / 8 * 7),
                            round == rounds / 8);
        const char *line = any_search(fx, &rng);
        check(fx, view, line,
              (struct how){
                  .ask_at = 1,
                  .rates = round % 3 == 0,
                  .deadline_us = round % 2 == 0 ? 0 : INT64_MAX,
              });
        answered += last_stage == HITS_ANSWERED;
        if (round % 100 == 99)
            arena_reset(&fx->arena);
    }
    assert_in_range(answered, rounds / 2, rounds);
    assert_string_not_equal(test_index_path(fx), "");
    content_view_done(view);
}

/* One word, or one or two ideographs: nothing is read of messages that the index knows. */
static void
test_nothing_is_read(void **state)
{
    static const char *const lines[] = {
        "SEARCH BODY needle",
        "SEARCH TEXT example",
        "SEARCH SUBJECT quick",
        "SEARCH CHARSET utf-8 FROM \"sch\xc3\xb6\"",
        "SEARCH CHARSET utf-8 BODY \"\xe4\xb8\xad\xe6\x96\x87\"",
        "SEARCH CHARSET utf-8 TEXT \"\xe4\xb8\xad\"",
        "SEARCH CHARSET utf-8 TEXT e",
        "SEARCH OR NOT BODY needle UNSEEN TEXT fox",
        "SEARCH FUZZY BODY absent-from-everything",
        "SEARCH BODY absentee FUZZY TEXT fox",
        "SEARCH HEADER X-Thing absentee",
        "SEARCH FROM j.doe@host.example",
        "SEARCH FROM \"<j.d\" NOT TO @example.net",
        "SEARCH CC .com",
        "SEARCH SUBJECT re:",
        "SEARCH HEADER Subject e-mail:",
        "SEARCH HEADER List-Id \"\"",
        "SEARCH NOT HEADER x-thing \"\"",
        "SEARCH BCC \"\"",
        "SEARCH HEADER X-Nothing the",
        "SEARCH BCC fox SUBJECT re: BCC \"\" NOT HEADER Bcc \"\"",
    };
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 5);
    fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    test_index_fill(fx, pool, highest(fx), false);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        check(fx, view, lines[i], (struct how){.ask_at = 1, .deadline_us = INT64_MAX});
        assert_int_equal(last_stage, HITS_ANSWERED);
        if (last_tally.rows > UNSURE)
            fail_msg("%s: %u messages were read", lines[i], (unsigned)last_tally.rows);
    }
    content_view_done(view);
}

/*
 * No command names a collation (I18NLEVEL=1): i;unicode-casemap is the one of all searches, and
 * what is equal in it is found, with and without an index.
 */
static void
test_collation(void **state)
{
    static const struct {
        const char *text;
        const char *needle;
    } pairs[] = {
        {"Gr\xc3\xbc\xc3\x9f"
         "e",
         "GR\xc3\x9cSSE"},
        {"GR\xc3\x9cSSE", "gr\xc3\xbc\xc3\x9f"
                          "e"},
        {"\xe1\xba\x9e"
         "akt",
         "\xc3\x9f"
         "AKT"}, /* capital sharp s */
        {"\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82",
         "\xcf\x83\xce\x8a\xce\xa3\xce\xa5\xce\xa6\xce\x9f\xcf\x83"}, /* final sigma */
        {"\xc7\x86"
         "ep",
         "\xc7\x85"
         "EP"}, /* title case of dz */
        {"of\xef\xac\x81"
         "ce",
         "OFFI"}, /* a ligature */
        {"of\xef\xac\x81"
         "ce",
         "OFI"},                             /* which is not that */
        {"\xef\xbc\xa1\xef\xbc\xa2", "ab"},  /* of full width */
        {"d\xc4\xb1l", "DIL"},               /* dotless i */
        {"\xc3\xa9t\xc3\xa9", "E\xcc\x81T"}, /* composed, decomposed */
    };
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 33);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        add(fx, NULL,
            span_of_str(arena_printf(&fx->arena, "Subject: x %s\r\n\r\nin %s.\r\n",
                                     pairs[i].text, pairs[i].text)),
            &rng);
    struct view *view = content_view(fx, "INBOX");
    test_index_fill(fx, pool, highest(fx), false);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        for (unsigned in_subject = 0; in_subject < 2; in_subject++) {
            const char *line =
                arena_printf(&fx->arena, "SEARCH CHARSET utf-8 %u %s \"%s\"", (unsigned)i + 1,
                             in_subject ? "SUBJECT" : "BODY", pairs[i].needle);
            check(fx, view, line, (struct how){.ask_at = 1, .deadline_us = INT64_MAX});
            assert_int_equal(last_stage, HITS_ANSWERED);
            assert_int_equal(last_tally.rows, 0);
            assert_int_equal(count(fx, view, line), i != 6);
        }
    }
    content_view_done(view);
}

/* Lists of addresses in any form, and parts of them that have no blank: the index answers. */
static void
test_any_addresses(void **state)
{
    static const char *const pieces[] = {
        "a",  "b",  "@",     " ",       " <",  "<",  ">",      "<c@d>", "e@f", ", ",
        ", ", "(x", "\"k\"", "x <y@z>", "g: ", "; ", "=?u?q?", "?=",    ")",   "\r\n\t",
    };
    static const char *const needles[] = {
        "<c@d>", "c@d",   "c@d,", "<e@f", "e@f>", "a,", "b@", "@b>", "<>",  "z>,",
        "y@z",   "<y@z>", "f,",   "(x)",  "k",    ">,", "@",  "<a@", "f>;", "a@",
    };
    static const char *const keys[] = {"FROM", "TO", "CC", "BCC", "HEADER From", "FUZZY TO"};
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 34);
    for (unsigned i = 0; i < 150; i++) {
        AUTO_BUF text = {0};
        buf_init(&text, 4096);
        for (size_t k = 0; k < 4; k++) {
            buf_printf(&text, "%s: x", keys[k]);
            for (uint64_t left = rng_below(&rng, 7); left > 0; left--)
                buf_put_str(&text, pieces[rng_below(&rng, ARRAY_LEN(pieces))]);
            buf_put_lit(&text, "\r\n");
        }
        add(fx, NULL, buf_span(&text), &rng);
    }
    struct view *view = content_view(fx, "INBOX");
    test_index_fill(fx, pool, highest(fx), false);
    for (size_t k = 0; k < ARRAY_LEN(keys); k++)
        for (size_t i = 0; i < ARRAY_LEN(needles); i++) {
            check(fx, view, arena_printf(&fx->arena, "SEARCH %s \"%s\"", keys[k], needles[i]),
                  (struct how){.ask_at = 1, .deadline_us = INT64_MAX});
            assert_int_equal(last_stage, HITS_ANSWERED);
        }
    content_view_done(view);
}

/* ---- meanwhile ---- */

static uint64_t meanwhile_mark;

static void
grow(struct content *fx, unsigned slice)
{
    (void)slice;
    if (meanwhile_mark < highest(fx))
        test_index_fill(fx, pool, ++meanwhile_mark, false);
}

/* The index grows between any two slices of the search. */
static void
test_grows(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 9);
    fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < rounds_of(40); round++) {
        test_index_empty(fx, pool);
        meanwhile_mark = rng_below(&rng, highest(fx));
        test_index_fill(fx, pool, meanwhile_mark, false);
        check(fx, view, any_search(fx, &rng),
              (struct how){.ask_at = 1, .rates = round % 2 == 0, .meanwhile = grow});
    }
    content_view_done(view);
}

static unsigned anew_slices; /* it is made anew after so many slices only */

static void
make_anew(struct content *fx, unsigned slice)
{
    if (slice >= anew_slices)
        return;
    test_index_empty(fx, pool);
    test_index_fill(fx, pool, highest(fx) / 2, false);
}

/* It is made anew while it is asked: once, or always again. */
static void
test_made_anew(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 10);
    fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < rounds_of(6); round++) {
        test_index_empty(fx, pool);
        test_index_fill(fx, pool, highest(fx), false);
        anew_slices = round % 2 == 0 ? 1 : UINT32_MAX;
        check(fx, view, round < 2 ? "SEARCH TEXT fox" : any_search(fx, &rng),
              (struct how){.ask_at = 1, .meanwhile = make_anew});
        if (round < 2)
            assert_int_equal(last_stage, round == 0 ? HITS_ANSWERED : HITS_GIVEN_UP);
    }
    content_view_done(view);
}

static void
remove_it(struct content *fx, unsigned slice)
{
    if (slice == 0)
        assert_ok(store_index_remove(pool, fx->handle, &fx->err));
}

static void
test_removed(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 11);
    fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < rounds_of(12); round++) {
        test_index_fill(fx, pool, highest(fx), false);
        check(fx, view, round == 0 ? "SEARCH TEXT fox" : any_search(fx, &rng),
              (struct how){.ask_at = 1, .meanwhile = remove_it});
        if (round == 0)
            assert_int_equal(last_stage, HITS_GIVEN_UP);
    }
    content_view_done(view);
}

/* ---- messages ---- */

/* Copies are the same message in another mailbox; the answers are shared. */
static void
test_copies_and_several_mailboxes(void **state)
{
    struct content *fx = *state;
    const struct uid_run some = {3, 40};
    AUTO_ARENA shared = {0};
    struct copy_op op;
    struct rng rng;

    arena_init(&shared, 64 << 20);
    rng_seed(&rng, 12);
    fill(fx, &rng);
    struct view *inbox = content_view(fx, "INBOX");
    copy_op_init(&op, &fx->arena, WAKE_NOBODY);
    op.from_mbox = content_mbox(inbox);
    op.to_name = SPAN("Archive");
    op.runs = &some;
    op.run_count = 1;
    assert_ok(content_run(fx, &op.turn));
    for (unsigned i = 0; i < 10; i++)
        add_shape(fx, "Archive", &rng);
    struct view *archive = content_view(fx, "Archive");
    test_index_fill(fx, pool, highest(fx) - 4, false);
    for (unsigned round = 0; round < rounds_of(300); round++) {
        const char *line = any_search(fx, &rng);
        struct search_answers *answers = search_answers_new(&shared);
        struct how how = {.ask_at = 1,
                          .answers = answers,
                          .rates = round % 3 == 0,
                          .deadline_us = round % 2 == 0 ? 0 : INT64_MAX};
        check(fx, inbox, line, how);
        const bool answered = last_stage == HITS_ANSWERED;
        check(fx, archive, line, how);
        if (answered)
            assert_int_equal(last_tally.index_slices, 0); /* it was not asked again */
        check(fx, inbox, any_search(fx, &rng), how);
        search_answers_done(answers);
        arena_reset(&shared);
    }
    content_view_done(archive);
    content_view_done(inbox);
}

/* The index still has messages that are gone; their numbers are given to no other. */
static void
test_purged(void **state)
{
    struct content *fx = *state;
    const struct uid_run some[] = {{5, 30}, {80, 91}};
    struct expunge_op op;
    struct rng rng;
    bool more = true;

    rng_seed(&rng, 13);
    fill(fx, &rng);
    test_index_fill(fx, pool, highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    expunge_op_init(&op, &fx->arena, WAKE_NOBODY);
    op.mbox = content_mbox(view);
    op.runs = some;
    op.run_count = ARRAY_LEN(some);
    assert_ok(content_run(fx, &op.turn));
    content_view_done(view);
    fake_clock_move_ms(&fx->clock, INT64_C(86400000) * 30);
    while (more) {
        struct store_tx *tx = content_write(fx);
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        content_commit(fx, tx);
    }
    for (unsigned i = 0; i < 20; i++)
        add_shape(fx, NULL, &rng);
    view = content_view(fx, "INBOX");
    for (unsigned round = 0; round < rounds_of(300); round++)
        check(fx, view, any_search(fx, &rng),
              (struct how){.ask_at = 1, .deadline_us = INT64_MAX});
    assert_string_not_equal(test_index_path(fx), "");
    content_view_done(view);
}

/* Messages of the view are expunged. */
static void
expunge_some(struct content *fx, struct view *view)
{
    static const struct uid_run some[] = {{5, 30}, {80, 91}};
    struct expunge_op op;

    expunge_op_init(&op, &fx->arena, WAKE_NOBODY);
    op.mbox = content_mbox(view);
    op.runs = some;
    op.run_count = ARRAY_LEN(some);
    assert_ok(content_run(fx, &op.turn));
    fake_clock_move_ms(&fx->clock, INT64_C(86400000) * 30);
}

/* What a client has not been told to be expunged is found as before, by a scan and by the
 * index: the view keeps its text. */
static void
test_expunged_in_the_view(void **state)
{
    struct content *fx = *state;
    struct purge_op purge;
    struct rng rng;

    rng_seed(&rng, 31);
    fill(fx, &rng);
    test_index_fill(fx, pool, highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    const uint32_t before = count(fx, view, "SEARCH BODY e");
    expunge_some(fx, view);
    do {
        purge_op_init(&purge, WAKE_NOBODY);
        assert_ok(content_run(fx, &purge.turn));
    } while (purge.more);
    assert_int_equal(count(fx, view, "SEARCH BODY e"), before);
    for (unsigned round = 0; round < rounds_of(300); round++)
        check(fx, view, any_search(fx, &rng),
              (struct how){.ask_at = 1, .deadline_us = INT64_MAX});
    content_view_done(view);
}

/* Where others purge, no view keeps them from that. Then neither finds what is gone, unless it
 * need not be read for that. */
static void
test_purged_in_the_view(void **state)
{
    struct content *fx = *state;
    struct rng rng;
    bool more = true;

    rng_seed(&rng, 32);
    fill(fx, &rng);
    test_index_fill(fx, pool, highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    const uint32_t all = view->exists;
    const uint32_t before = count(fx, view, "SEARCH BODY e");
    expunge_some(fx, view);
    while (more) {
        struct store_tx *tx = content_write(fx);
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        content_commit(fx, tx);
    }
    assert_int_equal(view->exists, all);
    assert_true(count(fx, view, "SEARCH BODY e") < before);
    assert_int_equal(count(fx, view, "SEARCH OR BODY absentee LARGER 1"), all);
    check(fx, view, "SEARCH BODY e", (struct how){.ask_at = 1, .deadline_us = INT64_MAX});
    assert_int_equal(last_stage, HITS_ANSWERED);
    check(fx, view, "SEARCH NOT BODY absentee",
          (struct how){.ask_at = 1, .deadline_us = INT64_MAX});
    for (unsigned round = 0; round < rounds_of(600); round++)
        check(fx, view, any_search(fx, &rng),
              (struct how){.ask_at = 1,
                           .rates = round % 3 == 0,
                           .deadline_us = round % 2 == 0 ? 0 : INT64_MAX});
    content_view_done(view);
}

/* ---- an index that cannot be trusted ---- */

/* Octets of the file are changed, again and again, before the search and between its slices. */
static struct rng damage_rng;

static void
damage(struct content *fx, unsigned slice)
{
    struct stat st;
    char octets[64];

    (void)slice;
    AUTO_FD fd = open(test_index_path(fx), O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
        return;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (char)rng_u64(&damage_rng);
    const off_t at = (off_t)rng_below(&damage_rng, (uint64_t)st.st_size);
    assert_true(pwrite(fd, octets, 1 + rng_below(&damage_rng, sizeof octets), at) > 0);
}

static void
test_damaged(void **state)
{
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 14);
    rng_seed(&damage_rng, 15);
    fill(fx, &rng);
    struct view *view = content_view(fx, "INBOX");
    unsigned noticed = 0;
    for (unsigned round = 0; round < rounds_of(100); round++) {
        assert_ok(store_index_remove(pool, fx->handle, &fx->err));
        test_index_fill(fx, pool, highest(fx), false);
        fake_clock_move_ms(&fx->clock, INT64_C(86400000)); /* nothing of it stays open */
        store_indexes_keep_house(pool);
        for (unsigned i = 0; i < 5; i++)
            damage(fx, 0);
        check(fx, view, any_search(fx, &rng),
              (struct how){.ask_at = 1,
                           .deadline_us = round % 2 == 0 ? 0 : INT64_MAX,
                           .meanwhile = damage});
        if (test_index_path(fx)[0] ==
            '\0') { /* it was removed, and is going to be made again */
            assert_int_equal(wished(), 1);
            noticed++;
        }
    }
    assert_in_range(noticed, 5, 100);
    content_view_done(view);
}

/* A backup was restored: the index is of messages that are not there, or of others. */
static void
test_of_other_mail(void **state)
{
    struct content *fx = *state;
    const struct how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    struct rng rng;

    rng_seed(&rng, 16);
    for (unsigned i = 0; i < 12; i++)
        add_shape(fx, NULL, &rng);
    struct view *view = content_view(fx, "INBOX");
    const uint64_t known = highest(fx);
    const struct {
        uint64_t known_before;
        uint64_t other;
    } rows[] = {
        {0, known},         /* the same id, another message */
        {known - 3, known}, /* the first ones are the same */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        test_index_fill(fx, pool, rows[i].known_before, false);
        test_index_other(fx, pool, rows[i].other);
        check(fx, view, "SEARCH TEXT fox", how);
        assert_int_equal(last_stage, HITS_GIVEN_UP);
        assert_string_equal(test_index_path(fx), "");
        assert_int_equal(wished(), 1);
        check(fx, view, "SEARCH TEXT another", how);
    }
    test_index_fill(fx, pool, known, false);
    check(fx, view, "SEARCH TEXT fox", how);
    assert_int_equal(last_stage, HITS_ANSWERED);
    /* One that is not there, or that has come since this snapshot began. */
    test_index_other(fx, pool, known + 1);
    check(fx, view, "SEARCH TEXT fox", how);
    assert_int_equal(last_stage, HITS_ANSWERED);
    assert_string_not_equal(test_index_path(fx), "");
    assert_int_equal(wished(), 1);
    content_view_done(view);
}

/* The message by which the newest documents are proved is gone: what the index says of those
 * may be about other messages. */
static void
test_of_mail_that_is_gone(void **state)
{
    static const char *const lines[] = {"SEARCH TEXT fox", "SEARCH TEXT another",
                                        "SEARCH TEXT e", "SEARCH NOT TEXT e"};
    struct content *fx = *state;
    const struct how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    struct rng rng;

    rng_seed(&rng, 23);
    for (unsigned i = 0; i < 12; i++)
        add_shape(fx, NULL, &rng);
    struct view *view = content_view(fx, "INBOX");
    for (uint64_t known = 0; known <= 12; known += 4) {
        test_index_empty(fx, pool);
        if (known > 0)
            test_index_fill(fx, pool, known, false);
        test_index_other(fx, pool, highest(fx) + 1);
        for (size_t i = 0; i < ARRAY_LEN(lines); i++)
            check(fx, view, lines[i], how);
        assert_int_equal(last_stage, HITS_ANSWERED);
    }
    content_view_done(view);
}

/* All places of the pool are taken: messages are read, and the index is asked when there is a
 * place. */
static void
test_no_place(void **state)
{
    struct content *fx = *state;
    const struct how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    struct store_index *open[LIMIT_INDEXES_OPEN];
    struct rng rng;

    rng_seed(&rng, 17);
    fill(fx, &rng);
    test_index_fill(fx, pool, highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < LIMIT_INDEXES_OPEN; i++)
        assert_ok(store_index_open(pool, fx->handle, INDEX_READ, &open[i], &fx->err));
    check(fx, view, "SEARCH BODY fox", how);
    assert_int_equal(last_stage, HITS_BEGIN);
    assert_in_range(last_tally.index_slices, 4, 20);
    store_index_close(open[0]);
    check(fx, view, "SEARCH BODY fox", how);
    assert_int_equal(last_stage, HITS_ANSWERED);
    for (size_t i = 1; i < LIMIT_INDEXES_OPEN; i++)
        store_index_close(open[i]);
    content_view_done(view);
}

/* ---- limits ---- */

/* Few messages are read rather than ask the index: those that the keys in memory leave. */
static void
test_worth(void **state)
{
    struct content *fx = *state;
    const struct how how = {.deadline_us = INT64_MAX};
    struct rng rng;

    rng_seed(&rng, 18);
    for (unsigned i = 0; i < 10 * LIMIT_SEARCH_UNASKED; i++)
        add_shape(fx, NULL, &rng);
    test_index_fill(fx, pool, highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    const struct {
        uint32_t messages;
        enum hits_stage stage;
        uint64_t rows;
    } rows[] = {
        {LIMIT_SEARCH_UNASKED - 1, HITS_BEGIN, LIMIT_SEARCH_UNASKED - 1},
        {LIMIT_SEARCH_UNASKED, HITS_ANSWERED, 0},
        {10 * LIMIT_SEARCH_UNASKED, HITS_ANSWERED, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check(fx, view, arena_printf(&fx->arena, "SEARCH 1:%u TEXT fox", rows[i].messages),
              how);
        assert_int_equal(last_stage, rows[i].stage);
        assert_int_equal(last_tally.rows, rows[i].rows);
    }
    content_view_done(view);
}

/* INBOX has so many messages; all but the first are copies of the second one. */
static void
add_copies(struct content *fx, uint32_t wanted)
{
    struct view *view = content_view(fx, "INBOX");

    while (view->exists < wanted) {
        const uint32_t more = wanted - view->exists;
        const struct uid_run run = {2, 1 + (more < view->exists ? more : view->exists - 1)};
        struct copy_op op;
        copy_op_init(&op, &fx->arena, WAKE_NOBODY);
        op.from_mbox = content_mbox(view);
        op.to_name = SPAN("INBOX");
        op.runs = &run;
        op.run_count = 1;
        assert_ok(content_run(fx, &op.turn));
        content_view_done(view);
        view = content_view(fx, "INBOX");
    }
    content_view_done(view);
}

/* A search that reads many messages because no index knows them asks for one, once. */
static void
test_wish(void **state)
{
    struct content *fx = *state;
    static const struct {
        uint32_t messages;
        uint64_t known; /* of the two */
        unsigned wishes;
    } rows[] = {
        {LIMIT_SEARCH_UNKNOWN - 1, 0, 0},  {LIMIT_SEARCH_UNKNOWN, 0, 1},
        {LIMIT_SEARCH_UNKNOWN, 1, 0},      {LIMIT_SEARCH_UNKNOWN + 1, 1, 1},
        {10 * LIMIT_SEARCH_UNKNOWN, 1, 1},
    };
    struct rng rng;

    rng_seed(&rng, 23);
    for (unsigned i = 0; i < 2; i++)
        add_shape(fx, NULL, &rng);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct result result;
        add_copies(fx, rows[i].messages);
        if (rows[i].known > 0)
            test_index_fill(fx, pool, rows[i].known, false);
        struct view *view = content_view(fx, "INBOX");
        run(fx, view, "SEARCH BODY fox", &(struct how){.deadline_us = INT64_MAX}, &result);
        assert_int_equal(wished(), rows[i].wishes);
        content_view_done(view);
    }
}

/* LIMIT_SEARCH_PIECES: texts beyond it are looked for in the messages. */
static void
test_many_texts(void **state)
{
    struct content *fx = *state;
    const struct how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    static const unsigned counts[] = {LIMIT_SEARCH_PIECES, LIMIT_SEARCH_PIECES + 1,
                                      10 * LIMIT_SEARCH_PIECES};
    struct rng rng;

    rng_seed(&rng, 19);
    fill(fx, &rng);
    test_index_fill(fx, pool, highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        AUTO_BUF line = {0};
        buf_init(&line, 1 << 16);
        buf_put_lit(&line, "SEARCH");
        for (unsigned k = 1; k < counts[i]; k++)
            buf_printf(&line, " NOT BODY absent%u", k);
        buf_put_lit(&line, " BODY fox");
        check(fx, view, arena_str(&fx->arena, buf_span(&line)), how);
        assert_int_equal(last_stage, HITS_ANSWERED);
        assert_int_equal(last_tally.rows > UNSURE, counts[i] > LIMIT_SEARCH_PIECES);
    }
    /* Words are pieces, too. */
    check(fx, view, "SEARCH FUZZY TEXT \"a b c d e f g h i j k l m n o p q r s t u v w x y z\"",
          how);
    content_view_done(view);
}

/* LIMIT_SEARCH_HITS_OCTETS: the more messages the fewer texts, and in the end none. */
static void
test_memory_for_answers(void **state)
{
    struct content *fx = *state;
    static const struct {
        uint64_t mark; /* a bit for each */
        bool first;
        bool second;
    } rows[] = {
        {LIMIT_SEARCH_HITS_OCTETS, true, true},
        /* two sets each, and one of all messages of which not everything is known */
        {UINT64_C(8) * LIMIT_SEARCH_HITS_OCTETS / 4, true, false},
        {UINT64_C(8) * LIMIT_SEARCH_HITS_OCTETS, false, false},
        {UINT64_C(80) * LIMIT_SEARCH_HITS_OCTETS, false, false},
    };
    struct rng rng;

    rng_seed(&rng, 22);
    add_shape(fx, NULL, &rng);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct hits_question questions[] = {
            {.folded = SPAN("one"), .spaces = 1 << INDEX_BODY, .is_all = true},
            {.folded = SPAN("two"), .spaces = 1 << INDEX_BODY, .is_all = true},
        };
        struct store_index *index;
        struct index_state index_state;
        struct hits_asking asking;
        assert_ok(store_index_remove(pool, fx->handle, &fx->err));
        test_index_mark(fx, pool, rows[i].mark);
        assert_ok(hits_init(&asking, &fx->arena, questions, ARRAY_LEN(questions)));
        assert_ok(store_index_open(pool, fx->handle, INDEX_READ, &index, &fx->err));
        assert_ok(store_index_begin(index, &index_state, &fx->err));
        assert_rc(
            hits_slice(&asking, index, &index_state, &fx->clock.clock, INT64_MAX, &fx->err),
            rows[i].first ? RC_OK : RC_LIMIT);
        assert_int_equal(questions[0].hits != NULL, rows[i].first);
        assert_int_equal(questions[1].hits != NULL, rows[i].second);
        store_index_end(index);
        store_index_close(index);
        hits_done(&asking);
    }
}

/* All searches together have a budget. */
static void
test_budget(void **state)
{
    struct content *fx = *state;
    const struct how how = {.ask_at = 1, .deadline_us = INT64_MAX};
    struct rng rng;

    rng_seed(&rng, 20);
    fill(fx, &rng);
    test_index_fill(fx, pool, highest(fx), false);
    struct view *view = content_view(fx, "INBOX");
    struct budget *budget = account_hits_budget(fx->acct);
    assert_true(budget_take(budget, LIMIT_SEARCH_HITS_ALL_OCTETS - 100));
    check(fx, view, "SEARCH BODY fox", how);
    assert_int_equal(last_stage, HITS_GIVEN_UP);
    budget_give(budget, LIMIT_SEARCH_HITS_ALL_OCTETS - 100);
    check(fx, view, "SEARCH BODY fox", how);
    assert_int_equal(last_stage, HITS_ANSWERED);
    assert_int_equal(budget_used(budget), 0);
    content_view_done(view);
}

/* ---- the plan ---- */

static void
test_plan(void **state)
{
    static const struct {
        const char *line;
        uint32_t ask_at;
        const char *begins;
        const char *ends;
    } rows[] = {
        {"SEARCH LARGER 1 OR BODY secret NOT SUBJECT \"private secret\" HEADER X-A private", 1,
         "3 of 3 messages, 0 found: (LARGER (memory), field (index, then text), OR (NOT field "
         "(index, then text), text (index))); index 0.0 ms, ",
         " octets; read 3 rows, 3 headers, 0 texts of 0 octets, 0.0 ms; all 0.0 ms"},
        {"SEARCH BODY secret", UINT32_MAX,
         "3 of 3 messages, 3 found: (text (text)); index not asked; ",
         "read 3 rows, 0 headers, 3 texts of 39 octets, 0.0 ms; all 0.0 ms"},
        {"SEARCH 2 SUBJECT private HEADER X-A private SENTON 1-Jan-2020", 1,
         "1 of 1 messages, 0 found: ", ""},
        {"SEARCH UNSEEN", 1, "3 of 3 messages, ", "found: (NOT flag (memory)); all 0.0 ms"},
    };
    struct content *fx = *state;
    struct rng rng;
    struct result result;

    rng_seed(&rng, 21);
    for (unsigned i = 0; i < 3; i++)
        add(fx, NULL, SPAN("Subject: private\r\nX-A: x\r\n\r\nsecret text\r\n"), &rng);
    struct view *view = content_view(fx, "INBOX");
    test_index_fill(fx, pool, highest(fx), false);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct how how = {.ask_at = rows[i].ask_at, .deadline_us = INT64_MAX};
        run(fx, view, rows[i].line, &how, &result);
        const size_t len = strlen(last_plan);
        const size_t tail = strlen(rows[i].ends);
        if (strncmp(last_plan, rows[i].begins, strlen(rows[i].begins)) != 0 || len < tail ||
            strcmp(last_plan + len - tail, rows[i].ends) != 0)
            fail_msg("%s: %s", rows[i].line, last_plan);
        assert_null(strstr(last_plan, "secret"));
        assert_null(strstr(last_plan, "private"));
    }
    content_view_done(view);
}

/* Of a search with very many keys the first ones are shown. */
static void
test_long_plan(void **state)
{
    struct content *fx = *state;
    struct result result;
    struct rng rng;
    AUTO_BUF line = {0};

    rng_seed(&rng, 24);
    add_shape(fx, NULL, &rng);
    struct view *view = content_view(fx, "INBOX");
    buf_init(&line, 1 << 20);
    buf_put_lit(&line, "SEARCH");
    for (unsigned i = 0; i < 5000; i++)
        buf_put_lit(&line, " SMALLER 100000");
    run(fx, view, arena_str(&fx->arena, buf_span(&line)), &(struct how){.ask_at = 1}, &result);
    assert_non_null(strstr(last_plan, ", SMALLER (memory)) and 4961 more; all "));
    content_view_done(view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_search, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copies_and_several_mailboxes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_purged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expunged_in_the_view, setup, teardown),
        cmocka_unit_test_setup_teardown(test_purged_in_the_view, setup_shared, teardown),
        cmocka_unit_test_setup_teardown(test_collation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_other_mail, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_mail_that_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_worth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_for_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_plan, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
