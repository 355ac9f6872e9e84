/* SPDX-License-Identifier: MIT */
/* `roost top`: shows who is connected, updated continuously. */
#include "cli/ask.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/top/screen.h"
#include "cli/terminal.h"
#include "cli/top/top_table.h"

enum {
    EVERY_S = 2,
    EVERY_MOST_S = 3600,
    FRAME_OCTETS = 1 << 20,
    FRAME_LINES = 3, /* besides the table: the summary, and the keys below */
};

struct top {
    struct cli *cli;
    struct top_table table;
    const char *account; /* NULL: all */
    uint64_t every_s;
    enum top_sort sort;
    bool reversed;
    bool once;
    size_t index; /* index of the first row shown */
};

/* Collects the present sessions, sorted. */
static enum rc
top_fetch(struct top *top, struct err *err)
{
    const struct asking asking = {.ctx = &top->table, .on_row = top_gather};
    json_t *args = json_object();

    top_table_done(&top->table);
    if (top->account != NULL)
        json_object_set_new(args, "account", json_string(top->account));
    const enum rc rc = ask_quietly(top->cli, "sessions", args, &asking, err);
    if (top->table.failed)
        return err_set(err, RC_LIMIT, 0, "no memory for all sessions");
    top_sort_rows(&top->table, top->sort, top->reversed);
    return rc;
}

/* ---- printing once ---- */

static int
print_once(struct top *top)
{
    static const struct top_style plain = {"\n", "", "", ""};
    struct err err = {.rc = RC_OK};
    AUTO_BUF out = {0};

    if (top_fetch(top, &err) != RC_OK)
        return cli_fail(top->cli, CLI_FAILED, &err);
    if (top->cli->json) {
        for (size_t i = 0; i < top->table.count; i++)
            ask_print_json(NULL, top->table.rows[i].json, SPAN(""));
        return CLI_OK;
    }
    for (size_t i = 0; i < top->table.count || i == 0; i += 1000) {
        buf_init(&out, FRAME_OCTETS);
        top_write(&top->table, i, 1001, terminal_columns(), &plain, &out);
        struct span text = buf_span(&out);
        if (i > 0) /* the heading is needed only once */
            text = span_tail(text, (size_t)span_find_char(text, '\n') + 1);
        fwrite(text.ptr, 1, text.len, stdout);
        buf_done(&out);
    }
    return CLI_OK;
}

/* ---- updating continuously ---- */

static void
top_draw(struct top *top)
{
    static const struct top_style style = {"\033[K\n", "\033[7m", "\033[1m", "\033[0m"};
    char clock[TERMINAL_AGE];
    struct timespec now;
    unsigned lines;
    unsigned columns;
    AUTO_BUF out = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    terminal_clock(clock, (int64_t)now.tv_sec * 1000);
    clock[8] = '\0';
    screen_size(&lines, &columns);
    const unsigned rows = lines > FRAME_LINES ? lines - FRAME_LINES : 1;
    if (top->index >= top->table.count)
        top->index = top->table.count == 0 ? 0 : (top->table.count - 1) / rows * rows;
    buf_init(&out, FRAME_OCTETS);
    buf_printf(&out, "roost top  %s  %zu sessions: %zu in IDLE, %zu suspect; by %s%s%s", clock,
               top->table.count, top->table.idle, top->table.suspects, top_sort_name(top->sort),
               top->reversed ? ", reversed" : "", style.line_end);
    top_write(&top->table, top->index, rows + 1, columns, &style, &out);
    for (size_t i = top->index + rows; i > top->table.count && i > top->index; i--)
        buf_put_str(&out, style.line_end);
    buf_put_lit(&out, "q quit  r reverse  space, b page  sort: s a d i k p o u\033[K");
    screen_show(buf_span(&out));
}

/* False: quit. */
static bool
key_obey(struct top *top, int key)
{
    unsigned lines;
    unsigned columns;
    const enum top_sort sort =
        key > 0 && key < 128 ? top_sort_of_key((char)key) : TOP_SORT_COUNT;

    screen_size(&lines, &columns);
    const size_t page = lines > FRAME_LINES ? lines - FRAME_LINES : 1;
    if (key < 0 || key == 'q' || key == 'Q')
        return false;
    if (sort != TOP_SORT_COUNT) {
        top->sort = sort;
        top->index = 0;
    } else if (key == 'r') {
        top->reversed = !top->reversed;
    } else if (key == ' ' && top->index + page < top->table.count) {
        top->index += page;
    } else if (key == 'b') {
        top->index = top->index > page ? top->index - page : 0;
    }
    top_sort_rows(&top->table, top->sort, top->reversed);
    return true;
}

static int64_t
mono_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
run_live(struct top *top)
{
    struct err err = {.rc = RC_OK};
    bool go_on = true;

    enum rc rc = top_fetch(top, &err);
    if (rc == RC_OK && !screen_enter())
        return print_once(top);
    while (rc == RC_OK && go_on) {
        const int64_t due_ms = mono_ms() + (int64_t)top->every_s * 1000;
        int64_t left_ms = due_ms - mono_ms();
        while (go_on && left_ms > 0) {
            top_draw(top);
            go_on = key_obey(top, screen_key((int)left_ms));
            left_ms = due_ms - mono_ms();
        }
        if (go_on)
            rc = top_fetch(top, &err);
    }
    screen_leave();
    return rc == RC_OK ? CLI_OK : cli_fail(top->cli, CLI_FAILED, &err);
}

/* NULL, or what is wrong with the arguments. */
static const char *
args_take(struct top *top, struct cli *cli)
{
    const char *sort = cli_value_take(cli, "--sort");
    const char *every = cli_value_take(cli, "--every");

    top->once = cli_flag_take(cli, "--once");
    top->reversed = cli_flag_take(cli, "--reverse");
    top->account = cli_value_take(cli, "--account");
    if (sort != NULL)
        top->sort = top_sort_of_name(sort);
    if (top->sort == TOP_SORT_COUNT)
        return "--sort takes session, account, doing, idle, acked, peer, out or suspect";
    if (every != NULL &&
        (!span_to_u64(span_of_str(every), EVERY_MOST_S, &top->every_s) || top->every_s == 0))
        return "--every takes 1 to 3600 seconds";
    return cli->argc > 0 ? "one of the arguments is unknown" : NULL;
}

int
cmd_top(struct cli *cli)
{
    struct top top = {.cli = cli, .every_s = EVERY_S, .sort = TOP_BY_IDLE};
    const char *wrong = args_take(&top, cli);

    if (wrong != NULL)
        return cli_usage(cli, wrong);
    if (cli_config_path(cli) == NULL)
        return CLI_USAGE;
    (void)setlocale(LC_CTYPE, "");
    const int code =
        top.once || cli->json || !screen_is_there() ? print_once(&top) : run_live(&top);
    top_table_done(&top.table);
    return code;
}
