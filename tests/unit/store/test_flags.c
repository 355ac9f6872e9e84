/* SPDX-License-Identifier: MIT */
/* Flags and keywords: the three modes, what counts as changed, UNCHANGEDSINCE, gaps. */
#include "support.h"

#include <string.h>

#include "base/rng.h"
#include "store/flags_rule.h"

static struct flags_result
update(struct fixture *fx, struct store_tx *tx, const struct flags_req *req)
{
    struct flags_result out;

    assert_ok(store_flags_update(tx, req, &fx->arena, &out, &fx->err));
    return out;
}

static void
test_modes(void **state)
{
    static const struct {
        uint32_t before;
        enum flags_mode mode;
        uint32_t flags;
        uint32_t after;
    } table[] = {
        {0, FLAGS_ADD, MSG_SEEN, MSG_SEEN},
        {MSG_SEEN, FLAGS_ADD, MSG_SEEN, MSG_SEEN},
        {MSG_SEEN, FLAGS_ADD, MSG_DELETED | MSG_DRAFT, MSG_SEEN | MSG_DELETED | MSG_DRAFT},
        {MSG_SEEN | MSG_FLAGGED, FLAGS_REMOVE, MSG_SEEN | MSG_DRAFT, MSG_FLAGGED},
        {MSG_SEEN | MSG_FLAGGED, FLAGS_REPLACE, MSG_ANSWERED, MSG_ANSWERED},
        {MSG_SEEN, FLAGS_REPLACE, 0, 0},
        {0, FLAGS_REPLACE, 0xffffffff, MSG_SYSTEM_FLAGS},
    };
    struct fixture *fx = fixture_new();
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct entry entry = add_message(fx, tx, inbox, (unsigned)i, table[i].before);
        const struct uid_run run = {entry.uid, entry.uid};
        const struct flags_req req = {.mbox = inbox,
                                      .runs = &run,
                                      .run_count = 1,
                                      .mode = table[i].mode,
                                      .flags = table[i].flags,
                                      .unchanged_since = MODSEQ_ANY};
        const struct flags_result out = update(fx, tx, &req);
        const bool changes = table[i].before != table[i].after;
        assert_int_equal(out.changed_count, changes);
        assert_int_equal(out.modseq != 0, changes);
        if (changes) {
            size_t count = 0;
            const struct entry *rows = entries(fx, tx, inbox, &count);
            assert_int_equal(rows[i].flags, table[i].after);
            assert_int_equal(rows[i].modseq, out.modseq);
            assert_true(out.modseq > entry.modseq);
        }
        assert_int_equal(update(fx, tx, &req).changed_count, 0);
    }
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_keywords_of_both_words(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run all = {1, UINT32_MAX};

    (void)state;
    fill(fx, "INBOX", 3);
    struct store_tx *tx = begin_write(fx);
    struct flags_req req = {.mbox = mbox_id(fx, tx, "INBOX"),
                            .runs = &all,
                            .run_count = 1,
                            .mode = FLAGS_ADD,
                            .keywords = {{UINT64_C(1) << 63, UINT64_C(1) << 63 | 1}},
                            .unchanged_since = MODSEQ_ANY};
    struct flags_result out = update(fx, tx, &req);
    assert_int_equal(out.changed_count, 3);
    req.mode = FLAGS_REMOVE;
    req.keywords = (struct keywords){{0, UINT64_C(1) << 63}};
    out = update(fx, tx, &req);
    assert_int_equal(out.changed_count, 3);
    size_t count = 0;
    const struct entry *rows = entries(fx, tx, req.mbox, &count);
    assert_true(rows[1].keywords.bits[0] == UINT64_C(1) << 63);
    assert_true(rows[1].keywords.bits[1] == 1);
    req.mode = FLAGS_REPLACE;
    req.keywords = (struct keywords){{0, 0}};
    assert_int_equal(update(fx, tx, &req).changed_count, 3);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_unchanged_since(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run some[] = {{2, 3}, {6, 6}};
    const struct uid_run all = {1, UINT32_MAX};

    (void)state;
    fill(fx, "INBOX", 8);
    struct store_tx *tx = begin_write(fx);
    const struct mbox_row row = mbox_row(fx, tx, "INBOX");
    struct flags_req req = {.mbox = row.id,
                            .runs = some,
                            .run_count = 2,
                            .mode = FLAGS_ADD,
                            .flags = MSG_FLAGGED,
                            .unchanged_since = MODSEQ_ANY};
    assert_int_equal(update(fx, tx, &req).changed_count, 3);
    req.runs = &all;
    req.run_count = 1;
    req.flags = MSG_SEEN;
    req.unchanged_since = row.highest_modseq;
    const struct flags_result out = update(fx, tx, &req);
    assert_int_equal(out.changed_count, 5);
    assert_int_equal(out.modified_count, 2);
    assert_memory_equal(out.modified, some, sizeof some);
    assert_int_equal(mbox_row(fx, tx, "INBOX").unseen, 3);
    req.unchanged_since = 0; /* RFC 7162 section 3.1.3: none passes */
    assert_int_equal(update(fx, tx, &req).changed_count, 0);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

/* Entries that bear one of some keywords are spared, in the rows and by the rule alike. */
static void
test_unless(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run two[] = {{2, 2}, {4, 4}};
    const struct uid_run all = {1, UINT32_MAX};

    (void)state;
    fill(fx, "INBOX", 5);
    struct store_tx *tx = begin_write(fx);
    struct flags_req req = {.mbox = mbox_id(fx, tx, "INBOX"),
                            .runs = two,
                            .run_count = 1,
                            .mode = FLAGS_ADD,
                            .keywords = {{1, 0}},
                            .unchanged_since = MODSEQ_ANY};
    update(fx, tx, &req);
    req.runs = two + 1;
    req.keywords = (struct keywords){{0, UINT64_C(1) << 63}};
    update(fx, tx, &req);
    req.runs = &all;
    req.keywords = req.unless = (struct keywords){{1, UINT64_C(1) << 63}};
    const struct flags_result out = update(fx, tx, &req);
    assert_int_equal(out.changed_count, 3);
    assert_int_equal(out.modified_count, 2);
    assert_memory_equal(out.modified, two, sizeof two);
    assert_false(flags_rule_spares(&out.rule, UINT64_MAX, (struct keywords){{2, 1}}));
    assert_true(flags_rule_spares(&out.rule, 1, (struct keywords){{3, 0}}));
    assert_true(flags_rule_spares(&out.rule, 1, (struct keywords){{0, UINT64_MAX}}));
    size_t count = 0;
    const struct entry *rows = entries(fx, tx, req.mbox, &count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(rows[i].keywords.bits[0], rows[i].uid == 4 ? 0 : 1);
    req.mode = FLAGS_REPLACE; /* they have no names */
    req.keywords = req.unless = (struct keywords){{0, 0}};
    update(fx, tx, &req);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

static void
test_absent_uids_are_passed_over(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run run = {100, 200};
    struct flags_result out;

    (void)state;
    fill(fx, "INBOX", 2);
    struct store_tx *tx = begin_write(fx);
    struct flags_req req = {.mbox = mbox_id(fx, tx, "INBOX"),
                            .runs = &run,
                            .run_count = 1,
                            .mode = FLAGS_ADD,
                            .flags = MSG_SEEN,
                            .unchanged_since = MODSEQ_ANY};
    out = update(fx, tx, &req);
    assert_int_equal(out.changed_count, 0);
    assert_int_equal(out.modseq, 0);
    req.mbox = 999;
    assert_rc(store_flags_update(tx, &req, &fx->arena, &out, &fx->err), RC_NOT_FOUND);
    store_end(tx);
    fixture_free(fx);
}

static void
test_over_the_arena_changes_nothing(void **state)
{
    struct fixture *fx = fixture_new();
    struct uid_run odd[200];
    struct flags_result out;
    struct arena small;

    (void)state;
    fill(fx, "INBOX", 500);
    for (uint32_t i = 0; i < ARRAY_LEN(odd); i++)
        odd[i] = (struct uid_run){2 * i + 1, 2 * i + 1};
    struct store_tx *tx = begin_write(fx);
    const struct mbox_row row = mbox_row(fx, tx, "INBOX");
    const struct flags_req req = {.mbox = row.id,
                                  .runs = odd,
                                  .run_count = ARRAY_LEN(odd),
                                  .mode = FLAGS_ADD,
                                  .flags = MSG_SEEN,
                                  .unchanged_since = row.highest_modseq - 200};
    arena_init(&small, 100);
    assert_rc(store_flags_update(tx, &req, &small, &out, &fx->err), RC_LIMIT);
    arena_done(&small);
    assert_int_equal(mbox_row(fx, tx, "INBOX").unseen, 500);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

enum { MESSAGES = 400, ROUNDS = 150, RUNS = 40, BLOCK = 7 };

/* The mailbox by column, as a version in memory has it. */
struct columns {
    uint32_t count;
    uint32_t uids[MESSAGES];
    uint16_t flags[MESSAGES];
    uint64_t modseqs[MESSAGES];
    uint32_t octets[MESSAGES];
    struct keywords keywords[MESSAGES];
};

static void
columns_known(const void *ctx, uint32_t from_uid, struct entry_flags *out)
{
    const struct columns *all = ctx;
    uint32_t at = 0;

    while (at < all->count && all->uids[at] < from_uid)
        at++;
    *out = (struct entry_flags){
        .count = all->count - at < BLOCK ? all->count - at : BLOCK,
        .uids = all->uids + at,
        .flags = all->flags + at,
        .modseqs = all->modseqs + at,
        .octets = all->octets + at,
        .keywords = all->keywords + at,
    };
}

static void
columns_read(struct fixture *fx, struct store_tx *tx, uint64_t mbox, struct columns *out)
{
    size_t count = 0;
    const struct entry *rows = entries(fx, tx, mbox, &count);

    assert_true(count <= MESSAGES);
    out->count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        out->uids[i] = rows[i].uid;
        out->flags[i] = (uint16_t)rows[i].flags;
        out->modseqs[i] = rows[i].modseq;
        out->octets[i] = (uint32_t)rows[i].octets;
        out->keywords[i] = rows[i].keywords;
    }
}

/* A memory that lies is found out, and the request undone. */
static void
test_known_entries_must_be_true(void **state)
{
    struct fixture *fx = fixture_new();
    const struct uid_run all = {1, UINT32_MAX};
    static struct columns known;
    struct flags_result out;

    (void)state;
    fill(fx, "INBOX", 20);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    const struct flags_req req = {.mbox = inbox,
                                  .runs = &all,
                                  .run_count = 1,
                                  .mode = FLAGS_ADD,
                                  .flags = MSG_SEEN,
                                  .unchanged_since = MODSEQ_ANY,
                                  .known = columns_known,
                                  .known_ctx = &known};
    columns_read(fx, tx, inbox, &known);
    known.flags[5] = MSG_SEEN;
    assert_ok(store_savepoint(tx, &fx->err));
    /* An engine that passes them over does not mind. */
    assert_rc(store_flags_update(tx, &req, &fx->arena, &out, &fx->err),
              fx->reads_flags ? RC_OK : RC_CORRUPT);
    store_savepoint_rollback(tx);
    known.flags[5] = 0;
    assert_int_equal(update(fx, tx, &req).changed_count, 20);
    assert_int_equal(mbox_row(fx, tx, "INBOX").unseen, 0);
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

/* What each message should be like. */
struct model {
    uint32_t flags[MESSAGES + 1];
    bool there[MESSAGES + 1];
};

static size_t
random_runs(struct rng *rng, struct uid_run *runs)
{
    size_t count = 0;
    uint32_t uid = 1 + (uint32_t)rng_below(rng, 30);

    while (count < RUNS && uid <= MESSAGES) {
        const uint32_t last = uid + (uint32_t)rng_below(rng, 12);
        runs[count++] = (struct uid_run){uid, last};
        uid = last + 2 + (uint32_t)rng_below(rng, rng_below(rng, 3) == 0 ? 90 : 4);
    }
    return count;
}

static bool
is_named(const struct uid_run *runs, size_t count, uint32_t uid)
{
    for (size_t i = 0; i < count; i++)
        if (uid >= runs[i].first && uid <= runs[i].last)
            return true;
    return false;
}

static size_t
model_update(struct model *model, const struct flags_req *req)
{
    size_t changed = 0;

    for (uint32_t uid = 1; uid <= MESSAGES; uid++) {
        const uint32_t old = model->flags[uid];
        if (!model->there[uid] || !is_named(req->runs, req->run_count, uid))
            continue;
        model->flags[uid] = req->mode == FLAGS_REPLACE ? req->flags
                            : req->mode == FLAGS_ADD   ? old | req->flags
                                                       : old & ~req->flags;
        changed += model->flags[uid] != old;
    }
    return changed;
}

static size_t
model_expunge(struct model *model, const struct expunge_req *req)
{
    size_t gone = 0;

    for (uint32_t uid = 1; uid <= MESSAGES; uid++) {
        if (!model->there[uid] || !is_named(req->runs, req->run_count, uid) ||
            (model->flags[uid] & MSG_DELETED) == 0)
            continue;
        model->there[uid] = false;
        gone++;
    }
    return gone;
}

/* Random runs over a mailbox with holes, against a model that looks at each message alone. */
static void
test_against_a_model(void **state)
{
    struct fixture *fx = fixture_new();
    struct model model = {0};
    static struct columns known;
    struct uid_run runs[RUNS];
    struct rng rng;
    size_t count = 0;

    (void)state;
    rng_seed(&rng, 5);
    fill(fx, "INBOX", MESSAGES);
    struct store_tx *tx = begin_write(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    memset(model.there, true, sizeof model.there);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct flags_req req = {.mbox = inbox,
                                .runs = runs,
                                .run_count = random_runs(&rng, runs),
                                .mode = (enum flags_mode)rng_below(&rng, 3),
                                .flags = (uint32_t)rng_below(&rng, 32),
                                .unchanged_since = MODSEQ_ANY};
        if (rng_below(&rng, 2) == 0) {
            columns_read(fx, tx, inbox, &known);
            req.known = columns_known;
            req.known_ctx = &known;
        }
        assert_int_equal(update(fx, tx, &req).changed_count, model_update(&model, &req));
        if (round % 10 == 9) {
            const struct expunge_req gone = {
                .mbox = inbox, .runs = runs, .run_count = 4, .only_deleted = true};
            struct expunge_result out;
            assert_true(req.run_count >= 4);
            assert_ok(store_expunge(tx, &gone, &fx->arena, &out, &fx->err));
            assert_int_equal(out.count, model_expunge(&model, &gone));
        }
        arena_reset(&fx->arena);
    }
    const struct entry *rows = entries(fx, tx, inbox, &count);
    for (uint32_t uid = 1, i = 0; uid <= MESSAGES; uid++) {
        if (!model.there[uid])
            continue;
        assert_int_equal(rows[i].uid, uid);
        assert_int_equal(rows[i++].flags, model.flags[uid]);
    }
    commit(fx, tx);
    verify(fx);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_keywords_of_both_words),
        cmocka_unit_test(test_unchanged_since),
        cmocka_unit_test(test_unless),
        cmocka_unit_test(test_absent_uids_are_passed_over),
        cmocka_unit_test(test_over_the_arena_changes_nothing),
        cmocka_unit_test(test_known_entries_must_be_true),
        cmocka_unit_test(test_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
