/* SPDX-License-Identifier: MIT */
/*
 * The table of known networks, and what sessions report to it; see the header. All of struct
 * networks is under its lock. Changes are logged after the lock was left.
 */
#include "session/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "journal/journal.h"
#include "session/comeback.h"
#include "session/session.h"
#include "session/table.h"

enum {
    STORE_EVERY_S = 60, /* for a network whose interval did not change */
    STORE_BATCH = 64,   /* rows given to the journal at a time */
    VERDICTS = 16,      /* doubts judged at a time */
    /* the first keepalive of a wait is sent early, so that it is not late on a busy machine */
    EARLY_S = 1,
    EARLY_FROM_S = 8, /* only with intervals of at least this; learn.c has the same slack */
};

struct known {
    struct list link; /* most recently seen first */
    struct net_addr network;
    struct learn learn;
    bool dirty;  /* differs from the journal's row */
    bool urgent; /* the interval differs */
    int64_t stored_s;
};

struct networks {
    struct lock lock; /* LOCK_NETWORKS */
    struct map by_network;
    struct list known;
    size_t count;
    struct comebacks *comebacks;
    struct env *env;
    struct network_record batch[STORE_BATCH]; /* for networks_tick and networks_free */
};

/* A message for the log. */
struct news {
    enum learn_change change;
    struct net_addr network;
    uint32_t interval_s;
    uint32_t silence_s;
};

static struct learn_bounds
bounds_of(const struct settings *settings)
{
    const uint32_t start_s = settings->idle_keepalive_s;

    return (struct learn_bounds){
        .start_s = start_s,
        .min_s =
            settings->idle_keepalive_min_s < start_s ? settings->idle_keepalive_min_s : start_s,
        .max_s =
            settings->idle_keepalive_max_s > start_s ? settings->idle_keepalive_max_s : start_s,
    };
}

static int64_t
wall_s(const struct networks *networks)
{
    return clock_wall_s(networks->env->clock);
}

void
networks_name(const struct net_addr *addr, char dst[NETWORK_TEXT])
{
    const struct net_addr network = net_addr_network(addr);
    char host[NET_ADDR_TEXT];

    dst[0] = '\0';
    if (addr->family != NET_IPV4 && addr->family != NET_IPV6)
        return;
    net_addr_print_host(&network, host);
    snprintf(dst, NETWORK_TEXT, "%.42s/%u", host, addr->family == NET_IPV4 ? 24u : 48u);
}

/* ---- the log ---- */

static void
news_put(const struct networks *networks, const struct news *news)
{
    char name[NETWORK_TEXT];
    struct log_scope scope;

    if (news->change == LEARN_SAME)
        return;
    networks_name(&news->network, name);
    log_scope_init(&scope, networks->env->log, LOG_SERVER, 0);
    switch (news->change) {
    case LEARN_LENGTHENED:
        log_put(&scope, LOG_E_NETWORK,
                "%s: keepalive every %u s now: silences as long are kept", name,
                news->interval_s);
        break;
    case LEARN_TRIAL_FAILED:
        log_put(&scope, LOG_E_NETWORK,
                "%s: keepalive stays at %u s: a silence of %u s was lost", name,
                news->interval_s, news->silence_s);
        break;
    case LEARN_FELL:
        log_put(&scope, LOG_E_NETWORK,
                "%s: keepalive every %u s now: silences of %u s are lost", name,
                news->interval_s, news->silence_s);
        break;
    case LEARN_TOO_SHORT:
        log_put(&scope, LOG_E_NETWORK,
                "%s: silences of %u s are lost, and [idle] keepalive_min allows no less than "
                "%u s",
                name, news->silence_s, news->interval_s);
        break;
    case LEARN_SAME:
        break;
    }
}

/* Logged once for a session, and when its interval changes. */
static void
interval_put(struct session *session, const struct known *known, uint32_t interval_s)
{
    char name[NETWORK_TEXT];
    const struct learn *learn = &known->learn;

    networks_name(&known->network, name);
    if (interval_s > learn->interval_s)
        log_put(&session->log, LOG_E_INTERVAL,
                "keepalive every %u s: %s keeps silences of %u s, a longer one is tried",
                interval_s, name, learn->interval_s);
    else if (learn->why == NETWORK_START)
        log_put(&session->log, LOG_E_INTERVAL,
                "keepalive every %u s as configured: nothing speaks against it in %s",
                interval_s, name);
    else if (learn->limit_s != 0)
        log_put(&session->log, LOG_E_INTERVAL, "keepalive every %u s: %s forgets after %u s",
                interval_s, name, learn->limit_s);
    else
        log_put(&session->log, LOG_E_INTERVAL,
                "keepalive every %u s: %s keeps silences as long", interval_s, name);
}

/* ---- the table; under the lock ---- */

static struct span
key_of(const struct net_addr *network, uint8_t key[17])
{
    key[0] = network->family;
    memcpy(key + 1, network->ip, 16);
    return span_of(key, 17);
}

static struct known *
known_find(const struct networks *networks, const struct net_addr *network)
{
    uint8_t key[17];

    return map_get(&networks->by_network, key_of(network, key));
}

static void
known_drop(struct networks *networks, struct known *known)
{
    uint8_t key[17];

    (void)map_take(&networks->by_network, key_of(&known->network, key));
    list_remove(&known->link);
    networks->count--;
    free(known);
}

/* Makes a new row. If there is no room, it replaces the network unseen for longest. NULL: no
 * memory. */
static struct known *
known_new(struct networks *networks, const struct net_addr *network)
{
    struct known *known = calloc(1, sizeof *known);
    uint8_t key[17];

    if (known == NULL)
        return NULL;
    if (networks->count >= LIMIT_NETWORKS)
        known_drop(networks, CONTAINER_OF(networks->known.prev, struct known, link));
    known->network = *network;
    if (map_put(&networks->by_network, key_of(network, key), known) != RC_OK) {
        free(known);
        return NULL;
    }
    list_push_front(&networks->known, &known->link);
    networks->count++;
    return known;
}

static struct known *
known_get(struct networks *networks, const struct net_addr *network,
          const struct learn_bounds *bounds)
{
    struct known *known = known_find(networks, network);

    if (known != NULL) {
        list_remove(&known->link);
        list_push_front(&networks->known, &known->link);
        return known;
    }
    known = known_new(networks, network);
    if (known != NULL)
        learn_begin(&known->learn, bounds, wall_s(networks));
    return known;
}

static void
note_change(struct known *known, enum learn_change change, uint32_t silence_s,
            struct news *news)
{
    known->dirty = true;
    known->urgent = known->urgent || change != LEARN_SAME;
    *news = (struct news){change, known->network, known->learn.interval_s, silence_s};
}

/* ---- sessions ---- */

/* Whether acknowledgements of this session come from the client's network. */
static bool
is_witness(const struct session *session)
{
    return session->env->networks != NULL && !session->by_proxy &&
           !net_addr_is_loopback(&session->peer) &&
           (session->peer.family == NET_IPV4 || session->peer.family == NET_IPV6);
}

static uint32_t
hash32(const void *data, size_t octets)
{
    const uint32_t hash = (uint32_t)map_hash(span_of(data, octets));

    return hash == 0 ? 1 : hash;
}

static struct comeback_conn
conn_of(const struct session *session)
{
    const struct liveness *l = &session->liveness;
    const struct span client = span_of_str(session->client_id);
    struct comeback_conn conn = {
        .account = session->account_id,
        .session = session->number,
        .network = net_addr_network(&session->peer),
        .name = client.len == 0 ? 0 : hash32(client.ptr, client.len),
        .opened_us = session->opened_us,
        .line_us = l->line_us,
        .silent_us = l->line_us - (int64_t)l->silence_s * 1000000,
    };
    const uint64_t device[2] = {conn.account, conn.name};
    const int64_t age_us = session_now_us(session) - l->line_us;

    conn.line = (struct learn_line){
        .device = hash32(device, sizeof device),
        .silence_s = l->silence_s,
        .sent_s = (clock_wall_us(session->env->clock) - age_us) / 1000000,
    };
    return conn;
}

/* What the table says for a session. */
struct learnt {
    uint32_t interval_s; /* 0: nothing */
    bool keeps_least;    /* its network has survived a silence as long as its client needs */
};

/* least_s: the shortest interval for its client. Logs what is new. */
static struct learnt
learnt_interval(struct session *session, const struct learn_bounds *bounds, uint32_t least_s)
{
    struct networks *networks = session->env->networks;
    const struct net_addr network = net_addr_network(&session->peer);
    struct known copy;

    lock_enter(&networks->lock);
    struct known *known = known_get(networks, &network, bounds);
    if (known == NULL) {
        lock_leave(&networks->lock);
        return (struct learnt){0};
    }
    const struct learnt learnt = {
        .interval_s = learn_interval(&known->learn, bounds, net_addr_hash(&session->peer),
                                     wall_s(networks)),
        .keeps_least = learn_keeps(&known->learn, least_s),
    };
    const bool tell = learnt.interval_s != session->keepalive_s && log_on(&session->log, LOG_P);
    if (tell)
        copy = *known;
    lock_leave(&networks->lock);
    session->keepalive_s = learnt.interval_s;
    if (tell)
        interval_put(session, &copy, learnt.interval_s);
    return learnt;
}

/* The interval for a session, within the bounds for its client (client_rule.def); 0: no
 * keepalives. The bounds make it longer only where its network has survived such silences
 * (INV-N2). */
static int64_t
interval_of(struct session *session)
{
    const struct learn_bounds bounds = bounds_of(env_settings(session->env));
    const struct client_rule *rule = session_client_rule(session);
    const uint32_t least_s = rule->least_s < bounds.max_s ? rule->least_s : bounds.max_s;
    const uint32_t most_s = rule->most_s > bounds.min_s ? rule->most_s : bounds.min_s;
    struct learnt learnt = {0};

    if (bounds.start_s == 0)
        return 0;
    if (is_witness(session) && bounds.min_s != bounds.max_s)
        learnt = learnt_interval(session, &bounds, least_s);
    const uint32_t interval_s = learnt.interval_s == 0 ? bounds.start_s : learnt.interval_s;
    if (interval_s < least_s && learnt.keeps_least)
        return least_s;
    return rule->most_s != 0 && interval_s > most_s ? most_s : interval_s;
}

/* Seconds from now to the next multiple of the interval for this client: 1 to interval_s. */
static int64_t
seconds_to_next(const struct session *session, int64_t interval_s)
{
    const int64_t now_s = session_now_us(session) / 1000000;
    const int64_t shift_s = (int64_t)(net_addr_hash(&session->peer) % (uint64_t)interval_s);

    return interval_s - (now_s + interval_s - shift_s) % interval_s;
}

/* A keepalive is sent a moment after it is due, more on a busy machine, and a short interval
 * has no second to spare for that. */
static int64_t
early_s(int64_t interval_s)
{
    return interval_s >= EARLY_FROM_S ? EARLY_S : 0;
}

int64_t
network_first_us(struct session *session, int64_t silent_us)
{
    const int64_t interval_s = interval_of(session);
    const int64_t now_us = session_now_us(session);

    if (interval_s == 0)
        return INT64_MAX;
    const int64_t latest_us =
        (silent_us / 1000000 + interval_s - early_s(interval_s)) * 1000000;
    const int64_t next_us = (now_us / 1000000 + seconds_to_next(session, interval_s)) * 1000000;
    if (latest_us <= now_us)
        return now_us;
    return next_us < latest_us ? next_us : latest_us;
}

int64_t
network_next_us(struct session *session)
{
    const int64_t interval_s = interval_of(session);

    if (interval_s == 0)
        return INT64_MAX;
    int64_t in_s = seconds_to_next(session, interval_s);
    if (in_s <= early_s(interval_s))
        /* the first one was early; all stay early, instead of waking twice */
        in_s = interval_s;
    return (session_now_us(session) / 1000000 + in_s) * 1000000;
}

/* Under the lock. A connection that was another session's before is older than this session, so
 * what it shows says nothing about silences since then (INV-N3). */
static void
show_life(const struct session *session, const struct comeback_conn *conn)
{
    if (!session->is_reused)
        comebacks_life(session->env->networks->comebacks, conn, session_now_us(session));
}

void
network_kept(struct session *session)
{
    const struct learn_bounds bounds = bounds_of(env_settings(session->env));
    struct networks *networks = session->env->networks;
    struct news news = {.change = LEARN_SAME};

    if (session->liveness.silence_s == 0 || session->account_id == 0 || bounds.start_s == 0 ||
        !is_witness(session))
        return;
    const struct comeback_conn conn = conn_of(session);
    lock_enter(&networks->lock);
    comebacks_forget(networks->comebacks, conn.account, conn.session);
    show_life(session, &conn);
    struct known *known = known_get(networks, &conn.network, &bounds);
    if (known != NULL)
        note_change(known, learn_kept(&known->learn, &bounds, &conn.line, wall_s(networks)),
                    conn.line.silence_s, &news);
    lock_leave(&networks->lock);
    news_put(networks, &news);
}

/* Notes that the session's line is in doubt. */
static void
doubt(struct session *session, bool over)
{
    struct networks *networks = session->env->networks;

    if (session->liveness.line_us == 0 || session->liveness.silence_s == 0 ||
        session->account_id == 0 || !is_witness(session))
        return;
    const struct comeback_conn conn = conn_of(session);
    lock_enter(&networks->lock);
    comebacks_doubt(networks->comebacks, &conn, over, session_now_us(session));
    lock_leave(&networks->lock);
}

void
network_suspect(struct session *session)
{
    doubt(session, false);
}

void
network_came(struct session *session)
{
    struct networks *networks = session->env->networks;

    /* Also for sessions behind a proxy: the client's address is as trustworthy as the
     * proxy. */
    if (networks == NULL || session->account_id == 0 ||
        (session->peer.family != NET_IPV4 && session->peer.family != NET_IPV6))
        return;
    const struct comeback_conn conn = conn_of(session);
    lock_enter(&networks->lock);
    show_life(session, &conn);
    lock_leave(&networks->lock);
}

void
network_left(struct session *session)
{
    struct networks *networks = session->env->networks;

    if (networks == NULL || session->account_id == 0)
        return;
    lock_enter(&networks->lock);
    comebacks_forget(networks->comebacks, session->account_id, session->number);
    lock_leave(&networks->lock);
}

void
network_gone(struct session *session, const struct conn_evidence *evidence)
{
    const bool silent = evidence->end != CONN_END_UNREACHABLE && evidence->unacked_octets > 0;

    if (silent)
        doubt(session, true);
    else
        network_left(session);
}

/* ---- once a second ---- */

/* For sessions that wait already, the next keepalive would come too late. */
static void
waiting_hear(const struct networks *networks, const struct net_addr *network)
{
    if (networks->env->table != NULL)
        session_post_network(networks->env->table, network, POST_CONFIGURATION);
}

static void
judge(struct networks *networks, const struct learn_bounds *bounds)
{
    struct comeback_verdict verdicts[VERDICTS];
    struct news news[VERDICTS] = {0};

    lock_enter(&networks->lock);
    const size_t count = comebacks_settle(
        networks->comebacks, clock_mono_us(networks->env->clock), verdicts, VERDICTS);
    for (size_t i = 0; i < count; i++) {
        struct known *known = known_get(networks, &verdicts[i].network, bounds);
        if (known != NULL)
            note_change(known,
                        learn_lost(&known->learn, bounds, &verdicts[i].line, verdicts[i].thirds,
                                   wall_s(networks)),
                        verdicts[i].line.silence_s, &news[i]);
    }
    lock_leave(&networks->lock);
    for (size_t i = 0; i < count; i++) {
        news_put(networks, &news[i]);
        if (news[i].change == LEARN_FELL || news[i].change == LEARN_TRIAL_FAILED)
            waiting_hear(networks, &news[i].network);
    }
}

/* Fills the batch with rows to be stored, and those of networks to be forgotten. */
static size_t
collect(struct networks *networks, bool all)
{
    const int64_t now_s = wall_s(networks);
    const int64_t oldest_s = now_s - (int64_t)LIMIT_NETWORK_KEEP_DAYS * 86400;
    size_t count = 0;

    lock_enter(&networks->lock);
    LIST_FOR_EACH (node, &networks->known) {
        struct known *known = CONTAINER_OF(node, struct known, link);
        const bool old = known->learn.seen_s < oldest_s;
        const bool due = all || known->urgent || now_s - known->stored_s >= STORE_EVERY_S ||
                         now_s < known->stored_s;
        if (count == STORE_BATCH)
            break;
        if (!old && !(known->dirty && due))
            continue;
        struct network_record *record = &networks->batch[count++];
        if (old)
            *record = (struct network_record){0};
        else
            learn_to_record(&known->learn, record);
        networks_name(&known->network, record->network);
        known->dirty = known->urgent = false;
        known->stored_s = now_s;
        if (old)
            known_drop(networks, known);
    }
    lock_leave(&networks->lock);
    return count;
}

static void
store(struct networks *networks, bool all)
{
    const size_t count = collect(networks, all);

    /* Rows that a full queue refuses are queued again when there is new evidence. */
    if (count > 0)
        (void)!journal_put_networks(networks->env->journal, networks->batch, count);
}

void
networks_tick(struct networks *networks)
{
    const struct learn_bounds bounds = bounds_of(env_settings(networks->env));

    if (bounds.start_s > 0)
        judge(networks, &bounds);
    store(networks, false);
}

/* ---- administration ---- */

enum rc
networks_list(struct networks *networks, struct arena *arena, struct network_record **out,
              size_t *count_out)
{
    size_t count = 0;

    lock_enter(&networks->lock);
    struct network_record *records =
        arena_array(arena, struct network_record, networks->count + 1);
    if (records != NULL)
        LIST_FOR_EACH (node, &networks->known) {
            const struct known *known = CONTAINER_OF(node, struct known, link);
            learn_to_record(&known->learn, &records[count]);
            networks_name(&known->network, records[count].network);
            count++;
        }
    lock_leave(&networks->lock);
    if (records == NULL)
        return RC_LIMIT;
    *out = records;
    *count_out = count;
    return RC_OK;
}

size_t
networks_reset(struct networks *networks, struct span name)
{
    struct network_record forget = {0};
    char text[NETWORK_TEXT];
    size_t count = 0;

    lock_enter(&networks->lock);
    LIST_FOR_EACH (node, &networks->known) {
        struct known *known = CONTAINER_OF(node, struct known, link);
        networks_name(&known->network, text);
        if (name.len > 0 && !span_eq_str(name, text))
            continue;
        known_drop(networks, known);
        count++;
    }
    lock_leave(&networks->lock);
    snprintf(forget.network, sizeof forget.network, "%.*s", SPAN_FMT(name));
    (void)!journal_put_networks(networks->env->journal, &forget, 1);
    return count;
}

/* ---- life ---- */

static bool
load_one(void *ctx, const struct network_record *record)
{
    struct networks *networks = ctx;
    struct net_prefix prefix;

    if (net_prefix_parse(span_of_str(record->network), &prefix, NULL) != RC_OK ||
        prefix.bits != (prefix.addr.family == NET_IPV4 ? 24 : 48) || record->interval_s == 0)
        return true; /* not ours to store */
    struct known *known = known_new(networks, &prefix.addr);
    if (known == NULL)
        return false;
    learn_from_record(&known->learn, record);
    list_remove(&known->link); /* the rows come most recently seen first */
    list_push_back(&networks->known, &known->link);
    return networks->count < LIMIT_NETWORKS;
}

static enum rc
load(struct networks *networks, const char *journal_path, struct err *err)
{
    struct journal_reader *reader = NULL;

    enum rc rc = journal_reader_open(&reader, journal_path, err);
    if (rc != RC_OK)
        return rc;
    rc = journal_walk_networks(reader, load_one, networks, err);
    journal_reader_close(reader);
    return rc;
}

/* On a full disk only its writer can open the journal (db.h, alone); everything is then learnt
 * again. */
static enum rc
load_if_shared(struct networks *networks, const char *journal_path, struct err *err)
{
    struct err why = {.rc = RC_OK};
    struct log_scope scope;
    const enum rc rc = load(networks, journal_path, &why);

    if (rc == RC_BUSY) {
        log_scope_init(&scope, networks->env->log, LOG_SERVER, 0);
        log_put(&scope, LOG_E_SERVER_FAILED,
                "what was learnt about client networks cannot be read: %s", why.text);
        return RC_OK;
    }
    if (rc != RC_OK && err != NULL)
        *err = why;
    return rc;
}

enum rc
networks_new(struct env *env, const char *journal_path, struct networks **out, struct err *err)
{
    struct networks *networks = calloc(1, sizeof *networks);

    if (networks == NULL)
        return err_set(err, RC_LIMIT, 0, "networks: no memory");
    lock_init(&networks->lock, LOCK_NETWORKS);
    map_init(&networks->by_network);
    list_init(&networks->known);
    networks->env = env;
    networks->comebacks = comebacks_new();
    enum rc rc = networks->comebacks == NULL ? err_set(err, RC_LIMIT, 0, "networks: no memory")
                                             : load_if_shared(networks, journal_path, err);
    if (rc != RC_OK) {
        networks_free(networks);
        return rc;
    }
    *out = networks;
    return RC_OK;
}

void
networks_free(struct networks *networks)
{
    if (networks == NULL)
        return;
    for (size_t i = 0; i <= networks->count / STORE_BATCH; i++)
        store(networks, true);
    while (networks->count > 0)
        known_drop(networks, CONTAINER_OF(networks->known.next, struct known, link));
    comebacks_free(networks->comebacks);
    map_done(&networks->by_network);
    lock_done(&networks->lock);
    free(networks);
}
