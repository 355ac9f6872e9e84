/* SPDX-License-Identifier: MIT */
/*
 * BODY[...] and RFC822...: which octets of a message a section is (RFC 3501 section 6.4.5).
 * Top-level header and text lie where the message row says; numbered parts where the part table
 * says; HEADER.FIELDS comes from the stored fields when these suffice, else from the header
 * block.
 */
#include "mailbox/content/fetch_private.h"

#include "mailbox/content/ingest.h"

static enum mime_section_kind
base_of(enum imap_section_text text)
{
    switch (text) {
    case SECTION_WHOLE:
        return MIME_SECTION_BODY;
    case SECTION_HEADER:
    case SECTION_HEADER_FIELDS:
    case SECTION_HEADER_FIELDS_NOT:
        return MIME_SECTION_HEADER;
    case SECTION_TEXT:
        return MIME_SECTION_TEXT;
    case SECTION_MIME:
        return MIME_SECTION_MIME;
    }
    return MIME_SECTION_BODY;
}

enum rc
fetch_section_plan(struct fetch_item *plan, struct arena *arena)
{
    const struct imap_section *section = &plan->item->section;

    plan->kind = base_of(section->text);
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
    const struct span table = arena_span(&fetch->parts, fetch->row.parts);
    if (table.ptr == NULL)
        return err_set(err, RC_LIMIT, 0, "part table");
    const enum rc rc = mime_parts_decode(table, &fetch->parts, &fetch->root);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "part table of message %ju", (uintmax_t)fetch->msg.message);
    return RC_OK;
}

/* RC_NOT_FOUND: the message has no such section. */
static enum rc
find(struct fetch *fetch, const struct fetch_item *item, struct mime_slice *slice_out,
     struct err *err)
{
    const struct imap_section *section = &item->item->section;
    const uint64_t header = fetch->row.header_octets;
    const uint64_t all = fetch->row.octets;

    if (section->depth > 0) {
        const enum rc rc = fetch_load_parts(fetch, err);
        if (rc != RC_OK)
            return rc;
        return mime_section_find(fetch->root, section->part, section->depth, item->kind,
                                 slice_out);
    }
    if (header > all)
        return err_set(err, RC_CORRUPT, 0, "header of message %ju",
                       (uintmax_t)fetch->msg.message);
    if (item->kind == MIME_SECTION_HEADER)
        *slice_out = (struct mime_slice){.offset = 0, .size = header};
    else if (item->kind == MIME_SECTION_TEXT)
        *slice_out = (struct mime_slice){.offset = header, .size = all - header};
    else
        *slice_out = (struct mime_slice){.offset = 0, .size = all};
    return RC_OK;
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

    enum rc rc = find(fetch, item, &slice, err);
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

    const enum rc rc =
        item->is_filter ? filter(fetch, item, err) : find(fetch, item, &slice, err);
    if (rc == RC_NOT_FOUND) {
        step->kind = FETCH_STEP_NIL;
        return RC_OK;
    }
    if (rc != RC_OK)
        return rc;

    uint64_t offset = slice.offset;
    uint64_t size = item->is_filter ? buf_len(&fetch->scratch) : slice.size;
    cut(item->item, &offset, &size);
    fetch->stream_is_scratch = item->is_filter;
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
