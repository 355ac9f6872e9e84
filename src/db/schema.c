/* SPDX-License-Identifier: MIT */
/* Applies the missing steps of a schema, each in a transaction of its own, and notes the result
 * for handles that move (db/move.h). */
#include "db/schema.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/map.h"
#include "db/db_private.h"
#include "db/txn.h"

enum { SCHEMA_TEXT_MAX = 1 << 20 };

static enum rc
apply(struct db *db, const struct db_schema *schema, unsigned index, struct err *err)
{
    const struct db_step *step = &schema->steps[index];
    AUTO_TXN txn = {0};
    char sql[96];
    enum rc rc = txn_begin(&txn, db, TXN_WRITE, err);
    int64_t version;

    if (rc == RC_OK)
        rc = db_query_i64(db, "PRAGMA user_version", &version, err);
    if (rc != RC_OK)
        return rc;
    if (version > (int64_t)index)
        return RC_OK; /* another handle has applied it since we looked */
    if (step->sql != NULL)
        rc = db_exec(db, step->sql, err);
    if (rc == RC_OK && step->run != NULL)
        rc = step->run(db, err);
    if (rc != RC_OK)
        return rc;
    snprintf(sql, sizeof sql, "PRAGMA user_version=%u;PRAGMA application_id=%d", index + 1,
             schema->application_id);
    rc = db_exec(db, sql, err);
    return rc == RC_OK ? txn_commit(&txn, err) : rc;
}

static enum rc
migrate(struct db *db, const struct db_schema *schema, struct err *err)
{
    int64_t version;
    int64_t owner;
    int64_t tables;

    CHECK(schema->application_id != 0);
    enum rc rc = db_query_i64(db, "PRAGMA user_version", &version, err);
    if (rc != RC_OK)
        return rc;
    rc = db_query_i64(db, "PRAGMA application_id", &owner, err);
    if (rc != RC_OK)
        return rc;
    if (owner == schema->application_id && version == (int64_t)schema->step_count)
        return RC_OK;
    rc = db_query_i64(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (rc != RC_OK)
        return rc;
    if (owner != schema->application_id && (owner != 0 || version != 0 || tables != 0))
        return err_set(err, RC_CORRUPT, 0, "%s: this is another program's database, not a %s",
                       db_path(db), schema->what);
    if (version > (int64_t)schema->step_count)
        return err_set(err, RC_UNSUPPORTED, 0,
                       "%s: this %s has version %lld, made by a newer Roost; this one knows "
                       "versions up to %u",
                       db_path(db), schema->what, (long long)version, schema->step_count);
    for (unsigned i = (unsigned)version; i < schema->step_count && rc == RC_OK; i++) {
        rc = apply(db, schema, i, err);
        if (rc != RC_OK)
            err_prefix(err, rc, "%s: to version %u", schema->what, i + 1);
    }
    return rc;
}

/* ---- which schema a database has ---- */

static enum rc
read_number(struct db *db, enum db_builtin which, int64_t *out)
{
    AUTO_STMT stmt = stmt_get_builtin(db, which);

    const enum rc rc = stmt_one(&stmt, NULL);
    if (rc == RC_OK)
        *out = stmt_i64(&stmt, 0);
    return rc;
}

static void
put_row(struct buf *text, struct stmt *stmt)
{
    buf_put_span(text, stmt_span(stmt, 0));
    buf_put_char(text, '\0');
    buf_put_span(text, stmt_span(stmt, 1));
    buf_put_char(text, '\0');
    buf_put_span(text, stmt_span(stmt, 2));
    buf_put_char(text, '\0');
    buf_put_u64(text, (uint64_t)stmt_i64(stmt, 3));
    buf_put_char(text, '\0');
    buf_put_span(text, stmt_span(stmt, 4));
    buf_put_char(text, '\n');
}

static enum rc
read_digest(struct db *db, uint64_t *out)
{
    AUTO_STMT stmt = stmt_get_builtin(db, BUILTIN_SCHEMA);
    AUTO_BUF text = {0};

    buf_init(&text, SCHEMA_TEXT_MAX);
    while (stmt_row(&stmt))
        put_row(&text, &stmt);
    const enum rc rc = stmt_end(&stmt, NULL);
    if (rc != RC_OK || !buf_ok(&text))
        return rc == RC_OK ? RC_LIMIT : rc;
    *out = map_hash(buf_span(&text));
    return RC_OK;
}

enum rc
db_schema_read(struct db *db, struct db_schema_mark *out)
{
    struct db_schema_mark mark = {.noted = true};

    enum rc rc = read_number(db, BUILTIN_SCHEMA_VERSION, &mark.generation);
    if (rc == RC_OK)
        rc = read_number(db, BUILTIN_USER_VERSION, &mark.version);
    if (rc == RC_OK)
        rc = read_number(db, BUILTIN_APPLICATION_ID, &mark.owner);
    if (rc == RC_OK)
        rc = read_digest(db, &mark.digest);
    if (rc == RC_OK)
        *out = mark;
    return rc;
}

static void
note_schema(struct db *db)
{
    db->schema = (struct db_schema_mark){0};
    if (db->index == NULL)
        return;
    AUTO_TXN txn = {0};
    if (txn_begin(&txn, db, TXN_READ, NULL) != RC_OK ||
        db_schema_read(db, &db->schema) != RC_OK) {
        db->schema.noted = false; /* it will stay where it is */
    }
}

enum rc
db_migrate(struct db *db, const struct db_schema *schema, struct err *err)
{
    const enum rc rc = migrate(db, schema, err);

    if (rc == RC_OK)
        note_schema(db);
    return rc;
}

enum rc
db_is_newest(struct db *db, const struct db_schema *schema, struct err *err)
{
    int64_t version;

    const enum rc rc = db_query_i64(db, "PRAGMA user_version", &version, err);
    if (rc != RC_OK)
        return rc;
    if (version > 0 && version < (int64_t)schema->step_count)
        return err_set(err, RC_BUSY, 0,
                       "%s: this %s has version %lld and waits for an upgrade to be over",
                       db_path(db), schema->what, (long long)version);
    return RC_OK;
}
