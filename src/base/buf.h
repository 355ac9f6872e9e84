/* SPDX-License-Identifier: MIT */
/*
 * A growable run of octets with a hard maximum, filled at the end and consumed at the front.
 *
 * Writing never returns an error: a write that would pass the maximum, or that the system has
 * no memory for, changes nothing and sets `failed`, which stays set until buf_clear. The code
 * that sends the buffer asks buf_ok() once. So a reply is sent either completely or not at all.
 * Not shared between threads.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct buf {
    char *data;  /* owned; NULL while nothing is allocated */
    size_t head; /* first octet not yet consumed */
    size_t tail; /* one past the last octet */
    size_t cap;  /* octets allocated */
    size_t max;  /* hard maximum of tail - head */
    bool failed; /* a write was refused */
};

/** Nothing is allocated before the first write. max: octets, at least 1. */
void buf_init(struct buf *buf, size_t max);
/** Frees the memory. The buffer may be used again. */
void buf_done(struct buf *buf);
/** Forgets contents and failure, and keeps the memory. */
void buf_clear(struct buf *buf);
/** Frees the memory if nothing is in it (a parked session keeps no buffers). */
void buf_release_if_empty(struct buf *buf);

static inline size_t
buf_len(const struct buf *buf)
{
    return buf->tail - buf->head;
}

static inline bool
buf_ok(const struct buf *buf)
{
    return !buf->failed;
}

/** The contents; valid until the next write. */
static inline struct span
buf_span(const struct buf *buf)
{
    return (struct span){buf->data == NULL ? "" : buf->data + buf->head, buf_len(buf)};
}

/** Returns room for at least `octets` at the end, which the caller fills and then claims with
 * buf_grew. NULL: that would exceed the maximum or there is no memory, and the buffer has
 * failed. */
char *buf_reserve(struct buf *buf, size_t octets);
/** octets must not exceed what was reserved. */
static inline void
buf_grew(struct buf *buf, size_t octets)
{
    buf->tail += octets;
}
/** Clears `failed`, if what was refused is not needed: a reader that found nothing. */
static inline void
buf_forgive(struct buf *buf)
{
    buf->failed = false;
}

/** Drops octets (<= buf_len) from the beginning. */
void buf_consume(struct buf *buf, size_t octets);
/** Cuts the contents to len octets (<= buf_len). Used to remove a half-written reply. */
void buf_truncate(struct buf *buf, size_t len);

void buf_put(struct buf *buf, const void *data, size_t len);
void buf_put_span(struct buf *buf, struct span s);
void buf_put_str(struct buf *buf, const char *str);
void buf_put_char(struct buf *buf, char c);
void buf_put_u64(struct buf *buf, uint64_t value); /* decimal */
PRINTF_LIKE(2, 3) void buf_printf(struct buf *buf, const char *fmt, ...);

/* Only for string literals, because the sizeof of a pointer is the pointer's size. */
#define buf_put_lit(buf, literal) buf_put((buf), "" literal "", sizeof("" literal "") - 1)

/** Writes value in decimal at dst (room for 20 octets), unterminated; returns the length. */
size_t fmt_u64(char *dst, uint64_t value);

/** `AUTO_BUF text = {0};` and buf_init before the first write. */
#define AUTO_BUF CLEANUP(buf_done) struct buf

#endif
