/* SPDX-License-Identifier: MIT */
/*
 * Connects the parts of a running server, from the bottom up, and closes them in reverse
 * order:
 *
 *   house (lock, log, registry, store, accounts) -> journal, live table -> poller, slots,
 *   sessions' table -> auth, TLS -> ports, control socket -> ready -> signals ... -> down again
 *
 * The main thread waits for signals here; everything else happens on work threads.
 */
#include "daemon/server.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "admin/control.h"
#include "auth/auth.h"
#include "base/limits.h"
#include "daemon/config_key.h"
#include "daemon/house.h"
#include "daemon/housekeeping.h"
#include "daemon/leaving.h"
#include "daemon/limits_process.h"
#include "daemon/ports.h"
#include "daemon/quota_watch.h"
#include "daemon/server_private.h"
#include "journal/journal.h"
#include "journal/live.h"
#include "net/parting.h"
#include "net/tls.h"
#include "session/networks.h"
#include "session/table.h"
#include "store/sharing.h"

/* Listeners, and sessions that are only told that there is no room. */
enum { TASKS_BESIDES = 1024 };

static enum rc
open_tls(struct server *server, struct err *err)
{
    const struct config *config = server->house.config;
    const struct tls_config tls = config_tls(config);
    char warning[200];

    if (config->certificate[0] == '\0')
        return RC_OK;
    const enum rc rc = tls_server_new(&tls, &clock_system, &server->env.tls, err);
    if (rc == RC_OK && tls_server_cert_warning(server->env.tls, warning, sizeof warning))
        log_put(&server->log, LOG_E_SERVER_FAILED, "%s", warning);
    return rc;
}

/* Each task has a row in the live table. If a reload allows more, that takes effect after a
 * restart. */
static uint32_t
tasks_max(const struct config *config)
{
    const uint32_t connections = config->settings.max_connections;

    return connections < LIMIT_TASKS - TASKS_BESIDES ? connections + TASKS_BESIDES
                                                     : LIMIT_TASKS;
}

/* The number of the next session must be above this one. */
static void
number_taken(struct env *env, uint64_t session)
{
    if (session >= atomic_load(&env->next_session))
        atomic_store(&env->next_session, session + 1);
}

/* Handles crash tables that replaced processes used while they ended their last sessions. */
static void
collect_aside(struct server *server)
{
    struct journal_reader *recorded = NULL;
    struct env *env = &server->env;
    struct live_left left;
    glob_t found;
    struct err err = {.rc = RC_OK};

    if (glob(config_path(server->house.config, "run/live.*"), 0, NULL, &found) != 0)
        return;
    const char *path = config_path(server->house.config, "journal.db");
    if (journal_reader_open(&recorded, path, &err) != RC_OK)
        /* the next start tries again */
        log_put(&server->log, LOG_E_SERVER_FAILED, "%s", err.text);
    for (size_t i = 0; i < found.gl_pathc && recorded != NULL; i++) {
        if (live_collect(found.gl_pathv[i], env->journal, recorded, &left, &err) != RC_OK)
            log_put(&server->log, LOG_E_SERVER_FAILED, "%s", err.text);
        else if (left.crashed > 0)
            log_put(&server->log, LOG_E_CRASH_FOUND,
                    "the server ended without closing %u sessions", left.crashed);
        number_taken(env, left.last_session);
    }
    journal_reader_close(recorded);
    globfree(&found);
}

static enum rc
open_journal(struct server *server, const struct takeover *takeover, struct err *err)
{
    struct config *config = server->house.config;
    struct env *env = &server->env;
    const struct journal_options options = {
        .path = config_path(config, "journal.db"),
        .log = server->house.log,
        .clock = server->house.clock,
        .keep_days = config->journal_keep_days,
        .max_octets = (int64_t)config->journal_octets,
    };
    uint32_t crashed = 0;
    struct err live_err = {.rc = RC_OK};

    const enum rc rc = journal_open(&env->journal, &options, err);
    if (rc != RC_OK)
        return rc;
    if (live_open(&env->live, config_path(config, "run/live"), tasks_max(config), env->journal,
                  &crashed, &live_err) != RC_OK)
        /* continues without it */
        log_put(&server->log, LOG_E_SERVER_FAILED, "%s", live_err.text);
    if (crashed > 0)
        log_put(&server->log, LOG_E_CRASH_FOUND, "the server ended without closing %u sessions",
                crashed);
    atomic_store(&env->next_session, journal_first_session(env->journal));
    number_taken(env, live_last_session(env->live));
    if (takeover == NULL)
        collect_aside(server);
    else if (takeover_next_session(takeover) > atomic_load(&env->next_session))
        atomic_store(&env->next_session, takeover_next_session(takeover));
    return RC_OK;
}

static enum rc
open_threads(struct server *server, struct err *err)
{
    const struct config *config = server->house.config;
    struct env *env = &server->env;
    const struct poller_config poller = {.threads = config->work_threads,
                                         .max_tasks = tasks_max(config),
                                         .clock = server->house.clock};

    enum rc rc = poller_new(&poller, &env->poller, err);
    if (rc != RC_OK)
        return rc;
    const struct slots_config slots = {
        .threads = poller_threads(env->poller),
        .cores = poller_cores(),
        .wake = task_waker(env->poller, 0),
    };
    rc = slots_new(&slots, &env->slots, err);
    if (rc == RC_OK)
        rc = parting_new(env->poller, &env->parting, err);
    if (rc == RC_OK)
        rc = session_table_new(&env->table);
    return rc;
}

static enum rc
open_env(struct server *server, const struct takeover *takeover, struct err *err)
{
    struct config *config = server->house.config;
    struct env *env = &server->env;

    env->clock = server->house.clock;
    env->log = server->house.log;
    atomic_store(&env->settings, &config->settings);
    budget_init(&env->input_budget, (int64_t)config->memory_octets / 2);
    budget_init(&env->order_budget, LIMIT_ORDER_ALL_OCTETS);
    budget_init(&env->context_budget, LIMIT_CONTEXTS_ALL_OCTETS);
    budget_init(&env->notify_budget, LIMIT_NOTIFY_GUESTS_ALL_OCTETS);
    budget_init(&env->spool_budget, (int64_t)config->memory_octets / 2);
    const int64_t files = (int64_t)process_spools(process_fds());
    budget_init(&env->delivery_files, files / 4);
    budget_init(&env->spool_files, files - files / 4);
    spool_owners_init(&env->spool_owners, files - files / 4);
    env->spool = (struct spool_place){.dir = config_path(config, "tmp"),
                                      .memory = &env->spool_budget,
                                      .files = &env->spool_files,
                                      .owners = &env->spool_owners};
    env->delivery_spool = env->spool;
    env->delivery_spool.kept = &env->delivery_files;
    env->version = ROOST_VERSION;
    enum rc rc = open_journal(server, takeover, err);
    if (rc == RC_OK)
        rc = networks_new(env, config_path(config, "journal.db"), &env->networks, err);
    if (rc == RC_OK)
        rc = open_threads(server, err);
    if (rc == RC_OK)
        rc = open_tls(server, err);
    return rc;
}

static enum rc
server_open(struct server *server, struct takeover *takeover, struct err *err)
{
    struct err limits_err = {.rc = RC_OK};

    if (process_limits_raise(&server->house.config->settings, &limits_err) != RC_OK) {
        log_put(&server->log, LOG_E_SERVER_FAILED, "%s", limits_err.text);
        fprintf(stderr, "roost: %s\n", limits_err.text);
    }
    if (process_limits_check(server->house.config->work_threads,
                             server->house.config->memory_octets, &limits_err) != RC_OK)
        log_put(&server->log, LOG_E_SERVER_FAILED, "%s", limits_err.text);
    enum rc rc = open_env(server, takeover, err);
    if (rc == RC_OK)
        rc = ports_open(&server->env, server->house.config, takeover_listeners(takeover),
                        &server->ports, err);
    if (rc == RC_OK)
        rc = poller_start(server->env.poller, err);
    if (rc == RC_OK)
        rc = server_store_users_open(server, err);
    if (rc == RC_OK && takeover != NULL)
        rc = takeover_sessions(takeover, server, err);
    if (rc == RC_OK)
        rc = ports_begin(server->ports, err);
    if (rc == RC_OK && takeover != NULL)
        takeover_go(takeover, server);
    return rc;
}

/* ---- signals ---- */

/* Applies changed keys as the table of keys says. True: waiting sessions must look at the new
 * settings now. Keys that need a restart are logged. */
static bool
changes_weigh(struct server *server, const struct config *next)
{
    const struct config *started = server->house.config;
    bool wakes = false;

    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &config_keys[i];
        wakes |= key->reload == RELOAD_WAKES && !config_key_same(server->config, next, key);
        const bool needs_restart =
            key->reload == RELOAD_RESTART ||
            (server->env.tls == NULL && strcmp(key->section, "tls") == 0);
        if (!needs_restart || config_key_same(started, next, key))
            continue;
        log_put(&server->log, LOG_E_NEEDS_RESTART,
                "[%s] %s has changed and takes effect at the next start", key->section,
                key->name);
        fprintf(stderr, "roost: [%s] %s has changed and takes effect at the next start\n",
                key->section, key->name);
    }
    return wakes;
}

static void
reload(struct server *server)
{
    const struct serve_options *options = server->options;
    struct config *config = NULL;
    struct oauth *oauth = NULL;
    struct err err = {.rc = RC_OK};
    struct err log_err = {.rc = RC_OK};

    sd_notify(0, "RELOADING=1");
    enum rc rc = config_read(options->config_path, options->overrides, options->override_count,
                             &config, &err);
    if (rc == RC_OK)
        rc = oauth_new(&oauth, &config->oauth, &err);
    /* This replaces the certificate, so nothing after it may fail. */
    if (rc == RC_OK && server->env.tls != NULL) {
        const struct tls_config tls = config_tls(config);
        rc = tls_server_reload(server->env.tls, &tls, &err);
    }
    if (log_reopen(server->house.log, &log_err) != RC_OK) {
        log_put(&server->log, LOG_E_SERVER_FAILED,
                "reload: %s; entries go on into the file that was open", log_err.text);
        fprintf(stderr, "roost: reload: %s; entries go on into the file that was open\n",
                log_err.text);
    }
    if (rc == RC_OK && process_limits_raise(&config->settings, &err) != RC_OK)
        log_put(&server->log, LOG_E_SERVER_FAILED, "%s", err.text);
    if (rc != RC_OK) {
        oauth_unref(oauth);
        config_free(config);
        log_put(&server->log, LOG_E_SERVER_FAILED, "reload: %s; nothing was changed", err.text);
        fprintf(stderr, "roost: reload: %s; nothing was changed\n", err.text);
    } else {
        const bool wakes = changes_weigh(server, config);
        /* Sessions may still be reading the old configuration: settings.h. */
        config->older = server->config;
        server->config = config;
        atomic_store(&server->env.settings, &config->settings);
        accounts_set_quota(server->house.accounts, &config->quota);
        registry_set_with_anyone(server->house.registry, config->settings.share_with_anyone);
        oauth_unref(server->oauth);
        server->oauth = oauth;
        auth_set_oauth(server->env.auth, oauth_ref(oauth));
        if (wakes)
            session_post_all(server->env.table, 0, POST_CONFIGURATION, NULL, 0);
        log_levels_set(server->house.log, &config->log_levels);
        log_put(&server->log, LOG_E_SERVER_RELOADED, "configuration reloaded");
    }
    sd_notify(0, "READY=1");
}

/* Handles signals until it is time to stop. */
static void
signals_serve(struct server *server, const sigset_t *set)
{
    for (;;) {
        int signal_number = 0;
        if (sigwait(set, &signal_number) != 0)
            continue;
        if (signal_number == SIGHUP) {
            reload(server);
            continue;
        }
        if (signal_number == SIGUSR2) {
            if (upgrade_run(server))
                return;
            continue;
        }
        log_put(&server->log, LOG_E_SERVER_STOP, "stopping: signal %d", signal_number);
        return;
    }
}

static void
server_close(struct server *server)
{
    struct env *env = &server->env;

    server_store_users_close(server);
    if (server->ports != NULL)
        ports_close(server->ports);
    const bool clean =
        env->table == NULL || env->poller == NULL ||
        sessions_leave(env, upgrade_is_gone(server) ? POST_UPGRADE : POST_SHUTDOWN);
    if (env->poller != NULL)
        poller_stop(env->poller);
    ports_free(server->ports);
    parting_free(env->parting);
    if (!clean) {
        /* A session is stuck on a dead disk, so the store that it uses cannot be closed. What
         * was acknowledged is on disk, and at the next start the live table shows which
         * sessions were open. */
        log_flush(env->log);
        journal_flush(env->journal);
        _exit(1);
    }
    quota_watch_free(env->quota_watch);
    /* Must end before the poller, because its threads wake sessions, even ones that have
     * ended. */
    auth_close(env->auth);
    oauth_unref(server->oauth);
    house_store_close(&server->house);
    poller_free(env->poller);
    slots_free(env->slots);
    session_table_free(env->table);
    tls_server_free(env->tls);
    live_close(env->live);
    if (upgrade_is_gone(server))
        unlink(upgrade_live_path(server, true));
    spool_owners_done(&env->spool_owners);
    networks_free(env->networks);
    journal_close(env->journal);
    log_put(&server->log, LOG_E_SERVER_STOPPED, "stopped");
}

static enum rc
serve(struct server *server, struct takeover *takeover, const sigset_t *set, struct err *err)
{
    log_scope_init(&server->log, server->house.log, LOG_SERVER, 0);
    log_put(&server->log, LOG_E_SERVER_START, "Roost %s started", ROOST_VERSION);
    upgrade_init(server);
    charset_hold_init(&server->charsets);
    const enum rc rc = server_open(server, takeover, err);
    if (rc == RC_OK) {
        upgrade_ready(server);
        printf("ready\n");
        fflush(stdout);
        sd_notify(0, "READY=1");
        if (server->options->ready != NULL)
            server->options->ready(&server->env);
        signals_serve(server, set);
        if (!upgrade_is_gone(server))
            sd_notify(0, "STOPPING=1");
    }
    upgrade_over(server);
    server_close(server);
    upgrade_done(server);
    charset_hold_done(&server->charsets);
    return rc;
}

enum rc
server_run(const struct serve_options *options, struct err *err)
{
    struct server *server = calloc(1, sizeof *server);
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* if it is ignored, nobody learns how a program has ended */
    (void)tls_memory_init();  /* if it fails, connections take more memory */
    if (server == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    server->options = options;
    struct takeover *takeover = NULL;
    const int sock = options->takeover_sock;
    const struct clock *clock = options->clock == NULL ? &clock_system : options->clock;
    enum rc rc = config_read(options->config_path, options->overrides, options->override_count,
                             &server->config, err);
    if (rc == RC_OK && sock > 0)
        rc = takeover_begin(sock, server->config, &takeover, err);
    if (rc == RC_OK && takeover == NULL)
        rc = house_open(&server->house, server->config, HOUSE_SERVE, clock, err);
    else if (rc == RC_OK)
        rc = house_open_handed(&server->house, server->config, takeover_lock_take(takeover),
                               clock, err);
    if (rc == RC_OK) {
        rc = serve(server, takeover, &set, err);
        house_close(&server->house);
    }
    if (rc != RC_OK && sock > 0)
        takeover_failed(sock, err);
    takeover_free(takeover);
    config_free(server->config);
    free(server);
    return rc;
}
