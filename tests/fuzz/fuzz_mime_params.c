/* SPDX-License-Identifier: MIT */
/* The value of Content-Type or Content-Disposition. What comes out in UTF-8 is UTF-8. */
#include <stdint.h>
#include <unistr.h>

#include "base/check.h"
#include "syntax/mail/mime_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mime_value value;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    arena_init(&arena, 16u << 20);
    buf_init(&out, 16u << 20);
    if (mime_value_parse(span_of(data, size), &arena, &value) != RC_OK)
        return 0;
    CHECK(value.param_count <= LIMIT_MIME_PARAMS);
    for (size_t i = 0; i < value.param_count; i++)
        CHECK(value.params[i].name.len > 0 && value.params[i].value.ptr != NULL);
    if (mime_value_param_utf8(&value, "name", &out))
        CHECK(u8_check((const uint8_t *)buf_span(&out).ptr, buf_len(&out)) == NULL);
    return 0;
}
