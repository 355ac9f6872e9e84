/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "imap/imap_session.h"

#include "mailbox/sharing/access.h"
#include "store/registry.h"
#include "store/sharing.h"

bool
imap_name_is_others(struct span name, struct span *owner_out, struct span *rest_out)
{
    const struct span top = SPAN(OTHER_USERS);

    if (!span_eq(name, top) && !mbox_name_is_below(name, top))
        return false;
    const struct span below = span_tail(name, top.len + 1);
    const ptrdiff_t at = span_find_char(below, MBOX_DELIMITER);
    *owner_out = at < 0 ? below : span_head(below, (size_t)at);
    *rest_out = at < 0 ? SPAN("") : span_tail(below, (size_t)at + 1);
    return true;
}

/* Finds the account of the owner. RC_NOT_FOUND: the name is of nobody who shares anything with
 * this user. */
static enum rc
find_owner(struct imap_session *im, struct span owner, struct span rest, uint64_t *id_out,
           struct err *err)
{
    struct registry *registry = im->s.env->registry;
    struct registry_account row;
    bool shares = false;

    if (owner.len == 0 || rest.len == 0)
        return RC_NOT_FOUND;
    enum rc rc = registry_shares(registry, &shares, err);
    if (rc != RC_OK || !shares)
        return rc == RC_OK ? RC_NOT_FOUND : rc;
    rc = registry_find(registry, owner, &row, err);
    if (rc != RC_OK)
        return rc;
    if (!span_eq_str(owner, row.name) || row.id == im->s.account_id)
        return RC_NOT_FOUND; /* each mailbox has only one name */
    rc = registry_shares_with(registry, row.id, im->s.account_id, &shares, err);
    if (rc == RC_OK)
        *id_out = row.id;
    return rc == RC_OK && !shares ? RC_NOT_FOUND : rc;
}

/* What was found during this command. A command that had to wait asks again, and gets the same
 * answer without another snapshot unless rights have changed since. */
struct imap_found {
    struct imap_found *next;
    struct span name;
    struct imap_target target;
    /* Serials of the account and the registry, taken before the look-up. */
    uint32_t acl_serial;
    uint64_t epoch;
};

static const struct imap_found *
found_before(struct imap_session *im, struct span name, unsigned needs)
{
    const uint64_t epoch = im->work->found == NULL ? 0 : registry_epoch(im->s.env->registry);

    for (const struct imap_found *found = im->work->found; found != NULL; found = found->next)
        if (found->target.needs == needs && span_eq(found->name, name) &&
            found->epoch == epoch &&
            found->acl_serial == account_acl_serial(found->target.acct))
            return found;
    return NULL;
}

/* What the name stood for when this command first asked, if that was a mailbox of another user.
 * If it no longer does, because sharing was turned off or the last share has ended, it stands
 * for nothing until the command is done; it must not be taken for a mailbox of the user's own
 * with the same name (docs/protocol.md H-13). */
static const struct imap_found *
found_at_first(const struct imap_session *im, struct span name)
{
    const struct imap_found *found = im->work->found;

    while (found != NULL && !span_eq(found->name, name))
        found = found->next;
    return found;
}

/* Finds the user's rights to the mailbox. False: return *step_out. */
static bool
look(struct imap_session *im, struct imap_found *found, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    struct imap_target *target = &found->target;
    struct rights_user user;
    struct access access;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (work->row != NULL && work->row->look == LOOKS && !work->looked) {
        if (!imap_catch_up(im, target->acct, step_out))
            return false;
        work->looked = true;
    }
    found->acl_serial = account_acl_serial(target->acct);
    found->epoch = registry_epoch(im->s.env->registry);
    if (!imap_read_begin(im, target->acct, &tx, step_out))
        return false;
    enum rc rc = access_user(im->s.env->registry, im->s.account_id, &work->arena, &user, &err);
    if (rc == RC_OK)
        rc = access_find(tx, &user, target->name, &work->arena, &access, &err);
    if (rc != RC_OK) {
        *step_out = imap_fail(im, rc, &err);
        return false;
    }
    target->mbox = access.mbox;
    target->rights = access_to(&access, target->needs);
    return true;
}

/* RC_NOT_FOUND: the mailbox does not belong to another user after all. RC_AGAIN: return
 * *step_out. */
static enum rc
find_guest(struct imap_session *im, struct imap_found *found, enum imap_step *step_out)
{
    struct imap_target *target = &found->target;
    struct err err = {.rc = RC_OK};
    struct span owner;
    struct span rest;
    uint64_t id = 0;

    if (!env_settings(im->s.env)->sharing || !imap_name_is_others(found->name, &owner, &rest))
        return RC_NOT_FOUND;
    enum rc rc = find_owner(im, owner, rest, &id, &err);
    if (rc == RC_OK)
        rc = imap_hold(im, id, &target->acct);
    if (rc == RC_NOT_FOUND && (target->needs & RIGHT_CREATE) != 0) {
        *step_out = imap_no(im->work, "NOPERM", "That name is in the namespace of other users");
        return RC_AGAIN;
    }
    if (rc != RC_OK) {
        if (rc != RC_NOT_FOUND)
            *step_out = imap_fail(im, rc, &err);
        return rc == RC_NOT_FOUND ? rc : RC_AGAIN;
    }
    target->is_guest = true;
    target->name = rest;
    return look(im, found, step_out) ? RC_OK : RC_AGAIN;
}

/* Results as find_guest. */
static enum rc
find_others(struct imap_session *im, struct span name, unsigned needs,
            struct imap_target *target_out, enum imap_step *step_out)
{
    const bool sharing = env_settings(im->s.env)->sharing;
    const struct imap_found *known = sharing ? found_before(im, name, needs) : NULL;
    const struct imap_found *first = found_at_first(im, name);
    struct imap_found found = {
        .next = im->work->found, .name = name, .target = {.needs = needs}};

    if (known != NULL) {
        *target_out = known->target;
        return RC_OK;
    }
    const enum rc rc = find_guest(im, &found, step_out);
    if (rc == RC_NOT_FOUND && first != NULL) {
        *target_out = first->target;
        target_out->needs = needs;
        target_out->rights = 0;
        return RC_OK;
    }
    if (rc != RC_OK)
        return rc;
    struct imap_found *kept = arena_new(&im->work->arena, struct imap_found);
    if (kept == NULL) {
        *step_out = imap_fail(im, RC_LIMIT, NULL);
        return RC_AGAIN;
    }
    *kept = found;
    im->work->found = kept;
    *target_out = found.target;
    return RC_OK;
}

enum rc
imap_target_row(const struct imap_target *target, struct store_tx *tx, struct arena *arena,
                struct mbox_row *out, struct err *err)
{
    struct mbox_row row;
    const enum rc rc = store_mbox_find(tx, target->name, arena, &row, err);

    if (rc == RC_OK && target->is_guest && row.id != target->mbox)
        return err_set(err, RC_NOT_FOUND, 0, "another mailbox has the name now");
    if (rc == RC_OK)
        *out = row;
    return rc;
}

enum imap_step
imap_no_destination(struct imap_session *im)
{
    const struct imap_target *target = &im->work->target;
    struct span owner;
    struct span rest;
    const bool is_others = !target->is_guest && env_settings(im->s.env)->sharing &&
                           imap_name_is_others(target->name, &owner, &rest);

    return imap_no(im->work, is_others ? "NONEXISTENT" : "TRYCREATE", "No such mailbox");
}

bool
imap_target_find(struct imap_session *im, const struct mbox_arg *arg, unsigned needs,
                 struct imap_target *target_out, enum imap_step *step_out)
{
    struct imap_target target = {
        .acct = im->acct, .name = arg->name, .rights = RIGHTS_ALL, .needs = needs};

    if (arg->invalid != NULL) {
        *step_out = imap_no(im->work, "CANNOT", arg->invalid);
        return false;
    }
    /* RFC 9051 section 5.1. Names that exist already are not checked. */
    enum rc rc = (needs & RIGHT_CREATE) == 0 ? RC_OK : mbox_name_check_nfc(arg->name);
    if (rc != RC_OK) {
        *step_out = rc == RC_INVALID
                        ? imap_no(im->work, "CANNOT",
                                  "A new name must be in Unicode normalization form C")
                        : imap_fail(im, rc, NULL);
        return false;
    }
    if (find_others(im, arg->name, needs, &target, step_out) == RC_AGAIN)
        return false;
    *target_out = target;
    if ((target.rights & needs) == needs)
        return true;
    *step_out = imap_not_permitted(im->work, permit_refusal(target.rights, needs));
    return false;
}
