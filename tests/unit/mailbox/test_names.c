/* SPDX-License-Identifier: MIT */
/*
 * CREATE, DELETE, RENAME, SUBSCRIBE and STATUS as requests in the turn: what they change, what
 * they refuse and why, and that a refused one changes nothing.
 */
#include "content.h"

#include <string.h>

#include "mailbox/memory/hub.h"
#include "mailbox/names/names.h"
#include "mailbox/status.h"

static const struct wake no_wake = {.fn = NULL};

/* ---- short forms ---- */

static enum rc
create(struct content *fx, const char *name, uint32_t use, enum names_refusal *refusal)
{
    struct names_create_op op;

    names_create_op_init(&op, &fx->arena, no_wake);
    op.name = span_of_str(name);
    op.special_use = use;
    const enum rc rc = content_run(fx, &op.turn);
    if (refusal != NULL)
        *refusal = op.refusal;
    return rc;
}

static enum rc
remove_name(struct content *fx, const char *name, enum names_refusal *refusal)
{
    struct names_delete_op op;

    names_delete_op_init(&op, &fx->arena, no_wake);
    op.name = span_of_str(name);
    const enum rc rc = content_run(fx, &op.turn);
    if (refusal != NULL)
        *refusal = op.refusal;
    return rc;
}

static enum rc
rename_name(struct content *fx, const char *from, const char *to, enum names_refusal *refusal)
{
    struct names_rename_op op;

    names_rename_op_init(&op, &fx->arena, no_wake);
    op.from = span_of_str(from);
    op.to = span_of_str(to);
    const enum rc rc = content_run(fx, &op.turn);
    if (refusal != NULL)
        *refusal = op.refusal;
    return rc;
}

static void
subscribe(struct content *fx, const char *name, bool on)
{
    struct names_subscribe_op op;

    names_subscribe_op_init(&op, no_wake);
    op.name = span_of_str(name);
    op.subscribe = on;
    assert_ok(content_run(fx, &op.turn));
}

static bool
is_usual(struct span name)
{
    static const char *const usual[] = {"Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"};

    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        if (span_eq_str(name, usual[i]))
            return true;
    return false;
}

/* Names of all mailboxes but the six that every account has, in octet order. */
static const char *
names(struct content *fx)
{
    struct mbox_row *rows;
    size_t count;
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    struct store_tx *tx = content_read(fx);
    assert_ok(store_mbox_list(tx, &fx->arena, &rows, &count, &fx->err));
    store_end(tx);
    for (size_t i = 0; i < count; i++)
        if (!is_usual(rows[i].name))
            buf_printf(&text, "%s%.*s", buf_len(&text) > 0 ? " " : "", SPAN_FMT(rows[i].name));
    return arena_str(&fx->arena, buf_span(&text));
}

static struct mbox_row
row_of(struct content *fx, const char *name)
{
    struct mbox_row row;

    struct store_tx *tx = content_read(fx);
    assert_ok(store_mbox_find(tx, span_of_str(name), &fx->arena, &row, &fx->err));
    store_end(tx);
    return row;
}

static struct status
status_of(struct content *fx, const char *name)
{
    struct status status;
    struct mbox_row row;

    struct store_tx *tx = content_read(fx);
    assert_ok(store_mbox_find(tx, span_of_str(name), &fx->arena, &row, &fx->err));
    assert_ok(status_of_row(fx->acct, tx, &row, IMAP_STATUS_RECENT, &status, &fx->err));
    store_end(tx);
    return status;
}

#define assert_refused(call, rc, why)                                                          \
    do {                                                                                       \
        const char *const before_ = names(fx);                                                 \
        enum names_refusal refusal_ = NAMES_NOT_REFUSED;                                       \
        assert_rc(call, rc);                                                                   \
        assert_int_equal(refusal_, why);                                                       \
        assert_string_equal(names(fx), before_);                                               \
    } while (0)

/* ---- create, delete ---- */

static void
test_create(void **state)
{
    struct content *fx = *state;
    char *long_name = arena_alloc(&fx->arena, LIMIT_MBOX_NAME + 2, 1);

    assert_ok(create(fx, "a/b/c", 0, NULL));
    assert_string_equal(names(fx), "a a/b a/b/c"); /* parents too, as real mailboxes */
    assert_ok(create(fx, "INBOX/below", 0, NULL));
    assert_ok(create(fx, "My Sent", USE_IMPORTANT, NULL));
    assert_int_equal(row_of(fx, "My Sent").special_use, USE_IMPORTANT);

    assert_refused(create(fx, "a/b", 0, &refusal_), RC_EXISTS, NAMES_EXIST);
    assert_refused(create(fx, "INBOX", 0, &refusal_), RC_DENIED, NAMES_ARE_INBOX);
    assert_refused(create(fx, "a//b", 0, &refusal_), RC_DENIED, NAMES_TOO_LONG);
    assert_refused(create(fx, "", 0, &refusal_), RC_DENIED, NAMES_TOO_LONG);
    assert_refused(create(fx, "x/y", USE_ALL, &refusal_), RC_UNSUPPORTED, NAMES_USE_IMPOSSIBLE);
    assert_refused(create(fx, "x/y", USE_SENT, &refusal_), RC_EXISTS, NAMES_USE_TAKEN);

    memset(long_name, 'n', LIMIT_MBOX_NAME + 1);
    assert_refused(create(fx, long_name, 0, &refusal_), RC_DENIED, NAMES_TOO_LONG);
    long_name[LIMIT_MBOX_NAME] = '\0';
    assert_ok(create(fx, long_name, 0, NULL));
    for (unsigned i = 0; i < LIMIT_MBOX_DEPTH; i++)
        memcpy(long_name + 2 * i, "d/", 3);
    assert_refused(create(fx, arena_printf(&fx->arena, "%sd", long_name), 0, &refusal_),
                   RC_DENIED, NAMES_TOO_LONG);
    long_name[2 * LIMIT_MBOX_DEPTH - 1] = '\0';
    assert_ok(create(fx, long_name, 0, NULL));

    struct names_create_op op; /* as import asks for it */
    names_create_op_init(&op, &fx->arena, no_wake);
    op.name = SPAN("a/b");
    op.exists_ok = true;
    assert_ok(content_run(fx, &op.turn));
    assert_true(op.mbox == row_of(fx, "a/b").id);
}

/* RFC 3501 section 6.3.4, its example included. */
static void
test_delete(void **state)
{
    struct content *fx = *state;

    assert_ok(create(fx, "blurdybloop", 0, NULL));
    assert_ok(create(fx, "foo/bar", 0, NULL));
    const uint32_t uidvalidity = row_of(fx, "foo").uidvalidity;
    assert_ok(remove_name(fx, "blurdybloop", NULL));
    assert_ok(
        remove_name(fx, "foo", NULL)); /* the name becomes \Noselect, what is below stays */
    assert_string_equal(names(fx), "foo/bar");
    assert_refused(remove_name(fx, "foo", &refusal_), RC_DENIED, NAMES_HAVE_CHILDREN);
    assert_refused(remove_name(fx, "INBOX", &refusal_), RC_DENIED, NAMES_ARE_INBOX);
    assert_refused(remove_name(fx, "nothing", &refusal_), RC_NOT_FOUND, NAMES_ARE_MISSING);
    assert_refused(remove_name(fx, "fo", &refusal_), RC_NOT_FOUND, NAMES_ARE_MISSING);
    assert_ok(create(fx, "foo", 0, NULL));
    assert_true(row_of(fx, "foo").uidvalidity > uidvalidity);
    assert_ok(remove_name(fx, "foo/bar", NULL));
    assert_ok(remove_name(fx, "foo", NULL));
    assert_string_equal(names(fx), "");
}

/* ---- rename ---- */

static void
test_rename(void **state)
{
    struct content *fx = *state;

    /* RFC 3501 section 6.3.5 */
    assert_ok(create(fx, "blurdybloop", 0, NULL));
    assert_ok(create(fx, "foo/bar", 0, NULL));
    const uint64_t bar = row_of(fx, "foo/bar").id;
    assert_ok(remove_name(fx, "foo", NULL));
    assert_ok(rename_name(fx, "blurdybloop", "sarasoop", NULL));
    assert_ok(rename_name(fx, "foo", "zowie", NULL)); /* \Noselect: what is below follows */
    assert_string_equal(names(fx), "sarasoop zowie/bar");
    assert_true(row_of(fx, "zowie/bar").id == bar); /* identity is the row */
    assert_ok(rename_name(fx, "zowie/bar", "baz/rag/zap", NULL));
    assert_string_equal(names(fx), "baz baz/rag baz/rag/zap sarasoop");

    assert_refused(rename_name(fx, "baz", "sarasoop", &refusal_), RC_EXISTS, NAMES_EXIST);
    assert_refused(rename_name(fx, "baz", "INBOX", &refusal_), RC_EXISTS, NAMES_EXIST);
    assert_refused(rename_name(fx, "baz", "baz", &refusal_), RC_EXISTS, NAMES_EXIST);
    assert_refused(rename_name(fx, "nope", "new/name", &refusal_), RC_NOT_FOUND,
                   NAMES_ARE_MISSING);
    assert_refused(rename_name(fx, "baz", "baz/rag/below", &refusal_), RC_DENIED,
                   NAMES_INTO_THEMSELVES);
    assert_ok(rename_name(fx, "baz", "bazaar", NULL)); /* a longer name is not below it */
    assert_string_equal(names(fx), "bazaar bazaar/rag bazaar/rag/zap sarasoop");
}

/* Those but the six that every account has, in octet order. */
static const char *
subscriptions(struct content *fx)
{
    struct span *subscribed;
    size_t count;
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    struct store_tx *tx = content_read(fx);
    assert_ok(store_subscriptions(tx, &fx->arena, &subscribed, &count, &fx->err));
    store_end(tx);
    for (size_t i = 0; i < count; i++)
        if (!is_usual(subscribed[i]))
            buf_printf(&text, "%s%.*s", buf_len(&text) > 0 ? " " : "", SPAN_FMT(subscribed[i]));
    return arena_str(&fx->arena, buf_span(&text));
}

/* The old names stay subscribed: RFC 3501 section 6.3.9. */
static void
test_rename_subscriptions(void **state)
{
    struct content *fx = *state;

    assert_ok(create(fx, "a/x/deep", 0, NULL));
    assert_ok(create(fx, "a/y", 0, NULL));
    assert_ok(create(fx, "ab", 0, NULL));
    subscribe(fx, "a", true);
    subscribe(fx, "a/gone", true); /* a name without a mailbox is not renamed */
    subscribe(fx, "a/x/deep", true);
    subscribe(fx, "ab", true);
    assert_ok(rename_name(fx, "a", "b/c", NULL));
    assert_string_equal(subscriptions(fx), "a a/gone a/x/deep ab b/c b/c/x/deep");
    /* Subscribed already; and a level that is not a mailbox any more. */
    assert_ok(remove_name(fx, "b", NULL));
    subscribe(fx, "b", true);
    subscribe(fx, "d", true);
    assert_ok(rename_name(fx, "b", "d", NULL));
    assert_string_equal(subscriptions(fx),
                        "a a/gone a/x/deep ab b b/c b/c/x/deep d d/c d/c/x/deep");
    /* INBOX is renamed by emptying it. */
    assert_ok(rename_name(fx, "INBOX", "old", NULL));
    assert_string_equal(subscriptions(fx),
                        "a a/gone a/x/deep ab b b/c b/c/x/deep d d/c d/c/x/deep old");
    subscribe(fx, "INBOX", false);
    assert_ok(rename_name(fx, "INBOX", "older", NULL));
    /* One that is refused has subscribed nothing. */
    assert_refused(rename_name(fx, "ab", "d/c", &refusal_), RC_EXISTS, NAMES_EXIST);
    assert_string_equal(subscriptions(fx),
                        "a a/gone a/x/deep ab b b/c b/c/x/deep d d/c d/c/x/deep old");
}

static void
test_rename_conflicts(void **state)
{
    struct content *fx = *state;
    char *deep = arena_alloc(&fx->arena, LIMIT_MBOX_NAME + 1, 1);

    /* Somewhere in the tree: nothing is renamed. */
    assert_ok(create(fx, "a/x", 0, NULL));
    assert_ok(create(fx, "a/y", 0, NULL));
    assert_ok(create(fx, "b/y", 0, NULL));
    assert_ok(remove_name(fx, "b", NULL));
    assert_refused(rename_name(fx, "a", "b", &refusal_), RC_EXISTS, NAMES_EXIST);
    /* Without the conflict the trees join. */
    assert_ok(remove_name(fx, "b/y", NULL));
    assert_ok(create(fx, "b/z", 0, NULL));
    assert_ok(remove_name(fx, "b", NULL));
    assert_ok(rename_name(fx, "a", "b", NULL));
    assert_string_equal(names(fx), "b b/x b/y b/z");

    /* Up into a level that is not a mailbox: a new name is the old one of a row below. */
    assert_ok(create(fx, "u/u/u/u", 0, NULL));
    assert_ok(remove_name(fx, "u", NULL));
    assert_ok(rename_name(fx, "u/u", "u", NULL));
    assert_string_equal(names(fx), "b b/x b/y b/z u u/u u/u/u");

    /* Too long, somewhere below. */
    memset(deep, 'n', LIMIT_MBOX_NAME - 3);
    assert_refused(rename_name(fx, "u", deep, &refusal_), RC_DENIED, NAMES_TOO_LONG);
    assert_ok(rename_name(fx, "b/x", deep, NULL));
}

static void
test_rename_inbox(void **state)
{
    struct content *fx = *state;

    assert_ok(create(fx, "INBOX/bar", 0, NULL));
    for (int i = 0; i < 3; i++)
        content_append(fx, &(struct content_mail){.text = SPAN("Subject: x\r\n\r\ny\r\n"),
                                                  .flags = i == 0 ? MSG_SEEN : 0,
                                                  .keywords = "$Label"});
    const struct mbox_row before = row_of(fx, "INBOX");
    struct view *view = content_view(fx, "INBOX");
    assert_refused(rename_name(fx, "INBOX", "Sent", &refusal_), RC_EXISTS, NAMES_EXIST);
    assert_ok(rename_name(fx, "INBOX", "old/mail", NULL));

    const struct mbox_row inbox = row_of(fx, "INBOX");
    assert_true(inbox.id == before.id);
    assert_int_equal(inbox.uidvalidity, before.uidvalidity);
    assert_int_equal(inbox.exists, 0);
    assert_true(inbox.uidnext >= before.uidnext);
    assert_string_equal(names(fx), "INBOX/bar old old/mail");
    const struct status moved = status_of(fx, "old/mail");
    assert_int_equal(moved.messages, 3);
    assert_int_equal(moved.unseen, 2);

    /* The sessions of INBOX see an empty mailbox, those of the new one its keywords. */
    struct mailbox_state now;
    mailbox_state(view->mailbox, &now);
    assert_int_equal(now.exists, 0);
    assert_false(now.gone);
    content_view_done(view);
    view = content_view(fx, "old/mail");
    struct keyword_names keywords;
    assert_ok(mailbox_keywords(view->mailbox, &fx->arena, &keywords));
    assert_int_equal(keywords.count, 1);
    assert_true(span_eq_str(keywords.names[0], "$Label"));
    content_view_done(view);
    assert_ok(rename_name(fx, "INBOX", "INBOX/bar/empty", NULL));
    assert_int_equal(status_of(fx, "INBOX/bar/empty").messages, 0);
}

/* A level that is not a mailbox may be subscribed, at the top of what is renamed or below
 * it. */
static void
test_rename_subscribed_levels(void **state)
{
    struct content *fx = *state;

    assert_ok(create(fx, "a/b/c/d", 0, NULL));
    assert_ok(create(fx, "a/b-x", 0, NULL));
    assert_ok(create(fx, "a/b0", 0, NULL));
    subscribe(fx, "a/b", true);
    subscribe(fx, "a/b/c", true);
    subscribe(fx, "a/b-x", true);
    subscribe(fx, "a/b-", true); /* neither a mailbox nor a level */
    assert_ok(remove_name(fx, "a/b/c", NULL));
    assert_ok(remove_name(fx, "a/b", NULL));
    assert_ok(remove_name(fx, "a", NULL));
    assert_ok(rename_name(fx, "a", "z", NULL));
    assert_string_equal(subscriptions(fx), "a/b a/b- a/b-x a/b/c z/b z/b-x z/b/c");
}

/* ---- subscribe, special use, status ---- */

static void
test_subscribe(void **state)
{
    struct content *fx = *state;
    struct names_subscribe_op op;
    struct span *before;
    struct span *after;
    size_t before_count;
    size_t after_count;

    struct store_tx *tx = content_read(fx);
    assert_ok(store_subscriptions(tx, &fx->arena, &before, &before_count, &fx->err));
    store_end(tx);
    subscribe(fx, "no such mailbox", true);
    subscribe(fx, "no such mailbox", true);
    subscribe(fx, "never subscribed", false);
    tx = content_read(fx);
    assert_ok(store_subscriptions(tx, &fx->arena, &after, &after_count, &fx->err));
    store_end(tx);
    assert_int_equal(after_count, before_count + 1);
    subscribe(fx, "no such mailbox", false);
    subscribe(fx, "no such mailbox", false);

    names_subscribe_op_init(&op, no_wake);
    op.name = SPAN("a//b");
    assert_rc(content_run(fx, &op.turn), RC_DENIED);
    assert_int_equal(op.refusal, NAMES_TOO_LONG);
}

static void
test_special_use(void **state)
{
    struct content *fx = *state;
    struct names_use_op op;

    assert_ok(create(fx, "other", 0, NULL));
    names_use_op_init(&op, &fx->arena, no_wake);
    op.name = SPAN("other");
    op.special_use = USE_TRASH;
    assert_rc(content_run(fx, &op.turn), RC_EXISTS);
    assert_int_equal(op.refusal, NAMES_USE_TAKEN);
    names_use_op_init(&op, &fx->arena, no_wake);
    op.name = SPAN("Trash");
    assert_ok(content_run(fx, &op.turn));
    names_use_op_init(&op, &fx->arena, no_wake);
    op.name = SPAN("other");
    op.special_use = USE_TRASH;
    assert_ok(content_run(fx, &op.turn));
    assert_int_equal(row_of(fx, "other").special_use, USE_TRASH);

    for (unsigned bit = 1; bit < 256; bit <<= 1)
        assert_int_equal(names_use_to_wire(names_use_of_wire(bit)), bit);
    assert_int_equal(names_use_of_wire(IMAP_USE_JUNK), USE_JUNK);
    assert_int_equal(names_use_to_wire(USE_IMPORTANT | USE_SENT),
                     IMAP_USE_IMPORTANT | IMAP_USE_SENT);
}

static void
test_status(void **state)
{
    struct content *fx = *state;
    struct status status;

    for (int i = 0; i < 100; i++)
        content_append(fx, &(struct content_mail){.text = SPAN("Subject: x\r\n\r\ny\r\n"),
                                                  .flags = i < 10   ? MSG_SEEN
                                                           : i < 15 ? MSG_DELETED
                                                                    : 0});
    status = status_of(fx, "INBOX");
    assert_int_equal(status.messages, 100);
    assert_int_equal(status.recent, 100);
    assert_int_equal(status.uidnext, 101);
    assert_int_equal(status.unseen, 90);
    assert_int_equal(status.deleted, 5);
    assert_int_equal(status.octets, 100 * 17);
    assert_true(status.highest_modseq > 1);

    /* A session takes \Recent: before that is on disk it shows. */
    struct view *view = content_view(fx, "INBOX");
    assert_int_equal(status_of(fx, "INBOX").recent, 0);
    content_view_done(view);
}

/* ---- who is told ---- */

static void
count_wake(void *ctx, uint64_t id)
{
    (void)id;
    (*(unsigned *)ctx)++;
}

static void
test_told(void **state)
{
    struct content *fx = *state;
    const struct watch_filter names_filter = {.events = WATCH_NAMES};
    struct watch names_watch = {.acct = NULL};
    unsigned told = 0;

    hub_watch(fx->acct, &names_watch, &names_filter,
              (struct wake){.fn = count_wake, .ctx = &told});
    assert_ok(create(fx, "a", 0, NULL));
    assert_true(told > 0);
    told = 0;
    assert_ok(rename_name(fx, "a", "b", NULL));
    assert_true(told > 0);
    told = 0;
    subscribe(fx, "b", true);
    assert_true(told > 0);
    struct view *view = content_view(fx, "b");
    told = 0;
    assert_ok(remove_name(fx, "b", NULL));
    assert_true(told > 0);
    struct mailbox_state now;
    mailbox_state(view->mailbox, &now);
    assert_true(now.gone);
    content_view_done(view);
    told = 0;
    assert_rc(create(fx, "INBOX", 0, NULL), RC_DENIED);
    assert_int_equal(told, 0);
    hub_unwatch(&names_watch);
}

/* Each watch is woken once by what happens in its own mailbox, whatever else the batch
 * names. */
static void
test_told_of_one(void **state)
{
    enum { COUNT = 3 };
    static const char *const names[COUNT] = {"t", "t/a", "t/b"};
    struct content *fx = *state;
    struct watch watches[COUNT] = {{.acct = NULL}};
    struct watch expunges = {.acct = NULL};
    uint64_t ids[COUNT];
    unsigned told[COUNT + 1] = {0};

    for (size_t i = 0; i < COUNT; i++) {
        assert_ok(create(fx, names[i], 0, NULL));
        ids[i] = row_of(fx, names[i]).id;
        hub_watch(
            fx->acct, &watches[i],
            &(struct watch_filter){.mboxes = &ids[i], .mbox_count = 1, .events = WATCH_NAMES},
            (struct wake){.fn = count_wake, .ctx = &told[i]});
    }
    hub_watch(
        fx->acct, &expunges,
        &(struct watch_filter){.mboxes = &ids[0], .mbox_count = 1, .events = WATCH_ARRIVALS},
        (struct wake){.fn = count_wake, .ctx = &told[COUNT]});
    assert_ok(rename_name(fx, "t", "s", NULL)); /* all three */
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(told[i], 1);
    assert_ok(remove_name(fx, "s/a", NULL));
    assert_int_equal(told[0], 1);
    assert_int_equal(told[1], 2);
    assert_int_equal(told[2], 1);
    assert_int_equal(told[COUNT], 0);
    for (size_t i = 0; i < COUNT; i++)
        hub_unwatch(&watches[i]);
    hub_unwatch(&expunges);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_delete, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_rename, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_rename_subscriptions, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_rename_subscribed_levels, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_rename_conflicts, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_rename_inbox, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_subscribe, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_special_use, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_status, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_told, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_told_of_one, content_setup, content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
