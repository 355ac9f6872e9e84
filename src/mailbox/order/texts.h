/* SPDX-License-Identifier: MIT */
/*
 * A set of texts. Each is kept once and gets a number: 0, 1, 2 ... in the order in which they
 * came. The hash depends on numbers that were drawn, so a peer cannot choose texts that
 * collide. Pure. Thread: the session.
 */
#ifndef MAILBOX_ORDER_TEXTS_H
#define MAILBOX_ORDER_TEXTS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

/* A text of the set. */
struct text_entry {
    /* Its first eight octets, so that texts whose heads differ are ordered as these are; of a
     * shorter one, with zeros behind it */
    int64_t head;
    uint32_t offset; /* in octets */
    uint32_t len;
};

/** Room for octets at the end of buf, which buf_grew takes, or NULL. Like buf_reserve, but in
 *  place where there is room, as is usual after a reserve. */
static inline char *
texts_room(struct buf *buf, size_t octets)
{
    if (buf->data != NULL && !buf->failed && octets <= buf->cap - buf->tail &&
        octets <= buf->max - buf_len(buf))
        return buf->data + buf->tail;
    return buf_reserve(buf, octets);
}

struct texts {
    struct buf octets;  /* of all texts, one after the other */
    struct buf entries; /* struct text_entry each */
    struct buf slots;   /* struct text_slot each, a power of two of them; see texts.c */
    uint32_t count;
    uint64_t place; /* of the hash */
    uint64_t factor;
};

/** max_octets: of memory for each of the three. */
void texts_init(struct texts *texts, size_t max_octets);
void texts_done(struct texts *texts);
/** Makes room for about so many texts, which saves time. RC_LIMIT: memory. */
MUST_USE enum rc texts_reserve(struct texts *texts, uint32_t count);
/** The number of text, which is added if it is new. RC_LIMIT: memory. */
MUST_USE enum rc texts_add(struct texts *texts, struct span text, uint32_t *number_out);
/** The same for many texts at once, which is faster, as the memory that they need is asked for
 *  ahead. RC_LIMIT: not all were added. */
MUST_USE enum rc texts_add_many(struct texts *texts, const struct span *many, size_t count,
                                uint32_t *numbers_out);
/** Octets of memory in use. */
size_t texts_octets(const struct texts *texts);

static inline const struct text_entry *
texts_entry(const struct texts *texts, uint32_t number)
{
    return &((const struct text_entry *)(const void *)texts->entries.data)[number];
}
/** Valid until the next texts_add. */
static inline struct span
texts_at(const struct texts *texts, uint32_t number)
{
    const struct text_entry *entry = texts_entry(texts, number);

    return span_of(buf_span(&texts->octets).ptr + entry->offset, entry->len);
}

#endif
