/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/bar.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 40, BAR_EVERY_MS = 100 };

static int64_t
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
bar_init(struct bar *bar)
{
    *bar = (struct bar){.on = isatty(STDERR_FILENO) == 1};
}

void
bar_draw(struct bar *bar, uint64_t done, uint64_t total)
{
    const int64_t now = now_ms();
    char line[BAR_WIDTH + 1];

    if (!bar->on || now < bar->next_ms)
        return;
    bar->next_ms = now + BAR_EVERY_MS;
    const unsigned filled =
        total == 0 ? BAR_WIDTH : (unsigned)((double)done / (double)total * BAR_WIDTH);
    for (unsigned i = 0; i < BAR_WIDTH; i++)
        line[i] = i < filled ? '#' : '.';
    line[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%", line,
            total == 0 ? 100.0 : (double)done / (double)total * 100);
}

void
bar_end(const struct bar *bar)
{
    if (bar->on)
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 16, "");
}
