/* SPDX-License-Identifier: MIT */
/*
 * Packs numbers and texts into octets that one process passes to another, and unpacks them.
 * Numbers have the least significant octet first, and texts are preceded by their length. Both
 * sides agree on the order of fields by a version number at the beginning.
 *
 * Unpacking never fails in the middle: what is missing or too long reads as 0 or "" and marks
 * the whole as failed, which the caller checks once, at the end. Thread: any.
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
/** In groups of seven bits, the low ones first: an octet for numbers below 128. */
void pack_varint(struct buf *out, uint64_t value);

struct unpack {
    struct span rest;
    bool failed;
};

uint8_t unpack_u8(struct unpack *in);
/** 0 or 1; anything else fails. */
bool unpack_bool(struct unpack *in);
/** A value above max fails. */
uint32_t unpack_u32(struct unpack *in, uint32_t max);
uint64_t unpack_u64(struct unpack *in);
/** Fails if the time is negative or after latest_us. */
int64_t unpack_time(struct unpack *in, int64_t latest_us);
/** A value above max fails. */
uint64_t unpack_varint(struct unpack *in, uint64_t max);
/** Borrowed from the octets. A text longer than max fails. */
struct span unpack_span(struct unpack *in, size_t max);
/** The same; also fails if the text contains NUL, so that it can become a string. */
struct span unpack_text(struct unpack *in, size_t max);
/** Whether everything was present and nothing is left over. */
static inline bool
unpack_whole(const struct unpack *in)
{
    return !in->failed && in->rest.len == 0;
}

#endif
