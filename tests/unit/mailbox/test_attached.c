/* SPDX-License-Identifier: MIT */
/*
 * Text of attachments: which are read, what becomes of what a program makes of them, that a
 * search finds exactly that besides what it finds without, and that nothing which a program
 * does keeps a message from being indexed.
 */
#include "content.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "mailbox/search/attached.h"
#include "mailbox/search/document.h"
#include "mailbox/search/index_wishes.h"
#include "mailbox/search/indexer.h"
#include "mailbox/search/search.h"
#include "search_index.h"

/* ---- a program ---- */

/* Of application/pdf. It gives back what it gets, unless it is told to do something else. */
struct program {
    struct extract extract;
    struct fake_clock *clock;
    enum rc rc;
    const char *why;   /* that it fails with */
    struct span text;  /* that it makes; NULL: what it gets */
    int64_t takes_ms;  /* of the clock */
    uint32_t wall_ms;  /* that it had the last time */
    size_t got_octets; /* the last time */
    unsigned runs;
    unsigned notes;
    char note[100]; /* the last one */
};

static int
find(void *ctx, struct span type, struct span subtype)
{
    (void)ctx;
    return span_ieq(type, SPAN("application")) && span_ieq(subtype, SPAN("pdf")) ? 0 : -1;
}

static void
note(void *ctx, int command, const char *why)
{
    struct program *program = ctx;

    assert_int_equal(command, 0);
    program->notes++;
    snprintf(program->note, sizeof program->note, "%s", why);
}

static enum rc
run_program(void *ctx, int command, uint32_t wall_ms, struct span octets, struct buf *out,
            struct err *err)
{
    struct program *program = ctx;

    assert_int_equal(command, 0);
    assert_int_equal(buf_len(out), 0);
    program->runs++;
    program->wall_ms = wall_ms;
    program->got_octets = octets.len;
    fake_clock_move_ms(program->clock, program->takes_ms);
    if (program->rc != RC_OK)
        return err_set(err, program->rc, 0, "it fails");
    buf_put_span(out, program->text.ptr == NULL ? octets : program->text);
    return RC_OK;
}

static void
program_init(struct program *program, struct content *fx)
{
    *program = (struct program){
        .clock = &fx->clock,
        .extract = {.ctx = program,
                    .clock = &fx->clock.clock,
                    .find = find,
                    .run = run_program,
                    .note = note},
    };
}

/* ---- mail ---- */

/* A message with so many attachments of these octets. */
static void
append_with(struct content *fx, const char *subject, const char *octets, unsigned count)
{
    AUTO_BUF text = {0};

    buf_init(&text, 64 << 20);
    buf_printf(&text,
               "Subject: %s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
               "Content-Type: text/plain; charset=utf-8\r\n\r\nbody of %s\r\n",
               subject, subject);
    for (unsigned i = 0; i < count; i++)
        buf_printf(&text,
                   "--b\r\nContent-Type: application/pdf\r\n"
                   "Content-Transfer-Encoding: binary\r\n\r\n%s\r\n",
                   octets);
    buf_put_lit(&text, "--b--\r\n");
    assert_true(buf_ok(&text));
    content_append(fx, &(struct content_mail){.text = buf_span(&text)});
}

/* What is made of a message's attachments. Good until the next call. */
static struct span
text_of(struct content *fx, const struct extract *extract, uint64_t message)
{
    static struct attached attached;
    static bool is_open;
    enum rc rc;

    if (is_open)
        attached_done(&attached);
    attached_init(&attached, extract);
    is_open = true;
    struct store_tx *tx = content_read(fx);
    assert_ok(attached_find(&attached, tx, message, &fx->err));
    store_end(tx);
    while (attached_is_wanted(&attached)) {
        do {
            tx = content_read(fx);
            rc = attached_read(&attached, tx, &fx->err);
            store_end(tx);
        } while (rc == RC_AGAIN);
        assert_ok(rc);
        assert_ok(attached_run(&attached, &fx->err));
    }
    return buf_span(&attached.text);
}

static struct span
made_of(struct content *fx, const struct program *program, struct span text)
{
    content_append(fx, &(struct content_mail){.text = text});
    struct store_tx *tx = content_read(fx);
    uint64_t message;
    assert_ok(store_message_highest(tx, &message, &fx->err));
    store_end(tx);
    return text_of(fx, &program->extract, message);
}

#define assert_text(actual, expected)                                                          \
    do {                                                                                       \
        const struct span text_ = (actual);                                                    \
        if (!span_eq_str(text_, expected))                                                     \
            fail_msg("\"%.*s\" is not \"%s\"", SPAN_FMT(text_), expected);                     \
    } while (0)

/* ---- which are read ---- */

static void
test_which_are_read(void **state)
{
    struct content *fx = *state;
    struct program program;

    program_init(&program, fx);
    /* in base64, in quoted-printable, in an enclosed message; not what is of another type, is
     * text, or has an encoding that nobody knows */
    assert_text(
        made_of(fx, &program,
                SPAN("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                     "--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
                     "--b\r\nContent-Type: Application/PDF; name=a.pdf\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\nT25lIGlzIGhl\r\ncmU=\r\n"
                     "--b\r\nContent-Type: application/zip\r\n\r\nzip\r\n"
                     "--b\r\nContent-Type: message/rfc822\r\n\r\n"
                     "Subject: enclosed\r\nContent-Type: multipart/mixed; boundary=c\r\n"
                     "\r\n--c\r\nContent-Type: application/pdf\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                     "two=20is th=\r\nere\r\n--c--\r\n"
                     "\r\n--b\r\nContent-Type: application/pdf\r\n"
                     "Content-Transfer-Encoding: x-odd\r\n\r\nodd\r\n"
                     "--b\r\nContent-Type: application/pdf\r\n\r\n"
                     "--b--\r\n")),
        "one is here\ntwo is there");
    assert_int_equal(program.runs, 2);
    /* a message that is nothing else */
    assert_text(
        made_of(fx, &program,
                SPAN("Subject: x\r\nContent-Type: application/pdf\r\n\r\nAll of it\r\n")),
        "all of it");
    assert_text(made_of(fx, &program, SPAN("Subject: x\r\n\r\napplication/pdf\r\n")), "");
    assert_int_equal(program.runs, 3);
    assert_int_equal(program.notes, 0);
    /* without programs nothing is looked for */
    assert_text(text_of(fx, NULL, 1), "");
    /* of a message that is gone */
    struct attached attached;
    attached_init(&attached, &program.extract);
    struct store_tx *tx = content_read(fx);
    assert_rc(attached_find(&attached, tx, 1000, &fx->err), RC_NOT_FOUND);
    store_end(tx);
    assert_false(attached_is_wanted(&attached));
    attached_done(&attached);
}

/* ---- what becomes of the text ---- */

static void
test_form_of_the_text(void **state)
{
    static const struct {
        struct span made;
        const char *text;
    } rows[] = {
        {SPAN_INIT("One  \t\r\n\f TWO\r\n"), "one two"},
        {SPAN_INIT("\n\n a\0b\x01\x7f"
                   "c"),
         "a b c"},
        {SPAN_INIT("\xc3\x84rger Stra\xc3\x9f"
                   "e"),
         "a\xcc\x88rger strasse"},
        {SPAN_INIT("not \xff\xfe of \xc3 UTF-8 \xe4\xb8"),
         "not y\xcc\x88\xc3\xbe of a\xcc\x83 utf-8 a\xcc\x88 \xcc\xa7"},
        {SPAN_INIT("no\xc2\xa0"
                   "break"),
         "no break"},
        {SPAN_INIT(" \r\n"), ""},
        {SPAN_INIT(""), ""},
    };
    struct content *fx = *state;
    struct program program;

    program_init(&program, fx);
    append_with(fx, "one", "x", 1);
    append_with(fx, "three", "x", 3);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        program.text = rows[i].made;
        assert_text(text_of(fx, &program.extract, 1), rows[i].text);
    }
    program.text = SPAN("a\nb");
    assert_text(text_of(fx, &program.extract, 2), "a b\na b\na b");
    program.rc = RC_INVALID; /* one that fails has none */
    assert_text(text_of(fx, &program.extract, 2), "");
}

/* ---- limits ---- */

static void
test_how_many_are_read(void **state)
{
    static const unsigned counts[] = {LIMIT_EXTRACT_PARTS, LIMIT_EXTRACT_PARTS + 1,
                                      10 * LIMIT_EXTRACT_PARTS};
    struct content *fx = *state;
    struct program program;

    for (unsigned i = 0; i < ARRAY_LEN(counts); i++) {
        program_init(&program, fx);
        append_with(fx, "many", "x", counts[i]);
        assert_int_equal(text_of(fx, &program.extract, i + 1).len, 2 * LIMIT_EXTRACT_PARTS - 1);
        assert_int_equal(program.runs, LIMIT_EXTRACT_PARTS);
        assert_int_equal(program.notes, counts[i] - LIMIT_EXTRACT_PARTS);
    }
    assert_string_equal(program.note, "the message has too many");
}

/* One of just that size is read in several calls. What is larger is not read at all: of base64,
 * the size before decoding tells. */
static void
test_how_large_one_may_be(void **state)
{
    static const struct {
        uint64_t octets;
        enum mime_encoding encoding;
        bool is_read;
    } rows[] = {
        {LIMIT_EXTRACT_INPUT, MIME_ENCODING_BINARY, true},
        {LIMIT_EXTRACT_INPUT + 1, MIME_ENCODING_BINARY, false},
        {(uint64_t)LIMIT_EXTRACT_INPUT / 3 * 4, MIME_ENCODING_BASE64, true},
        {(uint64_t)LIMIT_EXTRACT_INPUT / 3 * 4 + 8, MIME_ENCODING_BASE64, false},
        {10 * (uint64_t)LIMIT_EXTRACT_INPUT, MIME_ENCODING_QP, false},
        {UINT64_MAX, MIME_ENCODING_BASE64, false},
    };
    struct content *fx = *state;
    struct program program;
    struct attached attached;
    AUTO_BUF text = {0};

    buf_init(&text, 2 * (size_t)LIMIT_EXTRACT_INPUT);
    buf_put_lit(&text,
                "Content-Type: application/pdf\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    char *room = buf_reserve(&text, LIMIT_EXTRACT_INPUT);
    assert_non_null(room);
    memset(room, 'A', LIMIT_EXTRACT_INPUT);
    buf_grew(&text, LIMIT_EXTRACT_INPUT);
    program_init(&program, fx);
    program.text = SPAN("x");
    assert_text(made_of(fx, &program, buf_span(&text)), "x");
    assert_int_equal(program.got_octets, LIMIT_EXTRACT_INPUT);
    assert_int_equal(program.notes, 0);
    /* What the part table says is enough to refuse one. */
    attached_init(&attached, &program.extract);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store_tx *tx = content_read(fx);
        program.notes = 0;
        assert_ok(attached_find(&attached, tx, 1, &fx->err));
        attached.parts[0].octets = rows[i].octets;
        attached.parts[0].encoding = rows[i].encoding;
        if (rows[i].is_read)
            assert_rc(attached_read(&attached, tx, &fx->err), RC_AGAIN);
        else
            assert_ok(attached_read(&attached, tx, &fx->err));
        store_end(tx);
        assert_int_equal(program.notes, !rows[i].is_read);
        assert_int_equal(attached_is_wanted(&attached), rows[i].is_read);
    }
    assert_string_equal(program.note, "it is too large");
    attached_done(&attached);
}

static void
test_how_much_text_is_kept(void **state)
{
    enum { MOST = LIMIT_EXTRACT_TEXT };
    struct content *fx = *state;
    struct program program;
    char *text = malloc(LIMIT_EXTRACT_OUTPUT);

    assert_non_null(text);
    program_init(&program, fx);
    append_with(fx, "one", "x", 1);
    append_with(fx, "two", "x", 12);
    memset(text, 'a', LIMIT_EXTRACT_OUTPUT);
    for (size_t octets = MOST - 1; octets <= MOST + 1; octets++) {
        program.text = span_of(text, octets);
        assert_int_equal(text_of(fx, &program.extract, 1).len, octets < MOST ? octets : MOST);
    }
    program.text = span_of(text, LIMIT_EXTRACT_OUTPUT); /* and ten times that much */
    assert_int_equal(text_of(fx, &program.extract, 1).len, MOST);
    assert_int_equal(text_of(fx, &program.extract, 2).len, MOST);
    memcpy(text + MOST - 1, "\xd0\xb6", 2); /* it is cut before a character */
    assert_int_equal(text_of(fx, &program.extract, 1).len, MOST - 1);
    /* several together */
    program.text = span_of(text, MOST / 2);
    const struct span both = text_of(fx, &program.extract, 2);
    assert_int_equal(both.len, MOST);
    assert_int_equal(both.ptr[MOST / 2], '\n');
    free(text);
}

/* Each message has so many different words. All terms are of the text that is kept. */
static void
test_how_many_terms_are_kept(void **state)
{
    static const unsigned counts[] = {LIMIT_EXTRACT_TERMS - 5000, LIMIT_EXTRACT_TERMS,
                                      LIMIT_EXTRACT_TERMS + 1, 10 * LIMIT_EXTRACT_TERMS};
    struct content *fx = *state;
    struct document_maker maker;
    AUTO_BUF text = {0};

    buf_init(&text, 64 << 20);
    document_maker_init(&maker);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        size_t kept = 0;
        char last[16];
        buf_clear(&text);
        for (unsigned word = 0; word < counts[i]; word++)
            buf_printf(&text, "%s%x", word == 0 ? "" : " ", word + 0x100000);
        assert_ok(document_attach(&maker, 1 + i, buf_span(&text), &kept, &fx->err));
        if (i == 0)
            assert_int_equal(kept, buf_len(&text));
        assert_in_range(kept, 7 * (LIMIT_EXTRACT_TERMS - 5000) - 1, 7 * LIMIT_EXTRACT_TERMS);
        assert_false(maker.unsure);
        assert_in_range(maker.term_count, LIMIT_EXTRACT_TERMS - 5000, LIMIT_EXTRACT_TERMS);
        snprintf(last, sizeof last, "%x", (unsigned)(kept / 7 - 1 + 0x100000));
        assert_true(document_has(&maker, INDEX_ATTACHED, span_of_str(last)));
        snprintf(last, sizeof last, "%x", (unsigned)(kept / 7 + 1 + 0x100000));
        assert_false(document_has(&maker, INDEX_ATTACHED, span_of_str(last)));
    }
    document_maker_done(&maker);
}

/* A program has so much time, all of a message have so much, and others come without. */
static void
test_how_long_it_may_take(void **state)
{
    struct content *fx = *state;
    struct program program;

    program_init(&program, fx);
    append_with(fx, "slow", "x", 9);
    program.takes_ms = LIMIT_EXTRACT_WALL_MS - 1;
    text_of(fx, &program.extract, 1);
    assert_int_equal(program.runs, LIMIT_EXTRACT_MESSAGE_MS / LIMIT_EXTRACT_WALL_MS + 1);
    assert_int_equal(program.wall_ms, LIMIT_EXTRACT_MESSAGE_MS / LIMIT_EXTRACT_WALL_MS);
    assert_int_equal(program.notes, 9 - program.runs);
    assert_string_equal(program.note, "those before it took too long");
    program.takes_ms = 0;
    program.runs = 0;
    text_of(fx, &program.extract, 1);
    assert_int_equal(program.runs, 9);
    assert_int_equal(program.wall_ms, LIMIT_EXTRACT_WALL_MS);
}

/* ---- the index ---- */

static struct store_indexes *pool;
static struct index_wishes wishes;
static struct program the_program;

static int
setup_with(void **state, bool is_attached)
{
    struct content *fx = content_new();

    pool = test_indexes_new(&fx->clock.clock);
    index_wishes_init(&wishes);
    program_init(&the_program, fx);
    content_open_account_with(fx, &(struct account_search){.indexes = pool,
                                                           .wishes = &wishes,
                                                           .is_attached = is_attached});
    *state = fx;
    return 0;
}

static int
setup(void **state)
{
    return setup_with(state, true);
}

static int
setup_off(void **state)
{
    return setup_with(state, false);
}

static int
teardown(void **state)
{
    const int result = content_teardown(state);

    store_indexes_free(pool);
    index_wishes_done(&wishes);
    return result;
}

static enum rc
try_to_index(struct content *fx, struct indexer_progress *progress)
{
    struct rng rng;
    struct turn_waiter waiter;
    const struct indexer_options options = {
        .indexes = pool, .acct = fx->handle, .rng = &rng, .extract = &the_program.extract};
    enum indexer_outcome outcome = INDEXER_MORE;
    struct indexer *indexer = NULL;
    enum rc rc = RC_OK;

    rng_seed(&rng, 4);
    turn_waiter_init(&waiter);
    assert_ok(indexer_open(&options, &indexer, &fx->err));
    while (rc == RC_OK && outcome != INDEXER_DONE)
        rc = indexer_step(indexer, &waiter, &outcome, &fx->err);
    indexer_progress(indexer, progress);
    indexer_close(indexer);
    turn_waiter_done(&waiter);
    return rc;
}

static struct indexer_progress
make_index(struct content *fx)
{
    struct indexer_progress progress;

    assert_ok(try_to_index(fx, &progress));
    return progress;
}

/* The messages that a search finds, as bits of their numbers, up to 63. */
static uint64_t
found(struct content *fx, struct view *view, const char *line)
{
    const struct imap_cmd *cmd = content_cmd(fx, line);
    const struct search_req req = {
        .root = cmd->u.search.root,
        .has_charset = cmd->u.search.has_charset,
        .charset = cmd->u.search.charset,
        .now_s = CONTENT_NOW_S,
    };
    struct search *search;
    uint64_t bits = 0;
    enum rc rc = RC_AGAIN;

    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    while (rc == RC_AGAIN) {
        struct store_tx *tx = search_needs_store(search) ? content_read(fx) : NULL;
        rc = search_slice(search, tx, &fx->clock.clock, 0, &fx->err);
        store_end(tx);
    }
    assert_ok(rc);
    assert_in_range(view->exists, 1, 63);
    for (uint32_t seq = 1; seq <= view->exists; seq++)
        bits |= (uint64_t)search_found(search, seq) << seq;
    search_done(search);
    return bits;
}

static void
test_is_found(void **state)
{
    static const struct {
        const char *line;
        uint64_t found;
    } rows[] = {
        {"SEARCH BODY annual", 1u << 2},
        {"SEARCH TEXT annual", 1u << 2},
        {"SEARCH TEXT nnua", 1u << 2},
        {"SEARCH BODY \"annual report of\"", 1u << 2}, /* across a line */
        {"SEARCH BODY \"report annual\"", 0},
        {"SEARCH BODY \"of 2031, final\"", 1u << 2},
        {"SEARCH BODY \"of 2031 final\"", 0},
        {"SEARCH BODY \"ual rep\"", 1u << 2},
        {"SEARCH BODY final", 1u << 2 | 1u << 3},
        {"SEARCH NOT BODY final", 1u << 1 | 1u << 4},
        {"SEARCH BODY final NOT BODY 2031", 1u << 3},
        {"SEARCH OR BODY annual BODY fourth", 1u << 2 | 1u << 4},
        {"SEARCH BODY annual BODY second", 1u << 2}, /* in the attachment, and in the body */
        {"SEARCH BODY \"second annual\"", 0},
        {"SEARCH BODY \"end start\"", 0}, /* of two attachments */
        {"SEARCH BODY \"end\"", 1u << 3},
        {"SEARCH SUBJECT annual", 0},
        {"SEARCH HEADER Content-Type annual", 0},
        {"SEARCH FUZZY BODY \"reports annual\"", 1u << 2},
        {"SEARCH FUZZY TEXT \"anual\"", 1u << 2},
        {"SEARCH FUZZY BODY \"annual nothing\"", 0},
        {"SEARCH BODY body", 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4},
        {"SEARCH BODY \",\"", 0}, /* nothing but what separates: not in attachments */
    };
    struct content *fx = *state;

    append_with(fx, "first", "nothing", 0);
    append_with(fx, "second", "The Annual\r\nReport   of 2031, final.", 1);
    append_with(fx, "third", "Start and final end", 2);
    append_with(fx, "fourth", "other", 1);
    struct view *view = content_view(fx, "INBOX");
    uint64_t account;
    assert_int_equal(found(fx, view, "SEARCH BODY annual"), 0); /* nobody knows it yet */
    assert_true(index_wishes_take(&wishes, 0, &account));       /* but that was noticed */
    const struct indexer_progress progress = make_index(fx);
    assert_int_equal(progress.added, 4);
    assert_int_equal(progress.attached, 3);
    assert_int_equal(the_program.runs, 4);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (found(fx, view, rows[i].line) != rows[i].found)
            fail_msg("%s: %jx, not %jx", rows[i].line, (uintmax_t)found(fx, view, rows[i].line),
                     (uintmax_t)rows[i].found);
    assert_false(index_wishes_take(&wishes, 0, &account));
    /* A message that came later is looked at without its attachments, until it is known. */
    append_with(fx, "fifth", "annual too", 1);
    content_view_done(view);
    view = content_view(fx, "INBOX");
    assert_int_equal(found(fx, view, "SEARCH BODY annual"), 1u << 2);
    assert_int_equal(found(fx, view, "SEARCH BODY \"body of fifth\""), 1u << 5);
    assert_true(index_wishes_take(&wishes, 0, &account));
    assert_int_equal(make_index(fx).attached, 1);
    assert_int_equal(found(fx, view, "SEARCH BODY annual"), 1u << 2 | 1u << 5);
    content_view_done(view);
}

/* Where attachments do not count, what an index may have of them is not asked for. */
static void
test_is_off(void **state)
{
    struct content *fx = *state;
    uint64_t account;

    append_with(fx, "first", "annual", 1);
    struct view *view = content_view(fx, "INBOX");
    assert_int_equal(found(fx, view, "SEARCH BODY annual"), 0);
    assert_false(index_wishes_take(&wishes, 0, &account));
    make_index(fx);
    assert_int_equal(found(fx, view, "SEARCH BODY annual"), 0);
    content_view_done(view);
}

/* One that fails keeps no message from being indexed. */
static void
test_fails(void **state)
{
    static const enum rc failures[] = {RC_INVALID,     RC_TIMEOUT, RC_NOT_FOUND,
                                       RC_UNSUPPORTED, RC_DENIED,  RC_IO};
    struct content *fx = *state;

    for (unsigned i = 0; i < ARRAY_LEN(failures); i++) {
        append_with(fx, "failing", "attached", 2);
        the_program.rc = failures[i];
        const struct indexer_progress progress = make_index(fx);
        assert_int_equal(progress.added, 1);
        assert_int_equal(progress.unsure, 0);
        assert_int_equal(progress.attached, 0);
    }
    the_program.rc = RC_OK;
    append_with(fx, "good", "attached", 1);
    assert_int_equal(make_index(fx).attached, 1);
    struct view *view = content_view(fx, "INBOX");
    assert_int_equal(found(fx, view, "SEARCH BODY attached"), 1u << 7);
    assert_int_equal(found(fx, view, "SEARCH BODY failing"), 0x7e);
    content_view_done(view);
}

/* When it is time to stop, or there is no memory, nothing is lost: the message comes later. */
static void
test_comes_later(void **state)
{
    struct content *fx = *state;
    struct indexer_progress progress;

    append_with(fx, "first", "nothing", 0);
    append_with(fx, "second", "attached", 1);
    the_program.rc = RC_AGAIN;
    assert_rc(try_to_index(fx, &progress), RC_BUSY);
    the_program.rc = RC_LIMIT;
    assert_rc(try_to_index(fx, &progress), RC_LIMIT);
    the_program.rc = RC_OK;
    assert_int_equal(make_index(fx).attached, 1);
    struct view *view = content_view(fx, "INBOX");
    assert_int_equal(found(fx, view, "SEARCH BODY attached"), 1u << 2);
    content_view_done(view);
}

/* A text that is gone, or is another one, is damage. The index goes, and is asked for again. */
static void
test_is_damaged(void **state)
{
    static const char *const damages[] = {
        "DELETE FROM attached WHERE message = 2",
        "UPDATE attached SET text = 'the annual reporz'",
        "UPDATE attached SET seal = 1",
        "UPDATE attached SET seal = seal + message, text = upper(text)",
    };
    struct content *fx = *state;
    uint64_t account;

    append_with(fx, "first", "another document", 1);
    append_with(fx, "second", "The Annual Report", 1);
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        sqlite3 *raw = NULL;
        make_index(fx);
        assert_int_equal(found(fx, view, "SEARCH BODY \"annual report\""), 1u << 2);
        assert_false(index_wishes_take(&wishes, 0, &account));
        assert_int_equal(sqlite3_open(test_index_path(fx), &raw), SQLITE_OK);
        if (sqlite3_exec(raw, damages[i], NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("%s: %s", damages[i], sqlite3_errmsg(raw));
        sqlite3_close(raw);
        assert_int_equal(found(fx, view, "SEARCH BODY \"annual report\""), 0);
        assert_true(index_wishes_take(&wishes, 0, &account));
        assert_string_equal(test_index_path(fx), "");
        assert_int_equal(found(fx, view, "SEARCH BODY \"body of second\""), 1u << 2);
        while (index_wishes_take(&wishes, 0, &account)) {
        }
    }
    content_view_done(view);
}

/* ---- any search ---- */

static const char *const words[] = {"alpha",   "beta",  "gamma9",
                                    "del",     "delta", "\xc3\xa9t\xc3\xa9",
                                    "STRASSE", "x",     "\xe4\xb8\xad\xe6\x96\x87",
                                    "alphabet"};
static const char *const separators[] = {" ", "  ", "\r\n", ", ", "-", "/"};

static void
put_words(struct buf *out, struct rng *rng, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            buf_put_str(out, separators[rng_below(rng, ARRAY_LEN(separators))]);
        buf_put_str(out, words[rng_below(rng, ARRAY_LEN(words))]);
    }
}

/* Some characters of a text of such words, without line ends. */
static struct span
any_needle(struct rng *rng, struct buf *scratch)
{
    buf_clear(scratch);
    put_words(scratch, rng, 1 + (unsigned)rng_below(rng, 3));
    struct span text = buf_span(scratch);
    for (char *c = scratch->data + scratch->head; c < text.ptr + text.len; c++)
        if (*c == '\r' || *c == '\n')
            *c = ' ';
    const size_t len = 1 + rng_below(rng, text.len);
    size_t from = rng_below(rng, text.len - len + 1);
    size_t to = from + len;
    while (from > 0 && ((unsigned char)text.ptr[from] & 0xC0) == 0x80)
        from--;
    while (to < text.len && ((unsigned char)text.ptr[to] & 0xC0) == 0x80)
        to++;
    return span_of(text.ptr + from, to - from);
}

/* Whether there is more in it than what separates. */
static bool
has_word(struct span needle)
{
    for (size_t i = 0; i < needle.len; i++)
        if (strchr(" ,-/", needle.ptr[i]) == NULL)
            return true;
    return false;
}

static struct span
flat_of(struct content *fx, struct fold *fold, struct span text)
{
    AUTO_BUF folded = {0};
    AUTO_BUF flat = {0};

    buf_init(&folded, 1 << 16);
    buf_init(&flat, 1 << 16);
    fold_put(fold, text, &folded);
    attached_flatten(buf_span(&folded), &flat);
    return arena_span(&fx->arena, buf_span(&flat));
}

/* What is found is what was found without attachments, and what they contain. */
static void
test_any_search(void **state)
{
    enum { MESSAGES = 50, SEARCHES = 250 };
    static struct {
        char line[200];
        struct span flat;
        uint64_t without;
    } searches[SEARCHES];
    struct content *fx = *state;
    struct rng rng;
    struct fold fold;
    struct span flats[MESSAGES + 1] = {0};
    AUTO_BUF text = {0};

    rng_seed(&rng, 12);
    fold_init(&fold);
    buf_init(&text, 1 << 16);
    for (unsigned i = 1; i <= MESSAGES; i++) {
        buf_clear(&text);
        put_words(&text, &rng, 1 + (unsigned)rng_below(&rng, 12));
        buf_put_char(&text, '\0');
        const bool has = rng_below(&rng, 3) > 0;
        append_with(fx, "alpha beta", buf_span(&text).ptr, has);
        if (has)
            flats[i] = flat_of(fx, &fold, span_trim(span_of_str(buf_span(&text).ptr)));
    }
    struct view *view = content_view(fx, "INBOX");
    for (unsigned i = 0; i < SEARCHES; i++) {
        const struct span needle = any_needle(&rng, &text);
        snprintf(searches[i].line, sizeof searches[i].line, "SEARCH CHARSET utf-8 %s \"%.*s\"",
                 i % 2 == 0 ? "BODY" : "TEXT", SPAN_FMT(needle));
        searches[i].flat = flat_of(fx, &fold, needle);
        if (!has_word(needle))
            searches[i].flat = SPAN("\n"); /* asks an index nothing */
        searches[i].without = found(fx, view, searches[i].line);
    }
    make_index(fx);
    for (unsigned i = 0; i < SEARCHES; i++) {
        uint64_t expected = searches[i].without;
        for (unsigned m = 1; m <= MESSAGES; m++)
            expected |=
                (uint64_t)(flats[m].len > 0 && span_find(flats[m], searches[i].flat) >= 0) << m;
        const uint64_t with = found(fx, view, searches[i].line);
        if (with != expected)
            fail_msg("%s: %jx, not %jx", searches[i].line, (uintmax_t)with,
                     (uintmax_t)expected);
    }
    content_view_done(view);
}

int
main(void)
{
#define FREE(test) cmocka_unit_test_setup_teardown(test, content_setup, content_teardown)
#define INDEXED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        FREE(test_which_are_read),
        FREE(test_form_of_the_text),
        FREE(test_how_many_are_read),
        FREE(test_how_large_one_may_be),
        FREE(test_how_much_text_is_kept),
        FREE(test_how_many_terms_are_kept),
        FREE(test_how_long_it_may_take),
        INDEXED(test_is_found),
        cmocka_unit_test_setup_teardown(test_is_off, setup_off, teardown),
        INDEXED(test_fails),
        INDEXED(test_comes_later),
        INDEXED(test_is_damaged),
        INDEXED(test_any_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
