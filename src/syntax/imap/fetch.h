/* SPDX-License-Identifier: MIT */
/*
 * FETCH: the items a client asks for, in its order, repetitions dropped, macros spelled out.
 * Each item brings the label that its answer begins with, so that answering is copying. Plain
 * data; any thread.
 */
#ifndef SYNTAX_IMAP_FETCH_H
#define SYNTAX_IMAP_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "syntax/imap/req.h"

enum imap_fetch_kind {
    FETCH_UID,
    FETCH_FLAGS,
    FETCH_INTERNALDATE,
    FETCH_ENVELOPE,
    FETCH_RFC822_SIZE,
    FETCH_BODYSTRUCTURE, /* with extension data */
    FETCH_BODY,          /* BODY: the structure without extension data */
    FETCH_MODSEQ,
    FETCH_SAVEDATE, /* RFC 8514 */
    FETCH_EMAILID,  /* RFC 8474 */
    FETCH_THREADID,
    FETCH_PREVIEW,       /* RFC 8970; LAZY or not, the answer is the same */
    FETCH_SECTION,       /* BODY[...] and BODY.PEEK[...] */
    FETCH_RFC822,        /* section: all */
    FETCH_RFC822_HEADER, /* section: HEADER */
    FETCH_RFC822_TEXT,   /* section: TEXT */
    FETCH_BINARY,        /* BINARY[...] and BINARY.PEEK[...], RFC 3516 */
    FETCH_BINARY_SIZE,
};

enum imap_section_text {
    SECTION_WHOLE, /* BODY[] or BODY[1.2]: all of the message or part */
    SECTION_HEADER,
    SECTION_HEADER_FIELDS,
    SECTION_HEADER_FIELDS_NOT,
    SECTION_TEXT,
    SECTION_MIME, /* never without part numbers */
};

struct imap_section {
    const uint32_t *part; /* the numbers of 1.2.3, each 1..2^32-1 */
    size_t depth;         /* how many, at most LIMIT_SECTION_DEPTH; 0: the message itself */
    enum imap_section_text text;
    const struct span *fields; /* names of HEADER.FIELDS, at least one */
    size_t field_count;        /* at most LIMIT_HEADER_FIELDS */
};

struct imap_fetch_item {
    enum imap_fetch_kind kind;
    bool marks_seen; /* no PEEK: sets \Seen (RFC 3501 section 6.4.5) */
    bool is_partial; /* <first.count> */
    uint64_t first;  /* octets, 0..2^63-1 */
    uint64_t count;  /* 1..2^63-1 */
    struct imap_section section;
    struct span label; /* "FLAGS", "BODY[HEADER.FIELDS (Subject)]<0>": legal response syntax */
};

struct imap_fetch_req {
    struct imap_msgs msgs;
    const struct imap_fetch_item
        *items; /* 1..LIMIT_FETCH_ITEMS; UID FETCH has FETCH_UID, first if not asked for */
    size_t item_count;
    bool uid_is_implied;    /* the first item is the UID, which UID FETCH adds */
    unsigned kinds;         /* bit (1 << kind) for each kind that is there */
    bool marks_seen;        /* one of the items does */
    bool has_changed_since; /* RFC 7162 section 3.1.4.1; FETCH_MODSEQ is then among the items */
    uint64_t changed_since; /* 0..2^63-1; 0 is accepted because iOS sends it */
    bool has_partial;       /* only in UID FETCH */
    struct imap_partial partial;
    bool vanished; /* RFC 7162 section 3.2.6; only in UID FETCH with CHANGEDSINCE */
};

#endif
