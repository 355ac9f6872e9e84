/* SPDX-License-Identifier: MIT */
/*
 * A thread that calls a function about once a second until it is stopped. The second is
 * measured by the monotonic clock, from the end of one call to the start of the next, so
 * changes of the system's date do not matter.
 */
#ifndef BASE_TICKER_H
#define BASE_TICKER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct ticker;

/** tick gets the number of the call, from 1 on, and may wait for disk. what names the thread in
 *  messages; ctx is borrowed until ticker_stop. RC_LIMIT: no memory or no thread. Thread: any.
 */
MUST_USE enum rc ticker_start(struct ticker **out, const char *what,
                              void (*tick)(void *ctx, uint64_t number), void *ctx,
                              struct err *err);
/** Waits until a running call has returned. NULL is allowed. Thread: any but the ticker's
 *  own. */
void ticker_stop(struct ticker *ticker);

#endif
