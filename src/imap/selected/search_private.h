/* SPDX-License-Identifier: MIT */
/*
 * A SEARCH, SORT or THREAD under way: cmd_search.c finds the messages and puts them in order,
 * search_answer.c writes the answer, and saved.c keeps the result for `$`.
 */
#ifndef IMAP_SELECTED_SEARCH_PRIVATE_H
#define IMAP_SELECTED_SEARCH_PRIVATE_H

#include "imap/imap_session.h"
#include "mailbox/search/search.h"
#include "mailbox/order/order.h"

enum search_stage {
    STAGE_SCAN,
    STAGE_ORDER,   /* SORT, THREAD */
    STAGE_HEAD,    /* everything is known: the answer begins */
    STAGE_NUMBERS, /* its numbers, as far as output and time allow */
    STAGE_SCORES,  /* likewise */
    STAGE_THREADS,
    STAGE_END,
};

/* Places of results, counted from 0, in the order that was asked for. */
struct search_places {
    uint32_t first;
    uint32_t count; /* 0: none */
};

struct search_run {
    struct search *search;
    struct view *view; /* the view that is searched; borrowed */
    /* With ESEARCH, the correlators of the mailbox (RFC 7377 section 2.1); otherwise empty and
     * 0. */
    struct span mailbox;
    uint32_t uidvalidity;
    /* the time from which YOUNGER and OLDER are measured, in seconds since 1970 */
    int64_t now_s;
    struct order *order; /* SORT and THREAD; NULL: in the order of the mailbox */
    enum search_stage stage;
    struct search_places places; /* results that are still to be written */
    struct search_places scored; /* results whose scores are still to be written */
    uint32_t pos;                /* for search_next_run */
    /* in the order of the mailbox: the rest of the run at hand; first > last: none */
    struct view_run seqs;
    int64_t charged;          /* octets taken from env->order_budget for order */
    bool after_number;        /* THREAD: the last thing written was a number */
    struct iw line;           /* the answer */
    struct numset_writer set; /* the numbers of an ESEARCH answer */
};

/** Adapts the request to the session's dialect. False: *why_out says what is wrong with it. */
MUST_USE bool search_settle(struct imap_session *im, struct imap_search_req *req,
                            const char **why_out);
/** Whether texts are searched as with FUZZY although the request does not say so
 * (client_rule.def). */
bool search_is_loose(const struct imap_session *im, const struct imap_search_req *req);

/** Logs how a search was answered. */
void search_log(struct imap_session *im, const struct search *search);

/** The places that PARTIAL selects among count results. */
struct search_places search_partial_places(const struct imap_partial *partial, uint32_t count);

/** One step of writing the answer. STAGE_END: it is written, except for the end of the line. */
enum imap_step search_answer_step(struct imap_session *im, const struct imap_search_req *req,
                                  struct search_run *run);

/** If the search has a MODSEQ key, ends its answer with the highest modseq among the results
 * (RFC 7162 sections 3.1.6, 3.1.9 and 3.1.10). */
void search_modseq_write(const struct imap_search_req *req, struct search_run *run);

/** Keeps for `$` what RFC 5182 section 2.4 says (with PARTIAL: RFC 9394 section 3.2). RC_LIMIT:
 * no memory, or the result takes more than LIMIT_SAVED_OCTETS; nothing is saved then. */
MUST_USE enum rc search_save(struct imap_session *im, const struct imap_search_req *req,
                             const struct search_run *run);

#endif
