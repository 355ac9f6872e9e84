/* SPDX-License-Identifier: MIT */
/*
 * Groups of accounts, and the index of who shares mailboxes with whom. A group's number is
 * never given again (AUTOINCREMENT), so a new group of the same name has no rights of an older
 * one. Thread: any.
 */
#include "store/sharing.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "store/sqlite/registry/registry_private.h"

/* Runs a statement with up to three numbers. */
static enum rc
run_numbers(struct db *db, enum registry_sql which, const uint64_t *numbers, int count,
            struct err *err)
{
    AUTO_STMT stmt = stmt_get(db, which);

    for (int i = 0; i < count; i++)
        stmt_bind_i64(&stmt, i + 1, (int64_t)numbers[i]);
    return stmt_run(&stmt, err);
}

/* ---- groups ---- */

static enum rc
no_group(uint64_t id, struct err *err)
{
    return err_set(err, RC_NOT_FOUND, 0, "no group %ju", (uintmax_t)id);
}

static enum rc
group_add(struct registry_change *change, struct span name, struct err *err)
{
    AUTO_STMT count = stmt_get(change->db, REG_GROUP_COUNT);
    AUTO_STMT add = stmt_get(change->db, REG_GROUP_ADD);
    enum rc rc = stmt_one(&count, err);

    if (rc == RC_OK && stmt_i64(&count, 0) >= LIMIT_GROUPS)
        return err_set(err, RC_LIMIT, 0, "there are %u groups already", LIMIT_GROUPS);
    if (rc != RC_OK)
        return rc;
    stmt_bind_text(&add, 1, name);
    rc = stmt_run(&add, err);
    return rc == RC_EXISTS
               ? err_set(err, rc, 0, "%.*s: this group exists already", SPAN_FMT(name))
               : rc;
}

enum rc
sqlite_registry_group_add(struct registry *registry, struct span name, uint64_t *id_out,
                          struct err *err)
{
    struct registry_change change;
    enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    rc = group_add(&change, name, err);
    const uint64_t id = rc == RC_OK ? (uint64_t)db_last_rowid(change.db) : 0;
    rc = registry_change_end(&change, rc, err);
    if (rc == RC_OK)
        *id_out = id;
    return rc;
}

static enum rc
group_remove(struct registry_change *change, uint64_t id, struct err *err)
{
    enum rc rc = run_numbers(change->db, REG_GROUP_REMOVE, &id, 1, err);

    if (rc == RC_OK && db_changes(change->db) == 0)
        return no_group(id, err);
    if (rc == RC_OK)
        rc = run_numbers(change->db, REG_GROUP_MEMBERS_DROP, &id, 1, err);
    return rc == RC_OK ? run_numbers(change->db, REG_GROUP_SHARES_DROP, &id, 1, err) : rc;
}

enum rc
sqlite_registry_group_remove(struct registry *registry, uint64_t id, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, group_remove(&change, id, err), err);
}

static void
group_read(struct stmt *stmt, struct registry_group *out)
{
    out->id = (uint64_t)stmt_i64(stmt, 0);
    snprintf(out->name, sizeof out->name, "%.*s", SPAN_FMT(stmt_span(stmt, 1)));
}

enum rc
sqlite_registry_group_find(struct registry *base, struct span name, struct registry_group *out,
                           struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_GROUP_BY_NAME);

    stmt_bind_text(&stmt, 1, name);
    enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        group_read(&stmt, out);
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc == RC_NOT_FOUND ? err_set(err, rc, 0, "no group %.*s", SPAN_FMT(name)) : rc;
}

enum rc
sqlite_registry_group_get(struct registry *base, uint64_t id, struct registry_group *out,
                          struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_GROUP_BY_ID);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        group_read(&stmt, out);
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc == RC_NOT_FOUND ? no_group(id, err) : rc;
}

enum rc
sqlite_registry_group_list(struct registry *base, struct span after, size_t max,
                           struct registry_group *rows, size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_GROUP_LIST);
    size_t count = 0;

    stmt_bind_text(&stmt, 1, after);
    stmt_bind_i64(&stmt, 2, (int64_t)max);
    while (count < max && stmt_row(&stmt))
        group_read(&stmt, &rows[count++]);
    const enum rc rc = stmt_end(&stmt, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    if (rc == RC_OK)
        *count_out = count;
    return rc;
}

/* Both must be there; that an account is a member twice cannot be. */
static enum rc
set_member(struct registry_change *change, uint64_t group, uint64_t account, bool member,
           struct err *err)
{
    const uint64_t numbers[] = {group, account};
    AUTO_STMT find = stmt_get(change->db, REG_GROUP_BY_ID);
    AUTO_STMT find_account = stmt_get(change->db, REG_BY_ID);

    stmt_bind_i64(&find, 1, (int64_t)group);
    stmt_bind_i64(&find_account, 1, (int64_t)account);
    enum rc rc = stmt_one(&find, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? no_group(group, err) : rc;
    rc = stmt_one(&find_account, err);
    if (rc == RC_NOT_FOUND)
        return err_set(err, rc, 0, "no account %ju", (uintmax_t)account);
    if (rc != RC_OK)
        return rc;
    return run_numbers(change->db, member ? REG_MEMBER_ADD : REG_MEMBER_REMOVE, numbers, 2,
                       err);
}

enum rc
sqlite_registry_group_set_member(struct registry *registry, uint64_t group, uint64_t account,
                                 bool member, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, set_member(&change, group, account, member, err), err);
}

enum rc
sqlite_registry_group_members(struct registry *base, uint64_t group, struct arena *arena,
                              struct span **out, size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_GROUP_MEMBERS);

    stmt_bind_i64(&stmt, 1, (int64_t)group);
    const enum rc rc = registry_texts_read(&stmt, arena, out, count_out, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc;
}

/* All rows of a statement, each made by read in the next of an array that grows in arena. */
static enum rc
rows_read(struct stmt *stmt, struct arena *arena, size_t octets,
          bool (*read)(struct stmt *stmt, struct arena *arena, void *row), void **out,
          size_t *count_out, struct err *err)
{
    size_t count = 0;
    size_t cap = 8;
    char *list = arena_alloc(arena, cap * octets, alignof(uint64_t));
    bool full = list == NULL;

    while (!full && stmt_row(stmt)) {
        if (count == cap) {
            char *grown = arena_alloc(arena, 2 * cap * octets, alignof(uint64_t));
            if (grown != NULL)
                memcpy(grown, list, count * octets);
            cap *= 2;
            list = grown;
        }
        full = list == NULL || !read(stmt, arena, list + count * octets);
        count += !full;
    }
    const enum rc rc = stmt_end(stmt, err);
    if (full)
        return err_set(err, RC_LIMIT, 0, "sharing: out of memory");
    if (rc == RC_OK) {
        *out = list;
        *count_out = count;
    }
    return rc;
}

static bool
number_read(struct stmt *stmt, struct arena *arena, void *row)
{
    uint64_t *number = row;

    (void)arena;
    *number = (uint64_t)stmt_i64(stmt, 0);
    return true;
}

enum rc
sqlite_registry_groups_of(struct registry *base, uint64_t account, struct arena *arena,
                          uint64_t **out, size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_GROUPS_OF);
    void *list = NULL;

    stmt_bind_i64(&stmt, 1, (int64_t)account);
    const enum rc rc =
        rows_read(&stmt, arena, sizeof **out, number_read, &list, count_out, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    if (rc == RC_OK)
        *out = list;
    return rc;
}

/* ---- the index ---- */

static enum rc
share_add(struct db *db, uint64_t owner, const struct registry_share *share, struct err *err)
{
    const uint64_t numbers[] = {share->kind, share->who, owner};

    return run_numbers(db, REG_SHARE_ADD, numbers, 3, err);
}

enum rc
sqlite_registry_share_note(struct registry *registry, uint64_t owner,
                           const struct registry_share *share, struct err *err)
{
    struct registry_change change;
    const enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    return registry_change_end(&change, share_add(change.db, owner, share, err), err);
}

enum rc
sqlite_registry_share_settle(struct registry *registry, uint64_t owner,
                             const struct registry_share *shares, size_t count, struct err *err)
{
    struct registry_change change;
    enum rc rc = registry_change_begin(&change, registry, err);

    if (rc != RC_OK)
        return rc;
    rc = run_numbers(change.db, REG_SHARES_DROP, &owner, 1, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = share_add(change.db, owner, &shares[i], err);
    return registry_change_end(&change, rc, err);
}

static void
asker_bind(struct stmt *stmt, const struct registry_share_asker *asker)
{
    stmt_bind_i64(stmt, 1, (int64_t)asker->account);
    stmt_bind_i64(stmt, 3, asker->with_anyone);
}

static bool
sharer_read(struct stmt *stmt, struct arena *arena, void *row)
{
    struct registry_sharer *sharer = row;

    sharer->account = (uint64_t)stmt_i64(stmt, 0);
    sharer->name = arena_span(arena, stmt_span(stmt, 1));
    return sharer->name.ptr != NULL;
}

enum rc
sqlite_registry_read_sharers(struct registry *base, const struct registry_share_asker *asker,
                             size_t max, struct arena *arena, struct registry_sharer **out,
                             size_t *count_out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_SHARERS);
    void *list = NULL;

    asker_bind(&stmt, asker);
    stmt_bind_i64(&stmt, 2, (int64_t)max);
    const enum rc rc =
        rows_read(&stmt, arena, sizeof **out, sharer_read, &list, count_out, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    if (rc == RC_OK)
        *out = list;
    return rc;
}

enum rc
sqlite_registry_read_shares_with(struct registry *base, uint64_t owner,
                                 const struct registry_share_asker *asker, bool *out,
                                 struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_SHARES_WITH);

    asker_bind(&stmt, asker);
    stmt_bind_i64(&stmt, 2, (int64_t)owner);
    const enum rc rc = stmt_one(&stmt, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    *out = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
sqlite_registry_read_shares(struct registry *base, bool *out, struct err *err)
{
    struct sqlite_registry *registry = sqlite_registry_of(base);
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_SHARES_ANY);
    const enum rc rc = stmt_one(&stmt, err);

    stmt_reset(&stmt);
    registry_db_give(registry);
    *out = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}
