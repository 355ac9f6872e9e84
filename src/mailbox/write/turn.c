/* SPDX-License-Identifier: MIT */
/*
 * The turn: who writes, and how many requests share one commit (see turn.h for the picture).
 *
 * INV-M2  Everything a commit changed is published (counters, versions, watchers) before the
 * turn is given up, and nothing is before the commit is on disk. So commits of an account are
 *         announced in their order, and a request is answered after all others can see it.
 * INV-M3  A request that fails leaves neither rows nor records: savepoint and log are taken
 * back together.
 *
 * Thread: any. The lock is held for list work only; everything else is done by the holder,
 * whom there is one of.
 */
#include "mailbox/write/turn.h"

#include "base/check.h"
#include "base/limits.h"
#include "mailbox/account_private.h"

enum turn_state {
    TURN_IDLE,    /* not ours; only its session touches it */
    TURN_QUEUED,  /* in the queue; the lock guards it */
    TURN_GRANTED, /* woken to become the holder, or holder until the engine wakes it */
    TURN_TAKEN,   /* in the holder's batch; only the holder touches it */
    TURN_DONE,    /* results are there */
};

struct batch {
    struct turn_req *reqs[LIMIT_TURN_BATCH];
    uint32_t count;
    uint64_t octets;
    bool room_is_short; /* only requests that free space are carried out */
    bool began;         /* the transaction; false: failure says why not */
    uint32_t good;      /* requests that want the commit */
    enum rc failure;    /* of the transaction as a whole */
    struct err err;
    enum rc cause; /* what may have ended it early: disk full, I/O; RC_OK: nothing */
    struct err cause_err;
    uint64_t modseq; /* the account's after the commit */
    enum rc lost;    /* a savepoint that could not be released: nothing may be committed */
    struct recent_mark marks[RECENT_MARKS];
    size_t mark_count;
};

void
turn_req_init(struct turn_req *req,
              enum rc (*apply)(struct turn_req *, struct turn_ctx *, struct err *),
              uint64_t octets, struct wake wake)
{
    *req = (struct turn_req){.apply = apply, .octets = octets, .wake = wake};
    list_init(&req->link);
    atomic_init(&req->state, TURN_IDLE);
}

/* Moves queued requests into the batch while it has room; false when none came. */
static bool
take_queued(struct account *acct, struct batch *batch)
{
    const uint32_t before = batch->count;

    lock_enter(turn_lock(acct));
    while (batch->count < LIMIT_TURN_BATCH && batch->octets < LIMIT_TURN_BATCH_OCTETS) {
        struct list *node = list_pop_front(&acct->turn.queue);
        if (node == NULL)
            break;
        struct turn_req *req = CONTAINER_OF(node, struct turn_req, link);
        atomic_store_explicit(&req->state, TURN_TAKEN, memory_order_relaxed);
        batch->reqs[batch->count++] = req;
        batch->octets += req->octets;
    }
    lock_leave(turn_lock(acct));
    return batch->count > before;
}

static bool
is_of_the_disk(enum rc rc)
{
    return rc == RC_FULL || rc == RC_IO || rc == RC_CORRUPT || rc == RC_BUSY;
}

/* An engine may end a transaction by itself if the disk is full or fails, or if there is no
 * memory. What returns RC_GONE after that fails for this reason, which must not be taken for a
 * deleted mailbox. */
static enum rc
true_cause(const struct batch *batch, enum rc rc, struct err *err)
{
    if (rc != RC_GONE)
        return rc;
    if (batch->cause == RC_OK)
        return err_set(err, RC_IO, 0, "the transaction has ended by itself");
    *err = batch->cause_err;
    return batch->cause;
}

static void
apply_one(struct turn_req *req, struct turn_ctx *ctx, struct batch *batch)
{
    const struct change_mark mark = change_log_mark(ctx->changes);
    ctx->req = req;
    req->crossed = (struct quota_crossing){.percent = 0};
    ctx->changes->by = req->wake.id;
    enum rc rc = true_cause(batch, store_savepoint(ctx->tx, &req->err), &req->err);

    if (rc == RC_OK) {
        if (batch->room_is_short && !req->frees_space && req->apply != NULL)
            rc = err_set(&req->err, RC_FULL, 0, "what room is left is for deleting");
        else
            rc = permit_check(&req->permit, ctx->acct->accounts->registry, ctx->tx,
                              &ctx->rights, &req->err);
        if (rc == RC_OK && req->apply != NULL)
            rc = req->apply(req, ctx, &req->err);
        if (rc != RC_OK)
            store_savepoint_rollback(ctx->tx);
        else
            rc = batch->lost =
                true_cause(batch, store_savepoint_release(ctx->tx, &req->err), &req->err);
    }
    if (rc != RC_OK)
        change_log_rollback(ctx->changes, mark);
    if (batch->lost != RC_OK)
        batch->err = req->err;
    if ((is_of_the_disk(rc) || rc == RC_LIMIT) &&
        !(batch->room_is_short && !req->frees_space)) {
        batch->cause = rc;
        batch->cause_err = req->err;
    }
    CHECK(rc != RC_AGAIN); /* a holder waits for nobody */
    req->result = rc;
    batch->good += rc == RC_OK;
}

/* Watermarks and the rows as they are now, then the commit. */
static enum rc
commit(struct turn_ctx *ctx, struct batch *batch)
{
    batch->mark_count = mailboxes_recent_marks(ctx->acct, batch->marks);
    for (size_t i = 0; i < batch->mark_count; i++) {
        const enum rc rc = store_mbox_set_recent_from(ctx->tx, batch->marks[i].mbox,
                                                      batch->marks[i].uid, &batch->err);
        if (rc != RC_OK && rc != RC_NOT_FOUND) /* deleted meanwhile: no matter */
            return rc;
    }
    if (batch->good == 0 && batch->mark_count == 0)
        return RC_OK;
    enum rc rc = change_log_finish(ctx->changes, ctx->tx, &batch->err);
    if (rc == RC_OK)
        rc = store_modseq(ctx->tx, &batch->modseq, &batch->err);
    if (rc != RC_OK)
        return rc;
    struct store_tx *tx = ctx->tx;
    ctx->tx = NULL; /* the commit ends it, whatever it returns */
    return true_cause(batch, store_commit(tx, &batch->err), &batch->err);
}

/* The transaction, with memory as its rows are. RC_AGAIN: the engine's lease is held elsewhere;
 * whoever waits for it is woken. */
static enum rc
begin(struct account *acct, struct wake wake, struct turn_ctx *ctx, struct err *err)
{
    if (ctx->changes == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a batch");
    const enum rc rc = store_write_begin(acct->store, wake, &ctx->tx, err);
    return rc == RC_OK ? catch_up(acct, ctx->tx, err) : rc;
}

/* Applies and commits the batch and whatever is queued meanwhile. */
static void
execute(struct account *acct, struct wake wake, struct batch *batch)
{
    struct change_log *log = change_log_new();
    struct turn_ctx ctx = {
        .acct = acct,
        .changes = log,
        .now_s = clock_wall_s(account_clock(acct)),
    };

    batch->failure = begin(acct, wake, &ctx, &batch->err);
    batch->began = batch->failure == RC_OK;
    uint32_t next = 0;
    do {
        for (; batch->began && batch->lost == RC_OK && next < batch->count; next++)
            apply_one(batch->reqs[next], &ctx, batch);
    } while (batch->failure != RC_AGAIN && take_queued(acct, batch) && batch->began);

    for (; batch->began && next < batch->count; next++)
        batch->reqs[next]->result = RC_OK; /* not tried: gets the failure of all */
    if (batch->began)
        batch->failure = batch->lost == RC_OK ? commit(&ctx, batch) : batch->lost;
    store_end(ctx.tx);
    if (batch->began && batch->failure == RC_OK) {
        if (batch->modseq != 0)
            atomic_store(&acct->seen_modseq, batch->modseq);
        mailboxes_recent_written(acct, batch->marks, batch->mark_count);
        metadata_latest_note(acct, log, batch->modseq);
        mailbox_publish(acct, log);
        hub_publish(acct, log);
    }
    change_log_unref(log);
}

/* What the requests of a batch that could not be committed get. */
static void
spread_failure(struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct turn_req *req = batch->reqs[i];
        if (batch->failure == RC_OK || (batch->began && req->result != RC_OK))
            continue; /* what failed by itself says so itself */
        req->result = batch->failure;
        req->err = batch->err;
    }
}

/* The next one in the queue becomes the holder, or nobody. */
static void
hand_over(struct account *acct)
{
    struct wake wake = {NULL, NULL, 0};

    lock_enter(turn_lock(acct));
    struct list *node = list_pop_front(&acct->turn.queue);
    acct->turn_is_held = node != NULL;
    if (node != NULL) {
        struct turn_req *req = CONTAINER_OF(node, struct turn_req, link);
        acct->turn.granted = req;
        wake = req->wake;
        atomic_store_explicit(&req->state, TURN_GRANTED, memory_order_release);
    }
    lock_leave(turn_lock(acct));
    wake_call(wake);
}

/* An empty batch, or one with what is left of it. */
static void
batch_reset(struct batch *batch, struct account *acct)
{
    batch->octets = 0;
    batch->good = 0;
    batch->cause = RC_OK;
    batch->lost = RC_OK;
    batch->mark_count = 0;
    batch->modseq = 0;
    batch->err.text[0] = '\0';
    batch->room_is_short = store_room_is_short(acct->accounts->store);
    for (uint32_t i = 0; i < batch->count; i++)
        batch->octets += batch->reqs[i]->octets;
}

static void
finish(struct turn_req *req, const struct turn_req *own)
{
    const struct wake wake = req->wake; /* it may be freed once it is done */

    if (req == own)
        return;
    atomic_store_explicit(&req->state, TURN_DONE, memory_order_release);
    wake_call(wake);
}

/* Finishes all but those that free space and found the disk full, which stay in the batch. */
static void
finish_batch(struct batch *batch, const struct turn_req *own)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < batch->count; i++) {
        struct turn_req *req = batch->reqs[i];
        if (req->frees_space && req->result == RC_FULL)
            batch->reqs[left++] = req;
        else
            finish(req, own);
    }
    batch->count = left;
}

/* The turn stays where it is: own is granted it and asks again when the engine has woken it. */
static void
wait_for_lease(struct account *acct, struct turn_req *own)
{
    lock_enter(turn_lock(acct));
    acct->turn.granted = own;
    atomic_store_explicit(&own->state, TURN_GRANTED, memory_order_release);
    lock_leave(turn_lock(acct));
}

/* A request that writes nothing needs no lease. RC_AGAIN: as hold. */
static enum rc
look(struct account *acct, struct turn_req *own)
{
    const enum rc rc = catch_up_read(acct, own->wake, &own->err);

    if (rc == RC_AGAIN) {
        wait_for_lease(acct, own);
        return RC_AGAIN;
    }
    own->result = rc;
    hand_over(acct);
    return RC_OK;
}

/* What is left of a batch goes back to the head of the queue, but for own, which is its first
 * if it is there. False: it is not, so somebody else has to hold the turn. */
static bool
put_back(struct account *acct, struct batch *batch, const struct turn_req *own)
{
    const uint32_t kept = own != NULL && batch->reqs[0] == own ? 1 : 0;

    lock_enter(turn_lock(acct));
    for (uint32_t i = batch->count; i > kept; i--) {
        struct turn_req *req = batch->reqs[i - 1];
        atomic_store_explicit(&req->state, TURN_QUEUED, memory_order_relaxed);
        list_push_front(&acct->turn.queue, &req->link);
    }
    lock_leave(turn_lock(acct));
    batch->count = kept;
    return kept == 1;
}

/* The holder's work. own may be NULL: then only what waits for a commit is written. RC_AGAIN:
 * own still holds the turn and waits for the engine. */
static enum rc
hold(struct account *acct, struct turn_req *own)
{
    struct batch batch;
    CHECK(lock_none_held());

    if (own != NULL && own->apply == NULL)
        return look(acct, own);

    batch.count = 0;
    if (own != NULL)
        batch.reqs[batch.count++] = own;
    do {
        batch_reset(&batch, acct);
        execute(acct, own == NULL ? WAKE_NOBODY : own->wake, &batch);
        if (own != NULL && !batch.began && batch.failure == RC_AGAIN) {
            wait_for_lease(acct, own);
            return RC_AGAIN;
        }
        spread_failure(&batch);
        finish_batch(&batch, own);
    } while (batch.count > 0 && store_room_give(acct->accounts->store) &&
             put_back(acct, &batch, own));
    for (uint32_t i = 0; i < batch.count; i++)
        finish(batch.reqs[i], own);
    if (batch.began && batch.failure == RC_OK)
        store_keep_house(acct->accounts->store, acct->store);
    hand_over(acct);
    return RC_OK;
}

enum rc
turn_run(struct account *acct, struct turn_req *req)
{
    switch ((enum turn_state)atomic_load_explicit(&req->state, memory_order_acquire)) {
    case TURN_DONE:
        atomic_store_explicit(&req->state, TURN_IDLE, memory_order_relaxed);
        return RC_OK;
    case TURN_QUEUED:
    case TURN_TAKEN:
        return RC_AGAIN;
    case TURN_IDLE:
        lock_enter(turn_lock(acct));
        if (acct->turn_is_held) {
            atomic_store_explicit(&req->state, TURN_QUEUED, memory_order_relaxed);
            list_push_back(&acct->turn.queue, &req->link);
            lock_leave(turn_lock(acct));
            return RC_AGAIN;
        }
        acct->turn_is_held = true;
        lock_leave(turn_lock(acct));
        break;
    case TURN_GRANTED:
        lock_enter(turn_lock(acct));
        CHECK(acct->turn_is_held && acct->turn.granted == req);
        acct->turn.granted = NULL;
        lock_leave(turn_lock(acct));
        break;
    }
    atomic_store_explicit(&req->state, TURN_IDLE, memory_order_relaxed);
    return hold(acct, req);
}

void
turn_look_init(struct turn_req *req, struct wake wake)
{
    turn_req_init(req, NULL, 0, wake);
}

enum rc
turn_is_behind(struct account *acct, struct wake wake, bool *behind_out, struct err *err)
{
    uint64_t latest = 0;

    if (!acct->accounts->shared) {
        *behind_out = false;
        return RC_OK;
    }
    const enum rc rc = store_latest(acct->store, wake, &latest, err);
    if (rc == RC_OK)
        *behind_out = latest > atomic_load(&acct->seen_modseq);
    return rc;
}

bool
turn_cancel(struct account *acct, struct turn_req *req)
{
    bool granted = false;
    bool cancelled = true;

    lock_enter(turn_lock(acct));
    switch ((enum turn_state)atomic_load_explicit(&req->state, memory_order_acquire)) {
    case TURN_IDLE:
        break;
    case TURN_QUEUED:
        list_remove(&req->link);
        break;
    case TURN_GRANTED:
        acct->turn.granted = NULL;
        granted = true;
        break;
    case TURN_TAKEN:
    case TURN_DONE:
        cancelled = false;
        break;
    }
    if (cancelled)
        atomic_store_explicit(&req->state, TURN_IDLE, memory_order_relaxed);
    lock_leave(turn_lock(acct));
    if (granted)
        hand_over(acct); /* `held` stays true until then, so nobody else can get in between */
    return cancelled;
}

void
turn_flush(struct account *acct)
{
    lock_enter(turn_lock(acct));
    const bool is_free = !acct->turn_is_held;
    acct->turn_is_held = true;
    lock_leave(turn_lock(acct));
    if (is_free)
        (void)hold(acct, NULL); /* with nobody to wait for a lease, it is given up */
}
