/* SPDX-License-Identifier: MIT */
/* What the files of the registry share: the handle, its cache, its statements. */
#ifndef STORE_SQLITE_REGISTRY_REGISTRY_PRIVATE_H
#define STORE_SQLITE_REGISTRY_REGISTRY_PRIVATE_H

#include <pthread.h>

#include "base/lock.h"
#include "base/map.h"
#include "db/db.h"
#include "db/stmt.h"
#include "db/txn.h"
#include "store/engine_sqlite.h"
#include "store/registry.h"

enum registry_sql {
    REG_SECRET,
    REG_DATA_VERSION,
    REG_ADD,
    REG_ADDRESS_ADD,
    REG_SET_PASSWORD,
    REG_SET_SCRAM,
    REG_SET_STATE,
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
    REG_SQL_COUNT,
};

enum { REGISTRY_CACHE_ENTRIES = 4096 }; /* about 4 MB when full */

/* What an address means. */
struct registry_hit {
    bool found;
    bool alias; /* not the account's own name */
    struct registry_account account;
};

struct registry {
    const struct clock *clock;  /* borrowed */
    const char *const *domains; /* borrowed */
    size_t domain_count;
    uint8_t secret[32];

    struct lock lock; /* LOCK_REGISTRY; guards the rest; never held across SQL */
    pthread_cond_t idle;
    bool db_busy; /* some thread uses db: others wait for idle */
    struct db *db;
    int64_t data_version; /* with db */
    int64_t checked_us;   /* data_version was looked at */
    struct map cache;     /* address, or id, to an owned struct registry_hit */
    uint64_t
        cache_generation; /* grows when it is emptied: what was read before is not put in */
    bool counted;
    uint64_t enabled;
    uint64_t without_scram;
};

/* The database, for this thread alone, until db_give. Waits. */
struct db *registry_db_take(struct registry *registry);
void registry_db_give(struct registry *registry);
/* After a change. */
void registry_cache_clear(struct registry *registry);
/* Empties the cache if another process has changed something; the generation as it is then. */
uint64_t registry_cache_look(struct registry *registry);
/* A copy of what is cached under key; otherwise *generation_out for registry_cache_put. */
MUST_USE bool registry_cache_get(struct registry *registry, struct span key,
                                 struct registry_hit *out, uint64_t *generation_out);
void registry_cache_put(struct registry *registry, struct span key,
                        const struct registry_hit *hit, uint64_t generation);

/* Account columns, as REG_BY_ADDRESS, REG_BY_ID and REG_LIST have them. */
void registry_row_read(struct stmt *stmt, struct registry_account *out);

/* A name in lower case (ASCII). */
struct registry_name {
    char text[REGISTRY_NAME_OCTETS];
    size_t len;
    size_t at; /* offset of '@', or len */
};
enum registry_name_kind {
    NAME_ACCOUNT, /* name or name@domain */
    NAME_ADDRESS, /* these, or @domain */
};
/* RC_INVALID. */
MUST_USE enum rc registry_name_make(struct span text, enum registry_name_kind kind,
                                    struct registry_name *out, struct err *err);
static inline struct span
registry_name_span(const struct registry_name *name)
{
    return span_of(name->text, name->len);
}

/* The first column of all rows, in arena. */
MUST_USE enum rc registry_texts_read(struct stmt *stmt, struct arena *arena, struct span **out,
                                     size_t *count_out, struct err *err);

/* ---- changes ---- */

/* One change: the database is this thread's from begin to end. */
struct registry_change {
    struct registry *registry;
    struct db *db;
    struct txn txn;
};
MUST_USE enum rc registry_change_begin(struct registry_change *change,
                                       struct registry *registry, struct err *err);
/* Commits when rc is RC_OK. The cache is emptied before the database is given up: who looks
 * up after that reads what is stored now. */
MUST_USE enum rc registry_change_end(struct registry_change *change, enum rc rc,
                                     struct err *err);

/* RC_OK when nobody has the address; otherwise RC_EXISTS and who has it. */
MUST_USE enum rc registry_address_is_free(struct db *db, const struct registry_name *name,
                                          struct err *err);
/* RC_EXISTS. */
MUST_USE enum rc registry_address_add(struct db *db, const struct registry_name *name,
                                      uint64_t id, bool alias, struct err *err);
/* Runs a statement that is to change the account's row; RC_NOT_FOUND when it changed none. */
MUST_USE enum rc registry_run_on_account(struct stmt *stmt, uint64_t id, struct err *err);

#endif
