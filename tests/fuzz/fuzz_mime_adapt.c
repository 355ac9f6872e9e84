/* SPDX-License-Identifier: MIT */
/*
 * What a damaged database may hold in the place of an ENVELOPE or a BODYSTRUCTURE: it is told
 * in another form or refused, never read beyond its end, and what is refused leaves no trace.
 */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/adapt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct span stored, unsigned how, enum rc rc, const struct buf *out)
{
    CHECK(rc == RC_OK || rc == RC_CORRUPT);
    CHECK(buf_ok(out));
    if (rc == RC_CORRUPT)
        CHECK(buf_len(out) == 0);
    else if (!adapt_is_due(stored, how))
        CHECK(span_eq(buf_span(out), stored));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF out = {0};

    if (size == 0)
        return 0;
    const struct span stored = span_of(data + 1, size - 1);
    const unsigned how = data[0] & (ADAPT_TO_ASCII | ADAPT_GLOBAL_CLOSED | ADAPT_GLOBAL_OPEN);
    buf_init(&out, 64u << 20);
    check(stored, how, adapt_envelope(&out, stored, how), &out);
    buf_clear(&out);
    check(stored, how, adapt_body(&out, stored, how), &out);
    return 0;
}
