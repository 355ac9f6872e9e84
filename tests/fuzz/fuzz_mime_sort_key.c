/* SPDX-License-Identifier: MIT */
/* Sort keys are bounded, and the same however often they are made. */
#include <stdint.h>

#include "base/check.h"
#include "base/limits.h"
#include "syntax/mail/sort_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sort_keyer keyer;
    const struct span value = span_of(data, size);
    AUTO_BUF keys = {0};

    buf_init(&keys, 16u << 10);
    sort_keyer_init(&keyer);
    for (int round = 0; round < 2; round++) {
        CHECK(sort_key_address(&keyer, value, &keys) <= LIMIT_SORT_KEY);
        (void)sort_key_subject(&keyer, value, &keys);
    }
    const struct span both = buf_span(&keys);
    CHECK(buf_ok(&keys) && both.len <= (size_t)6 * LIMIT_SORT_KEY);
    CHECK(span_eq(span_head(both, both.len / 2), span_tail(both, both.len / 2)));
    sort_keyer_done(&keyer);
    return 0;
}
