/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at any moment. A child appends, moves, expunges, copies and purges as fast as it
 * can, delivers to other accounts in between with the same database handle, and writes down
 * each commit in a pipe only after it was acknowledged. The parent kills it after a random
 * number of commits and looks: every acknowledged change is there, numbers were never given
 * twice over all lives, and store_verify finds nothing.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"

enum {
    LIVES = 20,
    ACKS_MAX = 150, /* of a life, before it is killed soon */
    SOON_US_MAX = 3000,
    UIDS_MAX = 400000,
};

enum what { DID_APPEND, DID_EXPUNGE, DID_MOVE, DID_VISIT };

enum { OTHERS_FROM = 100, OTHERS = 5 };

/* One acknowledged change. */
struct ack {
    uint32_t what;
    uint32_t uid;    /* in INBOX; of a visit: the account */
    uint32_t uid_to; /* in Trash, after a move */
    uint32_t seed;   /* of an appended text */
    uint64_t modseq; /* given by it */
    uint64_t message;
};

/* ---- the child ---- */

static void
child_append(struct fixture *fx, struct store_tx *tx, uint64_t inbox, struct rng *rng,
             struct ack *ack)
{
    static const size_t sizes[] = {300, 3000, 9000, 40000, 300000};
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    ack->seed = (uint32_t)rng_below(rng, 1000000);
    make_text(&text, ack->seed, sizes[rng_below(rng, ARRAY_LEN(sizes))]);
    const struct entry entry = add_text(fx, tx, inbox, buf_span(&text), 0);
    *ack = (struct ack){.what = DID_APPEND,
                        .uid = entry.uid,
                        .seed = ack->seed,
                        .modseq = entry.modseq,
                        .message = entry.message};
}

/* An existing UID of INBOX, or 0. */
static uint32_t
pick_uid(struct fixture *fx, struct store_tx *tx, const struct mbox_row *inbox, struct rng *rng)
{
    uint32_t from = 1 + (uint32_t)rng_below(rng, inbox->uidnext);
    struct entry entry;
    size_t count = 0;

    assert_ok(store_entries_read(tx, inbox->id, &from, &entry, 1, &count, &fx->err));
    return count == 1 ? entry.uid : 0;
}

static bool
child_change(struct fixture *fx, struct store_tx *tx, struct rng *rng, struct ack *ack)
{
    const struct mbox_row inbox = mbox_row(fx, tx, "INBOX");
    const uint32_t uid = pick_uid(fx, tx, &inbox, rng);
    const struct uid_run run = {uid, uid};

    if (uid == 0 || rng_below(rng, 3) != 0) {
        child_append(fx, tx, inbox.id, rng, ack);
        return true;
    }
    if (rng_below(rng, 2) == 0) {
        const struct expunge_req req = {.mbox = inbox.id, .runs = &run, .run_count = 1};
        struct expunge_result out;
        assert_ok(store_expunge(tx, &req, &fx->arena, &out, &fx->err));
        *ack = (struct ack){.what = DID_EXPUNGE, .uid = uid, .modseq = out.modseq};
        return true;
    }
    const struct copy_req req = {.from = inbox.id,
                                 .to = mbox_id(fx, tx, "Trash"),
                                 .runs = &run,
                                 .run_count = 1,
                                 .move = true};
    struct copy_result out;
    assert_ok(store_copy(tx, &req, &fx->arena, &out, &fx->err));
    *ack = (struct ack){.what = DID_MOVE,
                        .uid = uid,
                        .uid_to = out.added[0].uid,
                        .modseq = out.expunge_modseq,
                        .message = out.added[0].message};
    return true;
}

/* Whatever is open is closed, so that its handle goes to the next one. */
static void
child_close(struct fixture *fx)
{
    test_now_s += 21;
    store_keep_house(fx->store, NULL);
}

static void
child_visit(struct fixture *fx, int pipe_fd, struct rng *rng)
{
    struct store_account *own = fx->acct;
    const struct ack ack = {.what = DID_VISIT,
                            .uid = OTHERS_FROM + (uint32_t)rng_below(rng, OTHERS)};

    child_close(fx);
    assert_ok(store_account_get(fx->store, ack.uid, &fx->acct));
    fill(fx, "INBOX", 1);
    store_account_put(fx->acct);
    fx->acct = own;
    if (write(pipe_fd, &ack, sizeof ack) < 0)
        _exit(1);
    child_close(fx);
    if (store_sqlite_spares(fx->store) == 0)
        _exit(2);
}

static void
child_live(struct fixture *fx, int pipe_fd, uint64_t seed)
{
    struct rng rng;
    bool more = false;

    rng_seed(&rng, seed);
    for (;;) {
        struct ack acks[8];
        size_t count = 0;
        const size_t ops = 1 + rng_below(&rng, ARRAY_LEN(acks));
        struct store_tx *tx = begin_write(fx);
        while (count < ops)
            count += child_change(fx, tx, &rng, &acks[count]);
        if (rng_below(&rng, 3) == 0)
            assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        commit(fx, tx);
        if (write(pipe_fd, acks, count * sizeof *acks) < 0)
            _exit(1);
        store_keep_house(fx->store, fx->acct);
        if (rng_below(&rng, 3) == 0)
            child_visit(fx, pipe_fd, &rng);
        arena_reset(&fx->arena);
    }
}

/* ---- the parent ---- */

enum place { NOWHERE, IN_INBOX, EXPUNGED, MOVED };

struct record {
    enum place place;
    uint32_t uid_to;
    uint32_t seed;
    uint64_t message;
};

struct ledger {
    struct record *uids; /* of INBOX, UIDS_MAX */
    uint32_t last_uid;
    uint64_t modseq;
    uint64_t message;
    uint32_t visits[OTHERS];
};

static void
ledger_note(struct ledger *ledger, const struct ack *ack)
{
    if (ack->what == DID_VISIT) {
        assert_in_range(ack->uid, OTHERS_FROM, OTHERS_FROM + OTHERS - 1);
        ledger->visits[ack->uid - OTHERS_FROM]++;
        return;
    }
    assert_true(ack->uid < UIDS_MAX);
    assert_true(ack->modseq > ledger->modseq); /* INV-S1 over all lives */
    ledger->modseq = ack->modseq;
    struct record *record = &ledger->uids[ack->uid];
    switch (ack->what) {
    case DID_APPEND:
        assert_true(ack->uid > ledger->last_uid);
        assert_true(ack->message > ledger->message);
        ledger->last_uid = ack->uid;
        ledger->message = ack->message;
        *record = (struct record){IN_INBOX, 0, ack->seed, ack->message};
        break;
    case DID_EXPUNGE:
        record->place = EXPUNGED;
        break;
    default:
        record->place = MOVED;
        record->message = ack->message; /* its append may not have been acknowledged */
        record->uid_to = ack->uid_to;
        break;
    }
}

/* Reads until the end, or until max were read. */
static void
read_acks(int fd, struct ledger *ledger, uint64_t max)
{
    struct ack ack;
    size_t have = 0;

    while (max != 0) {
        const ssize_t got = read(fd, (char *)&ack + have, sizeof ack - have);
        if (got <= 0)
            return;
        have += (size_t)got;
        if (have == sizeof ack) {
            ledger_note(ledger, &ack);
            have = 0;
            max--;
        }
    }
}

static void
check_text(struct fixture *fx, struct store_tx *tx, const struct record *record)
{
    AUTO_BUF want = {0};
    AUTO_BUF text = {0};

    buf_init(&want, 1 << 20);
    buf_init(&text, 1 << 20);
    assert_ok(store_content_read(tx, record->message, 0, UINT64_MAX, &text, &fx->err));
    make_text(&want, record->seed, buf_len(&text));
    assert_true(span_eq(buf_span(&text), buf_span(&want)));
}

/* The last transaction may have been committed and not acknowledged: it may have changed a few
 * messages further, but whole ones. */
static void
check(struct fixture *fx, const struct ledger *ledger, unsigned *surprises)
{
    struct store_tx *tx = begin_read(fx);
    const struct mbox_row inbox = mbox_row(fx, tx, "INBOX");
    size_t count = 0;
    size_t trash_count = 0;
    const struct entry *rows = entries(fx, tx, inbox.id, &count);
    const struct entry *trash = entries(fx, tx, mbox_id(fx, tx, "Trash"), &trash_count);
    size_t at = 0;
    size_t checked = 0;

    assert_true(inbox.uidnext > ledger->last_uid);
    for (uint32_t uid = 1; uid <= ledger->last_uid; uid++) {
        const struct record *record = &ledger->uids[uid];
        while (at < count && rows[at].uid < uid)
            at++;
        const bool there = at < count && rows[at].uid == uid;
        if (record->place == IN_INBOX && !there)
            ++*surprises; /* by the unacknowledged transaction only */
        if (record->place == EXPUNGED || record->place == MOVED)
            assert_false(there);
        if (there && record->place == IN_INBOX && ++checked % 7 == 0)
            check_text(fx, tx, record);
        bool found = record->place != MOVED;
        for (size_t i = 0; i < trash_count && !found; i++)
            found = trash[i].uid == record->uid_to && trash[i].message == record->message;
        assert_true(found);
    }
    store_end(tx);
    verify(fx);
}

/* One more than was acknowledged may be there from each life. */
static void
check_visits(struct fixture *fx, struct ledger *ledger)
{
    struct store_account *own = fx->acct;

    for (unsigned i = 0; i < OTHERS; i++) {
        assert_ok(store_account_get(fx->store, OTHERS_FROM + i, &fx->acct));
        struct store_tx *tx = begin_read(fx);
        const uint32_t there = mbox_row(fx, tx, "INBOX").exists;
        assert_in_range(there, ledger->visits[i], ledger->visits[i] + 1);
        ledger->visits[i] = there;
        store_end(tx);
        verify(fx);
        store_account_put(fx->acct);
    }
    fx->acct = own;
}

/* What the unacknowledged transaction did becomes known. */
static void
adopt(struct fixture *fx, struct ledger *ledger)
{
    struct store_tx *tx = begin_read(fx);
    const uint64_t inbox = mbox_id(fx, tx, "INBOX");
    size_t count = 0;
    const struct entry *rows = entries(fx, tx, inbox, &count);
    bool *there = calloc(UIDS_MAX, sizeof *there);

    assert_non_null(there);
    for (size_t i = 0; i < count; i++) {
        there[rows[i].uid] = true;
        if (rows[i].message > ledger->message)
            ledger->message = rows[i].message;
    }
    for (uint32_t uid = 1; uid < UIDS_MAX; uid++)
        if (!there[uid] && ledger->uids[uid].place == IN_INBOX)
            ledger->uids[uid].place = EXPUNGED;
    free(there);
    store_end(tx);
    arena_reset(&fx->arena);
}

static void
test_killed_again_and_again(void **state)
{
    struct fixture *fx = fixture_new();
    struct ledger ledger = {.uids = calloc(UIDS_MAX, sizeof(struct record))};
    struct rng rng;
    const char *seed_text = getenv("ROOST_SEED");
    const uint64_t seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 4711;

    (void)state;
    assert_non_null(ledger.uids);
    fx->options.store.undelete_max_octets = 200000;
    rng_seed(&rng, seed);
    for (unsigned life = 0; life < LIVES; life++) {
        int fds[2];
        unsigned surprises = 0;
        store_account_put(fx->acct); /* nothing is open in the parent while the child lives */
        store_close(fx->store);
        assert_int_equal(pipe(fds), 0);
        fflush(stdout);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(fds[0]);
            assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
            assert_ok(store_account_get(fx->store, 7, &fx->acct));
            child_live(fx, fds[1], seed + life);
        }
        close(fds[1]);
        const struct timespec soon = {.tv_nsec = (long)rng_below(&rng, SOON_US_MAX) * 1000L};
        read_acks(fds[0], &ledger, rng_below(&rng, ACKS_MAX));
        nanosleep(&soon, NULL);
        kill(child, SIGKILL);
        read_acks(fds[0], &ledger, UINT64_MAX);
        close(fds[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
        assert_ok(store_account_get(fx->store, 7, &fx->acct));
        check(fx, &ledger, &surprises);
        if (surprises > 8)
            fail_msg("life %u: %u acknowledged messages are gone", life, surprises);
        adopt(fx, &ledger);
        check_visits(fx, &ledger);
    }
    print_message("%u UIDs, modseq %ju over %d lives\n", ledger.last_uid,
                  (uintmax_t)ledger.modseq, LIVES);
    free(ledger.uids);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
