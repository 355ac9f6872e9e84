/* SPDX-License-Identifier: MIT */
/*
 * What the files of FETCH share: fetch.c walks messages and items, fetch_section.c finds
 * the octets of a section, fetch_preview.c makes previews, fetch_object_id.c identifiers,
 * fetch_binary.c decodes.
 */
#ifndef MAILBOX_CONTENT_FETCH_PRIVATE_H
#define MAILBOX_CONTENT_FETCH_PRIVATE_H

#include "mailbox/content/fetch.h"
#include "mailbox/content/fields.h"
#include "mailbox/content/object_id.h"
#include "mailbox/memory/members.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_decode.h"
#include "syntax/mail/mime_parts.h"

/* One item, looked at once for all messages. */
struct fetch_item {
    const struct imap_fetch_item *item;
    unsigned want;  /* enum message_part: columns of the row it needs */
    bool is_entry;  /* answered from the version */
    bool is_filter; /* HEADER.FIELDS, HEADER.FIELDS.NOT */
    enum header_filter_mode mode;
    struct header_names names; /* for the header block */
    struct fields_want fields; /* for the stored fields; all_known false: not from there */
};

/* Memory kept from one message to the next is bounded by this; more is given back at once. */
enum { FETCH_KEEP_OCTETS = 256 << 10 };
/* Filtered headers up to this are handed over whole, larger ones as a stream. */
enum { FETCH_STRING_OCTETS = 64 << 10 };

enum fetch_state {
    FETCH_AT_MESSAGE,
    FETCH_AT_CHECK, /* msg is taken, but it is not known yet whether it can be answered */
    FETCH_AT_ITEM,
    FETCH_AT_STREAM,
};

/* Where the octets of a STREAM come from. */
enum fetch_source {
    FETCH_FROM_MESSAGE, /* from stream_offset on */
    FETCH_FROM_SCRATCH, /* likewise */
    FETCH_FROM_DECODER,
};

/* A place in a part that is being decoded. */
struct fetch_place {
    struct mime_decoder decoder;
    struct line_ends ends;
    uint64_t at;    /* next octet of the message */
    uint64_t left;  /* octets of the part from there on */
    uint64_t given; /* octets decoded before it */
};

enum { FETCH_MARKS = 64 };

/* What is known of a part that was decoded: its size, and places from which to continue. A
 * request may name a large part LIMIT_FETCH_ITEMS times and want one octet each time; with
 * these places, it reads a sixty-fourth of the part for each of them. */
struct fetch_marks {
    struct fetch_marks *next;
    const struct mime_part *part;
    uint64_t step;  /* octets of the part from one place to the next, at least */
    uint64_t total; /* decoded size; UINT64_MAX: not known yet */
    size_t count;
    struct fetch_place places[FETCH_MARKS]; /* ascending */
};

/* A part on its way through the decoder: once to learn how many octets it gives and whether
 * there is NUL among them, and once more to send them. */
struct fetch_decode {
    bool measuring;            /* it is being measured */
    struct fetch_place place;  /* how far that is */
    struct fetch_marks *marks; /* marks of the part; NULL: none are kept */
    bool line_ends;            /* line ends become CR LF */
    uint64_t skip;             /* decoded octets before those wanted */
    uint64_t want;             /* decoded octets wanted, at most */
    uint64_t got;              /* decoded octets wanted that were found */
    bool has_nul;              /* there is a NUL among those */
    size_t scratch_at;         /* sending: offset in fetch->scratch of what is not sent yet */
};

struct fetch {
    struct view *view; /* borrowed, as runs and req */
    const struct imap_fetch_req *req;
    const struct view_run *runs;
    size_t run_count;
    struct fetch_item *items;
    unsigned want; /* of all items */
    bool needs_store;

    /* The cursor. */
    size_t run;        /* index into runs */
    uint32_t next_seq; /* of the next message; 0: the first of the run */
    enum fetch_state state;
    size_t item; /* the next one */
    struct fetch_msg msg;
    struct keywords keywords; /* msg.keywords points here */
    enum fetch_source source;
    struct fetch_decode decode;
    uint64_t stream_offset;
    uint64_t stream_left;
    uint32_t missing;
    uint32_t undecodable;
    uint32_t damaged;

    /* Of this slice. */
    struct store_tx *tx;
    struct members members;
    struct version_run batch; /* messages from next_seq on, of this run */
    bool has_row;             /* row is msg's */
    struct message_row row;

    struct object_ids_reader *ids_reader; /* NULL: nobody asks for them */
    struct object_ids ids;                /* of msg, once it has begun */

    struct arena parts; /* the part tree of msg, and marks */
    struct mime_part *root;
    struct fetch_marks *marks; /* of parts of msg */
    struct buf scratch; /* a text made for one item; outlives the slice while it is streamed */
    struct buf header;  /* a header block to be filtered */
    struct buf piece;   /* decoded, with its line ends unchanged */
};

/** Fills step with the answer to a section item. */
MUST_USE enum rc fetch_section(struct fetch *fetch, const struct fetch_item *item,
                               struct fetch_step *step, struct err *err);
/** Where a section item's octets are. RC_NOT_FOUND: the message has no such section. */
MUST_USE enum rc fetch_section_find(struct fetch *fetch, const struct fetch_item *item,
                                    struct mime_slice *slice_out, struct err *err);
/** Whether all BINARY items of the message under way can be decoded. */
MUST_USE enum rc fetch_binary_check(struct fetch *fetch, bool *decodable_out, struct err *err);
/** Fills step with the answer to BINARY or BINARY.SIZE. RC_AGAIN: not yet. */
MUST_USE enum rc fetch_binary(struct fetch *fetch, const struct fetch_item *item,
                              struct fetch_step *step, struct err *err);
/** fetch_stream of decoded octets, without the bookkeeping. want is not 0. */
MUST_USE enum rc fetch_binary_stream(struct fetch *fetch, struct buf *out, uint64_t want,
                                     struct err *err);
/** The part tree of the message under way, fetch->root, decoded at first need; its row has
 *  MESSAGE_PARTS. */
MUST_USE enum rc fetch_load_parts(struct fetch *fetch, struct err *err);
/** Makes the identifiers of the message under way, whose row is not good any more afterwards.
 *  As object_ids_read; RC_CORRUPT: its text cannot be read. */
MUST_USE enum rc fetch_object_ids_make(struct fetch *fetch, struct err *err);
/** Fills step with the answer to EMAILID or THREADID, which are made. */
void fetch_object_id(const struct fetch *fetch, enum imap_fetch_kind kind,
                     struct fetch_step *step);
/** Fills step with the answer to PREVIEW. */
MUST_USE enum rc fetch_preview(struct fetch *fetch, struct fetch_step *step, struct err *err);
/** Finds out what a section item needs. RC_LIMIT. */
MUST_USE enum rc fetch_section_plan(struct fetch_item *plan, struct arena *arena);

#endif
