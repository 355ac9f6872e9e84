/* SPDX-License-Identifier: MIT */
/*
 * SEARCH as an exhaustive scan of a view, exact for every key. The tree of the request is
 * compiled into a program whose keys are asked in the order of their cost: what a version knows
 * (numbers, flags, dates, sizes), then the stored fields of the message row, then its header
 * block, then the decoded text. A message is read only as far as the answer needs.
 *
 *   search_new(&arena, view, &req, &search)
 *   each slice:
 *       [tx: a read snapshot, when search_needs_store(search)]
 *       search_slice(search, tx, clock, deadline)    RC_AGAIN: not finished
 *   search_next_run ...
 *   search_done(search)
 *
 * If the account has an index, and reading the messages that are left would take longer, it is
 * asked about the texts in the middle of that (hits.h). What is found does not depend on it.
 *
 * Nothing of the store is held between slices, not even in the middle of a large message.
 * Memory: one bit a message of the view, one header block, and bounded windows for bodies.
 *
 * FUZZY keys (RFC 6203) with a text search for words (syntax/fuzzy.h); all others are exact. If
 * scores are asked for, a message that matches is read until nothing can change its score: the
 * best of alternatives, the mean of keys that must all match. Keys that are not fuzzy, or have
 * no text, do not influence it, but as an alternative to a fuzzy key they count 100.
 *
 * Text is compared as syntax/fold.h says, after decoding encoded words, transfer encodings and
 * charsets; FROM, TO, CC and BCC also in the addresses as ENVELOPE shows them. SUBJECT "" and
 * its like are the field's presence, as HEADER is (RFC 3501 section 6.4.4).
 *
 * Thread: the session.
 */
#ifndef MAILBOX_SEARCH_SEARCH_H
#define MAILBOX_SEARCH_SEARCH_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "mailbox/view.h"
#include "syntax/imap/search.h"

struct search;
struct search_answers;

struct search_req {
    struct imap_search_key *root; /* sets in it are normalised in place; borrowed until done */
    bool has_charset;
    struct span charset;         /* as written */
    int64_t now_s;               /* for YOUNGER and OLDER */
    const struct uid_run *saved; /* what `$` stands for (RFC 5182) */
    size_t saved_count;
    bool rates; /* search_score will be called */
    /* texts are searched as with FUZZY although the request does not say so, except in
     * HEADER */
    bool loosely;
    uint64_t overspent; /* search_overspent of earlier searches of the same command */
    /* number of messages to look at: the last ones that the keys leave; 0: all */
    uint32_t at_most;
    /* Only these messages are asked about, and only they can be found; ascending; borrowed
     * until done. NULL: all */
    struct view_run *among;
    size_t among_count;
    /* The index of the account is asked from so many messages on that would have to be read. 0:
     * LIMIT_SEARCH_UNASKED */
    uint32_t ask_at;
    /* What the index said to earlier searches of the same command; borrowed until done. NULL:
     * there are none. */
    struct search_answers *answers;
};

/** For several searches with the same keys. NULL: no memory. */
struct search_answers *search_answers_new(struct arena *arena);
/** Frees what is not in the arena; NULL is allowed. */
void search_answers_done(struct search_answers *answers);

/**
 * tx: a read snapshot, for the names of keywords; the view is awake and is not synced until
 * done. RC_BAD_CHARSET: unknown charset. RC_INVALID: a needle is not valid in the charset; the
 * command is BAD. RC_LIMIT: arena. A sequence number that does not exist matches nothing (RFC
 * 7377 section 2).
 */
MUST_USE enum rc search_new(struct arena *arena, struct view *view,
                            const struct search_req *req, struct search **out, struct err *err);
/** Frees what is not in the arena; NULL is allowed. */
void search_done(struct search *search);

/** False: entries alone answer it, tx may be NULL. To be asked before each slice. */
bool search_needs_store(const struct search *search);

/**
 * Goes on until everything was looked at (RC_OK) or the deadline, in clock_mono_us, has passed
 * (RC_AGAIN; overrun by at most one piece of a body). With tx NULL RC_AGAIN may also mean that
 * a snapshot is needed after all: search_needs_store then says so. RC_LIMIT: its keys cost more
 * than LIMIT_SEARCH_WORK (search_over_limit), or memory. Waits for disk.
 */
MUST_USE enum rc search_slice(struct search *search, struct store_tx *tx,
                              const struct clock *clock, int64_t deadline_us, struct err *err);

/** Appends a line that says how the search was answered: its keys in the order in which they
 * are asked, from what each was answered, what was read and how long that took. It has no
 * texts. */
void search_plan_put(const struct search *search, struct buf *out);

/** How many of the messages that may be among the results have been looked at. */
void search_progress(const struct search *search, uint32_t *done_out, uint32_t *of_out);

/** What counts against LIMIT_SEARCH_WORK so far. */
uint64_t search_overspent(const struct search *search);
/** Why search_slice said RC_LIMIT: the client asks for too much. */
bool search_over_limit(const struct search *search);
/** The lowest of the messages that are looked at, if there were more than at_most; else 0. */
uint32_t search_cut_at(const struct search *search);

/* The result, when search_slice returned RC_OK (before: what was found so far). */
uint32_t search_count(const struct search *search);
/** Sequence numbers; 0: nothing was found. */
uint32_t search_min(const struct search *search);
uint32_t search_max(const struct search *search);
/** Highest modseq of the messages found (RFC 7162 section 3.1.5), of the first and the last
 * one; 0: nothing was found. */
uint64_t search_max_modseq(const struct search *search);
uint64_t search_modseq_of_min(const struct search *search);
uint64_t search_modseq_of_max(const struct search *search);
/** How well the message at this place of the result, counted from 0, matches: 1 .. 100. Only if
 *  search_req.rates was set. */
unsigned search_score(const struct search *search, uint32_t place);
/** Whether this one is among them. */
bool search_found(const struct search *search, uint32_t seq);
/** Runs of sequence numbers found, ascending. *pos is 0 at the start; false at the end. UIDs
 *  are the view's (version_run_at). */
bool search_next_run(const struct search *search, uint32_t *pos, struct view_run *run_out);

#endif
