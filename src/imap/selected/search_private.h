/* SPDX-License-Identifier: MIT */
/*
 * SEARCH, SORT and THREAD under way: cmd_search.c finds the messages and puts them in order,
 * search_answer.c writes what was found, saved.c keeps it for `$`.
 */
#ifndef IMAP_SELECTED_SEARCH_PRIVATE_H
#define IMAP_SELECTED_SEARCH_PRIVATE_H

#include "imap/imap_session.h"
#include "mailbox/content/search.h"
#include "mailbox/order/order.h"

enum search_stage {
    STAGE_SCAN,
    STAGE_ORDER,   /* SORT, THREAD */
    STAGE_HEAD,    /* everything is known: the answer begins */
    STAGE_NUMBERS, /* its numbers, as far as output and time go */
    STAGE_SCORES,  /* likewise */
    STAGE_THREADS,
    STAGE_END,
};

/* Results by their places, counted from 0, in the order that was asked for. */
struct search_places {
    uint32_t first;
    uint32_t count; /* 0: none */
};

struct search_run {
    struct search *search;
    struct view *view; /* what it is a search of; borrowed */
    /* ESEARCH: the correlators of the mailbox (RFC 7377 section 2.1); else empty, and 0 */
    struct span mailbox;
    uint32_t uidvalidity;
    int64_t now_s;       /* that YOUNGER and OLDER are measured from */
    struct order *order; /* SORT and THREAD; NULL: in the order of the mailbox */
    enum search_stage stage;
    struct search_places places; /* to be written, what is left of them */
    struct search_places scored; /* likewise of their scores */
    uint32_t pos;                /* for search_next_run */
    struct view_run seqs;        /* of the mailbox's order: what is left of the run at hand;
                                    first > last: nothing */
    int64_t charged;             /* of env->order_budget, for order */
    bool after_number;           /* THREAD: a number was written last */
    struct iw line;              /* the answer */
    struct numset_writer set;    /* the numbers of an ESEARCH answer */
};

/** How the session's dialect reads the request. False: *why_out is what is wrong with it. */
MUST_USE bool search_settle(struct imap_session *im, struct imap_search_req *req,
                            const char **why_out);
/** Whether texts are looked for as with FUZZY, although it does not say so (client_rule.def). */
bool search_is_loose(const struct imap_session *im, const struct imap_search_req *req);

/** The places that PARTIAL names among so many results. */
struct search_places search_partial_places(const struct imap_partial *partial, uint32_t count);

/** One step of writing the answer. STAGE_END: it is written, except for its end. */
enum imap_step search_answer_step(struct imap_session *im, const struct imap_search_req *req,
                                  struct search_run *run);

/** Ends the answer to a search with a MODSEQ key: highest modseq of what was found (RFC 7162
 *  sections 3.1.6, 3.1.9 and 3.1.10). */
void search_modseq_write(const struct imap_search_req *req, struct search_run *run);

/** Keeps for `$` what RFC 5182 section 2.4 says (RFC 9394 section 3.2). RC_LIMIT: there is no
 * memory, or the result takes more than LIMIT_SAVED_OCTETS. Then nothing is saved. */
MUST_USE enum rc search_save(struct imap_session *im, const struct imap_search_req *req,
                             const struct search_run *run);

#endif
