/* SPDX-License-Identifier: MIT */
/*
 * BODYSTRUCTURE and BODY (RFC 3501 section 7.4.2). BODYSTRUCTURE is rendered once when a
 * message arrives and stored; BODY is derived from it by leaving the extension data out.
 * Always legal IMAP, whatever the mail is. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_BODYSTRUCTURE_H
#define SYNTAX_MAIL_BODYSTRUCTURE_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/mail/mime_scan.h"

/**
 * Appends the extended body structure.
 *
 * message, root  As given to and by mime_scan (the tree must have its fields).
 *
 * Types, parameter names and known encodings are in lower case. Text without a charset says
 * us-ascii. RFC 2231 continuations are joined. Beyond about LIMIT_BODYSTRUCTURE octets values
 * are cut and parts become application/octet-stream without fields; their numbers stay right.
 * Ask buf_ok(out) afterwards.
 */
void bodystructure_put(struct buf *out, struct span message, const struct mime_part *root);

/**
 * Appends BODY made from a stored BODYSTRUCTURE. RC_CORRUPT (out as before) when it is not one
 * of ours. Linear; nothing is allocated.
 */
MUST_USE enum rc bodystructure_put_basic(struct buf *out, struct span bodystructure);

#endif
