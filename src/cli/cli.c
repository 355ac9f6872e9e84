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

/* Where an option is, with so many arguments behind it that are its own. -1: nowhere. */
static int
option_find(const struct cli *cli, const char *option, int own)
{
    for (int i = 0; i + own < cli->argc - cli->words; i++)
        if (strcmp(cli->argv[i], option) == 0)
            return i;
    return -1;
}

static void
remove_at(struct cli *cli, int at, int count)
{
    for (int i = at + count; i < cli->argc; i++)
        cli->argv[i - count] = cli->argv[i];
    cli->argc -= count;
}

bool
cli_flag_take(struct cli *cli, const char *option)
{
    const int at = option_find(cli, option, 0);

    if (at >= 0)
        remove_at(cli, at, 1);
    return at >= 0;
}

const char *
cli_value_take(struct cli *cli, const char *option)
{
    const int at = option_find(cli, option, 1);

    if (at < 0)
        return NULL;
    const char *value = cli->argv[at + 1];
    remove_at(cli, at, 2);
    return value;
}

const char *
cli_option_left(const struct cli *cli)
{
    for (int i = 0; i < cli->argc - cli->words; i++)
        if (cli->argv[i][0] == '-' && cli->argv[i][1] != '\0')
            return cli->argv[i];
    return NULL;
}

int
cli_usage_option(const struct cli *cli)
{
    char sentence[200];

    snprintf(sentence, sizeof sentence,
             "%.60s is no option here, or has no value; if it is none, put -- before it",
             cli_option_left(cli));
    return cli_usage(cli, sentence);
}
