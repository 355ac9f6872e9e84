/* SPDX-License-Identifier: MIT */
/* Services and levels of the transaction log, and the words with which an administrator sets
 * them. */
#ifndef JOURNAL_LOG_LEVELS_H
#define JOURNAL_LOG_LEVELS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

enum log_service {
    LOG_SERVER, /* ROOST: the process as a whole */
    LOG_IMAP,
    LOG_LMTP,
    LOG_ADMIN,
    LOG_WEB,
    LOG_POLICY,
    LOG_SERVICE_COUNT,
};

/* Bits. A: protocol lines. P: progress. S: statistics. F: failures. */
enum log_level { LOG_A = 1, LOG_P = 2, LOG_S = 4, LOG_F = 8, LOG_ALL = 15 };

enum { LOG_LEVELS_DEFAULT = LOG_S | LOG_F };

struct log_levels {
    uint8_t of[LOG_SERVICE_COUNT]; /* bits */
};

/** "IMAP". Thread: any. */
const char *log_service_name(enum log_service service);
/** LOG_SERVICE_COUNT: there is none with this name (in upper or lower case). */
enum log_service log_service_of_name(struct span name);
/** 'A', 'P', 'S' or 'F'. */
char log_level_letter(enum log_level level);

/** The default levels for all services. */
void log_levels_default(struct log_levels *out);

/**
 * Parses "SF", "A P S F", "SF imap:APSF lmtp:none": letters for all services, then services
 * with their own letters, separated by blanks or commas. Levels that are not named are off.
 * RC_INVALID: err has a text for people. Thread: any.
 */
MUST_USE enum rc log_levels_parse(struct span text, struct log_levels *out, struct err *err);

/** Writes the levels in the same form: "SF imap:APSF". */
void log_levels_print(const struct log_levels *levels, struct buf *buf);

#endif
