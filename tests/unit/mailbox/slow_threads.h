/* SPDX-License-Identifier: MIT */
/*
 * THREAD once more, as RFC 5256 section 3 is written: with lists that are walked, trees that
 * are recursed into, and no regard to time. What the real one is compared with.
 */
#ifndef TEST_SLOW_THREADS_H
#define TEST_SLOW_THREADS_H

#include "mailbox/order/threads.h"

/** Appends the threads of the messages, as the THREAD response has them. */
void slow_threads_put(struct buf *out, enum threads_kind kind,
                      const struct threads_message *messages, size_t count);

#endif
