/* SPDX-License-Identifier: MIT */
/*
 * The table of formats, how a file's format is recognised by its content, and the programs
 * whose logs help, with how to turn them on.
 */
#ifndef JOURNAL_FOREIGN_FORMATS_H
#define JOURNAL_FOREIGN_FORMATS_H

#include "journal/foreign/model.h"

enum { FOREIGN_FORMATS_MAX = 24 };

/* Counts of lines while a sample is looked at. All zero at first. */
struct foreign_sample {
    uint32_t lines;
    uint32_t hits[FOREIGN_FORMATS_MAX];
};

void foreign_sample_line(void *sample, struct span line);
/** The formats found, the best first, at most max; how many. */
uint32_t foreign_sample_decide(const struct foreign_sample *sample,
                               const struct foreign_format **out, uint32_t max);

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
