/* SPDX-License-Identifier: MIT */
/*
 * Starts a program as a child of this process, which may have threads: the child shares our
 * memory until it runs the program, as with vfork, so that a large process starts it as fast as
 * a small one, and makes nothing but system calls until then. It leads a process group, so that
 * what it starts ends with it; it has no signals blocked or ignored, and no descriptors besides
 * the three that are named here.
 *
 * Programs that are to outlive us are started by daemon/detached.h.
 */
#ifndef BASE_RUN_CHILD_H
#define BASE_RUN_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/run/confine.h"
#include "base/err.h"

/* For a program that reads what strangers have written. It writes no files and no cores. */
struct child_bounds {
    const struct confinement *confinement;
    uint32_t cpu_s;
    uint64_t memory_octets; /* addresses */
    uint32_t files;         /* open ones */
    uint32_t processes;     /* all of this user, threads of the server included */
};

struct child_options {
    const char *const *args; /* args[0]: absolute path; NULL at the end */
    const char *const *environment;
    int input;                         /* descriptors; -1: /dev/null */
    int output;                        /* -1: as ours */
    int errors;                        /* -1: /dev/null */
    const struct child_bounds *bounds; /* NULL: none */
};

/** Everything is borrowed for the call, which waits until the program runs. RC_NOT_FOUND,
 * RC_DENIED, RC_IO: it cannot be run, and why. RC_LIMIT: no process, no memory. Thread: any. */
MUST_USE enum rc child_start(const struct child_options *options, pid_t *pid_out,
                             struct err *err);
/** Whether the program has ended. It has to be waited for or killed all the same. Thread: any.
 */
bool child_has_ended(pid_t pid);
/** Waits until the program has ended; what it has started may go on. *status_out is as of
 * waitpid, and may be NULL, as in child_kill. Thread: any. */
void child_wait(pid_t pid, int *status_out);
/** Kills what is left of it and of its group, and waits until it is gone. *status_out says how
 * it ended, if it had. Thread: any. */
void child_kill(pid_t pid, int *status_out);

#endif
