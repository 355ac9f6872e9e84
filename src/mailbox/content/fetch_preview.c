/* SPDX-License-Identifier: MIT */
/*
 * FETCH PREVIEW (RFC 8970), made when it is asked for: the part table says where the first text
 * is, and its first octets are read. That costs less than storing it for all mail, most of
 * which nobody lists with previews, so LAZY is never answered with NIL.
 */
#include "mailbox/content/fetch_private.h"

#include "base/limits.h"
#include "syntax/mail/preview.h"

enum {
    READ_FIRST = 8192, /* most texts, and most of those that are longer, say enough there */
    PARTS_TRIED = 4,
};

/* Appends the part's preview to scratch; the text itself goes by way of header. */
static enum rc
put_part(struct fetch *fetch, const struct mime_part *part, struct err *err)
{
    uint64_t want = READ_FIRST;

    for (;;) {
        const uint64_t octets = part->body_size < want ? part->body_size : want;
        buf_clear(&fetch->header);
        const enum rc rc = store_content_read(fetch->tx, fetch->msg.message, part->body_off,
                                              octets, &fetch->header, err);
        if (rc != RC_OK)
            return rc;
        if (buf_len(&fetch->header) != octets)
            return err_set(err, RC_CORRUPT, 0, "message %ju is cut",
                           (uintmax_t)fetch->msg.message);
        buf_clear(&fetch->scratch);
        preview_put(part, buf_span(&fetch->header), &fetch->scratch);
        if (!buf_ok(&fetch->scratch))
            return err_set(err, RC_LIMIT, 0, "no memory for a preview");
        /* A page that begins with its style needs more; a long text does not. */
        if (octets == part->body_size || want == LIMIT_PREVIEW_OCTETS ||
            (buf_len(&fetch->scratch) >= LIMIT_PREVIEW_CHARS / 2))
            return RC_OK;
        want = LIMIT_PREVIEW_OCTETS;
    }
}

enum rc
fetch_preview(struct fetch *fetch, struct fetch_step *step, struct err *err)
{
    unsigned tries = PARTS_TRIED;

    enum rc rc = fetch_load_parts(fetch, err);
    if (rc != RC_OK)
        return rc;
    buf_clear(&fetch->scratch);
    for (const struct mime_part *part = preview_part_first(fetch->root);
         part != NULL && tries > 0 && buf_len(&fetch->scratch) == 0; tries--) {
        rc = put_part(fetch, part, err);
        if (rc != RC_OK)
            return rc;
        part = preview_part_next(part);
    }
    step->kind = FETCH_STEP_STRING;
    step->text = buf_span(&fetch->scratch);
    return RC_OK;
}
