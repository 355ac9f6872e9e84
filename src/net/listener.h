/* SPDX-License-Identifier: MIT */
/*
 * A listener is a socket that waits for connections, as a task on the work threads. If
 * descriptors or memory run out, it reports that and pauses for a second; peers then wait in
 * the backlog instead of being refused.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "net/addr.h"
#include "net/poller.h"

struct listener;

/**
 * A new connection: fd (non-blocking, close-on-exec, TCP_NODELAY on, SO_KEEPALIVE off) belongs
 * to the callee from here on, even if it does not want the connection. Called on a work thread
 * without locks; it may not wait. The next call comes after it has returned.
 */
typedef void (*listener_accept_fn)(void *ctx, struct listener *listener, int fd,
                                   const struct net_addr *peer);
/** A problem that should be logged, at most one a minute; text is for the administrator. */
typedef void (*listener_trouble_fn)(void *ctx, struct listener *listener,
                                    const struct err *err);

struct listener_config {
    struct poller *poller;
    listener_accept_fn on_accept;
    listener_trouble_fn on_trouble; /* may be NULL */
    void *ctx;                      /* passed to both */
    int backlog;                    /* 0: 4096 (the kernel cuts it to somaxconn) */
    mode_t unix_mode;               /* 0: 0660 */
};

/** Opens one address (port 0: the kernel chooses). IPv6 listens for IPv6 only. Not begun.
 *  RC_UNSUPPORTED: the kernel has no IPv6, or it is switched off; told of an address other than
 *  "::" and "::1" only when the kernel has none. Thread: start-up. */
MUST_USE enum rc listener_open(const struct listener_config *config,
                               const struct net_addr *addr, struct listener **listener_out,
                               struct err *err);
/** Opens a Unix socket. A socket file on which nothing listens is replaced. RC_EXISTS: it is
 * in use, or not a socket. Thread: start-up. */
MUST_USE enum rc listener_open_unix(const struct listener_config *config, const char *path,
                                    struct listener **listener_out, struct err *err);
/** Takes over a listening stream socket (systemd, upgrade). The descriptor is the listener's
 *  on RC_OK only. The file of an adopted Unix socket is never removed. Thread: start-up. */
MUST_USE enum rc listener_adopt(const struct listener_config *config, int fd,
                                struct listener **listener_out, struct err *err);

/** Starts accepting. */
MUST_USE enum rc listener_begin(struct listener *listener, struct err *err);
/** Stops accepting soon; on a work thread, the socket is closed and a Unix socket file of ours
 * is removed. Then the listener waits for listener_free. Thread: any, locks as for
 * task_wake. */
void listener_close(struct listener *listener);
/** Stops accepting for now; peers wait in the backlog, and none is refused. listener_is_paused
 * says whether no accept callback is running or will come. Thread: any. */
void listener_pause(struct listener *listener);
bool listener_is_paused(const struct listener *listener);
void listener_go_on(struct listener *listener);
/** Leaves a Unix socket's file to another process that has the socket. */
void listener_leave_path(struct listener *listener);
/** From now on, an adopted Unix socket's file is removed at the end, as if it had been made
 * here. */
void listener_own_path(struct listener *listener);
/** After poller_stop, or before listener_begin; closes what is still open. */
void listener_free(struct listener *listener);

/** Where it listens, with the port the kernel chose: "127.0.0.1:143", "/run/imap.sock". */
const char *listener_name(const struct listener *listener);
/** NET_UNIX for a path. */
const struct net_addr *listener_addr(const struct listener *listener);
/** Borrowed, for hand-over to another process; -1 once closed. */
int listener_fd(const struct listener *listener);
uint64_t listener_accepted(const struct listener *listener);

#endif
