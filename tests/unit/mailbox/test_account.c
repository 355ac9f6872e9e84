/* SPDX-License-Identifier: MIT */
/* Which accounts can be got while accounts are removed. What clients see of it:
 * tests/ends/test_gone.py. */
#include "support/cm.h"

#include <stdio.h>

#include "mailbox/account_private.h"
#include "store/engine_sqlite.h"
#include "store/registry.h"
#include "store/removed.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

struct fixture {
    struct tmpdir dir;
    struct fake_clock clock;
    struct registry *registry;
    struct store *store;
    struct accounts *accounts;
    uint64_t id; /* anna's */
};

static struct err err;

static int
setup(void **state)
{
    static struct fixture fx;
    char accounts[256];

    tmpdir_make(&fx.dir);
    fake_clock_init(&fx.clock, 1800000000);
    snprintf(accounts, sizeof accounts, "%s", tmpdir_file(&fx.dir, "accounts"));
    const struct sqlite_registry_options registry = {.path =
                                                         tmpdir_file(&fx.dir, "registry.db"),
                                                     .registry.clock = &fx.clock.clock,
                                                     .create = true};
    const struct sqlite_options store = {
        .dir = accounts, .store.clock = &fx.clock.clock, .max_open_fds = 60};
    assert_ok(registry_open_sqlite(&registry, &fx.registry, &err));
    assert_ok(store_open_sqlite(&store, &fx.store, &err));
    assert_ok(accounts_new(fx.store, &fx.clock.clock, &fx.accounts));
    accounts_set_registry(fx.accounts, fx.registry);
    assert_ok(registry_add(fx.registry, SPAN("anna"), "x", NULL, &fx.id, &err));
    *state = &fx;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fx = *state;

    accounts_free(fx->accounts);
    store_close(fx->store);
    registry_close(fx->registry);
    tmpdir_remove(&fx->dir);
    return 0;
}

/* Makes its files, as the first use does. */
static void
use(struct account *acct)
{
    struct store_tx *tx = NULL;

    assert_ok(store_write_begin(account_store(acct), (struct wake){0}, &tx, &err));
    assert_ok(store_subscribe(tx, SPAN("INBOX"), &err));
    assert_ok(store_commit(tx, &err));
    store_end(tx);
}

static bool
has_files(const struct fixture *fx)
{
    int64_t changed_s = 0;

    return store_account_is_made(fx->store, fx->id, &changed_s);
}

static void
test_of_nobody(void **state)
{
    struct fixture *fx = *state;
    struct account *acct = NULL;

    assert_int_equal(account_get(fx->accounts, fx->id + 1, &acct), RC_NOT_FOUND);
    assert_null(acct);
    assert_ok(account_get(fx->accounts, fx->id, &acct));
    account_put(acct);
}

/* Whoever holds it keeps it; afterwards it is gone, and stays gone. */
static void
test_held_while_it_is_removed(void **state)
{
    struct fixture *fx = *state;
    struct account *acct = NULL;
    struct account *late = NULL;

    assert_ok(account_get(fx->accounts, fx->id, &acct));
    assert_ok(registry_remove(fx->registry, fx->id, &err));
    assert_int_equal(accounts_forget(fx->accounts, fx->id), RC_BUSY);
    use(acct);
    assert_int_equal(removed_purge(fx->registry, fx->store, fx->id, &err), RC_BUSY);
    account_put(acct);
    assert_ok(accounts_forget(fx->accounts, fx->id));
    assert_int_equal(account_get(fx->accounts, fx->id, &late), RC_NOT_FOUND);
    assert_null(late);
    assert_ok(accounts_forget(fx->accounts, fx->id)); /* of the one that was refused */
    assert_ok(removed_purge(fx->registry, fx->store, fx->id, &err));
    assert_false(has_files(fx));
    assert_int_equal(account_get(fx->accounts, fx->id, &late), RC_NOT_FOUND);
    assert_false(has_files(fx));
}

/* Between the two steps of a purge somebody comes: he is refused, and the purge is told to try
 * again. */
static void
test_come_between(void **state)
{
    struct fixture *fx = *state;
    struct account *acct = NULL;

    assert_ok(account_get(fx->accounts, fx->id, &acct));
    use(acct);
    account_put(acct);
    assert_ok(registry_remove(fx->registry, fx->id, &err));
    assert_ok(accounts_forget(fx->accounts, fx->id));
    assert_int_equal(account_get(fx->accounts, fx->id, &acct), RC_NOT_FOUND);
    assert_int_equal(removed_purge(fx->registry, fx->store, fx->id, &err), RC_BUSY);
    assert_ok(accounts_forget(fx->accounts, fx->id));
    assert_ok(removed_purge(fx->registry, fx->store, fx->id, &err));
    assert_false(has_files(fx));
}

static void
rest(struct fixture *fx, uint64_t id)
{
    struct account *acct = NULL;

    assert_ok(account_get(fx->accounts, id, &acct));
    account_put(acct);
}

/* Accounts that nobody holds are kept up to a number; then the one unused for longest goes. */
static void
test_idle_are_bounded(void **state)
{
    struct fixture *fx = *state;
    const struct map *by_id = &fx->accounts->by_id;
    uint64_t first = 1;

    accounts_set_registry(fx->accounts, NULL); /* every account exists */
    for (uint64_t id = 1; id <= 2 * LIMIT_IDLE_ACCOUNTS; id++) {
        rest(fx, id);
        const uint64_t kept = id < LIMIT_IDLE_ACCOUNTS ? id : LIMIT_IDLE_ACCOUNTS;
        assert_int_equal(fx->accounts->idle_count, kept);
        assert_int_equal(by_id->count, kept);
        if (id == LIMIT_IDLE_ACCOUNTS)
            assert_non_null(map_get(by_id, map_key_u64(&first)));
        if (id == LIMIT_IDLE_ACCOUNTS + 1)
            assert_null(map_get(by_id, map_key_u64(&first)));
    }
}

/* Loads INBOX, and lets go of it. */
static void
look_at_inbox(struct account *acct)
{
    struct store_tx *tx = NULL;
    struct mailbox *inbox = NULL;
    struct version *version = NULL;

    assert_ok(mailbox_open(acct, (struct wake){0}, SPAN("INBOX"), &inbox, &err));
    assert_ok(store_read_begin(account_store(acct), (struct wake){0}, &tx, &err));
    assert_ok(mailbox_version(inbox, tx, &version, &err));
    store_end(tx);
    version_unref(version);
    mailbox_put(inbox);
}

/* Versions that nobody looks at stay until all together are too large. What others have in
 * memory is made up. */
static void
test_versions_are_bounded(void **state)
{
    static const uint64_t beyond[] = {0, 1, LIMIT_VERSION_CACHE};
    struct fixture *fx = *state;
    atomic_uint_fast64_t *octets = &fx->accounts->version_octets;
    struct account *anna = NULL;
    struct account *bob = NULL;
    uint64_t id = 0;

    assert_ok(registry_add(fx->registry, SPAN("bob"), "x", NULL, &id, &err));
    assert_ok(account_get(fx->accounts, fx->id, &anna));
    assert_ok(account_get(fx->accounts, id, &bob));
    use(anna);
    use(bob);
    for (size_t i = 0; i < ARRAY_LEN(beyond); i++) {
        look_at_inbox(anna);
        const uint64_t own = atomic_load(octets);
        const uint64_t others = LIMIT_VERSION_CACHE - 2 * own + beyond[i];
        assert_true(own > 0);
        atomic_fetch_add(octets, others);
        look_at_inbox(bob); /* anna's was looked at before */
        assert_int_equal(atomic_load(octets), others + (beyond[i] == 0 ? 2 * own : own));
        atomic_fetch_sub(octets, others);
        fake_clock_move_ms(&fx->clock, 60000);
        accounts_evict(fx->accounts);
        assert_int_equal(atomic_load(octets), 0);
    }
    account_put(anna);
    account_put(bob);
}

int
main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(test_of_nobody),
        WITH(test_held_while_it_is_removed),
        WITH(test_come_between),
        WITH(test_idle_are_bounded),
        WITH(test_versions_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
