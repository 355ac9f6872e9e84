/* SPDX-License-Identifier: MIT */
/* What all verbs need: their options, and what they print if they fail. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

int
cli_fail(const struct cli *cli, int code, const struct err *err)
{
    fprintf(stderr, "roost %s: %s\n", cli->verb,
            err->text[0] == '\0' ? rc_name(err->rc) : err->text);
    return code;
}

int
cli_usage(const struct cli *cli, const char *sentence)
{
    fprintf(stderr, "roost %s: %s\nusage: %s\n", cli->verb, sentence, cli->synopsis);
    return CLI_USAGE;
}

const char *
cli_config_path(const struct cli *cli)
{
    if (cli->config_path == NULL)
        cli_usage(cli, "no configuration: give -c DIR/roost.conf or set ROOST_CONF");
    return cli->config_path;
}

const char *
cli_value_take(struct cli *cli, const char *flag)
{
    for (int i = 0; i + 1 < cli->argc; i++) {
        if (strcmp(cli->argv[i], flag) != 0)
            continue;
        const char *value = cli->argv[i + 1];
        for (int k = i + 2; k < cli->argc; k++)
            cli->argv[k - 2] = cli->argv[k];
        cli->argc -= 2;
        return value;
    }
    return NULL;
}
