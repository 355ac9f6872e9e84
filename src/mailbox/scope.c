/* SPDX-License-Identifier: MIT */
/* See the header. Names are compared octet by octet, as the mailboxes are sorted. */
#include "mailbox/scope.h"

#include <stdlib.h>
#include <string.h>

#include "syntax/imap/mbox_name.h"

enum rc
scope_read(struct scope *scope, struct store_tx *tx, struct arena *arena, struct err *err)
{
    struct mbox_row *all;

    const enum rc rc = store_mbox_list(tx, arena, &all, &scope->count, err);
    if (rc != RC_OK)
        return rc;
    scope->rows = all;
    scope->members = arena_array(arena, struct scope_member, scope->count + 1);
    if (scope->members == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    for (size_t i = 0; i < scope->count; i++)
        scope->members[i] = (struct scope_member){.mbox = all[i].id};
    return RC_OK;
}

/* A row on its way to its place in the order. */
struct placed {
    const struct mbox_row *row;
    uint64_t owner;
};

static int
compare_placed(const void *left, const void *right)
{
    const struct placed *a = left;
    const struct placed *b = right;
    const int order = span_cmp(a->row->name, b->row->name);

    return order != 0 ? order : (a->owner == 0) - (b->owner == 0);
}

enum rc
scope_add(struct scope *scope, struct arena *arena, const struct names_guest *others,
          size_t count)
{
    const size_t all = scope->count + count;

    if (count == 0)
        return RC_OK;
    struct placed *placed = arena_array(arena, struct placed, all);
    struct mbox_row *rows = arena_array(arena, struct mbox_row, all);
    struct scope_member *members = arena_array(arena, struct scope_member, all);
    if (placed == NULL || rows == NULL || members == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < all; i++)
        placed[i] = i < count ? (struct placed){&others[i].row, others[i].owner}
                              : (struct placed){&scope->rows[i - count], 0};
    qsort(placed, all, sizeof *placed, compare_placed);
    for (size_t i = 0; i < all; i++) {
        rows[i] = *placed[i].row;
        members[i] = (struct scope_member){.mbox = rows[i].id, .owner = placed[i].owner};
    }
    *scope = (struct scope){.rows = rows, .members = members, .count = all};
    return RC_OK;
}

static size_t
lower_bound(const struct scope *scope, struct span name)
{
    size_t low = 0;
    size_t high = scope->count;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (span_cmp(scope->rows[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void
scope_mark_names(struct scope *scope, const struct imap_notify_group *group, uint8_t mark)
{
    for (size_t i = 0; i < group->mailbox_count; i++) {
        const struct span name = group->mailboxes[i].name;
        const size_t at = lower_bound(scope, name);
        if (at < scope->count && span_eq(scope->rows[at].name, name))
            scope->members[at].fixed |= mark;
    }
}

static bool
is_one_level_below(struct span name, struct span top)
{
    const struct span rest = span_tail(name, top.len + 1);

    return memchr(rest.ptr, MBOX_DELIMITER, rest.len) == NULL;
}

/* Between a name and what is below it there may be others ("a", "a-b", "a/c"). */
enum rc
scope_mark_subtree(struct scope *scope, struct arena *arena, struct span top,
                   enum scope_depth depth, uint8_t mark)
{
    const char *below = arena_printf(arena, "%.*s%c", SPAN_FMT(top), MBOX_DELIMITER);
    const size_t at = lower_bound(scope, top);

    if (below == NULL)
        return RC_LIMIT;
    if (at < scope->count && span_eq(scope->rows[at].name, top))
        scope->members[at].by_name |= mark;
    for (size_t i = lower_bound(scope, span_of_str(below));
         i < scope->count && mbox_name_is_below(scope->rows[i].name, top); i++)
        if (depth == SCOPE_ALL_BELOW || is_one_level_below(scope->rows[i].name, top))
            scope->members[i].by_name |= mark;
    return RC_OK;
}

enum rc
scope_mark_subscribed(struct scope *scope, struct store_tx *tx, struct arena *arena,
                      uint8_t mark, struct err *err)
{
    struct span *names;
    size_t count;
    size_t at = 0;

    const enum rc rc = store_subscriptions(tx, arena, &names, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++) { /* both are in octet order */
        while (at < scope->count && span_cmp(scope->rows[at].name, names[i]) < 0)
            at++;
        if (at < scope->count && span_eq(scope->rows[at].name, names[i]))
            scope->members[at].by_name |= mark;
    }
    return rc;
}
