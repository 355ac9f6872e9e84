/* SPDX-License-Identifier: MIT */
/*
 * The common model of logs that other programs wrote: every reader turns its lines into this,
 * and everything above the readers works with it.
 *
 * Whatever stands around a line that its program wrote is peeled off first (wrap/). A *reader*
 * (read/) takes the lines of one format and emits *events*: a protocol line in one
 * direction, or a *fact* that the log tells about a session ("the client closed"). It keeps
 * nothing of the text. The tracker (track.h) makes *sessions* of events, the matcher lays the
 * sessions of several logs side by side, the rules judge them.
 *
 * Texts in events are raw and borrowed: they may hold passwords and mail. Only what track.c
 * copies on purpose survives, and nothing is printed that was not escaped (journal/redact.h).
 */
#ifndef JOURNAL_FOREIGN_MODEL_H
#define JOURNAL_FOREIGN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

#define FOREIGN_NO_TIME INT64_MIN

/* Who wrote a log. SIDE_ANY: a transcript, of which either may be the writer. */
enum foreign_side { SIDE_ANY, SIDE_CLIENT, SIDE_SERVER };

/* Which way a protocol line went. */
enum foreign_dir { DIR_NONE, DIR_TO_SERVER, DIR_TO_CLIENT };

enum foreign_fact {
    FACT_NONE,
#define FOREIGN_FACT(name, code, label) FACT_##name,
#include "journal/foreign/fact.def"
#undef FOREIGN_FACT
    FACT_COUNT,
};

/* Where something stands: the number of the file in the run, and its line. */
struct foreign_ref {
    int64_t at_us; /* as the log's clock said, without its zone; FOREIGN_NO_TIME: it did not */
    uint64_t line; /* from 1; 0: nowhere */
    uint32_t file;
};

struct foreign_event {
    struct foreign_ref ref;
    enum foreign_dir dir;   /* DIR_NONE: a fact */
    enum foreign_fact fact; /* FACT_NONE: a protocol line; with DIR_NONE only the names count */
    bool more;           /* a protocol line that continues the one before (after a literal) */
    bool opens;          /* a new session begins here, whatever had this key before */
    bool ends;           /* the session is over with this event */
    bool joins;          /* only about a session that is open; ignored without one */
    bool general;        /* about the server and many connections; the key names the matter */
    bool other;          /* of another protocol than IMAP */
    bool rest;           /* continues the line before; only counted against its literal */
    struct span key;     /* which session of the log; empty: the only one at a time */
    struct span text;    /* the line without CRLF, or the log's words for the fact */
    struct span account; /* learned on the way; empty: not named here */
    struct span peer;
    struct span client; /* what the client calls itself */
};

/* A line of a file, without its end. */
struct foreign_line {
    struct span text;
    uint64_t number;
    uint32_t file;
    bool cut; /* it was longer than LIMIT_FOREIGN_LINE, or the file ends in it */
};

/* What a log's clock can tell; learned as it is read. */
struct foreign_clock {
    uint32_t precision_us; /* 0: no time seen yet */
    bool has_date;
    bool has_zone;
    int32_t zone_min;    /* east of UTC, of the last time read */
    int32_t year;        /* for formats that name none */
    int64_t day_us;      /* begin of the day that times without date belong to */
    int64_t last_tod_us; /* time of day last read without date; -1: none */
    bool has_near;
    int64_t near_us; /* a time with a year that is not far from the next one read */
};

struct foreign_format;

/* A format's reader at work on one log (one file, or the rotated files of one). */
struct foreign_reader {
    const struct foreign_format *format;
    void *state; /* format->state_octets, zero at first */
    struct foreign_clock clock;
    void (*emit)(void *ctx, const struct foreign_event *event);
    void *emit_ctx;
    int64_t wrapped_us; /* the time that a wrapper gave the line; FOREIGN_NO_TIME: none */
    const struct foreign_clock *wrapped_clock;
    const char *program; /* a better name than the format's, once it is known */
    const char *file;    /* name of the file being read */
};

/**
 * One row for each format. head: whether a line begins an entry of this format; pure and cheap,
 * it also is how the format is recognised. read: turns an entry (its head line, and what was
 * folded, joined by blanks) into events; returns false when it made no sense.
 */
struct foreign_format {
    const char *code;  /* "gms", for --json */
    const char *title; /* "GMS transaction log" */
    const char *program;
    enum foreign_side side;
    bool raw;      /* lines without head are read too: they continue a protocol stream */
    bool literals; /* the octets of literals are in the log */
    bool pairs;    /* two files, one for each direction, are one log */
    unsigned weak; /* recognised only when nothing stronger is: 0 strong, 1, 2 */
    size_t state_octets;
    bool (*head)(struct span line);
    bool (*read)(struct foreign_reader *reader, const struct foreign_line *line);
    /* For logs that may have the newest entry first: the time of day of a head line in
     * microseconds, -1 for other lines. NULL: they never do. */
    int64_t (*tod)(struct span line);
};

extern const struct foreign_format foreign_formats[];
extern const size_t foreign_format_count;

/** "timed-out" and the like, for --json and the table in the documents. */
const char *foreign_fact_code(enum foreign_fact fact);
/** "the server's timer ended it", for evidence. */
const char *foreign_fact_label(enum foreign_fact fact);

#endif
