/* SPDX-License-Identifier: MIT */
/* Unpacks compressed files, recognised by their first octets: gzip, zstd, bzip2, xz, and LZ4 as
 * written by Dovecot and by the program lz4. Thread: any. */
#ifndef CLI_MAIL_UNPACK_H
#define CLI_MAIL_UNPACK_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/** Whether data is compressed, so that unpack() must be called. */
bool unpack_is_needed(struct span data);

/** Appends what data contains. RC_INVALID: damaged or incomplete; RC_LIMIT: out is full;
 * RC_UNSUPPORTED: a known format that cannot be read. */
MUST_USE enum rc unpack(struct buf *out, struct span data, struct err *err);

#endif
