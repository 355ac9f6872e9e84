/* SPDX-License-Identifier: MIT */
/*
 * UIDBATCHES (RFC 10022): ranges of UIDs that contain a given number of messages each, from the
 * latest messages to the oldest. They are divided by the sequence numbers that the client
 * knows, so only the last one may contain fewer. Together they cover all UIDs that were
 * assigned: the first one begins with the highest, each one ends where the next begins, and the
 * last one ends with 1 (section 3.1.4).
 */
#include "base/limits.h"
#include "imap/imap_session.h"

struct batches_run {
    uint64_t next; /* the batch to be written, counted from 1 */
    uint64_t last;
    uint64_t all; /* number of batches in the mailbox */
    struct iw line;
    bool after_range;
};

static uint32_t
uid_of(const struct imap_session *im, uint64_t seq)
{
    struct version_run run;

    version_run_at(im->view.members, (uint32_t)seq, &run);
    return run.uids[0];
}

/* The lowest UID of a batch. The next batch begins below it. */
static uint32_t
lowest_uid(const struct imap_session *im, const struct batches_run *run, uint64_t batch,
           uint32_t size)
{
    return batch == run->all ? 1 : uid_of(im, im->view.exists - batch * size + 1);
}

static void
range_write(struct imap_session *im, struct batches_run *run, uint32_t size)
{
    struct buf *out = &im->s.conn.out;
    const uint64_t batch = run->next++;
    const uint32_t highest =
        (batch == 1 ? im->view.uid_bound : lowest_uid(im, run, batch - 1, size)) - 1;

    buf_printf(out, "%c%u:%u", run->after_range ? ',' : ' ', highest,
               lowest_uid(im, run, batch, size));
    run->after_range = true;
}

static enum imap_step
batches_begin(struct imap_session *im, const struct imap_uidbatches_req *req)
{
    struct imap_work *work = im->work;
    struct batches_run *run = arena_new(&work->arena, struct batches_run);
    const uint32_t limit = imap_message_limit(im);
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;

    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (req->has_range && req->first > req->last)
        return imap_bad_code(work, "CLIENTBUG", "A range of batches begins with the lower one");
    if (req->size < LIMIT_UIDBATCH_MIN)
        return imap_no(work, "TOOFEW", "A batch has at least 500 messages");
    if (req->size > limit) /* RFC 9738: no command could work on a batch of that size */
        return imap_limit_refuse(im, limit, 0);
    if (!imap_read_begin(im, imap_selected_acct(im), &tx, &step) ||
        !imap_view_awake(im, tx, &step))
        return step;
    run->all = (im->view.exists + (uint64_t)req->size - 1) / req->size;
    run->next = req->has_range ? req->first : 1;
    run->last = req->has_range && req->last < run->all ? req->last : run->all;
    run->line = imap_line(im);
    iw_untagged(&run->line);
    iw_word(&run->line, "UIDBATCHES");
    iw_open(&run->line);
    iw_word(&run->line, "TAG");
    iw_string(&run->line, work->cmd.tag);
    iw_close(&run->line);
    work->mid_line = true;
    work->run = run;
    return STEP_MORE;
}

enum imap_step
cmd_uidbatches_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_uidbatches_req *req = &work->cmd.u.uidbatches;
    struct batches_run *run = work->run;

    if (run == NULL)
        return batches_begin(im, req);
    while (run->next <= run->last) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        range_write(im, run, req->size);
    }
    iw_end(&run->line);
    work->mid_line = false;
    return imap_ok(work, NULL, "UIDBATCHES completed");
}
