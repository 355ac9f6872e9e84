/* SPDX-License-Identifier: MIT */
/* `roost group ...`: groups of accounts, which users can share mailboxes with. */
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>

static bool
print_group(void *ctx, const json_t *row, struct span data)
{
    const json_int_t members = json_integer_value(json_object_get(row, "members"));

    (void)ctx;
    (void)data;
    printf("%-32s %jd member%s\n", json_string_value(json_object_get(row, "group")),
           (intmax_t)members, members == 1 ? "" : "s");
    return true;
}

static bool
print_member(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    printf("%s\n", json_string_value(json_object_get(row, "account")));
    return true;
}

/* GROUP [ACCOUNT...] */
static int
change(struct cli *cli, const char *verb)
{
    const struct asking asking = {0};

    if (cli->argc < 2)
        return cli_usage(cli, "give the name of a group");
    json_t *accounts = json_array();
    for (int i = 2; i < cli->argc; i++)
        if (json_array_append_new(accounts, json_string(cli->argv[i])) != 0) {
            json_decref(accounts);
            return cli_usage(cli, "the name of an account is not UTF-8");
        }
    json_t *args = json_pack("{ss, so}", "group", cli->argv[1], "accounts", accounts);
    if (args == NULL)
        return cli_usage(cli, "the name of the group is not UTF-8");
    return ask(cli, verb, args, &asking);
}

int
cmd_group(struct cli *cli)
{
    const char *what = cli->argc == 0 ? "" : cli->argv[0];
    const struct asking list = {.on_row = cli->json ? ask_print_json : print_group};
    const struct asking members = {.on_row = cli->json ? ask_print_json : print_member};

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (strcmp(what, "add") == 0)
        return change(cli, "group-add");
    if (strcmp(what, "remove") == 0)
        return change(cli, "group-remove");
    if (strcmp(what, "list") == 0)
        return cli->argc == 1 ? ask(cli, "group-list", json_object(), &list)
                              : cli_usage(cli, "list takes no name");
    if (strcmp(what, "members") == 0)
        return cli->argc == 2 ? ask(cli, "group-members",
                                    json_pack("{ss}", "group", cli->argv[1]), &members)
                              : cli_usage(cli, "give the name of one group");
    return cli_usage(cli, "say what to do: add, remove, list or members");
}
