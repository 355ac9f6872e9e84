/* SPDX-License-Identifier: MIT */
/*
 * What versions, turns, views and syncs cost, without a network. Prints one line for each
 * figure, the median of several runs. `mailbox_bench [DIR]`: a directory on the disk to be
 * measured, by default the current one. It is not part of the tests.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "bench/store_load.h"
#include "mailbox/account_private.h"
#include "mailbox/memory/hub.h"
#include "mailbox/write/ops.h"
#include "mailbox/sync.h"
#include "mailbox/version_private.h"
#include "store/engine_sqlite.h"
#include "store/flags_rule.h"

enum { RUNS = 21, LARGE = 1000000, USUAL = 50000, WATCHERS = 5000 };

static struct err err;
static double results[RUNS];
static int64_t began_us;

static void
begin(void)
{
    began_us = clock_mono_us(&clock_system);
}

static void
end(int run, int per)
{
    results[run] = (double)(clock_mono_us(&clock_system) - began_us) / per;
}

static int
by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void
say(const char *what, int runs)
{
    qsort(results, (size_t)runs, sizeof results[0], by_size);
    printf("%-62s %12.2f us\n", what, results[runs / 2]);
}

/* --- Versions alone --- */

static struct version *
version_of(uint32_t count, struct entry *rows)
{
    struct builder builder;

    for (uint32_t i = 0; i < count; i++)
        rows[i] = (struct entry){
            .uid = i + 1, .modseq = 1, .message = i + 1, .octets = 4000, .flags = MSG_SEEN};
    builder_init(&builder, 0, count);
    for (uint32_t i = 0; i < count; i++)
        builder_entry(&builder, &rows[i]);
    struct version *version = builder_finish(&builder, 1, count + 1);
    CHECK(version != NULL);
    return version;
}

static void
bench_deliveries(uint32_t count, struct entry *rows, const char *what)
{
    struct version *version = version_of(count, rows);

    for (int run = 0; run < RUNS; run++) {
        begin();
        for (int i = 0; i < 1000; i++) {
            const struct entry entry = {.uid = version->uidnext, .modseq = version->modseq + 1};
            struct version *next = version_add(version, &entry, 1, entry.modseq, entry.uid + 1);
            version_unref(version);
            version = next;
        }
        end(run, 1000);
    }
    say(what, RUNS);
    version_unref(version);
}

static void
bench_changes(uint32_t count, struct entry *rows, uint32_t every, const char *flags,
              const char *expunges)
{
    static uint32_t uids[LARGE];
    static struct uid_run runs[LARGE];
    const struct flags_req req = {.mode = FLAGS_REPLACE, .unchanged_since = MODSEQ_ANY};
    const struct flags_rule rule = flags_rule_of(&req, 2);
    struct version *version = version_of(count, rows);
    uint32_t changed = 0;

    for (uint32_t i = every / 2; i < count; i += every) {
        uids[changed] = rows[i].uid;
        runs[changed++] = (struct uid_run){rows[i].uid, rows[i].uid};
    }
    for (int run = 0; run < RUNS; run++) {
        begin();
        version_unref(version_set_flags(version, runs, changed, &rule, 2));
        end(run, 1);
    }
    say(flags, RUNS);
    for (int run = 0; run < RUNS; run++) {
        begin();
        version_unref(version_remove(version, uids, changed, 2));
        end(run, 1);
    }
    say(expunges, RUNS);
    version_unref(version);
}

static void
bench_versions(void)
{
    struct entry *rows = calloc(LARGE, sizeof *rows);

    CHECK(rows != NULL);
    bench_deliveries(USUAL, rows, "version: 1 delivery into 50,000");
    bench_deliveries(LARGE, rows, "version: 1 delivery into 1,000,000");
    bench_changes(LARGE, rows, LARGE, "version: flags of 1 in 1,000,000",
                  "version: expunge of 1 in 1,000,000");
    bench_changes(USUAL, rows, 1, "version: flags of all 50,000",
                  "version: expunge of all 50,000");
    bench_changes(USUAL, rows, 100, "version: flags of 500 spread over 50,000",
                  "version: expunge of 500 spread over 50,000");
    free(rows);
}

/* --- With an account --- */

struct room {
    struct store *store;
    struct accounts *accounts;
    struct account *acct;
    struct mailbox *inbox;
    struct arena arena;
};

static const struct wake nobody = {NULL, NULL, 0};

struct fill_req {
    struct turn_req turn;
    uint32_t count;
};

static enum rc
fill_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *why)
{
    static const char text[] = "Subject: hello\r\n\r\nworld\r\n";
    const struct fill_req *fill = CONTAINER_OF(req, struct fill_req, turn);
    const struct message_new msg = {.text = SPAN(text), .header_octets = 18};
    struct entry_new entry = {.mbox = 1, .octets = sizeof text - 1};
    enum rc rc = store_message_add(ctx->tx, &msg, &entry.message, why);

    for (uint32_t i = 0; rc == RC_OK && i < fill->count; i++) {
        struct entry added;
        rc = store_entry_add(ctx->tx, &entry, &added, why);
        if (rc == RC_OK)
            rc = change_added(ctx->changes, 1, &added, 1);
    }
    return rc;
}

static void
do_turn(struct room *room, struct turn_req *req)
{
    CHECK(turn_run(room->acct, req) == RC_OK);
    CHECK(req->result == RC_OK);
}

static void
fill_inbox(struct room *room, uint32_t count)
{
    struct fill_req fill = {.count = count};

    turn_req_init(&fill.turn, fill_apply, 100, nobody);
    do_turn(room, &fill.turn);
}

static struct store_tx *
snapshot(struct room *room)
{
    struct store_tx *tx;

    CHECK(store_read_begin(account_store(room->acct), nobody, &tx, &err) == RC_OK);
    return tx;
}

static void
set_flags(struct room *room, uint32_t first, uint32_t last, uint32_t flags)
{
    const struct uid_run run = {first, last};
    struct flags_op op;

    flags_op_init(&op, &room->arena, nobody);
    op.mbox = 1;
    op.runs = &run;
    op.run_count = 1;
    op.flags = flags;
    do_turn(room, &op.turn);
    arena_reset(&room->arena);
}

static uint64_t
sync_all(struct room *room, struct view *view, struct store_tx *tx)
{
    struct sync *sync;
    struct sync_event event;
    uint64_t events = 0;

    CHECK(sync_begin(view, tx, SYNC_ALL, &room->arena, &sync, &err) == RC_OK);
    do {
        sync_next(sync, &event);
        events++;
    } while (event.kind != SYNC_DONE);
    arena_reset(&room->arena);
    return events;
}

static void
view_inbox(struct room *room, struct view *view)
{
    mailbox_ref(room->inbox);
    view_init(view, room->inbox, VIEW_READ_WRITE);
}

static void
bench_account(struct room *room)
{
    struct view view;
    struct version *version;

    for (int run = 0; run < RUNS; run++) {
        struct version *unwanted = NULL;
        mailboxes_trim(room->acct, INT64_MAX, 0, &unwanted);
        version_unref_all(unwanted);
        struct store_tx *tx = snapshot(room);
        begin();
        CHECK(mailbox_version(room->inbox, tx, &version, &err) == RC_OK);
        end(run, 1);
        store_end(tx);
        version_unref(version);
    }
    say("mailbox: load 50,000 entries", RUNS);

    view_inbox(room, &view);
    CHECK(view_awake(&view, NULL, &err) == RC_OK);
    for (int run = 0; run < RUNS; run++) {
        begin();
        fill_inbox(room, 1);
        end(run, 1);
    }
    say("turn: 1 entry into 50,000, durable, published", RUNS);
    for (int run = 0; run < RUNS; run++) {
        begin();
        set_flags(room, 7, 7, run % 2 == 0 ? MSG_SEEN : 0);
        end(run, 1);
    }
    say("turn: STORE of 1 in 50,000, durable, published", RUNS);
    sync_all(room, &view, NULL);
    double told[RUNS];
    for (int run = 0; run < RUNS; run++) {
        begin();
        set_flags(room, 1, UINT32_MAX, run % 2 == 0 ? MSG_FLAGGED : 0);
        end(run, 1);
        const double kept = results[run];
        begin();
        CHECK(sync_all(room, &view, NULL) > USUAL);
        end(run, 1);
        told[run] = results[run];
        results[run] = kept;
    }
    say("turn: STORE 1:* of 50,000, durable, published", RUNS);
    memcpy(results, told, sizeof told);
    say("sync: 50,000 changed flags", RUNS);
    view_done(&view);
}

static void
bench_views(struct room *room)
{
    struct view view;
    struct view asleep;

    view_inbox(room, &view);
    view_inbox(room, &asleep);
    CHECK(view_awake(&view, NULL, &err) == RC_OK);
    double rebuilt[RUNS];
    for (int run = 0; run < RUNS; run++) {
        const struct uid_run uid = {(uint32_t)(1000 * (run + 1)), (uint32_t)(1000 * (run + 1))};
        struct expunge_op op;
        expunge_op_init(&op, &room->arena, nobody);
        op.mbox = 1;
        op.runs = &uid;
        op.run_count = 1;
        do_turn(room, &op.turn);
        begin();
        CHECK(sync_all(room, &view, NULL) == 2);
        end(run, 1);
        const double kept = results[run];
        struct store_tx *tx = snapshot(room);
        begin();
        CHECK(sync_all(room, &asleep, tx) == 2);
        end(run, 1);
        store_end(tx);
        view_sleep(&asleep);
        rebuilt[run] = results[run];
        results[run] = kept;
    }
    say("sync: 1 expunge in 50,000, view awake", RUNS);
    memcpy(results, rebuilt, sizeof rebuilt);
    say("sync: 1 expunge in 50,000, view asleep, rebuilt from the store", RUNS);
    for (int run = 0; run < RUNS; run++) {
        fill_inbox(room, 1);
        begin();
        CHECK(sync_is_due(&asleep));
        CHECK(sync_all(room, &asleep, NULL) == 3);
        end(run, 1);
    }
    say("sync: new mail told to a parked view, counters alone", RUNS);
    view_done(&asleep);
    view_done(&view);
}

static atomic_uint_fast64_t woken;

static void
on_wake(void *ctx, uint64_t id)
{
    (void)ctx;
    (void)id;
    atomic_fetch_add(&woken, 1);
}

static void
bench_hub(struct room *room)
{
    static const uint64_t inbox_id = 1;
    const struct watch_filter inbox = {
        .events = WATCH_ALL, .mboxes = &inbox_id, .mbox_count = 1};
    struct watch *watches = calloc(WATCHERS, sizeof *watches);
    struct change_log *log = change_log_new();

    CHECK(watches != NULL && log != NULL);
    for (int i = 0; i < WATCHERS; i++)
        hub_watch(room->acct, &watches[i], &inbox, (struct wake){on_wake, NULL, 0});
    CHECK(change_mbox_names(log, 1) == RC_OK);
    for (int run = 0; run < RUNS; run++) {
        begin();
        hub_publish(room->acct, log);
        end(run, 1);
    }
    say("hub: 5,000 watchers (of a counter)", RUNS);
    for (int i = 0; i < WATCHERS; i++)
        hub_unwatch(&watches[i]);
    change_log_unref(log);
    free(watches);
}

int
main(int argc, char **argv)
{
    char dir[256];
    struct room room = {0};

    bench_versions();
    snprintf(dir, sizeof dir, "%s/mailbox-bench-%d", argc > 1 ? argv[1] : ".", (int)getpid());
    const struct sqlite_options options = {.dir = dir,
                                           .store.clock = &clock_system,
                                           .max_open_fds = 60,
                                           .store.undelete_retention_s = 86400,
                                           .store.undelete_max_octets = UINT64_C(1) << 30};
    arena_init(&room.arena, 256 << 20);
    CHECK(store_open_sqlite(&options, &room.store, &err) == RC_OK);
    CHECK(accounts_new(room.store, &clock_system, &room.accounts) == RC_OK);
    CHECK(account_get(room.accounts, 1, &room.acct) == RC_OK);
    CHECK(mailbox_open(room.acct, nobody, SPAN("INBOX"), &room.inbox, &err) == RC_OK);
    fill_inbox(&room, USUAL);
    bench_account(&room);
    bench_views(&room);
    bench_hub(&room);
    mailbox_put(room.inbox);
    account_put(room.acct);
    accounts_free(room.accounts);
    store_close(room.store);
    tree_remove(dir);
    arena_done(&room.arena);
    return 0;
}
