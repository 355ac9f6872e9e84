/* SPDX-License-Identifier: MIT */
/* Fills the INBOX of an account with generated mail, many messages in a turn, as deliveries
 * do. */
#ifndef BENCH_INBOX_LOAD_H
#define BENCH_INBOX_LOAD_H

#include <stdint.h>

#include "bench/mailgen.h"
#include "mailbox/memory/account.h"

/** Adds at least `count` messages, always the same ones; every twentieth is not \Seen, and one
 *  comes every minute. Ends the process when it fails. */
void inbox_load(struct account *acct, const struct mailgen_options *options, uint32_t count);

#endif
