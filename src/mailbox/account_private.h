/* SPDX-License-Identifier: MIT */
/*
 * What an open account consists of; for mailbox/ only. Guards:
 *   accounts->lock (LOCK_ACCOUNTS)        references, both lists of accounts
 *   turn_lock(acct) (LOCK_TURN)           the queue of writers
 *   mailboxes_lock(acct) (LOCK_MAILBOXES) mailboxes, their states and versions, views
 *   hub_lock(acct) (LOCK_HUB)             watchers
 * entered in this order. None of them is held across disk.
 *
 * A selected mailbox and its account stay in memory while all their sessions are parked, so
 * these structs have no holes and fill a size class of the heap.
 */
#ifndef MAILBOX_ACCOUNT_PRIVATE_H
#define MAILBOX_ACCOUNT_PRIVATE_H

#include <stdatomic.h>

#include "base/budget.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "mailbox/memory/account.h"
#include "mailbox/change_private.h"
#include "mailbox/memory/mailbox.h"
#include "mailbox/memory/version.h"

struct hub {
    struct list watches;   /* watch.link */
    struct list gatherers; /* news_watch.link */
};

/* Where metadata have changed recently, so that nobody has to read all of them. */
struct metadata_latest {
    struct {
        uint64_t mbox;   /* 0: the account itself */
        uint64_t modseq; /* of the last commit that changed them, or of the change itself */
    } of[METADATA_LATEST];
    uint32_t count;
    uint64_t lost_modseq; /* some changes up to this one are not listed */
};

struct turn {
    struct list queue;        /* turn_req.link, oldest first */
    struct turn_req *granted; /* woken to become the holder; NULL: none */
};

struct account {
    struct accounts *accounts;
    uint64_t id;
    struct store_account *store;
    atomic_uint_fast64_t seen_modseq; /* of all that was committed elsewhere, memory has what
                                         the store held then; the holder of the turn sets it */

    /* As in metadata_latest, of the last published change of metadata; 0: there was none since
     * the account came into memory. Written with hub_lock, read without. */
    atomic_uint_fast64_t metadata_modseq;
    struct metadata_latest *metadata; /* hub_lock; owned; NULL: none, or there was no memory */
    atomic_uint acl_serial;           /* grows with each change of an access control list */

    /* accounts->lock */
    uint32_t refs;
    struct list idle_link; /* while refs is 0; oldest first */
    /* while it may have versions in memory; least recently loaded first */
    struct list version_link;
    int64_t idle_since_ms;
    atomic_uint names_serial; /* like acl_serial, and grows with each change of names too */
    /* the registry had it while it was held, so its mail is not removed meanwhile */
    bool in_use;

    /* turn_lock */
    bool turn_is_held; /* somebody holds the turn or is granted it */
    struct turn turn;

    struct hub hub; /* hub_lock */

    /* mailboxes_lock */
    uint32_t unheld;         /* mailboxes without references */
    struct list mailboxes;   /* mailbox.link; found by id and by name */
    struct list opening;     /* mailbox.link; being opened: they learn of commits already */
    struct list views;       /* view.link */
    uint64_t publish_serial; /* grows whenever a mailbox is published */
};

_Static_assert(sizeof(struct account) <= 224,
               "an account is larger than its class of jemalloc");

/* Accounts whose ids have the same remainder share their locks. With its own locks, an account
 * would be two thirds larger, and of a hundred thousand accounts in memory, few are busy at a
 * time. */
enum { ACCOUNT_STRIPES = 256 };
struct account_locks {
    struct lock turn;
    struct lock mailboxes;
    struct lock hub;
};

struct accounts {
    struct store *store;
    bool shared;               /* others write to the accounts too: STORE_SHARED */
    bool reads_wait;           /* STORE_READS_WAIT */
    struct registry *registry; /* borrowed; NULL: every account exists */
    struct account_search search;
    struct budget hits_budget;
    const struct clock *clock;
    _Atomic(const struct quota_rules *) quota; /* borrowed */
    atomic_uint_fast64_t version_octets;       /* of all current versions */
    /* Called when an account has got a version, with no lock held: it is looked at from now on
     * when memory is to be given back, and others' versions go when there is too much. */
    void (*on_version)(struct account *acct);

    /* accounts that lack sort blocks (order/fill.h); 0: a free place */
    atomic_uint_fast64_t fills[LIMIT_FILLS_WAITING];

    struct account_locks locks[ACCOUNT_STRIPES];

    struct lock lock;
    /* lock */
    struct map by_id;
    struct list idle;      /* account.idle_link */
    struct list versioned; /* account.version_link */
    uint32_t idle_count;
};

/* A commit that a loader of a version may have missed. */
struct replay {
    struct change_log *log; /* held */
    const struct mbox_changes *changes;
};
enum { MAILBOX_REPLAYS = 64 };
_Static_assert(MAILBOX_REPLAYS <= UINT8_MAX && LIMIT_KEYWORDS <= UINT8_MAX,
               "counts in an octet");
_Static_assert(LIMIT_MBOX_NAME <= UINT16_MAX, "a length in two octets");

struct mailbox {
    struct account *acct;
    /* mailboxes_lock, all below */
    struct list link;
    struct mailbox_state state;
    char *name;      /* owned; NULL: unknown (no memory) */
    char **keywords; /* owned, texts too; state.keyword_count of them, by number; an empty text:
                        the number has no name */
    /* keyword_serial when numbers lost their names last; 0: none has */
    uint64_t retired_serial;
    uint64_t retired_modseq; /* versions from here on bear none of them */
    struct version *current; /* held; NULL: not in memory. Its octets are counted in
                                accounts->version_octets */
    int64_t used_ms;         /* when current was last asked for */
    struct replay *replays;  /* owned, while loaders > 0 and something was committed */
    uint32_t refs;
    uint32_t recent_written; /* value of recent_from on disk */
    uint16_t loaders;        /* threads that are loading a version now */
    uint16_t name_octets;
    uint8_t keyword_room;
    uint8_t replay_count;
    bool replay_lost : 1; /* too many: a load under way cannot be brought up to date */
    /* state is known, from the row that was read at opening or from a commit since */
    bool filled : 1;
};

_Static_assert(sizeof(struct mailbox) <= 192, "a mailbox is larger than its class of jemalloc");

/** Of the server; for retention and idle times. Thread: any. */
static inline const struct clock *
account_clock(const struct account *acct)
{
    return acct->accounts->clock;
}

static inline struct account_locks *
account_locks(const struct account *acct)
{
    return &acct->accounts->locks[acct->id % ACCOUNT_STRIPES];
}
static inline struct lock *
turn_lock(const struct account *acct)
{
    return &account_locks(acct)->turn;
}
static inline struct lock *
mailboxes_lock(const struct account *acct)
{
    return &account_locks(acct)->mailboxes;
}
static inline struct lock *
hub_lock(const struct account *acct)
{
    return &account_locks(acct)->hub;
}

/* --- turn.c --- */

/** Commits what waits for the next commit, if the turn is free. Waits for disk. */
void turn_flush(struct account *acct);

/* --- catch_up.c: all for the holder of the turn --- */

/** Publishes what others have committed by the time of tx, if that may be something. Waits for
 *  the engine. */
MUST_USE enum rc catch_up(struct account *acct, struct store_tx *tx, struct err *err);
/** The same through a snapshot of its own. RC_AGAIN as store_read_begin. */
MUST_USE enum rc catch_up_read(struct account *acct, struct wake wake, struct err *err);

/* --- hub.c --- */

/** Wakes whoever watches a mailbox named in the log. */
void hub_publish(struct account *acct, const struct change_log *log);

/* --- metadata_latest.c --- */

/** Notes where the log has changed metadata, after the commit and before hub_publish. modseq:
 * of the account then. */
void metadata_latest_note(struct account *acct, const struct change_log *log, uint64_t modseq);

/* --- mailbox.c, publish.c --- */

/** Brings counters, keywords and versions of the mailboxes in memory to what was committed. */
void mailbox_publish(struct account *acct, struct change_log *log);
/** Frees all; nobody holds any. */
void mailboxes_done(struct account *acct);
/** Lets versions go that nobody looks at: not used since used_before_ms, or any while the total
 * is above keep_octets. They are put before *unwanted, for version_unref_all: freeing a large
 * one takes a while, and the caller may hold a lock. True when no version is left. */
bool mailboxes_trim(struct account *acct, int64_t used_before_ms, uint64_t keep_octets,
                    struct version **unwanted);

/* The lock is held for these five. */
void mailbox_set_row(struct mailbox *mailbox, const struct mbox_row *row);
void mailbox_set_name(struct mailbox *mailbox, struct span name);
/** As it was read: what was published meanwhile stays. */
void mailbox_set_keyword(struct mailbox *mailbox, uint32_t number, struct span name);
/** As it was published; an empty name: the number has none any more. */
void mailbox_change_keyword(struct mailbox *mailbox, uint32_t number, struct span name);
/** Takes over the reference; NULL: none in memory. */
void mailbox_set_current(struct mailbox *mailbox, struct version *version);

/* --- version_after.c --- */

/** The version that old becomes by these changes, with a reference, or NULL: no memory. */
struct version *version_after(struct version *old, const struct mbox_changes *changes);

/* --- mailbox.c --- */

struct recent_mark {
    uint64_t mbox;
    uint32_t uid;
};
enum { RECENT_MARKS = 64 };
/** Watermarks that are not on disk yet, at most RECENT_MARKS. */
size_t mailboxes_recent_marks(struct account *acct, struct recent_mark *marks);
void mailboxes_recent_written(struct account *acct, const struct recent_mark *marks,
                              size_t count);

/** State and current version of one moment; *version_out with a reference, or NULL. */
void mailbox_look(struct mailbox *mailbox, struct mailbox_state *state_out,
                  struct version **version_out);
/** The same of a mailbox that may not be in memory: then both stay as they were. */
void mailbox_peek_version(struct account *acct, uint64_t mbox, struct mailbox_state *state_out,
                          struct version **version_out);
/** A version of exactly the snapshot's moment, put nowhere. RC_GONE. */
MUST_USE enum rc mailbox_load(struct mailbox *mailbox, struct store_tx *tx,
                              struct version **out, struct err *err);

#endif
