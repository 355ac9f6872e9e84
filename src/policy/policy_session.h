/* SPDX-License-Identifier: MIT */
/*
 * One connection from Postfix, which asks one question after the other. Between two questions
 * it holds nothing.
 *
 *   READING --empty line--> ANSWERING --action--> READING
 *
 * Private to policy/. Thread: the session's, for all functions.
 */
#ifndef POLICY_POLICY_SESSION_H
#define POLICY_POLICY_SESSION_H

#include "door/read.h"
#include "mailbox/memory/account.h"
#include "policy/policy.h"
#include "syntax/policy.h"

enum policy_state { POLICY_READING, POLICY_ANSWERING };

struct policy_session {
    struct session s; /* first */
    enum policy_state state;
    struct policy_question question;
    /* ---- ANSWERING ---- */
    struct account *acct; /* held while its use is looked up; NULL: not yet */
    struct quota_amounts limits;
    struct door_read read;
};

static inline struct policy_session *
policy_of(struct session *session)
{
    return CONTAINER_OF(session, struct policy_session, s);
}

/* ---- answer.c ---- */
/** Answers the question and returns to READING. False: it waits, and the session will be
 * woken. */
MUST_USE bool policy_answer(struct policy_session *ps);
/** Releases what an answer under way holds. */
void policy_answer_abandon(struct policy_session *ps);

#endif
