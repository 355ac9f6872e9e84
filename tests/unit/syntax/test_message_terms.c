/* SPDX-License-Identifier: MIT */
/*
 * The terms of a message (mime_text.h, terms.h) say about any needle what reading the message
 * (mime_search.h) says: with generated mail of all shapes and faults, and with real mail when
 * ROOST_CORPUS is set. Needles are cut out of the message and out of the one before it.
 */
#include "support/cm.h"

#include <stdio.h>

#include "base/rng.h"
#include "bench/mailgen.h"
#include "support/mail_corpus.h"
#include "syntax/mail/search/mime_search.h"
#include "syntax/terms.h"

enum { NEEDLES = 16, SCOPES = 2 };

static const enum mime_scope scopes[SCOPES] = {MIME_SCOPE_TEXT, MIME_SCOPE_BODY};

struct world {
    struct rng rng;
    struct mime_text text;
    struct terms terms;
    struct buf found[SCOPES]; /* the terms of the message, each with a line end */
    struct buf folded;        /* its text */
    struct buf before;        /* the text of the message before it */
    bool in_root_header;
    unsigned exact_yes;
    unsigned exact_no;
    unsigned others_yes; /* that were found */
    unsigned others_no;  /* that the terms exclude */
};

static void
put_term(void *ctx, struct span term)
{
    struct world *world = ctx;

    for (size_t i = 0; i < SCOPES; i++) {
        if (scopes[i] == MIME_SCOPE_BODY && world->in_root_header)
            continue;
        buf_put_span(&world->found[i], term);
        buf_put_char(&world->found[i], '\n');
    }
}

static bool
put_piece(void *ctx, const struct mime_text_piece *piece)
{
    struct world *world = ctx;

    world->in_root_header = piece->in_root_header;
    terms_put(&world->terms, piece->folded, put_term, world);
    if (piece->is_last)
        terms_end(&world->terms, put_term, world);
    buf_put_span(&world->folded, piece->folded);
    if (piece->is_last)
        buf_put_char(&world->folded, '\n');
    return true;
}

static void
read_terms(struct world *world, struct span message, const struct mime_part *root)
{
    uint64_t offset;

    for (size_t i = 0; i < SCOPES; i++)
        buf_clear(&world->found[i]);
    buf_clear(&world->before);
    buf_put_span(&world->before, buf_span(&world->folded));
    buf_clear(&world->folded);
    terms_init(&world->terms);
    mime_text_begin(&world->text, root, MIME_TEXT_ALL);
    while (mime_text_wants(&world->text, &offset))
        mime_text_feed(&world->text, span_tail(message, (size_t)offset), put_piece, world);
    assert_false(mime_text_failed(&world->text));
    assert_true(buf_ok(&world->found[0]) && buf_ok(&world->folded));
}

/* Part of a text, cut between characters. */
static struct span
part_of(struct rng *rng, struct span text)
{
    size_t from = (size_t)rng_below(rng, text.len + 1);
    size_t len = 1 + (size_t)rng_below(rng, rng_below(rng, 8) == 0 ? 300 : 12);

    while (from > 0 && from < text.len && ((unsigned char)text.ptr[from] & 0xC0) == 0x80)
        from--;
    while (from + len < text.len && ((unsigned char)text.ptr[from + len] & 0xC0) == 0x80)
        len++;
    return span_head(span_tail(text, from), len);
}

static bool
has(struct span terms, const struct term_piece *piece)
{
    while (terms.len > 0) {
        const size_t len = (size_t)span_find_char(terms, '\n');
        if (term_matches(piece, span_head(terms, len)))
            return true;
        terms = span_tail(terms, len + 1);
    }
    return false;
}

static void
check_needle(struct world *world, struct span needle, struct span terms, bool is_found)
{
    AUTO_ARENA arena = {0};
    AUTO_BUF folded = {0};
    struct term_piece *pieces;
    size_t count;
    bool exact;
    bool all = true;

    arena_init(&arena, 1 << 20);
    buf_init(&folded, 1 << 20);
    fold_put(&world->text.fold, needle, &folded);
    assert_int_equal(terms_of_needle(&arena, buf_span(&folded), &pieces, &count, &exact),
                     RC_OK);
    for (size_t i = 0; i < count && all; i++)
        all = has(terms, &pieces[i]);
    if (is_found ? !all : all && exact)
        fail_msg("\"%.*s\": %s, but %s", SPAN_FMT(needle), is_found ? "found" : "not found",
                 all ? "the terms say yes" : "the terms say no");
    world->exact_yes += exact && is_found;
    world->exact_no += exact && !is_found;
    world->others_yes += !exact && is_found;
    world->others_no += !exact && !all;
}

static void
check_message(void *ctx, struct span message)
{
    struct world *world = ctx;
    struct mime_needle needles[NEEDLES * SCOPES];
    struct mime_search search;
    struct mime_part *root;
    AUTO_ARENA arena = {0};
    uint64_t offset;

    arena_init(&arena, 16 << 20);
    assert_int_equal(mime_scan(message, &arena, &root), RC_OK);
    read_terms(world, message, root);
    for (size_t i = 0; i < NEEDLES; i++) {
        const struct span from = buf_span(i % 2 == 0 ? &world->folded : &world->before);
        const struct span needle = part_of(&world->rng, from);
        for (size_t j = 0; j < SCOPES; j++)
            needles[i * SCOPES + j] = (struct mime_needle){needle, scopes[j], MIME_EXACT};
    }
    assert_int_equal(mime_search_init(&search, &arena, needles, ARRAY_LEN(needles)), RC_OK);
    mime_search_begin(&search, root);
    while (mime_search_wants(&search, &offset)) {
        const size_t step = 1 + (size_t)rng_below(&world->rng, 10000);
        mime_search_feed(&search, span_head(span_tail(message, (size_t)offset), step));
    }
    assert_false(mime_search_failed(&search));
    for (size_t i = 0; i < ARRAY_LEN(needles); i++)
        check_needle(world, needles[i].text, buf_span(&world->found[i % SCOPES]),
                     mime_search_found(&search, i));
    mime_search_done(&search);
}

static void
world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    rng_seed(&world->rng, 1);
    mime_text_init(&world->text, 0);
    for (size_t i = 0; i < SCOPES; i++)
        buf_init(&world->found[i], 256u << 20);
    buf_init(&world->folded, 64u << 20);
    buf_init(&world->before, 64u << 20);
}

static void
world_done(struct world *world)
{
    mime_text_done(&world->text);
    for (size_t i = 0; i < SCOPES; i++)
        buf_done(&world->found[i]);
    buf_done(&world->folded);
    buf_done(&world->before);
}

static void
test_generated_mail(void **state)
{
    const struct mailgen_options options = {
        .seed = 11, .broken_percent = 30, .rare_percent = 10, .max_octets = 100000};
    struct mailgen *gen = NULL;
    struct world world;

    (void)state;
    world_init(&world);
    assert_int_equal(mailgen_new(&options, &gen, NULL), RC_OK);
    for (unsigned i = 0; i < 600; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        check_message(&world, message.octets);
    }
    mailgen_free(gen);
    /* All four answers have been seen. */
    assert_true(world.exact_yes > 500 && world.exact_no > 500);
    assert_true(world.others_yes > 500 && world.others_no > 500);
    world_done(&world);
}

static void
test_real_mail(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    const unsigned count = mail_corpus_each(check_message, &world);
    world_done(&world);
    if (count == 0) {
        print_message("skipped: ROOST_CORPUS names no folder of real mail\n");
        skip();
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generated_mail),
        cmocka_unit_test(test_real_mail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
