/* SPDX-License-Identifier: MIT */
/* Applying the missing steps of a schema, one transaction each. */
#include "db/schema.h"

#include <stdio.h>

#include "base/check.h"
#include "db/db_private.h"
#include "db/txn.h"

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
        return RC_OK; /* another handle has done it since we looked */
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

enum rc
db_migrate(struct db *db, const struct db_schema *schema, struct err *err)
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
