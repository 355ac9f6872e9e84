/* SPDX-License-Identifier: MIT */
/*
 * Contexts (RFC 5267 section 4): searches whose results are kept up to date. SEARCH RETURN
 * (UPDATE) makes one, and from then on ESEARCH responses with ADDTO and REMOVEFROM tell which
 * messages were added to its result and which were removed.
 *
 *   context.c        what is kept of a context, also while the session is parked
 *   context_leave.c  REMOVEFROM of messages that are about to be expunged
 *   context_tell.c   ADDTO and REMOVEFROM of messages that have arrived or changed
 *   context_renew.c  updates what is kept after that
 *   context_keys.c   the keys, and the messages that they name by number
 *   context_write.c  writes ADDTO and REMOVEFROM
 *
 * Contexts have no channel of their own for changes. The sync finds out what there is to tell
 * (mailbox/sync.h), and before and after it tells that, the contexts look at the same versions
 * of the mailbox. Only messages that have changed are searched again.
 *
 * A context keeps the keys as the client wrote them, and the UIDs found, packed. Sequence
 * numbers and `$` stand for the messages that they named when the command came (RFC 5267
 * section 4.3), so they are kept as UIDs too, in the order in which they stand among the keys.
 *
 * Thread: the session's.
 */
#ifndef IMAP_SELECTED_CONTEXT_CONTEXT_H
#define IMAP_SELECTED_CONTEXT_CONTEXT_H

#include "imap/imap_session.h"
#include "mailbox/search/search.h"
#include "mailbox/touched.h"

/* Results of YOUNGER and OLDER change with time alone. They are updated when the session runs
 * anyway and at least this much time has passed (RFC 5032 section 2). */
enum { CONTEXT_TIME_STEP_S = 10 };

struct context_found {
    uint32_t len;
    char octets[]; /* packed_uids.h; UIDs of expunged messages may be among them */
};

struct imap_context {
    struct imap_context *next;
    struct context_found *found; /* owned; NULL: empty */
    uint64_t modseq;             /* changes up to here are in `found` */
    /* the same for messages that were expunged but that the client still counts */
    uint64_t gone_modseq;
    /* the time from which YOUNGER and OLDER were measured, in seconds since 1970 */
    int64_t now_s;
    uint32_t uid_bound; /* messages of the view below this UID are in `found` */
    uint32_t last_uid;  /* the UID that `*` in a set of UIDs stood for */
    /* number of messages in `found` that were expunged, at least */
    uint32_t gone;
    uint32_t charged; /* octets taken from env->context_budget */
    bool is_uid;      /* the client is told UIDs, not sequence numbers */
    bool by_time;     /* YOUNGER or OLDER is among its keys */
    bool by_last;     /* `*` in a set of UIDs is among its keys */
    bool stale;       /* must be looked at again, whatever the counters say */
    uint32_t tag_len;
    uint32_t criteria_len;
    uint32_t fetch_len;
    uint32_t numbers_len;
    char text[]; /* the four texts, one after the other */
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
/** The FETCH items that UPDATE asks for about new results; may be empty. */
static inline struct span
context_fetch(const struct imap_context *context)
{
    return span_of(context->text + context->tag_len + context->criteria_len,
                   context->fetch_len);
}
/** The messages that its keys name by number, for imap_context_put_numbers. */
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
/** Keeps the result of a search that has just ended. now_s: of its search_req. RC_LIMIT: no
 * memory, or LIMIT_CONTEXTS, LIMIT_CONTEXTS_OCTETS or LIMIT_CONTEXT_FIRST_OCTETS would be
 * exceeded. */
MUST_USE enum rc imap_context_add(struct imap_session *im, const struct imap_search_req *req,
                                  const struct search *search, int64_t now_s);
/** Replaces the result. RC_LIMIT as above; nothing has changed then. */
MUST_USE enum rc imap_context_keep(struct imap_session *im, struct imap_context *context,
                                   struct span packed);
/** Ends a context and tells the client why: `* NO [NOUPDATE "tag"] text`. */
void imap_context_refuse(struct imap_session *im, struct imap_context *context,
                         const char *text);
/** The same line for a search that does not become a context. */
void imap_context_refuse_tag(struct imap_session *im, struct span tag, const char *text);

/** Whether there may be something to tell. Looks at counters only. */
bool imap_contexts_due(struct imap_session *im);
bool imap_context_due(struct imap_session *im, const struct imap_context *context);
void imap_contexts_forget(struct imap_session *im);
/** For another process. */
void imap_contexts_pack(const struct imap_session *im, struct buf *out);
/** False: no memory. in->failed is set if it is not what imap_contexts_pack wrote. */
MUST_USE bool imap_contexts_unpack(struct imap_session *im, struct unpack *in);

/* ---- context_keys.c ---- */
/* What the keys of a context depend on. */
struct context_times {
    size_t count;
    uint64_t seconds[8]; /* of YOUNGER and OLDER; if there are more, `more` is set */
    bool more;
};
/** Parses the keys again. They borrow from context_criteria and are in arena. RC_LIMIT: arena.
 * RC_INVALID: the text is damaged.
 */
MUST_USE enum rc imap_context_parse(const struct imap_session *im,
                                    const struct imap_context *context, struct arena *arena,
                                    struct imap_search_req *req_out,
                                    struct context_times *times_out);
/** Packs the messages that keys name by sequence numbers or `$`, for imap_context_put_numbers.
 * RC_LIMIT: no memory. */
MUST_USE enum rc imap_context_numbers(const struct imap_session *im,
                                      const struct imap_search_req *req, struct buf *out);
/** Puts UIDs in place of sequence numbers and `$` in the keys, as far as they are among the
 * messages that will be searched (ascending runs of sequence numbers of the view). RC_LIMIT: no
 * memory. RC_INVALID: the text is damaged. */
MUST_USE enum rc imap_context_put_numbers(const struct imap_session *im,
                                          const struct imap_context *context,
                                          const struct view_run *runs, size_t count,
                                          struct arena *arena, struct imap_search_req *req);
/** Sets by_time and by_last. */
void imap_context_note_keys(struct imap_context *context, const struct imap_search_req *req);

/* ---- context_renew.c ---- */
/* Messages of the view that were added to a result, and that were removed from it. */
struct imap_context_news {
    struct touched_runs added;
    struct touched_runs removed;
};
/** Keeps the new result. RC_LIMIT as imap_context_keep. */
MUST_USE enum rc imap_context_renew(struct imap_session *im, struct imap_context *context,
                                    const struct imap_context_news *news);

/* ---- context_write.c ---- */
/* The messages of the view to be told, and how far that has come. */
struct context_lines {
    const struct view_run *runs; /* ascending */
    size_t count;
    size_t at;
    uint32_t next_seq; /* 0: the first of runs[at] */
};
/** Writes "* ESEARCH (TAG "a") ADDTO (0 4,7)", as many lines as are needed. word: ADDTO or
 * REMOVEFROM. STEP_DONE at the end. */
enum imap_step imap_context_write(struct imap_session *im, const struct imap_context *context,
                                  struct span word, struct context_lines *lines);

/* ---- context_leave.c, context_tell.c ---- */
/** Called before the sync under way tells its expunges. */
enum imap_step imap_contexts_leave_step(struct imap_session *im);
/** Called after it has told everything. */
enum imap_step imap_contexts_step(struct imap_session *im);

#endif
