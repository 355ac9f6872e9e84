/* SPDX-License-Identifier: MIT */
/*
 * The server that takes over: what `roost serve --takeover FD` does besides serving. It must
 * not open anything of DIR before it has the lock, nor run a session before it has sent TAKEN,
 * because until then the old process may take everything back. Thread: the main thread.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/handover.h"
#include "daemon/server_private.h"
#include "net/tls.h"

enum {
    LISTENERS_MS = 30000,
    LOCK_MS = 120000, /* the old process waits for commands under way */
    SESSION_MS = 30000,
    SAY_MS = 5000,
};

struct takeover {
    int sock; /* owned */
    int lock_fd;
    uint64_t next_session;
    struct inherited inherited;
    struct buf packet;
    struct session **sessions; /* adopted, not begun */
    size_t count;
    size_t room;
};

struct inherited *
takeover_listeners(struct takeover *takeover)
{
    return takeover == NULL ? NULL : &takeover->inherited;
}

int
takeover_lock_take(struct takeover *takeover)
{
    return fd_take(&takeover->lock_fd);
}

uint64_t
takeover_next_session(const struct takeover *takeover)
{
    return takeover->next_session;
}

void
takeover_free(struct takeover *takeover)
{
    if (takeover == NULL)
        return;
    for (size_t i = 0; i < takeover->inherited.count; i++)
        fd_close(&takeover->inherited.at[i].fd);
    fd_close(&takeover->lock_fd);
    fd_close(&takeover->sock);
    buf_done(&takeover->packet);
    free(takeover->sessions);
    free(takeover);
}

void
takeover_failed(int sock, const struct err *err)
{
    const struct handover_message message = {
        .kind = HANDOVER_FAILED, .fd = -1, .text = span_of_str(err->text)};

    if (handover_send(sock, &message, SAY_MS, NULL) != RC_OK)
        return; /* the other process has ended */
}

static enum rc
next(struct takeover *takeover, int timeout_ms, struct handover_message *message,
     struct err *err)
{
    const enum rc rc =
        handover_receive(takeover->sock, &takeover->packet, message, timeout_ms, err);

    return rc == RC_AGAIN ? err_set(err, RC_BUSY, 0, "the old process says nothing") : rc;
}

static enum rc
out_of_order(struct err *err)
{
    return err_set(err, RC_INVALID, 0, "handover: out of order");
}

static enum rc
listeners_take(struct takeover *takeover, struct err *err)
{
    struct inherited *inherited = &takeover->inherited;
    struct handover_message message;

    for (;;) {
        const enum rc rc = next(takeover, LISTENERS_MS, &message, err);
        if (rc != RC_OK)
            return rc;
        if (message.kind == HANDOVER_LISTENERS_END)
            return RC_OK;
        if (message.kind != HANDOVER_LISTENER || inherited->count == ARRAY_LEN(inherited->at)) {
            fd_close(&message.fd);
            return out_of_order(err);
        }
        const size_t i = inherited->count++;
        inherited->at[i].fd = message.fd;
        snprintf(inherited->at[i].service, sizeof inherited->at[i].service, "%.*s",
                 SPAN_FMT(message.text));
        snprintf(inherited->at[i].asked, sizeof inherited->at[i].asked, "%.*s",
                 SPAN_FMT(message.asked));
    }
}

/* Finds out whether the server could start before the old one gives up anything. */
static enum rc
dry_run(const struct config *config, struct err *err)
{
    const struct tls_config tls = config_tls(config);
    struct tls_server *server = NULL;
    struct oauth *oauth = NULL;

    enum rc rc = oauth_new(&oauth, &config->oauth, err);
    oauth_unref(oauth);
    if (rc == RC_OK && config->certificate[0] != '\0')
        rc = tls_server_new(&tls, &clock_system, &server, err);
    tls_server_free(server);
    return rc;
}

static enum rc
greet(struct takeover *takeover, struct config *config, struct err *err)
{
    struct handover_message message;

    enum rc rc = next(takeover, LISTENERS_MS, &message, err);
    if (rc != RC_OK)
        return rc;
    if (message.kind != HANDOVER_HELLO || message.protocol != HANDOVER_PROTOCOL)
        return err_set(err, RC_UNSUPPORTED, 0,
                       "the running server hands over in another way (protocol %u, here %d): "
                       "restart it",
                       message.protocol, HANDOVER_PROTOCOL);
    rc = listeners_take(takeover, err);
    if (rc == RC_OK)
        rc = dry_run(config, err);
    if (rc != RC_OK)
        return rc;
    message = (struct handover_message){.kind = HANDOVER_PREPARED,
                                        .fd = -1,
                                        .protocol = HANDOVER_PROTOCOL,
                                        .format = HANDOVER_FORMAT,
                                        .pid = (uint32_t)getpid(),
                                        .text = span_of_str(ROOST_VERSION)};
    rc = handover_send(takeover->sock, &message, SAY_MS, err);
    if (rc == RC_OK)
        rc = next(takeover, LOCK_MS, &message, err);
    if (rc != RC_OK)
        return rc;
    if (message.kind != HANDOVER_BEGIN) {
        fd_close(&message.fd);
        return out_of_order(err);
    }
    takeover->lock_fd = message.fd;
    takeover->next_session = message.number;
    return RC_OK;
}

enum rc
takeover_begin(int sock, struct config *config, struct takeover **out, struct err *err)
{
    struct takeover *takeover = calloc(1, sizeof *takeover);

    if (takeover == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    takeover->sock = sock;
    takeover->lock_fd = -1;
    buf_init(&takeover->packet, 2 * (size_t)HANDOVER_PACKET_MAX);
    *out = takeover;
    return greet(takeover, config, err);
}

/* ---- sessions ---- */

static enum rc
adopt_one(struct takeover *takeover, struct server *server,
          const struct handover_message *message, struct err *err)
{
    if (takeover->count == takeover->room) {
        const size_t room = takeover->room == 0 ? 256 : 2 * takeover->room;
        struct session **grown = realloc(takeover->sessions, room * sizeof(struct session *));
        if (grown == NULL)
            return err_set(err, RC_LIMIT, 0, "no memory for %zu sessions", room);
        takeover->sessions = grown;
        takeover->room = room;
    }
    const enum rc rc = session_adopt(&server->env, port_doors, message->fd, message->packed,
                                     &takeover->sessions[takeover->count], err);
    takeover->count += rc == RC_OK;
    return rc;
}

static enum rc
adopt_all(struct takeover *takeover, struct server *server, struct err *err)
{
    struct handover_message message;

    for (;;) {
        enum rc rc = next(takeover, SESSION_MS, &message, err);
        if (rc != RC_OK)
            return rc;
        if (message.kind == HANDOVER_END)
            return message.number == takeover->count ? RC_OK : out_of_order(err);
        rc = message.kind == HANDOVER_SESSION ? adopt_one(takeover, server, &message, err)
                                              : out_of_order(err);
        if (rc != RC_OK) {
            fd_close(&message.fd);
            return rc;
        }
    }
}

enum rc
takeover_sessions(struct takeover *takeover, struct server *server, struct err *err)
{
    const struct handover_message taken = {.kind = HANDOVER_TAKEN, .fd = -1};

    const enum rc rc = adopt_all(takeover, server, err);
    if (rc != RC_OK) {
        for (size_t i = 0; i < takeover->count; i++)
            session_adopted_drop(takeover->sessions[i]);
        takeover->count = 0;
        return rc;
    }
    /* From here on everything is ours, even if the old process has ended already and cannot
     * receive this. */
    house_settle(&server->house);
    if (handover_send(takeover->sock, &taken, SAY_MS, NULL) != RC_OK)
        log_put(&server->log, LOG_E_SERVER_FAILED, "the old process is gone already");
    return RC_OK;
}

void
takeover_go(struct takeover *takeover, struct server *server)
{
    /* somebody may be asking for the result of the upgrade already */
    pthread_mutex_lock(&server->upgrade.mutex);
    server->upgrade.answer.kept = takeover->count;
    pthread_mutex_unlock(&server->upgrade.mutex);
    log_put(&server->log, LOG_E_TAKEN_OVER, "took over with %zu sessions", takeover->count);
    for (size_t i = 0; i < takeover->count; i++)
        session_adopted_begin(takeover->sessions[i]);
    takeover->count = 0;
}
