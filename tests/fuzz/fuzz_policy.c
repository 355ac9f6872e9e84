/* SPDX-License-Identifier: MIT */
/* The lines of a question to the policy service, and the recipient that they name. */
#include "base/check.h"
#include "base/limits.h"
#include "syntax/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy_question question = {.lines = 0};
    struct span rest = span_of(data, size);
    struct span domain;
    AUTO_BUF local = {0};

    buf_init(&local, LMTP_PATH_MAX);
    while (rest.len > 0) {
        const ptrdiff_t eol = span_find_char(rest, '\n');
        const struct span line = eol < 0 ? rest : span_head(rest, (size_t)eol);
        const enum rc rc = policy_line(&question, line);
        CHECK(rc == RC_OK || (rc == RC_LIMIT && question.lines > LIMIT_POLICY_LINES) ||
              (rc == RC_INVALID && (span_find_char(line, '=') <= 0)));
        rest = span_tail(rest, eol < 0 ? rest.len : (size_t)eol + 1);
    }
    CHECK(question.recipient_octets <= LMTP_PATH_MAX);
    if (lmtp_path_split(policy_recipient(&question), &local, &domain) == RC_OK)
        CHECK(buf_len(&local) > 0);
    return 0;
}
