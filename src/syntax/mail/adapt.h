/* SPDX-License-Identifier: MIT */
/*
 * ENVELOPE, BODYSTRUCTURE and BODY as one client can read them. They are stored once, with
 * UTF-8 as it stands in the mail and with all that is inside message/global. A client that did
 * not ask for this gets:
 *
 * - names, subjects and descriptions as encoded words (RFC 6858 section 2.3);
 * - an address that is not ASCII as the name of one that nobody can write to by mistake:
 *   "Jörg <jörg@example.net>" at invalid@internationalized-address.invalid (section 2.1);
 * - parameters such as file names with percent signs (RFC 2231 section 4), where RFC 6858
 *   section 2.2 would leave them out;
 * - NIL for message ids and content ids that are not ASCII (section 2.4);
 * - message/global as any other type (RFC 3501 section 9, body-type-basic).
 *
 * Octets that are not UTF-8 stay as they are, in literals: nobody knows what they mean. So does
 * all of a text of more than LIMIT_ADAPTED octets.
 * Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_ADAPT_H
#define SYNTAX_MAIL_ADAPT_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

enum adapt { /* bits */
             ADAPT_NOTHING = 0,
             ADAPT_TO_ASCII = 1,
             ADAPT_GLOBAL_CLOSED = 2, /* message/global shows nothing of what is in it */
             /* It always does, as RFC 9051 section 9 requires; with an empty message where
              * what is stored shows nothing. */
             ADAPT_GLOBAL_OPEN = 4,
};

/** Whether a client that needs this must get another text than what is stored. Fast. */
bool adapt_is_due(struct span stored, unsigned how);

/** Appends a stored ENVELOPE, adapted: at most four times as many octets. RC_CORRUPT (out as
 *  before): it is not one of ours. Ask buf_ok(out) afterwards. */
MUST_USE enum rc adapt_envelope(struct buf *out, struct span stored, unsigned how);
/** The same for BODYSTRUCTURE, and for BODY. */
MUST_USE enum rc adapt_body(struct buf *out, struct span stored, unsigned how);

#endif
