/* SPDX-License-Identifier: MIT */
/* A header block: its fields and its blank line are all of it. */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of(data, size);
    const struct span block = span_head(text, header_size(text));
    struct header_iter iter;
    struct header_field field;
    size_t octets = 0;
    AUTO_BUF scratch = {0};

    buf_init(&scratch, size + 1);
    header_iter_init(&iter, block);
    while (header_next(&iter, &field)) {
        CHECK(field.raw.ptr == block.ptr + octets);
        octets += field.raw.len;
        buf_clear(&scratch);
        const struct span value = header_unfold(field.value, &scratch);
        CHECK(buf_ok(&scratch));
        CHECK(memchr(value.ptr, '\n', value.len) == NULL);
    }
    CHECK(octets + iter.blank.len == block.len);
    return 0;
}
