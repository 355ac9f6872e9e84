/* SPDX-License-Identifier: MIT */
/* The facts that the rules of verdict.c use, worked out once from a record and its neighbours.
 * For this folder. Pure. */
#ifndef JOURNAL_EXPLAIN_FACTS_H
#define JOURNAL_EXPLAIN_FACTS_H

#include "journal/explain/verdict.h"

enum {
    BACK_WITHIN_MS = 24 * 3600 * 1000, /* a return after longer says nothing about the end */
};

struct facts {
    const struct verdict_case *c;
    const struct end_record *r;
    int64_t silent_from_ms; /* wall: the last sign of life; end_ms when that is not known */
    int64_t silence_ms;     /* as verdict_silence_ms */
    bool suspect;           /* a line is suspiciously long unacknowledged, and still is */
    int64_t idle_ms;        /* length of the last IDLE; -1: none is remembered */
    bool idle_done;         /* DONE came for it */
    bool done_before;       /* DONE came for an earlier IDLE */
    /* The first activity of the same client elsewhere after the silence began; NULL: none
     * yet. */
    const struct verdict_near *back;
    bool back_same_address;
    bool back_same_network;
    bool back_before_end; /* before Roost gave the connection up */
    /* Another connection from the same address that worked during the silence; may be NULL. */
    const struct verdict_near *worked;
};

void facts_find(const struct verdict_case *c, struct facts *out);
/** Appends the evidence, one fact on each line. */
void facts_tell(const struct facts *f, struct buf *buf);

#endif
