/* SPDX-License-Identifier: MIT */
/*
 * Ingest: from the octets of a message to what the store keeps of it. All that costs time is in
 * ingest_prepare, which is pure and runs before the turn is asked for; ingest_store is three
 * store calls and a report.
 */
#include "mailbox/content/ingest.h"

#include "base/limits.h"
#include "mailbox/memory/change.h"
#include "mailbox/content/digest.h"
#include "mailbox/content/fields.h"
#include "mailbox/order/keys.h"
#include "mailbox/write/keyword_bits.h"
#include "syntax/mail/bodystructure.h"
#include "syntax/mail/envelope.h"
#include "syntax/mail/mime_parts.h"
#include "syntax/mail/mime_scan.h"
#include "syntax/mail/rfc5322_summary.h"

/* All that is rendered of one message; each part of it has a limit of its own below this. */
enum { RENDERED_MAX = 32 << 20, RENDERED_USUAL = 4096 };

/* Number of parts; 0 when one has a header that is too large. */
static uint32_t
count_parts(const struct mime_part *root)
{
    uint32_t parts = 0;

    for (const struct mime_part *part = root; part != NULL; part = mime_part_after(part)) {
        if (part->header_size > INGEST_HEADER_MAX)
            return 0;
        parts++;
    }
    return parts;
}

/* What SORT and THREAD will ask for. Without memory the message goes without: they are made
 * when they are asked for. */
static void
put_keys(struct buf *out, const struct rfc5322_summary *summary)
{
    struct keys_maker maker;
    struct keys keys;

    keys_maker_init(&maker);
    if (keys_make_from(&maker, summary, KEYS_ALL, &keys) == RC_OK)
        keys_pack(out, &keys);
    keys_maker_done(&maker);
}

enum rc
ingest_prepare(struct arena *arena, struct span text, struct ingest *out, struct err *err)
{
    AUTO_BUF rendered = {0};
    struct mime_part *root;
    struct rfc5322_summary summary;

    buf_init(&rendered, RENDERED_MAX);
    enum rc rc = mime_scan(text, arena, &root);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "scan of a message of %zu octets", text.len);
    const uint32_t parts = count_parts(root);
    if (parts == 0)
        return err_set(err, RC_LIMIT, 0, "a header of more than %d octets", INGEST_HEADER_MAX);
    const struct span header = span_head(text, root->header_size);
    rc = rfc5322_summary(header, arena, &summary);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "header of %zu octets", header.len);

    if (buf_reserve(&rendered, RENDERED_USUAL) == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    envelope_put(&rendered, header);
    const size_t envelope = buf_len(&rendered);
    bodystructure_put(&rendered, text, root);
    const size_t bodystructure = buf_len(&rendered);
    mime_parts_encode(&rendered, root);
    const size_t table = buf_len(&rendered);
    fields_put(&rendered, header);
    const size_t fields = buf_len(&rendered);
    put_keys(&rendered, &summary);

    const struct span all = arena_span(arena, buf_span(&rendered));
    struct digest *digest = arena_new(arena, struct digest);
    if (!buf_ok(&rendered) || all.ptr == NULL || digest == NULL ||
        digest_make(text, digest) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "rendering of a message of %zu octets", text.len);

    *out = (struct ingest){
        .parts = parts,
        .msg =
            {
                .text = text,
                .header_octets = root->header_size,
                .envelope = span_head(all, envelope),
                .bodystructure = span_of(all.ptr + envelope, bodystructure - envelope),
                .parts = span_of(all.ptr + bodystructure, table - bodystructure),
                .fields = span_of(all.ptr + table, fields - table),
                .keys = span_tail(all, fields),
                .message_id = summary.message_id,
                .digest = digest_span(digest),
            },
    };
    return RC_OK;
}

/* The pieces that are computed for a message, in the order in which they are packed. */
enum { PIECES = 7 };

static void
pieces_of(struct message_new *msg, struct span *out[PIECES])
{
    out[0] = &msg->envelope;
    out[1] = &msg->bodystructure;
    out[2] = &msg->parts;
    out[3] = &msg->fields;
    out[4] = &msg->keys;
    out[5] = &msg->message_id;
    out[6] = &msg->digest;
}

void
ingest_pack(const struct ingest *ingest, struct buf *out)
{
    struct message_new msg = ingest->msg;
    struct span *pieces[PIECES];

    pieces_of(&msg, pieces);
    for (size_t i = 0; i < PIECES; i++)
        buf_put_span(out, *pieces[i]);
}

void
ingest_repoint(struct ingest *ingest, const char *piece, const char *text)
{
    struct span *pieces[PIECES];

    pieces_of(&ingest->msg, pieces);
    for (size_t i = 0; i < PIECES; i++) {
        *pieces[i] = span_of(piece, pieces[i]->len);
        piece += pieces[i]->len;
    }
    ingest->msg.text.ptr = text;
}

enum rc
ingest_store(struct turn_ctx *ctx, const struct ingest *ingest, const struct ingest_entry *as,
             struct entry *added_out, struct err *err)
{
    struct entry added;
    struct entry_new entry = {
        .mbox = as->mbox,
        .octets = ingest->msg.text.len,
        .flags = as->flags & MSG_SYSTEM_FLAGS,
        .internaldate_s = as->internaldate_s,
        .internaldate_zone_min = as->internaldate_zone_min,
        .savedate_s = ctx->now_s,
    };

    const struct keyword_list keywords = {as->mbox, as->keywords, as->keyword_count, false};
    size_t lost = 0;

    /* A message is worth more than its labels: those without room are left out. */
    enum rc rc = keyword_bits(ctx, &keywords, &entry.keywords, &lost, err);
    if (rc == RC_OK)
        rc = store_message_add(ctx->tx, &ingest->msg, &entry.message, err);
    if (rc == RC_OK)
        rc = store_entry_add(ctx->tx, &entry, &added, err);
    if (rc == RC_OK)
        rc = change_added(ctx->changes, as->mbox, &added, 1);
    if (rc == RC_OK)
        *added_out = added;
    return rc;
}
