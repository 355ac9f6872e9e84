/* SPDX-License-Identifier: MIT */
/*
 * DIR: the directory with everything that one server has, and its present owner. The owner, a
 * server or an offline verb, holds DIR/run/lock exclusively. Thread: start-up.
 *
 *   roost.conf  registry.db  journal.db  accounts/  log/  tmp/  run/{lock,control.sock,live}
 */
#ifndef DAEMON_DIRECTORY_H
#define DAEMON_DIRECTORY_H

#include "base/attr.h"
#include "base/err.h"
#include "daemon/config.h"

/** Makes missing folders below DIR (mode 0700). Their names and DIR's own are on disk then.
 *  Waits for disk. */
MUST_USE enum rc directory_make(const char *dir, struct err *err);
/** Takes DIR/run/lock, which is held until *fd_out is closed. RC_BUSY: another process holds
 * it; err names it. */
MUST_USE enum rc directory_lock(const char *dir, int *fd_out, struct err *err);

/** Notes in the file that the lock was handed to this process. Waits for disk. */
MUST_USE enum rc directory_own(int lock_fd, struct err *err);

#endif
