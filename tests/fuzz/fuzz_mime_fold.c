/* SPDX-License-Identifier: MIT */
/* Folding twice is folding once, and folding goes character by character. */
#include <stdint.h>
#include <unistr.h>

#include "base/check.h"
#include "syntax/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fold fold; /* kept warm from one input to the next */
    AUTO_BUF once = {0};
    AUTO_BUF twice = {0};

    buf_init(&once, 64u << 20);
    buf_init(&twice, 64u << 20);
    fold_put(&fold, span_of(data, size), &once);
    CHECK(buf_ok(&once));
    if (u8_check(data, size) != NULL)
        return 0;
    fold_put(&fold, buf_span(&once), &twice);
    CHECK(span_eq(buf_span(&once), buf_span(&twice)));
    buf_clear(&twice);
    for (size_t i = 0; i < size;) {
        const int len = u8_mblen(data + i, size - i);
        fold_put(&fold, span_of(data + i, len > 0 ? (size_t)len : 1), &twice);
        i += len > 0 ? (size_t)len : 1;
    }
    CHECK(span_eq(buf_span(&once), buf_span(&twice)));
    return 0;
}
