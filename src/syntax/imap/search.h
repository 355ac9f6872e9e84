/* SPDX-License-Identifier: MIT */
/*
 * SEARCH, and the search in SORT and THREAD, as a tree. The parser keeps it shallow, so that
 * whoever walks it may recurse: `OR a OR b c` in any nesting is one node with three children,
 * lists in a list of keys are merged into it, double NOT disappears; what is left is at most
 * LIMIT_NESTING deep with at most LIMIT_SEARCH_KEYS keys.
 *
 * Keys with the same meaning are of one kind: UNSEEN is SEARCH_FLAG with `want` false, NEW is
 * the list RECENT UNSEEN, and so on. Plain data; any thread.
 */
#ifndef SYNTAX_IMAP_SEARCH_H
#define SYNTAX_IMAP_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "syntax/imap/req.h"

enum imap_search_kind {
    SEARCH_ALL,
    SEARCH_AND,     /* .children, none or more */
    SEARCH_OR,      /* .children, two or more */
    SEARCH_NOT,     /* .children, exactly one */
    SEARCH_MSGS,    /* .msgs: sequence numbers, UIDs or `$` */
    SEARCH_FLAG,    /* .flag, .want */
    SEARCH_KEYWORD, /* .text: the keyword; .want */
    SEARCH_BCC,     /* .text, here and below: in the charset of the request, may be empty */
    SEARCH_CC,
    SEARCH_FROM,
    SEARCH_TO,
    SEARCH_SUBJECT,
    SEARCH_BODY,
    SEARCH_TEXT,
    SEARCH_HEADER, /* .field, .text (empty: the field is there) */
    SEARCH_BEFORE, /* .day: internaldate */
    SEARCH_ON,
    SEARCH_SINCE,
    SEARCH_SAVEDBEFORE, /* .day: SAVEDATE, RFC 8514 */
    SEARCH_SAVEDON,
    SEARCH_SAVEDSINCE,
    SEARCH_SENTBEFORE, /* .day: the Date field */
    SEARCH_SENTON,
    SEARCH_SENTSINCE,
    SEARCH_EMAILID, /* .text: letters, digits, _ and -; case matters (RFC 8474) */
    SEARCH_THREADID,
    SEARCH_LARGER, /* .number: octets */
    SEARCH_SMALLER,
    SEARCH_OLDER, /* .number: seconds, RFC 5032 */
    SEARCH_YOUNGER,
    SEARCH_MODSEQ, /* .number; an entry name (RFC 7162 section 3.1.5) was checked and dropped */
};

struct imap_search_key {
    enum imap_search_kind kind;
    bool want;       /* SEARCH_FLAG, SEARCH_KEYWORD: set, or not set */
    bool fuzzy;      /* FUZZY precedes it or encloses it (RFC 6203) */
    unsigned flag;   /* one of enum imap_flag */
    int32_t day;     /* since 1970-01-01 */
    uint64_t number; /* 0..2^63-1 */
    struct span field;
    struct span text;
    struct imap_msgs *msgs;           /* SEARCH_MSGS; may be normalised in place */
    struct imap_search_key *children; /* a list through `next` */
    struct imap_search_key *next;
};

enum imap_search_return {
    IMAP_SEARCH_MIN = 1 << 0,
    IMAP_SEARCH_MAX = 1 << 1,
    IMAP_SEARCH_ALL = 1 << 2,
    IMAP_SEARCH_COUNT = 1 << 3,
    IMAP_SEARCH_SAVE = 1 << 4,
    IMAP_SEARCH_PARTIAL = 1 << 5,
    IMAP_SEARCH_UPDATE = 1 << 6,    /* changes are told from now on: RFC 5267 section 4.3 */
    IMAP_SEARCH_CONTEXT = 1 << 7,   /* a hint that there will be more such searches */
    IMAP_SEARCH_RELEVANCY = 1 << 8, /* a score for each result (RFC 6203) */
};

enum imap_find { IMAP_FIND_SEARCH, IMAP_FIND_SORT, IMAP_FIND_THREAD };

enum imap_sort_key { /* RFC 5256, RFC 5957, RFC 6203 */
                     IMAP_SORT_ARRIVAL,
                     IMAP_SORT_CC,
                     IMAP_SORT_DATE,
                     IMAP_SORT_FROM,
                     IMAP_SORT_SIZE,
                     IMAP_SORT_SUBJECT,
                     IMAP_SORT_TO,
                     IMAP_SORT_DISPLAYFROM,
                     IMAP_SORT_DISPLAYTO,
                     IMAP_SORT_RELEVANCY,
                     IMAP_SORT_KEYS,
};

struct imap_sort_criterion {
    enum imap_sort_key key;
    bool reverse;
};

enum imap_thread { IMAP_THREAD_ORDEREDSUBJECT, IMAP_THREAD_REFERENCES, IMAP_THREAD_REFS };

/* SEARCH, and what begins with one: SORT and THREAD. */
struct imap_search_req {
    enum imap_find find;
    bool is_uid; /* UID SEARCH and so on: answer with UIDs */
    /* ESEARCH (RFC 7377): which mailboxes; none for other commands. Of a group, events says
     * nothing. */
    const struct imap_notify_group *sources;
    size_t source_count;
    bool has_return;             /* RETURN (...) was there: answer with ESEARCH (RFC 4731) */
    unsigned returns;            /* enum imap_search_return; RETURN () gives IMAP_SEARCH_ALL */
    struct imap_partial partial; /* with IMAP_SEARCH_PARTIAL */
    /* "(UID ...)" after UPDATE, for imap_fetch_list_parse: what is told of new messages that
     * are among the results (RFC 5465 section 7); empty: nothing */
    struct span update_fetch;
    struct span criteria; /* [CHARSET ...] and the keys, for imap_criteria_parse; not of SORT
                             and THREAD */
    struct imap_sort_criterion sort[IMAP_SORT_KEYS]; /* SORT; each key once, where it was first:
                                                        a further time it decides nothing */
    size_t sort_count;
    enum imap_thread thread; /* THREAD */
    bool has_charset;
    struct span charset;          /* as written; whether it is known is not looked at here */
    bool uses_modseq;             /* a MODSEQ key: answers carry the highest modseq */
    bool uses_numbers;            /* sequence numbers are among the keys */
    bool uses_saved;              /* `$` is among the keys (RFC 5182) */
    bool uses_fuzzy;              /* FUZZY is among the keys */
    bool relevancy;               /* results are returned or sorted with scores */
    struct imap_search_key *root; /* SEARCH_AND of the top-level keys */
    size_t key_count;
};

#endif
