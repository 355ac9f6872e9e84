/* SPDX-License-Identifier: MIT */
/*
 * The seam between the server and the engine that stores its mail. This header speaks of
 * accounts, mailboxes, entries, messages, flags and changes. It knows no SQL, no key-value
 * store, no word of IMAP, no files, and does not assume a single machine. The embedded engine
 * is in store/sqlite/ and is opened with store/engine_sqlite.h. Other engines can be added next
 * to it (store/engine.h), and several can be open at once.
 *
 * Nothing spans accounts. Everything happens inside a transaction of one account:
 *
 * - A read transaction is a snapshot. It is short (one slice of a session) and is never held
 *   while somebody waits for a peer.
 * - A write transaction belongs to the holder of the account's turn (mailbox/write/turn.h), so
 *   there is one at a time. A commit that returned RC_OK is durable: neither a crash nor a
 *   power loss undoes it.
 *
 * The identity of a mailbox is its row: ids are never reused, a rename keeps the id, and a
 * delete ends it. uidnext, modseq and uidvalidity only grow, even across crashes (INV-S1,
 * INV-S2).
 *
 * Spans in results point into the transaction's statement or into the given arena, as each
 * function says. Unless a function says otherwise, any result but RC_OK means that nothing was
 * changed and that outputs were not touched; after a failed write the transaction (or its
 * savepoint) must be abandoned. Results that all functions share: RC_IO, RC_FULL (no room),
 * RC_CORRUPT, RC_BUSY (another program held a lock for longer than LIMIT_DB_WAIT_MS), RC_LIMIT
 * (memory, or what the engine may use at once).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/wake.h"
#include "store/acl.h"
#include "store/quota.h"

/* ---- the store and its accounts ---- */

struct store;         /* what an engine has opened; it uses a bounded part of the machine */
struct store_account; /* one account: a small handle; the engine opens it at the first use */

enum store_traits { /* bits */
                    /* A read may wait for a network: a session takes a slot for it. */
                    STORE_READS_WAIT = 1,
                    /* Others write to the same accounts: see "writers elsewhere" below. */
                    STORE_SHARED = 2,
};
/** Thread: any. */
unsigned store_traits(const struct store *store);

/* Options that all engines have. Each engine's own are with the function that opens it. */
struct store_options {
    const struct clock *clock;    /* borrowed for life */
    int64_t undelete_retention_s; /* how long expunged mail can be restored; default 14 days */
    uint64_t undelete_max_octets; /* per account, oldest go first */
    uint32_t keywords_crowded;    /* of one mailbox; 0: LIMIT_KEYWORDS_CROWDED */
    /* Reports what an administrator should know although nothing has failed, for example that
     * another program keeps the engine from tidying up. May be NULL. Called on any thread. */
    void (*report)(void *ctx, uint64_t account_id, const char *text);
    void *report_ctx;
};

/** All accounts must have been put back. NULL is allowed. */
void store_close(struct store *store);

/**
 * Lets the engine tidy up. Acknowledged data is safe without it. Waits for the engine.
 *
 * held   The account whose turn the caller holds, outside of a transaction and after it has
 *        published its changes. The engine does only a little work that is due for this
 *        account, so that no answer has to wait for it. NULL: the call comes from a background
 *        task, every few seconds and without a turn, and is about the whole store (accounts
 *        that have become quiet are put away).
 *
 * Thread: the holder of the turn; any.
 */
void store_keep_house(struct store *store, struct store_account *held);

/** Whether the remaining disk space is only for changes that free space; all others are refused
 * as on a full disk (RC_FULL). False for an engine without a reserve. Waits for disk only if
 * space is short. Thread: any. */
bool store_room_is_short(struct store *store);
/** Releases some of the reserved space, for a change that frees space and got RC_FULL. False:
 * there is none left. Waits for disk. Thread: any. */
MUST_USE bool store_room_give(struct store *store);

/** The account's handle. It is reference-counted, made when it is first needed, and cheap,
 *  because the engine is not asked. Thread: any. */
MUST_USE enum rc store_account_get(struct store *store, uint64_t account_id,
                                   struct store_account **out);
void store_account_put(struct store_account *acct);
/** Removes all mail of the account. RC_BUSY while somebody holds the account; RC_OK also when
 *  there is no mail. */
MUST_USE enum rc store_account_remove(struct store *store, uint64_t account_id,
                                      struct err *err);
/** Whether the account was ever used; opens and makes nothing. *changed_s_out is a time, by the
 *  system's clock, at or after the last write to it. Waits for the engine. Thread: any. */
bool store_account_is_made(struct store *store, uint64_t account_id, int64_t *changed_s_out);
/**
 * Appends the path of a directory of this machine for what can be made again from the account's
 * mail (store/index.h). It goes with the account: store_account_remove removes what is in it,
 * when nobody has anything open there. It may not be there before the account is made.
 * RC_UNSUPPORTED: the engine has none. RC_LIMIT: out. Thread: any.
 */
MUST_USE enum rc store_account_place(struct store_account *acct, struct buf *out,
                                     struct err *err);

/* ---- transactions ---- */

struct store_tx; /* a read snapshot or the write transaction */

/**
 * Begins a read snapshot. RC_AGAIN if the engine cannot give one at the moment, because all of
 * its readers are busy or because it has to ask somebody first; wake, if set, is called once
 * when it is worth trying again. A new account is created first, with its default mailboxes and
 * their special uses.
 * Thread: any.
 */
MUST_USE enum rc store_read_begin(struct store_account *acct, struct wake wake,
                                  struct store_tx **tx_out, struct err *err);
/**
 * Begins the write transaction; the caller holds the turn. Waits for the engine. The lease
 * behind the turn belongs to the engine: the result is RC_AGAIN while somebody elsewhere writes
 * to the account, and wake is called once when it is worth trying again. The caller must first
 * publish what was written elsewhere since the last transaction (see store_modseq below).
 */
MUST_USE enum rc store_write_begin(struct store_account *acct, struct wake wake,
                                   struct store_tx **tx_out, struct err *err);
/** Commits durably and ends the transaction, whatever it returns. Waits for the engine. */
MUST_USE enum rc store_commit(struct store_tx *tx, struct err *err);
/** Ends a read snapshot, or abandons a write. NULL is allowed. */
void store_end(struct store_tx *tx);
static inline void
store_tx_cleanup(struct store_tx **tx)
{
    store_end(*tx);
}
/** `AUTO_TX tx = NULL;`; set it to NULL after store_commit. (AUTO_TXN is db/txn.h's.) */
#define AUTO_TX CLEANUP(store_tx_cleanup) struct store_tx *

/** One level of savepoints inside a write transaction, so that one commit can hold several
 *  requests (group commit). If a request is undone, the numbers that it was given may be
 * skipped or given again, and store_modseq does not count them. Where an engine has lost the
 * whole transaction (a full disk, no memory), everything that follows in it says RC_GONE, the
 * commit too. */
MUST_USE enum rc store_savepoint(struct store_tx *tx, struct err *err);
MUST_USE enum rc store_savepoint_release(struct store_tx *tx, struct err *err);
void store_savepoint_rollback(struct store_tx *tx);

/*
 * ---- writers elsewhere ----
 *
 * The account's modseq grows with every commit that anybody could notice: changes of messages
 * and their keywords, and changes of names (mailboxes created, renamed, deleted, subscribed or
 * given a special use, keywords added), of access rights and of metadata. Whoever keeps in
 * memory what an account held at some modseq can read from the rows what has changed since:
 * mailboxes from store_mbox_list, messages from store_entries_since and store_expunged_since,
 * metadata from store_metadata_since.
 *
 * A wake that was given to a call which returned RC_AGAIN is called once, at any later time,
 * even if whoever gave it is no longer interested or no longer there. So it must carry an id
 * that then leads nowhere, as the identity of a task does.
 */

/** The account's modseq as the transaction sees it, including what the transaction itself has
 *  written and not undone: after its commit a snapshot says the same. In a shared store, nobody
 * elsewhere can give this modseq to another change. */
MUST_USE enum rc store_modseq(struct store_tx *tx, uint64_t *modseq_out, struct err *err);
/**
 * A modseq that is at least that of every commit acknowledged anywhere before this call began.
 * RC_AGAIN: the engine has to ask for it, and calls wake once when the answer has come. An
 * engine that is not STORE_SHARED answers 0 at once, because nobody else writes. Thread: any.
 */
MUST_USE enum rc store_latest(struct store_account *acct, struct wake wake,
                              uint64_t *modseq_out, struct err *err);
/** From now on, fn is told of accounts that were written to elsewhere. The call may come late,
 *  twice, without a reason or not at all; only store_latest can be relied on. Thread: one of
 *  the engine's own, which holds no lock; fn may wait for reads, turns and wakes of this store.
 *  fn NULL: no more calls; returns when none is under way. */
void store_listen(struct store *store, void (*fn)(void *ctx, uint64_t account_id), void *ctx);

/* ---- mailboxes ---- */

enum special_use { /* bits; RFC 6154, RFC 8457 */
                   USE_ALL = 1,
                   USE_ARCHIVE = 2,
                   USE_DRAFTS = 4,
                   USE_FLAGGED = 8,
                   USE_JUNK = 16,
                   USE_SENT = 32,
                   USE_TRASH = 64,
                   USE_IMPORTANT = 128,
};

/* Random, drawn when the mailbox is created: no other mailbox of any account or server has the
 * same. It stays with the row (RFC 8474 section 4). */
struct mbox_object_id {
    uint8_t octets[16];
};

struct mbox_row {
    uint64_t id;      /* at least 1 */
    struct span name; /* UTF-8, '/' between levels, "INBOX" in capitals; in the arena */
    uint32_t special_use;
    uint32_t uidvalidity;
    uint32_t uidnext;        /* 1 .. 2^32-1 */
    uint32_t recent_from;    /* watermark: UIDs from here on are \Recent to the next session */
    uint32_t exists;         /* messages */
    uint32_t unseen;         /* without \Seen */
    uint32_t deleted;        /* with \Deleted */
    uint64_t octets;         /* sum of RFC822.SIZE */
    int64_t deleted_octets;  /* of those with \Deleted; -1: not counted */
    uint64_t highest_modseq; /* at least 1 */
    uint64_t expunged_floor; /* `expunged` rows with a modseq up to this one are gone */
    int64_t created_s;
    struct mbox_object_id object_id;
};

/** All mailboxes in octet order of their names; names live in arena. */
MUST_USE enum rc store_mbox_list(struct store_tx *tx, struct arena *arena,
                                 struct mbox_row **out, size_t *count_out, struct err *err);
/** By the exact octets of its name. RC_NOT_FOUND. The name in *out lives in arena. */
MUST_USE enum rc store_mbox_find(struct store_tx *tx, struct span name, struct arena *arena,
                                 struct mbox_row *out, struct err *err);
MUST_USE enum rc store_mbox_get(struct store_tx *tx, uint64_t mbox, struct arena *arena,
                                struct mbox_row *out, struct err *err);
/** Creates only this mailbox, not its parents. RC_EXISTS, RC_LIMIT (LIMIT_MAILBOXES). The row
 *  gets a new UIDVALIDITY of the account: max(last + 1, seconds since 1970). */
MUST_USE enum rc store_mbox_create(struct store_tx *tx, struct span name, uint32_t special_use,
                                   uint64_t *mbox_out, struct err *err);
/** Renames one row; children are the caller's concern. RC_EXISTS. */
MUST_USE enum rc store_mbox_rename(struct store_tx *tx, uint64_t mbox, struct span new_name,
                                   struct err *err);
MUST_USE enum rc store_mbox_set_special_use(struct store_tx *tx, uint64_t mbox,
                                            uint32_t special_use, struct err *err);
/** Expunges all messages, which can be restored during the retention time, and retires the
 *  row. Its access control list goes. */
MUST_USE enum rc store_mbox_delete(struct store_tx *tx, uint64_t mbox, struct err *err);
/** What the account holds, as the transaction sees it; exact, because it follows from the
 *  counters of the mailboxes (INV-S3). Costs a look at each mailbox's row in a snapshot; in a
 *  write transaction the engine may know it. */
MUST_USE enum rc store_usage(struct store_tx *tx, struct quota_amounts *out, struct err *err);
/** Raises recent_from; never lowers it. */
MUST_USE enum rc store_mbox_set_recent_from(struct store_tx *tx, uint64_t mbox, uint32_t uid,
                                            struct err *err);

/** The access control list of a mailbox, or of all mailboxes (mbox 0), in order of their
 *  numbers; in arena. */
MUST_USE enum rc store_acl(struct store_tx *tx, uint64_t mbox, struct arena *arena,
                           struct acl_row **out, size_t *count_out, struct err *err);
/** Puts a row in place of the one with this identifier; without rights, takes it away.
 *  RC_NOT_FOUND: no such mailbox. RC_LIMIT (LIMIT_ACL). */
MUST_USE enum rc store_acl_set(struct store_tx *tx, const struct acl_row *row, struct err *err);

/** Subscribed names, in octet order; they need not exist (RFC 3501 section 6.3.9). */
MUST_USE enum rc store_subscriptions(struct store_tx *tx, struct arena *arena,
                                     struct span **out, size_t *count_out, struct err *err);
/** Both are idempotent. */
MUST_USE enum rc store_subscribe(struct store_tx *tx, struct span name, struct err *err);
MUST_USE enum rc store_unsubscribe(struct store_tx *tx, struct span name, struct err *err);

/*
 * ---- metadata: named values of mailboxes, and of the account itself ----
 *
 * Who may see and change what, which names are legal and how much there may be is decided
 * above. Names are ASCII and are compared without regard to case. A renamed mailbox keeps its
 * metadata, and a deleted one loses them. An entry that was removed leaves its name for a
 * while (LIMIT_METADATA_REMOVED), so that store_metadata_since tells of the removal.
 */

/* Whose entries. */
struct metadata_of {
    uint64_t mbox; /* 0: of the account itself */
    /* account of the user who owns it; 0: the owner of the mailbox, or shared by all users */
    uint64_t user;
};

struct metadata_row {
    struct metadata_of of;
    struct span name; /* as it was written last; in the arena */
    uint64_t octets;  /* of the value */
    uint64_t modseq;  /* of the last change */
    bool removed;     /* or its value is not kept here: see store_metadata_note */
};

/** The entries that have a value, in order of their names without regard to case. RC_LIMIT:
 * arena. */
MUST_USE enum rc store_metadata_list(struct store_tx *tx, const struct metadata_of *of,
                                     struct arena *arena, struct metadata_row **out,
                                     size_t *count_out, struct err *err);
/** Appends the value to out. RC_NOT_FOUND. RC_LIMIT: out is full. */
MUST_USE enum rc store_metadata_read(struct store_tx *tx, const struct metadata_of *of,
                                     struct span name, struct buf *out, struct err *err);
/** Sets the value, which may have any octets. The account's modseq grows and becomes the
 * highest one of the mailbox (RFC 7162 section 3.2); so it does in all functions that change
 * metadata. */
MUST_USE enum rc store_metadata_set(struct store_tx *tx, const struct metadata_of *of,
                                    struct span name, struct span value, struct err *err);
/** Takes the value away; nothing happens when there is none. */
MUST_USE enum rc store_metadata_remove(struct store_tx *tx, const struct metadata_of *of,
                                       struct span name, struct err *err);
/** Something that is kept elsewhere is shown as an entry of this name, and has changed:
 *  store_metadata_since tells it, as if the entry had been removed. */
MUST_USE enum rc store_metadata_note(struct store_tx *tx, const struct metadata_of *of,
                                     struct span name, struct err *err);
/** Gives all entries of one mailbox, of all users, to another one that has none. */
MUST_USE enum rc store_metadata_copy(struct store_tx *tx, uint64_t from, uint64_t to,
                                     struct err *err);

struct metadata_usage {
    uint64_t entries; /* entries with a value */
    uint64_t octets;  /* of their values */
};
MUST_USE enum rc store_metadata_usage(struct store_tx *tx, const struct metadata_of *of,
                                      struct metadata_usage *out, struct err *err);

/* Totals of all mailboxes and the account itself. */
struct metadata_totals {
    struct metadata_usage owner;  /* what belongs to the owner, or to all users */
    struct metadata_usage user;   /* one user's */
    struct metadata_usage guests; /* of all users except the owner */
};
/** user: whose entries are counted separately. Reads all metadata of the account. */
MUST_USE enum rc store_metadata_totals(struct store_tx *tx, uint64_t user,
                                       struct metadata_totals *out, struct err *err);

struct metadata_since {
    const struct metadata_of *of; /* NULL: the whole account, for which all metadata are read */
    uint64_t modseq;
};
/** Reads what has changed since a modseq, ordered by mailbox, user and name. RC_LIMIT:
 * arena. */
MUST_USE enum rc store_metadata_since(struct store_tx *tx, const struct metadata_since *since,
                                      struct arena *arena, struct metadata_row **out,
                                      size_t *count_out, struct err *err);

/* ---- entries: a message in a mailbox ---- */

enum msg_flags { /* bits */
                 MSG_SEEN = 1,
                 MSG_ANSWERED = 2,
                 MSG_FLAGGED = 4,
                 MSG_DELETED = 8,
                 MSG_DRAFT = 16,
                 MSG_SYSTEM_FLAGS = 31,
};

/* Keywords of one message: bit n is keyword n of its mailbox. */
struct keywords {
    uint64_t bits[2]; /* LIMIT_KEYWORDS */
};

struct entry {
    uint32_t uid;
    uint32_t flags; /* enum msg_flags */
    struct keywords keywords;
    uint64_t modseq;
    uint64_t message;              /* immutable message id */
    uint64_t octets;               /* RFC822.SIZE */
    int64_t internaldate_s;        /* since 1970 */
    int16_t internaldate_zone_min; /* minutes east of UTC, as the client gave it */
    int64_t savedate_s;
};

/**
 * Reads at most max entries into rows, in order of UID and beginning with *from. *from becomes
 * the UID to begin with next time. *count_out < max means that the end was reached.
 */
MUST_USE enum rc store_entries_read(struct store_tx *tx, uint64_t mbox, uint32_t *from,
                                    struct entry *rows, size_t max, size_t *count_out,
                                    struct err *err);

/** The same for entries with a modseq above since. */
MUST_USE enum rc store_entries_since(struct store_tx *tx, uint64_t mbox, uint64_t since,
                                     uint32_t *from, struct entry *rows, size_t max,
                                     size_t *count_out, struct err *err);

/** How many entries have a UID in first .. last. Reads no more of them than that takes. */
MUST_USE enum rc store_entries_count(struct store_tx *tx, uint64_t mbox, uint32_t first,
                                     uint32_t last, uint32_t *count_out, struct err *err);

struct expunged_row {
    uint32_t uid;
    uint32_t flags; /* last ones */
    struct keywords keywords;
    uint64_t modseq;  /* of the expunge */
    uint64_t message; /* still readable while the row is there */
    uint64_t octets;
    int64_t internaldate_s;
    int16_t internaldate_zone_min;
    int64_t savedate_s;
};
struct expunged_req {
    uint64_t mbox;
    uint64_t since;     /* a modseq */
    uint32_t uid_below; /* UINT32_MAX: all */
};
/** Messages expunged with a modseq above since and with a UID below uid_below, in order of UID,
 *  in arena. RC_GONE if since < expunged_floor, because those rows are gone (RFC 7162 section
 *  3.2.6). A deleted mailbox still answers, with everything that was in it, until it is purged;
 *  from then on the result is RC_NOT_FOUND. */
MUST_USE enum rc store_expunged_since(struct store_tx *tx, const struct expunged_req *req,
                                      struct arena *arena, struct expunged_row **out,
                                      size_t *count_out, struct err *err);

/** The lowest UID at or above from without \Seen, or 0 if there is none. RC_LIMIT if more than
 *  max_rows rows would have to be read. */
MUST_USE enum rc store_first_unseen(struct store_tx *tx, uint64_t mbox, uint32_t from,
                                    uint32_t max_rows, uint32_t *uid_out, struct err *err);

/** Names of the mailbox's keywords, by number, in arena; empty for a number that has none. */
MUST_USE enum rc store_keywords(struct store_tx *tx, uint64_t mbox, struct arena *arena,
                                struct span **out, size_t *count_out, struct err *err);
/** The number of a keyword, which is added if it is new; ASCII letters match in either case.
 *  RC_NOT_FOUND: no number is left, LIMIT_KEYWORDS are given. */
MUST_USE enum rc store_keyword_add(struct store_tx *tx, uint64_t mbox, struct span name,
                                   uint32_t *number_out, struct err *err);

/* One step of giving numbers of keywords back, in mailboxes that have few left. */
struct keywords_purge {
    /* Whether nothing in memory can bear the numbers of this mailbox that lost their names
     * before this transaction: they are then given again. */
    bool (*settled)(void *ctx, uint64_t mbox);
    void *ctx;
    /* Out: */
    uint64_t mbox;           /* 0: no number lost its name */
    struct keywords retired; /* numbers of it that lost their names now: no row bears them */
    bool more;               /* call again */
};
/** Not where others write too (STORE_SHARED): nobody knows what they have in memory. So there
 * is nobody to learn of it from the account's modseq, which stays. */
MUST_USE enum rc store_keywords_purge(struct store_tx *tx, struct keywords_purge *req,
                                      struct err *err);

/* A run of UIDs, first <= last. Arrays of them are ascending and do not touch. */
struct uid_run {
    uint32_t first;
    uint32_t last;
};

enum flags_mode { FLAGS_REPLACE, FLAGS_ADD, FLAGS_REMOVE };
#define MODSEQ_ANY UINT64_MAX

/* Flags of some entries, by column, in order of UID. */
struct entry_flags {
    uint32_t count;
    const uint32_t *uids;
    const uint16_t *flags;
    const uint64_t *modseqs;
    const uint32_t *octets;
    const struct keywords *keywords; /* NULL: none has any */
};

struct flags_req {
    uint64_t mbox;
    const struct uid_run *runs;
    size_t run_count;
    enum flags_mode mode;
    uint32_t flags;
    struct keywords keywords;
    /* Of FLAGS_REPLACE: what stays as it is all the same. */
    uint32_t kept_flags;
    bool keeps_keywords;
    uint64_t unchanged_since; /* newer entries are skipped and listed (RFC 7162 3.1.3) */
    struct keywords unless;   /* and so are those with one of these */
    /* Returns entries from this UID on, as they are at this point of the transaction, if the
     * caller knows them as well as the engine does; count is 0 at the end. NULL: the engine
     * reads them. An engine may ignore this and read them all the same. */
    void (*known)(const void *ctx, uint32_t from_uid, struct entry_flags *out);
    const void *known_ctx;
};
/* What happens to each named entry whose modseq is at most unchanged_since and that has none
 * of the keywords of unless: its flags and both words of its keywords become (old & keep) |
 * set, and if that is a change, the entry gets this modseq. See store/flags_rule.h. */
struct flags_rule {
    uint64_t keep[3];
    uint64_t set[3];
    uint64_t unchanged_since;
    struct keywords unless;
    uint64_t modseq;
};
struct flags_result {
    struct flags_rule rule;
    size_t changed_count;     /* entries whose flags differ now */
    struct uid_run *modified; /* skipped because of unchanged_since or unless; in arena */
    size_t modified_count;
    uint64_t modseq; /* given to all changed; 0 when none */
};
/** UIDs without a message are skipped (RFC 9051 section 6.4.9). RC_CORRUPT also if what the
 *  caller knows is not what is stored. */
MUST_USE enum rc store_flags_update(struct store_tx *tx, const struct flags_req *req,
                                    struct arena *arena, struct flags_result *out,
                                    struct err *err);

struct expunge_req {
    uint64_t mbox;
    const struct uid_run *runs; /* NULL: all UIDs */
    size_t run_count;
    bool only_deleted; /* only those with \Deleted */
};
struct expunge_result {
    uint32_t *uids; /* ascending; in arena */
    size_t count;
    uint64_t modseq; /* of all of them; 0 when none */
};
MUST_USE enum rc store_expunge(struct store_tx *tx, const struct expunge_req *req,
                               struct arena *arena, struct expunge_result *out,
                               struct err *err);

struct copy_req {
    uint64_t from;
    uint64_t to;
    const struct uid_run *runs;
    size_t run_count;
    bool move; /* source entries are expunged in the same transaction */
    /* What the new entries do not get of what the sources have. */
    uint32_t dropped_flags;
    bool drops_keywords;
};
struct copy_result {
    struct entry *added;   /* as they are in the destination, ascending UIDs; in arena */
    uint32_t *source_uids; /* of each */
    size_t count;
    uint64_t expunge_modseq; /* of the source entries, when moved */
};
/** Copies within one account. Keywords are carried over by name, and those beyond
 *  LIMIT_KEYWORDS are left out. \Recent follows from the destination. Texts are not copied. */
MUST_USE enum rc store_copy(struct store_tx *tx, const struct copy_req *req,
                            struct arena *arena, struct copy_result *out, struct err *err);

/* ---- messages: immutable ---- */

enum { MESSAGE_DIGEST_OCTETS = 32 }; /* SHA-256 */

/* What ingest has made of a message. All spans are borrowed for the call. */
struct message_new {
    struct span text;          /* the whole message, header and body */
    uint64_t header_octets;    /* with the blank line */
    struct span envelope;      /* rendered */
    struct span bodystructure; /* rendered, extensible form */
    struct span parts;         /* the part table (syntax/mime) */
    struct span fields;        /* raw header fields that clients ask for most, a header block */
    struct span message_id;    /* of the header, may be empty */
    struct span keys;          /* for SORT and THREAD (mailbox/order/keys.h); empty: none yet */
    struct span digest;        /* of text, MESSAGE_DIGEST_OCTETS; empty: none yet */
};
MUST_USE enum rc store_message_add(struct store_tx *tx, const struct message_new *msg,
                                   uint64_t *message_out, struct err *err);

struct entry_new {
    uint64_t mbox;
    uint64_t message;
    uint64_t octets;
    uint32_t flags;
    struct keywords keywords;
    int64_t internaldate_s;
    int16_t internaldate_zone_min;
    int64_t savedate_s;
};
/** RC_LIMIT if the mailbox has no UID left. Fills all of *out, with uid and modseq. */
MUST_USE enum rc store_entry_add(struct store_tx *tx, const struct entry_new *req,
                                 struct entry *out, struct err *err);

enum message_part { /* bits: what to read */
                    MESSAGE_ENVELOPE = 1,
                    MESSAGE_BODYSTRUCTURE = 2,
                    MESSAGE_PARTS = 4,
                    MESSAGE_FIELDS = 8,
                    MESSAGE_KEYS = 16, /* keys, message_id and digest */
};
struct message_row {
    uint64_t octets;
    uint64_t header_octets;
    /* each: only when asked for; valid until the next store_message_read */
    struct span envelope;
    struct span bodystructure; /* or the end of the transaction */
    struct span parts;
    struct span fields;
    struct span keys; /* empty: none were made yet */
    struct span message_id;
    struct span digest; /* MESSAGE_DIGEST_OCTETS, or empty: none was made yet */
};
/** RC_NOT_FOUND when it was purged. Fast when ids ascend. */
MUST_USE enum rc store_message_read(struct store_tx *tx, uint64_t message, unsigned want,
                                    struct message_row *out, struct err *err);
/** The lowest id at or above from that a message has. RC_NOT_FOUND: none has. */
MUST_USE enum rc store_message_next(struct store_tx *tx, uint64_t from, uint64_t *message_out,
                                    struct err *err);
/** The highest id that a message was ever given, as the transaction sees it; 0: none was. The
 * message may have been purged. */
MUST_USE enum rc store_message_highest(struct store_tx *tx, uint64_t *message_out,
                                       struct err *err);
/**
 * Octets of the message text from offset on, appended to out: exactly octets, or what is left.
 * Any size may be asked for; whoever streams asks for as much as it has room for.
 */
MUST_USE enum rc store_content_read(struct store_tx *tx, uint64_t message, uint64_t offset,
                                    uint64_t octets, struct buf *out, struct err *err);
/** The same without a copy where the store can: the span is good until the next content read
 *  or the end of the transaction, and may be shorter than asked (at least 1 octet unless at
 *  the end): go on from there. */
MUST_USE enum rc store_content_peek(struct store_tx *tx, uint64_t message, uint64_t offset,
                                    uint64_t octets, struct span *out, struct err *err);

/** Whether an import has already brought this text (SHA-256) into the mailbox. So `roost
 * import` can be run again without making duplicates. */
MUST_USE enum rc store_import_seen(struct store_tx *tx, uint64_t mbox, const uint8_t digest[32],
                                   bool *seen_out, struct err *err);
MUST_USE enum rc store_import_mark(struct store_tx *tx, uint64_t mbox, const uint8_t digest[32],
                                   struct err *err);

/*
 * Messages that came before the store kept keys and digests, or before keys of today's form.
 * Their ids are from *next_out to below *before_out; there are none when these are equal.
 */
MUST_USE enum rc store_backlog(struct store_tx *tx, uint64_t *next_out, uint64_t *before_out,
                               struct err *err);
/* What a message of the backlog may lack. Both spans are borrowed for the call. */
struct message_late {
    struct span keys;
    struct span digest;
};
/** Gives both to one of them; nothing happens when it is gone. */
MUST_USE enum rc store_backlog_put(struct store_tx *tx, uint64_t message,
                                   const struct message_late *late, struct err *err);
/** All below next have what they lacked. */
MUST_USE enum rc store_backlog_advance(struct store_tx *tx, uint64_t next, struct err *err);

/*
 * Sort blocks: what SORT and THREAD compare of many messages in one piece (mailbox/order). A
 * block is of the messages whose id divided by LIMIT_SORT_BLOCK is its number, and consists of
 * LIMIT_SORT_COLUMNS columns whose first octet says of which form the block is. Blocks can be
 * absent at any time. Purging a message removes its block, so a block never knows more than the
 * messages themselves.
 */
/** The column, in place of what out held. RC_NOT_FOUND: the block is absent. RC_LIMIT: out is
 * too small. */
MUST_USE enum rc store_sort_block_read(struct store_tx *tx, unsigned column, uint64_t block,
                                       struct buf *out, struct err *err);
/** The first block from `from` on that has messages, gets no more of them, and is absent or of
 *  another form. RC_NOT_FOUND: there is none. */
MUST_USE enum rc store_sort_block_lacking(struct store_tx *tx, uint64_t from, uint8_t form,
                                          uint64_t *block_out, struct err *err);
struct sort_block {
    uint32_t messages;                       /* that it was made of */
    struct span columns[LIMIT_SORT_COLUMNS]; /* not empty; borrowed for the call */
};
/** Adds or replaces a block. RC_NOT_FOUND: its messages are other ones than those that it was
 * made of, and nothing was changed. */
MUST_USE enum rc store_sort_block_put(struct store_tx *tx, uint64_t block,
                                      const struct sort_block *data, struct err *err);

/* ---- purging and checking ---- */

/**
 * One bounded step of purging, in a write transaction. It removes expunged rows that are older
 * than the retention time or beyond undelete_max_octets (but none with a modseq above
 * keep_modseq, because views still name them) and messages that no entry and no expunged row
 * names, and it gives free pages back. *more_out: there is more to do.
 */
MUST_USE enum rc store_purge_step(struct store_tx *tx, uint64_t keep_modseq, bool *more_out,
                                  struct err *err);
/** Whether store_purge_step would find something to do if no view named anything. */
MUST_USE enum rc store_purge_due(struct store_tx *tx, bool *due_out, struct err *err);
/** Checks all invariants of the account (docs/invariants.md). Each finding is one line in
 *  findings; RC_CORRUPT if there are any. */
MUST_USE enum rc store_verify(struct store_tx *tx, struct buf *findings, struct err *err);

#endif
