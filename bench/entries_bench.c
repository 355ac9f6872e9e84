/* SPDX-License-Identifier: MIT */
/*
 * What it takes to read the entries of a large mailbox, and what SEARCH, SORT and THREAD take
 * that need little else, without a network, in processor time. `entries_bench DIR [MESSAGES
 * [PART]]`: mail is made in DIR if there is none, and stays there; only commands with PART in
 * their text are measured. Prints medians. It is not part of the tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"
#include "bench/inbox_load.h"
#include "bench/mailgen.h"
#include "bench/store_load.h"
#include "mailbox/memory/account.h"
#include "mailbox/order/fill.h"
#include "mailbox/order/order.h"
#include "mailbox/search/search.h"
#include "mailbox/view.h"
#include "mailbox/write/turn.h"
#include "store/engine_sqlite.h"
#include "syntax/imap/cmd.h"

enum { USUAL = 50000, RUNS = 21, MEAN_OCTETS = 1000, MAX_OCTETS = 40000 };

static struct err err;
static const struct wake nobody = {NULL, NULL, 0};

struct room {
    char dir[256];
    struct store *store;
    struct accounts *accounts;
    struct account *acct;
    struct arena arena;
    struct view view;
};

/* ---- mail ---- */

static void
fill(const struct room *room, uint32_t count)
{
    const struct mailgen_options options = {
        .seed = 1, .mean_octets = MEAN_OCTETS, .max_octets = MAX_OCTETS};

    inbox_load(room->acct, &options, count);
}

static void
make_blocks(struct room *room)
{
    uint64_t next = 0;
    bool more = true;

    while (more) {
        struct fill_op op;
        struct store_tx *tx;
        fill_op_init(&op, nobody);
        op.next = next;
        CHECK(store_read_begin(account_store(room->acct), nobody, &tx, &err) == RC_OK);
        CHECK(fill_op_prepare(&op, tx, &err) == RC_OK);
        store_end(tx);
        if (op.count > 0)
            CHECK(turn_run(room->acct, &op.turn) == RC_OK && op.turn.result == RC_OK);
        next = op.next;
        more = op.more;
        fill_op_done(&op);
    }
}

/* ---- a server ---- */

static void
server_start(struct room *room)
{
    const struct sqlite_options options = {.dir = room->dir,
                                           .store.clock = &clock_system,
                                           .max_open_fds = 60,
                                           .store.undelete_retention_s = 86400,
                                           .store.undelete_max_octets = UINT64_C(1) << 30};

    CHECK(store_open_sqlite(&options, &room->store, &err) == RC_OK);
    CHECK(accounts_new(room->store, &clock_system, &room->accounts) == RC_OK);
    CHECK(account_get(room->accounts, 1, &room->acct) == RC_OK);
}

static void
server_stop(struct room *room)
{
    account_put(room->acct);
    accounts_free(room->accounts);
    store_close(room->store);
}

static int64_t
now_us(void)
{
    struct timespec at;

    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at) == 0);
    return at.tv_sec * INT64_C(1000000) + at.tv_nsec / 1000;
}

/* How long the entries take. */
static int64_t
view_open(struct room *room)
{
    struct mailbox *mailbox;
    struct store_tx *tx;

    CHECK(mailbox_open(room->acct, nobody, SPAN("INBOX"), &mailbox, &err) == RC_OK);
    view_init(&room->view, mailbox, VIEW_READ_WRITE);
    const int64_t began_us = now_us();
    CHECK(store_read_begin(account_store(room->acct), nobody, &tx, &err) == RC_OK);
    CHECK(view_awake(&room->view, tx, &err) == RC_OK);
    store_end(tx);
    return now_us() - began_us;
}

/* ---- commands ---- */

struct took {
    int64_t search_us;
    int64_t order_us;
};

static struct took
command_once(struct room *room, const char *line)
{
    const char *text = arena_printf(&room->arena, "a %s", line);
    struct imap_head head;
    static struct imap_cmd cmd;
    const char *bad = "";
    struct search *search;
    struct order *order = NULL;
    struct took took = {0, 0};
    enum rc rc = RC_AGAIN;

    CHECK(imap_head_parse(span_of_str(text), &head, &bad) == RC_OK);
    CHECK(imap_args_parse(&head, MBOX_WIRE_UTF7, &room->arena, &cmd, &bad) == RC_OK);
    const struct search_req req = {
        .root = cmd.u.search.root, .now_s = 1800000000, .ask_at = UINT32_MAX};
    int64_t began_us = now_us();
    CHECK(search_new(&room->arena, &room->view, &req, &search, &err) == RC_OK);
    while (rc == RC_AGAIN) {
        struct store_tx *tx = NULL;
        if (search_needs_store(search))
            CHECK(store_read_begin(account_store(room->acct), nobody, &tx, &err) == RC_OK);
        rc = search_slice(search, tx, &clock_system,
                          clock_mono_us(&clock_system) + LIMIT_SLICE_US, &err);
        store_end(tx);
    }
    CHECK(rc == RC_OK);
    took.search_us = now_us() - began_us;
    if (cmd.u.search.find != IMAP_FIND_SEARCH) {
        const struct order_req how = {.found = search, .how = &cmd.u.search};
        began_us = now_us();
        CHECK(order_new(&room->arena, &room->view, &how, &order) == RC_OK);
        for (rc = RC_AGAIN; rc == RC_AGAIN;) {
            struct store_tx *tx = NULL;
            if (order_needs_store(order))
                CHECK(store_read_begin(account_store(room->acct), nobody, &tx, &err) == RC_OK);
            rc = order_slice(order, tx, &clock_system,
                             clock_mono_us(&clock_system) + LIMIT_SLICE_US, &err);
            store_end(tx);
        }
        CHECK(rc == RC_OK);
        took.order_us = now_us() - began_us;
        order_done(order);
    }
    search_done(search);
    arena_reset(&room->arena);
    return took;
}

static int
by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static double
median_ms(int64_t *took_us)
{
    qsort(took_us, RUNS, sizeof took_us[0], by_time);
    const int64_t median_us = took_us[RUNS / 2];
    return (double)median_us / 1000;
}

static const char *const lines[] = {
    "SEARCH ALL",
    "SEARCH UNSEEN",
    "SEARCH SINCE 1-Nov-2023",
    "SEARCH LARGER 2000",
    "SEARCH OR UNSEEN LARGER 2000",
    "SEARCH UID 10000:20000,30000:40000 UNDELETED",
    "SORT (ARRIVAL) UTF-8 ALL",
    "SORT (SIZE) UTF-8 ALL",
    "SORT (DATE) UTF-8 ALL",
    "SORT (SUBJECT) UTF-8 ALL",
    "SORT (FROM) UTF-8 ALL",
    "SORT (TO) UTF-8 ALL",
    "SORT (CC) UTF-8 ALL",
    "SORT (REVERSE SUBJECT DATE) UTF-8 ALL",
    "THREAD REFERENCES UTF-8 ALL",
    "THREAD REFS UTF-8 ALL",
    "THREAD ORDEREDSUBJECT UTF-8 ALL",
};

int
main(int argc, char **argv)
{
    const uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : USUAL;
    const char *only = argc > 3 ? argv[3] : NULL;
    struct room room = {.store = NULL};
    int64_t load_us[RUNS];
    struct stat st;

    CHECK(argc > 1);
    snprintf(room.dir, sizeof room.dir, "%s", argv[1]);
    arena_init(&room.arena, 256 << 20);
    if (stat(room.dir, &st) != 0) {
        server_start(&room);
        fill(&room, count);
        make_blocks(&room);
        server_stop(&room);
    }
    for (int run = 0; only == NULL && run < RUNS; run++) {
        server_start(&room);
        load_us[run] = view_open(&room);
        view_done(&room.view);
        server_stop(&room);
    }
    if (only == NULL)
        printf("%-50s %10.3f ms\n", "entries", median_ms(load_us));
    server_start(&room);
    (void)view_open(&room);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        int64_t search_us[RUNS];
        int64_t order_us[RUNS];
        if (only != NULL && strstr(lines[i], only) == NULL)
            continue;
        for (int run = 0; run < RUNS; run++) {
            const struct took took = command_once(&room, lines[i]);
            search_us[run] = took.search_us;
            order_us[run] = took.order_us;
        }
        printf("%-50s %10.3f ms %10.3f ms\n", lines[i], median_ms(search_us),
               median_ms(order_us));
    }
    view_done(&room.view);
    server_stop(&room);
    arena_done(&room.arena);
    return 0;
}
