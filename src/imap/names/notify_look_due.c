/* SPDX-License-Identifier: MIT */
/* Whether NOTIFY must look at mailboxes of other users, and at whose. */
#include "imap/names/notify_others.h"

#include <stdlib.h>

#include "store/registry.h"
#include "store/sharing.h"

static uint64_t
hash_octets(uint64_t hash, const void *octets, size_t count)
{
    const unsigned char *at = octets;

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash;
}

/* A hash of who shares something with the user, of the user's groups, and of whether what is
 * granted to anyone counts. */
static enum rc
sharers_hash(struct imap_session *im, uint64_t *hash_out, struct err *err)
{
    struct registry *registry = im->s.env->registry;
    struct registry_sharer *sharers = NULL;
    uint64_t *groups = NULL;
    size_t count = 0;
    size_t group_count = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, LIMIT_CMD_ARENA);
    enum rc rc = registry_sharers(registry, im->s.account_id, LIMIT_SHARERS, &arena, &sharers,
                                  &count, err);
    if (rc == RC_OK)
        rc = registry_groups_of(registry, im->s.account_id, &arena, &groups, &group_count, err);
    if (rc != RC_OK)
        return rc;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < count; i++) {
        hash = hash_octets(hash, &sharers[i].account, sizeof sharers[i].account);
        hash = hash_octets(hash, sharers[i].name.ptr, sharers[i].name.len);
    }
    const bool with_anyone = registry_with_anyone(registry);
    hash = hash_octets(hash, &with_anyone, sizeof with_anyone);
    *hash_out = hash_octets(hash, groups, group_count * sizeof *groups);
    return RC_OK;
}

static struct notify_owner *
changed_owner(const struct notify_others *others)
{
    struct notify_owner *owner = others->owners;

    while (owner != NULL && owner->names_serial == account_names_serial(owner->acct))
        owner = owner->next;
    return owner;
}

/* Each look makes a list of its own, so if many accounts have changed, one look at all is less
 * work. */
static bool
many_have_changed(const struct notify_others *others)
{
    size_t changed = 0;

    for (const struct notify_owner *owner = others->owners; owner != NULL; owner = owner->next)
        changed += owner->names_serial != account_names_serial(owner->acct);
    return changed > OTHERS_ONE_BY_ONE;
}

/* Whether it is time to look again at what could not be read. */
static bool
is_time_again(const struct imap_session *im, const struct notify_others *others)
{
    return others->again_us != 0 && clock_mono_us(im->s.env->clock) >= others->again_us;
}

bool
notify_look_is_due(const struct imap_session *im, struct notify_others *others)
{
    return others->look != NULL || others->look_at_all || is_time_again(im, others) ||
           others->sharing != env_settings(im->s.env)->sharing ||
           others->serial != notify_sharing_serial(im) || changed_owner(others) != NULL;
}

enum rc
notify_look_new(struct imap_session *im, struct notify_others *others, struct err *err)
{
    struct others_look look = {.serial = notify_sharing_serial(im),
                               .sharing = env_settings(im->s.env)->sharing};

    others->look_at_all |= is_time_again(im, others);
    look.sharers = others->sharers;
    if (others->serial != look.serial || others->look_at_all) {
        const enum rc rc = sharers_hash(im, &look.sharers, err);
        if (rc != RC_OK)
            return rc;
    }
    if (!others->look_at_all && look.sharers == others->sharers &&
        look.sharing == others->sharing) {
        if (others->serial != look.serial) /* who shares nothing any more may be removed */
            notify_owners_tidy(im, others);
        others->serial = look.serial;
        look.only = changed_owner(others);
        if (look.only == NULL)
            return RC_OK;
        if (many_have_changed(others))
            look.only = NULL;
    }
    others->look = malloc(sizeof *others->look);
    if (others->look == NULL)
        return RC_LIMIT;
    *others->look = look;
    arena_init(&others->look->arena, LIMIT_CMD_ARENA);
    for (struct notify_owner *owner = others->owners; owner != NULL; owner = owner->next)
        owner->look_serial = account_names_serial(owner->acct);
    others->look_at_all = false;
    return RC_OK;
}
