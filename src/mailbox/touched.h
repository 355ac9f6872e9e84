/* SPDX-License-Identifier: MIT */
/*
 * Which messages of a view may have come into the result of a search since it was last looked
 * at, or gone out of it: those that have changed, and those that have been expunged. For
 * results that are kept up to date (CONTEXT=SEARCH, RFC 5267), which ask again about these
 * messages only.
 *
 * Thread: the session. Nothing here waits.
 */
#ifndef MAILBOX_TOUCHED_H
#define MAILBOX_TOUCHED_H

#include "mailbox/view.h"

/* Times of arrival (internaldate), in seconds since 1970: after `after`, up to `until`. */
struct touched_times {
    int64_t after;
    int64_t until;
};

struct touched_req {
    uint64_t since;       /* messages with a higher modseq */
    uint64_t gone_since;  /* the same for messages that are not in the newest version */
    uint32_t from_uid;    /* and all messages with this UID or a higher one */
    struct uid_run range; /* and all messages with UIDs in this range; first 0: none */
    const struct touched_times *times; /* and those that arrived then */
    size_t time_count;
};

struct touched;

/**
 * Begins to look for messages of a view. current: from view_current; messages of the view that
 * are not in it count with the modseq that the view knows. Both are borrowed until touched_step
 * returns RC_OK; until then the view must stay awake and must not be synced. req is copied with
 * its times. Everything is in arena. NULL: the arena is full.
 */
struct touched *touched_new(struct arena *arena, const struct view *view,
                            const struct version *current, const struct touched_req *req);
/** Looks at so many messages, or pieces of the mailbox that can be skipped. RC_OK: *out has all
 *  messages found, as ascending runs of sequence numbers. RC_AGAIN: there is more to look at.
 *  RC_LIMIT: arena. */
MUST_USE enum rc touched_step(struct touched *touched, uint32_t steps, struct view_run **out,
                              size_t *count_out);

/** Messages of `from` that are not in `to` (NULL: none is), a later version of the same
 * mailbox, as ascending runs of the sequence numbers of `from`, in arena. Messages of `to` that
 * are newer than `from` do no harm. RC_LIMIT: arena. */
MUST_USE enum rc touched_expunged(const struct version *from, const struct version *to,
                                  struct arena *arena, struct view_run **out,
                                  size_t *count_out);

/* Runs that are being collected. */
struct touched_runs {
    struct arena *arena;
    struct view_run *runs;
    size_t count;
    size_t room;
};
/** Adds first .. last behind what is there. RC_LIMIT: arena. */
MUST_USE enum rc touched_add(struct touched_runs *runs, uint32_t first, uint32_t last);

#endif
