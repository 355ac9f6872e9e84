/* SPDX-License-Identifier: MIT */
/*
 * Turns: who executes what, what shares a commit, what a failure takes with it, who is woken.
 * One thread plays several sessions: while a request is applied, others are queued.
 */
#include "content.h"

#include <sqlite3.h>

#include "mailbox/memory/change.h"
#include "mailbox/memory/hub.h"
#include "support/fault_vfs.h"

enum { PLAYERS = 100 };

/* A request that adds `adds` messages to INBOX, lets others queue meanwhile, and ends as
 * told. */
struct player {
    struct turn_req turn;
    struct content *fx;
    unsigned adds;
    enum rc ends;
    struct player *others;
    size_t other_count;
    unsigned applied;
    unsigned wakes;
};

static unsigned news; /* wakes of a watcher of INBOX */

static void
on_news(void *ctx, uint64_t id)
{
    (void)ctx;
    (void)id;
    news++;
}

static void
on_wake(void *ctx, uint64_t id)
{
    struct player *player = ctx;

    (void)id;
    player->wakes++;
}

static enum rc
player_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    static const char text[] = "Subject: hello\r\n\r\nworld\r\n";
    const struct message_new msg = {.text = SPAN(text), .header_octets = 18};
    struct player *player = CONTAINER_OF(req, struct player, turn);
    enum rc rc = RC_OK;

    player->applied++;
    for (size_t i = 0; i < player->other_count; i++)
        assert_int_equal(turn_run(ctx->acct, &player->others[i].turn), RC_AGAIN);
    for (unsigned i = 0; rc == RC_OK && i < player->adds; i++) {
        struct entry_new entry = {.mbox = 1, .octets = sizeof text - 1};
        struct entry added;
        rc = store_message_add(ctx->tx, &msg, &entry.message, err);
        if (rc == RC_OK)
            rc = store_entry_add(ctx->tx, &entry, &added, err);
        if (rc == RC_OK)
            rc = change_added(ctx->changes, 1, &added, 1);
    }
    return rc == RC_OK ? player->ends : rc;
}

static void
player_init(struct player *player, struct content *fx, unsigned adds)
{
    *player = (struct player){.fx = fx, .adds = adds, .ends = RC_OK};
    turn_req_init(&player->turn, player_apply, 100, (struct wake){on_wake, player, 0});
}

static struct mailbox_state
inbox_state(struct content *fx)
{
    struct mailbox *mailbox;
    struct mailbox_state state;

    assert_ok(
        mailbox_open(fx->acct, (struct wake){.fn = NULL}, SPAN("INBOX"), &mailbox, &fx->err));
    mailbox_state(mailbox, &state);
    mailbox_put(mailbox);
    return state;
}

static int
setup(void **state)
{
    fault_vfs_register();
    fault_vfs_arm(FAULT_NONE, 0);
    sqlite3_vfs_register(sqlite3_vfs_find(FAULT_VFS), 1);
    struct content *fx = content_new();
    content_open_account(fx);
    *state = fx;
    news = 0;
    return 0;
}

static int
teardown(void **state)
{
    struct content *fx = *state;

    fault_vfs_arm(FAULT_NONE, 0);
    content_close_account(fx);
    content_free(fx);
    return 0;
}

static void
count_wake(void *ctx, uint64_t id)
{
    (void)id;
    (*(unsigned *)ctx)++;
}

static const uint64_t inbox_id = 1;
static const struct watch_filter inbox_filter = {
    .events = WATCH_ALL, .mboxes = &inbox_id, .mbox_count = 1};

/* All that was queued while the holder worked is on disk with its commit, and told once. */
static void
queued_requests_share_the_commit(void **state)
{
    struct content *fx = *state;
    struct player others[3];
    struct player first;
    struct watch watch = {.acct = NULL};

    hub_watch(fx->acct, &watch, &inbox_filter, (struct wake){on_news, NULL, 0});
    player_init(&first, fx, 1);
    for (size_t i = 0; i < 3; i++)
        player_init(&others[i], fx, 2);
    first.others = others;
    first.other_count = 3;
    assert_ok(turn_run(fx->acct, &first.turn));
    assert_int_equal(first.turn.result, RC_OK);
    assert_int_equal(first.wakes, 0); /* it has its answer */
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(others[i].wakes, 1);
        assert_int_equal(others[i].applied, 1);
        assert_int_equal(turn_run(fx->acct, &others[i].turn), RC_OK);
        assert_int_equal(others[i].turn.result, RC_OK);
    }
    assert_int_equal(inbox_state(fx).exists, 7);
    assert_int_equal(news, 1); /* one commit */
    hub_unwatch(&watch);
    hub_unwatch(&watch); /* harmless */
    player_init(&first, fx, 1);
    assert_int_equal(content_run(fx, &first.turn), RC_OK);
    assert_int_equal(news, 1);
}

/* A watch is called once a commit, for the mailboxes and the changes that it names. */
static void
a_watch_hears_what_its_filter_lets_pass(void **state)
{
    struct content *fx = *state;
    static const uint64_t two[] = {1, 3};
    static const uint64_t other[] = {2};
    const struct watch_filter filters[] = {
        {WATCH_ALL, 1, two},      {WATCH_ALL, 2, two},     {WATCH_ALL, 0, NULL},
        {WATCH_ARRIVALS, 2, two}, {WATCH_FLAGS, 1, two},   {WATCH_EXPUNGES, 0, NULL},
        {WATCH_ALL, 1, other},    {WATCH_NOTHING, 1, two}, {WATCH_NAMES, 0, NULL},
    };
    struct watch watches[ARRAY_LEN(filters)] = {0};
    unsigned heard[ARRAY_LEN(filters)] = {0};
    const struct uid_run run = {1, 1};

    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        hub_watch(fx->acct, &watches[i], &filters[i],
                  (struct wake){.fn = count_wake, .ctx = &heard[i]});
    content_append(fx, &(struct content_mail){.text = SPAN("Subject: x\r\n\r\ny\r\n")});
    const unsigned arrived[] = {1, 1, 1, 1, 0, 0, 0, 0, 0};
    assert_memory_equal(heard, arrived, sizeof heard);

    struct flags_op flag;
    flags_op_init(&flag, &fx->arena, (struct wake){.fn = NULL});
    flag.mbox = 1;
    flag.runs = &run;
    flag.run_count = 1;
    flag.flags = MSG_SEEN;
    assert_ok(content_run(fx, &flag.turn));
    const unsigned flagged[] = {2, 2, 2, 1, 1, 0, 0, 0, 0};
    assert_memory_equal(heard, flagged, sizeof heard);

    hub_watch_events(&watches[0], WATCH_NOTHING);
    hub_watch_events(&watches[7], WATCH_EXPUNGES);
    struct expunge_op gone;
    expunge_op_init(&gone, &fx->arena, (struct wake){.fn = NULL});
    gone.mbox = 1;
    assert_ok(content_run(fx, &gone.turn));
    const unsigned expunged[] = {2, 3, 3, 1, 1, 1, 0, 1, 0};
    assert_memory_equal(heard, expunged, sizeof heard);
    for (size_t i = 0; i < ARRAY_LEN(watches); i++)
        hub_unwatch(&watches[i]);
    hub_watch_events(&watches[0], WATCH_ALL); /* harmless */
}

static void
a_failed_request_leaves_nothing(void **state)
{
    struct content *fx = *state;
    struct player others[2];
    struct player first;
    struct view *view = content_view(fx, "INBOX");

    player_init(&first, fx, 1);
    player_init(&others[0], fx, 5);
    player_init(&others[1], fx, 2);
    others[0].ends = RC_QUOTA;
    first.others = others;
    first.other_count = 2;
    assert_int_equal(content_run(fx, &first.turn), RC_OK);
    assert_int_equal(turn_run(fx->acct, &others[0].turn), RC_OK);
    assert_int_equal(others[0].turn.result, RC_QUOTA);
    assert_int_equal(turn_run(fx->acct, &others[1].turn), RC_OK);
    assert_int_equal(others[1].turn.result, RC_OK);
    const struct mailbox_state inbox = inbox_state(fx);
    assert_int_equal(inbox.exists, 3);
    struct version *version;
    assert_ok(mailbox_version(view->mailbox, NULL, &version, &fx->err));
    assert_int_equal(version_count(version), 3);
    assert_int_equal(version_uidnext(version), inbox.uidnext);
    version_unref(version);
    content_view_done(view);
}

/* More than one holder should do: the next in the queue becomes the holder. */
static void
the_turn_is_handed_over(void **state)
{
    struct content *fx = *state;
    static struct player others[PLAYERS];
    struct player first;

    player_init(&first, fx, 1);
    for (size_t i = 0; i < PLAYERS; i++)
        player_init(&others[i], fx, 1);
    first.others = others;
    first.other_count = PLAYERS;
    assert_int_equal(content_run(fx, &first.turn), RC_OK);
    unsigned done = 0;
    for (size_t i = 0; i < PLAYERS; i++)
        done += others[i].applied;
    assert_int_equal(done, LIMIT_TURN_BATCH - 1);
    for (size_t i = 0; i < PLAYERS; i++)
        assert_int_equal(others[i].wakes, i <= done); /* one more: it was granted the turn */
    for (size_t i = PLAYERS - 1; i > done; i--)
        assert_int_equal(turn_run(fx->acct, &others[i].turn), RC_AGAIN);
    for (size_t i = 0; i < PLAYERS; i++) {
        assert_int_equal(turn_run(fx->acct, &others[i].turn), RC_OK);
        assert_int_equal(others[i].turn.result, RC_OK);
        assert_int_equal(others[i].applied, 1);
    }
    assert_int_equal(inbox_state(fx).exists, PLAYERS + 1);
}

static void
octets_bound_a_batch(void **state)
{
    struct content *fx = *state;
    struct player others[3];
    struct player first;

    player_init(&first, fx, 1);
    for (size_t i = 0; i < 3; i++) {
        player_init(&others[i], fx, 1);
        others[i].turn.octets = LIMIT_TURN_BATCH_OCTETS / 2;
    }
    first.others = others;
    first.other_count = 3;
    assert_int_equal(content_run(fx, &first.turn), RC_OK);
    assert_int_equal(others[0].applied + others[1].applied + others[2].applied, 2);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(turn_run(fx->acct, &others[i].turn), RC_OK);
}

static void
requests_can_be_taken_back(void **state)
{
    struct content *fx = *state;
    static struct player others[PLAYERS];
    struct player first;

    player_init(&first, fx, 0);
    assert_true(turn_cancel(fx->acct, &first.turn)); /* never begun */
    for (size_t i = 0; i < PLAYERS; i++)
        player_init(&others[i], fx, 1);
    first.others = others;
    first.other_count = PLAYERS;
    assert_int_equal(content_run(fx, &first.turn), RC_OK);
    assert_false(turn_cancel(fx->acct, &others[0].turn)); /* done */
    const size_t granted = LIMIT_TURN_BATCH - 1;
    assert_int_equal(others[granted].wakes, 1);
    assert_true(turn_cancel(fx->acct, &others[granted + 1].turn)); /* queued */
    assert_true(turn_cancel(fx->acct, &others[granted].turn));     /* granted: passed on */
    assert_int_equal(others[granted + 2].wakes, 1);
    for (size_t i = 0; i < PLAYERS; i++)
        if (i < granted || i > granted + 1)
            assert_int_equal(turn_run(fx->acct, &others[i].turn), RC_OK);
    assert_int_equal(others[granted].applied + others[granted + 1].applied, 0);
    assert_int_equal(inbox_state(fx).exists, PLAYERS - 2);
    player_init(&first, fx, 1);
    assert_int_equal(content_run(fx, &first.turn), RC_OK); /* the turn is free again */
}

/* Whatever step of the disk fails: all of the batch fail, nothing is told, the next one
 * works. */
static void
a_failed_commit_fails_all_and_tells_nobody(void **state)
{
    struct content *fx = *state;
    struct watch watch = {.acct = NULL};
    struct player first;
    struct player other;
    uint32_t exists = 0;

    player_init(&first, fx, 1);
    assert_int_equal(content_run(fx, &first.turn), RC_OK);
    exists++;
    struct view *view = content_view(fx, "INBOX");
    hub_watch(fx->acct, &watch, &inbox_filter, (struct wake){on_news, NULL, 0});
    for (uint64_t nth = 1; nth < 100; nth++) {
        player_init(&first, fx, 1);
        player_init(&other, fx, 1);
        first.others = &other;
        first.other_count = 1;
        news = 0;
        fault_vfs_arm(nth % 2 == 0 ? FAULT_FULL : FAULT_IO, (nth + 1) / 2);
        assert_int_equal(turn_run(fx->acct, &first.turn), RC_OK);
        assert_int_equal(turn_run(fx->acct, &other.turn), RC_OK);
        const bool fired = fault_vfs_fired();
        fault_vfs_arm(FAULT_NONE, 0);
        const enum rc rc = first.turn.result;
        assert_true(rc == RC_OK || rc == RC_FULL || rc == RC_IO);
        assert_int_equal(rc, other.turn.result);
        assert_int_equal(news, rc == RC_OK ? 1 : 0);
        exists += rc == RC_OK ? 2 : 0;
        assert_int_equal(inbox_state(fx).exists, exists);
        struct version *version;
        assert_ok(mailbox_version(view->mailbox, NULL, &version, &fx->err));
        assert_int_equal(version_count(version), exists);
        version_unref(version);
        if (!fired)
            break;
    }
    assert_true(exists > 1);
    hub_unwatch(&watch);
    content_view_done(view);
}

/* \Recent's watermark goes with the next commit; the next start finds it. */
static void
watermarks_are_written_with_the_next_commit(void **state)
{
    struct content *fx = *state;
    struct player first;
    struct mailbox *mailbox;

    player_init(&first, fx, 3);
    assert_int_equal(content_run(fx, &first.turn), RC_OK);
    assert_ok(
        mailbox_open(fx->acct, (struct wake){.fn = NULL}, SPAN("INBOX"), &mailbox, &fx->err));
    assert_int_equal(mailbox_take_recent(mailbox, false), 1);
    assert_int_equal(mailbox_take_recent(mailbox, true), 1);
    assert_int_equal(mailbox_take_recent(mailbox, true), 4);
    mailbox_put(mailbox);
    content_close_account(fx); /* nobody holds it: what waits is written */
    content_open_account(fx);
    assert_int_equal(inbox_state(fx).recent_from, 4);
}

static void
accounts_are_kept_and_let_go(void **state)
{
    struct content *fx = *state;
    struct account *again;
    struct account *other;

    assert_ok(account_get(fx->accounts, CONTENT_ACCOUNT, &again));
    assert_ptr_equal(again, fx->acct);
    account_put(again);
    assert_int_equal(accounts_forget(fx->accounts, CONTENT_ACCOUNT), RC_BUSY);
    assert_ok(account_get(fx->accounts, 99, &other));
    account_put(other);
    assert_ok(account_get(fx->accounts, 99, &again));
    assert_ptr_equal(again, other); /* warm */
    account_put(again);
    assert_int_equal(accounts_forget(fx->accounts, 99), RC_OK);
    assert_int_equal(accounts_forget(fx->accounts, 99), RC_OK); /* nothing is there */
    accounts_evict(fx->accounts);
    account_put(NULL);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(queued_requests_share_the_commit),
        T(a_watch_hears_what_its_filter_lets_pass),
        T(a_failed_request_leaves_nothing),
        T(the_turn_is_handed_over),
        T(octets_bound_a_batch),
        T(requests_can_be_taken_back),
        T(a_failed_commit_fails_all_and_tells_nobody),
        T(watermarks_are_written_with_the_next_commit),
        T(accounts_are_kept_and_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
