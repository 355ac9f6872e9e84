/* SPDX-License-Identifier: MIT */
/*
 * What a SEARCH takes in a large mailbox, with and without an index, without a network.
 * `search_bench [DIR [MESSAGES [SEARCH [OCTETS]]]]`: a directory on the disk to be measured,
 * by default the current one, and by default 50,000 messages of 4,000 octets in the mean and a
 * list of searches; "-" for none. Prints the longest step of indexing and how much memory all
 * of it took, the median of each search, and the plan of the last run, as the log shows it. It
 * is not part of the tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/rng.h"
#include "bench/inbox_load.h"
#include "bench/mailgen.h"
#include "bench/store_load.h"
#include "mailbox/memory/account.h"
#include "mailbox/search/indexer.h"
#include "mailbox/search/search.h"
#include "mailbox/view.h"
#include "mailbox/write/turn.h"
#include "store/engine_sqlite.h"
#include "syntax/imap/cmd.h"
#include "syntax/terms.h"

enum { USUAL = 50000, RUNS = 5, MEAN_OCTETS = 4000, MAX_OCTETS = 400000 };

static struct err err;
static const struct wake nobody = {NULL, NULL, 0};

struct room {
    struct store *store;
    struct store_indexes *indexes;
    struct accounts *accounts;
    struct account *acct;
    struct arena arena;
};

/* ---- mail ---- */

static void
fill(const struct room *room, uint32_t count, size_t mean_octets)
{
    const struct mailgen_options options = {
        .seed = 1, .mean_octets = mean_octets, .max_octets = MAX_OCTETS};

    inbox_load(room->acct, &options, count);
}

/* KiB of memory: a line of /proc/self/status. */
static unsigned long
memory_kib(const char *what)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[200];
    unsigned long kib = 0;

    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, what, strlen(what)) == 0)
            kib = strtoul(line + strlen(what), NULL, 10);
    fclose(status);
    return kib;
}

/* The highest use of memory is measured from here on. */
static void
forget_peak(void)
{
    FILE *clear = fopen("/proc/self/clear_refs", "we");

    CHECK(clear != NULL && fputs("5", clear) >= 0);
    fclose(clear);
}

static int64_t
processor_us(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
make_index(struct room *room)
{
    const int64_t began_us = clock_mono_us(&clock_system);
    enum indexer_outcome outcome = INDEXER_MORE;
    struct indexer_progress progress;
    struct turn_waiter waiter;
    struct indexer *indexer;
    struct rng rng;

    int64_t longest_us = 0;
    unsigned steps = 0;

    rng_seed(&rng, 1);
    forget_peak();
    const unsigned long before_kib = memory_kib("VmRSS:");
    const struct indexer_options options = {
        .indexes = room->indexes, .acct = account_store(room->acct), .rng = &rng};
    turn_waiter_init(&waiter);
    CHECK(indexer_open(&options, &indexer, &err) == RC_OK);
    while (outcome != INDEXER_DONE) {
        const int64_t step_us = processor_us();
        CHECK(indexer_step(indexer, &waiter, &outcome, &err) == RC_OK);
        const int64_t took_us = processor_us() - step_us;
        longest_us = took_us > longest_us ? took_us : longest_us;
        steps++;
    }
    indexer_progress(indexer, &progress);
    indexer_close(indexer);
    turn_waiter_done(&waiter);
    printf("index: %ju documents, %ju octets of text, %ju in its file, %jd ms\n",
           (uintmax_t)progress.state.documents, (uintmax_t)progress.state.text_octets,
           (uintmax_t)progress.state.octets,
           (intmax_t)((clock_mono_us(&clock_system) - began_us) / 1000));
    printf(
        "index: %u steps, the longest took %jd.%jd ms of a processor; %lu KiB of memory more "
        "than before\n",
        steps, (intmax_t)(longest_us / 1000), (intmax_t)(longest_us / 100 % 10),
        memory_kib("VmHWM:") - before_kib);
}

/* ---- searches ---- */

static struct view *
view_inbox(struct room *room)
{
    static struct view view;
    struct mailbox *mailbox;
    struct store_tx *tx;

    CHECK(mailbox_open(room->acct, nobody, SPAN("INBOX"), &mailbox, &err) == RC_OK);
    view_init(&view, mailbox, VIEW_READ_WRITE);
    CHECK(store_read_begin(account_store(room->acct), nobody, &tx, &err) == RC_OK);
    CHECK(view_awake(&view, tx, &err) == RC_OK);
    store_end(tx);
    return &view;
}

/* Appends the plan. Returns how long it took. */
static int64_t
search_once(struct room *room, struct view *view, const char *line, bool with_index,
            struct buf *plan)
{
    const char *text = arena_printf(&room->arena, "a SEARCH %s", line);
    struct imap_head head;
    static struct imap_cmd cmd;
    const char *bad = "";
    struct search *search;
    enum rc rc = RC_AGAIN;

    CHECK(imap_head_parse(span_of_str(text), &head, &bad) == RC_OK);
    CHECK(imap_args_parse(&head, MBOX_WIRE_UTF7, &room->arena, &cmd, &bad) == RC_OK);
    const struct search_req req = {
        .root = cmd.u.search.root,
        .now_s = 1800000000,
        .ask_at = with_index ? 0 : UINT32_MAX,
    };
    const int64_t began_us = clock_mono_us(&clock_system);
    CHECK(search_new(&room->arena, view, &req, &search, &err) == RC_OK);
    while (rc == RC_AGAIN) {
        struct store_tx *tx = NULL;
        if (search_needs_store(search))
            CHECK(store_read_begin(account_store(room->acct), nobody, &tx, &err) == RC_OK);
        rc = search_slice(search, tx, &clock_system,
                          clock_mono_us(&clock_system) + LIMIT_SLICE_US, &err);
        store_end(tx);
    }
    CHECK(rc == RC_OK);
    const int64_t took_us = clock_mono_us(&clock_system) - began_us;
    search_plan_put(search, plan);
    search_done(search);
    arena_reset(&room->arena);
    return took_us;
}

static int
by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void
bench(struct room *room, struct view *view, const char *line, bool with_index, int runs)
{
    int64_t took_us[RUNS];
    AUTO_BUF plan = {0};

    buf_init(&plan, 1 << 20);
    for (int run = 0; run < runs; run++) {
        buf_clear(&plan);
        took_us[run] = search_once(room, view, line, with_index, &plan);
    }
    qsort(took_us, (size_t)runs, sizeof took_us[0], by_time);
    const int64_t median_us = took_us[runs / 2];
    printf("%-45s %s %10.3f ms   %.*s\n", line, with_index ? "index  " : "without",
           (double)median_us / 1000, SPAN_FMT(buf_span(&plan)));
}

static const char *const lines[] = {
    "UNSEEN",
    "SINCE 1-Jan-2024",
    "LARGER 100000",
    "OR UNSEEN LARGER 20000",
    "BODY absentwordxyz",
    "BODY meeting",
    "TEXT meeting",
    "BODY \"the meeting\"",
    "BODY e",
    "BODY ing",
    "SUBJECT report",
    "FROM anna",
    "TO example.org",
    "HEADER List-Id news",
    "OR SUBJECT report FROM anna",
    "UNSEEN BODY report",
    "NOT BODY report",
    "FUZZY TEXT meetin",
    "FUZZY BODY \"quarterly reprot\"",
};

int
main(int argc, char **argv)
{
    const uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : USUAL;
    const size_t mean_octets = argc > 4 ? strtoul(argv[4], NULL, 10) : MEAN_OCTETS;
    struct room room = {.store = NULL};
    char dir[256];

    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(dir, sizeof dir, "%s/search-bench-%d", argc > 1 ? argv[1] : ".", (int)getpid());
    const struct sqlite_options options = {.dir = dir,
                                           .store.clock = &clock_system,
                                           .max_open_fds = 60,
                                           .store.undelete_retention_s = 86400,
                                           .store.undelete_max_octets = UINT64_C(1) << 30};
    const struct store_indexes_options pool = {.clock = &clock_system, .form = terms_form()};
    arena_init(&room.arena, 256 << 20);
    CHECK(store_open_sqlite(&options, &room.store, &err) == RC_OK);
    CHECK(store_indexes_new(&pool, &room.indexes) == RC_OK);
    CHECK(accounts_new(room.store, &clock_system, &room.accounts) == RC_OK);
    accounts_set_search(room.accounts, &(struct account_search){.indexes = room.indexes});
    CHECK(account_get(room.accounts, 1, &room.acct) == RC_OK);
    fill(&room, count, mean_octets);
    make_index(&room);
    struct view *view = view_inbox(&room);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (argc > 3 && strcmp(argv[3], "-") == 0)
            break;
        const char *line = argc > 3 ? argv[3] : lines[i];
        bench(&room, view, line, true, RUNS);
        bench(&room, view, line, false, 1);
        if (argc > 3)
            break;
    }
    view_done(view);
    account_put(room.acct);
    accounts_free(room.accounts);
    store_indexes_free(room.indexes);
    store_close(room.store);
    tree_remove(dir);
    arena_done(&room.arena);
    return 0;
}
