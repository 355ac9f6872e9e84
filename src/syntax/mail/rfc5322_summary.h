/* SPDX-License-Identifier: MIT */
/*
 * What ingest needs to know about a header, found in one walk: identity and ancestry for
 * threading, the sent date, and where subject and addresses are. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_RFC5322_SUMMARY_H
#define SYNTAX_MAIL_RFC5322_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/mail/rfc5322_date.h"

/* References kept of one message: the first (the root) and the last ones. */
enum { RFC5322_REFERENCES_MAX = 200 };

struct rfc5322_summary {
    /* Message ids without angle brackets, blanks and comments; quoted local parts unquoted, so
     * that equal ids compare equal (RFC 5256 section 3). */
    struct span message_id;  /* empty: none or unusable */
    struct span in_reply_to; /* the first id in In-Reply-To; empty: none */
    struct span *references; /* in order, the oldest first */
    size_t reference_count;

    bool has_date; /* a Date field that can be read */
    struct rfc5322_date date;

    /* Values, still folded, of the first such field; ptr NULL: none. Borrowed from header. */
    struct span subject, from, sender, reply_to, to, cc;
};

/** header: a header block. Ids are in the arena. RC_LIMIT: arena. */
MUST_USE enum rc rfc5322_summary(struct span header, struct arena *arena,
                                 struct rfc5322_summary *out);

#endif
