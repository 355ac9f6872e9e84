/* SPDX-License-Identifier: MIT */
/* The past of a stream, kept small; see the header. Thread: the session's. */
#include "net/deflate_past.h"

#include <stdlib.h>
#include <string.h>

enum { LEVEL = Z_BEST_SPEED, WINDOW_AND_RECENT = ZLIB_WINDOW + PAST_RECENT_MAX };

void
deflate_past_done(struct deflate_past *past)
{
    free(past->octets);
    *past = (struct deflate_past){.octets = NULL};
}

bool
deflate_past_set(struct deflate_past *past, struct span octets, size_t recent)
{
    if (octets.len > PAST_MAX + PAST_RECENT_MAX || recent > octets.len ||
        recent > PAST_RECENT_MAX)
        return false;
    char *copy = NULL;
    if (octets.len > 0) {
        copy = malloc(octets.len);
        if (copy == NULL)
            return false;
        memcpy(copy, octets.ptr, octets.len);
    }
    free(past->octets);
    *past = (struct deflate_past){copy, (uint16_t)(octets.len - recent), (uint16_t)recent};
    return true;
}

/* Few octets more: they join the recent ones. */
static bool
add_recent(struct deflate_past *past, struct span fresh)
{
    const size_t held = (size_t)past->packed + past->recent;
    char *grown = realloc(past->octets, held + fresh.len);

    if (grown == NULL)
        return false;
    memcpy(grown + held, fresh.ptr, fresh.len);
    past->octets = grown;
    past->recent = (uint16_t)(past->recent + fresh.len);
    return true;
}

static bool
pack(struct deflate_past *past, struct span window, char *room, size_t cap)
{
    z_stream *deflater = zlib_deflater_take(LEVEL);

    if (deflater == NULL)
        return false;
    deflater->next_in = (const Bytef *)window.ptr;
    deflater->avail_in = (uInt)window.len;
    deflater->next_out = (Bytef *)room;
    deflater->avail_out = (uInt)cap;
    const bool whole = deflate(deflater, Z_FINISH) == Z_STREAM_END;
    const size_t len = cap - deflater->avail_out;
    zlib_deflater_give(deflater);
    return whole && deflate_past_set(past, span_of(room, len), 0);
}

bool
deflate_past_keep(struct deflate_past *past, z_stream *inflater, size_t fresh)
{
    uInt len = 0;

    if (fresh == 0)
        return true;
    char *room = malloc(ZLIB_WINDOW + PAST_MAX);
    if (room == NULL)
        return false;
    bool kept = inflateGetDictionary(inflater, (Bytef *)room, &len) == Z_OK;
    if (kept && fresh <= len && past->recent + fresh <= PAST_RECENT_MAX)
        kept = add_recent(past, span_of(room + len - fresh, fresh));
    else if (kept)
        kept = pack(past, span_of(room, len), room + ZLIB_WINDOW, PAST_MAX);
    free(room);
    return kept;
}

/* Inflates what is packed into room. False: it is no whole stream, or longer than a window. */
static enum rc
unpack(struct span packed, char *room, size_t *len_out)
{
    z_stream *inflater = zlib_inflater_take();

    if (inflater == NULL)
        return RC_LIMIT;
    inflater->next_in = (const Bytef *)packed.ptr;
    inflater->avail_in = (uInt)packed.len;
    inflater->next_out = (Bytef *)room;
    inflater->avail_out = ZLIB_WINDOW;
    const int result = inflate(inflater, Z_FINISH);
    *len_out = ZLIB_WINDOW - inflater->avail_out;
    zlib_inflater_give(inflater);
    return result == Z_STREAM_END ? RC_OK : result == Z_MEM_ERROR ? RC_LIMIT : RC_INVALID;
}

enum rc
deflate_past_again(const struct deflate_past *past, z_stream *inflater)
{
    const struct span all = deflate_past_span(past);
    enum rc rc = RC_OK;
    size_t len = 0;

    if (all.len == 0)
        return RC_OK;
    char *room = malloc(WINDOW_AND_RECENT);
    if (room == NULL)
        return RC_LIMIT;
    if (past->packed > 0)
        rc = unpack(span_head(all, past->packed), room, &len);
    if (rc == RC_OK) {
        memcpy(room + len, all.ptr + past->packed, past->recent);
        len += past->recent;
        const size_t most = len < ZLIB_WINDOW ? len : ZLIB_WINDOW;
        if (inflateSetDictionary(inflater, (Bytef *)room + len - most, (uInt)most) != Z_OK)
            rc = RC_LIMIT; /* of a raw stream it needs memory and nothing else */
    }
    free(room);
    return rc;
}

enum rc
deflate_past_resume(const struct deflate_past *past, z_stream **inflater_out)
{
    z_stream *inflater = zlib_inflater_take();

    if (inflater == NULL)
        return RC_LIMIT;
    const enum rc rc = deflate_past_again(past, inflater);
    if (rc == RC_OK)
        *inflater_out = inflater;
    else
        zlib_inflater_give(inflater);
    return rc;
}
