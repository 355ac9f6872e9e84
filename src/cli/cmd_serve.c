/* SPDX-License-Identifier: MIT */
/* `roost serve`: the server in the foreground. Everything is in daemon/server.c. */
#include "cli/cli.h"
#include "daemon/server.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TAKEOVER_SOCK = 3 }; /* where daemon/upgrade.c puts it; the argument only tells people */

/* The program that an upgrade starts: the path by which this one was called, so that a link
 * that now leads to a newer version is followed; the file itself if it was found through PATH.
 * Static memory. */
static const char *
binary_path(const struct cli *cli)
{
    static char path[PATH_MAX];

    if (strchr(cli->program, '/') == NULL) {
        const ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
        return len <= 0 ? NULL : path;
    }
    if (cli->program[0] == '/')
        return cli->program;
    char here[PATH_MAX / 2];
    if (getcwd(here, sizeof here) == NULL ||
        snprintf(path, sizeof path, "%s/%s", here, cli->program) >= (int)sizeof path)
        return NULL;
    return path;
}

int
cmd_serve(struct cli *cli)
{
    const bool takeover = cli->argc == 2 && strcmp(cli->argv[0], "--takeover") == 0;
    const struct serve_options options = {
        .config_path = cli_config_path(cli),
        .binary = binary_path(cli),
        .takeover_sock = takeover ? TAKEOVER_SOCK : 0,
        .overrides = cli->overrides,
        .override_count = cli->override_count,
    };
    struct err err = {.rc = RC_OK};

    if (cli->argc != 0 && !takeover)
        return cli_usage(cli, "this verb takes no arguments");
    if (options.config_path == NULL)
        return CLI_USAGE;
    return server_run(&options, &err) == RC_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, &err);
}
