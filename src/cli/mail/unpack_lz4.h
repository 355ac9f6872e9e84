/* SPDX-License-Identifier: MIT */
/* Unpacks LZ4 in its two forms, with liblz4. Pure. */
#ifndef CLI_MAIL_UNPACK_LZ4_H
#define CLI_MAIL_UNPACK_LZ4_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/span.h"

#define LZ4_DOVECOT_MAGIC "Dovecot-LZ4\r*\x9b\xc5"
#define LZ4_FRAME_MAGIC "\x04\x22\x4d\x18"

/** Append what data contains, which begins with the magic. False: it is damaged or incomplete.
 * If out is full, they stop early and return true. */
MUST_USE bool lz4_chunks_unpack(struct buf *out, struct span data); /* as Dovecot writes it */
MUST_USE bool lz4_frames_unpack(struct buf *out,
                                struct span data); /* as the program lz4 writes it */

#endif
