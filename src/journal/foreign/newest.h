/* SPDX-License-Identifier: MIT */
/*
 * Logs whose newest entry comes first, such as those that FairEmail exports. Their order is
 * reversed before they are read, because a session's end must not come before its beginning.
 */
#ifndef JOURNAL_FOREIGN_NEWEST_H
#define JOURNAL_FOREIGN_NEWEST_H

#include "journal/foreign/source.h"

/**
 * Passes the lines of the source to take, the oldest entry first. An entry is a line with a
 * time of day and the following lines without one. tod: the time of day of a line, or -1. If
 * the log turns out to be in order, it is passed as it is.
 *
 * Keeps at most LIMIT_FOREIGN_NEWEST octets, from the beginning of the file. *whole_out: that
 * was the whole file. RC_LIMIT: no memory.
 *
 * Thread: main.
 */
MUST_USE enum rc foreign_newest_read(struct foreign_source *source,
                                     int64_t (*tod)(struct span line),
                                     void (*take)(void *ctx, struct foreign_line *line),
                                     void *ctx, bool *whole_out);

#endif
