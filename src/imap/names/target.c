/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "imap/imap_session.h"

bool
imap_target_find(struct imap_session *im, const struct mbox_arg *arg, unsigned needs,
                 struct imap_target *target_out, enum imap_step *step_out)
{
    if (arg->invalid != NULL) {
        *step_out = imap_no(im->work, "CANNOT", arg->invalid);
        return false;
    }
    /* RFC 9051 section 5.1; a name that exists already is left alone. */
    const enum rc rc = (needs & RIGHT_CREATE) == 0 ? RC_OK : mbox_name_check_nfc(arg->name);
    if (rc != RC_OK) {
        *step_out = rc == RC_INVALID
                        ? imap_no(im->work, "CANNOT",
                                  "A new name must be in Unicode normalization form C")
                        : imap_fail(im, rc, NULL);
        return false;
    }
    *target_out = (struct imap_target){im->acct, arg->name, RIGHTS_ALL};
    if ((target_out->rights & needs) == needs)
        return true;
    /* Users who may not even look it up do not learn that it exists (RFC 4314 section 6). */
    *step_out = (target_out->rights & RIGHT_LOOKUP) == 0
                    ? imap_no(im->work, "NONEXISTENT", "No such mailbox")
                    : imap_no(im->work, "NOPERM", "Not permitted");
    return false;
}
