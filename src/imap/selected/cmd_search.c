/* SPDX-License-Identifier: MIT */
/*
 * SEARCH (RFC 3501 section 6.4.4) and its ESEARCH answers (RFC 4731). The scan itself is
 * mailbox/content/search.h; here it gets its snapshot slice by slice, and its result becomes a
 * line, which for a million numbers is written in pieces too.
 */
#include "imap/imap_session.h"
#include "mailbox/content/search.h"

enum { NUMBERS_AT_ONCE = 512 };

enum stage {
    STAGE_SCAN,
    STAGE_HEAD,    /* everything was looked at: the answer begins */
    STAGE_NUMBERS, /* its numbers, as far as output and time go */
    STAGE_END,
};

struct search_run {
    struct search *search;
    enum stage stage;
    uint32_t pos;             /* for search_next_run */
    uint32_t next_seq;        /* of the run under way, not written yet; 0: none */
    uint32_t last_seq;        /* its end */
    struct iw line;           /* the answer */
    struct numset_writer set; /* the numbers of an ESEARCH answer */
};

static bool
search_abandon(struct imap_session *im)
{
    struct search_run *run = im->work->run;

    search_done(run->search);
    im->work->abandon = NULL;
    return true;
}

static enum imap_step
search_begin(struct imap_session *im, struct imap_work *work)
{
    const struct imap_search_req *req = &work->cmd.u.search;
    struct search_run *run = arena_new(&work->arena, struct search_run);
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if ((req->returns & IMAP_SEARCH_SAVE) != 0 || req->uses_saved)
        return imap_bad(work, "Saved search results are not supported");
    if (req->uses_modseq)
        return imap_bad(work, "MODSEQ is not supported");
    if (!imap_read_begin(im, &tx, &step) || !imap_view_awake(im, tx, &step))
        return step;
    const struct search_req what = {
        .root = req->root,
        .has_charset = req->has_charset,
        .charset = req->charset,
        .now_s = clock_wall_s(im->s.env->clock),
    };
    const enum rc rc = search_new(&work->arena, &im->view, &what, &run->search, &err);
    if (rc == RC_NOT_FOUND)
        return imap_bad(work, "No message has that sequence number");
    if (rc == RC_INVALID)
        return imap_bad(work, "The text is not in the charset that was named");
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    work->run = run;
    work->abandon = search_abandon;
    return STEP_MORE;
}

/* Scans on. */
static enum imap_step
scan(struct imap_session *im, struct search_run *run)
{
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (search_needs_store(run->search) && !imap_read_begin(im, &tx, &step))
        return step;
    const enum rc rc = search_slice(run->search, tx, im->s.env->clock,
                                    session_now_us(&im->s) + LIMIT_SLICE_US, &err);
    if (rc == RC_AGAIN)
        return STEP_MORE;
    if (rc == RC_LIMIT && search_over_limit(run->search)) {
        log_put(&im->s.log, LOG_E_COMMAND_FAILED, "%s", err.text);
        return imap_no(im->work, "LIMIT",
                       "The search has too many keys for so much mail; ask for less at once");
    }
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    run->stage = STAGE_HEAD;
    return STEP_MORE;
}

/* ---- the answer ---- */

static uint32_t
number_of(const struct imap_session *im, bool is_uid, uint32_t seq)
{
    struct version_run run;

    if (!is_uid)
        return seq;
    version_run_at(im->view.members, seq, &run);
    return run.uids[0];
}

/* All of an ESEARCH answer but the numbers of ALL (RFC 4731 section 3.1). */
static void
esearch_head(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    const uint32_t count = search_count(run->search);
    struct iw *w = &run->line;

    iw_word(w, "ESEARCH");
    iw_open(w);
    iw_word(w, "TAG");
    iw_string(w, im->work->cmd.tag);
    iw_close(w);
    if (req->is_uid)
        iw_word(w, "UID");
    if ((req->returns & IMAP_SEARCH_MIN) != 0 && count > 0) {
        iw_word(w, "MIN");
        iw_num(w, number_of(im, req->is_uid, search_min(run->search)));
    }
    if ((req->returns & IMAP_SEARCH_MAX) != 0 && count > 0) {
        iw_word(w, "MAX");
        iw_num(w, number_of(im, req->is_uid, search_max(run->search)));
    }
    if ((req->returns & IMAP_SEARCH_COUNT) != 0) {
        iw_word(w, "COUNT");
        iw_num(w, count);
    }
    if ((req->returns & IMAP_SEARCH_ALL) != 0 && count > 0) {
        iw_word(w, "ALL");
        buf_put_char(&im->s.conn.out, ' ');
        run->set = numset_writer(&im->s.conn.out);
    }
}

static enum imap_step
head_write(struct imap_session *im, const struct imap_search_req *req, struct search_run *run)
{
    const bool numbers = !req->has_return || ((req->returns & IMAP_SEARCH_ALL) != 0 &&
                                              search_count(run->search) > 0);

    run->line = imap_line(im);
    iw_untagged(&run->line);
    if (req->has_return)
        esearch_head(im, req, run);
    else
        iw_word(&run->line, "SEARCH");
    im->work->mid_line = true;
    run->stage = numbers ? STAGE_NUMBERS : STAGE_END;
    return STEP_MORE;
}

static void
number_write(const struct imap_search_req *req, struct search_run *run, uint32_t number)
{
    if (req->has_return)
        numset_writer_add(&run->set, number);
    else
        iw_num(&run->line, number);
}

/* Some numbers of the run under way: those of one piece of the version. */
static void
some_write(const struct imap_session *im, const struct imap_search_req *req,
           struct search_run *run)
{
    uint32_t past = run->last_seq + 1 - run->next_seq < NUMBERS_AT_ONCE
                        ? run->last_seq + 1
                        : run->next_seq + NUMBERS_AT_ONCE;

    if (req->is_uid) { /* UIDs need not be consecutive */
        struct version_run piece;
        version_run_at(im->view.members, run->next_seq, &piece);
        if (piece.count < past - run->next_seq)
            past = run->next_seq + piece.count;
        for (uint32_t i = 0; i < past - run->next_seq; i++)
            number_write(req, run, piece.uids[i]);
    } else {
        for (uint32_t seq = run->next_seq; seq < past; seq++)
            number_write(req, run, seq);
    }
    run->next_seq = past > run->last_seq ? 0 : past;
}

/* A mailbox of millions is 20 MB of numbers: they go as fast as the reader takes them. */
static enum imap_step
numbers_write(struct imap_session *im, const struct imap_search_req *req,
              struct search_run *run)
{
    struct view_run seqs;

    for (;;) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        if (run->next_seq == 0) {
            if (!search_next_run(run->search, &run->pos, &seqs))
                break;
            run->next_seq = seqs.first;
            run->last_seq = seqs.last;
        }
        some_write(im, req, run);
    }
    if (req->has_return)
        numset_writer_end(&run->set);
    run->stage = STAGE_END;
    return STEP_MORE;
}

enum imap_step
cmd_search_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_search_req *req = &work->cmd.u.search;
    struct search_run *run = work->run;

    if (run == NULL)
        return search_begin(im, work);
    switch (run->stage) {
    case STAGE_SCAN:
        return scan(im, run);
    case STAGE_HEAD:
        return head_write(im, req, run);
    case STAGE_NUMBERS:
        return numbers_write(im, req, run);
    case STAGE_END:
        break;
    }
    iw_end(&run->line);
    work->mid_line = false;
    return imap_ok(work, NULL, req->is_uid ? "UID SEARCH completed" : "SEARCH completed");
}
