/* SPDX-License-Identifier: MIT */
/*
 * See the header. Counts are in two maps (by account id and by address) of small cells; a cell
 * is freed with its last session. Everything is under one lock of rank LOCK_LIVE_TABLE, held
 * for microseconds; lists are copies.
 */
#include "session/table_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "net/parting.h"

enum { CROWDED_SAY_US = 60000000 };

enum rc
session_table_new(struct session_table **out)
{
    struct session_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return RC_LIMIT;
    lock_init(&table->lock, LOCK_LIVE_TABLE);
    list_init(&table->sessions);
    table->told = &table->sessions;
    list_init(&table->waiters);
    list_init(&table->strangers);
    map_init(&table->by_account);
    map_init(&table->by_address);
    list_init(&table->asks);
    pthread_cond_init(&table->answered, NULL);
    *out = table;
    return RC_OK;
}

void
session_table_free(struct session_table *table)
{
    if (table == NULL)
        return;
    CHECK(table->count == 0);
    map_done(&table->by_account);
    map_done(&table->by_address);
    pthread_cond_destroy(&table->answered);
    lock_done(&table->lock);
    free(table);
}

/* The cell of key, with room for one more. RC_LIMIT: max is reached, or there is no memory. */
static enum rc
cell_take(struct map *map, uint64_t key, uint32_t max)
{
    struct table_cell *cell = table_cell_get(map, key);

    if (cell == NULL) {
        cell = calloc(1, sizeof *cell);
        if (cell == NULL)
            return RC_BUSY;
        list_init(&cell->sessions);
        if (map_put(map, map_key_u64(&key), cell) != RC_OK) {
            free(cell);
            return RC_BUSY;
        }
    }
    if (cell->count >= max)
        return RC_LIMIT; /* max is at least 1, so no empty cell is left behind */
    cell->count++;
    return RC_OK;
}

static void
cell_give(struct map *map, uint64_t key)
{
    struct table_cell *cell = map_get(map, map_key_u64(&key));

    CHECK(cell != NULL && cell->count > 0);
    if (--cell->count == 0) {
        map_take(map, map_key_u64(&key));
        free(cell);
    }
}

/* From here on it counts for its account, or not at all any more. */
static void
address_give(struct session_table *table, struct session *session)
{
    if (session->counted != COUNTED_ADDRESS)
        return;
    cell_give(&table->by_address, net_addr_share_hash(&session->peer));
    session->counted = COUNTED_TOTAL;
}

static void
stranger_no_more(struct session_table *table, struct session *session)
{
    session->standing = STANDING_KNOWN;
    list_remove(&session->account_link);
    address_give(table, session);
    table_place_left(table, session);
}

/* The places that only deliveries may take. */
static size_t
reserved(const struct settings *settings)
{
    const size_t part = settings->max_connections / 8;

    return part < LIMIT_DELIVERY_PLACES ? part : LIMIT_DELIVERY_PLACES;
}

/* Strangers that one address may have. max_connections_per_address is about logins: a mail
 * system may have more connections than that, all from one address. */
static uint32_t
share_of_address(const struct settings *settings, const struct front_door *door)
{
    const uint32_t part = settings->max_connections < LIMIT_ADDRESS_SHARE
                              ? 1
                              : settings->max_connections / LIMIT_ADDRESS_SHARE;

    return !door->logs_in || part < settings->max_connections_per_address
               ? part
               : settings->max_connections_per_address;
}

/* Whether it counts for the share of its address. It does not if the address belongs to this
 * machine or to a webmail server. */
static bool
has_share(const struct session *session, const struct settings *settings)
{
    return session->standing == STANDING_STRANGER && !net_addr_is_loopback(&session->peer) &&
           !net_prefixes_hold(&settings->trusted, &session->peer);
}

static bool
is_full(const struct session_table *table, const struct session *session,
        const struct settings *settings)
{
    const size_t kept = reserved(settings);
    const size_t unused =
        session->door->logs_in && table->deliveries < kept ? kept - table->deliveries : 0;

    return table->admitted + unused >= settings->max_connections;
}

static void
count_in(struct session_table *table, struct session *session)
{
    session->counted = COUNTED_TOTAL;
    table->admitted++;
    if (!session->door->logs_in)
        table->deliveries++;
    if (session->standing == STANDING_STRANGER)
        list_push_back(&table->strangers, &session->account_link);
}

static enum end_reason
admit_locked(struct session_table *table, struct session *session)
{
    const struct settings *settings = env_settings(session->env);
    enum rc rc = RC_OK;

    if (session->counted == COUNTED_NOT && is_full(table, session, settings))
        return END_LIMIT_TOTAL;
    /* Behind a proxy the address may not be known yet; then this is called again. */
    const bool shares = session->counted != COUNTED_ADDRESS && session->proxied == NULL &&
                        has_share(session, settings);
    if (shares)
        rc = cell_take(&table->by_address, net_addr_share_hash(&session->peer),
                       share_of_address(settings, session->door));
    if (rc != RC_OK)
        return rc == RC_LIMIT ? END_LIMIT_ADDRESS : END_LIMIT_MEMORY;
    if (session->counted == COUNTED_NOT)
        count_in(table, session);
    if (shares)
        session->counted = COUNTED_ADDRESS;
    return END_NONE;
}

void
session_table_limit_text(struct session *session, enum end_reason limit, char *dst, size_t cap)
{
    const struct settings *settings = env_settings(session->env);
    char address[NET_ADDR_TEXT];

    const uint32_t share = share_of_address(settings, session->door);

    net_addr_print_host(&session->peer, address);
    if (limit == END_LIMIT_ADDRESS)
        snprintf(dst, cap, "%u connections from %s have %s: %s", share, address,
                 session->door->logs_in ? "not logged in" : "not named a recipient",
                 session->door->logs_in && share == settings->max_connections_per_address
                     ? "[limits] max_connections_per_address"
                     : "a quarter of [limits] max_connections");
    else if (limit == END_LIMIT_TOTAL)
        snprintf(dst, cap,
                 "[limits] max_connections is %u, of which %zu are kept for deliveries",
                 settings->max_connections, reserved(settings));
    else
        snprintf(dst, cap, "memory for a connection");
}

bool
session_table_is_crowded(struct session_table *table, struct env *env,
                         const struct front_door *door)
{
    const size_t most =
        env_settings(env)->max_connections + (size_t)LIMIT_NEWCOMERS * (door->logs_in ? 1 : 2);
    const int64_t now_us = clock_mono_us(env->clock);
    bool say_so = false;

    lock_enter(&table->lock);
    const size_t count = table->count;
    const bool crowded = count >= most;
    if (crowded && (table->crowded_us == 0 || now_us - table->crowded_us >= CROWDED_SAY_US)) {
        table->crowded_us = now_us;
        say_so = true;
    }
    lock_leave(&table->lock);
    if (say_so) {
        struct log_scope scope;
        log_scope_init(&scope, env->log, LOG_SERVER, 0);
        log_put(&scope, LOG_E_SERVER_FAILED,
                "all %u connections are taken and %u newcomers wait: more are closed unseen",
                env_settings(env)->max_connections, LIMIT_NEWCOMERS);
    }
    /* Sockets that are parting have only descriptors that nothing else needs. */
    if (!crowded && env->parting != NULL && count + parting_count(env->parting) >= most)
        parting_give_way(env->parting);
    return crowded;
}

void
session_table_enter(struct session_table *table, struct session *session)
{
    lock_enter(&table->lock);
    list_push_back(&table->sessions, &session->table_link);
    table->count++;
    lock_leave(&table->lock);
}

enum end_reason
session_table_admit(struct session_table *table, struct session *session)
{
    lock_enter(&table->lock);
    const enum end_reason refused = admit_locked(table, session);
    lock_leave(&table->lock);
    return refused;
}

void
session_set_peer(struct session *session, const struct net_addr *peer)
{
    lock_enter(&session->env->table->lock);
    session->peer = *peer;
    lock_leave(&session->env->table->lock);
}

enum rc
session_table_adopt(struct session_table *table, struct session *session)
{
    const uint64_t address = net_addr_share_hash(&session->peer);
    enum rc rc = RC_OK;

    lock_enter(&table->lock);
    session->standing = session->account_id != 0 ? STANDING_KNOWN : STANDING_STRANGER;
    const bool shares = has_share(session, env_settings(session->env));
    if (shares)
        rc = cell_take(&table->by_address, address, UINT32_MAX);
    else if (session->account_id != 0)
        rc = cell_take(&table->by_account, session->account_id, UINT32_MAX);
    if (rc == RC_OK) {
        count_in(table, session);
        if (shares)
            session->counted = COUNTED_ADDRESS;
        if (session->account_id != 0)
            list_push_back(&table_cell_get(&table->by_account, session->account_id)->sessions,
                           &session->account_link);
        list_push_back(&table->sessions, &session->table_link);
        table->count++;
    }
    lock_leave(&table->lock);
    return rc == RC_OK ? RC_OK : RC_LIMIT;
}

/* "3 Thunderbird at 192.0.2.7, 2 unknown at 192.0.2.9": the account's sessions by the first
 * word of their client ID and by address. */
static char *
others_by_client(const struct table_cell *cell, struct arena *arena)
{
    enum { KINDS = 8 };
    struct {
        struct span name;
        const struct net_addr *address;
        unsigned count;
    } kinds[KINDS] = {0};
    size_t used = 0;
    unsigned more = 0;
    char *text = arena_str(arena, SPAN(""));

    LIST_FOR_EACH (node, &cell->sessions) {
        const struct session *s = CONTAINER_OF(node, struct session, account_link);
        struct span name = s->client_id == NULL ? SPAN("unknown") : span_of_str(s->client_id);
        const ptrdiff_t blank = span_find_char(name, ' ');
        if (blank > 0)
            name = span_head(name, (size_t)blank);
        size_t i = 0;
        while (i < used && !(span_ieq(kinds[i].name, name) &&
                             net_addr_hash(kinds[i].address) == net_addr_hash(&s->peer)))
            i++;
        if (i == KINDS) {
            more++;
            continue;
        }
        if (i == used) {
            kinds[used].name = name;
            kinds[used++].address = &s->peer;
        }
        kinds[i].count++;
    }
    for (size_t i = 0; i < used && text != NULL; i++) {
        char address[NET_ADDR_TEXT];
        net_addr_print_host(kinds[i].address, address);
        text = arena_printf(arena, "%s%s%u %.*s at %s", text, i == 0 ? "" : ", ",
                            kinds[i].count, SPAN_FMT(kinds[i].name), address);
    }
    return more == 0 || text == NULL ? text : arena_printf(arena, "%s, %u more", text, more);
}

enum rc
session_table_login(struct session_table *table, struct session *session, uint64_t account_id,
                    const char *name, struct arena *arena, char **others_out)
{
    const struct settings *settings = env_settings(session->env);
    char *copy = strdup(name);

    if (copy == NULL)
        return RC_BUSY;
    lock_enter(&table->lock);
    const enum rc rc =
        cell_take(&table->by_account, account_id, settings->max_connections_per_user);
    if (rc == RC_OK) {
        CHECK(session->account_id == 0);
        session->account_id = account_id;
        free(session->account_name); /* from a login that was refused before */
        session->account_name = copy;
        stranger_no_more(table, session);
        list_push_back(&table_cell_get(&table->by_account, account_id)->sessions,
                       &session->account_link);
    } else if (rc == RC_LIMIT && others_out != NULL) {
        *others_out = others_by_client(table_cell_get(&table->by_account, account_id), arena);
    }
    lock_leave(&table->lock);
    if (rc != RC_OK)
        free(copy);
    return rc;
}

void
session_table_logout(struct session_table *table, struct session *session, uint64_t number)
{
    /* These posts were meant for the number or the account that the connection had. */
    const unsigned about_account = POST_ACCOUNT_DISABLED | POST_ACCOUNT_REMOVED | POST_KICK |
                                   POST_PASSWORD_CHANGED | POST_APP_PASSWORD_REVOKED;

    lock_enter(&table->lock);
    char *name = session->account_name;
    list_remove(&session->account_link);
    cell_give(&table->by_account, session->account_id);
    table_place_left(table, session);
    session->account_id = 0;
    session->account_name = NULL;
    session->credential = CREDENTIAL_PASSWORD;
    session->app_password = 0;
    atomic_fetch_and(&session->posts, ~about_account);
    free(atomic_exchange(&session->kick_words, NULL));
    session->number = number;
    session->opened_us = session_now_us(session);
    session->opened_wall_us = clock_wall_us(session->env->clock);
    session->standing = STANDING_STRANGER;
    list_push_back(&table->strangers, &session->account_link);
    /* It was admitted before, so it is not refused now. */
    if (has_share(session, env_settings(session->env)) &&
        cell_take(&table->by_address, net_addr_share_hash(&session->peer), UINT32_MAX) == RC_OK)
        session->counted = COUNTED_ADDRESS;
    lock_leave(&table->lock);
    free(name);
}

void
session_table_delivers(struct session_table *table, struct session *session)
{
    if (session->standing == STANDING_KNOWN)
        return; /* only its own thread changes that */
    lock_enter(&table->lock);
    stranger_no_more(table, session);
    lock_leave(&table->lock);
}

void
session_table_leave(struct session_table *table, struct session *session)
{
    session_place_done(session);
    lock_enter(&table->lock);
    if (!list_is_empty(&session->table_link)) {
        if (table->told == &session->table_link)
            table->told = session->table_link.prev;
        list_remove(&session->table_link);
        table->count--;
    }
    list_remove(&session->account_link);
    if (session->account_id != 0)
        cell_give(&table->by_account, session->account_id);
    address_give(table, session);
    if (session->counted != COUNTED_NOT) {
        table->admitted--;
        table->deliveries -= !session->door->logs_in;
        table_place_left(table, session);
    }
    lock_leave(&table->lock);
}

/* The three strings that readers of the table see are changed only here. */
static void
string_set(struct session *session, char **field, struct span text)
{
    char *copy = text.len == 0 ? NULL : strndup(text.ptr, text.len);

    lock_enter(&session->env->table->lock);
    char *old = *field;
    *field = copy;
    lock_leave(&session->env->table->lock);
    free(old);
}

void
session_set_mailbox_name(struct session *session, struct span name)
{
    string_set(session, &session->mailbox_name, name);
}

void
session_set_account_name(struct session *session, struct span name)
{
    string_set(session, &session->account_name, name);
}

void
session_set_client_id(struct session *session, struct span text)
{
    string_set(session, &session->client_id, text);
}

void
session_set_client_rule(struct session *session, uint8_t rule)
{
    lock_enter(&session->env->table->lock);
    session->client_rule = rule;
    lock_leave(&session->env->table->lock);
}

static const char *
copy_or_empty(struct arena *arena, const char *text)
{
    return text == NULL ? "" : arena_str(arena, span_of_str(text));
}

static bool
info_fill(const struct session *s, struct arena *arena, int64_t now_us,
          struct session_info *info)
{
    const int64_t acked_us = atomic_load_explicit(&s->pub.acked_us, memory_order_relaxed);

    *info = (struct session_info){
        .number = s->number,
        .service = log_service_name(s->door->service),
        .account = copy_or_empty(arena, s->account_name),
        .client_id = copy_or_empty(arena, s->client_id),
        .client_rule = client_rule_get(s->client_rule)->label.ptr,
        .mailbox = copy_or_empty(arena, s->mailbox_name),
        .peer = s->peer,
        .tls = session_is_private(s),
        .compressed = atomic_load_explicit(&s->pub.compressed, memory_order_relaxed),
        .state = atomic_load_explicit(&s->pub.state, memory_order_relaxed),
        .opened_wall_us = s->opened_wall_us,
        .idle_us = now_us - atomic_load_explicit(&s->pub.last_in_us, memory_order_relaxed),
        .acked_us = acked_us == 0 ? -1 : now_us - acked_us,
        .suspect = atomic_load_explicit(&s->pub.suspect, memory_order_relaxed),
        .octets_in = atomic_load_explicit(&s->pub.octets_in, memory_order_relaxed),
        .octets_out = atomic_load_explicit(&s->pub.octets_out, memory_order_relaxed),
        .thread = atomic_load_explicit(&s->pub.thread, memory_order_relaxed),
    };
    return info->account != NULL && info->client_id != NULL && info->mailbox != NULL;
}

enum rc
session_table_list(struct session_table *table, struct arena *arena, int64_t now_us, size_t max,
                   struct session_info **out, size_t *count_out)
{
    enum rc rc = RC_OK;
    size_t count = 0;

    lock_enter(&table->lock);
    const size_t want = table->count < max ? table->count : max;
    struct session_info *infos = arena_array(arena, struct session_info, want);
    if (infos == NULL)
        rc = RC_LIMIT;
    LIST_FOR_EACH (node, &table->sessions) {
        if (rc != RC_OK || count == want)
            break;
        if (!info_fill(CONTAINER_OF(node, struct session, table_link), arena, now_us,
                       &infos[count++]))
            rc = RC_LIMIT;
    }
    lock_leave(&table->lock);
    if (rc != RC_OK)
        return rc;
    *out = infos;
    *count_out = count;
    return RC_OK;
}

size_t
session_table_count(struct session_table *table)
{
    lock_enter(&table->lock);
    const size_t count = table->count;
    lock_leave(&table->lock);
    return count;
}

const char *
session_state_name(enum session_state state)
{
    static const char *const names[] = {
        [SESSION_CONNECTED] = "connected",
        [SESSION_AUTHENTICATING] = "authenticating",
        [SESSION_AUTHENTICATED] = "authenticated",
        [SESSION_SELECTED] = "selected",
        [SESSION_COMMAND] = "command",
        [SESSION_IDLE] = "idle",
        [SESSION_ENDING] = "ending",
    };

    return (size_t)state < ARRAY_LEN(names) ? names[state] : "?";
}
