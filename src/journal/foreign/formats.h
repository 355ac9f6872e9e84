/* SPDX-License-Identifier: MIT */
/*
 * The table of formats, how the format of a file is recognised from its content, and the
 * programs whose logs would help, with how to turn them on.
 */
#ifndef JOURNAL_FOREIGN_FORMATS_H
#define JOURNAL_FOREIGN_FORMATS_H

#include "journal/foreign/model.h"
#include "journal/foreign/wrap/wrap.h"

enum { FOREIGN_FORMATS_MAX = 24 };

/* Counts of lines in a sample. */
struct foreign_sample {
    struct foreign_wrap wrap;
    uint32_t lines;
    uint32_t hits[FOREIGN_FORMATS_MAX];
    /* those of the hits that were found in a wrapper */
    uint32_t wraps[FOREIGN_FORMATS_MAX][WRAP_COUNT];
};

void foreign_sample_init(struct foreign_sample *sample);
void foreign_sample_done(struct foreign_sample *sample);
void foreign_sample_line(void *sample, struct span line);
/** Finds the formats, at most max, the best first. Returns their number. *wrappers_out: bits of
 * the wrappers around their lines. */
uint32_t foreign_sample_decide(const struct foreign_sample *sample,
                               const struct foreign_format **out, uint32_t max,
                               uint32_t *wrappers_out);

/* A program that could provide a missing log. */
struct foreign_program {
    const char *name;
    enum foreign_side side;
    /* how it is recognised in its greeting, its ID or its habits; "": it cannot be */
    const char *sign;
    const char *how; /* how to turn its log on */
};

extern const struct foreign_program foreign_programs[];
extern const size_t foreign_program_count;

/** The program of that side that a name or greeting belongs to; NULL: unknown. */
const struct foreign_program *foreign_program_of(enum foreign_side side, struct span text);

#endif
