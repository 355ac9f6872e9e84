/* SPDX-License-Identifier: MIT */
/*
 * Changes of the registry: each is one transaction, on disk when it returns. Thread: any.
 */
#include "store/sqlite/registry/registry_private.h"

#include <string.h>

#include "base/check.h"

enum rc
registry_change_begin(struct registry_change *change, struct registry *base, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);

    *change = (struct registry_change){.registry = registry, .db = registry_db_take(registry)};
    const enum rc rc = txn_begin(&change->txn, change->db, TXN_WRITE, err);

    if (rc != RC_OK)
        registry_db_give(registry);
    return rc;
}

enum rc
registry_change_end(struct registry_change *change, enum rc rc, struct err *err)
{
    if (rc == RC_OK)
        rc = txn_commit(&change->txn, err);
    txn_abort(&change->txn);
    registry_db_give(change->registry);
    return rc;
}

static const struct scram_keys no_keys = {0};

/* Binds iterations, salt and both keys as parameters first .. first + 3. */
static void
bind_scram(struct stmt *stmt, int first, const struct scram_keys *scram)
{
    const bool none = scram->iterations == 0;
    const size_t key_octets = none || scram->salt_only ? 0 : REGISTRY_SCRAM_KEY_OCTETS;

    stmt_bind_i64(stmt, first, scram->iterations);
    stmt_bind_blob(stmt, first + 1, span_of(scram->salt, none ? 0 : scram->salt_octets));
    stmt_bind_blob(stmt, first + 2, span_of(scram->stored_key, key_octets));
    stmt_bind_blob(stmt, first + 3, span_of(scram->server_key, key_octets));
}

enum rc
registry_address_add(struct db *db, const struct registry_name *name, uint64_t id, bool alias,
                     struct err *err)
{
    const struct span whole = registry_name_span(name);
    AUTO_STMT stmt = stmt_get(db, REG_ADDRESS_ADD);

    stmt_bind_text(&stmt, 1, whole);
    stmt_bind_text(&stmt, 2, span_tail(whole, name->at + 1));
    stmt_bind_i64(&stmt, 3, (int64_t)id);
    stmt_bind_i64(&stmt, 4, alias);
    const enum rc rc = stmt_run(&stmt, err);
    if (rc == RC_EXISTS)
        return err_set(err, rc, 0, "%s: an account or alias has this name already", name->text);
    return rc;
}

enum rc
registry_address_is_free(struct db *db, const struct registry_name *name, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, REG_BY_ADDRESS);

    stmt_bind_text(&stmt, 1, registry_name_span(name));
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_OK : rc;
    const struct span owner = stmt_span(&stmt, 1);
    if (span_eq(owner, registry_name_span(name)))
        return err_set(err, RC_EXISTS, 0, "%s: this account exists already", name->text);
    return err_set(err, RC_EXISTS, 0, "%s: account %.*s has this alias already", name->text,
                   SPAN_FMT(owner));
}

static enum rc
account_add(struct registry_change *change, struct registry_new *row, struct err *err)
{
    struct registry_name name;
    enum rc rc = registry_name_make(row->name, NAME_ACCOUNT, &name, err);

    if (rc == RC_OK)
        rc = registry_address_is_free(change->db, &name,
                                      err); /* so a refusal has written nothing */
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(change->db, REG_ADD);
    stmt_bind_text(&stmt, 1, registry_name_span(&name));
    stmt_bind_text(&stmt, 2, span_of_str(row->crypt));
    bind_scram(&stmt, 3, row->scram == NULL ? &no_keys : row->scram);
    stmt_bind_i64(&stmt, 7, clock_wall_s(change->registry->base.clock));
    rc = stmt_run(&stmt, err);
    if (rc != RC_OK)
        return rc;
    const uint64_t id = (uint64_t)db_last_rowid(change->db);
    rc = registry_address_add(change->db, &name, id, false, err);
    if (rc == RC_OK)
        row->id = id;
    return rc;
}

enum rc
sqlite_registry_add_many(struct registry *registry, struct registry_new *rows, size_t count,
                         struct err *err)
{
    struct registry_change change;
    enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct err *refused = &rows[i].refused;
        if (refused->rc != RC_OK)
            continue;
        refused->rc = rc = account_add(&change, &rows[i], refused);
        if (rc == RC_EXISTS || rc == RC_INVALID)
            rc = RC_OK;
        else if (rc != RC_OK && err != NULL)
            *err = *refused;
    }
    return registry_change_end(&change, rc, err);
}

enum rc
registry_run_on_account(struct stmt *stmt, uint64_t id, struct err *err)
{
    const enum rc rc = stmt_run(stmt, err);

    if (rc == RC_OK && db_changes(stmt->db) == 0)
        return err_set(err, RC_NOT_FOUND, 0, "no account %ju", (uintmax_t)id);
    return rc;
}

static enum rc
set_password(struct registry_change *change, uint64_t id, const char *crypt,
             const struct scram_keys *scram, struct err *err)
{
    struct scram_keys salt = {0};
    uint64_t app_passwords = 0;
    enum rc rc = registry_salt_read(change->db, id, &salt, &app_passwords, err);

    if (rc == RC_OK && app_passwords > 0 && scram != NULL)
        rc = registry_salt_check(&salt, scram, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(change->db, REG_SET_PASSWORD);
    stmt_bind_i64(&stmt, 1, (int64_t)id);
    stmt_bind_text(&stmt, 2, span_of_str(crypt));
    bind_scram(&stmt, 3,
               scram != NULL        ? scram
               : app_passwords != 0 ? &salt /* theirs stays */
                                    : &no_keys);
    return registry_run_on_account(&stmt, id, err);
}

enum rc
sqlite_registry_set_password(struct registry *registry, uint64_t id, const char *crypt,
                             const struct scram_keys *scram, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, set_password(&change, id, crypt, scram, err), err);
}

static enum rc
set_scram(struct registry_change *change, uint64_t id, uint64_t generation,
          const struct scram_keys *scram, struct err *err)
{
    AUTO_STMT stmt = stmt_get(change->db, REG_SET_SCRAM);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    stmt_bind_i64(&stmt, 2, (int64_t)generation);
    bind_scram(&stmt, 3, scram);
    return stmt_run(&stmt, err);
}

enum rc
sqlite_registry_set_scram(struct registry *registry, uint64_t id, uint64_t generation,
                          const struct scram_keys *scram, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, set_scram(&change, id, generation, scram, err), err);
}

static enum rc
set_state(struct registry_change *change, uint64_t id, enum account_state state,
          struct err *err)
{
    AUTO_STMT stmt = stmt_get(change->db, REG_SET_STATE);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    stmt_bind_i64(&stmt, 2, state);
    return registry_run_on_account(&stmt, id, err);
}

enum rc
sqlite_registry_set_state(struct registry *registry, uint64_t id, enum account_state state,
                          struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, set_state(&change, id, state, err), err);
}

static enum rc
set_quota(struct registry_change *change, uint64_t id, const struct quota_amounts *quota,
          struct err *err)
{
    AUTO_STMT stmt = stmt_get(change->db, REG_SET_QUOTA);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    for (int i = 0; i < QUOTA_RESOURCES; i++) {
        const uint64_t limit = quota->of[i];
        if (limit == QUOTA_CONFIGURED)
            stmt_bind_null(&stmt, 2 + i);
        else
            stmt_bind_i64(&stmt, 2 + i, limit == QUOTA_UNLIMITED ? 0 : (int64_t)limit);
    }
    return registry_run_on_account(&stmt, id, err);
}

enum rc
sqlite_registry_set_quota(struct registry *registry, uint64_t id,
                          const struct quota_amounts *quota, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, set_quota(&change, id, quota, err), err);
}

static enum rc
alias_add(struct registry_change *change, uint64_t id, const struct registry_name *name,
          struct err *err)
{
    AUTO_STMT stmt = stmt_get(change->db, REG_BY_ID);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_NOT_FOUND)
        return err_set(err, rc, 0, "no account %ju", (uintmax_t)id);
    return rc == RC_OK ? registry_address_add(change->db, name, id, true, err) : rc;
}

enum rc
sqlite_registry_alias_add(struct registry *registry, uint64_t id, struct span address,
                          struct err *err)
{
    struct registry_change change;
    struct registry_name name;
    enum rc rc = registry_name_make(address, NAME_ADDRESS, &name, err);

    if (rc == RC_OK)
        rc = registry_change_begin(&change, registry, err);
    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, alias_add(&change, id, &name, err), err);
}

static enum rc
alias_remove(struct registry_change *change, uint64_t id, const struct registry_name *name,
             struct err *err)
{
    AUTO_STMT stmt = stmt_get(change->db, REG_ALIAS_REMOVE);

    stmt_bind_text(&stmt, 1, registry_name_span(name));
    stmt_bind_i64(&stmt, 2, (int64_t)id);
    const enum rc rc = stmt_run(&stmt, err);
    if (rc == RC_OK && db_changes(change->db) == 0)
        return err_set(err, RC_NOT_FOUND, 0, "%s is not an alias of this account", name->text);
    return rc;
}

enum rc
sqlite_registry_alias_remove(struct registry *registry, uint64_t id, struct span address,
                             struct err *err)
{
    struct registry_change change;
    struct registry_name name;
    enum rc rc = registry_name_make(address, NAME_ADDRESS, &name, err);

    if (rc == RC_OK)
        rc = registry_change_begin(&change, registry, err);
    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, alias_remove(&change, id, &name, err), err);
}
