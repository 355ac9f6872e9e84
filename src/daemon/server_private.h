/* SPDX-License-Identifier: MIT */
/* What the files of a running server share: its parts, and opening and closing some of them
 * again when it is replaced. Thread: the main thread. */
#ifndef DAEMON_SERVER_PRIVATE_H
#define DAEMON_SERVER_PRIVATE_H

#include <pthread.h>
#include <signal.h>

#include "admin/control.h"
#include "daemon/house.h"
#include "daemon/housekeeping.h"
#include "daemon/indexing.h"
#include "daemon/ports.h"
#include "daemon/server.h"
#include "session/handover.h"
#include "syntax/charset.h"

#ifndef ROOST_VERSION
#define ROOST_VERSION "0"
#endif

struct takeover;

/* The stages of a process that others replace. The main thread sets them, except for ASKED. */
enum upgrade_stage {
    UPGRADE_STARTING, /* it does not serve yet */
    UPGRADE_NONE,     /* it serves, and no upgrade was asked for */
    UPGRADE_ASKED,    /* another process is being started; whoever asked waits */
    UPGRADE_GOING,    /* that process is ready: everything is handed over, or taken back */
    UPGRADE_GONE,     /* that process has everything; this one only says goodbye */
    UPGRADE_STOPPING, /* this process ends without a successor */
};

/* The state of `roost upgrade`; guarded by its mutex. */
struct upgrade_state {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum upgrade_stage stage;
    struct verb_upgrade answer; /* for the asker, and for those who ask for the state later */
};

struct server {
    const struct serve_options *options;
    struct config *config; /* the latest, with those that it replaced */
    struct house house;
    struct env env;
    struct moving moving;
    struct log_scope log;
    struct ports *ports;
    struct control *control;
    struct housekeeping *housekeeping;
    struct indexing *indexing; /* NULL: [search] index = no */
    struct upgrade_state upgrade;
    struct charset_hold charsets;
    /* owned; from the latest configuration. Its file is read only at a start or a reload, so
     * that this process can continue with it if an upgrade fails. */
    struct oauth *oauth;
};

/* ---- store_users.c ---- */
/** Opens what uses the store besides sessions: control socket, housekeeping and logins. */
MUST_USE enum rc server_store_users_open(struct server *server, struct err *err);
void server_store_users_close(struct server *server);

/* ---- upgrade_stage.c ---- */
/** As struct verb_server says. Thread: the control socket's. */
enum rc upgrade_asked(void *ctx, struct verb_upgrade *out, struct err *err);
void upgrade_asked_state(void *ctx, struct verb_upgrade *out);
void upgrade_init(struct server *server);
void upgrade_done(struct server *server);
/** Notes that this process serves from now on. */
void upgrade_ready(struct server *server);
/** Tells those who wait for an upgrade that this process ends. */
void upgrade_over(struct server *server);
/** Whether another process has taken over. */
bool upgrade_is_gone(struct server *server);
/** Sets the stage and wakes those who wait for the answer. NULL: the answer is unchanged. */
void upgrade_stage_set(struct server *server, enum upgrade_stage stage,
                       const struct verb_upgrade *answer);

/* ---- upgrade.c: the process that is replaced ---- */
/** Path of the crash table; aside: the one used while this process ends its last sessions. */
const char *upgrade_live_path(struct server *server, bool aside);
/** Starts the binary on disk and hands everything over to it. True: this process only has to
 * end. False: it continues as before, and the log says why. */
MUST_USE bool upgrade_run(struct server *server);

/* ---- takeover.c: the process that takes over ---- */
/** Receives what the old process sends, up to the lock. RC_CLOSED, RC_INVALID ...: this process
 * must end. */
MUST_USE enum rc takeover_begin(int sock, struct config *config, struct takeover **out,
                                struct err *err);
void takeover_free(struct takeover *takeover);
/** Tells the old process that this one cannot take over; the store is closed. */
void takeover_failed(int sock, const struct err *err);
struct inherited *takeover_listeners(struct takeover *takeover);
/** The lock of DIR, which the caller owns from here on. */
int takeover_lock_take(struct takeover *takeover);
uint64_t takeover_next_session(const struct takeover *takeover);
/** Adopts the sessions and tells the old process that they are ours. With RC_OK they are. */
MUST_USE enum rc takeover_sessions(struct takeover *takeover, struct server *server,
                                   struct err *err);
/** Lets the adopted sessions run. */
void takeover_go(struct takeover *takeover, struct server *server);

#endif
