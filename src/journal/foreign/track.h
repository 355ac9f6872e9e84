/* SPDX-License-Identifier: MIT */
/*
 * Makes sessions of a log's events. At most LIMIT_FOREIGN_OPEN are open at a time; beyond
 * that, the one that has been silent for longest is ended for a new one. What is kept of
 * protocol lines is decided here and nowhere else: tags, names of known commands, harmless
 * arguments, and the human words of answers, without the session's secrets.
 */
#ifndef JOURNAL_FOREIGN_TRACK_H
#define JOURNAL_FOREIGN_TRACK_H

#include "base/list.h"
#include "base/map.h"
#include "journal/foreign/session.h"

struct foreign_tracker {
    struct foreign_log *log; /* handed to sessions */
    struct map by_key;
    struct list open; /* struct foreign_session, the longest silent first */
    uint32_t open_count;
    uint32_t session_count; /* ever */
    uint64_t event_count;
    struct foreign_session *last; /* of the last protocol line; NULL: it is over */
    enum foreign_dir last_dir;
    bool dialogue; /* the log shows lines of protocol */
    bool literals; /* the log holds the octets of literals */
    /* Takes each session that is over; owns it from then on. */
    void (*give)(void *ctx, struct foreign_session *session);
    void *give_ctx;
};

void foreign_tracker_init(struct foreign_tracker *tracker);
/** One event, in the order of the log. */
void foreign_tracker_event(struct foreign_tracker *tracker, const struct foreign_event *event);
/** Whether the last protocol line left a literal open that the log holds. */
bool foreign_tracker_in_literal(const struct foreign_tracker *tracker);
/** The log is read: gives all that is open. */
void foreign_tracker_end(struct foreign_tracker *tracker);
void foreign_tracker_done(struct foreign_tracker *tracker);

#endif
