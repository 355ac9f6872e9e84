/* SPDX-License-Identifier: MIT */
/*
 * A set of texts. Each is kept once and gets a number: 0, 1, 2 ... in the order in which they
 * came. The hash is keyed (base/map.h), so a peer cannot choose texts that collide. Pure.
 * Thread: the session.
 */
#ifndef MAILBOX_ORDER_TEXTS_H
#define MAILBOX_ORDER_TEXTS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

struct texts {
    struct buf octets;  /* of all texts, one after the other */
    struct buf entries; /* struct text_entry each; see texts.c */
    struct buf slots;   /* uint32_t each, a power of two of them: number + 1, or 0 */
    uint32_t count;
};

/** max_octets: of memory for each of the three. */
void texts_init(struct texts *texts, size_t max_octets);
void texts_done(struct texts *texts);
/** The number of text, which is added if it is new. RC_LIMIT: memory. */
MUST_USE enum rc texts_add(struct texts *texts, struct span text, uint32_t *number_out);
/** Valid until the next texts_add. */
struct span texts_at(const struct texts *texts, uint32_t number);
/** Octets of memory in use. */
size_t texts_octets(const struct texts *texts);

#endif
