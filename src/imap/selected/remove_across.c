/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "imap/selected/remove_across.h"

void
remove_across_init(struct imap_session *im, struct remove_across *across,
                   const struct uid_run *runs, size_t count)
{
    struct arena *arena = &im->work->arena;

    *across = (struct remove_across){.undoing = false};
    expunge_op_init(&across->removal, arena, session_waker(&im->s));
    expunge_op_init(&across->undo, arena, session_waker(&im->s));
    across->removal.mbox = im->selected;
    across->removal.runs = runs;
    across->removal.run_count = count;
}

void
remove_across_added(struct remove_across *across, uint64_t mbox, uint32_t first_uid,
                    size_t count)
{
    across->added = (struct uid_run){first_uid, (uint32_t)(first_uid + count - 1)};
    across->undo.mbox = mbox;
    across->undo.runs = &across->added;
    across->undo.run_count = 1;
}

/* Removes what was added, whatever the rights to the destination are now, because the command
 * itself added it. What others have expunged or moved meanwhile is left alone. */
static bool
undo_go(struct imap_session *im, struct remove_across *across, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    const struct turn_req *turn = &across->undo.turn;

    const bool executed = imap_turn_freely(im, work->target.acct, &across->undo.turn, step_out);
    if (!executed && *step_out != STEP_DONE)
        return false;
    if (executed && (turn->result == RC_OK || turn->result == RC_GONE)) {
        work->reply = across->refusal;
        *step_out = STEP_DONE;
        return false;
    }
    if (executed)
        (void)imap_fail(im, turn->result, &turn->err); /* for the log */
    *step_out = imap_no(work, across->refusal.code,
                        "The copy was made, but the originals could not be removed");
    return false;
}

bool
remove_across_go(struct imap_session *im, struct remove_across *across,
                 enum imap_step *step_out)
{
    const struct turn_req *turn = &across->removal.turn;

    if (across->undoing)
        return undo_go(im, across, step_out);
    if (imap_turn(im, imap_selected_acct(im), &across->removal.turn, step_out)) {
        if (turn->result == RC_OK || turn->result == RC_GONE)
            return true;
        *step_out = imap_fail(im, turn->result, &turn->err);
    } else if (*step_out != STEP_DONE) {
        return false;
    } else if (turn->permit.answer != PERMIT_GIVEN) {
        *step_out = imap_no(im->work, "NOPERM",
                            "You may not remove messages from the selected mailbox");
    }
    across->refusal = im->work->reply;
    across->undoing = true;
    return undo_go(im, across, step_out);
}

bool
remove_across_complete(struct imap_session *im, struct remove_across *across)
{
    enum imap_step step = STEP_DONE;

    return remove_across_go(im, across, &step) || step != STEP_WAIT;
}
