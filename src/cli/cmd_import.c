/* SPDX-License-Identifier: MIT */
/*
 * `roost import`: sends the items of a source of mail to the verb and prints the result: each
 * item that cannot be imported on standard error, and then a line for each mailbox. Problems of
 * the source go to the verb as items too, so that everything is counted in one place.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/ask.h"
#include "cli/bar.h"
#include "cli/mail/source.h"
#include "syntax/imap/mbox_name.h"

enum { REASONS_MAX = 16 }; /* reasons that the summary distinguishes */

/* Why items were left out, and how many for each reason. */
struct reason {
    char why[128];
    uint64_t count;
};

struct importing {
    const struct cli *cli;
    struct mail_source *source;
    struct bar bar;
    bool is_dry;
    bool has_refused;
    struct reason reasons[REASONS_MAX];
    size_t reason_count;
    char mailbox[1024]; /* canonical name of the mailbox that was given; "": none */
};

static enum rc
import_next(void *ctx, json_t **head_out, struct span *data_out, struct err *err)
{
    struct importing *importing = ctx;
    struct mail_item item;
    uint64_t done;
    uint64_t total;

    mail_source_progress(importing->source, &done, &total);
    bar_draw(&importing->bar, done, total);
    enum rc rc = mail_source_next(importing->source, &item, err);
    if (rc == RC_OK)
        rc = mail_item_head(&item, head_out, err);
    if (rc == RC_OK)
        *data_out = item.text;
    return rc;
}

static intmax_t
number(const json_t *row, const char *name)
{
    return (intmax_t)json_integer_value(json_object_get(row, name));
}

static const char *
text(const json_t *row, const char *name)
{
    const char *value = json_string_value(json_object_get(row, name));

    return value == NULL ? "" : value;
}

static void
counts_print(const json_t *row, bool is_dry)
{
    printf("%jd %s, %jd already there", number(row, "imported"),
           is_dry ? "would be imported" : "imported", number(row, "skipped"));
    if (number(row, "refused") > 0)
        printf(", %jd failed", number(row, "refused"));
    if (number(row, "passed") > 0)
        printf(", %jd left out", number(row, "passed"));
}

static void
mailbox_print(const json_t *row, bool is_dry)
{
    const bool is_made = json_is_true(json_object_get(row, "made"));

    if (!is_made && number(row, "imported") + number(row, "skipped") + number(row, "refused") +
                            number(row, "passed") ==
                        0)
        return; /* a subscription, or a mailbox that existed already */
    printf("%s%s: ", text(row, "mailbox"), is_made ? " (new)" : "");
    counts_print(row, is_dry);
    putchar('\n');
}

static void
reason_count(struct importing *importing, const char *why)
{
    size_t i = 0;

    while (i < importing->reason_count && strcmp(importing->reasons[i].why, why) != 0)
        i++;
    if (i == importing->reason_count) {
        if (i == REASONS_MAX) { /* the last one counts all further reasons */
            i--;
            why = "other reasons";
        } else {
            importing->reason_count++;
        }
        snprintf(importing->reasons[i].why, sizeof importing->reasons[i].why, "%s", why);
    }
    importing->reasons[i].count++;
}

static void
summary_print(const struct importing *importing, const json_t *row)
{
    for (size_t i = 0; i < importing->reason_count; i++)
        printf("%ju left out: %s\n", (uintmax_t)importing->reasons[i].count,
               importing->reasons[i].why);
    printf("%jd messages %s, %jd already there, %jd failed\n", number(row, "imported"),
           importing->is_dry ? "would be imported" : "imported", number(row, "skipped"),
           number(row, "refused"));
}

static bool
import_row(void *ctx, const json_t *row, struct span data)
{
    struct importing *importing = ctx;

    bar_end(&importing->bar);
    if (number(row, "refused") > 0)
        importing->has_refused = true;
    if (importing->cli->json)
        return ask_print_json(NULL, row, data);
    const json_t *passed = json_object_get(row, "passed");
    if (json_object_get(row, "trouble") != NULL) {
        fprintf(stderr, "roost import: %s: %s\n", text(row, "source"), text(row, "trouble"));
    } else if (json_is_string(passed)) {
        reason_count(importing, json_string_value(passed));
        if (importing->is_dry)
            printf("left out: %s: %s\n", text(row, "source"), json_string_value(passed));
    } else if (json_object_get(row, "mailbox") != NULL) {
        mailbox_print(row, importing->is_dry);
    } else {
        summary_print(importing, row);
    }
    return true;
}

/* The canonical name of the mailbox that was given. */
static const char *
mailbox_set(struct importing *importing, const char *name)
{
    struct span want = span_of_str(name);

    if (want.len > 0 && want.ptr[want.len - 1] == '/')
        want.len--;
    if (span_ieq(want, SPAN("INBOX")))
        want = SPAN("INBOX");
    const char *why = mbox_name_check(want);
    if (why == NULL)
        snprintf(importing->mailbox, sizeof importing->mailbox, "%.*s", SPAN_FMT(want));
    return why;
}

int
cmd_import(struct cli *cli)
{
    struct importing importing = {.cli = cli};
    const struct asking asking = {.ctx = &importing, .on_row = import_row, .next = import_next};
    struct err err = {.rc = RC_OK};
    const char *mailbox = cli_value_take(cli, "--mailbox");

    importing.is_dry = cli_flag_take(cli, "--dry-run");
    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    const char *why = mailbox == NULL ? NULL : mailbox_set(&importing, mailbox);
    if (why != NULL)
        return cli_usage(cli, why);
    if (cli->argc < 2)
        return cli_usage(cli, "give an account and at least one file or folder");
    if (mail_source_open(cli->argv + 1, (size_t)(cli->argc - 1),
                         importing.mailbox[0] == '\0' ? NULL : importing.mailbox,
                         &importing.source, &err) != RC_OK)
        return cli_fail(cli, CLI_FAILED, &err);
    bar_init(&importing.bar);
    const int code = ask(
        cli, "import",
        json_pack("{ss, sb}", "account", cli->argv[0], "dry_run", importing.is_dry), &asking);
    bar_end(&importing.bar);
    mail_source_close(importing.source);
    return code == CLI_OK && importing.has_refused ? CLI_FAILED : code;
}
