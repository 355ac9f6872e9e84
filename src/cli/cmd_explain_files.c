/* SPDX-License-Identifier: MIT */
/*
 * `roost explain FILE...`: reads logs of other programs and says why sessions ended. Progress
 * is shown on a terminal; results go to standard output after everything was read.
 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/foreign/report.h"
#include "journal/redact.h"

enum { BAR_CELLS = 30, NAME_CELLS = 40 };

struct progress_state {
    const char *name; /* name of the file that is shown; NULL: none */
    int percent;
};

static void
progress_clear(const struct progress_state *state)
{
    if (state->name != NULL)
        fputs("\r\033[K", stderr);
}

static void
progress_show(void *ctx, const char *name, int64_t done, int64_t size)
{
    struct progress_state *state = ctx;
    char text[NAME_CELLS + 33];
    char bar[BAR_CELLS + 1];

    if (size < (INT64_C(8) << 20)) /* it is read before anybody could look */
        return;
    const int percent = done >= size ? 100 : (int)(done * 100 / size);
    if (state->name == name && state->percent == percent)
        return;
    *state = (struct progress_state){name, percent};
    const int full = percent * BAR_CELLS / 100;
    memset(bar, '#', (size_t)full);
    memset(bar + full, '.', (size_t)(BAR_CELLS - full));
    bar[BAR_CELLS] = '\0';
    text[text_escape_to(text, sizeof text - 1, span_of_str(name), NAME_CELLS)] = '\0';
    fprintf(stderr, "\r\033[K%s [%s] %d %%", text, bar, percent);
    fflush(stderr);
}

int
cmd_explain_files(struct cli *cli)
{
    struct progress_state state = {0};
    struct foreign_options options = {.ctx = &state};
    enum foreign_detail detail = DETAIL_TROUBLE;
    struct foreign_story story;
    struct err err = {.rc = RC_OK};

    if (cli_flag_take(cli, "--all"))
        detail = DETAIL_ALL;
    options.account = cli_value_take(cli, "--account");
    if (cli_option_left(cli) != NULL)
        return cli_usage(cli, "with files, only --all and --account NAME are possible");
    if (cli->argc > (int)LIMIT_FOREIGN_FILES)
        return cli_usage(cli, "give at most 64 files");
    if (isatty(STDERR_FILENO))
        options.progress = progress_show;
    const enum rc rc = foreign_story_read(&story, (const char *const *)cli->argv,
                                          (size_t)cli->argc, &options, &err);
    progress_clear(&state);
    if (rc == RC_OK && cli->json)
        foreign_report_json(&story, detail, stdout);
    else if (rc == RC_OK)
        foreign_report_text(&story, detail, stdout);
    const int code = rc == RC_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, &err);
    if (rc != RC_OK && !cli->json && foreign_report_is_needy(&story))
        foreign_report_known(stderr);
    foreign_story_done(&story);
    return code;
}
