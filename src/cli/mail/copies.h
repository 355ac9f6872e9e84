/* SPDX-License-Identifier: MIT */
/*
 * Counts the copies of each text. An import skips what was imported before, which it
 * recognises by the digest of the text. But two equal messages in one mailbox are two messages
 * and stay two. Paths that are given together may contain the same mail (two backups), so each
 * path is counted separately. Texts are distinguished by a hash of 64 bits; a collision only
 * gives a number to a copy that needs none. Thread: main.
 */
#ifndef CLI_MAIL_COPIES_H
#define CLI_MAIL_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"

struct copy_count {
    uint64_t hash; /* of mailbox and text; 0: the slot is free */
    uint32_t path; /* the path that `here` counts */
    uint32_t here; /* copies in that path */
    uint32_t most; /* copies in any path */
};

struct copies {
    struct copy_count *slots; /* owned, a power of two or NULL */
    size_t cap;
    size_t count;
};

void copies_done(struct copies *copies);
/** Counts a text of a mailbox. *copy_out is 1 for its first copy in the path with this number.
 * *repeated_out says whether an earlier path had as many. RC_LIMIT: no memory. */
MUST_USE enum rc copies_count(struct copies *copies, uint32_t path, const char *mailbox,
                              struct span text, uint32_t *copy_out, bool *repeated_out);

#endif
