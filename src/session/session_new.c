/* SPDX-License-Identifier: MIT */
/* Makes a session that is not run yet, and frees one that is no longer run. */
#include <stdlib.h>

#include "session/proxied.h"
#include "session/session_private.h"

void
session_tap_drop(struct session *session)
{
    if (session->tap == NULL)
        return;
    log_tap_done(session->tap);
    free(session->tap);
    session->tap = NULL;
}

struct session *
session_new(struct env *env, const struct front_door *door, const struct net_addr *peer,
            uint64_t number)
{
    struct session *session = calloc(1, door->session_octets);

    if (session == NULL || !event_log_init(&session->events)) {
        free(session);
        return NULL;
    }
    session->env = env;
    session->door = door;
    session->peer = *peer;
    session->number = number;
    session->opened_us = clock_mono_us(env->clock);
    session->opened_wall_us = clock_wall_us(env->clock);
    session->deadline_us = INT64_MAX;
    liveness_init(&session->liveness);
    list_init(&session->table_link);
    list_init(&session->account_link);
    log_scope_init(&session->log, env->log, door->service, session->number);
    return session;
}

void
session_free(struct session *session)
{
    if (session == NULL)
        return;
    session_tap_drop(session);
    event_log_done(&session->events);
    free(atomic_exchange(&session->kick_words, NULL));
    free(session->end_detail);
    free(session->end_words);
    free(session->account_name);
    free(session->client_id);
    free(session->mailbox_name);
    proxied_free(session->proxied);
    free(session);
}
