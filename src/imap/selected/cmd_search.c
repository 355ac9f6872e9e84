/* SPDX-License-Identifier: MIT */
/*
 * SEARCH (RFC 3501 section 6.4.4) and its ESEARCH answers (RFC 4731). The scan itself is
 * mailbox/content/search.h; here it gets its snapshot slice by slice, and its result becomes a
 * line, which for a million numbers is written in pieces too.
 */
#include "imap/imap_session.h"
#include "mailbox/content/search.h"

struct search_run {
    struct search *search;
    bool found;     /* the scan is complete */
    bool line_open; /* the answer has begun */
    uint32_t pos;   /* for search_next_run */
    struct iw line;
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

/* Scans on. STEP_DONE: complete. */
static enum imap_step
scan(struct imap_session *im, struct search_run *run)
{
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (search_needs_store(run->search) && !imap_read_begin(im, &tx, &step))
        return step;
    switch (search_slice(run->search, tx, im->s.env->clock,
                         session_now_us(&im->s) + LIMIT_SLICE_US, &err)) {
    case RC_OK:
        run->found = true;
        return STEP_MORE;
    case RC_AGAIN:
        return STEP_MORE;
    default:
        return imap_fail(im, err.rc, &err);
    }
}

static uint32_t
number_of(const struct imap_session *im, bool is_uid, uint32_t seq)
{
    struct version_run run;

    if (!is_uid)
        return seq;
    version_run_at(im->view.members, seq, &run);
    return run.uids[0];
}

/* The numbers of "* SEARCH", as far as the output goes. */
static enum imap_step
numbers_write(struct imap_session *im, const struct imap_search_req *req,
              struct search_run *run)
{
    struct view_run seqs;

    if (!run->line_open) {
        run->line = imap_line(im);
        iw_untagged(&run->line);
        iw_word(&run->line, "SEARCH");
        run->line_open = true;
        im->mid_line = true;
    }
    for (;;) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (!search_next_run(run->search, &run->pos, &seqs))
            break;
        for (uint32_t seq = seqs.first; seq <= seqs.last; seq++)
            iw_num(&run->line, number_of(im, req->is_uid, seq));
    }
    iw_end(&run->line);
    im->mid_line = false;
    return STEP_DONE;
}

/* A run of sequence numbers as numbers of the answer. UIDs need not be consecutive. */
static void
run_add(struct imap_session *im, bool is_uid, struct view_run seqs, struct numset_writer *set)
{
    for (uint32_t seq = seqs.first; seq <= seqs.last; seq++)
        numset_writer_add(set, number_of(im, is_uid, seq));
}

static void
esearch_write(struct imap_session *im, const struct imap_search_req *req,
              struct search_run *run)
{
    struct buf *out = &im->s.conn.out;
    const uint32_t count = search_count(run->search);
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "ESEARCH");
    iw_open(&w);
    iw_word(&w, "TAG");
    iw_string(&w, im->work->cmd.tag);
    iw_close(&w);
    if (req->is_uid)
        iw_word(&w, "UID");
    if ((req->returns & IMAP_SEARCH_MIN) != 0 && count > 0) {
        iw_word(&w, "MIN");
        iw_num(&w, number_of(im, req->is_uid, search_min(run->search)));
    }
    if ((req->returns & IMAP_SEARCH_MAX) != 0 && count > 0) {
        iw_word(&w, "MAX");
        iw_num(&w, number_of(im, req->is_uid, search_max(run->search)));
    }
    if ((req->returns & IMAP_SEARCH_COUNT) != 0) {
        iw_word(&w, "COUNT");
        iw_num(&w, count);
    }
    if ((req->returns & IMAP_SEARCH_ALL) != 0 && count > 0) {
        struct numset_writer set = numset_writer(out);
        struct view_run seqs;
        uint32_t pos = 0;
        iw_word(&w, "ALL");
        buf_put_char(out, ' ');
        while (search_next_run(run->search, &pos, &seqs))
            run_add(im, req->is_uid, seqs, &set);
        numset_writer_end(&set);
    }
    iw_end(&w);
}

enum imap_step
cmd_search_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_search_req *req = &work->cmd.u.search;
    enum imap_step step = STEP_DONE;

    if (work->run == NULL)
        return search_begin(im, work);
    struct search_run *run = work->run;
    if (!run->found)
        return scan(im, run);
    if (req->has_return)
        esearch_write(im, req, run);
    else
        step = numbers_write(im, req, run);
    if (step != STEP_DONE)
        return step;
    return imap_ok(work, NULL, req->is_uid ? "UID SEARCH completed" : "SEARCH completed");
}
