/* SPDX-License-Identifier: MIT */
/* `roost index`: the index of an account's texts, made now and waited for, or shown. */
#include "cli/ask.h"
#include "cli/bar.h"

#include <stdio.h>

struct indexing {
    const struct cli *cli;
    struct bar bar;
    bool shows;
};

static intmax_t
number(const json_t *row, const char *name)
{
    return (intmax_t)json_integer_value(json_object_get(row, name));
}

/* "17.5 MiB" */
static void
size_print(intmax_t octets)
{
    if (octets < 1 << 20)
        printf("%jd KiB", (octets + 1023) / 1024);
    else
        printf("%.1f MiB", (double)octets / (1 << 20));
}

static void
state_print(const struct indexing *indexing, const json_t *row)
{
    if (!json_is_true(json_object_get(row, "exists"))) {
        printf("%s: no index\n", json_string_value(json_object_get(row, "account")));
        return;
    }
    if (!indexing->shows)
        printf("%jd messages added", number(row, "added"));
    if (!indexing->shows && number(row, "unsure") > 0)
        printf(", %jd of them have to be read by every search", number(row, "unsure"));
    if (!indexing->shows)
        putchar('\n');
    printf("%s: %jd messages", json_string_value(json_object_get(row, "account")),
           number(row, "messages"));
    if (number(row, "dead") > 0)
        printf(", of which %jd are gone", number(row, "dead"));
    if (number(row, "behind") > 0)
        printf(", %jd not yet indexed", number(row, "behind"));
    printf("; ");
    size_print(number(row, "octets"));
    if (number(row, "text_octets") > 0)
        printf(", %.0f %% of the text",
               100.0 * (double)number(row, "octets") / (double)number(row, "text_octets"));
    putchar('\n');
}

/* What happened to all indexes. */
static void
all_print(const json_t *row)
{
    printf(
        "Since the server started: messages indexed: %jd; samples compared with messages: %jd, "
        "of them wrong: %jd; indexes made anew: %jd; indexes removed by searches: %jd\n",
        number(row, "added"), number(row, "checks"), number(row, "failed"), number(row, "anew"),
        number(row, "removed"));
    if (number(row, "attached") > 0 || number(row, "unread") > 0)
        printf("Attachments: messages indexed with text of theirs: %jd; attachments of which "
               "none was made: %jd\n",
               number(row, "attached"), number(row, "unread"));
    printf("Waiting to be indexed: messages: %jd; accounts: %jd\n",
           number(row, "messages_waiting"), number(row, "accounts_waiting"));
}

static bool
index_row(void *ctx, const json_t *row, struct span data)
{
    struct indexing *indexing = ctx;
    const json_t *anew = json_object_get(row, "anew");

    if (json_object_get(row, "of") != NULL && !indexing->cli->json) {
        bar_draw(&indexing->bar, (uint64_t)number(row, "done"), (uint64_t)number(row, "of"));
        return true;
    }
    bar_end(&indexing->bar);
    if (indexing->cli->json)
        return ask_print_json(NULL, row, data);
    if (json_object_get(row, "accounts_waiting") != NULL)
        all_print(row);
    else if (anew != NULL)
        printf("made anew: %s\n", json_string_value(anew));
    else
        state_print(indexing, row);
    return true;
}

int
cmd_index(struct cli *cli)
{
    struct indexing indexing = {.cli = cli};
    const struct asking asking = {.ctx = &indexing, .on_row = index_row};
    const bool anew = cli_flag_take(cli, "--anew");

    indexing.shows = cli_flag_take(cli, "--show");
    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 1 && !(cli->argc == 0 && indexing.shows))
        return cli_usage(cli, "give an account, or --show alone");
    if (anew && indexing.shows)
        return cli_usage(cli, "give --anew or --show");
    bar_init(&indexing.bar);
    const int code =
        ask(cli, "index",
            json_pack("{ss*, sb, sb}", "account", cli->argc == 0 ? NULL : cli->argv[0], "anew",
                      anew, "show", indexing.shows),
            &asking);
    bar_end(&indexing.bar);
    return code;
}
