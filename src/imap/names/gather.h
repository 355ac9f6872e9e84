/* SPDX-License-Identifier: MIT */
/*
 * All names that a user may list: the own ones, and below "Other Users" those of mailboxes that
 * are shared with the user. Who shares anything is known from the registry's index, and only
 * those accounts are opened, one after the other, each for a short snapshot; and of these only
 * those whose names the request can reach.
 *
 * Thread: the session.
 */
#ifndef IMAP_NAMES_GATHER_H
#define IMAP_NAMES_GATHER_H

#include "imap/imap_session.h"
#include "mailbox/names/names_list.h"
#include "store/sharing.h"

struct imap_gather; /* in the command's arena */

/** What to list to find all mailboxes of others, and whether they are subscribed. */
const struct imap_list_req *imap_gather_others(void);
/** The same of one account, by its name; in arena. NULL: no memory. */
const struct imap_list_req *imap_gather_of_owner(struct arena *arena, struct span name);
/** req is borrowed for as long as the list. NULL: no memory. */
struct imap_gather *imap_gather_new(struct imap_session *im, const struct imap_list_req *req,
                                    enum names_list_kind kind);
/** STEP_DONE with *list_out: it is complete, and names_list_next may be called. With *list_out
 *  NULL, or another step: what the command returns. */
enum imap_step imap_gather_step(struct imap_session *im, struct imap_gather *gather,
                                struct names_list **list_out);
/** When it is complete: one after the other of those who share anything with the user, whether
 *  it is listed or not. False: there is no such one. */
bool imap_gather_sharer(const struct imap_gather *gather, size_t at,
                        struct registry_sharer *out);
/** When it is complete: whether mailboxes of others are missing, because there are more than
 *  LIMIT_SHARERS, LIMIT_SHARER_MAILBOXES and LIMIT_GUEST_MAILBOXES allow. */
bool imap_gather_is_cut(const struct imap_gather *gather);
/** The same: whether those of some account are missing, because it could not be read. */
bool imap_gather_lacks_any(const struct imap_gather *gather);
/** Whether those of this one are. */
bool imap_gather_lacks(const struct imap_gather *gather, uint64_t owner);

#endif
