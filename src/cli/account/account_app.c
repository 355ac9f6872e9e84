/* SPDX-License-Identifier: MIT */
/* `roost account app-password`: passwords of single devices. */
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"

enum { DAY_OCTETS = 16 };

static void
print_protocols(const json_t *protocols)
{
    size_t i;
    const json_t *name;

    if (!json_is_array(protocols))
        return;
    printf(", only for");
    json_array_foreach(protocols, i, name) printf(" %s", json_string_value(name));
}

/* ", expires 2027-01-31"; nothing when it is null. */
static void
print_day(const char *before, const json_t *seconds)
{
    const time_t when = (time_t)json_integer_value(seconds);
    char day[DAY_OCTETS];
    struct tm tm;

    if (!json_is_integer(seconds))
        return;
    gmtime_r(&when, &tm);
    strftime(day, sizeof day, "%Y-%m-%d", &tm);
    printf("%s %s", before, day);
}

static bool
print_row(void *ctx, const json_t *row, struct span data)
{
    const json_t *used = json_object_get(row, "used");

    (void)ctx;
    (void)data;
    printf("%-4jd %-32s", (intmax_t)json_integer_value(json_object_get(row, "id")),
           json_string_value(json_object_get(row, "name")));
    print_day(" made", json_object_get(row, "created"));
    if (json_is_integer(used))
        print_day(", last used", used);
    else
        printf(", not used yet");
    print_day(", expires", json_object_get(row, "expires"));
    print_protocols(json_object_get(row, "protocols"));
    printf("\n");
    return true;
}

static bool
print_password(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    fprintf(stderr, "This is shown only once; enter it as it stands here:\n");
    printf("%s\n", json_string_value(json_object_get(row, "password")));
    return true;
}

/* "imap,..." to an array. NULL: no memory. */
static json_t *
protocols_read(const char *text)
{
    json_t *list = json_array();
    struct span rest = span_of_str(text);

    while (list != NULL && rest.len > 0) {
        const ptrdiff_t comma = span_find_char(rest, ',');
        const size_t len = comma < 0 ? rest.len : (size_t)comma;
        json_array_append_new(list, json_stringn(rest.ptr, len));
        rest = span_tail(rest, len + 1);
    }
    return list;
}

static int
add(struct cli *cli)
{
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_password};
    const char *days_text = cli_value_take(cli, "--days");
    const char *only = cli_value_take(cli, "--only");
    uint64_t days = 0;

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 4)
        return cli_usage(cli, "give the name of an account and a name for the device");
    if (days_text != NULL &&
        (!span_to_u64(span_of_str(days_text), LIMIT_APP_PASSWORD_DAYS, &days) || days == 0))
        return cli_usage(cli, "--days needs a number from 1 to 3650");
    json_t *args = json_pack("{ss, ss, ss, so*, so*}", "account", cli->argv[2], "what", "add",
                             "name", cli->argv[3], "days",
                             days_text == NULL ? NULL : json_integer((json_int_t)days),
                             "protocols", only == NULL ? NULL : protocols_read(only));
    if (args == NULL)
        return cli_usage(cli, "the names are not UTF-8");
    return ask(cli, "account-app-password", args, &asking);
}

int
account_app_password(struct cli *cli)
{
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_row};
    const char *what = cli->argc < 2 ? "" : cli->argv[1];

    if (strcmp(what, "add") == 0)
        return add(cli);
    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (strcmp(what, "list") == 0 && cli->argc == 3)
        return ask(cli, "account-app-password",
                   json_pack("{ss, ss}", "account", cli->argv[2], "what", "list"), &asking);
    if (strcmp(what, "remove") == 0 && cli->argc == 4)
        return ask(cli, "account-app-password",
                   json_pack("{ss, ss, ss}", "account", cli->argv[2], "what", "remove", "name",
                             cli->argv[3]),
                   &asking);
    return cli_usage(cli, "say what to do: add NAME DEVICE, list NAME or remove NAME DEVICE");
}
