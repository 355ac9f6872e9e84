/* SPDX-License-Identifier: MIT */
/*
 * The table of formats, how a file's format is recognised by its content, and the programs
 * whose logs help, with how to turn them on.
 */
#ifndef JOURNAL_FOREIGN_FORMATS_H
#define JOURNAL_FOREIGN_FORMATS_H

#include "journal/foreign/model.h"
#include "journal/foreign/wrap/wrap.h"

enum { FOREIGN_FORMATS_MAX = 24 };

/* Counts of lines while a sample is looked at. */
struct foreign_sample {
    struct foreign_wrap wrap;
    uint32_t lines;
    uint32_t hits[FOREIGN_FORMATS_MAX];
    uint32_t wraps[FOREIGN_FORMATS_MAX][WRAP_COUNT]; /* of the hits, those found in a wrapper */
};

void foreign_sample_init(struct foreign_sample *sample);
void foreign_sample_done(struct foreign_sample *sample);
void foreign_sample_line(void *sample, struct span line);
/** The formats found, the best first, at most max; how many. *wrappers_out: bits of the
 * wrappers that stand around their lines. */
uint32_t foreign_sample_decide(const struct foreign_sample *sample,
                               const struct foreign_format **out, uint32_t max,
                               uint32_t *wrappers_out);

/* A program that can log what is missing. */
struct foreign_program {
    const char *name;
    enum foreign_side side;
    const char *sign; /* in its greeting, ID or habits: how it is known; "": it never shows */
    const char *how;  /* how to turn its log on */
};

extern const struct foreign_program foreign_programs[];
extern const size_t foreign_program_count;

/** The program that a name or greeting belongs to, of that side; NULL: not known. */
const struct foreign_program *foreign_program_of(enum foreign_side side, struct span text);

#endif
