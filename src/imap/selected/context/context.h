/* SPDX-License-Identifier: MIT */
/*
 * Contexts (RFC 5267 section 4): searches whose results are kept up to date. SEARCH RETURN
 * (UPDATE) makes one, and from then on ESEARCH responses with ADDTO and REMOVEFROM say what has
 * come into its result and what has gone out of it.
 *
 *   context.c        what is kept of a context, also while the session is parked
 *   context_leave.c  REMOVEFROM of messages that are about to be told as expunged
 *   context_tell.c   ADDTO and REMOVEFROM of messages that have arrived or changed
 *   context_renew.c  what is kept, after those
 *   context_keys.c   the keys, and the messages that they name by number
 *   context_write.c  both as lines
 *
 * Changes come here in no way of their own: the sync has found out what there is to tell
 * (mailbox/sync.h), and before and after it has told that, the contexts look at the same
 * versions of the mailbox. Only messages that have changed are searched again.
 *
 * Kept are the keys as the client has written them, and the UIDs found, packed. Sequence
 * numbers and `$` stand for the messages that they named when the command came (RFC 5267
 * section 4.3), so they are kept as UIDs too, in the order in which they stand among the keys.
 *
 * Thread: the session's.
 */
#ifndef IMAP_SELECTED_CONTEXT_CONTEXT_H
#define IMAP_SELECTED_CONTEXT_CONTEXT_H

#include "imap/imap_session.h"
#include "mailbox/content/search.h"
#include "mailbox/touched.h"

/* Results of YOUNGER and OLDER change with time alone; they are looked at when the session runs
 * anyway, and so much time has passed (RFC 5032 section 2). */
enum { CONTEXT_TIME_STEP_S = 10 };

struct context_found {
    uint32_t len;
    char octets[]; /* packed_uids.h; UIDs of messages that are gone may be among them */
};

struct imap_context {
    struct imap_context *next;
    struct context_found *found; /* owned; NULL: nothing */
    uint64_t modseq;             /* changes up to here are in `found`, */
    uint64_t gone_modseq;        /* and up to here those of messages that are gone, but that the
                                    client still counts */
    int64_t now_s;               /* what YOUNGER and OLDER were measured from */
    uint32_t uid_bound;          /* messages of the view below this are in `found` */
    uint32_t last_uid;           /* what `*` of a set of UIDs stood for */
    uint32_t gone;               /* how many of `found` have been expunged, at least */
    uint32_t charged;            /* octets taken from env->context_budget */
    bool is_uid;                 /* it is told UIDs */
    bool by_time;                /* YOUNGER or OLDER is among its keys */
    bool by_last;                /* and so is `*` in a set of UIDs */
    bool stale;                  /* look again, whatever the counters say */
    uint32_t tag_len;
    uint32_t criteria_len;
    uint32_t fetch_len;
    uint32_t numbers_len;
    char text[]; /* these four, one after the other */
};

/* ---- context.c ---- */
static inline struct span
context_tag(const struct imap_context *context)
{
    return span_of(context->text, context->tag_len);
}
static inline struct span
context_criteria(const struct imap_context *context)
{
    return span_of(context->text + context->tag_len, context->criteria_len);
}
/** What UPDATE wants to be told of new messages among the results; may be empty. */
static inline struct span
context_fetch(const struct imap_context *context)
{
    return span_of(context->text + context->tag_len + context->criteria_len,
                   context->fetch_len);
}
/** What its keys name by number, for imap_context_put_numbers. */
static inline struct span
context_numbers(const struct imap_context *context)
{
    return span_of(context->text + context->tag_len + context->criteria_len +
                       context->fetch_len,
                   context->numbers_len);
}
static inline struct span
context_found(const struct imap_context *context)
{
    return context->found == NULL ? SPAN("")
                                  : span_of(context->found->octets, context->found->len);
}

/** NULL: no context has this tag. */
struct imap_context *imap_context_find(const struct imap_session *im, struct span tag);
/** Keeps the result of a search that has just come to its end. RC_LIMIT: no memory, or one of
 * LIMIT_CONTEXTS and what is like it would be exceeded. now_s: of its search_req. */
MUST_USE enum rc imap_context_add(struct imap_session *im, const struct imap_search_req *req,
                                  const struct search *search, int64_t now_s);
/** In place of what was found. RC_LIMIT as above; then nothing has changed. */
MUST_USE enum rc imap_context_keep(struct imap_session *im, struct imap_context *context,
                                   struct span packed);
/** Ends a context, and tells its client why: `* NO [NOUPDATE "tag"] text`. */
void imap_context_refuse(struct imap_session *im, struct imap_context *context,
                         const char *text);
/** The same line for a search that becomes none. */
void imap_context_refuse_tag(struct imap_session *im, struct span tag, const char *text);

/** Whether there may be something to tell. Looks at counters only. */
bool imap_contexts_due(struct imap_session *im);
bool imap_context_due(struct imap_session *im, const struct imap_context *context);
void imap_contexts_forget(struct imap_session *im);
/** For another process. */
void imap_contexts_pack(const struct imap_session *im, struct buf *out);
/** False: no memory. in->failed: it is not what imap_contexts_pack puts. */
MUST_USE bool imap_contexts_unpack(struct imap_session *im, struct unpack *in);

/* ---- context_keys.c ---- */
/* What its keys ask for. */
struct context_times {
    size_t count;
    uint64_t seconds[8]; /* of YOUNGER and OLDER; if there are more, all of them count */
    bool more;
};
/** The keys again. They borrow from context_criteria, and are in arena. RC_LIMIT, RC_INVALID.
 */
MUST_USE enum rc imap_context_parse(const struct imap_session *im,
                                    const struct imap_context *context, struct arena *arena,
                                    struct imap_search_req *req_out,
                                    struct context_times *times_out);
/** The messages that keys name by sequence numbers or `$`, as imap_context_put_numbers takes
 * them. RC_LIMIT. */
MUST_USE enum rc imap_context_numbers(const struct imap_session *im,
                                      const struct imap_search_req *req, struct buf *out);
/** Puts UIDs where the keys had sequence numbers or `$`: those among the messages (ascending
 * runs of sequence numbers of the view) that will be asked about. RC_LIMIT, RC_INVALID. */
MUST_USE enum rc imap_context_put_numbers(const struct imap_session *im,
                                          const struct imap_context *context,
                                          const struct view_run *runs, size_t count,
                                          struct arena *arena, struct imap_search_req *req);
/** Notes by_time and by_last. */
void imap_context_note_keys(struct imap_context *context, const struct imap_search_req *req);

/* ---- context_renew.c ---- */
/* Messages of the view that have come into a result, and gone out of it. */
struct imap_context_news {
    struct touched_runs added;
    struct touched_runs removed;
};
/** Keeps what is found now. RC_LIMIT as imap_context_keep. */
MUST_USE enum rc imap_context_renew(struct imap_session *im, struct imap_context *context,
                                    const struct imap_context_news *news);

/* ---- context_write.c ---- */
/* Messages of the view that are told, and how far. */
struct context_lines {
    const struct view_run *runs; /* ascending */
    size_t count;
    size_t at;
    uint32_t next_seq; /* 0: the first of runs[at] */
};
/** "* ESEARCH (TAG "a") ADDTO (0 4,7)", as many as it takes. word: ADDTO or REMOVEFROM.
 * STEP_DONE at the end. */
enum imap_step imap_context_write(struct imap_session *im, const struct imap_context *context,
                                  struct span word, struct context_lines *lines);

/* ---- context_leave.c, context_tell.c ---- */
/** Before the sync under way tells its expunges. */
enum imap_step imap_contexts_leave_step(struct imap_session *im);
/** After it has told everything. */
enum imap_step imap_contexts_step(struct imap_session *im);

#endif
