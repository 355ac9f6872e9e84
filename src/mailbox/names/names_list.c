/* SPDX-License-Identifier: MIT */
/*
 * LIST and LSUB: a tree of names (mailboxes, subscribed names and the levels between), in which
 * each name knows what lies below it.
 *
 *   gather   mailboxes and subscriptions, sorted by hierarchy, missing levels filled in
 *   match    each name against the patterns, in bounded steps
 *   settle   from the last name to the first: what is below is told to what is above
 *   answer   one name after the other
 *
 * A name is answered when it meets the selection criteria, or when something below it does
 * that the patterns do not show (RFC 5258 section 3.3, rule 2): as CHILDINFO where that was
 * asked for, as \Noselect for levels without a mailbox (RFC 3501 section 6.3.8 and 6.3.9).
 *
 * Thread: the session.
 */
#include "mailbox/names/names_list.h"

#include <stdlib.h>

#include "base/limits.h"
#include "syntax/imap/mbox_name.h"

enum { STEPS_PER_CALL = 100000 };

struct node {
    struct span name;
    const struct mbox_row *row;      /* NULL: no mailbox */
    const struct names_guest *guest; /* of another user; its row is `row` */
    struct node *parent;
    bool subscribed;
    bool matches;
    bool matches_level; /* by a pattern that ends with `%`: levels of hierarchy are wanted */
    /* Of all that is below: */
    bool has_mailbox;
    bool has_selected;
    bool has_hidden; /* selected, and not matched by the patterns */
};

/* Some mailboxes of other users. */
struct guests {
    struct guests *next;
    const struct names_guest *rows;
    size_t count;
};

struct names_list {
    struct arena *arena;
    struct guests *guests;
    size_t guest_count;
    struct mbox_row *rows; /* own ones, as the subscriptions in octet order */
    size_t row_count;
    struct span *subscribed;
    size_t subscribed_count;
    const struct imap_list_req *req;
    enum names_list_kind kind;
    struct node *nodes; /* in hierarchical order */
    size_t count;
    size_t matched; /* nodes that have been matched */
    bool settled;
    size_t next;
    bool root_only; /* LIST "" "" */
};

/* ---- gather ---- */

/* '/' sorts before every octet of a name, so a name and all below it are neighbours. */
static int
compare_hierarchy(struct span a, struct span b)
{
    const size_t len = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < len; i++) {
        if (a.ptr[i] == b.ptr[i])
            continue;
        const int left = a.ptr[i] == MBOX_DELIMITER ? 0 : (unsigned char)a.ptr[i];
        const int right = b.ptr[i] == MBOX_DELIMITER ? 0 : (unsigned char)b.ptr[i];
        return left - right;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static bool
is_inbox_tree(struct span name)
{
    return mbox_name_is_inbox(name) || mbox_name_is_below(name, SPAN("INBOX"));
}

/* The inbox comes first, for those who read on. */
static int
compare_nodes(const void *left, const void *right)
{
    const struct node *a = left;
    const struct node *b = right;
    const bool inbox_a = is_inbox_tree(a->name);
    const bool inbox_b = is_inbox_tree(b->name);

    if (inbox_a != inbox_b)
        return inbox_a ? -1 : 1;
    return compare_hierarchy(a->name, b->name);
}

/* Own mailboxes and subscribed names, each once. Returns how many. */
static size_t
merge_own(const struct names_list *list, struct node *nodes)
{
    const struct mbox_row *rows = list->rows;
    const struct span *subscribed = list->subscribed;
    const size_t subscribed_count = list->subscribed_count;
    size_t count = 0;
    size_t sub = 0;

    for (size_t i = 0; i < list->row_count; i++) { /* both are in octet order */
        while (sub < subscribed_count && span_cmp(subscribed[sub], rows[i].name) < 0)
            nodes[count++] = (struct node){.name = subscribed[sub++], .subscribed = true};
        nodes[count] = (struct node){.name = rows[i].name, .row = &rows[i]};
        if (sub < subscribed_count && span_eq(subscribed[sub], rows[i].name)) {
            nodes[count].subscribed = true;
            sub++;
        }
        count++;
    }
    while (sub < subscribed_count)
        nodes[count++] = (struct node){.name = subscribed[sub++], .subscribed = true};
    return count;
}

/* Neighbours of one name are one node. What others have comes before what is of one's own under
 * their name, which cannot be reached by it. */
static size_t
join_neighbours(struct node *nodes, size_t count)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        struct node *last = used == 0 ? NULL : &nodes[used - 1];
        if (last == NULL || !span_eq(last->name, nodes[i].name)) {
            nodes[used++] = nodes[i];
            continue;
        }
        last->subscribed |= nodes[i].subscribed;
        if (last->row == NULL || nodes[i].guest != NULL) {
            last->row = nodes[i].row;
            last->guest = nodes[i].guest;
        }
    }
    return used;
}

/* All names, each once, by hierarchy. */
static struct node *
merge(const struct names_list *list, size_t *count_out)
{
    const size_t most = list->row_count + list->subscribed_count + list->guest_count;
    struct node *nodes = arena_array(list->arena, struct node, most + 1);

    if (nodes == NULL)
        return NULL;
    size_t count = merge_own(list, nodes);
    for (const struct guests *some = list->guests; some != NULL; some = some->next)
        for (size_t i = 0; i < some->count; i++)
            nodes[count++] = (struct node){.name = some->rows[i].row.name,
                                           .row = &some->rows[i].row,
                                           .guest = &some->rows[i]};
    qsort(nodes, count, sizeof *nodes, compare_nodes);
    *count_out = list->guest_count == 0 ? count : join_neighbours(nodes, count);
    return nodes;
}

/* Levels of name that are not levels of above as well (above empty: of nothing). */
static size_t
levels_between(struct span above, struct span name)
{
    size_t levels = 0;

    for (size_t at = above.len == 0 ? 0 : above.len + 1; at < name.len; at++)
        levels += name.ptr[at] == MBOX_DELIMITER;
    return levels;
}

static struct node *
nearest_above(struct node *node, struct span name)
{
    while (node != NULL && !mbox_name_is_below(name, node->name))
        node = node->parent;
    return node;
}

/* Copies the names into a tree, with the levels that nobody has. */
static enum rc
build_tree(struct names_list *list, struct arena *arena, const struct node *names, size_t count)
{
    size_t total = count;
    const struct span none = {"", 0};

    for (size_t i = 0; i < count; i++) {
        /* An upper bound: what it shares with the name before it is there already. */
        struct span shared = i == 0 ? none : names[i - 1].name;
        while (shared.len > 0 && !mbox_name_is_below(names[i].name, shared))
            shared = mbox_name_parent(shared);
        total += levels_between(shared, names[i].name);
    }
    struct node *tree = arena_array(arena, struct node, total + 1);
    if (tree == NULL)
        return RC_LIMIT;

    struct node *last = NULL;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct span name = names[i].name;
        struct node *parent = nearest_above(last, name);
        for (size_t at = parent == NULL ? 0 : parent->name.len + 1; at < name.len; at++) {
            if (name.ptr[at] != MBOX_DELIMITER)
                continue;
            tree[used] = (struct node){.name = span_head(name, at), .parent = parent};
            parent = &tree[used++];
        }
        tree[used] = names[i];
        tree[used].parent = parent;
        last = &tree[used++];
    }
    list->nodes = tree;
    list->count = used;
    return RC_OK;
}

enum rc
names_list_gather(struct arena *arena, struct store_tx *tx, const struct imap_list_req *req,
                  enum names_list_kind kind, struct names_list **out, struct err *err)
{
    struct names_list *list = arena_new(arena, struct names_list);

    if (list == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    list->arena = arena;
    list->req = req;
    list->kind = kind;
    list->root_only = !req->extended && req->pattern_count == 1 &&
                      req->patterns[0].text.len == 0 && !req->patterns[0].hopeless;
    *out = list;
    if (list->root_only || req->reference.hopeless)
        return RC_OK;

    const enum rc rc = store_mbox_list(tx, arena, &list->rows, &list->row_count, err);
    return rc == RC_OK
               ? store_subscriptions(tx, arena, &list->subscribed, &list->subscribed_count, err)
               : rc;
}

/* Two texts of which one is the beginning of the other. */
static bool
begin_alike(struct span a, struct span b)
{
    const size_t len = a.len < b.len ? a.len : b.len;

    return span_eq(span_head(a, len), span_head(b, len));
}

/* A pattern up to its first wildcard. */
static struct span
fixed_part(struct span pattern)
{
    size_t len = 0;

    while (len < pattern.len && pattern.ptr[len] != '*' && pattern.ptr[len] != '%')
        len++;
    return span_head(pattern, len);
}

static bool
pattern_reaches(const struct imap_list_req *req, const struct imap_list_pattern *pattern,
                struct span level)
{
    const struct span reference = fixed_part(req->reference.text);

    if (pattern->hopeless || pattern->text.len == 0 || !begin_alike(reference, level))
        return false;
    return reference.len < req->reference.text.len || reference.len >= level.len ||
           begin_alike(fixed_part(pattern->text), span_tail(level, reference.len));
}

static bool
is_subscribed_below(const struct names_list *list, struct span level)
{
    for (size_t i = 0; i < list->subscribed_count; i++)
        if (mbox_name_is_below(list->subscribed[i], level))
            return true;
    return false;
}

bool
names_list_reaches(const struct names_list *list, struct span level)
{
    const struct imap_list_req *req = list->req;

    if (list->root_only || req->reference.hopeless)
        return false;
    if ((list->kind == NAMES_LSUB || (req->select & IMAP_LIST_SUBSCRIBED) != 0) &&
        !is_subscribed_below(list, level))
        return false;
    for (size_t i = 0; i < req->pattern_count; i++)
        if (pattern_reaches(req, &req->patterns[i], level))
            return true;
    return false;
}

enum rc
names_list_add(struct names_list *list, const struct names_guest *rows, size_t count)
{
    struct guests *some = arena_new(list->arena, struct guests);

    if (some == NULL)
        return RC_LIMIT;
    *some = (struct guests){list->guests, rows, count};
    list->guests = some;
    list->guest_count += count;
    return RC_OK;
}

enum rc
names_list_build(struct names_list *list, struct err *err)
{
    size_t count = 0;

    if (list->root_only || list->req->reference.hopeless)
        return RC_OK;
    struct node *names = merge(list, &count);
    const enum rc rc = names == NULL ? RC_LIMIT : build_tree(list, list->arena, names, count);
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, "%zu mailboxes", list->row_count);
}

enum rc
names_list_new(struct arena *arena, struct store_tx *tx, const struct imap_list_req *req,
               enum names_list_kind kind, struct names_list **out, struct err *err)
{
    const enum rc rc = names_list_gather(arena, tx, req, kind, out, err);

    return rc == RC_OK ? names_list_build(*out, err) : rc;
}

/* ---- match, settle ---- */

static void
match(const struct names_list *list, struct node *node, size_t *steps)
{
    const struct imap_list_req *req = list->req;

    for (size_t i = 0; i < req->pattern_count; i++) {
        const struct imap_list_pattern *pattern = &req->patterns[i];
        if (pattern->hopeless || pattern->text.len == 0)
            continue;
        *steps += node->name.len + pattern->text.len;
        if (!mbox_pattern_matches(req->reference.text, pattern->text, node->name))
            continue;
        node->matches = true;
        node->matches_level |= pattern->text.ptr[pattern->text.len - 1] == '%';
    }
}

static bool
wants(const struct names_list *list, unsigned select)
{
    return list->kind == NAMES_LIST && (list->req->select & select) != 0;
}

/* Does the name meet the selection criteria? */
static bool
is_selected(const struct names_list *list, const struct node *node)
{
    if (list->kind == NAMES_LSUB)
        return node->subscribed;
    if (wants(list, IMAP_LIST_SUBSCRIBED) && !node->subscribed)
        return false;
    if (wants(list, IMAP_LIST_SPECIAL_USE))
        return node->row != NULL && node->row->special_use != 0;
    return node->row != NULL || wants(list, IMAP_LIST_SUBSCRIBED);
}

/* Parents stand before what is below them: one walk from the end does it. */
static void
settle(struct names_list *list)
{
    for (size_t i = list->count; i-- > 0;) {
        const struct node *node = &list->nodes[i];
        struct node *parent = node->parent;
        const bool selected = is_selected(list, node);
        if (parent == NULL)
            continue;
        parent->has_mailbox |= node->has_mailbox || node->row != NULL;
        parent->has_selected |= node->has_selected || selected;
        parent->has_hidden |= node->has_hidden || (selected && !node->matches);
    }
    list->settled = true;
}

/* ---- answer ---- */

static bool
is_answered(const struct names_list *list, const struct node *node)
{
    if (!node->matches)
        return false;
    if (is_selected(list, node))
        return true;
    if (list->kind == NAMES_LSUB)
        return node->has_hidden;
    if (wants(list, IMAP_LIST_RECURSIVEMATCH))
        return node->has_hidden;
    /* A level without a mailbox, where no criteria say otherwise. */
    return !wants(list, IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE) && node->has_mailbox &&
           (node->has_hidden || (node->matches_level && !list->req->extended));
}

static struct names_entry
entry_of(const struct names_list *list, const struct node *node)
{
    return (struct names_entry){
        .name = node->name,
        .row = node->row,
        .is_selected = node->row != NULL && is_selected(list, node),
        .owner = node->guest == NULL ? 0 : node->guest->owner,
        .rights = node->guest == NULL ? RIGHTS_ALL : node->guest->rights,
    };
}

static void
answer_lsub(const struct names_list *list, const struct node *node, struct names_entry *entry)
{
    *entry = entry_of(list, node);
    if (!node->subscribed || node->row == NULL)
        entry->attrs = NAMES_NOSELECT;
    if (node->row != NULL) /* Outlook looks for special uses here */
        entry->special_use = node->row->special_use;
}

static void
answer_list(const struct names_list *list, const struct node *node, struct names_entry *entry)
{
    const struct imap_list_req *req = list->req;
    const bool is_level = node->row == NULL && !is_selected(list, node);

    *entry = entry_of(list, node);
    if (node->row == NULL)
        entry->attrs |= req->extended ? NAMES_NONEXISTENT : NAMES_NOSELECT;
    /* RFC 5258 section 3.5: \NonExistent \HasChildren says why a mere level is answered. */
    if (!req->extended || (req->returns & IMAP_LIST_RETURN_CHILDREN) != 0 ||
        (is_level && !wants(list, IMAP_LIST_RECURSIVEMATCH)))
        entry->attrs |= node->has_mailbox ? NAMES_HAS_CHILDREN : NAMES_HAS_NO_CHILDREN;
    if (node->subscribed && ((req->returns & IMAP_LIST_RETURN_SUBSCRIBED) != 0 ||
                             wants(list, IMAP_LIST_SUBSCRIBED)))
        entry->attrs |= NAMES_SUBSCRIBED;
    if (node->row != NULL &&
        (!req->extended || (req->returns & IMAP_LIST_RETURN_SPECIAL_USE) != 0 ||
         wants(list, IMAP_LIST_SPECIAL_USE)))
        entry->special_use = node->row->special_use;
    if (wants(list, IMAP_LIST_RECURSIVEMATCH) && node->has_selected) {
        if (wants(list, IMAP_LIST_SUBSCRIBED))
            entry->childinfo |= NAMES_CHILDINFO_SUBSCRIBED;
        if (wants(list, IMAP_LIST_SPECIAL_USE))
            entry->childinfo |= NAMES_CHILDINFO_SPECIAL_USE;
    }
}

enum rc
names_list_next(struct names_list *list, struct names_entry *entry_out)
{
    size_t steps = 0;

    if (list->root_only) {
        list->root_only = false;
        *entry_out = (struct names_entry){.name = {"", 0}, .attrs = NAMES_NOSELECT};
        return RC_OK;
    }
    while (list->matched < list->count) {
        match(list, &list->nodes[list->matched++], &steps);
        if (steps >= STEPS_PER_CALL)
            return RC_AGAIN;
    }
    if (!list->settled)
        settle(list);
    while (list->next < list->count) {
        const struct node *node = &list->nodes[list->next++];
        if (!is_answered(list, node))
            continue;
        if (list->kind == NAMES_LSUB)
            answer_lsub(list, node, entry_out);
        else
            answer_list(list, node, entry_out);
        return RC_OK;
    }
    return RC_NOT_FOUND;
}

void
names_list_find(const struct names_list *list, struct span name, struct names_entry *entry_out)
{
    *entry_out = (struct names_entry){.name = name, .attrs = NAMES_NONEXISTENT};
    for (size_t i = 0; i < list->count; i++)
        if (span_eq(list->nodes[i].name, name))
            answer_list(list, &list->nodes[i], entry_out);
}

enum rc
names_entry_of(struct arena *arena, struct store_tx *tx, struct span name,
               struct names_entry *entry_out, struct err *err)
{
    static const struct imap_list_req req = {
        .extended = true,
        .returns = IMAP_LIST_RETURN_SUBSCRIBED | IMAP_LIST_RETURN_CHILDREN |
                   IMAP_LIST_RETURN_SPECIAL_USE,
    };
    struct names_list *list;

    const enum rc rc = names_list_new(arena, tx, &req, NAMES_LIST, &list, err);
    if (rc != RC_OK)
        return rc;
    settle(list);
    names_list_find(list, name, entry_out);
    return RC_OK;
}
