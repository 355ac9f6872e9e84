/* SPDX-License-Identifier: MIT */
/*
 * Messages come and go while their index is made by two threads that take turns, removed, and
 * asked by others. Whatever the index says, in a snapshot of its own, is so: a message up to
 * its mark has all of its terms there, and a message that it names for a term has that term.
 * For a build with -Db_sanitize=thread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/rng.h"
#include "mailbox/content/ingest.h"
#include "mailbox/memory/account.h"
#include "mailbox/search/document.h"
#include "mailbox/search/index_wishes.h"
#include "mailbox/search/indexer.h"
#include "mailbox/write/ops.h"
#include "mailbox/write/turn_wait.h"
#include "store/engine_sqlite.h"
#include "support/tmpdir.h"

enum { ACCOUNT = 1, MESSAGES = 1200, ARENA = 16 << 20, WORDS = 2000, WHOLE = 1 << 30 };

static struct account *held;
static struct store_indexes *indexes;
static struct index_wishes wishes;
static atomic_bool over;
static atomic_uint compared, steps, anew;

/* ---- mail ---- */

static void
append(struct arena *arena, struct rng *rng, struct turn_waiter *waiter)
{
    struct ingest ingest;
    struct append_op op;
    struct err err = {.rc = RC_OK};
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    buf_printf(&text, "From: a%ju@b.c\r\nSubject: s%ju\r\n\r\n", (uintmax_t)rng_below(rng, 50),
               (uintmax_t)rng_below(rng, 50));
    for (unsigned i = 0; i < 40; i++)
        buf_printf(&text, "w%ju ", (uintmax_t)rng_below(rng, WORDS));
    CHECK(ingest_prepare(arena, buf_span(&text), &ingest, &err) == RC_OK);
    struct append_msg msg = {.ingest = &ingest};
    append_op_init(&op, arena, turn_waiter_wake(waiter));
    op.name = SPAN("INBOX");
    op.msgs = &msg;
    op.msg_count = 1;
    turn_run_wait(held, &op.turn, waiter);
    CHECK(op.turn.result == RC_OK);
}

/* Some of the older messages go for good. */
static void
expunge(struct arena *arena, uint32_t first, struct turn_waiter *waiter)
{
    const struct uid_run run = {first, first + 9};
    struct expunge_op op;
    struct purge_op purge;

    expunge_op_init(&op, arena, turn_waiter_wake(waiter));
    op.mbox = 1;
    op.runs = &run;
    op.run_count = 1;
    turn_run_wait(held, &op.turn, waiter);
    CHECK(op.turn.result == RC_OK);
    purge_op_init(&purge, turn_waiter_wake(waiter));
    turn_run_wait(held, &purge.turn, waiter);
    CHECK(purge.turn.result == RC_OK);
}

static void *
send_mail(void *arg)
{
    struct turn_waiter waiter;
    struct arena arena;
    struct rng rng;

    (void)arg;
    rng_seed(&rng, 1);
    turn_waiter_init(&waiter);
    arena_init(&arena, ARENA);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        append(&arena, &rng, &waiter);
        if (i % 20 == 19 && i > 100)
            expunge(&arena, (uint32_t)rng_below(&rng, i - 50), &waiter);
        if (i % 10 == 0)
            (void)index_wishes_put(&wishes, ACCOUNT);
        arena_reset(&arena);
    }
    atomic_store(&over, true);
    index_wishes_stop(&wishes);
    arena_done(&arena);
    turn_waiter_done(&waiter);
    return NULL;
}

/* ---- the index ---- */

static void
run_indexer(struct rng *rng, struct turn_waiter *waiter)
{
    const struct indexer_options options = {
        .indexes = indexes, .acct = account_store(held), .rng = rng};
    enum indexer_outcome outcome = INDEXER_MORE;
    struct indexer *indexer = NULL;
    struct err err = {.rc = RC_OK};

    CHECK(indexer_open(&options, &indexer, &err) == RC_OK);
    if (rng_below(rng, 4) == 0)
        indexer_anew(indexer);
    enum rc rc = RC_OK;
    while (rc == RC_OK && outcome != INDEXER_DONE) {
        rc = indexer_step(indexer, waiter, &outcome, &err);
        atomic_fetch_add(&steps, 1);
        if (rc == RC_OK && outcome == INDEXER_ANEW) {
            atomic_fetch_add(&anew, 1);
            CHECK(indexer_why(indexer) == INDEXER_ASKED ||
                  indexer_why(indexer) == INDEXER_DEAD);
        }
    }
    if (rc != RC_OK && rc != RC_BUSY)
        fprintf(stderr, "indexing: %s\n", err.text);
    CHECK(rc == RC_OK || rc == RC_BUSY);
    indexer_close(indexer);
}

static void *
make_index(void *arg)
{
    struct turn_waiter waiter;
    struct rng rng;
    uint64_t account = 0;

    rng_seed(&rng, (uintptr_t)arg);
    turn_waiter_init(&waiter);
    while (!atomic_load(&over))
        if (index_wishes_take(&wishes, 1000, &account)) {
            CHECK(account == ACCOUNT);
            run_indexer(&rng, &waiter);
            if (rng_below(&rng, 10) == 0)
                CHECK(store_index_remove(indexes, account_store(held), NULL) == RC_OK);
        }
    turn_waiter_done(&waiter);
    return NULL;
}

/* ---- who asks ---- */

/* A message up to the mark has its terms in the index. */
static enum rc
compare_terms(struct store_index *index, const struct document_maker *maker, struct rng *rng)
{
    for (unsigned i = 0; i < 5; i++) {
        const struct span terms = buf_span(&maker->terms[INDEX_BODY]);
        size_t from = rng_below(rng, terms.len);
        bool has = false;
        while (from > 0 && terms.ptr[from - 1] != ' ')
            from--;
        size_t to = from;
        while (to < terms.len && terms.ptr[to] != ' ')
            to++;
        if (to == from)
            continue;
        const enum rc rc =
            store_index_has(index, INDEX_BODY, span_of(terms.ptr + from, to - from),
                            maker->message, &has, NULL);
        if (rc != RC_OK)
            return rc;
        CHECK(has);
        atomic_fetch_add(&compared, 1);
    }
    return RC_OK;
}

/* A message that is named for a word has it. */
static enum rc
compare_claim(struct store_index *index, struct store_tx *tx, struct document_maker *maker,
              const struct index_state *state, struct rng *rng)
{
    uint64_t bits[MESSAGES / 64 + 2] = {0};
    const struct index_set set = {bits, sizeof bits * 8};
    struct err err = {.rc = RC_OK};
    char word[24];

    CHECK(state->mark < set.limit);
    snprintf(word, sizeof word, "w%ju", (uintmax_t)rng_below(rng, WORDS));
    const enum rc rc = store_index_messages(index, INDEX_BODY, span_of_str(word), &set, NULL);
    for (uint64_t id = 1; rc == RC_OK && id <= state->mark; id++) {
        if ((bits[id / 64] >> id % 64 & 1) == 0)
            continue;
        const enum rc read = document_read(maker, tx, id, WHOLE, &err);
        CHECK(read == RC_OK || read == RC_NOT_FOUND);
        CHECK(read == RC_NOT_FOUND || document_has(maker, INDEX_BODY, span_of_str(word)));
        atomic_fetch_add(&compared, 1);
    }
    return rc;
}

static void
look(struct document_maker *maker, struct rng *rng, struct turn_waiter *waiter)
{
    struct store_index *index = NULL;
    struct index_state state;
    struct store_tx *tx = NULL;
    uint64_t message = 0;

    if (store_index_open(indexes, account_store(held), INDEX_READ, &index, NULL) != RC_OK) {
        usleep(1000);
        return;
    }
    enum rc rc = store_index_begin(index, &state, NULL);
    while (store_read_begin(account_store(held), turn_waiter_wake(waiter), &tx, NULL) ==
           RC_AGAIN)
        turn_waiter_sleep(waiter);
    CHECK(tx != NULL);
    if (rc == RC_OK && state.mark > 0) {
        if (store_message_next(tx, 1 + rng_below(rng, state.mark), &message, NULL) == RC_OK &&
            message <= state.mark && document_read(maker, tx, message, WHOLE, NULL) == RC_OK)
            rc = compare_terms(index, maker, rng);
        if (rc == RC_OK)
            rc = compare_claim(index, tx, maker, &state, rng);
    }
    CHECK(rc == RC_OK || rc == RC_BUSY);
    store_end(tx);
    store_index_end(index);
    store_index_close(index);
}

static void *
ask(void *arg)
{
    struct document_maker maker;
    struct turn_waiter waiter;
    struct rng rng;

    rng_seed(&rng, (uintptr_t)arg);
    turn_waiter_init(&waiter);
    document_maker_init(&maker);
    while (!atomic_load(&over))
        look(&maker, &rng, &waiter);
    document_maker_done(&maker);
    turn_waiter_done(&waiter);
    return NULL;
}

int
main(void)
{
    void *(*const what[])(void *) = {send_mail, make_index, make_index, ask, ask};
    pthread_t threads[ARRAY_LEN(what)];
    const struct store_indexes_options index_options = {.clock = &clock_system, .form = 1};
    struct accounts *accounts = NULL;
    struct store *store = NULL;
    struct tmpdir dir;
    struct err err = {.rc = RC_OK};

    tmpdir_make_in(&dir, tmpdir_parent_in_memory());
    const struct sqlite_options options = {
        .dir = tmpdir_file(&dir, "accounts"), .store.clock = &clock_system, .max_open_fds = 60};
    CHECK(store_open_sqlite(&options, &store, &err) == RC_OK);
    CHECK(accounts_new(store, &clock_system, &accounts) == RC_OK);
    CHECK(account_get(accounts, ACCOUNT, &held) == RC_OK);
    CHECK(store_indexes_new(&index_options, &indexes) == RC_OK);
    index_wishes_init(&wishes);
    for (size_t i = 0; i < ARRAY_LEN(what); i++)
        CHECK(pthread_create(&threads[i], NULL, what[i], (void *)(i + 1)) == 0);
    for (size_t i = 0; i < ARRAY_LEN(what); i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    printf("%u steps, %u times anew, %u things compared\n", atomic_load(&steps),
           atomic_load(&anew), atomic_load(&compared));
    CHECK(atomic_load(&compared) > 0);
    index_wishes_done(&wishes);
    store_indexes_free(indexes);
    account_put(held);
    accounts_free(accounts);
    store_close(store);
    tmpdir_remove(&dir);
    return 0;
}
