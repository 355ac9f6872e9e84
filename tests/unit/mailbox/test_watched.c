/* SPDX-License-Identifier: MIT */
/*
 * What NOTIFY watches: sets of mailboxes with their events, how small they are and how they
 * follow names; and the news that a watch gathers of them.
 */
#include "content.h"

#include <sqlite3.h>

#include "mailbox/memory/change.h"
#include "mailbox/memory/news.h"
#include "mailbox/names/names.h"
#include "mailbox/watched.h"

static const struct wake nobody = {.fn = NULL};

static uint64_t
create(struct content *fx, const char *name, struct wake wake)
{
    struct names_create_op op;

    names_create_op_init(&op, &fx->arena, wake);
    op.name = span_of_str(name);
    assert_ok(content_run(fx, &op.turn));
    return op.mbox;
}

static void
rename_to(struct content *fx, const char *from, const char *to)
{
    struct names_rename_op op;

    names_rename_op_init(&op, &fx->arena, nobody);
    op.from = span_of_str(from);
    op.to = span_of_str(to);
    assert_ok(content_run(fx, &op.turn));
}

static void
subscribe(struct content *fx, const char *name, bool on)
{
    struct names_subscribe_op op;

    names_subscribe_op_init(&op, nobody);
    op.name = span_of_str(name);
    op.subscribe = on;
    assert_ok(content_run(fx, &op.turn));
}

static struct watched *
watched(struct content *fx, const char *command)
{
    const struct imap_cmd *cmd = content_cmd(fx, command);
    struct store_tx *tx = content_read(fx);
    struct watched *result = NULL;

    assert_ok(watched_new(&cmd->u.notify, tx, &fx->arena, &result, &fx->err));
    store_end(tx);
    return result;
}

static void
renew(struct content *fx, struct watched *watched)
{
    struct store_tx *tx = content_read(fx);

    assert_ok(watched_renew(watched, tx, &fx->arena, &fx->err));
    store_end(tx);
}

/* ---- sets ---- */

static void
groups_add_up(void **state)
{
    struct content *fx = *state;
    const uint64_t a = create(fx, "a", nobody);
    const uint64_t below = create(fx, "a/b", nobody);
    const uint64_t beside = create(fx, "a-b", nobody);
    struct watched *w =
        watched(fx, "NOTIFY SET (subtree a (MailboxName)) (mailboxes (a a-b no) "
                    "(MessageNew MessageExpunge)) (mailboxes a-b "
                    "(SubscriptionChange)) (inboxes NONE)");

    assert_int_equal(watched_events(w, a), 8 + 3);
    assert_int_equal(watched_events(w, below), 8);
    assert_int_equal(watched_events(w, beside), 3 + 16);
    assert_int_equal(watched_events(w, 1), 0);
    assert_int_equal(watched_events(w, beside + 1), 0);
    assert_int_equal(watched_all_events(w), 8 + 3 + 16);
    assert_int_equal(watched_name_events(w, 0, SPAN("a/x/y")), 8);
    assert_int_equal(watched_name_events(w, 0, SPAN("ab")), 0);
    assert_int_equal(watched_others_events(w, SPAN("a/x"), true), 8);
    assert_int_equal(watched_others_events(w, SPAN("a-b"), true), 0);
    assert_true(watched_goes_by_names(w));
    assert_true(watched_reaches_below(w, SPAN("a")));
    assert_true(watched_reaches_below(w, SPAN("a/x")));
    assert_false(watched_reaches_below(w, SPAN("ab")));
    assert_false(watched_reaches_below(w, SPAN("a-b")));
    watched_free(w);
    w = watched(fx, "NOTIFY SET (subtree \"Other Users/bob/Projects\" (MailboxName))");
    assert_true(watched_reaches_below(w, SPAN("Other Users/bob")));
    assert_false(watched_reaches_below(w, SPAN("Other Users/bo")));
    assert_false(watched_reaches_below(w, SPAN("Other Users/anna")));
    watched_free(w);
    w = watched(fx, "NOTIFY SET (personal (FlagChange MessageNew MessageExpunge))");
    assert_int_equal(watched_events(w, 1), 7);
    assert_int_equal(watched_events(w, UINT64_MAX), 7);
    assert_false(watched_goes_by_names(w));
    assert_false(watched_reaches_below(w, SPAN("Other Users/anna")));
    assert_int_equal(watched_others_events(w, SPAN("Other Users/anna/x"), true), 0);
    watched_free(w);
}

/* What it was counts until all that changed has been dealt with. */
static void
names_are_followed(void **state)
{
    struct content *fx = *state;
    const uint64_t b = create(fx, "a/b", nobody);
    struct watched *w =
        watched(fx, "NOTIFY SET (subtree a (MailboxName)) (subscribed (SubscriptionChange))");

    assert_int_equal(watched_events(w, b), 8);
    assert_true(watched_reaches_below(w, SPAN("Other Users/anna")));
    assert_int_equal(watched_others_events(w, SPAN("Other Users/anna/x"), true), 16);
    assert_int_equal(watched_others_events(w, SPAN("Other Users/anna/x"), false), 0);
    rename_to(fx, "a/b", "c");
    subscribe(fx, "c", true);
    const uint64_t d = create(fx, "a/d", nobody);
    assert_int_equal(watched_events(w, d), 0);
    renew(fx, w);
    assert_int_equal(watched_events(w, d), 8);
    assert_int_equal(watched_events(w, b), 8 | 16);
    subscribe(fx, "c", false);
    renew(fx, w);
    assert_int_equal(watched_events(w, b), 8);
    watched_settle(w);
    assert_int_equal(watched_events(w, b), 0);
    assert_int_equal(watched_subscription_events(w, b, SPAN("c")), 16);
    watched_free(w);
}

/* A thousand mailboxes, no two of them neighbours: an octet each. Packed and unpacked they are
 * the same; cut they are nothing. */
static void
a_thousand_are_small(void **state)
{
    struct content *fx = *state;
    AUTO_BUF command = {0};
    AUTO_BUF packed = {0};
    enum { DEPTH = LIMIT_MBOX_DEPTH };
    uint64_t ids[2000];

    buf_init(&command, 1 << 20);
    buf_put_lit(&command, "NOTIFY SET (mailboxes (INBOX");
    for (unsigned i = 0; i < 2000; i += DEPTH) {
        char name[4 * DEPTH];
        size_t len = (size_t)snprintf(name, sizeof name, "m%u", i);
        for (unsigned k = 1; k < DEPTH; k++)
            len += (size_t)snprintf(name + len, sizeof name - len, "/%u", k);
        const uint64_t last = create(fx, name, nobody); /* and all above it, before it */
        for (unsigned k = 0; k < DEPTH; k++) {
            ids[i + DEPTH - 1 - k] = last - k;
            if (k % 2 == 1)
                buf_printf(&command, " %s", name);
            if (k + 1 < DEPTH)
                *strrchr(name, '/') = '\0';
        }
    }
    buf_put_lit(&command, ") (MessageNew MessageExpunge))");
    buf_put_char(&command, '\0');
    struct watched *w = watched(fx, buf_span(&command).ptr);
    buf_init(&packed, 1 << 20);
    watched_pack(w, &packed);
    assert_true(buf_len(&packed) <= 1000 + 32);
    watched_free(w);

    struct unpack in = {.rest = buf_span(&packed)};
    w = watched_unpack(&in);
    assert_non_null(w);
    assert_true(unpack_whole(&in));
    for (unsigned i = 0; i < 2000; i++)
        assert_int_equal(watched_events(w, ids[i]), i % 2 == 0 ? 3 : 0);
    watched_free(w);
    for (size_t len = 0; len < buf_len(&packed); len += 97) {
        struct unpack cut = {.rest = span_head(buf_span(&packed), len)};
        assert_null(watched_unpack(&cut));
    }
}

/* Runs of all kinds: of one and of several, near and far, with the events of the run before and
 * with others. */
static void
runs_of_all_kinds(void **state)
{
    static const uint8_t pattern[] = {8, 8, 3, 0, 3, 3, 3, 0, 0, 8, 3, 8, 0};
    enum { COUNT = 400, GAP_FROM = 100, GAP_TO = 300 };
    struct content *fx = *state;
    AUTO_BUF command = {0};
    AUTO_BUF packed = {0};
    uint64_t ids[COUNT];
    uint8_t wanted[COUNT];

    buf_init(&command, 1 << 20);
    buf_init(&packed, 1 << 20);
    buf_put_lit(&command, "NOTIFY SET (mailboxes (no");
    for (unsigned i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        ids[i] = create(fx, name, nobody);
        wanted[i] = i >= GAP_FROM && i < GAP_TO ? 0 : pattern[i % ARRAY_LEN(pattern)];
        if (wanted[i] == 3)
            buf_printf(&command, " %s", name);
    }
    buf_put_lit(&command, ") (MessageNew MessageExpunge)) (mailboxes (no");
    for (unsigned i = 0; i < COUNT; i++)
        if (wanted[i] == 8)
            buf_printf(&command, " m%u", i);
    buf_put_lit(&command, ") (MailboxName))");
    buf_put_char(&command, '\0');
    struct watched *w = watched(fx, buf_span(&command).ptr);
    assert_int_equal(watched_all_events(w), 3 + 8);
    watched_pack(w, &packed);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(watched_events(w, ids[0] - 1), 0);
        assert_int_equal(watched_events(w, UINT64_MAX), 0);
        for (unsigned i = 0; i < COUNT; i++)
            assert_int_equal(watched_events(w, ids[i]), wanted[i]);
        watched_free(w);
        struct unpack in = {.rest = buf_span(&packed)};
        w = watched_unpack(&in);
        assert_non_null(w);
    }
    watched_free(w);
}

/* ---- news ---- */

static void
on_news(void *ctx, uint64_t id)
{
    (void)id;
    (*(unsigned *)ctx)++;
}

static void
expect_news(struct news_watch *watch, uint64_t mbox, unsigned events, const char *name)
{
    enum news_lost lost;
    struct news *news = news_take(watch, &lost);

    assert_non_null(news);
    assert_int_equal(lost, NEWS_ALL_KEPT);
    assert_int_equal(news->mbox, mbox);
    assert_int_equal(news->events, events);
    if (name != NULL)
        assert_true(span_eq(news->name, span_of_str(name)));
    free(news);
}

/* News of messages have the counters of the newest change, so that nobody has to read them. */
static void
expect_counters(struct news_watch *watch, uint32_t exists, uint64_t *modseq)
{
    enum news_lost lost;
    struct news *news = news_take(watch, &lost);

    assert_non_null(news);
    assert_true(news->has_row);
    assert_int_equal(news->row.id, 1);
    assert_int_equal(news->row.exists, exists);
    assert_int_equal(news->row.uidnext, exists + 1);
    assert_int_equal(news->row.name.len, 0); /* the text belongs to the commit */
    assert_true(news->row.highest_modseq > *modseq);
    *modseq = news->row.highest_modseq;
    free(news);
}

static void
watch_all(struct content *fx, struct news_watch *watch, unsigned *heard)
{
    *watch = (struct news_watch){.acct = NULL};
    news_begin(fx->acct, watch, (struct wake){.fn = on_news, .ctx = heard, .id = 7});
}

static const struct content_mail mail = {.text = SPAN_INIT("Subject: x\r\n\r\ny\r\n")};

static void
news_say_what_has_changed(void **state)
{
    struct content *fx = *state;
    struct news_watch watch;
    unsigned heard = 0;
    enum news_lost lost;

    watch_all(fx, &watch, &heard);
    assert_false(news_wait(&watch));
    content_append(fx, &mail);
    content_append(fx, &mail);
    assert_int_equal(heard, 1);
    const uint64_t a = create(fx, "a", nobody);
    rename_to(fx, "a", "b");
    subscribe(fx, "b", true);
    expect_news(&watch, 1, WATCH_ARRIVALS, NULL);
    expect_news(&watch, a, WATCH_NAMES, "a");
    expect_news(&watch, a, WATCH_NAMES, "b");
    expect_news(&watch, 0, WATCH_NAMES, "b");
    assert_null(news_take(&watch, &lost));
    assert_int_equal(lost, NEWS_ALL_KEPT);
    /* Its own doing: of messages nothing is said, of names that it was. */
    heard = 0;
    create(fx, "c", (struct wake){.fn = NULL, .id = 7});
    struct news *own = news_take(&watch, &lost);
    assert_true(own->own);
    free(own);
    news_lose(&watch, NEWS_LOST_ROWS);
    assert_true(news_wait(&watch));
    assert_null(news_take(&watch, &lost));
    assert_int_equal(lost, NEWS_LOST_ROWS);
    news_end(&watch);
    news_end(&watch); /* harmless */
}

static void
news_have_the_counters(void **state)
{
    struct content *fx = *state;
    struct news_watch watch;
    unsigned heard = 0;
    uint64_t modseq = 0;

    watch_all(fx, &watch, &heard);
    content_append(fx, &mail);
    expect_counters(&watch, 1, &modseq);
    content_append(fx, &mail);
    content_append(fx, &mail);
    expect_counters(&watch, 3, &modseq);
    assert_int_equal(heard, 2);
    /* Also of what the watcher itself did afterwards, which is no news. */
    const struct content_mail own = {.text = mail.text, .by = 7};
    content_append(fx, &mail);
    content_append(fx, &own);
    expect_counters(&watch, 5, &modseq);
    content_append(fx, &own);
    assert_false(news_wait(&watch));
    assert_int_equal(heard, 3);
    news_end(&watch);
}

/* One commit with so many changes of names. */
struct many {
    struct turn_req turn;
    unsigned count;
};

static enum rc
many_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    const struct many *many = CONTAINER_OF(req, struct many, turn);
    enum rc rc = RC_OK;

    (void)err;
    for (unsigned i = 0; rc == RC_OK && i < many->count; i++)
        rc = change_name(ctx->changes, 0, NAME_SUBSCRIBED, SPAN("x"), SPAN(""));
    return rc;
}

static void
subscribe_many(struct content *fx, unsigned count)
{
    struct many many = {.count = count};

    turn_req_init(&many.turn, many_apply, 1, nobody);
    assert_ok(content_run(fx, &many.turn));
}

/* LIMIT_NEWS of them, and one more: all are dropped, and that is said once. */
static void
news_are_bounded(void **state)
{
    struct content *fx = *state;
    struct news_watch watch;
    unsigned heard = 0;
    enum news_lost lost;

    watch_all(fx, &watch, &heard);
    subscribe_many(fx, LIMIT_NEWS);
    content_append(fx, &mail);
    assert_null(news_take(&watch, &lost));
    assert_int_equal(lost, NEWS_LOST_ALL);
    assert_false(news_wait(&watch));
    content_append(fx, &mail);
    subscribe_many(fx, 1);
    expect_news(&watch, 1, WATCH_ARRIVALS, NULL);
    subscribe_many(fx, LIMIT_NEWS - 1);
    for (unsigned i = 0; i < LIMIT_NEWS; i++)
        expect_news(&watch, 0, WATCH_NAMES, "x");
    subscribe_many(fx, 100 * LIMIT_NEWS);
    assert_null(news_take(&watch, &lost));
    assert_int_equal(lost, NEWS_LOST_ALL);
    subscribe_many(fx, 1);
    news_end(&watch);
}

/* A damaged database gives a mailbox a number that nobody gives. */
static void
numbers_that_nobody_gives(void **state)
{
    struct content *fx = *state;
    sqlite3 *raw = NULL;

    (void)create(fx, "A", nobody);
    content_close_account(fx);
    assert_int_equal(sqlite3_open(tmpdir_file(&fx->dir, "accounts/00/00/7/mail.db"), &raw),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(raw, "UPDATE mailbox SET id = -5 WHERE name = 'A'", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(raw);
    content_open_account(fx);
    const struct imap_cmd *cmd = content_cmd(fx, "NOTIFY SET (MAILBOXES A (MailboxName))");
    struct store_tx *tx = content_read(fx);
    struct watched *result = NULL;
    assert_int_equal(watched_new(&cmd->u.notify, tx, &fx->arena, &result, &fx->err),
                     RC_CORRUPT);
    store_end(tx);
    watched_free(result);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(groups_add_up, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(names_are_followed, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(a_thousand_are_small, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(runs_of_all_kinds, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(numbers_that_nobody_gives, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(news_say_what_has_changed, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(news_have_the_counters, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(news_are_bounded, content_setup, content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
