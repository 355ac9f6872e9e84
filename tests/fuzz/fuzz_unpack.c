/* SPDX-License-Identifier: MIT */
/* Compressed files of mail: whatever the octets are, what comes out is bounded. */
#include <stdint.h>

#include "base/check.h"
#include "cli/mail/unpack.h"

enum { OUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets)
{
    const struct span in = span_of(data, octets);
    struct err err = {.rc = RC_OK};
    AUTO_BUF out = {0};

    buf_init(&out, OUT_MAX);
    const enum rc rc = unpack(&out, in, &err);
    CHECK(buf_len(&out) <= OUT_MAX);
    CHECK(rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT || rc == RC_UNSUPPORTED);
    CHECK(rc == RC_OK || err.text[0] != '\0');
    CHECK(unpack_is_needed(in) || rc == RC_INVALID);
    return 0;
}
