/* SPDX-License-Identifier: MIT */
/* The facts that the rules in verdict.c use, worked out once from a record and its neighbours.
 * Private to this folder. Pure. */
#ifndef JOURNAL_EXPLAIN_FACTS_H
#define JOURNAL_EXPLAIN_FACTS_H

#include "journal/explain/verdict.h"

enum {
    BACK_WITHIN_MS = 24 * 3600 * 1000, /* a later return says nothing about the end */
};

struct facts {
    const struct verdict_case *c;
    const struct end_record *r;
    int64_t silent_from_ms; /* wall clock: the last sign of life; end_ms if unknown */
    int64_t silence_ms;     /* as verdict_silence_ms */
    bool suspect;           /* a line has been unacknowledged for suspiciously long */
    int64_t idle_ms;        /* length of the last IDLE; -1: unknown */
    bool idle_done;         /* it was ended with DONE */
    bool done_before;       /* an earlier IDLE was ended with DONE */
    /* The first activity of the same client on another connection after the silence began;
     * NULL: none yet. */
    const struct verdict_near *back;
    bool back_same_address;
    bool back_same_network;
    bool back_before_end; /* and that was before Roost gave up the connection */
    /* A connection from the same address that worked during the silence, or NULL. */
    const struct verdict_near *worked;
};

void facts_find(const struct verdict_case *c, struct facts *out);
/** Appends the evidence, one fact for each line. */
void facts_tell(const struct facts *f, struct buf *buf);

#endif
