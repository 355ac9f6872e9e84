/* SPDX-License-Identifier: MIT */
/* The registry: names, passwords, aliases, where mail goes, limits, other processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/engine_sqlite.h"
#include "store/registry.h"
#include "store/removed.h"
#include "store/registry_private.h"
#include "support/seam_engine.h"
#include "support/tmpdir.h"

static char dir[64];
static char path[96];
static struct err err;
static int64_t now_us;

static int64_t
clock_us(const struct clock *clock)
{
    (void)clock;
    return now_us;
}

static const struct clock hand_clock = {.mono_us = clock_us, .wall_us = clock_us};
static const char *const domains[] = {"localhost", "mail.example.org"};

#define assert_rc(actual, expected)                                                            \
    do {                                                                                       \
        const enum rc rc_ = (actual);                                                          \
        if (rc_ != (expected))                                                                 \
            fail_msg("%s is %s, not %s (%s)", #actual, rc_name(rc_), rc_name(expected),        \
                     err.text);                                                                \
    } while (0)
#define assert_ok(actual) assert_rc(actual, RC_OK)

/* The engine under test: ROOST_TEST_ENGINE. The other one commits its own changes as somebody
 * elsewhere would. */
static bool
is_seam(void)
{
    const char *engine = getenv("ROOST_TEST_ENGINE");

    return engine != NULL && strcmp(engine, "seam") == 0;
}

static enum rc
open_any(const struct sqlite_registry_options *options, struct registry **out)
{
    if (is_seam())
        return registry_open_seam(registry_open_sqlite, options, out, &err);
    return registry_open_sqlite(options, out, &err);
}

static struct registry *
open_registry(bool create)
{
    const struct sqlite_registry_options options = {.path = path,
                                                    .registry.clock = &hand_clock,
                                                    .registry.domains = domains,
                                                    .registry.domain_count = ARRAY_LEN(domains),
                                                    .create = create};
    struct registry *registry = NULL;

    assert_ok(open_any(&options, &registry));
    return registry;
}

static int
setup(void **state)
{
    struct registry **registry = (struct registry **)state;

    snprintf(dir, sizeof dir, "%s/roost-registry-XXXXXX", tmpdir_parent_in_memory());
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/registry.db", dir);
    now_us = 1700000000000000;
    *registry = open_registry(true);
    return 0;
}

static int
teardown(void **state)
{
    registry_close(*state);
    unlink(path);
    rmdir(dir);
    return 0;
}

static uint64_t
add(struct registry *registry, const char *name)
{
    uint64_t id = 0;

    assert_ok(registry_add(registry, span_of_str(name), "$y$hash", NULL, &id, &err));
    return id;
}

static struct scram_keys
some_keys(uint8_t fill)
{
    struct scram_keys keys = {.iterations = 100000, .salt_octets = 16};

    memset(keys.salt, fill, 16);
    memset(keys.stored_key, fill + 1, sizeof keys.stored_key);
    memset(keys.server_key, fill + 2, sizeof keys.server_key);
    return keys;
}

static void
test_open_without_create(void **state)
{
    const struct sqlite_registry_options options = {
        .path = "/tmp/roost-no-such-registry/registry.db", .registry.clock = &hand_clock};
    struct registry *registry = NULL;

    (void)state;
    assert_rc(open_any(&options, &registry), RC_NOT_FOUND);
    assert_null(registry);
}

static void
test_file_is_private_and_secret_stays(void **state)
{
    struct stat st;
    uint8_t before[32];
    uint8_t after[32];
    static const uint8_t zeros[32];

    registry_secret(*state, before);
    assert_memory_not_equal(before, zeros, sizeof zeros);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    registry_close(*state);
    *state = open_registry(false);
    registry_secret(*state, after);
    assert_memory_equal(before, after, sizeof after);
}

static void
test_add_and_find(void **state)
{
    const struct scram_keys keys = some_keys(9);
    struct registry_account account;
    uint64_t id = 0;

    assert_ok(registry_add(*state, SPAN("Alice"), "$6$x", &keys, &id, &err));
    assert_true(id >= 1);
    for (int i = 0; i < 2; i++) { /* once from the database, once from the cache */
        assert_ok(registry_find(*state, SPAN("aLICE"), &account, &err));
        assert_int_equal(account.id, id);
        assert_string_equal(account.name, "alice");
        assert_string_equal(account.crypt, "$6$x");
        assert_int_equal(account.state, ACCOUNT_ENABLED);
        assert_int_equal(account.created_s, 1700000000);
        assert_memory_equal(&account.scram, &keys, sizeof keys);
        assert_ok(registry_find_id(*state, id, &account, &err));
        assert_string_equal(account.name, "alice");
    }
    assert_rc(registry_find(*state, SPAN("bob"), &account, &err), RC_NOT_FOUND);
    assert_rc(registry_find_id(*state, id + 1, &account, &err), RC_NOT_FOUND);
    assert_rc(registry_add(*state, SPAN("ALICE"), "x", NULL, &id, &err), RC_EXISTS);
    add(*state, "bob"); /* what was looked up in vain is found once it is there */
    assert_ok(registry_find(*state, SPAN("bob"), &account, &err));
}

static void
test_names(void **state)
{
    static const char *const bad[] = {"",       "@",    "@x",   "a@",   "a@b@c",
                                      "a b",    "a\tb", "a\"b", "a,b",  "<a>",
                                      "a\r\nb", "a:b",  "a(b)", "a\\b", "a\x7f"};
    static const char *const good[] = {"a",   "a.b+c",        "j\xc3\xbcrgen",
                                       "a@b", "o'neil@x.org", "a/b"};
    char name[REGISTRY_NAME_OCTETS + 1];
    uint64_t id = 0;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_rc(registry_add(*state, span_of_str(bad[i]), "", NULL, &id, &err), RC_INVALID);
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        add(*state, good[i]);
    memset(name, 'n', sizeof name);
    assert_rc(registry_add(*state, span_of(name, 256), "", NULL, &id, &err), RC_INVALID);
    assert_ok(registry_add(*state, span_of(name, 255), "", NULL, &id, &err));
    assert_rc(registry_add(*state, span_of("a\0b", 3), "", NULL, &id, &err), RC_INVALID);
}

static void
test_passwords(void **state)
{
    const struct scram_keys keys = some_keys(1);
    const struct scram_keys others = some_keys(77);
    struct registry_account account;
    const uint64_t id = add(*state, "alice");
    char hash[REGISTRY_CRYPT_OCTETS + 1];

    assert_ok(registry_find_id(*state, id, &account, &err));
    const uint64_t first = account.password_generation;
    assert_ok(registry_set_scram(*state, id, first + 1, &keys, &err)); /* not that one */
    assert_ok(registry_find_id(*state, id, &account, &err));
    assert_int_equal(account.scram.iterations, 0);
    assert_ok(registry_set_scram(*state, id, first, &keys, &err));
    assert_ok(registry_set_scram(*state, id, first, &others, &err)); /* it has some */
    assert_ok(registry_find_id(*state, id, &account, &err));
    assert_int_equal(account.password_generation, first);
    assert_memory_equal(&account.scram, &keys, sizeof keys);
    assert_ok(registry_set_password(*state, id, "$y$new", NULL, &err));
    assert_ok(registry_find(*state, SPAN("alice"), &account, &err));
    assert_string_equal(account.crypt, "$y$new");
    assert_int_equal(account.scram.iterations, 0);
    assert_true(account.password_generation > first);
    assert_rc(registry_set_password(*state, 999, "x", NULL, &err), RC_NOT_FOUND);
    memset(hash, 'h', sizeof hash);
    hash[REGISTRY_CRYPT_OCTETS] = '\0';
    assert_rc(registry_set_password(*state, id, hash, NULL, &err), RC_INVALID);
    hash[REGISTRY_CRYPT_OCTETS - 1] = '\0';
    assert_ok(registry_set_password(*state, id, hash, &keys, &err));
}

static void
test_state_and_count(void **state)
{
    const struct scram_keys keys = some_keys(1);
    struct registry_account account;
    uint64_t enabled = 0;
    uint64_t without = 0;
    const uint64_t id = add(*state, "alice");

    add(*state, "bob");
    for (int i = 0; i < 2; i++) {
        assert_ok(registry_count(*state, &enabled, &without, &err));
        assert_int_equal(enabled, 2);
        assert_int_equal(without, 2);
    }
    assert_ok(registry_set_password(*state, id, "x", &keys, &err));
    assert_ok(registry_count(*state, &enabled, &without, &err));
    assert_int_equal(without, 1);
    assert_ok(registry_set_state(*state, id, ACCOUNT_DISABLED, &err));
    assert_ok(registry_find(*state, SPAN("alice"), &account, &err));
    assert_int_equal(account.state, ACCOUNT_DISABLED);
    assert_ok(registry_count(*state, &enabled, &without, &err));
    assert_int_equal(enabled, 1);
    assert_int_equal(without, 1);
    assert_rc(registry_set_state(*state, 999, ACCOUNT_DISABLED, &err), RC_NOT_FOUND);
}

static void
test_remove_frees_the_names_but_not_the_id(void **state)
{
    struct registry_account account;
    const uint64_t id = add(*state, "alice");

    assert_ok(registry_alias_add(*state, id, SPAN("sales"), &err));
    assert_ok(registry_remove(*state, id, &err));
    assert_rc(registry_remove(*state, id, &err), RC_NOT_FOUND);
    assert_rc(registry_find(*state, SPAN("alice"), &account, &err), RC_NOT_FOUND);
    assert_true(add(*state, "alice") > id);
    add(*state, "sales");
}

/* An account's own limits: NULL, 0 and n in the row are told apart, and a removed account keeps
 * them. */
static void
test_limits_of_an_account(void **state)
{
    static const struct quota_amounts some = {
        .of = {QUOTA_LIMIT_MAX, QUOTA_UNLIMITED, QUOTA_CONFIGURED}};
    static const struct quota_amounts configured = {
        .of = {QUOTA_CONFIGURED, QUOTA_CONFIGURED, QUOTA_CONFIGURED}};
    static const struct quota_amounts too_high = {
        .of = {QUOTA_LIMIT_MAX + 1, QUOTA_UNLIMITED, QUOTA_CONFIGURED}};
    AUTO_ARENA arena = {0};
    struct registry_account account;
    struct span *taken;
    size_t count;
    const uint64_t id = add(*state, "alice");

    arena_init(&arena, 1 << 16);
    assert_ok(registry_find(*state, SPAN("alice"), &account, &err));
    assert_memory_equal(&account.quota, &configured, sizeof configured);
    assert_ok(registry_set_quota(*state, id, &some, &err));
    assert_rc(registry_set_quota(*state, id, &too_high, &err), RC_INVALID);
    assert_rc(registry_set_quota(*state, 999, &some, &err), RC_NOT_FOUND);
    assert_ok(registry_find_id(*state, id, &account, &err));
    assert_memory_equal(&account.quota, &some, sizeof some);
    assert_ok(registry_remove(*state, id, &err));
    assert_ok(registry_restore(*state, id, SPAN("bob"), &arena, &taken, &count, &err));
    assert_ok(registry_find(*state, SPAN("bob"), &account, &err));
    assert_memory_equal(&account.quota, &some, sizeof some);
    assert_ok(registry_set_quota(*state, id, &configured, &err));
    assert_ok(registry_list(*state, SPAN(""), 1, &account, &count, &err));
    assert_memory_equal(&account.quota, &configured, sizeof configured);
}

/* All removed accounts as "id:name:removed[:purging] ...", relative to the first second. */
static const char *
removed_text(struct registry *registry)
{
    static char text[400];
    struct registry_removed rows[3];
    size_t count = ARRAY_LEN(rows);
    uint64_t after = 0;

    text[0] = '\0';
    while (count == ARRAY_LEN(rows)) {
        assert_ok(registry_removed_list(registry, after, ARRAY_LEN(rows), rows, &count, &err));
        for (size_t i = 0; i < count; i++) {
            const size_t len = strlen(text);
            snprintf(text + len, sizeof text - len, "%s%ju:%s:%jd%s", len == 0 ? "" : " ",
                     (uintmax_t)rows[i].id, rows[i].name,
                     (intmax_t)(rows[i].removed_s - 1700000000), rows[i].purging ? ":P" : "");
            after = rows[i].id;
        }
    }
    return text;
}

static void
test_removed_accounts_come_back(void **state)
{
    struct registry_account before;
    struct registry_account account;
    const struct scram_keys keys = some_keys(7);
    struct span *taken = NULL;
    size_t count = 9;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1 << 20);
    const uint64_t id = add(*state, "alice");
    assert_ok(registry_set_password(*state, id, "$y$other", &keys, &err));
    assert_ok(registry_set_state(*state, id, ACCOUNT_DISABLED, &err));
    assert_ok(registry_alias_add(*state, id, SPAN("sales"), &err));
    assert_ok(registry_alias_add(*state, id, SPAN("@example.net"), &err));
    assert_ok(registry_find(*state, SPAN("alice"), &before, &err));
    now_us += 5000000;
    assert_ok(registry_remove(*state, id, &err));
    assert_string_equal(removed_text(*state), "1:alice:5");
    assert_rc(registry_find_id(*state, id, &account, &err), RC_NOT_FOUND);

    assert_ok(registry_restore(*state, id, SPAN(""), &arena, &taken, &count, &err));
    assert_int_equal(count, 0);
    assert_string_equal(removed_text(*state), "");
    assert_ok(registry_find(*state, SPAN("alice"), &account, &err));
    assert_memory_equal(&account, &before, sizeof before);
    assert_ok(registry_alias_list(*state, id, &arena, &taken, &count, &err));
    assert_int_equal(count, 2);
    assert_rc(registry_restore(*state, id, SPAN(""), &arena, &taken, &count, &err),
              RC_NOT_FOUND);

    /* Somebody else has its name and one of its aliases by now. */
    assert_ok(registry_remove(*state, id, &err));
    const uint64_t other = add(*state, "alice");
    assert_ok(registry_alias_add(*state, other, SPAN("sales"), &err));
    assert_rc(registry_restore(*state, id, SPAN(""), &arena, &taken, &count, &err), RC_EXISTS);
    assert_rc(registry_restore(*state, id, SPAN("sales"), &arena, &taken, &count, &err),
              RC_EXISTS);
    assert_rc(registry_restore(*state, id, SPAN("a b"), &arena, &taken, &count, &err),
              RC_INVALID);
    assert_string_equal(removed_text(*state), "1:alice:5"); /* nothing was changed by these */
    assert_ok(registry_restore(*state, id, SPAN("Alice.Old"), &arena, &taken, &count, &err));
    assert_int_equal(count, 1);
    assert_true(span_eq_str(taken[0], "sales"));
    assert_ok(registry_find(*state, SPAN("alice.old"), &account, &err));
    assert_int_equal(account.id, id);
    assert_string_equal(account.crypt, "$y$other");
    assert_ok(registry_find(*state, SPAN("alice"), &account, &err));
    assert_int_equal(account.id, other);
    assert_ok(registry_alias_list(*state, id, &arena, &taken, &count, &err));
    assert_int_equal(count, 1);
}

static void
test_purging_ends_the_way_back(void **state)
{
    struct registry_removed rows[8];
    struct span *taken = NULL;
    size_t count = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1 << 20);
    for (unsigned i = 0; i < 5; i++) {
        const uint64_t id = add(*state, "alice"); /* the same name again and again */
        assert_ok(registry_alias_add(*state, id, SPAN("sales"), &err));
        assert_ok(registry_remove(*state, id, &err));
        now_us += 10000000;
    }
    assert_string_equal(removed_text(*state),
                        "1:alice:0 2:alice:10 3:alice:20 4:alice:30 5:alice:40");
    assert_ok(registry_removed_due(*state, 1700000020, ARRAY_LEN(rows), rows, &count, &err));
    assert_int_equal(count, 3); /* that second included */
    assert_ok(registry_purge_begin(*state, 5, &err));
    assert_ok(registry_removed_due(*state, 1699999999, ARRAY_LEN(rows), rows, &count, &err));
    assert_int_equal(count, 1); /* whose purging has begun is always due */
    assert_int_equal(rows[0].id, 5);
    assert_rc(registry_restore(*state, 5, SPAN(""), &arena, &taken, &count, &err),
              RC_NOT_FOUND);
    assert_ok(registry_purge_begin(*state, 5, &err)); /* going on after a crash */
    assert_ok(registry_purge_end(*state, 5, &err));
    assert_rc(registry_purge_end(*state, 5, &err), RC_NOT_FOUND);
    assert_rc(registry_purge_begin(*state, 5, &err), RC_NOT_FOUND);
    assert_string_equal(removed_text(*state), "1:alice:0 2:alice:10 3:alice:20 4:alice:30");
    assert_ok(registry_restore(*state, 3, SPAN(""), &arena, &taken, &count, &err));
    assert_true(add(*state, "bob") > 5); /* numbers of those that are gone are not used again */
}

/* ---- application passwords ---- */

static struct app_password
an_app(const char *name, uint8_t fill)
{
    struct app_password app = {
        .protocols = APP_EVERY, .created_s = 1700000000, .expires_s = fill};

    snprintf(app.name, sizeof app.name, "%s", name);
    memset(app.digest, fill, sizeof app.digest);
    memset(app.stored_key, fill + 1, sizeof app.stored_key);
    memset(app.server_key, fill + 2, sizeof app.server_key);
    return app;
}

static enum rc
app_add(struct registry *registry, uint64_t account, const char *name, uint8_t fill,
        uint64_t *id_out)
{
    const struct app_password app = an_app(name, fill);
    const struct scram_keys salt = some_keys(5);

    return registry_app_add(registry, account, &app, &salt, id_out, &err);
}

static void
test_app_passwords(void **state)
{
    struct app_password rows[LIMIT_APP_PASSWORDS];
    const struct app_password expect = an_app("phone", 40);
    struct registry_account account;
    const uint64_t alice = add(*state, "alice");
    const uint64_t bob = add(*state, "bob");
    uint64_t phone = 0;
    uint64_t id = 0;
    size_t count = 9;
    bool there = false;

    assert_ok(registry_app_list(*state, alice, rows, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(app_add(*state, alice, "phone", 40, &phone));
    assert_ok(app_add(*state, alice, "laptop", 0, &id));
    assert_ok(app_add(*state, bob, "phone", 41, &id));
    assert_rc(app_add(*state, alice, "phone", 42, &id), RC_EXISTS);
    assert_rc(app_add(*state, 999, "phone", 42, &id), RC_NOT_FOUND);
    assert_ok(registry_app_list(*state, alice, rows, &count, &err));
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].name, "laptop");
    assert_int_equal(rows[0].expires_s, 0);
    assert_int_equal(rows[1].id, phone);
    assert_int_equal(rows[1].protocols, APP_EVERY);
    assert_int_equal(rows[1].created_s, 1700000000);
    assert_int_equal(rows[1].expires_s, 40);
    assert_int_equal(rows[1].used_s, 0);
    assert_ok(registry_app_find(*state, alice, expect.digest, &rows[0], &err));
    assert_int_equal(rows[0].id, phone);
    assert_memory_equal(rows[0].digest, expect.digest, sizeof expect.digest);
    assert_memory_equal(rows[0].stored_key, expect.stored_key, sizeof expect.stored_key);
    assert_memory_equal(rows[0].server_key, expect.server_key, sizeof expect.server_key);
    assert_rc(registry_app_find(*state, bob, expect.digest, &rows[0], &err), RC_NOT_FOUND);

    const struct app_use uses[] = {{phone, 1700000100}, {77, 5}};
    assert_ok(registry_app_used(*state, uses, 2, &err));
    assert_ok(registry_app_used(*state, uses, 0, &err));
    assert_ok(registry_app_find(*state, alice, expect.digest, &rows[0], &err));
    assert_int_equal(rows[0].used_s, 1700000100);

    assert_ok(registry_find_id(*state, alice, &account, &err));
    assert_int_equal(account.app_passwords, 2);
    assert_rc(registry_app_remove(*state, bob, SPAN("laptop"), &id, &err), RC_NOT_FOUND);
    assert_ok(registry_app_remove(*state, alice, SPAN("phone"), &id, &err));
    assert_int_equal(id, phone);
    assert_ok(registry_app_is_there(*state, alice, phone, &there, &err));
    assert_false(there);
    assert_ok(registry_find_id(*state, alice, &account, &err));
    assert_int_equal(account.app_passwords, 1);
    assert_ok(app_add(*state, alice, "phone", 43, &id));
    assert_true(id > phone); /* a number is not given again */
    assert_ok(registry_app_is_there(*state, alice, id, &there, &err));
    assert_true(there);
}

static void
test_app_password_limits(void **state)
{
    static const char *const bad[] = {"", "a\nb", "a\x7f", "a\"b"};
    const uint64_t alice = add(*state, "alice");
    struct app_password app = an_app("x", 1);
    const struct scram_keys none = {0};
    char name[8];
    uint64_t id;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_rc(app_add(*state, alice, bad[i], 1, &id), RC_INVALID);
    assert_rc(registry_app_add(*state, alice, &app, &none, &id, &err), RC_INVALID);
    memset(app.name, 'n', sizeof app.name); /* LIMIT_APP_PASSWORD_NAME and one more */
    const struct scram_keys salt = some_keys(5);
    assert_rc(registry_app_add(*state, alice, &app, &salt, &id, &err), RC_INVALID);
    app.name[LIMIT_APP_PASSWORD_NAME] = '\0';
    assert_ok(registry_app_add(*state, alice, &app, &salt, &id, &err));
    for (unsigned i = 1; i < LIMIT_APP_PASSWORDS; i++) {
        snprintf(name, sizeof name, "%u", i);
        assert_ok(app_add(*state, alice, name, (uint8_t)i, &id));
    }
    assert_rc(app_add(*state, alice, "more", 99, &id), RC_LIMIT);
    assert_ok(registry_app_remove(*state, alice, SPAN("1"), &id, &err));
    assert_ok(app_add(*state, alice, "more", 99, &id));
}

/* All passwords of an account share one salt for as long as there are application passwords. */
static void
test_app_passwords_share_the_salt(void **state)
{
    struct registry_account account;
    const struct scram_keys salt = some_keys(5);
    const struct scram_keys other = some_keys(6);
    const struct app_password app = an_app("tablet", 9);
    const uint64_t alice = add(*state, "alice");
    uint64_t enabled = 0;
    uint64_t without = 0;
    uint64_t id = 0;

    assert_ok(app_add(*state, alice, "phone", 1, &id));
    assert_ok(registry_find_id(*state, alice, &account, &err));
    assert_int_equal(account.scram.iterations, salt.iterations);
    assert_true(account.scram.salt_only && !scram_keys_are_there(&account.scram));
    assert_memory_equal(account.scram.salt, salt.salt, salt.salt_octets);
    assert_ok(registry_count(*state, &enabled, &without, &err));
    assert_int_equal(without, 1); /* its own password has no keys yet */
    assert_rc(registry_app_add(*state, alice, &app, &other, &id, &err), RC_AGAIN);
    assert_ok(registry_set_scram(*state, alice, account.password_generation, &other, &err));
    assert_ok(registry_find_id(*state, alice, &account, &err));
    assert_true(account.scram.salt_only); /* nothing has happened */
    assert_ok(registry_set_scram(*state, alice, account.password_generation, &salt, &err));
    assert_ok(registry_find_id(*state, alice, &account, &err));
    assert_memory_equal(&account.scram, &salt, sizeof salt);
    assert_rc(registry_set_password(*state, alice, "$y$new", &other, &err), RC_AGAIN);
    assert_ok(registry_set_password(*state, alice, "$y$new", &salt, &err));
    assert_ok(registry_set_password(*state, alice, "$y$imported", NULL, &err));
    assert_ok(registry_find_id(*state, alice, &account, &err));
    assert_true(account.scram.salt_only);
    assert_memory_equal(account.scram.salt, salt.salt, salt.salt_octets);
    assert_ok(registry_app_remove(*state, alice, SPAN("phone"), &id, &err));
    assert_ok(registry_set_password(*state, alice, "$y$new", &other, &err)); /* free again */
}

/* They come back with the account, and go when it is purged. */
static void
test_app_passwords_of_removed_accounts(void **state)
{
    struct app_password rows[LIMIT_APP_PASSWORDS];
    struct registry_account account;
    struct span *taken;
    size_t count = 0;
    uint64_t id = 0;
    const uint64_t alice = add(*state, "alice");
    AUTO_ARENA arena = {0};

    arena_init(&arena, 100000);
    assert_ok(app_add(*state, alice, "phone", 1, &id));
    assert_ok(registry_remove(*state, alice, &err));
    assert_ok(registry_restore(*state, alice, SPAN(""), &arena, &taken, &count, &err));
    assert_ok(registry_find_id(*state, alice, &account, &err));
    assert_int_equal(account.app_passwords, 1);
    assert_true(account.scram.salt_only);
    assert_ok(registry_remove(*state, alice, &err));
    assert_ok(registry_purge_begin(*state, alice, &err));
    assert_ok(registry_purge_end(*state, alice, &err));
    assert_ok(registry_app_list(*state, alice, rows, &count, &err));
    assert_int_equal(count, 0);
}

/* A registry that an older Roost has made. */
static void
test_version_1_is_brought_up(void **state)
{
    struct registry_account account;
    sqlite3 *raw = NULL;

    const uint64_t id = add(*state, "alice");
    registry_close(*state);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw,
                                  "DROP TABLE app_password;"
                                  "DROP TABLE removed_account; DROP TABLE removed_alias;"
                                  "DROP TABLE account_group; DROP TABLE group_member;"
                                  "DROP TABLE share;"
                                  "ALTER TABLE account DROP COLUMN quota_octets;"
                                  "ALTER TABLE account DROP COLUMN quota_messages;"
                                  "ALTER TABLE account DROP COLUMN quota_mailboxes;"
                                  " PRAGMA user_version = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(raw);
    *state = open_registry(false);
    assert_ok(registry_find(*state, SPAN("alice"), &account, &err));
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
        assert_true(account.quota.of[i] == QUOTA_CONFIGURED);
    assert_ok(registry_remove(*state, id, &err));
    assert_string_equal(removed_text(*state), "1:alice:0");
}

static void
test_login_names(void **state)
{
    struct registry_account account;
    const uint64_t plain = add(*state, "alice");
    const uint64_t full = add(*state, "alice@mail.example.org");
    const uint64_t bob = add(*state, "bob");

    assert_ok(registry_alias_add(*state, bob, SPAN("robert"), &err));
    assert_ok(registry_find_login(*state, SPAN("Alice"), &account, &err));
    assert_int_equal(account.id, plain);
    assert_ok(registry_find_login(*state, SPAN("alice@Localhost"), &account, &err));
    assert_int_equal(account.id, plain);
    assert_ok(registry_find_login(*state, SPAN("alice@mail.example.org"), &account, &err));
    assert_int_equal(account.id, full);
    assert_rc(registry_find_login(*state, SPAN("alice@elsewhere"), &account, &err),
              RC_NOT_FOUND);
    assert_rc(registry_find_login(*state, SPAN("robert"), &account, &err), RC_NOT_FOUND);
    assert_rc(registry_find_login(*state, SPAN("no\x01name"), &account, &err), RC_NOT_FOUND);
}

static void
test_routes(void **state)
{
    static const struct {
        const char *local;
        const char *domain;
        enum registry_route route;
        const char *name;
    } table[] = {
        {"alice", "", ROUTE_ACCOUNT, "alice"},
        {"ALICE", "LocalHost", ROUTE_ACCOUNT, "alice"},
        {"alice", "mail.example.org", ROUTE_ACCOUNT, "alice"},
        {"alice", "elsewhere.net", ROUTE_FOREIGN_DOMAIN, NULL},
        {"nobody", "localhost", ROUTE_UNKNOWN_USER, NULL},
        {"nobody", "", ROUTE_UNKNOWN_USER, NULL},
        {"", "localhost", ROUTE_UNKNOWN_USER, NULL},
        {"bob", "shop.net", ROUTE_ACCOUNT, "bob@shop.net"},
        {"anyone", "shop.net", ROUTE_ACCOUNT, "alice"},
        {"sales", "other.net", ROUTE_ACCOUNT, "bob@shop.net"},
        {"nobody", "Other.net", ROUTE_UNKNOWN_USER, NULL},
        {"bad name", "other.net", ROUTE_UNKNOWN_USER, NULL},
        {"postmaster", "localhost", ROUTE_ACCOUNT, "alice"},
        {"postmaster", "elsewhere.net", ROUTE_FOREIGN_DOMAIN, NULL},
    };
    const uint64_t alice = add(*state, "alice");
    const uint64_t bob = add(*state, "bob@shop.net");

    assert_ok(registry_alias_add(*state, alice, SPAN("@Shop.net"), &err));
    assert_ok(registry_alias_add(*state, alice, SPAN("postmaster"), &err));
    assert_ok(registry_alias_add(*state, bob, SPAN("sales@other.net"), &err));
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_LEN(table); i++) {
            struct registry_account account = {0};
            enum registry_route route = ROUTE_ACCOUNT;
            assert_ok(registry_route(*state, span_of_str(table[i].local),
                                     span_of_str(table[i].domain), &route, &account, &err));
            if (route != table[i].route)
                fail_msg("%s@%s: route %d", table[i].local, table[i].domain, route);
            if (table[i].name != NULL)
                assert_string_equal(account.name, table[i].name);
        }
    }
}

/* A hosting machine has thousands, and each recipient is compared with all of them. */
static void
test_many_domains(void **state)
{
    enum { DOMAINS = 10000, TEXT = 24 };
    static char texts[DOMAINS][TEXT];
    static const char *many[DOMAINS];
    struct sqlite_registry_options options = {.path = path,
                                              .registry.clock = &hand_clock,
                                              .registry.domains = many,
                                              .registry.domain_count = DOMAINS};
    struct registry *registry = NULL;
    struct registry_account account;
    enum registry_route route;

    const uint64_t alice = add(*state, "alice");
    for (size_t i = 0; i < DOMAINS; i++) {
        snprintf(texts[i], TEXT, "d%zu.example.net", i);
        many[i] = texts[i];
    }
    assert_ok(open_any(&options, &registry));
    for (size_t i = 0; i < DOMAINS; i++) {
        texts[i][0] = 'D';
        assert_ok(registry_route(registry, SPAN("alice"), span_of_str(texts[i]), &route,
                                 &account, &err));
        assert_int_equal(route, ROUTE_ACCOUNT);
        assert_int_equal(account.id, alice);
    }
    assert_ok(registry_find_login(registry, SPAN("alice@d9999.Example.net"), &account, &err));
    assert_ok(
        registry_route(registry, SPAN("bob"), SPAN("d0.example.net"), &route, &account, &err));
    assert_int_equal(route, ROUTE_UNKNOWN_USER);
    assert_ok(registry_route(registry, SPAN("alice"), SPAN("d10000.example.net"), &route,
                             &account, &err));
    assert_int_equal(route, ROUTE_FOREIGN_DOMAIN);
    assert_ok(
        registry_route(registry, SPAN("alice"), SPAN("localhost"), &route, &account, &err));
    assert_int_equal(route, ROUTE_FOREIGN_DOMAIN);
    registry_close(registry);
}

static void
test_aliases(void **state)
{
    struct arena arena;
    struct span *list = NULL;
    size_t count = 0;
    char name[32];
    const uint64_t alice = add(*state, "alice");
    const uint64_t bob = add(*state, "bob");

    arena_init(&arena, 1 << 20);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "a%02u@x.org", 39 - i);
        assert_ok(registry_alias_add(*state, alice, span_of_str(name), &err));
    }
    assert_rc(registry_alias_add(*state, bob, SPAN("A03@X.ORG"), &err), RC_EXISTS);
    assert_rc(registry_alias_add(*state, bob, SPAN("alice"), &err), RC_EXISTS);
    assert_rc(registry_alias_add(*state, bob, SPAN("two@at@signs"), &err), RC_INVALID);
    assert_rc(registry_alias_add(*state, 999, SPAN("x"), &err), RC_NOT_FOUND);
    assert_ok(registry_alias_list(*state, alice, &arena, &list, &count, &err));
    assert_int_equal(count, 40);
    assert_true(span_eq_str(list[0], "a00@x.org"));
    assert_true(span_eq_str(list[39], "a39@x.org"));
    assert_rc(registry_alias_remove(*state, bob, SPAN("a00@x.org"), &err), RC_NOT_FOUND);
    assert_rc(registry_alias_remove(*state, alice, SPAN("alice"), &err), RC_NOT_FOUND);
    assert_ok(registry_alias_remove(*state, alice, SPAN("A00@x.org"), &err));
    assert_ok(registry_alias_list(*state, alice, &arena, &list, &count, &err));
    assert_int_equal(count, 39);
    arena_done(&arena);
}

static void
test_many_at_once(void **state)
{
    enum { COUNT = 3000, PAGE = 700 };
    static char names[COUNT][16];
    static struct registry_new rows[COUNT];
    static struct registry_account page[PAGE];
    struct registry_account account;
    size_t seen = 0;
    size_t count = PAGE;
    char after[REGISTRY_NAME_OCTETS] = "";

    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "user%05u", i);
        rows[i] = (struct registry_new){.name = span_of_str(names[i]), .crypt = "x"};
    }
    rows[7].name = SPAN("not a name");
    rows[1999].name = SPAN("info");
    rows[2000].name = SPAN("user00005");
    assert_ok(registry_alias_add(*state, add(*state, "a-first"), SPAN("info"), &err));
    assert_ok(registry_add_many(*state, rows, COUNT, &err));
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(rows[i].refused.rc, i == 7                   ? RC_INVALID
                                             : i == 1999 || i == 2000 ? RC_EXISTS
                                                                      : RC_OK);
    assert_non_null(strstr(rows[1999].refused.text, "account a-first has this alias"));
    assert_non_null(strstr(rows[2000].refused.text, "this account exists already"));
    for (unsigned i = 0; i < 3; i++) {
        static const unsigned left_out[] = {7, 1999, 2000};
        rows[i] = (struct registry_new){.name = span_of_str(names[left_out[i]]), .crypt = "x"};
        assert_rc(registry_find(*state, rows[i].name, &account, &err), RC_NOT_FOUND);
    }
    assert_ok(registry_add_many(*state, rows, 3, &err));
    assert_ok(registry_remove(*state, 1, &err));
    while (count == PAGE) {
        assert_ok(registry_list(*state, span_of_str(after), PAGE, page, &count, &err));
        for (size_t i = 0; i < count; i++)
            assert_string_equal(page[i].name, names[seen++]);
        if (count != 0)
            snprintf(after, sizeof after, "%s", page[count - 1].name);
    }
    assert_int_equal(seen, COUNT);
    for (unsigned i = 0; i < COUNT; i++) /* passes the bound of the cache */
        assert_ok(registry_find(*state, span_of_str(names[i]), &account, &err));
}

static void
test_another_process_is_noticed(void **state)
{
    struct registry_account account;
    struct registry *other = open_registry(false);

    const uint64_t id = add(*state, "alice");
    assert_ok(registry_find(*state, SPAN("alice"), &account, &err));
    assert_ok(registry_set_state(other, id, ACCOUNT_DISABLED, &err));
    now_us += 1000000;
    assert_ok(registry_find(*state, SPAN("alice"), &account, &err));
    assert_int_equal(account.state, ACCOUNT_DISABLED);
    registry_close(other);
}

struct worker {
    struct registry *registry;
    unsigned number;
};

static void *
work(void *arg)
{
    const struct worker *worker = arg;
    struct registry_account account;
    struct err why = {.rc = RC_OK};
    char name[32];
    uint64_t id = 0;

    for (unsigned i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "w%u-%u", worker->number, i);
        if (registry_add(worker->registry, span_of_str(name), "x", NULL, &id, &why) != RC_OK ||
            registry_find(worker->registry, span_of_str(name), &account, &why) != RC_OK ||
            account.id != id ||
            registry_set_password(worker->registry, id, name, NULL, &why) != RC_OK ||
            registry_find_id(worker->registry, id, &account, &why) != RC_OK ||
            strcmp(account.crypt, name) != 0)
            return arg;
    }
    return NULL;
}

/* A row that was read before a password was changed must not come back into the cache after it,
 * whether there is room or the cache is emptied for it. */
static void
test_cache_takes_nothing_older_than_a_change(void **state)
{
    struct registry *registry = *state;
    struct registry_hit hit = {.found = true};
    uint64_t read_before = 0;
    uint64_t now = 0;
    char key[16];
    const uint64_t id = add(registry, "alice");

    assert_false(registry_cache_get(registry, SPAN("alice@x"), &hit, &read_before));
    const struct registry_hit old = {.found = true};
    assert_ok(registry_set_password(registry, id, "$y$new", NULL, &err));
    registry_cache_put(registry, SPAN("alice@x"), SPAN(""), &old, read_before);
    assert_false(registry_cache_get(registry, SPAN("alice@x"), &hit, &now));

    for (unsigned i = 0; i < REGISTRY_CACHE_ENTRIES; i++) {
        snprintf(key, sizeof key, "%u", i);
        registry_cache_put(registry, span_of_str(key), SPAN(""), &old, now);
    }
    assert_true(registry_cache_get(registry, SPAN("0"), &hit, &now)); /* it is full */
    registry_cache_put(registry, SPAN("alice@x"), SPAN(""), &old, read_before);
    assert_false(registry_cache_get(registry, SPAN("alice@x"), &hit, &now));
    registry_cache_put(registry, SPAN("alice@x"), SPAN(""), &old, now);
    assert_true(registry_cache_get(registry, SPAN("alice@x"), &hit, &now));
}

static void
assert_same_hit(const struct registry_hit *a, const struct registry_hit *b)
{
    assert_int_equal(a->found, b->found);
    assert_int_equal(a->alias, b->alias);
    assert_int_equal(a->account.id, b->account.id);
    assert_string_equal(a->account.name, b->account.name);
    assert_int_equal(a->account.state, b->account.state);
    assert_string_equal(a->account.crypt, b->account.crypt);
    assert_int_equal(a->account.scram.iterations, b->account.scram.iterations);
    assert_int_equal(a->account.scram.salt_only, b->account.scram.salt_only);
    assert_int_equal(a->account.scram.salt_octets, b->account.scram.salt_octets);
    assert_memory_equal(a->account.scram.salt, b->account.scram.salt,
                        a->account.scram.salt_octets);
    assert_memory_equal(a->account.scram.stored_key, b->account.scram.stored_key,
                        sizeof a->account.scram.stored_key);
    assert_memory_equal(a->account.scram.server_key, b->account.scram.server_key,
                        sizeof a->account.scram.server_key);
    assert_int_equal(a->account.password_generation, b->account.password_generation);
    assert_int_equal(a->account.app_passwords, b->account.app_passwords);
    assert_int_equal(a->account.created_s, b->account.created_s);
    assert_memory_equal(&a->account.quota, &b->account.quota, sizeof a->account.quota);
}

/* A row comes out of the cache as it went in, under each of its keys: one with nothing, one
 * with salt alone, and one in which everything is as long as it can be. */
static void
test_cache_gives_what_it_got(void **state)
{
    struct registry *registry = *state;
    struct registry_hit rows[3] = {
        {.found = false}, {.found = true, .alias = true}, {.found = true}};
    struct registry_hit got;
    uint64_t now = registry_cache_look(registry);

    rows[1].account = (struct registry_account){
        .id = 7,
        .name = "a",
        .state = ACCOUNT_DISABLED,
        .scram = {.iterations = 4096, .salt_only = true, .salt_octets = 3, .salt = "abc"},
        .app_passwords = 2,
    };
    rows[2].account = (struct registry_account){
        .id = UINT64_MAX,
        .scram = {.iterations = UINT32_MAX, .salt_octets = REGISTRY_SCRAM_SALT_OCTETS},
        .password_generation = UINT64_MAX,
        .app_passwords = UINT32_MAX,
        .created_s = INT64_MAX,
        .quota.of = {1, QUOTA_CONFIGURED, QUOTA_UNLIMITED},
    };
    struct registry_account *longest = &rows[2].account;
    memset(longest->name, 'n', REGISTRY_NAME_OCTETS - 1);
    memset(longest->crypt, 'c', REGISTRY_CRYPT_OCTETS - 1);
    memset(longest->scram.salt, 's', REGISTRY_SCRAM_SALT_OCTETS);
    memset(longest->scram.stored_key, 'k', REGISTRY_SCRAM_KEY_OCTETS);
    memset(longest->scram.server_key, 'v', REGISTRY_SCRAM_KEY_OCTETS);
    registry_cache_put(registry, SPAN("0"), SPAN(""), &rows[0], now);
    registry_cache_put(registry, SPAN("1"), SPAN("1 too"), &rows[1], now);
    registry_cache_put(registry, SPAN("2"), SPAN("1 too"), &rows[2], now); /* which stays */
    assert_true(registry_cache_get(registry, SPAN("0"), &got, &now));
    assert_same_hit(&got, &rows[0]);
    assert_true(registry_cache_get(registry, SPAN("1"), &got, &now));
    assert_same_hit(&got, &rows[1]);
    assert_true(registry_cache_get(registry, SPAN("1 too"), &got, &now));
    assert_same_hit(&got, &rows[1]);
    assert_true(registry_cache_get(registry, SPAN("2"), &got, &now));
    assert_same_hit(&got, &rows[2]);
    registry_cache_forget(registry, 7);
    assert_false(registry_cache_get(registry, SPAN("1"), &got, &now));
    assert_false(registry_cache_get(registry, SPAN("1 too"), &got, &now));
    assert_true(registry_cache_get(registry, SPAN("2"), &got, &now));
}

/* A server makes dozens of keys in a second; the others' rows stay. */
static void
test_keys_cost_only_their_own_row(void **state)
{
    struct registry *registry = *state;
    const struct scram_keys keys = {.iterations = 4096, .salt_octets = 1};
    struct registry_account alice;
    struct registry_account bob;
    struct registry_hit hit;
    uint64_t read_before = 0;
    uint64_t now = 0;

    add(registry, "alice");
    add(registry, "bob");
    assert_ok(registry_find(registry, SPAN("bob"), &bob, &err));
    assert_ok(registry_find(registry, SPAN("alice"), &alice, &err));
    assert_true(registry_cache_get(registry, SPAN("alice"), &hit, &read_before));
    const uint64_t epoch = registry_epoch(registry);
    assert_ok(registry_set_scram(registry, alice.id, alice.password_generation, &keys, &err));
    assert_true(registry_epoch(registry) > epoch);
    assert_true(registry_cache_get(registry, SPAN("bob"), &hit, &now));
    assert_int_equal(hit.account.id, bob.id);
    assert_false(registry_cache_get(registry, SPAN("alice"), &hit, &now));
    registry_cache_put(registry, SPAN("alice"), SPAN(""), &hit, read_before);
    assert_false(registry_cache_get(registry, SPAN("alice"), &hit, &now));
    assert_ok(registry_find_id(registry, alice.id, &alice, &err));
    assert_int_equal(alice.scram.iterations, 4096);
}

/* It stays while nothing changes, also when the cache is emptied because it is full. */
static void
test_epoch(void **state)
{
    struct registry *registry = *state;
    struct registry *other = open_registry(false);
    const struct registry_hit hit = {.found = true};
    struct registry_account account;
    uint64_t generation = 0;
    char key[16];
    const uint64_t id = add(registry, "alice");
    const uint64_t first = registry_epoch(registry);

    assert_ok(registry_find_id(registry, id, &account, &err));
    for (unsigned i = 0; i < REGISTRY_CACHE_ENTRIES + 10; i++) {
        struct registry_hit got;
        snprintf(key, sizeof key, "%u", i);
        (void)!registry_cache_get(registry, span_of_str(key), &got, &generation);
        registry_cache_put(registry, span_of_str(key), SPAN(""), &hit, generation);
    }
    assert_int_equal(registry_epoch(registry), first);
    assert_ok(registry_set_state(registry, id, ACCOUNT_DISABLED, &err));
    const uint64_t second = registry_epoch(registry);
    assert_true(second > first);
    now_us += 1000000; /* our own change is noticed once more */
    const uint64_t third = registry_epoch(registry);
    assert_ok(registry_set_state(other, id, ACCOUNT_ENABLED, &err));
    now_us += 1000000;
    assert_true(registry_epoch(registry) > third);
    registry_close(other);
}

/* Rights do not depend on how somebody logs in. */
static void
test_epoch_of_rights(void **state)
{
    struct registry *registry = *state;
    struct registry *other = open_registry(false);
    const struct scram_keys keys = some_keys(1);
    const struct quota_amounts quota = {{1, 2}};
    struct registry_account account;
    struct arena arena;
    struct span *taken;
    size_t count;
    uint64_t before = registry_rights_epoch(registry);
    const uint64_t id = add(registry, "alice");

    assert_true(registry_rights_epoch(registry) > before);
    before = registry_rights_epoch(registry);
    assert_ok(registry_find_id(registry, id, &account, &err));
    assert_ok(registry_set_scram(registry, id, account.password_generation, &keys, &err));
    assert_ok(registry_set_password(registry, id, "$y$new", NULL, &err));
    assert_ok(registry_set_quota(registry, id, &quota, &err));
    assert_ok(registry_alias_add(registry, id, SPAN("sales"), &err));
    now_us += 1000000;
    if (!is_seam())
        assert_int_equal(registry_rights_epoch(registry), before);
    before = registry_rights_epoch(registry);
    assert_ok(registry_set_state(registry, id, ACCOUNT_DISABLED, &err));
    assert_true(registry_rights_epoch(registry) > before);
    before = registry_rights_epoch(registry);
    assert_ok(registry_remove(registry, id, &err));
    assert_true(registry_rights_epoch(registry) > before);
    before = registry_rights_epoch(registry);
    arena_init(&arena, 4096);
    assert_ok(registry_restore(registry, id, SPAN(""), &arena, &taken, &count, &err));
    arena_done(&arena);
    assert_true(registry_rights_epoch(registry) > before);
    before = registry_rights_epoch(registry);
    assert_ok(registry_set_password(other, id, "$y$newer", NULL, &err));
    now_us += 1000000;
    assert_true(registry_rights_epoch(registry) > before); /* who knows what it has changed */
    registry_close(other);
}

static void
test_threads(void **state)
{
    struct worker workers[4];
    pthread_t threads[4];

    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){*state, i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

int
main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_without_create),
        WITH(test_file_is_private_and_secret_stays),
        WITH(test_add_and_find),
        WITH(test_names),
        WITH(test_passwords),
        WITH(test_state_and_count),
        WITH(test_limits_of_an_account),
        WITH(test_remove_frees_the_names_but_not_the_id),
        WITH(test_removed_accounts_come_back),
        WITH(test_purging_ends_the_way_back),
        WITH(test_app_passwords),
        WITH(test_app_password_limits),
        WITH(test_app_passwords_share_the_salt),
        WITH(test_app_passwords_of_removed_accounts),
        WITH(test_version_1_is_brought_up),
        WITH(test_login_names),
        WITH(test_routes),
        WITH(test_many_domains),
        WITH(test_aliases),
        WITH(test_many_at_once),
        WITH(test_another_process_is_noticed),
        WITH(test_cache_takes_nothing_older_than_a_change),
        WITH(test_cache_gives_what_it_got),
        WITH(test_keys_cost_only_their_own_row),
        WITH(test_epoch),
        WITH(test_epoch_of_rights),
        WITH(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
