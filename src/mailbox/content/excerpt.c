/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/content/excerpt.h"

#include "mailbox/content/ingest.h"
#include "mailbox/content/section.h"
#include "syntax/mail/header.h"

static bool
is_filter(const struct imap_section *section)
{
    return section->text == SECTION_HEADER_FIELDS || section->text == SECTION_HEADER_FIELDS_NOT;
}

/* RC_NOT_FOUND: none has this UID. */
static enum rc
find_entry(struct store_tx *tx, const struct excerpt_req *req, struct arena *arena,
           struct entry *entry_out, struct err *err)
{
    struct mbox_row mbox;
    uint32_t from = req->uid;
    size_t count = 0;

    enum rc rc = req->mbox != 0 ? store_mbox_get(tx, req->mbox, arena, &mbox, err)
                                : store_mbox_find(tx, req->name, arena, &mbox, err);
    if (rc == RC_OK && req->uidvalidity != 0 && req->uidvalidity != mbox.uidvalidity)
        rc = RC_NOT_FOUND;
    if (rc == RC_OK)
        rc = store_entries_read(tx, mbox.id, &from, entry_out, 1, &count, err);
    if (rc == RC_OK && (count == 0 || entry_out->uid != req->uid))
        rc = RC_NOT_FOUND;
    return rc;
}

/* HEADER.FIELDS of the header block that the excerpt is now. */
static enum rc
filter(struct store_tx *tx, const struct imap_section *section, struct arena *arena,
       struct excerpt *excerpt, struct err *err)
{
    const enum header_filter_mode mode =
        section->text == SECTION_HEADER_FIELDS ? HEADER_FIELDS : HEADER_FIELDS_NOT;
    struct header_names names;
    AUTO_BUF block = {0};
    AUTO_BUF made = {0};

    if (excerpt->left > INGEST_HEADER_MAX)
        return err_set(err, RC_LIMIT, 0, "a header of %ju octets", (uintmax_t)excerpt->left);
    buf_init(&block, INGEST_HEADER_MAX + 1);
    buf_init(&made, INGEST_HEADER_MAX + 1);
    enum rc rc =
        store_content_read(tx, excerpt->message, excerpt->offset, excerpt->left, &block, err);
    if (rc == RC_OK)
        rc = header_names_init(&names, arena, section->fields, section->field_count);
    if (rc == RC_OK && buf_ok(&block) && buf_len(&block) != excerpt->left)
        rc = err_set(err, RC_CORRUPT, 0, "message %ju is cut", (uintmax_t)excerpt->message);
    if (rc != RC_OK)
        return rc;
    header_filter(&made, buf_span(&block), &names, mode);
    excerpt->text = arena_span(arena, buf_span(&made));
    excerpt->offset = 0;
    excerpt->left = excerpt->text.len;
    return buf_ok(&block) && buf_ok(&made) && excerpt->text.ptr != NULL
               ? RC_OK
               : err_set(err, RC_LIMIT, 0, "header fields");
}

enum rc
excerpt_find(struct store_tx *tx, const struct excerpt_req *req, struct arena *arena,
             struct excerpt *out, struct err *err)
{
    const struct imap_section *section = req->section;
    struct mime_part *root = NULL;
    struct mime_slice slice;
    struct message_row row;
    struct entry entry;

    enum rc rc = find_entry(tx, req, arena, &entry, err);
    if (rc == RC_OK)
        rc = store_message_read(tx, entry.message, MESSAGE_PARTS, &row, err);
    if (rc == RC_OK && section->depth > 0)
        rc = section_tree(&row, arena, &root);
    if (rc == RC_OK)
        rc = section_find(&row, root, section, &slice);
    if (rc != RC_OK)
        return rc;
    struct excerpt excerpt = {
        .message = entry.message, .offset = slice.offset, .left = slice.size};
    if (is_filter(section))
        rc = filter(tx, section, arena, &excerpt, err);
    if (rc == RC_OK)
        *out = excerpt;
    return rc;
}

enum rc
excerpt_read(struct store_tx *tx, struct excerpt *excerpt, uint64_t max, struct span *out,
             struct err *err)
{
    const uint64_t want = excerpt->left < max ? excerpt->left : max;
    struct span piece = {0};

    if (excerpt->text.ptr != NULL) {
        piece = span_head(span_tail(excerpt->text, (size_t)excerpt->offset), (size_t)want);
    } else {
        const enum rc rc =
            store_content_peek(tx, excerpt->message, excerpt->offset, want, &piece, err);
        if (rc != RC_OK)
            return rc;
        if (piece.len == 0)
            return err_set(err, RC_CORRUPT, 0, "message %ju is cut",
                           (uintmax_t)excerpt->message);
    }
    excerpt->offset += piece.len;
    excerpt->left -= piece.len;
    *out = piece;
    return RC_OK;
}
