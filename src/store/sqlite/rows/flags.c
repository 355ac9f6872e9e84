/* SPDX-License-Identifier: MIT */
/*
 * Changes flags. The entries are looked at once, to find out what changes and to keep the
 * counters right: in memory if the caller knows them, which saves a third of the time, and
 * otherwise in the database. Then each stretch of UIDs is changed by one UPDATE with the same
 * condition, because a statement for each row would cost three times as much. If it changes as
 * many rows as expected, memory and database agree. Thread: the transaction's.
 */
#include "store/flags_rule.h"

#include "base/check.h"
#include "store/sqlite/private.h"

/* What looking at the entries finds. */
struct found {
    const struct flags_req *req;
    struct flags_rule rule;
    struct rows modified; /* struct uid_run: above unchanged_since */
    struct rows segments; /* struct uid_run: stretches with something to change */
    size_t changed;
    uint32_t modified_last;
    bool stays; /* an entry that was named does not change */
    bool gap;   /* an entry that was not named was passed, and no segment may reach over it */
};

static void
found_cleanup(struct found *found)
{
    rows_cleanup(&found->modified);
    rows_cleanup(&found->segments);
}

/* An entry that was named. */
static enum rc
look_at(struct found *found, struct mbox *mbox, const struct entry *old)
{
    const struct flags_rule *rule = &found->rule;

    if (flags_rule_spares(rule, old->modseq, old->keywords)) {
        /* Only neighbours share a run, because clients are told these runs. */
        const bool apart = old->uid != found->modified_last + 1;
        found->modified_last = old->uid;
        found->stays = true;
        return segments_add(&found->modified, old->uid, apart);
    }
    if (!flags_rule_changes(rule, old->flags, old->keywords)) {
        found->stays = true;
        return RC_OK;
    }
    const uint32_t flags = flags_rule_flags(rule, old->flags);
    mbox_count_flags(mbox, old->flags, flags, old->octets);
    found->changed++;
    const bool gap = found->gap;
    found->gap = false;
    return segments_add(&found->segments, old->uid, gap);
}

/* Reads the rows. */
static enum rc
collect_rows(struct sqlite_tx *tx, struct mbox *mbox, struct found *found, struct err *err)
{
    const struct flags_req *req = found->req;
    struct entry_walk walk;
    struct entry old;
    enum rc rc = RC_OK;

    walk_begin(&walk, tx, req->mbox, WALK_ALL, req->runs, req->run_count);
    while (rc == RC_OK && walk_next(&walk, &old)) {
        found->gap = found->gap || walk.gap;
        walk.gap = false;
        rc = look_at(found, mbox, &old);
    }
    const enum rc ended = walk_end(&walk, err);
    return ended != RC_OK ? ended : rc;
}

/* Looks at the entries of one block that the runs from *run on name. *run moves past the runs
 * that end in it. */
static enum rc
look_at_block(struct found *found, struct mbox *mbox, const struct entry_flags *block,
              size_t *run)
{
    const struct flags_req *req = found->req;
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < block->count && rc == RC_OK; i++) {
        const uint32_t uid = block->uids[i];
        while (*run < req->run_count && uid > req->runs[*run].last)
            (*run)++;
        if (*run == req->run_count)
            break;
        if (uid < req->runs[*run].first) {
            found->gap = true;
            continue;
        }
        const struct entry old = {
            .uid = uid,
            .flags = block->flags[i],
            .modseq = block->modseqs[i],
            .octets = block->octets[i],
            .keywords =
                block->keywords == NULL ? (struct keywords){{0, 0}} : block->keywords[i],
        };
        rc = look_at(found, mbox, &old);
    }
    return rc;
}

static enum rc
collect_known(struct mbox *mbox, struct found *found)
{
    const struct flags_req *req = found->req;
    struct entry_flags block;
    uint32_t from = 1;
    size_t run = 0;
    enum rc rc = RC_OK;

    while (rc == RC_OK && run < req->run_count) {
        if (req->runs[run].first > from) {
            from = req->runs[run].first;
            found->gap = true; /* whatever lies between is not looked at */
        }
        req->known(req->known_ctx, from, &block);
        if (block.count == 0)
            break;
        rc = look_at_block(found, mbox, &block, &run);
        from = block.uids[block.count - 1] + 1; /* no UID is 2^32-1 */
    }
    return rc;
}

/* Binds everything but the bounds of the range. Returns the number of the first bound. */
static int
bind_update(struct stmt *stmt, const struct found *found, bool of_all)
{
    const struct flags_rule *rule = &found->rule;
    const uint64_t since = rule->unchanged_since;
    const int words = of_all ? 1 : 3;

    for (int i = 0; i < words; i++) {
        bind_u64(stmt, 2 * i + 1, rule->keep[i]);
        bind_u64(stmt, 2 * i + 2, rule->set[i]);
    }
    bind_u64(stmt, 2 * words + 1, rule->modseq);
    bind_u64(stmt, 2 * words + 2, found->req->mbox);
    if (!of_all) {
        stmt_bind_i64(stmt, 11, since > INT64_MAX ? INT64_MAX : (int64_t)since);
        bind_u64(stmt, 12, rule->unless.bits[0]);
        bind_u64(stmt, 13, rule->unless.bits[1]);
    }
    return 2 * words + 3;
}

/* Runs one UPDATE for each segment. The number of rows must be what was collected. */
static enum rc
update(struct sqlite_tx *tx, const struct found *found, struct err *err)
{
    const struct flags_rule *rule = &found->rule;
    const struct uid_run *segments = rows_data(&found->segments);
    const bool keywords_stay = rule->keep[1] == UINT64_MAX && rule->set[1] == 0 &&
                               rule->keep[2] == UINT64_MAX && rule->set[2] == 0;
    const bool of_all = keywords_stay && !found->stays;
    int64_t rows = 0;
    AUTO_STMT stmt =
        stmt_get(tx->db, of_all ? SQL_ENTRIES_SET_FLAGS_OF_ALL : SQL_ENTRIES_SET_FLAGS);
    const int bound = bind_update(&stmt, found, of_all);

    for (size_t i = 0; i < rows_count(&found->segments); i++) {
        bind_u64(&stmt, bound, segments[i].first);
        bind_u64(&stmt, bound + 1, segments[i].last);
        const enum rc rc = stmt_run(&stmt, err);
        if (rc != RC_OK)
            return rc;
        rows += db_changes(tx->db);
    }
    if (rows != (int64_t)found->changed)
        return err_set(err, RC_CORRUPT, 0, "flags of %jd rows changed instead of %zu",
                       (intmax_t)rows, found->changed);
    return RC_OK;
}

enum rc
sqlite_flags_update(struct store_tx *base, const struct flags_req *req, struct arena *arena,
                    struct flags_result *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    struct mbox mbox;
    void *modified = NULL;
    CLEANUP(found_cleanup)
    struct found found = {
        .req = req,
        .rule = flags_rule_of(req, tx->acct->counters.modseq + 1),
    };

    CHECK(tx->write);
    rows_init(&found.modified, sizeof(struct uid_run));
    rows_init(&found.segments, sizeof(struct uid_run));
    enum rc rc = mbox_load_live(tx, req->mbox, &mbox, err);
    if (rc != RC_OK)
        return rc;
    rc = req->known != NULL ? collect_known(&mbox, &found)
                            : collect_rows(tx, &mbox, &found, err);
    if (rc == RC_LIMIT)
        return err_set(err, rc, 0, "flags: out of memory");
    if (rc == RC_OK)
        rc = rows_take(&found.modified, arena, &modified, err);
    if (rc == RC_OK && found.changed != 0) {
        mbox.highest_modseq = tx->acct->counters.modseq = found.rule.modseq;
        if (req->mode != FLAGS_REMOVE)
            keywords_note(tx->acct, req->mbox, &req->keywords);
        rc = update(tx, &found, err);
        if (rc == RC_OK)
            rc = mbox_save(tx, &mbox, err);
    }
    if (rc != RC_OK)
        return rc;
    *out = (struct flags_result){
        .rule = found.rule,
        .changed_count = found.changed,
        .modified = modified,
        .modified_count = rows_count(&found.modified),
        .modseq = found.changed == 0 ? 0 : found.rule.modseq,
    };
    return RC_OK;
}
