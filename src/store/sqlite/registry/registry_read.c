/* SPDX-License-Identifier: MIT */
/*
 * Reading the registry's rows. Every address of an account, its own name first, is a row of one
 * table, so a look-up is one key. Thread: any.
 */
#include "store/sqlite/registry/registry_private.h"

#include <stdio.h>
#include <string.h>

/* ---- rows ---- */

static void
copy_text(char *to, size_t size, struct span text)
{
    snprintf(to, size, "%.*s", SPAN_FMT(text));
}

static void
copy_key(uint8_t *to, size_t size, struct span key)
{
    memset(to, 0, size);
    if (key.len != 0)
        memcpy(to, key.ptr, key.len < size ? key.len : size);
}

/* NULL: none of its own; 0: none at all. */
static uint64_t
limit_read(struct stmt *stmt, int column)
{
    if (stmt_is_null(stmt, column))
        return QUOTA_CONFIGURED;
    const int64_t limit = stmt_i64(stmt, column);
    return limit <= 0 ? QUOTA_UNLIMITED : (uint64_t)limit;
}

void
registry_row_read(struct stmt *stmt, struct registry_account *out)
{
    memset(out, 0, sizeof *out);
    out->id = (uint64_t)stmt_i64(stmt, 0);
    copy_text(out->name, sizeof out->name, stmt_span(stmt, 1));
    out->state = stmt_i64(stmt, 2) == 0 ? ACCOUNT_ENABLED : ACCOUNT_DISABLED;
    copy_text(out->crypt, sizeof out->crypt, stmt_span(stmt, 3));
    out->scram.iterations = (uint32_t)stmt_i64(stmt, 4);
    out->scram.salt_only = out->scram.iterations != 0 && stmt_span(stmt, 6).len == 0;
    const struct span salt = span_head(stmt_span(stmt, 5), sizeof out->scram.salt);
    out->scram.salt_octets = (uint8_t)salt.len;
    copy_key(out->scram.salt, sizeof out->scram.salt, salt);
    copy_key(out->scram.stored_key, sizeof out->scram.stored_key, stmt_span(stmt, 6));
    copy_key(out->scram.server_key, sizeof out->scram.server_key, stmt_span(stmt, 7));
    out->password_generation = (uint64_t)stmt_i64(stmt, 8);
    out->created_s = stmt_i64(stmt, 9);
    for (int i = 0; i < QUOTA_RESOURCES; i++)
        out->quota.of[i] = limit_read(stmt, 10 + i);
    out->app_passwords = (uint32_t)stmt_i64(stmt, 13);
}

enum rc
registry_salt_read(struct db *db, uint64_t id, struct scram_keys *salt_out,
                   uint64_t *app_passwords_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, REG_SALT);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? err_set(err, rc, 0, "no account %ju", (uintmax_t)id) : rc;
    const struct span salt = span_head(stmt_span(&stmt, 1), sizeof salt_out->salt);
    *salt_out = (struct scram_keys){.iterations = (uint32_t)stmt_i64(&stmt, 0),
                                    .salt_octets = (uint8_t)salt.len,
                                    .salt_only = true};
    if (salt.len > 0)
        memcpy(salt_out->salt, salt.ptr, salt.len);
    *app_passwords_out = (uint64_t)stmt_i64(&stmt, 2);
    return RC_OK;
}

enum rc
registry_salt_check(const struct scram_keys *salt, const struct scram_keys *keys,
                    struct err *err)
{
    if (salt->iterations == keys->iterations && salt->salt_octets == keys->salt_octets &&
        memcmp(salt->salt, keys->salt, salt->salt_octets) == 0)
        return RC_OK;
    return err_set(err, RC_AGAIN, 0, "the salt of the account has changed meanwhile");
}

/* ---- look-ups ---- */

/* Reads the first row of a statement with one parameter as a hit. No row is a hit that found
 * nothing. */
static enum rc
read_hit(struct stmt *stmt, bool has_alias, struct registry_hit *out, struct err *err)
{
    const enum rc rc = stmt_one(stmt, err);

    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    memset(out, 0, sizeof *out);
    if (rc == RC_OK) {
        out->found = true;
        out->alias = has_alias && stmt_i64(stmt, REG_ACCOUNT_COLUMNS) != 0;
        registry_row_read(stmt, &out->account);
    }
    return RC_OK;
}

enum rc
sqlite_registry_read_address(struct registry *base, struct span address,
                             struct registry_hit *out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_BY_ADDRESS);

    stmt_bind_text(&stmt, 1, address);
    const enum rc rc = read_hit(&stmt, true, out, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc;
}

enum rc
sqlite_registry_read_id(struct registry *base, uint64_t id, struct registry_hit *out,
                        struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_BY_ID);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    const enum rc rc = read_hit(&stmt, false, out, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc;
}

enum rc
sqlite_registry_read_domain(struct registry *base, struct span domain, bool *used_out,
                            struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_DOMAIN);

    stmt_bind_text(&stmt, 1, domain);
    const enum rc rc = stmt_one(&stmt, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    *used_out = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
sqlite_registry_read_count(struct registry *base, uint64_t *enabled_out,
                           uint64_t *without_scram_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_COUNT);
    const enum rc rc = stmt_one(&stmt, err);

    if (rc == RC_OK) {
        *enabled_out = (uint64_t)stmt_i64(&stmt, 0);
        *without_scram_out = (uint64_t)stmt_i64(&stmt, 1);
    }
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc;
}

enum rc
sqlite_registry_list(struct registry *base, struct span after, size_t max,
                     struct registry_account *rows, size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    size_t count = 0;
    struct db *db = registry_db_take(registry);
    struct stmt stmt = stmt_get(db, REG_LIST);

    stmt_bind_text(&stmt, 1, after);
    stmt_bind_i64(&stmt, 2, (int64_t)max);
    while (count < max && stmt_row(&stmt))
        registry_row_read(&stmt, &rows[count++]);
    const enum rc rc = stmt_end(&stmt, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    if (rc == RC_OK)
        *count_out = count;
    return rc;
}

enum rc
registry_texts_read(struct stmt *stmt, struct arena *arena, struct span **out,
                    size_t *count_out, struct err *err)
{
    size_t count = 0;
    size_t cap = 0;
    struct span *list = arena_array(arena, struct span, 1);
    bool full = list == NULL;

    while (!full && stmt_row(stmt)) {
        if (count == cap) {
            cap = cap == 0 ? 8 : cap * 2;
            struct span *grown = arena_array(arena, struct span, cap);
            if (grown != NULL && count != 0)
                memcpy(grown, list, count * sizeof *list);
            list = grown;
        }
        full = list == NULL;
        if (!full) {
            list[count] = arena_span(arena, stmt_span(stmt, 0));
            full = list[count++].ptr == NULL;
        }
    }
    const enum rc rc = stmt_end(stmt, err);
    if (full)
        return err_set(err, RC_LIMIT, 0, "addresses: out of memory");
    if (rc == RC_OK) {
        *out = list;
        *count_out = count;
    }
    return rc;
}

enum rc
sqlite_registry_alias_list(struct registry *base, uint64_t id, struct arena *arena,
                           struct span **out, size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_ALIASES);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    const enum rc rc = registry_texts_read(&stmt, arena, out, count_out, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc;
}
