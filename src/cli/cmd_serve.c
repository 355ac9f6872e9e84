/* SPDX-License-Identifier: MIT */
/* `roost serve`: the server in the foreground. Everything is in daemon/server.c. */
#include "cli/cli.h"
#include "daemon/server.h"

int
cmd_serve(struct cli *cli)
{
    const struct serve_options options = {
        .config_path = cli_config_path(cli),
        .overrides = cli->overrides,
        .override_count = cli->override_count,
    };
    struct err err = {.rc = RC_OK};

    if (cli->argc != 0)
        return cli_usage(cli, "no arguments are taken");
    if (options.config_path == NULL)
        return CLI_USAGE;
    return server_run(&options, &err) == RC_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, &err);
}
