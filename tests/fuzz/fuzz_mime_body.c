/* SPDX-License-Identifier: MIT */
/* A stored body structure from anywhere: refused, or BODY made of no more than it. */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/bodystructure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF out = {0};

    buf_init(&out, size + 16);
    if (bodystructure_put_basic(&out, span_of(data, size)) == RC_OK)
        CHECK(buf_ok(&out) && buf_len(&out) <= size);
    else
        CHECK(buf_len(&out) == 0);
    return 0;
}
