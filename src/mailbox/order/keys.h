/* SPDX-License-Identifier: MIT */
/*
 * What SORT and THREAD need to know of a message's header, and how it is kept in the message
 * row. Pure. Thread: any.
 */
#ifndef MAILBOX_ORDER_KEYS_H
#define MAILBOX_ORDER_KEYS_H

#include "base/attr.h"
#include "base/rc.h"
#include "syntax/mail/rfc5322_summary.h"
#include "syntax/mail/sort_key.h"

enum keys_text {
    KEYS_SUBJECT,
    KEYS_FROM,
    KEYS_TO,
    KEYS_CC,
    KEYS_DISPLAYFROM,
    KEYS_DISPLAYTO,
    KEYS_TEXTS,
};

struct keys {
    struct span texts[KEYS_TEXTS]; /* sort keys (sort_key.h) */
    bool is_reply_or_forward;
    bool has_date;
    int64_t sent_s;                /* with has_date */
    struct span id;                /* normalised Message-ID; empty: none */
    const struct span *references; /* normalised, the oldest first; In-Reply-To when there are
                                      no others (RFC 5256 section 3) */
    size_t reference_count;
};

/* Made once for many messages. */
struct keys_maker {
    struct sort_keyer keyer;
    struct buf texts;
    struct arena ids;
    struct rfc5322_summary summary;
};

void keys_maker_init(struct keys_maker *maker);
void keys_maker_done(struct keys_maker *maker);

/**
 * header: a header block. wanted: bits 1 << enum keys_text; other texts may be left empty. The
 * keys are good until the next call. RC_LIMIT: memory.
 */
MUST_USE enum rc keys_make(struct keys_maker *maker, struct span header, unsigned wanted,
                           struct keys *out);
/** The same from an existing summary, which must live as long as the keys. */
MUST_USE enum rc keys_make_from(struct keys_maker *maker, const struct rfc5322_summary *summary,
                                unsigned wanted, struct keys *out);

enum {
    KEYS_ALL = (1u << KEYS_TEXTS) - 1,
    KEYS_PACKED_MAX = 256 << 10, /* of one message: 200 references of 1,000 octets */
};

/** Appends what the message row keeps; id is not in it, as the row has a column for it. Ask
 *  buf_ok(out) afterwards. */
void keys_pack(struct buf *out, const struct keys *keys);
/** Reads the keys of a row. False: there are none, or they have another form (the collation has
 * changed) or are damaged; make them from the header then. They borrow from packed, id and
 * maker. */
MUST_USE bool keys_unpack(struct keys_maker *maker, struct span packed, struct span id,
                          struct keys *out);

#endif
