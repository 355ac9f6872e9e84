/* SPDX-License-Identifier: MIT */
/*
 * The command line: `roost <verb>`. The table of verbs is in main.c. Exit codes 0 ok, 1 failed,
 * 2 usage. Thread: main.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_OVERRIDES_MAX = 64 };

/* Options that every verb takes, and the arguments that are left for the verb. */
struct cli {
    const char *program; /* the name by which the program was called */
    const char *verb;
    const char *synopsis;    /* of the verb */
    const char *config_path; /* -c, or ROOST_CONF; NULL: neither */
    const char *overrides[CLI_OVERRIDES_MAX];
    size_t override_count;
    bool json;
    int argc; /* the verb's own arguments */
    char **argv;
    int words; /* the last so many of them came after "--" and are no options */
};

struct cli_verb {
    const char *name;
    int (*run)(struct cli *cli); /* returns an exit code */
    const char *synopsis;        /* "roost init DIR" */
    const char *summary;         /* one line */
    const char *help;            /* its options and what it does, in lines */
};

/** Prints "roost VERB: text" on standard error and returns code. */
int cli_fail(const struct cli *cli, int code, const struct err *err);
/** Prints the verb's synopsis after a sentence; returns CLI_USAGE. */
int cli_usage(const struct cli *cli, const char *sentence);
/** The configuration's path, or NULL after reporting that there is none. */
const char *cli_config_path(const struct cli *cli);

/*
 * Options of a verb stand anywhere among its arguments, but not behind "--". A verb takes those
 * that it knows, then refuses what cli_option_left finds, and what is left is its arguments.
 */
/** Removes an option, and says whether it was there. */
bool cli_flag_take(struct cli *cli, const char *option);
/** Removes an option and its value, and returns the value. NULL: it is not there, or has none.
 */
const char *cli_value_take(struct cli *cli, const char *option);
/** The first argument that is an option: begins with "-", and has more. NULL: there is none. */
const char *cli_option_left(const struct cli *cli);
/** cli_usage about that one. */
int cli_usage_option(const struct cli *cli);

int cmd_init(struct cli *cli);
int cmd_serve(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_account(struct cli *cli);
/** `roost account add --from PATH`. */
int account_add_file(struct cli *cli, const char *path, bool skip_existing);
/** `roost account app-password`. */
int account_app_password(struct cli *cli);
/** `roost account quota`. */
int account_quota_show(struct cli *cli);
int cmd_group(struct cli *cli);
int cmd_import(struct cli *cli);
int cmd_export(struct cli *cli);
int cmd_index(struct cli *cli);
int cmd_search(struct cli *cli);
int cmd_sessions(struct cli *cli);
int cmd_kick(struct cli *cli);
int cmd_top(struct cli *cli);
int cmd_networks(struct cli *cli);
int cmd_log(struct cli *cli);
int cmd_upgrade(struct cli *cli);
int cmd_explain(struct cli *cli);
/** `roost explain FILE...`: at least one argument names a file. argv has the arguments as they
 * were given, including options of this verb; -c, -o and --json have been removed, and -c may
 * be missing (no DIR is needed). */
int cmd_explain_files(struct cli *cli);

#endif
