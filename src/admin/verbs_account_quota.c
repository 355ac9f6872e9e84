/* SPDX-License-Identifier: MIT */
/*
 * `roost account quota`: shows what accounts hold and may hold, and sets limits of one account.
 *
 *   asker   {"account": NAME, "storage", "messages", "mailboxes": n; 0: no limit; null: the
 *           limit of the configuration; what is not named stays}; without "account", all are
 *           shown
 *   row     {"account": NAME, "storage", "messages", "mailboxes":
 *            {"used": n, "limit": n or null, "own": bool}}
 *           {"account": NAME, "trouble": text}   for an account that cannot be read, if all are
 *                                                shown
 *
 * Limits take effect with the next request of any session.
 */
#include "admin/verbs.h"

#include <stdlib.h>

#include "mailbox/memory/account.h"
#include "mailbox/write/turn_wait.h"
#include "store/registry.h"

static const char *const names[QUOTA_RESOURCES] = {
    [QUOTA_STORAGE] = "storage",
    [QUOTA_MESSAGE] = "messages",
    [QUOTA_MAILBOX] = "mailboxes",
};

/* ---- showing ---- */

static enum rc
usage_read(struct store_account *store, struct quota_amounts *out, struct err *err)
{
    struct turn_waiter waiter;
    AUTO_TX tx = NULL;
    enum rc rc;

    turn_waiter_init(&waiter);
    while ((rc = store_read_begin(store, turn_waiter_wake(&waiter), &tx, err)) == RC_AGAIN)
        turn_waiter_sleep(&waiter);
    if (rc == RC_OK)
        rc = store_usage(tx, out, err);
    turn_waiter_done(&waiter);
    return rc;
}

/* An account that was never used holds nothing, and is not created for this. */
static enum rc
usage_of(const struct verb_call *call, uint64_t id, struct quota_amounts *out, struct err *err)
{
    struct account *acct = NULL;
    int64_t changed_s;

    *out = (struct quota_amounts){.of = {0}};
    if (!store_account_is_made(call->house->store, id, &changed_s))
        return RC_OK;
    enum rc rc = account_get(call->house->accounts, id, &acct);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "account %ju cannot be opened", (uintmax_t)id);
    rc = usage_read(account_store(acct), out, err);
    account_put(acct);
    return rc;
}

/* NULL: no memory. */
static json_t *
amount_json(uint64_t used, uint64_t limit, uint64_t own)
{
    return json_pack("{sI, sb, so}", "used", (json_int_t)used, "own", own != QUOTA_CONFIGURED,
                     "limit",
                     limit == QUOTA_UNLIMITED ? json_null() : json_integer((json_int_t)limit));
}

static enum rc
row_give(const struct verb_call *call, const struct registry_account *account,
         const struct quota_amounts *used, struct err *err)
{
    struct quota_amounts limits;

    accounts_quota(call->house->accounts, account, &limits);
    json_t *row = json_pack("{ss}", "account", account->name);
    bool whole = row != NULL;
    for (unsigned i = 0; whole && i < QUOTA_RESOURCES; i++)
        whole = json_object_set_new(
                    row, names[i],
                    amount_json(used->of[i], limits.of[i], account->quota.of[i])) == 0;
    if (whole)
        return call->io->row(call->io->ctx, row, SPAN(""), err);
    json_decref(row);
    return err_set(err, RC_LIMIT, 0, "no memory for a row");
}

static enum rc
trouble_give(const struct verb_call *call, const struct registry_account *account,
             const struct err *why, struct err *err)
{
    json_t *row = json_pack("{ss, ss%}", "account", account->name, "trouble", why->text,
                            strlen(why->text));
    if (row == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a row");
    return call->io->row(call->io->ctx, row, SPAN(""), err);
}

static enum rc
show(const struct verb_call *call, const struct registry_account *account, struct err *err)
{
    struct quota_amounts used;
    const enum rc rc = usage_of(call, account->id, &used, err);

    return rc == RC_OK ? row_give(call, account, &used, err) : rc;
}

/* An account that cannot be read does not hide the others; one that was removed meanwhile is
 * skipped. */
static enum rc
show_next(const struct verb_call *call, const struct registry_account *account, struct err *err)
{
    struct quota_amounts used;
    struct err why = {.rc = RC_OK};
    const enum rc rc = usage_of(call, account->id, &used, &why);

    if (rc == RC_NOT_FOUND)
        return RC_OK;
    return rc == RC_OK ? row_give(call, account, &used, err)
                       : trouble_give(call, account, &why, err);
}

/* ---- setting ---- */

static enum rc
limits_take(const json_t *args, struct quota_amounts *quota, bool *any_out, struct err *err)
{
    *any_out = false;
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++) {
        const json_t *limit = json_object_get(args, names[i]);
        const json_int_t number = json_integer_value(limit);
        if (limit == NULL)
            continue;
        if (!json_is_null(limit) && (!json_is_integer(limit) || number < 0))
            return err_set(err, RC_INVALID, 0, "%s: that is not a limit", names[i]);
        *any_out = true;
        quota->of[i] = json_is_null(limit) ? QUOTA_CONFIGURED
                       : number == 0       ? QUOTA_UNLIMITED
                                           : (uint64_t)number;
    }
    return RC_OK;
}

enum rc
verb_account_quota(const struct verb_call *call, struct err *err)
{
    struct registry_account account;
    bool any = false;

    if (verb_text(call, "account") == NULL)
        return verb_each_account(call, show_next, err);
    enum rc rc = verb_account(call, &account, err);
    if (rc == RC_OK)
        rc = limits_take(call->args, &account.quota, &any, err);
    if (rc == RC_OK && any)
        rc = registry_set_quota(call->house->registry, account.id, &account.quota, err);
    return rc == RC_OK ? show(call, &account, err) : rc;
}
