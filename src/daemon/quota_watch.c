/* SPDX-License-Identifier: MIT */
/* See the header. The lock guards the queue; only the ticker uses what is running. */
#include "daemon/quota_watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/run/child.h"
#include "base/limits.h"
#include "base/ticker.h"
#include "journal/log.h"
#include "store/registry.h"

enum { NUMBER_MAX = 24 };

struct waiting {
    char account[REGISTRY_NAME_OCTETS];
    struct quota_crossing crossing;
};

struct quota_watch {
    struct env *env;
    struct log_scope log;
    struct ticker *ticker;
    pthread_mutex_t mutex;
    struct waiting queue[LIMIT_QUOTA_COMMANDS]; /* a ring */
    size_t first;
    size_t count;

    /* Used only by the ticker's thread. */
    pid_t running; /* 0: none */
    int64_t since_us;
};

static const char *
command_of(const struct quota_watch *watch)
{
    return env_settings(watch->env)->quota_command;
}

static bool
take(struct quota_watch *watch, struct waiting *out)
{
    pthread_mutex_lock(&watch->mutex);
    const bool any = watch->count > 0;
    if (any) {
        *out = watch->queue[watch->first];
        watch->first = (watch->first + 1) % LIMIT_QUOTA_COMMANDS;
        watch->count--;
    }
    pthread_mutex_unlock(&watch->mutex);
    return any;
}

static void
start(struct quota_watch *watch, const struct waiting *next)
{
    const struct quota_crossing *crossing = &next->crossing;
    char percent[NUMBER_MAX];
    char used[NUMBER_MAX];
    char limit[NUMBER_MAX];
    struct err err = {.rc = RC_OK};
    const char *const args[] = {
        command_of(watch),
        next->account,
        percent,
        crossing->resource == QUOTA_STORAGE ? "storage" : "messages",
        used,
        limit,
        NULL,
    };

    if (args[0][0] == '\0')
        return;
    snprintf(percent, sizeof percent, "%u", crossing->percent);
    snprintf(used, sizeof used, "%ju", (uintmax_t)crossing->used);
    snprintf(limit, sizeof limit, "%ju", (uintmax_t)crossing->limit);
    const struct child_options options = {
        .args = args,
        .environment = (const char *const *)environ,
        .input = -1,
        .output = -1,
        .errors = STDOUT_FILENO,
    };
    watch->since_us = clock_mono_us(watch->env->clock);
    if (child_start(&options, &watch->running, &err) != RC_OK) {
        watch->running = 0;
        log_put(&watch->log, LOG_E_QUOTA_COMMAND, "[quota] warn_command: %s", err.text);
    }
}

/* Whether the program has ended. */
static bool
look_after(struct quota_watch *watch)
{
    int status = 0;

    if (clock_mono_us(watch->env->clock) - watch->since_us > LIMIT_QUOTA_COMMAND_US)
        kill(-watch->running, SIGKILL);
    if (!child_has_ended(watch->running))
        return false;
    child_wait(watch->running, &status);
    watch->running = 0;
    if (status != 0)
        log_put(&watch->log, LOG_E_QUOTA_COMMAND, "[quota] warn_command: ended with %s %d",
                WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return true;
}

void
quota_watch_step(struct quota_watch *watch)
{
    struct waiting next;

    if (watch->running != 0 && !look_after(watch))
        return;
    if (take(watch, &next))
        start(watch, &next);
}

static void
tick(void *ctx, uint64_t number)
{
    (void)number;
    quota_watch_step(ctx);
}

bool
quota_watch_tell(struct quota_watch *watch, const char *account,
                 const struct quota_crossing *crossing)
{
    if (command_of(watch)[0] == '\0')
        return true;
    pthread_mutex_lock(&watch->mutex);
    const bool room = watch->count < LIMIT_QUOTA_COMMANDS;
    if (room) {
        struct waiting *last =
            &watch->queue[(watch->first + watch->count++) % LIMIT_QUOTA_COMMANDS];
        snprintf(last->account, sizeof last->account, "%s", account);
        last->crossing = *crossing;
    }
    pthread_mutex_unlock(&watch->mutex);
    return room;
}

enum rc
quota_watch_new(struct env *env, struct quota_watch **out, struct err *err)
{
    struct quota_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    watch->env = env;
    log_scope_init(&watch->log, env->log, LOG_SERVER, 0);
    CHECK(pthread_mutex_init(&watch->mutex, NULL) == 0);
    const enum rc rc = ticker_start(&watch->ticker, "quota", tick, watch, err);
    if (rc != RC_OK) {
        quota_watch_free(watch);
        return rc;
    }
    *out = watch;
    return RC_OK;
}

void
quota_watch_free(struct quota_watch *watch)
{
    if (watch == NULL)
        return;
    ticker_stop(watch->ticker);
    if (watch->running != 0)
        child_kill(watch->running, NULL);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}
