/* SPDX-License-Identifier: MIT */
/*
 * UIDONLY (RFC 9586): a client that has enabled it uses no sequence numbers and is sent none.
 * Commands with FORM_SEQ are refused before their arguments are parsed (run.c), expunges are
 * told as VANISHED (imap_sync_fully), and UIDFETCH responses take the place of FETCH responses.
 */
#include "imap/imap_session.h"

void
imap_fetch_open(struct imap_session *im, struct iw *w, uint32_t seq, uint32_t uid)
{
    const bool uid_only = imap_is_enabled(im, ENABLES_UIDONLY);

    iw_untagged(w);
    iw_num(w, uid_only ? uid : seq);
    iw_token(w, uid_only ? SPAN("UIDFETCH") : SPAN("FETCH"));
    iw_open(w);
}

enum imap_step
imap_uid_required(struct imap_work *work)
{
    return imap_bad_code(work, "UIDREQUIRED",
                         "Message numbers are not allowed once UIDONLY is enabled");
}
