/* SPDX-License-Identifier: MIT */
/* What the sessions of mailbox_sim.h do, chosen at random. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "mailbox/account_private.h"
#include "mailbox/names/names.h"
#include "mailbox/version_private.h"
#include "mailbox/write/ops.h"
#include "support/fault_vfs.h"
#include "support/mailbox_sim_private.h"

enum { SIM_RIDERS = 3 };

static const struct span mailbox_names[] = {
    SPAN_INIT("INBOX"),   SPAN_INIT("INBOX"), SPAN_INIT("INBOX"),
    SPAN_INIT("Archive"), SPAN_INIT("Trash"), SPAN_INIT("made/by/us"),
};

struct span
sim_any_mailbox(struct sim_client *client)
{
    return mailbox_names[rng_below(&client->rng, ARRAY_LEN(mailbox_names))];
}

static bool
chance(struct sim_client *client, uint64_t percent)
{
    return rng_below(&client->rng, 100) < percent;
}

/* What a client with NOTIFY wants to be told by the next sync. Most want everything. */
static enum view_tells
any_tells(struct sim_client *client)
{
    return chance(client, 70)   ? VIEW_TELLS_ALL
           : chance(client, 50) ? VIEW_TELLS_COUNTS
                                : VIEW_TELLS_ANSWERS;
}

static uint64_t
selected(struct sim_client *client)
{
    struct mailbox_state state;

    mailbox_state(client->view.mailbox, &state);
    return state.mbox;
}

/* --- Requests of our own --- */

/* Adds messages. If told to, it fails on purpose after its work is done. */
struct append_req {
    struct turn_req turn;
    struct sim_client *client;
    struct span name;
    unsigned count;
    uint32_t flags;
    bool fails;
};

/* Checks that the usage of the account is the sum of its mailboxes, also in the middle of a
 * batch. */
static enum rc
usage_check(struct turn_ctx *ctx, struct arena *arena, struct err *err)
{
    struct quota_amounts usage;
    struct mbox_row *rows;
    size_t count;
    enum rc rc = store_usage(ctx->tx, &usage, err);

    if (rc == RC_OK)
        rc = store_mbox_list(ctx->tx, arena, &rows, &count, err);
    if (rc != RC_OK)
        return rc;
    CHECK(usage.of[QUOTA_MAILBOX] == count);
    for (size_t i = 0; i < count; i++) {
        usage.of[QUOTA_STORAGE] -= rows[i].octets;
        usage.of[QUOTA_MESSAGE] -= rows[i].exists;
    }
    CHECK(usage.of[QUOTA_STORAGE] == 0 && usage.of[QUOTA_MESSAGE] == 0);
    return RC_OK;
}

static enum rc
append_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct append_req *append = CONTAINER_OF(req, struct append_req, turn);
    AUTO_ARENA arena = {0};
    struct mbox_row row;

    arena_init(&arena, 1 << 16);
    enum rc rc = store_mbox_find(ctx->tx, append->name, &arena, &row, err);
    for (unsigned i = 0; rc == RC_OK && i < append->count; i++) {
        static const char text[] = "Subject: hello\r\n\r\nworld\r\n";
        const struct message_new message = {.text = SPAN(text), .header_octets = 18};
        struct entry added;
        struct entry_new entry = {
            .mbox = row.id,
            .octets = sizeof text - 1,
            .flags = append->flags,
            .internaldate_s = ctx->now_s,
            .savedate_s = ctx->now_s,
        };
        rc = store_message_add(ctx->tx, &message, &entry.message, err);
        if (rc == RC_OK)
            rc = store_entry_add(ctx->tx, &entry, &added, err);
        if (rc == RC_OK)
            rc = change_added(ctx->changes, row.id, &added, 1);
    }
    if (rc == RC_OK)
        rc = usage_check(ctx, &arena, err);
    return rc == RC_OK && append->fails ? RC_QUOTA : rc;
}

static void
append_init(struct append_req *append, struct sim_client *client)
{
    *append = (struct append_req){
        .client = client,
        .name = sim_any_mailbox(client),
        .count = chance(client, 80) ? 1 : 1 + (unsigned)rng_below(&client->rng, 12),
        .flags = (uint32_t)rng_below(&client->rng, 32),
        .fails = chance(client, 8),
    };
    turn_req_init(&append->turn, append_apply, 100, sim_wake(client));
}

/* Queues other requests while it holds the turn, as sessions on other threads would, so that
 * they share its batch. */
struct carrier_req {
    struct turn_req turn;
    struct turn_req *riders[SIM_RIDERS + 1];
    unsigned count;
};

static enum rc
carrier_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct carrier_req *carrier = CONTAINER_OF(req, struct carrier_req, turn);
    (void)err;

    for (unsigned i = 0; i < carrier->count; i++)
        CHECK(turn_run(ctx->acct, carrier->riders[i]) == RC_AGAIN);
    return RC_OK;
}

/* --- Running them --- */

static void
forget_versions(struct sim_client *client)
{
    struct version *unwanted = NULL;

    mailboxes_trim(client->acct, INT64_MAX, 0, &unwanted);
    version_unref_all(unwanted);
}

void
sim_meddle(struct sim_client *client)
{
    AUTO_ARENA arena = {0};
    struct append_req append;
    struct expunge_op expunge;
    struct mailbox_state state;

    arena_init(&arena, 1 << 20);
    if (client->sim->threads || client->comparing || !chance(client, 40))
        return;
    /* so that what was in memory has to be loaded through this snapshot */
    if (chance(client, 50))
        forget_versions(client);
    if (chance(client, 50)) {
        append_init(&append, client);
        sim_turn(client, &append.turn);
        return;
    }
    mailbox_state(client->view.mailbox, &state);
    const uint32_t uid =
        client->count == 0 ? 1 : client->known[rng_below(&client->rng, client->count)].uid;
    const struct uid_run run = {uid, uid + (uint32_t)rng_below(&client->rng, 4)};
    expunge_op_init(&expunge, &arena, sim_wake(client));
    expunge.mbox = state.mbox;
    expunge.runs = &run;
    expunge.run_count = 1;
    sim_turn(client, &expunge.turn);
}

static void
check_result(struct sim_client *client, const struct turn_req *req)
{
    const enum rc rc = req->result;
    const bool fair = rc == RC_OK || rc == RC_GONE || rc == RC_NOT_FOUND || rc == RC_QUOTA ||
                      rc == RC_EXISTS || rc == RC_DENIED;

    if (!fair && !client->sim->faults) {
        client->err = req->err;
        SIM_CHECK(client, rc == RC_OK);
    }
}

void
sim_meddle_names(struct sim_client *client)
{
    static const struct uid_run all = {1, UINT32_MAX};
    AUTO_ARENA arena = {0};
    struct flags_op op;
    struct purge_op purge;

    /* most often while its own STORE is answered */
    if (client->comparing || !chance(client, client->echoes ? 20 : 1))
        return;
    arena_init(&arena, 1 << 20);
    flags_op_init(&op, &arena, sim_wake(client));
    op.mbox = selected(client);
    op.runs = &all;
    op.run_count = 1;
    op.mode = FLAGS_REMOVE;
    op.keywords = sim_keywords;
    op.keyword_count = SIM_KEYWORDS;
    sim_turn(client, &op.turn);
    check_result(client, &op.turn);
    do {
        purge_op_init(&purge, sim_wake(client));
        sim_turn(client, &purge.turn);
        check_result(client, &purge.turn);
    } while (purge.more && purge.turn.result == RC_OK);
}

static void
run_with_riders(struct sim_client *client, struct turn_req *req)
{
    struct append_req appends[SIM_RIDERS];
    struct carrier_req carrier = {.count = 0};

    turn_req_init(&carrier.turn, carrier_apply, 1, sim_wake(client));
    const unsigned place = (unsigned)rng_below(&client->rng, SIM_RIDERS + 1);
    for (unsigned i = 0; i < SIM_RIDERS + 1; i++) {
        if (i == place) {
            carrier.riders[carrier.count++] = req;
        } else if (chance(client, 60)) {
            append_init(&appends[i < place ? i : i - 1], client);
            carrier.riders[carrier.count++] = &appends[i < place ? i : i - 1].turn;
        }
    }
    sim_turn(client, &carrier.turn);
    for (unsigned i = 0; i < carrier.count; i++) {
        SIM_CHECK(client, turn_run(client->acct, carrier.riders[i]) == RC_OK);
        check_result(client, carrier.riders[i]);
    }
}

bool
sim_run(struct sim_client *client, struct turn_req *req)
{
    const bool faulty = client->sim->faults && chance(client, 10);

    client->ops++;
    if (faulty)
        fault_vfs_arm(chance(client, 50) ? FAULT_FULL : FAULT_IO,
                      1 + rng_below(&client->rng, 8));
    if (!client->sim->threads && chance(client, 30)) {
        run_with_riders(client, req);
    } else {
        while (turn_run(client->acct, req) == RC_AGAIN) {
            if (chance(client, 5) && turn_cancel(client->acct, req))
                return false;
            sim_wait(client);
        }
        check_result(client, req);
    }
    if (faulty)
        fault_vfs_arm(FAULT_NONE, 0);
    return true;
}

/* --- Commands --- */

/* Chooses some messages by sequence number. False: there are none, or the mailbox was
 * deleted. */
static bool
pick(struct sim_client *client, struct view_run **runs, size_t *run_count,
     struct uid_run **uids, size_t *uid_count)
{
    struct num_range ranges[3];
    struct seq_set set = {{ranges, 0, false}};

    if (client->count == 0 || !sim_awake(client))
        return false;
    set.set.count = 1 + rng_below(&client->rng, 3);
    for (size_t i = 0; i < set.set.count; i++) {
        ranges[i].first = 1 + (uint32_t)rng_below(&client->rng, client->count);
        ranges[i].last = ranges[i].first;
        if (chance(client, 40))
            ranges[i].last = chance(client, 20)
                                 ? NUMSET_STAR
                                 : 1 + (uint32_t)rng_below(&client->rng, client->count);
    }
    SIM_CHECK(client,
              view_resolve_seqs(&client->view, &set, &client->arena, runs, run_count) == RC_OK);
    SIM_CHECK(client, view_uid_runs(&client->view, *runs, *run_count, &client->arena, uids,
                                    uid_count) == RC_OK);
    for (size_t i = 0; i < *run_count; i++) {
        const uint32_t uid = client->known[(*runs)[i].first - 1].uid;
        struct entry entry;
        version_entry(client->view.members, (*runs)[i].first, &entry);
        SIM_CHECK(client, uid == 0 || uid == entry.uid);
    }
    return true;
}

/* Applies what the client believes its silent STORE did. */
static void
believe_silent(struct sim_client *client, const struct flags_op *op,
               const struct view_run *runs, size_t run_count)
{
    uint64_t keywords = 0;

    for (size_t k = 0; k < op->keyword_count; k++)
        for (unsigned i = 0; i < SIM_KEYWORDS; i++)
            if (span_ieq(sim_keywords[i], op->keywords[k]))
                keywords |= UINT64_C(1) << i;
    for (size_t r = 0; r < run_count; r++) {
        for (uint32_t seq = runs[r].first; seq <= runs[r].last; seq++) {
            struct sim_message *message = &client->known[seq - 1];
            message->seen_modseq = 0;
            switch (op->mode) {
            case FLAGS_REPLACE:
                message->flags = op->flags;
                message->keywords = keywords;
                break;
            case FLAGS_ADD:
                message->flags |= op->flags;
                message->keywords |= keywords;
                break;
            case FLAGS_REMOVE:
                message->flags &= ~op->flags;
                message->keywords &= ~keywords;
                break;
            }
        }
    }
}

/* RFC 3501 section 6.4.6: without .SILENT the flags of each message are told, changed or
 * not. */
static void
check_echo(struct sim_client *client, const struct uid_run *uids, size_t uid_count)
{
    struct version *current;

    if (client->sim->threads ||
        view_current(&client->view, NULL, &current, &client->err) != RC_OK)
        return;
    for (uint32_t i = 0; i < client->count; i++) {
        const struct sim_message *message = &client->known[i];
        for (size_t r = 0; r < uid_count; r++)
            if (message->uid >= uids[r].first && message->uid <= uids[r].last &&
                version_find_uid(current, message->uid) != 0)
                SIM_CHECK(client, message->told);
    }
    version_unref(current);
}

static void
do_store(struct sim_client *client)
{
    const bool silent = chance(client, 50);
    const enum sync_mode modes[] = {SYNC_ALL, SYNC_NO_EXPUNGE, SYNC_NO_NEWS};
    const enum sync_mode mode = modes[rng_below(&client->rng, ARRAY_LEN(modes))];
    struct view_run *runs;
    size_t run_count;
    struct uid_run *uids;
    size_t uid_count;
    struct flags_op op;
    struct span keywords[2];

    if (!pick(client, &runs, &run_count, &uids, &uid_count))
        return;
    sim_fetch(client);
    flags_op_init(&op, &client->arena, sim_wake(client));
    op.mbox = selected(client);
    op.runs = uids;
    op.run_count = uid_count;
    op.mode = (enum flags_mode)rng_below(&client->rng, 3);
    op.flags = (uint32_t)rng_below(&client->rng, 32);
    op.known_modseq = view_known_modseq(&client->view);
    op.keywords = keywords;
    op.keyword_count = chance(client, 30) ? 1 + rng_below(&client->rng, 2) : 0;
    for (size_t i = 0; i < op.keyword_count; i++)
        keywords[i] = sim_keywords[rng_below(&client->rng, SIM_KEYWORDS)];
    if (!sim_run(client, &op.turn))
        return;
    const struct view_echo echo = {
        .runs = silent ? NULL : uids,
        .count = silent ? 0 : uid_count,
        .silent = silent,
        .own_modseq = op.out.modseq,
    };
    if (op.turn.result == RC_OK && silent) {
        view_silence(&client->view, op.silent_modseq);
        believe_silent(client, &op, runs, run_count);
    }
    if (op.turn.result == RC_OK && (!silent || client->vanished)) {
        client->echo = echo;
        client->view.echo = &client->echo;
        client->parked = false; /* its own answer is due, for which nobody will wake it */
    }
    if (silent && chance(client, 40))
        return; /* pipelining: more commands may follow before anything is told */
    client->view.tells = (uint8_t)any_tells(client);
    sim_sync_begin(client, mode);
    if (chance(client, 60) && sim_sync_run(client, UINT64_MAX) && op.turn.result == RC_OK &&
        !silent)
        check_echo(client, uids, uid_count);
}

static void
do_append(struct sim_client *client)
{
    struct append_req append;

    append_init(&append, client);
    if (sim_run(client, &append.turn) && append.fails)
        SIM_CHECK(client, append.turn.result != RC_OK);
}

static void
do_expunge(struct sim_client *client)
{
    struct mailbox_state state;
    struct view_run *runs;
    size_t run_count;
    struct uid_run *uids;
    size_t uid_count;
    struct expunge_op op;

    if (!pick(client, &runs, &run_count, &uids, &uid_count))
        return;
    mailbox_state(client->view.mailbox, &state);
    expunge_op_init(&op, &client->arena, sim_wake(client));
    op.mbox = state.mbox;
    op.only_deleted = state.exists < client->sim->target;
    if (!op.only_deleted || chance(client, 30)) {
        op.runs = uids;
        op.run_count = uid_count;
    }
    if (sim_run(client, &op.turn))
        sim_sync_begin(client, client->vanished ? SYNC_ALL_UIDS : SYNC_ALL);
}

static void
do_copy(struct sim_client *client)
{
    struct view_run *runs;
    size_t run_count;
    struct uid_run *uids;
    size_t uid_count;
    struct copy_op op;

    if (!pick(client, &runs, &run_count, &uids, &uid_count))
        return;
    copy_op_init(&op, &client->arena, sim_wake(client));
    op.from_mbox = selected(client);
    op.to_name = sim_any_mailbox(client);
    op.runs = uids;
    op.run_count = uid_count;
    op.move = chance(client, 70);
    if (!sim_run(client, &op.turn))
        return;
    if (op.turn.result == RC_OK) {
        uint32_t named = 0;
        for (size_t i = 0; i < run_count; i++)
            named += runs[i].last - runs[i].first + 1;
        uint32_t copied = 0;
        for (size_t i = 0; i < op.source_count; i++)
            copied += op.sources[i].last - op.sources[i].first + 1;
        SIM_CHECK(client, op.count <= named && op.count == copied);
    }
    sim_sync_begin(client, client->vanished ? SYNC_ALL_UIDS : SYNC_ALL);
}

/* DELETE of a mailbox that others may have selected, and CREATE with the same name. */
static void
do_names(struct sim_client *client)
{
    const struct span name = chance(client, 50) ? SPAN("Archive") : SPAN("made/by/us");

    if (chance(client, 30)) {
        struct names_delete_op op;
        names_delete_op_init(&op, &client->arena, sim_wake(client));
        op.name = name;
        (void)sim_run(client, &op.turn);
    } else {
        struct names_create_op op;
        names_create_op_init(&op, &client->arena, sim_wake(client));
        op.name = name;
        op.exists_ok = true;
        (void)sim_run(client, &op.turn);
    }
}

static void
do_housekeeping(struct sim_client *client)
{
    struct purge_op op;

    if (chance(client, 50)) {
        forget_versions(client);
        return;
    }
    do {
        purge_op_init(&op, sim_wake(client));
        if (!sim_run(client, &op.turn))
            return;
    } while (op.more && op.turn.result == RC_OK);
}

/* Goes to sleep in IDLE, as it may after a complete sync. */
static void
do_park(struct sim_client *client)
{
    atomic_store(&client->woken, false);
    sim_sync(client, client->vanished ? SYNC_ALL_UIDS : SYNC_ALL);
    view_sleep(&client->view);
    SIM_CHECK(client, client->view.members == NULL);
    client->parked = !sync_is_due(&client->view); /* due if a snapshot was slightly old */
    client->parks++;
}

static void
do_sync(struct sim_client *client)
{
    const enum sync_mode modes[] = {SYNC_ALL, SYNC_ALL, SYNC_NO_EXPUNGE, SYNC_NO_NEWS};

    client->view.tells = (uint8_t)any_tells(client);
    if (client->vanished && chance(client, 70))
        sim_sync_begin(client, SYNC_ALL_UIDS);
    else
        sim_sync_begin(client, modes[rng_below(&client->rng, ARRAY_LEN(modes))]);
}

/* If nothing is due, the client believes what is true. If something is due, it was woken. */
static void
check_quiet(struct sim_client *client)
{
    if (client->sim->threads)
        return;
    sim_quiet(client->sim, true);
    sim_catch_up(client);
    sim_metadata_compare(client);
    if (!sync_is_due(&client->view))
        sim_compare(client);
    else if (client->parked)
        SIM_CHECK(client, atomic_load(&client->woken));
    sim_quiet(client->sim, false);
}

void
sim_client_step(struct sim_client *client)
{
    client->step++;
    if (client->acct == NULL) {
        SIM_CHECK(client,
                  account_get(client->sim->accounts, SIM_ACCOUNT, &client->acct) == RC_OK);
        return;
    }
    if (client->sync != NULL) { /* a slow reader: it takes some of it, or nothing */
        if (chance(client, 3))
            sim_sync_over(client, true);
        else if (chance(client, 60))
            sim_sync_run(client, 1 + rng_below(&client->rng, 6));
        return;
    }
    arena_reset(&client->arena);
    if (chance(client, 10))
        sim_metadata_look(client);
    if (client->view.mailbox == NULL || (client->gone && chance(client, 50))) {
        atomic_store(&client->woken, false);
        sim_select(client, sim_any_mailbox(client));
        return;
    }
    const uint64_t lot = rng_below(&client->rng, 100);
    if (lot < 17)
        do_append(client);
    else if (lot < 20)
        sim_metadata_set(client);
    else if (lot < 42)
        do_store(client);
    else if (lot < 52)
        do_expunge(client);
    else if (lot < 58)
        do_copy(client);
    else if (lot < 70)
        do_sync(client);
    else if (lot < 80)
        do_park(client);
    else if (lot < 90)
        check_quiet(client);
    else if (lot < 92)
        sim_fetch(client);
    else if (lot < 94)
        view_sleep(&client->view); /* may happen at any time: what is pending stays pending */
    else if (lot < 96)
        do_housekeeping(client);
    else if (lot < 98)
        do_names(client);
    else if (lot < 99)
        sim_unselect(client);
    else
        sim_disconnect(client);
}
