/* SPDX-License-Identifier: MIT */
/* Helpers that need an open account; see content.h. */
#include "content.h"

#include <string.h>

#include "mailbox/account_private.h"
#include "mailbox/content/ingest.h"
#include "mailbox/version_private.h"

void
content_open_account_with(struct content *fx, const struct account_search *search)
{
    assert_ok(accounts_new(fx->store, &fx->clock.clock, &fx->accounts));
    accounts_set_search(fx->accounts, search);
    assert_ok(account_get(fx->accounts, CONTENT_ACCOUNT, &fx->acct));
}

void
content_open_account(struct content *fx)
{
    content_open_account_with(fx, &(struct account_search){.indexes = NULL});
}

void
content_close_account(struct content *fx)
{
    account_put(fx->acct);
    accounts_free(fx->accounts);
}

int
content_setup(void **state)
{
    struct content *fx = content_new();

    content_open_account(fx);
    *state = fx;
    return 0;
}

int
content_teardown(void **state)
{
    content_close_account(*state);
    content_free(*state);
    return 0;
}

void
content_restart_account(struct content *fx)
{
    content_close_account(fx);
    store_account_put(fx->handle);
    assert_ok(store_account_get(fx->store, CONTENT_ACCOUNT, &fx->handle));
    content_open_account(fx);
}

enum rc
content_run(struct content *fx, struct turn_req *req)
{
    assert_ok(turn_run(fx->acct, req));
    fx->err = req->err;
    return req->result;
}

static size_t
split_keywords(struct content *fx, const char *text, struct span *out, size_t max)
{
    size_t count = 0;

    while (text != NULL && *text != '\0' && count < max) {
        const size_t len = strcspn(text, " ");
        out[count++] = arena_span(&fx->arena, span_of(text, len));
        text += len + (text[len] == ' ');
    }
    return count;
}

struct entry
content_append(struct content *fx, const struct content_mail *mail)
{
    struct span keywords[LIMIT_KEYWORDS];
    struct ingest ingest;
    struct append_op op;

    assert_ok(ingest_prepare(&fx->arena, mail->text, &ingest, &fx->err));
    struct append_msg msg = {
        .ingest = &ingest,
        .flags = mail->flags,
        .keywords = keywords,
        .keyword_count = split_keywords(fx, mail->keywords, keywords, LIMIT_KEYWORDS),
        .internaldate_s = mail->internaldate_s == 0 ? CONTENT_NOW_S : mail->internaldate_s,
        .internaldate_zone_min = mail->zone_min,
    };
    append_op_init(&op, &fx->arena, (struct wake){.fn = NULL, .id = mail->by});
    op.name = span_of_str(mail->mbox == NULL ? "INBOX" : mail->mbox);
    op.msgs = &msg;
    op.msg_count = 1;
    assert_ok(content_run(fx, &op.turn));
    return msg.added;
}

struct view *
content_view(struct content *fx, const char *mbox)
{
    struct mailbox *mailbox;
    struct view *view = calloc(1, sizeof *view);

    assert_non_null(view);
    assert_ok(mailbox_open(fx->acct, (struct wake){.fn = NULL}, span_of_str(mbox), &mailbox,
                           &fx->err));
    view_init(view, mailbox, VIEW_READ_WRITE);
    struct store_tx *tx = content_read(fx);
    assert_ok(view_awake(view, tx, &fx->err));
    store_end(tx);
    return view;
}

void
content_view_done(struct view *view)
{
    view_done(view);
    free(view);
}

uint64_t
content_mbox(struct view *view)
{
    struct mailbox_state state;

    mailbox_state(view->mailbox, &state);
    return state.mbox;
}

void
content_forget_versions(struct content *fx)
{
    struct version *unwanted = NULL;

    mailboxes_trim(fx->acct, INT64_MAX, 0, &unwanted);
    version_unref_all(unwanted);
}
