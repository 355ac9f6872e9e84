/* SPDX-License-Identifier: MIT */
/*
 * Posts to sessions: bits that are set under the table's lock, and a wake. Also the count of
 * suspect sessions, and the records that others have asked for. Thread: any.
 */
#include "session/table_private.h"

#include <stdlib.h>
#include <string.h>

/* A thread that waits for the record of a session. */
struct ask {
    struct list link;
    uint64_t number;
    struct arena *arena;
    struct end_record *out;
    enum rc rc; /* RC_BUSY: not answered yet */
};

void
session_table_suspect(struct session_table *table, int more)
{
    atomic_fetch_add_explicit(&table->suspects, more, memory_order_relaxed);
}

size_t
session_table_suspects(const struct session_table *table)
{
    const int suspects = atomic_load_explicit(&table->suspects, memory_order_relaxed);

    return suspects < 0 ? 0 : (size_t)suspects;
}

void
table_post(struct session *session, enum session_post post, const char *words)
{
    if (words != NULL) {
        char *old = atomic_exchange(&session->kick_words, strdup(words));
        free(old);
    }
    atomic_fetch_or(&session->posts, (unsigned)post);
    task_wake(session->env->poller, session->task.id);
}

bool
session_post(struct session_table *table, uint64_t number, enum session_post post,
             const char *words)
{
    bool found = false;

    lock_enter(&table->lock);
    LIST_FOR_EACH (node, &table->sessions) {
        struct session *s = CONTAINER_OF(node, struct session, table_link);
        if (s->number == number) {
            table_post(s, post, words);
            found = true;
            break;
        }
    }
    lock_leave(&table->lock);
    return found;
}

static size_t
post_but(struct session *session, enum session_post post, const char *words, uint64_t except)
{
    if (session->number == except)
        return 0;
    table_post(session, post, words);
    return 1;
}

size_t
session_post_all(struct session_table *table, uint64_t account_id, enum session_post post,
                 const char *words, uint64_t except)
{
    size_t count = 0;

    lock_enter(&table->lock);
    if (account_id == 0) {
        LIST_FOR_EACH (node, &table->sessions)
            count +=
                post_but(CONTAINER_OF(node, struct session, table_link), post, words, except);
    } else if (table_cell_get(&table->by_account, account_id) != NULL) {
        LIST_FOR_EACH (node, &table_cell_get(&table->by_account, account_id)->sessions)
            count +=
                post_but(CONTAINER_OF(node, struct session, account_link), post, words, except);
    }
    lock_leave(&table->lock);
    return count;
}

size_t
session_post_app_password(struct session_table *table, uint64_t account_id,
                          uint32_t app_password, enum session_post post, const char *words)
{
    size_t count = 0;

    lock_enter(&table->lock);
    const struct table_cell *cell = table_cell_get(&table->by_account, account_id);
    if (cell != NULL) {
        LIST_FOR_EACH (node, &cell->sessions) {
            struct session *s = CONTAINER_OF(node, struct session, account_link);
            if (s->app_password == app_password)
                count += post_but(s, post, words, 0);
        }
    }
    lock_leave(&table->lock);
    return count;
}

size_t
session_post_network(struct session_table *table, const struct net_addr *network,
                     enum session_post post)
{
    size_t count = 0;

    lock_enter(&table->lock);
    LIST_FOR_EACH (node, &table->sessions) {
        struct session *s = CONTAINER_OF(node, struct session, table_link);
        const struct net_addr of_peer = net_addr_network(&s->peer);
        if (net_addr_same_host(&of_peer, network))
            count += post_but(s, post, NULL, 0);
    }
    lock_leave(&table->lock);
    return count;
}

enum rc
session_ask(struct session_table *table, uint64_t number, int64_t wait_ms, struct arena *arena,
            struct end_record *out)
{
    struct ask ask = {.number = number, .arena = arena, .out = out, .rc = RC_NOT_FOUND};

    lock_enter(&table->lock);
    LIST_FOR_EACH (node, &table->sessions) {
        struct session *s = CONTAINER_OF(node, struct session, table_link);
        if (s->number != number)
            continue;
        ask.rc = RC_BUSY;
        list_push_back(&table->asks, &ask.link);
        table_post(s, POST_DESCRIBE, NULL);
        while (ask.rc == RC_BUSY && lock_wait_ms(&table->lock, &table->answered, wait_ms)) {
        }
        list_remove(&ask.link);
        break;
    }
    lock_leave(&table->lock);
    return ask.rc;
}

void
session_answer(struct session_table *table, const struct end_record *record)
{
    lock_enter(&table->lock);
    LIST_FOR_EACH (node, &table->asks) {
        struct ask *ask = CONTAINER_OF(node, struct ask, link);
        if (ask->number == record->session && ask->rc == RC_BUSY)
            ask->rc = end_record_copy(record, ask->arena, ask->out);
    }
    pthread_cond_broadcast(&table->answered);
    lock_leave(&table->lock);
}

size_t
session_post_next(struct session_table *table, enum session_post post, size_t max)
{
    size_t count = 0;

    lock_enter(&table->lock);
    for (; count < max && table->told->next != &table->sessions; count++) {
        table->told = table->told->next;
        table_post(CONTAINER_OF(table->told, struct session, table_link), post, NULL);
    }
    lock_leave(&table->lock);
    return count;
}
