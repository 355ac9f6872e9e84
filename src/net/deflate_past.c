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

/* The last of it, as much as a window holds; room: WINDOW_AND_RECENT octets. */
static enum rc
window_of(const struct deflate_past *past, char *room, struct span *window_out)
{
    size_t len = 0;

    const enum rc rc =
        past->packed == 0
            ? RC_OK
            : unpack(span_head(deflate_past_span(past), past->packed), room, &len);
    if (past->recent > 0)
        memcpy(room + len, past->octets + past->packed, past->recent);
    len += past->recent;
    const size_t most = len < ZLIB_WINDOW ? len : ZLIB_WINDOW;
    *window_out = span_of(room + len - most, most);
    return rc;
}

/* Of a raw stream this needs memory and nothing else. */
static enum rc
window_set(z_stream *inflater, struct span window)
{
    return window.len == 0 || inflateSetDictionary(inflater, (const Bytef *)window.ptr,
                                                   (uInt)window.len) == Z_OK
               ? RC_OK
               : RC_LIMIT;
}

enum rc
deflate_past_resume(const struct deflate_past *past, size_t again, z_stream **inflater_out)
{
    char *room = malloc(WINDOW_AND_RECENT);
    z_stream *inflater = zlib_inflater_take();
    struct span window = {.len = 0};

    enum rc rc = room == NULL || inflater == NULL ? RC_LIMIT : window_of(past, room, &window);
    if (rc == RC_OK && window.len < ZLIB_WINDOW) {
        rc = again > window.len ? RC_INVALID : RC_OK;
        window.len -= rc == RC_OK ? again : 0;
    }
    if (rc == RC_OK)
        rc = window_set(inflater, window);
    free(room);
    if (rc == RC_OK)
        *inflater_out = inflater;
    else
        zlib_inflater_give(inflater);
    return rc;
}

enum rc
deflate_past_restore(const struct deflate_past *past, z_stream *inflater)
{
    char *room = malloc(WINDOW_AND_RECENT);
    struct span window = {.len = 0};

    enum rc rc = room == NULL ? RC_LIMIT : window_of(past, room, &window);
    if (rc == RC_OK && window.len == ZLIB_WINDOW)
        rc = window_set(inflater, window);
    free(room);
    return rc;
}
