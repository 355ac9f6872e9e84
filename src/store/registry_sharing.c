/* SPDX-License-Identifier: MIT */
/*
 * Groups and the index of sharing, above the engines: which names are valid, and what is
 * cached. Rows of accounts do not depend on either, so they stay in the cache. A change of
 * groups increases registry_rights_epoch, which tells sessions that their rights may have
 * changed; they learn of a change of the index from the account whose lists were changed.
 * Thread: any.
 */
#include "store/sharing.h"

#include "store/registry_private.h"

static enum rc
groups_changed(struct registry *registry, enum rc rc)
{
    registry_cache_rights_changed(registry);
    return rc;
}

static enum rc
index_changed(struct registry *registry, enum rc rc)
{
    registry_cache_forget_shares(registry);
    return rc;
}

/* ---- groups ---- */

enum rc
registry_group_add(struct registry *registry, struct span name, uint64_t *id_out,
                   struct err *err)
{
    struct registry_name folded;
    const enum rc rc = registry_name_make(name, NAME_ACCOUNT, &folded, err);

    if (rc != RC_OK)
        return rc;
    return groups_changed(
        registry, registry->ops->group_add(registry, registry_name_span(&folded), id_out, err));
}

enum rc
registry_group_remove(struct registry *registry, uint64_t id, struct err *err)
{
    const enum rc rc = registry->ops->group_remove(registry, id, err);

    return index_changed(registry, groups_changed(registry, rc));
}

enum rc
registry_group_find(struct registry *registry, struct span name, struct registry_group *out,
                    struct err *err)
{
    struct registry_name folded;

    if (registry_name_make(name, NAME_ACCOUNT, &folded, NULL) != RC_OK)
        return err_set(err, RC_NOT_FOUND, 0, "no group %.*s", SPAN_FMT(name));
    return registry->ops->group_find(registry, registry_name_span(&folded), out, err);
}

enum rc
registry_group_get(struct registry *registry, uint64_t id, struct registry_group *out,
                   struct err *err)
{
    return registry->ops->group_get(registry, id, out, err);
}

enum rc
registry_group_list(struct registry *registry, struct span after, size_t max,
                    struct registry_group *rows, size_t *count_out, struct err *err)
{
    return registry->ops->group_list(registry, after, max, rows, count_out, err);
}

enum rc
registry_group_set_member(struct registry *registry, uint64_t group, uint64_t account,
                          bool member, struct err *err)
{
    return groups_changed(
        registry, registry->ops->group_set_member(registry, group, account, member, err));
}

enum rc
registry_group_members(struct registry *registry, uint64_t group, struct arena *arena,
                       struct span **out, size_t *count_out, struct err *err)
{
    return registry->ops->group_members(registry, group, arena, out, count_out, err);
}

enum rc
registry_groups_of(struct registry *registry, uint64_t account, struct arena *arena,
                   uint64_t **out, size_t *count_out, struct err *err)
{
    return registry->ops->groups_of(registry, account, arena, out, count_out, err);
}

/* ---- the index ---- */

enum rc
registry_share_note(struct registry *registry, uint64_t owner,
                    const struct registry_share *share, struct err *err)
{
    return index_changed(registry, registry->ops->share_note(registry, owner, share, err));
}

enum rc
registry_share_settle(struct registry *registry, uint64_t owner,
                      const struct registry_share *shares, size_t count, struct err *err)
{
    return index_changed(registry,
                         registry->ops->share_settle(registry, owner, shares, count, err));
}

enum rc
registry_read_sharers(struct registry *registry, const struct registry_share_asker *asker,
                      size_t max, struct arena *arena, struct registry_sharer **out,
                      size_t *count_out, struct err *err)
{
    return registry->ops->read_sharers(registry, asker, max, arena, out, count_out, err);
}

enum rc
registry_read_shares_with(struct registry *registry, uint64_t owner,
                          const struct registry_share_asker *asker, bool *out, struct err *err)
{
    return registry->ops->read_shares_with(registry, owner, asker, out, err);
}

enum rc
registry_read_shares(struct registry *registry, bool *out, struct err *err)
{
    return registry->ops->read_shares(registry, out, err);
}

/* Asked by every LIST, and where nobody shares anything that is all of it. */
enum rc
registry_shares(struct registry *registry, bool *out, struct err *err)
{
    (void)registry_cache_look(registry);
    lock_enter(&registry->lock);
    const bool known = registry->shares != SHARES_UNKNOWN;
    const uint64_t serial = registry->shares_serial;
    *out = registry->shares == SHARES_SOME;
    lock_leave(&registry->lock);
    if (known)
        return RC_OK;
    const enum rc rc = registry_read_shares(registry, out, err);
    if (rc != RC_OK)
        return rc;
    lock_enter(&registry->lock);
    if (serial == registry->shares_serial)
        registry->shares = *out ? SHARES_SOME : SHARES_NONE;
    lock_leave(&registry->lock);
    return RC_OK;
}

void
registry_set_with_anyone(struct registry *registry, bool with_anyone)
{
    if (registry_with_anyone(registry) == with_anyone)
        return;
    lock_enter(&registry->lock);
    registry->without_anyone = !with_anyone;
    lock_leave(&registry->lock);
    registry_cache_rights_changed(registry);
    registry_cache_forget_shares(registry);
}

bool
registry_with_anyone(struct registry *registry)
{
    lock_enter(&registry->lock);
    const bool with_anyone = !registry->without_anyone;
    lock_leave(&registry->lock);
    return with_anyone;
}

static struct registry_share_asker
asker_of(struct registry *registry, uint64_t account)
{
    return (struct registry_share_asker){account, registry_with_anyone(registry)};
}

enum rc
registry_sharers(struct registry *registry, uint64_t account, size_t max, struct arena *arena,
                 struct registry_sharer **out, size_t *count_out, struct err *err)
{
    const struct registry_share_asker asker = asker_of(registry, account);

    return registry_read_sharers(registry, &asker, max, arena, out, count_out, err);
}

enum rc
registry_shares_with(struct registry *registry, uint64_t owner, uint64_t account, bool *out,
                     struct err *err)
{
    const struct registry_share_asker asker = asker_of(registry, account);

    return registry_read_shares_with(registry, owner, &asker, out, err);
}
