/* SPDX-License-Identifier: MIT */
/*
 * Places at a limit. If the server has reached its limit on connections, the oldest stranger
 * is closed, that is, one that has not logged in or, in LMTP, not named a recipient.
 * Otherwise, if all places are taken, the suspect sessions among their holders are probed, and
 * the new session parks for a few seconds. A suspect that does not answer is ended for it; if
 * all answer, the new session is refused.
 *
 *   newcomer --session_place_wait--> suspects get POST_PROBE      suspect
 *      |                                            |  no answer, session_place_is_needed
 *      | woken by table_place_left <----------------+-- ends as reaped
 *      v
 *   asks for its place again
 *
 * Thread: any, under the table's lock.
 */
#include "session/table_private.h"

#include <stdlib.h>

#include "base/limits.h"

static size_t
probe_if_suspect(struct session *session)
{
    if (!atomic_load_explicit(&session->pub.suspect, memory_order_relaxed))
        return 0;
    table_post(session, POST_PROBE, NULL);
    return 1;
}

static size_t
probe_account(struct session_table *table, uint64_t account_id)
{
    const struct table_cell *cell = table_cell_get(&table->by_account, account_id);
    size_t count = 0;

    if (cell == NULL)
        return 0;
    LIST_FOR_EACH (node, &cell->sessions)
        count += probe_if_suspect(CONTAINER_OF(node, struct session, account_link));
    return count;
}

/* Looks at all sessions, so it is done only once in the time of a probe. */
static size_t
probe_all(struct session_table *table, const struct session *newcomer, enum end_reason limit)
{
    const int64_t now_us = session_now_us(newcomer);
    const uint64_t address = net_addr_share_hash(&newcomer->peer);
    size_t count = 0;

    if (session_table_suspects(table) == 0 ||
        (table->sweep_us != 0 && now_us < table->sweep_us + LIMIT_PROBE_US))
        return 0;
    table->sweep_us = now_us;
    LIST_FOR_EACH (node, &table->sessions) {
        struct session *s = CONTAINER_OF(node, struct session, table_link);
        const bool helps =
            limit == END_LIMIT_TOTAL
                ? s->counted != COUNTED_NOT
                : s->counted == COUNTED_ADDRESS && net_addr_share_hash(&s->peer) == address;
        if (helps)
            count += probe_if_suspect(s);
    }
    return count;
}

/* The oldest stranger that has had time to log in or to name a recipient. */
static size_t
stranger_gives_way(struct session_table *table, const struct session *newcomer)
{
    const int64_t now_us = session_now_us(newcomer);

    if (list_is_empty(&table->strangers))
        return 0;
    struct session *s = CONTAINER_OF(table->strangers.next, struct session, account_link);
    if (now_us - s->opened_us < LIMIT_STRANGER_US)
        return 0;
    list_remove(&s->account_link); /* so that each is asked only once */
    table_post(s, POST_GIVE_WAY, NULL);
    return 1;
}

static size_t
somebody_gives_way(struct session_table *table, const struct session *newcomer,
                   enum end_reason limit, uint64_t account_id)
{
    if (limit == END_LIMIT_ACCOUNT)
        return probe_account(table, account_id);
    if (limit == END_LIMIT_TOTAL && stranger_gives_way(table, newcomer) > 0)
        return 1;
    return probe_all(table, newcomer, limit);
}

bool
session_place_wait(struct session *session, enum end_reason limit, uint64_t account_id)
{
    struct session_table *table = session->env->table;
    struct place *place = NULL;

    lock_enter(&table->lock);
    if (session->place == NULL && table->waiter_count < LIMIT_PLACE_WAITERS &&
        limit != END_LIMIT_MEMORY && somebody_gives_way(table, session, limit, account_id) > 0)
        place = calloc(1, sizeof *place);
    if (place != NULL) {
        *place = (struct place){.session = session,
                                .limit = limit,
                                .account_id = account_id,
                                .until_us = session_now_us(session) + LIMIT_PLACE_WAIT_US};
        list_push_back(&table->waiters, &place->link);
        table->waiter_count++;
        session->place = place;
    }
    lock_leave(&table->lock);
    return place != NULL;
}

void
session_place_done(struct session *session)
{
    struct session_table *table = session->env->table;

    if (session->place == NULL) /* only the session's own thread sets it */
        return;
    lock_enter(&table->lock);
    list_remove(&session->place->link);
    table->waiter_count--;
    lock_leave(&table->lock);
    free(session->place);
    session->place = NULL;
}

/* Whether the place of holder would help the one that waits. */
static bool
fits(const struct place *place, const struct session *holder)
{
    switch (place->limit) {
    case END_LIMIT_ACCOUNT:
        return place->account_id == holder->account_id;
    case END_LIMIT_ADDRESS:
        return net_addr_share_hash(&place->session->peer) == net_addr_share_hash(&holder->peer);
    default:
        return true;
    }
}

bool
session_place_is_needed(struct session *session)
{
    struct session_table *table = session->env->table;
    bool needed = false;

    lock_enter(&table->lock);
    LIST_FOR_EACH (node, &table->waiters) {
        struct place *place = CONTAINER_OF(node, struct place, link);
        if (!needed && !place->granted && fits(place, session))
            needed = place->granted = true;
    }
    lock_leave(&table->lock);
    return needed;
}

void
table_place_left(struct session_table *table, const struct session *session)
{
    LIST_FOR_EACH (node, &table->waiters) {
        const struct session *waiter = CONTAINER_OF(node, struct place, link)->session;
        if (fits(waiter->place, session))
            task_wake(waiter->env->poller, waiter->task.id);
    }
}
