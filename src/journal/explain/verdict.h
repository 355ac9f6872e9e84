/* SPDX-License-Identifier: MIT */
/*
 * Why a session ended, who caused it, and how certain that is. The input is a record and what
 * the same account did before and after; the output is sentences. Pure: no clock, no disk.
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

/* How sure. */
enum verdict_sure {
    SURE_OPEN,    /* what is known so far is not enough */
    SURE_LIKELY,  /* the evidence points to this, and hardly to anything else */
    SURE_CERTAIN, /* it was seen or done here */
};

/** "open", "likely", "certain". */
const char *verdict_sure_name(enum verdict_sure sure);

/* Another session of the same account, as much of it as verdicts need. */
struct verdict_near {
    uint64_t session;
    int64_t start_ms;   /* wall */
    int64_t end_ms;     /* INT64_MAX: still open */
    int64_t last_in_ms; /* its last octet; start_ms when there was none */
    struct span client_id;
    struct span peer;
};

struct verdict_case {
    const struct end_record *record; /* reason END_NONE: still open, end_ms is now */
    const struct verdict_near *near; /* by start_ms; may hold the session itself */
    size_t near_count;
    uint32_t keepalive_s; /* what its network is sent lines after, now; 0: not known */
};

enum { VERDICT_TEXT = 4096 }; /* octets of each text at most */

/* Texts are empty when there is nothing to say. */
struct verdict {
    const char *rule; /* "nat-forgot": stable, for scripts */
    enum end_who who;
    enum verdict_sure sure;
    struct buf text;     /* two or three sentences */
    struct buf evidence; /* facts, one a line */
    struct buf advice;
};

#define AUTO_VERDICT CLEANUP(verdict_done) struct verdict

/** Gives *out its texts; verdict_done frees them. */
void verdict_make(const struct verdict_case *c, struct verdict *out);
void verdict_done(struct verdict *verdict);

/** The rules as a table in Markdown, for docs/why-disconnected.md. */
void verdict_manual(struct buf *buf);

/** How long a client that disconnected before its login had waited for this server to accept
 * it or to answer; -1: it had not. */
int64_t verdict_stalled_ms(const struct end_record *record);
/** The silence, in ms, before the line that was never acknowledged, or else before the end; -1
 *  when it is not known. What account patterns are made of. */
int64_t verdict_silence_ms(const struct end_record *record);

/** Whether the network seems to have failed: unacknowledged, reset, unreachable. */
bool verdict_is_network_end(const struct end_record *record);

/** Whether it seems to be the same client: it has the same ID or, without an ID, the same
 * address. */
bool verdict_same_client(struct span id_a, struct span peer_a, struct span id_b,
                         struct span peer_b);

#endif
