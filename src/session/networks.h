/* SPDX-License-Identifier: MIT */
/*
 * How long connections to each client network (IPv4 /24, IPv6 /48) survive silence, learnt
 * from the lines of idle sessions, and how often idle sessions there are sent a line. Many
 * routers forget a connection after some minutes of silence and tell nobody.
 *
 *     network_first_us   when the first keepalive of a wait is due   cmd_idle.c
 *     network_next_us    when the next one is due                    cmd_idle.c
 *     network_kept       a line was acknowledged                     liveness.c
 *     network_suspect    a line has not been for a minute            liveness.c
 *     network_came       login, or the client's name became known    session.c
 *     network_gone       the session is over                         run.c
 *
 * A silence is kept if the line after it was acknowledged, however late. It is lost if that
 * line never was, and the same account was active on another connection, begun after the
 * silence, within LIMIT_NETWORK_COMEBACK_S (comeback.h). If that connection came from the same
 * network, the network was working and only the connection was dead, which is a whole loss. If
 * it came from another network, the client may simply have moved, as a phone does from Wi-Fi
 * to mobile, so it is a third of a loss. Nothing is learnt from a client with another name
 * (ID), from a host that the network reports as unreachable, or from a suspect session alone.
 * learn.h says what follows from kept and lost silences.
 *
 * Nothing can be learnt about a client's network from peers on this machine (loopback, Unix
 * sockets) and from sessions that a proxy brought: they get [idle] keepalive as configured, or
 * less if their client needs it (client_rule.def). So do all sessions if keepalive_min =
 * keepalive = keepalive_max.
 *
 * The journal (journal/network.h) stores what was learnt once a minute, and at once if an
 * interval changes. Thread: any, under LOCK_NETWORKS. Only networks_new waits.
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

/** Starts with what the journal at journal_path knows. env must have clock, log, journal and
 * settings. Thread: start-up. Waits for disk. */
MUST_USE enum rc networks_new(struct env *env, const char *journal_path, struct networks **out,
                              struct err *err);
/** Stores everything. Call it before the journal is closed, when no session is left. NULL is
 * allowed.
 */
void networks_free(struct networks *networks);
/** Judges the clients that came back, forgets what is old, and stores what has changed. Call it
 * once a second. */
void networks_tick(struct networks *networks);

/* --- Sessions (their own thread) --- */

/** When the first keepalive of a wait is due (monotonic), or the next one of a wait whose
 * network's interval has changed. As network_next_us, but early enough that the silence, which
 * began at silent_us, is no longer than the interval even if the keepalive is a second late.
 * This may be now. INT64_MAX: never ([idle] keepalive = 0). */
int64_t network_first_us(struct session *session, int64_t silent_us);
/** When the next keepalive is due after one that is being sent (monotonic): the next multiple
 * of the network's interval, shifted by the client's address, so that all sessions of an
 * address get theirs in the same second; a wait that began a second early stays a second early.
 * INT64_MAX: never. */
int64_t network_next_us(struct session *session);
/** The line in session->liveness was acknowledged. */
void network_kept(struct session *session);
/** The line has not been acknowledged for a long time. May be called again. */
void network_suspect(struct session *session);
void network_came(struct session *session);
void network_gone(struct session *session, const struct conn_evidence *evidence);
/** The session no longer belongs to its account, and its connection is alive. */
void network_left(struct session *session);

/* --- Administration --- */

/** All known networks, most recently seen first, in arena. RC_LIMIT: the arena is full. */
MUST_USE enum rc networks_list(struct networks *networks, struct arena *arena,
                               struct network_record **out, size_t *count_out);
/** Forgets one network (named as networks_name does), or all if the name is empty. Returns how
 * many. */
size_t networks_reset(struct networks *networks, struct span name);
/** "203.0.113.0/24", "2001:db8:1::/48": the network of an address; empty when it has none. */
void networks_name(const struct net_addr *addr, char dst[NETWORK_TEXT]);

#endif
