/* SPDX-License-Identifier: MIT */
/* A base subject is its own base subject, unless a blob alone was kept or blanks are
 * doubled. */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/base_subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF scratch = {0};

    buf_init(&scratch, 16u << 20);
    const struct span text = base_subject_of(span_of(data, size), &scratch).text;
    CHECK(text.len == 0 || (text.ptr[0] != ' ' && text.ptr[text.len - 1] != ' '));
    for (size_t i = 0; i < text.len; i++)
        CHECK(text.ptr[i] != '\n' && text.ptr[i] != '\t' &&
              (text.ptr[i] != ' ' || text.ptr[i + 1] != ' '));
    CHECK(!span_istarts(text, SPAN("re:")) && !span_istarts(text, SPAN("fwd:")));
    CHECK(text.len < 5 || !span_ieq_str(span_tail(text, text.len - 5), "(fwd)"));
    return 0;
}
