/* SPDX-License-Identifier: MIT */
/*
 * Power loss at every moment of the life of a data directory: `roost init` makes it, then
 * accounts are added, renamed by aliases, given passwords, application passwords, limits and
 * groups, share mailboxes, get mail, are removed, brought back and purged, and clients become
 * known, while everything is closed and opened again from time to time.
 *
 * After each change that was acknowledged, all of this is read and written down as one text.
 * In each state that a power loss may leave, a server opens the directory and reads the text
 * of the last change that was acknowledged, or of the one that was under way; what is promised
 * across the registry and the accounts holds; and more accounts and mail can come.
 */
#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/known.h"
#include "base/fd.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "daemon/house.h"
#include "power.h"
#include "store/app_password.h"
#include "store/removed.h"
#include "store/sharing.h"
#include "support/tmpdir.h"

enum {
    CHANGES = 100,
    MOMENTS_MAX = 3 * CHANGES,
    IDS_MAX = 200, /* numbers of accounts */
    GROUPS_MAX = 40,
    ROWS_MAX = 200,
    ADDRESSES = 6, /* of clients */
    SEEN_OCTETS_MAX = 4 << 20,
    MADE_FILES = 3,
};

/* What `roost init` writes once and nobody changes. */
static const char *const made_files[MADE_FILES] = {"roost.conf", "key.pem", "cert.pem"};

struct life {
    struct fixture *fx; /* store, arena and error; the house owns the store */
    char base[64];
    struct config *config;
    struct house house;
    struct rng rng;
    struct power *power;
    char *made[MADE_FILES]; /* what is in those files */
    size_t made_at;         /* `roost init` has ended */
    struct moment {
        size_t at; /* acknowledged from there on */
        char *seen;
        uint64_t highest_id;
    } moments[MOMENTS_MAX];
    size_t count;
    bool has_mail[IDS_MAX]; /* some was delivered to it once, and it was not purged */
    uint64_t highest_id;
    unsigned names; /* for names that were not there yet */
    unsigned done[20];
};

/* ---- what can be seen ---- */

static struct span
address_of(unsigned number, char octets[4])
{
    memcpy(octets, (const char[]){10, 0, 0, (char)number}, 4);
    return span_of(octets, 4);
}

static void
hex_see(struct buf *out, const uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%02x", octets[i]);
    buf_put_lit(out, " ");
}

static void
apps_see(struct life *life, uint64_t id, struct buf *out)
{
    static struct app_password rows[LIMIT_APP_PASSWORDS];
    struct fixture *fx = life->fx;
    size_t count = 0;

    assert_ok(registry_app_list(life->house.registry, id, rows, &count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "  device %ju %s %x %jd %jd ", (uintmax_t)rows[i].id, rows[i].name,
                   rows[i].protocols, (intmax_t)rows[i].expires_s, (intmax_t)rows[i].used_s);
        hex_see(out, rows[i].digest, sizeof rows[i].digest);
        hex_see(out, rows[i].stored_key, sizeof rows[i].stored_key);
        buf_put_lit(out, "\n");
    }
}

static void
links_see(struct life *life, uint64_t id, struct buf *out)
{
    struct registry *registry = life->house.registry;
    struct fixture *fx = life->fx;
    struct registry_sharer *sharers = NULL;
    struct span *aliases = NULL;
    uint64_t *groups = NULL;
    size_t count = 0;

    assert_ok(registry_alias_list(registry, id, &fx->arena, &aliases, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "  alias %.*s\n", SPAN_FMT(aliases[i]));
    assert_ok(registry_groups_of(registry, id, &fx->arena, &groups, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "  in group %ju\n", (uintmax_t)groups[i]);
    assert_ok(registry_sharers(registry, id, ROWS_MAX, &fx->arena, &sharers, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "  sharer %.*s\n", SPAN_FMT(sharers[i].name));
}

static void
account_see(struct life *life, const struct registry_account *account, struct buf *out)
{
    const struct scram_keys *scram = &account->scram;

    buf_printf(out, "account %ju %s %d %s %u %d %ju %jd", (uintmax_t)account->id, account->name,
               account->state, account->crypt, scram->iterations, scram->salt_only,
               (uintmax_t)account->password_generation, (intmax_t)account->created_s);
    for (int i = 0; i < QUOTA_RESOURCES; i++)
        buf_printf(out, " %ju", (uintmax_t)account->quota.of[i]);
    buf_put_lit(out, " ");
    hex_see(out, scram->salt, scram->salt_octets);
    if (scram_keys_are_there(scram))
        hex_see(out, scram->stored_key, sizeof scram->stored_key);
    buf_put_lit(out, "\n");
    links_see(life, account->id, out);
    apps_see(life, account->id, out);
}

static void
groups_see(struct life *life, struct buf *out)
{
    static struct registry_group groups[GROUPS_MAX];
    struct registry *registry = life->house.registry;
    struct fixture *fx = life->fx;
    size_t count = 0;

    assert_ok(registry_group_list(registry, SPAN(""), GROUPS_MAX, groups, &count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        struct span *members = NULL;
        size_t member_count = 0;
        buf_printf(out, "group %ju %s:", (uintmax_t)groups[i].id, groups[i].name);
        assert_ok(registry_group_members(registry, groups[i].id, &fx->arena, &members,
                                         &member_count, &fx->err));
        for (size_t k = 0; k < member_count; k++)
            buf_printf(out, " %.*s", SPAN_FMT(members[k]));
        buf_put_lit(out, "\n");
    }
}

/* Messages with their texts, and the access control list. */
static void
mail_see(struct life *life, uint64_t id, struct buf *out)
{
    struct fixture *fx = life->fx;
    struct acl_row *rights = NULL;
    struct registry_account account;
    AUTO_BUF text = {0};
    size_t count = 0;

    buf_init(&text, 1 << 20);
    assert_ok(store_account_get(fx->store, id, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    const struct entry *rows = entries(fx, tx, mbox_id(fx, tx, "INBOX"), &count);
    for (size_t i = 0; i < count; i++) {
        uint64_t sum = 0;
        buf_clear(&text);
        assert_ok(store_content_read(tx, rows[i].message, 0, UINT64_MAX, &text, &fx->err));
        for (size_t k = 0; k < buf_len(&text); k++)
            sum = sum * 31 + (uint8_t)buf_span(&text).ptr[k];
        buf_printf(out, "mail %ju %u %zu %jx\n", (uintmax_t)id, rows[i].uid, buf_len(&text),
                   (uintmax_t)sum);
    }
    assert_ok(store_acl(tx, 0, &fx->arena, &rights, &count, &fx->err));
    store_end(tx);
    verify(fx);
    for (size_t i = 0; i < count; i++) {
        bool noted = false;
        buf_printf(out, "right in %ju of %ju: %x\n", (uintmax_t)id, (uintmax_t)rights[i].who,
                   rights[i].rights);
        if (registry_find_id(life->house.registry, id, &account, NULL) != RC_OK ||
            registry_find_id(life->house.registry, rights[i].who, &account, NULL) != RC_OK)
            continue; /* who was removed shares nothing, and nobody ever gets his number */
        assert_ok(
            registry_shares_with(life->house.registry, id, rights[i].who, &noted, &fx->err));
        if (!noted) /* INV-S23 */
            fail_msg("account %ju: what %ju may do is not in the index", (uintmax_t)id,
                     (uintmax_t)rights[i].who);
    }
    store_account_put(fx->acct);
    fx->acct = NULL;
}

static void
accounts_see(struct life *life, struct buf *out)
{
    static struct registry_account accounts[ROWS_MAX];
    static struct registry_removed removed[ROWS_MAX];
    struct registry *registry = life->house.registry;
    struct fixture *fx = life->fx;
    size_t count = 0;

    assert_ok(registry_list(registry, SPAN(""), ROWS_MAX, accounts, &count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        account_see(life, &accounts[i], out);
        if (life->has_mail[accounts[i].id])
            mail_see(life, accounts[i].id, out);
    }
    assert_ok(registry_removed_list(registry, 0, ROWS_MAX, removed, &count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "removed %ju %s %jd%s\n", (uintmax_t)removed[i].id, removed[i].name,
                   (intmax_t)removed[i].removed_s, removed[i].purging ? " for good" : "");
        if (!removed[i].purging && life->has_mail[removed[i].id])
            mail_see(life, removed[i].id, out);
    }
}

static struct known *
known_open(struct life *life)
{
    uint8_t secret[32];

    registry_secret(life->house.registry, secret);
    struct known *known =
        known_new(64, secret, config_path(life->config, "logins.known"), &test_clock);
    assert_non_null(known);
    return known;
}

static void
known_see(struct life *life, struct buf *out)
{
    struct known *known = known_open(life);
    char octets[4];

    for (unsigned address = 0; address < ADDRESSES; address++)
        for (uint64_t id = 1; id <= life->highest_id; id++)
            if (known_has(known, address_of(address, octets), id))
                buf_printf(out, "known %u %ju\n", address, (uintmax_t)id);
    known_free(known);
}

static char *
all_see(struct life *life)
{
    AUTO_BUF out = {0};
    uint8_t secret[32];

    buf_init(&out, SEEN_OCTETS_MAX);
    registry_secret(life->house.registry, secret);
    hex_see(&out, secret, sizeof secret);
    buf_put_lit(&out, "\n");
    accounts_see(life, &out);
    groups_see(life, &out);
    known_see(life, &out);
    assert_true(buf_ok(&out));
    char *seen = strndup(buf_span(&out).ptr, buf_len(&out));
    assert_non_null(seen);
    arena_reset(&life->fx->arena);
    return seen;
}

/* ---- opening ---- */

static void
life_open(struct life *life, const char *dir)
{
    struct fixture *fx = life->fx;
    char path[200];

    snprintf(path, sizeof path, "%s/roost.conf", dir);
    assert_ok(config_read(path, NULL, 0, &life->config, &fx->err));
    assert_ok(house_open(&life->house, life->config, HOUSE_OFFLINE, &test_clock, &fx->err));
    fx->store = life->house.store;
}

static void
life_close(struct life *life)
{
    house_close(&life->house);
    config_free(life->config);
    life->fx->store = NULL;
}

/* ---- changes ---- */

/* What has just been acknowledged. */
static void
acknowledged(struct life *life)
{
    assert_true(life->count < MOMENTS_MAX);
    const size_t at = power_count(life->power); /* reading changes nothing that is promised */
    life->moments[life->count++] = (struct moment){at, all_see(life), life->highest_id};
}

/* Some account in use; 0: there is none. */
static uint64_t
account_any(struct life *life)
{
    static struct registry_account rows[ROWS_MAX];
    struct fixture *fx = life->fx;
    size_t count = 0;

    assert_ok(registry_list(life->house.registry, SPAN(""), ROWS_MAX, rows, &count, &fx->err));
    return count == 0 ? 0 : rows[rng_below(&life->rng, (uint32_t)count)].id;
}

static struct scram_keys
keys_any(struct life *life)
{
    struct scram_keys keys = {.iterations = 4096, .salt_octets = 16};

    for (size_t i = 0; i < sizeof keys.stored_key; i++) {
        keys.stored_key[i] = (uint8_t)rng_below(&life->rng, 256);
        keys.server_key[i] = (uint8_t)rng_below(&life->rng, 256);
    }
    memset(keys.salt, (int)rng_below(&life->rng, 256), 16);
    return keys;
}

static void
accounts_added(struct life *life)
{
    struct fixture *fx = life->fx;
    const struct scram_keys keys = keys_any(life);
    struct registry_new rows[3];
    char names[ARRAY_LEN(rows)][40];
    const size_t count = 1 + (size_t)rng_below(&life->rng, ARRAY_LEN(rows));

    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "user%u%s", life->names++,
                 rng_below(&life->rng, 2) == 0 ? "" : "@example.org");
        rows[i] = (struct registry_new){.name = span_of_str(names[i]),
                                        .crypt = "$y$hash",
                                        .scram = rng_below(&life->rng, 2) == 0 ? &keys : NULL};
    }
    assert_ok(registry_add_many(life->house.registry, rows, count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].refused.rc, RC_OK);
        assert_true(rows[i].id > life->highest_id && rows[i].id < IDS_MAX);
        life->highest_id = rows[i].id;
    }
}

static void
password_changed(struct life *life)
{
    struct fixture *fx = life->fx;
    struct registry *registry = life->house.registry;
    struct registry_account account;
    struct scram_keys keys = keys_any(life);
    char crypt[40];

    assert_ok(registry_find_id(registry, account_any(life), &account, &fx->err));
    if (account.app_passwords > 0) { /* they share salt and iterations */
        keys.iterations = account.scram.iterations;
        keys.salt_octets = account.scram.salt_octets;
        memcpy(keys.salt, account.scram.salt, sizeof keys.salt);
    }
    snprintf(crypt, sizeof crypt, "$y$hash%u", life->names++);
    if (account.scram.iterations == 0 && rng_below(&life->rng, 2) == 0)
        assert_ok(registry_set_scram(registry, account.id, account.password_generation, &keys,
                                     &fx->err));
    else
        assert_ok(registry_set_password(registry, account.id, crypt,
                                        rng_below(&life->rng, 3) == 0 ? NULL : &keys,
                                        &fx->err));
}

static void
account_set(struct life *life)
{
    struct fixture *fx = life->fx;
    const uint64_t id = account_any(life);
    const struct quota_amounts quota = {
        .of = {rng_below(&life->rng, 1000), QUOTA_UNLIMITED, QUOTA_CONFIGURED}};

    if (rng_below(&life->rng, 2) == 0)
        assert_ok(registry_set_state(life->house.registry, id,
                                     (enum account_state)rng_below(&life->rng, 2), &fx->err));
    else
        assert_ok(registry_set_quota(life->house.registry, id, &quota, &fx->err));
}

static void
aliases_changed(struct life *life)
{
    struct fixture *fx = life->fx;
    const uint64_t id = account_any(life);
    struct span *aliases = NULL;
    size_t count = 0;
    char name[40];

    assert_ok(
        registry_alias_list(life->house.registry, id, &fx->arena, &aliases, &count, &fx->err));
    snprintf(name, sizeof name, "alias%u@example.net", life->names++);
    if (count > 1)
        assert_ok(registry_alias_remove(life->house.registry, id, aliases[0], &fx->err));
    else
        assert_ok(registry_alias_add(life->house.registry, id, span_of_str(name), &fx->err));
}

static void
device_added(struct life *life, const struct registry_account *account)
{
    struct fixture *fx = life->fx;
    struct scram_keys keys = keys_any(life);
    struct app_password password = {.protocols = APP_IMAP, .created_s = test_now_s};
    uint64_t id = 0;

    if (account->scram.iterations != 0)
        keys = account->scram;
    snprintf(password.name, sizeof password.name, "device %u", life->names++);
    memcpy(password.digest, keys_any(life).stored_key, sizeof password.digest);
    memcpy(password.stored_key, keys.stored_key, sizeof password.stored_key);
    assert_ok(
        registry_app_add(life->house.registry, account->id, &password, &keys, &id, &fx->err));
}

static void
devices_changed(struct life *life)
{
    static struct app_password rows[LIMIT_APP_PASSWORDS];
    struct fixture *fx = life->fx;
    struct registry *registry = life->house.registry;
    struct registry_account account;
    size_t count = 0;
    uint64_t id = 0;

    assert_ok(registry_find_id(registry, account_any(life), &account, &fx->err));
    assert_ok(registry_app_list(registry, account.id, rows, &count, &fx->err));
    const struct app_use use = {rows[0].id, test_now_s + life->names};
    if (count == 0 || rng_below(&life->rng, 3) == 0)
        device_added(life, &account);
    else if (rng_below(&life->rng, 2) == 0)
        assert_ok(registry_app_used(registry, &use, 1, &fx->err));
    else
        assert_ok(registry_app_remove(registry, account.id, span_of_str(rows[0].name), &id,
                                      &fx->err));
}

static void
groups_changed(struct life *life)
{
    static struct registry_group groups[GROUPS_MAX];
    struct fixture *fx = life->fx;
    struct registry *registry = life->house.registry;
    size_t count = 0;
    uint64_t id = 0;
    char name[40];

    assert_ok(registry_group_list(registry, SPAN(""), GROUPS_MAX, groups, &count, &fx->err));
    snprintf(name, sizeof name, "group%u", life->names++);
    if (count == 0 || rng_below(&life->rng, 4) == 0)
        assert_ok(registry_group_add(registry, span_of_str(name), &id, &fx->err));
    else if (count > 2 && rng_below(&life->rng, 3) == 0)
        assert_ok(registry_group_remove(registry, groups[0].id, &fx->err));
    else
        assert_ok(registry_group_set_member(
            registry, groups[rng_below(&life->rng, (uint32_t)count)].id, account_any(life),
            rng_below(&life->rng, 4) != 0, &fx->err));
}

static void
rights_set(struct life *life, uint64_t owner, uint64_t who, uint32_t rights)
{
    struct fixture *fx = life->fx;

    assert_ok(store_account_get(fx->store, owner, &fx->acct));
    struct store_tx *tx = begin_write(fx);
    const struct acl_row row = {
        .mbox = mbox_id(fx, tx, "INBOX"), .kind = ACL_ACCOUNT, .who = who, .rights = rights};
    assert_ok(store_acl_set(tx, &row, &fx->err));
    commit(fx, tx);
    store_account_put(fx->acct);
    fx->acct = NULL;
}

/* In the order of mailbox/sharing/acl_op.c: noted, then granted; taken away, then forgotten. */
static void
rights_changed(struct life *life)
{
    struct fixture *fx = life->fx;
    const uint64_t owner = account_any(life);
    const uint64_t who = account_any(life);
    const struct registry_share share = {.kind = ACL_ACCOUNT, .who = who};
    bool shared = false;

    if (owner == who || !life->has_mail[owner])
        return;
    assert_ok(registry_shares_with(life->house.registry, owner, who, &shared, &fx->err));
    if (!shared) {
        assert_ok(registry_share_note(life->house.registry, owner, &share, &fx->err));
        acknowledged(life);
        rights_set(life, owner, who, 1 + (uint32_t)rng_below(&life->rng, 7));
        return;
    }
    rights_set(life, owner, who, 0);
    acknowledged(life);
    struct acl_row *left = NULL;
    struct registry_share shares[ROWS_MAX];
    size_t count = 0;
    assert_ok(store_account_get(fx->store, owner, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    assert_ok(store_acl(tx, 0, &fx->arena, &left, &count, &fx->err));
    store_end(tx);
    store_account_put(fx->acct);
    fx->acct = NULL;
    assert_true(count < ROWS_MAX);
    for (size_t i = 0; i < count; i++)
        shares[i] = (struct registry_share){left[i].kind, left[i].who};
    assert_ok(registry_share_settle(life->house.registry, owner, shares, count, &fx->err));
}

static void
mail_comes(struct life *life)
{
    static const size_t sizes[] = {300, 3000, 9000, 70000};
    struct fixture *fx = life->fx;
    const uint64_t id = account_any(life);
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    make_text(&text, life->names++, sizes[rng_below(&life->rng, ARRAY_LEN(sizes))]);
    assert_ok(store_account_get(fx->store, id, &fx->acct));
    struct store_tx *tx = begin_write(fx);
    add_text(fx, tx, mbox_id(fx, tx, "INBOX"), buf_span(&text), 0);
    commit(fx, tx);
    store_account_put(fx->acct);
    fx->acct = NULL;
    life->has_mail[id] = true;
}

static void
account_goes(struct life *life)
{
    struct fixture *fx = life->fx;

    assert_ok(registry_remove(life->house.registry, account_any(life), &fx->err));
}

/* One of those that were removed comes back or goes for good. */
static void
removed_changed(struct life *life)
{
    static struct registry_removed rows[ROWS_MAX];
    struct fixture *fx = life->fx;
    struct registry *registry = life->house.registry;
    struct span *taken = NULL;
    size_t count = 0;

    assert_ok(registry_removed_list(registry, 0, ROWS_MAX, rows, &count, &fx->err));
    if (count == 0)
        return;
    const struct registry_removed *one = &rows[rng_below(&life->rng, (uint32_t)count)];
    if (rng_below(&life->rng, 2) == 0) {
        assert_ok(registry_restore(registry, one->id, SPAN(""), &fx->arena, &taken, &count,
                                   &fx->err));
        return;
    }
    test_now_s += 61;
    store_keep_house(fx->store, NULL); /* nobody holds it */
    assert_ok(registry_purge_begin(registry, one->id, &fx->err));
    acknowledged(life);
    assert_ok(removed_purge(registry, fx->store, one->id, &fx->err));
}

static void
clients_become_known(struct life *life)
{
    struct fixture *fx = life->fx;
    struct known *known = known_open(life);
    char octets[4];

    for (int i = 0; i < 3; i++)
        known_note(known, address_of((unsigned)rng_below(&life->rng, ADDRESSES), octets),
                   account_any(life));
    assert_ok(known_save(known, &fx->err));
    known_free(known);
}

typedef void change_fn(struct life *life);
static change_fn *const changes[] = {
    accounts_added, password_changed, account_set,     aliases_changed,      devices_changed,
    groups_changed, rights_changed,   rights_changed,  mail_comes,           mail_comes,
    account_goes,   removed_changed,  removed_changed, clients_become_known,
};

static void
change(struct life *life)
{
    const uint32_t which = (uint32_t)rng_below(&life->rng, ARRAY_LEN(changes));

    if (account_any(life) == 0)
        accounts_added(life);
    else
        changes[which](life);
    life->done[which]++;
    acknowledged(life);
}

/* ---- recording ---- */

static void
file_read(const char *dir, const char *name, struct buf *out)
{
    char path[200];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("%s is missing", name);
    assert_int_equal(fd_read_all(fileno(file), out, NULL), RC_OK);
    fclose(file);
}

static void
init(struct life *life, char *dir)
{
    char *argv[] = {dir};
    struct cli cli = {
        .program = "roost", .verb = "init", .json = true, .argc = 1, .argv = argv};

    assert_int_equal(cmd_init(&cli), CLI_OK);
    life->made_at = power_count(life->power);
    for (size_t i = 0; i < MADE_FILES; i++) {
        AUTO_BUF text = {0};
        buf_init(&text, 1 << 20);
        file_read(dir, made_files[i], &text);
        life->made[i] = strndup(buf_span(&text).ptr, buf_len(&text));
        assert_non_null(life->made[i]);
    }
}

static void
record(struct life *life)
{
    char dir[80];

    snprintf(dir, sizeof dir, "%s/data", life->base);
    life->power = power_new(life->base);
    init(life, dir);
    life_open(life, dir);
    accounts_added(life);
    acknowledged(life);
    for (unsigned i = 0; i < CHANGES; i++) {
        change(life);
        if (rng_below(&life->rng, 10) == 0) {
            life_close(life);
            life_open(life, dir);
        }
    }
    life_close(life);
    power_stop(life->power);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        assert_true(life->done[i] > 0);
}

/* ---- looking ---- */

static void
look_at_made_files(const struct life *life, const char *dir)
{
    for (size_t i = 0; i < MADE_FILES; i++) {
        AUTO_BUF text = {0};
        buf_init(&text, 1 << 20);
        file_read(dir, made_files[i], &text);
        if (!span_eq(buf_span(&text), span_of_str(life->made[i])))
            fail_msg("%s has changed", made_files[i]);
    }
}

/* Where two texts begin to differ. */
static size_t
difference(const char *a, const char *b)
{
    size_t at = 0;

    while (a[at] != '\0' && a[at] == b[at])
        at++;
    return at;
}

/* The line that the octet at `at` is in, cut to 200 octets. */
static const char *
line_at(const char *text, size_t at, char out[201])
{
    while (at > 0 && text[at - 1] != '\n')
        at--;
    snprintf(out, 201, "%.*s", (int)strcspn(text + at, "\n"), text + at);
    return out;
}

/* Returns the highest number of an account that was acknowledged. */
static uint64_t
look_at_text(struct life *life, size_t at)
{
    size_t owed = 0;
    char was[201];
    char is[201];

    while (owed + 1 < life->count && life->moments[owed + 1].at <= at)
        owed++;
    const bool nothing_owed = life->moments[0].at > at;
    const char *before = nothing_owed ? "" : life->moments[owed].seen;
    const char *next = nothing_owed             ? life->moments[0].seen
                       : owed + 1 < life->count ? life->moments[owed + 1].seen
                                                : "";
    char *seen = all_see(life);
    const char *accounts = strchr(seen, '\n') + 1; /* behind the secret */
    if (strcmp(seen, before) != 0 && strcmp(seen, next) != 0 &&
        !(nothing_owed && accounts[0] == '\0'))
        fail_msg(
            "after %zu changes of the disk it is not as after change %zu: \"%s\" is \"%s\"", at,
            owed, line_at(before, difference(before, seen), was),
            line_at(seen, difference(before, seen), is));
    free(seen);
    return nothing_owed ? 0 : life->moments[owed].highest_id;
}

/* More can come, under a number that nobody has had. */
static void
add_more(struct life *life, uint64_t highest_id)
{
    struct fixture *fx = life->fx;
    const struct life before = *life;

    life->highest_id = highest_id;

    accounts_added(life);
    mail_comes(life);
    clients_become_known(life);
    assert_ok(store_account_get(fx->store, life->highest_id, &fx->acct));
    verify(fx);
    store_account_put(fx->acct);
    fx->acct = NULL;
    memcpy(life->has_mail, before.has_mail, sizeof life->has_mail);
    life->highest_id = before.highest_id;
    life->names = before.names;
}

static void
check_state(void *ctx, size_t at, const char *state)
{
    struct life *life = ctx;
    char dir[80];

    if (at < life->made_at)
        return; /* nothing was promised; `roost init` is run again in another place */
    snprintf(dir, sizeof dir, "%.70s/data", state);
    look_at_made_files(life, dir);
    life_open(life, dir);
    add_more(life, look_at_text(life, at));
    life_close(life);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void
test_power_loss_at_every_moment(void **state)
{
    struct life *life = calloc(1, sizeof *life);

    (void)state;
    assert_non_null(life);
    life->fx = calloc(1, sizeof *life->fx);
    assert_non_null(life->fx);
    arena_init(&life->fx->arena, TEST_ARENA_OCTETS);
    snprintf(life->base, sizeof life->base, "%s/roost-power-XXXXXX", tmpdir_parent_in_memory());
    assert_non_null(mkdtemp(life->base));
    rng_seed(&life->rng, 4713);
    record(life);
    power_look(life->power, life->base, check_state, life);
    power_free(life->power);
    nftw(life->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < life->count; i++)
        free(life->moments[i].seen);
    for (size_t i = 0; i < MADE_FILES; i++)
        free(life->made[i]);
    arena_done(&life->fx->arena);
    free(life->fx);
    free(life);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss_at_every_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
