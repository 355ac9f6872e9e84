/* SPDX-License-Identifier: MIT */
/*
 * What uses the store besides sessions. An upgrade closes all of it before the store and, if
 * the upgrade fails, opens it again. Thread: the main thread.
 */
#include "auth/auth.h"
#include "daemon/extractor.h"
#include "daemon/quota_watch.h"
#include "daemon/server_private.h"
#include "store/sharing.h"

static enum rc
open_control(struct server *server, struct err *err)
{
    struct house *house = &server->house;
    const struct verb_house verbs = {
        .clock = house->clock,
        .registry = house->registry,
        .store = house->store,
        .indexes = house->indexes,
        .index_counts = &house->index_counts,
        .index_wishes = house->wishes,
        .extract = extractor_extract(house->extractor),
        .accounts = house->accounts,
        .table = server->env.table,
        .log = house->log,
        .networks = server->env.networks,
        .journal = server->env.journal,
        .journal_path = config_path(house->config, "journal.db"),
        .settings = &server->env.settings,
        .undelete_s = house->config->undelete_s,
        .server = {server, upgrade_asked, upgrade_asked_state},
    };

    return control_open(&verbs, config_path(house->config, "run/control.sock"),
                        &server->control, err);
}

static enum rc
open_auth(struct server *server, struct err *err)
{
    const struct auth_options auth = {
        .registry = server->house.registry,
        .clock = server->house.clock,
        .known_path = config_path(server->house.config, "logins.known"),
    };

    server->env.registry = server->house.registry;
    server->env.accounts = server->house.accounts;
    enum rc rc = RC_OK;
    if (server->oauth == NULL)
        rc = oauth_new(&server->oauth, &server->config->oauth, err);
    if (rc == RC_OK)
        rc = auth_open(&server->env.auth, &auth, err);
    if (rc == RC_OK)
        auth_set_oauth(server->env.auth, oauth_ref(server->oauth));
    return rc;
}

static void
on_quota_crossed(struct env *env, uint64_t account_id, const struct quota_crossing *crossing)
{
    struct registry_account account;
    struct log_scope log;

    log_scope_init(&log, env->log, LOG_SERVER, 0);
    if (registry_find_id(env->registry, account_id, &account, NULL) != RC_OK)
        return;
    log_put(&log, LOG_E_QUOTA_CROSSED,
            "account %s has reached %u %% of its quota: %ju of %ju %s", account.name,
            crossing->percent, (uintmax_t)crossing->used, (uintmax_t)crossing->limit,
            crossing->resource == QUOTA_STORAGE ? "octets" : "messages");
    if (!quota_watch_tell(env->quota_watch, account.name, crossing))
        log_put(&log, LOG_E_QUOTA_COMMAND, "[quota] warn_command: too many are waiting");
}

enum rc
server_store_users_open(struct server *server, struct err *err)
{
    enum rc rc = server->env.auth == NULL ? open_auth(server, err) : RC_OK;
    if (rc == RC_OK && server->env.quota_watch == NULL)
        rc = quota_watch_new(&server->env, &server->env.quota_watch, err);
    if (rc == RC_OK)
        server->env.quota_crossed = on_quota_crossed;
    /* The house was opened with the configuration of the start, which a reload may have
     * replaced since. */
    accounts_set_quota(server->house.accounts, &server->config->quota);
    registry_set_with_anyone(server->house.registry,
                             server->config->settings.share_with_anyone);

    extractor_go(server->house.extractor);
    if (rc == RC_OK)
        rc = open_control(server, err);
    if (rc == RC_OK)
        rc = housekeeping_start(&server->house, &server->env, &server->housekeeping, err);
    if (rc == RC_OK && server->house.indexes != NULL)
        rc = indexing_start(&server->house, &server->indexing, err);
    return rc;
}

void
server_store_users_close(struct server *server)
{
    struct err err = {.rc = RC_OK};

    indexing_stop(server->indexing);
    server->indexing = NULL;
    control_close(server->control);
    server->control = NULL;
    housekeeping_stop(server->housekeeping);
    server->housekeeping = NULL;
    if (server->env.auth != NULL && auth_save(server->env.auth, &err) != RC_OK)
        log_put(&server->log, LOG_E_SERVER_FAILED, "%s", err.text);
}
