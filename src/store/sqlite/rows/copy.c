/* SPDX-License-Identifier: MIT */
/*
 * COPY and MOVE within an account add rows to `entry`. They copy no bodies and count no
 * references (purge.c finds out which messages nothing names). Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include <string.h>

#include "base/check.h"

/* For the names of all keywords of one mailbox and their list. */
enum { KEYWORDS_ARENA = 128 << 10 };

/* Which bit of the destination each keyword of the source becomes, if any. */
struct keyword_map {
    uint8_t to[LIMIT_KEYWORDS]; /* LIMIT_KEYWORDS: left out */
};

struct copy {
    struct rows added;    /* struct entry */
    struct rows sources;  /* uint32_t */
    struct rows flags;    /* uint32_t; of the sources, where the copies have others */
    struct rows segments; /* struct uid_run, of the source */
    struct mbox from;
    struct mbox to;
};

static void
copy_cleanup(struct copy *copy)
{
    rows_cleanup(&copy->added);
    rows_cleanup(&copy->sources);
    rows_cleanup(&copy->flags);
    rows_cleanup(&copy->segments);
}

/* Reads the source rows; `added` then still has their flags and keywords as they were there. */
static enum rc
collect(struct sqlite_tx *tx, const struct copy_req *req, struct copy *copy, struct err *err)
{
    struct entry_walk walk;
    struct entry entry;
    enum rc rc = RC_OK;

    walk_begin(&walk, tx, req->from, WALK_ALL, req->runs, req->run_count);
    while (rc == RC_OK && walk_next(&walk, &entry)) {
        struct entry *added = rows_push(&copy->added);
        uint32_t *source = rows_push(&copy->sources);
        uint32_t *flags = req->dropped_flags == 0 ? source : rows_push(&copy->flags);
        if (added == NULL || source == NULL || flags == NULL) {
            rc = RC_LIMIT;
            break;
        }
        *flags = entry.flags;
        *source = entry.uid;
        *added = entry;
        added->flags &= ~req->dropped_flags;
        if (req->drops_keywords)
            added->keywords = (struct keywords){{0, 0}};
        rc = segments_add(&copy->segments, entry.uid, walk.gap);
        walk.gap = false;
    }
    const enum rc ended = walk_end(&walk, err);
    if (ended != RC_OK)
        return ended;
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, "copy: out of memory");
}

static bool
keywords_has(const struct keywords *keywords, unsigned number)
{
    return (keywords->bits[number / 64] >> (number % 64) & 1) != 0;
}

/* Finds the numbers that the keywords in use have in the destination, and adds new ones
 * there. */
static enum rc
map_keywords(struct sqlite_tx *tx, const struct copy_req *req, const struct keywords *used,
             struct keyword_map *map, struct err *err)
{
    AUTO_ARENA arena = {0};
    struct span *names = NULL;
    size_t count = 0;

    arena_init(&arena, KEYWORDS_ARENA);
    memset(map->to, LIMIT_KEYWORDS, sizeof map->to);
    enum rc rc = sqlite_keywords(&tx->base, req->from, &arena, &names, &count, err);
    for (unsigned i = 0; i < count && rc == RC_OK; i++) {
        uint32_t number = LIMIT_KEYWORDS;
        if (!keywords_has(used, i))
            continue;
        rc = sqlite_keyword_add(&tx->base, req->to, names[i], &number, err);
        if (rc == RC_NOT_FOUND)
            rc = RC_OK; /* there is no room in the destination, so this keyword is left out */
        map->to[i] = (uint8_t)number;
    }
    return rc;
}

static struct keywords
keywords_mapped(const struct keywords *keywords, const struct keyword_map *map)
{
    struct keywords out = {0};

    for (unsigned i = 0; i < LIMIT_KEYWORDS; i++)
        if (keywords_has(keywords, i) && map->to[i] < LIMIT_KEYWORDS)
            out.bits[map->to[i] / 64] |= UINT64_C(1) << map->to[i] % 64;
    return out;
}

/* Translates the keywords of all rows that have any. */
static enum rc
carry_keywords(struct sqlite_tx *tx, const struct copy_req *req, struct copy *copy,
               struct err *err)
{
    struct entry *added = rows_data(&copy->added);
    const size_t count = rows_count(&copy->added);
    struct keywords used = {0};
    struct keyword_map map;

    if (req->from == req->to)
        return RC_OK;
    for (size_t i = 0; i < count; i++) {
        used.bits[0] |= added[i].keywords.bits[0];
        used.bits[1] |= added[i].keywords.bits[1];
    }
    if (used.bits[0] == 0 && used.bits[1] == 0)
        return RC_OK;
    const enum rc rc = map_keywords(tx, req, &used, &map, err);
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        if (added[i].keywords.bits[0] != 0 || added[i].keywords.bits[1] != 0)
            added[i].keywords = keywords_mapped(&added[i].keywords, &map);
    return rc;
}

/* Gives the rows their new UIDs and writes them. Adds them to the counters of copy->to. */
static enum rc
insert(struct sqlite_tx *tx, const struct copy_req *req, struct copy *copy, struct err *err)
{
    struct entry *added = rows_data(&copy->added);
    const size_t count = rows_count(&copy->added);
    const int64_t now_s = tx_now_s(tx);
    enum rc rc = RC_OK;

    if (count > UINT32_MAX - copy->to.uidnext)
        return err_set(err, RC_LIMIT, 0, "mailbox %ju has too few UIDs left",
                       (uintmax_t)req->to);
    copy->to.highest_modseq = ++tx->acct->counters.modseq;
    AUTO_STMT stmt = stmt_get(tx->db, SQL_ENTRY_ADD);
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        added[i].uid = copy->to.uidnext++;
        added[i].modseq = copy->to.highest_modseq;
        added[i].savedate_s = now_s;
        mbox_count_in(&copy->to, &added[i]);
        sweep_note(tx->acct, added[i].message);
        keywords_note(tx->acct, req->to, &added[i].keywords);
        rc = entry_insert(&stmt, req->to, &added[i], err);
    }
    return rc;
}

/* Expunges the source of a move. */
static enum rc
leave(struct sqlite_tx *tx, const struct copy_req *req, struct copy *copy, struct err *err)
{
    /* When messages are moved within one mailbox, both sets of counters are those of one
     * row. */
    struct mbox *from = req->from == req->to ? &copy->to : &copy->from;
    const struct entry *added = rows_data(&copy->added);
    const uint32_t *flags = req->dropped_flags == 0 ? NULL : rows_data(&copy->flags);

    for (size_t i = 0; i < rows_count(&copy->added); i++) {
        struct entry source = added[i]; /* octets are those of the source */
        if (flags != NULL)
            source.flags = flags[i];
        mbox_count_out(from, &source);
    }
    from->highest_modseq = ++tx->acct->counters.modseq;
    const enum rc rc =
        expunge_segments(tx, req->from, &copy->segments, from->highest_modseq, WHY_MOVED, err);
    return rc == RC_OK && from == &copy->from ? mbox_save(tx, from, err) : rc;
}

enum rc
sqlite_copy(struct store_tx *base, const struct copy_req *req, struct arena *arena,
            struct copy_result *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    void *added = NULL;
    void *sources = NULL;
    CLEANUP(copy_cleanup) struct copy copy = {0};

    CHECK(tx->write);
    rows_init(&copy.added, sizeof(struct entry));
    rows_init(&copy.sources, sizeof(uint32_t));
    rows_init(&copy.flags, sizeof(uint32_t));
    rows_init(&copy.segments, sizeof(struct uid_run));
    enum rc rc = mbox_load_live(tx, req->from, &copy.from, err);
    if (rc == RC_OK)
        rc = mbox_load_live(tx, req->to, &copy.to, err);
    if (rc == RC_OK)
        rc = collect(tx, req, &copy, err);
    const size_t count = rc == RC_OK ? rows_count(&copy.added) : 0;
    if (count != 0) {
        rc = carry_keywords(tx, req, &copy, err);
        if (rc == RC_OK)
            rc = insert(tx, req, &copy, err);
        if (rc == RC_OK && req->move)
            rc = leave(tx, req, &copy, err);
        if (rc == RC_OK)
            rc = mbox_save(tx, &copy.to, err);
    }
    if (rc == RC_OK)
        rc = rows_take(&copy.added, arena, &added, err);
    if (rc == RC_OK)
        rc = rows_take(&copy.sources, arena, &sources, err);
    if (rc != RC_OK)
        return rc;
    *out = (struct copy_result){
        .added = added,
        .source_uids = sources,
        .count = count,
        .expunge_modseq = count != 0 && req->move ? tx->acct->counters.modseq : 0,
    };
    return RC_OK;
}
