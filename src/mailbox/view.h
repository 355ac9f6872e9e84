/* SPDX-License-Identifier: MIT */
/*
 * The selected state of one session: what its client knows of a mailbox. A view consists of a
 * mailbox, of the modseqs, UID bound and number of messages that were announced, and, while it
 * is awake, of the version that gives sequence numbers their meaning. A sleeping view has no
 * version. Its members can be rebuilt exactly from the store, because expunged UIDs are kept
 * with their modseq and because UIDs only grow (INV-M5).
 *
 * A sequence number means what the client was told, whatever has happened since; only a sync
 * (sync.h) changes it. A message that another session has expunged stays in the view, and can
 * be fetched, until its EXPUNGE is announced (RFC 2180 section 4.1.1).
 *
 *     view_init ──> asleep ──view_awake, sync──> awake ──view_sleep──> asleep ──> view_done
 *
 * Thread: the session that owns it. A view must not move in memory, because the account keeps a
 * list of its views for purging.
 */
#ifndef MAILBOX_VIEW_H
#define MAILBOX_VIEW_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/list.h"
#include "mailbox/memory/mailbox.h"
#include "mailbox/write/turn.h"
#include "mailbox/memory/version.h"
#include "syntax/imap/numset.h"

enum view_mode { VIEW_READ_WRITE, VIEW_READ_ONLY };

/* What a client wants to be told of its mailbox (NOTIFY, RFC 5465 section 6.1); each includes
 * the ones before. What is not told stays pending. */
enum view_tells {
    VIEW_TELLS_ANSWERS, /* only what is part of an answer: view_echo */
    VIEW_TELLS_COUNTS,  /* arrivals and expunges */
    VIEW_TELLS_ALL,     /* and changes of flags */
};

/* What the next sync tells although it is no news to the client: the messages of a STORE. */
struct view_echo {
    const struct uid_run *runs; /* told even when unchanged (RFC 3501 section 6.4.6) */
    size_t count;
    /* .SILENT of a client that knows of mod-sequences (RFC 7162 section 3.1.3): what its own
     * change touched is told by its modseq alone, and so is what is in runs. */
    bool silent;
    /* With silent: but those in runs that were newer than this, and so were not changed, are
     * told in full. */
    uint64_t unchanged_since;
    uint64_t own_modseq; /* of the change; 0: it changed nothing */
    /* Without .SILENT: flags_op.silent_modseq. Once all of this has been told, the client knows
     * all changes of flags up to here, even if it does not want to be told others. */
    uint64_t known_modseq;
};

struct view {
    struct mailbox *mailbox; /* held */
    struct version *members; /* held; NULL: asleep. Flags in it may be newer than announced */
    uint64_t modseq;         /* arrivals and expunges up to here were announced */
    uint64_t flags_modseq;   /* changes of flags up to here were */
    uint32_t exists;         /* as announced */
    uint32_t recent;         /* \Recent ones among them */
    uint32_t recent_told;    /* as announced */
    uint32_t uid_bound;      /* UIDs of the view are below this (uidnext as of `modseq`) */
    uint32_t recent_from;    /* UIDs from here on are \Recent to this session */
    uint8_t mode;            /* enum view_mode */
    uint8_t tells;           /* enum view_tells; its owner may change it between two syncs */
    bool gone : 1;           /* SYNC_GONE was told */
    /* a sync stopped among its expunges: the view cannot sleep until the next one */
    bool partial : 1;
    /* the messages of a deleted mailbox are asked for when they are told as expunged */
    bool names : 1;
    bool broken : 1; /* no memory was left to say what the client knows: RC_LIMIT from now on */

    /* For the next sync; it resets them. Set by the command, see flags_op in ops.h. */
    uint64_t silent_modseq; /* changes of flags up to here, that were not told, are our own
                               and silent; 0: none (view_silence) */
    const struct view_echo *echo; /* borrowed until that sync is over; NULL: nothing */

    struct list link; /* the account's list of views */
    /* Read by other threads. */
    atomic_uint_fast64_t kept;     /* `modseq` */
    atomic_uint_fast64_t keywords; /* keyword_serial of the FLAGS that were announced; 0: it is
                                      not known which were */
};

/** Takes over the reference to mailbox. The view begins asleep, at the present state of the
 *  mailbox. With VIEW_READ_WRITE it takes \Recent. view_count_recent fills `recent`. */
void view_init(struct view *view, struct mailbox *mailbox, enum view_mode mode);

/* What a client knows of its mailbox, in numbers. Another process can continue with these. */
struct view_saved {
    uint64_t mbox;
    uint64_t modseq;
    uint64_t flags_modseq;
    uint64_t silent_modseq;
    uint32_t uidvalidity;
    uint32_t exists;
    uint32_t recent;
    uint32_t recent_told;
    uint32_t uid_bound;
    uint32_t recent_from;
    uint64_t keywords; /* says which were announced; 0: not the present ones */
    bool read_only;
};
/** Call it between commands. False: what the client knows cannot be expressed in numbers,
 * because a sync has stopped in the middle, or the mailbox is gone. */
MUST_USE bool view_save(struct view *view, struct view_saved *saved_out);
/** As view_init, but the view begins where the saved one was. The mailbox is that of
 * saved->mbox and is watched already. RC_CORRUPT: it cannot be the mailbox that the view was
 * of; the caller then keeps the reference. */
MUST_USE enum rc view_resume(struct view *view, struct mailbox *mailbox,
                             const struct view_saved *saved, struct err *err);
/** Also for a zeroed view. A sync must have been ended before. */
void view_done(struct view *view);

/**
 * store_purge_step must leave expunged rows with a modseq above this one (INV-M7): a living
 * view, asleep or awake, names them, or will when this batch is published. UINT64_MAX if there
 * are none. Thread: the holder of the turn, in apply.
 */
uint64_t view_keep_modseq(const struct turn_ctx *ctx);
/**
 * Whether no view of this mailbox, awake or asleep, can bear the numbers of keywords that have
 * lost their names (INV-M13): all that is looked at through it is newer, and its client was
 * told FLAGS without them. For store_keywords_purge. Thread: the holder of the turn, in apply.
 */
bool view_keywords_settled(const struct turn_ctx *ctx, uint64_t mbox);

/** The FLAGS of this moment were announced (keyword_names.serial). */
static inline void
view_keywords_told(struct view *view, uint64_t serial)
{
    atomic_store_explicit(&view->keywords, serial, memory_order_relaxed);
}
static inline uint64_t
view_keywords(const struct view *view)
{
    return atomic_load_explicit(&view->keywords, memory_order_relaxed);
}

/** Makes the members available. tx is a read snapshot that was begun just now, or NULL to try
 *  without one. RC_AGAIN: tx is needed and was NULL, or it is older than what the client knows,
 *  and a new snapshot will do. RC_GONE: the mailbox was deleted and the view is asleep, so only
 * a sync makes sense. Waits for disk if the members are not in memory. */
MUST_USE enum rc view_awake(struct view *view, struct store_tx *tx, struct err *err);
/** The same for a deleted mailbox, whose messages have all been expunged: for a sync that tells
 *  their UIDs. tx: a read snapshot. */
MUST_USE enum rc view_awake_gone(struct view *view, struct store_tx *tx, struct err *err);
/** Lets go of the members, except while `partial`. */
void view_sleep(struct view *view);

/** Counts the \Recent messages into view->recent, which SELECT tells: from the members if the
 *  view is awake, otherwise from counters or from the entries at the watermark. tx may be NULL;
 *  RC_AGAIN if it is needed. */
MUST_USE enum rc view_count_recent(struct view *view, struct store_tx *tx, struct err *err);
static inline bool
view_is_recent(const struct view *view, uint32_t uid)
{
    return uid >= view->recent_from;
}

/** For flags_op.known_modseq: changes of flags up to here are known to the client. */
static inline uint64_t
view_known_modseq(const struct view *view)
{
    return view->silent_modseq > view->flags_modseq ? view->silent_modseq : view->flags_modseq;
}
/** Notes flags_op.silent_modseq after a change that need not be told: by STORE with .SILENT, or
 *  \Seen by a FETCH whose answer shows it. Several may follow one another before a sync. */
static inline void
view_silence(struct view *view, uint64_t silent_modseq)
{
    if (silent_modseq != 0)
        view->silent_modseq = silent_modseq;
}
/** The answer that was to show the change did not show it all: the next sync tells it. */
static inline void
view_unsilence(struct view *view)
{
    view->silent_modseq = 0;
}

/* Messages of the view by their sequence numbers. Arrays of them are ascending and disjoint. */
struct view_run {
    uint32_t first; /* first <= last */
    uint32_t last;
};

/**
 * The sequence numbers that a set names, as ascending runs in arena. The view must be awake. In
 * a seq_set, a number beyond exists is RC_INVALID, and so is `*` in an empty view: the command
 * is BAD; `46:*` with 45 messages means 45. In a uid_set, UIDs without a message are passed
 * over, and
 * `*` is the highest UID (RFC 3501 section 6.4.8). RC_LIMIT: the arena is full. The set is not
 * changed.
 */
MUST_USE enum rc view_resolve_seqs(const struct view *view, const struct seq_set *set,
                                   struct arena *arena, struct view_run **out,
                                   size_t *count_out);
/** The same for searches: numbers that do not exist are skipped (RFC 7377 section 2). RC_LIMIT:
 * arena. */
MUST_USE enum rc view_resolve_some_seqs(const struct view *view, const struct seq_set *set,
                                        struct arena *arena, struct view_run **out,
                                        size_t *count_out);
MUST_USE enum rc view_resolve_uids(const struct view *view, const struct uid_set *set,
                                   struct arena *arena, struct view_run **out,
                                   size_t *count_out);
/** Cuts runs, in place, to its last messages, at most `most` of them. True: there were more. */
bool view_runs_cut(struct view_run **runs, size_t *count, uint32_t most);
/** The same messages as runs of UIDs for the store, in arena: one run for each given one.
 * Between the ends of a run are only UIDs of its messages and UIDs that are gone for good. */
MUST_USE enum rc view_uid_runs(const struct view *view, const struct view_run *runs,
                               size_t count, struct arena *arena, struct uid_run **out,
                               size_t *count_out);

/**
 * A reference to the mailbox's current version, in which the newest flags are found by UID. A
 * UID that is not in it was expunged; use the view's own member then. tx as in mailbox_version.
 */
MUST_USE enum rc view_current(struct view *view, struct store_tx *tx, struct version **out,
                              struct err *err);
/** How many of these messages are not in current any more (RFC 2180 section 4.2). */
uint32_t view_count_expunged(const struct view *view, const struct version *current,
                             const struct view_run *runs, size_t count);

#endif
