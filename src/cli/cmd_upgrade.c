/* SPDX-License-Identifier: MIT */
/*
 * `roost upgrade`: the running server starts the binary on disk and hands over to it. Asks, and
 * then looks until the new process answers, or the old one says why it did not come to that.
 */
#include "cli/ask.h"

#include <poll.h>
#include <stdio.h>

enum { LOOK_EVERY_MS = 100, LOOK_MAX_MS = 180000 };

struct state {
    json_int_t process;
    json_int_t kept;
    char version[64];
    char trouble[256];
};

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

int
cmd_upgrade(struct cli *cli)
{
    struct state before = {.process = 0};
    struct state now = {.process = 0};
    struct err err = {.rc = RC_OK};
    const struct asking ask_before = {.ctx = &before, .on_row = state_take};
    const struct asking ask_now = {.ctx = &now, .on_row = state_take};

    if (cli->argc != 0)
        return cli_usage(cli, "this verb takes no arguments");
    if (cli_config_path(cli) == NULL)
        return CLI_USAGE;
    if (ask_running(cli, "upgrade", json_pack("{sb}", "state", 1), &ask_before, &err) != RC_OK)
        return cli_fail(cli, CLI_FAILED, &err);
    const json_int_t old = before.process;
    const enum rc rc = ask_running(cli, "upgrade", json_object(), &ask_before, &err);
    if (rc != RC_OK && rc != RC_CLOSED)
        return cli_fail(cli, CLI_FAILED, &err);
    for (int ms = 0; ms < LOOK_MAX_MS; ms += LOOK_EVERY_MS) {
        if (ask_running(cli, "upgrade", json_pack("{sb}", "state", 1), &ask_now, &err) ==
            RC_OK) {
            if (now.process != 0 && now.process != old) /* 0: it does not serve yet */
                return print(cli, &now);
            if (now.process == old && now.trouble[0] != '\0') {
                err_set(&err, RC_INVALID, 0, "%s", now.trouble);
                return cli_fail(cli, CLI_FAILED, &err);
            }
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    err_set(&err, RC_BUSY, 0, "the server does not answer; see its log");
    return cli_fail(cli, CLI_FAILED, &err);
}
