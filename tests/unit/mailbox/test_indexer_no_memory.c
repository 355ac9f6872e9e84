/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at each allocation of the indexer in turn. It says so, or has done all of its
 * work; what was added is complete, and it goes on when there is memory again.
 */
#include "content.h"

#include "base/rng.h"
#include "mailbox/search/document.h"
#include "mailbox/search/indexer.h"
#include "support/fault_alloc.h"

enum { NTH_MAX = 20000, WHOLE = 1 << 30 };

static const char *const mails[] = {
    "From: =?iso-8859-2?q?J=F6rg?= <j@x.y>\r\nSubject: "
    "=?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n",
    "To: g: a@b.c, \"d e\" <f@g.h>;\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n"
    "\xD4\xC5\xCB\xD3\xD4 here\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    "<p>one two<p>\r\n--b\r\nContent-Transfer-Encoding: "
    "base64\r\n\r\naGVsbG8gd29ybGQ=\r\n--b--\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
    "\r\nOne\r\ntwo\r\n--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: "
    "base64\r\n\r\naGVsbG8gd29ybGQ=\r\n--b--\r\n",
};

/* Of the last one. */
#define ATTACHED SPAN("one two\nhello world")

static int
find(void *ctx, struct span type, struct span subtype)
{
    (void)ctx;
    return span_ieq(type, SPAN("application")) && span_ieq(subtype, SPAN("pdf")) ? 0 : -1;
}

static enum rc
run_program(void *ctx, int command, uint32_t wall_ms, struct span octets, struct buf *out,
            struct err *err)
{
    (void)ctx;
    (void)command;
    (void)wall_ms;
    (void)err;
    buf_put_span(out, octets);
    return RC_OK;
}

static void
note(void *ctx, int command, const char *why)
{
    (void)ctx;
    (void)command;
    fail_msg("%s", why);
}

static enum rc
run(struct content *fx, struct store_indexes *indexes, struct turn_waiter *waiter)
{
    struct rng rng;
    const struct extract extract = {
        .clock = &fx->clock.clock, .find = find, .run = run_program, .note = note};
    const struct indexer_options options = {
        .indexes = indexes, .acct = fx->handle, .rng = &rng, .extract = &extract};
    enum indexer_outcome outcome = INDEXER_MORE;
    struct indexer *indexer = NULL;

    rng_seed(&rng, 8);
    enum rc rc = indexer_open(&options, &indexer, &fx->err);
    while (rc == RC_OK && outcome != INDEXER_DONE) {
        rc = indexer_step(indexer, waiter, &outcome, &fx->err);
        if (rc == RC_OK && outcome == INDEXER_ANEW)
            assert_int_not_equal(indexer_why(indexer), INDEXER_WRONG);
    }
    indexer_close(indexer);
    return rc;
}

/* The index has all terms of all messages. */
static void
assert_complete(struct content *fx, struct store_indexes *indexes)
{
    struct document_maker maker;
    struct index_state state;
    struct store_index *index = NULL;

    document_maker_init(&maker);
    assert_ok(store_index_open(indexes, fx->handle, INDEX_READ, &index, &fx->err));
    assert_ok(store_index_begin(index, &state, &fx->err));
    assert_int_equal(state.mark, ARRAY_LEN(mails));
    struct store_tx *tx = content_read(fx);
    for (uint64_t message = 1; message <= ARRAY_LEN(mails); message++) {
        assert_ok(document_read(&maker, tx, message, WHOLE, &fx->err));
        assert_false(maker.unsure);
        for (unsigned space = 0; space < INDEX_SPACES; space++) {
            struct span rest = buf_span(&maker.terms[space]);
            while (rest.len > 0) {
                size_t len = 0;
                bool has = false;
                while (len < rest.len && rest.ptr[len] != ' ')
                    len++;
                assert_ok(store_index_has(index, (enum index_space)space, span_head(rest, len),
                                          message, &has, &fx->err));
                assert_true(has);
                rest = span_tail(rest, len < rest.len ? len + 1 : len);
            }
        }
    }
    store_end(tx);
    struct span text;
    bool has = false;
    assert_ok(store_index_attached(index, ARRAY_LEN(mails), &text, &fx->err));
    assert_true(span_eq(text, ATTACHED));
    assert_ok(
        store_index_has(index, INDEX_ATTACHED, SPAN("two"), ARRAY_LEN(mails), &has, &fx->err));
    assert_true(has);
    store_index_end(index);
    store_index_close(index);
    document_maker_done(&maker);
}

static void
test_at_each_allocation(void **state)
{
    struct content *fx = *state;
    const struct store_indexes_options options = {.form = 1, .clock = &fx->clock.clock};
    struct turn_waiter waiter;
    bool failed = true;

    turn_waiter_init(&waiter);
    for (size_t i = 0; i < ARRAY_LEN(mails); i++)
        content_append(fx, &(struct content_mail){.text = span_of_str(mails[i])});
    for (uint64_t nth = 1; failed; nth += 1 + nth / 500) {
        struct store_indexes *indexes = NULL;
        assert_true(nth < NTH_MAX);
        assert_int_equal(store_indexes_new(&options, &indexes), RC_OK);
        assert_ok(store_index_remove(indexes, fx->handle, &fx->err));
        fault_alloc_arm(FAULT_ALLOC_ONE, nth);
        const enum rc rc = run(fx, indexes, &waiter);
        failed = fault_alloc_disarm();
        assert_true(rc == RC_OK || (failed && rc == RC_LIMIT));
        assert_ok(run(fx, indexes, &waiter));
        assert_complete(fx, indexes);
        store_indexes_free(indexes);
    }
    turn_waiter_done(&waiter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_at_each_allocation, content_setup,
                                        content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
