/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks of the store share: generated messages, adding one of them, clocks, and
 * an end with a message when the store fails.
 */
#ifndef BENCH_STORE_LOAD_H
#define BENCH_STORE_LOAD_H

#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"
#include "store/store.h"

/** Ends the process with a message unless rc is RC_OK. */
void store_must(enum rc rc, const struct err *err);

/** Seconds of the monotonic clock. */
double now_s(void);

/** Processor seconds of the process. */
double cpu_s(void);

/** Generates count different messages of at most max_octets; they are never freed. Returns the
 * sum of their sizes in octets. */
uint64_t store_texts_make(struct span *texts, unsigned count, uint64_t max_octets);

/** Adds a message to a mailbox, with rendered parts of the usual sizes. */
void store_text_add(struct store_tx *tx, uint64_t mbox, struct span text);

/** Removes a directory and all that is in it. */
void tree_remove(const char *dir);

#endif
