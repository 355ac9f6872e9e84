/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that close themselves, and whole reads and writes of files. Not for sockets of
 * peers: those belong to net/conn.h.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <unistd.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

static inline void
fd_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define AUTO_FD CLEANUP(fd_close) int

/** Takes the descriptor out of an AUTO_FD: the caller owns it from here. */
static inline int
fd_take(int *fd)
{
    const int taken = *fd;
    *fd = -1;
    return taken;
}

/** Writes all of data at the descriptor's position. Waits for disk. */
MUST_USE enum rc fd_write_all(int fd, struct span data, struct err *err);
/** Appends everything from the descriptor's position to the end. RC_LIMIT beyond buf->max. */
MUST_USE enum rc fd_read_all(int fd, struct buf *buf, struct err *err);

#endif
