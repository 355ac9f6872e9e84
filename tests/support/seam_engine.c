/* SPDX-License-Identifier: MIT */
/*
 * Stores and accounts are wrapped. A transaction is SQLite's own, with some operations replaced
 * in its table. Every second begin in an account returns RC_AGAIN.
 */
#include "support/seam_engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/rng.h"
#include "store/engine.h"

enum { LATER_MAX = 4096, LATER_US = 200, PICK_MAX = 8, KEYWORDS = 3 };

struct seam_store {
    struct store base;
    struct store *inner;     /* owned */
    struct store *elsewhere; /* owned */
    struct store_ops ops;    /* for the store and its accounts */
    struct store_ops tx_ops; /* for their transactions */
    struct seam_options options;
    atomic_bool quiet;
    atomic_uint_fast64_t again;
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t refused;

    pthread_mutex_t elsewhere_mutex; /* guards the only writer there and its random numbers */
    struct rng rng;

    /* The engine's threads, for wakes and news that come later. There are two, because code
     * that gets news may wait for a wake. */
    pthread_t waker;
    pthread_t teller;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct wake later[LATER_MAX];
    struct wake waking[LATER_MAX]; /* used only by that thread */
    uint64_t news[LATER_MAX];
    uint64_t telling[LATER_MAX]; /* used only by that thread */
    size_t later_count;
    size_t news_count;
    bool stop;
    pthread_mutex_t listen_mutex; /* held while the listener is called */
    void (*listener)(void *ctx, uint64_t account_id);
    void *listener_ctx;
};

struct seam_account {
    struct store_account base;
    struct seam_store *store;
    uint64_t id;
    struct store_account *inner;     /* owned */
    struct store_account *elsewhere; /* owned */
    atomic_uint reads;
    atomic_uint writes;
    atomic_uint asked;
    atomic_bool made; /* its first transaction has begun, so others may write */
};

static struct seam_store *
seam_store_of(struct store *base)
{
    return CONTAINER_OF(base, struct seam_store, base);
}

static struct seam_account *
seam_account_of(struct store_account *base)
{
    return CONTAINER_OF(base, struct seam_account, base);
}

/* --- The engine's threads --- */

/* Waits until *count is not 0. 0: the store is being closed. With the mutex held. */
static size_t
wait_for_some(struct seam_store *store, const size_t *count)
{
    while (!store->stop && *count == 0)
        pthread_cond_wait(&store->changed, &store->mutex);
    return *count;
}

static void *
waker_main(void *arg)
{
    struct seam_store *store = arg;
    size_t count;

    do {
        pthread_mutex_lock(&store->mutex);
        count = wait_for_some(store, &store->later_count);
        memcpy(store->waking, store->later, count * sizeof *store->later);
        store->later_count = 0;
        pthread_mutex_unlock(&store->mutex);
        usleep(LATER_US);
        for (size_t i = 0; i < count; i++)
            wake_call(store->waking[i]);
    } while (count > 0);
    return NULL;
}

static void *
teller_main(void *arg)
{
    struct seam_store *store = arg;
    size_t count;

    do {
        pthread_mutex_lock(&store->mutex);
        count = wait_for_some(store, &store->news_count);
        memcpy(store->telling, store->news, count * sizeof *store->news);
        store->news_count = 0;
        pthread_mutex_unlock(&store->mutex);
        usleep(LATER_US);
        for (size_t i = 0; i < count; i++) {
            pthread_mutex_lock(&store->listen_mutex);
            if (store->listener != NULL)
                store->listener(store->listener_ctx, store->telling[i]);
            pthread_mutex_unlock(&store->listen_mutex);
        }
    } while (count > 0);
    return NULL;
}

static enum rc
say_again(struct seam_store *store, struct wake wake)
{
    bool now = store->options.wakes == SEAM_WAKE_AT_ONCE;

    atomic_fetch_add(&store->again, 1);
    if (!now) {
        pthread_mutex_lock(&store->mutex);
        now = store->later_count == LATER_MAX;
        if (!now)
            store->later[store->later_count++] = wake;
        pthread_cond_broadcast(&store->changed);
        pthread_mutex_unlock(&store->mutex);
    }
    if (now)
        wake_call(wake);
    return RC_AGAIN;
}

static void
tell(struct seam_store *store, uint64_t account_id)
{
    if (store->options.wakes == SEAM_WAKE_AT_ONCE)
        return; /* only the thread itself */
    pthread_mutex_lock(&store->mutex);
    if (store->news_count < LATER_MAX) /* otherwise it is lost, which is allowed */
        store->news[store->news_count++] = account_id;
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
}

/* --- The second store --- */

/* What a commit of the second store needs. */
struct elsewhere {
    struct seam_store *store;
    struct store_tx *tx;
    struct arena arena;
    struct mbox_row *rows;
    size_t row_count;
};

static uint64_t
lot(struct elsewhere *e, uint64_t below)
{
    return rng_below(&e->store->rng, below);
}

static const struct mbox_row *
any_mailbox(struct elsewhere *e)
{
    return &e->rows[lot(e, 2) == 0 ? 0 : lot(e, e->row_count)];
}

static struct uid_run
any_uids(struct elsewhere *e, const struct mbox_row *row)
{
    const uint32_t first = 1 + (uint32_t)lot(e, row->uidnext);

    return (struct uid_run){first, first + (uint32_t)lot(e, PICK_MAX)};
}

static enum rc
add(struct elsewhere *e)
{
    static const char text[] = "Subject: elsewhere\r\n\r\nhello\r\n";
    const struct message_new message = {.text = SPAN(text), .header_octets = 22};
    struct entry added;
    struct entry_new entry = {
        .mbox = any_mailbox(e)->id,
        .octets = sizeof text - 1,
        .flags = (uint32_t)lot(e, 32),
        .internaldate_s = 1800000000,
        .savedate_s = 1800000000,
    };
    enum rc rc = RC_OK;

    for (uint64_t left = 1 + lot(e, 3); rc == RC_OK && left > 0; left--) {
        rc = store_message_add(e->tx, &message, &entry.message, NULL);
        if (rc == RC_OK)
            rc = store_entry_add(e->tx, &entry, &added, NULL);
    }
    return rc;
}

static enum rc
set_flags(struct elsewhere *e)
{
    const struct mbox_row *row = any_mailbox(e);
    const struct uid_run run = any_uids(e, row);
    const char *const names[KEYWORDS] = {"$Forwarded", "red", "elsewhere"};
    struct flags_result result;
    struct flags_req req = {
        .mbox = row->id,
        .runs = &run,
        .run_count = 1,
        .mode = lot(e, 2) == 0 ? FLAGS_ADD : FLAGS_REPLACE,
        .flags = (uint32_t)lot(e, 32),
        .unchanged_since = MODSEQ_ANY,
    };

    if (lot(e, 3) == 0) {
        uint32_t number = 0;
        const enum rc rc = store_keyword_add(
            e->tx, row->id, span_of_str(names[lot(e, KEYWORDS)]), &number, NULL);
        if (rc != RC_OK)
            return rc;
        req.keywords.bits[number / 64] |= UINT64_C(1) << (number % 64);
    }
    return store_flags_update(e->tx, &req, &e->arena, &result, NULL);
}

static enum rc
expunge(struct elsewhere *e)
{
    const struct mbox_row *row = any_mailbox(e);
    const struct uid_run run = any_uids(e, row);
    struct expunge_result result;

    return store_expunge(e->tx,
                         &(struct expunge_req){.mbox = row->id, .runs = &run, .run_count = 1},
                         &e->arena, &result, NULL);
}

static enum rc
move(struct elsewhere *e)
{
    const struct mbox_row *from = any_mailbox(e);
    const struct uid_run run = any_uids(e, from);
    struct copy_result result;
    const struct copy_req req = {
        .from = from->id,
        .to = any_mailbox(e)->id,
        .runs = &run,
        .run_count = 1,
        .move = lot(e, 2) == 0,
    };

    return store_copy(e->tx, &req, &e->arena, &result, NULL);
}

/* Changes metadata of any mailbox, or of the account. */
static enum rc
change_metadata(struct elsewhere *e)
{
    static const struct span names[] = {SPAN_INIT("/shared/comment"),
                                        SPAN_INIT("/private/comment")};
    const struct metadata_of of = {.mbox = lot(e, 4) == 0 ? 0 : any_mailbox(e)->id};
    const struct span name = names[lot(e, ARRAY_LEN(names))];
    char value[24];

    if (lot(e, 3) == 0)
        return store_metadata_remove(e->tx, &of, name, NULL);
    snprintf(value, sizeof value, "elsewhere %ju", (uintmax_t)lot(e, 1000));
    return store_metadata_set(e->tx, &of, name, span_of_str(value), NULL);
}

/* Creates, deletes or renames one of the names that tests use. */
static enum rc
change_names(struct elsewhere *e)
{
    static const struct span names[] = {SPAN_INIT("Archive"), SPAN_INIT("Trash")};
    const struct span name = names[lot(e, ARRAY_LEN(names))];
    uint64_t mbox = 0;

    for (size_t i = 0; i < e->row_count; i++) {
        if (!span_eq(e->rows[i].name, name))
            continue;
        if (lot(e, 2) == 0)
            return store_mbox_delete(e->tx, e->rows[i].id, NULL);
        return store_mbox_rename(e->tx, e->rows[i].id,
                                 lot(e, 2) == 0 ? SPAN("made/elsewhere") : SPAN("made/by/us"),
                                 NULL);
    }
    return store_mbox_create(e->tx, name, 0, &mbox, NULL);
}

static enum rc
do_something(struct elsewhere *e)
{
    const uint64_t what = lot(e, 100);

    if (what < 35)
        return add(e);
    if (what < 65)
        return set_flags(e);
    if (what < 82)
        return expunge(e);
    if (what < 91)
        return move(e);
    return what < 95 ? change_metadata(e) : change_names(e);
}

bool
seam_commit_elsewhere(struct store_account *base)
{
    struct seam_account *acct = seam_account_of(base);
    struct elsewhere e = {.store = acct->store};
    enum rc rc;

    arena_init(&e.arena, 16 << 20);
    pthread_mutex_lock(&acct->store->elsewhere_mutex);
    rc = store_write_begin(acct->elsewhere, WAKE_NOBODY, &e.tx, NULL);
    if (rc == RC_OK)
        rc = store_mbox_list(e.tx, &e.arena, &e.rows, &e.row_count, NULL);
    for (uint64_t left = 1 + lot(&e, 3); rc == RC_OK && left > 0; left--)
        rc = do_something(&e);
    if (rc == RC_OK) {
        struct store_tx *tx = e.tx;
        e.tx = NULL;
        rc = store_commit(tx, NULL);
    }
    store_end(e.tx);
    pthread_mutex_unlock(&acct->store->elsewhere_mutex);
    arena_done(&e.arena);
    if (rc == RC_OK) {
        atomic_fetch_add(&acct->store->commits, 1);
        tell(acct->store, acct->id);
    }
    return rc == RC_OK;
}

static void
maybe_commit_elsewhere(struct seam_account *acct)
{
    struct seam_store *store = acct->store;

    if (atomic_load(&store->quiet) || !atomic_load(&acct->made))
        return;
    pthread_mutex_lock(&store->elsewhere_mutex);
    const bool does = rng_below(&store->rng, 100) < store->options.elsewhere_percent;
    pthread_mutex_unlock(&store->elsewhere_mutex);
    if (does)
        (void)seam_commit_elsewhere(&acct->base);
}

/* --- The table --- */

static bool
is_first(atomic_uint *count)
{
    return atomic_fetch_add(count, 1) % 2 == 0;
}

static enum rc
seam_read_begin(struct store_account *base, struct wake wake, struct store_tx **tx_out,
                struct err *err)
{
    struct seam_account *acct = seam_account_of(base);

    if (is_first(&acct->reads))
        return say_again(acct->store, wake);
    maybe_commit_elsewhere(acct);
    const enum rc rc = store_read_begin(acct->inner, wake, tx_out, err);
    if (rc == RC_OK) {
        (*tx_out)->ops = &acct->store->tx_ops;
        atomic_store(&acct->made, true);
    }
    return rc;
}

static enum rc
seam_write_begin(struct store_account *base, struct wake wake, struct store_tx **tx_out,
                 struct err *err)
{
    struct seam_account *acct = seam_account_of(base);

    if (is_first(&acct->writes))
        return say_again(acct->store, wake);
    maybe_commit_elsewhere(acct);
    const enum rc rc = store_write_begin(acct->inner, wake, tx_out, err);
    if (rc == RC_OK) {
        (*tx_out)->ops = &acct->store->tx_ops;
        atomic_store(&acct->made, true);
    }
    return rc;
}

static enum rc
seam_latest(struct store_account *base, struct wake wake, uint64_t *modseq_out, struct err *err)
{
    struct seam_account *acct = seam_account_of(base);

    return is_first(&acct->asked) ? say_again(acct->store, wake)
                                  : store_latest(acct->inner, wake, modseq_out, err);
}

/* For an engine that reads the flags itself. */
static enum rc
seam_flags_update(struct store_tx *tx, const struct flags_req *req, struct arena *arena,
                  struct flags_result *out, struct err *err)
{
    struct seam_store *store = CONTAINER_OF(tx->ops, struct seam_store, tx_ops);
    struct flags_req own = *req;

    if (req->known != NULL)
        atomic_fetch_add(&store->refused, 1);
    own.known = NULL;
    own.known_ctx = NULL;
    return store->inner->ops->flags_update(tx, &own, arena, out, err);
}

static enum rc
seam_account_get(struct store *base, uint64_t account_id, struct store_account **out)
{
    struct seam_store *store = seam_store_of(base);
    struct seam_account *acct = calloc(1, sizeof *acct);

    if (acct == NULL)
        return RC_LIMIT;
    *acct = (struct seam_account){.base.ops = &store->ops, .store = store, .id = account_id};
    enum rc rc = store_account_get(store->inner, account_id, &acct->inner);
    if (rc == RC_OK)
        rc = store_account_get(store->elsewhere, account_id, &acct->elsewhere);
    if (rc != RC_OK) {
        store_account_put(acct->inner);
        free(acct);
        return rc;
    }
    *out = &acct->base;
    return RC_OK;
}

static void
seam_account_put(struct store_account *base)
{
    struct seam_account *acct = seam_account_of(base);

    store_account_put(acct->inner);
    store_account_put(acct->elsewhere);
    free(acct);
}

static enum rc
seam_account_remove(struct store *base, uint64_t account_id, struct err *err)
{
    struct seam_store *store = seam_store_of(base);
    /* The files are removed once; the other store must forget first what it has open. */
    const enum rc rc = store_account_remove(store->elsewhere, account_id, err);

    return rc == RC_OK ? store_account_remove(store->inner, account_id, err) : rc;
}

static enum rc
seam_account_place(struct store_account *base, struct buf *out, struct err *err)
{
    return store_account_place(seam_account_of(base)->inner, out, err);
}

static bool
seam_account_is_made(struct store *base, uint64_t account_id, int64_t *changed_s_out)
{
    return store_account_is_made(seam_store_of(base)->inner, account_id, changed_s_out);
}

static bool
seam_room_is_short(struct store *base)
{
    return store_room_is_short(seam_store_of(base)->inner);
}

static bool
seam_room_give(struct store *base)
{
    return store_room_give(seam_store_of(base)->inner);
}

static void
seam_keep_house(struct store *base, struct store_account *held)
{
    struct seam_store *store = seam_store_of(base);

    store_keep_house(store->inner, held == NULL ? NULL : seam_account_of(held)->inner);
    if (held == NULL)
        store_keep_house(store->elsewhere, NULL);
}

static void
seam_listen(struct store *base, void (*fn)(void *ctx, uint64_t account_id), void *ctx)
{
    struct seam_store *store = seam_store_of(base);

    pthread_mutex_lock(&store->listen_mutex);
    store->listener = fn;
    store->listener_ctx = ctx;
    pthread_mutex_unlock(&store->listen_mutex);
}

static void
seam_close(struct store *base)
{
    struct seam_store *store = seam_store_of(base);

    pthread_mutex_lock(&store->mutex);
    store->stop = true;
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
    CHECK(pthread_join(store->teller, NULL) == 0);
    CHECK(pthread_join(store->waker, NULL) == 0);
    store_close(store->elsewhere);
    store_close(store->inner);
    free(store);
}

/* --- Opening --- */

static enum rc
open_both(struct seam_store *store, struct err *err)
{
    const enum rc rc = store_open_sqlite(&store->options.sqlite, &store->inner, err);

    /* Spares and logs in the directory belong to the first store; a second one would remove
     * them. */
    struct sqlite_options other = store->options.sqlite;
    other.background = false;
    return rc == RC_OK ? store_open_sqlite(&other, &store->elsewhere, err) : rc;
}

enum rc
store_open_seam(const struct seam_options *options, struct store **out, struct err *err)
{
    struct seam_store *store = calloc(1, sizeof *store);

    if (store == NULL)
        return RC_LIMIT;
    store->options = *options;
    store->options.sqlite.shared = true;
    rng_seed(&store->rng, options->seed);
    const enum rc rc = open_both(store, err);
    if (rc != RC_OK) {
        store_close(store->inner);
        free(store);
        return rc;
    }
    store->ops = *store->inner->ops;
    store->ops.name = "seam";
    store->ops.close = seam_close;
    store->ops.keep_house = seam_keep_house;
    store->ops.room_is_short = seam_room_is_short;
    store->ops.room_give = seam_room_give;
    store->ops.account_get = seam_account_get;
    store->ops.account_put = seam_account_put;
    store->ops.account_remove = seam_account_remove;
    store->ops.account_is_made = seam_account_is_made;
    store->ops.account_place = seam_account_place;
    store->ops.listen = seam_listen;
    store->ops.latest = seam_latest;
    store->ops.read_begin = seam_read_begin;
    store->ops.write_begin = seam_write_begin;
    store->tx_ops = *store->inner->ops;
    store->tx_ops.flags_update = seam_flags_update;
    store->base.ops = &store->ops;
    store->base.traits = STORE_SHARED | STORE_READS_WAIT;
    pthread_mutex_init(&store->elsewhere_mutex, NULL);
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->changed, NULL);
    pthread_mutex_init(&store->listen_mutex, NULL);
    CHECK(pthread_create(&store->waker, NULL, waker_main, store) == 0);
    CHECK(pthread_create(&store->teller, NULL, teller_main, store) == 0);
    *out = &store->base;
    return RC_OK;
}

void
seam_quiet(struct store *store, bool quiet)
{
    atomic_store(&seam_store_of(store)->quiet, quiet);
}

struct seam_counts
seam_counts(const struct store *base)
{
    const struct seam_store *store = CONTAINER_OF(base, struct seam_store, base);

    return (struct seam_counts){
        .again = atomic_load(&store->again),
        .elsewhere = atomic_load(&store->commits),
        .refused = atomic_load(&store->refused),
    };
}
