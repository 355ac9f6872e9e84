/* SPDX-License-Identifier: MIT */
/*
 * DIR: where everything of one server lies, and who owns it now. DIR/run/lock, held
 * exclusively, decides: the server, or one offline verb. Thread: start-up.
 *
 *   roost.conf  registry.db  journal.db  accounts/  log/  tmp/  run/{lock,control.sock,live}
 */
#ifndef DAEMON_DIRECTORY_H
#define DAEMON_DIRECTORY_H

#include "base/attr.h"
#include "base/err.h"
#include "daemon/config.h"

/** Makes the folders below DIR that are missing (mode 0700). */
MUST_USE enum rc directory_make(const char *dir, struct err *err);
/** Takes DIR/run/lock: *fd_out is held until closed. RC_BUSY, naming the holder's process. */
MUST_USE enum rc directory_lock(const char *dir, int *fd_out, struct err *err);

/** Writes that this process is the one the lock was handed to. Waits for disk. */
MUST_USE enum rc directory_own(int lock_fd, struct err *err);

#endif
