/* SPDX-License-Identifier: MIT */
/* LZ4 as Dovecot writes it. Pure. */
#ifndef CLI_MAIL_UNPACK_LZ4_H
#define CLI_MAIL_UNPACK_LZ4_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"

#define LZ4_DOVECOT_MAGIC "Dovecot-LZ4\r*\x9b\xc5"

/** Appends what data contains, which begins with the magic. False: it is damaged or incomplete.
 * When out is full it ends early, with true. */
MUST_USE bool lz4_unpack(struct buf *out, struct span data);

#endif
