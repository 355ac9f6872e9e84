/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/content/section.h"

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
section_tree(const struct message_row *row, struct arena *arena, struct mime_part **root_out)
{
    const struct span table = arena_span(arena, row->parts);

    return table.ptr == NULL ? RC_LIMIT : mime_parts_decode(table, arena, root_out);
}

enum rc
section_find(const struct message_row *row, const struct mime_part *root,
             const struct imap_section *section, struct mime_slice *slice_out)
{
    const enum mime_section_kind kind = base_of(section->text);
    const uint64_t header = row->header_octets;

    if (section->depth > 0)
        return mime_section_find(root, section->part, section->depth, kind, slice_out);
    if (header > row->octets)
        return RC_CORRUPT;
    if (kind == MIME_SECTION_HEADER)
        *slice_out = (struct mime_slice){.offset = 0, .size = header};
    else if (kind == MIME_SECTION_TEXT)
        *slice_out = (struct mime_slice){.offset = header, .size = row->octets - header};
    else
        *slice_out = (struct mime_slice){.offset = 0, .size = row->octets};
    return RC_OK;
}
