/* SPDX-License-Identifier: MIT */
#include "searches.h"

#include <string.h>

#include "bench/mailgen.h"
#include "mailbox/search/index_wishes.h"
#include "search_index.h"

struct test_last test_last;

/* ---- searches ---- */

static void
note_last(const struct search *search)
{
    AUTO_BUF text = {0};

    test_last.tally = search->tally;
    test_last.stage = search->answers == NULL ? HITS_BEGIN : search->answers->asking.stage;
    buf_init(&text, sizeof test_last.plan);
    search_plan_put(search, &text);
    snprintf(test_last.plan, sizeof test_last.plan, "%.*s", SPAN_FMT(buf_span(&text)));
}

static struct search_req
request(struct content *fx, const char *line, const struct test_how *how)
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

void
test_search_run(struct content *fx, struct view *view, const char *line,
                const struct test_how *how, struct test_found *out)
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
compare(const char *line, const struct test_found *with, const struct test_found *without)
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

void
test_search_both(struct content *fx, struct view *view, const char *line, struct test_how how)
{
    struct test_found with;
    struct test_found without;

    test_search_run(fx, view, line, &how, &with);
    const struct test_how plain = {
        .ask_at = UINT32_MAX, .rates = how.rates, .deadline_us = INT64_MAX};
    const struct search_tally tally = test_last.tally;
    const enum hits_stage stage = test_last.stage;
    test_search_run(fx, view, line, &plain, &without);
    test_last.tally = tally;
    test_last.stage = stage;
    compare(line, &with, &without);
}

uint32_t
test_search_count(struct content *fx, struct view *view, const char *line)
{
    struct test_found result;

    test_search_run(fx, view, line,
                    &(struct test_how){.ask_at = UINT32_MAX, .deadline_us = INT64_MAX},
                    &result);
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

void
test_mail_add(struct content *fx, const char *mbox, struct span text, struct rng *rng)
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

void
test_mail_add_shape(struct content *fx, const char *mbox, struct rng *rng)
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
    test_mail_add(fx, mbox, buf_span(&text), rng);
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
    test_mail_add(fx, NULL, buf_span(&text), rng);
}

/* of one, the index does not know everything */

unsigned
test_rounds_of(unsigned all)
{
    return getenv("ROOST_LONG") != NULL ? all : (all + 4) / 5;
}

enum { SHAPED = 60, GENERATED = 30 };

void
test_mail_fill(struct content *fx, struct rng *rng)
{
    const struct mailgen_options options = {
        .seed = 3, .broken_percent = 30, .mean_octets = 3000, .max_octets = 20000};
    struct mailgen *gen;
    struct mailgen_message message;

    for (unsigned i = 0; i < SHAPED; i++)
        test_mail_add_shape(fx, NULL, rng);
    add_long(fx, rng);
    assert_ok(mailgen_new(&options, &gen, &fx->err));
    for (unsigned i = 0; i < GENERATED; i++) {
        mailgen_next(gen, &message);
        test_mail_add(fx, NULL, message.octets, rng);
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

const char *
test_search_any(struct content *fx, struct rng *rng)
{
    AUTO_BUF line = {0};

    buf_init(&line, 1 << 16);
    buf_put_lit(&line, "SEARCH CHARSET utf-8 ");
    put_tree(&line, rng, 3);
    return arena_str(&fx->arena, buf_span(&line));
}
/* ---- the fixture ---- */

struct store_indexes *test_indexes;
static struct index_wishes wishes;

unsigned
test_wished(void)
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
    test_indexes = test_indexes_new(&fx->clock.clock);
    index_wishes_init(&wishes);
    content_open_account_with(
        fx, &(struct account_search){.indexes = test_indexes, .wishes = &wishes});
}

int
test_searches_setup(void **state)
{
    struct content *fx = content_new();

    setup_with(fx);
    *state = fx;
    return 0;
}

int
test_searches_setup_shared(void **state)
{
    struct content *fx = content_new_shared();

    setup_with(fx);
    *state = fx;
    return 0;
}

int
test_searches_teardown(void **state)
{
    const int result = content_teardown(state);

    store_indexes_free(test_indexes);
    index_wishes_done(&wishes);
    return result;
}

uint64_t
test_mail_highest(struct content *fx)
{
    struct store_tx *tx = content_read(fx);
    uint64_t message;

    assert_ok(store_message_highest(tx, &message, &fx->err));
    store_end(tx);
    return message;
}
