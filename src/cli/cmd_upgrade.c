/* SPDX-License-Identifier: MIT */
/*
 * `roost upgrade`: the running server starts the binary on disk and hands over to it. Asks for
 * it, and then waits until the new process answers or the old one says why it failed. Both
 * processes are watched, because when both have ended, there will be no answer.
 */
#include "cli/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"

enum { LOOK_EVERY_MS = 100, LOOK_MAX_MS = 180000 };

struct state {
    json_int_t process;
    json_int_t kept;
    char version[64];
    char trouble[256];
};

/* A process of the server. A process in another PID namespace cannot be watched. */
struct watched {
    json_int_t pid; /* 0: unknown */
    int pidfd;      /* owned; -1: none */
    bool ended;
};

static struct watched
watch(json_int_t pid)
{
    struct watched process = {.pid = pid, .pidfd = -1};

    if (pid > 0)
        process.pidfd = pidfd_open((pid_t)pid, 0);
    return process;
}

/* Checks whether one of them ends within that time. */
static void
look(struct watched *old, struct watched *next, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = old->ended ? -1 : old->pidfd, .events = POLLIN},
                            {.fd = next->ended ? -1 : next->pidfd, .events = POLLIN}};

    if (poll(fds, 2, timeout_ms) <= 0)
        return;
    old->ended = old->ended || fds[0].revents != 0;
    next->ended = next->ended || fds[1].revents != 0;
}

static bool
state_take(void *ctx, const json_t *row, struct span data)
{
    struct state *state = ctx;
    const char *version = json_string_value(json_object_get(row, "version"));
    const char *trouble = json_string_value(json_object_get(row, "trouble"));

    (void)data;
    state->process = json_integer_value(json_object_get(row, "process"));
    state->kept = json_integer_value(json_object_get(row, "kept"));
    snprintf(state->version, sizeof state->version, "%s", version == NULL ? "" : version);
    snprintf(state->trouble, sizeof state->trouble, "%s", trouble == NULL ? "" : trouble);
    return true;
}

static int
print(const struct cli *cli, const struct state *state)
{
    if (cli->json)
        printf("{\"process\":%jd,\"version\":\"%s\",\"kept\":%jd}\n", (intmax_t)state->process,
               state->version, (intmax_t)state->kept);
    else
        printf("Roost %s has taken over as process %jd with %jd sessions\n", state->version,
               (intmax_t)state->process, (intmax_t)state->kept);
    return CLI_OK;
}

/* Waits until one of them answers for the server, or none is left that could. */
static enum rc
await(struct cli *cli, struct watched *old, struct watched *next, struct state *now,
      struct err *err)
{
    const struct asking asking = {.ctx = now, .on_row = state_take};

    for (int ms = 0; ms < LOOK_MAX_MS; ms += LOOK_EVERY_MS) {
        look(old, next, 0);
        /* The new process answers before the old one ends. So if nobody answers after that, and
         * no new process is known, there is none. */
        const bool alone = old->ended && (next->ended || next->pid == 0);
        const enum rc rc =
            ask_running(cli, "upgrade", json_pack("{sb}", "state", 1), &asking, err);
        if (rc == RC_OK && now->process != 0 && now->process != old->pid) /* 0: not yet */
            return RC_OK;
        if (rc == RC_OK && now->process == old->pid && now->trouble[0] != '\0')
            return err_set(err, RC_INVALID, 0, "%s", now->trouble);
        if (rc != RC_OK && alone && next->pid != 0)
            return err_set(err, RC_CLOSED, 0,
                           "the old process %jd and the new process %jd have both ended: no "
                           "server is running; its log says why, start it again",
                           (intmax_t)old->pid, (intmax_t)next->pid);
        if (rc != RC_OK && alone)
            return err_set(
                err, RC_CLOSED, 0,
                "process %jd ended while it was asked: no server is running; its log "
                "says why, start it again",
                (intmax_t)old->pid);
        look(old, next, LOOK_EVERY_MS);
    }
    return err_set(err, RC_BUSY, 0, "the server does not answer; see its log");
}

int
cmd_upgrade(struct cli *cli)
{
    struct state state = {.process = 0};
    struct err err = {.rc = RC_OK};
    const struct asking asking = {.ctx = &state, .on_row = state_take};

    if (cli->argc != 0)
        return cli_usage(cli, "this verb takes no arguments");
    if (cli_config_path(cli) == NULL)
        return CLI_USAGE;
    if (ask_running(cli, "upgrade", json_pack("{sb}", "state", 1), &asking, &err) != RC_OK)
        return cli_fail(cli, CLI_FAILED, &err);
    struct watched old = watch(state.process);
    state = (struct state){.process = 0};
    enum rc rc = ask_running(cli, "upgrade", json_object(), &asking, &err);
    struct watched next = watch(state.process);
    next.ended = next.pid != 0 && next.pidfd < 0 && errno == ESRCH;
    if (rc == RC_OK || rc == RC_CLOSED)
        rc = await(cli, &old, &next, &state, &err);
    fd_close(&old.pidfd);
    fd_close(&next.pidfd);
    return rc == RC_OK ? print(cli, &state) : cli_fail(cli, CLI_FAILED, &err);
}
