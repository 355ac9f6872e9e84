/* SPDX-License-Identifier: MIT */
/*
 * How long silence survives on the way to each client network (IPv4 /24, IPv6 /48), learnt from
 * the lines of idle sessions, and how often idle sessions there are sent one. Many routers
 * forget a connection that was silent for some minutes, and tell nobody.
 *
 *     network_first_us   when the first keepalive of a wait is due   cmd_idle.c
 *     network_next_us    when the next one is due                    cmd_idle.c
 *     network_kept       a line was acknowledged                     liveness.c
 *     network_suspect    a line has not been for a minute            liveness.c
 *     network_came       login, or the client's name became known    session.c
 *     network_gone       the session is over                         run.c
 *
 * A silence is kept when the line after it was acknowledged, however late. It is lost when that
 * line never was, and the same account showed life on another connection, begun after the
 * silence, within LIMIT_NETWORK_COMEBACK_S (comeback.h). From the same network that says: the
 * way was there and the connection was not; a whole loss. From another network the client may
 * simply have moved, as a phone does from Wi-Fi to mobile: a third of a loss. A client with
 * another name (ID), or a host that the network calls unreachable, says nothing. A suspect
 * alone says nothing. What follows from kept and lost silences is learn.h.
 *
 * Peers on this machine (loopback, Unix sockets) and sessions that a proxy brought have nobody
 * to acknowledge for the client's network: they get [idle] keepalive as configured, and teach
 * nothing. So do all with keepalive_min = keepalive = keepalive_max.
 *
 * What is learnt is stored by the journal (journal/network.h) once a minute, and at once when
 * an interval changes. Thread: any, under LOCK_NETWORKS; nothing waits, but for networks_new.
 */
#ifndef SESSION_NETWORKS_H
#define SESSION_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "journal/network.h"
#include "net/addr.h"
#include "net/evidence.h"

struct env;
struct networks;
struct session;

/** With what the journal at journal_path knows; env has clock, log, journal and settings.
 *  Thread: start-up. Waits for disk. */
MUST_USE enum rc networks_new(struct env *env, const char *journal_path, struct networks **out,
                              struct err *err);
/** Has everything stored (before the journal is closed). NULL is allowed. No session is left.
 */
void networks_free(struct networks *networks);
/** Judges who came back, lets go what is old, has stored what changed. Once a second. */
void networks_tick(struct networks *networks);

/* --- Sessions (their own thread) --- */

/** When the first keepalive of a wait is due (monotonic), or the next one of a wait whose
 *  network's interval has changed: as network_next_us says, but so early that the silence,
 * which began at silent_us, is not longer than the interval even if the keepalive is a second
 * late. That may be now. INT64_MAX: never ([idle] keepalive = 0). */
int64_t network_first_us(struct session *session, int64_t silent_us);
/** When the next keepalive is due after one that is being sent (monotonic): the next multiple
 * of the network's interval, shifted by the client's address, so that all sessions of an
 * address are told in the same second; one that began a second early stays a second early.
 * INT64_MAX: never. */
int64_t network_next_us(struct session *session);
/** The line in session->liveness was acknowledged. */
void network_kept(struct session *session);
/** It has not been for long. Once is enough, more is harmless. */
void network_suspect(struct session *session);
void network_came(struct session *session);
void network_gone(struct session *session, const struct conn_evidence *evidence);

/* --- Administration --- */

/** All that is known, last seen first, in arena. RC_LIMIT: the arena. */
MUST_USE enum rc networks_list(struct networks *networks, struct arena *arena,
                               struct network_record **out, size_t *count_out);
/** Forgets one (as networks_name writes it), or with an empty name all; how many. */
size_t networks_reset(struct networks *networks, struct span name);
/** "203.0.113.0/24", "2001:db8:1::/48": the network of an address; empty when it has none. */
void networks_name(const struct net_addr *addr, char dst[NETWORK_TEXT]);

#endif
