/* SPDX-License-Identifier: MIT */
/*
 * The listeners of all front doors: which endpoint belongs to which door, and whether with TLS
 * from the start. Thread: start-up, except for the accept calls.
 */
#ifndef DAEMON_PORTS_H
#define DAEMON_PORTS_H

#include "base/attr.h"
#include "base/err.h"
#include "daemon/config.h"
#include "session/session.h"

struct ports;

/* Listening sockets of the process before this one. */
struct inherited {
    struct {
        char service[16];
        char asked[280]; /* as configured, one address of it */
        int fd;          /* owned; -1: taken */
    } at[64];
    size_t count;
};

/** Opens every listener of the configuration and begins none; those that were inherited (may be
 *  NULL) are taken over. Errors name the endpoint. */
MUST_USE enum rc ports_open(struct env *env, const struct config *config,
                            struct inherited *inherited, struct ports **out, struct err *err);
/** The index-th listener, to be handed over: its socket is borrowed. -1: there are no more. */
int ports_get(const struct ports *ports, size_t index, const char **service_out,
              const char **asked_out);
/** When it returns, no connection is accepted any more; peers wait in the backlog. */
void ports_pause(struct ports *ports);
void ports_go_on(struct ports *ports);
/** Another process has the listeners: their files stay when they are closed here. */
void ports_leave(struct ports *ports);
/** The doors that sessions can be adopted for; NULL at the end. */
extern const struct front_door *const port_doors[];
/** Starts accepting, and prints a line for each listener on standard output. */
MUST_USE enum rc ports_begin(struct ports *ports, struct err *err);
/** Stops accepting. */
void ports_close(struct ports *ports);
/** After poller_stop. NULL is allowed. */
void ports_free(struct ports *ports);

#endif
