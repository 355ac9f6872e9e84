/* SPDX-License-Identifier: MIT */
/*
 * `roost index`: completes the index of an account, makes it anew, or shows what it has, or
 * what happened to all of them since the server started.
 *
 *   asker   {"account": NAME, "anew": bool, "show": bool}
 *   rows    {"done": n, "of": n}         some times a second, ids of messages
 *           {"anew": text}               why it was made anew
 *           {"account": NAME, "exists": bool, "messages", "behind", "dead", "octets",
 *            "text_octets", "added", "unsure": n}   at the end; with show, not the last two
 *
 *   asker   {"show": true}
 *   row     {"checks", "failed", "anew", "removed", "added", "attached", "unread": n}
 *           (index_counts.h) with "accounts_waiting" and "messages_waiting", to be indexed in
 *           the background
 *
 * In a running server, searches use the index meanwhile, and its background thread leaves this
 * account alone.
 */
#include "admin/verbs.h"

#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "journal/log.h"
#include "mailbox/memory/account.h"
#include "mailbox/search/index_counts.h"
#include "mailbox/search/index_wishes.h"
#include "mailbox/search/indexer.h"
#include "store/registry.h"

enum {
    ROW_EVERY_US = 200000,
    BUSY_MS = 50, /* somebody else writes: how often to look */
    BUSY_TRIES = 100,
    COUNTED_AT_ONCE = 10000, /* messages counted in one snapshot */
    ANEW_MAX = 3,
};

struct indexing_verb {
    const struct verb_call *call;
    const char *name; /* of the account */
    uint64_t account;
    struct store_account *acct;
    struct turn_waiter waiter;
};

static enum rc
row_give(const struct indexing_verb *verb, json_t *row, struct err *err)
{
    const struct verb_io *io = verb->call->io;

    return row == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                       : io->row(io->ctx, row, SPAN(""), err);
}

static enum rc
read_begin(struct indexing_verb *verb, struct store_tx **out, struct err *err)
{
    enum rc rc;

    while ((rc = store_read_begin(verb->acct, turn_waiter_wake(&verb->waiter), out, err)) ==
           RC_AGAIN)
        turn_waiter_sleep(&verb->waiter);
    return rc;
}

/* ---- what it has ---- */

/* Messages up to the mark that are still there. */
static enum rc
count_living(struct indexing_verb *verb, uint64_t mark, uint64_t *out, struct err *err)
{
    uint64_t next = 0;
    uint64_t count = 0;
    enum rc rc = RC_OK;

    while (rc == RC_OK && next <= mark) {
        AUTO_TX tx = NULL;
        rc = read_begin(verb, &tx, err);
        for (unsigned i = 0; rc == RC_OK && next <= mark && i < COUNTED_AT_ONCE; i++) {
            rc = store_message_next(tx, next, &next, err);
            count += rc == RC_OK && next <= mark;
            next++;
        }
    }
    if (rc == RC_OK || rc == RC_NOT_FOUND)
        *out = count;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static void
wait_a_little(void)
{
    const struct timespec time = {.tv_nsec = BUSY_MS * 1000000L};

    nanosleep(&time, NULL);
}

/* While it is being made or removed, it is busy for a moment. */
static enum rc
state_read(struct indexing_verb *verb, struct index_state *out, struct err *err)
{
    struct store_index *index = NULL;
    enum rc rc = RC_BUSY;

    for (unsigned tries = 0; tries < BUSY_TRIES && rc == RC_BUSY; tries++) {
        if (tries > 0)
            wait_a_little();
        rc = store_index_open(verb->call->house->indexes, verb->acct, INDEX_READ, &index, err);
    }
    if (rc != RC_OK)
        return rc;
    rc = store_index_begin(index, out, err);
    store_index_end(index);
    store_index_close(index);
    return rc;
}

static enum rc
highest_read(struct indexing_verb *verb, uint64_t *out, struct err *err)
{
    AUTO_TX tx = NULL;

    const enum rc rc = read_begin(verb, &tx, err);
    return rc == RC_OK ? store_message_highest(tx, out, err) : rc;
}

/* The last row. The caller adds what it knows besides. */
static enum rc
state_row(struct indexing_verb *verb, json_t **out, struct err *err)
{
    struct index_state state = {.mark = 0};
    uint64_t highest = 0;
    uint64_t living = 0;

    enum rc rc = state_read(verb, &state, err);
    const bool exists = rc == RC_OK;
    if (rc == RC_OK || rc == RC_NOT_FOUND)
        rc = highest_read(verb, &highest, err);
    if (rc == RC_OK && exists)
        rc = count_living(verb, state.mark, &living, err);
    if (rc != RC_OK)
        return rc;
    const uint64_t dead = state.documents > living ? state.documents - living : 0;
    const uint64_t behind = highest > state.mark ? highest - state.mark : 0;
    *out = json_pack("{ss, sb, sI, sI, sI, sI, sI}", "account", verb->name, "exists", exists,
                     "messages", (json_int_t)state.documents, "behind", (json_int_t)behind,
                     "dead", (json_int_t)dead, "octets", (json_int_t)state.octets,
                     "text_octets", (json_int_t)state.text_octets);
    return *out == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row") : RC_OK;
}

static enum rc
show(struct indexing_verb *verb, struct err *err)
{
    json_t *row = NULL;

    const enum rc rc = state_row(verb, &row, err);
    return rc == RC_OK ? row_give(verb, row, err) : rc;
}

/* ---- completing it ---- */

static enum rc
progress_give(const struct indexing_verb *verb, const struct indexer *indexer, int64_t *next_us,
              struct err *err)
{
    struct indexer_progress progress;
    const int64_t now_us = clock_mono_us(&clock_system);

    if (now_us < *next_us)
        return RC_OK;
    *next_us = now_us + ROW_EVERY_US;
    indexer_progress(indexer, &progress);
    return row_give(verb,
                    json_pack("{sI, sI}", "done", (json_int_t)progress.state.mark, "of",
                              (json_int_t)progress.highest),
                    err);
}

/* Whoever reads the log has not seen what the asker is told. */
static void
log_anew(const struct indexing_verb *verb, enum indexer_why why)
{
    struct log_scope scope;

    if (verb->call->house->log == NULL)
        return;
    log_scope_init(&scope, verb->call->house->log, LOG_SERVER, 0);
    log_put(&scope, why == INDEXER_WRONG ? LOG_E_INDEX_WRONG : LOG_E_INDEX_ANEW,
            "index of account %ju is made anew: %s; `roost index` by user %u",
            (uintmax_t)verb->account, indexer_why_text(why), verb->call->uid);
}

/* Steps until it is done. Each row also tells whether the asker is still there. */
static enum rc
run_steps(struct indexing_verb *verb, struct indexer *indexer, struct err *err)
{
    enum indexer_outcome outcome = INDEXER_MORE;
    int64_t next_us = 0;
    unsigned anew = 0;
    enum rc rc = RC_OK;

    while (rc == RC_OK && outcome != INDEXER_DONE) {
        rc = indexer_step(indexer, &verb->waiter, &outcome, err);
        if (rc == RC_BUSY) {
            wait_a_little();
            outcome = INDEXER_MORE;
            rc = RC_OK;
        }
        if (rc == RC_OK && outcome == INDEXER_ANEW) {
            log_anew(verb, indexer_why(indexer));
            rc = row_give(
                verb, json_pack("{ss}", "anew", indexer_why_text(indexer_why(indexer))), err);
            if (++anew == ANEW_MAX)
                return err_set(err, RC_CORRUPT, 0, "the index is wrong whenever it is made: %s",
                               indexer_why_text(indexer_why(indexer)));
        }
        if (rc == RC_OK)
            rc = progress_give(verb, indexer, &next_us, err);
    }
    return rc;
}

static enum rc
complete(struct indexing_verb *verb, bool anew, struct err *err)
{
    const struct indexer_options options = {
        .indexes = verb->call->house->indexes,
        .acct = verb->acct,
        .rng = &rng_system,
        .counts = verb->call->house->index_counts,
        .extract = verb->call->house->extract,
    };
    struct indexer *indexer = NULL;
    struct indexer_progress progress;
    json_t *row = NULL;

    enum rc rc = indexer_open(&options, &indexer, err);
    if (rc != RC_OK)
        return rc;
    if (anew)
        indexer_anew(indexer);
    rc = run_steps(verb, indexer, err);
    indexer_progress(indexer, &progress);
    indexer_close(indexer);
    if (rc == RC_OK)
        rc = state_row(verb, &row, err);
    if (rc != RC_OK)
        return rc;
    json_object_set_new(row, "added", json_integer((json_int_t)progress.added));
    json_object_set_new(row, "unsure", json_integer((json_int_t)progress.unsure));
    return row_give(verb, row, err);
}

/* It has no files, and gets none. */
static enum rc
never_used(const struct indexing_verb *verb, struct err *err)
{
    return row_give(verb,
                    json_pack("{ss, sb, si, si, si, si, si}", "account", verb->name, "exists",
                              0, "messages", 0, "behind", 0, "dead", 0, "octets", 0,
                              "text_octets", 0),
                    err);
}

/* ---- all of them ---- */

/* How many messages of an account the index does not know. */
static enum rc
behind_read(struct indexing_verb *verb, uint64_t account, uint64_t *out, struct err *err)
{
    struct account *acct = NULL;
    struct index_state state = {.mark = 0};
    uint64_t highest = 0;

    *out = 0;
    if (account_get(verb->call->house->accounts, account, &acct) != RC_OK)
        return RC_OK; /* it was removed */
    verb->acct = account_store(acct);
    enum rc rc = state_read(verb, &state, err);
    if (rc == RC_OK || rc == RC_NOT_FOUND || rc == RC_CORRUPT) /* it will be made anew */
        rc = highest_read(verb, &highest, err);
    account_put(acct);
    if (rc == RC_OK && highest > state.mark)
        *out = highest - state.mark;
    return rc;
}

static enum rc
waiting_read(struct indexing_verb *verb, size_t *accounts_out, uint64_t *messages_out,
             struct err *err)
{
    const size_t max = LIMIT_INDEX_WISHES + 1; /* and the one that is under way */
    uint64_t *accounts = calloc(max, sizeof *accounts);
    uint64_t behind = 0;
    enum rc rc = accounts == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;

    *messages_out = *accounts_out = 0;
    if (rc == RC_OK)
        *accounts_out = index_wishes_list(verb->call->house->index_wishes, accounts, max);
    for (size_t i = 0; i < *accounts_out && rc == RC_OK; i++) {
        rc = behind_read(verb, accounts[i], &behind, err);
        *messages_out += behind;
    }
    free(accounts);
    return rc;
}

static json_int_t
number(const atomic_uint_fast64_t *counter)
{
    return (json_int_t)atomic_load(counter);
}

static enum rc
show_all(struct indexing_verb *verb, struct err *err)
{
    const struct index_counts *counts = verb->call->house->index_counts;
    size_t accounts = 0;
    uint64_t messages = 0;

    if (verb->call->house->index_wishes == NULL)
        return err_set(err, RC_UNSUPPORTED, 0, "no server is running here");
    const enum rc rc = waiting_read(verb, &accounts, &messages, err);
    return rc != RC_OK
               ? rc
               : row_give(
                     verb,
                     json_pack("{sI, sI, sI, sI, sI, sI, sI, sI, sI}", "checks",
                               number(&counts->checks), "failed", number(&counts->failed),
                               "anew", number(&counts->anew), "removed",
                               number(&counts->removed), "added", number(&counts->messages),
                               "attached", number(&counts->attached), "unread",
                               number(&counts->unread), "accounts_waiting",
                               (json_int_t)accounts, "messages_waiting", (json_int_t)messages),
                     err);
}

/* ---- the verb ---- */

static enum rc
index_account(struct indexing_verb *verb, struct err *err)
{
    const struct verb_call *call = verb->call;
    struct account *acct = NULL;

    const enum rc got = account_get(call->house->accounts, verb->account, &acct);
    if (got != RC_OK)
        return err_set(err, got, 0, "account %s cannot be opened", verb->name);
    verb->acct = account_store(acct);
    const enum rc rc =
        json_is_true(json_object_get(call->args, "show"))
            ? show(verb, err)
            : complete(verb, json_is_true(json_object_get(call->args, "anew")), err);
    account_put(acct);
    return rc;
}

enum rc
verb_index(const struct verb_call *call, struct err *err)
{
    struct indexing_verb verb = {.call = call};
    const bool shows = json_is_true(json_object_get(call->args, "show"));
    const bool all = shows && verb_text(call, "account") == NULL;
    struct registry_account account;
    int64_t changed_s;
    enum rc rc = RC_OK;

    if (!all)
        rc = verb_account(call, &account, err);
    if (rc != RC_OK)
        return rc;
    if (call->house->indexes == NULL)
        return err_set(err, RC_UNSUPPORTED, 0, "this server uses no indexes: [search] index");
    if (!all) {
        verb.name = account.name;
        verb.account = account.id;
        if (!store_account_is_made(call->house->store, account.id, &changed_s))
            return never_used(&verb, err);
    }
    turn_waiter_init(&verb.waiter);
    rc = all ? show_all(&verb, err) : index_account(&verb, err);
    turn_waiter_done(&verb.waiter);
    return rc;
}
