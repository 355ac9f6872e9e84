/* SPDX-License-Identifier: MIT */
/*
 * Logs whose newest entry comes first, such as those that FairEmail exports. Their order is
 * reversed before they are read, because a session's end must not come before its beginning.
 */
#ifndef JOURNAL_FOREIGN_NEWEST_H
#define JOURNAL_FOREIGN_NEWEST_H

#include "journal/foreign/source.h"

/**
 * Hands the lines of the source to take, the oldest entry first. An entry is a line that has a
 * time of day, and the lines after it that have none. tod: the time of day of a line, or -1. A
 * log that turns out to be in order is handed over as it is.
 *
 * Keeps at most LIMIT_FOREIGN_NEWEST octets, the first of the file. *whole_out: that was all of
 * it. RC_LIMIT: memory was short.
 *
 * Thread: main.
 */
MUST_USE enum rc foreign_newest_read(struct foreign_source *source,
                                     int64_t (*tod)(struct span line),
                                     void (*take)(void *ctx, struct foreign_line *line),
                                     void *ctx, bool *whole_out);

#endif
