/* SPDX-License-Identifier: MIT */
/*
 * Application passwords as rows. They stay when their account is removed, because its number is
 * never given again, and go when it is purged. Thread: any.
 */
#include "store/app_password.h"

#include <stdio.h>
#include <string.h>

#include "store/sqlite/registry/registry_private.h"

/* ---- the salt that all passwords of an account share ---- */

/* An account without one gets this one. */
static enum rc
salt_share(struct db *db, uint64_t account, const struct scram_keys *salt, struct err *err)
{
    struct scram_keys there;
    uint64_t count = 0;
    const enum rc rc = registry_salt_read(db, account, &there, &count, err);

    if (rc != RC_OK)
        return rc;
    if (count >= LIMIT_APP_PASSWORDS)
        return err_set(err, RC_LIMIT, 0, "an account can have %u application passwords",
                       LIMIT_APP_PASSWORDS);
    if (there.iterations != 0)
        return registry_salt_check(&there, salt, err);
    AUTO_STMT stmt = stmt_get(db, REG_SET_SALT);
    stmt_bind_i64(&stmt, 1, (int64_t)account);
    stmt_bind_i64(&stmt, 2, salt->iterations);
    stmt_bind_blob(&stmt, 3, span_of(salt->salt, salt->salt_octets));
    return registry_run_on_account(&stmt, account, err);
}

/* ---- changes ---- */

/* RC_OK and 0: there is none of this name. */
static enum rc
id_of(struct db *db, uint64_t account, struct span name, uint64_t *id_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, REG_APP_BY_NAME);

    stmt_bind_i64(&stmt, 1, (int64_t)account);
    stmt_bind_text(&stmt, 2, name);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    *id_out = rc == RC_OK ? (uint64_t)stmt_i64(&stmt, 0) : 0;
    return RC_OK;
}

static enum rc
app_add(struct registry_change *change, uint64_t account, const struct app_password *password,
        const struct scram_keys *salt, uint64_t *id_out, struct err *err)
{
    struct db *db = change->db;
    uint64_t taken = 0;
    enum rc rc = salt_share(db, account, salt, err);

    if (rc == RC_OK)
        rc = id_of(db, account, span_of_str(password->name), &taken, err);
    if (rc != RC_OK)
        return rc;
    if (taken != 0)
        return err_set(err, RC_EXISTS, 0, "there is an application password \"%s\" already",
                       password->name);
    AUTO_STMT stmt = stmt_get(db, REG_APP_ADD);
    stmt_bind_i64(&stmt, 1, (int64_t)account);
    stmt_bind_text(&stmt, 2, span_of_str(password->name));
    stmt_bind_i64(&stmt, 3, password->protocols);
    stmt_bind_blob(&stmt, 4, span_of(password->digest, sizeof password->digest));
    stmt_bind_blob(&stmt, 5, span_of(password->stored_key, sizeof password->stored_key));
    stmt_bind_blob(&stmt, 6, span_of(password->server_key, sizeof password->server_key));
    stmt_bind_i64(&stmt, 7, password->created_s);
    stmt_bind_i64(&stmt, 8, password->expires_s);
    rc = stmt_run(&stmt, err);
    if (rc != RC_OK)
        return rc;
    const uint64_t id = (uint64_t)db_last_rowid(db);
    if (id > UINT32_MAX)
        return err_set(err, RC_LIMIT, 0, "all numbers of application passwords are used up");
    *id_out = id;
    return RC_OK;
}

enum rc
sqlite_registry_app_add(struct registry *registry, uint64_t account,
                        const struct app_password *password, const struct scram_keys *salt,
                        uint64_t *id_out, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, app_add(&change, account, password, salt, id_out, err),
                               err);
}

static enum rc
app_remove(struct registry_change *change, uint64_t account, struct span name, uint64_t *id_out,
           struct err *err)
{
    uint64_t id = 0;
    const enum rc rc = id_of(change->db, account, name, &id, err);

    if (rc != RC_OK)
        return rc;
    if (id == 0)
        return err_set(err, RC_NOT_FOUND, 0, "there is no application password \"%.*s\"",
                       SPAN_FMT(span_head(name, LIMIT_APP_PASSWORD_NAME)));
    AUTO_STMT stmt = stmt_get(change->db, REG_APP_REMOVE);
    stmt_bind_i64(&stmt, 1, (int64_t)id);
    *id_out = id;
    return stmt_run(&stmt, err);
}

enum rc
sqlite_registry_app_remove(struct registry *registry, uint64_t account, struct span name,
                           uint64_t *id_out, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, app_remove(&change, account, name, id_out, err), err);
}

static enum rc
app_used(struct registry_change *change, const struct app_use *use, struct err *err)
{
    AUTO_STMT stmt = stmt_get(change->db, REG_APP_USED);

    stmt_bind_i64(&stmt, 1, (int64_t)use->id);
    stmt_bind_i64(&stmt, 2, use->used_s);
    return stmt_run(&stmt, err);
}

enum rc
sqlite_registry_app_used(struct registry *registry, const struct app_use *uses, size_t count,
                         struct err *err)
{
    struct registry_change change;
    enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = app_used(&change, &uses[i], err);
    return registry_change_end(&change, rc, err);
}

/* ---- reading ---- */

static void
octets_read(uint8_t *to, size_t size, struct span octets)
{
    memset(to, 0, size);
    if (octets.len > 0)
        memcpy(to, octets.ptr, octets.len < size ? octets.len : size);
}

static void
row_read(struct stmt *stmt, struct app_password *out)
{
    out->id = (uint64_t)stmt_i64(stmt, 0);
    snprintf(out->name, sizeof out->name, "%.*s", SPAN_FMT(stmt_span(stmt, 1)));
    out->protocols = (uint32_t)stmt_i64(stmt, 2);
    octets_read(out->digest, sizeof out->digest, stmt_span(stmt, 3));
    octets_read(out->stored_key, sizeof out->stored_key, stmt_span(stmt, 4));
    octets_read(out->server_key, sizeof out->server_key, stmt_span(stmt, 5));
    out->created_s = stmt_i64(stmt, 6);
    out->expires_s = stmt_i64(stmt, 7);
    out->used_s = stmt_i64(stmt, 8);
}

enum rc
sqlite_registry_app_list(struct registry *base, uint64_t account, struct app_password *rows,
                         size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_APP_LIST);
    size_t count = 0;

    stmt_bind_i64(&stmt, 1, (int64_t)account);
    stmt_bind_i64(&stmt, 2, LIMIT_APP_PASSWORDS);
    while (count < LIMIT_APP_PASSWORDS && stmt_row(&stmt))
        row_read(&stmt, &rows[count++]);
    const enum rc rc = stmt_end(&stmt, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    if (rc == RC_OK)
        *count_out = count;
    return rc;
}

enum rc
sqlite_registry_app_find(struct registry *base, uint64_t account,
                         const uint8_t digest[APP_PASSWORD_DIGEST_OCTETS],
                         struct app_password *out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_APP_FIND);

    stmt_bind_i64(&stmt, 1, (int64_t)account);
    stmt_bind_blob(&stmt, 2, span_of(digest, APP_PASSWORD_DIGEST_OCTETS));
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        row_read(&stmt, out);
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc;
}
