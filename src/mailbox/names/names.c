/* SPDX-License-Identifier: MIT */
/*
 * CREATE, DELETE, SUBSCRIBE and special uses. Parents that are missing become real mailboxes:
 * Outlook keeps mail in a parent whether or not it can be selected, and loses it in one that
 * cannot.
 *
 * Each apply runs in a savepoint of the turn: what it did before it fails is undone there.
 * Thread: the holder of the turn.
 */
#include "mailbox/names/names_private.h"

#include "base/limits.h"
#include "mailbox/memory/change.h"
#include "mailbox/sharing/acl_op.h"
#include "mailbox/write/quota.h"
#include "syntax/imap/mbox_name.h"

enum { NAME_OP_OCTETS = 4096 }; /* what such a request writes, roughly */

/* ---- refusals ---- */

static const struct {
    enum rc rc;
    const char *text;
} refusals[] = {
    [NAMES_NOT_REFUSED] = {RC_OK, ""},
    [NAMES_ARE_INBOX] = {RC_DENIED, "INBOX is always there"},
    [NAMES_EXIST] = {RC_EXISTS, "a mailbox has this name"},
    [NAMES_ARE_MISSING] = {RC_NOT_FOUND, "no mailbox has this name"},
    [NAMES_HAVE_CHILDREN] = {RC_DENIED, "a name without a mailbox has mailboxes below it"},
    [NAMES_INTO_THEMSELVES] = {RC_DENIED, "a mailbox cannot be put below itself"},
    [NAMES_TOO_LONG] = {RC_DENIED, "a name is too long, too deep or not a name"},
    [NAMES_TOO_MANY] = {RC_LIMIT, "there are too many mailboxes"},
    [NAMES_TOO_MANY_SUBSCRIBED] = {RC_LIMIT, "there are too many subscriptions"},
    [NAMES_USE_IMPOSSIBLE] = {RC_UNSUPPORTED, "no mailbox can have this special use"},
    [NAMES_USE_TAKEN] = {RC_EXISTS, "another mailbox has this special use"},
    [NAMES_USE_UNKNOWN] = {RC_UNSUPPORTED, "there is no such special use"},
    [NAMES_METADATA_TOO_MANY] = {RC_LIMIT, "there are too many entries of metadata"},
    [NAMES_METADATA_TOO_LARGE] = {RC_LIMIT, "the account's metadata would be too large"},
};

enum rc
names_refuse(enum names_refusal *refusal_out, enum names_refusal refusal, struct err *err)
{
    *refusal_out = refusal;
    return err_set(err, refusals[refusal].rc, 0, "%s", refusals[refusal].text);
}

enum rc
names_check(struct span name, enum names_refusal *refusal_out, struct err *err)
{
    if (mbox_name_check(name) != NULL)
        return names_refuse(refusal_out, NAMES_TOO_LONG, err);
    return RC_OK;
}

/* ---- rows below a name ---- */

/* Rows are in octet order, in which names with one prefix are neighbours. */
static size_t
lower_bound(const struct mbox_row *rows, size_t count, struct span name)
{
    size_t low = 0;

    while (low < count) {
        const size_t mid = low + (count - low) / 2;
        if (span_cmp(rows[mid].name, name) < 0)
            low = mid + 1;
        else
            count = mid;
    }
    return low;
}

enum rc
names_below(struct store_tx *tx, struct arena *arena, struct span name,
            struct mbox_row **first_out, size_t *count_out, struct err *err)
{
    struct mbox_row *rows;
    size_t count;
    char *prefix = arena_printf(arena, "%.*s%c", SPAN_FMT(name), MBOX_DELIMITER);

    if (prefix == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    const enum rc rc = store_mbox_list(tx, arena, &rows, &count, err);
    if (rc != RC_OK)
        return rc;
    const size_t first = lower_bound(rows, count, span_of_str(prefix));
    size_t past = first;
    while (past < count && mbox_name_is_below(rows[past].name, name))
        past++;
    *first_out = rows + first;
    *count_out = past - first;
    return RC_OK;
}

/* ---- special uses ---- */

/* Store and wire number them differently; this is the only place that knows both. */
static const struct {
    uint32_t store;
    unsigned wire;
} uses[] = {
    {USE_ALL, IMAP_USE_ALL},       {USE_ARCHIVE, IMAP_USE_ARCHIVE},
    {USE_DRAFTS, IMAP_USE_DRAFTS}, {USE_FLAGGED, IMAP_USE_FLAGGED},
    {USE_JUNK, IMAP_USE_JUNK},     {USE_SENT, IMAP_USE_SENT},
    {USE_TRASH, IMAP_USE_TRASH},   {USE_IMPORTANT, IMAP_USE_IMPORTANT},
};

uint32_t
names_use_of_wire(unsigned imap_uses)
{
    uint32_t result = 0;

    for (size_t i = 0; i < ARRAY_LEN(uses); i++)
        if ((imap_uses & uses[i].wire) != 0)
            result |= uses[i].store;
    return result;
}

unsigned
names_use_to_wire(uint32_t special_use)
{
    unsigned result = 0;

    for (size_t i = 0; i < ARRAY_LEN(uses); i++)
        if ((special_use & uses[i].store) != 0)
            result |= uses[i].wire;
    return result;
}

/* RFC 6154 section 3: a use that another mailbox has is refused, not shared. mbox: the one
 * that is to have it; 0: a new one. */
static enum rc
check_use(struct store_tx *tx, struct arena *arena, uint64_t mbox, uint32_t special_use,
          enum names_refusal *refusal_out, struct err *err)
{
    struct mbox_row *rows;
    size_t count;

    if (special_use == 0)
        return RC_OK;
    if ((special_use & (USE_ALL | USE_FLAGGED)) != 0)
        return names_refuse(refusal_out, NAMES_USE_IMPOSSIBLE, err);
    const enum rc rc = store_mbox_list(tx, arena, &rows, &count, err);
    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; i < count; i++)
        if (rows[i].id != mbox && (rows[i].special_use & special_use) != 0)
            return names_refuse(refusal_out, NAMES_USE_TAKEN, err);
    return RC_OK;
}

/* ---- create ---- */

static enum rc
copy_acl(struct turn_ctx *ctx, struct arena *arena, struct span name, uint64_t mbox,
         struct err *err)
{
    const struct span parent = mbox_name_parent(name);
    struct mbox_row above;
    struct acl_row *rows = NULL;
    size_t count = 0;

    if (parent.len == 0)
        return RC_OK;
    enum rc rc = store_mbox_find(ctx->tx, parent, arena, &above, err);
    if (rc == RC_OK)
        rc = store_acl(ctx->tx, above.id, arena, &rows, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        rows[i].mbox = mbox;
        rc = store_acl_set(ctx->tx, &rows[i], err);
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* RFC 4314 section 4: what is made below a mailbox begins with its access control list. */
static enum rc
inherit_acl(struct turn_ctx *ctx, struct arena *arena, struct span name, uint64_t mbox,
            struct err *err)
{
    const enum rc rc = copy_acl(ctx, arena, name, mbox, err);

    return rc == RC_LIMIT && acl_sweep(ctx, arena, NULL) == RC_OK
               ? copy_acl(ctx, arena, name, mbox, err)
               : rc;
}

/* Creates only the mailbox, of which nobody is told yet. */
static enum rc
create_row(struct turn_ctx *ctx, struct arena *arena, struct span name, uint32_t special_use,
           uint64_t *mbox_out, enum names_refusal *refusal_out, struct err *err)
{
    static const struct quota_amounts one = {.of = {[QUOTA_MAILBOX] = 1}};
    uint64_t mbox;

    enum rc rc = store_mbox_create(ctx->tx, name, special_use, &mbox, err);
    if (rc == RC_EXISTS)
        return names_refuse(refusal_out, NAMES_EXIST, err);
    if (rc == RC_LIMIT)
        return names_refuse(refusal_out, NAMES_TOO_MANY, err);
    if (rc == RC_OK)
        rc = quota_allowed(ctx, &one, NULL, err);
    if (rc == RC_QUOTA)
        *refusal_out = NAMES_OVER_QUOTA; /* err says how many there are */
    if (rc == RC_OK)
        rc = inherit_acl(ctx, arena, name, mbox, err);
    if (rc == RC_OK)
        *mbox_out = mbox;
    return rc;
}

static enum rc
create_told(struct turn_ctx *ctx, struct arena *arena, struct span name, uint32_t special_use,
            uint64_t *mbox_out, enum names_refusal *refusal_out, struct err *err)
{
    const enum rc rc = create_row(ctx, arena, name, special_use, mbox_out, refusal_out, err);

    return rc == RC_OK ? change_name(ctx->changes, *mbox_out, NAME_MADE, name, SPAN("")) : rc;
}

enum rc
names_create_parents(struct turn_ctx *ctx, struct arena *arena, struct span name,
                     enum names_refusal *refusal_out, struct err *err)
{
    for (size_t at = 0; at < name.len; at++) {
        struct mbox_row row;
        uint64_t mbox;
        if (name.ptr[at] != MBOX_DELIMITER)
            continue;
        const struct span parent = span_head(name, at);
        enum rc rc = store_mbox_find(ctx->tx, parent, arena, &row, err);
        if (rc == RC_NOT_FOUND)
            rc = create_told(ctx, arena, parent, 0, &mbox, refusal_out, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

enum rc
names_make(struct turn_ctx *ctx, struct arena *arena, struct span name, uint64_t *mbox_out,
           enum names_refusal *refusal_out, struct err *err)
{
    *refusal_out = NAMES_NOT_REFUSED;
    enum rc rc = names_check(name, refusal_out, err);
    if (rc == RC_OK)
        rc = names_create_parents(ctx, arena, name, refusal_out, err);
    if (rc == RC_OK)
        rc = create_row(ctx, arena, name, 0, mbox_out, refusal_out, err);
    return rc;
}

enum rc
names_create(struct turn_ctx *ctx, struct arena *arena, struct span name, uint64_t *mbox_out,
             enum names_refusal *refusal_out, struct err *err)
{
    const enum rc rc = names_make(ctx, arena, name, mbox_out, refusal_out, err);

    return rc == RC_OK ? change_name(ctx->changes, *mbox_out, NAME_MADE, name, SPAN("")) : rc;
}

static enum rc
apply_create(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct names_create_op *op = CONTAINER_OF(req, struct names_create_op, turn);
    struct mbox_row row;

    if (op->exists_ok) {
        const enum rc rc = store_mbox_find(ctx->tx, op->name, op->arena, &row, err);
        if (rc != RC_NOT_FOUND) {
            if (rc == RC_OK) {
                op->mbox = row.id;
                op->object_id = row.object_id;
            }
            return rc;
        }
    }
    if (mbox_name_is_inbox(op->name))
        return names_refuse(&op->refusal, NAMES_ARE_INBOX, err);
    enum rc rc = names_check(op->name, &op->refusal, err);
    if (rc == RC_OK)
        rc = check_use(ctx->tx, op->arena, 0, op->special_use, &op->refusal, err);
    if (rc == RC_OK)
        rc = names_create_parents(ctx, op->arena, op->name, &op->refusal, err);
    if (rc == RC_OK)
        rc = create_told(ctx, op->arena, op->name, op->special_use, &op->mbox, &op->refusal,
                         err);
    if (rc == RC_OK)
        rc = store_mbox_get(ctx->tx, op->mbox, op->arena, &row, err);
    if (rc == RC_OK)
        op->object_id = row.object_id;
    return rc;
}

void
names_create_op_init(struct names_create_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct names_create_op){.arena = arena};
    turn_req_init(&op->turn, apply_create, NAME_OP_OCTETS, wake);
}

/* ---- delete ---- */

/* There is no row: a \Noselect name (RFC 3501 section 6.3.4), or nothing at all. */
static enum rc
refuse_delete(struct names_delete_op *op, struct turn_ctx *ctx, struct err *err)
{
    struct mbox_row *below;
    size_t count;

    const enum rc rc = names_below(ctx->tx, op->arena, op->name, &below, &count, err);
    if (rc != RC_OK)
        return rc;
    return names_refuse(&op->refusal, count > 0 ? NAMES_HAVE_CHILDREN : NAMES_ARE_MISSING, err);
}

static enum rc
apply_delete(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct names_delete_op *op = CONTAINER_OF(req, struct names_delete_op, turn);
    struct mbox_row row;
    struct acl_row *acl;
    size_t acl_count = 0;

    if (mbox_name_is_inbox(op->name))
        return names_refuse(&op->refusal, NAMES_ARE_INBOX, err);
    enum rc rc = store_mbox_find(ctx->tx, op->name, op->arena, &row, err);
    if (rc == RC_NOT_FOUND)
        return refuse_delete(op, ctx, err);
    if (rc == RC_OK)
        rc = store_acl(ctx->tx, row.id, op->arena, &acl, &acl_count, err);
    if (rc == RC_OK)
        rc = store_mbox_delete(ctx->tx, row.id, err);
    if (rc == RC_OK)
        rc = change_mbox_gone(ctx->changes, row.id);
    if (rc == RC_OK)
        rc = change_name(ctx->changes, row.id, NAME_DELETED, op->name, SPAN(""));
    if (rc == RC_OK)
        op->mbox = row.id;
    op->was_shared = acl_count > 0;
    return rc;
}

void
names_delete_op_init(struct names_delete_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct names_delete_op){.arena = arena};
    turn_req_init(&op->turn, apply_delete, NAME_OP_OCTETS, wake);
    op->turn.frees_space = true;
}

/* ---- subscribe ---- */

static enum rc
apply_subscribe(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct names_subscribe_op *op = CONTAINER_OF(req, struct names_subscribe_op, turn);

    enum rc rc = names_check(op->name, &op->refusal, err);
    if (rc != RC_OK)
        return rc;
    rc = op->subscribe ? store_subscribe(ctx->tx, op->name, err)
                       : store_unsubscribe(ctx->tx, op->name, err);
    if (rc == RC_LIMIT)
        return names_refuse(&op->refusal, NAMES_TOO_MANY_SUBSCRIBED, err);
    return rc != RC_OK ? rc
                       : change_name(ctx->changes, 0,
                                     op->subscribe ? NAME_SUBSCRIBED : NAME_UNSUBSCRIBED,
                                     op->name, SPAN(""));
}

void
names_subscribe_op_init(struct names_subscribe_op *op, struct wake wake)
{
    *op = (struct names_subscribe_op){.subscribe = true};
    turn_req_init(&op->turn, apply_subscribe, NAME_OP_OCTETS, wake);
}

/* ---- special use of a mailbox that is there ---- */

const struct span names_use_entry = SPAN_INIT("/private/specialuse");

enum rc
names_use_set(struct turn_ctx *ctx, struct arena *arena, uint64_t mbox, uint32_t special_use,
              enum names_refusal *refusal_out, struct err *err)
{
    const struct metadata_of of = {.mbox = mbox};
    struct mbox_row row;

    enum rc rc = store_mbox_get(ctx->tx, mbox, arena, &row, err);
    if (rc != RC_OK || row.special_use == special_use)
        return rc;
    rc = check_use(ctx->tx, arena, mbox, special_use, refusal_out, err);
    if (rc == RC_OK)
        rc = store_mbox_set_special_use(ctx->tx, mbox, special_use, err);
    if (rc == RC_OK)
        rc = store_metadata_note(ctx->tx, &of, names_use_entry, err);
    if (rc == RC_OK)
        rc = change_metadata(ctx->changes, mbox);
    return rc == RC_OK ? change_mbox_names(ctx->changes, mbox) : rc;
}

static enum rc
apply_use(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct names_use_op *op = CONTAINER_OF(req, struct names_use_op, turn);
    struct mbox_row row;

    enum rc rc = store_mbox_find(ctx->tx, op->name, op->arena, &row, err);
    if (rc == RC_NOT_FOUND)
        return names_refuse(&op->refusal, NAMES_ARE_MISSING, err);
    return rc == RC_OK
               ? names_use_set(ctx, op->arena, row.id, op->special_use, &op->refusal, err)
               : rc;
}

void
names_use_op_init(struct names_use_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct names_use_op){.arena = arena};
    turn_req_init(&op->turn, apply_use, NAME_OP_OCTETS, wake);
}
