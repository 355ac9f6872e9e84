/* SPDX-License-Identifier: MIT */
/*
 * The header fields that clients ask for most are kept in the message row (store.h: `fields`),
 * so that the usual HEADER.FIELDS, SEARCH keys and message lists do not need to read the header
 * block.
 *
 * Form: an index, then the fields themselves as they stand in the header, in its order.
 *   octet 0   how many ids the table had when this was written (0: the fields were too many or
 *             too large; ask the header block); a later table may know more
 *   octet 1   the blank line of the header block: 0 none, 1 LF, 2 CR LF
 *   octet 2   number of fields; then for each three octets: its id, its size (low, high)
 *   octets    of all fields, one after the other
 * Ids are positions in the table in fields.c and never change their meaning.
 *
 * Pure. Thread: any.
 */
#ifndef MAILBOX_CONTENT_FIELDS_H
#define MAILBOX_CONTENT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/span.h"

enum { FIELDS_NONE = -1, FIELDS_MAX = 64 };
/* Above this the row would not be narrow any more, so the header block is read instead. */
enum { FIELDS_OCTETS_MAX = 32 << 10 };

/** The id of a field name (ASCII case does not matter), or FIELDS_NONE. */
int fields_id(struct span name);

/** Appends what is to be stored for this header block. Ask buf_ok(out) afterwards. */
void fields_put(struct buf *out, struct span header);

/* Which fields a command wants; made once, used for every message. */
struct fields_want {
    uint64_t ids;   /* bit n: field id n */
    bool all_known; /* every name is in the table */
};
void fields_want_init(struct fields_want *want, const struct span *names, size_t count);

/**
 * Appends exactly what HEADER.FIELDS with these names gives for the whole header
 * (header_filter). False: stored does not tell this, and out is unchanged; filter the header
 * block then.
 */
MUST_USE bool fields_filter(struct buf *out, struct span stored,
                            const struct fields_want *want);

/** Gives all fields that are stored, in the order of the header, as a header block without its
 * blank line. False: stored does not tell of the first `ids` ids or is damaged; use the header
 * then. */
MUST_USE bool fields_block(struct span stored, int ids, struct span *block_out);

/* Walks the fields stored. */
struct fields_iter {
    struct span stored;
    uint32_t next;   /* number of the field to be looked at */
    uint32_t offset; /* of its octets in stored */
};
/** False: stored does not tell of this id, or is damaged. */
MUST_USE bool fields_iter_init(struct fields_iter *iter, struct span stored, int id);
/** The next field with this id, complete with name, colon, value and line end. False: there is
 * none. */
bool fields_next(struct fields_iter *iter, int id, struct span *raw_out);
/** The value of such a field: after its colon, still folded, without the last line end. */
struct span fields_value(struct span raw);

#endif
