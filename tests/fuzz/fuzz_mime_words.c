/* SPDX-License-Identifier: MIT */
/* Header text with encoded words: what comes out is UTF-8 on one line. */
#include <stdint.h>
#include <unistr.h>

#include "base/check.h"
#include "syntax/mail/encoded_word.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF out = {0};

    buf_init(&out, 64u << 20);
    encoded_word_decode(&out, span_of(data, size));
    CHECK(buf_ok(&out));
    CHECK(u8_check((const uint8_t *)buf_span(&out).ptr, buf_len(&out)) == NULL);
    return 0;
}
