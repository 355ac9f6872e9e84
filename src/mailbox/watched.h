/* SPDX-License-Identifier: MIT */
/*
 * Which mailboxes of an account a client wants to be told about, and which events (NOTIFY, RFC
 * 5465 section 6). This is kept while the session is parked, so it is stored as packed runs of
 * mailbox ids: a thousand mailboxes that were created one after the other are one run, and if
 * every second one of two thousand is watched, each takes one octet.
 *
 * PERSONAL and INBOXES are all mailboxes, and take no room. MAILBOXES are those that had the
 * names when the client asked: a renamed mailbox is still the same, and a name that no mailbox
 * had is ignored, as the RFC requires. SUBTREE and SUBSCRIBED depend on names, so they are
 * evaluated again when names or subscriptions have changed (watched_renew). Until the caller
 * has handled all of those changes, the old result counts as well.
 *
 * Events are those of enum imap_notify_event.
 *
 * Thread: the session's.
 */
#ifndef MAILBOX_WATCHED_H
#define MAILBOX_WATCHED_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/pack.h"
#include "store/store.h"
#include "syntax/imap/req.h"

struct watched;

/** The groups of req but SELECTED. tx: a snapshot. arena: for working it out; what *out needs
 * is its own. RC_LIMIT: no memory, or more than LIMIT_NOTIFY_OCTETS. */
MUST_USE enum rc watched_new(const struct imap_notify_req *req, struct store_tx *tx,
                             struct arena *arena, struct watched **out, struct err *err);
/** NULL is allowed. */
void watched_free(struct watched *watched);

/** All events that any group has. */
unsigned watched_all_events(const struct watched *watched);
/** The events that are asked for of this mailbox. */
unsigned watched_events(const struct watched *watched, uint64_t mbox);
/** The same of a name that is or was that of the mailbox (0: none). */
unsigned watched_name_events(const struct watched *watched, uint64_t mbox, struct span name);
/** Of a name whose subscription has changed. */
unsigned watched_subscription_events(const struct watched *watched, uint64_t mbox,
                                     struct span name);

/** The events that SUBTREE and SUBSCRIBED ask for in a mailbox of another user. */
unsigned watched_others_events(const struct watched *watched, struct span name,
                               bool subscribed);

/** Whether SUBTREE or SUBSCRIBED could ever mean a mailbox of another user below this name. */
bool watched_reaches_below(const struct watched *watched, struct span level);

/** Whether it has to be worked out again when names change. */
bool watched_goes_by_names(const struct watched *watched);
/** Works it out again from this snapshot; what it was stays until watched_settle. As
 *  watched_new. */
MUST_USE enum rc watched_renew(struct watched *watched, struct store_tx *tx,
                               struct arena *arena, struct err *err);
/** All changes of names have been dealt with. */
void watched_settle(struct watched *watched);

/** For another process. */
void watched_pack(const struct watched *watched, struct buf *out);
/** NULL: no memory, or (in->failed) not what watched_pack puts. */
struct watched *watched_unpack(struct unpack *in);

#endif
