/* SPDX-License-Identifier: MIT */
/*
 * Power loss at every moment of a life with every kind of change: an account that an older
 * version has left is brought up to date, then mail comes, is flagged, copied, moved, expunged
 * and purged, mailboxes are made, renamed and deleted, names are subscribed, metadata and
 * rights are set, while logs are emptied, handles are closed and the store starts again.
 *
 * What can be seen of the account is written down before each commit as one text. In each state
 * that a power loss may leave, the account reads as after the last commit that was
 * acknowledged, or as after the one that was under way; store_verify finds nothing, and the
 * account takes more.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "power.h"
#include "store/sqlite/private.h"

enum {
    CHANGES = 70,
    MESSAGES_FIRST = 6,
    SEEN_OCTETS_MAX = 1 << 20,
};

/* What the account looks like after each commit; `at`: it is acknowledged from there on. */
struct life {
    struct moment {
        size_t at;
        char *seen;
    } moments[2 * CHANGES];
    size_t count;
    struct rng rng;
    unsigned names; /* for names that were not there yet */
};

/* ---- what can be seen ---- */

static void
entries_see(struct fixture *fx, struct store_tx *tx, uint64_t mbox, struct buf *out)
{
    size_t count = 0;
    const struct entry *rows = entries(fx, tx, mbox, &count);

    for (size_t i = 0; i < count; i++) {
        const struct entry *row = &rows[i];
        struct span text;
        assert_ok(store_content_peek(tx, row->message, 0, 40, &text, &fx->err));
        buf_printf(out, "  %u %x %jx %ju %ju %jd %jd %.40s\n", row->uid, row->flags,
                   (uintmax_t)row->keywords.bits[0], (uintmax_t)row->modseq,
                   (uintmax_t)row->octets, (intmax_t)row->internaldate_s,
                   (intmax_t)row->savedate_s, text.ptr);
    }
}

static void
metadata_see(struct fixture *fx, struct store_tx *tx, uint64_t mbox, struct buf *out)
{
    const struct metadata_of of = {.mbox = mbox};
    struct metadata_row *rows = NULL;
    size_t count = 0;

    assert_ok(store_metadata_list(tx, &of, &fx->arena, &rows, &count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "  %.*s=", SPAN_FMT(rows[i].name));
        assert_ok(store_metadata_read(tx, &of, rows[i].name, out, &fx->err));
        buf_printf(out, " %ju\n", (uintmax_t)rows[i].modseq);
    }
}

static void
rights_see(struct fixture *fx, struct store_tx *tx, struct buf *out)
{
    struct acl_row *rows = NULL;
    size_t count = 0;

    assert_ok(store_acl(tx, 0, &fx->arena, &rows, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "right %ju %d %ju %x\n", (uintmax_t)rows[i].mbox, rows[i].kind,
                   (uintmax_t)rows[i].who, rows[i].rights);
}

static void
names_see(struct fixture *fx, struct store_tx *tx, struct buf *out)
{
    struct span *names = NULL;
    size_t count = 0;

    assert_ok(store_subscriptions(tx, &fx->arena, &names, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "subscribed %.*s\n", SPAN_FMT(names[i]));
}

/* All that a client can see, but not what purging takes: it promises nothing by a moment. */
static char *
account_see(struct fixture *fx, struct store_tx *tx)
{
    AUTO_BUF out = {0};
    struct mbox_row *rows = NULL;
    size_t count = 0;

    buf_init(&out, SEEN_OCTETS_MAX);
    assert_ok(store_mbox_list(tx, &fx->arena, &rows, &count, &fx->err));
    for (size_t i = 0; i < count; i++) {
        const struct mbox_row *row = &rows[i];
        struct span *keywords = NULL;
        size_t keyword_count = 0;
        buf_printf(&out, "%ju %.*s %x %u %u %u %u %u %ju %ju\n", (uintmax_t)row->id,
                   SPAN_FMT(row->name), row->special_use, row->uidvalidity, row->uidnext,
                   row->exists, row->unseen, row->deleted, (uintmax_t)row->octets,
                   (uintmax_t)row->highest_modseq);
        assert_ok(store_keywords(tx, row->id, &fx->arena, &keywords, &keyword_count, &fx->err));
        for (size_t k = 0; k < keyword_count; k++)
            buf_printf(&out, " %.*s", SPAN_FMT(keywords[k]));
        entries_see(fx, tx, row->id, &out);
        metadata_see(fx, tx, row->id, &out);
    }
    metadata_see(fx, tx, 0, &out);
    rights_see(fx, tx, &out);
    names_see(fx, tx, &out);
    assert_true(buf_ok(&out));
    char *seen = strndup(buf_span(&out).ptr, buf_len(&out));
    assert_non_null(seen);
    arena_reset(&fx->arena);
    return seen;
}

static void
moment_note(struct life *life, size_t at, char *seen)
{
    assert_true(life->count < ARRAY_LEN(life->moments));
    life->moments[life->count++] = (struct moment){at, seen};
}

/* ---- changes ---- */

/* Some mailbox: the inbox, or one of those that were made. */
static struct mbox_row
mailbox_any(struct fixture *fx, struct store_tx *tx, struct rng *rng)
{
    struct mbox_row *rows = NULL;
    size_t count = 0;

    assert_ok(store_mbox_list(tx, &fx->arena, &rows, &count, &fx->err));
    return rows[rng_below(rng, (uint32_t)count)];
}

/* Some of its messages. */
static struct uid_run
run_any(const struct mbox_row *mbox, struct rng *rng)
{
    const uint32_t first = 1 + (uint32_t)rng_below(rng, mbox->uidnext);

    return (struct uid_run){first, first + (uint32_t)rng_below(rng, 4)};
}

static void
mail_comes(struct fixture *fx, struct store_tx *tx, struct life *life)
{
    static const size_t sizes[] = {300, 3000, 9000, 70000};
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    make_text(&text, life->names++, sizes[rng_below(&life->rng, ARRAY_LEN(sizes))]);
    add_text(fx, tx, mailbox_any(fx, tx, &life->rng).id, buf_span(&text), 0);
}

static void
flags_change(struct fixture *fx, struct store_tx *tx, struct life *life)
{
    const struct mbox_row mbox = mailbox_any(fx, tx, &life->rng);
    const struct uid_run run = run_any(&mbox, &life->rng);
    uint32_t number = 0;
    struct flags_result result;
    struct flags_req req = {.mbox = mbox.id,
                            .runs = &run,
                            .run_count = 1,
                            .mode = (enum flags_mode)rng_below(&life->rng, 3),
                            .flags = (uint32_t)rng_below(&life->rng, MSG_SYSTEM_FLAGS + 1),
                            .unchanged_since = MODSEQ_ANY};

    assert_ok(store_keyword_add(tx, mbox.id, SPAN("$Important"), &number, &fx->err));
    req.keywords.bits[0] = rng_below(&life->rng, 2) << number;
    assert_ok(store_flags_update(tx, &req, &fx->arena, &result, &fx->err));
}

static void
messages_go(struct fixture *fx, struct store_tx *tx, struct life *life)
{
    const struct mbox_row mbox = mailbox_any(fx, tx, &life->rng);
    const struct uid_run run = run_any(&mbox, &life->rng);
    const struct expunge_req req = {.mbox = mbox.id, .runs = &run, .run_count = 1};
    struct expunge_result result;

    assert_ok(store_expunge(tx, &req, &fx->arena, &result, &fx->err));
}

static void
messages_copied(struct fixture *fx, struct store_tx *tx, struct life *life)
{
    const struct mbox_row from = mailbox_any(fx, tx, &life->rng);
    const struct uid_run run = run_any(&from, &life->rng);
    const struct copy_req req = {.from = from.id,
                                 .to = mailbox_any(fx, tx, &life->rng).id,
                                 .runs = &run,
                                 .run_count = 1,
                                 .move = rng_below(&life->rng, 2) == 0};
    struct copy_result result;

    assert_ok(store_copy(tx, &req, &fx->arena, &result, &fx->err));
}

static void
mailboxes_change(struct fixture *fx, struct store_tx *tx, struct life *life)
{
    const struct mbox_row mbox = mailbox_any(fx, tx, &life->rng);
    const bool is_inbox = span_eq(mbox.name, SPAN("INBOX"));
    char name[32];
    uint64_t id = 0;

    snprintf(name, sizeof name, "box%u", life->names++);
    switch (is_inbox ? 0 : rng_below(&life->rng, 3)) {
    case 0:
        assert_ok(store_mbox_create(tx, span_of_str(name), 0, &id, &fx->err));
        break;
    case 1:
        assert_ok(store_mbox_rename(tx, mbox.id, span_of_str(name), &fx->err));
        break;
    default:
        assert_ok(store_mbox_delete(tx, mbox.id, &fx->err));
        break;
    }
}

static void
names_change(struct fixture *fx, struct store_tx *tx, struct life *life)
{
    const struct mbox_row mbox = mailbox_any(fx, tx, &life->rng);

    if (rng_below(&life->rng, 3) == 0)
        assert_ok(store_unsubscribe(tx, mbox.name, &fx->err));
    else
        assert_ok(store_subscribe(tx, mbox.name, &fx->err));
}

static void
metadata_change(struct fixture *fx, struct store_tx *tx, struct life *life)
{
    const struct metadata_of of = {.mbox = mailbox_any(fx, tx, &life->rng).id};
    char value[32];

    snprintf(value, sizeof value, "value %u", life->names++);
    if (rng_below(&life->rng, 3) == 0)
        assert_ok(store_metadata_remove(tx, &of, SPAN("/private/comment"), &fx->err));
    else
        assert_ok(store_metadata_set(tx, &of, SPAN("/private/comment"), span_of_str(value),
                                     &fx->err));
}

static void
rights_change(struct fixture *fx, struct store_tx *tx, struct life *life)
{
    const struct acl_row row = {.mbox = mailbox_any(fx, tx, &life->rng).id,
                                .kind = ACL_ACCOUNT,
                                .who = 8 + rng_below(&life->rng, 2),
                                .rights = (uint32_t)rng_below(&life->rng, 4)};

    assert_ok(store_acl_set(tx, &row, &fx->err));
}

typedef void change_fn(struct fixture *fx, struct store_tx *tx, struct life *life);
static change_fn *const changes[] = {
    mail_comes,       mail_comes,   flags_change,    messages_go,   messages_copied,
    mailboxes_change, names_change, metadata_change, rights_change,
};

static void
change(struct fixture *fx, struct power *power, struct life *life)
{
    struct store_tx *tx = begin_write(fx);

    changes[rng_below(&life->rng, ARRAY_LEN(changes))](fx, tx, life);
    char *seen = account_see(fx, tx);
    /* Until the commit is acknowledged, this state is allowed but not owed. */
    moment_note(life, SIZE_MAX, seen);
    commit(fx, tx);
    life->moments[life->count - 1].at = power_count(power);
}

/* Nothing of it can be seen. */
static void
purge(struct fixture *fx)
{
    bool more = true;

    test_now_s += 15 * TEST_DAY_S;
    while (more) {
        struct store_tx *tx = begin_write(fx);
        assert_ok(store_purge_step(tx, UINT64_MAX, &more, &fx->err));
        commit(fx, tx);
    }
}

static void
close_all(struct fixture *fx)
{
    store_account_put(fx->acct);
    test_now_s += 61;
    store_keep_house(fx->store, NULL);
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
}

/* As version 1 had it, with mail of that time. */
static void
leave_version_1(struct fixture *fx)
{
    fill(fx, "INBOX", MESSAGES_FIRST);
    store_account_put(fx->acct);
    store_close(fx->store);
    assert_int_equal(run_sql(fx, "ALTER TABLE message DROP COLUMN keys;"
                                 "ALTER TABLE account DROP COLUMN keys_next;"
                                 "ALTER TABLE account DROP COLUMN keys_before;"
                                 "ALTER TABLE mailbox DROP COLUMN deleted_octets;"
                                 "ALTER TABLE mailbox DROP COLUMN object_id;"
                                 "ALTER TABLE message DROP COLUMN digest;"
                                 "DROP TABLE metadata; DROP TABLE acl; DROP TABLE sort_block;"
                                 "PRAGMA user_version = 1"),
                     0);
}

static struct power *
record(struct fixture *fx, struct life *life)
{
    leave_version_1(fx);
    struct power *power = power_new(fx->dir);
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    moment_note(life, 0, account_see(fx, tx)); /* what version 1 had acknowledged */
    store_end(tx);
    for (unsigned i = 0; i < CHANGES; i++) {
        change(fx, power, life);
        if (rng_below(&life->rng, 4) == 0)
            close_all(fx);
        if (rng_below(&life->rng, 6) == 0)
            store_sqlite_empty_logs(fx->store);
        if (rng_below(&life->rng, 10) == 0)
            purge(fx);
        if (rng_below(&life->rng, 15) == 0)
            fixture_restart(fx);
    }
    power_stop(power);
    return power;
}

/* ---- looking ---- */

static void
check_state(void *ctx, size_t at, const char *dir)
{
    const struct life *life = ctx;
    struct fixture *fx = calloc(1, sizeof *fx);
    size_t owed = 0;

    assert_non_null(fx);
    while (owed + 1 < life->count && life->moments[owed + 1].at <= at)
        owed++;
    snprintf(fx->accounts, sizeof fx->accounts, "%.69s/accounts", dir);
    arena_init(&fx->arena, TEST_ARENA_OCTETS);
    fx->options = (struct sqlite_options){.dir = fx->accounts,
                                          .store.clock = &test_clock,
                                          .max_open_fds = 60,
                                          .store.undelete_retention_s = 14 * TEST_DAY_S,
                                          .store.undelete_max_octets = 1 << 30};
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    char *seen = account_see(fx, tx);
    store_end(tx);
    const bool is_owed = strcmp(seen, life->moments[owed].seen) == 0;
    const bool is_next =
        owed + 1 < life->count && strcmp(seen, life->moments[owed + 1].seen) == 0;
    if (!is_owed && !is_next)
        fail_msg("after %zu changes of the disk the account is not as after commit %zu:\n%s"
                 "but:\n%s",
                 at, owed, life->moments[owed].seen, seen);
    free(seen);
    verify(fx);
    fill(fx, "INBOX", 1);
    store_account_put(fx->acct);
    store_close(fx->store);
    arena_done(&fx->arena);
    free(fx);
}

static void
test_power_loss_during_every_change(void **state)
{
    struct fixture *fx = fixture_new();
    struct life life = {0};

    (void)state;
    rng_seed(&life.rng, 4712);
    struct power *power = record(fx, &life);
    power_look(power, fx->dir, check_state, &life);
    for (size_t i = 0; i < life.count; i++)
        free(life.moments[i].seen);
    power_free(power);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss_during_every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
