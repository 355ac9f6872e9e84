/* SPDX-License-Identifier: MIT */
/*
 * LMTP (RFC 2033), which is SMTP (RFC 5321) with LHLO and a reply per recipient: command lines
 * to structs, and the octets of DATA without their dots. Pure. Thread: any.
 */
#ifndef SYNTAX_LMTP_H
#define SYNTAX_LMTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

enum lmtp_verb {
    LMTP_LHLO,
    LMTP_MAIL,
    LMTP_RCPT,
    LMTP_DATA,
    LMTP_BDAT,
    LMTP_RSET,
    LMTP_NOOP,
    LMTP_VRFY,
    LMTP_QUIT,
    LMTP_HELO, /* HELO and EHLO: this is not an SMTP server (RFC 2033 section 4.1) */
    LMTP_UNKNOWN,
};

enum lmtp_body { LMTP_BODY_NONE, LMTP_BODY_7BIT, LMTP_BODY_8BITMIME };

enum { LMTP_PATH_MAX = 1000 }; /* octets of a path; RFC 5321 section 4.5.3.1.3 asks for 256 */

/* One command. Spans point into the line. */
struct lmtp_cmd {
    enum lmtp_verb verb;
    struct span text;      /* LHLO: the client's name */
    struct span path;      /* MAIL, RCPT: what stands between < and >, without source route */
    uint64_t size;         /* MAIL SIZE=, RFC 1870; 0: not given */
    enum lmtp_body body;   /* MAIL BODY=, RFC 6152 */
    bool utf8;             /* MAIL SMTPUTF8, RFC 6531 */
    uint64_t chunk_octets; /* BDAT, RFC 3030 */
    bool chunk_last;
};

/**
 * Parses a line without its end. RC_OK also for LMTP_UNKNOWN. RC_INVALID: the arguments do not
 * follow the grammar (501). RC_UNSUPPORTED: an unknown parameter (555). *why_out is a sentence.
 */
MUST_USE enum rc lmtp_parse(struct span line, struct lmtp_cmd *cmd_out, const char **why_out);

/**
 * Divides a path at its last '@' outside of quotes and removes the quotes from the local part,
 * which goes to local (a buffer of the caller). The domain is empty if there is none.
 * RC_INVALID: it is neither an address nor a bare local part, contains controls, is not UTF-8,
 * or is longer than local may be. RC_LIMIT: no memory.
 */
MUST_USE enum rc lmtp_path_split(struct span path, struct buf *local, struct span *domain_out);

/**
 * Appends an address for the text of a reply, up to max octets, and never a part of a
 * character. A client that has not used SMTPUTF8 does not expect UTF-8 in a reply. It gets
 * "\x{FC}" for each such character, as in delivery reports for programs that only know ASCII
 * (RFC 6533 section 3).
 */
void lmtp_address_put(struct buf *out, struct span address, bool utf8, size_t max);

/* --- the octets of DATA (RFC 5321 section 4.5.2) --- */

/* Where in "CR LF . CR LF" the stream is. Zero to begin: a line begins. */
struct lmtp_data {
    uint8_t state;
};

/**
 * Takes octets of in and appends those of the message to out, without the dots that the client
 * has added. Only CR LF . CR LF ends the message. Bare CR and LF are octets of the message, so
 * that an end cannot be smuggled past one server to another. *used_out: octets taken. True: the
 * end was taken.
 */
MUST_USE bool lmtp_data_take(struct lmtp_data *data, struct span in, struct buf *out,
                             size_t *used_out);

#endif
