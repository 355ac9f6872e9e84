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

/* The columns of a row, as text. The last one is not padded. */
enum { COLUMNS = 12, CELL_OCTETS = 256, NUMBERS_FROM = 9, NUMBERS_TO = 10 };

struct session_row {
    char cells[COLUMNS][CELL_OCTETS];
};

static const struct session_row head = {{"SESSION", "", "ACCOUNT", "STATE", "MAILBOX", "PEER",
                                         "TLS", "IDLE", "ACKED", "IN", "OUT", "CLIENT"}};

struct sessions {
    json_t *rows; /* an array */
};

static bool
gather_session(void *ctx, const json_t *row, struct span data)
{
    struct sessions *sessions = ctx;

    (void)data;
    return json_array_append_new(sessions->rows, json_deep_copy(row)) == 0;
}

/* "yes", and whether the connection is compressed too. */
static const char *
privacy_of(const json_t *row)
{
    const bool compressed = json_is_true(json_object_get(row, "compressed"));

    if (json_is_true(json_object_get(row, "tls")))
        return compressed ? "yes+deflate" : "yes";
    return compressed ? "no+deflate" : "no";
}

static void
row_make(const json_t *row, struct session_row *out)
{
    const json_t *acked = json_object_get(row, "acknowledged");
    char idle[TERMINAL_AGE];
    char acknowledged[TERMINAL_AGE] = "-";
    char in[TERMINAL_AGE];
    char octets_out[TERMINAL_AGE];
    char number[TERMINAL_AGE];
    char client[CELL_OCTETS];
    const char *rule = text_of(row, "rule");

    snprintf(client, sizeof client, rule[0] == '\0' ? "%s" : "%s (%s)", text_of(row, "client"),
             rule);
    terminal_age(idle, json_number_value(json_object_get(row, "idle")));
    if (json_is_number(acked))
        terminal_age(acknowledged, json_number_value(acked));
    snprintf(number, sizeof number, "%jd",
             (intmax_t)json_integer_value(json_object_get(row, "session")));
    snprintf(in, sizeof in, "%jd", (intmax_t)json_integer_value(json_object_get(row, "in")));
    snprintf(octets_out, sizeof octets_out, "%jd",
             (intmax_t)json_integer_value(json_object_get(row, "out")));
    const char *const texts[COLUMNS] = {
        number,
        text_of(row, "service"),
        text_of(row, "account"),
        json_is_true(json_object_get(row, "suspect")) ? "suspect" : text_of(row, "state"),
        text_of(row, "mailbox"),
        text_of(row, "peer"),
        privacy_of(row),
        idle,
        acknowledged,
        in,
        octets_out,
        client,
    };
    for (size_t i = 0; i < COLUMNS; i++)
        snprintf(out->cells[i], CELL_OCTETS, "%s", texts[i]);
}

static void
widths_of(const struct session_row *row, size_t *widths)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        const size_t width = terminal_width(row->cells[i]);
        if (width > widths[i])
            widths[i] = width;
    }
}

/* Makes each cell as wide as the widest in its column. The number of octets does not say how
 * wide a text is. */
static void
print_row(const struct session_row *row, const size_t *widths)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        const int blanks = (int)(widths[i] - terminal_width(row->cells[i]));
        const bool right = i >= NUMBERS_FROM && i <= NUMBERS_TO;
        if (right)
            printf("%*s", blanks, "");
        fputs(row->cells[i], stdout);
        if (!right && i + 1 < COLUMNS)
            printf("%*s", blanks, "");
        putchar(i + 1 < COLUMNS ? ' ' : '\n');
    }
}

static void
print_sessions(const json_t *rows)
{
    size_t widths[COLUMNS] = {0};
    struct session_row text;
    size_t i;
    json_t *row;

    if (json_array_size(rows) == 0)
        return;
    widths_of(&head, widths);
    json_array_foreach(rows, i, row)
    {
        row_make(row, &text);
        widths_of(&text, widths);
    }
    print_row(&head, widths);
    json_array_foreach(rows, i, row)
    {
        row_make(row, &text);
        print_row(&text, widths);
    }
}

int
cmd_sessions(struct cli *cli)
{
    struct sessions sessions = {.rows = json_array()};
    const struct asking asking = {.ctx = &sessions,
                                  .on_row = cli->json ? ask_print_json : gather_session};
    const char *account = cli_value_take(cli, "--account");

    if (cli->argc != 0) {
        json_decref(sessions.rows);
        return cli_usage(cli, "only --account NAME is possible");
    }
    const int code = ask(cli, "sessions", json_pack("{ss*}", "account", account), &asking);
    if (code == CLI_OK && !cli->json && json_array_size(sessions.rows) == 0)
        printf("nobody is connected\n");
    print_sessions(sessions.rows);
    json_decref(sessions.rows);
    return code;
}

static bool
print_kicked(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    printf("%jd sessions are being ended\n",
           (intmax_t)json_integer_value(json_object_get(row, "kicked")));
    return true;
}

int
cmd_kick(struct cli *cli)
{
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_kicked};
    const char *account = cli_value_take(cli, "--account");
    const int used = account != NULL ? 0 : 1;
    uint64_t number = 0;

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    json_t *args = json_object();
    if (account != NULL) {
        json_object_set_new(args, "account", json_string(account));
    } else if (cli->argc < 1 || !span_to_u64(span_of_str(cli->argv[0]), INT64_MAX, &number)) {
        json_decref(args);
        return cli_usage(cli, "give the number of a session, or --account NAME");
    } else {
        json_object_set_new(args, "session", json_integer((json_int_t)number));
    }
    if (cli->argc > used + 1) {
        json_decref(args);
        return cli_usage(cli, "put the words for the client in quotes");
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
    if (json_object_get(row, "account") == NULL)
        printf("levels: %s\n", text_of(row, "levels"));
    else
        printf("levels of %s: %s%s\n", text_of(row, "account"), text_of(row, "levels"),
               json_is_true(json_object_get(row, "own")) ? "" : " (as for all accounts)");
    return true;
}

int
cmd_log(struct cli *cli)
{
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_levels};
    const char *account = cli_value_take(cli, "--account");

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc > 1)
        return cli_usage(cli, "put several services in quotes: \"SF imap:APSF\"");
    return ask(cli, "log",
               json_pack("{ss*, ss*}", "account", account, "levels",
                         cli->argc == 0 ? NULL : cli->argv[0]),
               &asking);
}
