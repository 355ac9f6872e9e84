/* SPDX-License-Identifier: MIT */
/*
 * The seam of application passwords: each call goes to the engine that made the registry, and
 * what no engine may keep is refused here. Thread: any.
 */
#include "store/app_password.h"

#include <string.h>

#include "store/registry_private.h"

/* Names are shown in lists and in the log. */
static enum rc
name_check(const char *name, struct err *err)
{
    const size_t len = strnlen(name, APP_PASSWORD_NAME_OCTETS);

    if (len == 0 || len > LIMIT_APP_PASSWORD_NAME)
        return err_set(err, RC_INVALID, 0,
                       "the name of an application password has 1 to %u octets",
                       LIMIT_APP_PASSWORD_NAME);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || name[i] == '"')
            return err_set(err, RC_INVALID, 0,
                           "the name of an application password has no control characters and "
                           "no quotation marks");
    return RC_OK;
}

enum rc
registry_app_add(struct registry *registry, uint64_t account,
                 const struct app_password *password, const struct scram_keys *salt,
                 uint64_t *id_out, struct err *err)
{
    enum rc rc = name_check(password->name, err);

    if (rc != RC_OK)
        return rc;
    if (salt->iterations == 0 || salt->salt_octets == 0 ||
        salt->salt_octets > REGISTRY_SCRAM_SALT_OCTETS)
        return err_set(err, RC_INVALID, 0, "an application password without a salt");
    rc = registry->ops->app_add(registry, account, password, salt, id_out, err);
    registry_cache_clear(registry);
    return rc;
}

enum rc
registry_app_remove(struct registry *registry, uint64_t account, struct span name,
                    uint64_t *id_out, struct err *err)
{
    const enum rc rc = registry->ops->app_remove(registry, account, name, id_out, err);

    registry_cache_clear(registry);
    return rc;
}

enum rc
registry_app_list(struct registry *registry, uint64_t account, struct app_password *rows,
                  size_t *count_out, struct err *err)
{
    return registry->ops->app_list(registry, account, rows, count_out, err);
}

enum rc
registry_app_find(struct registry *registry, uint64_t account,
                  const uint8_t digest[APP_PASSWORD_DIGEST_OCTETS], struct app_password *out,
                  struct err *err)
{
    return registry->ops->app_find(registry, account, digest, out, err);
}

enum rc
registry_app_is_there(struct registry *registry, uint64_t account, uint64_t id, bool *there_out,
                      struct err *err)
{
    struct app_password rows[LIMIT_APP_PASSWORDS];
    size_t count = 0;
    const enum rc rc = registry_app_list(registry, account, rows, &count, err);

    if (rc != RC_OK)
        return rc;
    *there_out = false;
    for (size_t i = 0; i < count; i++)
        *there_out = *there_out || rows[i].id == id;
    return RC_OK;
}

/* No look-up is answered from what this changes, so the cache stays. */
enum rc
registry_app_used(struct registry *registry, const struct app_use *uses, size_t count,
                  struct err *err)
{
    return count == 0 ? RC_OK : registry->ops->app_used(registry, uses, count, err);
}
