/* SPDX-License-Identifier: MIT */
/*
 * Mod-sequences and quick resynchronisation (RFC 7162): which clients are sent mod-sequences,
 * and up to which one a client has been told everything.
 *
 * A client remembers a mod-sequence and, when it comes back, is told everything above it, and
 * never again anything below. It remembers the HIGHESTMODSEQ that it was sent since the last
 * tagged answer, or otherwise the highest MODSEQ that it saw (section 6). So if a command has
 * shown a MODSEQ while something older has not been told yet, especially an expunge,
 * HIGHESTMODSEQ must be the number up to which the client really knows everything:
 * imap_safe_modseq, which comes from the view. What is told between commands counts towards the
 * next tagged answer, whichever that is, so each push sends it itself.
 *
 * Thread: the session's.
 */
#include "imap/imap_session.h"

enum { VANISHED_RUNS = 512 }; /* in one line */

uint64_t
imap_safe_modseq(const struct imap_session *im)
{
    const struct view *view = &im->view;

    return view->modseq < view->flags_modseq ? view->modseq : view->flags_modseq;
}

void
imap_highest_line(struct imap_session *im, uint64_t modseq)
{
    struct iw w = imap_line(im);

    iw_begin_status(&w, SPAN(""), IW_OK);
    iw_code_open(&w, SPAN("HIGHESTMODSEQ"));
    iw_num(&w, modseq);
    iw_code_close(&w);
    iw_end_text(&w, SPAN("Highest"));
}

void
imap_condstore_enable(struct imap_session *im)
{
    if (imap_is_enabled(im, ENABLES_CONDSTORE))
        return;
    im->enabled |= ENABLES_CONDSTORE;
    if (im->state == IMAP_SELECTED && !im->view.gone)
        imap_highest_line(im, imap_safe_modseq(im));
}

/* HIGHESTMODSEQ must be sent if it is below what was shown (section 3.2), and after an EXPUNGE
 * (sections 3.2.7 and 3.2.9). It is not sent if the client would assume the same value
 * anyway. */
static bool
highest_is_due(const struct imap_session *im, uint64_t safe)
{
    const struct imap_work *work = im->work;
    const bool behind = work->told_modseq > safe;
    const bool ahead = imap_is_enabled(im, ENABLES_QRESYNC) && safe != work->safe_before &&
                       (work->told_vanished || work->told_modseq != safe);

    return imap_is_enabled(im, ENABLES_CONDSTORE) && im->state == IMAP_SELECTED &&
           !im->view.gone && (behind || ahead);
}

void
imap_highest_push(struct imap_session *im)
{
    const uint64_t safe = imap_safe_modseq(im);

    if (im->idle == NULL && highest_is_due(im, safe))
        imap_highest_line(im, safe);
}

void
imap_highest_tell(struct imap_session *im)
{
    struct imap_work *work = im->work;
    const uint64_t safe = imap_safe_modseq(im);
    char *code = NULL;

    if (work->row->sync == SYNC_NEVER || !highest_is_due(im, safe))
        return;
    if (work->reply.status == IW_OK && work->reply.code == NULL)
        code = arena_printf(&work->arena, "HIGHESTMODSEQ %ju", (uintmax_t)safe);
    if (code != NULL)
        work->reply.code = code;
    else
        imap_highest_line(im, safe);
}

static void
vanished_line(struct imap_session *im, struct span tag, const struct uid_run *runs,
              size_t count)
{
    struct buf *out = &im->s.conn.out;
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_token(&w, tag);
    iw_num(&w, runs[0].first);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_put_char(out, ',');
            buf_put_u64(out, runs[i].first);
        }
        if (runs[i].last != runs[i].first) {
            buf_put_char(out, ':');
            buf_put_u64(out, runs[i].last);
        }
    }
    iw_end(&w);
}

void
imap_vanished_line(struct imap_session *im, const struct uid_run *runs, size_t count)
{
    vanished_line(im, SPAN("VANISHED"), runs, count);
}

void
imap_vanished_earlier(struct imap_session *im, const struct uid_run *runs, size_t count,
                      size_t *next)
{
    const size_t left = count - *next;
    const size_t some = left < VANISHED_RUNS ? left : VANISHED_RUNS;

    vanished_line(im, SPAN("VANISHED (EARLIER)"), runs + *next, some);
    *next += some;
}
