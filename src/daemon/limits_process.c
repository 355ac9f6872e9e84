/* SPDX-License-Identifier: MIT */
/* Raises the limit of open files as far as the system allows. See the header. */
#include "daemon/limits_process.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/poller.h"

/* How the files that may be open are divided: */
enum {
    FDS_FIXED = 96,
    FDS_NEWCOMERS = 2 * LIMIT_NEWCOMERS,
    FDS_INDEXES = 3 * LIMIT_INDEXES_OPEN, /* each is a database, its log and the log's index */
    CONNECTIONS_MIN = 8,
    FILES_MIN = 1024, /* with fewer, there is a warning: they are enough only for tests */
};
/* The default if any number of files may be open; there must be space for that many. */
enum { CONNECTIONS_DEFAULT_MAX = 130000 };

uint64_t
process_fds(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) != 0 ? 1024 : (uint64_t)limit.rlim_cur;
}

uint64_t
process_spools(uint64_t files)
{
    const uint64_t part = files / LIMIT_SPOOL_PART;

    return part < LIMIT_SPOOL_FILES_MIN ? LIMIT_SPOOL_FILES_MIN
           : part > LIMIT_SPOOL_FILES   ? LIMIT_SPOOL_FILES
                                        : part;
}

uint64_t
process_fds_besides(uint64_t files)
{
    return FDS_FIXED + FDS_NEWCOMERS + FDS_INDEXES + process_spools(files);
}

uint64_t
process_connections(uint64_t files)
{
    const uint64_t usable = files - files / 4; /* the store has the rest */
    const uint64_t besides = process_fds_besides(files);
    const uint64_t left = usable > besides ? usable - besides : 0;

    return left < CONNECTIONS_MIN ? CONNECTIONS_MIN : left > UINT32_MAX ? UINT32_MAX : left;
}

/* The number of files that allows so many connections. The store and the spools take a part of
 * all files each. */
static uint64_t
files_for(uint64_t connections)
{
    const uint64_t part = LIMIT_SPOOL_PART;
    const uint64_t used = connections + FDS_FIXED + FDS_NEWCOMERS + FDS_INDEXES;
    const uint64_t with_part = used * 4 * part / (3 * part - 4) + 1;
    const uint64_t with_most = (used + LIMIT_SPOOL_FILES) * 4 / 3 + 1;

    return with_part < with_most ? with_part : with_most;
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
    const uint64_t files = limit.rlim_cur;
    const uint64_t allowed = process_connections(files);
    const uint32_t asked = settings->max_connections;
    if (asked == 0 || asked > allowed)
        settings->max_connections =
            (uint32_t)(asked == 0 && allowed > CONNECTIONS_DEFAULT_MAX ? CONNECTIONS_DEFAULT_MAX
                                                                       : allowed);
    if (asked > allowed)
        return err_set(err, RC_LIMIT, 0,
                       "open files: %ju allow about %ju connections, [limits] max_connections "
                       "is %u; raise LimitNOFILE= of the service (or ulimit -n) to %ju",
                       (uintmax_t)files, (uintmax_t)allowed, asked,
                       (uintmax_t)files_for(asked));
    if (files < FILES_MIN)
        return err_set(
            err, RC_LIMIT, 0,
            "open files: %ju allow about %ju connections, which is too few to serve "
            "people; raise LimitNOFILE= of the service (or ulimit -n) to %d at least",
            (uintmax_t)files, (uintmax_t)allowed, FILES_MIN);
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
