/* SPDX-License-Identifier: MIT */
/*
 * Streams of zlib for raw deflate (RFC 1951, a window of 32 KiB). Each thread keeps one of each
 * kind for whoever needs one next, because to allocate and to clear them costs more than to
 * compress a line. A stream may be given back by another thread than took it. Thread: any.
 */
#ifndef NET_ZLIB_SPARE_H
#define NET_ZLIB_SPARE_H

#define ZLIB_CONST /* zlib does not write to its input */
#include <zlib.h>

enum { ZLIB_WINDOW = 32768 }; /* octets that a deflate stream can look back */

/** At the beginning of a stream. level: of zlib, 1 to 9. NULL: no memory. */
z_stream *zlib_deflater_take(int level);
z_stream *zlib_inflater_take(void);
/** In any state, and no longer the caller's. NULL: harmless. */
void zlib_deflater_give(z_stream *stream);
void zlib_inflater_give(z_stream *stream);

#endif
