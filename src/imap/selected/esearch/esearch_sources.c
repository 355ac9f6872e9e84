/* SPDX-License-Identifier: MIT */
/* See the header. Everything is in the command's arena. */
#include "imap/selected/esearch/esearch_sources.h"

#include "mailbox/scope.h"

/* ---- mailboxes of other users ---- */

static bool
other_add(struct imap_session *im, struct esearch_sources *sources,
          const struct names_guest *other)
{
    if (sources->other_count == sources->other_room) {
        const size_t room = sources->other_room == 0 ? 16 : 2 * sources->other_room;
        struct names_guest *more = arena_array(&im->work->arena, struct names_guest, room);
        if (more == NULL)
            return false;
        if (sources->other_count > 0)
            memcpy(more, sources->others, sources->other_count * sizeof *more);
        sources->others = more;
        sources->other_room = room;
    }
    sources->others[sources->other_count++] = *other;
    return true;
}

static bool
is_before(const struct esearch_named *a, uint64_t owner, uint64_t mbox)
{
    return a->owner != owner ? a->owner < owner : a->mbox < mbox;
}

/* The index of the first one that is not before this one. */
static size_t
named_place(const struct esearch_sources *sources, uint64_t owner, uint64_t mbox)
{
    size_t low = 0;
    size_t high = sources->named_count;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (is_before(&sources->named[mid], owner, mbox))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Whether the mailbox is among those that need not be listed. */
static bool
is_named(const struct esearch_sources *sources, uint64_t owner, uint64_t mbox)
{
    const size_t at = named_place(sources, owner, mbox);

    return at < sources->named_count && sources->named[at].owner == owner &&
           sources->named[at].mbox == mbox;
}

static bool
named_note(struct imap_session *im, struct esearch_sources *sources, uint64_t owner,
           uint64_t mbox)
{
    const size_t at = named_place(sources, owner, mbox);

    if (sources->named_count == sources->named_room) {
        const size_t room = sources->named_room == 0 ? 16 : 2 * sources->named_room;
        struct esearch_named *more = arena_array(&im->work->arena, struct esearch_named, room);
        if (more == NULL)
            return false;
        if (sources->named_count > 0)
            memcpy(more, sources->named, sources->named_count * sizeof *more);
        sources->named = more;
        sources->named_room = room;
    }
    memmove(&sources->named[at + 1], &sources->named[at],
            (sources->named_count - at) * sizeof *sources->named);
    sources->named[at] = (struct esearch_named){owner, mbox};
    sources->named_count++;
    return true;
}

/* Whether the mailbox is in the list already, named or not. */
static bool
is_listed(const struct esearch_sources *sources, uint64_t owner, uint64_t mbox)
{
    for (size_t i = 0; i < sources->other_count; i++)
        if (sources->others[i].owner == owner && sources->others[i].row.id == mbox)
            return true;
    return false;
}

/* Adds a mailbox that the client has named. */
static bool
named_add(struct imap_session *im, struct esearch_sources *sources,
          const struct names_guest *other)
{
    const uint64_t owner = other->owner;
    const uint64_t mbox = other->row.id;

    if (is_named(sources, owner, mbox))
        return true;
    if (sources->stage == SOURCES_CHOSEN && is_listed(sources, owner, mbox))
        return named_note(im, sources, owner, mbox);
    return other_add(im, sources, other) && named_note(im, sources, owner, mbox);
}

/* The next name in the request that may be of another user's mailbox; NULL: there is none. */
static const struct mbox_arg *
name_next(const struct imap_search_req *req, struct esearch_sources *sources)
{
    struct span owner;
    struct span rest;

    for (; sources->group < req->source_count; sources->group++, sources->name = 0) {
        const struct imap_notify_group *group = &req->sources[sources->group];
        if (group->scope != IMAP_NOTIFY_MAILBOXES)
            continue;
        for (; sources->name < group->mailbox_count; sources->name++) {
            const struct mbox_arg *arg = &group->mailboxes[sources->name];
            if (arg->invalid == NULL && imap_name_is_others(arg->name, &owner, &rest))
                return arg;
        }
    }
    return NULL;
}

/* Finds a mailbox by the name that LIST would give it. */
static enum rc
named_find(struct imap_session *im, struct esearch_sources *sources, struct store_tx *tx,
           const struct mbox_arg *arg, const struct imap_target *target, struct err *err)
{
    struct arena *arena = &im->work->arena;
    struct names_guest other = {.owner = account_id(target->acct), .rights = target->rights};
    struct span owner;
    struct span rest;

    const enum rc rc = imap_target_row(target, tx, arena, &other.row, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_OK : rc;
    (void)imap_name_is_others(arg->name, &owner, &rest);
    const char *name =
        arena_printf(arena, OTHER_USERS "/%.*s/%.*s", SPAN_FMT(owner), SPAN_FMT(target->name));
    if (name == NULL)
        return RC_LIMIT;
    other.row.name = span_of_str(name);
    return named_add(im, sources, &other) ? RC_OK : RC_LIMIT;
}

static enum imap_step
named_step(struct imap_session *im, const struct imap_search_req *req,
           struct esearch_sources *sources)
{
    const struct mbox_arg *arg =
        env_settings(im->s.env)->sharing ? name_next(req, sources) : NULL;
    struct imap_target target;
    enum imap_step step = STEP_DONE;
    struct err err = {.rc = RC_OK};
    AUTO_TX tx = NULL;

    if (arg == NULL) {
        sources->stage = SOURCES_LISTED;
        return STEP_MORE;
    }
    if (!imap_target_find(im, arg, 0, &target, &step))
        return step;
    if (target.is_guest && (target.rights & RIGHT_READ) != 0) {
        if (!imap_read_begin(im, target.acct, &tx, &step))
            return step;
        const enum rc rc = named_find(im, sources, tx, arg, &target, &err);
        if (rc != RC_OK)
            return imap_fail(im, rc, &err);
    }
    sources->name++;
    return STEP_MORE;
}

/* Whether the request can mean mailboxes of other users without naming each of them. */
static bool
asks_for_listed(const struct imap_search_req *req)
{
    struct span owner;
    struct span rest;

    for (size_t i = 0; i < req->source_count; i++) {
        const struct imap_notify_group *group = &req->sources[i];
        if (group->scope == IMAP_NOTIFY_SUBSCRIBED)
            return true;
        if (group->scope != IMAP_NOTIFY_SUBTREE && group->scope != IMAP_NOTIFY_SUBTREE_ONE)
            continue;
        for (size_t k = 0; k < group->mailbox_count; k++)
            if (imap_name_is_others(group->mailboxes[k].name, &owner, &rest))
                return true;
    }
    return false;
}

static enum imap_step
listed_step(struct imap_session *im, const struct imap_search_req *req,
            struct esearch_sources *sources)
{
    struct names_entry entry;
    enum rc rc;

    if (!asks_for_listed(req)) {
        sources->stage = SOURCES_CHOSEN;
        return STEP_MORE;
    }
    if (sources->gather == NULL)
        sources->gather = imap_gather_new(&im->work->arena, imap_gather_others(), NAMES_LIST);
    if (sources->gather == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (sources->listed == NULL) {
        const enum imap_step step = imap_gather_step(im, sources->gather, &sources->listed);
        if (sources->listed == NULL)
            return step;
    }
    /* half an answer would be taken for a complete one */
    if (imap_gather_is_cut(sources->gather))
        return imap_no(im->work, "LIMIT", "Other users share too many mailboxes");
    if (imap_gather_lacks_any(sources->gather))
        return imap_no(im->work, "UNAVAILABLE",
                       "Mailboxes of other users cannot be read; try again later");
    while ((rc = names_list_next(sources->listed, &entry)) != RC_NOT_FOUND) {
        const bool adds = rc == RC_OK && entry.owner != 0 && (entry.rights & RIGHT_READ) != 0 &&
                          !is_named(sources, entry.owner, entry.row->id);
        if (adds && !other_add(im, sources,
                               &(struct names_guest){*entry.row, entry.owner, entry.rights}))
            return imap_fail(im, RC_LIMIT, NULL);
        if (slice_spent())
            return STEP_MORE;
    }
    sources->stage = SOURCES_CHOSEN;
    return STEP_MORE;
}

/* ---- which mailboxes are meant ---- */

/* The selected mailbox, if it belongs to another user, under the name that its client knows. */
static enum rc
selected_add(struct imap_session *im, struct esearch_sources *sources)
{
    struct mailbox_state state;

    mailbox_state(im->view.mailbox, &state);
    const struct names_guest other = {
        .row = {.id = im->selected,
                .name = arena_span(&im->work->arena, span_of_str(im->s.mailbox_name)),
                .uidvalidity = state.uidvalidity,
                .exists = im->view.exists},
        .owner = account_id(im->guest->acct),
    };
    if (other.row.name.ptr == NULL)
        return RC_LIMIT;
    return named_add(im, sources, &other) ? RC_OK : RC_LIMIT;
}

static enum rc
mark_group(struct imap_session *im, struct scope *scope, struct store_tx *tx,
           const struct imap_notify_group *group, struct err *err)
{
    struct arena *arena = &im->work->arena;
    enum rc rc = RC_OK;

    switch (group->scope) {
    case IMAP_NOTIFY_SELECTED:
    case IMAP_NOTIFY_SELECTED_DELAYED:
        for (size_t i = 0; i < scope->count; i++)
            if (scope->members[i].owner == 0)
                scope->members[i].fixed |= imap_is_selected(im, im->acct, scope->rows[i].id);
        break;
    case IMAP_NOTIFY_INBOXES:
    case IMAP_NOTIFY_PERSONAL:
        for (size_t i = 0; i < scope->count; i++)
            scope->members[i].fixed |= scope->members[i].owner == 0;
        break;
    case IMAP_NOTIFY_SUBSCRIBED:
        return scope_mark_subscribed(scope, tx, arena, 1, err);
    case IMAP_NOTIFY_MAILBOXES:
        scope_mark_names(scope, group, 1);
        break;
    case IMAP_NOTIFY_SUBTREE:
    case IMAP_NOTIFY_SUBTREE_ONE:
        for (size_t i = 0; i < group->mailbox_count && rc == RC_OK; i++)
            /* otherwise no mailbox can have such a name */
            if (group->mailboxes[i].invalid == NULL)
                rc = scope_mark_subtree(
                    scope, arena, group->mailboxes[i].name,
                    group->scope == IMAP_NOTIFY_SUBTREE ? SCOPE_ALL_BELOW : SCOPE_ONE_LEVEL, 1);
        break;
    }
    return rc;
}

/* RC_NOT_FOUND: the account is gone. */
static enum rc
source_of(struct imap_session *im, const struct esearch_sources *sources,
          const struct scope *scope, size_t at, struct esearch_source *out)
{
    const struct scope_member *member = &scope->members[at];

    *out = (struct esearch_source){.acct = im->acct, .row = &scope->rows[at]};
    if (member->owner == 0)
        return RC_OK;
    out->needs =
        is_named(sources, member->owner, member->mbox) ? RIGHT_READ : RIGHT_READ | RIGHT_LOOKUP;
    return imap_hold(im, member->owner, &out->acct);
}

static enum rc
choose(struct imap_session *im, struct store_tx *tx, const struct imap_search_req *req,
       struct esearch_sources *sources, struct err *err)
{
    struct arena *arena = &im->work->arena;
    struct scope scope;

    enum rc rc = sources->selected && im->guest != NULL ? selected_add(im, sources) : RC_OK;
    if (rc == RC_OK)
        rc = scope_read(&scope, tx, arena, err);
    if (rc == RC_OK)
        rc = scope_add(&scope, arena, sources->others, sources->other_count);
    for (size_t i = 0; i < req->source_count && rc == RC_OK; i++)
        rc = mark_group(im, &scope, tx, &req->sources[i], err);
    if (rc != RC_OK)
        return rc;
    sources->list = arena_array(arena, struct esearch_source, scope.count + 1);
    if (sources->list == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < scope.count; i++) {
        const struct scope_member *member = &scope.members[i];
        if ((member->fixed | member->by_name) == 0 &&
            !is_named(sources, member->owner, member->mbox))
            continue;
        rc = source_of(im, sources, &scope, i, &sources->list[sources->count]);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
            return rc;
        if (rc == RC_OK)
            sources->messages += sources->list[sources->count++].row->exists;
    }
    return RC_OK;
}

bool
esearch_sources_step(struct imap_session *im, const struct imap_search_req *req,
                     struct esearch_sources *sources, enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};
    AUTO_TX tx = NULL;

    if (sources->stage == SOURCES_NAMED) {
        *step_out = named_step(im, req, sources);
        return false;
    }
    if (sources->stage == SOURCES_LISTED) {
        *step_out = listed_step(im, req, sources);
        return false;
    }
    if (!imap_read_begin(im, im->acct, &tx, step_out))
        return false;
    const enum rc rc = choose(im, tx, req, sources, &err);
    if (rc == RC_OK)
        return true;
    *step_out = imap_fail(im, rc, &err);
    return false;
}
