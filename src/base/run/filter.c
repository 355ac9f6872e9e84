/* SPDX-License-Identifier: MIT */
/*
 * The input is a sealed file in memory, so that only the output has to be waited for. The end
 * of the program and the end of its output can come in any order: when it has ended, its group
 * is killed, so nobody holds the pipe any more.
 */
#include "base/run/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/run/child.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"

enum {
    READ_OCTETS = 64 << 10,
    POLL_OUTPUT = 0,
    POLL_END,
    POLL_STOP,
    POLL_FDS,
};

struct filter {
    const struct filter_options *options;
    pid_t pid;
    int output;
    int end; /* of the program: a pidfd */
    struct buf *out;
    size_t before; /* octets in out at the start */
    int64_t deadline_us;
};

/* ---- starting ---- */

static enum rc
input_make(struct span input, int *out, struct err *err)
{
    AUTO_FD fd = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "memory for the input");
    const enum rc rc = fd_write_all(fd, input, err);
    if (rc != RC_OK)
        return rc;
    if (lseek(fd, 0, SEEK_SET) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        return err_set(err, RC_IO, errno, "memory for the input");
    *out = fd_take(&fd);
    return RC_OK;
}

static enum rc
start(struct filter *filter, int input, int output, struct err *err)
{
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                              "LANG=C.UTF-8", NULL};
    struct confinement confinement;
    enum rc rc = confinement_open(&confinement, filter->options->args[0], err);

    if (rc != RC_OK)
        return rc;
    const struct child_bounds bounds = {
        .confinement = &confinement,
        .cpu_s = filter->options->cpu_s,
        .memory_octets = filter->options->memory_octets,
        .files = LIMIT_FILTER_FILES,
        .processes = LIMIT_FILTER_PROCESSES,
    };
    const struct child_options options = {
        .args = filter->options->args,
        .environment = environment,
        .input = input,
        .output = output,
        .errors = -1,
        .bounds = &bounds,
    };
    rc = child_start(&options, &filter->pid, err);
    confinement_close(&confinement);
    return rc;
}

/* ---- its output ---- */

/* RC_AGAIN: there may be more. RC_OK: that was all, or enough. */
static enum rc
read_some(struct filter *filter, struct err *err)
{
    const size_t left =
        filter->options->output_octets - (buf_len(filter->out) - filter->before);
    const size_t want = left < READ_OCTETS ? left : READ_OCTETS;

    if (left == 0)
        return RC_OK;
    char *room = buf_reserve(filter->out, want);
    if (room == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for what it writes");
    const ssize_t got = read(filter->output, room, want);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? RC_AGAIN
                                                 : err_set(err, RC_IO, errno, "its output");
    buf_grew(filter->out, (size_t)got);
    return got == 0 ? RC_OK : RC_AGAIN;
}

static bool
has_enough(const struct filter *filter)
{
    return buf_len(filter->out) - filter->before == filter->options->output_octets;
}

/* Reads until the program and its output have ended. */
static enum rc
wait_for_it(struct filter *filter, int *status_out, bool *ended_out, struct err *err)
{
    struct pollfd fds[POLL_FDS] = {
        [POLL_OUTPUT] = {.fd = filter->output, .events = POLLIN},
        [POLL_END] = {.fd = filter->end, .events = POLLIN},
        [POLL_STOP] = {.fd = filter->options->stop_fd, .events = POLLIN},
    };

    while (fds[POLL_OUTPUT].fd >= 0 || !*ended_out) {
        const int64_t left_us = filter->deadline_us - clock_mono_us(&clock_system);
        if (left_us <= 0)
            return err_set(err, RC_TIMEOUT, 0, "took longer than %u s",
                           filter->options->wall_ms / 1000);
        if (poll(fds, POLL_FDS, (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
            return err_set(err, RC_IO, errno, "poll");
        if (fds[POLL_STOP].revents != 0)
            return err_set(err, RC_AGAIN, 0, "it is time to stop");
        if (fds[POLL_END].revents != 0 && child_has_ended(filter->pid)) {
            child_kill(filter->pid, status_out);
            *ended_out = true;
            fds[POLL_END].fd = -1;
        }
        if (fds[POLL_OUTPUT].revents == 0)
            continue;
        const enum rc rc = read_some(filter, err);
        if (rc != RC_OK && rc != RC_AGAIN)
            return rc;
        if (has_enough(filter))
            return RC_OK;
        if (rc == RC_OK)
            fds[POLL_OUTPUT].fd = -1;
    }
    return RC_OK;
}

static enum rc
judge(int status, struct err *err)
{
    if (WIFSIGNALED(status))
        return err_set(err, RC_INVALID, 0, "ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return err_set(err, RC_INVALID, 0, "ended with status %d", WEXITSTATUS(status));
    return RC_OK;
}

static enum rc
run(struct filter *filter, int input, struct err *err)
{
    int ends[2];
    int status = 0;
    bool ended = false;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, rc_of_errno(errno), errno, "pipe");
    AUTO_FD output = ends[0];
    /* It may open the other end as well, and take away what poll has seen. */
    if (fcntl(output, F_SETFL, O_NONBLOCK) != 0) {
        close(ends[1]);
        return err_set(err, RC_IO, errno, "pipe");
    }
    enum rc rc = start(filter, input, ends[1], err);
    close(ends[1]);
    if (rc != RC_OK)
        return rc;
    AUTO_FD end = pidfd_open(filter->pid, 0);
    filter->output = output;
    filter->end = end;
    rc = end < 0 ? err_set(err, rc_of_errno(errno), errno, "pidfd")
                 : wait_for_it(filter, &status, &ended, err);
    if (!ended)
        child_kill(filter->pid, NULL);
    return rc == RC_OK && ended && !has_enough(filter) ? judge(status, err) : rc;
}

static bool
is_stopped(const struct filter_options *options)
{
    struct pollfd stop = {.fd = options->stop_fd, .events = POLLIN};

    return options->stop_fd >= 0 && poll(&stop, 1, 0) > 0;
}

enum rc
filter_run(const struct filter_options *options, struct span input, struct buf *out,
           struct err *err)
{
    struct filter filter = {
        .options = options,
        .out = out,
        .before = buf_len(out),
        .deadline_us = clock_mono_us(&clock_system) + (int64_t)options->wall_ms * 1000,
    };
    AUTO_FD fd = -1;

    if (is_stopped(options))
        return err_set(err, RC_AGAIN, 0, "it is time to stop");
    enum rc rc = input_make(input, &fd, err);
    if (rc == RC_OK)
        rc = run(&filter, fd, err);
    if (rc != RC_OK) {
        buf_truncate(out, filter.before);
        buf_forgive(out);
    }
    return rc;
}
