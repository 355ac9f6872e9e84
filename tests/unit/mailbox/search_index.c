/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "search_index.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syntax/mail/address.h"
#include "syntax/mail/encoded_word.h"
#include "syntax/mail/mime_parts.h"
#include "syntax/mail/mime_text.h"
#include "syntax/terms.h"

enum { BATCH = 7 }; /* small, so that an index has several parts */

struct store_indexes *
test_indexes_new(const struct clock *clock)
{
    const struct store_indexes_options options = {.clock = clock, .form = terms_form()};
    struct store_indexes *indexes;

    assert_int_equal(store_indexes_new(&options, &indexes), RC_OK);
    return indexes;
}

static struct store_index *
open_it(struct content *fx, struct store_indexes *pool, struct index_state *state_out)
{
    struct store_index *index;

    assert_ok(store_index_open(pool, fx->handle, INDEX_WRITE, &index, &fx->err));
    assert_ok(store_index_begin(index, state_out, &fx->err));
    store_index_end(index);
    return index;
}

/* What a message has, made in the simplest way. */
struct reading {
    enum index_space space;
    struct buf terms[INDEX_SPACES];
    struct terms cutter;
    struct fold fold;
    uint64_t octets;
    bool unsure;
};

static void
put_term(void *ctx, struct span term)
{
    struct reading *reading = ctx;
    struct buf *terms = &reading->terms[reading->space];

    if (span_has_word(buf_span(terms), term))
        return;
    if (buf_len(terms) > 0)
        buf_put_char(terms, ' ');
    buf_put_span(terms, term);
}

static void
put_value(struct reading *reading, enum index_space space, struct span value)
{
    struct terms cutter;
    AUTO_BUF utf8 = {0};
    AUTO_BUF folded = {0};

    buf_init(&utf8, 1 << 20);
    buf_init(&folded, 1 << 20);
    encoded_word_decode(&utf8, value);
    fold_put(&reading->fold, buf_span(&utf8), &folded);
    reading->space = space;
    terms_init(&cutter);
    terms_put(&cutter, buf_span(&folded), put_term, reading);
    terms_end(&cutter, put_term, reading);
    terms_tokens(buf_span(&folded), put_term, reading);
}

static void
put_name(struct reading *reading, struct span name)
{
    AUTO_BUF term = {0};

    buf_init(&term, 1 << 20);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < '!' || name.ptr[i] > '~')
            return;
        buf_put_char(&term, ascii_lower(name.ptr[i]));
    }
    buf_put_char(&term, ':');
    put_term(reading, buf_span(&term));
}

static void
put_addresses(struct reading *reading, enum index_space space, struct span value)
{
    AUTO_ARENA arena = {0};
    AUTO_BUF shown = {0};

    arena_init(&arena, 1 << 20);
    buf_init(&shown, 1 << 20);
    put_value(reading, space, value);
    address_list_put(&shown, value, &arena);
    put_value(reading, space, buf_span(&shown));
}

static bool
put_piece(void *ctx, const struct mime_text_piece *piece)
{
    enum { FIELD_MAX = 16 << 10 };
    struct reading *reading = ctx;

    reading->octets += piece->folded.len;
    reading->unsure |= piece->in_root_header && piece->folded.len > FIELD_MAX;
    if (reading->unsure)
        return false;
    reading->space = piece->in_root_header ? INDEX_HEADER : INDEX_BODY;
    terms_put(&reading->cutter, piece->folded, put_term, reading);
    if (piece->is_last)
        terms_end(&reading->cutter, put_term, reading);
    if (!piece->in_root_header)
        return true;
    if (piece->name.len > 0 && piece->name.len <= 100 && !piece->is_param)
        put_name(reading, piece->name);
    if (span_ieq(piece->name, SPAN("Subject")))
        put_value(reading, INDEX_SUBJECT, piece->value);
    else if (span_ieq(piece->name, SPAN("From")))
        put_addresses(reading, INDEX_FROM, piece->value);
    else if (span_ieq(piece->name, SPAN("To")))
        put_addresses(reading, INDEX_TO, piece->value);
    else if (span_ieq(piece->name, SPAN("Cc")))
        put_addresses(reading, INDEX_CC, piece->value);
    return true;
}

/* Makes the document of a message, in the arena. False: it is gone. */
static bool
read_message(struct content *fx, struct store_tx *tx, uint64_t message, struct arena *arena,
             struct index_document *out)
{
    struct reading *reading = calloc(1, sizeof *reading);
    struct mime_text text;
    struct message_row row;
    struct mime_part *root;
    uint64_t offset;
    struct span octets;

    assert_non_null(reading);
    const enum rc rc = store_message_read(tx, message, MESSAGE_PARTS, &row, &fx->err);
    if (rc == RC_NOT_FOUND) {
        free(reading);
        return false;
    }
    assert_ok(rc);
    assert_ok(mime_parts_decode(arena_span(arena, row.parts), arena, &root));
    for (size_t i = 0; i < INDEX_SPACES; i++)
        buf_init(&reading->terms[i], 1 << 20);
    fold_init(&reading->fold);
    terms_init(&reading->cutter);
    mime_text_init(&text, 0);
    mime_text_begin(&text, root, MIME_TEXT_ALL);
    while (!reading->unsure && mime_text_wants(&text, &offset)) {
        assert_ok(store_content_peek(tx, message, offset, 4096, &octets, &fx->err));
        mime_text_feed(&text, octets, put_piece, reading);
    }
    assert_false(mime_text_failed(&text));
    mime_text_done(&text);
    *out = (struct index_document){
        .message = message, .text_octets = reading->octets, .unsure = reading->unsure};
    for (size_t i = 0; i < INDEX_SPACES; i++) {
        assert_true(buf_ok(&reading->terms[i]));
        out->terms[i] = arena_span(arena, buf_span(&reading->terms[i]));
        buf_done(&reading->terms[i]);
    }
    free(reading);
    return true;
}

/* Every third message of an unsure batch lacks most of its terms. */
static void
spoil(struct index_document *document)
{
    if (document->message % 3 != 0)
        return;
    document->unsure = true;
    for (size_t i = 0; i < INDEX_SPACES; i++) {
        const ptrdiff_t blank = span_find_char(document->terms[i], ' ');
        if (blank >= 0)
            document->terms[i] = span_head(document->terms[i], (size_t)blank);
    }
}

static void
prove(struct content *fx, struct store_tx *tx, uint64_t message, struct index_batch *batch)
{
    struct message_row row;

    assert_ok(store_message_read(tx, message, MESSAGE_KEYS, &row, &fx->err));
    assert_int_equal(row.digest.len, sizeof batch->proof);
    memcpy(batch->proof, row.digest.ptr, sizeof batch->proof);
    batch->proof_message = message;
}

void
test_index_fill(struct content *fx, struct store_indexes *pool, uint64_t mark, bool unsure)
{
    struct index_document documents[BATCH];
    struct index_state state;
    struct store_index *index = open_it(fx, pool, &state);
    AUTO_ARENA arena = {0};

    arena_init(&arena, 64 << 20);
    for (uint64_t next = state.mark + 1; next <= mark;) {
        struct index_batch batch = {.documents = documents};
        struct store_tx *tx = content_read(fx);
        for (; next <= mark && batch.count < BATCH; next++) {
            if (!read_message(fx, tx, next, &arena, &documents[batch.count]))
                continue;
            if (unsure)
                spoil(&documents[batch.count]);
            batch.count++;
            prove(fx, tx, next, &batch);
        }
        store_end(tx);
        batch.mark = next - 1;
        assert_ok(store_index_add(index, &batch, &fx->err));
        arena_reset(&arena);
    }
    store_index_close(index);
}

void
test_index_empty(struct content *fx, struct store_indexes *pool)
{
    struct index_state state;
    struct store_index *index = open_it(fx, pool, &state);

    assert_ok(store_index_begin_anew(index, &fx->err));
    store_index_close(index);
}

void
test_index_other(struct content *fx, struct store_indexes *pool, uint64_t message)
{
    const struct index_document document = {.message = message,
                                            .terms[INDEX_BODY] = SPAN("another")};
    const struct index_batch batch = {.documents = &document,
                                      .count = 1,
                                      .mark = message,
                                      .proof_message = message,
                                      .proof = "the digest of another text"};
    struct index_state state;
    struct store_index *index = open_it(fx, pool, &state);

    assert_ok(store_index_add(index, &batch, &fx->err));
    store_index_close(index);
}

void
test_index_mark(struct content *fx, struct store_indexes *pool, uint64_t mark)
{
    const struct index_batch batch = {.mark = mark};
    struct index_state state;
    struct store_index *index = open_it(fx, pool, &state);

    assert_ok(store_index_add(index, &batch, &fx->err));
    store_index_close(index);
}

static char found_path[512];

static int
look_at(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st;
    if (kind != FTW_F || strcmp(path + place->base, "search.db") != 0)
        return 0;
    snprintf(found_path, sizeof found_path, "%s", path);
    return 1;
}

const char *
test_index_path(struct content *fx)
{
    found_path[0] = '\0';
    (void)nftw(tmpdir_file(&fx->dir, "accounts"), look_at, 8, FTW_PHYS);
    return found_path;
}
