/* SPDX-License-Identifier: MIT */
/* `roost networks`: shows and forgets what was learnt about the clients' networks. */
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static json_int_t
number_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

/* "-", "45s", "4m", "4m30s", "3h", "2d" */
static const char *
time_print(char dst[24], json_int_t seconds)
{
    const intmax_t s = seconds;

    if (s <= 0)
        return "-";
    if (s < 90)
        snprintf(dst, 24, "%jds", s);
    else if (s < 7200 && s % 60 != 0)
        snprintf(dst, 24, "%jdm%jds", s / 60, s % 60);
    else if (s < 7200)
        snprintf(dst, 24, "%jdm", s / 60);
    else if (s < 172800)
        snprintf(dst, 24, "%jdh", s / 3600);
    else
        snprintf(dst, 24, "%jdd", s / 86400);
    return dst;
}

static json_int_t
sum_of(const json_t *row, const char *name)
{
    const json_t *silences = json_object_get(row, "silences");
    json_int_t sum = 0;

    for (size_t i = 0; i < json_array_size(silences); i++)
        sum += number_of(json_array_get(silences, i), name);
    return sum;
}

static bool
print_network(void *ctx, const json_t *row, struct span data)
{
    bool *header = ctx;
    char every[24];
    char tries[24];
    char limit[24];
    char seen[24];
    const json_int_t ago_s =
        (json_int_t)time(NULL) / 60 * 60 - number_of(row, "seen") / 60 * 60;

    (void)data;
    if (!*header)
        printf("%-22s %-9s %-7s %-13s %8s %8s  %s\n", "NETWORK", "KEEPALIVE", "TRIES",
               "FORGETS AFTER", "KEPT", "LOST", "SEEN");
    *header = true;
    printf("%-22s %-9s %-7s %-13s %8jd %8jd  %s\n",
           json_string_value(json_object_get(row, "network")),
           time_print(every, number_of(row, "keepalive")),
           time_print(tries, number_of(row, "trial")),
           time_print(limit, number_of(row, "limit")), (intmax_t)sum_of(row, "kept"),
           (intmax_t)sum_of(row, "lost"), ago_s <= 0 ? "now" : time_print(seen, ago_s));
    return true;
}

static bool
print_forgotten(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    printf("%jd networks forgotten\n", (intmax_t)number_of(row, "forgotten"));
    return true;
}

int
cmd_networks(struct cli *cli)
{
    const bool all = cli_flag_take(cli, "--all");
    const char *network = all ? "" : cli_value_take(cli, "--reset");
    const bool forget = all ? cli_flag_take(cli, "--reset") : network != NULL;
    bool header = false;
    const struct asking asking = {.ctx = &header,
                                  .on_row = cli->json ? ask_print_json
                                            : forget  ? print_forgotten
                                                      : print_network};

    if (cli->argc != 0 || (all && !forget))
        return cli_usage(cli, "only --reset NETWORK and --reset --all are possible");
    return ask(cli, "networks", json_pack("{ss*}", "reset", network), &asking);
}
