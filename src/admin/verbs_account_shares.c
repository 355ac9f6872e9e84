/* SPDX-License-Identifier: MIT */
/*
 * `roost account shares`: shows what an account shares with whom, and rebuilds the registry's
 * index of that from the accounts' own lists (INV-S23).
 *
 *   asker   {"account": NAME}
 *   row     {"mailbox": NAME, "identifier": NAME, "rights": LETTERS}
 *   asker   {"rebuild": true}
 */
#include "admin/verbs.h"

#include <stdio.h>

#include "mailbox/memory/account.h"
#include "mailbox/sharing/acl_op.h"
#include "mailbox/write/turn_wait.h"
#include "store/sharing.h"

enum { ACL_ARENA = 64 << 20, IDENTIFIER_OCTETS = 8 + REGISTRY_NAME_OCTETS };

/* ---- showing ---- */

static enum rc
read_begin(struct account *acct, struct store_tx **tx_out, struct err *err)
{
    struct turn_waiter waiter;
    enum rc rc;

    turn_waiter_init(&waiter);
    while ((rc = store_read_begin(account_store(acct), turn_waiter_wake(&waiter), tx_out,
                                  err)) == RC_AGAIN)
        turn_waiter_sleep(&waiter);
    turn_waiter_done(&waiter);
    return rc;
}

/* The identifier as clients see it. An account or group that is gone is shown by its number. */
static enum rc
identifier_put(const struct verb_call *call, const struct acl_row *row,
               char out[IDENTIFIER_OCTETS], struct err *err)
{
    struct registry_account account;
    struct registry_group group;
    const char *minus = row->negative ? "-" : "";
    enum rc rc = RC_OK;

    snprintf(out, IDENTIFIER_OCTETS, "%sanyone", minus);
    if (row->kind == ACL_ACCOUNT) {
        rc = registry_find_id(call->house->registry, row->who, &account, err);
        snprintf(out, IDENTIFIER_OCTETS, "%s%s", minus, rc == RC_OK ? account.name : "");
    } else if (row->kind == ACL_GROUP) {
        rc = registry_group_get(call->house->registry, row->who, &group, err);
        snprintf(out, IDENTIFIER_OCTETS, "%sgroup:%s", minus, rc == RC_OK ? group.name : "");
    }
    if (rc == RC_NOT_FOUND)
        snprintf(out, IDENTIFIER_OCTETS, "%s#%ju", minus, (uintmax_t)row->who);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
row_show(const struct verb_call *call, struct span mailbox, const struct acl_row *row,
         struct err *err)
{
    const struct rights_text rights = rights_write(row->rights);
    char identifier[IDENTIFIER_OCTETS];

    const enum rc rc = identifier_put(call, row, identifier, err);
    if (rc != RC_OK)
        return rc;
    json_t *json =
        json_pack("{ss%, ss, ss%}", "mailbox", mailbox.ptr, mailbox.len, "identifier",
                  identifier, "rights", rights.text, (size_t)rights.len);
    return json == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                        : call->io->row(call->io->ctx, json, SPAN(""), err);
}

static enum rc
account_show(const struct verb_call *call, struct account *acct, struct err *err)
{
    struct mbox_row *mailboxes = NULL;
    struct acl_row *rows = NULL;
    size_t mailbox_count = 0;
    size_t count = 0;
    AUTO_ARENA arena = {0};
    AUTO_TX tx = NULL;

    arena_init(&arena, ACL_ARENA);
    enum rc rc = read_begin(acct, &tx, err);
    if (rc == RC_OK)
        rc = store_mbox_list(tx, &arena, &mailboxes, &mailbox_count, err);
    if (rc == RC_OK)
        rc = store_acl(tx, 0, &arena, &rows, &count, err);
    store_end(tx);
    tx = NULL;
    for (size_t i = 0; i < mailbox_count; i++)
        for (size_t k = 0; rc == RC_OK && k < count; k++)
            if (rows[k].mbox == mailboxes[i].id)
                rc = row_show(call, mailboxes[i].name, &rows[k], err);
    return rc;
}

/* ---- rebuilding ---- */

static enum rc
account_settle(struct account *acct, struct err *err)
{
    struct turn_waiter waiter;
    struct acl_settle_op op;
    AUTO_ARENA arena = {0};

    arena_init(&arena, ACL_ARENA);
    turn_waiter_init(&waiter);
    acl_settle_op_init(&op, &arena, turn_waiter_wake(&waiter));
    turn_run_wait(acct, &op.turn, &waiter);
    turn_waiter_done(&waiter);
    if (op.turn.result != RC_OK && err != NULL)
        *err = op.turn.err;
    return op.turn.result;
}

/* An account that was never used shares nothing, and is not created for this. */
static enum rc
with_account(const struct verb_call *call, const struct registry_account *row,
             enum rc (*fn)(const struct verb_call *call, struct account *acct, struct err *err),
             struct err *err)
{
    struct account *acct = NULL;
    int64_t changed_s;

    if (!store_account_is_made(call->house->store, row->id, &changed_s))
        return RC_OK;
    enum rc rc = account_get(call->house->accounts, row->id, &acct);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_OK
                                  : err_set(err, rc, 0, "%s cannot be opened", row->name);
    rc = fn(call, acct, err);
    account_put(acct);
    return rc;
}

static enum rc
settle_one(const struct verb_call *call, struct account *acct, struct err *err)
{
    (void)call;
    return account_settle(acct, err);
}

static enum rc
rebuild_next(const struct verb_call *call, const struct registry_account *row, struct err *err)
{
    return with_account(call, row, settle_one, err);
}

enum rc
verb_account_shares(const struct verb_call *call, struct err *err)
{
    struct registry_account account;

    if (json_is_true(json_object_get(call->args, "rebuild")))
        return verb_each_account(call, rebuild_next, err);
    const enum rc rc = verb_account(call, &account, err);
    return rc == RC_OK ? with_account(call, &account, account_show, err) : rc;
}
