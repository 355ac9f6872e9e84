/* SPDX-License-Identifier: MIT */
/* See the header. Thread: metadata_set_op's apply, the holder of the turn; else the session. */
#include "mailbox/names/metadata.h"

#include "base/limits.h"
#include "mailbox/memory/change.h"
#include "mailbox/names/names_private.h"
#include "syntax/imap/metadata_name.h"

enum { SET_OCTETS = 4096 }; /* what one writes besides its values */

/* ---- reading ---- */

bool
metadata_row_is_for(const struct metadata_row *row, uint64_t user)
{
    if (row->of.user != 0)
        return row->of.user == user;
    return user == 0 || !metadata_name_is_private(row->name);
}

/* What LIST shows of a mailbox, as one text (RFC 6154 section 4). RC_LIMIT. */
static enum rc
uses_entry(struct arena *arena, uint32_t special_use, struct metadata_entry *out)
{
    const unsigned uses = names_use_to_wire(special_use);
    AUTO_BUF text = {0};

    buf_init(&text, 256);
    for (unsigned bit = 0; bit < IMAP_USE_COUNT; bit++) {
        if ((uses >> bit & 1) == 0)
            continue;
        if (buf_len(&text) > 0)
            buf_put_char(&text, ' ');
        buf_put_span(&text, imap_use_names[bit]);
    }
    const struct span value = arena_span(arena, buf_span(&text));
    if (!buf_ok(&text) || value.ptr == NULL)
        return RC_LIMIT;
    *out = (struct metadata_entry){names_use_entry, value, value.len, 0};
    return RC_OK;
}

enum rc
metadata_entries(struct store_tx *tx, struct arena *arena, const struct mbox_row *row,
                 uint64_t user, struct metadata_entry **out, size_t *count_out, struct err *err)
{
    const struct metadata_of common = {.mbox = row == NULL ? 0 : row->id};
    const struct metadata_of own = {.mbox = common.mbox, .user = user};
    struct metadata_row *rows[2] = {NULL, NULL};
    size_t counts[2] = {0, 0};
    size_t count = 0;

    enum rc rc = store_metadata_list(tx, &common, arena, &rows[0], &counts[0], err);
    if (rc == RC_OK && user != 0)
        rc = store_metadata_list(tx, &own, arena, &rows[1], &counts[1], err);
    if (rc != RC_OK)
        return rc;
    struct metadata_entry *all =
        arena_array(arena, struct metadata_entry, counts[0] + counts[1] + 1);
    if (all == NULL)
        return err_set(err, RC_LIMIT, 0, "metadata: out of memory");
    for (size_t part = 0; part < 2; part++)
        for (size_t i = 0; i < counts[part]; i++) {
            const struct metadata_row *r = &rows[part][i];
            if (metadata_row_is_for(r, user))
                all[count++] = (struct metadata_entry){
                    .name = r->name, .octets = r->octets, .user = r->of.user};
        }
    if (row != NULL && user == 0 && row->special_use != 0) {
        rc = uses_entry(arena, row->special_use, &all[count++]);
        if (rc != RC_OK)
            return err_set(err, rc, 0, "metadata: out of memory");
    }
    *out = all;
    *count_out = count;
    return RC_OK;
}

/* ---- setting ---- */

/* How much metadata there is where the request can add to it, on the mailbox or the account
 * itself: what belongs to the owner or to all, and what belongs to the guest who sets it. What
 * guests store does not count towards the owner's share. */
struct usage {
    struct metadata_usage common;
    struct metadata_usage own; /* of the guest */
};

static enum rc
usage_get(const struct metadata_set_op *op, struct store_tx *tx, uint64_t mbox,
          struct usage *out, struct err *err)
{
    const struct metadata_of common = {.mbox = mbox};
    const struct metadata_of own = {.mbox = mbox, .user = op->user};

    *out = (struct usage){.own = {0, 0}};
    const enum rc rc = store_metadata_usage(tx, &common, &out->common, err);
    return rc == RC_OK && op->user != 0 ? store_metadata_usage(tx, &own, &out->own, err) : rc;
}

/* Only growth is refused, so that what exceeds the limits can be removed. */
static bool
grew_beyond(uint64_t before, uint64_t after, uint64_t limit)
{
    return after > before && after > limit;
}

/* The share of one user in the whole account, with the changes of a request. */
struct share {
    const struct metadata_usage *before;
    const struct metadata_usage *after;
    struct metadata_usage total;
    uint64_t most_entries;
    uint64_t most_octets;
};

static enum rc
share_check(struct metadata_set_op *op, const struct share *share, struct err *err)
{
    if (share->after->entries > share->before->entries &&
        share->total.entries > share->most_entries)
        return names_refuse(&op->refusal, NAMES_METADATA_TOO_MANY, err);
    if (share->after->octets > share->before->octets &&
        share->total.octets > share->most_octets)
        return names_refuse(&op->refusal, NAMES_METADATA_TOO_LARGE, err);
    return RC_OK;
}

/* All metadata of the account are counted only if a request adds to them. */
static enum rc
totals_check(struct metadata_set_op *op, struct store_tx *tx, const struct usage *before,
             const struct usage *after, struct err *err)
{
    struct metadata_totals totals;

    if (after->common.entries <= before->common.entries &&
        after->common.octets <= before->common.octets &&
        after->own.entries <= before->own.entries && after->own.octets <= before->own.octets)
        return RC_OK;
    enum rc rc = store_metadata_totals(tx, op->user, &totals, err);
    if (rc != RC_OK)
        return rc;
    const struct share shares[] = {
        {&before->common, &after->common, totals.owner, LIMIT_METADATA_ALL_ENTRIES,
         LIMIT_METADATA_ALL_OCTETS},
        {&before->own, &after->own, totals.guests, LIMIT_METADATA_ALL_ENTRIES,
         LIMIT_METADATA_ALL_OCTETS},
        {&before->own, &after->own, totals.user, LIMIT_METADATA_GUEST_ENTRIES,
         LIMIT_METADATA_GUEST_OCTETS},
    };
    for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(shares); i++)
        rc = share_check(op, &shares[i], err);
    return rc;
}

static enum rc
usage_check(struct metadata_set_op *op, struct store_tx *tx, const struct usage *before,
            const struct usage *after, struct err *err)
{
    if (grew_beyond(before->common.entries, after->common.entries, LIMIT_METADATA_ENTRIES) ||
        grew_beyond(before->own.entries, after->own.entries, LIMIT_METADATA_ENTRIES))
        return names_refuse(&op->refusal, NAMES_METADATA_TOO_MANY, err);
    return totals_check(op, tx, before, after, err);
}

/* Words separated by blanks, each a special use. */
static enum rc
uses_set(struct metadata_set_op *op, struct turn_ctx *ctx, uint64_t mbox,
         const struct imap_metadata_pair *pair, struct err *err)
{
    struct span rest = pair->is_nil ? SPAN("") : span_trim(pair->value);
    unsigned uses = 0;

    while (rest.len > 0) {
        const ptrdiff_t blank = span_find_char(rest, ' ');
        const struct span word = blank < 0 ? rest : span_head(rest, (size_t)blank);
        const unsigned use = imap_use_of_name(word);
        if (use == 0)
            return names_refuse(&op->refusal, NAMES_USE_UNKNOWN, err);
        uses |= use;
        rest = span_trim(span_tail(rest, word.len));
    }
    return names_use_set(ctx, op->arena, mbox, names_use_of_wire(uses), &op->refusal, err);
}

static enum rc
pair_set(struct metadata_set_op *op, struct turn_ctx *ctx, uint64_t mbox,
         const struct imap_metadata_pair *pair, struct err *err)
{
    const struct metadata_of of = {.mbox = mbox,
                                   .user = metadata_name_is_private(pair->name) ? op->user : 0};

    if (mbox != 0 && of.user == 0 && span_ieq(pair->name, names_use_entry))
        return uses_set(op, ctx, mbox, pair, err);
    return pair->is_nil ? store_metadata_remove(ctx->tx, &of, pair->name, err)
                        : store_metadata_set(ctx->tx, &of, pair->name, pair->value, err);
}

/* Of several pairs with one name, only the last counts. */
static bool
comes_again(const struct metadata_set_op *op, size_t at)
{
    for (size_t i = at + 1; i < op->pair_count; i++)
        if (span_ieq(op->pairs[i].name, op->pairs[at].name))
            return true;
    return false;
}

static enum rc
apply_set(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct metadata_set_op *op = CONTAINER_OF(req, struct metadata_set_op, turn);
    struct mbox_row row = {.id = 0};
    struct usage before;
    struct usage after;
    uint64_t modseq = 0;
    enum rc rc = RC_OK;

    if (op->mailbox.len > 0)
        rc = store_mbox_find(ctx->tx, op->mailbox, op->arena, &row, err);
    if (rc == RC_NOT_FOUND)
        return names_refuse(&op->refusal, NAMES_ARE_MISSING, err);
    if (rc == RC_OK)
        rc = store_modseq(ctx->tx, &modseq, err);
    if (rc == RC_OK)
        rc = usage_get(op, ctx->tx, row.id, &before, err);
    for (size_t i = 0; rc == RC_OK && i < op->pair_count; i++)
        if (!comes_again(op, i))
            rc = pair_set(op, ctx, row.id, &op->pairs[i], err);
    if (rc == RC_OK)
        rc = usage_get(op, ctx->tx, row.id, &after, err);
    if (rc == RC_OK)
        rc = usage_check(op, ctx->tx, &before, &after, err);
    if (rc == RC_OK)
        rc = store_modseq(ctx->tx, &op->modseq, err);
    if (rc != RC_OK)
        return rc;
    if (op->modseq != modseq)
        return change_metadata(ctx->changes, row.id);
    op->modseq = 0;
    return RC_OK;
}

void
metadata_set_op_init(struct metadata_set_op *op, struct arena *arena, struct wake wake)
{
    *op = (struct metadata_set_op){.arena = arena};
    turn_req_init(&op->turn, apply_set, SET_OCTETS, wake);
}
