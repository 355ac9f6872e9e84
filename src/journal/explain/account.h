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
    ACCOUNT_SESSIONS_MAX = 20000, /* the newest are used */
    ACCOUNT_SPANS = 16,           /* IDLEs of one session that are kept */
};

/* A session of the account; texts in the arena. */
struct account_session {
    struct verdict_near near;
    enum end_reason reason; /* END_NONE: open */
    bool network_end;       /* verdict_is_network_end */
    int64_t silence_ms;     /* verdict_silence_ms */
    int64_t idle_ms;        /* length of the IDLE that the client ended by closing; -1: none */
    uint32_t commands;
    unsigned group;        /* index of its group, while groups are made */
    int64_t known_from_ms; /* earlier events are forgotten */
    /* When it was in IDLE (wall clock), oldest first; the latest ones that are remembered. */
    struct account_span {
        int64_t from_ms, to_ms;
    } idle[ACCOUNT_SPANS];
    unsigned idle_count;
};

/** Takes from a record what the report needs. RC_LIMIT: the arena. */
MUST_USE enum rc account_session_take(const struct end_record *record, struct arena *arena,
                                      struct account_session *out);

enum account_pattern {
    PATTERN_NONE,
    PATTERN_FORGETS, /* the network fails after silences of similar length */
    PATTERN_RENEWS,  /* the client closes after IDLEs of similar length */
};

/** "none", "forgets", "renews". */
const char *account_pattern_name(enum account_pattern pattern);

/* Sessions that belong together. */
struct account_group {
    char network[WORDS_NETWORK];
    struct span client_id; /* of a device; also empty if the client did not say */
    struct span peer;      /* of a device; empty: the group is a network */
    unsigned ends;         /* number of all ends */
    unsigned open;         /* sessions that are open now */
    unsigned by_reason[END_REASON_COUNT];
    int64_t last_ms; /* the latest end, or now */
    enum account_pattern pattern;
    unsigned pattern_ends; /* number of ends that match the pattern */
    int64_t pattern_from_s, pattern_to_s;
};

struct account_report {
    struct account_session *sessions; /* by start_ms */
    size_t session_count;
    struct account_group *networks; /* those with the most ends first */
    size_t network_count;
    struct account_group *devices; /* the same */
    size_t device_count;
};

enum { ACCOUNT_GROUPS_MAX = 500 }; /* of each kind; further groups are left out */

/** Sorts sessions (borrowed, reordered) and groups them. RC_LIMIT: the arena. */
MUST_USE enum rc account_report_make(struct account_session *sessions, size_t count,
                                     struct arena *arena, struct account_report *out);

/** Writes "14 of 15 ends on 203.0.113.0/24 came after 290 to 300 s of silence: ...", or nothing
 * if there is no pattern. keepalive_s: the present interval of keepalives in that network; 0:
 * unknown. */
void account_pattern_tell(const struct account_group *group, uint32_t keepalive_s,
                          struct buf *buf);

/* The state of a session in one column of the picture. */
enum strip_cell {
    STRIP_GONE,
    STRIP_OPEN,   /* connected; what it did is not remembered */
    STRIP_ACTIVE, /* connected, not in IDLE */
    STRIP_IDLE,
    STRIP_ENDED,  /* it ended in this column, in an ordinary way */
    STRIP_FAILED, /* it ended in this column, and somebody may want to know why */
    STRIP_CELL_COUNT,
};

/** Fills the cells between from_ms and to_ms with what the session did for most of the time of
 * each column; its last column shows how it ended. */
void account_strip(const struct account_session *session, int64_t from_ms, int64_t to_ms,
                   enum strip_cell *cells, size_t count);

#endif
