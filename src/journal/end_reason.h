/* SPDX-License-Identifier: MIT */
/*
 * The table of all reasons for which a session can end (end_reason.def). BYE, the log, the
 * records and the command line use it.
 */
#ifndef JOURNAL_END_REASON_H
#define JOURNAL_END_REASON_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/span.h"

enum end_reason {
    END_NONE, /* not ended; never in a record */
#define END_REASON(name, code, who, kind, removal, bye, resp_code, status, sentence, remedy)   \
    END_##name,
#include "journal/end_reason.def"
#undef END_REASON
    END_REASON_COUNT,
};

enum end_who { END_BY_CLIENT, END_BY_SERVER, END_BY_NETWORK, END_BY_ADMIN };

enum end_kind { END_ORDINARY, END_TROUBLE };

struct end_reason_info {
    const char *code; /* "closed-idle" */
    enum end_who who;
    enum end_kind kind;
    const char *removal;   /* text of log entry 06050; "": none is written */
    const char *bye;       /* text for the peer; "": it cannot be told */
    const char *resp_code; /* RFC 5530, without brackets; "": none */
    const char *status;    /* RFC 3463 for LMTP; "": none */
    const char *sentence;
    const char *remedy; /* "": nothing needs to be done */
};

/** The row of a reason; never NULL. Thread: any. */
const struct end_reason_info *end_reason_info(enum end_reason reason);

/** The reason that has this code; END_NONE if there is none. Thread: any. */
enum end_reason end_reason_of_code(struct span code);

/** "client", "server", "network", "administrator". Thread: any. */
const char *end_who_name(enum end_who who);

/** Writes what happened and what to do, as a table in Markdown, for
 * docs/why-disconnected.md. */
void end_reason_manual(struct buf *buf);

#endif
