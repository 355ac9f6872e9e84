/* SPDX-License-Identifier: MIT */
/*
 * `roost explain`: why did it end? A session by its number, an account, or the logs of other
 * programs (files: cmd_explain_files.c). What is asked is decided here.
 */
#include "cli/ask.h"

#include <string.h>
#include <unistd.h>

/* An argument that names a file: there is one, or it has a slash. */
static bool
is_file(const char *arg)
{
    return strchr(arg, '/') != NULL || access(arg, F_OK) == 0;
}

/* What the options say; NULL: not given. */
struct explain_args {
    const char *account;
    const char *since;
    const char *number;
};

/* False after saying what is wrong. */
static bool
args_take(struct cli *cli, struct explain_args *out)
{
    for (int i = 0; i < cli->argc; i++) {
        const char *arg = cli->argv[i];
        const bool has_value = i + 1 < cli->argc;
        if (strcmp(arg, "--account") == 0 && has_value) {
            out->account = cli->argv[++i];
        } else if (strcmp(arg, "--since") == 0 && has_value) {
            out->since = cli->argv[++i];
        } else if (arg[0] == '-' || out->number != NULL) {
            cli_usage(cli, "a session's number, --account NAME or files are needed");
            return false;
        } else {
            out->number = arg;
        }
    }
    if ((out->account == NULL) == (out->number == NULL) ||
        (out->since != NULL && out->account == NULL)) {
        cli_usage(cli, "a session's number, --account NAME or files are needed");
        return false;
    }
    return true;
}

int
cmd_explain(struct cli *cli)
{
    const struct asking asking = {.on_row = ask_print_json};
    struct explain_args given = {0};
    uint64_t number = 0;

    for (int i = 0; i < cli->argc; i++)
        if (cli->argv[i][0] != '-' && is_file(cli->argv[i]))
            return cmd_explain_files(cli);
    if (!args_take(cli, &given))
        return CLI_USAGE;
    json_t *args = json_object();
    if (given.account != NULL) {
        json_object_set_new(args, "account", json_string(given.account));
    } else if (span_to_u64(span_of_str(given.number), INT64_MAX, &number)) {
        json_object_set_new(args, "session", json_integer((json_int_t)number));
    } else {
        json_decref(args);
        return cli_usage(cli, "a session's number, --account NAME or files are needed");
    }
    return ask(cli, "explain", args, &asking);
}
