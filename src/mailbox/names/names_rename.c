/* SPDX-License-Identifier: MIT */
/*
 * RENAME (RFC 3501 section 6.3.5). A tree is renamed row by row, parents first: identity is the
 * row, so sessions that have one of them selected stay where they are. Parents first also makes
 * `RENAME a/b a` safe where a new name is the old one of a deeper row: it is free by then.
 * Any conflict undoes all (the request's savepoint).
 *
 * Thread: the holder of the turn.
 */
#include "mailbox/names/names_private.h"

#include "base/limits.h"
#include "mailbox/memory/change.h"
#include "syntax/imap/mbox_name.h"

enum { RENAME_OCTETS = 64 << 10, MOVE_BATCH = 5000, MOVE_ARENA = 8 << 20 };

/* ---- subscriptions ---- */

/* Those of the account before the rename, in octet order. */
struct subscribed {
    struct span *names;
    size_t count;
};

/* The owner's subscriptions must not grow with every rename by somebody else, so the new name
 * replaces the old one (docs/protocol.md H-10). */
static enum rc
subscription_ends(struct turn_ctx *ctx, struct span name, struct err *err)
{
    const enum rc rc = store_unsubscribe(ctx->tx, name, err);

    return rc != RC_OK ? rc : change_name(ctx->changes, 0, NAME_UNSUBSCRIBED, name, SPAN(""));
}

/* Clients show subscribed mailboxes only: one that was shown stays so under its new name. The
 * old name stays subscribed, for the server may not take it off by itself (RFC 3501
 * section 6.3.9). */
static enum rc
subscription_follows(struct names_rename_op *op, struct turn_ctx *ctx, struct span name,
                     struct err *err)
{
    const struct span rest = span_tail(name, op->from.len); /* "" or "/below" */
    const char *to = arena_printf(op->arena, "%.*s%.*s", SPAN_FMT(op->to), SPAN_FMT(rest));

    if (to == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    const enum rc rc = store_subscribe(ctx->tx, span_of_str(to), err);
    if (rc == RC_LIMIT)
        return names_refuse(&op->refusal, NAMES_TOO_MANY_SUBSCRIBED, err);
    return rc != RC_OK
               ? rc
               : change_name(ctx->changes, 0, NAME_SUBSCRIBED, span_of_str(to), SPAN(""));
}

/* How a name stands to what begins with `top` and the delimiter: before it, or not. */
static bool
is_before_below(struct span name, struct span top)
{
    const int order = span_cmp(span_head(name, top.len), top);

    if (order != 0)
        return order < 0;
    return name.len == top.len || (unsigned char)name.ptr[top.len] < MBOX_DELIMITER;
}

/* Whether a subscribed name is that of a mailbox among the rows, which are in octet order, or
 * of a level above one: a level that is not a mailbox has a name all the same. */
static bool
is_level(const struct mbox_row *rows, size_t count, struct span name)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (span_eq(rows[mid].name, name))
            return true;
        if (is_before_below(rows[mid].name, name))
            low = mid + 1;
        else
            high = mid;
    }
    return low < count && mbox_name_is_below(rows[low].name, name);
}

/* Whether name is what is renamed, or something below it. */
static bool
is_renamed(const struct names_rename_op *op, const struct mbox_row *below, size_t count,
           struct span name)
{
    return span_eq(name, op->from) ||
           (mbox_name_is_below(name, op->from) && is_level(below, count, name));
}

/* below: the rows below op->from as they were. */
static enum rc
subscriptions_follow(struct names_rename_op *op, struct turn_ctx *ctx,
                     const struct subscribed *subscribed, const struct mbox_row *below,
                     size_t count, struct err *err)
{
    const bool is_guest = op->turn.permit.account != 0;
    const struct span *names = subscribed->names;
    enum rc rc = RC_OK;

    /* All of these come first, because the old name of one can be the new name of another. */
    for (size_t i = 0; is_guest && rc == RC_OK && i < subscribed->count; i++)
        if (is_renamed(op, below, count, names[i]))
            rc = subscription_ends(ctx, names[i], err);
    for (size_t i = 0; rc == RC_OK && i < subscribed->count; i++)
        if (is_renamed(op, below, count, names[i]))
            rc = subscription_follows(op, ctx, names[i], err);
    return rc;
}

/* ---- trees ---- */

static enum rc
rename_row(struct names_rename_op *op, struct turn_ctx *ctx, const struct mbox_row *row,
           struct err *err)
{
    const struct span rest = span_tail(row->name, op->from.len); /* "" or "/below" */
    const char *name = arena_printf(op->arena, "%.*s%.*s", SPAN_FMT(op->to), SPAN_FMT(rest));

    if (name == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    enum rc rc = names_check(span_of_str(name), &op->refusal, err);
    if (rc == RC_OK)
        rc = store_mbox_rename(ctx->tx, row->id, span_of_str(name), err);
    if (rc == RC_EXISTS)
        return names_refuse(&op->refusal, NAMES_EXIST, err);
    if (rc == RC_OK)
        rc = change_mbox_names(ctx->changes, row->id);
    return rc;
}

static enum rc
rename_tree(struct names_rename_op *op, struct turn_ctx *ctx,
            const struct subscribed *subscribed, struct err *err)
{
    struct mbox_row top;
    struct mbox_row *below;
    size_t count;

    const enum rc found = store_mbox_find(ctx->tx, op->from, op->arena, &top, err);
    if (found != RC_OK && found != RC_NOT_FOUND)
        return found;
    enum rc rc = names_below(ctx->tx, op->arena, op->from, &below, &count, err);
    if (rc != RC_OK)
        return rc;
    if (found == RC_NOT_FOUND && count == 0)
        return names_refuse(&op->refusal, NAMES_ARE_MISSING, err);

    if (found == RC_OK)
        rc = rename_row(op, ctx, &top, err);
    if (rc ==
        RC_OK) /* one change of a name, although it has many names (RFC 5465 section 5.4) */
        rc = change_name(ctx->changes, found == RC_OK ? top.id : 0, NAME_RENAMED, op->to,
                         op->from);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = rename_row(op, ctx, &below[i], err);
    return rc == RC_OK ? subscriptions_follow(op, ctx, subscribed, below, count, err) : rc;
}

/* The new mailbox has no keywords but those that came with the messages just moved. */
static enum rc
report_keywords(struct turn_ctx *ctx, struct arena *arena, uint64_t mbox, struct err *err)
{
    struct span *names;
    size_t count;

    enum rc rc = store_keywords(ctx->tx, mbox, arena, &names, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = change_keyword(ctx->changes, mbox, (uint32_t)i, names[i]);
    return rc;
}

static enum rc
move_run(struct turn_ctx *ctx, struct arena *arena, uint64_t from, uint64_t to,
         const struct uid_run *run, struct err *err)
{
    const struct copy_req req = {
        .from = from, .to = to, .runs = run, .run_count = 1, .move = true};
    struct copy_result moved;

    enum rc rc = store_copy(ctx->tx, &req, arena, &moved, err);
    if (rc == RC_OK)
        rc = report_keywords(ctx, arena, to, err);
    if (rc == RC_OK && moved.count > 0)
        rc = change_added(ctx->changes, to, moved.added, moved.count);
    if (rc == RC_OK && moved.count > 0)
        rc = change_expunged(ctx->changes, from, moved.source_uids, moved.count,
                             moved.expunge_modseq);
    return rc;
}

/* In batches, so that memory does not grow with the mailbox. */
static enum rc
move_all(struct turn_ctx *ctx, uint64_t from, uint64_t to, struct err *err)
{
    AUTO_ARENA arena = {0};
    uint32_t next = 1;
    size_t count = MOVE_BATCH;
    enum rc rc = RC_OK;

    arena_init(&arena, MOVE_ARENA);
    while (rc == RC_OK && count == MOVE_BATCH && next != 0) {
        arena_reset(&arena);
        struct entry *entries = arena_array(&arena, struct entry, MOVE_BATCH);
        if (entries == NULL)
            return err_set(err, RC_LIMIT, 0, "no memory");
        rc = store_entries_read(ctx->tx, from, &next, entries, MOVE_BATCH, &count, err);
        if (rc == RC_OK && count > 0) {
            const struct uid_run run = {entries[0].uid, entries[count - 1].uid};
            rc = move_run(ctx, &arena, from, to, &run, err);
        }
    }
    return rc;
}

/* RFC 5464 section 4.1: the annotations are copied, and also stay. So are those of guests, of
 * which there are twice as many then. */
static enum rc
metadata_follow(struct names_rename_op *op, struct turn_ctx *ctx, uint64_t from, uint64_t to,
                struct err *err)
{
    struct metadata_totals before;
    struct metadata_totals after;

    enum rc rc = store_metadata_totals(ctx->tx, 0, &before, err);
    if (rc == RC_OK)
        rc = store_metadata_copy(ctx->tx, from, to, err);
    if (rc == RC_OK)
        rc = store_metadata_totals(ctx->tx, 0, &after, err);
    if (rc != RC_OK || (after.owner.entries == before.owner.entries &&
                        after.guests.entries == before.guests.entries))
        return rc;
    if (after.owner.entries > LIMIT_METADATA_ALL_ENTRIES ||
        after.guests.entries > LIMIT_METADATA_ALL_ENTRIES)
        return names_refuse(&op->refusal, NAMES_METADATA_TOO_MANY, err);
    if (after.owner.octets > LIMIT_METADATA_ALL_OCTETS ||
        after.guests.octets > LIMIT_METADATA_ALL_OCTETS)
        return names_refuse(&op->refusal, NAMES_METADATA_TOO_LARGE, err);
    return change_metadata(ctx->changes, to);
}

/* INBOX keeps its row and what is below it; its messages go to a new mailbox. Sessions that
 * watch names are told of a renamed mailbox, and nothing about INBOX (RFC 5465 section 5.4). */
static enum rc
empty_inbox(struct names_rename_op *op, struct turn_ctx *ctx,
            const struct subscribed *subscribed, struct err *err)
{
    struct mbox_row inbox;
    uint64_t mbox;

    enum rc rc = store_mbox_find(ctx->tx, op->from, op->arena, &inbox, err);
    if (rc == RC_OK)
        rc = names_make(ctx, op->arena, op->to, &mbox, &op->refusal, err);
    if (rc == RC_OK)
        rc = change_name(ctx->changes, mbox, NAME_RENAMED, op->to, op->from);
    if (rc == RC_OK)
        rc = subscriptions_follow(op, ctx, subscribed, NULL, 0, err);
    if (rc == RC_OK)
        rc = metadata_follow(op, ctx, inbox.id, mbox, err);
    return rc == RC_OK ? move_all(ctx, inbox.id, mbox, err) : rc;
}

static enum rc
apply_rename(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct names_rename_op *op = CONTAINER_OF(req, struct names_rename_op, turn);
    struct subscribed subscribed;
    struct mbox_row row;

    enum rc rc = names_check(op->to, &op->refusal, err);
    if (rc != RC_OK)
        return rc;
    rc = store_mbox_find(ctx->tx, op->to, op->arena, &row, err);
    if (rc == RC_OK || span_eq(op->from, op->to))
        return names_refuse(&op->refusal, NAMES_EXIST, err);
    if (rc != RC_NOT_FOUND)
        return rc;
    rc = store_subscriptions(ctx->tx, op->arena, &subscribed.names, &subscribed.count, err);
    if (rc != RC_OK)
        return rc;
    if (mbox_name_is_inbox(op->from))
        return empty_inbox(op, ctx, &subscribed, err);
    if (mbox_name_is_below(op->to, op->from))
        return names_refuse(&op->refusal, NAMES_INTO_THEMSELVES, err);
    rc = names_create_parents(ctx, op->arena, op->to, &op->refusal, err);
    return rc == RC_OK ? rename_tree(op, ctx, &subscribed, err) : rc;
}

void
names_rename_op_init(struct names_rename_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct names_rename_op){.arena = arena};
    turn_req_init(&op->turn, apply_rename, RENAME_OCTETS, wake);
}
