/* SPDX-License-Identifier: MIT */
/*
 * A header block: the fields of a message or MIME part up to and including the blank line.
 * The functions walk it, find fields, cut HEADER.FIELDS out of it octet by octet, and unfold
 * values. All results borrow from the block; nothing is copied unless the comment says so.
 * Pure. Thread: any.
 *
 * What counts as what (RFC 7103 sections 6 and 7):
 * - A line ends with LF; a CR before it belongs to the line end. A lone CR is an ordinary
 *   octet.
 * - A field begins with a name of octets 33..126 and 128..255 without colon, blanks, then a
 *   colon. A byte order mark before a name is no part of the name.
 * - A line that begins with a blank, or that is not a field, continues the field before it.
 * Such lines before the first field, and the "From " or ">From " of an mbox, are kept as a
 * field without a name.
 * - The block ends after its first empty line.
 */
#ifndef SYNTAX_MAIL_HEADER_H
#define SYNTAX_MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

struct header_field {
    struct span raw;   /* the whole field with its line ends, as it stands in the block */
    struct span name;  /* without colon and blanks; empty for what is not a field */
    struct span value; /* after the colon, still folded, without the last line end */
};

struct header_iter {
    struct span rest;  /* what has not been walked yet */
    struct span blank; /* after the last field: the blank line, or empty when there is none */
    uint32_t seen;     /* fields given so far: at most LIMIT_HEADERS */
    struct span next_name; /* that rest begins with, if next_end is known */
    const char *next_end;  /* end of the first line of rest; NULL: not looked at yet */
};

enum header_line {
    HEADER_LINE_BLANK, /* nothing but its line end */
    HEADER_LINE_FIELD, /* begins a field */
    HEADER_LINE_OTHER, /* continues one, or is none */
};

/** Which kind a line is. It goes from line to end, with its LF if there is one; end > line.
 * *name_out is the field's name, or empty if the line does not begin a field. */
enum header_line header_line_kind(const char *line, const char *end, struct span *name_out);
/** Whether this line of the kind HEADER_LINE_OTHER, in a header that begins at start, may be
 * the beginning of the body if no field follows it. */
bool header_line_is_stray(const char *start, const char *line, const char *end);
/** The value of the field that begins with this name and ends at end (line ends included):
 *  without colon and last line end, cut at LIMIT_HEADER_FIELD. */
struct span header_field_value(struct span name, const char *end);
/** Whether it is the "From " or ">From " that an mbox leaves before the first field. */
bool header_line_is_mbox(const char *line, const char *end);

/**
 * The size in octets of the header block at the start of text, with its blank line.
 *
 * Text without a blank line is header up to its end, except for lines at its end that are no
 * fields: these are the body (the separator is missing). Text without a field before its first
 * blank line has no header. Linear in the size of the header.
 */
size_t header_size(struct span text);

/** Starts a walk over a block of header_size octets. */
void header_iter_init(struct header_iter *iter, struct span block);
/** The next field, or false at the end; then iter->blank is set. Fields beyond LIMIT_HEADERS
 *  are given as one last field without a name. */
bool header_next(struct header_iter *iter, struct header_field *field_out);

/** The value of the first field called name (ASCII case does not matter), or false. */
bool header_find(struct span block, const char *name, struct span *value_out);

/** Whether a line ends at this octet of a value and the next one is not folded, so that it is a
 * line of the header that is not a field. A blank takes the place of the line end (RFC 7103
 * section 7.2).
 */
bool header_line_is_unfolded(struct span value, size_t at);
/**
 * The value on one line: CR, LF and NUL removed, blanks at both ends removed; blanks inside and
 * 8-bit octets stay (RFC 5322 section 2.2.3). Borrowed from value if there is nothing to
 * remove; otherwise appended to scratch and borrowed from there until its next write. If
 * scratch is full (its failed flag is set), the result is empty.
 */
struct span header_unfold(struct span value, struct buf *scratch);

/** A set of field names, made once per FETCH and used for every message. */
struct header_names {
    const struct span *names; /* borrowed */
    uint16_t *slots;          /* open addressing; index + 1 into names; in the arena */
    uint32_t mask;            /* number of slots - 1 */
};

/** names: at most LIMIT_HEADER_FIELDS, borrowed as long as the set lives. RC_LIMIT. */
MUST_USE enum rc header_names_init(struct header_names *set, struct arena *arena,
                                   const struct span *names, size_t count);
bool header_names_has(const struct header_names *set, struct span name);

enum header_filter_mode {
    HEADER_FIELDS,     /* those named */
    HEADER_FIELDS_NOT, /* all others, nameless lines too */
};

/**
 * Appends the fields chosen, octet by octet as they stand in the block, then the block's blank
 * line. A block without a blank line (a message without a body, RFC 3501 section 6.4.5) gets
 * none. Ask buf_ok(out) afterwards.
 */
void header_filter(struct buf *out, struct span block, const struct header_names *set,
                   enum header_filter_mode mode);

#endif
