/* SPDX-License-Identifier: MIT */
/*
 * One walk from the first octet to the last, without recursion:
 *
 *      entity -> read_header -> classify -+- message:   its child is the next entity
 *        ^                                +- multipart: boundary pushed -+
 *        |                                +- leaf                        |
 *        |                                          seek_delimiter <-----+
 *        +------ delimiter "--b": new child <---+        ^
 *                delimiter "--b--": epilogue ---+--------+
 *                end of message: done
 *
 * `part` is the innermost part still open. A delimiter of an outer multipart closes everything
 * inside it, which is how a missing last delimiter is survived.
 *
 * Lines are found with memchr. Only lines that begin with "--" are compared with boundaries,
 * and those by a 64-bit hash first, so that deep nesting costs a few instructions a level on
 * such lines and nothing on others.
 */
#include "syntax/mail/mime_scan.h"

#include "base/limits.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_content.h"

struct boundary {
    struct mime_part *multipart;
    struct span text;
    uint64_t hash;
};

enum hit_kind { HIT_NONE, HIT_END, HIT_NEXT_PART, HIT_LAST };

/* Where the innermost entity ended, and why. */
struct hit {
    enum hit_kind kind;
    uint32_t level;   /* of the boundary */
    const char *end;  /* one past the entity: the delimiter's line end before it is left out */
    uint64_t lines;   /* line ends before end */
    const char *text; /* HIT_LAST: end of the delimiter without its line end */
};

struct scan {
    const char *start;
    const char *end;
    const char *pos;   /* start of a line */
    const char *floor; /* the entity's first octet: no line end before it may be left out */
    uint64_t lines;    /* line ends before pos */
    struct hit hit;

    struct arena *arena;
    struct mime_part *root;
    struct mime_part *part; /* the innermost still open */
    uint32_t part_count;
    uint32_t depth; /* ancestors of part */
    uint32_t level_count;
    struct boundary levels[LIMIT_MIME_DEPTH];
    struct mime_content_reader content;
};

/* --- Delimiters --- */

static uint64_t
hash_more(uint64_t hash, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)p[i]) * 1099511628211u; /* FNV-1a */
    return hash;
}

static uint64_t
hash_text(struct span text)
{
    return hash_more(14695981039346656037u, text.ptr, text.len);
}

static struct span
without_trailing_blanks(struct span text)
{
    while (text.len > 0 && strchr(" \t\r", text.ptr[text.len - 1]) != NULL &&
           text.ptr[text.len - 1] != '\0')
        text.len--;
    return text;
}

static bool
is_boundary(const struct boundary *boundary, struct span text, uint64_t hash)
{
    return boundary->hash == hash && span_eq(boundary->text, text);
}

/* Which boundary, the innermost first, is text ("x" or "x--") the delimiter of? */
static enum hit_kind
find_boundary(const struct scan *scan, struct span text, uint32_t *level_out)
{
    const bool dashes =
        text.len > 2 && text.ptr[text.len - 1] == '-' && text.ptr[text.len - 2] == '-';
    const struct span stem = span_head(text, dashes ? text.len - 2 : text.len);
    const uint64_t stem_hash = hash_text(stem);
    const uint64_t hash = hash_more(stem_hash, text.ptr + stem.len, text.len - stem.len);

    for (uint32_t i = scan->level_count; i-- > 0;) {
        *level_out = i;
        if (is_boundary(&scan->levels[i], text, hash))
            return HIT_NEXT_PART;
        if (dashes && is_boundary(&scan->levels[i], stem, stem_hash))
            return HIT_LAST;
    }
    return HIT_NONE;
}

/* The line [pos, next) begins with "--": if it is a delimiter, notes the hit and passes it. */
static bool
take_delimiter(struct scan *scan, const char *next)
{
    const bool has_lf = next[-1] == '\n';
    const char *const text = scan->pos + 2;
    const struct span line =
        without_trailing_blanks(span_of(text, (size_t)((has_lf ? next - 1 : next) - text)));
    struct hit hit = {.end = scan->pos, .lines = scan->lines, .text = line.ptr + line.len};

    if (scan->part_count >= LIMIT_MIME_PARTS)
        return false; /* the rest belongs to the last part */
    hit.kind = find_boundary(scan, line, &hit.level);
    if (hit.kind == HIT_NONE)
        return false;
    if (hit.end > scan->floor && hit.end[-1] == '\n') {
        hit.end--;
        hit.lines--;
        if (hit.end > scan->floor && hit.end[-1] == '\r')
            hit.end--;
    }
    scan->hit = hit;
    scan->pos = next;
    scan->lines += has_lf;
    return true;
}

static bool
may_be_delimiter(const struct scan *scan)
{
    return scan->level_count > 0 && scan->end - scan->pos > 2 && scan->pos[0] == '-' &&
           scan->pos[1] == '-';
}

static const char *
next_line(const struct scan *scan)
{
    const char *lf = memchr(scan->pos, '\n', (size_t)(scan->end - scan->pos));

    return lf == NULL ? scan->end : lf + 1;
}

static void
hit_end(struct scan *scan)
{
    scan->hit = (struct hit){.kind = HIT_END, .end = scan->end, .lines = scan->lines};
}

/* Goes on to the next delimiter or the end of the message. */
static void
seek_delimiter(struct scan *scan)
{
    if (scan->hit.kind != HIT_NONE)
        return; /* the header was cut by it */
    while (scan->pos < scan->end) {
        const char *next = next_line(scan);
        if (may_be_delimiter(scan) && take_delimiter(scan, next))
            return;
        scan->lines += next[-1] == '\n';
        scan->pos = next;
    }
    hit_end(scan);
}

/* --- Headers --- */

/* The body begins at p, with lines line ends before it. */
static void
set_body(struct scan *scan, const char *p, uint64_t lines)
{
    struct mime_part *part = scan->part;

    part->body_off = (uint64_t)(p - scan->start);
    part->header_size = part->body_off - part->header_off;
    part->body_lines = lines; /* until the part is closed */
}

/* A header being read. */
struct header_state {
    const char *start;
    bool in_field;     /* one that the next lines may continue */
    struct span name;  /* its name */
    uint32_t fields;   /* so far */
    const char *stray; /* the first line since that field which is not a field */
    uint64_t stray_lines;
};

/* The field begun last ends at end. */
static void
end_field(const struct header_state *header, const char *end, struct mime_part *part)
{
    if (header->in_field)
        mime_content_note(part, header->name, end);
}

/* Takes the line [pos, next) of a header. False: the body begins. */
static bool
take_header_line(struct scan *scan, struct header_state *header, const char *next)
{
    const char *const line = scan->pos;
    struct span name;
    const enum header_line kind = header_line_kind(line, next, &name);

    if (kind == HEADER_LINE_BLANK && header->stray != NULL && header->stray == header->start) {
        scan->pos = header->start; /* a first paragraph without a field is not a header */
        scan->lines = header->stray_lines;
        return false;
    }
    if (kind != HEADER_LINE_OTHER) {
        end_field(header, line, scan->part);
        header->in_field = ++header->fields <= LIMIT_HEADERS;
        header->name = name;
        header->stray = NULL;
    } else if (header->stray == NULL && header_line_is_stray(header->start, line, next)) {
        header->stray = line;
        header->stray_lines = scan->lines;
    }
    scan->lines += next[-1] == '\n';
    scan->pos = next;
    return kind != HEADER_LINE_BLANK;
}

/*
 * Reads the header that begins at pos: up to its blank line, or to a delimiter or the end; in
 * that case lines at its end that are not fields are the body (see header_size).
 */
static void
read_header(struct scan *scan)
{
    const char *const start = scan->hit.kind == HIT_NONE ? scan->pos : scan->hit.end;
    struct header_state header = {.start = start};

    scan->floor = start;
    scan->part->header_off = (uint64_t)(start - scan->start);
    while (scan->hit.kind == HIT_NONE && scan->pos < scan->end) {
        const char *next = next_line(scan);
        if (may_be_delimiter(scan) && take_delimiter(scan, next))
            break;
        if (!take_header_line(scan, &header, next)) {
            set_body(scan, scan->pos, scan->lines);
            return;
        }
    }
    if (scan->hit.kind == HIT_NONE)
        hit_end(scan);
    if (header.stray == NULL || header.stray >= scan->hit.end) {
        end_field(&header, scan->hit.end, scan->part);
        set_body(scan, scan->hit.end, scan->hit.lines);
        return;
    }
    end_field(&header, header.stray, scan->part);
    /* Walk these lines again as a body. They hold no field, so no part in them has a header to
     * walk twice: an octet is seen twice at most. */
    scan->pos = header.stray;
    scan->lines = header.stray_lines;
    scan->hit.kind = HIT_NONE;
    set_body(scan, scan->pos, scan->lines);
}

/* Sets what the header says of the part; the tree's limits decide whether it may have parts. */
static enum rc
classify(struct scan *scan, struct span *boundary_out)
{
    struct mime_part *part = scan->part;

    if (mime_content_read(&scan->content, part, boundary_out) != RC_OK)
        return RC_LIMIT;
    if (part->kind != MIME_LEAF &&
        (scan->depth + 1 >= LIMIT_MIME_DEPTH || scan->part_count >= LIMIT_MIME_PARTS))
        mime_content_set_type(part, "application", "octet-stream");
    return RC_OK;
}

/* --- The tree --- */

/* A new innermost part, the last child of the one that is innermost now. */
static enum rc
open_part(struct scan *scan)
{
    struct mime_part *part = arena_new(scan->arena, struct mime_part);
    struct mime_part *const parent = scan->part;

    if (part == NULL)
        return RC_LIMIT;
    part->parent = parent;
    if (parent != NULL) {
        if (parent->last_child == NULL)
            parent->first_child = part;
        else
            parent->last_child->next = part;
        parent->last_child = part;
        scan->depth++;
    } else {
        scan->root = part;
    }
    scan->part = part;
    scan->part_count++;
    return RC_OK;
}

/* The part that a multipart without delimiters has. */
static enum rc
add_whole_body(struct scan *scan)
{
    struct mime_part *const multipart = scan->part;

    if (open_part(scan) != RC_OK)
        return RC_LIMIT;
    struct mime_part *const part = scan->part;
    part->header_off = part->body_off = multipart->body_off;
    part->body_size = multipart->body_size;
    part->body_lines = multipart->body_lines;
    mime_content_set_type(part, "text", "plain");
    scan->part = multipart;
    scan->depth--;
    return RC_OK;
}

/* Closes the innermost parts at the hit, up to but without stop. */
static enum rc
close_parts(struct scan *scan, const struct mime_part *stop)
{
    while (scan->part != stop) {
        struct mime_part *part = scan->part;
        part->body_size = (uint64_t)(scan->hit.end - scan->start) - part->body_off;
        part->body_lines = scan->hit.lines - part->body_lines;
        if (part->kind == MIME_MULTIPART && part->first_child == NULL &&
            add_whole_body(scan) != RC_OK)
            return RC_LIMIT;
        scan->part = part->parent;
        if (part->parent != NULL)
            scan->depth--;
    }
    return RC_OK;
}

/* An entity begins at pos: reads its header, and those of the messages that it encloses
 * directly. */
static enum rc
scan_entity(struct scan *scan)
{
    struct span boundary = {NULL, 0};

    do {
        if (open_part(scan) != RC_OK)
            return RC_LIMIT;
        read_header(scan);
        if (classify(scan, &boundary) != RC_OK)
            return RC_LIMIT;
    } while (scan->part->kind == MIME_MESSAGE);

    scan->floor = scan->start + scan->part->body_off;
    boundary = without_trailing_blanks(boundary);
    if (scan->part->kind == MIME_MULTIPART && boundary.len > 0)
        scan->levels[scan->level_count++] = (struct boundary){
            .multipart = scan->part, .text = boundary, .hash = hash_text(boundary)};
    return RC_OK;
}

static enum rc
scan_all(struct scan *scan)
{
    enum rc rc = scan_entity(scan);

    while (rc == RC_OK) {
        seek_delimiter(scan);
        const struct hit hit = scan->hit;
        if (hit.kind == HIT_END)
            return close_parts(scan, NULL);
        if (close_parts(scan, scan->levels[hit.level].multipart) != RC_OK)
            return RC_LIMIT;
        scan->hit.kind = HIT_NONE;
        if (hit.kind == HIT_NEXT_PART) {
            scan->level_count = hit.level + 1;
            rc = scan_entity(scan);
        } else {
            scan->level_count = hit.level;
            scan->floor = hit.text; /* the epilogue */
        }
    }
    return rc;
}

enum rc
mime_scan(struct span message, struct arena *arena, struct mime_part **root_out)
{
    struct scan scan;

    if (message.len > LIMIT_APPEND_MAX)
        return RC_LIMIT;
    /* Not `= {...}`: the boundaries and the scratch need not be cleared for every message. */
    scan.start = scan.pos = scan.floor = message.len == 0 ? "" : message.ptr;
    scan.end = scan.start + message.len;
    scan.lines = 0;
    scan.hit.kind = HIT_NONE;
    scan.arena = arena;
    mime_content_reader_init(&scan.content, arena);
    scan.root = scan.part = NULL;
    scan.part_count = scan.depth = scan.level_count = 0;

    const enum rc rc = scan_all(&scan);
    mime_content_reader_done(&scan.content);
    if (rc == RC_OK)
        *root_out = scan.root;
    return rc;
}

const struct mime_part *
mime_part_after(const struct mime_part *part)
{
    if (part->first_child != NULL)
        return part->first_child;
    while (part != NULL && part->next == NULL)
        part = part->parent;
    return part == NULL ? NULL : part->next;
}
