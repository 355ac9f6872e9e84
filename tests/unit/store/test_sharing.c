/* SPDX-License-Identifier: MIT */
/* Groups of accounts, and the index of who shares mailboxes with whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/engine_sqlite.h"
#include "store/registry_private.h"
#include "store/removed.h"
#include "store/sharing.h"
#include "support/seam_engine.h"
#include "support/tmpdir.h"

static char dir[64];
static char path[96];
static struct err err;
static int64_t now_us;
static struct arena arena;

static int64_t
clock_us(const struct clock *clock)
{
    (void)clock;
    return now_us;
}

static const struct clock hand_clock = {.mono_us = clock_us, .wall_us = clock_us};

#define assert_rc(actual, expected)                                                            \
    do {                                                                                       \
        const enum rc rc_ = (actual);                                                          \
        if (rc_ != (expected))                                                                 \
            fail_msg("%s is %s, not %s (%s)", #actual, rc_name(rc_), rc_name(expected),        \
                     err.text);                                                                \
    } while (0)
#define assert_ok(actual) assert_rc(actual, RC_OK)

static int
setup(void **state)
{
    const struct sqlite_registry_options options = {
        .path = path, .registry.clock = &hand_clock, .create = true};
    const char *engine = getenv("ROOST_TEST_ENGINE");
    struct registry *registry = NULL;

    snprintf(dir, sizeof dir, "%s/roost-sharing-XXXXXX", tmpdir_parent_in_memory());
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/registry.db", dir);
    now_us = 1700000000000000;
    arena_init(&arena, 64 << 20);
    if (engine != NULL && strcmp(engine, "seam") == 0)
        assert_ok(registry_open_seam(registry_open_sqlite, &options, &registry, &err));
    else
        assert_ok(registry_open_sqlite(&options, &registry, &err));
    *state = registry;
    return 0;
}

static int
teardown(void **state)
{
    registry_close(*state);
    arena_done(&arena);
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

static uint64_t
add_group(struct registry *registry, const char *name)
{
    uint64_t id = 0;

    assert_ok(registry_group_add(registry, span_of_str(name), &id, &err));
    return id;
}

/* Names of those who share something with the account, with a blank after each. */
static const char *
sharers(struct registry *registry, uint64_t account, size_t max)
{
    struct registry_sharer *list = NULL;
    size_t count = 0;
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    assert_ok(registry_sharers(registry, account, max, &arena, &list, &count, &err));
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%.*s ", SPAN_FMT(list[i].name));
    return arena_str(&arena, buf_span(&text));
}

static bool
shares_with(struct registry *registry, uint64_t owner, uint64_t account)
{
    bool shares = false;

    assert_ok(registry_shares_with(registry, owner, account, &shares, &err));
    return shares;
}

static bool
anybody_shares(struct registry *registry)
{
    bool shares = false;

    assert_ok(registry_shares(registry, &shares, &err));
    return shares;
}

static void
note(struct registry *registry, uint64_t owner, enum acl_kind kind, uint64_t who)
{
    const struct registry_share share = {kind, who};

    assert_ok(registry_share_note(registry, owner, &share, &err));
}

static void
test_groups(void **state)
{
    struct registry *registry = *state;
    const uint64_t anna = add(registry, "anna");
    const uint64_t bert = add(registry, "bert@example.org");
    const uint64_t staff = add_group(registry, "Staff");
    struct registry_group group;
    struct registry_group rows[4];
    struct span *members = NULL;
    uint64_t *groups = NULL;
    uint64_t id = 0;
    size_t count = 0;

    assert_rc(registry_group_add(registry, SPAN("STAFF"), &id, &err), RC_EXISTS);
    assert_rc(registry_group_add(registry, SPAN("two words"), &id, &err), RC_INVALID);
    assert_rc(registry_group_add(registry, SPAN(""), &id, &err), RC_INVALID);
    assert_ok(registry_group_find(registry, SPAN("sTaff"), &group, &err));
    assert_true(group.id == staff && strcmp(group.name, "staff") == 0);
    assert_rc(registry_group_find(registry, SPAN("others"), &group, &err), RC_NOT_FOUND);
    assert_rc(registry_group_get(registry, staff + 1, &group, &err), RC_NOT_FOUND);

    assert_ok(registry_group_set_member(registry, staff, bert, true, &err));
    assert_ok(registry_group_set_member(registry, staff, bert, true, &err));
    assert_ok(registry_group_set_member(registry, staff, anna, true, &err));
    assert_rc(registry_group_set_member(registry, staff + 1, anna, true, &err), RC_NOT_FOUND);
    assert_rc(registry_group_set_member(registry, staff, bert + 1, true, &err), RC_NOT_FOUND);
    assert_ok(registry_group_members(registry, staff, &arena, &members, &count, &err));
    assert_int_equal(count, 2);
    assert_true(span_eq_str(members[0], "anna") && span_eq_str(members[1], "bert@example.org"));
    assert_ok(registry_groups_of(registry, anna, &arena, &groups, &count, &err));
    assert_true(count == 1 && groups[0] == staff);
    assert_ok(registry_group_set_member(registry, staff, anna, false, &err));
    assert_ok(registry_group_set_member(registry, staff, anna, false, &err));
    assert_ok(registry_groups_of(registry, anna, &arena, &groups, &count, &err));
    assert_int_equal(count, 0);

    const uint64_t all = add_group(registry, "all");
    assert_ok(registry_group_list(registry, SPAN(""), 4, rows, &count, &err));
    assert_true(count == 2 && rows[0].id == all && rows[1].id == staff);
    assert_ok(registry_group_list(registry, SPAN("all"), 4, rows, &count, &err));
    assert_true(count == 1 && rows[0].id == staff);

    /* A group of the same name is another one. */
    assert_ok(registry_group_remove(registry, staff, &err));
    assert_rc(registry_group_remove(registry, staff, &err), RC_NOT_FOUND);
    assert_true(add_group(registry, "staff") > staff);
    assert_ok(registry_groups_of(registry, bert, &arena, &groups, &count, &err));
    assert_int_equal(count, 0);
}

static bool
is_cached(struct registry *registry, const char *name)
{
    struct registry_hit hit;
    uint64_t generation = 0;

    return registry_cache_get(registry, span_of_str(name), &hit, &generation);
}

/* Sharing, which users do, empties the cache of no account. */
static void
test_cache(void **state)
{
    struct registry *registry = *state;
    const uint64_t anna = add(registry, "anna");
    const uint64_t bert = add(registry, "bert");
    const uint64_t staff = add_group(registry, "staff");
    struct registry_account account;

    assert_ok(registry_find(registry, SPAN("anna"), &account, &err));
    assert_ok(registry_find(registry, SPAN("bert"), &account, &err));
    assert_false(anybody_shares(registry));
    note(registry, anna, ACL_ACCOUNT, bert);
    assert_true(anybody_shares(registry));
    assert_ok(registry_group_set_member(registry, staff, bert, true, &err));
    assert_ok(registry_share_settle(registry, anna, NULL, 0, &err));
    assert_false(anybody_shares(registry));
    note(registry, bert, ACL_GROUP, staff);
    assert_ok(registry_group_remove(registry, staff, &err));
    assert_false(anybody_shares(registry));
    assert_true(is_cached(registry, "anna"));
    assert_true(is_cached(registry, "bert"));
    (void)add(registry, "carl");
    assert_false(is_cached(registry, "anna"));
}

static void
test_index(void **state)
{
    struct registry *registry = *state;
    const uint64_t anna = add(registry, "anna");
    const uint64_t bert = add(registry, "bert");
    const uint64_t carl = add(registry, "carl");
    const uint64_t staff = add_group(registry, "staff");
    const struct registry_share to_carl = {ACL_ACCOUNT, carl};
    const uint64_t epoch = registry_epoch(registry);
    const uint64_t rights_epoch = registry_rights_epoch(registry);

    assert_false(anybody_shares(registry));
    note(registry, anna, ACL_ACCOUNT, bert);
    note(registry, anna, ACL_ACCOUNT, bert);
    assert_true(anybody_shares(registry));
    assert_int_equal(registry_epoch(registry), epoch); /* no account is another one now */
    assert_string_equal(sharers(registry, bert, 10), "anna ");
    assert_string_equal(sharers(registry, carl, 10), "");
    assert_true(shares_with(registry, anna, bert));
    assert_false(shares_with(registry, bert, anna));

    note(registry, carl, ACL_GROUP, staff);
    assert_string_equal(sharers(registry, bert, 10), "anna ");
    assert_ok(registry_group_set_member(registry, staff, bert, true, &err));
    assert_true(registry_epoch(registry) != epoch); /* but bert has other rights */
    assert_true(registry_rights_epoch(registry) != rights_epoch);
    assert_string_equal(sharers(registry, bert, 10), "anna carl ");
    assert_string_equal(sharers(registry, bert, 1), "anna ");
    note(registry, bert, ACL_ANYONE, 0);
    assert_string_equal(sharers(registry, anna, 10), "bert ");
    assert_string_equal(sharers(registry, bert, 10), "anna carl "); /* not with oneself */

    assert_ok(registry_share_settle(registry, anna, &to_carl, 1, &err));
    assert_string_equal(sharers(registry, bert, 10), "carl ");
    assert_string_equal(sharers(registry, carl, 10), "anna bert ");
    assert_ok(registry_group_remove(registry, staff, &err));
    assert_string_equal(sharers(registry, bert, 10), "");
    assert_ok(registry_share_settle(registry, anna, NULL, 0, &err));
    assert_ok(registry_share_settle(registry, bert, NULL, 0, &err));
    assert_false(anybody_shares(registry));
}

/* The configuration may say that what is granted to anyone has no effect. */
static void
test_without_anyone(void **state)
{
    struct registry *registry = *state;
    const uint64_t anna = add(registry, "anna");
    const uint64_t bert = add(registry, "bert");
    const uint64_t carl = add(registry, "carl");
    const uint64_t staff = add_group(registry, "staff");

    note(registry, anna, ACL_ANYONE, 0);
    note(registry, carl, ACL_GROUP, staff);
    assert_ok(registry_group_set_member(registry, staff, bert, true, &err));
    assert_true(registry_with_anyone(registry));
    assert_string_equal(sharers(registry, bert, 10), "anna carl ");

    const uint64_t epoch = registry_rights_epoch(registry);
    const uint64_t serial = registry_shares_serial(registry);
    registry_set_with_anyone(registry, true);
    assert_int_equal(registry_rights_epoch(registry), epoch);
    registry_set_with_anyone(registry, false);
    assert_false(registry_with_anyone(registry));
    assert_true(registry_rights_epoch(registry) != epoch);
    assert_true(registry_shares_serial(registry) != serial);
    assert_string_equal(sharers(registry, bert, 10), "carl ");
    assert_string_equal(sharers(registry, carl, 10), "");
    assert_false(shares_with(registry, anna, bert));
    assert_true(shares_with(registry, carl, bert));

    note(registry, anna, ACL_ACCOUNT, bert); /* anna shares with bert in another way, too */
    assert_string_equal(sharers(registry, bert, 10), "anna carl ");
    assert_true(shares_with(registry, anna, bert));
    registry_set_with_anyone(registry, true);
    assert_true(shares_with(registry, anna, carl));
}

/* A removed account shares nothing until it is restored; one that is purged never again. */
static void
test_removed_accounts(void **state)
{
    struct registry *registry = *state;
    const uint64_t anna = add(registry, "anna");
    const uint64_t bert = add(registry, "bert");
    const uint64_t staff = add_group(registry, "staff");
    struct span *taken = NULL;
    struct span *members = NULL;
    size_t count = 0;

    note(registry, anna, ACL_ACCOUNT, bert);
    assert_ok(registry_group_set_member(registry, staff, anna, true, &err));
    assert_ok(registry_remove(registry, anna, &err));
    assert_string_equal(sharers(registry, bert, 10), "");
    assert_false(shares_with(registry, anna, bert));
    assert_ok(registry_group_members(registry, staff, &arena, &members, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(registry_restore(registry, anna, SPAN("anne"), &arena, &taken, &count, &err));
    assert_string_equal(sharers(registry, bert, 10), "anne ");
    assert_ok(registry_group_members(registry, staff, &arena, &members, &count, &err));
    assert_true(count == 1 && span_eq_str(members[0], "anne"));
    assert_ok(registry_remove(registry, anna, &err));
    assert_ok(registry_purge_begin(registry, anna, &err));
    assert_ok(registry_purge_end(registry, anna, &err));
    assert_false(anybody_shares(registry));
}

static void
test_limit_of_groups(void **state)
{
    struct registry *registry = *state;
    char name[32];
    uint64_t id = 0;

    for (unsigned i = 0; i < LIMIT_GROUPS; i++) {
        snprintf(name, sizeof name, "g%u", i);
        add_group(registry, name);
    }
    assert_rc(registry_group_add(registry, SPAN("more"), &id, &err), RC_LIMIT);
    assert_ok(registry_group_remove(registry, 1, &err));
    add_group(registry, "more");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(test_index, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_anyone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removed_accounts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit_of_groups, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
