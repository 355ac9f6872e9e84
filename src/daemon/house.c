/* SPDX-License-Identifier: MIT */
/* Opening and closing in order; see the header. */
#include "daemon/house.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/machine.h"
#include "daemon/directory.h"
#include "daemon/extractor.h"
#include "daemon/limits_process.h"
#include "db/db.h"
#include "mailbox/search/index_wishes.h"
#include "store/engine_sqlite.h"
#include "store/index.h"
#include "store/room.h"
#include "store/sharing.h"
#include "syntax/terms.h"

enum {
    STORE_FDS_MIN = 64,
    STORE_FDS_MAX = 4096,
    HANDLE_FDS = 3,          /* files of an open database */
    HANDLE_KIB = 1024 + 256, /* its page cache at the most, its index, schema and statements */
    STORE_MEMORY_SHARE = 16, /* open databases may take this fraction of the memory */
};

/* That fraction in KiB; 0: unknown. */
static uint64_t
store_memory_kib(void)
{
    return machine_memory_octets("") / 1024 / STORE_MEMORY_SHARE;
}

/* The number of database descriptors that fit into that memory. */
static uint64_t
fds_for_memory(void)
{
    const uint64_t kib = store_memory_kib();

    return kib == 0 ? STORE_FDS_MAX : kib / HANDLE_KIB * HANDLE_FDS;
}

/* The descriptors that open databases may use: a quarter of those of the process, or less if
 * max_connections leaves less or their memory allows less. The server raises its limit
 * (limits_process.c).
 */
static int64_t
store_fds(const struct config *config, enum house_use use)
{
    /* 0: connections leave a quarter */
    const uint64_t connections = config->settings.max_connections;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return STORE_FDS_MIN;
    const uint64_t all = use == HOUSE_SERVE ? limit.rlim_max : limit.rlim_cur;
    const uint64_t taken = connections + process_fds_besides(all);
    uint64_t fds = all / 4;
    if (use == HOUSE_SERVE && connections > 0 && all < taken + fds)
        fds = all > taken ? all - taken : 0;
    if (fds > fds_for_memory())
        fds = fds_for_memory();
    return fds < STORE_FDS_MIN   ? STORE_FDS_MIN
           : fds > STORE_FDS_MAX ? STORE_FDS_MAX
                                 : (int64_t)fds;
}

static void
on_store_report(void *ctx, uint64_t account_id, const char *text)
{
    const struct house *house = ctx;
    struct log_scope scope;

    log_scope_init(&scope, house->log, LOG_SERVER, 0);
    log_put(&scope, LOG_E_STORE_OUTSIDER, "account %ju: %s", (uintmax_t)account_id, text);
}

static void
on_index_removed(void *ctx, uint64_t account_id, const char *why)
{
    const struct house *house = ctx;
    struct log_scope scope;

    if (house->log == NULL)
        return;
    log_scope_init(&scope, house->log, LOG_SERVER, 0);
    log_put(&scope, LOG_E_INDEX_REMOVED, "index of account %ju was removed by a search: %s",
            (uintmax_t)account_id, why);
}

static enum rc
open_log(struct house *house, struct err *err)
{
    const struct config *config = house->config;
    const struct log_options options = {
        .dir = config_path(house->config, "log"),
        .clock = house->clock,
        .to_stderr = config->log_stderr,
        .keep_days = config->log_keep_days,
    };
    const enum rc rc = log_open(&house->log, &options, err);

    if (rc == RC_OK)
        log_levels_set(house->log, &config->log_levels);
    return rc;
}

/* Comes first: on a full disk, it makes room for everything that is written at a start. */
static enum rc
room_make(struct house *house, struct err *err)
{
    if (house->use != HOUSE_SERVE || house->room != NULL)
        return RC_OK;
    const enum rc rc = room_open(config_path(house->config, "reserve"), &house->room, err);
    if (rc == RC_OK)
        room_give_for_start(house->room);
    return rc;
}

/* Verbs without a server can make an index whatever the configuration says. */
static enum rc
indexes_open(struct house *house, struct err *err)
{
    const struct store_indexes_options options = {
        .clock = house->clock, .form = extractor_form(house->config, terms_form())};

    if (house->use == HOUSE_SERVE && !house->config->search_index)
        return RC_OK;
    if (house->use == HOUSE_SERVE) {
        house->wishes = malloc(sizeof *house->wishes);
        if (house->wishes == NULL)
            return err_set(err, RC_LIMIT, 0, "no memory");
        index_wishes_init(house->wishes);
    }
    const enum rc rc = store_indexes_new(&options, &house->indexes);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "no memory for indexes");
    return extractor_new(house->config, house->log, house->clock, &house->index_counts,
                         &house->extractor, err);
}

enum rc
house_store_open(struct house *house, struct err *err)
{
    struct config *config = house->config;
    const struct sqlite_registry_options registry = {
        .path = config_path(config, "registry.db"),
        .registry.clock = house->clock,
        .registry.domains = config->domains.items,
        .registry.domain_count = config->domains.count,
        .create = true,
        .unsettled = house->unsettled,
    };
    enum rc rc = room_make(house, err);
    if (rc != RC_OK)
        return rc;
    const struct sqlite_options store = {
        .store.clock = house->clock,
        .store.undelete_retention_s = config->undelete_s,
        .store.undelete_max_octets = config->undelete_octets,
        .store.report = on_store_report,
        .store.report_ctx = house,
        .dir = config_path(config, "accounts"),
        .max_open_fds = store_fds(config, house->use),
        .room = house->room,
        .background = house->use == HOUSE_SERVE,
        .unsettled = house->unsettled,
    };

    rc = registry_open_sqlite(&registry, &house->registry, err);
    if (rc == RC_OK)
        rc = store_open_sqlite(&store, &house->store, err);
    if (rc == RC_OK)
        rc = indexes_open(house, err);
    if (rc == RC_OK)
        rc = accounts_new(house->store, house->clock, &house->accounts);
    if (rc == RC_OK)
        accounts_set_registry(house->accounts, house->registry);
    if (rc == RC_OK)
        accounts_set_search(house->accounts, &(struct account_search){
                                                 .indexes = house->indexes,
                                                 .wishes = house->wishes,
                                                 .is_attached = house->extractor != NULL,
                                                 .counts = &house->index_counts,
                                                 .removed = on_index_removed,
                                                 .ctx = house,
                                             });
    if (rc == RC_OK)
        accounts_set_quota(house->accounts, &config->quota);
    if (rc == RC_OK)
        registry_set_with_anyone(house->registry, config->settings.share_with_anyone);
    if (rc == RC_OK)
        store_listen(house->store, accounts_changed_elsewhere, house->accounts);
    return rc;
}

static enum rc
open_all(struct house *house, enum house_use use, struct err *err)
{
    const char *dir = house->config->dir;
    enum rc rc = directory_make(dir, err);

    if (rc == RC_OK)
        rc = house->lock_fd < 0 ? directory_lock(dir, &house->lock_fd, err)
                                : directory_own(house->lock_fd, err);
    if (rc == RC_OK)
        rc = room_make(house, err);
    if (rc == RC_OK && use == HOUSE_SERVE)
        rc = open_log(house, err);
    return rc == RC_OK ? house_store_open(house, err) : rc;
}

enum rc
house_open(struct house *house, struct config *config, enum house_use use,
           const struct clock *clock, struct err *err)
{
    *house = (struct house){.config = config, .use = use, .clock = clock, .lock_fd = -1};
    const enum rc rc = open_all(house, use, err);
    if (rc != RC_OK)
        house_close(house);
    return rc;
}

enum rc
house_open_handed(struct house *house, struct config *config, int lock_fd,
                  const struct clock *clock, struct err *err)
{
    *house =
        (struct house){.config = config, .clock = clock, .lock_fd = lock_fd, .unsettled = true};
    const enum rc rc = open_all(house, HOUSE_SERVE, err);
    if (rc != RC_OK) {
        house->lock_fd = -1;
        house_close(house);
    }
    return rc;
}

void
house_settle(struct house *house)
{
    house->unsettled = false;
    store_sqlite_settle(house->store);
}

void
house_store_close(struct house *house)
{
    if (house->store != NULL)
        store_listen(house->store, NULL, NULL);
    if (house->accounts != NULL)
        accounts_free(house->accounts);
    store_indexes_free(house->indexes);
    extractor_free(house->extractor);
    if (house->wishes != NULL)
        index_wishes_done(house->wishes);
    free(house->wishes);
    if (house->store != NULL)
        store_close(house->store);
    if (house->registry != NULL)
        registry_close(house->registry);
    room_close(house->room); /* last, when the others have released what they had on the disk */
    house->room = NULL;
    house->indexes = NULL;
    house->extractor = NULL;
    house->wishes = NULL;
    house->accounts = NULL;
    house->store = NULL;
    house->registry = NULL;
}

void
house_close(struct house *house)
{
    house_store_close(house);
    log_close(house->log);
    if (house->lock_fd >= 0)
        close(house->lock_fd); /* this also releases the lock */
    *house = (struct house){.lock_fd = -1};
}
