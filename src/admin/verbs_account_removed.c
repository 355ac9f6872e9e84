/* SPDX-License-Identifier: MIT */
/*
 * Removing and restoring accounts, and listing those that can be restored. Removing an account
 * makes it unusable and tells its sessions to end. Its mail stays until housekeeping finds
 * that the time of `[store] undelete` is over. Only with "for_good", or if that time is 0,
 * does the verb itself delete the mail.
 */
#include "admin/verbs.h"

#include <stdlib.h>
#include <time.h>

#include "mailbox/memory/account.h"
#include "store/removed.h"

enum { LIST_BATCH = 100, FORGET_TRIES = 500, FORGET_WAIT_MS = 10 };

/* ---- remove ---- */

/* Deletes the account's mail once its last session has released it. */
static enum rc
account_purge(const struct verb_call *call, const struct registry_account *account,
              struct err *err)
{
    const struct verb_house *house = call->house;
    const struct timespec pause = {.tv_nsec = FORGET_WAIT_MS * 1000000L};
    enum rc rc = RC_BUSY;

    for (int i = 0; rc == RC_BUSY && i < FORGET_TRIES; i++) {
        if (i > 0)
            nanosleep(&pause, NULL);
        rc = accounts_forget(house->accounts, account->id);
        if (rc == RC_OK)
            rc = removed_purge(house->registry, house->store, account->id, err);
    }
    if (rc != RC_BUSY)
        return rc;
    /* Housekeeping will continue it. */
    rc = registry_purge_begin(house->registry, account->id, err);
    return rc != RC_OK ? rc
                       : err_set(err, RC_BUSY, 0,
                                 "%s was removed, but a session still uses its mail, which "
                                 "is deleted when the session ends",
                                 account->name);
}

/* Reports what happens to the mail: until when it is kept, or (no "until") that it was
 * deleted. */
static enum rc
remove_tell(const struct verb_call *call, const char *name, bool is_kept, struct err *err)
{
    const int64_t until_s = clock_wall_s(call->house->clock) + call->house->undelete_s;
    json_t *json = is_kept
                       ? json_pack("{ss, sI}", "removed", name, "until", (json_int_t)until_s)
                       : json_pack("{ss}", "removed", name);

    return json == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                        : call->io->row(call->io->ctx, json, SPAN(""), err);
}

enum rc
verb_account_remove(const struct verb_call *call, struct err *err)
{
    const bool is_kept =
        !json_is_true(json_object_get(call->args, "for_good")) && call->house->undelete_s > 0;
    struct registry_account account;

    enum rc rc = verb_account(call, &account, err);
    if (rc == RC_OK)
        rc = registry_remove(call->house->registry, account.id, err);
    if (rc != RC_OK)
        return rc;
    verb_tell_sessions(call, account.id, POST_ACCOUNT_REMOVED);
    accounts_tell_removed(call->house->accounts, account.id);
    if (!is_kept)
        rc = account_purge(call, &account, err);
    return rc == RC_OK ? remove_tell(call, account.name, is_kept, err) : rc;
}

/* ---- list ---- */

/* Calls `each` for all accounts that can be restored, until it fails. */
static enum rc
removed_walk(const struct verb_call *call,
             enum rc (*each)(const struct registry_removed *row, void *ctx, struct err *err),
             void *ctx, struct err *err)
{
    struct registry_removed *rows = calloc(LIST_BATCH, sizeof *rows);
    enum rc rc = rows == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;
    size_t count = LIST_BATCH;
    uint64_t after = 0;

    while (rc == RC_OK && count == LIST_BATCH) {
        rc = registry_removed_list(call->house->registry, after, LIST_BATCH, rows, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
            after = rows[i].id;
            if (!rows[i].purging)
                rc = each(&rows[i], ctx, err);
        }
    }
    free(rows);
    return rc;
}

static enum rc
removed_tell(const struct registry_removed *row, void *ctx, struct err *err)
{
    const struct verb_call *call = ctx;
    const int64_t until_s = row->removed_s + call->house->undelete_s;
    json_t *json =
        json_pack("{sI, ss, sI, sI}", "id", (json_int_t)row->id, "account", row->name,
                  "removed", (json_int_t)row->removed_s, "until", (json_int_t)until_s);

    return json == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                        : call->io->row(call->io->ctx, json, SPAN(""), err);
}

enum rc
verb_account_removed(const struct verb_call *call, struct err *err)
{
    struct verb_call copy = *call;

    return removed_walk(call, removed_tell, &copy, err);
}

/* ---- restore ---- */

/* The account to be restored, given by name or by name and number. */
struct wanted {
    const char *name;
    uint64_t id; /* 0: any */
    uint64_t found;
    unsigned count;
};

static enum rc
wanted_look(const struct registry_removed *row, void *ctx, struct err *err)
{
    struct wanted *wanted = ctx;

    (void)err;
    if (!span_ieq_str(span_of_str(row->name), wanted->name) ||
        (wanted->id != 0 && wanted->id != row->id))
        return RC_OK;
    wanted->found = row->id;
    wanted->count++;
    return RC_OK;
}

static enum rc
wanted_find(const struct verb_call *call, uint64_t *id_out, struct err *err)
{
    struct wanted wanted = {
        .name = verb_text(call, "account"),
        .id = (uint64_t)json_integer_value(json_object_get(call->args, "id"))};

    if (wanted.name == NULL)
        return err_set(err, RC_INVALID, 0, "no account was named");
    const enum rc rc = removed_walk(call, wanted_look, &wanted, err);
    if (rc != RC_OK)
        return rc;
    if (wanted.count == 0)
        return err_set(err, RC_NOT_FOUND, 0, "no removed account \"%.100s\" can be restored%s",
                       wanted.name, wanted.id != 0 ? " under this number" : "");
    if (wanted.count > 1)
        return err_set(err, RC_EXISTS, 0,
                       "%u removed accounts had the name \"%.100s\": choose one with --id; "
                       "`roost account list --removed` shows them",
                       wanted.count, wanted.name);
    *id_out = wanted.found;
    return RC_OK;
}

static enum rc
taken_tell(const struct verb_call *call, const struct span *taken, size_t count,
           struct err *err)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        json_t *row = json_pack("{ss%}", "alias_lost", taken[i].ptr, taken[i].len);
        rc = row == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                         : call->io->row(call->io->ctx, row, SPAN(""), err);
    }
    return rc;
}

enum rc
verb_account_restore(const struct verb_call *call, struct err *err)
{
    const char *as = verb_text(call, "as");
    struct span *taken = NULL;
    size_t count = 0;
    uint64_t id = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    enum rc rc = wanted_find(call, &id, err);
    if (rc == RC_OK)
        rc = registry_restore(call->house->registry, id, span_of_str(as == NULL ? "" : as),
                              &arena, &taken, &count, err);
    if (rc == RC_EXISTS)
        return err_prefix(err, rc, "give it another name with --as");
    return rc == RC_OK ? taken_tell(call, taken, count, err) : rc;
}
