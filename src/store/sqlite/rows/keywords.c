/* SPDX-License-Identifier: MIT */
/*
 * Keywords are names to which a mailbox has given numbers. The numbers are bits of its entries.
 * A number keeps its name until a purge takes it away (keywords_purge.c). Then its row has no
 * name as long as the bit may still be in somebody's memory, and is removed when the number may
 * be given to another name. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

enum rc
sqlite_keywords(struct store_tx *base, uint64_t mbox, struct arena *arena, struct span **out,
                size_t *count_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct span names[LIMIT_KEYWORDS];
    size_t count = 0;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_KEYWORDS);

    bind_u64(&stmt, 1, mbox);
    while (stmt_row(&stmt)) {
        const uint64_t number = col_u64(&stmt, 0);
        if (number >= LIMIT_KEYWORDS)
            return err_set(err, RC_CORRUPT, 0, "mailbox %ju has a keyword %ju", (uintmax_t)mbox,
                           (uintmax_t)number);
        while (count < number)
            names[count++] = SPAN("");
        names[count] = arena_span(arena, stmt_span(&stmt, 1));
        if (names[count++].ptr == NULL)
            return err_set(err, RC_LIMIT, 0, "keywords: out of memory");
    }
    const enum rc rc = stmt_end(&stmt, err);
    if (rc != RC_OK)
        return rc;
    struct span *list = arena_array(arena, struct span, count);
    if (list == NULL)
        return err_set(err, RC_LIMIT, 0, "keywords: out of memory");
    for (size_t i = 0; i < count; i++)
        list[i] = names[i];
    *out = list;
    *count_out = count;
    return RC_OK;
}

/* RC_OK: with the number. RC_NOT_FOUND: with the lowest number that is free. */
static enum rc
find(struct sqlite_tx *tx, uint64_t mbox, struct span name, uint32_t *number_out,
     struct err *err)
{
    uint32_t next = 0;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_KEYWORDS);

    bind_u64(&stmt, 1, mbox);
    while (stmt_row(&stmt)) {
        if (span_ieq(stmt_span(&stmt, 1), name)) {
            *number_out = col_u32(&stmt, 0);
            return RC_OK;
        }
        next += col_u32(&stmt, 0) == next;
    }
    const enum rc rc = stmt_end(&stmt, err);
    if (rc != RC_OK)
        return rc;
    *number_out = next;
    return RC_NOT_FOUND;
}

enum rc
sqlite_keyword_add(struct store_tx *base, uint64_t mbox, struct span name, uint32_t *number_out,
                   struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    uint32_t number = 0;

    CHECK(tx->write);
    if (name.len == 0 || name.len > LIMIT_KEYWORD_OCTETS)
        return err_set(err, RC_INVALID, 0, "a keyword of %zu octets", name.len);
    enum rc rc = find(tx, mbox, name, &number, err);
    if (rc == RC_NOT_FOUND) {
        if (number >= LIMIT_KEYWORDS)
            return err_set(err, RC_NOT_FOUND, 0, "mailbox %ju has %u keywords", (uintmax_t)mbox,
                           LIMIT_KEYWORDS);
        AUTO_STMT stmt = stmt_get(tx->db, SQL_KEYWORD_ADD);
        bind_u64(&stmt, 1, mbox);
        bind_u64(&stmt, 2, number);
        stmt_bind_text(&stmt, 3, name);
        rc = stmt_run(&stmt, err);
        if (rc == RC_OK)
            rc = names_note(tx, err); /* because perhaps no message gets it */
    }
    if (rc == RC_OK)
        *number_out = number;
    return rc;
}
