/* SPDX-License-Identifier: MIT */
/* `roost account quota`: shows the usage and limits of accounts, and sets the limits of one. */
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>

#include "store/quota.h"

enum { TEXT_MAX = 64 };

static const struct resource {
    const char *name; /* in rows, and as an option with "--" before it */
    const char *option;
    bool in_octets;
} resources[QUOTA_RESOURCES] = {
    [QUOTA_STORAGE] = {"storage", "--storage", true},
    [QUOTA_MESSAGE] = {"messages", "--messages", false},
    [QUOTA_MAILBOX] = {"mailboxes", "--mailboxes", false},
};

/* ---- showing ---- */

static void
amount_put(const struct resource *resource, uint64_t amount, char dst[TEXT_MAX])
{
    static const char units[] = " KMGT";
    double shown = (double)amount;
    size_t unit = 0;

    for (; resource->in_octets && shown >= 1024 && unit + 2 < sizeof units; unit++)
        shown /= 1024;
    if (unit == 0)
        snprintf(dst, TEXT_MAX, "%ju", (uintmax_t)amount);
    else
        snprintf(dst, TEXT_MAX, "%.1f%c", shown, units[unit]);
}

static void
print_amount(const struct resource *resource, const json_t *amount)
{
    const json_t *limit = json_object_get(amount, "limit");
    const uint64_t used = (uint64_t)json_integer_value(json_object_get(amount, "used"));
    const bool own = json_is_true(json_object_get(amount, "own"));
    const char *whose = own ? " (own limit)" : "";
    char text[TEXT_MAX];

    amount_put(resource, used, text);
    printf("  %s %s", resource->name, text);
    if (json_is_null(limit)) {
        printf(", no limit%s", whose);
        return;
    }
    const uint64_t most = (uint64_t)json_integer_value(limit);
    amount_put(resource, most, text);
    printf(" of %s, %.0f %%%s", text, most == 0 ? 100.0 : 100.0 * (double)used / (double)most,
           whose);
}

static bool
print_row(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    const char *trouble = json_string_value(json_object_get(row, "trouble"));

    printf("%-32s", json_string_value(json_object_get(row, "account")));
    if (trouble != NULL)
        printf("  %s", trouble);
    for (unsigned i = 0; trouble == NULL && i < QUOTA_RESOURCES; i++)
        print_amount(&resources[i], json_object_get(row, resources[i].name));
    printf("\n");
    return true;
}

/* ---- setting ---- */

/* "2G", "500", "none" or "default" in the form of the verb. NULL: none of these. */
static json_t *
limit_read(const struct resource *resource, const char *text)
{
    static const char units[] = "KMG";
    struct span number = span_of_str(text);
    unsigned shift = 0;
    uint64_t value;

    if (strcmp(text, "none") == 0)
        return json_integer(0);
    if (strcmp(text, "default") == 0)
        return json_null();
    if (resource->in_octets && number.len > 1) {
        const char *unit = strchr(units, number.ptr[number.len - 1]);
        if (unit != NULL) {
            shift = 10 * (unsigned)(unit - units + 1);
            number.len--;
        }
    }
    if (!span_to_u64(number, QUOTA_LIMIT_MAX >> shift, &value) || value == 0)
        return NULL; /* 0 must not mean "no limit" here, as it does for the verb */
    value <<= shift;
    return json_integer((json_int_t)value);
}

int
account_quota_show(struct cli *cli)
{
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_row};
    json_t *args = json_object();
    bool any = false;

    for (unsigned i = 0; i < QUOTA_RESOURCES; i++) {
        const char *text = cli_value_take(cli, resources[i].option);
        if (text == NULL)
            continue;
        json_t *limit = limit_read(&resources[i], text);
        if (limit == NULL) {
            json_decref(args);
            return cli_usage(cli, "a limit is a number from 1, a size such as 500M or 2G, "
                                  "`none` (there is no limit) or `default`");
        }
        json_object_set_new(args, resources[i].name, limit);
        any = true;
    }
    if (cli_option_left(cli) != NULL) {
        json_decref(args);
        return cli_usage_option(cli);
    }
    if (cli->argc > 2 || (cli->argc == 1 && any) ||
        (cli->argc == 2 &&
         json_object_set_new(args, "account", json_string(cli->argv[1])) != 0)) {
        json_decref(args);
        return cli_usage(cli, "give the name of one account");
    }
    return ask(cli, "account-quota", args, &asking);
}
