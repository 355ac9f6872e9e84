/* SPDX-License-Identifier: MIT */
/*
 * What the commands that change messages do in the account's turn: ask the store, report what
 * came of it to the change log. See ops.h.
 *
 * Thread: whoever holds the turn.
 */
#include "mailbox/write/ops.h"

#include "mailbox/account_private.h"
#include "mailbox/content/quota_notice.h"
#include "mailbox/names/names.h"
#include "mailbox/write/keyword_bits.h"
#include "mailbox/write/quota.h"
#include "mailbox/view.h"

enum { ROW_OCTETS = 64 }; /* roughly what changing one entry writes; bounds a batch */

/* A source that has no row any more was deleted while it was selected. */
static enum rc
gone_if_missing(enum rc rc)
{
    return rc == RC_NOT_FOUND ? RC_GONE : rc;
}

/* --- STORE --- */

/* The messages of a version from a UID on. */
static void
flags_known(const void *ctx, uint32_t from_uid, struct entry_flags *out)
{
    const struct version *version = ctx;
    const uint32_t seq = version_lower_bound(version, from_uid);
    struct version_run run;

    *out = (struct entry_flags){.count = 0};
    if (seq > version_count(version))
        return;
    version_run_at(version, seq, &run);
    *out = (struct entry_flags){
        .count = run.count,
        .uids = run.uids,
        .flags = run.flags,
        .modseqs = run.modseqs,
        .octets = run.octets,
        .keywords = run.keywords,
    };
}

/* RFC 4314 section 4: flags for which the right is missing are not changed. The request is
 * refused only if nothing of it is left. */
static bool
flags_allowed(const struct flags_op *op, uint32_t rights)
{
    const uint32_t allowed = rights_flags(rights);
    const bool names_none = op->flags == 0 && op->keyword_count == 0;

    if (op->mode == FLAGS_REPLACE || names_none)
        return allowed != 0;
    return (op->flags & allowed) != 0 || (op->keyword_count > 0 && (rights & RIGHT_WRITE) != 0);
}

/* Whether the flags are not afterwards what the request alone would have made of them. */
static bool
flags_curtailed(const struct flags_op *op, uint32_t rights)
{
    const uint32_t others = MSG_SYSTEM_FLAGS & ~rights_flags(rights);
    const bool writes = (rights & RIGHT_WRITE) != 0;

    if (op->mode == FLAGS_REPLACE)
        return others != 0 || !writes;
    return (op->flags & others) != 0 || (op->keyword_count > 0 && !writes);
}

static enum rc
flags_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct flags_op *op = CONTAINER_OF(req, struct flags_op, turn);
    const uint32_t allowed = rights_flags(ctx->rights);
    const bool writes = (ctx->rights & RIGHT_WRITE) != 0;
    struct mailbox_state state = {.last_flags_modseq = UINT64_MAX};
    struct version *current = NULL;
    struct flags_req store_req = {
        .mbox = op->mbox,
        .runs = op->runs,
        .run_count = op->run_count,
        .mode = op->mode,
        .flags = op->flags & allowed,
        .kept_flags = MSG_SYSTEM_FLAGS & ~allowed,
        .keeps_keywords = !writes,
        .unchanged_since = op->unchanged_since,
    };

    if (!flags_allowed(op, ctx->rights))
        return err_set(err, RC_DENIED, 0, "no right to change any of these flags");

    /* All commits before this batch are published: the state in memory tells whether flags
     * were changed that the asking session has not told its client of, and the current version
     * is what the rows are, if this batch has not touched them yet (INV-M11). */
    mailbox_peek_version(ctx->acct, op->mbox, &state, &current);
    const bool raced = state.last_flags_modseq > op->known_modseq ||
                       change_log_has_flags(ctx->changes, op->mbox);
    if (current != NULL && version_modseq(current) == state.highest_modseq &&
        !change_log_has_messages(ctx->changes, op->mbox)) {
        store_req.known = flags_known;
        store_req.known_ctx = current;
    }
    const struct keyword_list list = {
        .mbox = op->mbox,
        .names = op->keywords,
        .count = writes ? op->keyword_count : 0,
        .only_known = op->mode == FLAGS_REMOVE,
    };
    enum rc rc = keyword_bits(ctx, &list, &store_req.keywords, &op->keywords_lost, err);
    /* RFC 7162 section 3.1.3, example 7: nothing is as old as 0, but a keyword that a message
     * has not got is not there at all. So one of several clients can take a message for itself.
     */
    if (op->unchanged_since == 0 && op->mode != FLAGS_REPLACE && store_req.flags == 0 &&
        list.count > 0) {
        store_req.unchanged_since = MODSEQ_ANY;
        store_req.unless = store_req.keywords;
    }
    if (rc == RC_OK)
        rc = store_flags_update(ctx->tx, &store_req, op->arena, &op->out, err);
    version_unref(current);
    if (rc == RC_OK && op->out.changed_count > 0)
        rc = change_flags(ctx->changes, op->mbox, op->runs, op->run_count, &op->out.rule);
    op->curtailed = flags_curtailed(op, ctx->rights);
    if (rc == RC_OK)
        op->silent_modseq = raced ? 0 : op->out.modseq;
    return gone_if_missing(rc);
}

void
flags_op_init(struct flags_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct flags_op){.arena = arena, .unchanged_since = MODSEQ_ANY};
    turn_req_init(&op->turn, flags_apply, ROW_OCTETS, wake);
}

/* --- EXPUNGE --- */

static enum rc
expunge_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct expunge_op *op = CONTAINER_OF(req, struct expunge_op, turn);
    const struct expunge_req store_req = {
        .mbox = op->mbox,
        .runs = op->runs,
        .run_count = op->run_count,
        .only_deleted = op->only_deleted,
    };

    enum rc rc = store_expunge(ctx->tx, &store_req, op->arena, &op->out, err);
    if (rc == RC_OK)
        rc = change_expunged(ctx->changes, op->mbox, op->out.uids, op->out.count,
                             op->out.modseq);
    return gone_if_missing(rc);
}

void
expunge_op_init(struct expunge_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct expunge_op){.arena = arena};
    turn_req_init(&op->turn, expunge_apply, ROW_OCTETS, wake);
    op->turn.frees_space = true;
}

/* --- COPY, MOVE --- */

/* The store carries keywords by name and may have given new numbers. */
static enum rc
report_keywords(const struct copy_op *op, const struct copy_result *copied,
                struct turn_ctx *ctx, struct err *err)
{
    struct span *names;
    size_t count;
    uint64_t any = 0;

    for (size_t i = 0; i < copied->count; i++)
        any |= copied->added[i].keywords.bits[0] | copied->added[i].keywords.bits[1];
    if (any == 0)
        return RC_OK;
    enum rc rc = store_keywords(ctx->tx, op->to_mbox, op->arena, &names, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = change_keyword(ctx->changes, op->to_mbox, (uint32_t)i, names[i]);
    return rc;
}

/* What the client is told of a copy: runs of UIDs, for millions are mostly a few. */
static enum rc
copy_result_keep(struct copy_op *op, const struct copy_result *copied, struct err *err)
{
    const uint32_t *uids = copied->source_uids;
    size_t runs = 0;

    for (size_t i = 0; i < copied->count; i++)
        runs += i == 0 || uids[i] != uids[i - 1] + 1;
    op->sources = arena_array(op->arena, struct uid_run, runs + 1);
    if (op->sources == NULL)
        return err_set(err, RC_LIMIT, 0, "copy: out of memory");
    op->source_count = 0;
    for (size_t i = 0; i < copied->count; i++) {
        if (i == 0 || uids[i] != uids[i - 1] + 1)
            op->sources[op->source_count++].first = uids[i];
        op->sources[op->source_count - 1].last = uids[i];
    }
    op->count = copied->count;
    op->first_uid = copied->count == 0 ? 0 : copied->added[0].uid;
    return RC_OK;
}

/* A move within the account adds nothing. */
static enum rc
copy_is_allowed(struct turn_ctx *ctx, const struct copy_result *copied,
                struct quota_crossing *crossing, struct err *err)
{
    struct quota_amounts added = {.of = {[QUOTA_MESSAGE] = copied->count}};

    for (size_t i = 0; i < copied->count; i++)
        added.of[QUOTA_STORAGE] += copied->added[i].octets;
    return quota_allowed(ctx, &added, crossing, err);
}

static enum rc
copy_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct copy_op *op = CONTAINER_OF(req, struct copy_op, turn);
    struct copy_result copied = {.count = 0};
    struct quota_crossing crossing = {.percent = 0};
    struct mbox_row to;

    enum rc rc = store_mbox_find(ctx->tx, op->to_name, op->arena, &to, err);
    if (rc != RC_OK)
        return rc;
    /* Flags for which the right is missing are left out: RFC 4314 section 4. */
    const struct copy_req store_req = {
        .from = op->from_mbox,
        .to = to.id,
        .runs = op->runs,
        .run_count = op->run_count,
        .move = op->move,
        .dropped_flags = MSG_SYSTEM_FLAGS & ~rights_flags(ctx->rights),
        .drops_keywords = (ctx->rights & RIGHT_WRITE) == 0,
    };
    op->to_mbox = to.id;
    op->to_uidvalidity = to.uidvalidity;
    /* Straight into the change log, which has room for millions; a command's arena has not. */
    rc = gone_if_missing(
        store_copy(ctx->tx, &store_req, change_log_arena(ctx->changes), &copied, err));
    if (rc == RC_OK && copied.count < op->expected)
        return err_set(err, RC_EXPUNGED, 0, "%zu of %zu messages are left", copied.count,
                       op->expected);
    if (rc == RC_OK && !op->move)
        rc = copy_is_allowed(ctx, &copied, &crossing, err);
    if (rc == RC_OK)
        rc = copy_result_keep(op, &copied, err);
    if (rc == RC_OK)
        rc = report_keywords(op, &copied, ctx, err);
    if (rc == RC_OK)
        rc = change_added_here(ctx->changes, to.id, copied.added, copied.count);
    if (rc == RC_OK && op->move)
        rc = change_expunged(ctx->changes, op->from_mbox, copied.source_uids, copied.count,
                             copied.expunge_modseq);
    return rc == RC_OK ? quota_notice_add(ctx, &crossing, err) : rc;
}

void
copy_op_init(struct copy_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct copy_op){.arena = arena};
    turn_req_init(&op->turn, copy_apply, ROW_OCTETS, wake);
}

/* --- APPEND, delivery, and COPY from another account --- */

/* Expunges the message in whose place the new one comes. *freed_out: what that takes off the
 * account's use. */
static enum rc
expunge_replaced(const struct append_op *op, struct turn_ctx *ctx,
                 struct quota_amounts *freed_out, struct err *err)
{
    const struct uid_run run = {op->replaced_uid, op->replaced_uid};
    const struct expunge_req req = {.mbox = op->replaced_mbox, .runs = &run, .run_count = 1};
    struct expunge_result out = {.count = 0};
    struct quota_amounts before, after;

    enum rc rc = store_usage(ctx->tx, &before, err);
    if (rc == RC_OK)
        rc = gone_if_missing(store_expunge(ctx->tx, &req, op->arena, &out, err));
    if (rc == RC_OK && out.count == 0)
        rc = err_set(err, RC_EXPUNGED, 0, "UID %u is not there", op->replaced_uid);
    if (rc == RC_OK)
        rc = store_usage(ctx->tx, &after, err);
    if (rc != RC_OK)
        return rc;
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
        freed_out->of[i] = before.of[i] - after.of[i];
    return change_expunged(ctx->changes, req.mbox, out.uids, out.count, out.modseq);
}

/* Checks that there is room for all of them before any is written. */
static enum rc
append_is_allowed(const struct append_op *op, struct turn_ctx *ctx,
                  const struct quota_amounts *freed, struct quota_crossing *crossing,
                  struct err *err)
{
    struct quota_amounts more = {.of = {[QUOTA_MESSAGE] = op->msg_count}};

    for (size_t i = 0; i < op->msg_count; i++)
        more.of[QUOTA_STORAGE] += op->msgs[i].ingest->msg.text.len;
    return quota_allows(ctx, &more, freed, crossing, err);
}

/* Flags for which the right is missing are left out: RFC 4314 section 4. */
static enum rc
append_one(struct append_msg *msg, uint64_t mbox, struct turn_ctx *ctx, struct err *err)
{
    const struct ingest_entry as = {
        .mbox = mbox,
        .flags = msg->flags & rights_flags(ctx->rights),
        .keywords = msg->keywords,
        .keyword_count = (ctx->rights & RIGHT_WRITE) == 0 ? 0 : msg->keyword_count,
        .internaldate_s = msg->internaldate_s,
        .internaldate_zone_min = msg->internaldate_zone_min,
    };

    return ingest_store(ctx, msg->ingest, &as, &msg->added, err);
}

static enum rc
append_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct append_op *op = CONTAINER_OF(req, struct append_op, turn);
    struct quota_amounts freed = {0};
    struct quota_crossing crossing = {.percent = 0};
    enum names_refusal refusal;
    struct mbox_row row;

    enum rc rc = store_mbox_find(ctx->tx, op->name, op->arena, &row, err);
    if (rc == RC_NOT_FOUND && op->create) {
        uint64_t made;
        rc = names_create(ctx, op->arena, op->name, &made, &refusal, err);
        if (rc == RC_OK)
            rc = store_mbox_get(ctx->tx, made, op->arena, &row, err);
    }
    /* Only the difference counts against a quota (RFC 8508 section 3.4). */
    if (rc == RC_OK && op->replaced_mbox != 0)
        rc = expunge_replaced(op, ctx, &freed, err);
    if (rc == RC_OK)
        rc = append_is_allowed(op, ctx, &freed, &crossing, err);
    for (size_t i = 0; rc == RC_OK && i < op->msg_count; i++)
        rc = append_one(&op->msgs[i], row.id, ctx, err);
    if (rc == RC_OK) {
        op->mbox = row.id;
        op->uidvalidity = row.uidvalidity;
        rc = quota_notice_add(ctx, &crossing, err);
    }
    return rc;
}

void
append_op_init(struct append_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct append_op){.arena = arena};
    turn_req_init(&op->turn, append_apply, ROW_OCTETS, wake);
}

/* --- Keeping house --- */

static bool
keywords_settled(void *ctx, uint64_t mbox)
{
    return view_keywords_settled(ctx, mbox);
}

static enum rc
purge_keywords(struct purge_op *op, struct turn_ctx *ctx, struct err *err)
{
    struct keywords_purge purge = {.settled = keywords_settled, .ctx = ctx};
    enum rc rc = store_keywords_purge(ctx->tx, &purge, err);

    for (uint32_t number = 0; rc == RC_OK && number < LIMIT_KEYWORDS; number++)
        if ((purge.retired.bits[number / 64] >> number % 64 & 1) != 0)
            rc = change_keyword(ctx->changes, purge.mbox, number, SPAN(""));
    if (rc == RC_OK)
        op->more = op->more || purge.more;
    return rc;
}

static enum rc
purge_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct purge_op *op = CONTAINER_OF(req, struct purge_op, turn);

    enum rc rc = store_purge_step(ctx->tx, view_keep_modseq(ctx), &op->more, err);
    if (rc == RC_OK && !ctx->acct->accounts->shared)
        rc = purge_keywords(op, ctx, err);
    return rc;
}

void
purge_op_init(struct purge_op *op, struct wake wake)
{
    *op = (struct purge_op){.more = false};
    turn_req_init(&op->turn, purge_apply, LIMIT_TURN_BATCH_OCTETS / 2, wake);
    op->turn.frees_space = true;
}
