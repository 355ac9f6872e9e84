/* SPDX-License-Identifier: MIT */
/*
 * The scan of SEARCH: asks the program about one candidate after the other, fetching more of a
 * message only when the program cannot answer yet, and stops where the slice's time is up:
 * between two messages, between two pieces of a text, or between two fields of one message.
 *
 * What a search may cost is bounded (LIMIT_SEARCH_WORK). Each message that is read allows the
 * work that LIMIT_SEARCH_FREE_KEYS keys need for it, so that a search for a few words can be
 * completed in any amount of mail. The work of further keys is counted, and so is all
 * comparison of very similar words.
 */
#include "mailbox/search/search_private.h"

#include "base/limits.h"
#include "mailbox/content/ingest.h"
#include "mailbox/memory/account.h"

enum {
    PARTS_ARENA = 8 << 20,
    KEEP_OCTETS = 256 << 10, /* memory kept from one message to the next */
    /* The clock is asked about once in so much work; a unit is one key asked in memory. */
    WORK_PER_LOOK = 20000,
    WORK_ROW = 300,
    WORK_HEADER = 1000,
    WORK_PIECE = WORK_PER_LOOK, /* always look */
    WORK_PER_ASK = 1000000,     /* of fields looked at in one go: as long as a slice */
    OCTETS_PER_WORK = 32,       /* of text in which one key is looked for */
    /* for each octet of a header, in addition to itself: it is walked and compared */
    HEADER_SHARE = 4,
};

/* ---- life ---- */

static void
point_at_one(struct search *search)
{
    struct search_one *one = &search->one;

    search->one_run = (struct version_run){
        .count = 1,
        .uids = &one->uid,
        .flags = &one->flags,
        .modseqs = &one->modseq,
        .messages = &one->message,
        .octets = &one->octets,
        .internaldates_s = &one->internaldate_s,
        .internaldate_zones_min = &one->internaldate_zone_min,
        .savedates_s = &one->savedate_s,
        .keywords = &one->keywords,
    };
}

enum rc
search_new(struct arena *arena, struct view *view, const struct search_req *req,
           struct search **out, struct err *err)
{
    struct search *search = arena_new(arena, struct search);

    if (search == NULL)
        return RC_LIMIT;
    search->view = view;
    search->work = search->unforgiven = req->overspent;
    search->exists = version_count(view->members);
    search->found = arena_array(arena, uint64_t, (size_t)search->exists / 64 + 1);
    if (req->rates)
        search->scores = arena_array(arena, uint8_t, (size_t)search->exists + 1);
    if (search->found == NULL || (req->rates && search->scores == NULL))
        return RC_LIMIT;
    const enum rc rc = search_compile(search, arena, req, err);
    if (rc != RC_OK)
        return rc;
    if (req->at_most != 0 && view_runs_cut(&search->runs, &search->run_count, req->at_most))
        search->cut_at = search->runs[0].first;
    for (size_t i = 0; i < search->run_count; i++)
        search->candidates += search->runs[i].last - search->runs[i].first + 1;
    search_index_init(search, arena, req);
    point_at_one(search);
    buf_init(&search->header, INGEST_HEADER_MAX + 1);
    arena_init(&search->parts, PARTS_ARENA);
    *out = search;
    return RC_OK;
}

void
search_done(struct search *search)
{
    if (search == NULL)
        return;
    if (search->has_needles)
        mime_search_done(&search->needles);
    if (search->ids_reader != NULL)
        object_ids_reader_done(search->ids_reader);
    search_answers_done(search->own_answers);
    buf_done(&search->header);
    arena_done(&search->parts);
}

bool
search_needs_store(const struct search *search)
{
    return search->levels[SEARCH_LEVEL_ROW] || search->needs_snapshot;
}

bool
search_over_limit(const struct search *search)
{
    return search->over_limit;
}

uint32_t
search_cut_at(const struct search *search)
{
    return search->cut_at;
}

/* ---- what it costs ---- */

/* Octets of mail were read, or a message was asked in memory: few keys may cost that much. */
static void
allow(struct search *search, uint64_t octets)
{
    search->allowed += LIMIT_SEARCH_FREE_KEYS * (1 + octets / OCTETS_PER_WORK);
}

uint64_t
search_overspent(const struct search *search)
{
    const uint64_t forgivable = search->work - search->unforgiven;

    return search->unforgiven +
           (forgivable > search->allowed ? forgivable - search->allowed : 0);
}

static bool
is_too_costly(const struct search *search)
{
    return search_overspent(search) > LIMIT_SEARCH_WORK;
}

/* ---- knowing more of one message ---- */

/* RC_AGAIN: its text has to be read to the end, and some of that is done. */
static enum rc
read_ids(struct search *search, const struct message_row *row, struct err *err)
{
    const struct object_ids_req req = {
        .kinds = search->id_kinds,
        .message = search->one.message,
        .internaldate_s = search->one.internaldate_s,
        .internaldate_zone_min = search->one.internaldate_zone_min,
    };

    return object_ids_read(search->ids_reader, search->tx, &req, row, &search->ids, err);
}

static enum rc
read_row(struct search *search, struct message_row *row, struct err *err)
{
    unsigned want = search->ids_reader == NULL ? 0 : MESSAGE_KEYS;

    if (search->levels[SEARCH_LEVEL_HEADER])
        want |= MESSAGE_FIELDS;
    if (search->levels[SEARCH_LEVEL_TEXT])
        want |= MESSAGE_PARTS;
    enum rc rc = store_message_read(search->tx, search->one.message, want, row, err);
    if (rc == RC_OK && search->ids_reader != NULL) {
        rc = read_ids(search, row, err);
        if (rc == RC_OK) /* that may have moved on */
            rc = store_message_read(search->tx, search->one.message, want, row, err);
    }
    if (rc != RC_OK)
        return rc;
    search->level = SEARCH_LEVEL_ROW;
    search->tally.rows++;
    search->has_fields = (want & MESSAGE_FIELDS) != 0;
    search->fields = row->fields;
    return RC_OK;
}

static enum rc
read_header(struct search *search, const struct message_row *row, struct err *err)
{
    if (row->header_octets > INGEST_HEADER_MAX)
        return err_set(err, RC_LIMIT, 0, "a header of %ju octets",
                       (uintmax_t)row->header_octets);
    buf_clear(&search->header);
    const enum rc rc = store_content_read(search->tx, search->one.message, 0,
                                          row->header_octets, &search->header, err);
    if (rc != RC_OK)
        return rc;
    if (!buf_ok(&search->header))
        return err_set(err, RC_LIMIT, 0, "header block");
    search->level = SEARCH_LEVEL_HEADER;
    search->tally.headers++;
    return RC_OK;
}

static enum rc
begin_text(struct search *search, const struct message_row *row, struct err *err)
{
    struct mime_part *root;

    arena_reset(&search->parts);
    const struct span table = arena_span(&search->parts, row->parts);
    enum rc rc = table.ptr == NULL ? RC_LIMIT : mime_parts_decode(table, &search->parts, &root);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "part table of message %ju", (uintmax_t)search->one.message);
    if (mime_search_failed(&search->needles))
        return err_set(err, RC_LIMIT, 0, "fields of message %ju",
                       (uintmax_t)search->one.message);
    mime_search_begin(&search->needles, root);
    search->work += search->needles.needle_count;
    search->level = SEARCH_LEVEL_TEXT;
    search->in_text = true;
    search->tally.texts++;
    search->text_over = false;
    return RC_OK;
}

/* One piece of the text. */
static enum rc
feed_text(struct search *search, struct err *err)
{
    uint64_t offset;
    struct span piece;

    if (!mime_search_wants(&search->needles, &offset)) {
        search->text_over = true;
        return RC_OK;
    }
    const enum rc rc = store_content_peek(search->tx, search->one.message, offset,
                                          search->piece_octets, &piece, err);
    if (rc != RC_OK)
        return rc;
    if (piece.len == 0)
        return err_set(err, RC_CORRUPT, 0, "message %ju is cut",
                       (uintmax_t)search->one.message);
    allow(search, piece.len);
    search->tally.text_octets += piece.len;
    mime_search_feed(&search->needles, piece);
    search_count_needles(search);
    if (mime_search_failed(&search->needles))
        return err_set(err, RC_LIMIT, 0, "text of message %ju", (uintmax_t)search->one.message);
    return RC_OK;
}

static void
end_text(struct search *search)
{
    search->in_text = false;
    if (search->header.cap > KEEP_OCTETS)
        buf_done(&search->header);
}

/* ---- one message ---- */

static enum search_value
ask(struct search *search)
{
    search->work += search->node_count;
    search->pause_above = search->work + WORK_PER_ASK;
    return search_eval(search, &search->one_run, 0, search->one.seq);
}

/* Reads on until the program is decided, the text is being read, it paused, or nothing is left
 * of the message (then it matches nothing that would have to be read). */
static enum rc
read_until_decided(struct search *search, enum search_value *value, uint64_t *work,
                   struct err *err)
{
    struct message_row row;
    const bool goes_on = search->paused;

    search->paused = false;
    enum rc rc = read_row(search, &row, err);
    *work += WORK_ROW;
    if (rc == RC_OK && !goes_on)
        allow(search, (uint64_t)OCTETS_PER_WORK *
                          (WORK_ROW + row.header_octets + row.header_octets / HEADER_SHARE));
    if (rc == RC_OK) {
        search->wants_header = false;
        *value = ask(search);
    }
    if (rc == RC_OK && *value == SEARCH_UNKNOWN && !search->paused && search->wants_header) {
        rc = read_header(search, &row, err);
        *work += WORK_HEADER;
        if (rc == RC_OK)
            *value = ask(search);
    }
    if (rc == RC_OK && *value == SEARCH_UNKNOWN && !search->paused)
        rc = begin_text(search, &row, err);
    if (rc == RC_OK && search->has_needles && mime_search_failed(&search->needles))
        rc = err_set(err, RC_LIMIT, 0, "fields of message %ju", (uintmax_t)search->one.message);
    if (rc == RC_NOT_FOUND) {
        *value = SEARCH_FALSE;
        rc = RC_OK;
    }
    search->paused &= *value == SEARCH_UNKNOWN;
    return rc;
}

static void
note_found(struct search *search, uint32_t seq, uint64_t modseq)
{
    search->found[seq / 64] |= UINT64_C(1) << seq % 64;
    if (search->scores != NULL)
        search->scores[search->count] = search->score;
    if (search->count++ == 0) {
        search->min = seq;
        search->modseq_of_min = modseq;
    }
    search->max = seq;
    search->modseq_of_max = modseq;
    if (modseq > search->max_modseq)
        search->max_modseq = modseq;
}

static void
take_one(struct search *search, uint32_t at)
{
    const struct version_run *batch = &search->batch;

    search->one = (struct search_one){
        .seq = search->next_seq + at,
        .uid = batch->uids[at],
        .flags = batch->flags[at],
        .modseq = batch->modseqs[at],
        .message = batch->messages[at],
        .octets = batch->octets[at],
        .internaldate_s = batch->internaldates_s[at],
        .internaldate_zone_min = batch->internaldate_zones_min[at],
        .savedate_s = batch->savedates_s[at],
    };
    if (batch->keywords != NULL)
        search->one.keywords = batch->keywords[at];
}

/* ---- the scan ---- */

static bool
load_batch(struct search *search)
{
    if (search->run == search->run_count)
        return false;
    const struct view_run *run = &search->runs[search->run];
    if (search->next_seq == 0)
        search->next_seq = run->first;
    members_run(&search->members, search->next_seq, run->last - search->next_seq + 1,
                &search->batch);
    return true;
}

/* The batch is done up to message `at`. */
static void
advance(struct search *search, uint32_t at)
{
    const uint32_t last = search->runs[search->run].last;

    if (at > last - search->next_seq) {
        search->run++;
        search->next_seq = 0;
    } else {
        search->next_seq += at;
    }
    search->batch.count = 0;
}

struct slice {
    const struct clock *clock;
    int64_t deadline_us;
    uint64_t work;
};

static bool
time_is_up(struct slice *slice)
{
    if (slice->work < WORK_PER_LOOK)
        return false;
    slice->work = 0;
    return clock_mono_us(slice->clock) >= slice->deadline_us;
}

/* Goes on with the text of the message under way. RC_AGAIN: time is up. */
static enum rc
run_text(struct search *search, struct slice *slice, struct err *err)
{
    enum search_value value = ask(search);

    while (value == SEARCH_UNKNOWN) {
        if (time_is_up(slice))
            return RC_AGAIN;
        const int64_t began_us = clock_mono_us(slice->clock);
        const enum rc rc = feed_text(search, err);
        search->tally.read_us += clock_mono_us(slice->clock) - began_us;
        if (rc != RC_OK && rc != RC_NOT_FOUND)
            return rc;
        if (rc == RC_NOT_FOUND) /* purged meanwhile */
            break;
        slice->work += WORK_PIECE;
        value = ask(search);
    }
    end_text(search);
    if (value == SEARCH_TRUE)
        note_found(search, search->one.seq, search->one.modseq);
    return RC_OK;
}

/* Counts messages that are asked in memory. */
static void
count_asked(struct search *search, uint32_t messages)
{
    search->looked += messages;
    search->work += search->node_count * messages;
    search->allowed += LIMIT_SEARCH_FREE_KEYS * (uint64_t)messages;
}

/* Messages of the batch that were asked together. */
struct together {
    uint32_t first;
    uint32_t end; /* 0: none */
    struct search_bits bits;
};

static void
ask_together(const struct search *search, uint32_t at, struct together *out)
{
    const uint32_t left = search->batch.count - at;

    out->first = at;
    out->end = at + (left < SEARCH_MANY ? left : SEARCH_MANY);
    out->bits =
        search_eval_many(search, &search->batch, at, out->end - at, search->next_seq + at);
}

/* Messages from `at` on of which it is known whether they match, up to the first other one; as
 * many are done with. */
static uint32_t
take_decided(struct search *search, const struct together *asked, uint32_t at)
{
    const unsigned shift = at - asked->first;
    const uint64_t undecided = ~(asked->bits.yes | asked->bits.no) >> shift;
    const uint32_t left = asked->end - at;
    const uint32_t until = undecided == 0 ? SEARCH_MANY : (uint32_t)__builtin_ctzll(undecided);
    const uint32_t count = until < left ? until : left;
    uint64_t yes = asked->bits.yes >> shift;

    if (count < SEARCH_MANY)
        yes &= (UINT64_C(1) << count) - 1;
    search->score = SEARCH_SCORE_MAX;
    for (; yes != 0; yes &= yes - 1) {
        const uint32_t i = at + (uint32_t)__builtin_ctzll(yes);
        note_found(search, search->next_seq + i, search->batch.modseqs[i]);
    }
    count_asked(search, count);
    return count;
}

/* False: all that were asked together are done with. */
static bool
find_undecided(struct search *search, struct together *asked, uint32_t *at)
{
    if (*at >= asked->end)
        ask_together(search, *at, asked);
    *at += take_decided(search, asked, *at);
    return *at < asked->end;
}

/* Not programs with scores; and where a message may be gone that an index still knows, each one
 * has to be looked for (check_gone). */
static bool
may_ask_together(const struct search *search)
{
    return !search->root->rates &&
           (search->answers == NULL ||
            !account_is_purged_elsewhere(mailbox_account(search->view->mailbox)));
}

/* The next message, which is undecided if it was asked together with others. */
static enum search_value
begin_one(struct search *search, uint32_t at, bool together)
{
    search->stamp++;
    search->level = SEARCH_LEVEL_ENTRY;
    search->has_fields = false;
    search->pause_above = UINT64_MAX; /* no field is known yet */
    count_asked(search, 1);
    return together ? SEARCH_UNKNOWN
                    : search_eval(search, &search->batch, at, search->next_seq + at);
}

/* Reads the message as far as it takes to decide it. */
static enum rc
decide_one(struct search *search, struct slice *slice, uint32_t at, enum search_value *value,
           struct err *err)
{
    const int64_t began_us = clock_mono_us(slice->clock);

    take_one(search, at);
    if (!search->paused)
        search_index_note_read(search);
    const enum rc rc = read_until_decided(search, value, &slice->work, err);
    search->tally.read_us += clock_mono_us(slice->clock) - began_us;
    return rc == RC_OK && search->paused ? RC_AGAIN /* this message again, where it paused */
                                         : rc;
}

/*
 * A message that was purged matches nothing that would have to be read, and an index may still
 * know it. A view keeps its messages from being purged, but not where others do that (RFC 2180
 * section 4.3 allows both).
 */
static enum rc
check_gone(struct search *search, uint32_t at, enum search_value *value, struct err *err)
{
    struct message_row row;

    if (*value != SEARCH_TRUE ||
        !account_is_purged_elsewhere(mailbox_account(search->view->mailbox)) ||
        !search_index_decided(search, at))
        return RC_OK;
    const enum rc rc = store_message_read(search->tx, search->batch.messages[at], 0, &row, err);
    if (rc == RC_NOT_FOUND)
        *value = SEARCH_FALSE;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The messages of the batch until its end, the end of the slice (RC_AGAIN), or a text. */
static enum rc
run_batch(struct search *search, struct slice *slice, struct err *err)
{
    const uint32_t count = search->batch.count;
    const bool together = may_ask_together(search);
    struct together asked = {.end = 0};
    uint32_t at = 0;
    enum rc rc = RC_OK;

    while (at < count && rc == RC_OK && !search->in_text) {
        enum search_value value = SEARCH_UNKNOWN;
        const uint64_t before = search->work;
        if (time_is_up(slice)) {
            rc = RC_AGAIN;
            break;
        }
        if (search->paused || !together || find_undecided(search, &asked, &at)) {
            if (!search->paused)
                value = begin_one(search, at, together);
            if (value == SEARCH_UNKNOWN && !search->paused && search_index_wanted(search)) {
                search->asking = true;
                break;
            }
            rc = check_gone(search, at, &value, err);
            if (rc == RC_OK && value == SEARCH_UNKNOWN)
                rc = decide_one(search, slice, at, &value, err);
            if (rc == RC_OK && value == SEARCH_TRUE)
                note_found(search, search->next_seq + at, search->batch.modseqs[at]);
            if (rc == RC_OK)
                at++;
        }
        slice->work += search->work - before;
    }
    advance(search, at);
    return rc;
}

enum rc
search_slice(struct search *search, struct store_tx *tx, const struct clock *clock,
             int64_t deadline_us, struct err *err)
{
    struct slice slice = {.clock = clock, .deadline_us = deadline_us};
    const int64_t began_us = clock_mono_us(clock);

    if (is_too_costly(search)) {
        search->over_limit = true;
        return err_set(err, RC_LIMIT, 0, "search: %zu keys, %ju units of work",
                       search->node_count, (uintmax_t)search->work);
    }
    if (tx == NULL && search_needs_store(search))
        return RC_AGAIN;
    enum rc rc = members_begin(&search->members, search->view, tx, err);
    search->needs_snapshot = rc == RC_AGAIN;
    if (rc != RC_OK)
        return rc;
    search->tx = tx;
    while (rc == RC_OK) {
        if (search->asking)
            rc = search_index_slice(search, clock, deadline_us);
        else if (search->in_text)
            rc = run_text(search, &slice, err);
        else if (load_batch(search))
            rc = run_batch(search, &slice, err);
        else
            break;
    }
    search->has_fields = false; /* they were the transaction's */
    search->tx = NULL;
    search->batch.count = 0;
    members_end(&search->members);
    search->tally.all_us += clock_mono_us(clock) - began_us;
    return rc;
}
