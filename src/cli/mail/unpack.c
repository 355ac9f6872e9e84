/* SPDX-License-Identifier: MIT */
/*
 * See the header. Each form has a row: its magic, and a function that takes steps. A file may
 * contain several streams in a row (gzip, xz and zstd allow that, and Dovecot writes such
 * files).
 */
#include "cli/mail/unpack.h"

#include "cli/mail/unpack_lz4.h"

#include <bzlib.h>
#include <lzma.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

enum { STEP = 256 << 10 };

static enum rc
full(struct err *err)
{
    return err_set(err, RC_LIMIT, 0, "too large when uncompressed");
}

static enum rc
broken(struct err *err, const char *form)
{
    return err_set(err, RC_INVALID, 0, "the %s data is damaged or incomplete", form);
}

static enum rc
gzip_unpack(struct buf *out, struct span data, struct err *err)
{
    z_stream z = {0};
    int result = Z_OK;

    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return err_set(err, RC_LIMIT, 0, "no memory");
    while (data.len > 0 && result == Z_OK && buf_ok(out)) {
        const struct span in = span_head(data, 1u << 30);
        char *room = buf_reserve(out, STEP);
        if (room == NULL)
            break;
        z.next_in = (const Bytef *)in.ptr;
        z.avail_in = (uInt)in.len;
        z.next_out = (Bytef *)room;
        z.avail_out = STEP;
        result = inflate(&z, Z_NO_FLUSH);
        buf_grew(out, STEP - z.avail_out);
        data = span_tail(data, in.len - z.avail_in);
        if (result == Z_STREAM_END && data.len > 0)
            result = inflateReset(&z);
    }
    inflateEnd(&z);
    if (!buf_ok(out))
        return full(err);
    return result == Z_STREAM_END ? RC_OK : broken(err, "gzip");
}

static enum rc
zstd_unpack(struct buf *out, struct span data, struct err *err)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {.src = data.ptr, .size = data.len};
    size_t result = 1;

    if (stream == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    for (;;) {
        char *room = buf_reserve(out, STEP);
        if (room == NULL)
            break;
        ZSTD_outBuffer to = {.dst = room, .size = STEP};
        const size_t before = in.pos;
        result = ZSTD_decompressStream(stream, &to, &in);
        buf_grew(out, to.pos);
        if (ZSTD_isError(result) || (in.pos == in.size && to.pos < to.size) ||
            (in.pos == before && to.pos == 0))
            break;
    }
    ZSTD_freeDStream(stream);
    if (!buf_ok(out))
        return full(err);
    return result == 0 && in.pos == in.size ? RC_OK : broken(err, "zstd");
}

static enum rc
bzip2_unpack(struct buf *out, struct span data, struct err *err)
{
    int result = BZ_OK;

    while (data.len > 0 && buf_ok(out) && (result == BZ_OK || result == BZ_STREAM_END)) {
        bz_stream bz = {0};
        if (BZ2_bzDecompressInit(&bz, 0, 0) != BZ_OK)
            return err_set(err, RC_LIMIT, 0, "no memory");
        result = BZ_OK;
        while (result == BZ_OK && data.len > 0) {
            const struct span in = span_head(data, 1u << 30);
            char *room = buf_reserve(out, STEP);
            if (room == NULL)
                break;
            union {
                const char *borrowed;
                char *as_bzlib_wants; /* it does not write */
            } from = {.borrowed = in.ptr};
            bz.next_in = from.as_bzlib_wants;
            bz.avail_in = (unsigned)in.len;
            bz.next_out = room;
            bz.avail_out = STEP;
            result = BZ2_bzDecompress(&bz);
            buf_grew(out, STEP - bz.avail_out);
            data = span_tail(data, in.len - bz.avail_in);
            if (result == BZ_OK && bz.avail_in == 0 && bz.avail_out == STEP)
                break; /* the data are truncated */
        }
        BZ2_bzDecompressEnd(&bz);
    }
    if (!buf_ok(out))
        return full(err);
    return result == BZ_STREAM_END ? RC_OK : broken(err, "bzip2");
}

static enum rc
xz_unpack(struct buf *out, struct span data, struct err *err)
{
    lzma_stream xz = LZMA_STREAM_INIT;
    lzma_ret result = LZMA_OK;

    if (lzma_stream_decoder(&xz, 256u << 20, LZMA_CONCATENATED) != LZMA_OK)
        return err_set(err, RC_LIMIT, 0, "no memory");
    xz.next_in = (const uint8_t *)data.ptr;
    xz.avail_in = data.len;
    while (result == LZMA_OK) {
        char *room = buf_reserve(out, STEP);
        if (room == NULL)
            break;
        xz.next_out = (uint8_t *)room;
        xz.avail_out = STEP;
        result = lzma_code(&xz, LZMA_FINISH);
        buf_grew(out, STEP - xz.avail_out);
    }
    lzma_end(&xz);
    if (!buf_ok(out))
        return full(err);
    return result == LZMA_STREAM_END ? RC_OK : broken(err, "xz");
}

static enum rc
lz4_result(const struct buf *out, bool is_sound, struct err *err)
{
    if (!buf_ok(out))
        return full(err);
    return is_sound ? RC_OK : broken(err, "lz4");
}

static enum rc
lz4_dovecot_unpack(struct buf *out, struct span data, struct err *err)
{
    return lz4_result(out, lz4_chunks_unpack(out, data), err);
}

static enum rc
lz4_unpack(struct buf *out, struct span data, struct err *err)
{
    return lz4_result(out, lz4_frames_unpack(out, data), err);
}

static const struct form {
    struct span magic;
    enum rc (*unpack)(struct buf *out, struct span data, struct err *err);
} forms[] = {
    {SPAN_INIT("\x1f\x8b\x08"), gzip_unpack},
    {SPAN_INIT("\x28\xb5\x2f\xfd"), zstd_unpack},
    {SPAN_INIT("BZh"), bzip2_unpack},
    {SPAN_INIT("\xfd"
               "7zXZ\0"),
     xz_unpack},
    {SPAN_INIT(LZ4_DOVECOT_MAGIC), lz4_dovecot_unpack},
    {SPAN_INIT(LZ4_FRAME_MAGIC), lz4_unpack},
};

static const struct form *
form_of(struct span data)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (span_starts(data, forms[i].magic))
            return &forms[i];
    return NULL;
}

bool
unpack_is_needed(struct span data)
{
    return form_of(data) != NULL;
}

enum rc
unpack(struct buf *out, struct span data, struct err *err)
{
    const struct form *form = form_of(data);

    return form == NULL ? err_set(err, RC_INVALID, 0, "not compressed")
                        : form->unpack(out, data, err);
}
