/* SPDX-License-Identifier: MIT */
/*
 * FETCH below its formatting: which messages, which data, in which order, resumable at any
 * octet. The front door asks for one step after the other and writes it down:
 *
 *   fetch_new(&arena, view, req, runs, n, &fetch)
 *   each slice:
 *       [tx: a read snapshot, when fetch_needs_store(fetch)]
 *       fetch_slice_begin(fetch, tx)
 *       until its output is full or its time is up:
 *           fetch_step(fetch, &step)
 *               BEGIN   "* seq FETCH ("
 *               ENTRY   item->label, then UID, flags, date, size or modseq from step.msg
 *               NIL     item->label NIL
 *               SYNTAX  item->label, step.text as it is
 *               STRING  item->label, step.text as a literal (or quoted)
 *               ID      item->label, step.text in parentheses
 *               STREAM  item->label, "{step.octets}", then fetch_stream until *left_out is 0
 *               STREAM8 the same with "~{step.octets}": there is NUL among them
 *               WORK    nothing yet: it worked for a while
 *               END     ")"
 *               DONE    the tagged answer
 *       fetch_slice_end(fetch)
 *       [store_end(tx)]
 *   fetch_done(fetch)
 *
 * Between slices nothing of the store is held; the cursor is (message, item, octet). Messages
 * that others have expunged but that the view still names are fetched like all others (RFC 2180
 * section 4.1.1). Should one have been purged all the same it is skipped and counted in
 * fetch_missing: the answer is then NO [EXPUNGEISSUED]. One that has a part which is asked for
 * decoded (BINARY) and whose encoding is not known is skipped too and counted in
 * fetch_undecodable: the answer is then NO [UNKNOWN-CTE] (RFC 3516 section 4.3). One whose
 * damage is found before anything of it is told is skipped and counted in fetch_damaged.
 *
 * Flags are those of the mailbox's current version; of an expunged message, what the view knew.
 *
 * Thread: the session. fetch_step and fetch_stream may wait for disk when the plan needs the
 * store.
 */
#ifndef MAILBOX_CONTENT_FETCH_H
#define MAILBOX_CONTENT_FETCH_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "mailbox/view.h"
#include "syntax/imap/fetch.h"

struct fetch;

/**
 * req   Items, CHANGEDSINCE (messages with a modseq up to it are skipped); req->msgs is
 * ignored. runs The messages of the view, ascending (view_resolve_*); may be empty. All
 * borrowed until fetch_done.
 *
 * RC_LIMIT: arena. The view is awake and is not synced until fetch_done.
 */
MUST_USE enum rc fetch_new(struct arena *arena, struct view *view,
                           const struct imap_fetch_req *req, const struct view_run *runs,
                           size_t run_count, struct fetch **out);
/** Frees what is not in the arena; NULL is allowed. */
void fetch_done(struct fetch *fetch);

/** False: entries alone answer it, slices need no transaction (unless fetch_slice_begin says
 * RC_AGAIN). */
bool fetch_needs_store(const struct fetch *fetch);
/** tx may be NULL when !fetch_needs_store; then RC_AGAIN says that a snapshot is needed after
 * all (the current version has to be loaded). */
MUST_USE enum rc fetch_slice_begin(struct fetch *fetch, struct store_tx *tx, struct err *err);
void fetch_slice_end(struct fetch *fetch);

/* One message as FETCH sees it. */
struct fetch_msg {
    uint32_t seq;
    uint32_t uid;
    uint32_t flags;                  /* enum msg_flags; \Recent: view_is_recent(view, uid) */
    const struct keywords *keywords; /* NULL: none */
    uint64_t modseq;
    uint64_t octets; /* RFC822.SIZE */
    int64_t internaldate_s;
    int16_t internaldate_zone_min;
    int64_t savedate_s;
    uint64_t message;
};

enum fetch_step_kind {
    FETCH_STEP_BEGIN,
    FETCH_STEP_ENTRY,
    FETCH_STEP_NIL,
    FETCH_STEP_SYNTAX,
    FETCH_STEP_STRING,
    FETCH_STEP_ID,
    FETCH_STEP_STREAM,
    FETCH_STEP_STREAM8,
    FETCH_STEP_WORK,
    FETCH_STEP_END,
    FETCH_STEP_DONE,
};

struct fetch_step {
    enum fetch_step_kind kind;
    const struct fetch_msg *msg;        /* BEGIN to END */
    const struct imap_fetch_item *item; /* ENTRY, NIL, SYNTAX, STRING, ID, STREAM, STREAM8 */
    struct span text; /* SYNTAX, STRING, ID: until the next step or slice end */
    uint64_t octets;  /* STREAM, STREAM8: in all; not 0 */
};

/** The next step. After an error the command ends; the message under way may be half written
 *  (between BEGIN and END), which the front door can only mend by taking it back or closing. */
MUST_USE enum rc fetch_step(struct fetch *fetch, struct fetch_step *step_out, struct err *err);

/** Appends up to `room` octets of the STREAM under way to out. *left_out: octets that are still
 * to come. */
MUST_USE enum rc fetch_stream(struct fetch *fetch, struct buf *out, size_t room,
                              uint64_t *left_out, struct err *err);

/**
 * For plans that !fetch_needs_store, instead of fetch_step: the next messages as arrays, at
 * most max of them, *seq_out the first one's number and the others following it. False at the
 * end. Good until the next call or slice end. Never fails.
 */
bool fetch_run(struct fetch *fetch, uint32_t max, uint32_t *seq_out,
               struct version_run *run_out);

/** Messages skipped because nothing is left of them. */
uint32_t fetch_missing(const struct fetch *fetch);
/** Messages skipped because something asked for cannot be decoded. */
uint32_t fetch_undecodable(const struct fetch *fetch);
/** Messages skipped because they cannot be read. */
uint32_t fetch_damaged(const struct fetch *fetch);

#endif
