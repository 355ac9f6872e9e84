/* SPDX-License-Identifier: MIT */
/* Whole reads and writes, retried over signals and short counts. Any thread; waits for disk. */
#include "base/fd.h"

#include <errno.h>

enum rc
fd_write_all(int fd, struct span data, struct err *err)
{
    while (data.len > 0) {
        const ssize_t put = write(fd, data.ptr, data.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_set(err, rc_of_errno(errno), errno, "write");
        data = span_tail(data, (size_t)put);
    }
    return RC_OK;
}

enum rc
fd_read_all(int fd, struct buf *buf, struct err *err)
{
    enum { STEP = 65536 };

    for (;;) {
        const size_t left = buf->max - buf_len(buf);
        const size_t want = left > STEP ? STEP : left;
        char probe;
        char *room = want == 0 ? &probe : buf_reserve(buf, want);
        if (room == NULL)
            return err_set(err, RC_LIMIT, 0, "read: no memory");
        const ssize_t got = read(fd, room, want == 0 ? 1 : want);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, rc_of_errno(errno), errno, "read");
        if (got == 0)
            return RC_OK;
        if (want == 0)
            return err_set(err, RC_LIMIT, 0, "read: over %zu octets", buf->max);
        buf_grew(buf, (size_t)got);
    }
}
