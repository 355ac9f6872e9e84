/* SPDX-License-Identifier: MIT */
/*
 * The messages of the modes that send with many connections: made before the clock starts,
 * sent in turn; which one each connection is sending.
 */
#ifndef BENCH_LOAD_SENDER_H
#define BENCH_LOAD_SENDER_H

#include "bench/load.h"

struct sender {
    struct load_mail mail;
    struct span *stuffed; /* lmtp: with dots doubled and the end line; owned */
    char *stuffed_text;   /* owned */
    size_t next;
    size_t *sending; /* which message each worker sends; owned */
};

void sender_init(struct sender *sender, const struct load_options *opt);
void sender_done(struct sender *sender);
/** Makes sender->stuffed, for LMTP. */
void sender_stuff(struct sender *sender);
/** Picks the next message for the connection of this index. */
struct span sender_next(struct sender *sender, unsigned connection);
/** The message that this connection is sending. */
struct span sender_message(const struct sender *sender, unsigned connection);
/** The same as LMTP's DATA has it. */
struct span sender_stuffed(const struct sender *sender, unsigned connection);

#endif
