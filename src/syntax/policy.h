/* SPDX-License-Identifier: MIT */
/*
 * What Postfix asks a policy service (SMTPD_POLICY_README of Postfix): lines of name=value up
 * to an empty one. Here, only what a question about room needs is kept; names that are not
 * known are passed over, as that document asks for.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_POLICY_H
#define SYNTAX_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/lmtp.h"

/* One question; all zero to begin. If a name comes twice, the last value counts. */
struct policy_question {
    uint32_t lines;
    bool is_access; /* request=smtpd_access_policy, the only kind there is */
    size_t recipient_octets;
    char recipient[LMTP_PATH_MAX]; /* recipient_octets of it; 0: there is none, or several */
    uint64_t size;                 /* octets; 0: not known. MAIL's SIZE=, later the message's */
};

/** A line without its end, and not the empty one. RC_INVALID: no name, or no '=' behind it.
 *  RC_LIMIT: more than LIMIT_POLICY_LINES. */
MUST_USE enum rc policy_line(struct policy_question *question, struct span line);

static inline struct span
policy_recipient(const struct policy_question *question)
{
    return span_of(question->recipient, question->recipient_octets);
}

#endif
