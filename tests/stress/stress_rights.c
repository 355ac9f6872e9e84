/* SPDX-License-Identifier: MIT */
/*
 * Rights are granted and taken away, to accounts and by groups, while guests write and read. A
 * guest who has seen the rights taken away before it asked, and not granted again until it was
 * answered, must be refused; and one who had them all the while must not be. The owner counts
 * each change before and after it, so a guest knows whether there was one meanwhile. For a
 * build with -Db_sanitize=thread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "mailbox/memory/account.h"
#include "mailbox/sharing/acl_op.h"
#include "mailbox/write/ops.h"
#include "mailbox/write/turn_wait.h"
#include "store/engine_sqlite.h"
#include "store/sharing.h"
#include "support/tmpdir.h"

enum { OWNER = 1, GUESTS = 4, CHANGES = 300, ARENA = 16 << 20 };

static struct accounts *accounts;
static struct registry *registry;
static struct account *shared;
static uint64_t group;
static atomic_bool over;
/* Twice the number of changes; odd: one is under way. After an even number of changes there are
 * no rights, after an odd one there are. */
static atomic_uint changes;

static bool
rights_are_there(unsigned count)
{
    return count / 2 % 2 == 1;
}

/* ---- the owner ---- */

static void
acl_change(struct arena *arena, struct turn_waiter *waiter, uint64_t who, uint32_t rights)
{
    struct acl_op op;

    acl_op_init(&op, arena, turn_waiter_wake(waiter));
    op.name = SPAN("INBOX");
    op.kind = ACL_ACCOUNT;
    op.who = who;
    op.change = (struct rights_change){.how = RIGHTS_SET, .rights = rights};
    turn_run_wait(shared, &op.turn, waiter);
    CHECK(op.turn.result == RC_OK);
    if (op.took) {
        struct acl_settle_op settle;
        acl_settle_op_init(&settle, arena, turn_waiter_wake(waiter));
        turn_run_wait(shared, &settle.turn, waiter);
        CHECK(settle.turn.result == RC_OK);
    }
}

/* Guests with even numbers have rights of their own, the others by their group. */
static void
rights_set(struct arena *arena, struct turn_waiter *waiter, bool grant)
{
    struct err err = {.rc = RC_OK};

    for (uint64_t guest = OWNER + 1; guest <= OWNER + GUESTS; guest++) {
        if (guest % 2 == 0)
            acl_change(arena, waiter, guest, grant ? RIGHTS_ALL : 0);
        else
            CHECK(registry_group_set_member(registry, group, guest, grant, &err) == RC_OK);
    }
}

static void *
own(void *arg)
{
    struct turn_waiter waiter;
    struct arena arena;

    (void)arg;
    turn_waiter_init(&waiter);
    arena_init(&arena, ARENA);
    for (unsigned i = 0; i < CHANGES; i++) {
        const bool grant = !rights_are_there(atomic_load(&changes));
        atomic_fetch_add(&changes, 1);
        rights_set(&arena, &waiter, grant);
        atomic_fetch_add(&changes, 1);
        arena_reset(&arena);
        usleep(1000);
    }
    atomic_store(&over, true);
    arena_done(&arena);
    turn_waiter_done(&waiter);
    return NULL;
}

/* ---- guests ---- */

struct guest {
    pthread_t thread;
    uint64_t account;
    struct turn_waiter waiter;
    struct arena arena;
    struct ingest ingest;
    unsigned done;
    unsigned refused;
    unsigned looks;
};

static void
judge(struct guest *guest, unsigned before, enum rc result)
{
    const unsigned after = atomic_load(&changes);

    CHECK(result == RC_OK || result == RC_DENIED);
    if (before == after && before % 2 == 0)
        CHECK(result == (rights_are_there(before) ? RC_OK : RC_DENIED));
    guest->done += result == RC_OK;
    guest->refused += result == RC_DENIED;
}

static void
permit_make(struct guest *guest, struct permit *permit, uint64_t mbox, uint32_t rights)
{
    const struct permit_need need = {.mbox = mbox, .name = SPAN("INBOX"), .rights = rights};

    permit_init(permit, guest->account, &guest->arena);
    permit_need_add(permit, &need);
}

static void
append(struct guest *guest)
{
    const unsigned before = atomic_load(&changes);
    struct append_msg msg = {.ingest = &guest->ingest, .flags = MSG_SEEN};
    struct append_op op;

    append_op_init(&op, &guest->arena, turn_waiter_wake(&guest->waiter));
    op.name = SPAN("INBOX");
    op.msgs = &msg;
    op.msg_count = 1;
    permit_make(guest, &op.turn.permit, 0, RIGHT_INSERT);
    turn_run_wait(shared, &op.turn, &guest->waiter);
    judge(guest, before, op.turn.result);
}

static void
store_flags(struct guest *guest)
{
    static const struct uid_run all = {1, UINT32_MAX};
    const unsigned before = atomic_load(&changes);
    struct flags_op op;

    flags_op_init(&op, &guest->arena, turn_waiter_wake(&guest->waiter));
    op.mbox = 1;
    op.runs = &all;
    op.run_count = 1;
    op.mode = guest->done % 2 == 0 ? FLAGS_ADD : FLAGS_REMOVE;
    op.flags = MSG_FLAGGED;
    permit_make(guest, &op.turn.permit, 1, RIGHT_READ);
    turn_run_wait(shared, &op.turn, &guest->waiter);
    judge(guest, before, op.turn.result);
}

static void
expunge(struct guest *guest)
{
    static const struct uid_run all = {1, UINT32_MAX};
    const unsigned before = atomic_load(&changes);
    struct expunge_op op;

    expunge_op_init(&op, &guest->arena, turn_waiter_wake(&guest->waiter));
    op.mbox = 1;
    op.runs = &all;
    op.run_count = 1;
    permit_make(guest, &op.turn.permit, 1, RIGHT_READ | RIGHT_EXPUNGE);
    turn_run_wait(shared, &op.turn, &guest->waiter);
    judge(guest, before, op.turn.result);
}

/* Whoever looks after the serial was read finds rights at least as new as that; and whoever is
 * granted anything is found in the index (INV-S23). */
static void
look(struct guest *guest)
{
    const unsigned before = atomic_load(&changes);
    struct rights_user user;
    uint32_t rights = 0;
    bool shares = false;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};
    enum rc rc;

    (void)account_acl_serial(shared);
    CHECK(registry_shares_with(registry, OWNER, guest->account, &shares, &err) == RC_OK);
    CHECK(access_user(registry, guest->account, &guest->arena, &user, &err) == RC_OK);
    /* Not more of them read at once than may. */
    while ((rc = store_read_begin(account_store(shared), turn_waiter_wake(&guest->waiter), &tx,
                                  &err)) == RC_AGAIN)
        turn_waiter_sleep(&guest->waiter);
    CHECK(rc == RC_OK);
    CHECK(access_rights(tx, &user, 1, &guest->arena, &rights, &err) == RC_OK);
    if (before == atomic_load(&changes) && before % 2 == 0) {
        CHECK(rights == (rights_are_there(before) ? (uint32_t)RIGHTS_ALL : 0));
        CHECK(shares || !rights_are_there(before)); /* too much in it does no harm */
    }
    guest->looks++;
}

static void *
visit(void *arg)
{
    static void (*const acts[])(struct guest *) = {append, store_flags, look, expunge, look};
    static const char text[] = "Subject: x\r\n\r\nbody\r\n";
    struct guest *guest = arg;
    struct arena scratch;
    struct err err = {.rc = RC_OK};

    arena_init(&scratch, ARENA);
    CHECK(ingest_prepare(&scratch, SPAN(text), &guest->ingest, &err) == RC_OK);
    for (size_t i = guest->account; !atomic_load(&over); i++) {
        acts[i % ARRAY_LEN(acts)](guest);
        arena_reset(&guest->arena);
    }
    arena_done(&scratch);
    return NULL;
}

/* ---- all of it ---- */

static void
accounts_make(const struct tmpdir *dir, struct store **store_out)
{
    const struct sqlite_registry_options at = {.path = tmpdir_file(dir, "registry.db"),
                                               .registry.clock = &clock_system,
                                               .create = true};
    struct sqlite_options options = {.store.clock = &clock_system,
                                     .max_open_fds = 60,
                                     .store.undelete_max_octets = 1 << 20,
                                     .store.keywords_crowded = 1};
    struct err err = {.rc = RC_OK};
    uint64_t id = 0;

    CHECK(registry_open_sqlite(&at, &registry, &err) == RC_OK);
    while (id < OWNER + GUESTS) {
        char name[20];
        snprintf(name, sizeof name, "user%ju", (uintmax_t)id + 1);
        CHECK(registry_add(registry, span_of_str(name), "x", NULL, &id, &err) == RC_OK);
    }
    CHECK(registry_group_add(registry, SPAN("team"), &group, &err) == RC_OK);
    options.dir = tmpdir_file(dir, "accounts");
    CHECK(store_open_sqlite(&options, store_out, &err) == RC_OK);
    CHECK(accounts_new(*store_out, &clock_system, &accounts) == RC_OK);
    accounts_set_registry(accounts, registry);
    CHECK(account_get(accounts, OWNER, &shared) == RC_OK);
}

static void
group_grant(void)
{
    struct turn_waiter waiter;
    struct arena arena;
    struct acl_op op;

    turn_waiter_init(&waiter);
    arena_init(&arena, ARENA);
    acl_op_init(&op, &arena, turn_waiter_wake(&waiter));
    op.name = SPAN("INBOX");
    op.kind = ACL_GROUP;
    op.who = group;
    op.change = (struct rights_change){.how = RIGHTS_SET, .rights = RIGHTS_ALL};
    turn_run_wait(shared, &op.turn, &waiter);
    CHECK(op.turn.result == RC_OK);
    arena_done(&arena);
    turn_waiter_done(&waiter);
}

int
main(void)
{
    static struct guest guests[GUESTS];
    struct tmpdir dir;
    struct store *store = NULL;
    pthread_t owner;
    unsigned done = 0;
    unsigned refused = 0;

    tmpdir_make_in(&dir, tmpdir_parent_in_memory());
    accounts_make(&dir, &store);
    group_grant();
    for (size_t i = 0; i < GUESTS; i++) {
        guests[i].account = OWNER + 1 + i;
        turn_waiter_init(&guests[i].waiter);
        arena_init(&guests[i].arena, ARENA);
        CHECK(pthread_create(&guests[i].thread, NULL, visit, &guests[i]) == 0);
    }
    CHECK(pthread_create(&owner, NULL, own, NULL) == 0);
    CHECK(pthread_join(owner, NULL) == 0);
    for (size_t i = 0; i < GUESTS; i++) {
        CHECK(pthread_join(guests[i].thread, NULL) == 0);
        printf("guest %zu: %u done, %u refused, %u looks\n", i, guests[i].done,
               guests[i].refused, guests[i].looks);
        done += guests[i].done;
        refused += guests[i].refused;
        arena_done(&guests[i].arena);
        turn_waiter_done(&guests[i].waiter);
    }
    CHECK(done > 0 && refused > 0);
    account_put(shared);
    accounts_free(accounts);
    store_close(store);
    registry_close(registry);
    tmpdir_remove(&dir);
    return 0;
}
