/* SPDX-License-Identifier: MIT */
/*
 * Reads several log files together: each is recognised by its content, the rotated files of a
 * log are read as one, and the sessions of all logs are matched (match.h). Memory is bounded,
 * whatever the size of the files: LIMIT_FOREIGN_OPEN open sessions for each log while reading,
 * and LIMIT_FOREIGN_KEPT ended ones, of which ordinary ones are dropped first, but still
 * counted. Thread: main (the command line's).
 */
#ifndef JOURNAL_FOREIGN_STORY_H
#define JOURNAL_FOREIGN_STORY_H

#include "base/err.h"
#include "base/limits.h"
#include "base/list.h"
#include "journal/foreign/rules.h"
#include "journal/foreign/session.h"

enum {
    FOREIGN_FORMATS_PER_FILE = 4,
    FOREIGN_LOGS = LIMIT_FOREIGN_FILES,
    FOREIGN_STRANGE_SHOWN = 3
};

struct foreign_file {
    const char *path; /* borrowed */
    const char *name; /* the last part of the path */
    uint64_t lines;
    uint64_t strange; /* lines that were not understood, with the first of them */
    uint64_t strange_lines[FOREIGN_STRANGE_SHOWN];
    uint64_t others;               /* lines of other programs in the same syslog */
    uint32_t log;                  /* index of the first log that it belongs to */
    bool is_known;                 /* its format was recognised */
    bool has_no_format;            /* it was read, but its format is unknown */
    char trouble[ERR_TEXT_OCTETS]; /* why it was not read, or not to the end; "": no problem */
};

/* The log of one program: a file, or rotated files, or a pair. */
struct foreign_log {
    const struct foreign_format *format;
    const char *program; /* more exact than the format's name, if the log told it */
    struct foreign_clock clock;
    uint32_t index;
    bool dialogue;          /* it shows protocol lines */
    uint32_t sessions;      /* number of sessions found */
    uint64_t entries;       /* number of entries understood */
    uint64_t cut;           /* lines that were longer than we read */
    bool starved;           /* some of it was not kept, because there was no memory */
    struct foreign_ref end; /* the place where it ends */
};

struct foreign_story {
    struct foreign_file files[LIMIT_FOREIGN_FILES];
    uint32_t file_count;
    struct foreign_log logs[FOREIGN_LOGS];
    uint32_t log_count;
    struct list ordinary; /* ended sessions whose end needs no attention, oldest first */
    struct list troubled;
    uint32_t kept;
    /* sessions that were not kept, by what the verdict would have been */
    uint64_t counted[RULE_COUNT];
    uint64_t counted_all;
    struct foreign_case *cases; /* owned; by time */
    uint32_t case_count;
    bool starved; /* as in a log */
};

struct foreign_options {
    const char *account; /* sessions of other accounts are skipped; NULL: none are */
    /* Called from time to time with the octets of the present file. May be NULL. */
    void (*progress)(void *ctx, const char *name, int64_t done, int64_t size);
    void *ctx;
};

/**
 * Reads the files and makes the cases. If a file cannot be read or its format is unknown, its
 * row says so. RC_NOT_FOUND: no file is usable. RC_LIMIT: too many files, or no memory for all
 * of them; a part of the story could accuse the wrong side. Call foreign_story_done in any
 * case.
 */
MUST_USE enum rc foreign_story_read(struct foreign_story *story, const char *const *paths,
                                    size_t count, const struct foreign_options *options,
                                    struct err *err);
void foreign_story_done(struct foreign_story *story);

#endif
