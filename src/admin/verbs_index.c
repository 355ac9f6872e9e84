/* SPDX-License-Identifier: MIT */
/*
 * `roost index`: completes the index of an account, makes it anew, or shows what it has.
 *
 *   asker   {"account": NAME, "anew": bool, "show": bool}
 *   rows    {"done": n, "of": n}         some times a second, ids of messages
 *           {"anew": text}               why it was made anew
 *           {"account": NAME, "exists": bool, "messages", "behind", "dead", "octets",
 *            "text_octets", "added", "unsure": n}   at the end; with show, not the last two
 *
 * In a running server, searches use the index meanwhile, and its background thread leaves this
 * account alone.
 */
#include "admin/verbs.h"

#include <time.h>

#include "mailbox/memory/account.h"
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
        .indexes = verb->call->house->indexes, .acct = verb->acct, .rng = &rng_system};
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

enum rc
verb_index(const struct verb_call *call, struct err *err)
{
    struct indexing_verb verb = {.call = call};
    struct registry_account account;
    struct account *acct = NULL;
    int64_t changed_s;

    enum rc rc = verb_account(call, &account, err);
    if (rc != RC_OK)
        return rc;
    if (call->house->indexes == NULL)
        return err_set(err, RC_UNSUPPORTED, 0, "this server uses no indexes: [search] index");
    verb.name = account.name;
    if (!store_account_is_made(call->house->store, account.id, &changed_s))
        return never_used(&verb, err);
    rc = account_get(call->house->accounts, account.id, &acct);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "account %s cannot be opened", account.name);
    verb.acct = account_store(acct);
    turn_waiter_init(&verb.waiter);
    rc = json_is_true(json_object_get(call->args, "show"))
             ? show(&verb, err)
             : complete(&verb, json_is_true(json_object_get(call->args, "anew")), err);
    turn_waiter_done(&verb.waiter);
    account_put(acct);
    return rc;
}
