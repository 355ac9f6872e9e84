/* SPDX-License-Identifier: MIT */
/*
 * Writing and reading part tables, and finding sections. A table comes from our own disk, yet
 * it is read as if it came from anywhere: whatever is in it, the tree keeps its promises.
 */
#include "syntax/mail/mime_parts.h"

#include "base/limits.h"

enum { TABLE_VERSION = 1 };

/* The first octet of a part: media in bits 0-3, encoding in 4-6, attachment in 7. */
enum { MEDIA_MASK = 15, ENCODING_SHIFT = 4, ENCODING_MASK = 7, ATTACHMENT_BIT = 0x80 };

/* Stored as their index: append only. Index 0 is "not said"; CHARSET_NAMED is followed by the
 * name. */
static const struct span charsets[] = {
    SPAN_INIT(""),           SPAN_INIT("us-ascii"),     SPAN_INIT("utf-8"),
    SPAN_INIT("iso-8859-1"), SPAN_INIT("windows-1252"), SPAN_INIT("iso-8859-15"),
    SPAN_INIT("iso-8859-2"), SPAN_INIT("windows-1251"), SPAN_INIT("koi8-r"),
    SPAN_INIT("gb2312"),     SPAN_INIT("gbk"),          SPAN_INIT("gb18030"),
    SPAN_INIT("big5"),       SPAN_INIT("iso-2022-jp"),  SPAN_INIT("shift_jis"),
    SPAN_INIT("euc-kr"),     SPAN_INIT("windows-1250"),
};
enum { CHARSET_NAMED = 255, CHARSET_OCTETS_MAX = 64 };

static void
put_number(struct buf *out, uint64_t number)
{
    char octets[10];
    size_t len = 0;

    while (number >= 0x80) {
        octets[len++] = (char)(number | 0x80);
        number >>= 7;
    }
    octets[len++] = (char)number;
    buf_put(out, octets, len);
}

static void
put_charset(struct buf *out, struct span charset)
{
    for (size_t i = 0; i < ARRAY_LEN(charsets); i++) {
        if (span_ieq(charset, charsets[i])) {
            buf_put_char(out, (char)i);
            return;
        }
    }
    charset = span_head(charset, CHARSET_OCTETS_MAX);
    buf_put_char(out, (char)CHARSET_NAMED);
    put_number(out, charset.len);
    buf_put_span(out, charset);
}

static uint64_t
part_end(const struct mime_part *part)
{
    return part->body_off + part->body_size;
}

/* Where a part's gap is counted from: the end of its elder sibling, or its parent's body. */
static uint64_t
gap_start(const struct mime_part *part, const struct mime_part *elder)
{
    if (elder != NULL)
        return part_end(elder);
    return part->parent == NULL ? 0 : part->parent->body_off;
}

static void
put_part(struct buf *out, const struct mime_part *part, const struct mime_part *elder)
{
    const unsigned flags = (unsigned)part->media | (unsigned)part->encoding << ENCODING_SHIFT |
                           (part->is_attachment ? ATTACHMENT_BIT : 0u);

    buf_put_char(out, (char)flags);
    if (mime_is_text(part))
        put_charset(out, part->charset);
    put_number(out, part->header_off - gap_start(part, elder));
    put_number(out, part->header_size);
    put_number(out, part->body_size);
    put_number(out, part->body_lines);
    if (part->kind == MIME_MULTIPART) {
        uint64_t children = 0;
        for (const struct mime_part *child = part->first_child; child; child = child->next)
            children++;
        put_number(out, children);
    }
}

void
mime_parts_encode(struct buf *out, const struct mime_part *root)
{
    const struct mime_part *elder = NULL;

    buf_put_char(out, TABLE_VERSION);
    for (const struct mime_part *part = root; part != NULL;) {
        put_part(out, part, elder);
        const struct mime_part *next = mime_part_after(part);
        elder = NULL;
        if (next != NULL && next->parent != part) {
            elder = part; /* climb to the sibling before next */
            while (elder->parent != next->parent)
                elder = elder->parent;
        }
        part = next;
    }
}

/* --- Reading --- */

struct reader {
    const unsigned char *p;
    const unsigned char *end;
    bool bad;
};

static unsigned
get_octet(struct reader *reader)
{
    if (reader->p == reader->end) {
        reader->bad = true;
        return 0;
    }
    return *reader->p++;
}

/* At most max; a larger number makes the table bad. */
static uint64_t
get_number(struct reader *reader, uint64_t max)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        const unsigned octet = get_octet(reader);
        number |= (uint64_t)(octet & 0x7f) << shift;
        if ((octet & 0x80) == 0) {
            reader->bad |= number > max;
            return number > max ? 0 : number;
        }
    }
    reader->bad = true;
    return 0;
}

static struct span
get_charset(struct reader *reader)
{
    const unsigned code = get_octet(reader);

    if (code < ARRAY_LEN(charsets))
        return charsets[code];
    const uint64_t len = get_number(reader, CHARSET_OCTETS_MAX);
    if (code != CHARSET_NAMED || len > (uint64_t)(reader->end - reader->p)) {
        reader->bad = true;
        return SPAN("");
    }
    const struct span name = span_of(reader->p, (size_t)len);
    reader->p += len;
    return name;
}

/* Reads one part, which lies in start..end; sets how many children follow. */
static void
get_part(struct reader *reader, struct mime_part *part, uint64_t start, uint64_t end,
         uint64_t *children_out)
{
    const unsigned flags = get_octet(reader);

    part->media = (enum mime_media)(flags & MEDIA_MASK);
    part->encoding = (enum mime_encoding)(flags >> ENCODING_SHIFT & ENCODING_MASK);
    part->is_attachment = (flags & ATTACHMENT_BIT) != 0;
    reader->bad |= part->media > MIME_MEDIA_CALENDAR || part->encoding > MIME_ENCODING_UNKNOWN;
    if (mime_is_text(part))
        part->charset = get_charset(reader);
    part->header_off = start + get_number(reader, end - start);
    part->header_size = get_number(reader, end - part->header_off);
    part->body_off = part->header_off + part->header_size;
    part->body_size = get_number(reader, end - part->body_off);
    part->body_lines = get_number(reader, part->body_size);
    *children_out = 0;
    if (part->media == MIME_MEDIA_MULTIPART ||
        part->media == MIME_MEDIA_MULTIPART_ALTERNATIVE) {
        part->kind = MIME_MULTIPART;
        *children_out = get_number(reader, LIMIT_MIME_PARTS);
        reader->bad |= *children_out == 0;
    } else if (part->media == MIME_MEDIA_MESSAGE) {
        part->kind = MIME_MESSAGE;
        *children_out = 1;
    }
}

static void
append_child(struct mime_part *parent, struct mime_part *child)
{
    if (parent->last_child == NULL)
        parent->first_child = child;
    else
        parent->last_child->next = child;
    parent->last_child = child;
}

static bool
fills_message(const struct mime_part *child)
{
    return child->parent == NULL || child->parent->kind != MIME_MESSAGE ||
           (child->header_off == child->parent->body_off &&
            part_end(child) == part_end(child->parent));
}

enum rc
mime_parts_decode(struct span table, struct arena *arena, struct mime_part **root_out)
{
    uint64_t missing[LIMIT_MIME_DEPTH]; /* children still to come, by depth */
    struct reader reader = {(const unsigned char *)table.ptr,
                            (const unsigned char *)table.ptr + table.len, false};
    struct mime_part *root = NULL;
    struct mime_part *parent = NULL;
    uint32_t depth = 0;
    uint32_t count = 0;

    if (table.len == 0 || get_octet(&reader) != TABLE_VERSION)
        return RC_CORRUPT;
    do {
        struct mime_part *part = arena_new(arena, struct mime_part);
        if (part == NULL)
            return RC_LIMIT;
        part->parent = parent;
        const uint64_t start = gap_start(part, parent == NULL ? NULL : parent->last_child);
        const uint64_t end = parent == NULL ? LIMIT_APPEND_MAX : part_end(parent);
        get_part(&reader, part, start, end, &missing[depth]);
        if (reader.bad || ++count > LIMIT_MIME_PARTS || !fills_message(part) ||
            (parent == NULL && part->header_off != 0))
            return RC_CORRUPT;
        if (parent == NULL)
            root = part;
        else
            append_child(parent, part);
        if (missing[depth] > 0) {
            if (++depth == LIMIT_MIME_DEPTH)
                return RC_CORRUPT;
            parent = part;
            continue;
        }
        while (depth > 0 && --missing[depth - 1] == 0) {
            depth--;
            parent = parent->parent;
        }
    } while (depth > 0);
    if (reader.p != reader.end)
        return RC_CORRUPT;
    *root_out = root;
    return RC_OK;
}

/* --- Sections --- */

static const struct mime_part *
nth_child(const struct mime_part *part, uint32_t number)
{
    const struct mime_part *child = part->first_child;

    while (child != NULL && --number > 0)
        child = child->next;
    return child;
}

/* Part number of an entity: a multipart's child, else its own body is number 1. */
static const struct mime_part *
entity_part(const struct mime_part *entity, uint32_t number)
{
    if (entity->kind == MIME_MULTIPART)
        return nth_child(entity, number);
    return number == 1 ? entity : NULL;
}

static const struct mime_part *
find_part(const struct mime_part *root, const uint32_t *path, size_t path_len)
{
    const struct mime_part *part = entity_part(root, path[0]);

    for (size_t i = 1; part != NULL && i < path_len; i++) {
        if (part->kind == MIME_MULTIPART)
            part = nth_child(part, path[i]);
        else if (part->kind == MIME_MESSAGE)
            part = entity_part(part->first_child, path[i]);
        else
            part = NULL;
    }
    return part;
}

static struct mime_slice
slice_header(const struct mime_part *part)
{
    return (struct mime_slice){part->header_off, part->header_size, part};
}

static struct mime_slice
slice_body(const struct mime_part *part)
{
    return (struct mime_slice){part->body_off, part->body_size, part};
}

enum rc
mime_section_find(const struct mime_part *root, const uint32_t *path, size_t path_len,
                  enum mime_section_kind kind, struct mime_slice *slice_out)
{
    const struct mime_part *part = root;

    for (size_t i = 0; i < path_len; i++) {
        if (path[i] == 0)
            return RC_NOT_FOUND;
    }
    if (path_len > 0) {
        part = find_part(root, path, path_len);
        if (part == NULL)
            return RC_NOT_FOUND;
        if (kind == MIME_SECTION_BODY || kind == MIME_SECTION_MIME) {
            *slice_out = kind == MIME_SECTION_BODY ? slice_body(part) : slice_header(part);
            return RC_OK;
        }
        if (part->kind != MIME_MESSAGE)
            return RC_NOT_FOUND;
        part = part->first_child;
    }
    switch (kind) {
    case MIME_SECTION_BODY:
        *slice_out = (struct mime_slice){0, part_end(part), part};
        return RC_OK;
    case MIME_SECTION_HEADER:
        *slice_out = slice_header(part);
        return RC_OK;
    case MIME_SECTION_TEXT:
        *slice_out = slice_body(part);
        return RC_OK;
    default:
        return RC_NOT_FOUND;
    }
}
