/* SPDX-License-Identifier: MIT */
/*
 * The registry's database. One handle serves all threads: whoever needs it marks it busy and
 * others wait for it, so that no lock is held across SQL. Thread: any.
 */
#include "store/sqlite/registry/registry_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/disk.h"
#include "base/rng.h"
#include "db/schema.h"

enum {
    DB_CACHE_KIB = 2048,
};

#define ACCOUNT_COLUMNS                                                                        \
    "account.id, account.name, state, crypt, scram_iterations, scram_salt, scram_stored_key,"  \
    " scram_server_key, password_generation, created_s, quota_octets, quota_messages,"         \
    " quota_mailboxes,"                                                                        \
    " (SELECT count(*) FROM app_password WHERE app_password.account = account.id)"

/* As registry_app_row_read reads them. */
#define APP_COLUMNS                                                                            \
    "id, name, protocols, digest, scram_stored_key, scram_server_key, created_s,"              \
    " ifnull(expires_s, 0), ifnull(used_s, 0)"

/* What a removed account keeps, besides its name. */
#define KEPT_COLUMNS                                                                           \
    "state, crypt, scram_iterations, scram_salt, scram_stored_key, scram_server_key,"          \
    " password_generation, created_s, quota_octets, quota_messages, quota_mailboxes"

/* Whether a row of share is for account ?1, one of its groups or, if ?3 is not 0, anyone. */
#define SHARE_IS_FOR_ACCOUNT                                                                   \
    "((kind = 0 AND ?3) OR (kind = 1 AND who = ?1) OR (kind = 2 AND who IN"                    \
    " (SELECT grp FROM group_member WHERE account = ?1)))"

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
                      " AND password_generation = ?2 AND (scram_iterations = 0"
                      " OR (scram_stored_key = x'' AND scram_iterations = ?3"
                      " AND scram_salt = ?4))",
    [REG_SET_STATE] = "UPDATE account SET state = ?2 WHERE id = ?1",
    [REG_SET_QUOTA] = "UPDATE account SET quota_octets = ?2, quota_messages = ?3,"
                      " quota_mailboxes = ?4 WHERE id = ?1",
    [REG_SALT] = "SELECT scram_iterations, scram_salt,"
                 " (SELECT count(*) FROM app_password WHERE app_password.account = account.id)"
                 " FROM account WHERE id = ?",
    [REG_SET_SALT] = "UPDATE account SET scram_iterations = ?2, scram_salt = ?3 WHERE id = ?1",
    [REG_APP_ADD] = "INSERT INTO app_password (account, name, protocols, digest,"
                    " scram_stored_key, scram_server_key, created_s, expires_s)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, nullif(?, 0))",
    [REG_APP_BY_NAME] = "SELECT id FROM app_password WHERE account = ? AND name = ?",
    [REG_APP_REMOVE] = "DELETE FROM app_password WHERE id = ?",
    [REG_APP_LIST] = "SELECT " APP_COLUMNS " FROM app_password WHERE account = ?"
                     " ORDER BY name LIMIT ?",
    [REG_APP_FIND] = "SELECT " APP_COLUMNS " FROM app_password WHERE account = ?"
                     " AND digest = ?",
    [REG_APP_USED] = "UPDATE app_password SET used_s = ?2 WHERE id = ?1"
                     " AND ifnull(used_s, 0) < ?2",
    [REG_APP_PURGE] = "DELETE FROM app_password WHERE account = ?",
    [REG_REMOVE] = "DELETE FROM account WHERE id = ?",
    [REG_ADDRESSES_REMOVE] = "DELETE FROM address WHERE account = ?",
    [REG_ALIAS_REMOVE] = "DELETE FROM address WHERE address = ? AND account = ? AND alias = 1",
    [REG_ALIASES] = "SELECT address FROM address WHERE account = ? AND alias = 1"
                    " ORDER BY address",
    [REG_BY_ADDRESS] = "SELECT " ACCOUNT_COLUMNS ", alias FROM address JOIN account"
                       " ON account.id = address.account WHERE address = ?",
    [REG_BY_ID] = "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = ?",
    [REG_LIST] = "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name > ? ORDER BY name LIMIT ?",
    [REG_COUNT] = "SELECT count(*), ifnull(sum(scram_stored_key = x''), 0) FROM account"
                  " WHERE state = 0",
    [REG_DOMAIN] = "SELECT 1 FROM address WHERE domain = ? LIMIT 1",
    [REG_REMOVED_ADD] =
        "INSERT INTO removed_account (id, name, " KEPT_COLUMNS ", removed_s, purging)"
        " SELECT id, name, " KEPT_COLUMNS ", ?2, 0 FROM account WHERE id = ?1",
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
    [REG_RESTORE] =
        "INSERT INTO account (id, name, " KEPT_COLUMNS ")"
        " SELECT id, ?2, " KEPT_COLUMNS " FROM removed_account WHERE id = ?1 AND purging = 0",
    [REG_REMOVED_PURGE] = "UPDATE removed_account SET purging = 1 WHERE id = ?",
    [REG_REMOVED_DROP] = "DELETE FROM removed_account WHERE id = ?",
    [REG_REMOVED_ALIASES_DROP] = "DELETE FROM removed_alias WHERE account = ?",
    [REG_GROUP_ADD] = "INSERT INTO account_group (name) VALUES (?)",
    [REG_GROUP_COUNT] = "SELECT count(*) FROM account_group",
    [REG_GROUP_REMOVE] = "DELETE FROM account_group WHERE id = ?",
    [REG_GROUP_MEMBERS_DROP] = "DELETE FROM group_member WHERE grp = ?",
    [REG_GROUP_SHARES_DROP] = "DELETE FROM share WHERE kind = 2 AND who = ?",
    [REG_GROUP_BY_NAME] = "SELECT id, name FROM account_group WHERE name = ?",
    [REG_GROUP_BY_ID] = "SELECT id, name FROM account_group WHERE id = ?",
    [REG_GROUP_LIST] =
        "SELECT id, name FROM account_group WHERE name > ? ORDER BY name LIMIT ?",
    [REG_MEMBER_ADD] = "INSERT OR IGNORE INTO group_member (grp, account) VALUES (?, ?)",
    [REG_MEMBER_REMOVE] = "DELETE FROM group_member WHERE grp = ? AND account = ?",
    [REG_GROUP_MEMBERS] = "SELECT name FROM group_member JOIN account"
                          " ON account.id = group_member.account WHERE grp = ? ORDER BY name",
    [REG_GROUPS_OF] = "SELECT grp FROM group_member WHERE account = ? ORDER BY grp",
    [REG_SHARE_ADD] = "INSERT OR IGNORE INTO share (kind, who, owner) VALUES (?, ?, ?)",
    [REG_SHARES_DROP] = "DELETE FROM share WHERE owner = ?",
    [REG_SHARERS] =
        "SELECT id, name FROM account WHERE id <> ?1 AND id IN (SELECT owner FROM share"
        " WHERE " SHARE_IS_FOR_ACCOUNT ") ORDER BY name LIMIT ?2",
    [REG_SHARES_WITH] = "SELECT 1 FROM share JOIN account ON account.id = owner"
                        " WHERE owner = ?2 AND " SHARE_IS_FOR_ACCOUNT " LIMIT 1",
    [REG_SHARES_ANY] = "SELECT 1 FROM share LIMIT 1",
    [REG_ACCOUNT_MEMBER_DROP] = "DELETE FROM group_member WHERE account = ?",
    [REG_ACCOUNT_SHARES_DROP] = "DELETE FROM share WHERE owner = ?1 OR (kind = 1 AND who = ?1)",
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

/* Limits of single accounts. */
static const char version_3[] =
    "ALTER TABLE account ADD COLUMN quota_octets INTEGER;"
    "ALTER TABLE account ADD COLUMN quota_messages INTEGER;"
    "ALTER TABLE account ADD COLUMN quota_mailboxes INTEGER;"
    "ALTER TABLE removed_account ADD COLUMN quota_octets INTEGER;"
    "ALTER TABLE removed_account ADD COLUMN quota_messages INTEGER;"
    "ALTER TABLE removed_account ADD COLUMN quota_mailboxes INTEGER;";

/* Passwords besides an account's own; they stay while it is removed. */
static const char version_4[] = "CREATE TABLE app_password ("
                                " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                                " account INTEGER NOT NULL,"
                                " name TEXT NOT NULL,"
                                " protocols INTEGER NOT NULL,"
                                " digest BLOB NOT NULL,"
                                " scram_stored_key BLOB NOT NULL,"
                                " scram_server_key BLOB NOT NULL,"
                                " created_s INTEGER NOT NULL,"
                                " expires_s INTEGER,"
                                " used_s INTEGER);"
                                "CREATE UNIQUE INDEX app_password_name"
                                " ON app_password (account, name);";

/* Groups, and who shares mailboxes with whom. */
static const char version_5[] = "CREATE TABLE account_group ("
                                " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                                " name TEXT NOT NULL UNIQUE);"

                                "CREATE TABLE group_member ("
                                " grp INTEGER NOT NULL,"
                                " account INTEGER NOT NULL,"
                                " PRIMARY KEY (grp, account)) WITHOUT ROWID;"
                                "CREATE INDEX group_member_account ON group_member (account);"

                                "CREATE TABLE share ("
                                " kind INTEGER NOT NULL,"
                                " who INTEGER NOT NULL,"
                                " owner INTEGER NOT NULL,"
                                " PRIMARY KEY (kind, who, owner)) WITHOUT ROWID;"
                                "CREATE INDEX share_owner ON share (owner);";

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
    {.sql = version_3},
    {.sql = version_4},
    {.sql = version_5},
};

static const struct db_schema schema = {
    .what = "registry of accounts",
    .application_id = 0x526f6f72, /* "Roor" */
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
};

/* ---- the database, one thread at a time ---- */

struct db *
registry_db_take(struct sqlite_registry *registry)
{
    CHECK(lock_none_held());
    lock_enter(&registry->lock);
    while (registry->db_busy)
        lock_wait(&registry->lock, &registry->idle);
    registry->db_busy = true;
    lock_leave(&registry->lock);
    db_share(registry->db);
    return registry->db;
}

void
registry_db_give(struct sqlite_registry *registry)
{
    lock_enter(&registry->lock);
    registry->db_busy = false;
    pthread_cond_signal(&registry->idle);
    lock_leave(&registry->lock);
}

enum rc
sqlite_registry_changes(struct registry *base, uint64_t *serial_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_DATA_VERSION);
    const enum rc rc = stmt_one(&stmt, err);

    if (rc == RC_OK)
        *serial_out = (uint64_t)stmt_i64(&stmt, 0); /* grows with commits of other handles */
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc;
}

/* ---- open and close ---- */

static enum rc
secret_read(struct sqlite_registry *registry, struct err *err)
{
    AUTO_STMT stmt = stmt_get(registry->db, REG_SECRET);
    const enum rc rc = stmt_one(&stmt, err);
    const struct span octets = rc == RC_OK ? stmt_span(&stmt, 0) : SPAN("");

    if (octets.len != sizeof registry->base.secret)
        return rc == RC_OK || rc == RC_NOT_FOUND
                   ? err_set(err, RC_CORRUPT, 0, "%s: the secret is missing",
                             db_path(registry->db))
                   : rc;
    memcpy(registry->base.secret, octets.ptr, sizeof registry->base.secret);
    return RC_OK;
}

/* The program that ran before cannot read what was brought up to date: it must not happen as
 * long as that one may come back. */
static enum rc
version_settle(struct sqlite_registry *registry, bool unsettled, struct err *err)
{
    if (unsettled && db_is_newest(registry->db, &schema, NULL) == RC_BUSY)
        return err_set(err, RC_BUSY, 0,
                       "%s: the registry must be brought up to date: restart the server",
                       db_path(registry->db));
    return db_migrate(registry->db, &schema, err);
}

static enum rc
database_open(struct sqlite_registry *registry, const struct sqlite_registry_options *options,
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
        rc = version_settle(registry, options->unsettled, err);
    if (rc == RC_OK && !there)
        rc = disk_sync_parent(options->path, err);
    return rc == RC_OK ? secret_read(registry, err) : rc;
}

static const struct registry_ops sqlite_registry_ops = {
    .name = "sqlite",
#define REGISTRY_OP(op) .op = sqlite_registry_##op,
#include "store/registry_ops.def"
#undef REGISTRY_OP
};

enum rc
registry_open_sqlite(const struct sqlite_registry_options *options, struct registry **out,
                     struct err *err)
{
    struct sqlite_registry *registry = calloc(1, sizeof *registry);

    if (registry == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for the registry");
    enum rc rc = registry_init(&registry->base, &sqlite_registry_ops, &options->registry);
    if (rc != RC_OK)
        (void)err_set(err, rc, 0, "no memory for the registry");
    lock_init(&registry->lock, LOCK_REGISTRY);
    CHECK(pthread_cond_init(&registry->idle, NULL) == 0);
    if (rc == RC_OK)
        rc = database_open(registry, options, err);
    if (rc == RC_OK)
        *out = &registry->base;
    else
        sqlite_registry_close(&registry->base);
    return rc;
}

void
sqlite_registry_close(struct registry *base)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);

    db_close(registry->db);
    pthread_cond_destroy(&registry->idle);
    lock_done(&registry->lock);
    registry_done(base);
    free(registry);
}
