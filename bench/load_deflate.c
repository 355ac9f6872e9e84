/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "bench/load_deflate.h"

#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "bench/load.h"

enum { WIRE_OCTETS = 1 << 18, STEP = 4096, LEVEL = 6 };

struct load_deflate {
    z_stream out;
    z_stream in;
    int flush;
    char wire[WIRE_OCTETS];
};

struct load_deflate *
load_deflate_new(bool partial)
{
    struct load_deflate *deflate = calloc(1, sizeof *deflate);

    if (deflate == NULL ||
        deflateInit2(&deflate->out, LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        inflateInit2(&deflate->in, -15) != Z_OK)
        load_die("no memory for compression");
    deflate->flush = partial ? Z_PARTIAL_FLUSH : Z_SYNC_FLUSH;
    return deflate;
}

void
load_deflate_free(struct load_deflate *deflate)
{
    if (deflate == NULL)
        return;
    deflateEnd(&deflate->out);
    inflateEnd(&deflate->in);
    free(deflate);
}

void
load_deflate_squeeze(struct load_deflate *streams, struct buf *text)
{
    struct buf squeezed;
    const struct span plain = buf_span(text);

    buf_init(&squeezed, text->max);
    streams->out.next_in = (const Bytef *)plain.ptr;
    streams->out.avail_in = (uInt)plain.len;
    do {
        char *dst = buf_reserve(&squeezed, STEP);
        if (dst == NULL)
            load_die("no memory for compression");
        streams->out.next_out = (Bytef *)dst;
        streams->out.avail_out = STEP;
        if (deflate(&streams->out, streams->flush) != Z_OK)
            break;
        buf_grew(&squeezed, STEP - streams->out.avail_out);
    } while (streams->out.avail_out == 0);
    buf_done(text);
    *text = squeezed;
}

char *
load_deflate_room(struct load_deflate *deflate, size_t *room_out)
{
    *room_out = WIRE_OCTETS;
    return deflate->wire;
}

void
load_deflate_came(struct load_deflate *deflate, size_t octets)
{
    deflate->in.next_in = (const Bytef *)deflate->wire;
    deflate->in.avail_in = (uInt)octets;
}

size_t
load_deflate_take(struct load_deflate *deflate, char *dst, size_t room)
{
    deflate->in.next_out = (Bytef *)dst;
    deflate->in.avail_out = (uInt)room;
    const int result = inflate(&deflate->in, Z_SYNC_FLUSH);
    /* Dovecot ends its stream with its answer to LOGOUT. */
    if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END)
        load_die("the server sends what is not deflate");
    return room - deflate->in.avail_out;
}
