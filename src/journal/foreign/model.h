/* SPDX-License-Identifier: MIT */
/*
 * The common model of logs that other programs wrote. Every reader turns its lines into this
 * model, and everything above the readers works with it.
 *
 * First, whatever surrounds a line that the program wrote is removed (wrap/). A *reader*
 * (read/) takes the lines of one format and emits *events*: a protocol line in one direction,
 * or a *fact* that the log tells about a session ("the client closed"). It keeps no text. The
 * tracker (track.h) makes *sessions* from events, the matcher puts the sessions of several logs
 * together, and the rules judge them.
 *
 * Texts in events are raw and borrowed; they may contain passwords and mail. Only what track.c
 * copies on purpose is kept, and everything that is printed is escaped (journal/escape.h).
 */
#ifndef JOURNAL_FOREIGN_MODEL_H
#define JOURNAL_FOREIGN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

#define FOREIGN_NO_TIME INT64_MIN

/* Who wrote a log. SIDE_ANY: a transcript, which either side may have written. */
enum foreign_side { SIDE_ANY, SIDE_CLIENT, SIDE_SERVER };

/* The direction of a protocol line. */
enum foreign_dir { DIR_NONE, DIR_TO_SERVER, DIR_TO_CLIENT };

enum foreign_fact {
    FACT_NONE,
#define FOREIGN_FACT(name, code, label) FACT_##name,
#include "journal/foreign/fact.def"
#undef FOREIGN_FACT
    FACT_COUNT,
};

/* A place in a log: the number of the file in this run, and the line. */
struct foreign_ref {
    int64_t at_us; /* the time in the log, without its zone; FOREIGN_NO_TIME: none */
    uint64_t line; /* from 1 on; 0: no place */
    uint32_t file;
};

struct foreign_event {
    struct foreign_ref ref;
    enum foreign_dir dir; /* DIR_NONE: a fact */
    /* FACT_NONE: a protocol line; with DIR_NONE, only the names count */
    enum foreign_fact fact;
    bool more;    /* a protocol line that continues the one before (after a literal) */
    bool opens;   /* a new session begins here, even if the key is in use */
    bool ends;    /* the session ends with this event */
    bool joins;   /* only about an open session; ignored if there is none */
    bool general; /* about the server and many connections; the key names the matter */
    bool other;   /* belongs to another protocol than IMAP */
    bool rest;    /* continues the line before; only counted against its literal */
    /* identifies a session in the log; empty: there is only one at a time */
    struct span key;
    struct span text;    /* the line without CRLF, or the log's words about the fact */
    struct span account; /* becomes known on the way; empty: not in this line */
    struct span peer;
    struct span client; /* the name that the client gives itself */
};

/* A line of a file, without its line end. */
struct foreign_line {
    struct span text;
    uint64_t number;
    uint32_t file;
    bool cut; /* longer than LIMIT_FOREIGN_LINE, or the file ends in it */
};

/* What is known about a log's clock; becomes known as it is read. */
struct foreign_clock {
    uint32_t precision_us; /* 0: no time seen yet */
    bool has_date;
    bool has_zone;
    int32_t zone_min;    /* minutes east of UTC, in the latest time */
    int32_t year;        /* for formats without a year */
    int64_t day_us;      /* beginning of the day to which times without a date belong */
    int64_t last_tod_us; /* the latest time of day without a date; -1: none */
    bool has_near;
    int64_t near_us; /* a time with a year, close to the next time in the log */
};

struct foreign_format;

/* The reader of a format at work on one log (a file, or the rotated files of one). */
struct foreign_reader {
    const struct foreign_format *format;
    void *state; /* format->state_octets, zeroed at first */
    struct foreign_clock clock;
    void (*emit)(void *ctx, const struct foreign_event *event);
    void *emit_ctx;
    int64_t wrapped_us; /* the time from the line's wrapper; FOREIGN_NO_TIME: none */
    const struct foreign_clock *wrapped_clock;
    const char *program; /* a more exact name than the format's, once known */
    const char *file;    /* name of the file that is being read */
};

/**
 * One row for each format. head: whether a line begins an entry of this format. It is pure and
 * cheap, and also serves to recognise the format. read: turns an entry (its head line and
 * folded lines, joined by blanks) into events. Returns false if it was not understood.
 */
struct foreign_format {
    const char *code;  /* "gms", for --json */
    const char *title; /* "GMS transaction log" */
    const char *program;
    enum foreign_side side;
    bool raw;      /* lines without a head are read too: they continue a protocol stream */
    bool literals; /* the log contains the octets of literals */
    bool pairs;    /* two files, one for each direction, form one log */
    unsigned weak; /* recognised only if nothing stronger is: 0 strong, 1, 2 */
    size_t state_octets;
    bool (*head)(struct span line);
    bool (*read)(struct foreign_reader *reader, const struct foreign_line *line);
    /* For logs that may have the newest entry first: the time of day of a head line in
     * microseconds; -1 for other lines. NULL: the oldest entry is always first. */
    int64_t (*tod)(struct span line);
};

extern const struct foreign_format foreign_formats[];
extern const size_t foreign_format_count;

/** "timed-out" and the like, for --json and the table in the documentation. */
const char *foreign_fact_code(enum foreign_fact fact);
/** "the server's timer ended it", for evidence. */
const char *foreign_fact_label(enum foreign_fact fact);

#endif
