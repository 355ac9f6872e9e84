/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "syntax/policy.h"

#include <string.h>

#include "base/limits.h"

/* 0: unknown. One that is too large to be a number is larger than any limit. */
static uint64_t
size_read(struct span digits)
{
    uint64_t size;

    if (span_to_u64(digits, UINT64_MAX, &size))
        return size;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return 0;
    return digits.len == 0 ? 0 : UINT64_MAX;
}

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
        question->size = size_read(value);
    }
    return RC_OK;
}
