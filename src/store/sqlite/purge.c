/* SPDX-License-Identifier: MIT */
/*
 * Giving space back. Messages have no reference counts, because then a COPY of 50,000 messages
 * would write 50,000 message rows. Instead, what may have lost its last name is noted in
 * `unnamed`, and a sweep finds out:
 *
 *     expire ──────> unnamed ──sweep_new──> MARK_ENTRIES ──> MARK_EXPUNGED ──> REMOVE ──>
 * vacuum rows beyond    (on disk)              rows of entry    rows of           what was
 *     retention                             name some        expunged do       not named goes
 *
 * Each store_purge_step does one bounded piece of this. Others write between the steps. The
 * result is right all the same (INV-S8), because:
 *   - a message gets a new name only from an entry (copy) or when it is new; both call
 * sweep_note;
 *   - an entry that is expunged goes to `expunged`, which is read after `entry`;
 *   - rows of `expunged` are removed only while no sweep is under way;
 *   - a rollback, which can bring rows back behind the sweep, ends the sweep.
 * Thread: the holder of the turn.
 */
#include "store/sqlite/private.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/check.h"

enum {
    EXPIRE_ROWS = 1000,         /* rows of expunged in one step */
    MARK_ROWS = 20000,          /* rows read in one step, which takes about 5 ms */
    REMOVE_MESSAGES = 256,      /* a step */
    REMOVE_OCTETS = 4 << 20,    /* in one step; at least one message */
    CANDIDATES = 65536,         /* of one sweep, which takes 0.6 MB of memory */
    FREE_KEEP_OCTETS = 2 << 20, /* free pages that stay in the file for the next messages */
    VACUUM_PAGES = 64,          /* in one step; moving them takes 2 to 10 ms */
    DISK_SHORT_PART = 20, /* with less than a twentieth free, and less than DISK_SHORT_OCTETS,
                             nothing is kept */
    DISK_SHORT_OCTETS = 1 << 30,
};

enum phase { MARK_ENTRIES, MARK_EXPUNGED, REMOVE };

struct sweep {
    enum phase phase;
    size_t count;
    size_t next;   /* in REMOVE */
    uint64_t mbox; /* how far the marking is: (mbox, uid) or (mbox, modseq, uid) */
    uint64_t modseq;
    uint64_t uid;
    bool named[CANDIDATES];
    uint64_t messages[CANDIDATES]; /* ascending */
};

/* ---- expiring ---- */

/* Which rows may be expired now. */
struct policy {
    uint64_t keep_modseq;
    int64_t until_s;      /* rows expunged up to then are beyond retention */
    bool over;            /* more octets are kept than allowed, so the oldest rows go */
    uint64_t over_octets; /* by so much */
    uint64_t to_modseq;   /* up to here these rows are the oldest; then another mailbox has the
                             oldest one */
};

/* A mailbox as the policy sees it. */
struct oldest {
    uint64_t mbox;
    uint64_t modseq; /* of its oldest expunged row; 0: it has none */
    int64_t expunged_s;
    bool retired;
    uint64_t highest_modseq;
};

static bool
disk_is_short(const struct sqlite_store *store)
{
    struct statvfs fs;

    if (statvfs(store->dir, &fs) != 0)
        return false;
    return fs.f_bavail < fs.f_blocks / DISK_SHORT_PART &&
           (uint64_t)fs.f_bavail * fs.f_frsize < DISK_SHORT_OCTETS;
}

static enum rc
policy_make(struct sqlite_tx *tx, uint64_t keep_modseq, struct policy *out, struct err *err)
{
    const struct store_options *options = &tx->acct->store->options.store;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_PURGE_OCTETS);
    const enum rc rc = stmt_one(&stmt, err);

    if (rc != RC_OK)
        return rc;
    const uint64_t kept = col_u64(&stmt, 0);
    const uint64_t max = disk_is_short(tx->acct->store) ? 0 : options->undelete_max_octets;
    *out = (struct policy){
        .keep_modseq = keep_modseq,
        .until_s = tx_now_s(tx) - options->undelete_retention_s,
        .over = kept > max,
        .over_octets = kept > max ? kept - max : 0,
        .to_modseq = UINT64_MAX,
    };
    return RC_OK;
}

static bool
row_is_due(const struct policy *policy, uint64_t modseq, int64_t expunged_s)
{
    if (modseq > policy->keep_modseq)
        return false;
    return expunged_s <= policy->until_s ||
           (policy->over_octets != 0 && modseq <= policy->to_modseq);
}

/* Finds the mailbox whose oldest expunged row is due and the oldest of all, or a retired
 * mailbox that has nothing left. mbox is 0 if there is none. */
static enum rc
pick(struct sqlite_tx *tx, struct policy *policy, struct oldest *out, struct err *err)
{
    struct oldest best = {0};
    AUTO_STMT stmt = stmt_get(tx->db, SQL_PURGE_OLDEST);

    while (stmt_row(&stmt)) {
        const struct oldest mbox = {
            .mbox = col_u64(&stmt, 0),
            .modseq = col_u64(&stmt, 1),
            .expunged_s = stmt_i64(&stmt, 2),
            .retired = stmt_i64(&stmt, 3) != 0,
            .highest_modseq = col_u64(&stmt, 4),
        };
        if (mbox.modseq == 0) {
            if (mbox.retired && mbox.highest_modseq <= policy->keep_modseq) {
                *out = mbox;
                return RC_OK;
            }
            continue;
        }
        if (!row_is_due(policy, mbox.modseq, mbox.expunged_s))
            continue;
        if (best.mbox == 0 || mbox.modseq < best.modseq) {
            if (best.mbox != 0)
                policy->to_modseq = best.modseq;
            best = mbox;
        } else if (mbox.modseq < policy->to_modseq) {
            policy->to_modseq = mbox.modseq;
        }
    }
    const enum rc rc = stmt_end(&stmt, err);
    if (rc == RC_OK)
        *out = best;
    return rc;
}

static enum rc
run_with_id(struct sqlite_tx *tx, enum sql_id sql, uint64_t id, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, sql);

    bind_u64(&stmt, 1, id);
    return stmt_run(&stmt, err);
}

/* Forgets a deleted mailbox of which nothing is left. */
static enum rc
mbox_forget(struct sqlite_tx *tx, uint64_t mbox, struct err *err)
{
    enum rc rc = floors_raise(tx, err);

    if (rc == RC_OK)
        rc = run_with_id(tx, SQL_KEYWORDS_REMOVE, mbox, err);
    if (rc == RC_OK)
        rc = run_with_id(tx, SQL_MBOX_REMOVE, mbox, err);
    return rc;
}

static enum rc
row_remove(struct sqlite_tx *tx, uint64_t mbox, uint64_t modseq, uint64_t uid, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_PURGE_ROW);

    bind_u64(&stmt, 1, mbox);
    bind_u64(&stmt, 2, modseq);
    bind_u64(&stmt, 3, uid);
    return stmt_run(&stmt, err);
}

/* Removes the due rows of one mailbox, the oldest first. */
static enum rc
expire_mbox(struct sqlite_tx *tx, struct policy *policy, uint64_t id, struct err *err)
{
    struct mbox mbox;
    enum rc rc = mbox_load(tx, id, &mbox, err);

    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_PURGE_ROWS);
    bind_u64(&stmt, 1, id);
    bind_u64(&stmt, 2, EXPIRE_ROWS);
    while (rc == RC_OK && stmt_row(&stmt)) {
        const uint64_t octets = col_u64(&stmt, 2);
        const uint64_t modseq = col_u64(&stmt, 4);
        if (!row_is_due(policy, modseq, stmt_i64(&stmt, 5)))
            break;
        if (stmt_i64(&stmt, 3) != WHY_MOVED) {
            mbox.expunged_octets -= octets;
            policy->over_octets -= octets < policy->over_octets ? octets : policy->over_octets;
        }
        mbox.expunged_floor = modseq;
        rc = row_remove(tx, id, modseq, col_u64(&stmt, 0), err);
        if (rc == RC_OK)
            rc = run_with_id(tx, SQL_UNNAMED_ADD, col_u64(&stmt, 1), err);
    }
    const enum rc ended = stmt_end(&stmt, err);
    if (rc == RC_OK)
        rc = ended;
    return rc == RC_OK ? mbox_save(tx, &mbox, err) : rc;
}

static enum rc
expire(struct sqlite_tx *tx, uint64_t keep_modseq, bool *did_out, struct err *err)
{
    struct policy policy;
    struct oldest mbox;
    enum rc rc = policy_make(tx, keep_modseq, &policy, err);

    if (rc == RC_OK)
        rc = pick(tx, &policy, &mbox, err);
    if (rc != RC_OK)
        return rc;
    *did_out = mbox.mbox != 0;
    if (mbox.mbox == 0)
        return RC_OK;
    return mbox.modseq == 0 ? mbox_forget(tx, mbox.mbox, err)
                            : expire_mbox(tx, &policy, mbox.mbox, err);
}

/* ---- sweeping ---- */

static void
sweep_free(struct sqlite_account *acct)
{
    free(acct->sweep);
    acct->sweep = NULL;
}

void
purge_forget(struct sqlite_account *acct)
{
    sweep_free(acct);
    keywords_look_free(acct);
}

void
sweep_note(struct sqlite_account *acct, uint64_t message)
{
    struct sweep *sweep = acct->sweep;
    size_t low = 0;

    if (sweep == NULL)
        return;
    size_t high = sweep->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sweep->messages[middle] < message)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sweep->count && sweep->messages[low] == message)
        sweep->named[low] = true;
}

/* Begins a sweep if there is anything to sweep; otherwise acct->sweep stays NULL. */
static enum rc
sweep_new(struct sqlite_tx *tx, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_UNNAMED_LIST);
    struct sweep *sweep = NULL;

    stmt_bind_i64(&stmt, 1, CANDIDATES);
    while (stmt_row(&stmt)) {
        if (sweep == NULL)
            sweep = calloc(1, sizeof *sweep);
        if (sweep == NULL)
            return err_set(err, RC_LIMIT, 0, "no memory to purge");
        sweep->messages[sweep->count++] = col_u64(&stmt, 0);
    }
    const enum rc rc = stmt_end(&stmt, err);
    if (rc == RC_OK)
        tx->acct->sweep = sweep;
    else
        free(sweep);
    return rc;
}

static enum rc
mark_entries(struct sqlite_tx *tx, struct sweep *sweep, struct err *err)
{
    unsigned rows = 0;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MARK_ENTRIES);

    bind_u64(&stmt, 1, sweep->mbox);
    bind_u64(&stmt, 2, sweep->uid);
    while (rows < MARK_ROWS && stmt_row(&stmt)) {
        rows++;
        sweep->mbox = col_u64(&stmt, 0);
        sweep->uid = col_u64(&stmt, 1);
        sweep_note(tx->acct, col_u64(&stmt, 2));
    }
    if (rows < MARK_ROWS) {
        sweep->phase = MARK_EXPUNGED;
        sweep->mbox = sweep->uid = sweep->modseq = 0;
    }
    return stmt_end(&stmt, err);
}

static enum rc
mark_expunged(struct sqlite_tx *tx, struct sweep *sweep, struct err *err)
{
    unsigned rows = 0;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MARK_EXPUNGED);

    bind_u64(&stmt, 1, sweep->mbox);
    bind_u64(&stmt, 2, sweep->modseq);
    bind_u64(&stmt, 3, sweep->uid);
    while (rows < MARK_ROWS && stmt_row(&stmt)) {
        rows++;
        sweep->mbox = col_u64(&stmt, 0);
        sweep->modseq = col_u64(&stmt, 1);
        sweep->uid = col_u64(&stmt, 2);
        sweep_note(tx->acct, col_u64(&stmt, 3));
    }
    if (rows < MARK_ROWS)
        sweep->phase = REMOVE;
    return stmt_end(&stmt, err);
}

static enum rc
message_remove(struct sqlite_tx *tx, uint64_t message, struct err *err)
{
    const uint64_t first = message << CONTENT_PIECE_BITS;
    const enum rc rc = run_with_id(tx, SQL_MESSAGE_REMOVE, message, err);

    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_CONTENT_REMOVE);
    bind_u64(&stmt, 1, first);
    bind_u64(&stmt, 2, first | ((UINT64_C(1) << CONTENT_PIECE_BITS) - 1));
    return stmt_run(&stmt, err);
}

static enum rc
sort_block_remove(struct sqlite_tx *tx, uint64_t block, struct err *err)
{
    enum rc rc = RC_OK;

    for (unsigned column = 0; rc == RC_OK && column < LIMIT_SORT_COLUMNS; column++)
        rc = run_with_id(tx, SQL_SORT_BLOCK_REMOVE, sort_block_row(column, block), err);
    return rc;
}

static enum rc
message_octets(struct sqlite_tx *tx, uint64_t message, uint64_t *out, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_MESSAGE_OCTETS);

    bind_u64(&stmt, 1, message);
    const enum rc rc = stmt_one(&stmt, err);
    *out = rc == RC_OK ? col_u64(&stmt, 0) : 0;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Removes some of the messages that nothing names. When all of them are gone, the sweep
 * ends. */
static enum rc
sweep_remove(struct sqlite_tx *tx, struct sweep *sweep, struct err *err)
{
    unsigned messages = 0;
    uint64_t sum_octets = 0;
    uint64_t block = UINT64_MAX; /* the last one that was removed */
    /* The highest id may be among them, and must not be given out again. */
    enum rc rc = floors_raise(tx, err);

    tx_reset_cursors(tx);
    for (; sweep->next < sweep->count && rc == RC_OK; sweep->next++) {
        const uint64_t message = sweep->messages[sweep->next];
        if (!sweep->named[sweep->next]) {
            uint64_t octets = 0;
            rc = message_octets(tx, message, &octets, err);
            if (messages == REMOVE_MESSAGES ||
                (messages != 0 && sum_octets + octets > REMOVE_OCTETS))
                break;
            if (rc == RC_OK)
                rc = message_remove(tx, message, err);
            if (rc == RC_OK && message / LIMIT_SORT_BLOCK != block)
                rc = sort_block_remove(tx, message / LIMIT_SORT_BLOCK, err);
            block = message / LIMIT_SORT_BLOCK;
            messages++;
            sum_octets += octets;
        }
        if (rc == RC_OK)
            rc = run_with_id(tx, SQL_UNNAMED_REMOVE, message, err);
    }
    if (rc == RC_OK && sweep->next == sweep->count)
        sweep_free(tx->acct);
    return rc;
}

static enum rc
sweep_step(struct sqlite_tx *tx, struct err *err)
{
    struct sweep *sweep = tx->acct->sweep;

    switch (sweep->phase) {
    case MARK_ENTRIES:
        return mark_entries(tx, sweep, err);
    case MARK_EXPUNGED:
        return mark_expunged(tx, sweep, err);
    case REMOVE:
        return sweep_remove(tx, sweep, err);
    }
    return RC_OK;
}

static enum rc
vacuum_step(struct sqlite_tx *tx, bool *more_out, struct err *err)
{
    int64_t free_octets = 0;
    enum rc rc = db_free_octets(tx->db, &free_octets, err);

    if (rc == RC_OK && free_octets > FREE_KEEP_OCTETS) {
        *more_out = true;
        tx_reset_cursors(tx);
        rc = db_vacuum_step(tx->db, VACUUM_PAGES, err);
    }
    return rc;
}

enum rc
sqlite_purge_due(struct store_tx *base, bool *due_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct policy policy;
    struct oldest mbox = {0};
    int64_t free_octets = 0;
    enum rc rc = policy_make(tx, UINT64_MAX, &policy, err);

    if (rc == RC_OK)
        rc = pick(tx, &policy, &mbox, err);
    if (rc == RC_OK)
        rc = db_free_octets(tx->db, &free_octets, err);
    if (rc != RC_OK)
        return rc;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_UNNAMED_LIST);
    stmt_bind_i64(&stmt, 1, 1);
    const bool unnamed = stmt_row(&stmt);
    if (!unnamed)
        rc = stmt_end(&stmt, err);
    bool keywords = false;
    if (rc == RC_OK)
        rc = keywords_purge_due(tx, &keywords, err);
    if (rc == RC_OK)
        *due_out = mbox.mbox != 0 || unnamed || keywords || free_octets > FREE_KEEP_OCTETS;
    return rc;
}

enum rc
sqlite_purge_step(struct store_tx *base, uint64_t keep_modseq, bool *more_out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    bool more = false;
    enum rc rc = RC_OK;

    CHECK(tx->write);
    if (tx->acct->sweep == NULL)
        rc = expire(tx, keep_modseq, &more, err);
    if (rc == RC_OK && !more && tx->acct->sweep == NULL)
        rc = sweep_new(tx, err);
    if (rc == RC_OK && tx->acct->sweep != NULL) {
        more = true;
        rc = sweep_step(tx, err);
    }
    if (rc == RC_OK && !more)
        rc = vacuum_step(tx, &more, err);
    if (rc == RC_OK)
        *more_out = more;
    return rc;
}
