/* SPDX-License-Identifier: MIT */
/*
 * Many accounts, few descriptors: a writer and several readers an account on threads of their
 * own, while databases are closed under them all the time. Every snapshot must agree with
 * itself, a reader that was told RC_AGAIN must be woken, and in the end every account is sound.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/rng.h"
#include "store/engine_sqlite.h"
#include "store/store.h"
#include "support/tmpdir.h"

enum {
    ACCOUNTS = 6,
    READERS = 3, /* threads an account: more than it has handles */
    ROUNDS = 120,
    FDS = 45,
    DEADLINE_S = 60,
};

static struct store *store;
static atomic_bool finished;
static atomic_uint snapshots;
static atomic_uint waited;

/* Minutes pass with every look, so that nothing stays open for long. */
static atomic_int_fast64_t ticks;

static int64_t
fast_us(const struct clock *clock)
{
    (void)clock;
    return INT64_C(1800000000000000) + atomic_fetch_add(&ticks, 1) * 1000000;
}

static const struct clock fast_clock = {.mono_us = fast_us, .wall_us = fast_us};

struct reader {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool woken;
    uint64_t account;
};

static void
must(enum rc rc, const struct err *err)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "stress_store: %s: %s\n", rc_name(rc), err->text);
    abort();
}

static void
reader_wake(void *ctx, uint64_t id)
{
    struct reader *reader = ctx;
    (void)id;

    pthread_mutex_lock(&reader->mutex);
    reader->woken = true;
    pthread_cond_signal(&reader->cond);
    pthread_mutex_unlock(&reader->mutex);
}

/* A wake that does not come is a hang: the deadline ends the test. */
static void
reader_wait(struct reader *reader)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_S;
    atomic_fetch_add(&waited, 1);
    pthread_mutex_lock(&reader->mutex);
    while (!reader->woken)
        CHECK(pthread_cond_timedwait(&reader->cond, &reader->mutex, &until) == 0);
    reader->woken = false;
    pthread_mutex_unlock(&reader->mutex);
}

static struct store_tx *
read_begin(struct store_account *acct, struct reader *reader)
{
    const struct wake wake = {.fn = reader_wake, .ctx = reader};
    struct store_tx *tx = NULL;
    struct err err = {.rc = RC_OK};

    for (;;) {
        const enum rc rc = store_read_begin(acct, wake, &tx, &err);
        if (rc == RC_OK)
            return tx;
        if (rc == RC_AGAIN)
            reader_wait(reader);
        else if (rc == RC_LIMIT) /* descriptors: others have them all at this moment */
            sched_yield();
        else
            must(rc, &err);
    }
}

/* The counters of each mailbox are those of its entries, those of the account are the sums of
 * them, and the texts are whole. */
static void
look(struct store_tx *tx)
{
    AUTO_ARENA arena = {0};
    struct mbox_row *mboxes = NULL;
    struct quota_amounts usage;
    size_t count = 0;
    struct err err = {.rc = RC_OK};

    arena_init(&arena, 1 << 20);
    must(store_mbox_list(tx, &arena, &mboxes, &count, &err), &err);
    must(store_usage(tx, &usage, &err), &err);
    for (size_t i = 0; i < count; i++) {
        usage.of[QUOTA_STORAGE] -= mboxes[i].octets;
        usage.of[QUOTA_MESSAGE] -= mboxes[i].exists;
        usage.of[QUOTA_MAILBOX]--;
        struct entry rows[64];
        uint32_t from = 1;
        uint32_t exists = 0;
        size_t got = ARRAY_LEN(rows);
        for (; got == ARRAY_LEN(rows); exists += (uint32_t)got) {
            must(store_entries_read(tx, mboxes[i].id, &from, rows, ARRAY_LEN(rows), &got, &err),
                 &err);
            for (size_t k = 0; k < got; k += 9) {
                struct span text;
                must(store_content_peek(tx, rows[k].message, 0, UINT64_MAX, &text, &err), &err);
                CHECK(text.len == rows[k].octets);
            }
        }
        CHECK(exists == mboxes[i].exists);
    }
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
        CHECK(usage.of[i] == 0);
    atomic_fetch_add(&snapshots, 1);
}

static void *
read_thread(void *arg)
{
    struct reader *reader = arg;
    struct store_account *acct = NULL;

    while (!atomic_load(&finished)) {
        CHECK(store_account_get(store, reader->account, &acct) == RC_OK);
        struct store_tx *tx = read_begin(acct, reader);
        look(tx);
        store_end(tx);
        store_account_put(acct);
    }
    return NULL;
}

static void
write_one(struct store_tx *tx, struct rng *rng, uint64_t inbox, uint64_t trash)
{
    static const char text[] = "Subject: stress\r\n\r\nbody\r\n";
    const struct message_new msg = {.text = SPAN(text), .header_octets = 19};
    struct entry_new req = {.mbox = inbox, .octets = msg.text.len};
    const uint32_t uid = 1 + (uint32_t)rng_below(rng, 3 * ROUNDS);
    const struct uid_run run = {uid, uid + 10};
    AUTO_ARENA arena = {0};
    struct entry entry;
    struct copy_result copied;
    struct expunge_result gone;
    struct err err = {.rc = RC_OK};
    bool more = false;

    arena_init(&arena, 1 << 20);
    switch (rng_below(rng, 6)) {
    case 0: {
        const struct copy_req copy = {
            .from = inbox, .to = trash, .runs = &run, .run_count = 1, .move = true};
        must(store_copy(tx, &copy, &arena, &copied, &err), &err);
        break;
    }
    case 1: {
        const struct expunge_req expunge = {.mbox = trash, .runs = &run, .run_count = 1};
        must(store_expunge(tx, &expunge, &arena, &gone, &err), &err);
        break;
    }
    case 2:
        must(store_purge_step(tx, UINT64_MAX, &more, &err), &err);
        break;
    default:
        must(store_message_add(tx, &msg, &req.message, &err), &err);
        must(store_entry_add(tx, &req, &entry, &err), &err);
        break;
    }
}

static void *
write_thread(void *arg)
{
    const uint64_t *id = arg;
    struct store_account *acct = NULL;
    struct rng rng;
    struct err err = {.rc = RC_OK};

    rng_seed(&rng, *id);
    CHECK(store_account_get(store, *id, &acct) == RC_OK);
    for (unsigned round = 0; round < ROUNDS;) {
        AUTO_ARENA arena = {0};
        struct store_tx *tx = NULL;
        struct mbox_row inbox;
        struct mbox_row trash;
        arena_init(&arena, 1 << 16);
        const enum rc rc = store_write_begin(acct, WAKE_NOBODY, &tx, &err);
        if (rc == RC_LIMIT) {
            sched_yield();
            continue;
        }
        must(rc, &err);
        must(store_mbox_find(tx, SPAN("INBOX"), &arena, &inbox, &err), &err);
        must(store_mbox_find(tx, SPAN("Trash"), &arena, &trash, &err), &err);
        for (uint64_t i = rng_below(&rng, 20); i > 0; i--)
            write_one(tx, &rng, inbox.id, trash.id);
        if (rng_below(&rng, 4) == 0)
            look(tx); /* the writer sees its own */
        if (rng_below(&rng, 8) == 0)
            store_end(tx);
        else
            must(store_commit(tx, &err), &err);
        store_keep_house(store, acct);
        round++;
    }
    store_account_put(acct);
    return NULL;
}

static void *
evict_thread(void *arg)
{
    (void)arg;
    while (!atomic_load(&finished)) {
        store_keep_house(store, NULL);
        CHECK(store_sqlite_open_fds(store) <= FDS);
        sched_yield();
    }
    return NULL;
}

static void
verify_all(void)
{
    for (uint64_t id = 1; id <= ACCOUNTS; id++) {
        struct store_account *acct = NULL;
        struct store_tx *tx = NULL;
        struct err err = {.rc = RC_OK};
        AUTO_BUF findings = {0};
        buf_init(&findings, 1 << 16);
        CHECK(store_account_get(store, id, &acct) == RC_OK);
        must(store_read_begin(acct, (struct wake){0}, &tx, &err), &err);
        must(store_verify(tx, &findings, &err), &err);
        store_end(tx);
        store_account_put(acct);
    }
}

int
main(void)
{
    static struct reader readers[ACCOUNTS * READERS];
    static uint64_t ids[ACCOUNTS];
    pthread_t read_threads[ACCOUNTS * READERS];
    pthread_t write_threads[ACCOUNTS];
    pthread_t evictor;
    struct tmpdir dir;
    struct err err = {.rc = RC_OK};

    tmpdir_make_in(&dir, tmpdir_parent_in_memory());
    const struct sqlite_options options = {.dir = dir.path,
                                           .store.clock = &fast_clock,
                                           .max_open_fds = FDS,
                                           .store.undelete_retention_s = 100};
    must(store_open_sqlite(&options, &store, &err), &err);
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        ids[i] = i + 1;
        CHECK(pthread_create(&write_threads[i], NULL, write_thread, &ids[i]) == 0);
    }
    for (unsigned i = 0; i < ACCOUNTS * READERS; i++) {
        pthread_mutex_init(&readers[i].mutex, NULL);
        pthread_cond_init(&readers[i].cond, NULL);
        readers[i].account = i % ACCOUNTS + 1;
        CHECK(pthread_create(&read_threads[i], NULL, read_thread, &readers[i]) == 0);
    }
    CHECK(pthread_create(&evictor, NULL, evict_thread, NULL) == 0);
    for (unsigned i = 0; i < ACCOUNTS; i++)
        pthread_join(write_threads[i], NULL);
    atomic_store(&finished, true);
    for (unsigned i = 0; i < ACCOUNTS * READERS; i++)
        pthread_join(read_threads[i], NULL);
    pthread_join(evictor, NULL);
    verify_all();
    printf("%u snapshots, %u waits\n", atomic_load(&snapshots), atomic_load(&waited));
    CHECK(atomic_load(&snapshots) > 0);
    store_close(store);
    tmpdir_remove(&dir);
    return 0;
}
