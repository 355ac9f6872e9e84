/* SPDX-License-Identifier: MIT */
/*
 * Confines a process that reads what strangers have written, before it runs a program. It needs
 * no privileges, and what the program starts is confined likewise. Such a process
 *
 *   has no network     it can make no socket, and has none (seccomp)
 *   reaches no other   it can send no signal, trace nothing, take no descriptor from another,
 *                      change nobody's limits or priority, cannot leave its process group, and
 *                      leaves nothing behind (seccomp)
 *   changes no file    it can neither make, remove, rename nor cut one, nor change its owner,
 *                      mode, times or attributes (seccomp); and it can write to none, and reads
 *                      only programs, libraries and what belongs to them: /usr, /opt, some of
 *                      /etc, its own file (Landlock)
 *   gains no rights    by programs that have more, and has no capabilities, as root neither
 *
 * Without seccomp nothing is run. Without Landlock, which Linux has since 5.13 if it is
 * switched on, nothing can be opened to be written, not even /dev/null (seccomp); but what the
 * server's user can read, it can read.
 *
 *   confinement_open(&confinement, program)      in the parent, which may have threads
 *      confinement_enter(&confinement)           in the child: system calls only
 *   confinement_close(&confinement)
 *
 * Thread: any.
 */
#ifndef BASE_RUN_CONFINE_H
#define BASE_RUN_CONFINE_H

#include "base/attr.h"
#include "base/err.h"

struct confinement {
    int rules; /* owned; what may be read and written; -1: the kernel has no Landlock */
};

/** program: the file that will be run. RC_UNSUPPORTED: not on this processor. RC_LIMIT, RC_IO.
 */
MUST_USE enum rc confinement_open(struct confinement *out, const char *program,
                                  struct err *err);
void confinement_close(struct confinement *confinement);

/** Confines the calling thread. 0, or an errno. Calls the kernel and nothing else, so it may be
 * called between clone and exec. */
int confinement_enter(const struct confinement *confinement);

#endif
