/* SPDX-License-Identifier: MIT */
/*
 * RCPT: finds out whose mail this is. The address belongs to an account or an alias, with or
 * without "+mailbox". Others are refused here, before any message is sent.
 */
#include "lmtp/lmtp_session.h"

#include <string.h>

#include "door/recipient.h"
#include "session/table.h"
#include "syntax/imap/mbox_name.h"

static void
refuse(struct lmtp_session *lm, const char *reply)
{
    log_put(&lm->s.log, LOG_E_MESSAGE_REFUSED, "refused recipient: reply=%s", reply);
    lmtp_reply(lm, "%s", reply);
}

static bool
rcpt_keep(struct lmtp_session *lm, struct span path, const struct recipient *found)
{
    if (lm->rcpts == NULL)
        lm->rcpts = arena_array(&lm->arena, struct lmtp_rcpt, LIMIT_LMTP_RECIPIENTS);
    if (lm->rcpts == NULL)
        return false;
    struct lmtp_rcpt *rcpt = &lm->rcpts[lm->rcpt_count];
    *rcpt = (struct lmtp_rcpt){
        .account_id = found->account.id,
        .account = arena_span(&lm->arena, span_of_str(found->account.name)),
        .path = arena_span(&lm->arena, path),
        .mailbox = SPAN(""),
        .epoch = found->epoch,
    };
    /* If the detail cannot be the name of a mailbox, the mail goes to INBOX. */
    if (found->detail.len > 0 && mbox_name_check(found->detail) == NULL)
        rcpt->mailbox = arena_span(&lm->arena, found->detail);
    return rcpt->account.ptr != NULL && rcpt->path.ptr != NULL && rcpt->mailbox.ptr != NULL;
}

void
lmtp_rcpt_add(struct lmtp_session *lm, struct span path)
{
    struct recipient found;
    struct span domain;
    struct err err = {.rc = RC_OK};
    AUTO_BUF local = {0};

    buf_init(&local, LMTP_PATH_MAX);
    const enum rc rc = lmtp_path_split(path, &local, &domain);
    if (rc != RC_OK) {
        refuse(lm, rc == RC_LIMIT ? "452 4.3.1 Out of memory" : "501 5.1.3 That is no address");
        return;
    }
    if (lm->rcpt_count >= LIMIT_LMTP_RECIPIENTS) {
        refuse(lm, "452 4.5.3 Too many recipients");
        return;
    }
    if (recipient_find(lm->s.env->registry, buf_span(&local), domain, &found, &err) != RC_OK) {
        log_put(&lm->s.log, LOG_E_STORE_FAILED, "%s", err.text);
        refuse(lm, "451 4.3.0 Accounts cannot be looked up now");
        return;
    }
    if (found.route == ROUTE_FOREIGN_DOMAIN) {
        refuse(lm, "550 5.1.2 No mail for that domain here");
    } else if (found.route == ROUTE_UNKNOWN_USER) {
        refuse(lm, "550 5.1.1 No such account");
    } else if (found.account.state != ACCOUNT_ENABLED) {
        refuse(lm, "550 5.2.1 The account is disabled");
    } else if (!rcpt_keep(lm, path, &found)) {
        refuse(lm, "452 4.3.1 Out of memory");
    } else {
        lm->rcpt_count++;
        session_table_delivers(lm->s.env->table, &lm->s);
        lmtp_reply(lm, "250 2.1.5 Recipient OK");
    }
}
