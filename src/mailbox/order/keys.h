/* SPDX-License-Identifier: MIT */
/*
 * What SORT and THREAD want to know of a message, out of its header. Pure. Thread: any.
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
    int64_t sent_s;       /* with has_date */
    struct span id;       /* normalised Message-ID; empty: none */
    struct span reply_to; /* normalised; the reference when there are no others */
    const struct span *references;
    size_t reference_count;
};

/* Made once for many messages. */
struct keys_maker {
    struct sort_keyer keyer;
    struct buf texts;
    struct arena ids;
};

void keys_maker_init(struct keys_maker *maker);
void keys_maker_done(struct keys_maker *maker);

/**
 * header: a header block. wanted: bits 1 << enum keys_text; other texts are left empty. The
 * keys are good until the next call. RC_LIMIT: memory.
 */
MUST_USE enum rc keys_make(struct keys_maker *maker, struct span header, unsigned wanted,
                           struct keys *out);

#endif
