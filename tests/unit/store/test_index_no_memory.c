/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out while an index is opened, read, and written. What fails says so and has
 * changed nothing; what succeeds has done all of it, and what is read is what is there.
 */
#include "support.h"

#include <stdio.h>

#include "store/index.h"
#include "support/each_alloc.h"

enum { PIECE = 40, TERMS = 60, BEFORE = 70 };

struct ctx {
    struct fixture *fx;
    struct store_indexes *indexes;
    uint64_t mark; /* of what was added for certain */
    char terms[2][2000];
};

static const struct store_indexes_options options = {
    .clock = &test_clock, .form = 1, .piece_octets = PIECE};

/* Even messages have other terms than odd ones, besides some that all have. */
static struct index_document
document(struct ctx *ctx, uint64_t message)
{
    return (struct index_document){.message = message,
                                   .terms[INDEX_BODY] = span_of_str(ctx->terms[message % 2]),
                                   .terms[INDEX_TO] = SPAN("anybody"),
                                   .unsure = message % 3 == 0};
}

static void
make_terms(struct ctx *ctx)
{
    for (unsigned odd = 0; odd < 2; odd++)
        for (unsigned i = 0; i < TERMS; i++)
            snprintf(ctx->terms[odd] + strlen(ctx->terms[odd]), 30, "%s%s%u", i > 0 ? " " : "",
                     i % 4 == 0 ? "all"
                     : odd      ? "odd"
                                : "even",
                     i);
}

/* RC_OK and right, or RC_LIMIT. */
static enum rc
check_term(struct store_index *index, const char *term, uint64_t odd, uint64_t mark)
{
    uint64_t bits[40] = {0};
    const struct index_set set = {.bits = bits, .limit = sizeof bits * 8};
    struct err err = {.rc = RC_OK};
    const enum rc rc = store_index_messages(index, INDEX_BODY, span_of_str(term), &set, &err);

    for (uint64_t id = 0; rc == RC_OK && id < set.limit; id++)
        assert_int_equal(bits[id / 64] >> id % 64 & 1,
                         id > 0 && id <= mark && (odd == 2 || id % 2 == odd));
    return rc;
}

static enum rc
check(struct ctx *ctx, struct store_index *index, uint64_t least, uint64_t most)
{
    struct index_state state;
    struct span piece;
    struct err err = {.rc = RC_OK};
    bool has = false;
    uint64_t at = 0;
    enum rc rc = store_index_begin(index, &state, &err);

    if (rc == RC_OK)
        assert_true(state.mark >= least && state.mark <= most);
    if (rc == RC_OK)
        rc = check_term(index, "odd1", 1, state.mark);
    if (rc == RC_OK)
        rc = check_term(index, "even59", 0, state.mark);
    if (rc == RC_OK)
        rc = check_term(index, "all32", 2, state.mark);
    if (rc == RC_OK)
        rc = store_index_has(index, INDEX_TO, SPAN("anybody"), state.mark, &has, &err);
    if (rc == RC_OK)
        assert_int_equal(has, state.mark > 0);
    while (rc == RC_OK)
        rc = store_index_terms(index, INDEX_BODY, &at, &piece, &err);
    store_index_end(index);
    if (rc != RC_NOT_FOUND && rc != RC_LIMIT)
        fail_msg("%s: %s", rc_name(rc), err.text);
    if (rc == RC_NOT_FOUND)
        ctx->mark = state.mark;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static bool
write_once(void *of)
{
    struct ctx *ctx = of;
    struct store_indexes *indexes = NULL;
    struct store_index *index = NULL;
    struct err err = {.rc = RC_OK};
    const struct index_document documents[2] = {document(ctx, ctx->mark + 1),
                                                document(ctx, ctx->mark + 2)};
    const struct index_batch batch = {.documents = documents,
                                      .count = ARRAY_LEN(documents),
                                      .mark = ctx->mark + 2,
                                      .proof_message = ctx->mark + 2};
    enum rc rc = store_indexes_new(&options, &indexes);

    if (rc == RC_OK)
        rc = store_index_open(indexes, ctx->fx->acct, INDEX_WRITE, &index, &err);
    if (rc == RC_OK)
        rc = store_index_add(index, &batch, &err);
    if (rc == RC_OK)
        rc = check(ctx, index, ctx->mark + 2, ctx->mark + 2);
    store_index_close(index);
    store_indexes_free(indexes);
    if (rc != RC_OK && rc != RC_LIMIT)
        fail_msg("%s: %s", rc_name(rc), err.text);
    return rc == RC_OK;
}

/* With memory again, the batch is there as a whole or not at all. */
static void
look_again(void *of, bool through)
{
    struct ctx *ctx = of;
    struct store_indexes *indexes = NULL;
    struct store_index *index = NULL;
    struct fixture *fx = ctx->fx;

    (void)through;
    assert_ok(store_indexes_new(&options, &indexes));
    assert_ok(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err));
    assert_ok(check(ctx, index, ctx->mark, ctx->mark + 2));
    if (ctx->mark > 2000) { /* more than the test's sets have room for */
        assert_ok(store_index_begin_anew(index, &fx->err));
        ctx->mark = 0;
    }
    store_index_close(index);
    store_indexes_free(indexes);
}

static void
test_no_memory(void **state)
{
    const struct each_alloc writing = {.name = "index", .act = write_once, .after = look_again};
    struct ctx *ctx = calloc(1, sizeof *ctx);

    (void)state;
    assert_non_null(ctx);
    ctx->fx = fixture_new();
    make_terms(ctx);
    fill(ctx->fx, "INBOX", 1);
    for (unsigned i = 0; i < BEFORE; i++)
        assert_true(write_once(ctx));
    assert_true(each_alloc(&writing, ctx) > 0);
    fixture_free(ctx->fx);
    free(ctx);
}

int
main(void)
{
    setenv("ROOST_LONG", "1", 1); /* each allocation: that takes a second */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
