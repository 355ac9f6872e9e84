/* SPDX-License-Identifier: MIT */
/*
 * Who a name or an address means. An engine knows each address of an account, its own name
 * first, so a look-up is one key; the rules about domains only say which keys to try.
 * Thread: any.
 */
#include "store/registry_private.h"

#include <stdio.h>
#include <string.h>

/* A map stores short keys in its slots, so a number takes only the octets that it needs. */
struct id_key {
    char octets[1 + sizeof(uint64_t)]; /* the first one is 0, with which no address begins */
    size_t len;
};

static struct id_key
id_key(uint64_t id)
{
    struct id_key key = {.len = 1};

    for (; id != 0; id >>= 8)
        key.octets[key.len++] = (char)(id & 0xff);
    return key;
}

static struct span
id_key_span(const struct id_key *key)
{
    return span_of(key->octets, key->len);
}

/* An address in lower case. Whoever looks up a name asks for its number next. */
static enum rc
look_up(struct registry *registry, struct span address, struct registry_hit *out,
        struct err *err)
{
    uint64_t generation = 0;

    if (registry_cache_get(registry, address, out, &generation))
        return RC_OK;
    const enum rc rc = registry_read_address(registry, address, out, err);
    if (rc != RC_OK)
        return rc;
    const struct id_key key = id_key(out->account.id);
    /* the same as registry_read_id would return */
    const bool as_by_id = out->found && !out->alias;
    registry_cache_put(registry, address, as_by_id ? id_key_span(&key) : SPAN(""), out,
                       generation);
    return RC_OK;
}

static enum rc
no_account(struct span name, struct err *err)
{
    return err_set(err, RC_NOT_FOUND, 0, "no account %.*s", SPAN_FMT(name));
}

/* The account whose own name this is. */
static enum rc
find_own(struct registry *registry, struct span name, struct registry_account *out,
         struct err *err)
{
    struct registry_hit hit;
    const enum rc rc = look_up(registry, name, &hit, err);

    if (rc != RC_OK)
        return rc;
    if (!hit.found || hit.alias)
        return no_account(name, err);
    *out = hit.account;
    return RC_OK;
}

enum rc
registry_find(struct registry *registry, struct span name, struct registry_account *out,
              struct err *err)
{
    struct registry_name folded;

    if (registry_name_make(name, NAME_ACCOUNT, &folded, NULL) != RC_OK)
        return no_account(name, err);
    return find_own(registry, registry_name_span(&folded), out, err);
}

enum rc
registry_find_id(struct registry *registry, uint64_t id, struct registry_account *out,
                 struct err *err)
{
    const struct id_key key = id_key(id);
    struct registry_hit hit;
    uint64_t generation = 0;

    if (!registry_cache_get(registry, id_key_span(&key), &hit, &generation)) {
        const enum rc rc = registry_read_id(registry, id, &hit, err);
        if (rc != RC_OK)
            return rc;
        registry_cache_put(registry, id_key_span(&key), SPAN(""), &hit, generation);
    }
    if (!hit.found)
        return err_set(err, RC_NOT_FOUND, 0, "no account %ju", (uintmax_t)id);
    *out = hit.account;
    return RC_OK;
}

/* In lower case; {NULL, 0}: longer than any domain that is used here. */
static struct span
domain_fold(struct span domain, char out[REGISTRY_NAME_OCTETS])
{
    if (domain.len > REGISTRY_NAME_OCTETS)
        return (struct span){0};
    for (size_t i = 0; i < domain.len; i++)
        out[i] = ascii_lower(domain.ptr[i]);
    return span_of(out, domain.len);
}

/* One of the server's own. */
static bool
domain_is_own(const struct registry *registry, struct span domain)
{
    char folded[REGISTRY_NAME_OCTETS];

    return map_get(&registry->own_domains, domain_fold(domain, folded)) != NULL;
}

enum rc
registry_find_login(struct registry *registry, struct span login, struct registry_account *out,
                    struct err *err)
{
    struct registry_name name;

    if (registry_name_make(login, NAME_ACCOUNT, &name, NULL) != RC_OK)
        return no_account(login, err);
    const struct span whole = registry_name_span(&name);
    const enum rc rc = find_own(registry, whole, out, err);
    if (rc != RC_NOT_FOUND || name.at == name.len ||
        !domain_is_own(registry, span_tail(whole, name.at + 1)))
        return rc;
    return find_own(registry, span_head(whole, name.at), out, err);
}

/* True when some account or alias has the domain. */
static enum rc
domain_is_used(struct registry *registry, struct span domain, bool *out, struct err *err)
{
    char text[REGISTRY_NAME_OCTETS];
    const struct span folded = domain_fold(domain, text);

    *out = false;
    return folded.ptr == NULL ? RC_OK : registry_read_domain(registry, folded, out, err);
}

/* Tries the keys that an address may be stored under, in order. */
static enum rc
route_hit(struct registry *registry, const struct registry_name *name, bool own,
          struct registry_hit *out, struct err *err)
{
    const struct span whole = registry_name_span(name);
    enum rc rc = look_up(registry, whole, out, err);

    if (rc != RC_OK || out->found || name->at == name->len)
        return rc;
    if (own)
        rc = look_up(registry, span_head(whole, name->at), out, err);
    if (rc != RC_OK || out->found)
        return rc;
    return look_up(registry, span_tail(whole, name->at), out, err);
}

enum rc
registry_route(struct registry *registry, struct span local, struct span domain,
               enum registry_route *route_out, struct registry_account *out, struct err *err)
{
    char text[REGISTRY_NAME_OCTETS + 2];
    struct registry_name name;
    struct registry_hit hit = {0};
    const bool own = domain.len == 0 || domain_is_own(registry, domain);
    bool used = own;
    enum rc rc = RC_OK;
    const int len = snprintf(text, sizeof text, "%.*s%s%.*s", SPAN_FMT(local),
                             domain.len == 0 ? "" : "@", SPAN_FMT(domain));

    /* What is not a name, or too long for one, is nobody's: the domain still tells which
     * answer.
     */
    if (local.len != 0 && (size_t)len < sizeof text &&
        registry_name_make(span_of(text, (size_t)len), NAME_ACCOUNT, &name, NULL) == RC_OK)
        rc = route_hit(registry, &name, own, &hit, err);
    if (rc == RC_OK && !hit.found && !own)
        rc = domain_is_used(registry, domain, &used, err);
    if (rc != RC_OK)
        return rc;
    if (hit.found)
        *out = hit.account;
    *route_out = hit.found ? ROUTE_ACCOUNT : used ? ROUTE_UNKNOWN_USER : ROUTE_FOREIGN_DOMAIN;
    return RC_OK;
}

/* Counted once and kept until something changes: it is asked before every login. */
enum rc
registry_count(struct registry *registry, uint64_t *enabled_out, uint64_t *without_scram_out,
               struct err *err)
{
    const uint64_t generation = registry_cache_look(registry);

    lock_enter(&registry->lock);
    const bool counted = registry->counted;
    if (counted) {
        *enabled_out = registry->enabled;
        *without_scram_out = registry->without_scram;
    }
    lock_leave(&registry->lock);
    if (counted)
        return RC_OK;

    uint64_t enabled = 0;
    uint64_t without = 0;
    const enum rc rc = registry_read_count(registry, &enabled, &without, err);
    if (rc != RC_OK)
        return rc;
    lock_enter(&registry->lock);
    if (generation == registry->generation) {
        registry->counted = true;
        registry->enabled = enabled;
        registry->without_scram = without;
    }
    lock_leave(&registry->lock);
    *enabled_out = enabled;
    *without_scram_out = without;
    return RC_OK;
}
