/* SPDX-License-Identifier: MIT */
/*
 * ADDTO and REMOVEFROM (RFC 5267 sections 4.3.2 to 4.3.4). Positions are 0, because the result
 * of a SEARCH is in the order of the mailbox and the client knows where a number belongs. A
 * line has a few thousand octets at most; if there is more to tell, several lines follow one
 * another, so that a slow reader can take its time.
 */
#include "imap/selected/context/context.h"

enum { LINE_OCTETS = 8192 };

/* Adds the numbers of one piece of the version. */
static void
piece_write(const struct imap_session *im, const struct imap_context *context,
            struct context_lines *lines, struct numset_writer *set)
{
    const struct view_run run = lines->runs[lines->at];
    const uint32_t first = lines->next_seq == 0 ? run.first : lines->next_seq;
    struct version_run piece;

    version_run_at(im->view.members, first, &piece);
    uint32_t count = run.last - first + 1;
    if (count > piece.count)
        count = piece.count;
    for (uint32_t i = 0; i < count; i++)
        numset_writer_add(set, context->is_uid ? piece.uids[i] : first + i);
    lines->next_seq = first + count;
    if (lines->next_seq > run.last) {
        lines->at++;
        lines->next_seq = 0;
    }
}

static void
line_write(struct imap_session *im, const struct imap_context *context, struct span word,
           struct context_lines *lines)
{
    struct buf *out = &im->s.conn.out;
    const size_t before = buf_len(out);
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "ESEARCH");
    iw_open(&w);
    iw_word(&w, "TAG");
    iw_string(&w, context_tag(context));
    iw_close(&w);
    if (context->is_uid)
        iw_word(&w, "UID");
    iw_token(&w, word);
    iw_open(&w);
    iw_num(&w, 0);
    buf_put_char(out, ' ');
    struct numset_writer set = numset_writer(out);
    while (lines->at < lines->count && buf_ok(out) && buf_len(out) - before < LINE_OCTETS)
        piece_write(im, context, lines, &set);
    numset_writer_end(&set);
    iw_close(&w);
    iw_end(&w);
}

enum imap_step
imap_context_write(struct imap_session *im, const struct imap_context *context,
                   struct span word, struct context_lines *lines)
{
    while (lines->at < lines->count) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        line_write(im, context, word, lines);
    }
    return STEP_DONE;
}
