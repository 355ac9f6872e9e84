/* SPDX-License-Identifier: MIT */
/* What the files of the embedded engine's registry share: the handle and its statements. */
#ifndef STORE_SQLITE_REGISTRY_REGISTRY_PRIVATE_H
#define STORE_SQLITE_REGISTRY_REGISTRY_PRIVATE_H

#include <pthread.h>

#include "base/lock.h"
#include "db/db.h"
#include "db/stmt.h"
#include "db/txn.h"
#include "store/engine_sqlite.h"
#include "store/registry_engine.h"

enum registry_sql {
    REG_SECRET,
    REG_DATA_VERSION,
    REG_ADD,
    REG_ADDRESS_ADD,
    REG_SET_PASSWORD,
    REG_SET_SCRAM,
    REG_SET_STATE,
    REG_SET_QUOTA,
    REG_SALT,
    REG_SET_SALT,
    REG_APP_ADD,
    REG_APP_BY_NAME,
    REG_APP_REMOVE,
    REG_APP_LIST,
    REG_APP_FIND,
    REG_APP_USED,
    REG_APP_PURGE,
    REG_REMOVE,
    REG_ADDRESSES_REMOVE,
    REG_ALIAS_REMOVE,
    REG_ALIASES,
    REG_BY_ADDRESS,
    REG_BY_ID,
    REG_LIST,
    REG_COUNT,
    REG_DOMAIN,
    REG_REMOVED_ADD,
    REG_REMOVED_ALIASES_ADD,
    REG_REMOVED_LIST,
    REG_REMOVED_DUE,
    REG_REMOVED_NAME,
    REG_REMOVED_ALIASES,
    REG_RESTORE,
    REG_REMOVED_PURGE,
    REG_REMOVED_DROP,
    REG_REMOVED_ALIASES_DROP,
    REG_GROUP_ADD,
    REG_GROUP_COUNT,
    REG_GROUP_REMOVE,
    REG_GROUP_MEMBERS_DROP,
    REG_GROUP_SHARES_DROP,
    REG_GROUP_BY_NAME,
    REG_GROUP_BY_ID,
    REG_GROUP_LIST,
    REG_MEMBER_ADD,
    REG_MEMBER_REMOVE,
    REG_GROUP_MEMBERS,
    REG_GROUPS_OF,
    REG_SHARE_ADD,
    REG_SHARES_DROP,
    REG_SHARERS,
    REG_SHARES_WITH,
    REG_SHARES_ANY,
    REG_ACCOUNT_MEMBER_DROP,
    REG_ACCOUNT_SHARES_DROP,
    REG_SQL_COUNT,
};

struct sqlite_registry {
    struct registry base;
    struct lock lock; /* LOCK_REGISTRY; guards db_busy; never held across SQL */
    pthread_cond_t idle;
    bool db_busy; /* some thread uses db: others wait for idle */
    struct db *db;
};

static inline struct sqlite_registry *
sqlite_registry_of(struct registry *base)
{
    return CONTAINER_OF(base, struct sqlite_registry, base);
}

#define REGISTRY_OP(op) SAME_TYPE(registry_##op) sqlite_registry_##op;
#include "store/registry_ops.def"
#undef REGISTRY_OP

/* The database, for this thread alone, until db_give. Waits. */
struct db *registry_db_take(struct sqlite_registry *registry);
void registry_db_give(struct sqlite_registry *registry);

/* Account columns, as REG_BY_ADDRESS, REG_BY_ID and REG_LIST have them. */
enum { REG_ACCOUNT_COLUMNS = 14 };
void registry_row_read(struct stmt *stmt, struct registry_account *out);

/* The first column of all rows, in arena. */
MUST_USE enum rc registry_texts_read(struct stmt *stmt, struct arena *arena, struct span **out,
                                     size_t *count_out, struct err *err);

/* ---- changes ---- */

/* One change: the database is this thread's from begin to end. */
struct registry_change {
    struct sqlite_registry *registry;
    struct db *db;
    struct txn txn;
};
MUST_USE enum rc registry_change_begin(struct registry_change *change, struct registry *base,
                                       struct err *err);
/* Commits when rc is RC_OK. */
MUST_USE enum rc registry_change_end(struct registry_change *change, enum rc rc,
                                     struct err *err);

/* RC_OK when nobody has the address; otherwise RC_EXISTS and who has it. */
MUST_USE enum rc registry_address_is_free(struct db *db, const struct registry_name *name,
                                          struct err *err);
/* RC_EXISTS. */
MUST_USE enum rc registry_address_add(struct db *db, const struct registry_name *name,
                                      uint64_t id, bool alias, struct err *err);
/* Salt and iterations of an account, salt_only set, and how many application passwords it has.
 * RC_NOT_FOUND. */
MUST_USE enum rc registry_salt_read(struct db *db, uint64_t id, struct scram_keys *salt_out,
                                    uint64_t *app_passwords_out, struct err *err);
/* RC_AGAIN when they differ. */
MUST_USE enum rc registry_salt_check(const struct scram_keys *salt,
                                     const struct scram_keys *keys, struct err *err);
/* Runs a statement that is to change the account's row; RC_NOT_FOUND when it changed none. */
MUST_USE enum rc registry_run_on_account(struct stmt *stmt, uint64_t id, struct err *err);

#endif
