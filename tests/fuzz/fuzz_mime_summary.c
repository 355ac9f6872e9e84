/* SPDX-License-Identifier: MIT */
/* A header's summary: ids are bounded and hold no blanks. */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/rfc5322_summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rfc5322_summary summary;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 16u << 20);
    if (rfc5322_summary(span_of(data, size), &arena, &summary) != RC_OK)
        return 0;
    CHECK(summary.reference_count <= RFC5322_REFERENCES_MAX);
    for (size_t i = 0; i < summary.reference_count; i++)
        CHECK(span_find_char(summary.references[i], ' ') < 0);
    return 0;
}
