/* SPDX-License-Identifier: MIT */
/* Arguments of NOTIFY (RFC 5465 section 8). */
#include "syntax/imap/args.h"

static const struct lex_word event_words[] = {
    {SPAN_INIT("MessageNew"), IMAP_EVENT_MESSAGE_NEW},
    {SPAN_INIT("MessageExpunge"), IMAP_EVENT_MESSAGE_EXPUNGE},
    {SPAN_INIT("FlagChange"), IMAP_EVENT_FLAG_CHANGE},
    {SPAN_INIT("MailboxName"), IMAP_EVENT_MAILBOX_NAME},
    {SPAN_INIT("SubscriptionChange"), IMAP_EVENT_SUBSCRIPTION_CHANGE},
    {SPAN_INIT("MailboxMetadataChange"), IMAP_EVENT_MAILBOX_METADATA},
    {SPAN_INIT("ServerMetadataChange"), IMAP_EVENT_SERVER_METADATA},
    /* Legal, and not supported: the command is refused, not BAD. */
    {SPAN_INIT("AnnotationChange"), IMAP_EVENT_ANNOTATION_CHANGE},
};

static const struct lex_word scope_words[] = {
    {SPAN_INIT("SELECTED"), IMAP_NOTIFY_SELECTED},
    {SPAN_INIT("SELECTED-DELAYED"), IMAP_NOTIFY_SELECTED_DELAYED},
    {SPAN_INIT("INBOXES"), IMAP_NOTIFY_INBOXES},
    {SPAN_INIT("PERSONAL"), IMAP_NOTIFY_PERSONAL},
    {SPAN_INIT("SUBSCRIBED"), IMAP_NOTIFY_SUBSCRIBED},
    {SPAN_INIT("SUBTREE"), IMAP_NOTIFY_SUBTREE},
    {SPAN_INIT("MAILBOXES"), IMAP_NOTIFY_MAILBOXES},
    {SPAN_INIT("SUBTREE-ONE"), IMAP_NOTIFY_SUBTREE_ONE},
};

static bool
is_selected(enum imap_notify_scope scope)
{
    return scope == IMAP_NOTIFY_SELECTED || scope == IMAP_NOTIFY_SELECTED_DELAYED;
}

/* ---- events ---- */

/** [SP "(" fetch-att *(SP fetch-att) ")"] after MessageNew: kept as it was written. */
static bool
attributes(struct imap_lexer *lx, const struct imap_notify_group *group,
           struct imap_notify_req *req)
{
    const char *const before = lx->at;
    struct imap_fetch_req fetch = {.item_count = 0};

    if (!lex_take(lx, ' '))
        return true;
    if (lex_peek(lx) != '(') {
        lx->at = before;
        return true;
    }
    if (!is_selected(group->scope))
        return lex_bad(lx, "Only SELECTED takes FETCH items");
    if (!imap_args_fetch_list(lx, &fetch))
        return false;
    req->fetch = span_of(before + 1, (size_t)(lx->at - before - 1));
    return true;
}

static bool
event(struct imap_lexer *lx, struct imap_notify_group *group, struct imap_notify_req *req)
{
    struct span unknown;

    for (size_t i = 0; i < ARRAY_LEN(event_words); i++) {
        if (!lex_take_word(lx, event_words[i].word))
            continue;
        group->events |= event_words[i].value;
        return event_words[i].value != IMAP_EVENT_MESSAGE_NEW || attributes(lx, group, req);
    }
    group->events |= IMAP_EVENT_UNKNOWN; /* event-ext */
    return lex_atom(lx, &unknown, "An event is missing");
}

/** What must go together, and what goes with which mailboxes: section 5 and 6.1. */
static bool
events_check(struct imap_lexer *lx, const struct imap_notify_group *group)
{
    const unsigned both = IMAP_EVENT_MESSAGE_NEW | IMAP_EVENT_MESSAGE_EXPUNGE;
    const unsigned messages =
        both | IMAP_EVENT_FLAG_CHANGE | IMAP_EVENT_ANNOTATION_CHANGE | IMAP_EVENT_UNKNOWN;

    if ((group->events & messages & ~(unsigned)IMAP_EVENT_UNKNOWN) != 0 &&
        (group->events & both) != both)
        return lex_bad(lx, "MessageNew and MessageExpunge must be asked for together");
    if (is_selected(group->scope) && (group->events & ~messages) != 0)
        return lex_bad(lx, "SELECTED takes events of messages only");
    return true;
}

/** events = ( "(" event *(SP event) ")" ) / "NONE" */
static bool
events(struct imap_lexer *lx, struct imap_notify_group *group, struct imap_notify_req *req)
{
    if (lex_take_word(lx, SPAN("NONE")))
        return true;
    if (!lex_need(lx, '(', "Events must be in parentheses, or NONE"))
        return false;
    do {
        if (!event(lx, group, req))
            return false;
    } while (lex_take(lx, ' '));
    return lex_need(lx, ')', "Missing closing parenthesis after events") &&
           events_check(lx, group);
}

/* ---- mailboxes ---- */

/** one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")" */
static bool
mailboxes(struct imap_lexer *lx, struct imap_notify_group *group)
{
    struct mbox_arg *list = NULL;

    if (!lex_need(lx, ' ', "A mailbox name is missing"))
        return false;
    const bool parentheses = lex_take(lx, '(');
    do {
        list = lex_grow(lx, list, group->mailbox_count, sizeof *list);
        if (list == NULL ||
            !lex_mailbox(lx, &list[group->mailbox_count], "A mailbox name is missing"))
            return false;
        group->mailbox_count++;
    } while (parentheses && lex_take(lx, ' '));
    group->mailboxes = list;
    return !parentheses || lex_need(lx, ')', "Missing closing parenthesis after mailbox names");
}

bool
imap_args_scope(struct imap_lexer *lx, struct imap_notify_group *group)
{
    for (size_t i = 0; i < ARRAY_LEN(scope_words); i++) {
        if (!lex_take_word(lx, scope_words[i].word))
            continue;
        group->scope = (enum imap_notify_scope)scope_words[i].value;
        const bool named = group->scope == IMAP_NOTIFY_SUBTREE ||
                           group->scope == IMAP_NOTIFY_MAILBOXES ||
                           group->scope == IMAP_NOTIFY_SUBTREE_ONE;
        return !named || mailboxes(lx, group);
    }
    return lex_bad(lx, "Unknown specification of mailboxes");
}

/** event-group = "(" filter-mailboxes SP events ")" */
static bool
group(struct imap_lexer *lx, struct imap_notify_group *group_out, struct imap_notify_req *req)
{
    *group_out = (struct imap_notify_group){.events = 0};
    if (!lex_need(lx, '(', "NOTIFY SET needs groups of events in parentheses") ||
        !imap_args_scope(lx, group_out) || !lex_need(lx, ' ', "Events are missing") ||
        !events(lx, group_out, req))
        return false;
    if (group_out->scope == IMAP_NOTIFY_SUBTREE_ONE)
        return lex_bad(lx, "Unknown specification of mailboxes");
    if (is_selected(group_out->scope)) {
        if (req->has_selected)
            return lex_bad(lx, "SELECTED may be there once");
        req->has_selected = true;
    }
    return lex_need(lx, ')', "Missing closing parenthesis after a group of events");
}

static bool
groups(struct imap_lexer *lx, struct imap_notify_req *req)
{
    struct imap_notify_group *list = NULL;

    do {
        list = lex_grow(lx, list, req->group_count, sizeof *list);
        if (list == NULL || !group(lx, &list[req->group_count], req))
            return false;
        req->group_count++;
    } while (lex_more(lx));
    req->groups = list;
    return true;
}

/** notify = "NOTIFY" SP ("SET" [SP "STATUS"] SP event-groups / "NONE") */
bool
imap_args_notify(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_notify_req *req = &cmd->u.notify;

    if (!lex_need(lx, ' ', "NOTIFY needs SET or NONE"))
        return false;
    if (lex_take_word(lx, SPAN("NONE")))
        return true;
    if (!lex_take_word(lx, SPAN("SET")))
        return lex_bad(lx, "NOTIFY needs SET or NONE");
    req->set = true;
    if (!lex_need(lx, ' ', "NOTIFY SET needs groups of events"))
        return false;
    if (lex_take_word(lx, SPAN("STATUS"))) {
        req->status = true;
        if (!lex_need(lx, ' ', "NOTIFY SET needs groups of events"))
            return false;
    }
    return groups(lx, req);
}
