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

/* Listening sockets of the previous process. */
struct inherited {
    struct {
        char service[16];
        char asked[280]; /* as configured, one address of it */
        int fd;          /* owned; -1: already taken */
    } at[64];
    size_t count;
};

/** Opens all listeners of the configuration without starting them. Inherited ones are taken
 * over; inherited may be NULL. Errors name the endpoint. */
MUST_USE enum rc ports_open(struct env *env, const struct config *config,
                            struct inherited *inherited, struct ports **out, struct err *err);
/** The listener with this index, to be handed over. Its socket is borrowed. -1: there are no
 * more. */
int ports_get(const struct ports *ports, size_t index, const char **service_out,
              const char **asked_out);
/** Stops accepting connections before it returns. Peers wait in the backlog. */
void ports_pause(struct ports *ports);
void ports_go_on(struct ports *ports);
/** Another process has the listeners now: closing them here does not remove their socket
 * files. */
void ports_leave(struct ports *ports);
/** The doors for which sessions can be adopted; ends with NULL. */
extern const struct front_door *const port_doors[];
/** Starts accepting, and prints a line for each listener on standard output. */
MUST_USE enum rc ports_begin(struct ports *ports, struct err *err);
/** Stops accepting. */
void ports_close(struct ports *ports);
/** Call it after poller_stop. NULL is allowed. */
void ports_free(struct ports *ports);

#endif
