/* SPDX-License-Identifier: MIT */
/* Helpers of the store's tests; see support.h. */
#include "support.h"

#include "support/seam_engine.h"
#include "support/tmpdir.h"

#include <ftw.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

int64_t test_now_s = 1800000000;

static int64_t
test_mono_us(const struct clock *clock)
{
    (void)clock;
    return test_now_s * 1000000;
}

const struct clock test_clock = {.mono_us = test_mono_us, .wall_us = test_mono_us};

static void
count_report(void *ctx, uint64_t account_id, const char *text)
{
    struct fixture *fx = ctx;

    (void)account_id;
    (void)text;
    fx->reports++;
}

/* The engine under test: ROOST_TEST_ENGINE. */
static enum rc
open_store(struct fixture *fx)
{
    const char *engine = getenv("ROOST_TEST_ENGINE");
    const struct seam_options seam = {.sqlite = fx->options, .wakes = SEAM_WAKE_AT_ONCE};

    if (engine == NULL || strcmp(engine, "sqlite") == 0)
        return store_open_sqlite(&fx->options, &fx->store, &fx->err);
    assert_string_equal(engine, "seam");
    fx->reads_flags = true;
    return store_open_seam(&seam, &fx->store, &fx->err);
}

static struct fixture *
fixture_open(bool shared)
{
    struct fixture *fx = calloc(1, sizeof *fx);

    assert_non_null(fx);
    snprintf(fx->dir, sizeof fx->dir, "%s/roost-store-XXXXXX", tmpdir_parent_in_memory());
    assert_non_null(mkdtemp(fx->dir));
    snprintf(fx->accounts, sizeof fx->accounts, "%s/accounts", fx->dir);
    test_now_s = 1800000000;
    arena_init(&fx->arena, TEST_ARENA_OCTETS);
    fx->options = (struct sqlite_options){
        .dir = fx->accounts,
        .store.clock = &test_clock,
        .max_open_fds = 60,
        .shared = shared,
        .store.undelete_retention_s = 14 * TEST_DAY_S,
        .store.undelete_max_octets = UINT64_C(1) << 30,
        .store.report = count_report,
        .store.report_ctx = fx,
    };
    assert_ok(open_store(fx));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    return fx;
}

struct fixture *
fixture_new(void)
{
    return fixture_open(false);
}

struct fixture *
fixture_new_shared(void)
{
    return fixture_open(true);
}

void
fixture_restart(struct fixture *fx)
{
    store_account_put(fx->acct);
    store_close(fx->store);
    assert_ok(open_store(fx));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void
fixture_free(struct fixture *fx)
{
    store_account_put(fx->acct);
    store_close(fx->store);
    arena_done(&fx->arena);
    nftw(fx->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(fx);
}

struct store_tx *
begin_write(struct fixture *fx)
{
    struct store_tx *tx = NULL;
    enum rc rc;

    while ((rc = store_write_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err)) == RC_AGAIN)
        fx->again++;
    assert_ok(rc);
    return tx;
}

struct store_tx *
begin_read(struct fixture *fx)
{
    struct store_tx *tx = NULL;
    enum rc rc;

    while ((rc = store_read_begin(fx->acct, WAKE_NOBODY, &tx, &fx->err)) == RC_AGAIN)
        fx->again++;
    assert_ok(rc);
    return tx;
}

void
commit(struct fixture *fx, struct store_tx *tx)
{
    assert_ok(store_commit(tx, &fx->err));
}

struct mbox_row
mbox_row(struct fixture *fx, struct store_tx *tx, const char *name)
{
    struct mbox_row row = {0};

    assert_ok(store_mbox_find(tx, span_of_str(name), &fx->arena, &row, &fx->err));
    return row;
}

uint64_t
mbox_id(struct fixture *fx, struct store_tx *tx, const char *name)
{
    return mbox_row(fx, tx, name).id;
}

void
make_text(struct buf *out, unsigned seed, size_t octets)
{
    buf_printf(out, "From: sender%u@example.org\r\nSubject: message %u\r\n\r\n", seed, seed);
    for (unsigned line = 0; buf_len(out) < octets; line++)
        buf_printf(out, "line %u of %u: %08x\r\n", line, seed, (seed + line) * 2654435761u);
    buf_truncate(out, octets > 64 ? octets : buf_len(out));
}

struct entry
add_text(struct fixture *fx, struct store_tx *tx, uint64_t mbox, struct span text,
         uint32_t flags)
{
    const ptrdiff_t end = span_find(text, SPAN("\r\n\r\n"));
    uint8_t digest[MESSAGE_DIGEST_OCTETS];
    const struct message_new msg = {
        .text = text,
        .digest = span_of((const char *)digest, sizeof digest),
        .header_octets = end < 0 ? text.len : (size_t)end + 4,
        .envelope = SPAN("(NIL \"envelope\")"),
        .bodystructure = SPAN("(\"TEXT\" \"PLAIN\")"),
        .parts = SPAN("parts"),
        .fields = span_head(text, 40),
        .message_id = SPAN("<id@example.org>"),
    };
    struct entry_new req = {
        .mbox = mbox,
        .octets = text.len,
        .flags = flags,
        .internaldate_s = test_now_s - 5,
        .internaldate_zone_min = -90,
        .savedate_s = test_now_s,
    };
    struct entry entry = {0};

    assert_int_equal(EVP_Digest(text.ptr, text.len, digest, NULL, EVP_sha256(), NULL), 1);
    assert_ok(store_message_add(tx, &msg, &req.message, &fx->err));
    assert_ok(store_entry_add(tx, &req, &entry, &fx->err));
    return entry;
}

struct entry
add_message(struct fixture *fx, struct store_tx *tx, uint64_t mbox, unsigned seed,
            uint32_t flags)
{
    AUTO_BUF text = {0};

    buf_init(&text, 1 << 20);
    make_text(&text, seed, 200 + seed % 100);
    return add_text(fx, tx, mbox, buf_span(&text), flags);
}

void
fill(struct fixture *fx, const char *name, unsigned count)
{
    struct store_tx *tx = begin_write(fx);
    const uint64_t mbox = mbox_id(fx, tx, name);

    for (unsigned i = 1; i <= count; i++)
        add_message(fx, tx, mbox, i, 0);
    commit(fx, tx);
}

void
assert_entry_equal(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->flags, b->flags);
    assert_true(a->keywords.bits[0] == b->keywords.bits[0]);
    assert_true(a->keywords.bits[1] == b->keywords.bits[1]);
    assert_int_equal(a->modseq, b->modseq);
    assert_int_equal(a->message, b->message);
    assert_int_equal(a->octets, b->octets);
    assert_int_equal(a->internaldate_s, b->internaldate_s);
    assert_int_equal(a->internaldate_zone_min, b->internaldate_zone_min);
    assert_int_equal(a->savedate_s, b->savedate_s);
}

struct entry *
entries(struct fixture *fx, struct store_tx *tx, uint64_t mbox, size_t *count)
{
    struct entry portion[256];
    size_t total = 0;
    size_t got = ARRAY_LEN(portion);

    for (uint32_t from = 1; got == ARRAY_LEN(portion); total += got)
        assert_ok(
            store_entries_read(tx, mbox, &from, portion, ARRAY_LEN(portion), &got, &fx->err));
    struct entry *rows = arena_array(&fx->arena, struct entry, total);
    uint32_t from = 1;
    assert_non_null(rows);
    assert_ok(store_entries_read(tx, mbox, &from, rows, total, count, &fx->err));
    assert_int_equal(*count, total);
    return rows;
}

int
run_sql(struct fixture *fx, const char *sql)
{
    char path[160];
    sqlite3 *raw = NULL;

    snprintf(path, sizeof path, "%s/00/00/7/mail.db", fx->accounts);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    const int result = sqlite3_exec(raw, sql, NULL, NULL, NULL);
    sqlite3_close(raw);
    return result;
}

void
verify(struct fixture *fx)
{
    struct store_tx *tx = begin_read(fx);
    AUTO_BUF findings = {0};

    buf_init(&findings, 1 << 20);
    const enum rc rc = store_verify(tx, &findings, &fx->err);
    if (rc != RC_OK)
        fail_msg("%s: %s\n%.*s", rc_name(rc), fx->err.text, SPAN_FMT(buf_span(&findings)));
    store_end(tx);
}
