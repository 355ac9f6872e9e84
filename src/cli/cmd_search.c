/* SPDX-License-Identifier: MIT */
/*
 * `roost search`: a bar for each mailbox in which something was found, then the newest
 * messages. Everything that is printed of mail is escaped (terminal_text).
 */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/ask.h"
#include "cli/bar.h"
#include "cli/terminal.h"

enum {
    SHOWN_DEFAULT = 50,
    TEXT_SHOWN = 2000, /* octets */
    INDENT = 4,
    BAR_MOST = 60, /* columns */
};

struct searching {
    const struct cli *cli;
    struct bar bar;
    json_t *mailboxes; /* rows, until the bars are drawn; NULL afterwards */
    bool bold;
    intmax_t found;
};

static intmax_t
number(const json_t *row, const char *name)
{
    return (intmax_t)json_integer_value(json_object_get(row, name));
}

static const char *
text(const json_t *row, const char *name)
{
    return json_string_length(json_object_get(row, name)) == 0
               ? ""
               : terminal_text(row, name, TEXT_SHOWN);
}

/* ---- mailboxes ---- */

struct columns {
    size_t name;
    size_t count;
    size_t bar;
    intmax_t most; /* found in one mailbox */
};

static struct columns
columns_of(const json_t *mailboxes)
{
    const size_t all = terminal_columns() - 1;
    struct columns columns = {.most = 1};
    size_t index;
    const json_t *row;

    json_array_foreach(mailboxes, index, row)
    {
        const size_t name = terminal_width(text(row, "mailbox"));
        columns.name = name > columns.name ? name : columns.name;
        columns.most =
            number(row, "found") > columns.most ? number(row, "found") : columns.most;
    }
    columns.name = columns.name > all / 3 ? all / 3 : columns.name;
    columns.count = (size_t)snprintf(NULL, 0, "%jd", columns.most);
    columns.bar = all - columns.name - columns.count - 4;
    columns.bar = columns.bar > BAR_MOST ? BAR_MOST : columns.bar;
    return columns;
}

static void
bars_print(struct searching *searching)
{
    const struct columns columns = columns_of(searching->mailboxes);
    const char *block = terminal_is_utf8() ? "\u2588" : "#";
    size_t index;
    const json_t *row;

    json_array_foreach(searching->mailboxes, index, row)
    {
        const intmax_t found = number(row, "found");
        const size_t used = terminal_print(text(row, "mailbox"), columns.name);
        printf("%*s  %*jd  ", (int)(columns.name - used), "", (int)columns.count, found);
        /* at least one block */
        for (intmax_t i = 0; i == 0 || (i + 1) * columns.most <= found * (intmax_t)columns.bar;
             i++)
            fputs(block, stdout);
        putchar('\n');
    }
    json_decref(searching->mailboxes);
    searching->mailboxes = NULL;
}

/* ---- messages ---- */

/* The end of text that fits into so many columns. */
static const char *
end_of(const char *text, size_t columns)
{
    while (terminal_width(text) > columns)
        do
            text++;
        while (((unsigned char)*text & 0xc0) == 0x80);
    return text;
}

/* The match is always there, as far as there is room; around it, twice as much of what comes
 * after it as of what comes before it. */
static void
snippet_print(const struct searching *searching, const json_t *row)
{
    const char *mark = searching->bold ? "\033[1m" : "*";
    const char *unmark = searching->bold ? "\033[0m" : "*";
    const char *match = text(row, "match");
    const char *after = text(row, "after");
    size_t left = terminal_columns() - 1 - INDENT - (searching->bold ? 0 : 2);
    const size_t middle = terminal_width(match);
    const size_t room = middle < left ? left - middle : 0;
    const size_t behind =
        terminal_width(after) < room * 2 / 3 ? terminal_width(after) : room * 2 / 3;

    if (match[0] == '\0')
        return;
    printf("%*s", INDENT, "");
    left -= terminal_print(end_of(text(row, "before"), room - behind), left);
    fputs(mark, stdout);
    left -= terminal_print(match, left);
    fputs(unmark, stdout);
    terminal_print(after, left);
    putchar('\n');
}

static void
message_print(const struct searching *searching, const json_t *row)
{
    const size_t all = terminal_columns() - 1;
    char date[TERMINAL_AGE];
    char head[TERMINAL_AGE + TEXT_SHOWN * 2 + 128];

    terminal_date(date, number(row, "date") * 1000);
    snprintf(head, sizeof head, "%.16s  %s  %jd  %s", date, text(row, "mailbox"),
             number(row, "uid"), text(row, "from"));
    putchar('\n');
    terminal_print(head, all);
    if (text(row, "subject")[0] != '\0') {
        printf("\n%*s", INDENT, "");
        terminal_print(text(row, "subject"), all - INDENT);
    }
    putchar('\n');
    snippet_print(searching, row);
}

static void
end_print(const json_t *row)
{
    const intmax_t found = number(row, "found");
    const intmax_t shown = number(row, "shown");

    printf("%s%jd message%s found", found > 0 ? "\n" : "", found, found == 1 ? "" : "s");
    if (shown < found)
        printf("; these are the newest %jd", shown);
    putchar('\n');
}

static bool
search_row(void *ctx, const json_t *row, struct span data)
{
    struct searching *searching = ctx;

    if (json_object_get(row, "done") != NULL) {
        bar_draw(&searching->bar, (uint64_t)number(row, "done"), (uint64_t)number(row, "of"));
        return true;
    }
    bar_end(&searching->bar);
    if (json_object_get(row, "shown") != NULL)
        searching->found = number(row, "found");
    if (searching->cli->json)
        return ask_print_json(NULL, row, data);
    if (json_object_get(row, "messages") != NULL)
        return json_array_append_new(searching->mailboxes, json_deep_copy(row)) == 0;
    if (searching->mailboxes != NULL)
        bars_print(searching);
    if (json_object_get(row, "shown") != NULL)
        end_print(row);
    else
        message_print(searching, row);
    return true;
}

/* ---- the verb ---- */

/* Reads the options; what is left is the account and the words. Returns NULL, or what is wrong.
 */
static const char *
options_read(struct cli *cli, const char **mailbox_out, uint64_t *limit_out)
{
    const char *limit = cli_value_take(cli, "--limit");

    *mailbox_out = cli_value_take(cli, "--mailbox");
    *limit_out = SHOWN_DEFAULT;
    if (limit != NULL &&
        (!span_to_u64(span_of_str(limit), LIMIT_FIND_SHOWN, limit_out) || *limit_out == 0))
        return "the limit is a number from 1 to 10000";
    return NULL;
}

int
cmd_search(struct cli *cli)
{
    struct searching searching = {.cli = cli, .bold = terminal_has_bold()};
    const struct asking asking = {.ctx = &searching, .on_row = search_row};
    const char *mailbox;
    uint64_t limit;

    const char *wrong = options_read(cli, &mailbox, &limit);
    if (wrong != NULL)
        return cli_usage(cli, wrong);
    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc < 2)
        return cli_usage(cli, "give an account and words");
    json_t *words = json_array();
    for (int i = 1; i < cli->argc; i++)
        if (json_array_append_new(words, json_string(cli->argv[i])) != 0) {
            json_decref(words);
            return cli_usage(cli, "the words are not UTF-8");
        }
    searching.mailboxes = json_array();
    bar_init(&searching.bar);
    const int code = ask(cli, "search",
                         json_pack("{ss, so, ss*, sI}", "account", cli->argv[0], "words", words,
                                   "mailbox", mailbox, "limit", (json_int_t)limit),
                         &asking);
    bar_end(&searching.bar);
    json_decref(searching.mailboxes);
    return code == CLI_OK && searching.found == 0 ? CLI_FAILED : code;
}
