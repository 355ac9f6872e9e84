/* SPDX-License-Identifier: MIT */
/*
 * The selected state of one session: what its client knows of a mailbox. A view is a mailbox, the
 * modseq, UID bound and number of messages that were announced, and, while it is awake, the
 * version that gives sequence numbers their meaning. Asleep it has no version: the membership is
 * rebuilt exactly from the store, because expunged UIDs are kept with their modseq and UIDs
 * only grow.
 *
 * Sequence numbers mean what the client was told, whatever has happened since: they change
 * only in sync (sync.h). A message that another session expunged stays in the view, and can be
 * fetched, until its EXPUNGE was announced (RFC 2180 section 4.1.1).
 *
 * Thread: the session that owns it.
 */
#ifndef MAILBOX_VIEW_H
#define MAILBOX_VIEW_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "mailbox/mailbox.h"
#include "mailbox/version.h"
#include "syntax/numset.h"

enum view_mode { VIEW_READ_WRITE, VIEW_READ_ONLY };

struct view {
    struct mailbox *mailbox;  /* held */
    struct version *members;  /* held; NULL: asleep */
    uint64_t modseq;          /* every change up to here was announced */
    uint64_t silent_modseq;   /* our own .SILENT change: its FETCH is not sent; 0: none */
    uint32_t exists;          /* as announced */
    uint32_t uid_bound;       /* UIDs of the view are below this (uidnext as of `modseq`) */
    uint32_t recent_from;     /* UIDs from here to recent_below are \Recent to this session */
    uint32_t recent_below;
    uint32_t keyword_count;   /* keywords announced in FLAGS */
    enum view_mode mode;
    bool rebuilt;             /* members is ours alone and lacks flags: read them by modseq */
};

/** Takes over the reference to mailbox. The view begins at the mailbox's present state and is asleep. */
void view_init(struct view *view, struct mailbox *mailbox, enum view_mode mode);
void view_done(struct view *view);

/** Makes members available. RC_GONE: the mailbox was deleted and the view is asleep: only sync
 *  makes sense. Waits for disk. tx: a read snapshot begun now (not older than the view). */
MUST_USE enum rc view_awake(struct view *view, struct store_tx *tx, struct err *err);
/** Lets members go. */
void view_sleep(struct view *view);

/** Number of \Recent messages among the view's; needs members (else an upper bound by UID). */
uint32_t view_recent_count(const struct view *view);
static inline bool
view_is_recent(const struct view *view, uint32_t uid)
{
    return uid >= view->recent_from && uid < view->recent_below;
}

/* A message of the view as commands see it: current flags when it still exists. */
struct view_run {
    uint32_t first; /* sequence numbers, first <= last */
    uint32_t last;
};

/**
 * Sequence numbers that a set names, as ascending runs in arena. The view is awake. For a
 * seq_set: RC_INVALID when a number is beyond exists (`*` in an empty view too): the command is BAD.
 * For a uid_set: UIDs without a message are passed over; `*` is the highest UID (RFC 3501 6.4.8).
 */
MUST_USE enum rc view_resolve_seqs(const struct view *view, const struct seq_set *set,
                                   struct arena *arena, struct view_run **out,
                                   size_t *count_out);
MUST_USE enum rc view_resolve_uids(const struct view *view, const struct uid_set *set,
                                   struct arena *arena, struct view_run **out,
                                   size_t *count_out);
/** The same messages as runs of UIDs (for the store), in arena. */
MUST_USE enum rc view_uid_runs(const struct view *view, const struct view_run *runs,
                               size_t count, struct arena *arena, struct uid_run **out,
                               size_t *count_out);

/**
 * The newest state of the mailbox for flags: a reference to the current version, to be looked up by
 * UID (a UID that is not in it is expunged: use the view's member). Waits for disk if not loaded.
 */
MUST_USE enum rc view_current(struct view *view, struct store_tx *tx, struct version **out,
                              struct err *err);

#endif
