/* SPDX-License-Identifier: MIT */
/*
 * ENVELOPE (RFC 3501 section 7.4.2), rendered once when a message arrives and copied to every
 * client that asks. Always legal IMAP, whatever the mail is: text with 8-bit octets, CR or LF
 * goes into literals, NUL is removed. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_ENVELOPE_H
#define SYNTAX_MAIL_ENVELOPE_H

#include "base/buf.h"
#include "base/span.h"

/**
 * Appends `(date subject from sender reply-to to cc bcc in-reply-to message-id)`.
 *
 * header  The message's header block.
 *
 * A missing or empty From, Sender, Reply-To, To, Cc, Bcc is NIL; Sender and Reply-To then
 * repeat From. A missing Subject, Date, In-Reply-To or Message-ID is NIL, an empty one "".
 * Fields that come twice: addresses are joined, of the others the first counts (RFC 7103
 * section 7.5.1). Encoded words stay encoded. At most about LIMIT_ENVELOPE octets; longer
 * values are cut. Ask buf_ok(out) afterwards.
 */
void envelope_put(struct buf *out, struct span header);

/** The same in about max octets, for envelopes inside a body structure. */
void envelope_put_within(struct buf *out, struct span header, size_t max);

#endif
