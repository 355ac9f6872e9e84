/* SPDX-License-Identifier: MIT */
/*
 * BODY[...] and RFC822... (RFC 3501 section 6.4.5): section.h says which octets they are.
 * HEADER.FIELDS comes from the stored fields when these suffice, else from the header block.
 */
#include "mailbox/content/fetch_private.h"

#include "mailbox/content/ingest.h"
#include "mailbox/content/section.h"

enum rc
fetch_section_plan(struct fetch_item *plan, struct arena *arena)
{
    const struct imap_section *section = &plan->item->section;

    if (section->depth > 0)
        plan->want |= MESSAGE_PARTS;
    plan->is_filter =
        section->text == SECTION_HEADER_FIELDS || section->text == SECTION_HEADER_FIELDS_NOT;
    if (!plan->is_filter)
        return RC_OK;

    plan->mode = section->text == SECTION_HEADER_FIELDS ? HEADER_FIELDS : HEADER_FIELDS_NOT;
    if (plan->mode == HEADER_FIELDS && section->depth == 0) {
        fields_want_init(&plan->fields, section->fields, section->field_count);
        if (plan->fields.all_known)
            plan->want |= MESSAGE_FIELDS;
    }
    return header_names_init(&plan->names, arena, section->fields, section->field_count);
}

enum rc
fetch_load_parts(struct fetch *fetch, struct err *err)
{
    if (fetch->root != NULL)
        return RC_OK;
    arena_reset(&fetch->parts);
    const enum rc rc = section_tree(&fetch->row, &fetch->parts, &fetch->root);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "part table of message %ju", (uintmax_t)fetch->msg.message);
    return RC_OK;
}

enum rc
fetch_section_find(struct fetch *fetch, const struct fetch_item *item,
                   struct mime_slice *slice_out, struct err *err)
{
    const struct imap_section *section = &item->item->section;

    const enum rc loaded = section->depth > 0 ? fetch_load_parts(fetch, err) : RC_OK;
    if (loaded != RC_OK)
        return loaded;
    const enum rc rc = section_find(&fetch->row, fetch->root, section, slice_out);
    return rc == RC_CORRUPT
               ? err_set(err, rc, 0, "header of message %ju", (uintmax_t)fetch->msg.message)
               : rc;
}

/* Leaves in fetch->scratch what HEADER.FIELDS gives. */
static enum rc
filter(struct fetch *fetch, const struct fetch_item *item, struct err *err)
{
    struct mime_slice slice;

    buf_clear(&fetch->scratch);
    if ((item->want & MESSAGE_FIELDS) != 0 &&
        fields_filter(&fetch->scratch, fetch->row.fields, &item->fields))
        return buf_ok(&fetch->scratch) ? RC_OK : err_set(err, RC_LIMIT, 0, "header fields");

    enum rc rc = fetch_section_find(fetch, item, &slice, err);
    if (rc != RC_OK)
        return rc;
    if (slice.size > INGEST_HEADER_MAX)
        return err_set(err, RC_LIMIT, 0, "a header of %ju octets", (uintmax_t)slice.size);
    buf_clear(&fetch->header);
    rc = store_content_read(fetch->tx, fetch->msg.message, slice.offset, slice.size,
                            &fetch->header, err);
    if (rc == RC_OK && buf_len(&fetch->header) != slice.size)
        rc = err_set(err, RC_CORRUPT, 0, "message %ju is cut", (uintmax_t)fetch->msg.message);
    if (rc == RC_OK) {
        header_filter(&fetch->scratch, buf_span(&fetch->header), &item->names, item->mode);
        if (!buf_ok(&fetch->scratch))
            rc = err_set(err, RC_LIMIT, 0, "header fields");
    }
    if (fetch->header.cap > FETCH_KEEP_OCTETS)
        buf_done(&fetch->header);
    return rc;
}

/* <first.count>: the part of it that is there (RFC 3501 section 6.4.5: may be empty). */
static void
cut(const struct imap_fetch_item *item, uint64_t *offset, uint64_t *size)
{
    if (!item->is_partial)
        return;
    const uint64_t skip = item->first < *size ? item->first : *size;
    *offset += skip;
    *size -= skip;
    if (*size > item->count)
        *size = item->count;
}

static void
answer_stream(struct fetch *fetch, struct fetch_step *step, uint64_t offset, uint64_t size)
{
    fetch->stream_offset = offset;
    fetch->stream_left = size;
    fetch->state = FETCH_AT_STREAM;
    step->kind = FETCH_STEP_STREAM;
    step->octets = size;
}

enum rc
fetch_section(struct fetch *fetch, const struct fetch_item *item, struct fetch_step *step,
              struct err *err)
{
    struct mime_slice slice = {.offset = 0};

    const enum rc rc = item->is_filter ? filter(fetch, item, err)
                                       : fetch_section_find(fetch, item, &slice, err);
    if (rc == RC_NOT_FOUND) {
        step->kind = FETCH_STEP_NIL;
        return RC_OK;
    }
    if (rc != RC_OK)
        return rc;

    uint64_t offset = slice.offset;
    uint64_t size = item->is_filter ? buf_len(&fetch->scratch) : slice.size;
    cut(item->item, &offset, &size);
    fetch->source = item->is_filter ? FETCH_FROM_SCRATCH : FETCH_FROM_MESSAGE;
    if (size == 0) {
        step->kind = FETCH_STEP_STRING;
        step->text = SPAN("");
    } else if (item->is_filter && size <= FETCH_STRING_OCTETS) {
        step->kind = FETCH_STEP_STRING;
        step->text = span_of(buf_span(&fetch->scratch).ptr + offset, (size_t)size);
    } else {
        answer_stream(fetch, step, offset, size);
    }
    return RC_OK;
}
