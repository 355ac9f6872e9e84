/* SPDX-License-Identifier: MIT */
/*
 * The messages of a view with the flags that they have now: membership and numbers come from
 * the view; flags, modseq and keywords from the mailbox's current version. For FETCH and
 * SEARCH. If both are the same version, as nearly always, its runs are given directly.
 *
 * Thread: the session.
 */
#ifndef MAILBOX_MEMORY_MEMBERS_H
#define MAILBOX_MEMORY_MEMBERS_H

#include "base/attr.h"
#include "base/err.h"
#include "mailbox/view.h"

enum { MEMBERS_BATCH = 256 };

struct members {
    struct version *version; /* the view's; borrowed: the view stays awake */
    struct version *current; /* held; NULL: version is current, or nothing newer is known */
    /* A merged run. */
    uint16_t flags[MEMBERS_BATCH];
    uint64_t modseqs[MEMBERS_BATCH];
    struct keywords keywords[MEMBERS_BATCH];
};

/** For one slice. tx may be NULL; then RC_AGAIN says that one is needed. */
MUST_USE enum rc members_begin(struct members *members, struct view *view, struct store_tx *tx,
                               struct err *err);
/** Does no harm if it was not begun (zeroed). Runs that were given become invalid. */
void members_end(struct members *members);
/** The run that begins at seq (1 .. version_count), of at most max messages. Valid until the
 * next call. */
void members_run(struct members *members, uint32_t seq, uint32_t max, struct version_run *out);
/** How many messages from seq on may be passed over, because none has a modseq above since.
 * There may be more behind them. 0: look at seq itself. */
uint32_t members_quiet(const struct members *members, uint32_t seq, uint64_t since);

#endif
