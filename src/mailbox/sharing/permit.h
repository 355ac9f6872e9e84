/* SPDX-License-Identifier: MIT */
/*
 * The rights that a request needs to the mailboxes of an account, if another user than their
 * owner makes it (RFC 4314 section 4). A session checks rights before it does anything, so that
 * it can refuse at once, but they can be taken away until its request is carried out. So the
 * request carries this permit, and the turn checks again in the transaction that carries it out
 * (INV-M15). A right that was taken away before a commit has no effect in it.
 *
 * Thread: the holder of the turn. Waits for disk and for the registry.
 */
#ifndef MAILBOX_SHARING_PERMIT_H
#define MAILBOX_SHARING_PERMIT_H

#include "mailbox/sharing/access.h"

/* The rights needed to one mailbox. */
struct permit_need {
    uint64_t mbox;    /* its number; 0: the name identifies it */
    struct span name; /* borrowed */
    uint32_t rights;  /* enum mbox_right: all of these (see access_to) */
    uint32_t any;     /* and at least one of these; 0: no further ones */
};

enum permit_answer {
    PERMIT_GIVEN,
    PERMIT_REFUSED,
    PERMIT_HIDDEN, /* refused to a user who may not even know whether the mailbox exists */
};

enum { PERMIT_NEEDS = 2 }; /* MOVE and REPLACE within an account, RENAME */

/* Zeroed: the owner asks, or the server itself. */
struct permit {
    uint64_t account;    /* account of the user who asks */
    struct arena *arena; /* for look-ups; borrowed */
    struct permit_need needs[PERMIT_NEEDS];
    uint8_t need_count;
    enum permit_answer answer; /* out */
};

/** Sets who asks. The needs are added afterwards. */
void permit_init(struct permit *permit, uint64_t account, struct arena *arena);
void permit_need_add(struct permit *permit, const struct permit_need *need);

/** Checks the permit. RC_DENIED: permit->answer says how to answer. RC_GONE: the mailbox with
 * that number no longer exists. *rights_out: enum mbox_right, to the mailbox of the first need;
 * all for the owner. registry may be NULL: then nobody is in a group. */
MUST_USE enum rc permit_check(struct permit *permit, struct registry *registry,
                              struct store_tx *tx, uint32_t *rights_out, struct err *err);

/** How a user with these rights is refused who needs others. Pure. */
enum permit_answer permit_refusal(uint32_t rights, uint32_t needs);

#endif
