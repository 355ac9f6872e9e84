/* SPDX-License-Identifier: MIT */
/*
 * Numbers and texts as octets and back, for what one process gives to another: fixed order,
 * least significant octet first, texts with their length before them. Who packs and who unpacks
 * agree on the order; a version number in front says on which.
 *
 * Unpacking never fails in the middle: what is missing or too long reads as 0 or "" and marks
 * the whole as failed, which is asked once, at the end. Thread: any.
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/span.h"

void pack_u8(struct buf *out, uint8_t value);
void pack_u32(struct buf *out, uint32_t value);
void pack_u64(struct buf *out, uint64_t value);
static inline void
pack_i64(struct buf *out, int64_t value)
{
    pack_u64(out, (uint64_t)value);
}
void pack_span(struct buf *out, struct span text);

struct unpack {
    struct span rest;
    bool failed;
};

uint8_t unpack_u8(struct unpack *in);
/** 0 or 1; anything else fails. */
bool unpack_bool(struct unpack *in);
/** max: a greater one fails. */
uint32_t unpack_u32(struct unpack *in, uint32_t max);
uint64_t unpack_u64(struct unpack *in);
/** Neither negative nor after latest_us; otherwise it fails. */
int64_t unpack_time(struct unpack *in, int64_t latest_us);
/** Borrowed from the octets; longer than max fails. */
struct span unpack_span(struct unpack *in, size_t max);
/** The same, without NUL in it: fit for a string. */
struct span unpack_text(struct unpack *in, size_t max);
/** All of it was there, and nothing is left over. */
static inline bool
unpack_whole(const struct unpack *in)
{
    return !in->failed && in->rest.len == 0;
}

#endif
