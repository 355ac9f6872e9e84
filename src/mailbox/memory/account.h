/* SPDX-License-Identifier: MIT */
/*
 * Accounts in memory. While anybody holds an account there is one `struct account` for it, with
 * its store handle, its turn (turn.h), its mailboxes in memory (mailbox.h), the watches of its
 * changes (hub.h) and its views (view.h). It needs no descriptor of its own: the engine opens
 * and closes databases below it. An account that nobody holds is kept for a while, so that the
 * next connection or delivery finds its counters and versions in memory.
 *
 * Thread: any, for all functions; references are counted under LOCK_ACCOUNTS. Only account_get,
 * accounts_evict, accounts_free and accounts_changed_elsewhere wait.
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
struct registry;
struct registry_account;
/** Only accounts that are in use there can be got from now on. Borrowed. Call it before the
 * first account_get. */
void accounts_set_registry(struct accounts *accounts, struct registry *registry);
/** Whether the account was ever used; makes nothing. Waits for the engine. Thread: any. */
bool accounts_is_made(struct accounts *accounts, uint64_t account_id);
/* Indexes of texts. */
struct budget;
struct store_indexes;
struct index_counts;
struct index_wishes;
struct account_search {
    struct store_indexes *indexes; /* NULL: none is asked, all is looked at */
    struct index_wishes *wishes;   /* NULL: nobody makes indexes */
    bool is_attached;              /* indexes have texts of attachments, which count */
    struct index_counts *counts;   /* NULL: nobody counts */
    /* NULL: nobody wants to know that a search has removed an index, which was of no use
     * because of `why`. Thread: the session; may not wait. */
    void (*removed)(void *ctx, uint64_t account_id, const char *why);
    void *ctx;
};
/** All are borrowed for the life of the accounts; at first there are none. Call it before the
 *  first account_get. */
void accounts_set_search(struct accounts *accounts, const struct account_search *search);
/** Never NULL. */
const struct account_search *account_search(const struct account *acct);
/** Octets of what indexes have told all searches (LIMIT_SEARCH_HITS_ALL_OCTETS). Thread: any.
 */
struct budget *account_hits_budget(const struct account *acct);
/* What holds for all accounts. */
struct quota_rules {
    struct quota_amounts limits; /* of those without limits of their own */
    bool warns;                  /* owners get a message when an account fills up */
    const char *hostname;        /* of the server, for that message */
};
/** Sets them; at first nothing is limited. They hold from the next request on, and are borrowed
 *  for as long as the accounts are there, also when others replace them. Thread: any. */
void accounts_set_quota(struct accounts *accounts, const struct quota_rules *rules);
/** What the account of this row may hold at this moment: its own limits, and where it has none,
 *  those of all. QUOTA_UNLIMITED where there is neither. Thread: any; does not wait. */
void accounts_quota(struct accounts *accounts, const struct registry_account *row,
                    struct quota_amounts *out);
/** All accounts must have been put back. Writes what was kept for the next commit, namely the
 *  watermarks of \Recent. Waits for disk. */
void accounts_free(struct accounts *accounts);
/**
 * Frees accounts that nobody has held for a while, and versions that nobody has looked at for a
 * while. A background task calls it about once a minute. Waits for disk.
 */
void accounts_evict(struct accounts *accounts);
/** Wakes all watchers of the account after it was removed from the registry, so that sessions
 * of other users release it. Its own sessions are told in another way. Thread: any. */
void accounts_tell_removed(struct accounts *accounts, uint64_t account_id);
/** Frees one account now, before it is removed. RC_BUSY if somebody holds it. */
MUST_USE enum rc accounts_forget(struct accounts *accounts, uint64_t account_id);

/**
 * For store_listen, with the accounts as its ctx: brings what was written to an account
 * elsewhere into memory, if the account is in memory, and wakes its watchers. Thread: the
 * engine's own; waits for the turn and for the engine.
 */
void accounts_changed_elsewhere(void *accounts, uint64_t account_id);

/**
 * A reference to the account, which is made if it is not in memory. While it is held, its mail
 * is not removed for good, because accounts_forget refuses; whoever comes when it has been
 * removed gets RC_NOT_FOUND, so that nothing can bring its files back. An account that is
 * removed but still in memory can be got: who must not use it looks into the registry after
 * this. RC_LIMIT; RC_IO and others of the registry. May wait for it if the account is not in
 * memory.
 */
MUST_USE enum rc account_get(struct accounts *accounts, uint64_t account_id,
                             struct account **out);
/** Gives a reference back. The caller must have let go of everything else of the account
 * before: mailboxes, views, watches, queued requests. NULL is allowed. */
void account_put(struct account *acct);

uint64_t account_id(const struct account *acct);
struct store_account *account_store(struct account *acct);
/** Whether metadata of the account may have changed after this modseq, which is the account's
 *  of some time in this process. Does not wait. Thread: any. */
bool account_metadata_changed(const struct account *acct, uint64_t modseq);
/* Where metadata have changed since a modseq. */
enum { METADATA_LATEST = 8 };
struct metadata_changes {
    bool everywhere;                  /* it is unknown where */
    uint64_t mboxes[METADATA_LATEST]; /* ascending; 0: the account itself */
    size_t count;
    uint64_t upto; /* only rows up to this modseq count; newer ones are not published yet */
};
/** modseq: see above. Does not wait. Thread: any. */
void account_metadata_changes(struct account *acct, uint64_t modseq,
                              struct metadata_changes *out);
/** accounts_quota of this one. Fails as the registry does, and may wait for it. */
MUST_USE enum rc account_quota(struct account *acct, struct quota_amounts *out,
                               struct err *err);
/** Another number than before when an access control list of the account may have changed
 * since. Rights that are read after this was asked for are at least as new as the number. */
uint32_t account_acl_serial(struct account *acct);
/** Grows with each change of access control lists or names of mailboxes. */
uint32_t account_names_serial(struct account *acct);
/** Whether messages may be purged elsewhere that views here still name (STORE_SHARED). */
bool account_is_purged_elsewhere(const struct account *acct);
/** Whether beginning a read of it may wait for a network (STORE_READS_WAIT). */
bool account_reads_wait(const struct account *acct);

#endif
