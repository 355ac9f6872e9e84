/* SPDX-License-Identifier: MIT */
/*
 * What a mailbox name in a command stands for: in whose account it is, its name there, and what
 * this session may do with it. Every command that names a mailbox asks here before anything
 * else, with the rights that it needs (RFC 4314 section 4), and then works on the account that
 * it was given, never on the session's own by itself.
 *
 * Names of the user's own mailboxes stand for themselves, with all rights. Those of others are
 * below "Other Users" (RFC 2342), by the name of the account: "Other Users/anna/Work". Such a
 * name means a mailbox of anna's if she shares anything with the user; otherwise it is a name
 * like any other, except that none can be made there. So a mailbox that had such a name before
 * can still be read, and be given another one.
 *
 * Thread: the session's.
 */
#ifndef IMAP_NAMES_TARGET_H
#define IMAP_NAMES_TARGET_H

#include <stdint.h>

#include "base/span.h"

#include "mailbox/sharing/rights.h"

struct account;

struct imap_target {
    struct account *acct; /* held by the session, or by its work until the command is done */
    struct span name;     /* canonical, within that account; lives as long as the request */
    uint32_t rights;      /* enum mbox_right */
    uint32_t needs;       /* those that the command needs, all of them */
    uint32_t needs_any;   /* and one of these; 0: that is all */
    bool is_guest;        /* it is another user's account */
};

/* The first level of the names of other users' mailboxes. */
#define OTHER_USERS "Other Users"

/** Whether a canonical name is in that namespace. Then *owner_out is the name of an account, or
 *  empty, and *rest_out the name there, or empty. Pure. */
bool imap_name_is_others(struct span name, struct span *owner_out, struct span *rest_out);

#endif
