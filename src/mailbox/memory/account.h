/* SPDX-License-Identifier: MIT */
/*
 * Open accounts in memory. One `struct account` exists per account while anybody holds it:
 * its store handle, its turn (turn.h), its mailboxes in memory (mailbox.h), the watchers of its
 * changes (hub.h) and the views of it (view.h). It holds no descriptor by itself: databases
 * open and close below it. One that nobody holds is kept for a while, so that the next
 * connection or delivery finds its counters and versions warm.
 *
 * Thread: any, all functions; reference counting under LOCK_ACCOUNTS. Nothing here waits but
 * accounts_evict and accounts_free.
 */
#ifndef MAILBOX_MEMORY_ACCOUNT_H
#define MAILBOX_MEMORY_ACCOUNT_H

#include "base/attr.h"
#include "base/clock.h"
#include "base/rc.h"
#include "store/store.h"

struct accounts;
struct account;

MUST_USE enum rc accounts_new(struct store *store, const struct clock *clock,
                              struct accounts **out);
struct room;
/** Room that is given up to changes that free space when the disk is full; borrowed. Before any
 *  account is got. */
void accounts_set_room(struct accounts *accounts, struct room *room);
/** All accounts must have been put back. Writes what was kept for the next commit (watermarks
 * of \Recent). Waits for disk. */
void accounts_free(struct accounts *accounts);
/**
 * Lets go of accounts that nobody has held for a while and of versions that nobody has looked
 * at for a while; called now and then (a minute) from a background task. Waits for disk.
 */
void accounts_evict(struct accounts *accounts);
/** Lets go of one account now, before its removal. RC_BUSY when somebody holds it. */
MUST_USE enum rc accounts_forget(struct accounts *accounts, uint64_t account_id);

/**
 * For store_listen, with the accounts as its ctx: brings what was written to an account
 * elsewhere into memory, if the account is in memory, and wakes its watchers. Thread: the
 * engine's own; waits for the turn and for the engine.
 */
void accounts_changed_elsewhere(void *accounts, uint64_t account_id);

/** The account, made when nobody holds it yet. RC_LIMIT. */
MUST_USE enum rc account_get(struct accounts *accounts, uint64_t account_id,
                             struct account **out);
/** Gives one reference back, after everything of the account's that the caller holds
 * (mailboxes, views, watches, requests in its queue). NULL is allowed. */
void account_put(struct account *acct);

uint64_t account_id(const struct account *acct);
struct store_account *account_store(struct account *acct);
/** Beginning a read of it may wait for a network: STORE_READS_WAIT. */
bool account_reads_wait(const struct account *acct);

#endif
