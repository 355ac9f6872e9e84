/* SPDX-License-Identifier: MIT */
/*
 * The state of an upgrade. The main thread sets it; threads of the control socket ask for an
 * upgrade and wait for the answer.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/server_private.h"

/* answer may be NULL: it stays as it is. */
void
upgrade_stage_set(struct server *server, enum upgrade_stage stage,
                  const struct verb_upgrade *answer)
{
    struct upgrade_state *state = &server->upgrade;

    pthread_mutex_lock(&state->mutex);
    if (answer != NULL)
        state->answer = *answer;
    state->stage = stage;
    pthread_cond_broadcast(&state->changed);
    pthread_mutex_unlock(&state->mutex);
}

static enum upgrade_stage
stage_get(struct server *server)
{
    pthread_mutex_lock(&server->upgrade.mutex);
    const enum upgrade_stage stage = server->upgrade.stage;
    pthread_mutex_unlock(&server->upgrade.mutex);
    return stage;
}

bool
upgrade_is_gone(struct server *server)
{
    return stage_get(server) == UPGRADE_GONE;
}

void
upgrade_asked_state(void *ctx, struct verb_upgrade *out)
{
    struct server *server = ctx;

    pthread_mutex_lock(&server->upgrade.mutex);
    *out = server->upgrade.answer;
    out->pid = server->upgrade.stage == UPGRADE_STARTING ? 0 : (uint32_t)getpid();
    pthread_mutex_unlock(&server->upgrade.mutex);
    snprintf(out->version, sizeof out->version, "%s", ROOST_VERSION);
}

void
upgrade_ready(struct server *server)
{
    upgrade_stage_set(server, UPGRADE_NONE, NULL);
}

void
upgrade_over(struct server *server)
{
    if (!upgrade_is_gone(server))
        upgrade_stage_set(server, UPGRADE_STOPPING, NULL);
}

static const char *
busy_with(enum upgrade_stage stage)
{
    return stage == UPGRADE_STARTING   ? "the server is still starting"
           : stage == UPGRADE_STOPPING ? "the server is stopping"
                                       : "the server is being replaced already";
}

enum rc
upgrade_asked(void *ctx, struct verb_upgrade *out, struct err *err)
{
    struct server *server = ctx;
    struct upgrade_state *state = &server->upgrade;
    enum rc rc = RC_OK;

    pthread_mutex_lock(&state->mutex);
    if (state->stage == UPGRADE_NONE) {
        state->stage = UPGRADE_ASKED;
        /* wakes the main thread, which waits for signals */
        kill(getpid(), SIGUSR2);
    } else if (state->stage != UPGRADE_ASKED) { /* otherwise one process answers both */
        rc = err_set(err, RC_BUSY, 0, "%s", busy_with(state->stage));
    }
    while (state->stage == UPGRADE_ASKED)
        pthread_cond_wait(&state->changed, &state->mutex);
    *out = state->answer;
    if (rc == RC_OK && state->stage == UPGRADE_NONE)
        rc = err_set(err, RC_INVALID, 0, "%s", out->trouble);
    else if (rc == RC_OK && state->stage == UPGRADE_STOPPING)
        rc = err_set(err, RC_BUSY, 0, "%s", busy_with(state->stage));
    pthread_mutex_unlock(&state->mutex);
    return rc;
}

void
upgrade_init(struct server *server)
{
    struct upgrade_state *state = &server->upgrade;

    pthread_mutex_init(&state->mutex, NULL);
    pthread_cond_init(&state->changed, NULL);
    state->answer.pid = (uint32_t)getpid();
    snprintf(state->answer.version, sizeof state->answer.version, "%s", ROOST_VERSION);
    moving_init(&server->moving);
    server->env.moving = &server->moving;
}

void
upgrade_done(struct server *server)
{
    moving_done(&server->moving);
    pthread_cond_destroy(&server->upgrade.changed);
    pthread_mutex_destroy(&server->upgrade.mutex);
}
