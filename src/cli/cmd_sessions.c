/* SPDX-License-Identifier: MIT */
/* `roost sessions`, `roost kick`, `roost log`: a running server. */
#include "cli/ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/terminal.h"

enum { NAME_SHOWN = 200 };

static const char *
text_of(const json_t *row, const char *name)
{
    return terminal_text(row, name, NAME_SHOWN);
}

static bool
print_session(void *ctx, const json_t *row, struct span data)
{
    const json_t *acknowledged = json_object_get(row, "acknowledged");
    bool *header = ctx;
    char idle[TERMINAL_AGE];
    char acked[TERMINAL_AGE] = "-";

    (void)data;
    if (!*header) {
        printf("%-8s %-5s %-24s %-14s %-20s %-22s %-4s %-6s %-6s %10s %10s %s\n", "SESSION", "",
               "ACCOUNT", "STATE", "MAILBOX", "PEER", "TLS", "IDLE", "ACKED", "IN", "OUT",
               "CLIENT");
        *header = true;
    }
    terminal_age(idle, json_number_value(json_object_get(row, "idle")));
    if (json_is_number(acknowledged))
        terminal_age(acked, json_number_value(acknowledged));
    printf("%-8jd %-5s %-24s %-14s %-20s %-22s %-4s %-6s %-6s %10jd %10jd %s\n",
           (intmax_t)json_integer_value(json_object_get(row, "session")),
           text_of(row, "service"), text_of(row, "account"),
           json_is_true(json_object_get(row, "suspect")) ? "suspect" : text_of(row, "state"),
           text_of(row, "mailbox"), text_of(row, "peer"),
           json_is_true(json_object_get(row, "tls")) ? "yes" : "no", idle, acked,
           (intmax_t)json_integer_value(json_object_get(row, "in")),
           (intmax_t)json_integer_value(json_object_get(row, "out")), text_of(row, "client"));
    return true;
}

int
cmd_sessions(struct cli *cli)
{
    bool header = false;
    const struct asking asking = {.ctx = &header,
                                  .on_row = cli->json ? ask_print_json : print_session};
    json_t *args = json_object();

    if (cli->argc == 2 && strcmp(cli->argv[0], "--account") == 0) {
        json_object_set_new(args, "account", json_string(cli->argv[1]));
    } else if (cli->argc != 0) {
        json_decref(args);
        return cli_usage(cli, "only --account NAME is taken");
    }
    return ask(cli, "sessions", args, &asking);
}

static bool
print_kicked(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    printf("%jd sessions told to go\n",
           (intmax_t)json_integer_value(json_object_get(row, "kicked")));
    return true;
}

int
cmd_kick(struct cli *cli)
{
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_kicked};
    const bool by_account = cli->argc >= 2 && strcmp(cli->argv[0], "--account") == 0;
    const int used = by_account ? 2 : 1;
    uint64_t number = 0;
    json_t *args = json_object();

    if (by_account) {
        json_object_set_new(args, "account", json_string(cli->argv[1]));
    } else if (cli->argc < 1 || !span_to_u64(span_of_str(cli->argv[0]), INT64_MAX, &number)) {
        json_decref(args);
        return cli_usage(cli, "a session's number or --account NAME is needed");
    } else {
        json_object_set_new(args, "session", json_integer((json_int_t)number));
    }
    if (cli->argc > used + 1) {
        json_decref(args);
        return cli_usage(cli, "put the words for the client into quotes");
    }
    if (cli->argc == used + 1 &&
        json_object_set_new(args, "words", json_string(cli->argv[used])) != 0) {
        json_decref(args);
        return cli_usage(cli, "the words must be UTF-8");
    }
    return ask(cli, "kick", args, &asking);
}

static bool
print_levels(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    printf("levels: %s\n", text_of(row, "levels"));
    return true;
}

int
cmd_log(struct cli *cli)
{
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_levels};
    json_t *args = json_object();
    const char *levels = NULL;
    bool usage = false;

    for (int i = 0; i < cli->argc; i++) {
        if (strcmp(cli->argv[i], "--account") == 0 && i + 1 < cli->argc)
            json_object_set_new(args, "account", json_string(cli->argv[++i]));
        else if (levels == NULL)
            levels = cli->argv[i];
        else
            usage = true;
    }
    if (usage) {
        json_decref(args);
        return cli_usage(cli, "put several services into quotes: \"SF imap:APSF\"");
    }
    if (levels != NULL)
        json_object_set_new(args, "levels", json_string(levels));
    return ask(cli, "log", args, &asking);
}
