/* SPDX-License-Identifier: MIT */
/*
 * What a request needs to the mailboxes of an account, if somebody else than their owner makes
 * it (RFC 4314 section 4). A session looks at rights before it does anything, so that it can
 * refuse at once; but until its request is applied, they can be taken away. So the request
 * carries this permit, and the turn asks again, in the transaction that carries it out
 * (INV-M15). A right that was taken away before a commit has no effect in it.
 *
 * Thread: the holder of the turn. Waits for disk and for the registry.
 */
#ifndef MAILBOX_SHARING_PERMIT_H
#define MAILBOX_SHARING_PERMIT_H

#include "mailbox/sharing/access.h"

/* To one mailbox. */
struct permit_need {
    uint64_t mbox;    /* its number; 0: the name says which it is */
    struct span name; /* borrowed */
    uint32_t rights;  /* enum mbox_right: all of these (as access_to) */
    uint32_t any;     /* and one of these; 0: that is all */
};

enum permit_answer {
    PERMIT_GIVEN,
    PERMIT_REFUSED,
    PERMIT_HIDDEN, /* refused to one who may not even know whether there is such a mailbox */
};

enum { PERMIT_NEEDS = 2 }; /* MOVE and REPLACE within an account, RENAME */

/* All zero: the owner asks, or the server itself. */
struct permit {
    uint64_t account;    /* whose user asks */
    struct arena *arena; /* for what is looked up; borrowed */
    struct permit_need needs[PERMIT_NEEDS];
    uint8_t need_count;
    enum permit_answer answer; /* out */
};

/** Who asks; what for is added then. */
void permit_init(struct permit *permit, uint64_t account, struct arena *arena);
void permit_need_add(struct permit *permit, const struct permit_need *need);

/** RC_DENIED, and the answer says how. RC_GONE: there is no mailbox of such a number any more.
 *  *rights_out: enum mbox_right, to the mailbox of the first need; to the owner, all. registry
 *  may be NULL: then nobody is in a group. */
MUST_USE enum rc permit_check(struct permit *permit, struct registry *registry,
                              struct store_tx *tx, uint32_t *rights_out, struct err *err);

/** How somebody with these rights is refused what needs others. Pure. */
enum permit_answer permit_refusal(uint32_t rights, uint32_t needs);

#endif
