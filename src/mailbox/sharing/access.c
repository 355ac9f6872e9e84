/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/sharing/access.h"

#include <stdlib.h>

#include "store/sharing.h"
#include "syntax/imap/mbox_name.h"

enum { FEW = 64 }; /* mailboxes that are read one by one rather than with all others */

enum rc
access_user(struct registry *registry, uint64_t account, struct arena *arena,
            struct rights_user *out, struct err *err)
{
    uint64_t *groups = NULL;
    size_t count = 0;

    const enum rc rc = registry_groups_of(registry, account, arena, &groups, &count, err);
    if (rc == RC_OK)
        *out = (struct rights_user){.account = account,
                                    .groups = groups,
                                    .group_count = count,
                                    .not_as_anyone = !registry_with_anyone(registry)};
    return rc;
}

static enum rc
groups_ask(struct access_asker *asker, struct arena *arena, struct err *err)
{
    const enum rc rc =
        access_user(asker->registry, asker->user.account, arena, &asker->user, err);

    if (rc == RC_CORRUPT)
        return err_set(err, RC_IO, 0, "the registry, which has the groups, is damaged");
    asker->registry = NULL;
    return rc;
}

enum rc
access_rights_lazily(struct store_tx *tx, struct access_asker *asker, uint64_t mbox,
                     struct arena *arena, uint32_t *rights_out, struct err *err)
{
    struct acl_row *rows = NULL;
    size_t count = 0;

    enum rc rc = store_acl(tx, mbox, arena, &rows, &count, err);
    if (rc == RC_OK && asker->registry != NULL && rights_need_groups(rows, count))
        rc = groups_ask(asker, arena, err);
    if (rc == RC_OK)
        *rights_out = rights_of(rows, count, &asker->user);
    return rc;
}

enum rc
access_rights(struct store_tx *tx, const struct rights_user *user, uint64_t mbox,
              struct arena *arena, uint32_t *rights_out, struct err *err)
{
    struct access_asker asker = {.user = *user};

    return access_rights_lazily(tx, &asker, mbox, arena, rights_out, err);
}

enum rc
access_find_lazily(struct store_tx *tx, struct access_asker *asker, struct span name,
                   struct arena *arena, struct access *out, struct err *err)
{
    struct access found = {.mbox = 0};
    struct mbox_row row;

    enum rc rc = store_mbox_find(tx, name, arena, &row, err);
    if (rc == RC_OK) {
        found.mbox = row.id;
        rc = access_rights_lazily(tx, asker, row.id, arena, &found.rights, err);
    }
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    rc = RC_NOT_FOUND;
    for (struct span above = mbox_name_parent(name); rc == RC_NOT_FOUND && above.len > 0;
         above = mbox_name_parent(above))
        rc = store_mbox_find(tx, above, arena, &row, err);
    if (rc == RC_OK)
        rc = access_rights_lazily(tx, asker, row.id, arena, &found.parent_rights, err);
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    *out = found;
    return RC_OK;
}

enum rc
access_find(struct store_tx *tx, const struct rights_user *user, struct span name,
            struct arena *arena, struct access *out, struct err *err)
{
    struct access_asker asker = {.user = *user};

    return access_find_lazily(tx, &asker, name, arena, out, err);
}

uint32_t
access_to(const struct access *access, uint32_t needs)
{
    if ((needs & RIGHT_CREATE) != 0)
        return access->parent_rights;
    /* It does not exist, but the user may create it: the command will find out and answer
     * TRYCREATE. For all others, a name without a mailbox does not exist, whatever mailboxes
     * are below it. */
    if (access->mbox == 0 && (needs & RIGHT_INSERT) != 0 &&
        (access->parent_rights & RIGHT_CREATE) != 0)
        return access->parent_rights | RIGHT_INSERT;
    return access->rights;
}

/* A mailbox that the user may know of. */
struct visible {
    uint64_t mbox;
    uint32_t rights;
};

/* From the rows of all lists, in which those of one mailbox are neighbours; ascending. */
static size_t
visible_find(const struct acl_row *acl, size_t count, const struct rights_user *user,
             struct visible *visible)
{
    size_t used = 0;

    for (size_t first = 0, past = 0; first < count; first = past) {
        while (past < count && acl[past].mbox == acl[first].mbox)
            past++;
        const uint32_t rights = rights_of(acl + first, past - first, user);
        if ((rights & RIGHT_LOOKUP) != 0)
            visible[used++] = (struct visible){acl[first].mbox, rights};
    }
    return used;
}

static int
compare_names(const void *left, const void *right)
{
    const struct access_row *a = left;
    const struct access_row *b = right;

    return span_cmp(a->row.name, b->row.name);
}

/* Each by itself: mostly, few mailboxes of many are shared. */
static enum rc
rows_get(struct store_tx *tx, const struct visible *visible, size_t count, struct arena *arena,
         struct access_row *list, size_t *used_out, struct err *err)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        const enum rc rc = store_mbox_get(tx, visible[i].mbox, arena, &list[used].row, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
            return rc;
        list[used].rights = visible[i].rights;
        used += rc == RC_OK;
    }
    if (used > 1)
        qsort(list, used, sizeof *list, compare_names);
    *used_out = used;
    return RC_OK;
}

static const struct visible *
visible_get(const struct visible *visible, size_t count, uint64_t mbox)
{
    size_t first = 0;
    size_t past = count;

    while (first < past) {
        const size_t mid = first + (past - first) / 2;
        if (visible[mid].mbox < mbox)
            first = mid + 1;
        else
            past = mid;
    }
    return first < count && visible[first].mbox == mbox ? &visible[first] : NULL;
}

/* All at once, which have the order of their names. */
static enum rc
rows_list(struct store_tx *tx, const struct visible *visible, size_t count, struct arena *arena,
          struct access_row *list, size_t *used_out, struct err *err)
{
    struct mbox_row *rows = NULL;
    size_t row_count = 0;
    size_t used = 0;

    const enum rc rc = store_mbox_list(tx, arena, &rows, &row_count, err);
    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; i < row_count && used < count; i++) {
        const struct visible *found = visible_get(visible, count, rows[i].id);
        if (found != NULL)
            list[used++] = (struct access_row){.row = rows[i], .rights = found->rights};
    }
    *used_out = used;
    return RC_OK;
}

enum rc
access_list(struct store_tx *tx, const struct rights_user *user, struct arena *arena,
            struct access_row **out, size_t *count_out, struct err *err)
{
    struct acl_row *acl = NULL;
    size_t acl_count = 0;

    enum rc rc = store_acl(tx, 0, arena, &acl, &acl_count, err);
    if (rc != RC_OK)
        return rc;
    struct visible *visible = arena_array(arena, struct visible, acl_count + 1);
    if (visible == NULL)
        return err_set(err, RC_LIMIT, 0, "shared mailboxes: out of memory");
    const size_t count = visible_find(acl, acl_count, user, visible);
    struct access_row *list = arena_array(arena, struct access_row, count + 1);
    if (list == NULL)
        return err_set(err, RC_LIMIT, 0, "shared mailboxes: out of memory");
    rc = count <= FEW ? rows_get(tx, visible, count, arena, list, count_out, err)
                      : rows_list(tx, visible, count, arena, list, count_out, err);
    if (rc == RC_OK)
        *out = list;
    return rc;
}
