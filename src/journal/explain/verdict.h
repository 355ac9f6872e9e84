/* SPDX-License-Identifier: MIT */
/*
 * Why a session ended, who caused it, and how certain that is. The input is a record and what
 * the same account did before and afterwards; the output is sentences. Pure: no clock, no disk.
 *
 * From here, a router that forgot a connection looks like a phone without a signal: lines are
 * not acknowledged, and nothing more is known. They can be told apart by when and from where
 * the same client comes back. So such a verdict is open until then, and changes as sessions
 * arrive.
 */
#ifndef JOURNAL_EXPLAIN_VERDICT_H
#define JOURNAL_EXPLAIN_VERDICT_H

#include "base/buf.h"
#include "journal/record.h"

/* How certain a verdict is. */
enum verdict_sure {
    SURE_OPEN,    /* what is known so far does not decide it */
    SURE_LIKELY,  /* the evidence points to this, and hardly to anything else */
    SURE_CERTAIN, /* it was observed or done here */
};

/** "open", "likely", "certain". */
const char *verdict_sure_name(enum verdict_sure sure);

/* Another session of the same account, as far as verdicts need it. */
struct verdict_near {
    uint64_t session;
    int64_t start_ms;   /* wall clock */
    int64_t end_ms;     /* INT64_MAX: still open */
    int64_t last_in_ms; /* its last octet; start_ms if there was none */
    struct span client_id;
    struct span peer;
};

struct verdict_case {
    const struct end_record *record; /* reason END_NONE: still open, and end_ms is now */
    const struct verdict_near *near; /* by start_ms; may include the session itself */
    size_t near_count;
    uint32_t keepalive_s; /* present interval of keepalives in its network; 0: unknown */
};

enum { VERDICT_TEXT = 4096 }; /* octets of each text, at most */

/* A text is empty if there is nothing to say. */
struct verdict {
    const char *rule; /* "nat-forgot"; stable, for scripts */
    enum end_who who;
    enum verdict_sure sure;
    struct buf text;     /* two or three sentences */
    struct buf evidence; /* facts, one for each line */
    struct buf advice;
};

#define AUTO_VERDICT CLEANUP(verdict_done) struct verdict

/** Fills *out. Free its texts with verdict_done. */
void verdict_make(const struct verdict_case *c, struct verdict *out);
void verdict_done(struct verdict *verdict);

/** The rules as a table in Markdown, for docs/why-disconnected.md. */
void verdict_manual(struct buf *buf);

/** How long, in ms, a client that disconnected before login had waited for this server to
 * accept the connection or to answer. -1: it had not waited. */
int64_t verdict_stalled_ms(const struct end_record *record);
/** The silence, in ms, before the line that was never acknowledged, or otherwise before the
 * end; -1: unknown. Account patterns are based on it. */
int64_t verdict_silence_ms(const struct end_record *record);

/** Whether the network seems to have failed: not acknowledged, reset, unreachable. */
bool verdict_is_network_end(const struct end_record *record);

/** Whether it seems to be the same client: it has the same ID or, without an ID, the same
 * address. */
bool verdict_same_client(struct span id_a, struct span peer_a, struct span id_b,
                         struct span peer_b);

#endif
