/* SPDX-License-Identifier: MIT */
/* The account store's statements by name, and its schema. Binding and reading of unsigned
 * numbers. */
#ifndef STORE_SQLITE_SQL_H
#define STORE_SQLITE_SQL_H

#include <stdint.h>

#include "db/db.h"
#include "db/schema.h"
#include "db/stmt.h"

/* Columns as mbox.c and entries.c read them. */
#define MBOX_COLUMNS                                                                           \
    "id, name, special_use, uidvalidity, uidnext, recent_from, messages, unseen, deleted,"     \
    " octets, highest_modseq, expunged_floor, created_s, deleted_octets,"                      \
    " object_id"
#define ENTRY_COLUMNS                                                                          \
    "uid, flags, keywords_0, keywords_1, modseq, message, octets, internaldate_s,"             \
    " internaldate_zone_min, savedate_s"

/* The statements of sql.def, by name. */
enum sql_id {
#define SQL(name, text) SQL_##name,
#include "store/sqlite/sql.def"
#undef SQL
    SQL_COUNT,
};
extern const char *const sql_texts[SQL_COUNT];
extern const struct db_schema account_schema;

/* SQLite's integers are signed; ours are below 2^63. */
static inline void
bind_u64(struct stmt *stmt, int param, uint64_t value)
{
    stmt_bind_i64(stmt, param, (int64_t)value);
}
static inline uint64_t
col_u64(struct stmt *stmt, int column)
{
    return (uint64_t)stmt_i64(stmt, column);
}
static inline uint32_t
col_u32(struct stmt *stmt, int column)
{
    return (uint32_t)stmt_i64(stmt, column);
}

#endif
