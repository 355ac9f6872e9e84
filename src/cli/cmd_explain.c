/* SPDX-License-Identifier: MIT */
/*
 * `roost explain`: why sessions ended. The argument is the number of a session, an account, or
 * logs of other programs (files: cmd_explain_files.c); this file decides which.
 */
#include "cli/ask.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/explain_print.h"

enum { SINCE_DEFAULT_S = 7 * 86400 };

/* An argument that names a file: it has a slash, or is not a number and there is such a
 * file. */
static bool
is_file(const char *arg)
{
    return strchr(arg, '/') != NULL ||
           (arg[strspn(arg, "0123456789")] != '\0' && access(arg, F_OK) == 0);
}

/* Whether files are given: an argument that is neither an option nor an option's value. */
static bool
names_files(const struct cli *cli)
{
    for (int i = 0; i < cli->argc; i++) {
        const bool is_word = i >= cli->argc - cli->words;
        if (!is_word &&
            (strcmp(cli->argv[i], "--account") == 0 || strcmp(cli->argv[i], "--since") == 0))
            i++;
        else if ((is_word || cli->argv[i][0] != '-') && is_file(cli->argv[i]))
            return true;
    }
    return false;
}

/* The values of the options; NULL: not given. */
struct explain_args {
    const char *account;
    const char *since;
    const char *number;
};

/* False: something is wrong, and was reported. */
static bool
args_take(struct cli *cli, struct explain_args *out)
{
    out->account = cli_value_take(cli, "--account");
    out->since = cli_value_take(cli, "--since");
    out->number = cli->argc == 1 ? cli->argv[0] : NULL;
    if (cli_option_left(cli) != NULL || cli->argc > 1) {
        cli_usage(cli, "give the number of a session, --account NAME, or files");
        return false;
    }
    if ((out->account == NULL) == (out->number == NULL) ||
        (out->since != NULL && out->account == NULL)) {
        cli_usage(cli, "give the number of a session, --account NAME, or files");
        return false;
    }
    return true;
}

/* "12h", "7d", "2026-11-20" as wall time. */
static bool
since_parse(const char *text, int64_t now_ms, int64_t *ms_out)
{
    static const char units[] = "smhd";
    static const int64_t unit_s[] = {1, 60, 3600, 86400};
    const size_t len = strlen(text);
    const char *unit = len == 0 ? NULL : strchr(units, text[len - 1]);
    struct tm tm = {.tm_isdst = -1};
    uint64_t number;

    if (unit != NULL && span_to_u64(span_of(text, len - 1), 36500, &number)) {
        *ms_out = now_ms - (int64_t)number * unit_s[unit - units] * 1000;
        return true;
    }
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (end == NULL || *end != '\0')
        return false;
    const time_t at = mktime(&tm);
    *ms_out = (int64_t)at * 1000;
    return at != (time_t)-1;
}

static int
explain_account(struct cli *cli, const struct explain_args *given)
{
    const int64_t now_ms = clock_wall_us(&clock_system) / 1000;
    int64_t since_ms = now_ms - (int64_t)SINCE_DEFAULT_S * 1000;
    struct explain_account account = {0};
    const struct asking asking = {.ctx = &account,
                                  .on_row = cli->json ? ask_print_json : explain_gather};

    if (given->since != NULL && !since_parse(given->since, now_ms, &since_ms))
        return cli_usage(cli, "--since takes an age such as 12h or 7d, or a day: 2026-11-20");
    const int code =
        ask(cli, "explain",
            json_pack("{ss, sI}", "account", given->account, "since_ms", (json_int_t)since_ms),
            &asking);
    explain_print_account(&account);
    return code;
}

int
cmd_explain(struct cli *cli)
{
    const struct asking asking = {.on_row = cli->json ? ask_print_json : explain_print_session};
    struct explain_args given = {0};
    uint64_t number = 0;

    if (names_files(cli))
        return cmd_explain_files(cli);
    if (!args_take(cli, &given))
        return CLI_USAGE;
    if (given.account != NULL)
        return explain_account(cli, &given);
    if (!span_to_u64(span_of_str(given.number), INT64_MAX, &number) || number == 0)
        return cli_usage(cli, "a session's number, --account NAME or files are needed");
    return ask(cli, "explain", json_pack("{sI}", "session", (json_int_t)number), &asking);
}
