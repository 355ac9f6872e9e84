/* SPDX-License-Identifier: MIT */
/*
 * Looks at the mailboxes of other users for NOTIFY: which were added, removed or renamed, and
 * which the user may read.
 *
 *   list what there is -> watch who shares -> each name of it, as the client knows it
 *   -> what is not there any more
 *
 * A look continues where it stopped when the output was full or the slice was over. What it has
 * found is kept in the mailboxes themselves, so starting a look again does no harm.
 */
#include "imap/names/notify_others.h"

#include "imap/names/gather.h"
#include "store/registry.h"

/* ---- what there is ---- */

static const struct imap_list_req *
look_req(struct imap_session *im, struct others_look *look)
{
    struct registry_account row;

    if (look->only == NULL)
        return imap_gather_others();
    const enum rc rc =
        registry_find_id(im->s.env->registry, account_id(look->only->acct), &row, NULL);
    return rc != RC_OK ? imap_gather_others()
                       : imap_gather_of_owner(&look->arena, span_of_str(row.name));
}

static bool
list_gather(struct imap_session *im, struct others_look *look, enum imap_step *step_out)
{
    const struct imap_reply reply = im->work->reply;

    if (look->list != NULL)
        return true;
    if (look->gather == NULL) {
        const struct imap_list_req *req = look_req(im, look);
        look->gather = req == NULL ? NULL : imap_gather_new(&look->arena, req, NAMES_LIST);
    }
    *step_out =
        look->gather == NULL ? STEP_DONE : imap_gather_step(im, look->gather, &look->list);
    im->work->reply = reply;
    return look->list != NULL;
}

/* ---- one name that is there ---- */

/* The events that the MAILBOXES of a request ask for. */
static unsigned
events_by_name(const struct imap_notify_req *req, struct span name)
{
    unsigned events = 0;

    for (size_t i = 0; req != NULL && i < req->group_count; i++) {
        const struct imap_notify_group *group = &req->groups[i];
        if (group->scope != IMAP_NOTIFY_MAILBOXES)
            continue;
        for (size_t k = 0; k < group->mailbox_count; k++)
            if (span_eq(group->mailboxes[k].name, name))
                events |= group->events;
    }
    return events;
}

/* What is kept of the entry's mailbox; made if it is asked for. RC_NOT_FOUND: it is not. */
static enum rc
other_get(struct imap_session *im, struct notify_others *others,
          const struct names_entry *entry, unsigned asked, struct notify_owner **owner_out,
          struct notify_other **other_out)
{
    struct notify_owner *owner = others->owners;

    while (owner != NULL && account_id(owner->acct) != entry->owner)
        owner = owner->next;
    *other_out = owner == NULL ? NULL : notify_other_find(owner, entry->row->id);
    *owner_out = owner;
    if (*other_out != NULL)
        return RC_OK;
    if (asked == 0)
        return RC_NOT_FOUND;
    const enum rc rc = notify_owner_get(im, others, entry->owner, owner_out);
    return rc == RC_OK
               ? notify_other_add(others, *owner_out, entry->row->id, entry->name, other_out)
               : rc;
}

/* While the mailbox may not be read, what the client knows of it is kept; the difference is
 * told when it may be read again. */
static bool
is_hidden(const struct names_entry *entry, unsigned before)
{
    return (entry->rights & RIGHT_READ) == 0 && (before & OTHER_TOLD) != 0;
}

static unsigned
state_of(const struct names_entry *entry, unsigned before)
{
    unsigned state = OTHER_LISTED | OTHER_SEEN | (before & (OTHER_TOLD | OTHER_FRESH));

    if ((entry->rights & RIGHT_READ) != 0)
        state |= OTHER_READ | OTHER_TOLD;
    if (is_hidden(entry, before))
        state |= before & OTHER_SUBSCRIBED;
    else if ((entry->attrs & NAMES_SUBSCRIBED) != 0)
        state |= OTHER_SUBSCRIBED;
    return state;
}

static enum rc
entry_look(struct imap_session *im, struct notify_others *others, const struct watched *watched,
           const struct names_entry *entry)
{
    const struct imap_notify_req *first = others->look->first;
    const unsigned by_name =
        watched_others_events(watched, entry->name, (entry->attrs & NAMES_SUBSCRIBED) != 0);
    const unsigned fixed = events_by_name(first, entry->name);
    struct notify_owner *owner;
    struct notify_other *other;

    enum rc rc = other_get(im, others, entry, by_name | fixed, &owner, &other);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_OK : rc;
    const struct other_before before = {
        other_events(other), other->state,
        arena_span(&others->look->arena, other_name(owner, other))};
    other->by_name = (uint8_t)by_name;
    other->fixed |= (uint8_t)fixed;
    other->state = (uint8_t)state_of(entry, other->state);
    if (before.name.ptr == NULL)
        return RC_LIMIT;
    if (!span_eq(before.name, entry->name) && !is_hidden(entry, before.state))
        rc = notify_other_rename(owner, other, entry->name);
    if (rc != RC_OK)
        return rc;
    if (first != NULL) {
        if (!other_is(other, OTHER_READ))
            notify_no_access_tell(im, entry);
        other->state |= OTHER_TOLD;
        return RC_OK;
    }
    notify_difference_tell(im, others, watched, &before, other, entry);
    if (other_is(other, OTHER_READ) && (before.state & OTHER_READ) == 0 &&
        !notify_is_own_doing(im, entry->name)) {
        other->state |= OTHER_FRESH;
        owner->fresh = true;
    }
    return RC_OK;
}

/* ---- those who share ---- */

/* Watches whoever has something that the client may have to be told of one day. */
static enum rc
sharer_watch(struct imap_session *im, struct notify_others *others,
             const struct watched *watched, const struct registry_sharer *sharer)
{
    struct notify_owner *owner;

    if (span_find_char(sharer->name, MBOX_DELIMITER) >= 0 ||
        !accounts_is_made(im->s.env->accounts, sharer->account))
        return RC_OK; /* gather.c passes over it too */
    const char *level =
        arena_printf(&others->look->arena, OTHER_USERS "/%.*s", SPAN_FMT(sharer->name));
    if (level == NULL)
        return RC_LIMIT;
    if (!watched_reaches_below(watched, span_of_str(level)))
        return RC_OK;
    const enum rc rc = notify_owner_get(im, others, sharer->account, &owner);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* ---- those that are not there ---- */

/* After a look, mailboxes that are no longer asked for are forgotten. Those that the client
 * named are kept, because they may become readable again (section 5.9). */
static enum rc
owner_settle(struct notify_owner *owner)
{
    size_t kept = 0;

    for (size_t i = 0; i < owner->count; i++) {
        struct notify_other *other = &owner->mailboxes[i];
        other->state &= (uint8_t)~OTHER_SEEN;
        if (other->fixed != 0 || (other->by_name != 0 && other_is(other, OTHER_LISTED)))
            owner->mailboxes[kept++] = *other;
    }
    owner->count = kept;
    owner->names_serial = owner->look_serial;
    owner->row = 0; /* a pass through the mailboxes begins again */
    return notify_owner_compact(owner);
}

/* ---- a look ---- */

/* Whether to continue. False: the output is full, or the slice is over. */
static bool
goes_on(const struct imap_session *im, enum imap_step *step_out)
{
    *step_out = imap_output_full(im) ? STEP_OUTPUT : STEP_MORE;
    return !imap_output_full(im) && !slice_spent();
}

/* Mailboxes of an account that could not be read are not gone. */
static bool
is_looked_at(const struct others_look *look, const struct notify_owner *owner)
{
    return (look->only == NULL || look->only == owner) &&
           !imap_gather_lacks(look->gather, account_id(owner->acct));
}

/* False: return *step_out, or STEP_DONE with *rc_out set. */
static bool
sharers_watch(struct imap_session *im, struct notify_others *others,
              const struct watched *watched, enum imap_step *step_out, enum rc *rc_out)
{
    struct others_look *look = others->look;
    struct registry_sharer sharer;

    for (; look->only == NULL && imap_gather_sharer(look->gather, look->sharer, &sharer);
         look->sharer++) {
        if (!goes_on(im, step_out))
            return false;
        *rc_out = sharer_watch(im, others, watched, &sharer);
        if (*rc_out != RC_OK) {
            *step_out = STEP_DONE;
            return false;
        }
    }
    return true;
}

/* False: return *step_out, or STEP_DONE with *rc_out set. */
static bool
there_look(struct imap_session *im, struct notify_others *others, const struct watched *watched,
           enum imap_step *step_out, enum rc *rc_out)
{
    struct others_look *look = others->look;
    struct names_entry entry;
    enum rc rc;

    while (!look->listed) {
        if (!goes_on(im, step_out))
            return false;
        rc = names_list_next(look->list, &entry);
        if (rc == RC_NOT_FOUND) {
            look->listed = true;
            look->owner = others->owners;
        }
        if (rc != RC_OK || entry.owner == 0 || entry.row == NULL ||
            (look->only != NULL && account_id(look->only->acct) != entry.owner))
            continue;
        *rc_out = entry_look(im, others, watched, &entry);
        if (*rc_out != RC_OK) {
            *step_out = STEP_DONE;
            return false;
        }
    }
    return true;
}

/* False: return *step_out. */
static bool
gone_look(struct imap_session *im, struct notify_others *others, const struct watched *watched,
          enum imap_step *step_out)
{
    struct others_look *look = others->look;

    for (; look->owner != NULL; look->owner = look->owner->next, look->at = 0)
        for (; is_looked_at(look, look->owner) && look->at < look->owner->count; look->at++) {
            struct notify_other *other = &look->owner->mailboxes[look->at];
            if (!goes_on(im, step_out))
                return false;
            if (!other_is(other, OTHER_SEEN))
                notify_gone_tell(im, others, watched, look->owner, other);
        }
    return true;
}

static enum rc
look_end(struct imap_session *im, struct notify_others *others)
{
    const struct others_look *look = others->look;
    enum rc rc = RC_OK;

    for (struct notify_owner *owner = others->owners; rc == RC_OK && owner != NULL;
         owner = owner->next)
        if (is_looked_at(look, owner))
            rc = owner_settle(owner);
        else if (look->only == NULL || look->only == owner)
            owner->names_serial = owner->look_serial; /* not again until its names change */
    if (imap_gather_lacks_any(look->gather))
        others->again_us = clock_mono_us(im->s.env->clock) + INT64_C(1000) * OTHERS_AGAIN_MS;
    else if (look->only == NULL)
        others->again_us = 0;
    if (look->only == NULL) {
        others->sharers = look->sharers;
        others->serial = look->serial;
        others->sharing = look->sharing;
        notify_owners_tidy(im, others);
    }
    notify_look_free(others);
    return rc;
}

/* Continues the look. */
static enum imap_step
look_step(struct imap_session *im, struct notify_others *others, const struct watched *watched,
          enum rc *rc_out)
{
    enum imap_step step = STEP_DONE;

    *rc_out = RC_OK;
    if (!list_gather(im, others->look, &step)) {
        *rc_out = step == STEP_DONE ? RC_IO : RC_OK;
        return step;
    }
    /* mailboxes that are left out would seem to be gone */
    if (imap_gather_is_cut(others->look->gather)) {
        *rc_out = RC_LIMIT;
        return STEP_DONE;
    }
    if (!sharers_watch(im, others, watched, &step, rc_out) ||
        !there_look(im, others, watched, &step, rc_out) ||
        !gone_look(im, others, watched, &step))
        return step;
    *rc_out = look_end(im, others);
    return STEP_DONE;
}

enum imap_step
notify_look_step(struct imap_session *im, struct notify_others *others,
                 const struct watched *watched, enum rc *rc_out)
{
    struct err err = {.rc = RC_OK};

    *rc_out = RC_OK;
    while (notify_look_is_due(im, others)) {
        if (others->look == NULL)
            *rc_out = notify_look_new(im, others, &err);
        if (*rc_out != RC_OK)
            return STEP_DONE;
        if (others->look == NULL)
            continue; /* the change does not concern it */
        const enum imap_step step = look_step(im, others, watched, rc_out);
        if (step != STEP_DONE || *rc_out != RC_OK)
            return step;
    }
    return STEP_DONE;
}

enum imap_step
notify_others_first(struct imap_session *im, const struct imap_notify_req *req,
                    struct imap_notify *notify, enum rc *rc_out)
{
    struct notify_others *others = notify->others;
    struct err err = {.rc = RC_OK};

    *rc_out = RC_OK;
    if (others->look == NULL) {
        *rc_out = notify_look_new(im, others, &err);
        if (*rc_out != RC_OK)
            return STEP_DONE;
        others->look->first = req;
    }
    const enum imap_step step = look_step(im, others, notify->watched, rc_out);
    for (struct notify_owner *owner = others->owners; owner != NULL; owner = owner->next)
        owner->first = req->status;
    return step;
}
