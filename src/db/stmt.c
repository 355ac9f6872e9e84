/* SPDX-License-Identifier: MIT */
/* See the header. Each statement has a slot of its handle. Thread: the handle's. */
#include "db/stmt.h"

#include "base/check.h"
#include "db/db_private.h"

static const char *const builtin_sql[BUILTIN_COUNT] = {
    [BUILTIN_BEGIN] = "BEGIN",
    [BUILTIN_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
    [BUILTIN_COMMIT] = "COMMIT",
    [BUILTIN_ROLLBACK] = "ROLLBACK",
    [BUILTIN_SAVEPOINT] = "SAVEPOINT part",
    [BUILTIN_RELEASE] = "RELEASE part",
    [BUILTIN_ROLLBACK_TO] = "ROLLBACK TO part",
    [BUILTIN_SCHEMA] = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema",
    [BUILTIN_SCHEMA_VERSION] = "PRAGMA schema_version",
    [BUILTIN_USER_VERSION] = "PRAGMA user_version",
    [BUILTIN_APPLICATION_ID] = "PRAGMA application_id",
};

static const char *
sql_of(const struct db *db, unsigned id)
{
    return id < db->sql_count ? db->sql[id] : builtin_sql[id - db->sql_count];
}

static struct stmt
get(struct db *db, unsigned id)
{
    struct db_slot *slot = &db->slots[id];
    int result = SQLITE_OK;

    CHECK(!slot->in_use);
    if (slot->raw == NULL)
        result = sqlite3_prepare_v3(db->raw, sql_of(db, id), -1, SQLITE_PREPARE_PERSISTENT,
                                    &slot->raw, NULL);
    slot->in_use = true;
    return (struct stmt){.db = db, .raw = slot->raw, .id = id, .sqlite_rc = result};
}

struct stmt
stmt_get(struct db *db, unsigned id)
{
    CHECK(id < db->sql_count);
    return get(db, id);
}

struct stmt
stmt_get_builtin(struct db *db, enum db_builtin which)
{
    return get(db, db->sql_count + (unsigned)which);
}

void
stmt_reset(struct stmt *stmt)
{
    if (stmt->db == NULL)
        return;
    if (stmt->raw != NULL) {
        sqlite3_reset(stmt->raw);
        sqlite3_clear_bindings(stmt->raw); /* what they point to may die now */
    }
    stmt->db->slots[stmt->id].in_use = false;
    *stmt = (struct stmt){0};
}

static void
note(struct stmt *stmt, int result)
{
    CHECK(result != SQLITE_RANGE && result != SQLITE_MISUSE);
    if (result != SQLITE_OK)
        stmt->sqlite_rc = result;
}

void
stmt_bind_i64(struct stmt *stmt, int param, int64_t value)
{
    if (stmt->sqlite_rc == SQLITE_OK)
        note(stmt, sqlite3_bind_int64(stmt->raw, param, value));
}

void
stmt_bind_null(struct stmt *stmt, int param)
{
    if (stmt->sqlite_rc == SQLITE_OK)
        note(stmt, sqlite3_bind_null(stmt->raw, param));
}

/* SQLite takes a NULL pointer for NULL, but an empty span is an empty value. */
static const char *
span_ptr(struct span s)
{
    return s.ptr == NULL ? "" : s.ptr;
}

void
stmt_bind_text(struct stmt *stmt, int param, struct span text)
{
    if (stmt->sqlite_rc == SQLITE_OK)
        note(stmt, sqlite3_bind_text64(stmt->raw, param, span_ptr(text), text.len,
                                       SQLITE_STATIC, SQLITE_UTF8));
}

void
stmt_bind_blob(struct stmt *stmt, int param, struct span blob)
{
    if (stmt->sqlite_rc == SQLITE_OK)
        note(stmt,
             sqlite3_bind_blob64(stmt->raw, param, span_ptr(blob), blob.len, SQLITE_STATIC));
}

void
stmt_bind_zeros(struct stmt *stmt, int param, uint64_t octets)
{
    if (stmt->sqlite_rc == SQLITE_OK)
        note(stmt, sqlite3_bind_zeroblob64(stmt->raw, param, octets));
}

bool
stmt_row(struct stmt *stmt)
{
    if (stmt->sqlite_rc != SQLITE_OK)
        return false;
    const int result = sqlite3_step(stmt->raw);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        stmt->sqlite_rc = result;
    return false;
}

enum rc
stmt_end(struct stmt *stmt, struct err *err)
{
    enum rc rc = RC_OK;

    if (stmt->sqlite_rc != SQLITE_OK)
        rc = db_result(stmt->db, stmt->sqlite_rc, sql_of(stmt->db, stmt->id), err);
    if (stmt->raw != NULL) {
        stmt->sqlite_rc = SQLITE_OK;
        sqlite3_reset(stmt->raw);
    }
    return rc;
}

enum rc
stmt_run(struct stmt *stmt, struct err *err)
{
    while (stmt_row(stmt))
        ;
    return stmt_end(stmt, err);
}

enum rc
stmt_one(struct stmt *stmt, struct err *err)
{
    if (stmt_row(stmt))
        return RC_OK;
    const enum rc rc = stmt_end(stmt, err);
    return rc == RC_OK ? err_set(err, RC_NOT_FOUND, 0, "%s: no row", stmt->db->path) : rc;
}

int64_t
stmt_i64(struct stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->raw, column);
}

struct span
stmt_span(struct stmt *stmt, int column)
{
    /* For text, too, this gives the octets, in the database's encoding, which is UTF-8. */
    const void *ptr = sqlite3_column_blob(stmt->raw, column);

    return span_of(ptr, ptr == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt->raw, column));
}

bool
stmt_is_null(struct stmt *stmt, int column)
{
    return sqlite3_column_type(stmt->raw, column) == SQLITE_NULL;
}
