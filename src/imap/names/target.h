/* SPDX-License-Identifier: MIT */
/*
 * What a mailbox name in a command stands for: the account that it is in, its name there, and
 * what this session may do with it. Every command that names a mailbox asks here first, with
 * the rights that it needs (RFC 4314 section 4), and then works on the account that it was
 * given; it never assumes the session's own.
 *
 * Names of the user's own mailboxes stand for themselves, with all rights. Those of others are
 * below "Other Users" (RFC 2342) and the name of the account: "Other Users/anna/Work". There,
 * INBOX is a name like any other, in upper case only (docs/protocol.md H-15). Such a
 * name means a mailbox of anna if she shares anything with the user. Otherwise it is a name
 * like any other, except that no mailbox can be created with it. So a mailbox that had such a
 * name before sharing was used can still be read and renamed.
 *
 * Thread: the session's.
 */
#ifndef IMAP_NAMES_TARGET_H
#define IMAP_NAMES_TARGET_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "mailbox/sharing/rights.h"

struct account;
struct mbox_row;
struct store_tx;

struct imap_target {
    struct account *acct; /* held by the session, or by its work until the command ends */
    struct span name;     /* canonical name within that account; lives as long as the request */
    uint64_t mbox;        /* of another user: its number; 0: there was no such mailbox */
    uint32_t rights;      /* enum mbox_right */
    uint32_t needs;       /* rights that the command needs, all of them */
    uint32_t needs_any;   /* and at least one of these; 0: no further ones */
    bool is_guest;        /* the account belongs to another user */
};

/* The first level of the names of other users' mailboxes. */
#define OTHER_USERS "Other Users"

/** Whether a canonical name is in that namespace. If so, *owner_out is the name of an account
 * or empty, and *rest_out the name within it or empty. Pure. */
bool imap_name_is_others(struct span name, struct span *owner_out, struct span *rest_out);

/** The mailbox of a target, in a snapshot that was taken after its rights were found.
 * RC_NOT_FOUND: there is none, or the name now stands for another mailbox of another user, to
 * which the session may have other rights. (Names do not change their mailbox in one step, so
 * there was a moment without such a mailbox.) */
MUST_USE enum rc imap_target_row(const struct imap_target *target, struct store_tx *tx,
                                 struct arena *arena, struct mbox_row *out, struct err *err);

#endif
