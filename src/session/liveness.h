/* SPDX-License-Identifier: MIT */
/*
 * Whether the peer of a waiting session is still there. A line that was sent is acknowledged by
 * the peer's kernel, without any doing of its program; one that is not for a minute makes the
 * session suspect. Asking costs one system call, and is done when there is something to learn:
 * a few seconds after a keepalive, after a minute of silence that followed anything else, and
 * every now and then while suspect.
 *
 *             a line is sent               acknowledged, or the peer speaks
 *     QUIET -----------------> WAITING -------------------------------------> QUIET
 *      ^     liveness_sending     | [idle] suspect_after
 *      |                          v
 *      +---- acknowledged ---- SUSPECT ----> DEAD_PEER ([idle] dead_after: the kernel's word)
 *                                 |
 *                                 +--------> REAPED (its place is needed: liveness_probe)
 *
 * The unacknowledged octets are the socket's, so all this is the same under TLS.
 * Thread: the session's, all functions.
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
/** Before output is flushed: from here an acknowledgement is due. */
void liveness_sending(struct session *session);
/** Says that what is put into the output now is a keepalive, and notes it. False: an earlier
 * line is still unacknowledged and on its way again and again: that is probe enough. */
bool liveness_keepalive(struct session *session);
/** Looks if it is time, or if the peer has spoken. At the end of each run. */
void liveness_check(struct session *session);
/**
 * Its place is needed: a suspect gets a fresh line to acknowledge and LIMIT_PROBE_US for it.
 * The kernel repeats what is unacknowledged at its own, ever slower pace, so a peer that has
 * come back this moment may be ended; it connects again. Those who are not suspect are left
 * alone.
 */
void liveness_probe(struct session *session);

#endif
