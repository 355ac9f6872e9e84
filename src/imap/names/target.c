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

/* "inbox" in any case is INBOX there too. */
static struct span
rest_canonical(struct imap_work *work, struct span rest)
{
    static const struct span inbox = SPAN_INIT("INBOX");
    const struct span first = span_head(rest, inbox.len);
    const bool whole = rest.len == inbox.len ||
                       (rest.len > inbox.len && rest.ptr[inbox.len] == MBOX_DELIMITER);

    if (!whole || !span_ieq(first, inbox) || span_eq(first, inbox))
        return rest;
    const char *text = arena_printf(&work->arena, "%.*s%.*s", SPAN_FMT(inbox),
                                    SPAN_FMT(span_tail(rest, inbox.len)));
    return text == NULL ? rest : span_of_str(text);
}

/* Whose account it is. RC_NOT_FOUND: of nobody who shares anything with this user. */
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
        return RC_NOT_FOUND; /* each mailbox has one name */
    rc = registry_shares_with(registry, row.id, im->s.account_id, &shares, err);
    if (rc == RC_OK)
        *id_out = row.id;
    return rc == RC_OK && !shares ? RC_NOT_FOUND : rc;
}

/* What the user may do there. False: *step_out. */
static bool
look(struct imap_session *im, unsigned needs, struct imap_target *target,
     enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    struct rights_user user;
    struct access access;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (work->row != NULL && work->row->look == LOOKS && !work->looked) {
        if (!imap_catch_up(im, target->acct, step_out))
            return false;
        work->looked = true;
    }
    if (!imap_read_begin(im, target->acct, &tx, step_out))
        return false;
    enum rc rc = access_user(im->s.env->registry, im->s.account_id, &work->arena, &user, &err);
    if (rc == RC_OK)
        rc = access_find(tx, &user, target->name, &work->arena, &access, &err);
    if (rc != RC_OK) {
        *step_out = imap_fail(im, rc, &err);
        return false;
    }
    target->rights = access.rights;
    if ((needs & RIGHT_CREATE) != 0) {
        target->rights = access.parent_rights;
    } else if (access.mbox == 0 && (needs & RIGHT_INSERT) != 0 &&
               (access.parent_rights & RIGHT_CREATE) != 0) {
        /* It is missing, but the user may make it: the command finds out, TRYCREATE. To all
         * others a name without a mailbox is nothing, whatever mailboxes are below it. */
        target->rights = access.parent_rights | RIGHT_INSERT;
    }
    return true;
}

/* RC_NOT_FOUND: it is not another user's after all. RC_AGAIN: *step_out. */
static enum rc
find_guest(struct imap_session *im, struct span name, unsigned needs,
           struct imap_target *target, enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};
    struct span owner;
    struct span rest;
    uint64_t id = 0;

    if (!env_settings(im->s.env)->sharing || !imap_name_is_others(name, &owner, &rest))
        return RC_NOT_FOUND;
    enum rc rc = find_owner(im, owner, rest, &id, &err);
    if (rc == RC_OK)
        rc = imap_hold(im, id, &target->acct);
    if (rc == RC_NOT_FOUND && (needs & RIGHT_CREATE) != 0) {
        *step_out = imap_no(im->work, "NOPERM", "That name is in the namespace of other users");
        return RC_AGAIN;
    }
    if (rc != RC_OK) {
        if (rc != RC_NOT_FOUND)
            *step_out = imap_fail(im, rc, &err);
        return rc == RC_NOT_FOUND ? rc : RC_AGAIN;
    }
    target->is_guest = true;
    target->name = rest_canonical(im->work, rest);
    return look(im, needs, target, step_out) ? RC_OK : RC_AGAIN;
}

/* What was found in this command: whoever waits for something afterwards asks again, and gets
 * the same answer without another snapshot. */
struct imap_found {
    struct imap_found *next;
    struct span name;
    unsigned needs;
    struct imap_target target;
};

static const struct imap_found *
found_before(const struct imap_work *work, struct span name, unsigned needs)
{
    const struct imap_found *found = work->found;

    while (found != NULL && !(found->needs == needs && span_eq(found->name, name)))
        found = found->next;
    return found;
}

static bool
found_keep(struct imap_session *im, struct span name, unsigned needs,
           const struct imap_target *target, enum imap_step *step_out)
{
    struct imap_found *found = arena_new(&im->work->arena, struct imap_found);

    if (found == NULL) {
        *step_out = imap_fail(im, RC_LIMIT, NULL);
        return false;
    }
    *found = (struct imap_found){im->work->found, name, needs, *target};
    im->work->found = found;
    return true;
}

bool
imap_target_find(struct imap_session *im, const struct mbox_arg *arg, unsigned needs,
                 struct imap_target *target_out, enum imap_step *step_out)
{
    struct imap_target target = {.name = arg->name};

    if (arg->invalid != NULL) {
        *step_out = imap_no(im->work, "CANNOT", arg->invalid);
        return false;
    }
    /* RFC 9051 section 5.1; a name that exists already is left alone. */
    enum rc rc = (needs & RIGHT_CREATE) == 0 ? RC_OK : mbox_name_check_nfc(arg->name);
    if (rc != RC_OK) {
        *step_out = rc == RC_INVALID
                        ? imap_no(im->work, "CANNOT",
                                  "A new name must be in Unicode normalization form C")
                        : imap_fail(im, rc, NULL);
        return false;
    }
    const struct imap_found *known = found_before(im->work, arg->name, needs);
    rc = known != NULL ? RC_OK : find_guest(im, arg->name, needs, &target, step_out);
    if (rc == RC_AGAIN ||
        (known == NULL && rc == RC_OK && !found_keep(im, arg->name, needs, &target, step_out)))
        return false;
    if (known != NULL)
        target = known->target;
    if (rc == RC_NOT_FOUND)
        target = (struct imap_target){im->acct, arg->name, RIGHTS_ALL, false};
    *target_out = target;
    if ((target.rights & needs) == needs)
        return true;
    /* Users who may not even look it up do not learn that it exists (RFC 4314 section 6). */
    *step_out = (target.rights & RIGHT_LOOKUP) == 0 && (needs & RIGHT_CREATE) == 0
                    ? imap_no(im->work, "NONEXISTENT", "No such mailbox")
                    : imap_no(im->work, "NOPERM", "Not permitted");
    return false;
}
