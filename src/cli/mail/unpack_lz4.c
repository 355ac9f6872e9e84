/* SPDX-License-Identifier: MIT */
/*
 * LZ4 as Dovecot's plugin zlib writes it: a magic, four octets that mean nothing any more, and
 * chunks, each with its length before it (four octets, the highest first). A chunk is a block
 * of LZ4, which knows nothing of the blocks before it: literals and matches by turns, the last
 * one without a match. Files of the program lz4 have another form.
 */
#include "cli/mail/unpack_lz4.h"

enum {
    HEADER = sizeof(LZ4_DOVECOT_MAGIC) - 1 + 4,
    CHUNK_MAX = 1 << 20, /* packed octets; Dovecot packs 64 KiB at a time */
    MATCH_MIN = 4,
    LENGTH_MORE = 15, /* in four bits: octets follow that are added */
    LENGTH_GOES_ON = 255,
};

static bool
octet_take(struct span *in, uint8_t *out)
{
    if (in->len == 0)
        return false;
    *out = (uint8_t)in->ptr[0];
    *in = span_tail(*in, 1);
    return true;
}

/* The rest of a length that four bits had no room for. */
static bool
length_take(struct span *in, size_t *length)
{
    uint8_t more = LENGTH_GOES_ON;

    if (*length != LENGTH_MORE)
        return true;
    while (more == LENGTH_GOES_ON) {
        if (!octet_take(in, &more) || *length > LIMIT_MAIL_UNPACKED)
            return false;
        *length += more;
    }
    return true;
}

/* Repeats what stands `back` octets before the end, which may reach into what it writes. */
static bool
match_put(struct buf *out, size_t block_begin, size_t back, size_t length)
{
    if (back == 0 || back > buf_len(out) - block_begin)
        return false;
    char *room = buf_reserve(out, length);
    if (room == NULL)
        return true; /* the buffer is full, which the caller sees */
    for (size_t i = 0; i < length; i++)
        room[i] = *(room + i - back);
    buf_grew(out, length);
    return true;
}

static bool
block_unpack(struct buf *out, struct span in)
{
    const size_t begin = buf_len(out);

    while (buf_ok(out)) {
        uint8_t token;
        uint8_t low;
        uint8_t high;
        if (!octet_take(&in, &token))
            return false;
        size_t literals = token >> 4;
        size_t match = token & 15;
        if (!length_take(&in, &literals) || literals > in.len)
            return false;
        buf_put_span(out, span_head(in, literals));
        in = span_tail(in, literals);
        if (in.len == 0)
            return match == 0;
        if (!octet_take(&in, &low) || !octet_take(&in, &high) || !length_take(&in, &match) ||
            !match_put(out, begin, (size_t)low | (size_t)high << 8, match + MATCH_MIN))
            return false;
    }
    return true;
}

bool
lz4_unpack(struct buf *out, struct span data)
{
    if (data.len < HEADER)
        return false;
    data = span_tail(data, HEADER);
    while (data.len > 0 && buf_ok(out)) {
        size_t packed = 0;
        uint8_t octet = 0;
        for (int i = 0; i < 4; i++) {
            if (!octet_take(&data, &octet))
                return false;
            packed = packed << 8 | octet;
        }
        if (packed == 0 || packed > CHUNK_MAX || packed > data.len ||
            !block_unpack(out, span_head(data, packed)))
            return false;
        data = span_tail(data, packed);
    }
    return true;
}
