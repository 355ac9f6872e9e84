/* SPDX-License-Identifier: MIT */
/*
 * The registry's seam: each call goes to the engine that made the registry. What is too large
 * for any is refused here, and after each change nothing older is answered from the cache: also
 * after one that failed, since an engine may not know whether it was stored. Thread: any.
 */
#include "store/registry.h"

#include <string.h>

#include "store/registry_private.h"

void
registry_close(struct registry *registry)
{
    if (registry == NULL)
        return;
    registry->ops->close(registry);
}

void
registry_secret(struct registry *registry, uint8_t out[32])
{
    memcpy(out, registry->secret, sizeof registry->secret);
}

/* ---- reading ---- */

enum rc
registry_changes(struct registry *registry, uint64_t *serial_out, struct err *err)
{
    return registry->ops->changes(registry, serial_out, err);
}

enum rc
registry_read_address(struct registry *registry, struct span address, struct registry_hit *out,
                      struct err *err)
{
    return registry->ops->read_address(registry, address, out, err);
}

enum rc
registry_read_id(struct registry *registry, uint64_t id, struct registry_hit *out,
                 struct err *err)
{
    return registry->ops->read_id(registry, id, out, err);
}

enum rc
registry_read_domain(struct registry *registry, struct span domain, bool *used_out,
                     struct err *err)
{
    return registry->ops->read_domain(registry, domain, used_out, err);
}

enum rc
registry_read_count(struct registry *registry, uint64_t *enabled_out,
                    uint64_t *without_scram_out, struct err *err)
{
    return registry->ops->read_count(registry, enabled_out, without_scram_out, err);
}

enum rc
registry_list(struct registry *registry, struct span after, size_t max,
              struct registry_account *rows, size_t *count_out, struct err *err)
{
    return registry->ops->list(registry, after, max, rows, count_out, err);
}

enum rc
registry_alias_list(struct registry *registry, uint64_t id, struct arena *arena,
                    struct span **out, size_t *count_out, struct err *err)
{
    return registry->ops->alias_list(registry, id, arena, out, count_out, err);
}

enum rc
registry_removed_list(struct registry *registry, uint64_t after, size_t max,
                      struct registry_removed *rows, size_t *count_out, struct err *err)
{
    return registry->ops->removed_list(registry, after, max, rows, count_out, err);
}

enum rc
registry_removed_due(struct registry *registry, int64_t until_s, size_t max,
                     struct registry_removed *rows, size_t *count_out, struct err *err)
{
    return registry->ops->removed_due(registry, until_s, max, rows, count_out, err);
}

/* ---- changing ---- */

static enum rc
changed(struct registry *registry, enum rc rc)
{
    registry_cache_clear(registry);
    return rc;
}

/* The same for a change of which accounts there are. */
static enum rc
accounts_changed(struct registry *registry, enum rc rc)
{
    registry_cache_rights_changed(registry);
    return changed(registry, rc);
}

static enum rc
credentials_check(const char *crypt, const struct scram_keys *scram, struct err *err)
{
    if (crypt != NULL && strlen(crypt) >= REGISTRY_CRYPT_OCTETS)
        return err_set(err, RC_INVALID, 0, "a password hash of %zu octets", strlen(crypt));
    if (scram != NULL && scram->salt_octets > REGISTRY_SCRAM_SALT_OCTETS)
        return err_set(err, RC_INVALID, 0, "a salt of %u octets", scram->salt_octets);
    return RC_OK;
}

static enum rc
name_check(struct span name, struct err *err)
{
    if (registry_name_is_reserved(name))
        return err_set(err, RC_INVALID, 0,
                       "%.*s: access control lists would take this name for somebody else",
                       SPAN_FMT(name));
    return RC_OK;
}

enum rc
registry_add_many(struct registry *registry, struct registry_new *rows, size_t count,
                  struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        rows[i].refused = (struct err){.rc = RC_OK};
        if (name_check(rows[i].name, &rows[i].refused) == RC_OK)
            (void)!credentials_check(rows[i].crypt, rows[i].scram, &rows[i].refused);
    }
    return accounts_changed(registry, registry->ops->add_many(registry, rows, count, err));
}

enum rc
registry_add(struct registry *registry, struct span name, const char *crypt,
             const struct scram_keys *scram, uint64_t *id_out, struct err *err)
{
    struct registry_new row = {.name = name, .crypt = crypt, .scram = scram};
    const enum rc rc = registry_add_many(registry, &row, 1, err);

    if (rc != RC_OK)
        return rc;
    if (row.refused.rc != RC_OK && err != NULL)
        *err = row.refused;
    if (row.refused.rc == RC_OK)
        *id_out = row.id;
    return row.refused.rc;
}

enum rc
registry_set_password(struct registry *registry, uint64_t id, const char *crypt,
                      const struct scram_keys *scram, struct err *err)
{
    const enum rc rc = credentials_check(crypt, scram, err);

    if (rc != RC_OK)
        return rc;
    return changed(registry, registry->ops->set_password(registry, id, crypt, scram, err));
}

enum rc
registry_set_scram(struct registry *registry, uint64_t id, uint64_t generation,
                   const struct scram_keys *scram, struct err *err)
{
    enum rc rc = credentials_check(NULL, scram, err);

    if (rc != RC_OK)
        return rc;
    rc = registry->ops->set_scram(registry, id, generation, scram, err);
    registry_cache_forget(registry, id);
    return rc;
}

enum rc
registry_set_state(struct registry *registry, uint64_t id, enum account_state state,
                   struct err *err)
{
    return accounts_changed(registry, registry->ops->set_state(registry, id, state, err));
}

enum rc
registry_set_quota(struct registry *registry, uint64_t id, const struct quota_amounts *quota,
                   struct err *err)
{
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
        if (quota->of[i] > QUOTA_LIMIT_MAX && quota->of[i] < QUOTA_CONFIGURED)
            return err_set(err, RC_INVALID, 0, "a limit of %ju", (uintmax_t)quota->of[i]);
    return changed(registry, registry->ops->set_quota(registry, id, quota, err));
}

enum rc
registry_alias_add(struct registry *registry, uint64_t id, struct span address, struct err *err)
{
    return changed(registry, registry->ops->alias_add(registry, id, address, err));
}

enum rc
registry_alias_remove(struct registry *registry, uint64_t id, struct span address,
                      struct err *err)
{
    return changed(registry, registry->ops->alias_remove(registry, id, address, err));
}

enum rc
registry_remove(struct registry *registry, uint64_t id, struct err *err)
{
    return accounts_changed(registry, registry->ops->remove(registry, id, err));
}

enum rc
registry_restore(struct registry *registry, uint64_t id, struct span name, struct arena *arena,
                 struct span **taken_out, size_t *taken_count_out, struct err *err)
{
    const enum rc rc = name.len == 0 ? RC_OK : name_check(name, err);

    if (rc != RC_OK)
        return rc;
    return accounts_changed(registry, registry->ops->restore(registry, id, name, arena,
                                                             taken_out, taken_count_out, err));
}

enum rc
registry_purge_begin(struct registry *registry, uint64_t id, struct err *err)
{
    return accounts_changed(registry, registry->ops->purge_begin(registry, id, err));
}

enum rc
registry_purge_end(struct registry *registry, uint64_t id, struct err *err)
{
    return accounts_changed(registry, registry->ops->purge_end(registry, id, err));
}
