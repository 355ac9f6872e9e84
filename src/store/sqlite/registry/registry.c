/* SPDX-License-Identifier: MIT */
/*
 * The registry's database and its cache. One handle serves all threads: whoever needs it marks
 * it busy and others wait for it, so that no lock is held across SQL. Look-ups are mostly
 * answered by the cache, which is emptied whole by every change and when it is full: passwords
 * and accounts change rarely, and a cache that is sometimes empty cannot be wrong.
 * Thread: any.
 */
#include "store/sqlite/registry/registry_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/rng.h"
#include "db/schema.h"

enum {
    CHECK_AFTER_US = 1000000, /* another process's change is seen so late at most */
    DB_CACHE_KIB = 2048,
};

#define ACCOUNT_COLUMNS                                                                        \
    "account.id, account.name, state, crypt, scram_iterations, scram_salt, scram_stored_key,"  \
    " scram_server_key, password_generation, created_s"

#define CREDENTIAL_COLUMNS                                                                     \
    "id, name, state, crypt, scram_iterations, scram_salt, scram_stored_key,"                  \
    " scram_server_key, password_generation, created_s"

static const char *const sql[REG_SQL_COUNT] = {
    [REG_SECRET] = "SELECT octets FROM secret",
    [REG_DATA_VERSION] = "PRAGMA data_version",
    [REG_ADD] = "INSERT INTO account (name, state, crypt, scram_iterations, scram_salt,"
                " scram_stored_key, scram_server_key, password_generation, created_s)"
                " VALUES (?, 0, ?, ?, ?, ?, ?, 1, ?)",
    [REG_ADDRESS_ADD] = "INSERT INTO address (address, domain, account, alias)"
                        " VALUES (?, ?, ?, ?)",
    [REG_SET_PASSWORD] =
        "UPDATE account SET crypt = ?2, scram_iterations = ?3, scram_salt = ?4,"
        " scram_stored_key = ?5, scram_server_key = ?6,"
        " password_generation = password_generation + 1 WHERE id = ?1",
    [REG_SET_SCRAM] = "UPDATE account SET scram_iterations = ?3, scram_salt = ?4,"
                      " scram_stored_key = ?5, scram_server_key = ?6 WHERE id = ?1"
                      " AND password_generation = ?2 AND scram_iterations = 0",
    [REG_SET_STATE] = "UPDATE account SET state = ?2 WHERE id = ?1",
    [REG_REMOVE] = "DELETE FROM account WHERE id = ?",
    [REG_ADDRESSES_REMOVE] = "DELETE FROM address WHERE account = ?",
    [REG_ALIAS_REMOVE] = "DELETE FROM address WHERE address = ? AND account = ? AND alias = 1",
    [REG_ALIASES] = "SELECT address FROM address WHERE account = ? AND alias = 1"
                    " ORDER BY address",
    [REG_BY_ADDRESS] = "SELECT " ACCOUNT_COLUMNS ", alias FROM address JOIN account"
                       " ON account.id = address.account WHERE address = ?",
    [REG_BY_ID] = "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = ?",
    [REG_LIST] = "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name > ? ORDER BY name LIMIT ?",
    [REG_COUNT] = "SELECT count(*), ifnull(sum(scram_iterations = 0), 0) FROM account"
                  " WHERE state = 0",
    [REG_DOMAIN] = "SELECT 1 FROM address WHERE domain = ? LIMIT 1",
    [REG_REMOVED_ADD] =
        "INSERT INTO removed_account (" CREDENTIAL_COLUMNS ", removed_s, purging)"
        " SELECT " CREDENTIAL_COLUMNS ", ?2, 0 FROM account WHERE id = ?1",
    [REG_REMOVED_ALIASES_ADD] = "INSERT INTO removed_alias (account, address)"
                                " SELECT account, address FROM address"
                                " WHERE account = ? AND alias = 1",
    [REG_REMOVED_LIST] = "SELECT id, name, removed_s, purging FROM removed_account"
                         " WHERE id > ? ORDER BY id LIMIT ?",
    [REG_REMOVED_DUE] = "SELECT id, name, removed_s, purging FROM removed_account"
                        " WHERE purging = 1 OR removed_s <= ? ORDER BY removed_s LIMIT ?",
    [REG_REMOVED_NAME] = "SELECT name FROM removed_account WHERE id = ? AND purging = 0",
    [REG_REMOVED_ALIASES] = "SELECT address FROM removed_alias WHERE account = ?"
                            " ORDER BY address",
    [REG_RESTORE] = "INSERT INTO account (" CREDENTIAL_COLUMNS ")"
                    " SELECT id, ?2, state, crypt, scram_iterations, scram_salt,"
                    " scram_stored_key, scram_server_key, password_generation, created_s"
                    " FROM removed_account WHERE id = ?1 AND purging = 0",
    [REG_REMOVED_PURGE] = "UPDATE removed_account SET purging = 1 WHERE id = ?",
    [REG_REMOVED_DROP] = "DELETE FROM removed_account WHERE id = ?",
    [REG_REMOVED_ALIASES_DROP] = "DELETE FROM removed_alias WHERE account = ?",
};

/* ---- schema (docs/schema.md) ---- */

static const char version_1[] =
    "CREATE TABLE secret (id INTEGER PRIMARY KEY CHECK (id = 1), octets BLOB NOT NULL);"

    "CREATE TABLE account ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " name TEXT NOT NULL UNIQUE,"
    " state INTEGER NOT NULL,"
    " crypt TEXT NOT NULL,"
    " scram_iterations INTEGER NOT NULL,"
    " scram_salt BLOB NOT NULL,"
    " scram_stored_key BLOB NOT NULL,"
    " scram_server_key BLOB NOT NULL,"
    " password_generation INTEGER NOT NULL,"
    " created_s INTEGER NOT NULL);"

    "CREATE TABLE address ("
    " address TEXT PRIMARY KEY,"
    " domain TEXT NOT NULL,"
    " account INTEGER NOT NULL,"
    " alias INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX address_account ON address (account);"
    "CREATE INDEX address_domain ON address (domain);";

/* Accounts that were removed and can be brought back. */
static const char version_2[] = "CREATE TABLE removed_account ("
                                " id INTEGER PRIMARY KEY,"
                                " name TEXT NOT NULL,"
                                " state INTEGER NOT NULL,"
                                " crypt TEXT NOT NULL,"
                                " scram_iterations INTEGER NOT NULL,"
                                " scram_salt BLOB NOT NULL,"
                                " scram_stored_key BLOB NOT NULL,"
                                " scram_server_key BLOB NOT NULL,"
                                " password_generation INTEGER NOT NULL,"
                                " created_s INTEGER NOT NULL,"
                                " removed_s INTEGER NOT NULL,"
                                " purging INTEGER NOT NULL);"

                                "CREATE TABLE removed_alias ("
                                " account INTEGER NOT NULL,"
                                " address TEXT NOT NULL,"
                                " PRIMARY KEY (account, address)) WITHOUT ROWID;";

static enum rc
draw_secret(struct db *db, struct err *err)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t octets[32];
    char text[128] = "INSERT INTO secret VALUES (1, x'";
    size_t len = strlen(text);

    rng_fill(&rng_system, octets, sizeof octets);
    for (size_t i = 0; i < sizeof octets; i++) {
        text[len++] = hex[octets[i] >> 4];
        text[len++] = hex[octets[i] & 15];
    }
    snprintf(text + len, sizeof text - len, "')");
    return db_exec(db, text, err);
}

static const struct db_step steps[] = {
    {.sql = version_1, .run = draw_secret},
    {.sql = version_2},
};

static const struct db_schema schema = {
    .what = "registry of accounts",
    .application_id = 0x526f6f72, /* "Roor" */
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
};

/* ---- the database, one thread at a time ---- */

struct db *
registry_db_take(struct registry *registry)
{
    CHECK(lock_none_held());
    lock_enter(&registry->lock);
    while (registry->db_busy)
        lock_wait(&registry->lock, &registry->idle);
    registry->db_busy = true;
    lock_leave(&registry->lock);
    return registry->db;
}

void
registry_db_give(struct registry *registry)
{
    lock_enter(&registry->lock);
    registry->db_busy = false;
    pthread_cond_signal(&registry->idle);
    lock_leave(&registry->lock);
}

/* ---- the cache ---- */

static void
cache_empty(struct registry *registry)
{
    size_t pos = 0;
    struct span key;
    void *hit;

    while (map_next(&registry->cache, &pos, &key, &hit))
        free(hit);
    map_done(&registry->cache);
    map_init(&registry->cache);
    registry->cache_generation++;
    registry->counted = false;
}

void
registry_cache_clear(struct registry *registry)
{
    lock_enter(&registry->lock);
    cache_empty(registry);
    lock_leave(&registry->lock);
}

/* Empties the cache if another process has changed the database. */
static void
cache_check(struct registry *registry)
{
    const int64_t now_us = clock_mono_us(registry->clock);

    lock_enter(&registry->lock);
    const bool due = now_us - registry->checked_us >= CHECK_AFTER_US;
    if (due)
        registry->checked_us = now_us;
    lock_leave(&registry->lock);
    if (!due)
        return;
    struct db *db = registry_db_take(registry);
    struct stmt stmt = stmt_get(db, REG_DATA_VERSION);
    const enum rc rc = stmt_one(&stmt, NULL);
    const int64_t version = rc == RC_OK ? stmt_i64(&stmt, 0) : -1;
    stmt_reset(&stmt);
    const bool changed = version != registry->data_version;
    registry->data_version = version;
    registry_db_give(registry);
    if (changed)
        registry_cache_clear(registry);
}

uint64_t
registry_cache_look(struct registry *registry)
{
    cache_check(registry);
    lock_enter(&registry->lock);
    const uint64_t generation = registry->cache_generation;
    lock_leave(&registry->lock);
    return generation;
}

bool
registry_cache_get(struct registry *registry, struct span key, struct registry_hit *out,
                   uint64_t *generation_out)
{
    cache_check(registry);
    lock_enter(&registry->lock);
    const struct registry_hit *hit = map_get(&registry->cache, key);
    if (hit != NULL)
        *out = *hit;
    *generation_out = registry->cache_generation;
    lock_leave(&registry->lock);
    return hit != NULL;
}

void
registry_cache_put(struct registry *registry, struct span key, const struct registry_hit *hit,
                   uint64_t generation)
{
    struct registry_hit *copy = malloc(sizeof *copy);

    if (copy == NULL)
        return; /* only slower */
    *copy = *hit;
    lock_enter(&registry->lock);
    if (generation == registry->cache_generation) { /* else it was read before a change */
        if (registry->cache.count >= REGISTRY_CACHE_ENTRIES)
            cache_empty(registry);
        if (map_get(&registry->cache, key) == NULL &&
            map_put(&registry->cache, key, copy) == RC_OK)
            copy = NULL;
    }
    lock_leave(&registry->lock);
    free(copy);
}

/* ---- open and close ---- */

static enum rc
parent_sync(const char *path, struct err *err)
{
    char parent[4096];
    const char *slash = strrchr(path, '/');

    snprintf(parent, sizeof parent, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
             slash == NULL ? "." : path);
    AUTO_FD fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s: fsync", parent);
    return RC_OK;
}

static enum rc
secret_read(struct registry *registry, struct err *err)
{
    AUTO_STMT stmt = stmt_get(registry->db, REG_SECRET);
    const enum rc rc = stmt_one(&stmt, err);
    const struct span octets = rc == RC_OK ? stmt_span(&stmt, 0) : SPAN("");

    if (octets.len != sizeof registry->secret)
        return rc == RC_OK || rc == RC_NOT_FOUND
                   ? err_set(err, RC_CORRUPT, 0, "%s: the secret is missing",
                             db_path(registry->db))
                   : rc;
    memcpy(registry->secret, octets.ptr, sizeof registry->secret);
    return RC_OK;
}

static enum rc
database_open(struct registry *registry, const struct sqlite_registry_options *options,
              struct err *err)
{
    const struct db_options db_options = {
        .sql = sql,
        .sql_count = REG_SQL_COUNT,
        .sync = DB_SYNC_FULL,
        .cache_kib = DB_CACHE_KIB,
        .create = options->create,
        .secure_delete = true, /* hashes and keys that were replaced */
        .auto_checkpoint = true,
        .checkpoint_on_close = true,
    };
    const bool there = access(options->path, F_OK) == 0;
    enum rc rc = db_open(&registry->db, options->path, &db_options, err);

    if (rc == RC_OK)
        rc = db_migrate(registry->db, &schema, err);
    if (rc == RC_OK && !there)
        rc = parent_sync(options->path, err);
    return rc == RC_OK ? secret_read(registry, err) : rc;
}

enum rc
registry_open_sqlite(const struct sqlite_registry_options *options, struct registry **out,
                     struct err *err)
{
    struct registry *registry = calloc(1, sizeof *registry);

    if (registry == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for the registry");
    registry->clock = options->registry.clock;
    registry->domains = options->registry.domains;
    registry->domain_count = options->registry.domain_count;
    registry->checked_us = clock_mono_us(options->registry.clock) - CHECK_AFTER_US;
    const enum rc rc = database_open(registry, options, err);
    if (rc != RC_OK) {
        db_close(registry->db);
        free(registry);
        return rc;
    }
    lock_init(&registry->lock, LOCK_REGISTRY);
    CHECK(pthread_cond_init(&registry->idle, NULL) == 0);
    map_init(&registry->cache);
    *out = registry;
    return RC_OK;
}

void
registry_close(struct registry *registry)
{
    if (registry == NULL)
        return;
    cache_empty(registry);
    map_done(&registry->cache);
    db_close(registry->db);
    pthread_cond_destroy(&registry->idle);
    lock_done(&registry->lock);
    explicit_bzero(registry->secret, sizeof registry->secret);
    free(registry);
}

void
registry_secret(struct registry *registry, uint8_t out[32])
{
    memcpy(out, registry->secret, sizeof registry->secret);
}
