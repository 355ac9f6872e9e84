/* SPDX-License-Identifier: MIT */
/*
 * Starts a program that is to outlive this process as a child of init (or of the process that
 * adopts orphans). A service manager treats only its own children as main processes: when a
 * service stops, systemd does not wait for children of other processes but kills them.
 */
#ifndef DAEMON_DETACHED_H
#define DAEMON_DETACHED_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"

struct detached {
    pid_t pid;
    int pidfd; /* owned; -1: none */
};

/**
 * Starts args[0] with these arguments (NULL at the end), no signal blocked, and sock as its
 * descriptor 3. RC_NOT_FOUND: it cannot be run. Thread: main; waits until it runs.
 */
MUST_USE enum rc detached_start(const char *const *args, int sock, struct detached *out,
                                struct err *err);
/** Kills it, and waits until it is gone. */
void detached_kill(struct detached *detached);
/** Releases it and lets it run. */
void detached_forget(struct detached *detached);

#endif
