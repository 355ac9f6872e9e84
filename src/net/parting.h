/* SPDX-License-Identifier: MIT */
/*
 * Sockets whose session is over, and whose peer has not heard it yet. A socket that is closed
 * answers everything that still comes with RST, which fails the peer's next write and throws
 * away what its kernel has not taken yet: our last words. So a socket on which the server has
 * ended the session is kept for a moment. What comes is read and dropped, until the peer's FIN.
 *
 *   conn_part -> parting_take --> parting --FIN, error, LIMIT_PARTING_US, give_way--> closed
 *
 * Nothing but the socket is left then: the session is freed and its record written.
 */
#ifndef NET_PARTING_H
#define NET_PARTING_H

#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "net/poller.h"

struct parting;

/** RC_LIMIT: no memory, descriptor or task. Thread: start-up. */
MUST_USE enum rc parting_new(struct poller *poller, struct parting **out, struct err *err);
/** Closes those that are left. After poller_stop, before poller_free. NULL is nothing. */
void parting_free(struct parting *parting);

/** Takes fd: a socket whose sending side is shut down and which no task has. It is closed by
 *  LIMIT_PARTING_US from now. The one here for longest is closed when there are LIMIT_PARTING.
 *  Thread: any; takes LOCK_LEAF, then wakes. Never waits. */
void parting_take(struct parting *parting, int fd);
/** Closes the one here for longest, because its descriptor is needed; nothing if there is none.
 *  Thread: any; takes LOCK_LEAF. */
void parting_give_way(struct parting *parting);
/** Descriptors in use here now. Thread: any; takes LOCK_LEAF. */
size_t parting_count(struct parting *parting);

#endif
