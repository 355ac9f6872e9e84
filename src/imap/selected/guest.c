/* SPDX-License-Identifier: MIT */
/*
 * The selected mailbox belongs to another user. What the session may do there can change at any
 * time: by SETACL, when the user joins or leaves a group, when the owner's account is removed,
 * or when the configuration turns sharing off. The server checks the rights again before each
 * command and before it tells anything, but only if one of two serial numbers or the setting
 * has changed.
 *
 * A user who may no longer read the mailbox is told so once, and then nothing more about it.
 * Commands on it are refused until another one is selected (RFC 4314 section 5.1.1;
 * docs/protocol.md H-4). The view stays as it was: if the right comes back, the dialogue
 * continues from there.
 *
 * When the owner's account is removed, the session ends: as long as it has the mailbox
 * selected, the mail cannot be deleted.
 *
 * Thread: the session.
 */
#include "imap/imap_session.h"

#include <stdlib.h>

#include "mailbox/sharing/access.h"
#include "store/registry.h"

enum { LOOK_ARENA = 1 << 20 };

struct imap_guest *
imap_guest_new(struct imap_session *im, uint64_t account_id, uint32_t rights)
{
    struct imap_guest *guest = calloc(1, sizeof *guest);

    if (guest == NULL)
        return NULL;
    if (account_get(im->s.env->accounts, account_id, &guest->acct) != RC_OK) {
        free(guest);
        return NULL;
    }
    guest->rights = rights;
    guest->acl_serial = account_acl_serial(guest->acct) - 1; /* so that the next check is due */
    return guest;
}

void
imap_guest_free(struct imap_guest *guest)
{
    if (guest == NULL)
        return;
    account_put(guest->acct);
    free(guest);
}

bool
imap_guest_is_due(struct imap_session *im)
{
    const struct imap_guest *guest = im->guest;

    return guest != NULL &&
           (guest->sharing != env_settings(im->s.env)->sharing ||
            guest->acl_serial != account_acl_serial(guest->acct) ||
            guest->epoch != (uint32_t)registry_rights_epoch(im->s.env->registry));
}

void
imap_guest_owner_look(struct imap_session *im)
{
    struct registry_account owner;

    if (imap_guest_is_due(im) &&
        registry_find_id(im->s.env->registry, account_id(im->guest->acct), &owner, NULL) ==
            RC_NOT_FOUND)
        session_end(&im->s, END_OWNER_REMOVED, NULL);
}

static enum rc
rights_read(struct imap_session *im, struct store_tx *tx, uint32_t *rights_out, struct err *err)
{
    struct registry *registry = im->s.env->registry;
    struct rights_user user;
    AUTO_ARENA arena = {0};

    arena_init(&arena, LOOK_ARENA);
    const enum rc rc = access_user(registry, im->s.account_id, &arena, &user, err);
    return rc == RC_OK ? access_rights(tx, &user, im->selected, &arena, rights_out, err) : rc;
}

/* Adjusts what can be changed in the mailbox, and tells the client if it has changed. */
static void
flags_tell(struct imap_session *im, uint32_t before)
{
    struct keyword_names keywords;
    AUTO_ARENA arena = {0};

    if (((before ^ im->guest->rights) & RIGHTS_ON_FLAGS) == 0 ||
        im->view.mode == VIEW_READ_ONLY)
        return;
    arena_init(&arena, LOOK_ARENA);
    if (mailbox_keywords(im->view.mailbox, &arena, &keywords) == RC_OK)
        imap_write_flags_lines(im, &keywords);
}

static void
change_tell(struct imap_session *im, uint32_t before)
{
    const uint32_t now = im->guest->rights;
    struct iw w = imap_line(im);

    if ((before & ~now & RIGHT_READ) != 0)
        iw_status_line(&w, SPAN(""), IW_NO, "NOPERM",
                       SPAN("You may not read the selected mailbox any more"));
    else if ((now & RIGHT_READ) != 0)
        flags_tell(im, before);
}

bool
imap_guest_look(struct imap_session *im, enum imap_step *step_out)
{
    struct imap_guest *guest = im->guest;
    uint32_t rights = 0;
    struct mailbox_state state;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (!imap_guest_is_due(im))
        return true;
    const uint32_t serial = account_acl_serial(guest->acct);
    const uint32_t epoch = (uint32_t)registry_rights_epoch(im->s.env->registry);
    const bool sharing = env_settings(im->s.env)->sharing;
    imap_guest_owner_look(im); /* as new as the serial numbers, like the rights */
    if (session_is_ending(&im->s)) {
        *step_out = STEP_WAIT;
        return false;
    }
    if (!imap_read_begin(im, guest->acct, &tx, step_out))
        return false;
    const enum rc rc = sharing ? rights_read(im, tx, &rights, &err) : RC_OK;
    if (rc != RC_OK) {
        *step_out = imap_fail(im, rc, &err);
        return false;
    }
    const uint32_t before = guest->rights;
    mailbox_state(im->view.mailbox, &state);
    /* its list is gone too: the sync tells that the mailbox is gone (SYNC_GONE) */
    if (!state.gone)
        guest->rights = rights;
    guest->acl_serial = serial;
    guest->epoch = epoch;
    guest->sharing = sharing;
    change_tell(im, before);
    imap_watch_selected(im);
    return true;
}

bool
imap_guest_may_hear(struct imap_session *im, enum imap_step *step_out)
{
    if (im->guest == NULL || im->work->mid_line)
        return true;
    if (!imap_guest_look(im, step_out))
        return false;
    *step_out = STEP_DONE;
    return (im->guest->rights & RIGHT_READ) != 0;
}

bool
imap_guest_still_may(struct imap_session *im, uint32_t needs, enum imap_step *step_out)
{
    const struct imap_work *work = im->work;

    /* Not in the middle of a line, nor of a change, which would be lost. */
    if (work->mid_line || work->write.req != NULL || work->write.slot_queued ||
        !imap_guest_is_due(im))
        return true;
    if (!imap_guest_look(im, step_out))
        return false;
    if ((im->guest->rights & needs) == needs)
        return true;
    view_unsilence(&im->view);
    *step_out = imap_no(im->work, "NOPERM", "You may not do that with the selected mailbox");
    return false;
}

/* Whether the command only reads, which can take as long as its client likes. For commands that
 * change something, rights are checked again in the turn (mailbox/sharing/permit.h). */
static bool
only_reads(const struct imap_command *row)
{
    return row->selected == RIGHT_READ && row->named == 0 && row->need != NEEDS_WRITE;
}

bool
imap_guest_may(struct imap_session *im, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    const uint32_t needs = work->row->selected;

    if (needs == 0 || im->guest == NULL)
        return true;
    if (work->allowed)
        return !only_reads(work->row) || imap_guest_still_may(im, needs, step_out);
    if (!imap_guest_look(im, step_out))
        return false;
    work->allowed = (im->guest->rights & needs) == needs;
    if (!work->allowed)
        *step_out = imap_no(work, "NOPERM", "You may not do that with the selected mailbox");
    return work->allowed;
}
