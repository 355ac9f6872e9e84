/* SPDX-License-Identifier: MIT */
/* THREAD's algorithms: dialogues, random mail against a slow implementation, and deep mail. */
#include "support/cm.h"

#include "base/rng.h"
#include "mailbox/order/forest.h"
#include "mailbox/order/threads.h"
#include "slow_threads.h"

enum { MEMORY = 1 << 30, REFS_MAX = 6, RANDOM_MAX = 40 };

/* Adds a message, however often it has to be asked for. */
static void
add(struct threads *threads, const struct threads_message *message)
{
    enum rc rc = RC_AGAIN;

    while (rc == RC_AGAIN)
        rc = threads_add(threads, message);
    assert_int_equal(rc, RC_OK);
}

static struct span
thread_all(struct buf *out, enum threads_kind kind, const struct threads_message *messages,
           size_t count, uint32_t pace)
{
    struct threads threads;
    enum threads_token token;
    uint32_t number;
    enum rc rc;
    bool after_number = false;

    threads_init(&threads, kind, MEMORY);
    for (size_t i = 0; i < count; i++)
        add(&threads, &messages[i]);
    while ((rc = threads_step(&threads, pace)) == RC_AGAIN)
        continue;
    assert_int_equal(rc, RC_OK);
    buf_clear(out);
    while ((token = threads_next(&threads, &number)) != THREADS_END) {
        if (token == THREADS_NOTHING)
            continue;
        if (token == THREADS_CLOSE) {
            buf_put_char(out, ')');
        } else if (token == THREADS_OPEN) {
            buf_put_str(out, after_number ? " (" : "(");
        } else {
            buf_put_str(out, after_number ? " " : "");
            buf_put_u64(out, number);
        }
        after_number = token == THREADS_NUMBER;
    }
    threads_done(&threads);
    assert_true(buf_ok(out));
    return buf_span(out);
}

/* ---- dialogues ---- */

struct line {
    const char *id;
    const char *references[REFS_MAX];
    const char *subject;
    bool is_reply;
    int sent_s;
};

static const struct {
    const char *references; /* THREAD=REFERENCES */
    const char *refs;
    const char *ordered; /* ORDEREDSUBJECT */
    struct line lines[8];
} dialogues[] = {
    /* a question, two answers, an answer to the second */
    {"(1 (2)(3 4))",
     "(1 (2)(3 4))",
     "(1 (2)(3)(4))",
     {{"a", {NULL}, "S", false, 1},
      {"b", {"a"}, "S", true, 2},
      {"c", {"a"}, "S", true, 3},
      {"d", {"a", "c"}, "S", true, 4}}},
    /* the answers come first, and the question is not here: siblings without a parent */
    {"((2)(1))", "((2)(1))", "(2 1)", {{"c", {"x"}, "S", true, 3}, {"b", {"x"}, "S", true, 2}}},
    /* one answer to what is not here takes its place */
    {"(1)", "(1)", "(1)", {{"c", {"x", "y"}, "S", true, 3}}},
    /* same subject, no references: the reply goes below, another original beside */
    {"(1 2)", "(1)(2)", "(1 2)", {{"a", {NULL}, "S", false, 1}, {"b", {NULL}, "S", true, 2}}},
    {"((1)(2))",
     "(1)(2)",
     "(1 2)",
     {{"a", {NULL}, "S", false, 1}, {"b", {NULL}, "S", false, 2}}},
    {"(2 1)", "(1)(2)", "(1 2)", {{"a", {NULL}, "S", true, 1}, {"b", {NULL}, "S", false, 2}}},
    /* an empty subject joins nothing in REFERENCES */
    {"(1)(2)", "(1)(2)", "(1 2)", {{"a", {NULL}, "", false, 1}, {"b", {NULL}, "", true, 2}}},
    /* two dummies of one subject become one */
    {"((1)(2)(3)(4))",
     "((1)(2))((3)(4))",
     "(1 (2)(3)(4))",
     {{"a", {"x"}, "S", true, 1},
      {"b", {"x"}, "S", true, 2},
      {"c", {"y"}, "S", true, 3},
      {"d", {"y"}, "S", true, 4}}},
    /* a loop: who refers to whom is settled by who came first */
    {"(2 1)", "(2 1)", "(1)(2)", {{"a", {"b"}, "S", true, 1}, {"b", {"a"}, "T", true, 2}}},
    {"(1)", "(1)", "(1)", {{"a", {"a"}, "S", true, 1}}},
    /* the same id twice: the second is not what answers refer to */
    {"(1 3)(2)",
     "(2)(1 3)",
     "(1 3)(2)",
     {{"a", {NULL}, "S", false, 1}, {"a", {NULL}, "T", false, 2}, {"c", {"a"}, "S", true, 3}}},
    /* a message's own references outweigh what others say of it */
    {"(1 3)(4 2)",
     "(1 3)(4 2)",
     "(1)(3)(2)(4)",
     {{"a", {NULL}, "S", false, 1},
      {"c", {"a", "b"}, "T", false, 4},
      {"d", {"a"}, "U", false, 3},
      {"b", {NULL}, "V", false, 4}}},
    /* REFS: the thread with the latest message is last */
    {"(1 3)(2)",
     "(2)(1 3)",
     "(1 3)(2)",
     {{"a", {NULL}, "S", false, 1}, {"b", {NULL}, "T", false, 2}, {"c", {"a"}, "S", true, 3}}},
    /* dates decide among siblings, the order in the mailbox among equal dates */
    {"(1 (4)(2)(3))",
     "(1 (4)(2)(3))",
     "(1 (4)(2)(3))",
     {{"a", {NULL}, "S", false, 1},
      {"b", {"a"}, "S", true, 3},
      {"c", {"a"}, "S", true, 3},
      {"d", {"a"}, "S", true, 2}}},
    {"", "", "", {{.id = NULL}}},
};

static void
test_dialogues(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t d = 0; d < ARRAY_LEN(dialogues); d++) {
        struct threads_message messages[8];
        struct span references[8][REFS_MAX];
        const struct line *line = dialogues[d].lines;
        size_t count = 0;
        for (; count < 8 && line[count].id != NULL; count++) {
            messages[count] = (struct threads_message){
                .number = (uint32_t)count + 1,
                .sent_s = line[count].sent_s,
                .id = span_of_str(line[count].id),
                .subject = span_of_str(line[count].subject),
                .is_reply_or_forward = line[count].is_reply,
                .references = references[count],
            };
            for (size_t r = 0; r < REFS_MAX && line[count].references[r] != NULL; r++)
                references[count][messages[count].reference_count++] =
                    span_of_str(line[count].references[r]);
        }
        const char *const wanted[] = {dialogues[d].ordered, dialogues[d].references,
                                      dialogues[d].refs};
        for (int kind = 0; kind < 3; kind++) {
            const struct span got =
                thread_all(&out, (enum threads_kind)kind, messages, count, 1);
            if (!span_eq_str(got, wanted[kind]))
                fail_msg("dialogue %zu, kind %d: %.*s instead of %s", d, kind, SPAN_FMT(got),
                         wanted[kind]);
        }
    }
}

/* ---- random mail ---- */

static const struct span words[] = {SPAN_INIT("A"), SPAN_INIT("B"), SPAN_INIT("C"),
                                    SPAN_INIT("D"), SPAN_INIT("E"), SPAN_INIT("F"),
                                    SPAN_INIT("G"), SPAN_INIT("H"), SPAN_INIT("I"),
                                    SPAN_INIT("J"), SPAN_INIT("K"), SPAN_INIT("L")};

static void
test_random(void **state)
{
    static struct threads_message messages[RANDOM_MAX];
    static struct span references[RANDOM_MAX][REFS_MAX];
    AUTO_BUF fast = {0};
    AUTO_BUF slow = {0};
    struct rng rng;

    (void)state;
    rng_seed(&rng, 5256);
    buf_init(&fast, 1 << 20);
    buf_init(&slow, 1 << 20);
    for (unsigned round = 0; round < 5000; round++) {
        const size_t count = rng_below(&rng, round % 50 == 0 ? RANDOM_MAX : 10);
        const uint32_t ids = 2 + (uint32_t)rng_below(&rng, ARRAY_LEN(words) - 2);
        const uint32_t subjects = 1 + (uint32_t)rng_below(&rng, 4);
        for (size_t i = 0; i < count; i++) {
            messages[i] = (struct threads_message){
                .number = (uint32_t)i + 1,
                .sent_s = (int64_t)rng_below(&rng, 8),
                .id = rng_below(&rng, 8) == 0 ? (struct span){NULL, 0}
                                              : words[rng_below(&rng, ids)],
                .subject = rng_below(&rng, 8) == 0 ? (struct span){NULL, 0}
                                                   : words[rng_below(&rng, subjects)],
                .is_reply_or_forward = rng_below(&rng, 2) == 0,
                .references = references[i],
                .reference_count = rng_below(&rng, REFS_MAX),
            };
            for (size_t r = 0; r < messages[i].reference_count; r++)
                references[i][r] = words[rng_below(&rng, ids)];
        }
        for (int kind = 0; kind < 3; kind++) {
            const uint32_t pace = 1 + (uint32_t)rng_below(&rng, 20);
            const struct span got =
                thread_all(&fast, (enum threads_kind)kind, messages, count, pace);
            buf_clear(&slow);
            slow_threads_put(&slow, (enum threads_kind)kind, messages, count);
            if (!span_eq(got, buf_span(&slow)))
                fail_msg("round %u, kind %d: %.*s instead of %.*s", round, kind, SPAN_FMT(got),
                         SPAN_FMT(buf_span(&slow)));
        }
    }
}

/* ---- deep mail ---- */

enum { DEEP = 1000000 };

/* Each message answers the one before it; they come in this order, in the opposite one, or
 * shuffled. What comes out is one thread a million messages deep. */
static void
deep(uint32_t (*place)(uint32_t i))
{
    struct threads threads;
    char text[2][16];
    struct span reference;
    uint32_t number;
    uint32_t seen = 0;
    enum threads_token token;

    threads_init(&threads, THREADS_REFERENCES, MEMORY);
    for (uint32_t i = 0; i < DEEP; i++) {
        const uint32_t at = place(i);
        const struct threads_message message = {
            .number = at + 1,
            .sent_s = at,
            .id = span_of(text[0], (size_t)snprintf(text[0], sizeof text[0], "%u", at)),
            .subject = SPAN("S"),
            .references = &reference,
            .reference_count = at > 0 ? 1 : 0,
        };
        if (at > 0)
            reference =
                span_of(text[1], (size_t)snprintf(text[1], sizeof text[1], "%u", at - 1));
        add(&threads, &message);
    }
    assert_int_equal(threads_step(&threads, UINT32_MAX), RC_OK);
    while ((token = threads_next(&threads, &number)) != THREADS_END)
        if (token == THREADS_NUMBER)
            assert_int_equal(number, ++seen);
        else if (token == THREADS_OPEN)
            assert_int_equal(seen, 0);
    assert_int_equal(seen, DEEP);
    threads_done(&threads);
}

static uint32_t
forward(uint32_t i)
{
    return i;
}

static uint32_t
backward(uint32_t i)
{
    return DEEP - 1 - i;
}

static uint32_t
shuffled(uint32_t i)
{
    return (uint32_t)((uint64_t)i * 618033 % DEEP); /* 618033 and DEEP have no common factor */
}

static void
test_deep(void **state)
{
    (void)state;
    deep(forward);
    deep(backward);
    deep(shuffled);
}

/* A chain of ids, deeper than what is looked up without the forest, and then messages that
 * would close it to loops, or cut it and put the pieces below one another. */
static void
test_deep_loops(void **state)
{
    enum { CHAIN = 120, CHANGES = 80, COUNT = CHAIN + CHANGES };
    static struct threads_message messages[COUNT];
    static struct span references[COUNT][2];
    static char names[CHAIN][8];
    AUTO_BUF fast = {0};
    AUTO_BUF slow = {0};
    struct rng rng;

    (void)state;
    rng_seed(&rng, 64);
    buf_init(&fast, 1 << 20);
    buf_init(&slow, 1 << 20);
    for (unsigned round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            const uint32_t at = i < CHAIN ? i : (uint32_t)rng_below(&rng, CHAIN);
            const uint32_t above =
                i < CHAIN ? (i == 0 ? 0 : i - 1) : (uint32_t)rng_below(&rng, CHAIN);
            if (i < CHAIN)
                snprintf(names[i], sizeof names[i], "%u", i);
            references[i][0] = span_of_str(names[above]);
            references[i][1] = span_of_str(names[at]);
            messages[i] = (struct threads_message){
                .number = i + 1,
                .sent_s = (int64_t)rng_below(&rng, 1000),
                /* the chain is of ids that are referred to; then their messages come */
                .id = i < CHAIN ? (struct span){NULL, 0} : references[i][1],
                .references = references[i],
                .reference_count = i < CHAIN && i > 0 ? 2 : 1,
            };
        }
        for (int kind = THREADS_REFERENCES; kind <= THREADS_REFS; kind++) {
            const struct span got =
                thread_all(&fast, (enum threads_kind)kind, messages, COUNT, 100);
            buf_clear(&slow);
            slow_threads_put(&slow, (enum threads_kind)kind, messages, COUNT);
            assert_true(span_eq(got, buf_span(&slow)));
        }
    }
}

/* The forest against walking up. */
static void
test_forest(void **state)
{
    enum { NODES = 60 };
    struct forest_node nodes[NODES];
    uint32_t parents[NODES];
    struct rng rng;

    (void)state;
    rng_seed(&rng, 1);
    for (uint32_t i = 0; i < NODES; i++) {
        nodes[i] = forest_node_alone();
        parents[i] = FOREST_NONE;
    }
    for (unsigned round = 0; round < 50000; round++) {
        const uint32_t a = (uint32_t)rng_below(&rng, NODES);
        const uint32_t b = (uint32_t)rng_below(&rng, NODES);
        uint32_t root = b;
        while (parents[root] != FOREST_NONE)
            root = parents[root];
        assert_int_equal(forest_root(nodes, b), root);
        if (parents[a] == FOREST_NONE && root != a) {
            forest_link(nodes, a, b);
            parents[a] = b;
        } else if (parents[a] != FOREST_NONE && rng_below(&rng, 2) == 0) {
            forest_cut(nodes, a);
            parents[a] = FOREST_NONE;
        }
    }
}

/* Memory is bounded: beyond it a message is refused. */
static void
test_limit(void **state)
{
    struct threads threads;
    char id[16];
    enum rc rc = RC_OK;
    uint32_t count = 0;

    (void)state;
    threads_init(&threads, THREADS_REFS, 64 << 10);
    while (rc == RC_OK && count < 100000) {
        count++;
        const struct threads_message message = {
            .number = count,
            .id = span_of(id, (size_t)snprintf(id, sizeof id, "%u", count)),
        };
        rc = threads_add(&threads, &message);
    }
    assert_int_equal(rc, RC_LIMIT);
    assert_true(count > 100);
    threads_done(&threads);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogues),  cmocka_unit_test(test_forest),
        cmocka_unit_test(test_random),     cmocka_unit_test(test_deep),
        cmocka_unit_test(test_deep_loops), cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
