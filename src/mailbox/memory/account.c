/* SPDX-License-Identifier: MIT */
/*
 * Accounts in memory, held or kept for a while, and the bounds of what they keep: accounts that
 * nobody holds, and octets of versions that nobody looks at (LIMIT_IDLE_ACCOUNTS,
 * LIMIT_VERSION_CACHE).
 *
 *     (none) ──account_get──> held <──get / last put──> idle ──accounts_evict, forget──> (none)
 *
 * Thread: any. LOCK_ACCOUNTS is the outermost lock of this folder: under it an account's
 * mailboxes may be entered, never the other way round.
 */
#include "mailbox/memory/account.h"

#include <stdlib.h>

#include "base/check.h"
#include "mailbox/account_private.h"
#include "mailbox/memory/hub.h"
#include "mailbox/version_private.h"
#include "mailbox/write/turn_wait.h"
#include "store/registry.h"

enum {
    ACCOUNT_KEEP_MS = 10 * 60 * 1000, /* an account that nobody holds */
    VERSION_KEEP_MS = 20 * 1000,      /* a version that nobody has asked for */
};

static const struct quota_rules no_quota = {
    .limits.of = {QUOTA_UNLIMITED, QUOTA_UNLIMITED, QUOTA_UNLIMITED}, .hostname = ""};

/* Walks the accounts that have versions, least recently loaded first, until enough is given
 * back. */
static void
trim_versions(struct accounts *accounts, int64_t used_before_ms, uint64_t keep_octets)
{
    struct version *unwanted = NULL;

    lock_enter(&accounts->lock);
    LIST_FOR_EACH (node, &accounts->versioned) {
        struct account *acct = CONTAINER_OF(node, struct account, version_link);
        if (mailboxes_trim(acct, used_before_ms, keep_octets, &unwanted))
            list_remove(&acct->version_link);
    }
    lock_leave(&accounts->lock);
    version_unref_all(unwanted); /* others need not wait for that */
}

static void
note_version(struct account *acct)
{
    struct accounts *accounts = acct->accounts;

    lock_enter(&accounts->lock);
    list_remove(&acct->version_link);
    list_push_back(&accounts->versioned, &acct->version_link);
    lock_leave(&accounts->lock);
    if (atomic_load(&accounts->version_octets) > LIMIT_VERSION_CACHE)
        trim_versions(accounts, INT64_MIN, LIMIT_VERSION_CACHE);
}

enum rc
accounts_new(struct store *store, const struct clock *clock, struct accounts **out)
{
    struct accounts *accounts = calloc(1, sizeof *accounts);

    if (accounts == NULL)
        return RC_LIMIT;
    accounts->store = store;
    accounts->shared = (store_traits(store) & STORE_SHARED) != 0;
    accounts->reads_wait = (store_traits(store) & STORE_READS_WAIT) != 0;
    accounts->clock = clock;
    budget_init(&accounts->hits_budget, LIMIT_SEARCH_HITS_ALL_OCTETS);
    accounts->on_version = note_version;
    atomic_init(&accounts->quota, &no_quota);
    atomic_init(&accounts->version_octets, 0);
    lock_init(&accounts->lock, LOCK_ACCOUNTS);
    for (size_t i = 0; i < ACCOUNT_STRIPES; i++) {
        lock_init(&accounts->locks[i].turn, LOCK_TURN);
        lock_init(&accounts->locks[i].mailboxes, LOCK_MAILBOXES);
        lock_init(&accounts->locks[i].hub, LOCK_HUB);
    }
    map_init(&accounts->by_id);
    list_init(&accounts->idle);
    list_init(&accounts->versioned);
    *out = accounts;
    return RC_OK;
}

void
accounts_set_registry(struct accounts *accounts, struct registry *registry)
{
    accounts->registry = registry;
}

void
accounts_set_search(struct accounts *accounts, const struct account_search *search)
{
    accounts->search = *search;
}

const struct account_search *
account_search(const struct account *acct)
{
    return &acct->accounts->search;
}

struct budget *
account_hits_budget(const struct account *acct)
{
    return &acct->accounts->hits_budget;
}

bool
accounts_is_made(struct accounts *accounts, uint64_t account_id)
{
    int64_t changed_s;

    return store_account_is_made(accounts->store, account_id, &changed_s);
}

void
accounts_set_quota(struct accounts *accounts, const struct quota_rules *rules)
{
    atomic_store(&accounts->quota, rules);
}

void
accounts_quota(struct accounts *accounts, const struct registry_account *row,
               struct quota_amounts *out)
{
    const struct quota_rules *rules = atomic_load(&accounts->quota);

    for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
        out->of[i] =
            row->quota.of[i] == QUOTA_CONFIGURED ? rules->limits.of[i] : row->quota.of[i];
}

static struct account *
account_new(struct accounts *accounts, uint64_t account_id)
{
    struct account *acct = calloc(1, sizeof *acct);

    if (acct == NULL)
        return NULL;
    if (store_account_get(accounts->store, account_id, &acct->store) != RC_OK) {
        free(acct);
        return NULL;
    }
    acct->accounts = accounts;
    acct->id = account_id;
    atomic_init(&acct->acl_serial, 0);
    atomic_init(&acct->names_serial, 0);
    list_init(&acct->idle_link);
    list_init(&acct->version_link);
    list_init(&acct->turn.queue);
    list_init(&acct->hub.watches);
    list_init(&acct->hub.gatherers);
    list_init(&acct->mailboxes);
    list_init(&acct->opening);
    list_init(&acct->views);
    return acct;
}

/* It is in no list and no map any more. */
static void
account_free(struct account *acct)
{
    if (acct == NULL)
        return;
    CHECK(acct->refs == 0 && list_is_empty(&acct->views) && list_is_empty(&acct->opening));
    CHECK(list_is_empty(&acct->turn.queue) && !acct->turn_is_held);
    CHECK(list_is_empty(&acct->hub.watches) && list_is_empty(&acct->hub.gatherers));
    mailboxes_done(acct);
    free(acct->metadata);
    store_account_put(acct->store);
    free(acct);
}

/* accounts->lock is held. */
static void
take_out(struct account *acct)
{
    struct accounts *accounts = acct->accounts;

    map_take(&accounts->by_id, map_key_u64(&acct->id));
    list_remove(&acct->idle_link);
    list_remove(&acct->version_link);
    accounts->idle_count--;
}

/* accounts->lock is held. */
static void
hold_account(struct account *acct)
{
    if (acct->refs++ == 0) {
        list_remove(&acct->idle_link);
        acct->accounts->idle_count--;
    }
}

static enum rc
account_hold(struct accounts *accounts, uint64_t account_id, struct account **out)
{
    lock_enter(&accounts->lock);
    struct account *acct = map_get(&accounts->by_id, map_key_u64(&account_id));
    if (acct != NULL)
        hold_account(acct);
    lock_leave(&accounts->lock);
    if (acct != NULL) {
        *out = acct;
        return RC_OK;
    }

    struct account *fresh = account_new(accounts, account_id);
    if (fresh == NULL)
        return RC_LIMIT;
    enum rc rc = RC_OK;
    lock_enter(&accounts->lock);
    acct = map_get(&accounts->by_id, map_key_u64(&account_id));
    if (acct != NULL) {
        hold_account(acct); /* somebody else was faster */
    } else {
        rc = map_put(&accounts->by_id, map_key_u64(&account_id), fresh);
        if (rc == RC_OK) {
            fresh->refs = 1;
            acct = fresh;
            fresh = NULL;
        }
    }
    lock_leave(&accounts->lock);
    account_free(fresh);
    if (rc == RC_OK)
        *out = acct;
    return rc;
}

void
account_put(struct account *acct)
{
    if (acct == NULL)
        return;
    struct accounts *accounts = acct->accounts;
    struct account *surplus = NULL;

    lock_enter(&accounts->lock);
    CHECK(acct->refs > 0);
    if (--acct->refs == 0) {
        acct->idle_since_ms = clock_mono_ms(accounts->clock);
        list_push_back(&accounts->idle, &acct->idle_link);
        if (++accounts->idle_count > LIMIT_IDLE_ACCOUNTS) {
            surplus = CONTAINER_OF(accounts->idle.next, struct account, idle_link);
            take_out(surplus);
        }
    }
    lock_leave(&accounts->lock);
    account_free(surplus);
}

/* Whoever removes the account has changed the registry before he finds out whether anybody
 * holds it. So either that is seen here, or he sees that we hold it. */
static enum rc
account_find(struct account *acct)
{
    struct accounts *accounts = acct->accounts;
    struct registry_account row;

    lock_enter(&accounts->lock);
    const bool in_use = acct->in_use || accounts->registry == NULL;
    lock_leave(&accounts->lock);
    if (in_use)
        return RC_OK;
    const enum rc rc = registry_find_id(accounts->registry, acct->id, &row, NULL);
    if (rc != RC_OK)
        return rc;
    lock_enter(&accounts->lock);
    acct->in_use = true;
    lock_leave(&accounts->lock);
    return RC_OK;
}

enum rc
account_get(struct accounts *accounts, uint64_t account_id, struct account **out)
{
    struct account *acct = NULL;
    enum rc rc = account_hold(accounts, account_id, &acct);

    if (rc == RC_OK)
        rc = account_find(acct);
    if (rc != RC_OK) {
        account_put(acct);
        return rc;
    }
    *out = acct;
    return RC_OK;
}

uint64_t
account_id(const struct account *acct)
{
    return acct->id;
}

struct store_account *
account_store(struct account *acct)
{
    return acct->store;
}

enum rc
account_quota(struct account *acct, struct quota_amounts *out, struct err *err)
{
    struct accounts *accounts = acct->accounts;
    struct registry_account row;

    for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
        row.quota.of[i] = QUOTA_CONFIGURED;
    if (accounts->registry != NULL) {
        const enum rc rc = registry_find_id(accounts->registry, acct->id, &row, err);
        if (rc == RC_CORRUPT) /* which does not make this account damaged */
            return err_set(err, RC_IO, 0, "the registry, which has the limits, is damaged");
        if (rc != RC_OK && rc != RC_NOT_FOUND) /* it was removed while it is in use */
            return rc;
    }
    accounts_quota(accounts, &row, out);
    return RC_OK;
}

uint32_t
account_acl_serial(struct account *acct)
{
    return atomic_load(&acct->acl_serial);
}

uint32_t
account_names_serial(struct account *acct)
{
    return atomic_load(&acct->names_serial);
}

bool
account_is_purged_elsewhere(const struct account *acct)
{
    return acct->accounts->shared;
}

bool
account_reads_wait(const struct account *acct)
{
    return acct->accounts->reads_wait;
}

/* Returns the account, held, if it is in memory; otherwise NULL. */
static struct account *
hold_if_there(struct accounts *accounts, uint64_t account_id)
{
    lock_enter(&accounts->lock);
    struct account *acct = map_get(&accounts->by_id, map_key_u64(&account_id));
    if (acct != NULL)
        hold_account(acct);
    lock_leave(&accounts->lock);
    return acct;
}

void
accounts_tell_removed(struct accounts *accounts, uint64_t account_id)
{
    struct account *acct = hold_if_there(accounts, account_id);

    if (acct != NULL)
        hub_wake_all(acct);
    account_put(acct);
}

/* A mailbox that nobody looks at catches up when somebody does. */
void
accounts_changed_elsewhere(void *ctx, uint64_t account_id)
{
    struct accounts *accounts = ctx;
    struct turn_waiter waiter;
    struct turn_req look;

    struct account *acct = hold_if_there(accounts, account_id);
    if (acct == NULL)
        return;
    turn_waiter_init(&waiter);
    turn_look_init(&look, turn_waiter_wake(&waiter));
    turn_run_wait(acct, &look, &waiter);
    turn_waiter_done(&waiter);
    account_put(acct);
}

/* The account that has been idle longest and since before the given time, held again. */
static struct account *
take_idle(struct accounts *accounts, int64_t before_ms)
{
    struct account *acct = NULL;

    lock_enter(&accounts->lock);
    if (!list_is_empty(&accounts->idle)) {
        acct = CONTAINER_OF(accounts->idle.next, struct account, idle_link);
        if (acct->idle_since_ms > before_ms)
            acct = NULL;
        else
            hold_account(acct);
    }
    lock_leave(&accounts->lock);
    return acct;
}

/* Writes what waits for a commit, and frees the account unless somebody holds it again. */
static void
let_go(struct account *acct)
{
    struct accounts *accounts = acct->accounts;
    struct recent_mark marks[RECENT_MARKS];

    if (mailboxes_recent_marks(acct, marks) > 0)
        turn_flush(acct); /* should it fail, messages are \Recent once more */
    lock_enter(&accounts->lock);
    const bool unheld = --acct->refs == 0;
    if (unheld) {
        accounts->idle_count++; /* take_out counts it down */
        take_out(acct);
    }
    lock_leave(&accounts->lock);
    if (unheld)
        account_free(acct);
}

void
accounts_evict(struct accounts *accounts)
{
    const int64_t now_ms = clock_mono_ms(accounts->clock);
    struct account *acct;

    while ((acct = take_idle(accounts, now_ms - ACCOUNT_KEEP_MS)) != NULL)
        let_go(acct);
    trim_versions(accounts, now_ms - VERSION_KEEP_MS, 0);
}

enum rc
accounts_forget(struct accounts *accounts, uint64_t account_id)
{
    lock_enter(&accounts->lock);
    struct account *acct = map_get(&accounts->by_id, map_key_u64(&account_id));
    const bool busy = acct != NULL && acct->refs > 0;
    if (acct != NULL && !busy)
        take_out(acct);
    lock_leave(&accounts->lock);
    if (busy)
        return RC_BUSY;
    account_free(acct);
    return RC_OK;
}

void
accounts_free(struct accounts *accounts)
{
    struct account *acct;

    while ((acct = take_idle(accounts, INT64_MAX)) != NULL)
        let_go(acct);
    CHECK(accounts->by_id.count == 0);
    map_done(&accounts->by_id);
    for (size_t i = 0; i < ACCOUNT_STRIPES; i++) {
        lock_done(&accounts->locks[i].turn);
        lock_done(&accounts->locks[i].mailboxes);
        lock_done(&accounts->locks[i].hub);
    }
    lock_done(&accounts->lock);
    free(accounts);
}
