/* SPDX-License-Identifier: MIT */
/*
 * Answers with a million numbers: whatever they look like, no step puts much more into the
 * output than its high-water mark, and nothing is lost between two steps.
 */
#include "support/cm.h"

#include "imap/selected/search_private.h"
#include "mailbox/search/search_private.h"
#include "mailbox/version_private.h"

enum {
    MANY = 1000000,
    A_LITTLE = 8 << 10, /* what one step may write beyond the mark */
    ANSWER_OCTETS = 16 << 20,
    ARENA_OCTETS = 64 << 20,
    THREADS_OCTETS = 512 << 20,
};

struct fixture {
    struct imap_session *im;
    struct imap_work *work;
    struct search_run *run;
    struct search search;
    struct arena arena;
};

static struct version *
version_new(uint32_t count, uint32_t step)
{
    struct builder builder;

    builder_init(&builder, 0, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct entry entry = {.uid = 1 + i * step, .modseq = 1, .message = i + 1};
        builder_entry(&builder, &entry);
    }
    struct version *version = builder_finish(&builder, 1, count * step + 1);
    assert_non_null(version);
    return version;
}

/* A search through so many messages, whose UIDs are so far apart, that has found every
 * `every`th of them. */
static void
setup(struct fixture *fx, uint32_t step, uint32_t every)
{
    *fx = (struct fixture){.im = calloc(1, sizeof *fx->im)};
    fx->work = calloc(1, sizeof *fx->work);
    fx->run = calloc(1, sizeof *fx->run);
    assert_true(fx->im != NULL && fx->work != NULL && fx->run != NULL);
    fx->im->work = fx->work;
    buf_init(&fx->im->s.conn.out, ANSWER_OCTETS);
    fx->work->cmd.tag = SPAN("a");
    fx->im->view.members = version_new(MANY, step);
    fx->im->view.exists = MANY;
    arena_init(&fx->arena, ARENA_OCTETS);
    fx->search = (struct search){.exists = MANY, .min = 1};
    fx->search.found = calloc(MANY / 64 + 2, sizeof(uint64_t));
    assert_non_null(fx->search.found);
    for (uint32_t seq = 1; seq <= MANY; seq += every) {
        fx->search.found[seq / 64] |= UINT64_C(1) << seq % 64;
        fx->search.count++;
        fx->search.max = seq;
    }
    fx->run->search = &fx->search;
    fx->run->view = &fx->im->view;
    fx->run->seqs = (struct view_run){1, 0};
    fx->run->stage = STAGE_HEAD;
}

static void
teardown(struct fixture *fx)
{
    order_done(fx->run->order);
    version_unref(fx->im->view.members);
    buf_done(&fx->im->s.conn.out);
    arena_done(&fx->arena);
    free(fx->search.found);
    free(fx->run);
    free(fx->work);
    free(fx->im);
}

/* Writes the answer as fast as a reader takes it who takes all there is; appends it to out. */
static void
write_all(struct fixture *fx, const struct imap_search_req *req, struct buf *out)
{
    struct buf *conn = &fx->im->s.conn.out;
    unsigned waits = 0;

    while (fx->run->stage != STAGE_END) {
        const enum imap_step step = search_answer_step(fx->im, req, fx->run);
        assert_true(buf_len(conn) <= LIMIT_OUTPUT_HIGH_WATER + A_LITTLE);
        assert_true(step == STEP_OUTPUT || step == STEP_MORE);
        if (step == STEP_MORE)
            continue;
        waits++;
        buf_put_span(out, buf_span(conn));
        buf_clear(conn);
    }
    buf_put_span(out, buf_span(conn));
    buf_clear(conn);
    assert_true(buf_ok(out));
    assert_true(waits >= buf_len(out) / (LIMIT_OUTPUT_HIGH_WATER + A_LITTLE));
}

static void
assert_numbers(struct span got, const char *head, uint32_t step, char between)
{
    AUTO_BUF wanted = {0};

    buf_init(&wanted, ANSWER_OCTETS);
    buf_put_str(&wanted, head);
    for (uint64_t number = 1; number <= (uint64_t)MANY * 2; number += step) {
        if (number > 1)
            buf_put_char(&wanted, between);
        buf_put_u64(&wanted, number);
    }
    assert_true(buf_ok(&wanted) && span_eq(got, buf_span(&wanted)));
}

/* UIDs 1, 3, 5 ... of all messages, and 1, 5, 9 ... of every other one. */
static void
test_search(void **state)
{
    static const struct imap_search_req plain = {.is_uid = true};
    static const struct imap_search_req extended = {
        .is_uid = true, .has_return = true, .returns = IMAP_SEARCH_ALL};
    AUTO_BUF out = {0};
    struct fixture fx;

    (void)state;
    buf_init(&out, ANSWER_OCTETS);
    for (uint32_t every = 1; every <= 2; every++) {
        setup(&fx, 2, every);
        write_all(&fx, &plain, &out);
        assert_numbers(buf_span(&out), "* SEARCH ", 2 * every, ' ');
        teardown(&fx);
        buf_clear(&out);
        setup(&fx, 2, every);
        write_all(&fx, &extended, &out);
        assert_numbers(buf_span(&out), "* ESEARCH (TAG \"a\") UID ALL ", 2 * every, ',');
        teardown(&fx);
        buf_clear(&out);
    }
}

/* One run: all of it has to be gone through before its end is known. */
static void
test_one_run(void **state)
{
    static const struct imap_search_req extended = {
        .is_uid = true, .has_return = true, .returns = IMAP_SEARCH_ALL};
    static const struct imap_search_req plain = {.is_uid = false};
    AUTO_BUF out = {0};
    struct fixture fx;

    (void)state;
    buf_init(&out, ANSWER_OCTETS);
    setup(&fx, 1, 1);
    write_all(&fx, &extended, &out);
    assert_true(span_eq_str(buf_span(&out), "* ESEARCH (TAG \"a\") UID ALL 1:1000000"));
    teardown(&fx);
    buf_clear(&out);
    setup(&fx, 1, 1);
    write_all(&fx, &plain, &out);
    assert_true(buf_len(&out) > 6 << 20);
    assert_true(span_starts(buf_span(&out), SPAN("* SEARCH 1 2 3 ")));
    teardown(&fx);
}

static void
test_sort(void **state)
{
    static const struct imap_search_req by_arrival = {
        .find = IMAP_FIND_SORT,
        .is_uid = true,
        .sort = {{.key = IMAP_SORT_ARRIVAL}},
        .sort_count = 1,
    };
    struct imap_search_req extended = by_arrival;
    AUTO_BUF out = {0};
    struct fixture fx;

    (void)state;
    extended.has_return = true;
    extended.returns = IMAP_SEARCH_ALL;
    buf_init(&out, ANSWER_OCTETS);
    for (unsigned i = 0; i < 2; i++) {
        const struct imap_search_req *req = i == 0 ? &by_arrival : &extended;
        setup(&fx, 2, 1);
        const struct order_req how = {.found = &fx.search, .how = req};
        assert_int_equal(order_new(&fx.arena, &fx.im->view, &how, &fx.run->order), RC_OK);
        assert_int_equal(order_slice(fx.run->order, NULL, &clock_system, INT64_MAX, NULL),
                         RC_OK);
        write_all(&fx, req, &out);
        assert_numbers(buf_span(&out), i == 0 ? "* SORT " : "* ESEARCH (TAG \"a\") UID ALL ", 2,
                       i == 0 ? ' ' : ',');
        teardown(&fx);
        buf_clear(&out);
    }
}

/* Threads of one message each, or one of all that branches nowhere. */
static void
test_threads(void **state)
{
    static const struct imap_search_req req = {
        .find = IMAP_FIND_THREAD, .thread = IMAP_THREAD_REFS, .is_uid = true};
    AUTO_BUF out = {0};
    struct fixture fx;

    (void)state;
    buf_init(&out, ANSWER_OCTETS);
    for (unsigned deep = 0; deep < 2; deep++) {
        setup(&fx, 2, 1);
        const struct order_req how = {.found = &fx.search, .how = &req};
        assert_int_equal(order_new(&fx.arena, &fx.im->view, &how, &fx.run->order), RC_OK);
        struct threads *threads = order_threads(fx.run->order);
        threads_done(threads);
        threads_init(threads, THREADS_REFS, THREADS_OCTETS);
        for (uint32_t i = 0; i < MANY; i++) {
            const struct span id = span_of(&i, sizeof i);
            const uint32_t before = i - 1;
            const struct span above = span_of(&before, sizeof before);
            const struct threads_message message = {
                .number = 2 * i + 1,
                .sent_s = i,
                .id = id,
                .references = &above,
                .reference_count = deep != 0 && i > 0 ? 1 : 0,
            };
            assert_int_equal(threads_add(threads, &message), RC_OK);
        }
        assert_int_equal(threads_step(threads, UINT32_MAX), RC_OK);
        write_all(&fx, &req, &out);
        const struct span got = buf_span(&out);
        assert_true(span_starts(got, deep != 0 ? SPAN("* THREAD (1 3 5 ")
                                               : SPAN("* THREAD (1)(3)(5)")));
        assert_true(got.ptr[got.len - 1] == ')');
        assert_true(got.len > 7 << 20);
        teardown(&fx);
        buf_clear(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_one_run),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
