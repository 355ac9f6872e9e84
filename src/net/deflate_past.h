/* SPDX-License-Identifier: MIT */
/*
 * What a peer has sent last, as far as its compressed stream can refer back to it (RFC 1951:
 * 32 KiB), kept small while its session is parked: the last octets as they are, all before them
 * compressed. So a command that comes and is answered adds a few octets, and all is compressed
 * anew only when enough has come together.
 *
 * Thread: the session's.
 */
#ifndef NET_DEFLATE_PAST_H
#define NET_DEFLATE_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"
#include "net/zlib_spare.h"

enum {
    PAST_RECENT_MAX = 1024,     /* octets kept as they are */
    PAST_MAX = ZLIB_WINDOW + 64 /* of all that is kept, compressed however badly */
};

struct deflate_past {
    char *octets;    /* owned: the compressed ones, then the recent ones; NULL: nothing */
    uint16_t packed; /* octets of the first part */
    uint16_t recent; /* octets of the second; at most PAST_RECENT_MAX */
};

/** Takes the window out of an inflater, which stays as it is. fresh: so many of its last octets
 *  came since past was given to it. False, and past is as it was: no memory. */
MUST_USE bool deflate_past_keep(struct deflate_past *past, z_stream *inflater, size_t fresh);
/** An inflater that goes on behind it, or, for octets of the stream that are to be read again,
 * so many octets of text before its end. If it fills a window, these octets have driven out
 * others by now, so it then goes on behind it in any case, and deflate_past_restore must follow
 * when they have been read. The caller gives the inflater back. RC_LIMIT: no memory.
 * RC_INVALID: this is no past, which only one that was set can be. */
MUST_USE enum rc deflate_past_resume(const struct deflate_past *past, size_t again,
                                     z_stream **inflater_out);
/** Gives an inflater its window after `again` octets have come out of it once more, wrong ones
 * perhaps. Fails as deflate_past_resume does. */
MUST_USE enum rc deflate_past_restore(const struct deflate_past *past, z_stream *inflater);
void deflate_past_done(struct deflate_past *past);

static inline struct span
deflate_past_span(const struct deflate_past *past)
{
    return span_of(past->octets, (size_t)past->packed + past->recent);
}
/** Of another process; octets: the span of all, and how many of them are recent. False: no
 *  memory, or too long. */
MUST_USE bool deflate_past_set(struct deflate_past *past, struct span octets, size_t recent);

#endif
