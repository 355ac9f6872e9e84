/* SPDX-License-Identifier: MIT */
/*
 * All sessions of one account, by device (what the client calls itself, and its address) and
 * by network, with patterns in how they end, and the picture of a day. Pure: sessions in,
 * plain data out. Thread: any.
 */
#ifndef JOURNAL_EXPLAIN_ACCOUNT_H
#define JOURNAL_EXPLAIN_ACCOUNT_H

#include "base/arena.h"
#include "journal/explain/verdict.h"
#include "journal/explain/words.h"

enum {
    ACCOUNT_SESSIONS_MAX = 20000, /* the newest are looked at */
    ACCOUNT_SPANS = 16,           /* of IDLE that are kept of one session */
};

/* A session of the account; texts in the arena. */
struct account_session {
    struct verdict_near near;
    enum end_reason reason; /* END_NONE: open */
    bool network_end;       /* verdict_is_network_end */
    int64_t silence_ms;     /* verdict_silence_ms */
    int64_t idle_ms;        /* of an IDLE that the client's closing ended; -1 */
    uint32_t commands;
    unsigned group;        /* while groups are made: the index of its own */
    int64_t known_from_ms; /* before this the events are forgotten */
    /* When it was in IDLE, wall, oldest first; the newest that the events remember. */
    struct account_span {
        int64_t from_ms, to_ms;
    } idle[ACCOUNT_SPANS];
    unsigned idle_count;
};

/** Keeps of a record what the report needs. RC_LIMIT: the arena. */
MUST_USE enum rc account_session_take(const struct end_record *record, struct arena *arena,
                                      struct account_session *out);

enum account_pattern {
    PATTERN_NONE,
    PATTERN_FORGETS, /* network ends after silences of one length */
    PATTERN_RENEWS,  /* the client closes after IDLEs of one length */
};

/** "none", "forgets", "renews". */
const char *account_pattern_name(enum account_pattern pattern);

/* Ends that belong together. */
struct account_group {
    char network[WORDS_NETWORK];
    struct span client_id; /* of a device; empty also when it said none */
    struct span peer;      /* of a device; empty: the group is a network */
    unsigned ends;         /* in all */
    unsigned open;         /* sessions that are open now */
    unsigned by_reason[END_REASON_COUNT];
    int64_t last_ms; /* the newest end or now */
    enum account_pattern pattern;
    unsigned pattern_ends; /* of ends */
    int64_t pattern_from_s, pattern_to_s;
};

struct account_report {
    struct account_session *sessions; /* by start_ms */
    size_t session_count;
    struct account_group *networks; /* those with most ends first */
    size_t network_count;
    struct account_group *devices; /* the same */
    size_t device_count;
};

enum { ACCOUNT_GROUPS_MAX = 500 }; /* of each kind; further ones are left out */

/** Sorts sessions (borrowed, reordered) and groups them. RC_LIMIT: the arena. */
MUST_USE enum rc account_report_make(struct account_session *sessions, size_t count,
                                     struct arena *arena, struct account_report *out);

/** "14 of 15 ends on 203.0.113.0/24 came after 290 to 300 s of silence: ..."; nothing without a
 *  pattern. keepalive_s: what that network is sent lines after now, 0: not known. */
void account_pattern_tell(const struct account_group *group, uint32_t keepalive_s,
                          struct buf *buf);

/* What a session is in a column of the picture. */
enum strip_cell {
    STRIP_GONE,
    STRIP_OPEN,   /* connected, but what it did is not remembered */
    STRIP_ACTIVE, /* connected, not in IDLE */
    STRIP_IDLE,
    STRIP_ENDED,  /* it ended in this column, ordinarily */
    STRIP_FAILED, /* it ended in this column, and somebody may want to know why */
    STRIP_CELL_COUNT,
};

/** Fills the cells between from_ms and to_ms: with what the session did for most of the time
 * of each column, and in its last column with how it ended. */
void account_strip(const struct account_session *session, int64_t from_ms, int64_t to_ms,
                   enum strip_cell *cells, size_t count);

#endif
