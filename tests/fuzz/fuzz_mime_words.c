/* SPDX-License-Identifier: MIT */
/* Header text with encoded words: what comes out is UTF-8 on one line, and can be told in
 * ASCII. */
#include <stdint.h>
#include <unistr.h>

#include "base/check.h"
#include "syntax/mail/encoded_word.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF out = {0};
    AUTO_BUF ascii = {0};

    buf_init(&out, 64u << 20);
    encoded_word_decode(&out, span_of(data, size));
    CHECK(buf_ok(&out));
    CHECK(u8_check((const uint8_t *)buf_span(&out).ptr, buf_len(&out)) == NULL);
    buf_init(&ascii, 256u << 20);
    encoded_word_put(&ascii, buf_span(&out));
    CHECK(buf_ok(&ascii));
    for (size_t i = 0; i < buf_len(&ascii); i++)
        CHECK((unsigned char)buf_span(&ascii).ptr[i] < 0x80);
    return 0;
}
