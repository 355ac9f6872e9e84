/* SPDX-License-Identifier: MIT */
/*
 * The answer: DUNNO, after which Postfix goes on to the next check in its list, or a refusal
 * like that of LMTP. In doubt it is DUNNO: whether the account exists and whether the mail is
 * wanted is for others to decide, and what cannot be looked up now will be found at delivery.
 */
#include "policy/policy_session.h"

#include "door/recipient.h"
#include "session/table.h"

enum { RESOURCES_OF_MAIL = 2 }; /* QUOTA_STORAGE, QUOTA_MESSAGE */

static const char *const full_actions[] = {
    [QUOTA_FULL_TEMPORARY] = "452 4.2.2 The mailbox is full",
    [QUOTA_FULL_PERMANENT] = "552 5.2.2 The mailbox is full",
};

static void
answer(struct policy_session *ps, const char *action)
{
    buf_printf(&ps->s.conn.out, "action=%s\n\n", action);
    policy_answer_abandon(ps);
    ps->question = (struct policy_question){.lines = 0};
    ps->state = POLICY_READING;
}

static void
answer_in_doubt(struct policy_session *ps, enum rc rc, const struct err *err)
{
    log_put(&ps->s.log, LOG_E_STORE_FAILED, "%s",
            err->text[0] == '\0' ? rc_name(rc) : err->text);
    answer(ps, "DUNNO");
}

static bool
is_limited(const struct quota_amounts *limits)
{
    return limits->of[QUOTA_STORAGE] != QUOTA_UNLIMITED ||
           limits->of[QUOTA_MESSAGE] != QUOTA_UNLIMITED;
}

/* Opens and holds the recipient's account, if it is one of ours and has a limit. RC_NOT_FOUND:
 * it is not. An account that was never used is not created for this; none is held then. */
static enum rc
account_find(struct policy_session *ps, struct err *err)
{
    struct env *env = ps->s.env;
    struct recipient found;
    struct span domain;
    AUTO_BUF local = {0};

    buf_init(&local, LMTP_PATH_MAX);
    if (!ps->question.is_access ||
        lmtp_path_split(policy_recipient(&ps->question), &local, &domain) != RC_OK)
        return RC_NOT_FOUND;
    enum rc rc = recipient_find(env->registry, buf_span(&local), domain, &found, err);
    if (rc != RC_OK)
        return rc;
    if (found.route != ROUTE_ACCOUNT)
        return RC_NOT_FOUND;
    session_table_delivers(env->table, &ps->s);
    accounts_quota(env->accounts, &found.account, &ps->limits);
    if (!is_limited(&ps->limits))
        return RC_NOT_FOUND;
    if (!accounts_is_made(env->accounts, found.account.id))
        return RC_OK;
    return account_get(env->accounts, found.account.id, &ps->acct);
}

static bool
has_room(const struct policy_session *ps, const struct quota_amounts *used)
{
    const uint64_t more[RESOURCES_OF_MAIL] = {
        [QUOTA_STORAGE] = ps->question.size == 0 ? 1 : ps->question.size,
        [QUOTA_MESSAGE] = 1,
    };

    for (unsigned i = 0; i < RESOURCES_OF_MAIL; i++) {
        const uint64_t limit = ps->limits.of[i];
        if (limit != QUOTA_UNLIMITED && (used->of[i] > limit || more[i] > limit - used->of[i]))
            return false;
    }
    return true;
}

/* RC_AGAIN: the session is woken when it is worth asking again. */
static enum rc
usage_read(struct policy_session *ps, struct quota_amounts *out, struct err *err)
{
    AUTO_TX tx = NULL;

    enum rc rc = door_read_ready(&ps->read, &ps->s, ps->acct);
    if (rc == RC_OK)
        rc = store_read_begin(account_store(ps->acct), session_waker(&ps->s), &tx, err);
    return rc == RC_OK ? store_usage(tx, out, err) : rc;
}

bool
policy_answer(struct policy_session *ps)
{
    struct quota_amounts used = {.of = {0}};
    struct err err = {.rc = RC_OK};
    enum rc rc = ps->acct == NULL ? account_find(ps, &err) : RC_OK;

    if (rc == RC_OK && ps->acct != NULL)
        rc = usage_read(ps, &used, &err);
    if (rc == RC_AGAIN)
        return false;
    if (rc == RC_NOT_FOUND) {
        answer(ps, "DUNNO");
    } else if (rc != RC_OK) {
        answer_in_doubt(ps, rc, &err);
    } else if (has_room(ps, &used)) {
        answer(ps, "DUNNO");
    } else {
        const char *action = full_actions[env_settings(ps->s.env)->quota_full];
        log_put(&ps->s.log, LOG_E_MESSAGE_REFUSED, "refused recipient=%.*s: reply=%s",
                SPAN_FMT(policy_recipient(&ps->question)), action);
        answer(ps, action);
    }
    return true;
}

void
policy_answer_abandon(struct policy_session *ps)
{
    door_read_cancel(&ps->read, &ps->s);
    account_put(ps->acct);
    ps->acct = NULL;
}
