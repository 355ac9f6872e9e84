/* SPDX-License-Identifier: MIT */
/*
 * Removed accounts are rows of separate tables, so that no look-up finds them and their names
 * are free. An account's number is never given again (AUTOINCREMENT), so a new account of the
 * same name has its own mail. Thread: any.
 */
#include "store/removed.h"

#include <stdio.h>

#include "store/sqlite/registry/registry_private.h"

/* Runs one statement about an account. RC_NOT_FOUND: it changed no row. */
static enum rc
run_one(struct db *db, enum registry_sql which, uint64_t id, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, which);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    return registry_run_on_account(&stmt, id, err);
}

/* The same where it is not an error that there is none. */
static enum rc
run_any(struct db *db, enum registry_sql which, uint64_t id, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, which);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    return stmt_run(&stmt, err);
}

/* ---- out of use ---- */

static enum rc
account_remove(struct registry_change *change, uint64_t id, struct err *err)
{
    AUTO_STMT keep = stmt_get(change->db, REG_REMOVED_ADD);

    stmt_bind_i64(&keep, 1, (int64_t)id);
    stmt_bind_i64(&keep, 2, clock_wall_s(change->registry->base.clock));
    enum rc rc = registry_run_on_account(&keep, id, err);
    if (rc == RC_OK)
        rc = run_any(change->db, REG_REMOVED_ALIASES_ADD, id, err);
    if (rc == RC_OK)
        rc = run_any(change->db, REG_ADDRESSES_REMOVE, id, err);
    return rc == RC_OK ? run_one(change->db, REG_REMOVE, id, err) : rc;
}

enum rc
sqlite_registry_remove(struct registry *registry, uint64_t id, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, account_remove(&change, id, err), err);
}

/* ---- lists ---- */

static enum rc
rows_read(struct sqlite_registry *registry, struct stmt *stmt, size_t max,
          struct registry_removed *rows, size_t *count_out, struct err *err)
{
    size_t count = 0;

    while (count < max && stmt_row(stmt)) {
        struct registry_removed *row = &rows[count++];
        row->id = (uint64_t)stmt_i64(stmt, 0);
        snprintf(row->name, sizeof row->name, "%.*s", SPAN_FMT(stmt_span(stmt, 1)));
        row->removed_s = stmt_i64(stmt, 2);
        row->purging = stmt_i64(stmt, 3) != 0;
    }
    const enum rc rc = stmt_end(stmt, err);
    stmt_reset(stmt);
    registry_db_give(registry);
    if (rc == RC_OK)
        *count_out = count;
    return rc;
}

enum rc
sqlite_registry_removed_list(struct registry *base, uint64_t after, size_t max,
                             struct registry_removed *rows, size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_REMOVED_LIST);

    stmt_bind_i64(&stmt, 1, (int64_t)after);
    stmt_bind_i64(&stmt, 2, (int64_t)max);
    return rows_read(registry, &stmt, max, rows, count_out, err);
}

enum rc
sqlite_registry_removed_due(struct registry *base, int64_t until_s, size_t max,
                            struct registry_removed *rows, size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_REMOVED_DUE);

    stmt_bind_i64(&stmt, 1, until_s);
    stmt_bind_i64(&stmt, 2, (int64_t)max);
    return rows_read(registry, &stmt, max, rows, count_out, err);
}

/* ---- back in use ---- */

/* The name it had. */
static enum rc
name_read(struct db *db, uint64_t id, struct registry_name *out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, REG_REMOVED_NAME);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND
                   ? err_set(err, rc, 0, "no removed account %ju can be restored",
                             (uintmax_t)id)
                   : rc;
    return registry_name_make(stmt_span(&stmt, 0), NAME_ACCOUNT, out, err);
}

/* Lists in arena the texts that a statement gives for one account. */
static enum rc
texts_read(struct db *db, enum registry_sql which, uint64_t id, struct arena *arena,
           struct span **out, size_t *count_out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, which);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    return registry_texts_read(&stmt, arena, out, count_out, err);
}

/* Gives back the aliases that nobody else has got since. The others are left in taken. */
static enum rc
aliases_restore(struct db *db, uint64_t id, struct span *aliases, size_t count,
                size_t *taken_count_out, struct err *err)
{
    size_t taken = 0;
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct registry_name name;
        rc = registry_name_make(aliases[i], NAME_ADDRESS, &name, err);
        if (rc == RC_OK)
            rc = registry_address_add(db, &name, id, true, err);
        if (rc == RC_EXISTS) {
            aliases[taken++] = aliases[i];
            rc = RC_OK;
        }
    }
    *taken_count_out = taken;
    return rc;
}

static enum rc
account_restore(struct registry_change *change, uint64_t id, struct span wanted,
                struct arena *arena, struct span **taken_out, size_t *taken_count_out,
                struct err *err)
{
    struct db *db = change->db;
    struct registry_name name;
    size_t count = 0;
    enum rc rc = name_read(db, id, &name, err);

    if (rc == RC_OK && wanted.len > 0)
        rc = registry_name_make(wanted, NAME_ACCOUNT, &name, err);
    if (rc == RC_OK)
        rc = registry_address_is_free(db, &name, err);
    if (rc == RC_OK)
        rc = texts_read(db, REG_REMOVED_ALIASES, id, arena, taken_out, &count, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(db, REG_RESTORE);
    stmt_bind_i64(&stmt, 1, (int64_t)id);
    stmt_bind_text(&stmt, 2, registry_name_span(&name));
    rc = registry_run_on_account(&stmt, id, err);
    if (rc == RC_OK)
        rc = registry_address_add(db, &name, id, false, err);
    if (rc == RC_OK)
        rc = aliases_restore(db, id, *taken_out, count, taken_count_out, err);
    if (rc == RC_OK)
        rc = run_any(db, REG_REMOVED_ALIASES_DROP, id, err);
    return rc == RC_OK ? run_one(db, REG_REMOVED_DROP, id, err) : rc;
}

enum rc
sqlite_registry_restore(struct registry *registry, uint64_t id, struct span name,
                        struct arena *arena, struct span **taken_out, size_t *taken_count_out,
                        struct err *err)
{
    struct registry_change change;
    struct span *taken = NULL;
    size_t taken_count = 0;
    enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    rc = account_restore(&change, id, name, arena, &taken, &taken_count, err);
    rc = registry_change_end(&change, rc, err);
    if (rc == RC_OK) {
        *taken_out = taken;
        *taken_count_out = taken_count;
    }
    return rc;
}

/* ---- gone ---- */

enum rc
sqlite_registry_purge_begin(struct registry *registry, uint64_t id, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, run_one(change.db, REG_REMOVED_PURGE, id, err), err);
}

enum rc
sqlite_registry_purge_end(struct registry *registry, uint64_t id, struct err *err)
{
    struct registry_change change;
    enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    rc = run_any(change.db, REG_REMOVED_ALIASES_DROP, id, err);
    if (rc == RC_OK)
        rc = run_any(change.db, REG_APP_PURGE, id, err);
    if (rc == RC_OK)
        rc = run_any(change.db, REG_ACCOUNT_MEMBER_DROP, id, err);
    if (rc == RC_OK)
        rc = run_any(change.db, REG_ACCOUNT_SHARES_DROP, id, err);
    if (rc == RC_OK)
        rc = run_one(change.db, REG_REMOVED_DROP, id, err);
    return registry_change_end(&change, rc, err);
}
