/* SPDX-License-Identifier: MIT */
/* Helpers that need the store only; see content.h. */
#include "content.h"
#include "store/engine_sqlite.h"

#include <string.h>

static void
open_store(struct content *fx, bool shared, struct store **out)
{
    const struct sqlite_options options = {
        .dir = tmpdir_file(&fx->dir, "accounts"),
        .store.clock = &fx->clock.clock,
        .max_open_fds = 60,
        .shared = shared,
        .store.undelete_retention_s = INT64_C(14) * 86400,
        .store.undelete_max_octets = UINT64_C(1) << 30,
        .store.keywords_crowded = 1,
    };

    assert_ok(store_open_sqlite(&options, out, &fx->err));
}

static struct content *
content_make(bool shared)
{
    struct content *fx = calloc(1, sizeof *fx);

    assert_non_null(fx);
    tmpdir_make(&fx->dir);
    fake_clock_init(&fx->clock, CONTENT_NOW_S);
    arena_init(&fx->arena, CONTENT_ARENA);
    open_store(fx, shared, &fx->store);
    assert_ok(store_account_get(fx->store, CONTENT_ACCOUNT, &fx->handle));
    return fx;
}

struct content *
content_new(void)
{
    return content_make(false);
}

struct content *
content_new_shared(void)
{
    return content_make(true);
}

struct store *
content_elsewhere(struct content *fx)
{
    struct store *store = NULL;

    open_store(fx, true, &store);
    return store;
}

void
content_free(struct content *fx)
{
    store_account_put(fx->handle);
    store_close(fx->store);
    arena_done(&fx->arena);
    tmpdir_remove(&fx->dir);
    free(fx);
}

void
content_reopen(struct content *fx)
{
    store_account_put(fx->handle);
    store_close(fx->store);
    open_store(fx, false, &fx->store);
    assert_ok(store_account_get(fx->store, CONTENT_ACCOUNT, &fx->handle));
}

struct store_tx *
content_read(struct content *fx)
{
    struct store_tx *tx;

    assert_ok(store_read_begin(fx->handle, (struct wake){.fn = NULL}, &tx, &fx->err));
    return tx;
}

struct store_tx *
content_write(struct content *fx)
{
    struct store_tx *tx;

    assert_ok(store_write_begin(fx->handle, WAKE_NOBODY, &tx, &fx->err));
    return tx;
}

void
content_commit(struct content *fx, struct store_tx *tx)
{
    assert_ok(store_commit(tx, &fx->err));
}

struct imap_cmd *
content_cmd(struct content *fx, const char *line)
{
    const char *text = arena_printf(&fx->arena, "a %s", line);
    struct imap_cmd *cmd = arena_new(&fx->arena, struct imap_cmd);
    struct imap_head head;
    const char *bad = "";

    assert_non_null(text);
    assert_non_null(cmd);
    if (imap_head_parse(span_of_str(text), &head, &bad) != RC_OK ||
        imap_args_parse(&head, MBOX_WIRE_UTF7, &fx->arena, cmd, &bad) != RC_OK)
        fail_msg("%s: %s", line, bad);
    return cmd;
}
