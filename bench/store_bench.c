/* SPDX-License-Identifier: MIT */
/*
 * Microbenchmark of the store alone: what one thread achieves through store.h, without grammar
 * or network. Page size, layout and compression were decided with it (docs/schema.md).
 *
 *     store_bench [MESSAGES [DIR]]     default 50000 in a new directory below /var/tmp; 0:
 * single appends only
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "bench/store_load.h"
#include "store/engine_sqlite.h"
#include "store/store.h"

enum {
    TEXTS = 2000,      /* different messages, kept in memory */
    SINGLES = 4000,    /* appends with one commit each */
    BATCH = 64,        /* messages in each commit when filling */
    LAST_RUN_MS = 600, /* each reading is repeated for about this long */
};

static struct err err;
static struct store *store;
static struct span texts[TEXTS];
static uint64_t texts_octets;

static void
must(enum rc rc)
{
    store_must(rc, &err);
}

static double last_cpu_s;

/* Rates by the clock and, for machines with other work, by processor time since the last
 * figure. */
static void
report(const char *what, double count, const char *unit, double seconds)
{
    const double cpu = cpu_s() - last_cpu_s;

    printf("%-28s %10.0f %s/s (cpu %10.0f)  %9.2f ms\n", what, count / seconds, unit,
           count / cpu, seconds * 1e3);
    fflush(stdout);
    last_cpu_s = cpu_s();
}

static uint64_t
mbox_of(struct store_tx *tx, const char *name, struct mbox_row *row)
{
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1 << 20);
    must(store_mbox_find(tx, span_of_str(name), &arena, row, &err));
    return row->id;
}

static void
bench_append(void)
{
    struct store_account *acct = NULL;
    struct store_tx *tx = NULL;
    struct mbox_row row;

    must(store_account_get(store, 2, &acct));
    must(store_write_begin(acct, WAKE_NOBODY, &tx, &err));
    const uint64_t inbox = mbox_of(tx, "INBOX", &row);
    store_end(tx);
    const double start = now_s();
    for (unsigned i = 0; i < SINGLES; i++) {
        must(store_write_begin(acct, WAKE_NOBODY, &tx, &err));
        mbox_of(tx, "INBOX", &row);
        store_text_add(tx, inbox, texts[i % TEXTS]);
        must(store_commit(tx, &err));
        store_keep_house(store, acct);
    }
    report("append, one commit each", SINGLES, "messages", now_s() - start);
    store_account_put(acct);
}

static void
bench_fill(struct store_account *acct, unsigned count)
{
    struct store_tx *tx = NULL;
    struct mbox_row row;
    const double start = now_s();

    for (unsigned i = 0; i < count;) {
        must(store_write_begin(acct, WAKE_NOBODY, &tx, &err));
        const uint64_t inbox = mbox_of(tx, "INBOX", &row);
        for (unsigned k = 0; k < BATCH && i < count; k++, i++)
            store_text_add(tx, inbox, texts[i % TEXTS]);
        must(store_commit(tx, &err));
        store_keep_house(store, acct);
    }
    report("append, 64 a commit", count, "messages", now_s() - start);
}

static struct store_tx *
read_begin(struct store_account *acct)
{
    struct store_tx *tx = NULL;

    must(store_read_begin(acct, (struct wake){0}, &tx, &err));
    return tx;
}

static void
bench_entries(struct store_account *acct)
{
    static struct entry rows[512];
    struct mbox_row row;
    double total = 0;
    double count = 0;

    while (total * 1e3 < LAST_RUN_MS) {
        const double start = now_s();
        struct store_tx *tx = read_begin(acct);
        const uint64_t inbox = mbox_of(tx, "INBOX", &row);
        uint32_t from = 1;
        size_t got = ARRAY_LEN(rows);
        while (got == ARRAY_LEN(rows)) {
            must(store_entries_read(tx, inbox, &from, rows, ARRAY_LEN(rows), &got, &err));
            count += (double)got;
        }
        store_end(tx);
        total += now_s() - start;
    }
    report("entries", count, "rows", total);
}

static void
bench_messages(struct store_account *acct, unsigned want, const char *what)
{
    struct message_row row;
    double total = 0;
    double count = 0;
    uint64_t sum = 0;

    while (total * 1e3 < LAST_RUN_MS) {
        const double start = now_s();
        struct store_tx *tx = read_begin(acct);
        enum rc rc = RC_OK;
        for (uint64_t message = 1; rc == RC_OK; message++) {
            rc = store_message_read(tx, message, want, &row, &err);
            sum += row.envelope.len + row.bodystructure.len;
            count++;
        }
        store_end(tx);
        total += now_s() - start;
    }
    CHECK(sum != 0);
    report(what, count, "rows", total);
}

static void
bench_content(struct store_account *acct)
{
    AUTO_BUF out = {0};
    double total = 0;
    double octets = 0;
    double count = 0;

    buf_init(&out, 4 << 20);
    while (total * 1e3 < LAST_RUN_MS) {
        const double start = now_s();
        struct store_tx *tx = read_begin(acct);
        enum rc rc = RC_OK;
        for (uint64_t message = 1; rc == RC_OK; message++) {
            buf_clear(&out);
            rc = store_content_read(tx, message, 0, UINT64_MAX, &out, &err);
            octets += (double)buf_len(&out);
            count++;
        }
        store_end(tx);
        total += now_s() - start;
    }
    report("bodies", count, "messages", total);
    report("bodies", octets / 1e6, "MB", total);
}

static void
bench_flags(struct store_account *acct)
{
    for (int mode = 0; mode < 4; mode++) {
        AUTO_ARENA arena = {0};
        struct store_tx *tx = NULL;
        struct mbox_row row;
        struct flags_result result;
        const struct uid_run all = {1, UINT32_MAX - 1};

        arena_init(&arena, 256 << 20);
        must(store_write_begin(acct, WAKE_NOBODY, &tx, &err));
        const struct flags_req req = {.mbox = mbox_of(tx, "INBOX", &row),
                                      .runs = &all,
                                      .run_count = 1,
                                      .mode = mode % 2 == 0 ? FLAGS_ADD : FLAGS_REMOVE,
                                      .flags = MSG_SEEN,
                                      .unchanged_since = MODSEQ_ANY};
        const double start = now_s();
        must(store_flags_update(tx, &req, &arena, &result, &err));
        const double updated = now_s();
        must(store_commit(tx, &err));
        const double end = now_s();
        printf("  update %.1f ms, commit %.1f ms\n", (updated - start) * 1e3,
               (end - updated) * 1e3);
        report("flags of all", (double)result.changed_count, "rows", end - start);
        store_keep_house(store, acct);
    }
    const double start = now_s();
    for (uint32_t uid = 1; uid <= 1000; uid++) {
        AUTO_ARENA arena = {0};
        struct store_tx *tx = NULL;
        struct mbox_row row;
        struct flags_result result;
        const struct uid_run one = {uid, uid};

        arena_init(&arena, 1 << 20);
        must(store_write_begin(acct, WAKE_NOBODY, &tx, &err));
        const struct flags_req req = {.mbox = mbox_of(tx, "INBOX", &row),
                                      .runs = &one,
                                      .run_count = 1,
                                      .mode = FLAGS_ADD,
                                      .flags = MSG_FLAGGED,
                                      .unchanged_since = MODSEQ_ANY};
        must(store_flags_update(tx, &req, &arena, &result, &err));
        must(store_commit(tx, &err));
        store_keep_house(store, acct);
    }
    report("flags of one, a commit each", 1000, "commits", now_s() - start);
}

static void
bench_copy(struct store_account *acct, const char *from, const char *to, bool move)
{
    AUTO_ARENA arena = {0};
    struct store_tx *tx = NULL;
    struct mbox_row row;
    struct copy_result result;
    const struct uid_run all = {1, UINT32_MAX - 1};

    arena_init(&arena, 256 << 20);
    must(store_write_begin(acct, WAKE_NOBODY, &tx, &err));
    const struct copy_req req = {.from = mbox_of(tx, from, &row),
                                 .to = mbox_of(tx, to, &row),
                                 .runs = &all,
                                 .run_count = 1,
                                 .move = move};
    const double start = now_s();
    must(store_copy(tx, &req, &arena, &result, &err));
    must(store_commit(tx, &err));
    report(move ? "move of all" : "copy of all", (double)result.count, "messages",
           now_s() - start);
    store_keep_house(store, acct);
}

static void
bench_open(const struct sqlite_options *options)
{
    struct mbox_row row;
    double total = 0;
    unsigned count = 0;

    while (count < 100) {
        struct store_account *acct = NULL;
        must(store_account_get(store, 1, &acct));
        const double start = now_s();
        struct store_tx *tx = read_begin(acct);
        mbox_of(tx, "INBOX", &row);
        store_end(tx);
        total += now_s() - start;
        count++;
        store_account_put(acct);
        store_close(store);
        must(store_open_sqlite(options, &store, &err));
    }
    report("open and mailbox row", count, "opens", total);
}

static void
bench_purge(struct store_account *acct)
{
    struct store_tx *tx = NULL;
    struct mbox_row row;
    bool more = true;
    double worst = 0;
    unsigned steps = 0;

    must(store_write_begin(acct, WAKE_NOBODY, &tx, &err));
    must(store_mbox_delete(tx, mbox_of(tx, "INBOX", &row), &err));
    must(store_mbox_delete(tx, mbox_of(tx, "Archive", &row), &err));
    must(store_mbox_delete(tx, mbox_of(tx, "Trash", &row), &err));
    must(store_commit(tx, &err));
    const double begin = now_s();
    while (more) {
        const double start = now_s();
        must(store_write_begin(acct, WAKE_NOBODY, &tx, &err));
        must(store_purge_step(tx, UINT64_MAX, &more, &err));
        must(store_commit(tx, &err));
        store_keep_house(store, acct);
        if (now_s() - start > worst)
            worst = now_s() - start;
        steps++;
    }
    report("purge of all, steps", steps, "steps", now_s() - begin);
    printf("  worst step %.1f ms\n", worst * 1e3);
}

static uint64_t disk_octets;

static int
count_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)ftw;
    const size_t len = strlen(path);
    if (type == FTW_F && len > 3 && strcmp(path + len - 3, ".db") == 0 &&
        strstr(path, "/1/") != NULL)
        disk_octets += (uint64_t)st->st_blocks * 512;
    return 0;
}

/* Everything that needs a mailbox with count messages. The store is open before and
 * afterwards. */
static void
bench_mailbox(unsigned count, const char *dir, const struct sqlite_options *options)
{
    struct store_account *acct = NULL;

    must(store_account_get(store, 1, &acct));
    bench_fill(acct, count);
    store_account_put(acct);
    store_close(store);
    nftw(dir, count_file, 16, FTW_PHYS);
    printf("%-34s %12.2f octets on disk an octet of mail\n", "size",
           (double)disk_octets / ((double)texts_octets / TEXTS * count));
    must(store_open_sqlite(options, &store, &err));
    bench_open(options);
    must(store_account_get(store, 1, &acct));
    bench_entries(acct);
    bench_messages(acct, MESSAGE_ENVELOPE | MESSAGE_FIELDS, "envelope and fields");
    bench_messages(acct, MESSAGE_BODYSTRUCTURE, "bodystructure");
    bench_content(acct);
    bench_flags(acct);
    bench_copy(acct, "INBOX", "Archive", false);
    bench_copy(acct, "INBOX", "Trash", true);
    bench_purge(acct);
    store_account_put(acct);
}

int
main(int argc, char **argv)
{
    const unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 50000;
    char own[] = "/var/tmp/roost-store-bench-XXXXXX";
    const char *dir = argc > 2 ? argv[2] : mkdtemp(own);

    CHECK(dir != NULL);
    const struct sqlite_options options = {.dir = dir,
                                           .store.clock = &clock_system,
                                           .max_open_fds = 30,
                                           .store.undelete_retention_s = -10,
                                           .store.undelete_max_octets = 0};
    must(store_open_sqlite(&options, &store, &err));
    texts_octets = store_texts_make(texts, TEXTS, 2000000);
    printf("%u texts, mean %ju octets\n", TEXTS, (uintmax_t)(texts_octets / TEXTS));
    last_cpu_s = cpu_s();
    bench_append();
    if (count != 0)
        bench_mailbox(count, dir, &options);
    store_close(store);
    if (argc <= 2)
        tree_remove(dir);
    return 0;
}
