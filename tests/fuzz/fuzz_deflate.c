/* SPDX-License-Identifier: MIT */
/*
 * What a client sends after COMPRESS: cut anywhere, parked after each read and moved to another
 * connection wherever that is possible, it becomes what zlib makes of the whole, and fails
 * where zlib fails. The first octet chooses the cuts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "net/conn_deflate.h"
#include "net/zlib_spare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 1 << 18, IN_MAX = 4096 };

struct source {
    struct span left;
    uint32_t seed;
};

static ssize_t
source_recv(struct conn *conn, void *dst, size_t cap)
{
    struct source *source = conn->io_ctx;

    if (source->left.len == 0) {
        errno = EAGAIN;
        return -1;
    }
    source->seed = source->seed * 1664525u + 1013904223u;
    const size_t cut = 1 + (source->seed >> 24) % ((source->seed >> 8) % 8 == 0 ? 256 : 4);
    const struct span part = span_head(source->left, cut < cap ? cut : cap);
    memcpy(dst, part.ptr, part.len);
    source->left = span_tail(source->left, part.len);
    return (ssize_t)part.len;
}

static ssize_t
source_send(struct conn *conn, const void *src, size_t len)
{
    (void)conn, (void)src;
    return (ssize_t)len;
}

static const struct conn_io io = {.recv = source_recv, .send = source_send};
static const struct conn_config config = {
    .in_max = IN_MAX, .out_max = LIMIT_OUTPUT_MAX, .clock = &clock_system};

static void
move(struct conn *conn, struct source *source)
{
    struct conn other;
    AUTO_BUF packed = {0};

    buf_init(&packed, 1 << 20);
    if (!conn_deflate_pack(conn, &packed))
        return;
    struct unpack in = {.rest = buf_span(&packed)};
    CHECK(conn_open_io(&other, &io, source, &config) == RC_OK);
    CHECK(conn_deflate_unpack(&other, &in) && unpack_whole(&in));
    conn_close(conn, NULL);
    *conn = other;
}

/* Returns how it ended; CONN_OPEN: it did not. */
static enum conn_end
by_pieces(struct source *source, struct buf *out)
{
    struct conn conn;
    enum rc rc = RC_OK;
    enum task_next next = TASK_YIELD;

    CHECK(conn_open_io(&conn, &io, source, &config) == RC_OK);
    CHECK(conn_deflate_begin(&conn) == RC_OK);
    while (rc != RC_CLOSED && buf_len(out) < OUT_MAX &&
           (rc == RC_OK || next == TASK_YIELD || source->left.len > 0)) {
        rc = conn_read(&conn);
        CHECK(buf_len(&conn.in) <= IN_MAX);
        buf_put_span(out, buf_span(&conn.in));
        buf_consume(&conn.in, buf_len(&conn.in));
        next = conn_park(&conn);
        /* Not always: in a long block, each time reads all of it again. */
        if (rc != RC_CLOSED && conn.end == CONN_OPEN && (source->seed >> 12) % 8 == 0)
            move(&conn, source);
    }
    const enum conn_end end = (enum conn_end)conn.end;
    conn_close(&conn, NULL);
    return end;
}

static enum conn_end
with_one_more(const uint8_t *data, size_t size)
{
    char *longer = malloc(size);
    AUTO_BUF out = {0};

    CHECK(longer != NULL);
    memcpy(longer, data + 1, size - 1);
    longer[size - 1] = '\0';
    struct source source = {.left = span_of(longer, size), .seed = data[0]};
    buf_init(&out, OUT_MAX + IN_MAX);
    const enum conn_end end = by_pieces(&source, &out);
    free(longer);
    return end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char whole[OUT_MAX + IN_MAX];
    z_stream *inflater = zlib_inflater_take();
    AUTO_BUF out = {0};

    CHECK(inflater != NULL);
    if (size == 0) {
        zlib_inflater_give(inflater);
        return 0;
    }
    struct source source = {.left = span_of(data + 1, size - 1), .seed = data[0]};
    buf_init(&out, OUT_MAX + IN_MAX);
    inflater->next_in = data + 1;
    inflater->avail_in = (uInt)size - 1;
    inflater->next_out = (Bytef *)whole;
    inflater->avail_out = sizeof whole;
    const int result = inflate(inflater, Z_SYNC_FLUSH);
    const size_t len = sizeof whole - inflater->avail_out;
    const bool more = inflater->avail_in > 0;
    const enum conn_end end = by_pieces(&source, &out);
    CHECK(memcmp(buf_span(&out).ptr, whole, buf_len(&out) < len ? buf_len(&out) : len) == 0);
    if (buf_len(&out) < OUT_MAX) {
        CHECK(buf_len(&out) == len);
        const bool fails = result == Z_DATA_ERROR || (result == Z_STREAM_END && more);
        CHECK(fails || end != CONN_END_DEFLATE_ERROR);
        /* What is wrong in the last bits of an octet shows when the next one comes. */
        CHECK(!fails || end == CONN_END_DEFLATE_ERROR ||
              with_one_more(data, size) == CONN_END_DEFLATE_ERROR);
    }
    zlib_inflater_give(inflater);
    return 0;
}
