/* SPDX-License-Identifier: MIT */
/*
 * See the header. Purging visits all accounts in turn, a few in each second, so that each is
 * visited once in `[store] purge_every` whatever their number. Most visits only look at two
 * files. An account that was never used has no files and must not get any. One that has not
 * been written to since its retention ended was purged in an earlier round. The others are
 * read, and only if there is something to purge, a write follows in the account's turn, after
 * the requests that wait for it.
 */
#include "daemon/housekeeping.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "base/ticker.h"
#include "mailbox/order/backlog.h"
#include "mailbox/order/fill.h"
#include "mailbox/search/index_wishes.h"
#include "mailbox/write/ops.h"
#include "mailbox/write/turn_wait.h"
#include "session/networks.h"
#include "store/index.h"
#include "store/removed.h"
#include "store/room.h"

enum {
    EVICT_EVERY_S = 10,
    /* pairs of address and account that have logged in, and the like */
    SAVE_EVERY_S = 60,
    PURGE_STEPS_MAX = 50,     /* in one visit */
    BACKLOG_STEPS_MAX = 1000, /* in one visit: 128,000 messages */
    FILL_STEPS_MAX = 4000,    /* for one account at a time: four million messages */
    /* in one visit while the disk is full: a GiB is moved and cut off */
    HURRY_STEPS_MAX = 2000,
    VISITS_MAX = 250, /* in one second */
    /* length of a round while the disk is full, for as many accounts as VISITS_MAX allows */
    HURRY_ROUND_S = 60,
    /* An index that lacks more messages than this is brought up to date, before a search has to
     * read them. */
    INDEX_BEHIND = 2000,
    REMOVED_MAX = 50, /* accounts purged at a time */
    ROOM_EVERY_S = 5, /* how often the reserve of disk space is checked */
};

/* One round through all accounts. */
struct round {
    int64_t began_s; /* 0: it has not begun */
    uint64_t accounts;
    uint64_t unused;    /* accounts that were never used: no files */
    uint64_t unchanged; /* accounts whose files are older than anything that could be due */
    uint64_t purged;
};

struct housekeeping {
    struct house *house;
    struct env *env;
    struct ticker *heartbeat; /* owned */
    struct ticker *ticker;    /* owned */
    struct turn_waiter waiter;
    atomic_bool stopping;

    /* Used only by the ticker's thread. */
    struct log_scope log;
    /* the reserve of disk space is short, and this was logged */
    bool room_is_short;
    char after[REGISTRY_NAME_OCTETS]; /* name of the last account visited */
    struct round round;
    int64_t last_began_s; /* when the round before this one began; 0: this is the first */
};

/* Whether the disk is full. People then delete mail to free space, so nothing is kept for
 * undeleting, and they must see the effect before half a day has passed. */
static bool
in_a_hurry(const struct housekeeping *hk)
{
    return room_is_wanted(hk->house->room);
}

/* Refills the reserve of disk space if there is room, and logs when mail is refused because it
 * is short, and when that is over. */
static void
room_look(struct housekeeping *hk)
{
    const bool is_short = room_is_short(hk->house->room);

    if (is_short && !hk->room_is_short)
        log_put(&hk->log, LOG_E_STORE_FULL,
                "store: the disk is full, and there is not even the room that is kept for "
                "deleting: mail is refused until there is");
    if (!is_short && hk->room_is_short)
        log_put(&hk->log, LOG_E_STORE_ROOM, "store: the disk has room again: mail is taken");
    hk->room_is_short = is_short;
}

/* One step of purging through the account's turn. True: there is more. */
static bool
purge_step(struct housekeeping *hk, struct account *acct)
{
    struct purge_op op;

    purge_op_init(&op, turn_waiter_wake(&hk->waiter));
    turn_run_wait(acct, &op.turn, &hk->waiter);
    return op.turn.result == RC_OK && op.more;
}

/* A read snapshot; waits for it. NULL: there is none. */
static struct store_tx *
read_wait(struct housekeeping *hk, struct account *acct)
{
    struct store_tx *tx = NULL;

    while (store_read_begin(account_store(acct), turn_waiter_wake(&hk->waiter), &tx, NULL) ==
           RC_AGAIN)
        turn_waiter_sleep(&hk->waiter);
    return tx;
}

struct due {
    bool purge;
    bool backlog; /* messages of older versions lack some data */
};

/* What a visit would find to do. If that is unknown now, a purge is tried. */
static struct due
what_is_due(struct housekeeping *hk, struct account *acct)
{
    AUTO_TX tx = read_wait(hk, acct);
    struct due due = {.purge = true, .backlog = false};

    if (tx == NULL || backlog_is_due(tx, &due.backlog, NULL) != RC_OK)
        return due;
    if (store_purge_due(tx, &due.purge, NULL) != RC_OK)
        due.purge = true;
    return due;
}

/* One step of adding what old messages lack. True: there is more. */
static bool
backlog_step(struct housekeeping *hk, uint64_t account_id, struct account *acct)
{
    struct backlog_op *op = malloc(sizeof *op);
    struct store_tx *tx = op == NULL ? NULL : read_wait(hk, acct);
    bool more = false;

    if (tx != NULL) {
        backlog_op_init(op, turn_waiter_wake(&hk->waiter));
        const enum rc rc = backlog_op_prepare(op, tx, NULL);
        store_end(tx);
        if (rc == RC_OK)
            turn_run_wait(acct, &op->turn, &hk->waiter);
        const bool advanced = rc == RC_OK && op->turn.result == RC_OK;
        if (advanced && op->damaged > 0)
            log_put(&hk->log, LOG_E_STORE_CORRUPT,
                    "store: %zu messages of account %ju cannot be read", op->damaged,
                    (uintmax_t)account_id);
        more = advanced && op->more;
        backlog_op_done(op);
    }
    free(op);
    return more && !atomic_load(&hk->stopping);
}

/* Whether the account has an index that lacks many messages. */
static bool
index_is_behind(struct housekeeping *hk, struct account *acct)
{
    AUTO_TX tx = read_wait(hk, acct);
    struct store_index *index = NULL;
    struct index_state state = {.mark = 0};
    uint64_t highest = 0;

    if (tx == NULL || store_message_highest(tx, &highest, NULL) != RC_OK ||
        highest <= INDEX_BEHIND ||
        store_index_open(hk->house->indexes, account_store(acct), INDEX_READ, &index, NULL) !=
            RC_OK)
        return false;
    const bool read = store_index_begin(index, &state, NULL) == RC_OK;
    store_index_end(index);
    store_index_close(index);
    return read && highest > state.mark && highest - state.mark > INDEX_BEHIND;
}

/* Some of the sort blocks that the account lacks, from this one on. True: there are more. */
static bool
fill_step(struct housekeeping *hk, struct account *acct, uint64_t *next)
{
    struct fill_op *op = malloc(sizeof *op);
    struct store_tx *tx = op == NULL ? NULL : read_wait(hk, acct);
    bool more = false;

    if (tx != NULL) {
        fill_op_init(op, turn_waiter_wake(&hk->waiter));
        op->next = *next;
        const enum rc rc = fill_op_prepare(op, tx, NULL);
        store_end(tx);
        if (rc == RC_OK && op->count > 0) {
            turn_run_wait(acct, &op->turn, &hk->waiter);
            more = op->more && op->turn.result == RC_OK;
        }
        *next = op->next;
        fill_op_done(op);
    }
    free(op);
    return more && !atomic_load(&hk->stopping);
}

/* Makes the sort blocks that accounts lack which somebody sorts. */
static void
fill_some(struct housekeeping *hk)
{
    struct account *acct = NULL;
    uint64_t account_id = 0;

    if (in_a_hurry(hk))
        return;
    while (!atomic_load(&hk->stopping) && fill_next(hk->house->accounts, &account_id)) {
        uint64_t next = 0;
        if (account_get(hk->house->accounts, account_id, &acct) != RC_OK)
            continue;
        for (int step = 0; step < FILL_STEPS_MAX && fill_step(hk, acct, &next); step++)
            continue;
        account_put(acct);
    }
}

static void
visit(struct housekeeping *hk, uint64_t account_id)
{
    struct account *acct = NULL;
    int64_t changed_s = 0;

    hk->round.accounts++;
    if (!store_account_is_made(hk->house->store, account_id, &changed_s)) {
        hk->round.unused++;
        return;
    }
    /* Mail that was expunged before then was due when the last round began, and was purged in
     * it. */
    if (changed_s + (int64_t)hk->house->config->undelete_s < hk->last_began_s) {
        hk->round.unchanged++;
        return;
    }
    if (account_get(hk->house->accounts, account_id, &acct) != RC_OK)
        return;
    const struct due due = what_is_due(hk, acct);
    if (hk->house->wishes != NULL && index_is_behind(hk, acct))
        index_wishes_put(hk->house->wishes, account_id);
    if (due.backlog && !in_a_hurry(hk))
        for (int step = 0; step < BACKLOG_STEPS_MAX && backlog_step(hk, account_id, acct);
             step++)
            continue;
    if (due.purge) {
        hk->round.purged++;
        const int most = in_a_hurry(hk) ? HURRY_STEPS_MAX : PURGE_STEPS_MAX;
        for (int step = 0; step < most && purge_step(hk, acct); step++) {
        }
    }
    account_put(acct);
}

static void
round_over(struct housekeeping *hk)
{
    const struct round *round = &hk->round;

    log_put(&hk->log, LOG_E_ROUND,
            "round of %ju accounts in %jd s: %ju never used, %ju unchanged, %ju purged",
            (uintmax_t)round->accounts,
            (intmax_t)(clock_wall_s(&clock_system) - round->began_s), (uintmax_t)round->unused,
            (uintmax_t)round->unchanged, (uintmax_t)round->purged);
    hk->last_began_s = round->began_s;
    hk->round = (struct round){.began_s = 0};
    hk->after[0] = '\0';
}

/* Visits this second's share of the round. */
static void
visit_some(struct housekeeping *hk, uint64_t second)
{
    const uint64_t every_s = hk->house->config->purge_every_s;
    const uint64_t round_s =
        every_s > HURRY_ROUND_S && in_a_hurry(hk) ? HURRY_ROUND_S : every_s;
    struct registry_account rows[VISITS_MAX];
    struct registry *registry = hk->house->registry;
    uint64_t enabled = 0;
    uint64_t without_scram = 0;
    size_t count = 0;

    if (registry_count(registry, &enabled, &without_scram, NULL) != RC_OK || enabled == 0)
        return;
    const uint64_t pause_s = round_s / enabled;
    if (pause_s > 1 && second % pause_s != 0)
        return;
    const uint64_t share = 1 + enabled / round_s;
    const size_t want = share < VISITS_MAX ? share : VISITS_MAX;
    if (hk->round.began_s == 0)
        hk->round.began_s = clock_wall_s(&clock_system);
    if (registry_list(registry, span_of_str(hk->after), want, rows, &count, NULL) != RC_OK)
        return;
    for (size_t i = 0; i < count; i++)
        visit(hk, rows[i].id);
    if (count < want)
        round_over(hk);
    else
        memcpy(hk->after, rows[count - 1].name, sizeof hk->after);
}

/* Purges accounts that were removed and whose retention is over, or whose purging was
 * interrupted. An account that a session still holds is tried again later. */
static void
removed_visit(struct housekeeping *hk)
{
    const int64_t until_s = clock_wall_s(&clock_system) - hk->house->config->undelete_s;
    struct registry *registry = hk->house->registry;
    struct registry_removed rows[REMOVED_MAX];
    struct err err = {.rc = RC_OK};
    size_t count = 0;

    if (registry_removed_due(registry, until_s, REMOVED_MAX, rows, &count, NULL) != RC_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        if (accounts_forget(hk->house->accounts, rows[i].id) != RC_OK)
            continue;
        const enum rc rc = removed_purge(registry, hk->house->store, rows[i].id, &err);
        if (rc == RC_OK)
            log_put(&hk->log, LOG_E_ACCOUNT_PURGED,
                    "account %s (%ju), removed %jd s ago, was deleted for good", rows[i].name,
                    (uintmax_t)rows[i].id,
                    (intmax_t)(clock_wall_s(&clock_system) - rows[i].removed_s));
        else if (rc != RC_BUSY && rc != RC_NOT_FOUND)
            log_put(&hk->log, LOG_E_SERVER_FAILED, "%s", err.text);
    }
}

/* Updates the time in the crash table, and stores what was learnt. This thread never waits,
 * because a purge that waits for its turn or for a slow disk must not make the server look
 * dead. */
static void
heartbeat(void *ctx, uint64_t second)
{
    struct env *env = ctx;

    (void)second;
    live_tick(env->live);
    networks_tick(env->networks);
}

static void
keep_house(void *ctx, uint64_t second)
{
    struct housekeeping *hk = ctx;
    struct err err = {.rc = RC_OK};

    if (second % SAVE_EVERY_S == 0 && auth_save(hk->env->auth, &err) != RC_OK)
        log_put(&hk->log, LOG_E_SERVER_FAILED, "%s", err.text);
    if (second == 1 || second % ROOM_EVERY_S == 0)
        room_look(hk);
    if (second % EVICT_EVERY_S == 0) {
        accounts_evict(hk->house->accounts);
        store_keep_house(hk->house->store, NULL);
        if (hk->house->indexes != NULL)
            store_indexes_keep_house(hk->house->indexes);
        removed_visit(hk);
    }
    fill_some(hk);
    if (atomic_load(&hk->env->resuming) == 0) /* the views of these sessions prevent purging */
        visit_some(hk, second);
}

void
housekeeping_stop(struct housekeeping *hk)
{
    if (hk == NULL)
        return;
    atomic_store(&hk->stopping, true);
    ticker_stop(hk->ticker);
    ticker_stop(hk->heartbeat);
    turn_waiter_done(&hk->waiter);
    free(hk);
}

enum rc
housekeeping_start(struct house *house, struct env *env, struct housekeeping **out,
                   struct err *err)
{
    struct housekeeping *hk = calloc(1, sizeof *hk);

    if (hk == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    hk->house = house;
    hk->env = env;
    log_scope_init(&hk->log, house->log, LOG_SERVER, 0);
    turn_waiter_init(&hk->waiter);
    enum rc rc = ticker_start(&hk->heartbeat, "heartbeat", heartbeat, env, err);
    if (rc == RC_OK)
        rc = ticker_start(&hk->ticker, "housekeeping", keep_house, hk, err);
    if (rc != RC_OK) {
        housekeeping_stop(hk);
        return rc;
    }
    *out = hk;
    return RC_OK;
}
