/* SPDX-License-Identifier: MIT */
/*
 * store.h is the seam between the mail store and what keeps it. It speaks of accounts,
 * mailboxes, entries, messages, flags and changes: not SQL, not key-value, no IMAP word, and
 * nothing of files or of one machine. The embedded engine is store/sqlite/, opened with
 * store/engine_sqlite.h; others can stand beside it (store/engine.h), and several can be open
 * at once.
 *
 * Nothing spans accounts. Everything is done inside a transaction of one account:
 *   a read one is a snapshot: short (one slice of a session), never held over a wait for a
 * peer; a write one belongs to whoever holds the account's turn (mailbox/write/turn.h): one at
 * a time. A commit that returned RC_OK is durable: no crash and no power loss undoes it.
 *
 * Identity is the mailbox row: ids are never reused, a rename keeps the id, a delete ends it.
 * uidnext, modseq and uidvalidity only grow, also over crashes (INV-S1, INV-S2).
 *
 * Spans in results point into the transaction's statement or into the given arena, as each
 * function says. Unless said otherwise, on anything but RC_OK nothing was changed and outputs
 * are untouched; after a failed write the transaction (or its savepoint) must be abandoned.
 * Common results: RC_IO, RC_FULL (no room), RC_CORRUPT, RC_BUSY (locked from outside longer
 * than LIMIT_DB_WAIT_MS), RC_LIMIT (memory, or what the engine may use at once).
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
#include "base/span.h"
#include "base/wake.h"

/* ---- the store and its accounts ---- */

struct store;         /* what an engine has opened; its use of the machine is bounded */
struct store_account; /* one account; a handle is small, the engine's part opens at first use */

enum store_traits { /* bits */
                    /* A read may wait for a network: a session takes a slot for it. */
                    STORE_READS_WAIT = 1,
                    /* Others write to the same accounts: see "writers elsewhere" below. */
                    STORE_SHARED = 2,
};
/** Thread: any. */
unsigned store_traits(const struct store *store);

/* What every engine is told; its own options are beside the function that opens it. */
struct store_options {
    const struct clock *clock;    /* borrowed for life */
    int64_t undelete_retention_s; /* how long expunged mail can be restored; default 14 days */
    uint64_t undelete_max_octets; /* per account, oldest go first */
    /* What an administrator should know although nothing failed (an outside program keeps the
     * engine from tidying up). May be NULL. Any thread. */
    void (*report)(void *ctx, uint64_t account_id, const char *text);
    void *report_ctx;
};

/** All accounts must have been put back. NULL is allowed. */
void store_close(struct store *store);

/**
 * The engine keeps its house: what is done in nobody's time. Never required for what is
 * acknowledged to be safe. Waits for the engine.
 *
 * held   The account whose turn the caller holds, outside a transaction, after it has published
 *        its changes: at most a little work that concerns this account and is due now, so that
 *        nobody's answer waits for it. NULL: called from a background task every few seconds,
 *        without a turn: the whole store (what has become quiet is put away).
 *
 * Thread: the holder of the turn; any.
 */
void store_keep_house(struct store *store, struct store_account *held);

/** The account's handle; reference-counted, made at first need, cheap: asks nobody. Thread:
 * any.
 */
MUST_USE enum rc store_account_get(struct store *store, uint64_t account_id,
                                   struct store_account **out);
void store_account_put(struct store_account *acct);
/** Removes all mail of the account; RC_BUSY while somebody holds it. RC_OK when there is none.
 */
MUST_USE enum rc store_account_remove(struct store *store, uint64_t account_id,
                                      struct err *err);
/** Whether the account was ever used, without opening or making anything. *changed_s_out: when
 *  it was last written to, or later, by the system's clock. Waits for the engine. Thread: any.
 */
bool store_account_is_made(struct store *store, uint64_t account_id, int64_t *changed_s_out);

/* ---- transactions ---- */

struct store_tx; /* a read snapshot or the write transaction */

/**
 * A read snapshot. RC_AGAIN when the engine cannot give one at this moment (all its readers are
 * busy, it asks somebody first): wake, if set, is called once when it is worth trying again. A
 * new account is created first, with its default mailboxes (special uses included).
 * Thread: any.
 */
MUST_USE enum rc store_read_begin(struct store_account *acct, struct wake wake,
                                  struct store_tx **tx_out, struct err *err);
/**
 * The write transaction; the caller holds the turn. Waits for the engine. The lease behind the
 * turn is the engine's: RC_AGAIN when somebody elsewhere writes to the account just now, and
 * wake is called once when it is worth trying again; and what was written elsewhere since the
 * last transaction is to be published first (store_modseq tells, see below).
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

/** One level of savepoint inside a write: several requests in one commit (group commit).
 * Numbers that a request got and that was undone may be skipped (modseq) or given again.
 */
MUST_USE enum rc store_savepoint(struct store_tx *tx, struct err *err);
MUST_USE enum rc store_savepoint_release(struct store_tx *tx, struct err *err);
void store_savepoint_rollback(struct store_tx *tx);

/*
 * ---- writers elsewhere ----
 *
 * The account's modseq grows with every commit that anybody could notice: of messages, keywords
 * with them, and names (created, renamed, deleted, subscribed, special use). Who keeps in
 * memory what an account held at one modseq learns all that has changed from the rows:
 * mailboxes by store_mbox_list, messages by store_entries_since and store_expunged_since.
 *
 * Wakes: one that was given with RC_AGAIN is called once, at any time from then on, also when
 * whoever gave it has lost interest. So its id is one that goes nowhere then (task identities).
 */

/** The account's modseq as of the transaction, with what it has written itself; in a shared
 * store never one that somebody elsewhere can still give to a change. */
MUST_USE enum rc store_modseq(struct store_tx *tx, uint64_t *modseq_out, struct err *err);
/**
 * A modseq that is not below that of any commit acknowledged anywhere before this call began.
 * RC_AGAIN: it has to be asked for; wake is called once when the answer is there. 0 at once
 * from an engine that is not STORE_SHARED: nobody else writes. Thread: any.
 */
MUST_USE enum rc store_latest(struct store_account *acct, struct wake wake,
                              uint64_t *modseq_out, struct err *err);
/** From now on fn is told of accounts that were written to elsewhere. It may come late, twice
 * or for nothing, and it may be lost: store_latest is what can be relied on. Thread: the
 * engine's own, without a lock; fn may wait for reads, for turns and for wakes of this store.
 * fn NULL: no more; returns when no call is under way. */
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
    uint64_t highest_modseq; /* at least 1 */
    uint64_t expunged_floor; /* `expunged` rows with a modseq up to this one are gone */
    int64_t created_s;
};

/** All mailboxes in octet order of their names; names live in arena. */
MUST_USE enum rc store_mbox_list(struct store_tx *tx, struct arena *arena,
                                 struct mbox_row **out, size_t *count_out, struct err *err);
/** RC_NOT_FOUND. Exact octets; the name lives in arena. */
MUST_USE enum rc store_mbox_find(struct store_tx *tx, struct span name, struct arena *arena,
                                 struct mbox_row *out, struct err *err);
MUST_USE enum rc store_mbox_get(struct store_tx *tx, uint64_t mbox, struct arena *arena,
                                struct mbox_row *out, struct err *err);
/** Only this one mailbox: parents are the caller's. RC_EXISTS, RC_LIMIT (LIMIT_MAILBOXES). The
 * new row gets a new UIDVALIDITY: max(last + 1, seconds since 1970), per account. */
MUST_USE enum rc store_mbox_create(struct store_tx *tx, struct span name, uint32_t special_use,
                                   uint64_t *mbox_out, struct err *err);
/** One row; children are the caller's. RC_EXISTS. */
MUST_USE enum rc store_mbox_rename(struct store_tx *tx, uint64_t mbox, struct span new_name,
                                   struct err *err);
MUST_USE enum rc store_mbox_set_special_use(struct store_tx *tx, uint64_t mbox,
                                            uint32_t special_use, struct err *err);
/** Expunges everything (restorable for the retention time) and retires the row. */
MUST_USE enum rc store_mbox_delete(struct store_tx *tx, uint64_t mbox, struct err *err);
/** Raises recent_from; never lowers it. */
MUST_USE enum rc store_mbox_set_recent_from(struct store_tx *tx, uint64_t mbox, uint32_t uid,
                                            struct err *err);

/** Subscribed names, in octet order; they need not exist (RFC 3501 section 6.3.9). */
MUST_USE enum rc store_subscriptions(struct store_tx *tx, struct arena *arena,
                                     struct span **out, size_t *count_out, struct err *err);
/** Idempotent both ways. */
MUST_USE enum rc store_subscribe(struct store_tx *tx, struct span name, struct err *err);
MUST_USE enum rc store_unsubscribe(struct store_tx *tx, struct span name, struct err *err);

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
 * Reads entries in order of UID from *from on (inclusive), at most max, into rows. *from
 * becomes the next one to ask for. *count_out < max means the end was reached.
 */
MUST_USE enum rc store_entries_read(struct store_tx *tx, uint64_t mbox, uint32_t *from,
                                    struct entry *rows, size_t max, size_t *count_out,
                                    struct err *err);

/** The same for those with a modseq above since. */
MUST_USE enum rc store_entries_since(struct store_tx *tx, uint64_t mbox, uint64_t since,
                                     uint32_t *from, struct entry *rows, size_t max,
                                     size_t *count_out, struct err *err);

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
/** Expunged with a modseq above since and a UID below uid_below, in order of UID, in arena.
 *  RC_GONE when since < expunged_floor: no longer known (RFC 7162 section 3.2.6). A deleted
 *  mailbox still answers, with all that was in it, until it is purged: RC_NOT_FOUND then. */
MUST_USE enum rc store_expunged_since(struct store_tx *tx, const struct expunged_req *req,
                                      struct arena *arena, struct expunged_row **out,
                                      size_t *count_out, struct err *err);

/** Lowest UID without \Seen at or above from, reading at most max_rows rows: RC_OK with
 *  *uid_out (0: none), RC_LIMIT when it would take more. */
MUST_USE enum rc store_first_unseen(struct store_tx *tx, uint64_t mbox, uint32_t from,
                                    uint32_t max_rows, uint32_t *uid_out, struct err *err);

/** Names of the mailbox's keywords, by number, in arena. */
MUST_USE enum rc store_keywords(struct store_tx *tx, uint64_t mbox, struct arena *arena,
                                struct span **out, size_t *count_out, struct err *err);
/** The number of a keyword (ASCII case-insensitive), added when it is new. RC_LIMIT beyond
 *  LIMIT_KEYWORDS. */
MUST_USE enum rc store_keyword_add(struct store_tx *tx, uint64_t mbox, struct span name,
                                   uint32_t *number_out, struct err *err);

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
    const struct keywords *keywords; /* NULL: none has any */
};

struct flags_req {
    uint64_t mbox;
    const struct uid_run *runs;
    size_t run_count;
    enum flags_mode mode;
    uint32_t flags;
    struct keywords keywords;
    uint64_t unchanged_since; /* entries above are skipped and listed (RFC 7162 3.1.3) */
    /* The entries from this UID on as they are at this point of the transaction, for a caller
     * who knows them as well as the database does; count 0 at the end. NULL: they are read. An
     * engine may pass this over and read them all the same. */
    void (*known)(const void *ctx, uint32_t from_uid, struct entry_flags *out);
    const void *known_ctx;
};
/* What became of each entry named with a modseq up to unchanged_since: (old & keep) | set, for
 * its flags and the two words of its keywords; where that differs, also modseq. See
 * store/flags_rule.h. */
struct flags_rule {
    uint64_t keep[3];
    uint64_t set[3];
    uint64_t unchanged_since;
    uint64_t modseq;
};
struct flags_result {
    struct flags_rule rule;
    size_t changed_count;     /* entries whose flags differ now */
    struct uid_run *modified; /* skipped because of unchanged_since; in arena */
    size_t modified_count;
    uint64_t modseq; /* given to all changed; 0 when none */
};
/** UIDs without a message are passed over (RFC 9051 section 6.4.9). RC_CORRUPT also when what
 * is known was not what is there. */
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
};
struct copy_result {
    struct entry *added;   /* as they are in the destination, ascending UIDs; in arena */
    uint32_t *source_uids; /* of each */
    size_t count;
    uint64_t expunge_modseq; /* of the source entries, when moved */
};
/** Within one account. Keywords are carried by name (those beyond LIMIT_KEYWORDS are left
 *  out). \Recent is the destination's affair. Bodies are not copied. */
MUST_USE enum rc store_copy(struct store_tx *tx, const struct copy_req *req,
                            struct arena *arena, struct copy_result *out, struct err *err);

/* ---- messages: immutable ---- */

/* What ingest made of a message; all spans borrowed for the call. */
struct message_new {
    struct span text;          /* the whole message, header and body */
    uint64_t header_octets;    /* with the blank line */
    struct span envelope;      /* rendered */
    struct span bodystructure; /* rendered, extensible form */
    struct span parts;         /* the part table (syntax/mime) */
    struct span fields;        /* raw header fields that clients ask for most, a header block */
    struct span message_id;    /* of the header, may be empty */
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
/** RC_LIMIT when the mailbox has no UID left. Fills the whole entry: uid and modseq. */
MUST_USE enum rc store_entry_add(struct store_tx *tx, const struct entry_new *req,
                                 struct entry *out, struct err *err);

enum message_part { /* bits: what to read */
                    MESSAGE_ENVELOPE = 1,
                    MESSAGE_BODYSTRUCTURE = 2,
                    MESSAGE_PARTS = 4,
                    MESSAGE_FIELDS = 8,
};
struct message_row {
    uint64_t octets;
    uint64_t header_octets;
    struct span
        envelope; /* each: only when asked for; valid until the next store_message_read */
    struct span bodystructure; /* or the end of the transaction */
    struct span parts;
    struct span fields;
};
/** RC_NOT_FOUND when it was purged. Fast when ids ascend. */
MUST_USE enum rc store_message_read(struct store_tx *tx, uint64_t message, unsigned want,
                                    struct message_row *out, struct err *err);
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

/** True when an import already brought this text (SHA-256) into the mailbox; see
 *  `roost import`: it can be run again without duplicates. */
MUST_USE enum rc store_import_seen(struct store_tx *tx, uint64_t mbox, const uint8_t digest[32],
                                   bool *seen_out, struct err *err);
MUST_USE enum rc store_import_mark(struct store_tx *tx, uint64_t mbox, const uint8_t digest[32],
                                   struct err *err);

/* ---- keeping house ---- */

/**
 * One bounded step of purging in a write transaction: expunged rows beyond retention or beyond
 * undelete_max_octets (never with a modseq above keep_modseq: views still name them), messages
 * that no entry and no expunged row names, free pages given back. *more_out: call again.
 */
MUST_USE enum rc store_purge_step(struct store_tx *tx, uint64_t keep_modseq, bool *more_out,
                                  struct err *err);
/** Whether store_purge_step would find something to do if no view named anything. */
MUST_USE enum rc store_purge_due(struct store_tx *tx, bool *due_out, struct err *err);
/** Full check of the account's invariants (docs/invariants.md); each finding is one line in
 *  findings. RC_CORRUPT when there are any. */
MUST_USE enum rc store_verify(struct store_tx *tx, struct buf *findings, struct err *err);

#endif
