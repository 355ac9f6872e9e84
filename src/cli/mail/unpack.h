/* SPDX-License-Identifier: MIT */
/* Compressed files, known by their first octets: gzip, zstd, bzip2, xz. Thread: any. */
#ifndef CLI_MAIL_UNPACK_H
#define CLI_MAIL_UNPACK_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/** Whether data is compressed: then unpack() is to be asked. */
bool unpack_is_needed(struct span data);

/** Appends what data holds. RC_INVALID: broken or cut off; RC_LIMIT: out is full;
 *  RC_UNSUPPORTED: a form that is known and not read. */
MUST_USE enum rc unpack(struct buf *out, struct span data, struct err *err);

#endif
