/* SPDX-License-Identifier: MIT */
/*
 * `roost group`: groups of accounts, which mailboxes can be shared with (RFC 4314).
 *
 *   group-add      {"group": NAME, "accounts": [NAME...]} made if it does not exist
 *   group-remove   {"group": NAME, "accounts": [NAME...]}   without accounts: the group itself
 *   group-list     row {"group": NAME, "members": n}
 *   group-members  {"group": NAME}   row {"account": NAME}
 *
 * A change takes effect with the next command of any session.
 */
#include "admin/verbs.h"

#include <stdlib.h>

#include "store/sharing.h"

enum { LIST_BATCH = 200, MEMBERS_ARENA = 64 << 20 };

/* ---- showing ---- */

static enum rc
row_give(const struct verb_call *call, json_t *row, struct err *err)
{
    return row == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                       : call->io->row(call->io->ctx, row, SPAN(""), err);
}

static enum rc
members_read(const struct verb_call *call, uint64_t group, struct arena *arena,
             struct span **out, size_t *count_out, struct err *err)
{
    arena_init(arena, MEMBERS_ARENA);
    return registry_group_members(call->house->registry, group, arena, out, count_out, err);
}

static enum rc
list_row(const struct verb_call *call, const struct registry_group *group, struct err *err)
{
    struct span *members = NULL;
    size_t count = 0;
    AUTO_ARENA arena = {0};

    const enum rc rc = members_read(call, group->id, &arena, &members, &count, err);
    return rc == RC_OK ? row_give(call,
                                  json_pack("{ss, sI}", "group", group->name, "members",
                                            (json_int_t)count),
                                  err)
                       : rc;
}

enum rc
verb_group_list(const struct verb_call *call, struct err *err)
{
    struct registry_group *rows = calloc(LIST_BATCH, sizeof *rows);
    char after[REGISTRY_NAME_OCTETS] = "";
    size_t count = LIST_BATCH;
    enum rc rc = rows == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;

    while (rc == RC_OK && count == LIST_BATCH) {
        rc = registry_group_list(call->house->registry, span_of_str(after), LIST_BATCH, rows,
                                 &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
            rc = list_row(call, &rows[i], err);
        if (rc == RC_OK && count > 0)
            memcpy(after, rows[count - 1].name, sizeof after);
    }
    free(rows);
    return rc;
}

static enum rc
group_of(const struct verb_call *call, struct registry_group *out, struct err *err)
{
    const char *name = verb_text(call, "group");

    if (name == NULL)
        return err_set(err, RC_INVALID, 0, "no group was named");
    const enum rc rc = registry_group_find(call->house->registry, span_of_str(name), out, err);
    return rc == RC_NOT_FOUND ? err_set(err, rc, 0, "there is no group \"%.100s\"", name) : rc;
}

enum rc
verb_group_members(const struct verb_call *call, struct err *err)
{
    struct registry_group group;
    struct span *members = NULL;
    size_t count = 0;
    AUTO_ARENA arena = {0};

    enum rc rc = group_of(call, &group, err);
    if (rc == RC_OK)
        rc = members_read(call, group.id, &arena, &members, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = row_give(call, json_pack("{ss%}", "account", members[i].ptr, members[i].len), err);
    return rc;
}

/* ---- changing ---- */

/* Adds accounts to the group or removes them, in order, up to the first that does not exist. */
static enum rc
members_set(const struct verb_call *call, uint64_t group, bool member, struct err *err)
{
    const json_t *accounts = json_object_get(call->args, "accounts");
    struct registry_account account;
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < json_array_size(accounts); i++) {
        const char *name = json_string_value(json_array_get(accounts, i));
        if (name == NULL)
            return err_set(err, RC_INVALID, 0, "an account has no name");
        rc = registry_find(call->house->registry, span_of_str(name), &account, err);
        if (rc == RC_NOT_FOUND)
            return err_set(err, rc, 0, "there is no account \"%.100s\"", name);
        if (rc == RC_OK)
            rc = registry_group_set_member(call->house->registry, group, account.id, member,
                                           err);
    }
    return rc;
}

enum rc
verb_group_add(const struct verb_call *call, struct err *err)
{
    const bool has_accounts = json_array_size(json_object_get(call->args, "accounts")) > 0;
    const char *name = verb_text(call, "group");
    struct registry_group group = {.id = 0};

    enum rc rc = group_of(call, &group, err);
    if (rc == RC_OK && !has_accounts)
        return err_set(err, RC_EXISTS, 0, "%s: this group exists already", group.name);
    if (rc == RC_NOT_FOUND)
        rc = registry_group_add(call->house->registry, span_of_str(name), &group.id, err);
    return rc == RC_OK ? members_set(call, group.id, true, err) : rc;
}

enum rc
verb_group_remove(const struct verb_call *call, struct err *err)
{
    struct registry_group group;

    const enum rc rc = group_of(call, &group, err);
    if (rc != RC_OK)
        return rc;
    if (json_array_size(json_object_get(call->args, "accounts")) > 0)
        return members_set(call, group.id, false, err);
    return registry_group_remove(call->house->registry, group.id, err);
}
