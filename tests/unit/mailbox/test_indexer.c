/* SPDX-License-Identifier: MIT */
/*
 * The indexer: what the index has afterwards is what the messages have, whatever happens on the
 * way: purging, damage, files that are gone, restored, of another mail or full of lies.
 */
#include "content.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "bench/mailgen.h"
#include "mailbox/search/document.h"
#include "mailbox/search/indexer.h"
#include "support/fault_vfs.h"
#include "support/mail_nasty.h"

enum { FORM = 5, STEPS_MAX = 20000, WHOLE = 1 << 30 };

struct bench {
    struct content *fx;
    struct store_indexes *indexes;
    struct turn_waiter waiter;
    struct rng rng;
    struct indexer_progress progress; /* of the last run */
    unsigned anew;                    /* of the last run */
    enum indexer_why why;
    unsigned steps;
    struct index_counts counts;
};

static void
indexes_open(struct bench *bench, uint32_t form, const char *vfs)
{
    const struct store_indexes_options options = {
        .clock = &bench->fx->clock.clock, .form = form, .vfs = vfs};

    assert_int_equal(store_indexes_new(&options, &bench->indexes), RC_OK);
}

static void
bench_init(struct bench *bench, struct content *fx)
{
    memset(bench, 0, sizeof *bench);
    bench->fx = fx;
    turn_waiter_init(&bench->waiter);
    rng_seed(&bench->rng, 3);
    indexes_open(bench, FORM, NULL);
}

static void
bench_done(struct bench *bench)
{
    store_indexes_free(bench->indexes);
    turn_waiter_done(&bench->waiter);
}

static struct indexer *
open_indexer(struct bench *bench)
{
    const struct indexer_options options = {.indexes = bench->indexes,
                                            .acct = bench->fx->handle,
                                            .rng = &bench->rng,
                                            .counts = &bench->counts};
    struct indexer *indexer = NULL;
    struct content *fx = bench->fx;

    assert_ok(indexer_open(&options, &indexer, &fx->err));
    return indexer;
}

/* To the end, or to the first failure. */
static enum rc
run_steps(struct bench *bench, struct indexer *indexer)
{
    enum indexer_outcome outcome = INDEXER_MORE;
    enum rc rc = RC_OK;

    bench->anew = bench->steps = 0;
    while (rc == RC_OK && outcome != INDEXER_DONE) {
        rc = indexer_step(indexer, &bench->waiter, &outcome, &bench->fx->err);
        assert_true(++bench->steps < STEPS_MAX);
        if (rc == RC_OK && outcome == INDEXER_ANEW) {
            bench->anew++;
            bench->why = indexer_why(indexer);
        }
    }
    indexer_progress(indexer, &bench->progress);
    return rc;
}

static void
run(struct bench *bench)
{
    struct content *fx = bench->fx;
    struct indexer *indexer = open_indexer(bench);

    assert_ok(run_steps(bench, indexer));
    indexer_close(indexer);
}

/* ---- mail ---- */

static void
append(struct content *fx, struct span text)
{
    content_append(fx, &(struct content_mail){.text = text});
}

static void
append_numbered(struct content *fx, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        append(fx, span_of_str(arena_printf(&fx->arena,
                                            "From: a%u@b.c\r\nSubject: number %u\r\n\r\n"
                                            "text x%u of all\r\n",
                                            i, i, i)));
}

static void
append_generated(struct content *fx, uint64_t seed, unsigned count)
{
    const struct mailgen_options options = {
        .seed = seed, .broken_percent = 30, .max_octets = 60000};
    struct mailgen *gen = NULL;
    struct rng rng;
    AUTO_BUF nasty = {0};

    rng_seed(&rng, seed);
    buf_init(&nasty, 64 << 20);
    assert_ok(mailgen_new(&options, &gen, &fx->err));
    for (unsigned i = 0; i < count; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        append(fx, message.octets);
        buf_clear(&nasty);
        mail_nasty(&rng, &nasty);
        append(fx, buf_span(&nasty));
    }
    mailgen_free(gen);
}

static void
expunge_and_purge(struct content *fx, uint32_t first, uint32_t last)
{
    const struct uid_run run = {first, last};
    struct expunge_result expunged;
    struct mbox_row row;
    bool more = true;

    struct store_tx *tx = content_write(fx);
    assert_ok(store_mbox_find(tx, SPAN("INBOX"), &fx->arena, &row, &fx->err));
    const struct expunge_req req = {.mbox = row.id, .runs = &run, .run_count = 1};
    assert_ok(store_expunge(tx, &req, &fx->arena, &expunged, &fx->err));
    content_commit(fx, tx);
    fake_clock_move_ms(&fx->clock, INT64_C(40) * 86400 * 1000);
    while (more) {
        tx = content_write(fx);
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        content_commit(fx, tx);
    }
}

static void
run_sql(struct content *fx, const char *sql)
{
    sqlite3 *raw = NULL;

    assert_int_equal(sqlite3_open(tmpdir_file(&fx->dir, "accounts/00/00/7/mail.db"), &raw),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

/* ---- what the index must have ---- */

static bool
is_in(const struct index_set *set, uint64_t message)
{
    return (set->bits[message / 64] >> message % 64 & 1) != 0;
}

/* Every message that there is, is in the index with exactly its terms, or unsure. */
static void
assert_knows_all(struct bench *bench)
{
    struct content *fx = bench->fx;
    struct document_maker maker;
    struct index_state state;
    struct store_index *index = NULL;
    uint64_t message = 0, highest = 0;
    uint64_t count = 0;

    document_maker_init(&maker);
    assert_ok(store_index_open(bench->indexes, fx->handle, INDEX_READ, &index, &fx->err));
    assert_ok(store_index_begin(index, &state, &fx->err));
    struct store_tx *tx = content_read(fx);
    assert_ok(store_message_highest(tx, &highest, &fx->err));
    assert_int_equal(state.mark, highest);
    const struct index_set unsure = {arena_array(&fx->arena, uint64_t, highest / 64 + 1),
                                     highest / 64 * 64 + 64};
    assert_ok(store_index_unsure(index, &unsure, &fx->err));
    while (store_message_next(tx, message + 1, &message, &fx->err) == RC_OK) {
        count++;
        assert_ok(document_read(&maker, tx, message, WHOLE, &fx->err));
        assert_int_equal(is_in(&unsure, message), maker.unsure);
        for (unsigned space = 0; space < INDEX_SPACES; space++) {
            struct span rest = buf_span(&maker.terms[space]);
            while (rest.len > 0) {
                const char *end = memchr(rest.ptr, ' ', rest.len);
                const struct span term =
                    span_head(rest, end == NULL ? rest.len : (size_t)(end - rest.ptr));
                bool has = false;
                rest = span_tail(rest, term.len + (end != NULL));
                assert_ok(store_index_has(index, (enum index_space)space, term, message, &has,
                                          &fx->err));
                assert_true(has);
            }
        }
        bool has = true;
        assert_ok(store_index_has(index, INDEX_BODY, SPAN("nowhere"), message, &has, &fx->err));
        assert_false(has);
    }
    assert_true(state.documents >= count);
    store_end(tx);
    store_index_end(index);
    store_index_close(index);
    document_maker_done(&maker);
}

/* ---- the tests ---- */

static void
test_all_kinds_of_mail(void **state)
{
    struct content *fx = *state;
    struct bench bench;

    bench_init(&bench, fx);
    append_generated(fx, 1, 100);
    run(&bench);
    assert_int_equal(bench.progress.added, 200);
    assert_int_equal(bench.anew, 0);
    assert_true(bench.progress.checked > 20);
    assert_knows_all(&bench);
    run(&bench);
    assert_int_equal(bench.progress.added, 0);
    append_generated(fx, 2, 10);
    run(&bench);
    assert_int_equal(bench.progress.added, 20);
    assert_int_equal(bench.anew, 0);
    assert_knows_all(&bench);
    bench_done(&bench);
}

static void
test_no_mail(void **state)
{
    struct bench bench;

    bench_init(&bench, *state);
    run(&bench);
    assert_int_equal(bench.progress.added, 0);
    assert_int_equal(bench.progress.state.mark, 0);
    bench_done(&bench);
}

/* One that is being written by somebody else stays as it is. */
static void
test_two_writers(void **state)
{
    struct content *fx = *state;
    struct store_index *other = NULL;
    struct bench bench;

    bench_init(&bench, fx);
    append_numbered(fx, 0, 10);
    assert_ok(store_index_open(bench.indexes, fx->handle, INDEX_WRITE, &other, &fx->err));
    struct indexer *indexer = open_indexer(&bench);
    assert_rc(run_steps(&bench, indexer), RC_BUSY);
    store_index_close(other);
    assert_ok(run_steps(&bench, indexer));
    indexer_close(indexer);
    assert_knows_all(&bench);
    bench_done(&bench);
}

/* A long message takes many steps, and none of them holds a snapshot. */
static void
test_a_huge_message(void **state)
{
    struct content *fx = *state;
    struct bench bench;
    AUTO_BUF text = {0};

    bench_init(&bench, fx);
    append_numbered(fx, 0, 3);
    buf_init(&text, 64 << 20);
    buf_put_lit(&text, "Subject: huge\r\n\r\n");
    for (unsigned i = 0; buf_len(&text) < 20u << 20; i++)
        buf_printf(&text, "word%u goes on and on until nobody can say how long it is\r\n",
                   i % 5000);
    append(fx, buf_span(&text));
    append_numbered(fx, 3, 3);
    run(&bench);
    assert_true(bench.steps > 8);
    assert_int_equal(bench.progress.added, 7);
    assert_int_equal(bench.progress.unsure, 0);
    assert_knows_all(&bench);
    bench_done(&bench);
}

/* It is purged while it is read. */
static void
test_a_huge_message_goes(void **state)
{
    struct content *fx = *state;
    enum indexer_outcome outcome;
    struct bench bench;
    AUTO_BUF text = {0};

    bench_init(&bench, fx);
    buf_init(&text, 64 << 20);
    buf_put_lit(&text, "Subject: huge\r\n\r\n");
    while (buf_len(&text) < 20u << 20)
        buf_put_lit(&text, "this goes on and on until nobody can say how long it is\r\n");
    append(fx, buf_span(&text));
    append_numbered(fx, 0, 3);
    struct indexer *indexer = open_indexer(&bench);
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(indexer_step(indexer, &bench.waiter, &outcome, &fx->err));
        assert_int_equal(outcome, INDEXER_MORE);
    }
    expunge_and_purge(fx, 1, 1);
    assert_ok(run_steps(&bench, indexer));
    assert_int_equal(bench.progress.added, 3);
    indexer_close(indexer);
    assert_knows_all(&bench);
    bench_done(&bench);
}

static void
test_damaged_messages_are_unsure(void **state)
{
    struct content *fx = *state;
    struct bench bench;

    bench_init(&bench, fx);
    append_numbered(fx, 0, 300);
    run_sql(fx, "UPDATE message SET parts = x'ff00ff' WHERE id = 5;"
                "UPDATE message SET parts = x'' WHERE id = 200;"
                "DELETE FROM content WHERE id >> 16 IN (7, 300)");
    content_restart_account(fx);
    run(&bench);
    assert_int_equal(bench.progress.added, 300);
    assert_int_equal(bench.progress.unsure, 4);
    assert_int_equal(bench.anew, 0);
    bench_done(&bench);
}

static void
test_a_third_is_dead(void **state)
{
    struct content *fx = *state;
    struct bench bench;

    bench_init(&bench, fx);
    append_numbered(fx, 0, 1000);
    run(&bench);
    expunge_and_purge(fx, 1, 100); /* not enough */
    run(&bench);
    assert_int_equal(bench.anew, 0);
    assert_int_equal(bench.progress.state.documents, 1000);
    expunge_and_purge(fx, 101, 700);
    run(&bench);
    assert_int_equal(bench.anew, 1);
    assert_int_equal(bench.why, INDEXER_DEAD);
    assert_int_equal(bench.progress.added, 300);
    assert_knows_all(&bench);
    for (unsigned i = 0; i < 20; i++) { /* ids are sparse now: that alone is no reason */
        run(&bench);
        assert_int_equal(bench.anew, 0);
    }
    bench_done(&bench);
}

static void
test_anew_when_asked(void **state)
{
    struct content *fx = *state;
    struct bench bench;

    bench_init(&bench, fx);
    append_numbered(fx, 0, 300);
    run(&bench);
    struct indexer *indexer = open_indexer(&bench);
    indexer_anew(indexer);
    assert_ok(run_steps(&bench, indexer));
    indexer_close(indexer);
    assert_int_equal(bench.anew, 1);
    assert_int_equal(bench.why, INDEXER_ASKED);
    assert_int_equal(bench.progress.added, 300);
    assert_knows_all(&bench);
    bench_done(&bench);
}

/* Made by another version. */
static void
test_another_form(void **state)
{
    struct content *fx = *state;
    struct bench bench;

    bench_init(&bench, fx);
    append_numbered(fx, 0, 300);
    run(&bench);
    store_indexes_free(bench.indexes);
    indexes_open(&bench, FORM + 1, NULL);
    run(&bench);
    assert_int_equal(bench.progress.added, 300);
    assert_int_equal(bench.progress.state.form, FORM + 1);
    assert_knows_all(&bench);
    bench_done(&bench);
}

/* The mail is from a backup, so ids above those of the backup are given again. */
static void
test_restored_mail(void **state)
{
    static const unsigned later[] = {0, 50, 100, 200};
    struct content *fx = *state;
    struct bench bench;

    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        bench_init(&bench, fx);
        const uint64_t before = i * 1000;
        append_numbered(fx, (unsigned)before, 200);
        run(&bench);
        assert_knows_all(&bench);
        /* as if only the first half of these had been in the backup */
        run_sql(fx, "DELETE FROM entry WHERE message > (SELECT max(id) - 100 FROM message);"
                    "DELETE FROM content WHERE id >> 16 > (SELECT max(id) - 100 FROM message);"
                    "DELETE FROM message WHERE id > (SELECT max(id) - 100 FROM message);"
                    "UPDATE account SET message_floor = 0");
        store_indexes_free(bench.indexes);
        content_close_account(fx);
        content_reopen(fx);
        content_open_account(fx);
        indexes_open(&bench, FORM, NULL);
        append_numbered(fx, 5000 + (unsigned)before, later[i]);
        run(&bench);
        assert_int_equal(bench.anew, 1);
        assert_int_equal(bench.why, INDEXER_FOREIGN);
        assert_knows_all(&bench);
        bench_done(&bench);
    }
}

/* The newest message is purged, and the index is proved by the one before it from then on. */
static void
test_proof_of_the_one_before(void **state)
{
    struct content *fx = *state;
    struct store_index *index = NULL;
    struct index_proof proofs[3];
    struct index_state now;
    struct bench bench;
    size_t count = 0;

    bench_init(&bench, fx);
    append_numbered(fx, 0, 100);
    run(&bench);
    append_numbered(fx, 100, 40);
    run(&bench);
    run_sql(fx, "DELETE FROM entry WHERE message = 140;"
                "DELETE FROM content WHERE id >> 16 = 140;"
                "DELETE FROM message WHERE id = 140;"
                "UPDATE account SET message_floor = 140");
    content_restart_account(fx);
    run(&bench);
    assert_int_equal(bench.anew, 0);
    assert_ok(store_index_open(bench.indexes, fx->handle, INDEX_READ, &index, &fx->err));
    assert_ok(store_index_begin(index, &now, &fx->err));
    assert_ok(store_index_proofs(index, proofs, ARRAY_LEN(proofs), &count, &fx->err));
    store_index_end(index);
    store_index_close(index);
    assert_int_equal(count, 3);
    assert_int_equal(proofs[0].message, 140);
    assert_int_equal(proofs[1].message, 139);
    assert_int_equal(proofs[2].message, 100);
    bench_done(&bench);
}

/* The mail is from a backup, and the message that tells so is gone: the newest one that is
 * there tells it. */
static void
test_restored_mail_without_proof(void **state)
{
    struct content *fx = *state;
    struct bench bench;

    bench_init(&bench, fx);
    append_numbered(fx, 0, 100);
    run(&bench);
    append_numbered(fx, 100, 40);
    run(&bench);
    run_sql(fx, "DELETE FROM entry WHERE message > 100;"
                "DELETE FROM content WHERE id >> 16 > 100;"
                "DELETE FROM message WHERE id > 100;"
                "UPDATE account SET message_floor = 0");
    store_indexes_free(bench.indexes);
    content_close_account(fx);
    content_reopen(fx);
    content_open_account(fx);
    append_numbered(fx, 5000, 40);
    run_sql(fx, "DELETE FROM entry WHERE message = 140;"
                "DELETE FROM content WHERE id >> 16 = 140;"
                "DELETE FROM message WHERE id = 140;"
                "UPDATE account SET message_floor = 140");
    content_restart_account(fx);
    indexes_open(&bench, FORM, NULL);
    run(&bench);
    assert_int_equal(bench.anew, 1);
    assert_int_equal(bench.why, INDEXER_FOREIGN);
    assert_knows_all(&bench);
    bench_done(&bench);
}

/* An index that says what the messages do not say is found out, and made anew. */
static void
test_lies(void **state)
{
    enum { COUNT = 300 };
    struct content *fx = *state;
    struct index_document lies[COUNT];
    struct store_index *index = NULL;
    struct bench bench;

    append_numbered(fx, 0, COUNT);
    for (unsigned kind = 0; kind < 2; kind++) {
        bench_init(&bench, fx);
        assert_ok(store_index_remove(bench.indexes, fx->handle, &fx->err));
        assert_ok(store_index_open(bench.indexes, fx->handle, INDEX_WRITE, &index, &fx->err));
        for (uint64_t i = 0; i < COUNT; i++) {
            lies[i] = (struct index_document){.message = i + 1};
            for (unsigned space = 0; space < INDEX_SPACES; space++)
                lies[i].terms[space] = SPAN("");
            /* terms are missing, or there are too many */
            const char *terms =
                arena_printf(&fx->arena, kind == 0 ? "text" : "text of all x%ju", (uintmax_t)i);
            lies[i].terms[INDEX_BODY] = span_of_str(terms);
            lies[i].terms[INDEX_HEADER] = span_of_str(arena_printf(
                &fx->arena, "from subject number a%ju b c %ju", (uintmax_t)i, (uintmax_t)i));
            lies[i].terms[INDEX_SUBJECT] =
                span_of_str(arena_printf(&fx->arena, "number %ju", (uintmax_t)i));
            lies[i].terms[INDEX_FROM] =
                span_of_str(arena_printf(&fx->arena, "a%ju b c", (uintmax_t)i));
            if (kind == 1)
                lies[i].terms[INDEX_CC] = SPAN("lies");
        }
        struct index_batch batch = {.documents = lies, .count = COUNT, .mark = COUNT};
        struct store_tx *tx = content_read(fx);
        struct message_row row;
        assert_ok(store_message_read(tx, COUNT, MESSAGE_KEYS, &row, &fx->err));
        assert_int_equal(row.digest.len, sizeof batch.proof);
        memcpy(batch.proof, row.digest.ptr, sizeof batch.proof);
        batch.proof_message = COUNT;
        store_end(tx);
        assert_ok(store_index_add(index, &batch, &fx->err));
        store_index_close(index);
        unsigned visits = 0;
        do {
            run(&bench);
            assert_true(++visits < 300);
        } while (bench.anew == 0);
        assert_int_equal(bench.why, INDEXER_WRONG);
        assert_int_equal(atomic_load(&bench.counts.failed), 1);
        assert_int_equal(atomic_load(&bench.counts.anew), 1);
        assert_true(atomic_load(&bench.counts.checks) > 1);
        assert_int_equal(atomic_load(&bench.counts.messages), COUNT);
        assert_knows_all(&bench);
        bench_done(&bench);
    }
}

/* The file is removed between any two steps, in the way of this server or of somebody else. */
static void
test_it_is_removed_under_way(void **state)
{
    struct content *fx = *state;
    enum indexer_outcome outcome;
    struct bench bench;

    append_numbered(fx, 0, 700);
    for (unsigned when = 0; when < 8; when++) {
        bench_init(&bench, fx);
        struct indexer *indexer = open_indexer(&bench);
        indexer_anew(indexer);
        for (unsigned i = 0; i < when; i++)
            assert_ok(indexer_step(indexer, &bench.waiter, &outcome, &fx->err));
        assert_ok(store_index_remove(bench.indexes, fx->handle, &fx->err));
        assert_ok(run_steps(&bench, indexer));
        indexer_close(indexer);
        run(&bench);
        assert_knows_all(&bench);
        bench_done(&bench);
    }
}

/* Every write may fail for want of room: what was added stays, and later it goes on. */
static void
test_a_full_disk(void **state)
{
    struct content *fx = *state;
    struct bench bench;
    bool fired = true;

    fault_vfs_register();
    append_numbered(fx, 0, 300);
    for (uint64_t nth = 1; fired; nth += 1 + nth / 3) {
        bench_init(&bench, fx);
        store_indexes_free(bench.indexes);
        indexes_open(&bench, FORM, FAULT_VFS);
        assert_ok(store_index_remove(bench.indexes, fx->handle, &fx->err));
        struct indexer *indexer = open_indexer(&bench);
        fault_vfs_arm(FAULT_FULL, nth);
        const enum rc rc = run_steps(&bench, indexer);
        fired = fault_vfs_fired();
        fault_vfs_arm(FAULT_NONE, 0);
        assert_true(rc == RC_OK || rc == RC_FULL || rc == RC_IO);
        assert_ok(run_steps(&bench, indexer));
        indexer_close(indexer);
        assert_knows_all(&bench);
        bench_done(&bench);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, content_setup, content_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_all_kinds_of_mail),
        TEST(test_no_mail),
        TEST(test_two_writers),
        TEST(test_a_huge_message),
        TEST(test_a_huge_message_goes),
        TEST(test_damaged_messages_are_unsure),
        TEST(test_a_third_is_dead),
        TEST(test_anew_when_asked),
        TEST(test_another_form),
        TEST(test_restored_mail),
        TEST(test_restored_mail_without_proof),
        TEST(test_proof_of_the_one_before),
        TEST(test_lies),
        TEST(test_it_is_removed_under_way),
        TEST(test_a_full_disk),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
