/* SPDX-License-Identifier: MIT */
/*
 * Which mailboxes a client means by a specification such as `subscribed` or `subtree Lists`
 * (RFC 5465 section 6, RFC 7377 section 2.2): one snapshot of all mailboxes, in which those
 * that are meant are marked. For NOTIFY (watched.h) and ESEARCH.
 *
 * Thread: the session's. Waits for disk.
 */
#ifndef MAILBOX_SCOPE_H
#define MAILBOX_SCOPE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "mailbox/names/names_list.h"
#include "store/store.h"
#include "syntax/imap/req.h"

/* A mailbox, and its marks. */
struct scope_member {
    uint64_t mbox;
    /* the account that it is in, if it belongs to another user; 0: the user's own */
    uint64_t owner;
    uint8_t fixed;   /* by what it was called */
    uint8_t by_name; /* by what it is called at any time */
};

/* All mailboxes of the user, and perhaps some of other users, in octet order of their names, so
 * that a name and what is below it are near each other. members[i] belongs to rows[i] until
 * they are sorted. */
struct scope {
    const struct mbox_row *rows;
    struct scope_member *members;
    size_t count;
};

/** Reads them into arena; nothing is marked. RC_LIMIT: arena. */
MUST_USE enum rc scope_read(struct scope *scope, struct store_tx *tx, struct arena *arena,
                            struct err *err);
/** Adds mailboxes of other users. Call it before anything is marked. If one has the same name
 * as a mailbox of the user's own, that name stands for the other user's, as in LIST. RC_LIMIT:
 * arena. */
MUST_USE enum rc scope_add(struct scope *scope, struct arena *arena,
                           const struct names_guest *others, size_t count);
/** Those with the names of the group; names without a mailbox are passed over. */
void scope_mark_names(struct scope *scope, const struct imap_notify_group *group, uint8_t mark);

enum scope_depth {
    SCOPE_ALL_BELOW, /* SUBTREE */
    SCOPE_ONE_LEVEL, /* SUBTREE-ONE */
};
/** The mailbox with this name, if there is one, and those below it. RC_LIMIT: arena. */
MUST_USE enum rc scope_mark_subtree(struct scope *scope, struct arena *arena, struct span top,
                                    enum scope_depth depth, uint8_t mark);
MUST_USE enum rc scope_mark_subscribed(struct scope *scope, struct store_tx *tx,
                                       struct arena *arena, uint8_t mark, struct err *err);

#endif
