/* SPDX-License-Identifier: MIT */
/*
 * All names that a user may list: the user's own, and below "Other Users" those of mailboxes
 * that others share with the user. The registry's index knows who shares anything. Only those
 * accounts whose names the request can match are opened, one after the other, each for a short
 * snapshot.
 *
 * Thread: the session.
 */
#ifndef IMAP_NAMES_GATHER_H
#define IMAP_NAMES_GATHER_H

#include "imap/imap_session.h"
#include "mailbox/names/names_list.h"
#include "store/sharing.h"

struct imap_gather;

/** A request that lists all mailboxes of other users, and whether they are subscribed. */
const struct imap_list_req *imap_gather_others(void);
/** The same for one account, by its name. In arena. NULL: no memory. */
const struct imap_list_req *imap_gather_of_owner(struct arena *arena, struct span name);
/** Begins to gather, in an arena in which everything found is kept. req is borrowed for as long
 * as the list is used. NULL: no memory. */
struct imap_gather *imap_gather_new(struct arena *arena, const struct imap_list_req *req,
                                    enum names_list_kind kind);
/** STEP_DONE with *list_out set: the list is complete, and names_list_next may be called.
 * STEP_DONE with *list_out NULL, or another step: return it from the command. */
enum imap_step imap_gather_step(struct imap_session *im, struct imap_gather *gather,
                                struct names_list **list_out);
/** Once complete: the sharers, by index from 0, whether their mailboxes are listed or not.
 * False: there is none with this index. */
bool imap_gather_sharer(const struct imap_gather *gather, size_t at,
                        struct registry_sharer *out);
/** Once complete: whether mailboxes of others are missing because there are more than
 * LIMIT_SHARERS, LIMIT_SHARER_MAILBOXES and LIMIT_GUEST_MAILBOXES allow. */
bool imap_gather_is_cut(const struct imap_gather *gather);
/** Once complete: whether mailboxes of some account are missing because it could not be
 * read. */
bool imap_gather_lacks_any(const struct imap_gather *gather);
/** The same for one account. */
bool imap_gather_lacks(const struct imap_gather *gather, uint64_t owner);

#endif
