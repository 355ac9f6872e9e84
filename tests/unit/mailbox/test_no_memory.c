/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at each allocation in turn, of every request that changes an account and of
 * what a session does to look at it. Whatever fails then has changed nothing, what succeeds has
 * done all of it, the account's rows stay right, and a session that goes on afterwards believes
 * what the rows say.
 */
#include "content.h"

#include <stdio.h>
#include <stdlib.h>

#include "mailbox/account_private.h"
#include "mailbox/memory/hub.h"
#include "mailbox/names/metadata.h"
#include "mailbox/order/order.h"
#include "mailbox/sharing/acl_op.h"
#include "mailbox/sync.h"
#include "mailbox/write/ops.h"
#include "support/fault_alloc.h"

enum { MESSAGES = 6, NTH_MAX = 5000, STEP_ARENA = 64 << 20 };

struct step {
    const char *name;
    enum rc (*act)(struct content *fx, struct arena *arena);
    bool changes; /* INBOX's modseq grows when it succeeds */
};

static unsigned turn_number;

static enum rc
run(struct content *fx, struct turn_req *req)
{
    assert_int_equal(turn_run(fx->acct, req), RC_OK); /* nobody else is there */
    fx->err = req->err;
    return req->result;
}

enum { GUEST = 9 };

static unsigned grant_number;

/* Something else each time, besides what the guest needs. */
static enum rc
grant(struct content *fx, struct arena *arena)
{
    struct acl_op op;

    acl_op_init(&op, arena, WAKE_NOBODY);
    op.name = SPAN("INBOX");
    op.kind = ACL_ACCOUNT;
    op.who = GUEST;
    op.change = (struct rights_change){
        .how = RIGHTS_SET,
        .rights = RIGHT_INSERT | (grant_number % 2 == 0 ? RIGHT_POST : RIGHT_LOOKUP)};
    const enum rc rc = run(fx, &op.turn);
    grant_number += rc == RC_OK;
    return rc;
}

static enum rc
guest_append(struct content *fx, struct arena *arena)
{
    const struct permit_need need = {.name = SPAN("INBOX"), .rights = RIGHT_INSERT};
    struct ingest ingest;
    struct append_op op;
    const enum rc rc = ingest_prepare(arena, SPAN("A: b\r\n\r\nx\r\n"), &ingest, &fx->err);

    if (rc != RC_OK)
        return rc;
    struct append_msg msg = {.ingest = &ingest};
    append_op_init(&op, arena, WAKE_NOBODY);
    op.name = SPAN("INBOX");
    op.msgs = &msg;
    op.msg_count = 1;
    permit_init(&op.turn.permit, GUEST, arena);
    permit_need_add(&op.turn.permit, &need);
    const enum rc done = run(fx, &op.turn);
    assert_int_not_equal(done, RC_DENIED); /* want of memory takes no right away */
    return done;
}

static enum rc
append(struct content *fx, struct arena *arena)
{
    const struct span keyword = SPAN("$label");
    struct ingest ingest;
    struct append_op op;
    const enum rc rc = ingest_prepare(
        arena, SPAN("Subject: x\r\nFrom: a@example.org\r\n\r\nbody\r\n"), &ingest, &fx->err);

    if (rc != RC_OK)
        return rc;
    struct append_msg msg = {.ingest = &ingest, .keywords = &keyword, .keyword_count = 1};
    append_op_init(&op, arena, WAKE_NOBODY);
    op.name = SPAN("INBOX");
    op.msgs = &msg;
    op.msg_count = 1;
    return run(fx, &op.turn);
}

static struct uid_run last; /* the message with the highest UID */

static enum rc
replace(struct content *fx, struct arena *arena)
{
    struct ingest ingest;
    struct append_op op;
    const enum rc rc =
        ingest_prepare(arena, SPAN("Subject: y\r\n\r\nz\r\n"), &ingest, &fx->err);

    if (rc != RC_OK)
        return rc;
    struct append_msg msg = {.ingest = &ingest};
    append_op_init(&op, arena, WAKE_NOBODY);
    op.name = SPAN("INBOX");
    op.msgs = &msg;
    op.msg_count = 1;
    op.replaced_mbox = 1;
    op.replaced_uid = last.first;
    const enum rc done = run(fx, &op.turn);
    if (done == RC_OK)
        last.first = last.last = msg.added.uid;
    return done;
}

static const struct uid_run everything = {1, UINT32_MAX};
static enum rc
store_flags(struct content *fx, struct arena *arena)
{
    static const struct span names[] = {SPAN_INIT("$one"), SPAN_INIT("$two")};
    struct flags_op op;

    flags_op_init(&op, arena, WAKE_NOBODY);
    op.mbox = 1;
    op.runs = &everything;
    op.run_count = 1;
    op.mode = FLAGS_REPLACE;
    op.flags = turn_number % 2 == 0 ? MSG_SEEN : MSG_FLAGGED;
    op.keywords = &names[turn_number % 2];
    op.keyword_count = 1;
    const enum rc rc = run(fx, &op.turn);
    turn_number += rc == RC_OK; /* the next one changes something again */
    return rc;
}

static enum rc
copy(struct content *fx, struct arena *arena, const struct uid_run *what, struct span to,
     bool move)
{
    struct copy_op op;

    copy_op_init(&op, arena, WAKE_NOBODY);
    op.from_mbox = 1;
    op.to_name = to;
    op.runs = what;
    op.run_count = 1;
    op.move = move;
    return run(fx, &op.turn);
}

static enum rc
copy_here(struct content *fx, struct arena *arena)
{
    return copy(fx, arena, &last, SPAN("INBOX"), false);
}

static enum rc
move_away(struct content *fx, struct arena *arena)
{
    return copy(fx, arena, &everything, SPAN("Archive"), true);
}

static enum rc
expunge(struct content *fx, struct arena *arena)
{
    struct expunge_op op;

    expunge_op_init(&op, arena, WAKE_NOBODY);
    op.mbox = 1;
    op.runs = &everything;
    op.run_count = 1;
    return run(fx, &op.turn);
}

static enum rc
purge(struct content *fx, struct arena *arena)
{
    struct purge_op op;

    (void)arena;
    purge_op_init(&op, WAKE_NOBODY);
    return run(fx, &op.turn);
}

static enum rc
set_metadata(struct content *fx, struct arena *arena)
{
    const struct imap_metadata_pair pairs[] = {
        {.name = SPAN_INIT("/private/a"), .value = SPAN_INIT("x")},
        {.name = SPAN_INIT("/private/specialuse"), .value = SPAN_INIT("\\Important")},
        {.name = SPAN_INIT("/shared/b"), .is_nil = true},
    };
    struct metadata_entry *entries = NULL;
    struct metadata_set_op op;
    struct mbox_row row;
    size_t count = 0;
    AUTO_TX tx = NULL;

    metadata_set_op_init(&op, arena, WAKE_NOBODY);
    op.mailbox = SPAN("INBOX");
    op.pairs = pairs;
    op.pair_count = ARRAY_LEN(pairs);
    enum rc rc = run(fx, &op.turn);
    if (rc == RC_OK)
        rc = store_read_begin(account_store(fx->acct), WAKE_NOBODY, &tx, &fx->err);
    if (rc == RC_OK)
        rc = store_mbox_get(tx, 1, arena, &row, &fx->err);
    return rc == RC_OK ? metadata_entries(tx, arena, &row, 0, &entries, &count, &fx->err) : rc;
}

/* Selects INBOX, does something with its view, and closes it. */
static enum rc
with_view(struct content *fx, struct arena *arena, const struct imap_search_req *how,
          enum rc (*use)(struct view *view, struct store_tx *tx, struct arena *arena,
                         const struct imap_search_req *how, struct err *err))
{
    struct mailbox *mailbox = NULL;
    struct view view;
    AUTO_TX tx = NULL;

    enum rc rc = mailbox_open(fx->acct, WAKE_NOBODY, SPAN("INBOX"), &mailbox, &fx->err);
    if (rc != RC_OK)
        return rc;
    view_init(&view, mailbox, VIEW_READ_WRITE);
    rc = store_read_begin(account_store(fx->acct), WAKE_NOBODY, &tx, &fx->err);
    if (rc == RC_OK)
        rc = view_awake(&view, tx, &fx->err);
    if (rc == RC_OK)
        rc = use(&view, tx, arena, how, &fx->err);
    view_done(&view);
    return rc;
}

static enum rc
hear_what_is_new(struct view *view, struct store_tx *tx, struct arena *arena,
                 const struct imap_search_req *how, struct err *err)
{
    struct sync *sync = NULL;
    struct sync_event event = {.kind = SYNC_GONE};
    struct keyword_names names;

    (void)how;
    enum rc rc = sync_begin(view, tx, SYNC_ALL, arena, &sync, err);
    while (rc == RC_OK && event.kind != SYNC_DONE)
        sync_next(sync, &event);
    return rc == RC_OK ? mailbox_keywords(view->mailbox, arena, &names) : rc;
}

/* Selects and syncs, with nothing in memory before. */
static enum rc
look(struct content *fx, struct arena *arena)
{
    content_forget_versions(fx);
    return with_view(fx, arena, NULL, hear_what_is_new);
}

/* A SORT or THREAD of everything. */
static enum rc
put_in_order(struct view *view, struct store_tx *tx, struct arena *arena,
             const struct imap_search_req *how, struct err *err)
{
    static const struct imap_search_key all = {.kind = SEARCH_ALL};
    struct imap_search_key root = all;
    const struct search_req what = {.root = &root};
    struct search *search = NULL;
    struct order *order = NULL;

    enum rc rc = search_new(arena, view, &what, &search, err);
    if (rc == RC_OK)
        rc = search_slice(search, tx, &clock_system, INT64_MAX, err);
    const struct order_req req = {.found = search, .how = how};
    if (rc == RC_OK)
        rc = order_new(arena, view, &req, &order);
    if (rc == RC_OK)
        rc = order_slice(order, tx, &clock_system, INT64_MAX, err);
    if (rc == RC_OK && how->find == IMAP_FIND_SORT)
        assert_int_equal(order_number(order, 0), 1);
    order_done(order);
    search_done(search);
    return rc;
}

static enum rc
sort(struct content *fx, struct arena *arena)
{
    static const struct imap_search_req how = {
        .find = IMAP_FIND_SORT,
        .sort = {{.key = IMAP_SORT_SUBJECT}, {.key = IMAP_SORT_DISPLAYFROM, .reverse = true}},
        .sort_count = 2,
    };

    return with_view(fx, arena, &how, put_in_order);
}

static enum rc
thread(struct content *fx, struct arena *arena)
{
    static const struct imap_search_req how = {
        .find = IMAP_FIND_THREAD,
        .thread = IMAP_THREAD_REFERENCES,
    };

    return with_view(fx, arena, &how, put_in_order);
}

static struct mbox_row
inbox(struct content *fx)
{
    struct mbox_row row;
    struct store_tx *tx = content_read(fx);

    assert_ok(store_mbox_get(tx, 1, &fx->arena, &row, &fx->err));
    store_end(tx);
    return row;
}

static void
rows_are_right(struct content *fx)
{
    AUTO_BUF findings = {0};
    struct store_tx *tx = content_read(fx);

    buf_init(&findings, 1 << 16);
    if (store_verify(tx, &findings, &fx->err) != RC_OK)
        fail_msg("%.*s", SPAN_FMT(buf_span(&findings)));
    store_end(tx);
}

/* A session that was there all the time is told, and knows what the rows say. */
static void
witness_is_right(struct content *fx, struct view *witness, const struct mbox_row *row)
{
    struct mailbox_state state;

    while (sync_is_due(witness)) {
        struct sync *sync = NULL;
        struct sync_event event = {.kind = SYNC_GONE};
        struct store_tx *tx = content_read(fx);
        assert_ok(sync_begin(witness, tx, SYNC_ALL, &fx->arena, &sync, &fx->err));
        store_end(tx);
        while (event.kind != SYNC_DONE)
            sync_next(sync, &event);
    }
    mailbox_state(witness->mailbox, &state);
    assert_int_equal(witness->exists, row->exists);
    assert_int_equal(state.exists, row->exists);
    assert_int_equal(state.unseen, row->unseen);
    assert_int_equal(state.highest_modseq, row->highest_modseq);
    struct store_tx *tx = content_read(fx);
    assert_ok(view_awake(witness, tx, &fx->err));
    store_end(tx);
    assert_int_equal(version_count(witness->members), row->exists);
}

/* One step with the Nth allocation failing; false when it did not come to that. */
static bool
once(struct content *fx, const struct step *step, struct view *witness, enum fault_alloc how,
     uint64_t nth)
{
    AUTO_ARENA arena = {0};
    const struct mbox_row before = inbox(fx);

    arena_init(&arena, STEP_ARENA);
    fault_alloc_arm(how, nth);
    const enum rc rc = step->act(fx, &arena);
    const bool failed = fault_alloc_disarm();
    const struct mbox_row after = inbox(fx);
    if (rc != RC_OK && rc != RC_LIMIT)
        fail_msg("%s, allocation %ju: %s (%s)", step->name, (uintmax_t)nth, rc_name(rc),
                 fx->err.text);
    if (!failed && rc != RC_OK)
        fail_msg("%s: %s without a failure", step->name, rc_name(rc));
    if (step->changes && (after.highest_modseq > before.highest_modseq) != (rc == RC_OK))
        fail_msg("%s, allocation %ju: %s, but modseq %ju to %ju", step->name, (uintmax_t)nth,
                 rc_name(rc), (uintmax_t)before.highest_modseq,
                 (uintmax_t)after.highest_modseq);
    if (nth % 16 == 1 || !failed)
        rows_are_right(fx);
    witness_is_right(fx, witness, &after);
    arena_reset(&fx->arena);
    return failed;
}

static void
refill(struct content *fx)
{
    while (inbox(fx).exists < MESSAGES)
        last.first = last.last =
            content_append(fx, &(struct content_mail){.text = SPAN("Subject: y\r\n\r\nz\r\n")})
                .uid;
    arena_reset(&fx->arena);
}

static void
each_allocation_fails(void **state)
{
    static const struct step steps[] = {
        {"append", append, true},
        {"grant", grant, false},
        {"guest", guest_append, true},
        {"store", store_flags, true},
        {"copy", copy_here, true},
        {"look", look, false},
        {"move", move_away, true},
        {"expunge", expunge, true},
        {"replace", replace, true},
        {"purge", purge, false},
        {"sort", sort, false},
        {"thread", thread, false},
        {"metadata", set_metadata, false},
    };
    struct content *fx = content_new();

    (void)state;
    content_open_account(fx);
    refill(fx);
    struct view *witness = content_view(fx, "INBOX");
    for (unsigned how = FAULT_ALLOC_ONE; how <= FAULT_ALLOC_ALL_FROM; how++) {
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            uint64_t nth = 1;
            for (bool failed = true; failed && nth < NTH_MAX; nth++) {
                refill(fx);
                failed = once(fx, &steps[i], witness, (enum fault_alloc)how, nth);
            }
            printf("%s: %ju allocations\n", steps[i].name, (uintmax_t)nth - 2);
            assert_true(nth < NTH_MAX && nth > 1);
        }
    }
    content_view_done(witness);
    content_close_account(fx);
    content_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
