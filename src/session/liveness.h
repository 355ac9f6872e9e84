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
    int64_t line_us;    /* when the oldest line not known to be acknowledged went; 0: none */
    int64_t look_us;    /* when to look next; INT64_MAX: there is nothing to learn */
    uint32_t silence_s; /* in both directions before that line */
    bool keepalive;     /* that line is a keepalive */
    bool suspect;
    bool probed; /* suspect, and somebody needs its place: look_us decides */
};

void liveness_init(struct liveness *liveness);
/** To be called before output is flushed: from now on an acknowledgement is due. */
void liveness_sending(struct session *session);
/** Says that what is put into the output now is a keepalive, and notes it. False: an earlier
 * line is still unacknowledged, and its retransmissions probe the peer already. */
bool liveness_keepalive(struct session *session);
/** Looks if it is time to, or if the peer has sent something. To be called at the end of each
 * run. */
void liveness_check(struct session *session);
/**
 * The session's place is needed: if it is suspect, it is sent another line, which the peer
 * must acknowledge within LIMIT_PROBE_US. The kernel repeats what is unacknowledged ever more
 * rarely, so a peer that has come back just now may be ended too; it will connect again.
 * Sessions that are not suspect are left alone.
 */
void liveness_probe(struct session *session);

#endif
