/* SPDX-License-Identifier: MIT */
/*
 * FETCH against direct slicing of the message: every section of generated and nasty mail, with
 * partials, cut into slices at random places; CHANGEDSINCE; messages expunged by others.
 */
#include "content.h"

#include <string.h>

#include "base/rng.h"
#include "bench/mailgen.h"
#include "mailbox/content/fetch.h"
#include "mailbox/content/ingest.h"
#include "syntax/mail/bodystructure.h"
#include "syntax/mail/envelope.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_decode.h"
#include "syntax/mail/mime_parts.h"

/* ---- running a FETCH in slices ---- */

/* One item of one message as text: "seq LABEL=octets"; entries as "seq LABEL". */
struct transcript {
    struct buf text; /* all items, each followed by a newline */
    unsigned messages;
    unsigned works; /* steps that took long and gave nothing */
    unsigned missing;
};

static void
put_item(struct transcript *to, const struct fetch_step *step)
{
    buf_printf(&to->text, "%u %.*s", step->msg->seq, SPAN_FMT(step->item->label));
    if (step->kind == FETCH_STEP_ENTRY && step->item->kind == FETCH_UID)
        buf_printf(&to->text, "=%u", step->msg->uid);
    if (step->kind == FETCH_STEP_ENTRY && step->item->kind == FETCH_FLAGS)
        buf_printf(&to->text, "=%u", step->msg->flags);
    if (step->kind == FETCH_STEP_NIL)
        buf_put_lit(&to->text, "=NIL");
    if (step->kind == FETCH_STEP_SYNTAX || step->kind == FETCH_STEP_STRING) {
        buf_put_char(&to->text, '=');
        buf_put_span(&to->text, step->text);
    }
    if (step->kind == FETCH_STEP_STREAM || step->kind == FETCH_STEP_STREAM8) {
        assert_true(step->octets > 0);
        buf_put_str(&to->text, step->kind == FETCH_STEP_STREAM8 ? "=~" : "=");
    } else {
        buf_put_char(&to->text, '\n');
    }
}

/* Does work until the slice is over; true when the whole FETCH is. */
static bool
one_slice(struct content *fx, struct fetch *fetch, struct transcript *to, struct rng *rng,
          uint64_t *left)
{
    struct fetch_step step;

    for (uint64_t steps = 1 + rng_below(rng, 8); steps > 0; steps--) {
        if (*left > 0) {
            const size_t before = buf_len(&to->text);
            const uint64_t had = *left;
            assert_ok(fetch_stream(fetch, &to->text, 1 + rng_below(rng, 5000), left, &fx->err));
            assert_int_equal(had - *left, buf_len(&to->text) - before);
            if (*left == 0)
                buf_put_char(&to->text, '\n');
            continue;
        }
        assert_ok(fetch_step(fetch, &step, &fx->err));
        switch (step.kind) {
        case FETCH_STEP_DONE:
            return true;
        case FETCH_STEP_BEGIN:
            to->messages++;
            break;
        case FETCH_STEP_END:
            break;
        case FETCH_STEP_WORK:
            to->works++;
            break;
        case FETCH_STEP_STREAM:
        case FETCH_STEP_STREAM8:
            *left = step.octets;
            put_item(to, &step);
            break;
        default:
            put_item(to, &step);
            break;
        }
    }
    return false;
}

/* to->text is the caller's then. */
static void
run_fetch_to(struct content *fx, struct view *view, const char *line, struct rng *rng,
             struct transcript *to)
{
    const struct imap_cmd *cmd = content_cmd(fx, line);
    const struct imap_fetch_req *req = &cmd->u.fetch;
    struct view_run *runs;
    size_t count;
    struct fetch *fetch;
    uint64_t left = 0;
    bool over = false;

    *to = (struct transcript){.messages = 0};
    buf_init(&to->text, 256 << 20);
    if (req->msgs.kind == IMAP_MSGS_UID)
        assert_ok(view_resolve_uids(view, &req->msgs.uid, &fx->arena, &runs, &count));
    else
        assert_ok(view_resolve_seqs(view, &req->msgs.seq, &fx->arena, &runs, &count));
    assert_ok(fetch_new(&fx->arena, view, req, runs, count, &fetch));
    while (!over) {
        struct store_tx *tx = fetch_needs_store(fetch) ? content_read(fx) : NULL;
        assert_ok(fetch_slice_begin(fetch, tx, &fx->err));
        over = one_slice(fx, fetch, to, rng, &left);
        fetch_slice_end(fetch);
        store_end(tx);
    }
    to->missing = fetch_missing(fetch);
    fetch_done(fetch);
}

static struct span
run_fetch(struct content *fx, struct view *view, const char *line, struct rng *rng,
          unsigned *missing_out)
{
    struct transcript to;

    run_fetch_to(fx, view, line, rng, &to);
    if (missing_out != NULL)
        *missing_out = to.missing;
    const struct span text = arena_span(&fx->arena, buf_span(&to.text));
    buf_done(&to.text);
    return text;
}

/* The answer to one item of message 1. */
static struct span
fetch_one(struct content *fx, struct view *view, const char *item, struct rng *rng)
{
    const char *line = arena_printf(&fx->arena, "FETCH 1 (%s)", item);
    struct span text = run_fetch(fx, view, line, rng, NULL);

    text.len--; /* the newline */
    return span_tail(text, (size_t)span_find_char(text, '=') + 1);
}

static void
expect(struct content *fx, struct view *view, struct rng *rng, const char *item,
       struct span wanted)
{
    const struct span got = fetch_one(fx, view, item, rng);

    if (!span_eq(got, wanted))
        fail_msg("%s: %zu octets\n%.*s\n-- not %zu\n%.*s", item, got.len,
                 SPAN_FMT(span_head(got, 400)), wanted.len, SPAN_FMT(span_head(wanted, 400)));
}

/* ---- all sections of a message ---- */

struct shape {
    struct content *fx;
    struct view *view;
    struct rng *rng;
    struct span text;
};

static struct span
slice(struct span text, uint64_t offset, uint64_t octets)
{
    return span_head(span_tail(text, offset), octets);
}

static void
expect_partial(const struct shape *shape, const char *section, struct span whole)
{
    const uint64_t first = rng_below(shape->rng, whole.len + 10);
    const uint64_t count = 1 + rng_below(shape->rng, whole.len + 10);
    const char *item = arena_printf(&shape->fx->arena, "BODY.PEEK[%s]<%ju.%ju>", section,
                                    (uintmax_t)first, (uintmax_t)count);

    expect(shape->fx, shape->view, shape->rng, item, slice(whole, first, count));
}

static void
expect_section(const struct shape *shape, const char *section, struct span whole)
{
    const char *item = arena_printf(&shape->fx->arena, "BODY.PEEK[%s]", section);

    expect(shape->fx, shape->view, shape->rng, item, whole);
    expect_partial(shape, section, whole);
}

/* One BINARY item; with NUL it comes with a tilde. */
static void
expect_decoded(const struct shape *shape, const char *item, struct span wanted)
{
    struct arena *arena = &shape->fx->arena;
    AUTO_BUF text = {0};

    buf_init(&text, 64 << 20);
    if (span_find_char(wanted, 0) >= 0)
        buf_put_char(&text, '~');
    buf_put_span(&text, wanted);
    expect(shape->fx, shape->view, shape->rng, item, arena_span(arena, buf_span(&text)));
}

/* BINARY[path] against the decoder run over all of the part at once. */
static void
expect_binary(const struct shape *shape, const struct mime_part *part, const char *path)
{
    struct arena *arena = &shape->fx->arena;
    const struct span body = slice(shape->text, part->body_off, part->body_size);
    struct mime_decoder decoder;
    struct line_ends ends = {.after_cr = false};
    AUTO_BUF whole = {0};
    AUTO_BUF text = {0};

    buf_init(&whole, 64 << 20);
    buf_init(&text, 64 << 20);
    mime_decoder_init(&decoder,
                      part->kind == MIME_LEAF ? part->encoding : MIME_ENCODING_BINARY);
    if (decoder.encoding == MIME_ENCODING_UNKNOWN)
        return;
    mime_decoder_put(&decoder, body, &whole);
    mime_decoder_finish(&decoder, &whole);
    line_ends_put(&ends, buf_span(&whole), &text);
    const struct span all = buf_span(line_ends_apply(part) ? &text : &whole);
    const uint64_t first = rng_below(shape->rng, all.len + 10);
    const uint64_t count = 1 + rng_below(shape->rng, all.len + 10);
    expect(shape->fx, shape->view, shape->rng, arena_printf(arena, "BINARY.SIZE[%s]", path),
           span_of_str(arena_printf(arena, "%zu", all.len)));
    expect_decoded(shape, arena_printf(arena, "BINARY.PEEK[%s]", path), all);
    expect_decoded(shape,
                   arena_printf(arena, "BINARY.PEEK[%s]<%ju.%ju>", path, (uintmax_t)first,
                                (uintmax_t)count),
                   slice(all, first, count));
}

/* BODY[path] and what hangs below it. */
static void
expect_part(const struct shape *shape, const struct mime_part *part, const char *path)
{
    struct arena *arena = &shape->fx->arena;
    const struct span text = shape->text;
    unsigned number = 0;

    expect_section(shape, path, slice(text, part->body_off, part->body_size));
    expect_binary(shape, part, path);
    expect_section(shape, arena_printf(arena, "%s.MIME", path),
                   slice(text, part->header_off, part->header_size));
    if (part->kind == MIME_MESSAGE) {
        const struct mime_part *inner = part->first_child;
        expect_section(shape, arena_printf(arena, "%s.HEADER", path),
                       slice(text, inner->header_off, inner->header_size));
        expect_section(shape, arena_printf(arena, "%s.TEXT", path),
                       slice(text, inner->body_off, inner->body_size));
        part = inner;
        if (part->kind != MIME_MULTIPART) {
            expect_section(shape, arena_printf(arena, "%s.1", path),
                           slice(text, part->body_off, part->body_size));
            return;
        }
    }
    for (const struct mime_part *child = part->first_child; child != NULL; child = child->next)
        expect_part(shape, child, arena_printf(arena, "%s.%u", path, ++number));
}

static void
expect_message(const struct shape *shape)
{
    static const struct span names[] = {SPAN_INIT("Subject"), SPAN_INIT("X-Nothing"),
                                        SPAN_INIT("received")};
    struct content *fx = shape->fx;
    const struct span text = shape->text;
    struct mime_part *root;
    struct header_names set;
    AUTO_BUF made = {0};

    buf_init(&made, 64 << 20);
    assert_ok(mime_scan(text, &fx->arena, &root));
    const struct span header = span_head(text, root->header_size);
    const struct span body = span_tail(text, root->header_size);
    expect_section(shape, "", text);
    expect_section(shape, "HEADER", header);
    expect_section(shape, "TEXT", body);
    expect(fx, shape->view, shape->rng, "RFC822", text);
    expect(fx, shape->view, shape->rng, "RFC822.HEADER", header);
    expect(fx, shape->view, shape->rng, "RFC822.TEXT", body);

    assert_ok(header_names_init(&set, &fx->arena, names, 3));
    header_filter(&made, header, &set, HEADER_FIELDS);
    expect_section(shape, "HEADER.FIELDS (Subject X-Nothing received)", buf_span(&made));
    buf_clear(&made);
    header_filter(&made, header, &set, HEADER_FIELDS_NOT);
    expect_section(shape, "HEADER.FIELDS.NOT (Subject X-Nothing received)", buf_span(&made));
    assert_ok(header_names_init(&set, &fx->arena, names, 1));
    buf_clear(&made);
    header_filter(&made, header, &set, HEADER_FIELDS);
    expect_section(shape, "HEADER.FIELDS (Subject)", buf_span(&made));

    buf_clear(&made);
    envelope_put(&made, header);
    expect(fx, shape->view, shape->rng, "ENVELOPE", buf_span(&made));
    buf_clear(&made);
    bodystructure_put(&made, text, root);
    expect(fx, shape->view, shape->rng, "BODYSTRUCTURE", buf_span(&made));
    const struct span structure = arena_span(&fx->arena, buf_span(&made));
    buf_clear(&made);
    assert_ok(bodystructure_put_basic(&made, structure));
    expect(fx, shape->view, shape->rng, "BODY", buf_span(&made));

    if (root->kind == MIME_MULTIPART) {
        unsigned number = 0;
        for (const struct mime_part *part = root->first_child; part != NULL; part = part->next)
            expect_part(shape, part, arena_printf(&fx->arena, "%u", ++number));
    } else {
        expect_section(shape, "1", body);
        expect_binary(shape, root, "1");
    }
    expect_decoded(shape, "BINARY.PEEK[]", text);
    expect(fx, shape->view, shape->rng, "BINARY.PEEK[65000]", SPAN("NIL"));
    expect(fx, shape->view, shape->rng, "BINARY.SIZE[65000]", SPAN("0"));
    expect(fx, shape->view, shape->rng, "BODY.PEEK[65000]", SPAN("NIL"));
    expect(fx, shape->view, shape->rng, "BODY.PEEK[1.65000.3.HEADER]", SPAN("NIL"));
}

/* One mailbox a message: so it is message 1. */
static void
check_text(struct content *fx, struct rng *rng, struct span text)
{
    const struct content_mail mail = {.mbox = "Drafts", .text = text};
    struct expunge_op op;

    content_append(fx, &mail);
    struct view *view = content_view(fx, "Drafts");
    const struct shape shape = {.fx = fx, .view = view, .rng = rng, .text = text};
    expect_message(&shape);

    expunge_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.mbox = content_mbox(view);
    assert_ok(content_run(fx, &op.turn));
    /* Others have expunged it; this view still names it (RFC 2180 section 4.1.1). */
    expect(fx, view, rng, "BODY.PEEK[]", text);
    content_view_done(view);
}

static void
test_generated(void **state)
{
    struct content *fx = *state;
    const struct mailgen_options options = {
        .seed = 9, .broken_percent = 30, .mean_octets = 3000, .max_octets = 60000};
    struct mailgen *gen;
    struct mailgen_message message;
    struct rng rng;

    rng_seed(&rng, 3);
    assert_ok(mailgen_new(&options, &gen, &fx->err));
    for (int i = 0; i < 60; i++) {
        mailgen_next(gen, &message);
        check_text(fx, &rng, message.octets);
    }
    mailgen_free(gen);
}

static void
test_small(void **state)
{
    static const char *const texts[] = {
        "\r\n",
        "Subject: header only\r\n",
        "Subject: x\r\n\r\n",
        "no header at all\r\n",
        "Subject: x\n\nbare line feeds\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\r\n--b--\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\nno delimiter\r\n",
        "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner body",
    };
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 4);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        check_text(fx, &rng, span_of_str(texts[i]));
}

/* Encodings undone, in pieces that end anywhere; what is broken is decoded as far as it
 * goes. */
static void
test_binary(void **state)
{
    static const char *const heads[] = {
        "Content-Transfer-Encoding: base64\r\n\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
        "Content-Transfer-Encoding: binary\r\n\r\n",
        "Content-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        "Content-Type: image/x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        "Content-Type: text/plain; charset=utf-16\r\n\r\n",
        ("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n"
         "\r\n--b\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"),
    };
    static const char *const pieces[] = {
        "QUJD\r\n", "AAAA", "=", "=41=\r\n", " \t\r\n", "not base64!",
        "=\r\n--b", "AA==", "x", "\n",       "Cg0K",    "CgoK"};
    struct content *fx = *state;
    struct rng rng;

    rng_seed(&rng, 8);
    for (size_t i = 0; i < ARRAY_LEN(heads) * 3; i++) {
        const size_t octets = i < 2                  ? 300000
                              : i < ARRAY_LEN(heads) ? 70000
                                                     : rng_below(&rng, 2000);
        AUTO_BUF text = {0};
        buf_init(&text, 16 << 20);
        buf_put_str(&text, heads[i % ARRAY_LEN(heads)]);
        while (buf_len(&text) < octets)
            buf_put_str(&text, pieces[rng_below(&rng, ARRAY_LEN(pieces))]);
        check_text(fx, &rng, buf_span(&text));
    }
    check_text(fx, &rng, SPAN("Content-Transfer-Encoding: binary\r\n\r\na\0b"));
}

/* A request for many small pieces of one large part reads a part of it for each of them. */
static void
test_many_pieces(void **state)
{
    enum { OCTETS = 6 << 20, PIECES = 200 };
    struct content *fx = *state;
    struct transcript got;
    struct rng rng;
    AUTO_BUF text = {0};
    AUTO_BUF line = {0};
    AUTO_BUF wanted = {0};

    rng_seed(&rng, 9);
    buf_init(&text, 16 << 20);
    buf_init(&line, 1 << 20);
    buf_init(&wanted, 1 << 20);
    buf_put_lit(&text, "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (unsigned i = 0; i < OCTETS / 3; i++) /* its octets are 'A', 'B', or 'C' */
        buf_put_lit(&text, "QUJD");
    content_append(fx, &(struct content_mail){.text = buf_span(&text)});
    buf_put_lit(&line, "FETCH 1 (");
    for (unsigned i = 0; i < PIECES; i++) {
        const unsigned first = (unsigned)rng_below(&rng, OCTETS);
        buf_printf(&line, "BINARY.PEEK[1]<%u.1> ", first);
        buf_printf(&wanted, "1 BINARY[1]<%u>=%c\n", first, "ABC"[first % 3]);
    }
    buf_put_lit(&line, "BINARY.SIZE[1] BINARY.SIZE[1])");
    buf_printf(&wanted, "1 BINARY.SIZE[1]=%u\n1 BINARY.SIZE[1]=%u\n", OCTETS, OCTETS);
    buf_put_char(&line, '\0');

    struct view *view = content_view(fx, "INBOX");
    run_fetch_to(fx, view, buf_span(&line).ptr, &rng, &got);
    if (!span_eq(buf_span(&got.text), buf_span(&wanted)))
        fail_msg("%.*s", SPAN_FMT(span_head(buf_span(&got.text), 2000)));
    /* A step reads a megabyte. From the beginning each time it would be 800 of them. */
    assert_in_range(got.works, 1, 20);
    buf_done(&got.text);
    content_view_done(view);
}

/* A large message in small slices, and a header above what is handed over whole. */
static void
test_large(void **state)
{
    struct content *fx = *state;
    struct rng rng;
    AUTO_BUF text = {0};

    buf_init(&text, 16 << 20);
    for (int i = 0; i < 20000; i++)
        buf_printf(&text, "X-Filler-%d: %d\r\nReceived: from %d\r\n", i, i, i);
    buf_put_lit(&text, "Subject: large\r\n\r\n");
    for (int i = 0; i < 40000; i++)
        buf_printf(&text, "line %d of the body\r\n", i);
    rng_seed(&rng, 5);
    check_text(fx, &rng, buf_span(&text));
}

/* ---- which messages ---- */

static void
fill(struct content *fx, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const char *text = arena_printf(&fx->arena, "Subject: %u\r\n\r\nbody %u\r\n", i, i);
        content_append(fx, &(struct content_mail){.text = span_of_str(text)});
    }
}

static void
set_flags(struct content *fx, uint64_t mbox, uint32_t first, uint32_t last, uint32_t flags)
{
    const struct uid_run run = {first, last};
    struct flags_op op;

    flags_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.mbox = mbox;
    op.runs = &run;
    op.run_count = 1;
    op.mode = FLAGS_ADD;
    op.flags = flags;
    op.unchanged_since = MODSEQ_ANY;
    assert_ok(content_run(fx, &op.turn));
}

static void
expect_fetch(struct content *fx, struct view *view, const char *line, const char *answer)
{
    struct rng rng;

    rng_seed(&rng, 6);
    const struct span got = run_fetch(fx, view, line, &rng, NULL);
    if (!span_eq_str(got, answer))
        fail_msg("%s\n%.*s-- not\n%s", line, SPAN_FMT(got), answer);
}

static void
test_messages(void **state)
{
    struct content *fx = *state;

    fill(fx, 5);
    struct view *view = content_view(fx, "INBOX");
    const uint64_t mbox = content_mbox(view);
    struct mailbox_state before;
    mailbox_state(view->mailbox, &before);

    expect_fetch(fx, view, "FETCH 2:3 (UID)", "2 UID=2\n3 UID=3\n");
    /* The highest UID is `*`: RFC 3501 section 6.4.8. */
    expect_fetch(fx, view, "UID FETCH 6:* (BODY.PEEK[TEXT])",
                 "5 UID=5\n5 BODY[TEXT]=body 4\r\n\n");
    expect_fetch(fx, view, "UID FETCH 99 (FLAGS)", "");

    /* Flags that another session has set since are told, sync or no sync. */
    set_flags(fx, mbox, 2, 4, MSG_FLAGGED);
    expect_fetch(fx, view, "FETCH 1:3 (FLAGS)", "1 FLAGS=0\n2 FLAGS=4\n3 FLAGS=4\n");
    const char *line = arena_printf(&fx->arena, "FETCH 1:* (UID) (CHANGEDSINCE %ju)",
                                    (uintmax_t)before.highest_modseq);
    const struct imap_cmd *cmd = content_cmd(fx, line);
    assert_true(cmd->u.fetch.has_changed_since);
    struct rng rng;
    rng_seed(&rng, 7);
    const struct span changed = run_fetch(fx, view, line, &rng, NULL);
    assert_true(span_starts(changed, SPAN("2 UID=2\n")));

    /* Expunged by another session: still there, with the flags that the view knew. */
    struct expunge_op op;
    const struct uid_run run = {3, 4};
    expunge_op_init(&op, &fx->arena, (struct wake){.fn = NULL});
    op.mbox = mbox;
    op.runs = &run;
    op.run_count = 1;
    assert_ok(content_run(fx, &op.turn));
    set_flags(fx, mbox, 5, 5, MSG_SEEN);
    expect_fetch(fx, view, "FETCH 2:* (UID FLAGS BODY.PEEK[TEXT]<0.6>)",
                 "2 UID=2\n2 FLAGS=4\n2 BODY[TEXT]<0>=body 1\n"
                 "3 UID=3\n3 FLAGS=0\n3 BODY[TEXT]<0>=body 2\n"
                 "4 UID=4\n4 FLAGS=0\n4 BODY[TEXT]<0>=body 3\n"
                 "5 UID=5\n5 FLAGS=1\n5 BODY[TEXT]<0>=body 4\n");
    content_view_done(view);
}

/* The arrays of the fast path say the same as the steps. */
/* Messages with a part that cannot be decoded are passed over, others are not. */
static void
test_unknown_encoding(void **state)
{
    struct content *fx = *state;
    static const char *const texts[] = {
        "Subject: a\r\n\r\nYQ==",
        "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin",
        "Content-Transfer-Encoding: base64\r\n\r\nYQ==",
    };
    struct fetch *fetch;
    struct fetch_step step = {.kind = FETCH_STEP_BEGIN};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        content_append(fx, &(struct content_mail){.text = span_of_str(texts[i])});
    struct view *view = content_view(fx, "INBOX");
    expect_fetch(fx, view, "FETCH 1:3 (BINARY.PEEK[1])", "1 BINARY[1]=YQ==\n3 BINARY[1]=a\n");
    expect_fetch(fx, view, "FETCH 1:3 (UID BINARY.SIZE[1])",
                 "1 UID=1\n1 BINARY.SIZE[1]=4\n3 UID=3\n3 BINARY.SIZE[1]=1\n");
    expect_fetch(fx, view, "FETCH 2 (BINARY.PEEK[] BODY.PEEK[1])",
                 "2 BINARY[]=Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin\n"
                 "2 BODY[1]=begin\n");

    const struct view_run run = {1, 3};
    const struct imap_cmd *cmd = content_cmd(fx, "FETCH 1:3 (BINARY.SIZE[1])");
    assert_ok(fetch_new(&fx->arena, view, &cmd->u.fetch, &run, 1, &fetch));
    struct store_tx *tx = content_read(fx);
    assert_ok(fetch_slice_begin(fetch, tx, &fx->err));
    while (step.kind != FETCH_STEP_DONE)
        assert_ok(fetch_step(fetch, &step, &fx->err));
    assert_int_equal(fetch_undecodable(fetch), 1);
    assert_int_equal(fetch_missing(fetch), 0);
    fetch_slice_end(fetch);
    store_end(tx);
    fetch_done(fetch);
    content_view_done(view);
}

static void
test_runs(void **state)
{
    struct content *fx = *state;
    uint32_t seq;
    struct version_run run;

    fill(fx, 50);
    struct view *view = content_view(fx, "INBOX");
    for (uint32_t uid = 3; uid < 50; uid += 5)
        set_flags(fx, content_mbox(view), uid, uid, MSG_SEEN);

    const struct view_run runs[] = {{1, 10}, {12, 12}, {20, 50}};
    const struct imap_cmd *cmd = content_cmd(fx, "FETCH 1 (FLAGS UID)");
    struct fetch *fetch;
    assert_ok(fetch_new(&fx->arena, view, &cmd->u.fetch, runs, 3, &fetch));
    assert_false(fetch_needs_store(fetch));
    uint32_t expected = 1;
    bool over = false;
    while (!over) { /* a slice a run */
        assert_ok(fetch_slice_begin(fetch, NULL, &fx->err));
        over = !fetch_run(fetch, 4, &seq, &run);
        for (uint32_t i = 0; !over && i < run.count; i++) {
            assert_int_equal(seq + i, expected);
            assert_int_equal(run.uids[i], expected);
            assert_int_equal(run.flags[i], expected % 5 == 3 ? MSG_SEEN : 0);
            expected = expected == 10 ? 12 : expected == 12 ? 20 : expected + 1;
        }
        fetch_slice_end(fetch);
    }
    assert_int_equal(expected, 51);
    fetch_done(fetch);
    content_view_done(view);
}

static void
test_plan(void **state)
{
    struct content *fx = *state;
    static const struct {
        const char *line;
        bool needs_store;
    } rows[] = {
        {"FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE)", false},
        {"FETCH 1 FAST", false},
        {"FETCH 1 ALL", true},
        {"FETCH 1 BODY.PEEK[]", true},
        {"FETCH 1 BINARY.SIZE[1]", true},
        {"FETCH 1 SAVEDATE", false},
        {"FETCH 1 EMAILID", true},
    };
    struct fetch *fetch;

    fill(fx, 1);
    struct view *view = content_view(fx, "INBOX");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct imap_cmd *cmd = content_cmd(fx, rows[i].line);
        assert_ok(fetch_new(&fx->arena, view, &cmd->u.fetch, NULL, 0, &fetch));
        assert_int_equal(fetch_needs_store(fetch), rows[i].needs_store);
        fetch_done(fetch);
    }
    fetch_done(NULL);
    content_view_done(view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_small, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_generated, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_binary, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_many_pieces, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_unknown_encoding, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_large, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_messages, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_runs, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_plan, content_setup, content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
