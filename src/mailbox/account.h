/* SPDX-License-Identifier: MIT */
/*
 * Open accounts in memory. One `struct account` exists per account while anybody holds it:
 * its store handle, its turn (turn.h), its mailboxes in memory (mailbox.h) and the watchers of
 * its changes (hub.h). It holds no descriptor by itself: databases open and close below it.
 *
 * Thread: any, all functions; reference counting under LOCK_ACCOUNTS. Nothing here waits.
 */
#ifndef MAILBOX_ACCOUNT_H
#define MAILBOX_ACCOUNT_H

#include "base/attr.h"
#include "base/clock.h"
#include "base/rc.h"
#include "store/store.h"

struct accounts;
struct account;

MUST_USE enum rc accounts_new(struct store *store, const struct clock *clock,
                              struct accounts **out);
/** All accounts must have been put back. */
void accounts_free(struct accounts *accounts);

/** The account, made when nobody holds it yet. RC_LIMIT. */
MUST_USE enum rc account_get(struct accounts *accounts, uint64_t account_id,
                             struct account **out);
/** Gives one reference back; the last one lets the account go. NULL is allowed. */
void account_put(struct account *acct);

uint64_t account_id(const struct account *acct);
struct store_account *account_store(struct account *acct);
const struct clock *account_clock(const struct account *acct);

#endif
