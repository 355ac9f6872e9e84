/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out in each operation of an account and of the registry, with nothing open before
 * it. What fails says that memory was short and has changed nothing; what succeeds has done all
 * of it, and what is read is what is there.
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "store/engine_sqlite.h"
#include "store/removed.h"
#include "support/each_alloc.h"

enum { DUMP_OCTETS = 1 << 20, STEP_ARENA = 4 << 20, MESSAGES = 5 };

struct ctx {
    struct fixture *fx;
    const char *name;
    enum rc (*run)(struct ctx *ctx, struct store_tx *tx, struct arena *arena);
    struct buf before; /* all that the account holds */
    struct buf after;
    bool same; /* the last time it changed nothing */
    uint64_t next;
};

/* ---- all that an account holds, as text ---- */

static enum rc
dump_entries(struct store_tx *tx, uint64_t mbox, struct buf *out, struct err *err)
{
    struct entry rows[8];
    size_t count = ARRAY_LEN(rows);
    uint32_t from = 1;
    enum rc rc = RC_OK;

    while (rc == RC_OK && count == ARRAY_LEN(rows)) {
        rc = store_entries_read(tx, mbox, &from, rows, ARRAY_LEN(rows), &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
            struct message_row message;
            buf_printf(out, " %u:%u:%ju:%ju:%ju", rows[i].uid, rows[i].flags,
                       (uintmax_t)rows[i].keywords.bits[0], (uintmax_t)rows[i].modseq,
                       (uintmax_t)rows[i].message);
            rc = store_message_read(tx, rows[i].message,
                                    MESSAGE_ENVELOPE | MESSAGE_BODYSTRUCTURE | MESSAGE_PARTS |
                                        MESSAGE_FIELDS,
                                    &message, err);
            if (rc == RC_OK) {
                buf_put_span(out, message.envelope);
                buf_put_span(out, message.fields);
                rc = store_content_read(tx, rows[i].message, 0, UINT64_MAX, out, err);
            }
        }
    }
    return rc;
}

static enum rc
dump_mailbox(struct store_tx *tx, const struct mbox_row *row, struct arena *arena,
             struct buf *out, struct err *err)
{
    const struct expunged_req gone = {row->id, row->expunged_floor, UINT32_MAX};
    struct expunged_row *expunged = NULL;
    struct span *keywords = NULL;
    size_t count = 0;

    buf_printf(out, "\n%ju %.*s %u %u %u %u %u", (uintmax_t)row->id, SPAN_FMT(row->name),
               row->special_use, row->uidnext, row->recent_from, row->exists, row->unseen);
    enum rc rc = dump_entries(tx, row->id, out, err);
    if (rc == RC_OK)
        rc = store_keywords(tx, row->id, arena, &keywords, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        buf_printf(out, " %.*s", SPAN_FMT(keywords[i]));
    count = 0;
    if (rc == RC_OK)
        rc = store_expunged_since(tx, &gone, arena, &expunged, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        buf_printf(out, " -%u:%ju", expunged[i].uid, (uintmax_t)expunged[i].modseq);
    return rc;
}

static enum rc
dump(struct store_tx *tx, struct arena *arena, struct buf *out, struct err *err)
{
    struct mbox_row *rows = NULL;
    struct span *names = NULL;
    size_t count = 0;
    uint64_t modseq = 0;

    enum rc rc = store_modseq(tx, &modseq, err);
    buf_printf(out, "%ju", (uintmax_t)modseq);
    if (rc == RC_OK)
        rc = store_mbox_list(tx, arena, &rows, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = dump_mailbox(tx, &rows[i], arena, out, err);
    count = 0;
    if (rc == RC_OK)
        rc = store_subscriptions(tx, arena, &names, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        buf_printf(out, " %.*s", SPAN_FMT(names[i]));
    return rc == RC_OK && !buf_ok(out) ? RC_LIMIT : rc;
}

static void
dump_now(struct fixture *fx, struct buf *out)
{
    struct store_tx *tx = begin_read(fx);

    buf_clear(out);
    assert_ok(dump(tx, &fx->arena, out, &fx->err));
    store_end(tx);
    arena_reset(&fx->arena);
}

/* ---- operations ---- */

static const struct uid_run all = {1, UINT32_MAX};

static enum rc
add(struct ctx *ctx, struct store_tx *tx, uint64_t mbox, const char *keyword)
{
    struct err *err = &ctx->fx->err;
    char text[400];
    const int len = snprintf(text, sizeof text, "Subject: %ju\r\n\r\n%0300d\r\n",
                             (uintmax_t)ctx->next++, 7);
    const struct message_new msg = {.text = span_of(text, (size_t)len),
                                    .header_octets = 20,
                                    .envelope = SPAN("(NIL)"),
                                    .bodystructure = SPAN("()"),
                                    .parts = SPAN("parts"),
                                    .fields = span_of(text, 10),
                                    .message_id = SPAN("<id@example.org>")};
    struct entry_new entry = {.mbox = mbox, .octets = (uint64_t)len};
    struct entry added;
    uint32_t number = 0;

    enum rc rc = store_keyword_add(tx, mbox, span_of_str(keyword), &number, err);
    entry.keywords.bits[0] = UINT64_C(1) << number;
    if (rc == RC_OK)
        rc = store_message_add(tx, &msg, &entry.message, err);
    return rc == RC_OK ? store_entry_add(tx, &entry, &added, err) : rc;
}

static enum rc
deliver(struct ctx *ctx, struct store_tx *tx, struct arena *arena)
{
    struct mbox_row inbox;

    const enum rc rc = store_mbox_find(tx, SPAN("INBOX"), arena, &inbox, &ctx->fx->err);
    return rc == RC_OK ? add(ctx, tx, inbox.id, "$label") : rc;
}

static enum rc
change(struct ctx *ctx, struct store_tx *tx, struct arena *arena)
{
    struct err *err = &ctx->fx->err;
    const struct flags_req flags = {.mbox = 1,
                                    .runs = &all,
                                    .run_count = 1,
                                    .mode = FLAGS_REPLACE,
                                    .flags = ++ctx->next % 2 ? MSG_SEEN : MSG_DELETED,
                                    .unchanged_since = MODSEQ_ANY};
    const struct uid_run first = {1, 3};
    const struct copy_req copy = {.from = 1, .to = 1, .runs = &first, .run_count = 1};
    struct flags_result flagged;
    struct copy_result copied;

    enum rc rc = store_flags_update(tx, &flags, arena, &flagged, err);
    if (rc == RC_OK)
        rc = store_copy(tx, &copy, arena, &copied, err);
    if (rc == RC_OK)
        rc = store_savepoint(tx, err);
    if (rc == RC_OK) {
        rc = add(ctx, tx, 1, "$undone");
        store_savepoint_rollback(tx);
    }
    if (rc == RC_OK)
        rc = store_savepoint(tx, err);
    if (rc == RC_OK) {
        rc = add(ctx, tx, 1, "$done");
        if (rc == RC_OK)
            rc = store_savepoint_release(tx, err);
        else
            store_savepoint_rollback(tx);
    }
    return rc;
}

static enum rc
expunge(struct ctx *ctx, struct store_tx *tx, struct arena *arena)
{
    const struct expunge_req req = {.mbox = 1, .runs = &all, .run_count = 1};
    struct expunge_result gone;

    return store_expunge(tx, &req, arena, &gone, &ctx->fx->err);
}

static enum rc
names(struct ctx *ctx, struct store_tx *tx, struct arena *arena)
{
    struct err *err = &ctx->fx->err;
    const char *name = arena_printf(arena, "box %ju", (uintmax_t)++ctx->next);
    const char *other = arena_printf(arena, "other %ju", (uintmax_t)ctx->next);
    uint64_t mbox = 0;

    if (name == NULL || other == NULL)
        return RC_LIMIT;
    enum rc rc = store_mbox_create(tx, span_of_str(name), USE_ARCHIVE, &mbox, err);
    if (rc == RC_OK)
        rc = add(ctx, tx, mbox, "$x");
    if (rc == RC_OK)
        rc = store_mbox_rename(tx, mbox, span_of_str(other), err);
    if (rc == RC_OK)
        rc = store_subscribe(tx, span_of_str(other), err);
    if (rc == RC_OK)
        rc = store_mbox_delete(tx, mbox, err);
    if (rc == RC_OK)
        rc = store_mbox_create(tx, span_of_str(name), 0, &mbox, err);
    return rc;
}

static enum rc
others(struct ctx *ctx, struct store_tx *tx, struct arena *arena)
{
    struct err *err = &ctx->fx->err;
    uint8_t digest[32] = {0};
    uint64_t next = 0, before = 0;
    uint32_t unseen = 0;
    bool yes = false;
    struct entry rows[4];
    size_t count = 0;
    uint32_t from = 1;

    (void)arena;
    memcpy(digest, &ctx->next, sizeof ctx->next);
    ctx->next++;
    enum rc rc = store_import_seen(tx, 1, digest, &yes, err);
    if (rc == RC_OK && !yes)
        rc = store_import_mark(tx, 1, digest, err);
    if (rc == RC_OK)
        rc = store_first_unseen(tx, 1, 1, 100, &unseen, err);
    if (rc == RC_OK)
        rc = store_entries_since(tx, 1, 0, &from, rows, ARRAY_LEN(rows), &count, err);
    if (rc == RC_OK)
        rc = store_entries_count(tx, 1, 1, UINT32_MAX, &from, err);
    if (rc == RC_OK)
        rc = store_backlog(tx, &next, &before, err);
    if (rc == RC_OK)
        rc = store_message_highest(tx, &next, err);
    if (rc == RC_OK && store_message_next(tx, next, &before, err) == RC_LIMIT)
        rc = RC_LIMIT;
    if (rc == RC_OK)
        rc = store_purge_due(tx, &yes, err);
    if (rc == RC_OK)
        rc = store_mbox_set_recent_from(tx, 1, (uint32_t)ctx->next, err);
    return rc == RC_OK ? store_subscribe(tx, SPAN("somewhere"), err) : rc;
}

/* Of INBOX, whose entries are copied to a mailbox that goes again, and of the account. */
static enum rc
metadata(struct ctx *ctx, struct store_tx *tx, struct arena *arena)
{
    const struct metadata_of inbox = {.mbox = 1};
    const struct metadata_of account = {.user = 9};
    const struct metadata_since anywhere = {.modseq = 0};
    const struct metadata_since there = {&inbox, 0};
    struct err *err = &ctx->fx->err;
    struct metadata_row *rows = NULL;
    struct metadata_usage usage;
    struct metadata_totals totals;
    size_t count = 0;
    uint64_t mbox = 0;
    AUTO_BUF value = {0};
    const char *text = arena_printf(arena, "%ju", (uintmax_t)++ctx->next);

    if (text == NULL)
        return RC_LIMIT;
    buf_init(&value, 100);
    enum rc rc = store_metadata_set(tx, &inbox, SPAN("/shared/a"), span_of_str(text), err);
    if (rc == RC_OK)
        rc = store_metadata_set(tx, &account, SPAN("/private/b"), SPAN("x"), err);
    if (rc == RC_OK)
        rc = store_metadata_remove(tx, &account, SPAN("/private/b"), err);
    if (rc == RC_OK)
        rc = store_mbox_create(tx, span_of_str(text), 0, &mbox, err);
    if (rc == RC_OK)
        rc = store_metadata_copy(tx, 1, mbox, err);
    if (rc == RC_OK)
        rc = store_mbox_delete(tx, mbox, err);
    if (rc == RC_OK)
        rc = store_metadata_list(tx, &inbox, arena, &rows, &count, err);
    if (rc == RC_OK)
        rc = store_metadata_since(tx, &anywhere, arena, &rows, &count, err);
    if (rc == RC_OK)
        rc = store_metadata_since(tx, &there, arena, &rows, &count, err);
    if (rc == RC_OK)
        rc = store_metadata_usage(tx, &inbox, &usage, err);
    if (rc == RC_OK)
        rc = store_metadata_totals(tx, 9, &totals, err);
    return rc == RC_OK ? store_metadata_read(tx, &inbox, SPAN("/shared/a"), &value, err) : rc;
}

/* Everything expunged is old by now. */
static enum rc
purge(struct ctx *ctx, struct store_tx *tx, struct arena *arena)
{
    bool more = false;

    (void)arena;
    return store_purge_step(tx, UINT64_MAX, &more, &ctx->fx->err);
}

/* ---- with each allocation failing ---- */

static void
begin(void *of)
{
    struct ctx *ctx = of;
    struct fixture *fx = ctx->fx;
    struct store_tx *tx = begin_write(fx);
    const struct mbox_row inbox = mbox_row(fx, tx, "INBOX");

    for (uint32_t i = inbox.exists; i < MESSAGES; i++)
        assert_ok(add(ctx, tx, inbox.id, "$kept"));
    commit(fx, tx);
    arena_reset(&fx->arena);
    if (ctx->run == purge)
        test_now_s += INT64_C(30) * TEST_DAY_S;
    dump_now(fx, &ctx->before);
    fixture_restart(fx);
}

static bool
write_once(void *of)
{
    struct ctx *ctx = of;
    struct fixture *fx = ctx->fx;
    struct store_tx *tx = NULL;
    AUTO_ARENA arena = {0};

    arena_init(&arena, STEP_ARENA);
    enum rc rc = store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err);
    if (rc == RC_OK) {
        rc = ctx->run(ctx, tx, &arena);
        if (rc == RC_OK)
            rc = store_commit(tx, &fx->err);
        else
            store_end(tx);
    }
    /* RC_GONE: SQLite had undone the transaction when a rollback failed, which says nothing. */
    if (rc != RC_OK && rc != RC_LIMIT && rc != RC_GONE)
        fail_msg("%s: %s (%s)", ctx->name, rc_name(rc), fx->err.text);
    return rc == RC_OK;
}

static void
all_or_nothing(void *of, bool through)
{
    struct ctx *ctx = of;

    verify(ctx->fx);
    dump_now(ctx->fx, &ctx->after);
    const bool same = span_eq(buf_span(&ctx->before), buf_span(&ctx->after));
    if (same == through && ctx->run != purge)
        fail_msg("%s %s, but the account %s", ctx->name, through ? "came through" : "failed",
                 same ? "is the same" : "has changed");
}

static bool
read_once(void *of)
{
    struct ctx *ctx = of;
    struct fixture *fx = ctx->fx;
    struct store_tx *tx = NULL;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    arena_init(&arena, STEP_ARENA);
    buf_init(&out, DUMP_OCTETS);
    enum rc rc = store_read_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err);
    if (rc == RC_OK) {
        rc = dump(tx, &arena, &out, &fx->err);
        store_end(tx);
    }
    if (rc == RC_OK)
        assert_true(span_eq(buf_span(&out), buf_span(&ctx->before)));
    else if (rc != RC_LIMIT)
        fail_msg("read: %s (%s)", rc_name(rc), fx->err.text);
    return rc == RC_OK;
}

static void
accounts(void **state)
{
    static const struct {
        const char *name;
        enum rc (*run)(struct ctx *ctx, struct store_tx *tx, struct arena *arena);
    } rows[] = {{"deliver", deliver}, {"change", change}, {"expunge", expunge},
                {"names", names},     {"others", others}, {"metadata", metadata},
                {"purge", purge}};
    struct ctx ctx = {.fx = fixture_new()};

    (void)state;
    buf_init(&ctx.before, DUMP_OCTETS);
    buf_init(&ctx.after, DUMP_OCTETS);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct each_alloc one = {
            .name = rows[i].name, .before = begin, .act = write_once, .after = all_or_nothing};
        ctx.name = rows[i].name;
        ctx.run = rows[i].run;
        assert_true(each_alloc(&one, &ctx) > 0);
    }
    ctx.run = NULL;
    const struct each_alloc reading = {.name = "read", .before = begin, .act = read_once};
    assert_true(each_alloc(&reading, &ctx) > 0);
    buf_done(&ctx.before);
    buf_done(&ctx.after);
    fixture_free(ctx.fx);
}

/* ---- an account that is made, and a store that is opened ---- */

static bool
make_once(void *of)
{
    struct ctx *ctx = of;
    struct fixture *fx = ctx->fx;
    struct store_account *acct = NULL;
    struct store_tx *tx = NULL;
    AUTO_ARENA arena = {0};

    arena_init(&arena, STEP_ARENA);
    enum rc rc = store_account_get(fx->store, 100 + ctx->next, &acct);
    if (rc == RC_OK)
        rc = store_write_begin(acct, WAKE_NOBODY, &tx, &fx->err);
    if (rc == RC_OK) {
        rc = deliver(ctx, tx, &arena);
        ctx->next--;
        if (rc == RC_OK)
            rc = store_commit(tx, &fx->err);
        else
            store_end(tx);
    }
    if (acct != NULL)
        store_account_put(acct);
    if (rc != RC_OK && rc != RC_LIMIT)
        fail_msg("make: %s (%s)", rc_name(rc), fx->err.text);
    return rc == RC_OK;
}

static void
is_made_or_empty(void *of, bool through)
{
    struct ctx *ctx = of;
    struct fixture *fx = ctx->fx;
    struct store_account *acct = fx->acct;

    assert_ok(store_account_get(fx->store, 100 + ctx->next, &fx->acct));
    verify(fx);
    struct store_tx *tx = begin_read(fx);
    assert_int_equal(mbox_row(fx, tx, "INBOX").exists, through ? 1 : 0);
    store_end(tx);
    store_account_put(fx->acct);
    fx->acct = acct;
    ctx->next++;
    arena_reset(&fx->arena);
}

static bool
open_once(void *of)
{
    struct ctx *ctx = of;
    struct fixture *fx = ctx->fx;
    struct store *store = NULL;
    struct store_account *acct = NULL;
    struct sqlite_options options = fx->options;
    char dir[100];

    snprintf(dir, sizeof dir, "%s/other", fx->dir);
    options.dir = dir;
    enum rc rc = store_open_sqlite(&options, &store, &fx->err);
    if (rc == RC_OK)
        rc = store_account_get(store, 7, &acct);
    if (acct != NULL)
        store_account_put(acct);
    if (store != NULL)
        store_close(store);
    if (rc != RC_OK && rc != RC_LIMIT)
        fail_msg("open: %s (%s)", rc_name(rc), fx->err.text);
    return rc == RC_OK;
}

static void
stores(void **state)
{
    static const struct each_alloc make = {
        .name = "make", .act = make_once, .after = is_made_or_empty};
    static const struct each_alloc open = {.name = "open", .act = open_once};
    struct ctx ctx = {.fx = fixture_new()};

    (void)state;
    assert_true(each_alloc(&make, &ctx) > 0);
    assert_true(each_alloc(&open, &ctx) > 0);
    fixture_free(ctx.fx);
}

/* ---- the registry ---- */

struct registry_ctx {
    struct fixture *fx;
    struct registry *registry;
    struct sqlite_registry_options options;
    char path[100];
    uint64_t next;
};

static enum rc
open_registry(struct registry_ctx *ctx)
{
    ctx->registry = NULL;
    return registry_open_sqlite(&ctx->options, &ctx->registry, &ctx->fx->err);
}

static void
reopen_registry(void *of)
{
    struct registry_ctx *ctx = of;

    registry_close(ctx->registry);
    if (open_registry(ctx) != RC_OK)
        fail_msg("%s", ctx->fx->err.text);
    ctx->next++;
}

/* Each change alone: what comes before one that fails has happened. */
static enum rc
use_registry(struct registry_ctx *ctx)
{
    struct err *err = &ctx->fx->err;
    struct registry_account found;
    struct registry_account rows[4];
    enum registry_route route;
    struct span *aliases = NULL;
    struct span *taken = NULL;
    uint64_t id = 0, enabled = 0, without = 0;
    size_t count = 0;
    char name[40];
    AUTO_ARENA arena = {0};

    arena_init(&arena, STEP_ARENA);
    snprintf(name, sizeof name, "anna%ju", (uintmax_t)ctx->next);
    const struct span who = span_of_str(name);
    enum rc rc = registry_add(ctx->registry, who, "hash", NULL, &id, err);
    if (rc != RC_OK)
        return rc;
    rc = registry_find_login(ctx->registry, who, &found, err);
    assert_true(rc != RC_OK || found.id == id);
    if (rc == RC_OK)
        rc = registry_set_password(ctx->registry, id, "other", NULL, err);
    if (rc == RC_OK)
        rc = registry_find(ctx->registry, who, &found, err);
    assert_true(rc != RC_OK || strcmp(found.crypt, "other") == 0);
    snprintf(name + 20, sizeof name - 20, "alias%ju", (uintmax_t)ctx->next);
    if (rc == RC_OK)
        rc = registry_alias_add(ctx->registry, id, span_of_str(name + 20), err);
    if (rc == RC_OK)
        rc = registry_alias_list(ctx->registry, id, &arena, &aliases, &count, err);
    assert_true(rc != RC_OK || count == 1);
    if (rc == RC_OK)
        rc = registry_route(ctx->registry, span_of_str(name + 20), SPAN("example.org"), &route,
                            &found, err);
    assert_true(rc != RC_OK || (route == ROUTE_ACCOUNT && found.id == id));
    if (rc == RC_OK)
        rc = registry_list(ctx->registry, SPAN(""), ARRAY_LEN(rows), rows, &count, err);
    if (rc == RC_OK)
        rc = registry_count(ctx->registry, &enabled, &without, err);
    if (rc == RC_OK)
        rc = registry_remove(ctx->registry, id, err);
    if (rc == RC_OK && registry_find_login(ctx->registry, who, &found, err) == RC_OK)
        fail_msg("a removed account logs in");
    if (rc == RC_OK)
        rc = registry_restore(ctx->registry, id, SPAN(""), &arena, &taken, &count, err);
    if (rc == RC_OK)
        rc = registry_find_id(ctx->registry, id, &found, err);
    return rc;
}

static bool
use_registry_once(void *of)
{
    struct registry_ctx *ctx = of;
    const enum rc rc = use_registry(ctx);

    if (rc != RC_OK && rc != RC_LIMIT)
        fail_msg("registry: %s (%s)", rc_name(rc), ctx->fx->err.text);
    return rc == RC_OK;
}

static bool
open_registry_once(void *of)
{
    struct registry_ctx *ctx = of;
    struct registry *kept = ctx->registry;

    const enum rc rc = open_registry(ctx);
    if (rc == RC_OK)
        registry_close(ctx->registry);
    else if (rc != RC_LIMIT)
        fail_msg("registry: %s (%s)", rc_name(rc), ctx->fx->err.text);
    ctx->registry = kept;
    return rc == RC_OK;
}

static void
registries(void **state)
{
    static const char *const domains[] = {"example.org"};
    static const struct each_alloc use = {
        .name = "registry", .before = reopen_registry, .act = use_registry_once};
    static const struct each_alloc open = {.name = "open registry", .act = open_registry_once};
    struct registry_ctx ctx = {.fx = fixture_new()};
    struct fixture *fx = ctx.fx;

    (void)state;
    snprintf(ctx.path, sizeof ctx.path, "%s/registry.db", fx->dir);
    ctx.options = (struct sqlite_registry_options){.path = ctx.path,
                                                   .create = true,
                                                   .registry.clock = &test_clock,
                                                   .registry.domains = domains,
                                                   .registry.domain_count = 1};
    assert_ok(open_registry(&ctx));
    assert_true(each_alloc(&use, &ctx) > 0);
    assert_true(each_alloc(&open, &ctx) > 0);
    registry_close(ctx.registry);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts),
        cmocka_unit_test(stores),
        cmocka_unit_test(registries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
