/* SPDX-License-Identifier: MIT */
/*
 * Requests of somebody who does not own the account: each is applied with the rights that he
 * has in the transaction that applies it, whatever he had when he asked. One thread plays all:
 * while a request is applied, others are queued behind it.
 */
#include "content.h"

#include "mailbox/names/metadata.h"
#include "mailbox/names/names.h"
#include "mailbox/sharing/acl_op.h"
#include "mailbox/sharing/permit.h"
#include "store/engine_sqlite.h"
#include "store/sharing.h"

enum { BERT = 9, CARL = 10 };

/* INBOX has one message, Work has two, Work/deep none. */
struct permit_fixture {
    struct content *content;
    struct registry *registry; /* or NULL */
    uint64_t work;
    uint64_t inbox;
};

static void
make(struct content *fx, const char *name)
{
    struct names_create_op op;

    names_create_op_init(&op, &fx->arena, WAKE_NOBODY);
    op.name = span_of_str(name);
    assert_ok(content_run(fx, &op.turn));
}

static void
fill(struct permit_fixture *pf)
{
    static const struct content_mail mails[] = {
        {.text = SPAN_INIT("A: 1\r\n\r\nx\r\n")},
        {.mbox = "Work", .text = SPAN_INIT("A: 2\r\n\r\nx\r\n"), .flags = MSG_DELETED},
        {.mbox = "Work", .text = SPAN_INIT("A: 3\r\n\r\nx\r\n")},
    };
    struct content *fx = pf->content;
    struct mbox_row row;

    make(fx, "Work");
    make(fx, "Work/deep");
    for (size_t i = 0; i < ARRAY_LEN(mails); i++)
        content_append(fx, &mails[i]);
    struct store_tx *tx = content_read(fx);
    assert_ok(store_mbox_find(tx, SPAN("Work"), &fx->arena, &row, &fx->err));
    pf->work = row.id;
    assert_ok(store_mbox_find(tx, SPAN("INBOX"), &fx->arena, &row, &fx->err));
    pf->inbox = row.id;
    store_end(tx);
}

static int
setup(void **state)
{
    struct permit_fixture *pf = calloc(1, sizeof *pf);

    assert_non_null(pf);
    pf->content = content_new();
    content_open_account(pf->content);
    fill(pf);
    *state = pf;
    return 0;
}

/* The same, with a registry that has accounts 1 to 10. */
static int
setup_registry(void **state)
{
    struct permit_fixture *pf = calloc(1, sizeof *pf);

    assert_non_null(pf);
    struct content *fx = pf->content = content_new();
    const struct sqlite_registry_options options = {.path =
                                                        tmpdir_file(&fx->dir, "registry.db"),
                                                    .registry.clock = &fx->clock.clock,
                                                    .create = true};
    assert_ok(registry_open_sqlite(&options, &pf->registry, &fx->err));
    for (uint64_t id = 0; id < CARL;) {
        const char *name = arena_printf(&fx->arena, "user%ju", (uintmax_t)id + 1);
        assert_ok(registry_add(pf->registry, span_of_str(name), "x", NULL, &id, &fx->err));
    }
    assert_ok(accounts_new(fx->store, &fx->clock.clock, &fx->accounts));
    accounts_set_registry(fx->accounts, pf->registry);
    assert_ok(account_get(fx->accounts, CONTENT_ACCOUNT, &fx->acct));
    fill(pf);
    *state = pf;
    return 0;
}

static int
teardown(void **state)
{
    struct permit_fixture *pf = *state;

    content_close_account(pf->content);
    if (pf->registry != NULL)
        registry_close(pf->registry);
    content_free(pf->content);
    free(pf);
    return 0;
}

/* ---- rights ---- */

static void
acl_init(struct permit_fixture *pf, struct acl_op *op, const char *mailbox, uint32_t rights)
{
    acl_op_init(op, &pf->content->arena, WAKE_NOBODY);
    op->name = span_of_str(mailbox);
    op->kind = ACL_ACCOUNT;
    op->who = BERT;
    op->change = (struct rights_change){.how = RIGHTS_SET, .rights = rights};
}

static void
grant(struct permit_fixture *pf, const char *mailbox, uint32_t rights)
{
    struct content *fx = pf->content;
    struct acl_op op;

    acl_init(pf, &op, mailbox, rights);
    assert_ok(content_run(fx, &op.turn));
}

static uint64_t
modseq_of(struct permit_fixture *pf)
{
    struct content *fx = pf->content;
    struct store_tx *tx = content_read(fx);
    uint64_t modseq = 0;

    assert_ok(store_modseq(tx, &modseq, &fx->err));
    store_end(tx);
    return modseq;
}

/* ---- requests ---- */

/* One of them, in whichever of these it is. */
struct request {
    union {
        struct append_op append;
        struct copy_op copy;
        struct flags_op flags;
        struct expunge_op expunge;
        struct names_create_op create;
        struct names_delete_op removal;
        struct names_rename_op rename;
        struct metadata_set_op metadata;
        struct acl_op acl;
    };
    struct ingest ingest;
    struct append_msg msg;
};

static const struct uid_run everything = {1, UINT32_MAX};

static struct turn_req *
append(struct permit_fixture *pf, struct request *r)
{
    struct content *fx = pf->content;

    assert_ok(ingest_prepare(&fx->arena, SPAN("A: b\r\n\r\nnew\r\n"), &r->ingest, &fx->err));
    r->msg = (struct append_msg){.ingest = &r->ingest};
    append_op_init(&r->append, &fx->arena, WAKE_NOBODY);
    r->append.name = SPAN("Work");
    r->append.msgs = &r->msg;
    r->append.msg_count = 1;
    return &r->append.turn;
}

static struct turn_req *
replace(struct permit_fixture *pf, struct request *r)
{
    struct turn_req *turn = append(pf, r);

    r->append.replaced_mbox = pf->inbox;
    r->append.replaced_uid = 1;
    return turn;
}

static struct turn_req *
copy(struct permit_fixture *pf, struct request *r)
{
    copy_op_init(&r->copy, &pf->content->arena, WAKE_NOBODY);
    r->copy.from_mbox = pf->inbox;
    r->copy.to_name = SPAN("Work");
    r->copy.runs = &everything;
    r->copy.run_count = 1;
    return &r->copy.turn;
}

static struct turn_req *
move(struct permit_fixture *pf, struct request *r)
{
    struct turn_req *turn = copy(pf, r);

    r->copy.move = true;
    return turn;
}

static struct turn_req *
flags(struct permit_fixture *pf, struct request *r)
{
    flags_op_init(&r->flags, &pf->content->arena, WAKE_NOBODY);
    r->flags.mbox = pf->inbox;
    r->flags.runs = &everything;
    r->flags.run_count = 1;
    r->flags.mode = FLAGS_ADD;
    r->flags.flags = MSG_SEEN;
    return &r->flags.turn;
}

static struct turn_req *
expunge(struct permit_fixture *pf, struct request *r)
{
    expunge_op_init(&r->expunge, &pf->content->arena, WAKE_NOBODY);
    r->expunge.mbox = pf->inbox;
    return &r->expunge.turn;
}

static struct turn_req *
create(struct permit_fixture *pf, struct request *r)
{
    names_create_op_init(&r->create, &pf->content->arena, WAKE_NOBODY);
    r->create.name = SPAN("Work/made/deeper");
    return &r->create.turn;
}

static struct turn_req *
delete_mailbox(struct permit_fixture *pf, struct request *r)
{
    names_delete_op_init(&r->removal, &pf->content->arena, WAKE_NOBODY);
    r->removal.name = SPAN("Work/deep");
    return &r->removal.turn;
}

static struct turn_req *
rename_mailbox(struct permit_fixture *pf, struct request *r)
{
    names_rename_op_init(&r->rename, &pf->content->arena, WAKE_NOBODY);
    r->rename.from = SPAN("Work/deep");
    r->rename.to = SPAN("Work/renamed");
    return &r->rename.turn;
}

static struct turn_req *
set_acl(struct permit_fixture *pf, struct request *r)
{
    acl_init(pf, &r->acl, "Work", RIGHT_LOOKUP);
    r->acl.who = CARL;
    return &r->acl.turn;
}

static struct turn_req *
set_metadata(struct permit_fixture *pf, struct request *r)
{
    static const struct imap_metadata_pair pair = {.name = SPAN_INIT("/private/comment"),
                                                   .value = SPAN_INIT("x")};

    metadata_set_op_init(&r->metadata, &pf->content->arena, WAKE_NOBODY);
    r->metadata.mailbox = SPAN("Work");
    r->metadata.user = BERT;
    r->metadata.pairs = &pair;
    r->metadata.pair_count = 1;
    return &r->metadata.turn;
}

/* What they need, to one mailbox or two (RFC 4314 section 4). */
static const struct kind {
    const char *name;
    struct turn_req *(*init)(struct permit_fixture *pf, struct request *r);
    struct {
        const char *mailbox; /* where the right is */
        const char *asks;    /* by this name; NULL: by number */
        uint32_t rights;
        uint32_t any;
    } needs[PERMIT_NEEDS];
} kinds[] = {
    {"append", append, {{"Work", "Work", RIGHT_INSERT, 0}}},
    {"replace",
     replace,
     {{"Work", "Work", RIGHT_INSERT, 0},
      {"INBOX", NULL, RIGHT_READ | RIGHT_DELETE_MESSAGES | RIGHT_EXPUNGE, 0}}},
    {"copy", copy, {{"Work", "Work", RIGHT_INSERT, 0}, {"INBOX", NULL, RIGHT_READ, 0}}},
    {"move",
     move,
     {{"Work", "Work", RIGHT_INSERT, 0},
      {"INBOX", NULL, RIGHT_READ | RIGHT_DELETE_MESSAGES | RIGHT_EXPUNGE, 0}}},
    {"store", flags, {{"INBOX", NULL, RIGHT_READ | RIGHT_SEEN, 0}}},
    {"expunge", expunge, {{"INBOX", NULL, RIGHT_READ | RIGHT_EXPUNGE, 0}}},
    {"create", create, {{"Work", "Work/made/deeper", RIGHT_CREATE, 0}}},
    {"delete", delete_mailbox, {{"Work/deep", "Work/deep", RIGHT_DELETE_MAILBOX, 0}}},
    {"rename",
     rename_mailbox,
     {{"Work/deep", "Work/deep", RIGHT_DELETE_MAILBOX, 0},
      {"Work", "Work/renamed", RIGHT_CREATE, 0}}},
    {"setacl", set_acl, {{"Work", "Work", RIGHT_ADMINISTER, 0}}},
    {"setmetadata", set_metadata, {{"Work", "Work", RIGHT_LOOKUP, RIGHT_INSERT | RIGHT_POST}}},
};

static size_t
need_count(const struct kind *kind)
{
    return kind->needs[1].mailbox == NULL ? 1 : 2;
}

static uint32_t
lowest_bit(uint32_t bits)
{
    return bits & (~bits + 1);
}

enum { NOTHING_MISSING = PERMIT_NEEDS };

/* Just what it needs; to the mailbox of its need `missing`, everything else but one of it. */
static void
grant_all_but(struct permit_fixture *pf, const struct kind *kind, size_t missing)
{
    for (size_t i = 0; i < need_count(kind); i++) {
        const uint32_t needs = kind->needs[i].rights;
        const uint32_t any = kind->needs[i].any;
        const uint32_t enough = needs | RIGHT_LOOKUP | lowest_bit(any);
        const uint32_t lacking = RIGHTS_ALL & ~(any != 0 ? any : lowest_bit(needs));
        grant(pf, kind->needs[i].mailbox, i == missing ? lacking : enough);
    }
}

static struct turn_req *
request_of_bert(struct permit_fixture *pf, const struct kind *kind, struct request *r)
{
    *r = (struct request){.msg = {.flags = 0}};
    struct turn_req *turn = kind->init(pf, r);

    permit_init(&turn->permit, BERT, &pf->content->arena);
    for (size_t i = 0; i < need_count(kind); i++) {
        const char *asks = kind->needs[i].asks;
        const struct permit_need need = {
            .mbox = asks == NULL ? pf->inbox : 0,
            .name = asks == NULL ? SPAN("") : span_of_str(asks),
            .rights = kind->needs[i].rights,
            .any = kind->needs[i].any,
        };
        permit_need_add(&turn->permit, &need);
    }
    return turn;
}

/* Each is refused if any one right is missing, changes nothing then, and is done with those
 * that it needs. */
static void
each_needs_its_rights(void **state)
{
    struct permit_fixture *pf = *state;
    struct content *fx = pf->content;
    struct request r;

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        const struct kind *kind = &kinds[k];
        struct turn_req *turn = NULL;
        for (size_t i = 0; i < need_count(kind); i++) {
            grant_all_but(pf, kind, i);
            const uint64_t before = modseq_of(pf);
            turn = request_of_bert(pf, kind, &r);
            if (content_run(fx, turn) != RC_DENIED)
                fail_msg("%s: need %zu: %s (%s)", kind->name, i, rc_name(turn->result),
                         turn->err.text);
            assert_int_equal(modseq_of(pf), before);
        }
        grant_all_but(pf, kind, NOTHING_MISSING);
        turn = request_of_bert(pf, kind, &r);
        if (content_run(fx, turn) != RC_OK)
            fail_msg("%s: %s (%s)", kind->name, rc_name(turn->result), turn->err.text);
        teardown(state); /* everything as it was */
        setup(state);
        pf = *state;
        fx = pf->content;
    }
}

/* A request that others wait behind. */
struct holder {
    struct turn_req turn;
    struct turn_req *others[2];
};

static enum rc
hold(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    const struct holder *holder = CONTAINER_OF(req, struct holder, turn);

    (void)err;
    for (size_t i = 0; i < ARRAY_LEN(holder->others); i++)
        assert_int_equal(turn_run(ctx->acct, holder->others[i]), RC_AGAIN);
    return RC_OK;
}

static void
run_in_order(struct permit_fixture *pf, struct turn_req *first, struct turn_req *second)
{
    struct content *fx = pf->content;
    struct holder holder = {.others = {first, second}};

    turn_req_init(&holder.turn, hold, 100, WAKE_NOBODY);
    assert_ok(content_run(fx, &holder.turn));
    assert_ok(turn_run(fx->acct, first));
    assert_ok(turn_run(fx->acct, second));
    assert_ok(first->result);
}

/* A right that is taken away while the request waits has no effect in it, although both are
 * committed together; and one that is given has. */
static void
what_was_taken_away_while_it_waited(void **state)
{
    struct permit_fixture *pf = *state;
    struct request r;
    struct acl_op change;

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        const struct kind *kind = &kinds[k];
        grant_all_but(pf, kind, NOTHING_MISSING);
        struct turn_req *turn = request_of_bert(pf, kind, &r);
        acl_init(pf, &change, kind->needs[0].mailbox, 0);
        run_in_order(pf, &change.turn, turn);
        if (turn->result != RC_DENIED)
            fail_msg("%s: %s", kind->name, rc_name(turn->result));
        /* What is to be made is no secret, nor what is selected; all else is one to him now. */
        assert_int_equal(turn->permit.answer,
                         kind->init == create || kind->needs[0].asks == NULL ? PERMIT_REFUSED
                                                                             : PERMIT_HIDDEN);
        acl_init(pf, &change, kind->needs[0].mailbox, RIGHT_LOOKUP);
        turn = request_of_bert(pf, kind, &r);
        run_in_order(pf, &change.turn, turn);
        assert_int_equal(turn->result, RC_DENIED);
        assert_int_equal(turn->permit.answer, PERMIT_REFUSED);
    }
    acl_init(pf, &change, "Work", RIGHT_INSERT);
    struct turn_req *turn = request_of_bert(pf, &kinds[0], &r);
    run_in_order(pf, &change.turn, turn);
    assert_int_equal(turn->result, RC_OK);
}

/* One that was applied before the change of rights stays. */
static void
what_was_done_before_stays(void **state)
{
    struct permit_fixture *pf = *state;
    struct request r;
    struct acl_op change;

    grant(pf, "Work", RIGHT_INSERT);
    struct turn_req *turn = request_of_bert(pf, &kinds[0], &r);
    acl_init(pf, &change, "Work", 0);
    run_in_order(pf, turn, &change.turn);
    assert_int_equal(change.turn.result, RC_OK);
    assert_int_equal(r.msg.added.uid, 3);
}

/* Flags and keywords are those for which there is a right when the request is applied. */
static void
flags_follow_the_rights(void **state)
{
    struct permit_fixture *pf = *state;
    struct content *fx = pf->content;
    static const struct span label = SPAN_INIT("label");
    struct request r;
    struct acl_op change;
    struct entry row;
    uint32_t from = 1;
    size_t count = 0;

    grant(pf, "INBOX", RIGHTS_ALL);
    struct turn_req *turn = request_of_bert(pf, &kinds[4], &r);
    r.flags.mode = FLAGS_REPLACE;
    r.flags.flags = MSG_SEEN | MSG_DELETED | MSG_FLAGGED;
    r.flags.keywords = &label;
    r.flags.keyword_count = 1;
    r.flags.turn.permit.needs[0].rights = RIGHT_READ;
    acl_init(pf, &change, "INBOX", RIGHT_READ | RIGHT_DELETE_MESSAGES);
    run_in_order(pf, &change.turn, turn);
    assert_int_equal(turn->result, RC_OK);
    struct store_tx *tx = content_read(fx);
    assert_ok(store_entries_read(tx, pf->inbox, &from, &row, 1, &count, &fx->err));
    store_end(tx);
    assert_int_equal(row.flags, MSG_DELETED);
    assert_int_equal(row.keywords.bits[0], 0);

    grant(pf, "Work", RIGHT_INSERT | RIGHT_WRITE | RIGHT_SEEN);
    turn = request_of_bert(pf, &kinds[0], &r);
    r.msg.flags = MSG_SEEN | MSG_DELETED | MSG_FLAGGED;
    r.msg.keywords = &label;
    r.msg.keyword_count = 1;
    acl_init(pf, &change, "Work", RIGHT_INSERT | RIGHT_SEEN);
    run_in_order(pf, &change.turn, turn);
    assert_int_equal(turn->result, RC_OK);
    assert_int_equal(r.msg.added.flags, MSG_SEEN);
    assert_int_equal(r.msg.added.keywords.bits[0], 0);

    turn = request_of_bert(pf, &kinds[2], &r); /* of a message with \Deleted */
    acl_init(pf, &change, "Work", RIGHT_INSERT | RIGHT_SEEN);
    run_in_order(pf, &change.turn, turn);
    assert_int_equal(turn->result, RC_OK);
    tx = content_read(fx);
    from = r.copy.first_uid;
    assert_ok(store_entries_read(tx, pf->work, &from, &row, 1, &count, &fx->err));
    store_end(tx);
    assert_int_equal(count, 1);
    assert_int_equal(row.flags, 0);
}

/* A mailbox that is deleted meanwhile is gone, and not forbidden; a missing one that may be
 * made is missing. */
static void
mailboxes_that_are_not_there(void **state)
{
    struct permit_fixture *pf = *state;
    struct content *fx = pf->content;
    struct request r;

    struct turn_req *turn = request_of_bert(pf, &kinds[4], &r);
    turn->permit.needs[0].mbox = 999;
    assert_rc(content_run(fx, turn), RC_GONE);
    grant(pf, "Work", RIGHT_CREATE);
    turn = request_of_bert(pf, &kinds[0], &r);
    r.append.name = turn->permit.needs[0].name = SPAN("Work/none");
    assert_rc(content_run(fx, turn), RC_NOT_FOUND);
    assert_int_equal(turn->permit.answer, PERMIT_GIVEN);
    grant(pf, "Work", RIGHT_INSERT);
    turn = request_of_bert(pf, &kinds[0], &r);
    r.append.name = turn->permit.needs[0].name = SPAN("Work/none");
    assert_rc(content_run(fx, turn), RC_DENIED);
    assert_int_equal(turn->permit.answer, PERMIT_HIDDEN);
}

/* Who leaves a group has none of its rights, from the next request that is applied. */
static void
groups(void **state)
{
    struct permit_fixture *pf = *state;
    struct content *fx = pf->content;
    struct request r;
    struct acl_op op;
    uint64_t group = 0;

    assert_ok(registry_group_add(pf->registry, SPAN("team"), &group, &fx->err));
    acl_init(pf, &op, "Work", RIGHT_INSERT);
    op.kind = ACL_GROUP;
    op.who = group;
    assert_ok(content_run(fx, &op.turn));
    struct turn_req *turn = request_of_bert(pf, &kinds[0], &r);
    assert_rc(content_run(fx, turn), RC_DENIED);
    assert_ok(registry_group_set_member(pf->registry, group, BERT, true, &fx->err));
    assert_ok(content_run(fx, turn));
    assert_ok(registry_group_set_member(pf->registry, group, BERT, false, &fx->err));
    assert_rc(content_run(fx, turn), RC_DENIED);
}

/* What is granted to anyone has no effect if the registry says so, from the next request that
 * is applied. */
static void
anyone(void **state)
{
    struct permit_fixture *pf = *state;
    struct content *fx = pf->content;
    struct request r;
    struct acl_op op;

    acl_init(pf, &op, "Work", RIGHT_INSERT);
    op.kind = ACL_ANYONE;
    op.who = 0;
    assert_ok(content_run(fx, &op.turn));
    struct turn_req *turn = request_of_bert(pf, &kinds[0], &r);
    assert_ok(content_run(fx, turn));
    registry_set_with_anyone(pf->registry, false);
    assert_rc(content_run(fx, turn), RC_DENIED);
    grant(pf, "Work", RIGHT_INSERT);
    assert_ok(content_run(fx, turn));
}

static bool
is_subscribed(struct permit_fixture *pf, const char *name)
{
    struct content *fx = pf->content;
    struct store_tx *tx = content_read(fx);
    struct span *names = NULL;
    size_t count = 0;
    bool found = false;

    assert_ok(store_subscriptions(tx, &fx->arena, &names, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        found = found || span_eq_str(names[i], name);
    store_end(tx);
    return found;
}

/* A rename by somebody else puts the new name in the place of the old one; one by the owner,
 * which is not asked for a permit, adds it. */
static void
subscriptions_of_the_owner(void **state)
{
    struct permit_fixture *pf = *state;
    struct names_subscribe_op op;
    struct request r;

    for (int by_owner = 0; by_owner < 2; by_owner++) {
        struct content *fx = pf->content;
        names_subscribe_op_init(&op, WAKE_NOBODY);
        op.name = SPAN("Work/deep");
        op.subscribe = true;
        assert_ok(content_run(fx, &op.turn));
        grant_all_but(pf, &kinds[8], NOTHING_MISSING);
        struct turn_req *turn = request_of_bert(pf, &kinds[8], &r);
        if (by_owner)
            turn->permit = (struct permit){.account = 0};
        assert_ok(content_run(fx, turn));
        assert_true(is_subscribed(pf, "Work/renamed"));
        assert_int_equal(is_subscribed(pf, "Work/deep"), by_owner);
        teardown(state);
        setup(state);
        pf = *state;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_needs_its_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_taken_away_while_it_waited, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_done_before_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(flags_follow_the_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(mailboxes_that_are_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(subscriptions_of_the_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(groups, setup_registry, teardown),
        cmocka_unit_test_setup_teardown(anyone, setup_registry, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
