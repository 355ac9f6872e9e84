/* SPDX-License-Identifier: MIT */
/*
 * Protocol lines on their way into the log: what must never be there is taken out here, in one
 * place. Passwords and SASL data become ***, literals are only named by their length, FETCH
 * responses keep UID, FLAGS, MODSEQ, sizes and dates, and nothing of the mail itself.
 */
#ifndef JOURNAL_REDACT_H
#define JOURNAL_REDACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "journal/escape.h"
#include "journal/log.h"

enum line_kind {
    LINE_COMMAND,      /* the beginning of a command, logged in */
    LINE_BEFORE_LOGIN, /* the same before login: arguments are shown for harmless commands only */
    LINE_MORE,         /* a further piece of the same command, after a literal */
    LINE_SECRET,       /* a SASL response, a further piece of LOGIN: shown as *** */
};

/**
 * Logs a command or line from the client (06157), without its last CRLF. Literals may be in it,
 * as they came, and are left out here; or the command comes in pieces without them. Returns
 * true when further pieces of this command are secret: give them as LINE_SECRET. Right also
 * when nothing is logged. Thread: the scope's.
 */
bool log_line_in(struct log_scope *scope, enum line_kind kind, struct span line);

/** Logs a line to the client (06266, or 06392 for FETCH), without literals and CRLF. Before
 * login what looks like base64 after "+ " is SASL data and shown as ***. */
void log_line_out(struct log_scope *scope, struct span line);

enum { TAP_TAIL_OCTETS = 24 }; /* "~{18446744073709551615}" */

/**
 * Logs a stream of output as it is written, in any pieces: finds the lines, skips
 * literals. Keeps a few hundred octets, only while the level is on. All zero is a fresh one.
 */
struct log_tap {
    char *line;            /* owned; NULL between lines and while off */
    uint64_t literal_left; /* octets still to skip */
    uint32_t len;
    uint32_t dropped;           /* octets of this line beyond the buffer */
    char tail[TAP_TAIL_OCTETS]; /* the last octets of the line: a literal is announced there */
    uint8_t tail_len;
    bool in_step; /* it knows where lines begin */
};

/**
 * Says that the next octet fed begins a response line. Call it at each command's first output:
 * a tap whose level was just switched on waits for it, so that it does not take the middle of a
 * message for lines.
 */
void log_tap_begin(struct log_tap *tap);
void log_tap_feed(struct log_tap *tap, struct log_scope *scope, struct span output);
/** Frees what it holds; it may be used again. */
void log_tap_done(struct log_tap *tap);

#endif
