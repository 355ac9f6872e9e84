/* SPDX-License-Identifier: MIT */
/* Makes text from others safe to show. Thread: any. */
#ifndef JOURNAL_ESCAPE_H
#define JOURNAL_ESCAPE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

/** Writes text so that it is safe in a log line or on a terminal: control octets and octets
 * that are not UTF-8 become \xNN. Appends at most max octets of text, and " ...(+N)" if it was
 * cut. */
void text_escape(struct buf *buf, struct span text, size_t max);
/** The same into dst, whose size cap must be at least max + 32 octets. Returns the length. */
size_t text_escape_to(char *dst, size_t cap, struct span text, size_t max);

#endif
