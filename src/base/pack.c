/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "base/pack.h"

#include <string.h>

static void
pack_number(struct buf *out, uint64_t value, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        buf_put_char(out, (char)(value >> (8 * i)));
}

void
pack_u8(struct buf *out, uint8_t value)
{
    pack_number(out, value, 1);
}

void
pack_u32(struct buf *out, uint32_t value)
{
    pack_number(out, value, 4);
}

void
pack_u64(struct buf *out, uint64_t value)
{
    pack_number(out, value, 8);
}

void
pack_span(struct buf *out, struct span text)
{
    pack_u32(out, (uint32_t)text.len);
    buf_put_span(out, text);
}

void
pack_varint(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_put_char(out, (char)(value | 0x80));
    buf_put_char(out, (char)value);
}

static uint64_t
unpack_number(struct unpack *in, unsigned octets)
{
    uint64_t value = 0;

    if (in->failed || in->rest.len < octets) {
        in->failed = true;
        return 0;
    }
    for (unsigned i = 0; i < octets; i++)
        value |= (uint64_t)(unsigned char)in->rest.ptr[i] << (8 * i);
    in->rest = span_tail(in->rest, octets);
    return value;
}

uint8_t
unpack_u8(struct unpack *in)
{
    return (uint8_t)unpack_number(in, 1);
}

bool
unpack_bool(struct unpack *in)
{
    const uint8_t value = unpack_u8(in);

    in->failed |= value > 1;
    return value == 1;
}

uint32_t
unpack_u32(struct unpack *in, uint32_t max)
{
    const uint32_t value = (uint32_t)unpack_number(in, 4);

    in->failed |= value > max;
    return in->failed ? 0 : value;
}

uint64_t
unpack_u64(struct unpack *in)
{
    return unpack_number(in, 8);
}

int64_t
unpack_time(struct unpack *in, int64_t latest_us)
{
    const uint64_t value = unpack_u64(in);

    in->failed |= latest_us < 0 || value > (uint64_t)latest_us;
    return in->failed ? 0 : (int64_t)value;
}

uint64_t
unpack_varint(struct unpack *in, uint64_t max)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint64_t octet = unpack_u8(in);
        const uint64_t bits = octet & 0x7f;
        if (shift > 0 && bits << shift >> shift != bits)
            break; /* more than 64 bits */
        value |= bits << shift;
        if ((octet & 0x80) == 0) {
            in->failed |= value > max;
            return in->failed ? 0 : value;
        }
    }
    in->failed = true;
    return 0;
}

struct span
unpack_span(struct unpack *in, size_t max)
{
    const uint32_t len = unpack_u32(in, UINT32_MAX);

    in->failed |= len > max || len > in->rest.len;
    if (in->failed)
        return SPAN("");
    const struct span text = span_head(in->rest, len);
    in->rest = span_tail(in->rest, len);
    return text;
}

struct span
unpack_text(struct unpack *in, size_t max)
{
    const struct span text = unpack_span(in, max);

    in->failed |= memchr(text.ptr, '\0', text.len) != NULL;
    return in->failed ? SPAN("") : text;
}
