/* SPDX-License-Identifier: MIT */
/*
 * Gives back numbers of keywords that no row has any more. Only mailboxes that run out of
 * numbers (`keywords_crowded`) are looked through, a bounded piece in each step:
 *
 *     ENTRIES ──> EXPUNGED ──> numbers that neither bears lose their names ──> next mailbox
 *
 * A number without a name becomes free, which means that its row is removed, once the caller
 * says that its bit is nowhere in memory (INV-S17). Others write between the steps. The result
 * is right all the same, because:
 *   - a number that a row gets is noted (keywords_note), wherever the look is;
 *   - an entry that is expunged goes to `expunged`, which is read after `entry`, above all
 *     rows that are there;
 *   - a rollback, which can bring rows back behind the look, ends it.
 * Thread: the holder of the turn.
 */
#include "store/sqlite/private.h"

#include <stdlib.h>

#include "base/check.h"

enum { LOOK_ROWS = 20000 }; /* rows read in one step, which takes about 5 ms */

enum phase { ENTRIES, EXPUNGED };

struct keywords_look {
    enum phase phase;
    uint64_t mbox;
    uint64_t uid; /* how far the look is: (uid) or (modseq, uid) */
    uint64_t modseq;
    struct keywords borne;
};

void
keywords_look_free(struct sqlite_account *acct)
{
    free(acct->look);
    acct->look = NULL;
}

void
keywords_note(struct sqlite_account *acct, uint64_t mbox, const struct keywords *borne)
{
    struct keywords_look *look = acct->look;

    if (look == NULL || look->mbox != mbox)
        return;
    look->borne.bits[0] |= borne->bits[0];
    look->borne.bits[1] |= borne->bits[1];
}

/* ---- numbers that are free again ---- */

static enum rc
free_retired(struct sqlite_tx *tx, const struct keywords_purge *req, struct err *err)
{
    enum rc rc = RC_OK;
    AUTO_STMT list = stmt_get(tx->db, SQL_KEYWORDS_RETIRED);

    while (rc == RC_OK && stmt_row(&list)) {
        const uint64_t mbox = col_u64(&list, 0);
        if (!req->settled(req->ctx, mbox))
            continue;
        AUTO_STMT stmt = stmt_get(tx->db, SQL_KEYWORDS_FREE);
        bind_u64(&stmt, 1, mbox);
        rc = stmt_run(&stmt, err);
    }
    const enum rc ended = stmt_end(&list, err);
    return rc == RC_OK ? ended : rc;
}

/* ---- looking for numbers that no row has ---- */

/* Finds the next mailbox with at least so many names, from `from` on; 0: there is none. */
static enum rc
next_crowded(struct sqlite_tx *tx, uint64_t from, uint64_t *out, struct err *err)
{
    const uint32_t crowded = tx->acct->store->options.store.keywords_crowded;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_KEYWORDS_CROWDED);

    bind_u64(&stmt, 1, from);
    bind_u64(&stmt, 2, crowded == 0 ? LIMIT_KEYWORDS_CROWDED : crowded);
    const enum rc rc = stmt_one(&stmt, err);
    if (rc == RC_OK)
        *out = col_u64(&stmt, 0);
    else if (rc == RC_NOT_FOUND)
        *out = 0;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Goes on with the first crowded mailbox from `from` on. If there is none, the look ends. */
static enum rc
look_at(struct sqlite_tx *tx, uint64_t from, struct err *err)
{
    struct sqlite_account *acct = tx->acct;
    uint64_t mbox = 0;
    const enum rc rc = next_crowded(tx, from, &mbox, err);

    if (rc != RC_OK || mbox == 0) {
        keywords_look_free(acct);
        return rc;
    }
    if (acct->look == NULL)
        acct->look = malloc(sizeof *acct->look);
    if (acct->look == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory to purge keywords");
    *acct->look = (struct keywords_look){.phase = ENTRIES, .mbox = mbox};
    return RC_OK;
}

static enum rc
look_on(struct sqlite_tx *tx, bool *over_out, struct err *err)
{
    struct keywords_look *look = tx->acct->look;
    const bool entries = look->phase == ENTRIES;
    unsigned rows = 0;
    int column = 1;
    AUTO_STMT stmt =
        stmt_get(tx->db, entries ? SQL_KEYWORDS_IN_ENTRIES : SQL_KEYWORDS_IN_EXPUNGED);

    bind_u64(&stmt, column++, look->mbox);
    if (!entries)
        bind_u64(&stmt, column++, look->modseq);
    bind_u64(&stmt, column, look->uid);
    while (rows < LOOK_ROWS && stmt_row(&stmt)) {
        rows++;
        look->borne.bits[0] |= col_u64(&stmt, 0);
        look->borne.bits[1] |= col_u64(&stmt, 1);
        look->uid = col_u64(&stmt, 2);
        look->modseq = entries ? 0 : col_u64(&stmt, 3);
    }
    *over_out = rows < LOOK_ROWS && !entries;
    if (rows < LOOK_ROWS) {
        look->phase = EXPUNGED;
        look->uid = look->modseq = 0;
    }
    return stmt_end(&stmt, err);
}

/* Finds numbers with a name that no row has. */
static enum rc
unborne(struct sqlite_tx *tx, const struct keywords_look *look, struct keywords *out,
        struct err *err)
{
    struct keywords numbers = {{0, 0}};
    AUTO_STMT stmt = stmt_get(tx->db, SQL_KEYWORDS);

    bind_u64(&stmt, 1, look->mbox);
    while (stmt_row(&stmt)) {
        const uint32_t number = col_u32(&stmt, 0);
        if (number >= LIMIT_KEYWORDS || stmt_span(&stmt, 1).len == 0)
            continue;
        const uint64_t bit = UINT64_C(1) << number % 64;
        if ((look->borne.bits[number / 64] & bit) == 0)
            numbers.bits[number / 64] |= bit;
    }
    *out = numbers;
    return stmt_end(&stmt, err);
}

static enum rc
retire(struct sqlite_tx *tx, uint64_t mbox, const struct keywords *numbers, struct err *err)
{
    enum rc rc = RC_OK;

    for (uint32_t number = 0; rc == RC_OK && number < LIMIT_KEYWORDS; number++) {
        if ((numbers->bits[number / 64] >> number % 64 & 1) == 0)
            continue;
        AUTO_STMT stmt = stmt_get(tx->db, SQL_KEYWORD_RETIRE);
        bind_u64(&stmt, 1, mbox);
        bind_u64(&stmt, 2, number);
        rc = stmt_run(&stmt, err);
    }
    return rc;
}

static enum rc
look_step(struct sqlite_tx *tx, struct keywords_purge *req, struct err *err)
{
    struct keywords_look *look = tx->acct->look;
    struct keywords numbers = {{0, 0}};
    bool over = false;
    enum rc rc = look_on(tx, &over, err);

    if (rc != RC_OK || !over)
        return rc;
    const uint64_t mbox = look->mbox;
    rc = unborne(tx, look, &numbers, err);
    if (rc == RC_OK && (numbers.bits[0] | numbers.bits[1]) != 0)
        rc = retire(tx, mbox, &numbers, err);
    if (rc == RC_OK)
        rc = look_at(tx, mbox + 1, err);
    if (rc != RC_OK)
        return rc;
    if ((numbers.bits[0] | numbers.bits[1]) == 0)
        return RC_OK;
    req->mbox = mbox;
    req->retired = numbers;
    return RC_OK;
}

enum rc
sqlite_keywords_purge(struct store_tx *base, struct keywords_purge *req, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);

    CHECK(tx->write);
    req->mbox = 0;
    req->retired = (struct keywords){{0, 0}};
    enum rc rc = free_retired(tx, req, err);
    if (rc == RC_OK && tx->acct->look == NULL)
        rc = look_at(tx, 0, err);
    if (rc == RC_OK && tx->acct->look != NULL)
        rc = look_step(tx, req, err);
    /* Numbers that are retired now may already be free at the next step. */
    req->more = rc == RC_OK && (tx->acct->look != NULL || req->mbox != 0);
    return rc;
}

enum rc
keywords_purge_due(struct sqlite_tx *tx, bool *due_out, struct err *err)
{
    uint64_t crowded = 0;
    enum rc rc = next_crowded(tx, 0, &crowded, err);

    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_KEYWORDS_RETIRED);
    const bool retired = stmt_row(&stmt);
    if (!retired)
        rc = stmt_end(&stmt, err);
    *due_out = crowded != 0 || retired;
    return rc;
}
