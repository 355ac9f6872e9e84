/* SPDX-License-Identifier: MIT */
/*
 * See the header for the contract. Growth doubles; consumed room at the front is reused
 * before more is asked for. One owner; no locks.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

enum { FIRST_CAP = 512 };

void
buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void
buf_done(struct buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->max);
}

void
buf_clear(struct buf *buf)
{
    buf->head = buf->tail = 0;
    buf->failed = false;
}

void
buf_release_if_empty(struct buf *buf)
{
    if (buf_len(buf) == 0 && buf->data != NULL) {
        free(buf->data);
        buf->data = NULL;
        buf->head = buf->tail = buf->cap = 0;
    }
}

static bool
grow(struct buf *buf, size_t octets)
{
    const size_t len = buf_len(buf);

    if (octets > buf->max || len > buf->max - octets)
        return false;
    if (buf->head > 0 && len + octets <= buf->cap && buf->head >= buf->cap / 2) {
        memmove(buf->data, buf->data + buf->head, len);
        buf->head = 0;
        buf->tail = len;
        return true;
    }
    size_t cap = buf->cap == 0 ? FIRST_CAP : buf->cap * 2;
    while (cap < len + octets)
        cap *= 2;
    if (cap > buf->max)
        cap = buf->max;
    char *data = malloc(cap);
    if (data == NULL)
        return false;
    if (len > 0)
        memcpy(data, buf->data + buf->head, len);
    free(buf->data);
    buf->data = data;
    buf->cap = cap;
    buf->head = 0;
    buf->tail = len;
    return true;
}

char *
buf_reserve(struct buf *buf, size_t octets)
{
    if (buf->failed)
        return NULL;
    if (buf->data == NULL || octets > buf->cap - buf->tail ||
        octets > buf->max - buf_len(buf)) {
        if (!grow(buf, octets)) {
            buf->failed = true;
            return NULL;
        }
    }
    return buf->data + buf->tail;
}

void
buf_consume(struct buf *buf, size_t octets)
{
    CHECK(octets <= buf_len(buf));
    buf->head += octets;
    if (buf->head == buf->tail)
        buf->head = buf->tail = 0;
}

void
buf_truncate(struct buf *buf, size_t len)
{
    CHECK(len <= buf_len(buf));
    buf->tail = buf->head + len;
}

void
buf_put(struct buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    char *room = buf_reserve(buf, len);
    if (room == NULL)
        return;
    memcpy(room, data, len);
    buf->tail += len;
}

void
buf_put_span(struct buf *buf, struct span s)
{
    buf_put(buf, s.ptr, s.len);
}

void
buf_put_str(struct buf *buf, const char *str)
{
    buf_put(buf, str, strlen(str));
}

void
buf_put_char(struct buf *buf, char c)
{
    buf_put(buf, &c, 1);
}

size_t
fmt_u64(char *dst, uint64_t value)
{
    char digits[20];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    for (size_t i = 0; i < n; i++)
        dst[i] = digits[n - 1 - i];
    return n;
}

void
buf_put_u64(struct buf *buf, uint64_t value)
{
    char text[20];

    buf_put(buf, text, fmt_u64(text, value));
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0) {
        buf->failed = true;
        return;
    }
    char *room = buf_reserve(buf, (size_t)len + 1); /* vsnprintf writes the terminator too */
    if (room == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(room, (size_t)len + 1, fmt, ap);
    va_end(ap);
    buf->tail += (size_t)len;
}
