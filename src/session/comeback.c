/* SPDX-License-Identifier: MIT */
/* See the header. Doubts are on a list, oldest first, and in a chain per account. */
#include "session/comeback.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"

enum {
    NAME_US = 5000000,      /* time for the client to send its name */
    ATTEMPT_US = 120000000, /* between two attempts of the kernel, at most */
};

struct doubt {
    struct list link;   /* in the list of all doubts, oldest first */
    struct doubt *next; /* next doubt of the account */
    struct comeback_conn conn;
    int64_t came_us; /* monotonic; 0: the client has not come back yet */
    uint64_t came_session;
    bool came_near; /* it came back from the same network */
    bool over;
    bool judged; /* has had its verdict; kept so that it is not judged twice */
};

struct comebacks {
    struct list doubts;
    size_t count;
    struct map by_account; /* u64 -> first struct doubt */
};

struct comebacks *
comebacks_new(void)
{
    struct comebacks *comebacks = calloc(1, sizeof *comebacks);

    if (comebacks == NULL)
        return NULL;
    list_init(&comebacks->doubts);
    map_init(&comebacks->by_account);
    return comebacks;
}

void
comebacks_free(struct comebacks *comebacks)
{
    if (comebacks == NULL)
        return;
    LIST_FOR_EACH (node, &comebacks->doubts)
        free(CONTAINER_OF(node, struct doubt, link));
    map_done(&comebacks->by_account);
    free(comebacks);
}

size_t
comebacks_count(const struct comebacks *comebacks)
{
    return comebacks->count;
}

static struct doubt *
first_of(const struct comebacks *comebacks, uint64_t account)
{
    return comebacks->count == 0 ? NULL
                                 : map_get(&comebacks->by_account, map_key_u64(&account));
}

static void
drop(struct comebacks *comebacks, struct doubt *doubt)
{
    const uint64_t account = doubt->conn.account;
    struct doubt *first = first_of(comebacks, account);

    if (first == doubt) {
        (void)map_take(&comebacks->by_account, map_key_u64(&account));
        /* Without memory, the account's other doubts can no longer be found; nothing else is
         * lost. */
        if (doubt->next != NULL &&
            map_put(&comebacks->by_account, map_key_u64(&account), doubt->next) != RC_OK)
            doubt->next = NULL;
    }
    for (struct doubt *d = first; d != NULL; d = d->next)
        if (d->next == doubt)
            d->next = doubt->next;
    list_remove(&doubt->link);
    comebacks->count--;
    free(doubt);
}

static struct doubt *
find(const struct comebacks *comebacks, uint64_t account, uint64_t session)
{
    struct doubt *d = first_of(comebacks, account);

    while (d != NULL && d->conn.session != session)
        d = d->next;
    return d;
}

static struct doubt *
add(struct comebacks *comebacks, const struct comeback_conn *conn)
{
    struct doubt *doubt = calloc(1, sizeof *doubt);

    if (doubt == NULL)
        return NULL;
    if (comebacks->count >= LIMIT_NETWORK_DOUBTS)
        drop(comebacks, CONTAINER_OF(comebacks->doubts.next, struct doubt, link));
    doubt->conn = *conn;
    doubt->next = first_of(comebacks, conn->account);
    if (map_put(&comebacks->by_account, map_key_u64(&conn->account), doubt) != RC_OK) {
        free(doubt);
        return NULL;
    }
    list_push_back(&comebacks->doubts, &doubt->link);
    comebacks->count++;
    return doubt;
}

void
comebacks_doubt(struct comebacks *comebacks, const struct comeback_conn *conn, bool over,
                int64_t now_us)
{
    struct doubt *doubt = find(comebacks, conn->account, conn->session);

    if (now_us - conn->line_us > LIMIT_NETWORK_COMEBACK_S * INT64_C(1000000))
        return;
    if (doubt == NULL)
        doubt = add(comebacks, conn);
    if (doubt != NULL && over)
        doubt->over = true;
}

void
comebacks_forget(struct comebacks *comebacks, uint64_t account, uint64_t session)
{
    struct doubt *doubt = find(comebacks, account, session);

    if (doubt != NULL)
        drop(comebacks, doubt);
}

static bool
same_name(uint32_t a, uint32_t b)
{
    return a == 0 || b == 0 || a == b;
}

static void
show_life(struct doubt *doubt, const struct comeback_conn *conn, int64_t now_us)
{
    const bool near = net_addr_same_host(&doubt->conn.network, &conn->network);

    if (doubt->came_session == conn->session && !same_name(doubt->conn.name, conn->name)) {
        doubt->came_us = 0; /* its name was not known then; it is another client */
        doubt->came_session = 0;
        doubt->came_near = false;
        return;
    }
    if (conn->session == doubt->conn.session || conn->opened_us <= doubt->conn.silent_us ||
        now_us <= doubt->conn.line_us || !same_name(doubt->conn.name, conn->name) ||
        (doubt->came_us != 0 && (doubt->came_near || !near)))
        return;
    doubt->came_us = now_us;
    doubt->came_session = conn->session;
    doubt->came_near = near;
}

void
comebacks_life(struct comebacks *comebacks, const struct comeback_conn *conn, int64_t now_us)
{
    for (struct doubt *d = first_of(comebacks, conn->account); d != NULL; d = d->next)
        show_life(d, conn, now_us);
}

static bool
is_due(const struct doubt *doubt, int64_t now_us)
{
    if (doubt->judged || doubt->came_us == 0)
        return false;
    return now_us >= doubt->came_us + (doubt->over ? NAME_US : ATTEMPT_US);
}

size_t
comebacks_settle(struct comebacks *comebacks, int64_t now_us, struct comeback_verdict *out,
                 size_t max)
{
    size_t count = 0;

    LIST_FOR_EACH (node, &comebacks->doubts) {
        struct doubt *doubt = CONTAINER_OF(node, struct doubt, link);
        const int64_t age_us = now_us - doubt->conn.line_us;
        if (is_due(doubt, now_us) && count < max) {
            out[count++] = (struct comeback_verdict){
                .network = doubt->conn.network,
                .line = doubt->conn.line,
                .thirds = doubt->came_near ? LEARN_WHOLE : LEARN_WEAK,
            };
            doubt->judged = true;
        }
        const bool old = doubt->came_us == 0 || doubt->judged
                             ? age_us > LIMIT_NETWORK_COMEBACK_S * INT64_C(1000000)
                             : false;
        if ((doubt->judged && doubt->over) || old)
            drop(comebacks, doubt);
    }
    return count;
}
