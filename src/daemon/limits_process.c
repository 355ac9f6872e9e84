/* SPDX-License-Identifier: MIT */
/* Open files: raised as far as the system lets us. See the header. */
#include "daemon/limits_process.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/poller.h"

/* Besides sessions: databases, log, journal, listeners, poller; see daemon/house.c. */
enum { FDS_RESERVED = 256 };
/* Where any number of files may be open, the default is still a number to make room for. */
enum { CONNECTIONS_DEFAULT_MAX = 130000 };

uint64_t
process_fds(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) != 0 ? 1024 : (uint64_t)limit.rlim_cur;
}

enum rc
process_limits_raise(struct settings *settings, struct err *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return err_set(err, RC_IO, errno, "limit of open files");
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            return err_set(err, RC_IO, errno, "limit of open files: raise to %ju",
                           (uintmax_t)limit.rlim_max);
    }
    const uint64_t usable = limit.rlim_cur - limit.rlim_cur / 4; /* the rest is the store's */
    if (settings->max_connections == 0)
        settings->max_connections =
            (uint32_t)(usable > CONNECTIONS_DEFAULT_MAX + FDS_RESERVED ? CONNECTIONS_DEFAULT_MAX
                       : usable > FDS_RESERVED * UINT64_C(2)           ? usable - FDS_RESERVED
                                                                       : FDS_RESERVED);
    if (usable < (uint64_t)settings->max_connections + FDS_RESERVED)
        return err_set(
            err, RC_LIMIT, 0,
            "open files: %ju allow about %ju connections, [limits] max_connections is "
            "%u; raise LimitNOFILE= of the service (or ulimit -n) to %ju",
            (uintmax_t)limit.rlim_cur, (uintmax_t)(usable - FDS_RESERVED),
            settings->max_connections,
            ((uintmax_t)settings->max_connections + FDS_RESERVED) * 4 / 3);
    return RC_OK;
}

/* Threads besides the work threads: log, journal, control, housekeeping, askers. */
enum { THREADS_BESIDES = 32 };

enum rc
process_limits_check(uint32_t work_threads, uint64_t memory_octets, struct err *err)
{
    const uint64_t threads =
        (work_threads == 0 ? poller_default_threads() : work_threads) + THREADS_BESIDES;
    struct rlimit limit;

    if (geteuid() != 0 && getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur < threads)
        return err_set(err, RC_LIMIT, 0,
                       "threads: %ju are allowed, %ju are needed; raise LimitNPROC= of the "
                       "service (or ulimit -u), or lower [server] work_threads",
                       (uintmax_t)limit.rlim_cur, (uintmax_t)threads);
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur / 2 < memory_octets)
        return err_set(err, RC_LIMIT, 0,
                       "memory: %ju MiB of address space are allowed, and [server] memory is "
                       "%ju MiB; raise LimitAS= of the service (or ulimit -v) to twice that "
                       "at least, or lower [server] memory",
                       (uintmax_t)(limit.rlim_cur >> 20), (uintmax_t)(memory_octets >> 20));
    return RC_OK;
}
