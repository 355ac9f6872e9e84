/* SPDX-License-Identifier: MIT */
/*
 * Microbenchmark of cold accounts: in each round, every one of many accounts, more than can be
 * open, gets one message, through store.h alone. Every delivery except the first ones of a
 * round finds its account closed.
 *
 *     cold_bench [ACCOUNTS [ROUNDS [THREADS [FDS [DIR]]]]]     default 2000 5 16 1024, in a new
 * directory below /var/tmp
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "bench/store_load.h"
#include "store/engine_sqlite.h"

enum { TEXTS = 500, THREADS_MAX = 64 };

static struct store *store;
static struct span texts[TEXTS];
static unsigned account_count = 2000;
static unsigned round_count = 5;
static unsigned thread_count = 16;
static atomic_uint next;
static atomic_bool stopping;

static void
deliver(unsigned account, unsigned n)
{
    struct store_account *acct = NULL;
    struct store_tx *tx = NULL;
    struct mbox_row row;
    struct err err = {.rc = RC_OK};
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1 << 20);
    store_must(store_account_get(store, account, &acct), &err);
    store_must(store_write_begin(acct, (struct wake){0}, &tx, &err), &err);
    store_must(store_mbox_find(tx, SPAN("INBOX"), &arena, &row, &err), &err);
    store_text_add(tx, row.id, texts[n % TEXTS]);
    store_must(store_commit(tx, &err), &err);
    store_keep_house(store, acct);
    store_account_put(acct);
}

static void *
work(void *arg)
{
    (void)arg;
    for (;;) {
        const unsigned n = atomic_fetch_add(&next, 1);
        if (n >= account_count)
            return NULL;
        deliver(n + 1, n);
    }
}

static void *
keep_house(void *arg)
{
    (void)arg;
    while (!atomic_load(&stopping)) {
        usleep(1000000);
        store_keep_house(store, NULL);
    }
    return NULL;
}

static void
one_round(unsigned round)
{
    pthread_t threads[THREADS_MAX];
    struct rusage before;
    struct rusage after;
    const double cpu = cpu_s();
    const double start = now_s();

    getrusage(RUSAGE_SELF, &before);
    atomic_store(&next, 0);
    for (unsigned i = 0; i < thread_count; i++)
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (unsigned i = 0; i < thread_count; i++)
        pthread_join(threads[i], NULL);
    const double seconds = now_s() - start;
    getrusage(RUSAGE_SELF, &after);
    printf("round %2u %8.0f messages/s  %6.0f us processor each  %6.1f KiB written each\n",
           round + 1, account_count / seconds, (cpu_s() - cpu) / account_count * 1e6,
           (double)(after.ru_oublock - before.ru_oublock) / 2 / account_count);
    fflush(stdout);
}

static unsigned
number_of(int argc, char **argv, int at, unsigned fallback)
{
    return argc > at ? (unsigned)strtoul(argv[at], NULL, 10) : fallback;
}

int
main(int argc, char **argv)
{
    char own[] = "/var/tmp/roost-cold-bench-XXXXXX";
    const char *dir = argc > 5 ? argv[5] : mkdtemp(own);
    struct err err = {.rc = RC_OK};
    pthread_t keeper;

    account_count = number_of(argc, argv, 1, account_count);
    round_count = number_of(argc, argv, 2, round_count);
    thread_count = number_of(argc, argv, 3, thread_count);
    CHECK(dir != NULL && thread_count <= THREADS_MAX);
    const struct sqlite_options options = {
        .store = {.clock = &clock_system,
                  .undelete_retention_s = 86400,
                  .undelete_max_octets = UINT64_C(1) << 30},
        .dir = dir,
        .background = true,
        .max_open_fds = number_of(argc, argv, 4, 1024),
    };
    store_texts_make(texts, TEXTS, 200000);
    store_must(store_open_sqlite(&options, &store, &err), &err);
    CHECK(pthread_create(&keeper, NULL, keep_house, NULL) == 0);
    for (unsigned round = 0; round < round_count; round++)
        one_round(round);
    atomic_store(&stopping, true);
    pthread_join(keeper, NULL);
    const size_t waiting = store_sqlite_logs(store);
    const double start = now_s();
    store_close(store);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.1f MiB resident at most\n", (double)usage.ru_maxrss / 1024);
    printf("%zu logs were waiting; closing took %.1f s\n", waiting, now_s() - start);
    if (argc <= 5)
        tree_remove(dir);
    return 0;
}
