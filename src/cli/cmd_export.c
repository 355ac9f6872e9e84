/* SPDX-License-Identifier: MIT */
/* `roost export`: writes what the verb sends into a new directory (cli/mail/out.h). */
#include <inttypes.h>
#include <stdio.h>

#include "cli/ask.h"
#include "cli/bar.h"
#include "cli/mail/out.h"

struct exporting {
    const struct cli *cli;
    struct mail_out out;
    struct mail_marks marks;
    struct bar bar;
    const char *mailbox; /* NULL: all */
    uint64_t done;
    uint64_t total; /* messages of the mailboxes named so far */
    bool has_refused;
    bool has_failed; /* something failed here; see err */
    struct err err;
};

static intmax_t
number(const json_t *row, const char *name)
{
    return (intmax_t)json_integer_value(json_object_get(row, name));
}

static void
tell(void *ctx, const char *text)
{
    struct exporting *exporting = ctx;

    bar_end(&exporting->bar);
    fprintf(stderr, "roost export: note: %s\n", text);
}

static void
marks_read(struct exporting *exporting, const json_t *list)
{
    size_t index;
    const json_t *flag;

    mail_marks_clear(&exporting->marks);
    json_array_foreach(list, index, flag) mail_marks_add(
        &exporting->marks, span_of(json_string_value(flag), json_string_length(flag)));
}

static enum rc
message_row(struct exporting *exporting, const json_t *row, struct span data, struct err *err)
{
    marks_read(exporting, json_object_get(row, "flags"));
    const struct out_message message = {
        .uid = (uint32_t)number(row, "uid"),
        .date_s = number(row, "date"),
        .marks = &exporting->marks,
        .text = data,
    };
    const enum rc rc = out_message(&exporting->out, &message, err);
    bar_draw(&exporting->bar, ++exporting->done, exporting->total);
    return rc;
}

static enum rc
mailbox_row(struct exporting *exporting, const json_t *row, const char *mailbox,
            struct err *err)
{
    exporting->total += (uint64_t)number(row, "messages");
    marks_read(exporting, json_object_get(row, "keywords"));
    const enum rc rc = out_mailbox(
        &exporting->out, mailbox, (uint32_t)number(row, "uidvalidity"), &exporting->marks, err);
    if (rc != RC_OK)
        return rc;
    bar_end(&exporting->bar);
    if (exporting->cli->json)
        (void)ask_print_json(NULL, row, SPAN(""));
    else
        printf("%s: %jd messages\n", mailbox, number(row, "messages"));
    return RC_OK;
}

static void
trouble_row(struct exporting *exporting, const json_t *row)
{
    bar_end(&exporting->bar);
    exporting->has_refused = true;
    if (exporting->cli->json)
        (void)ask_print_json(NULL, row, SPAN(""));
    else
        fprintf(stderr, "roost export: %s, UID %jd: %s\n",
                json_string_value(json_object_get(row, "mailbox")), number(row, "uid"),
                json_string_value(json_object_get(row, "trouble")));
}

static enum rc
last_row(struct exporting *exporting, const json_t *row, struct err *err)
{
    const enum rc rc = out_finish(&exporting->out, exporting->mailbox == NULL, err);

    bar_end(&exporting->bar);
    if (rc != RC_OK)
        return rc;
    if (exporting->cli->json)
        (void)ask_print_json(NULL, row, SPAN(""));
    else
        printf("%jd messages exported\n", number(row, "exported"));
    return RC_OK;
}

static bool
export_row(void *ctx, const json_t *row, struct span data)
{
    struct exporting *exporting = ctx;
    struct err *err = &exporting->err;
    const char *mailbox = json_string_value(json_object_get(row, "mailbox"));
    const char *subscribed = json_string_value(json_object_get(row, "subscribed"));
    enum rc rc = RC_OK;

    if (subscribed != NULL)
        rc = out_subscribed(&exporting->out, subscribed, err);
    else if (json_object_get(row, "trouble") != NULL)
        trouble_row(exporting, row);
    else if (json_object_get(row, "uid") != NULL)
        rc = message_row(exporting, row, data, err);
    else if (mailbox != NULL)
        rc = mailbox_row(exporting, row, mailbox, err);
    else
        rc = last_row(exporting, row, err);
    exporting->has_failed = rc != RC_OK;
    return rc == RC_OK;
}

/* Reads the options; what is left is the account and the folder. Returns NULL, or what is
 * wrong. */
static const char *
options_read(struct exporting *exporting, struct cli *cli, const struct out_format **format_out)
{
    const char *format = cli_value_take(cli, "--format");

    exporting->mailbox = cli_value_take(cli, "--mailbox");
    if (format != NULL)
        *format_out = out_format_find(format);
    return *format_out == NULL ? "the formats are maildir, mbox and eml" : NULL;
}

int
cmd_export(struct cli *cli)
{
    struct exporting exporting = {.cli = cli};
    const struct asking asking = {.ctx = &exporting, .on_row = export_row};
    const struct out_format *format = &out_format_maildir;

    const char *wrong = options_read(&exporting, cli, &format);
    if (wrong != NULL)
        return cli_usage(cli, wrong);
    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 2)
        return cli_usage(cli, "give an account and a folder");
    int code = CLI_FAILED;
    mail_marks_init(&exporting.marks);
    bar_init(&exporting.bar);
    if (out_open(&exporting.out, format, cli->argv[1], &exporting.err) != RC_OK) {
        exporting.has_failed = true;
    } else {
        exporting.out.tell = tell;
        exporting.out.tell_ctx = &exporting;
        code =
            ask(cli, "export",
                json_pack("{ss, ss*}", "account", cli->argv[0], "mailbox", exporting.mailbox),
                &asking);
    }
    bar_end(&exporting.bar);
    out_done(&exporting.out);
    mail_marks_done(&exporting.marks);
    if (exporting.has_failed)
        return cli_fail(cli, CLI_FAILED, &exporting.err);
    return code == CLI_OK && exporting.has_refused ? CLI_FAILED : code;
}
