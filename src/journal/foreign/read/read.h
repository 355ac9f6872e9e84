/* SPDX-License-Identifier: MIT */
/*
 * The readers: for each format a head (pure, says whether a line begins an entry) and a read
 * (entry to events). What they share is here.
 */
#ifndef JOURNAL_FOREIGN_READ_READ_H
#define JOURNAL_FOREIGN_READ_READ_H

#include "journal/foreign/imap_line.h"
#include "journal/foreign/model.h"
#include "journal/foreign/when.h"

#define FOREIGN_READER(name)                                                                   \
    bool read_##name##_head(struct span line);                                                 \
    bool read_##name(struct foreign_reader *reader, const struct foreign_line *line)

FOREIGN_READER(gms);
FOREIGN_READER(outlook);

/** A protocol line. */
void read_emit_line(struct foreign_reader *reader, const struct foreign_event *like,
                    enum foreign_dir dir, struct span text);
/** A fact with the log's words for it. */
void read_emit_fact(struct foreign_reader *reader, const struct foreign_event *like,
                    enum foreign_fact fact, struct span text);
/** Takes prefix off the front of *s; false (and unchanged) when it is not there. */
bool read_take(struct span *s, struct span prefix);
/** What is between the first `from` and the next `to` after it; empty when not there. */
struct span read_between(struct span s, struct span from, struct span to);
bool read_has(struct span s, const char *word);

#endif
