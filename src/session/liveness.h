/* SPDX-License-Identifier: MIT */
/*
 * Whether the peer of a waiting session is still there. A line is acknowledged by the peer's
 * kernel without help of its program. If a line is not acknowledged for a minute, the session
 * is suspect. Looking costs one system call and is done when there is something to learn: a
 * few seconds after a keepalive, after a minute of silence that follows anything else, and
 * from time to time while the session is suspect.
 *
 *             a line is sent               acknowledged, or the peer speaks
 *     QUIET -----------------> WAITING -------------------------------------> QUIET
 *      ^     liveness_sending     | [idle] suspect_after
 *      |                          v
 *      +---- acknowledged ---- SUSPECT ----> DEAD_PEER ([idle] dead_after: the kernel's word)
 *                                 |
 *                                 +--------> REAPED (its place is needed: liveness_probe)
 *
 * The unacknowledged octets are those of the socket, so all this works in the same way under
 * TLS. Thread: the session's, all functions.
 */
#ifndef SESSION_LIVENESS_H
#define SESSION_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

struct session;

struct liveness {
    /* monotonic time of the oldest line not known to be acknowledged; 0: none */
    int64_t line_us;
    /* monotonic time of the next look; INT64_MAX: there is nothing to learn */
    int64_t look_us;
    uint32_t silence_s; /* silence in both directions before that line */
    bool keepalive;     /* that line is a keepalive */
    bool suspect;
    bool probed; /* suspect, and another session needs its place: look_us decides */
};

void liveness_init(struct liveness *liveness);
/** Call before output is flushed: from then on an acknowledgement is due. */
void liveness_sending(struct session *session);
/** Notes that what is put into the output now is a keepalive. False: an earlier line is still
 * unacknowledged, so its retransmissions probe the peer already, and no keepalive is needed. */
bool liveness_keepalive(struct session *session);
/** Looks if it is time, or if the peer has sent something. Call at the end of each run. */
void liveness_check(struct session *session);
/**
 * Another session needs the place: if this one is suspect, it is sent another line, which the
 * peer must acknowledge within LIMIT_PROBE_US. The kernel repeats what is unacknowledged ever
 * more rarely, so a peer that has come back just now may be ended too; it will connect again.
 * Sessions that are not suspect are left alone.
 */
void liveness_probe(struct session *session);

#endif
