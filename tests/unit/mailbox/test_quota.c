/* SPDX-License-Identifier: MIT */
/*
 * Limits of an account, as requests in the turn meet them: at the limit and one beyond, all or
 * nothing, and that whatever does not grow is never refused.
 */
#include "content.h"

#include <string.h>

#include "mailbox/content/quota_notice.h"
#include "mailbox/names/names.h"
#include "mailbox/write/quota.h"

static const struct wake no_wake = {.fn = NULL};

#define NONE QUOTA_UNLIMITED

/* ---- short forms ---- */

static void
limit(struct content *fx, uint64_t octets, uint64_t messages, uint64_t mailboxes)
{
    struct quota_rules *rules = arena_new(&fx->arena, struct quota_rules);

    assert_non_null(rules);
    *rules = (struct quota_rules){.limits.of = {octets, messages, mailboxes}, .hostname = "mx"};
    accounts_set_quota(fx->accounts, rules);
}

static void
assert_used(struct content *fx, uint64_t octets, uint64_t messages, uint64_t mailboxes)
{
    struct quota_amounts used;

    struct store_tx *tx = content_read(fx);
    assert_ok(store_usage(tx, &used, &fx->err));
    store_end(tx);
    assert_int_equal(used.of[QUOTA_STORAGE], octets);
    assert_int_equal(used.of[QUOTA_MESSAGE], messages);
    assert_int_equal(used.of[QUOTA_MAILBOX], mailboxes);
}

/* count messages of so many octets each, as one APPEND. */
static enum rc
append(struct content *fx, size_t octets, unsigned count)
{
    char text[200];
    struct ingest ingest;
    struct append_msg msgs[4];
    struct append_op op;

    assert_true(octets <= sizeof text && count <= ARRAY_LEN(msgs));
    memset(text, 'x', octets);
    memcpy(text, "A: b\r\n\r\n", 8);
    assert_ok(ingest_prepare(&fx->arena, span_of(text, octets), &ingest, &fx->err));
    for (unsigned i = 0; i < count; i++)
        msgs[i] = (struct append_msg){.ingest = &ingest, .internaldate_s = CONTENT_NOW_S};
    append_op_init(&op, &fx->arena, no_wake);
    op.name = SPAN("INBOX");
    op.msgs = msgs;
    op.msg_count = count;
    return content_run(fx, &op.turn);
}

static enum rc
copy(struct content *fx, const char *to, uint32_t first, uint32_t last, bool move)
{
    const struct uid_run run = {first, last};
    struct copy_op op;
    struct view *view = content_view(fx, "INBOX");

    copy_op_init(&op, &fx->arena, no_wake);
    op.from_mbox = content_mbox(view);
    op.to_name = span_of_str(to);
    op.runs = &run;
    op.run_count = 1;
    op.move = move;
    const enum rc rc = content_run(fx, &op.turn);
    content_view_done(view);
    return rc;
}

static enum rc
create(struct content *fx, const char *name, enum names_refusal *refusal_out)
{
    struct names_create_op op;

    names_create_op_init(&op, &fx->arena, no_wake);
    op.name = span_of_str(name);
    const enum rc rc = content_run(fx, &op.turn);
    *refusal_out = op.refusal;
    return rc;
}

static enum rc
rename_name(struct content *fx, const char *from, const char *to)
{
    struct names_rename_op op;

    names_rename_op_init(&op, &fx->arena, no_wake);
    op.from = span_of_str(from);
    op.to = span_of_str(to);
    const enum rc rc = content_run(fx, &op.turn);
    assert_int_equal(op.refusal, rc == RC_QUOTA ? NAMES_OVER_QUOTA : NAMES_NOT_REFUSED);
    return rc;
}

/* ---- tests ---- */

static void
test_octets(void **state)
{
    struct content *fx = *state;

    limit(fx, 300, NONE, NONE);
    assert_ok(append(fx, 100, 2));
    assert_rc(append(fx, 101, 1), RC_QUOTA);
    assert_rc(append(fx, 51, 2), RC_QUOTA); /* the first would have had room: all or none */
    assert_used(fx, 200, 2, 6);
    assert_ok(append(fx, 50, 2));
    assert_rc(append(fx, 8, 1), RC_QUOTA);
    assert_non_null(strstr(fx->err.text, "over quota: 300 of 300 octets are used, 8 more"));
    assert_used(fx, 300, 4, 6);

    /* A copy grows, a move does not. */
    assert_rc(copy(fx, "Trash", 1, 1, false), RC_QUOTA);
    assert_rc(copy(fx, "INBOX", 1, 1, false), RC_QUOTA);
    assert_ok(copy(fx, "Trash", 1, 1, true));
    assert_ok(copy(fx, "Trash", 99, 100, false)); /* nobody there: nothing grows */
    assert_used(fx, 300, 4, 6);

    /* It holds from the next request on, in both directions. */
    limit(fx, 400, NONE, NONE);
    assert_ok(copy(fx, "Trash", 2, 2, false));
    limit(fx, 100, NONE, NONE);
    assert_rc(append(fx, 8, 1), RC_QUOTA);
    assert_ok(copy(fx, "Trash", 2, 2, true));
    limit(fx, NONE, NONE, NONE);
    assert_ok(append(fx, 200, 4));
    assert_used(fx, 1200, 9, 6);
}

static void
test_messages(void **state)
{
    struct content *fx = *state;

    limit(fx, NONE, 3, NONE);
    assert_rc(append(fx, 8, 4), RC_QUOTA);
    assert_ok(append(fx, 8, 3));
    assert_rc(append(fx, 8, 1), RC_QUOTA);
    assert_rc(copy(fx, "Trash", 1, 3, false), RC_QUOTA);
    assert_ok(copy(fx, "Trash", 1, 3, true));
    limit(fx, NONE, 5, NONE);
    assert_rc(append(fx, 8, 3), RC_QUOTA);
    assert_ok(append(fx, 8, 2));
    assert_rc(copy(fx, "Trash", 4, 5, false), RC_QUOTA);
    assert_used(fx, 40, 5, 6);
    limit(fx, NONE, 0, NONE); /* RFC 9208 section 3.1.2: any usage is prohibited */
    assert_rc(append(fx, 8, 1), RC_QUOTA);
}

static void
test_mailboxes(void **state)
{
    struct content *fx = *state;
    enum names_refusal refusal;

    limit(fx, NONE, NONE, 8);
    assert_rc(create(fx, "a/b/c", &refusal), RC_QUOTA); /* its parents count too */
    assert_int_equal(refusal, NAMES_OVER_QUOTA);
    assert_used(fx, 0, 0, 6);
    assert_ok(create(fx, "a/b", &refusal));
    assert_rc(create(fx, "d", &refusal), RC_QUOTA);
    assert_rc(create(fx, "a", &refusal), RC_EXISTS);
    assert_int_equal(refusal, NAMES_EXIST);
    assert_ok(rename_name(fx, "a", "d"));
    assert_rc(rename_name(fx, "d", "e/f"), RC_QUOTA);
    assert_rc(rename_name(fx, "INBOX", "old"), RC_QUOTA);
    assert_ok(append(fx, 8, 1));
    assert_used(fx, 8, 1, 8);
    limit(fx, NONE, NONE, 9);
    assert_ok(rename_name(fx, "INBOX", "old"));
    assert_used(fx, 8, 1, 9);
}

static void
test_thresholds(void **state)
{
    static const struct {
        uint64_t used;
        uint64_t limit;
        unsigned percent;
    } cases[] = {
        {0, 100, 0},
        {79, 100, 0},
        {80, 100, 80},
        {94, 100, 80},
        {95, 100, 95},
        {200, 100, 95},
        {1, 1, 95},
        {0, 0, 0},
        {5, 0, 0},
        {3, 5, 0},
        {4, 5, 80},
        {QUOTA_LIMIT_MAX / 5 * 4 - 1, QUOTA_LIMIT_MAX, 0},
        {QUOTA_LIMIT_MAX - 1, QUOTA_LIMIT_MAX, 95},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(quota_percent(cases[i].used, cases[i].limit), cases[i].percent);
}

/* The text itself: a message that mail programs can read, whatever the account is called. */
static void
test_notice(void **state)
{
    const struct quota_crossing crossing = {80, QUOTA_STORAGE, 1717986919, UINT64_C(2) << 30};
    const struct quota_notice notice = {
        .crossing = &crossing,
        .account = SPAN("anna@example.org"),
        .hostname = SPAN("mx.example.org"),
        .now_s = 1800000000,
        .unique = 0x1234,
    };
    AUTO_BUF text = {0};

    (void)state;
    buf_init(&text, 1 << 16);
    quota_notice_write(&text, &notice);
    assert_true(span_starts(buf_span(&text),
                            SPAN("From: Mail server <postmaster@mx.example.org>\r\n"
                                 "To: <anna@example.org>\r\n"
                                 "Subject: Your mailbox is 80 % full\r\n"
                                 "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
                                 "Message-ID: <quota.0000000000001234@mx.example.org>\r\n")));
    assert_true(span_find(buf_span(&text), SPAN("holds 1.6 GB of the 2.0 GB that")) > 0);
}

/* Two requests of one batch: the second one sees what the first has added. */
struct batch_req {
    struct turn_req turn;
    struct append_op *second;
};

static enum rc
batch_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct batch_req *batch = CONTAINER_OF(req, struct batch_req, turn);
    static const struct quota_amounts more = {.of = {[QUOTA_MAILBOX] = 1}};
    static const struct quota_amounts nothing;
    uint64_t mbox;

    assert_int_equal(turn_run(ctx->acct, &batch->second->turn), RC_AGAIN);
    const enum rc rc = store_mbox_create(ctx->tx, SPAN("x"), 0, &mbox, err);
    if (rc != RC_OK)
        return rc;
    assert_int_equal(quota_allows(ctx, &more, &nothing, NULL, err), RC_QUOTA);
    return quota_allowed(ctx, &more, NULL, err);
}

static void
test_a_batch(void **state)
{
    struct content *fx = *state;
    struct append_op second;
    struct batch_req first = {.second = &second};

    append_op_init(&second, &fx->arena, no_wake);
    second.name = SPAN("new");
    second.create = true;
    turn_req_init(&first.turn, batch_apply, 0, no_wake);
    limit(fx, NONE, NONE, 7);
    assert_ok(content_run(fx, &first.turn));
    assert_int_equal(turn_run(fx->acct, &second.turn), RC_OK);
    assert_int_equal(second.turn.result, RC_QUOTA);
    assert_used(fx, 0, 0, 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_octets, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_messages, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_mailboxes, content_setup, content_teardown),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_notice),
        cmocka_unit_test_setup_teardown(test_a_batch, content_setup, content_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
