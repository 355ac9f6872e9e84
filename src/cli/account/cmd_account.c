/* SPDX-License-Identifier: MIT */
/* `roost account ...`: accounts and their addresses. */
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "daemon/config.h"

enum { PASSWORD_MAX = 1024 };

/* A line from standard input without its end. */
static bool
line_read(char *dst, size_t cap)
{
    if (fgets(dst, (int)cap, stdin) == NULL)
        return false;
    dst[strcspn(dst, "\r\n")] = '\0';
    return true;
}

static bool
prompt_read(const char *prompt, char *dst, size_t cap)
{
    struct termios before;
    const bool quiet = tcgetattr(STDIN_FILENO, &before) == 0;

    fprintf(stderr, "%s", prompt);
    if (quiet) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    const bool got = line_read(dst, cap);
    if (quiet) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fprintf(stderr, "\n");
    }
    return got;
}

/* From --password-stdin, or typed twice. */
static bool
password_read(struct cli *cli, bool from_stdin, char *dst, size_t cap)
{
    char again[PASSWORD_MAX];

    if (from_stdin) {
        if (line_read(dst, cap))
            return true;
        cli_usage(cli, "standard input contained no password");
        return false;
    }
    if (!isatty(STDIN_FILENO)) {
        cli_usage(cli, "standard input is not a terminal, so nobody can be asked for the "
                       "password: use --password-stdin and put it on one line there");
        return false;
    }
    if (!prompt_read("Password: ", dst, cap) || !prompt_read("Again: ", again, sizeof again)) {
        cli_usage(cli, "no password was given");
        return false;
    }
    if (strcmp(dst, again) == 0)
        return true;
    cli_usage(cli, "the two passwords differ");
    return false;
}

static int
with_password(struct cli *cli, const char *verb, const char *name, bool from_stdin)
{
    char password[PASSWORD_MAX];
    const struct asking asking = {0};

    if (!password_read(cli, from_stdin, password, sizeof password))
        return CLI_USAGE;
    json_t *args = json_pack("{ss, ss}", "account", name, "password", password);
    explicit_bzero(password, sizeof password);
    if (args == NULL)
        return cli_usage(cli, "the name or password is not UTF-8");
    return ask(cli, verb, args, &asking);
}

/* ---- list ---- */

static void
day_put(time_t when, char dst[16])
{
    struct tm tm;

    gmtime_r(&when, &tm);
    strftime(dst, 16, "%Y-%m-%d", &tm);
}

static void
day_of(const json_t *row, const char *name, char dst[16])
{
    day_put((time_t)json_integer_value(json_object_get(row, name)), dst);
}

static bool
print_removed(void *ctx, const json_t *row, struct span data)
{
    char removed[16];
    char until[16];

    (void)ctx;
    (void)data;
    day_of(row, "removed", removed);
    day_of(row, "until", until);
    printf("%-32s removed %s, can be restored until %s, --id %jd\n",
           json_string_value(json_object_get(row, "account")), removed, until,
           (intmax_t)json_integer_value(json_object_get(row, "id")));
    return true;
}

static bool
print_account(void *ctx, const json_t *row, struct span data)
{
    const json_t *aliases = json_object_get(row, "aliases");
    char day[16];
    size_t i;
    const json_t *alias;

    (void)ctx;
    (void)data;
    day_of(row, "created", day);
    printf("%-32s %-9s %s", json_string_value(json_object_get(row, "account")),
           json_string_value(json_object_get(row, "state")), day);
    json_array_foreach(aliases, i, alias) printf(" %s", json_string_value(alias));
    printf("\n");
    return true;
}

/* ---- the verb ---- */

static int
account_add(struct cli *cli)
{
    const bool from_stdin = cli_flag_take(cli, "--password-stdin");
    const bool skip = cli_flag_take(cli, "--skip-existing");
    const char *from = cli_value_take(cli, "--from");

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (from != NULL && !from_stdin && cli->argc == 1)
        return account_add_file(cli, from, skip);
    if (skip)
        return cli_usage(cli, "--skip-existing is only for --from FILE");
    if (cli->argc != 2 || from != NULL)
        return cli_usage(cli, "give the name of one account");
    return with_password(cli, "account-add", cli->argv[1], from_stdin);
}

static int
account_list(struct cli *cli)
{
    const bool removed = cli_flag_take(cli, "--removed");
    const struct asking asking = {.on_row = cli->json ? ask_print_json
                                            : removed ? print_removed
                                                      : print_account};

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 1)
        return cli_usage(cli, "list takes no name");
    return ask(cli, removed ? "account-removed" : "account-list", json_object(), &asking);
}

static int
account_alias(struct cli *cli)
{
    const bool remove = cli_flag_take(cli, "--remove");
    const struct asking asking = {0};

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 3)
        return cli_usage(cli, "give the name of an account and an address");
    return ask(cli, "account-alias",
               json_pack("{ss, ss, sb}", "account", cli->argv[1], "address", cli->argv[2],
                         "remove", (int)remove),
               &asking);
}

static int
simple(struct cli *cli, const char *verb)
{
    const struct asking asking = {0};

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 2)
        return cli_usage(cli, "give the name of one account");
    return ask(cli, verb, json_pack("{ss}", "account", cli->argv[1]), &asking);
}

static bool
print_what_became(void *ctx, const json_t *row, struct span data)
{
    const char *name = json_string_value(json_object_get(row, "removed"));
    char until[16];

    (void)ctx;
    (void)data;
    if (json_object_get(row, "until") == NULL) {
        printf("%s was removed, and its mail was deleted.\n", name);
        return true;
    }
    day_of(row, "until", until);
    printf("%s was removed. Its mail is kept until %s; until then, `roost account restore %s`\n"
           "brings the account back.\n",
           name, until, name);
    return true;
}

/* Tells, before asking, what will happen to the mail. */
static enum rc
removal_announce(struct cli *cli, const char *name, bool for_good, struct err *err)
{
    struct config *config = NULL;
    char until[16];

    const enum rc rc =
        config_read(cli->config_path, cli->overrides, cli->override_count, &config, err);
    if (rc != RC_OK)
        return rc;
    const uint32_t undelete_s = config->undelete_s;
    config_free(config);
    day_put(time(NULL) + (time_t)undelete_s, until);
    if (for_good || undelete_s == 0)
        fprintf(stderr, "This removes the account %s and deletes all of its mail.\n", name);
    else
        fprintf(stderr,
                "This removes the account %s. Its mail is kept until %s; until then,\n"
                "`roost account restore %s` brings the account back.\n",
                name, until, name);
    fprintf(stderr, "Type the name again to remove the account: ");
    return RC_OK;
}

/* Removing an account affects the people who use it, so the administrator is asked first, and a
 * script has to confirm with --yes. */
static int
account_remove(struct cli *cli)
{
    const bool sure = cli_flag_take(cli, "--yes");
    const bool for_good = cli_flag_take(cli, "--for-good");
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_what_became};
    struct err err = {.rc = RC_OK};
    char answer[PASSWORD_MAX];

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 2)
        return cli_usage(cli, "give the name of one account");
    if (cli_config_path(cli) == NULL)
        return CLI_USAGE;
    if (!sure && !isatty(STDIN_FILENO))
        return cli_usage(cli,
                         "standard input is not a terminal, so nobody can be asked: confirm "
                         "with --yes that the account is to be removed");
    if (!sure) {
        if (removal_announce(cli, cli->argv[1], for_good, &err) != RC_OK)
            return cli_fail(cli, CLI_FAILED, &err);
        if (!line_read(answer, sizeof answer) || strcmp(answer, cli->argv[1]) != 0) {
            fprintf(stderr, "Nothing was removed.\n");
            return CLI_FAILED;
        }
    }
    return ask(cli, "account-remove",
               json_pack("{ss, sb}", "account", cli->argv[1], "for_good", (int)for_good),
               &asking);
}

static bool
print_lost_alias(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    fprintf(stderr,
            "roost account: %s now belongs to another account and is no longer an alias\n",
            json_string_value(json_object_get(row, "alias_lost")));
    return true;
}

static int
account_restore(struct cli *cli)
{
    const char *as = cli_value_take(cli, "--as");
    const char *id_text = cli_value_take(cli, "--id");
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_lost_alias};
    uint64_t id = 0;

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != 2)
        return cli_usage(cli, "give the name of one account");
    if (id_text != NULL && (!span_to_u64(span_of_str(id_text), INT64_MAX, &id) || id == 0))
        return cli_usage(cli, "--id needs a number from `roost account list --removed`");
    return ask(
        cli, "account-restore",
        json_pack("{ss, ss*, sI}", "account", cli->argv[1], "as", as, "id", (json_int_t)id),
        &asking);
}

static bool
print_share(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    printf("%-32s %-32s %s\n", json_string_value(json_object_get(row, "mailbox")),
           json_string_value(json_object_get(row, "identifier")),
           json_string_value(json_object_get(row, "rights")));
    return true;
}

static int
account_shares(struct cli *cli)
{
    const bool rebuild = cli_flag_take(cli, "--rebuild");
    const struct asking asking = {.on_row = cli->json ? ask_print_json : print_share};

    if (cli_option_left(cli) != NULL)
        return cli_usage_option(cli);
    if (cli->argc != (rebuild ? 1 : 2))
        return cli_usage(cli, "give the name of one account, or --rebuild");
    return ask(cli, "account-shares",
               rebuild ? json_pack("{sb}", "rebuild", 1)
                       : json_pack("{ss}", "account", cli->argv[1]),
               &asking);
}

int
cmd_account(struct cli *cli)
{
    const char *what = cli->argc == 0 ? "" : cli->argv[0];

    if (strcmp(what, "add") == 0)
        return account_add(cli);
    if (strcmp(what, "passwd") == 0) {
        const bool from_stdin = cli_flag_take(cli, "--password-stdin");
        if (cli_option_left(cli) != NULL)
            return cli_usage_option(cli);
        return cli->argc == 2 ? with_password(cli, "account-passwd", cli->argv[1], from_stdin)
                              : cli_usage(cli, "give the name of one account");
    }
    if (strcmp(what, "list") == 0)
        return account_list(cli);
    if (strcmp(what, "disable") == 0)
        return simple(cli, "account-disable");
    if (strcmp(what, "enable") == 0)
        return simple(cli, "account-enable");
    if (strcmp(what, "remove") == 0)
        return account_remove(cli);
    if (strcmp(what, "restore") == 0)
        return account_restore(cli);
    if (strcmp(what, "alias") == 0)
        return account_alias(cli);
    if (strcmp(what, "quota") == 0)
        return account_quota_show(cli);
    if (strcmp(what, "app-password") == 0)
        return account_app_password(cli);
    if (strcmp(what, "shares") == 0)
        return account_shares(cli);
    return cli_usage(cli, "say what to do: add, passwd, app-password, list, disable, "
                          "enable, remove, restore, alias, quota or shares");
}
