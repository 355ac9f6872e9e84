/* SPDX-License-Identifier: MIT */
/*
 * ENVELOPE, BODYSTRUCTURE and BODY go out as they are stored, or, in few cases, in a form that
 * the client can read.
 */
#include "imap/selected/fetch_private.h"

#include "base/limits.h"

enum { TOLD_MAX = 4 * LIMIT_ADAPTED + (1 << 20) };
_Static_assert(TOLD_MAX + LIMIT_OUTPUT_HIGH_WATER <= LIMIT_OUTPUT_MAX, "it would not fit");

/* RC_CORRUPT: it is not what we write. */
static enum rc
adapt_item(struct buf *out, const struct fetch_step *step, unsigned how)
{
    return step->item->kind == FETCH_ENVELOPE ? adapt_envelope(out, step->text, how)
                                              : adapt_body(out, step->text, how);
}

void
imap_write_mail_syntax(struct imap_session *im, struct iw *w, const struct fetch_step *step)
{
    const struct imap_dialect *dialect = imap_dialect(im);
    const unsigned how = (unsigned)dialect->mail_text | (unsigned)dialect->message_global;
    AUTO_BUF told = {0};

    if (!adapt_is_due(step->text, how)) {
        iw_token(w, step->text);
        return;
    }
    buf_init(&told, TOLD_MAX);
    const enum rc rc = adapt_item(&told, step, how);
    if (rc == RC_OK && !buf_ok(&told))
        w->out->failed = true; /* no memory: as if this buffer had none */
    /* What nobody can take apart is at least what was stored. */
    iw_token(w, rc == RC_OK ? buf_span(&told) : step->text);
}
