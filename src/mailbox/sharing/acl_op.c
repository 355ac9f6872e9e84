/* SPDX-License-Identifier: MIT */
/* See the header. Thread: the holder of the turn. */
#include "mailbox/sharing/acl_op.h"

#include <stdlib.h>

#include "mailbox/account_private.h"
#include "store/removed.h"
#include "store/sharing.h"

enum { ACL_OP_OCTETS = 4096 }; /* what such a request writes, roughly */

static int
compare_shares(const void *left, const void *right)
{
    const struct registry_share *a = left;
    const struct registry_share *b = right;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return a->who < b->who ? -1 : a->who > b->who;
}

/* Sorts identifiers and removes what is there twice. Returns how many are left. */
static size_t
each_once(struct registry_share *shares, size_t count)
{
    size_t kept = 0;

    if (count > 1)
        qsort(shares, count, sizeof *shares, compare_shares);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_shares(&shares[kept - 1], &shares[i]) != 0)
            shares[kept++] = shares[i];
    return kept;
}

/* ---- what is left of accounts and groups ---- */

/* Whether the account with this number neither exists nor can be brought back. */
static enum rc
account_is_gone(struct registry *registry, uint64_t id, bool *gone_out, struct err *err)
{
    struct registry_account account;
    struct registry_removed removed;
    size_t count = 0;

    enum rc rc = registry_find_id(registry, id, &account, err);
    if (rc != RC_NOT_FOUND)
        return rc;
    rc = registry_removed_list(registry, id - 1, 1, &removed, &count, err);
    if (rc != RC_OK || (count != 0 && removed.id == id && !removed.purging))
        return rc;
    rc = registry_find_id(registry, id, &account, err); /* it may just have been brought back */
    *gone_out = rc == RC_NOT_FOUND;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
group_is_gone(struct registry *registry, uint64_t id, bool *gone_out, struct err *err)
{
    struct registry_group group;
    const enum rc rc = registry_group_get(registry, id, &group, err);

    *gone_out = rc == RC_NOT_FOUND;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
is_gone(struct registry *registry, const struct registry_share *share, bool *gone_out,
        struct err *err)
{
    *gone_out = false;
    switch (share->kind) {
    case ACL_ANYONE:
        break;
    case ACL_ACCOUNT:
        return account_is_gone(registry, share->who, gone_out, err);
    case ACL_GROUP:
        return group_is_gone(registry, share->who, gone_out, err);
    }
    return RC_OK;
}

/* Of the rows' identifiers, those that are gone, in arena. */
static enum rc
find_gone(struct registry *registry, const struct acl_row *rows, size_t count,
          struct arena *arena, struct registry_share **out, size_t *count_out, struct err *err)
{
    struct registry_share *shares = arena_array(arena, struct registry_share, count + 1);
    size_t used = 0;
    enum rc rc = RC_OK;

    if (shares == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < count; i++)
        shares[i] = (struct registry_share){rows[i].kind, rows[i].who};
    count = each_once(shares, count);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        bool gone = false;
        rc = is_gone(registry, &shares[i], &gone, err);
        if (gone)
            shares[used++] = shares[i];
    }
    *out = shares;
    *count_out = used;
    return rc;
}

enum rc
acl_sweep(struct turn_ctx *ctx, struct arena *arena, struct err *err)
{
    struct registry *registry = ctx->acct->accounts->registry;
    struct registry_share *gone = NULL;
    struct acl_row *rows = NULL;
    size_t gone_count = 0;
    size_t count = 0;
    uint64_t changed = 0; /* the mailbox that was changed last: those of one are neighbours */

    if (registry == NULL)
        return RC_NOT_FOUND;
    enum rc rc = store_acl(ctx->tx, 0, arena, &rows, &count, err);
    if (rc == RC_OK)
        rc = find_gone(registry, rows, count, arena, &gone, &gone_count, err);
    if (rc == RC_OK && gone_count == 0)
        rc = RC_NOT_FOUND;
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        const struct registry_share share = {rows[i].kind, rows[i].who};
        if (bsearch(&share, gone, gone_count, sizeof *gone, compare_shares) == NULL)
            continue;
        rows[i].rights = 0;
        rc = store_acl_set(ctx->tx, &rows[i], err);
        if (rc == RC_OK && changed != rows[i].mbox)
            rc = change_acl(ctx->changes, rows[i].mbox);
        changed = rows[i].mbox;
    }
    return rc;
}

/* ---- lists ---- */

static struct acl_row *
row_of(struct acl_row *rows, size_t count, const struct acl_op *op)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == op->kind && rows[i].who == op->who &&
            rows[i].negative == op->negative)
            return &rows[i];
    return NULL;
}

static enum rc
note_share(const struct acl_op *op, const struct turn_ctx *ctx, struct err *err)
{
    struct registry *registry = ctx->acct->accounts->registry;
    const struct registry_share share = {op->kind, op->who};

    if (op->negative || registry == NULL)
        return RC_OK;
    const enum rc rc = registry_share_note(registry, ctx->acct->id, &share, err);
    return rc == RC_CORRUPT /* which does not make this account damaged */
               ? err_set(err, RC_IO, 0, "the registry, which has the shares, is damaged")
               : rc;
}

static enum rc
acl_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct acl_op *op = CONTAINER_OF(req, struct acl_op, turn);
    struct acl_row *rows = NULL;
    size_t count = 0;
    struct mbox_row mbox;

    enum rc rc = store_mbox_find(ctx->tx, op->name, op->arena, &mbox, err);
    if (rc == RC_OK)
        rc = store_acl(ctx->tx, mbox.id, op->arena, &rows, &count, err);
    if (rc != RC_OK)
        return rc;
    const struct acl_row *old = row_of(rows, count, op);
    const uint32_t before = old == NULL ? 0 : old->rights;
    const struct acl_row row = {
        .mbox = mbox.id,
        .kind = op->kind,
        .who = op->who,
        .negative = op->negative,
        .rights = rights_changed(before, &op->change),
    };
    if (row.rights == before)
        return RC_OK;
    if (row.rights != 0)
        rc = note_share(op, ctx, err);
    if (rc == RC_OK)
        rc = store_acl_set(ctx->tx, &row, err);
    if (rc == RC_LIMIT && acl_sweep(ctx, op->arena, NULL) == RC_OK)
        rc = store_acl_set(ctx->tx, &row, err);
    if (rc == RC_OK)
        rc = change_acl(ctx->changes, mbox.id);
    if (rc == RC_OK)
        op->took = row.rights == 0 && !op->negative;
    return rc;
}

void
acl_op_init(struct acl_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct acl_op){.arena = arena};
    turn_req_init(&op->turn, acl_apply, ACL_OP_OCTETS, wake);
}

/* ---- the index ---- */

/* Those of the rows, each once. */
static size_t
shares_of(const struct acl_row *rows, size_t count, struct registry_share *shares)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++)
        if (!rows[i].negative)
            shares[used++] = (struct registry_share){rows[i].kind, rows[i].who};
    return each_once(shares, used);
}

/* What this batch has taken away may yet come back, if its commit fails: so the index keeps
 * what is on disk, besides what the transaction has. */
static enum rc
settle(const struct acl_settle_op *op, struct turn_ctx *ctx, struct registry *registry)
{
    AUTO_TX stored = NULL;
    struct acl_row *before = NULL;
    struct acl_row *now = NULL;
    size_t before_count = 0;
    size_t now_count = 0;

    enum rc rc = store_read_begin(ctx->acct->store, op->turn.wake, &stored, NULL);
    if (rc == RC_OK)
        rc = store_acl(stored, 0, op->arena, &before, &before_count, NULL);
    if (rc == RC_OK)
        rc = store_acl(ctx->tx, 0, op->arena, &now, &now_count, NULL);
    if (rc != RC_OK)
        return rc;
    const size_t most = before_count + now_count;
    struct acl_row *all = arena_array(op->arena, struct acl_row, most + 1);
    struct registry_share *shares = arena_array(op->arena, struct registry_share, most + 1);
    if (all == NULL || shares == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < most; i++)
        all[i] = i < before_count ? before[i] : now[i - before_count];
    return registry_share_settle(registry, ctx->acct->id, shares, shares_of(all, most, shares),
                                 NULL);
}

static enum rc
settle_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    const struct acl_settle_op *op = CONTAINER_OF(req, struct acl_settle_op, turn);
    struct registry *registry = ctx->acct->accounts->registry;

    (void)err;
    if (registry != NULL)
        (void)!settle(op, ctx, registry); /* too much in the index does no harm */
    return RC_OK;
}

void
acl_settle_op_init(struct acl_settle_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct acl_settle_op){.arena = arena};
    turn_req_init(&op->turn, settle_apply, ACL_OP_OCTETS, wake);
}
