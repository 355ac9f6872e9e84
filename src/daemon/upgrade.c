/* SPDX-License-Identifier: MIT */
/*
 * The server that is being replaced. It starts the binary on disk, which reads the
 * configuration and the certificate and says that it is ready. Until then nothing has changed,
 * so a broken binary or configuration does no harm. Then:
 *
 *   listeners pause -> sessions come to rest (packed, or held) -> store closed -> all is sent
 *        -> TAKEN: say BYE to held sessions, end -> anything else: kill it, open the store,
 *        adopt the packed sessions here, continue
 *
 *   UPGRADE_NONE --upgrade_asked or SIGUSR2--> ASKED --prepare--> GOING --hand_over--> GONE
 *        ^                                       |                  |
 *        +----- no process that is ready --------+---- take_back ---+
 *
 * Thread: the main thread; the verb that asks waits on a thread of the control socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/fd.h"
#include "base/limits.h"
#include "daemon/detached.h"
#include "daemon/directory.h"
#include "daemon/handover.h"
#include "daemon/server_private.h"
#include "journal/live.h"
#include "session/table.h"

enum {
    PREPARE_MS = 60000, /* for the new process to read configuration and certificate */
    TAKE_MS = 120000,   /* to open the store and adopt all */
    SEND_MS = 30000,
    ASK_AGAIN_MS = 50,
    ARGS_MAX = 160,
};

struct replacement {
    struct server *server;
    struct detached process;
    int sock; /* -1: none */
    struct buf packet;
    bool knows_format; /* it can read our packed sessions */
};

/* ---- the new process ---- */

static enum rc
spawn(struct replacement *next, struct err *err)
{
    const struct serve_options *options = next->server->options;
    const char *args[ARGS_MAX] = {options->binary, "serve", "-c", options->config_path};
    size_t count = 4;
    int pair[2];

    for (size_t i = 0; i < options->override_count && count + 5 < ARGS_MAX; i++) {
        args[count++] = "-o";
        args[count++] = options->overrides[i];
    }
    args[count++] = "--takeover";
    args[count++] = "3";
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set(err, rc_of_errno(errno), errno, "socketpair");
    const enum rc rc = detached_start(args, pair[1], &next->process, err);
    close(pair[1]);
    if (rc == RC_OK)
        next->sock = pair[0];
    else
        close(pair[0]);
    return rc;
}

static void
kill_new(struct replacement *next)
{
    fd_close(&next->sock);
    next->sock = -1;
    detached_kill(&next->process);
}

/* Waits for one kind of message. FAILED and the end of the process are errors, with the reason
 * that it sent.
 */
static enum rc
await(struct replacement *next, enum handover_kind kind, int timeout_ms,
      struct handover_message *message, struct err *err)
{
    const enum rc rc = handover_receive(next->sock, &next->packet, message, timeout_ms, err);

    if (rc == RC_AGAIN)
        return err_set(err, RC_BUSY, 0, "the new process said nothing for %d s",
                       timeout_ms / 1000);
    if (rc != RC_OK)
        return rc;
    if (message->kind == HANDOVER_FAILED)
        return err_set(err, RC_INVALID, 0, "the new process: %.*s", SPAN_FMT(message->text));
    if (message->kind == kind)
        return RC_OK;
    fd_close(&message->fd);
    return err_set(err, RC_INVALID, 0, "handover: out of order");
}

/* Sends the new process the version and the listeners, and waits until it is ready to take
 * over. */
static enum rc
prepare(struct replacement *next, struct verb_upgrade *answer, struct err *err)
{
    struct handover_message message = {.kind = HANDOVER_HELLO,
                                       .fd = -1,
                                       .protocol = HANDOVER_PROTOCOL,
                                       .format = HANDOVER_FORMAT,
                                       .pid = (uint32_t)getpid(),
                                       .text = span_of_str(ROOST_VERSION)};
    const char *service;
    const char *asked;

    enum rc rc = handover_send(next->sock, &message, SEND_MS, err);
    for (size_t i = 0; rc == RC_OK; i++) {
        const int fd = ports_get(next->server->ports, i, &service, &asked);
        if (fd < 0)
            break;
        message = (struct handover_message){.kind = HANDOVER_LISTENER,
                                            .fd = fd,
                                            .text = span_of_str(service),
                                            .asked = span_of_str(asked)};
        rc = handover_send(next->sock, &message, SEND_MS, err);
    }
    message = (struct handover_message){.kind = HANDOVER_LISTENERS_END, .fd = -1};
    if (rc == RC_OK)
        rc = handover_send(next->sock, &message, SEND_MS, err);
    /* It may have ended before it had received everything; its last message says why. */
    if (rc == RC_OK || rc == RC_CLOSED)
        rc = await(next, HANDOVER_PREPARED, PREPARE_MS, &message, err);
    if (rc != RC_OK)
        return rc;
    if (message.protocol != HANDOVER_PROTOCOL)
        return err_set(err, RC_UNSUPPORTED, 0, "the new process speaks another protocol");
    next->knows_format = message.format == HANDOVER_FORMAT;
    answer->pid = (uint32_t)next->process.pid;
    snprintf(answer->version, sizeof answer->version, "%.*s", SPAN_FMT(message.text));
    return RC_OK;
}

/* ---- coming to rest ---- */

/* Waits until all sessions are packed, held or gone. False: one is stuck on a dead disk. */
static bool
sessions_rest(struct server *server)
{
    struct env *env = &server->env;
    unsigned post = POST_MOVE;

    for (int waited_ms = 0; atomic_load(&env->busy) > 0; waited_ms += ASK_AGAIN_MS) {
        if (waited_ms >= 2 * LIMIT_FINISH_MS)
            return false;
        if (waited_ms >= LIMIT_FINISH_MS)
            post = POST_MOVE | POST_HURRY;
        session_post_all(env->table, 0, (enum session_post)post, NULL, 0);
        for (int i = 0; i < ASK_AGAIN_MS && atomic_load(&env->busy) > 0; i++)
            poll(NULL, 0, 1);
    }
    return true;
}

const char *
upgrade_live_path(struct server *server, bool aside)
{
    char name[64];

    snprintf(name, sizeof name, aside ? "run/live.%jd" : "run/live", (intmax_t)getpid());
    return config_path(server->house.config, name);
}

/* ---- handing over ---- */

static enum rc
send_all(struct replacement *next, struct err *err)
{
    struct server *server = next->server;
    struct handover_message message = {.kind = HANDOVER_BEGIN,
                                       .fd = server->house.lock_fd,
                                       .number = atomic_load(&server->env.next_session)};

    enum rc rc = handover_send(next->sock, &message, SEND_MS, err);
    LIST_FOR_EACH (node, &server->moving.list) {
        const struct moved *moved = CONTAINER_OF(node, struct moved, link);
        if (rc != RC_OK)
            break;
        message = (struct handover_message){.kind = HANDOVER_SESSION,
                                            .fd = moved->fd,
                                            .packed = span_of(moved->packed, moved->octets)};
        rc = handover_send(next->sock, &message, SEND_MS, err);
    }
    message = (struct handover_message){
        .kind = HANDOVER_END, .fd = -1, .number = moving_count(&server->moving)};
    return rc == RC_OK ? handover_send(next->sock, &message, SEND_MS, err) : rc;
}

static enum rc
hand_over(struct replacement *next, struct err *err)
{
    struct server *server = next->server;
    struct handover_message message;

    ports_pause(server->ports);
    server_store_users_close(server);
    server->moving.hold_all = !next->knows_format;
    if (!sessions_rest(server))
        return err_set(err, RC_BUSY, 0, "a session does not finish its command");
    auth_close(server->env.auth);
    server->env.auth = NULL;
    house_store_close(&server->house);
    rename(upgrade_live_path(server, false), upgrade_live_path(server, true));
    enum rc rc = send_all(next, err);
    return rc == RC_OK ? await(next, HANDOVER_TAKEN, TAKE_MS, &message, err) : rc;
}

/* Restores everything as it was, except for held sessions, which are told to connect again. */
static enum rc
take_back(struct server *server, struct err *err)
{
    struct env *env = &server->env;
    struct list *node;

    rename(upgrade_live_path(server, true), upgrade_live_path(server, false));
    enum rc rc = directory_own(server->house.lock_fd, err);
    if (rc == RC_OK && server->house.store == NULL)
        rc = house_store_open(&server->house, err);
    if (rc == RC_OK)
        rc = server_store_users_open(server, err);
    if (rc != RC_OK)
        return rc;
    LIST_FOR_EACH (moved, &server->moving.list)
        live_clear(env->live, CONTAINER_OF(moved, struct moved, link)->live_slot);
    while ((node = list_pop_front(&server->moving.list)) != NULL) {
        struct moved *moved = CONTAINER_OF(node, struct moved, link);
        struct session *session = NULL;
        struct err why = {.rc = RC_OK};
        if (session_adopt(env, port_doors, moved->fd, span_of(moved->packed, moved->octets),
                          &session, &why) == RC_OK) {
            session_adopted_begin(session);
        } else {
            log_put(&server->log, LOG_E_SERVER_FAILED, "upgrade: a session was lost: %s",
                    why.text);
            close(moved->fd);
        }
        free(moved);
    }
    server->moving.count = 0;
    session_post_all(env->table, 0, POST_STAY, NULL, 0);
    ports_go_on(server->ports);
    return RC_OK;
}

/* ---- the whole upgrade ---- */

static void
trouble_tell(struct server *server, struct verb_upgrade *answer, const struct err *err)
{
    snprintf(answer->trouble, sizeof answer->trouble, "%.255s", err->text);
    log_put(&server->log, LOG_E_UPGRADE_FAILED, "upgrade: %s; the server goes on as before",
            err->text);
    fprintf(stderr, "roost: upgrade: %s; the server goes on as before\n", err->text);
}

/* The new process has everything; only held sessions must be ended here. */
static void
gone(struct server *server, const struct replacement *next)
{
    sd_notifyf(0, "MAINPID=%jd", (intmax_t)next->process.pid);
    log_put(&server->log, LOG_E_UPGRADED,
            "process %jd has taken over with %zu sessions; %zu are told to connect again",
            (intmax_t)next->process.pid, moving_count(&server->moving),
            session_table_count(server->env.table));
    LIST_FOR_EACH (node, &server->moving.list)
        live_clear(server->env.live, CONTAINER_OF(node, struct moved, link)->live_slot);
    ports_leave(server->ports);
    upgrade_stage_set(server, UPGRADE_GONE, NULL);
}

bool
upgrade_run(struct server *server)
{
    struct verb_upgrade answer = {.pid = (uint32_t)getpid()};
    struct replacement next = {.server = server, .process = {.pidfd = -1}, .sock = -1};
    struct err err = {.rc = RC_OK};

    upgrade_stage_set(server, UPGRADE_ASKED, NULL); /* if a signal started it */
    buf_init(&next.packet, 2 * (size_t)HANDOVER_PACKET_MAX);
    snprintf(answer.version, sizeof answer.version, "%s", ROOST_VERSION);
    enum rc rc = server->options->binary == NULL
                     ? err_set(&err, RC_UNSUPPORTED, 0, "where the binary is, is not known")
                     : spawn(&next, &err);
    struct verb_upgrade started = answer;
    if (rc == RC_OK)
        rc = prepare(&next, &started, &err);
    if (rc != RC_OK) {
        kill_new(&next);
        trouble_tell(server, &answer, &err);
        upgrade_stage_set(server, UPGRADE_NONE, &answer);
        buf_done(&next.packet);
        return false;
    }
    upgrade_stage_set(server, UPGRADE_GOING, &started);
    rc = hand_over(&next, &err);
    buf_done(&next.packet);
    if (rc == RC_OK) {
        gone(server, &next);
        fd_close(&next.sock);
        detached_forget(&next.process);
        return true;
    }
    kill_new(&next); /* before anything is opened here */
    trouble_tell(server, &answer, &err);
    if (take_back(server, &err) == RC_OK) {
        upgrade_stage_set(server, UPGRADE_NONE, &answer);
        return false;
    }
    log_put(&server->log, LOG_E_UPGRADE_FAILED, "upgrade: cannot go on: %s", err.text);
    fprintf(stderr, "roost: upgrade: cannot go on: %s\n", err.text);
    return true;
}
