/* SPDX-License-Identifier: MIT */
/*
 * Makes sessions from a log's events. At most LIMIT_FOREIGN_OPEN are open at a time; beyond
 * that, the one that has been silent for longest is ended. Only this module decides what is
 * kept of protocol lines: tags, names of known commands, harmless arguments, and the text of
 * answers, without the session's secrets.
 */
#ifndef JOURNAL_FOREIGN_TRACK_H
#define JOURNAL_FOREIGN_TRACK_H

#include "base/list.h"
#include "base/map.h"
#include "journal/foreign/session.h"

struct foreign_tracker {
    struct foreign_log *log; /* passed to sessions */
    struct map by_key;
    struct list open; /* struct foreign_session, longest silent first */
    uint32_t open_count;
    uint32_t session_count; /* number of all sessions */
    uint64_t event_count;
    /* the session of the last protocol line; NULL: it has ended */
    struct foreign_session *last;
    enum foreign_dir last_dir;
    bool dialogue; /* the log shows protocol lines */
    bool literals; /* the log contains the octets of literals */
    /* Takes each session that has ended, and owns it from then on. */
    void (*give)(void *ctx, struct foreign_session *session);
    void *give_ctx;
};

void foreign_tracker_init(struct foreign_tracker *tracker);
/** Handles one event. Events must come in the order of the log. */
void foreign_tracker_event(struct foreign_tracker *tracker, const struct foreign_event *event);
/** Whether the last protocol line left a literal open whose octets are in the log. */
bool foreign_tracker_in_literal(const struct foreign_tracker *tracker);
/** The log has been read: gives away all open sessions. */
void foreign_tracker_end(struct foreign_tracker *tracker);
void foreign_tracker_done(struct foreign_tracker *tracker);

#endif
