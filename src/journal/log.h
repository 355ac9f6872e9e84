/* SPDX-License-Identifier: MIT */
/*
 * The transaction log, with one line for each entry, in this form:
 *
 *     IMAP 12:24:17.921 A 06157 1 0003 SELECT "INBOX"
 *
 * that is, service, local time, level, entry number, session number (0: none), text. A line is
 * never folded. Control octets and octets that are not UTF-8 are shown as \xNN. Long texts are
 * cut and end in " ...(+N)". Flags are shown as on the wire, with their backslash.
 *
 * Logging never blocks: an entry goes to a bounded queue, and one thread writes the queue to
 * DIR/roost-YYYY-MM-DD.log. Entries that do not fit or cannot be written are counted, and a
 * later entry says how many are missing. Lines of protocol go through journal/redact.h, which
 * keeps secrets out.
 */
#ifndef JOURNAL_LOG_H
#define JOURNAL_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"
#include "journal/log_entry.h"
#include "journal/log_levels.h"

struct log; /* one for the process */

struct log_options {
    const char *dir;           /* NULL: no files */
    bool to_stderr;            /* to standard error, too */
    unsigned keep_days;        /* older files are removed at rotation; 0: never */
    const struct clock *clock; /* NULL: the machine's */
};

/**
 * Opens today's file and starts the writer. Anything but RC_OK says why the file cannot be
 * written; nothing is running then. Thread: start-up.
 */
MUST_USE enum rc log_open(struct log **log_out, const struct log_options *options,
                          struct err *err);
/** Writes what is queued and ends the writer. NULL is allowed. Thread: start-up. */
void log_close(struct log *log);
/** Writes what is queued, then opens the file again (SIGHUP, after logrotate). If that fails
 * (RC_DENIED, RC_FULL, RC_IO ...), the old file stays open. Thread: any. Waits for disk. */
MUST_USE enum rc log_reopen(struct log *log, struct err *err);
/** Waits until everything queued so far is written or lost. For tests and shutdown. */
void log_flush(struct log *log);

struct log_stats {
    uint64_t written; /* entries */
    uint64_t lost;    /* entries that were lost, because the queue or the disk was full */
    uint32_t queued_octets;
};
void log_stats(struct log *log, struct log_stats *out);

/**
 * What a session (or the server) passes with each entry. It remembers the levels that apply, so
 * that deciding whether to log costs one atomic load.
 */
struct log_scope {
    struct log *log;     /* NULL: logs nothing */
    const char *account; /* borrowed, or NULL: not logged in */
    uint64_t session;
    uint32_t generation; /* generation of the levels that it remembers */
    uint8_t levels;      /* the levels that are on, as of that generation */
    uint8_t service;     /* enum log_service */
};

/** At login, set scope->account and call log_scope_changed. */
void log_scope_init(struct log_scope *scope, struct log *log, enum log_service service,
                    uint64_t session);
void log_scope_changed(struct log_scope *scope);

/* log.c's part of log_on. */
bool log_on_slow(struct log_scope *scope, enum log_level level);
extern atomic_uint log_generation; /* of all levels; at least 1; grows with each change */

/** Whether entries of this level are wanted. Thread: the scope's. */
static inline bool
log_on(struct log_scope *scope, enum log_level level)
{
    if (scope->generation != atomic_load_explicit(&log_generation, memory_order_acquire))
        return log_on_slow(scope, level);
    return (scope->levels & level) != 0;
}

/** Writes an entry if its level is on. Thread: the scope's; does not wait. */
PRINTF_LIKE(3, 4)
void log_put(struct log_scope *scope, enum log_entry entry, const char *fmt, ...);
void log_put_span(struct log_scope *scope, enum log_entry entry, struct span text);

/* --- Levels --- */
/** Sets the levels for all sessions from now on. Thread: any. */
void log_levels_set(struct log *log, const struct log_levels *levels);
void log_levels_get(struct log *log, struct log_levels *out);
/** Sets the levels for one account, in place of those of the services. RC_LIMIT:
 * LIMIT_LOG_ACCOUNTS is reached, or no memory. */
MUST_USE enum rc log_account_set(struct log *log, struct span account,
                                 const struct log_levels *levels);
/** False: the account has no levels of its own. */
bool log_account_get(struct log *log, struct span account, struct log_levels *out);
/** Returns the account to the levels of the services. Does nothing if it has none of its
 * own. */
void log_account_clear(struct log *log, struct span account);

#endif
