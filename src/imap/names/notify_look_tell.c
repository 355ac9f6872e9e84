/* SPDX-License-Identifier: MIT */
/*
 * LIST responses about mailboxes of other users (RFC 5465 sections 5.4, 5.5, 5.9), from what a
 * look has found. A mailbox that the user may now look up is told as if it had been created,
 * and one that the user may no longer look up as if it had been deleted. What the client has
 * done with the command under way is not told.
 */
#include "imap/names/notify_others.h"

#include "syntax/imap/mbox_name.h"

static bool
are_related(struct span a, struct span b)
{
    return span_eq(a, b) || mbox_name_is_below(a, b) || mbox_name_is_below(b, a);
}

bool
notify_is_own_doing(const struct imap_session *im, struct span name)
{
    const struct imap_work *work = im->work;
    const struct imap_cmd *cmd = &work->cmd;

    if (work->row == NULL || work->reply.status != IW_OK)
        return false;
    if (cmd->id == IMAP_CMD_CREATE)
        return are_related(name, cmd->u.create.mailbox.name);
    if (cmd->id == IMAP_CMD_DELETE || cmd->id == IMAP_CMD_SUBSCRIBE ||
        cmd->id == IMAP_CMD_UNSUBSCRIBE)
        return span_eq(name, cmd->u.mailbox.mailbox.name);
    return cmd->id == IMAP_CMD_RENAME && (are_related(name, cmd->u.rename.from.name) ||
                                          are_related(name, cmd->u.rename.to.name));
}

/* The events asked for about a name, which may be a mailbox or only a level of the
 * hierarchy. */
static unsigned
events_of_name(const struct notify_others *others, const struct watched *watched,
               struct span name)
{
    for (const struct notify_owner *owner = others->owners; owner != NULL; owner = owner->next)
        for (size_t i = 0; i < owner->count; i++) {
            const struct notify_other *other = &owner->mailboxes[i];
            if (other_is(other, OTHER_LISTED) && span_eq(other_name(owner, other), name))
                return other_is(other, OTHER_READ) ? other_events(other) : 0;
        }
    return watched_others_events(watched, name, false);
}

/* Creating or deleting a mailbox also affects its parent (section 5.4). */
static void
parent_tell(struct imap_session *im, struct notify_others *others,
            const struct watched *watched, struct span name)
{
    struct others_look *look = others->look;
    const struct span parent = mbox_name_parent(name);
    struct names_entry entry;

    if (parent.len == 0 || span_eq(parent, look->parent) ||
        (events_of_name(others, watched, parent) & IMAP_EVENT_MAILBOX_NAME) == 0)
        return;
    look->parent = arena_span(&look->arena, parent);
    names_list_find(look->list, parent, &entry);
    imap_list_line(im, &entry);
}

void
notify_no_access_tell(struct imap_session *im, const struct names_entry *entry)
{
    struct names_entry line = *entry;

    line.attrs |= NAMES_NO_ACCESS;
    imap_list_line(im, &line);
}

/* Whether the mailbox has its new name only because one above it was renamed. */
static bool
went_along(const struct others_look *look, struct span from, struct span to)
{
    return look->renamed_from.len > 0 && mbox_name_is_below(from, look->renamed_from) &&
           mbox_name_is_below(to, look->renamed_to) &&
           span_eq(span_tail(from, look->renamed_from.len),
                   span_tail(to, look->renamed_to.len));
}

/* Whether it has a new name that must be told by itself. */
static bool
is_renamed(const struct others_look *look, const struct other_before *before, struct span name)
{
    return (before->state & OTHER_TOLD) != 0 && !span_eq(before->name, name) &&
           !went_along(look, before->name, name);
}

void
notify_difference_tell(struct imap_session *im, struct notify_others *others,
                       const struct watched *watched, const struct other_before *before,
                       const struct notify_other *other, const struct names_entry *entry)
{
    const unsigned asked = before->events | other_events(other);
    const bool appears = (before->state & OTHER_TOLD) == 0;
    const bool renamed = is_renamed(others->look, before, entry->name);
    const bool resubscribed = ((before->state ^ other->state) & OTHER_SUBSCRIBED) != 0;
    struct names_entry line = *entry;
    bool tells = false;

    if (!other_is(other, OTHER_READ) || notify_is_own_doing(im, entry->name))
        return;
    if ((asked & IMAP_EVENT_MAILBOX_NAME) != 0)
        tells |= appears || renamed;
    if ((asked & IMAP_EVENT_SUBSCRIPTION_CHANGE) != 0)
        tells |= resubscribed;
    if (!tells)
        return;
    if (renamed && (asked & IMAP_EVENT_MAILBOX_NAME) != 0) {
        line.old_name = before->name;
        others->look->renamed_from = before->name;
        others->look->renamed_to = entry->name;
    }
    imap_list_line(im, &line);
    if (appears && (asked & IMAP_EVENT_MAILBOX_NAME) != 0)
        parent_tell(im, others, watched, entry->name);
}

void
notify_gone_tell(struct imap_session *im, struct notify_others *others,
                 const struct watched *watched, struct notify_owner *owner,
                 struct notify_other *other)
{
    const struct span name = other_name(owner, other);
    struct names_entry entry;

    if (other_is(other, OTHER_TOLD) && (other_events(other) & IMAP_EVENT_MAILBOX_NAME) != 0 &&
        !notify_is_own_doing(im, name)) {
        names_list_find(others->look->list, name, &entry);
        if (entry.row == NULL) { /* another mailbox may have the name now */
            imap_list_line(im, &entry);
            parent_tell(im, others, watched, name);
        }
    }
    other->state = 0;
}
