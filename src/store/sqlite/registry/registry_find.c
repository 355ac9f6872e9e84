/* SPDX-License-Identifier: MIT */
/*
 * Who a name or an address means. Every address of an account, its own name first, is a row of
 * one table, so a look-up is one key; the rules about domains only say which keys to
 * try. Thread: any.
 */
#include "store/sqlite/registry/registry_private.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* ---- names ---- */

/* Octets that end or quote a local-part in RFC 5321, or would split lines of a log. */
static bool
octet_is_allowed(char c)
{
    const unsigned char octet = (unsigned char)c;

    return octet > ' ' && octet != 0x7f && strchr("\"(),:;<>[\\]", octet) == NULL;
}

enum rc
registry_name_make(struct span text, enum registry_name_kind kind, struct registry_name *out,
                   struct err *err)
{
    const ptrdiff_t found = span_find_char(text, '@');
    const size_t at = found < 0 ? text.len : (size_t)found;

    if (text.len == 0 || text.len >= REGISTRY_NAME_OCTETS)
        return err_set(err, RC_INVALID, 0, "a name has 1 to %d octets, not %zu",
                       REGISTRY_NAME_OCTETS - 1, text.len);
    if (at + 1 == text.len || (at == 0 && kind == NAME_ACCOUNT) ||
        span_find_char(span_tail(text, at + 1), '@') >= 0)
        return err_set(err, RC_INVALID, 0, "%.*s: not a name, and not an address",
                       SPAN_FMT(text));
    for (size_t i = 0; i < text.len; i++) {
        if (!octet_is_allowed(text.ptr[i]))
            return err_set(err, RC_INVALID, 0, "an octet (%u) that no name may contain",
                           (unsigned char)text.ptr[i]);
        out->text[i] = ascii_lower(text.ptr[i]);
    }
    out->text[text.len] = '\0';
    out->len = text.len;
    out->at = at;
    return RC_OK;
}

/* ---- rows ---- */

static void
copy_text(char *to, size_t size, struct span text)
{
    snprintf(to, size, "%.*s", SPAN_FMT(text));
}

static void
copy_key(uint8_t *to, size_t size, struct span key)
{
    memset(to, 0, size);
    if (key.len != 0)
        memcpy(to, key.ptr, key.len < size ? key.len : size);
}

void
registry_row_read(struct stmt *stmt, struct registry_account *out)
{
    memset(out, 0, sizeof *out);
    out->id = (uint64_t)stmt_i64(stmt, 0);
    copy_text(out->name, sizeof out->name, stmt_span(stmt, 1));
    out->state = stmt_i64(stmt, 2) == 0 ? ACCOUNT_ENABLED : ACCOUNT_DISABLED;
    copy_text(out->crypt, sizeof out->crypt, stmt_span(stmt, 3));
    out->scram.iterations = (uint32_t)stmt_i64(stmt, 4);
    const struct span salt = span_head(stmt_span(stmt, 5), sizeof out->scram.salt);
    out->scram.salt_octets = (uint8_t)salt.len;
    copy_key(out->scram.salt, sizeof out->scram.salt, salt);
    copy_key(out->scram.stored_key, sizeof out->scram.stored_key, stmt_span(stmt, 6));
    copy_key(out->scram.server_key, sizeof out->scram.server_key, stmt_span(stmt, 7));
    out->password_generation = (uint64_t)stmt_i64(stmt, 8);
    out->created_s = stmt_i64(stmt, 9);
}

/* ---- look-ups ---- */

/* The first row of a statement with one parameter as a hit; no row is a hit that found nothing.
 */
static enum rc
read_hit(struct stmt *stmt, bool has_alias, struct registry_hit *out, struct err *err)
{
    const enum rc rc = stmt_one(stmt, err);

    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    memset(out, 0, sizeof *out);
    if (rc == RC_OK) {
        out->found = true;
        out->alias = has_alias && stmt_i64(stmt, 10) != 0;
        registry_row_read(stmt, &out->account);
    }
    return RC_OK;
}

/* An address in lower case. */
static enum rc
look_up(struct registry *registry, struct span address, struct registry_hit *out,
        struct err *err)
{
    uint64_t generation = 0;

    if (registry_cache_get(registry, address, out, &generation))
        return RC_OK;
    struct db *db = registry_db_take(registry);
    struct stmt stmt = stmt_get(db, REG_BY_ADDRESS);
    stmt_bind_text(&stmt, 1, address);
    const enum rc rc = read_hit(&stmt, true, out, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    if (rc == RC_OK)
        registry_cache_put(registry, address, out, generation);
    return rc;
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
    char key[1 + sizeof id] = {'\0'}; /* no address begins with it */
    struct registry_hit hit;
    uint64_t generation = 0;

    memcpy(key + 1, &id, sizeof id);
    if (!registry_cache_get(registry, span_of(key, sizeof key), &hit, &generation)) {
        struct db *db = registry_db_take(registry);
        struct stmt stmt = stmt_get(db, REG_BY_ID);
        stmt_bind_i64(&stmt, 1, (int64_t)id);
        const enum rc rc = read_hit(&stmt, false, &hit, err);
        stmt_reset(&stmt);
        registry_db_give(registry);
        if (rc != RC_OK)
            return rc;
        registry_cache_put(registry, span_of(key, sizeof key), &hit, generation);
    }
    if (!hit.found)
        return err_set(err, RC_NOT_FOUND, 0, "no account %ju", (uintmax_t)id);
    *out = hit.account;
    return RC_OK;
}

/* One of the server's own domains; in lower case. */
static bool
domain_is_own(const struct registry *registry, struct span domain)
{
    for (size_t i = 0; i < registry->domain_count; i++)
        if (span_ieq_str(domain, registry->domains[i]))
            return true;
    return false;
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
    char folded[REGISTRY_NAME_OCTETS];

    *out = false;
    if (domain.len > sizeof folded)
        return RC_OK;
    for (size_t i = 0; i < domain.len; i++)
        folded[i] = ascii_lower(domain.ptr[i]);
    struct db *db = registry_db_take(registry);
    struct stmt stmt = stmt_get(db, REG_DOMAIN);

    stmt_bind_text(&stmt, 1, span_of(folded, domain.len));
    const enum rc rc = stmt_one(&stmt, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    *out = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
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

    /* What is no name, or too long for one, is nobody's: the domain still tells which answer.
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

enum rc
registry_list(struct registry *registry, struct span after, size_t max,
              struct registry_account *rows, size_t *count_out, struct err *err)
{
    size_t count = 0;
    struct db *db = registry_db_take(registry);
    struct stmt stmt = stmt_get(db, REG_LIST);

    stmt_bind_text(&stmt, 1, after);
    stmt_bind_i64(&stmt, 2, (int64_t)max);
    while (count < max && stmt_row(&stmt))
        registry_row_read(&stmt, &rows[count++]);
    const enum rc rc = stmt_end(&stmt, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    if (rc == RC_OK)
        *count_out = count;
    return rc;
}

enum rc
registry_texts_read(struct stmt *stmt, struct arena *arena, struct span **out,
                    size_t *count_out, struct err *err)
{
    size_t count = 0;
    size_t cap = 0;
    struct span *list = arena_array(arena, struct span, 1);
    bool full = list == NULL;

    while (!full && stmt_row(stmt)) {
        if (count == cap) {
            cap = cap == 0 ? 8 : cap * 2;
            struct span *grown = arena_array(arena, struct span, cap);
            if (grown != NULL && count != 0)
                memcpy(grown, list, count * sizeof *list);
            list = grown;
        }
        full = list == NULL;
        if (!full) {
            list[count] = arena_span(arena, stmt_span(stmt, 0));
            full = list[count++].ptr == NULL;
        }
    }
    const enum rc rc = stmt_end(stmt, err);
    if (full)
        return err_set(err, RC_LIMIT, 0, "addresses: out of memory");
    if (rc == RC_OK) {
        *out = list;
        *count_out = count;
    }
    return rc;
}

enum rc
registry_alias_list(struct registry *registry, uint64_t id, struct arena *arena,
                    struct span **out, size_t *count_out, struct err *err)
{
    struct stmt stmt = stmt_get(registry_db_take(registry), REG_ALIASES);

    stmt_bind_i64(&stmt, 1, (int64_t)id);
    const enum rc rc = registry_texts_read(&stmt, arena, out, count_out, err);
    stmt_reset(&stmt);
    registry_db_give(registry);
    return rc;
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

    struct db *db = registry_db_take(registry);
    struct stmt stmt = stmt_get(db, REG_COUNT);
    const enum rc rc = stmt_one(&stmt, err);
    const uint64_t enabled = rc == RC_OK ? (uint64_t)stmt_i64(&stmt, 0) : 0;
    const uint64_t without = rc == RC_OK ? (uint64_t)stmt_i64(&stmt, 1) : 0;
    stmt_reset(&stmt);
    registry_db_give(registry);
    if (rc != RC_OK)
        return rc;
    lock_enter(&registry->lock);
    if (generation == registry->cache_generation) {
        registry->counted = true;
        registry->enabled = enabled;
        registry->without_scram = without;
    }
    lock_leave(&registry->lock);
    *enabled_out = enabled;
    *without_scram_out = without;
    return RC_OK;
}
