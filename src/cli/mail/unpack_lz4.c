/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's plugin zlib writes a magic, the maximum size of a chunk, and chunks, each preceded
 * by its packed length (four octets, the highest first). A chunk is an LZ4 block that does not
 * refer to the blocks before it. The program lz4 writes frames.
 */
#include "cli/mail/unpack_lz4.h"

#include <lz4.h>
#include <lz4frame.h>

enum {
    MAGIC = sizeof(LZ4_DOVECOT_MAGIC) - 1,
    CHUNK_MAX = 1 << 20, /* octets, packed or not; Dovecot packs 64 KiB at a time */
    STEP = 64 << 10,
};

/* Reads four octets, the highest first. False: there are not so many. */
static bool
number_take(struct span *in, uint32_t *out)
{
    if (in->len < 4)
        return false;
    *out = 0;
    for (size_t i = 0; i < 4; i++)
        *out = *out << 8 | (uint8_t)in->ptr[i];
    *in = span_tail(*in, 4);
    return true;
}

bool
lz4_chunks_unpack(struct buf *out, struct span data)
{
    uint32_t plain_max = 0;
    uint32_t packed = 0;

    data = span_tail(data, MAGIC);
    if (!number_take(&data, &plain_max) || plain_max > CHUNK_MAX)
        return false;
    while (data.len > 0) {
        if (!number_take(&data, &packed) || packed == 0 || packed > CHUNK_MAX ||
            packed > data.len)
            return false;
        char *room = buf_reserve(out, plain_max);
        if (room == NULL)
            return true;
        const int got = LZ4_decompress_safe(data.ptr, room, (int)packed, (int)plain_max);
        if (got < 0)
            return false;
        buf_grew(out, (size_t)got);
        data = span_tail(data, packed);
    }
    return true;
}

/* Several frames may follow one another. */
static bool
frames_unpack(LZ4F_dctx *ctx, struct buf *out, struct span data)
{
    size_t hint = 1; /* 0: a frame has ended */

    while (data.len > 0 || hint != 0) {
        size_t taken = data.len;
        size_t got = STEP;
        char *room = buf_reserve(out, STEP);
        if (room == NULL)
            return true;
        hint = LZ4F_decompress(ctx, room, &got, data.ptr, &taken, NULL);
        if (LZ4F_isError(hint) || (hint != 0 && taken == 0 && got == 0))
            return false;
        buf_grew(out, got);
        data = span_tail(data, taken);
    }
    return true;
}

bool
lz4_frames_unpack(struct buf *out, struct span data)
{
    LZ4F_dctx *ctx = NULL;

    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
        return false;
    const bool is_sound = frames_unpack(ctx, out, data);
    LZ4F_freeDecompressionContext(ctx);
    return is_sound;
}
