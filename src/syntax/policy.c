/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "syntax/policy.h"

#include <string.h>

#include "base/limits.h"

enum rc
policy_line(struct policy_question *question, struct span line)
{
    const ptrdiff_t equals = span_find_char(line, '=');

    if (equals <= 0)
        return RC_INVALID;
    if (++question->lines > LIMIT_POLICY_LINES)
        return RC_LIMIT;
    const struct span name = span_head(line, (size_t)equals);
    const struct span value = span_tail(line, (size_t)equals + 1);
    if (span_eq(name, SPAN("request"))) {
        question->is_access = span_eq(value, SPAN("smtpd_access_policy"));
    } else if (span_eq(name, SPAN("recipient"))) {
        /* A longer one is nobody's here. */
        const bool fits = value.len <= sizeof question->recipient;
        question->recipient_octets = fits ? value.len : 0;
        if (fits && value.len > 0)
            memcpy(question->recipient, value.ptr, value.len);
    } else if (span_eq(name, SPAN("size"))) {
        if (!span_to_u64(value, UINT64_MAX, &question->size))
            question->size = 0;
    }
    return RC_OK;
}
