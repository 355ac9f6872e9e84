/* SPDX-License-Identifier: MIT */
/*
 * The answers of SEARCH, SORT and THREAD: a line of numbers, the data items of ESEARCH (RFC
 * 4731, RFC 5267 section 3, RFC 9394, RFC 6203), or threads. An answer with a million numbers
 * is 8 MB long, so it is written in pieces, as fast as the reader takes them.
 */
#include "imap/selected/search_private.h"
#include "mailbox/memory/members.h"

enum { NUMBERS_AT_ONCE = 512 };

struct search_places
search_partial_places(const struct imap_partial *partial, uint32_t count)
{
    struct search_places places = {0, 0};

    if (partial->first > count)
        return places;
    const uint32_t last = partial->last < count ? partial->last : count;
    places.count = last - partial->first + 1;
    places.first = partial->from_end ? count - last : partial->first - 1;
    return places;
}

/* ---- numbers ---- */

static uint32_t
number_of(const struct view *view, bool is_uid, uint32_t seq)
{
    struct version_run run;

    if (!is_uid)
        return seq;
    version_run_at(view->members, seq, &run);
    return run.uids[0];
}

/* The first or the last result, in the order that was asked for. */
static uint32_t
min_of(const struct imap_search_req *req, const struct search_run *run)
{
    return run->order != NULL ? order_number(run->order, 0)
                              : number_of(run->view, req->is_uid, search_min(run->search));
}

static uint32_t
max_of(const struct imap_search_req *req, const struct search_run *run)
{
    return run->order != NULL ? order_number(run->order, search_count(run->search) - 1)
                              : number_of(run->view, req->is_uid, search_max(run->search));
}

static void
number_write(const struct imap_search_req *req, struct search_run *run, uint32_t number)
{
    if (req->has_return)
        numset_writer_add(&run->set, number);
    else
        iw_num(&run->line, number);
}

/* Skips results before the first place. False: the run at hand is used up. */
static bool
run_at_hand(struct search_run *run)
{
    while (run->seqs.first > run->seqs.last || run->places.first > 0) {
        if (run->seqs.first > run->seqs.last &&
            !search_next_run(run->search, &run->pos, &run->seqs))
            return false;
        const uint32_t length = run->seqs.last - run->seqs.first + 1;
        const uint32_t skip = run->places.first < length ? run->places.first : length;
        run->places.first -= skip;
        run->seqs.first += skip;
    }
    return true;
}

/* Writes some numbers of the run at hand: those in one piece of the version. */
static void
some_of_run_write(const struct imap_search_req *req, struct search_run *run)
{
    const uint32_t first = run->seqs.first;
    uint32_t count = run->seqs.last - first + 1;

    if (count > NUMBERS_AT_ONCE)
        count = NUMBERS_AT_ONCE;
    if (count > run->places.count)
        count = run->places.count;
    if (req->is_uid) { /* UIDs need not be consecutive */
        struct version_run piece;
        version_run_at(run->view->members, first, &piece);
        if (piece.count < count)
            count = piece.count;
        for (uint32_t i = 0; i < count; i++)
            number_write(req, run, piece.uids[i]);
    } else {
        for (uint32_t i = 0; i < count; i++)
            number_write(req, run, first + i);
    }
    run->seqs.first += count;
    run->places.count -= count;
}

static void
some_of_order_write(const struct imap_search_req *req, struct search_run *run)
{
    for (uint32_t i = 0; i < NUMBERS_AT_ONCE && run->places.count > 0; i++) {
        number_write(req, run, order_number(run->order, run->places.first++));
        run->places.count--;
    }
}

static enum imap_step
numbers_write(struct imap_session *im, const struct imap_search_req *req,
              struct search_run *run)
{
    while (run->places.count > 0) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        if (run->order != NULL)
            some_of_order_write(req, run);
        else if (run_at_hand(run))
            some_of_run_write(req, run);
        else
            break;
    }
    if (req->has_return)
        numset_writer_end(&run->set);
    if ((req->returns & IMAP_SEARCH_PARTIAL) != 0)
        iw_close(&run->line);
    run->stage = STAGE_END;
    if ((req->returns & IMAP_SEARCH_RELEVANCY) != 0) {
        iw_word(&run->line, "RELEVANCY");
        iw_open(&run->line);
        run->stage = STAGE_SCORES;
    }
    return STEP_MORE;
}

/* RFC 6203 section 4: the scores of the results that are shown, in their order. */
static enum imap_step
scores_write(struct imap_session *im, struct search_run *run)
{
    struct search_places *scored = &run->scored;

    for (; scored->count > 0; scored->count--, scored->first++) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (scored->first % NUMBERS_AT_ONCE == 0 && slice_spent())
            return STEP_MORE;
        iw_num(&run->line, run->order != NULL ? order_score(run->order, scored->first)
                                              : search_score(run->search, scored->first));
    }
    iw_close(&run->line);
    run->stage = STAGE_END;
    return STEP_MORE;
}

/* ---- threads ---- */

static void
token_write(struct imap_session *im, struct search_run *run, enum threads_token token,
            uint32_t number)
{
    struct buf *out = &im->s.conn.out;

    if (token == THREADS_NOTHING)
        return;
    if (run->after_number && token != THREADS_CLOSE)
        buf_put_char(out, ' ');
    if (token == THREADS_OPEN)
        buf_put_char(out, '(');
    else if (token == THREADS_CLOSE)
        buf_put_char(out, ')');
    else
        buf_put_u64(out, number);
    run->after_number = token == THREADS_NUMBER;
}

static enum imap_step
threads_write(struct imap_session *im, struct search_run *run)
{
    for (;;) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        for (unsigned i = 0; i < NUMBERS_AT_ONCE; i++) {
            uint32_t number = 0;
            const enum threads_token token = threads_next(order_threads(run->order), &number);
            if (token == THREADS_END) {
                run->stage = STAGE_END;
                return STEP_MORE;
            }
            token_write(im, run, token, number);
        }
    }
}

/* ---- before the numbers ---- */

/* Writes "PARTIAL (1:100 ", or all of PARTIAL if there is no result at these places. */
static void
partial_head(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    const struct imap_partial *partial = &req->partial;
    const char *sign = partial->from_end ? "-" : "";

    run->places = search_partial_places(partial, search_count(run->search));
    iw_word(&run->line, "PARTIAL");
    iw_open(&run->line);
    buf_printf(&im->s.conn.out, "%s%u:%s%u", sign,
               partial->reversed ? partial->last : partial->first, sign,
               partial->reversed ? partial->first : partial->last);
    if (run->places.count == 0)
        buf_put_lit(&im->s.conn.out, " NIL");
    else
        buf_put_char(&im->s.conn.out, ' ');
}

/* Writes all of an ESEARCH answer except the numbers of ALL and PARTIAL (RFC 4731 section
 * 3.1). */
static void
esearch_head(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    const uint32_t count = search_count(run->search);
    struct iw *w = &run->line;

    iw_word(w, "ESEARCH");
    iw_open(w);
    iw_word(w, "TAG");
    iw_string(w, im->work->cmd.tag);
    if (run->uidvalidity != 0) {
        iw_word(w, "MAILBOX");
        iw_mailbox(w, run->mailbox);
        iw_word(w, "UIDVALIDITY");
        iw_num(w, run->uidvalidity);
    }
    iw_close(w);
    if (req->is_uid)
        iw_word(w, "UID");
    if ((req->returns & IMAP_SEARCH_MIN) != 0 && count > 0) {
        iw_word(w, "MIN");
        iw_num(w, min_of(req, run));
    }
    if ((req->returns & IMAP_SEARCH_MAX) != 0 && count > 0) {
        iw_word(w, "MAX");
        iw_num(w, max_of(req, run));
    }
    if ((req->returns & IMAP_SEARCH_COUNT) != 0) {
        iw_word(w, "COUNT");
        iw_num(w, count);
    }
    if ((req->returns & IMAP_SEARCH_ALL) != 0 && count > 0) {
        iw_word(w, "ALL");
        buf_put_char(&im->s.conn.out, ' ');
        run->places = (struct search_places){0, count};
    }
    run->scored = (struct search_places){0, count};
    if ((req->returns & IMAP_SEARCH_PARTIAL) != 0) {
        partial_head(im, req, run);
        run->scored = run->places;
    }
    run->set = numset_writer(&im->s.conn.out);
}

/* ---- after the numbers ---- */

/* The modseq that the message with this number or UID has now. */
static uint64_t
modseq_of(struct view *view, bool is_uid, uint32_t number)
{
    const struct version *version = view->members;
    const uint32_t seq = is_uid ? version_find_uid(version, number) : number;
    struct members members = {.current = NULL};
    struct version_run one;

    if (members_begin(&members, view, NULL, NULL) != RC_OK)
        /* it has just been released; use what the view knows */
        members.version = view->members;
    members_run(&members, seq, 1, &one);
    const uint64_t modseq = one.modseqs[0];
    members_end(&members);
    return modseq;
}

/* RFC 4731 section 3.2: if only MIN, MAX or both are asked for, only those messages count. */
static uint64_t
esearch_modseq(const struct imap_search_req *req, const struct search_run *run)
{
    const unsigned ends = IMAP_SEARCH_MIN | IMAP_SEARCH_MAX;
    const bool first = (req->returns & IMAP_SEARCH_MIN) != 0;
    const bool last = (req->returns & IMAP_SEARCH_MAX) != 0;

    const unsigned others = IMAP_SEARCH_SAVE | IMAP_SEARCH_UPDATE | IMAP_SEARCH_CONTEXT;

    if ((req->returns & ~(ends | others)) != 0 || !(first || last))
        return search_max_modseq(run->search);
    const uint64_t of_first = first ? modseq_of(run->view, req->is_uid, min_of(req, run)) : 0;
    const uint64_t of_last = last ? modseq_of(run->view, req->is_uid, max_of(req, run)) : 0;
    return of_first > of_last ? of_first : of_last;
}

void
search_modseq_write(const struct imap_search_req *req, struct search_run *run)
{
    struct iw *w = &run->line;

    if (!req->uses_modseq || req->find == IMAP_FIND_THREAD || search_count(run->search) == 0)
        return;
    if (req->has_return) {
        iw_word(w, "MODSEQ");
        iw_num(w, esearch_modseq(req, run));
        return;
    }
    iw_open(w);
    iw_word(w, "MODSEQ");
    iw_num(w, search_max_modseq(run->search));
    iw_close(w);
}

/* SAVE alone asks for no answer (RFC 5182 section 2.4), and UPDATE and CONTEXT do not change
 * the answer (RFC 5267 section 4.1). */
static bool
is_silent(const struct imap_search_req *req)
{
    const unsigned no_answer = IMAP_SEARCH_UPDATE | IMAP_SEARCH_CONTEXT;

    return req->has_return && (req->returns & ~no_answer) == IMAP_SEARCH_SAVE;
}

static enum imap_step
head_write(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    if (is_silent(req)) {
        run->stage = STAGE_END;
        return STEP_MORE;
    }
    run->line = imap_line(im);
    iw_untagged(&run->line);
    im->work->mid_line = true;
    run->stage = STAGE_NUMBERS;
    if (req->has_return) {
        esearch_head(im, req, run);
        return STEP_MORE;
    }
    if (req->find == IMAP_FIND_THREAD) {
        iw_word(&run->line, "THREAD");
        if (search_count(run->search) > 0)
            buf_put_char(&im->s.conn.out, ' ');
        run->stage = STAGE_THREADS;
        return STEP_MORE;
    }
    if (req->find == IMAP_FIND_SORT)
        iw_word(&run->line, "SORT");
    else
        iw_word(&run->line, "SEARCH");
    run->places = (struct search_places){0, search_count(run->search)};
    return STEP_MORE;
}

enum imap_step
search_answer_step(struct imap_session *im, const struct imap_search_req *req,
                   struct search_run *run)
{
    if (run->stage == STAGE_HEAD)
        return head_write(im, req, run);
    if (run->stage == STAGE_THREADS)
        return threads_write(im, run);
    if (run->stage == STAGE_SCORES)
        return scores_write(im, run);
    return numbers_write(im, req, run);
}
