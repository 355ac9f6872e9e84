/* SPDX-License-Identifier: MIT */
/* `roost import` and `roost export`: mail in and out, with a progress bar on a terminal. */
#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/mail_source.h"

enum { BAR_WIDTH = 40, BAR_EVERY_MS = 100 };

/* Drawn on standard error, only when that is a terminal. */
struct bar {
    bool on;
    int64_t next_ms;
};

static int64_t
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
bar_draw(struct bar *bar, uint64_t done, uint64_t total)
{
    const int64_t now = now_ms();
    char line[BAR_WIDTH + 1];

    if (!bar->on || now < bar->next_ms)
        return;
    bar->next_ms = now + BAR_EVERY_MS;
    const unsigned filled =
        total == 0 ? BAR_WIDTH : (unsigned)((double)done / (double)total * BAR_WIDTH);
    for (unsigned i = 0; i < BAR_WIDTH; i++)
        line[i] = i < filled ? '#' : '.';
    line[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%", line,
            total == 0 ? 100.0 : (double)done / (double)total * 100);
}

static void
bar_end(const struct bar *bar)
{
    if (bar->on)
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 16, "");
}

/* ---- import ---- */

struct importing {
    struct mail_source *source;
    struct bar bar;
    bool json;
};

static enum rc
import_next(void *ctx, json_t **head_out, struct span *data_out, struct err *err)
{
    struct importing *importing = ctx;
    uint64_t done;
    uint64_t total;

    mail_source_progress(importing->source, &done, &total);
    bar_draw(&importing->bar, done, total);
    return mail_source_next(importing->source, head_out, data_out, err);
}

static bool
import_row(void *ctx, const json_t *row, struct span data)
{
    struct importing *importing = ctx;

    bar_end(&importing->bar);
    if (importing->json)
        return ask_print_json(NULL, row, data);
    if (json_object_get(row, "too_large") != NULL)
        fprintf(stderr,
                "left out: a message of %jd octets in %s is larger than [limits] append\n",
                (intmax_t)json_integer_value(json_object_get(row, "octets")),
                json_string_value(json_object_get(row, "source")));
    else
        printf("%jd messages imported, %jd were there already or left out\n",
               (intmax_t)json_integer_value(json_object_get(row, "imported")),
               (intmax_t)json_integer_value(json_object_get(row, "skipped")));
    return true;
}

int
cmd_import(struct cli *cli)
{
    struct importing importing = {.json = cli->json, .bar.on = isatty(STDERR_FILENO) == 1};
    const struct asking asking = {.ctx = &importing, .on_row = import_row, .next = import_next};
    const char *mailbox = NULL;
    struct err err = {.rc = RC_OK};
    int paths = 1;

    if (cli->argc >= 3 && strcmp(cli->argv[1], "--mailbox") == 0) {
        mailbox = cli->argv[2];
        paths = 3;
    }
    if (cli->argc <= paths || cli->argv[0][0] == '-')
        return cli_usage(cli, "an account and at least one file or folder are needed");
    if (mail_source_open(cli->argv + paths, (size_t)(cli->argc - paths), mailbox,
                         &importing.source, &err) != RC_OK)
        return cli_fail(cli, CLI_FAILED, &err);
    const int code = ask(cli, "import", json_pack("{ss}", "account", cli->argv[0]), &asking);
    bar_end(&importing.bar);
    mail_source_close(importing.source);
    return code;
}

/* ---- export: a Maildir for each mailbox ---- */

struct exporting {
    const char *dir;
    struct bar bar;
    uint64_t done;
    uint64_t total; /* messages of the mailboxes named so far */
    uint64_t serial;
    bool json;
    bool failed;
    struct err err;
};

static enum rc
dir_make(const char *path, struct err *err)
{
    return mkdir(path, 0700) != 0 && errno != EEXIST
               ? err_set(err, rc_of_errno(errno), errno, "%s", path)
               : RC_OK;
}

/* DIR for INBOX, DIR/.Work.2024 for Work/2024 (Maildir++); a '.' in a name becomes '_'. */
static enum rc
maildir_make(const struct exporting *ex, const char *mailbox, struct buf *path, struct err *err)
{
    static const char *const folders[] = {"cur", "new", "tmp"};

    buf_clear(path);
    buf_put_str(path, ex->dir);
    if (strcmp(mailbox, "INBOX") != 0) {
        buf_put_lit(path, "/.");
        for (const char *c = mailbox; *c != '\0'; c++)
            buf_put_char(path, *c == '/' ? '.' : *c == '.' ? '_' : *c);
    }
    const size_t len = buf_len(path);
    buf_put_char(path, '\0');
    enum rc rc = buf_ok(path) ? dir_make(buf_span(path).ptr, err)
                              : err_set(err, RC_LIMIT, 0, "the path is too long");
    for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(folders); i++) {
        buf_truncate(path, len);
        buf_printf(path, "/%s", folders[i]);
        buf_put_char(path, '\0');
        rc = dir_make(buf_span(path).ptr, err);
    }
    buf_truncate(path, len);
    return rc;
}

static void
flag_letters(const json_t *flags, char dst[8])
{
    static const struct {
        const char *flag;
        char letter;
    } letters[] = {/* in the order of the alphabet, as Maildir wants them */
                   {"\\Draft", 'D'},    {"\\Flagged", 'F'}, {"$Forwarded", 'P'},
                   {"\\Answered", 'R'}, {"\\Seen", 'S'},    {"\\Deleted", 'T'}};
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        size_t index;
        const json_t *flag;
        json_array_foreach(flags, index,
                           flag) if (strcmp(json_string_value(flag), letters[i].flag) == 0)
            dst[n++] = letters[i].letter;
    }
    dst[n] = '\0';
}

static enum rc
message_write(struct exporting *ex, const json_t *row, struct span text, struct err *err)
{
    const json_int_t date = json_integer_value(json_object_get(row, "date"));
    const char *mailbox = json_string_value(json_object_get(row, "mailbox"));
    char letters[8];
    AUTO_BUF path = {0};

    buf_init(&path, 8192);
    enum rc rc = maildir_make(ex, mailbox, &path, err);
    if (rc != RC_OK)
        return rc;
    flag_letters(json_object_get(row, "flags"), letters);
    buf_printf(&path, "/cur/%jd.R%jdU%jd.roost,S=%zu:2,%s", (intmax_t)date,
               (intmax_t)++ex->serial,
               (intmax_t)json_integer_value(json_object_get(row, "uid")), text.len, letters);
    buf_put_char(&path, '\0');
    if (!buf_ok(&path))
        return err_set(err, RC_LIMIT, 0, "the path is too long");
    AUTO_FD fd = open(buf_span(&path).ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", buf_span(&path).ptr);
    rc = fd_write_all(fd, text, err);
    const struct timespec times[2] = {{.tv_sec = date}, {.tv_sec = date}};
    if (rc == RC_OK && futimens(fd, times) != 0)
        rc = err_set(err, rc_of_errno(errno), errno, "%s", buf_span(&path).ptr);
    return rc;
}

static bool
export_row(void *ctx, const json_t *row, struct span data)
{
    struct exporting *ex = ctx;
    enum rc rc = RC_OK;
    AUTO_BUF path = {0};

    buf_init(&path, 8192);
    if (json_object_get(row, "uid") != NULL) {
        rc = message_write(ex, row, data, &ex->err);
        bar_draw(&ex->bar, ++ex->done, ex->total);
    } else if (json_object_get(row, "mailbox") != NULL) { /* an empty one is one too */
        ex->total += (uint64_t)json_integer_value(json_object_get(row, "messages"));
        rc = maildir_make(ex, json_string_value(json_object_get(row, "mailbox")), &path,
                          &ex->err);
    } else {
        bar_end(&ex->bar);
        if (ex->json)
            return ask_print_json(NULL, row, data);
        printf("%jd messages exported\n",
               (intmax_t)json_integer_value(json_object_get(row, "exported")));
    }
    ex->failed = rc != RC_OK;
    return rc == RC_OK;
}

int
cmd_export(struct cli *cli)
{
    struct exporting ex = {.json = cli->json, .bar.on = isatty(STDERR_FILENO) == 1};
    const struct asking asking = {.ctx = &ex, .on_row = export_row};
    const char *mailbox = NULL;
    struct err err = {.rc = RC_OK};

    if (cli->argc == 4 && strcmp(cli->argv[1], "--mailbox") == 0) {
        mailbox = cli->argv[2];
        ex.dir = cli->argv[3];
    } else if (cli->argc == 2) {
        ex.dir = cli->argv[1];
    } else {
        return cli_usage(cli, "an account and a folder are needed");
    }
    if (mkdir(ex.dir, 0700) != 0) {
        err_set(&err, rc_of_errno(errno), errno, "%s", ex.dir);
        return cli_fail(cli, CLI_FAILED, &err);
    }
    const int code =
        ask(cli, "export", json_pack("{ss, ss*}", "account", cli->argv[0], "mailbox", mailbox),
            &asking);
    bar_end(&ex.bar);
    return ex.failed ? cli_fail(cli, CLI_FAILED, &ex.err) : code;
}
