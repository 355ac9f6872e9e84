/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/write/copy_across.h"

#include "base/limits.h"
#include "mailbox/account_private.h"

enum { READ_BATCH = 256, MESSAGE_ARENA = INGEST_ARENA };

struct across {
    const struct copy_op *op;
    struct turn_ctx *ctx;
    struct store_tx *from;
    uint64_t to_mbox;
    struct span *keywords; /* of the source, by number */
    size_t keyword_count;
    struct entry *sources; /* in the change log's arena, as all of the result */
    size_t count;
    uint64_t octets;
    struct arena message; /* of the one that is copied now */
};

static enum rc
no_memory(struct err *err)
{
    return err_set(err, RC_LIMIT, 0, "copy: out of memory");
}

/* Entries that one run names. */
static enum rc
collect_run(struct across *across, const struct uid_run *run, struct err *err)
{
    struct entry rows[READ_BATCH];
    const uint64_t length = (uint64_t)run->last - run->first + 1;
    const size_t most = length < READ_BATCH ? (size_t)length : READ_BATCH;
    uint32_t from = run->first;
    size_t count = most;

    while (count == most && from != 0) {
        const enum rc rc = store_entries_read(across->from, across->op->from_mbox, &from, rows,
                                              most, &count, err);
        if (rc != RC_OK)
            return rc;
        for (size_t i = 0; i < count; i++) {
            if (rows[i].uid > run->last)
                return RC_OK;
            across->octets += rows[i].octets;
            if (across->count == LIMIT_COPY_ACROSS || across->octets > LIMIT_COPY_ACROSS_OCTETS)
                return err_set(err, RC_LIMIT, 0,
                               "more than %u messages or %u octets into another account",
                               LIMIT_COPY_ACROSS, LIMIT_COPY_ACROSS_OCTETS);
            across->sources[across->count++] = rows[i];
        }
    }
    return RC_OK;
}

static enum rc
collect(struct across *across, struct err *err)
{
    const struct copy_op *op = across->op;
    struct arena *arena = change_log_arena(across->ctx->changes);
    struct mbox_row row;

    across->sources = arena_array(arena, struct entry, LIMIT_COPY_ACROSS);
    if (across->sources == NULL)
        return no_memory(err);
    enum rc rc = store_mbox_get(across->from, op->from_mbox, arena, &row, err);
    if (rc == RC_NOT_FOUND)
        return err_set(err, RC_GONE, 0, "the mailbox was deleted");
    if (rc == RC_OK)
        rc = store_keywords(across->from, op->from_mbox, arena, &across->keywords,
                            &across->keyword_count, err);
    for (size_t i = 0; rc == RC_OK && i < op->run_count; i++)
        rc = collect_run(across, &op->runs[i], err);
    return rc;
}

/* Names of the keywords that the copy gets. */
static size_t
keywords_of(const struct across *across, const struct entry *source,
            struct span names[LIMIT_KEYWORDS])
{
    size_t count = 0;

    if (across->op->drops_keywords)
        return 0;
    for (size_t i = 0; i < across->keyword_count && i < LIMIT_KEYWORDS; i++)
        if ((source->keywords.bits[i / 64] >> i % 64 & 1) != 0 && across->keywords[i].len > 0)
            names[count++] = across->keywords[i];
    return count;
}

static enum rc
copy_one(struct across *across, const struct entry *source, struct entry *added_out,
         struct err *err)
{
    struct span keywords[LIMIT_KEYWORDS];
    struct ingest ingest;
    AUTO_BUF text = {0};

    buf_init(&text, (size_t)source->octets + 1);
    enum rc rc =
        store_content_read(across->from, source->message, 0, source->octets, &text, err);
    if (rc == RC_OK && !buf_ok(&text))
        rc = no_memory(err);
    if (rc == RC_OK)
        rc = ingest_prepare(&across->message, buf_span(&text), &ingest, err);
    if (rc != RC_OK)
        return rc;
    const struct ingest_entry as = {
        .mbox = across->to_mbox,
        .flags = source->flags & ~across->op->dropped_flags,
        .keywords = keywords,
        .keyword_count = keywords_of(across, source, keywords),
        .internaldate_s = source->internaldate_s,
        .internaldate_zone_min = source->internaldate_zone_min,
    };
    rc = ingest_store(across->ctx, &ingest, &as, added_out, err);
    arena_reset(&across->message);
    return rc;
}

static enum rc
copy_all(struct across *across, struct copy_result *out, struct err *err)
{
    struct arena *arena = change_log_arena(across->ctx->changes);
    struct entry *added = arena_array(arena, struct entry, across->count + 1);
    uint32_t *uids = arena_array(arena, uint32_t, across->count + 1);
    enum rc rc = RC_OK;

    if (added == NULL || uids == NULL)
        return no_memory(err);
    for (size_t i = 0; rc == RC_OK && i < across->count; i++) {
        uids[i] = across->sources[i].uid;
        rc = copy_one(across, &across->sources[i], &added[i], err);
    }
    if (rc == RC_OK)
        *out =
            (struct copy_result){.added = added, .source_uids = uids, .count = across->count};
    return rc;
}

enum rc
copy_across(struct copy_op *op, struct turn_ctx *ctx, uint64_t to_mbox, struct copy_result *out,
            struct err *err)
{
    AUTO_TX from = NULL;
    struct across across = {.op = op, .ctx = ctx, .to_mbox = to_mbox};

    enum rc rc = store_read_begin(op->from->store, op->turn.wake, &from, err);
    op->source_busy = rc == RC_AGAIN;
    if (op->source_busy)
        return err_set(err, RC_BUSY, 0, "the source cannot be read at the moment");
    if (rc != RC_OK)
        return rc;
    across.from = from;
    arena_init(&across.message, MESSAGE_ARENA);
    rc = collect(&across, err);
    if (rc == RC_OK)
        rc = copy_all(&across, out, err);
    arena_done(&across.message);
    return rc;
}
