/* SPDX-License-Identifier: MIT */
/* Translates the keywords of a request to the bits that the mailbox has for them. */
#ifndef MAILBOX_WRITE_KEYWORD_BITS_H
#define MAILBOX_WRITE_KEYWORD_BITS_H

#include "mailbox/write/turn.h"

struct keyword_list {
    uint64_t mbox;
    const struct span *names; /* repetitions and any number of them are allowed */
    size_t count;
    /* names that the mailbox does not know are skipped instead of getting a number */
    bool only_known;
};
/**
 * Gives numbers to new names, as far as there is room, and reports them (change_keyword).
 * *lost_out: how many names got none. Thread: the holder of the turn, in apply. Waits for disk.
 */
MUST_USE enum rc keyword_bits(struct turn_ctx *ctx, const struct keyword_list *list,
                              struct keywords *out, size_t *lost_out, struct err *err);

#endif
