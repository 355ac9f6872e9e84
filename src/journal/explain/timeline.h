/* SPDX-License-Identifier: MIT */
/* What a session did, with a line for each event in its record. Pure. Thread: any. */
#ifndef JOURNAL_EXPLAIN_TIMELINE_H
#define JOURNAL_EXPLAIN_TIMELINE_H

#include "base/arena.h"
#include "journal/record.h"

struct timeline_line {
    int64_t at_ms;    /* wall clock */
    const char *kind; /* event_kind_name, or "forgotten", "end" */
    const char *text; /* in the arena, safe for a terminal */
};

enum { TIMELINE_MAX = LIMIT_EVENT_RING + 3 };

/**
 * The lines of a record, oldest first, at most TIMELINE_MAX. Consecutive keepalives are one
 * line. A record of an open session has no end line. Lines and texts are in arena. RC_LIMIT:
 * the arena is full.
 */
MUST_USE enum rc timeline_make(const struct end_record *record, struct arena *arena,
                               struct timeline_line **lines_out, size_t *count_out);

#endif
