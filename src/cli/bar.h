/* SPDX-License-Identifier: MIT */
/* A progress bar on standard error, drawn only when that is a terminal. Thread: main. */
#ifndef CLI_BAR_H
#define CLI_BAR_H

#include <stdbool.h>
#include <stdint.h>

struct bar {
    bool on;
    int64_t next_ms; /* not drawn again before this time; monotonic */
};

void bar_init(struct bar *bar);
void bar_draw(struct bar *bar, uint64_t done, uint64_t total);
/** Removes the bar from the screen. Call it before a line of text, and at the end. */
void bar_end(const struct bar *bar);

#endif
