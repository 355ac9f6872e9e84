/* SPDX-License-Identifier: MIT */
/*
 * Changes of access control lists, as requests for the turn of the account that has the mailbox
 * (write/turn.h). They keep the registry's index of who shares with whom (INV-S23): what is
 * granted is noted there before the commit; what was taken away is forgotten by a request of
 * its own, once that is on disk.
 */
#ifndef MAILBOX_SHARING_ACL_OP_H
#define MAILBOX_SHARING_ACL_OP_H

#include "base/arena.h"
#include "mailbox/sharing/rights.h"
#include "mailbox/write/turn.h"

struct acl_op {
    struct turn_req turn;
    struct arena *arena;
    struct span name;
    enum acl_kind kind;
    uint64_t who; /* 0: anyone */
    bool negative;
    struct rights_change change; /* RIGHTS_SET without rights takes the row away */
    bool took;                   /* out: acl_settle_op is due */
};
/** result: RC_NOT_FOUND (no such mailbox), RC_LIMIT (LIMIT_ACL), and those of the registry. */
void acl_op_init(struct acl_op *op, struct arena *arena, struct wake wake);

/** Removes all rows of the account whose account was purged or whose group was removed: nobody
 * can have these rights any more, no list shows them, and they would fill the lists. An account
 * that can be brought back keeps its rows. RC_NOT_FOUND: there are none. */
MUST_USE enum rc acl_sweep(struct turn_ctx *ctx, struct arena *arena, struct err *err);

/** Makes the index what the account's lists are. It never fails for itself: an index with too
 *  much in it does no harm. */
struct acl_settle_op {
    struct turn_req turn;
    struct arena *arena;
};
void acl_settle_op_init(struct acl_settle_op *op, struct arena *arena, struct wake wake);

#endif
