/* SPDX-License-Identifier: MIT */
/*
 * Protocol lines on their way into the log. What must never be in the log is removed here, in
 * one place. Passwords and SASL data become ***, of literals only the length is shown, and
 * FETCH responses keep UID, FLAGS, MODSEQ, sizes and dates, but nothing of the mail itself.
 */
#ifndef JOURNAL_REDACT_H
#define JOURNAL_REDACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "journal/escape.h"
#include "journal/log.h"

enum line_kind {
    LINE_COMMAND, /* the beginning of a command after login */
    /* the same before login: only harmless commands are shown with their arguments */
    LINE_BEFORE_LOGIN,
    LINE_MORE,   /* a further piece of the same command, after a literal */
    LINE_SECRET, /* a SASL response or a further piece of LOGIN; shown as *** */
};

/**
 * Logs a command or line from the client (06157), without its last CRLF. It may contain
 * literals, which are left out here, or the command may come in pieces without them. Returns
 * true if further pieces of this command are secret; pass them as LINE_SECRET. The result is
 * also right if nothing is logged. Thread: the scope's.
 */
bool log_line_in(struct log_scope *scope, enum line_kind kind, struct span line);

/** Logs a line to the client (06266, or 06392 for FETCH), without literals and CRLF. Before
 * login, what looks like base64 after "+ " is SASL data and is shown as ***. */
void log_line_out(struct log_scope *scope, struct span line);

enum { TAP_TAIL_OCTETS = 24 }; /* "~{18446744073709551615}" */

/**
 * Logs a stream of output as it is written, in pieces of any size: finds lines and skips
 * literals. Keeps a few hundred octets, and only while the level is on. Zero it to begin.
 */
struct log_tap {
    char *line;            /* owned; NULL between lines and while off */
    uint64_t literal_left; /* octets of a literal still to be skipped */
    uint32_t len;
    uint32_t dropped;           /* octets of this line that did not fit into the buffer */
    char tail[TAP_TAIL_OCTETS]; /* the last octets of the line, where a literal is announced */
    uint8_t tail_len;
    bool in_step; /* it knows where lines begin */
};

/**
 * Says that the next octet begins a response line. Call it at the first output of each command.
 * A tap whose level was just switched on waits for it, so that it does not take the middle of a
 * message for lines.
 */
void log_tap_begin(struct log_tap *tap);
void log_tap_feed(struct log_tap *tap, struct log_scope *scope, struct span output);
/** Frees what it holds. It may be used again. */
void log_tap_done(struct log_tap *tap);

#endif
