/* SPDX-License-Identifier: MIT */
/*
 * See the header. Over the socket, rows are read between the frames that are sent, and while a
 * frame cannot be sent yet. So the two sides never wait for each other, however many rows
 * there are.
 */
#include "cli/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/frame.h"
#include "admin/verbs.h"
#include "base/fd.h"
#include "daemon/extractor.h"
#include "daemon/house.h"

bool
ask_print_json(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    /* no control codes get through */
    json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    return true;
}

/* ---- a running server ---- */

/* Connected to the server of this DIR, or -1. */
static int
server_connect(struct config *config)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const char *path = config_path(config, "run/control.sock");

    if (path == NULL || strlen(path) >= sizeof addr.sun_path)
        return -1;
    memcpy(addr.sun_path, path, strlen(path));
    AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof addr) != 0)
        return -1;
    return fd_take(&fd);
}

static enum rc
rc_of_name(const char *name)
{
    for (int rc = 0; rc > -64; rc--)
        if (name != NULL && strcmp(rc_name((enum rc)rc), name) == 0)
            return (enum rc)rc;
    return RC_IO;
}

/* Reads one frame of the server: a row, or the answer that ends the verb. */
static enum rc
frame_take(struct frame_stream *stream, const struct asking *asking, struct buf *data,
           bool *ended_out, struct err *err)
{
    json_t *head = NULL;

    enum rc rc = frame_read(stream, &head, data, err);
    if (rc != RC_OK)
        return err_prefix(err, rc, "the server broke off the answer");
    const json_t *row = json_object_get(head, "row");
    if (row != NULL) {
        const bool go_on =
            asking->on_row == NULL || asking->on_row(asking->ctx, row, buf_span(data));
        json_decref(head);
        return go_on ? RC_OK : err_set(err, RC_CLOSED, 0, "broken off");
    }
    *ended_out = true;
    rc = rc_of_name(json_string_value(json_object_get(head, "rc")));
    if (rc != RC_OK)
        err_set(err, rc, 0, "%s", json_string_value(json_object_get(head, "error")));
    json_decref(head);
    return rc;
}

/* Sends all frames, and reads rows that arrive in between. *ended_out: the verb has ended. */
static enum rc
frames_send(struct frame_stream *stream, const struct asking *asking, struct buf *data,
            bool *ended_out, struct err *err)
{
    json_t *head = NULL;
    struct span to_send;
    enum rc rc;

    frame_stream_read_ahead(stream);
    while ((rc = asking->next(asking->ctx, &head, &to_send, err)) == RC_OK) {
        rc = frame_write(stream, head, to_send, err);
        json_decref(head);
        if (rc == RC_CLOSED)
            return RC_OK; /* its answer, which is still to be read, says why */
        while (rc == RC_OK && !*ended_out && frame_is_there(stream))
            rc = frame_take(stream, asking, data, ended_out, err);
        if (rc != RC_OK || *ended_out)
            return rc;
    }
    if (rc != RC_NOT_FOUND)
        return rc;
    head = json_pack("{sb}", "end", 1);
    rc = frame_write(stream, head, SPAN(""), err);
    json_decref(head);
    return rc == RC_CLOSED ? RC_OK : rc;
}

static enum rc
ask_server(int fd, const char *verb, json_t *args, const struct asking *asking, struct err *err)
{
    struct frame_stream stream;
    bool ended = false;
    AUTO_BUF data = {0};

    buf_init(&data, FRAME_DATA_MAX);
    frame_stream_init(&stream, fd);
    json_t *head = json_pack("{ss, sO}", "verb", verb, "args", args);
    enum rc rc = frame_write(&stream, head, SPAN(""), err);
    json_decref(head);
    if (rc == RC_CLOSED)
        rc = RC_OK; /* its answer says why */
    if (rc == RC_OK && asking->next != NULL)
        rc = frames_send(&stream, asking, &data, &ended, err);
    while (rc == RC_OK && !ended)
        rc = frame_take(&stream, asking, &data, &ended, err);
    frame_stream_done(&stream);
    return rc;
}

/* ---- without a server ---- */

static enum rc
local_row(void *ctx, json_t *row, struct span data, struct err *err)
{
    const struct asking *asking = ctx;
    const bool go_on = asking->on_row == NULL || asking->on_row(asking->ctx, row, data);

    json_decref(row);
    return go_on ? RC_OK : err_set(err, RC_CLOSED, 0, "broken off");
}

static enum rc
local_next(void *ctx, json_t **head_out, struct span *data_out, struct err *err)
{
    const struct asking *asking = ctx;

    return asking->next == NULL ? RC_NOT_FOUND
                                : asking->next(asking->ctx, head_out, data_out, err);
}

static enum rc
ask_here(struct config *config, const char *verb, const json_t *args,
         const struct asking *asking, struct err *err)
{
    struct asking copy = *asking;
    const struct verb_io io = {.ctx = &copy, .row = local_row, .next = local_next};
    struct house house;

    enum rc rc = house_open(&house, config, HOUSE_OFFLINE, &clock_system, err);
    if (rc != RC_OK)
        return rc;
    _Atomic(const struct settings *) settings = &config->settings;
    const struct verb_house verbs = {
        .clock = &clock_system,
        .registry = house.registry,
        .store = house.store,
        .indexes = house.indexes,
        .index_counts = &house.index_counts,
        .extract = extractor_extract(house.extractor),
        .accounts = house.accounts,
        .journal_path = config_path(config, "journal.db"),
        .settings = &settings,
        .undelete_s = config->undelete_s,
    };
    const struct verb_call call = {.house = &verbs, .io = &io, .args = args, .uid = geteuid()};
    rc = verb_run(verb, &call, err);
    house_close(&house);
    return rc;
}

enum without_server { RUN_IT_HERE, FAIL_WITHOUT };

/* Takes ownership of args. */
static enum rc
reach(struct cli *cli, const char *verb, json_t *args, const struct asking *asking,
      enum without_server otherwise, struct err *err)
{
    struct config *config = NULL;

    enum rc rc =
        config_read(cli->config_path, cli->overrides, cli->override_count, &config, err);
    if (rc == RC_OK) {
        AUTO_FD fd = server_connect(config);
        if (fd >= 0)
            rc = ask_server(fd, verb, args, asking, err);
        else if (otherwise == RUN_IT_HERE)
            rc = ask_here(config, verb, args, asking, err);
        else
            rc = err_set(err, RC_NOT_FOUND, 0, "no server is running here");
        config_free(config);
    }
    json_decref(args);
    return rc;
}

enum rc
ask_quietly(struct cli *cli, const char *verb, json_t *args, const struct asking *asking,
            struct err *err)
{
    return reach(cli, verb, args, asking, RUN_IT_HERE, err);
}

int
ask(struct cli *cli, const char *verb, json_t *args, const struct asking *asking)
{
    struct err err = {.rc = RC_OK};

    if (cli_config_path(cli) == NULL) {
        json_decref(args);
        return CLI_USAGE;
    }
    if (args == NULL)
        return cli_usage(cli, "the arguments are not UTF-8");
    const enum rc rc = ask_quietly(cli, verb, args, asking, &err);
    return rc == RC_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, &err);
}

enum rc
ask_running(struct cli *cli, const char *verb, json_t *args, const struct asking *asking,
            struct err *err)
{
    return reach(cli, verb, args, asking, FAIL_WITHOUT, err);
}
