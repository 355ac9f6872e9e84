/* SPDX-License-Identifier: MIT */
/* Every line of the input is peeled of whatever may stand around a log's line. */
#include <stdint.h>

#include "base/check.h"
#include "base/limits.h"
#include "journal/foreign/read/read.h"
#include "journal/foreign/wrap/wrap.h"

static bool
is_head(void *ctx, struct span text)
{
    (void)ctx;
    return read_dovecot_head(text) || read_outlook_head(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets)
{
    struct span rest = span_of(data, octets);
    struct foreign_wrap wrap;
    volatile uint64_t sum = 0;

    foreign_wrap_init(&wrap, 2026);
    while (rest.len > 0) {
        const ptrdiff_t end = span_find_char(rest, '\n');
        const struct span line = span_head(rest, end < 0 ? rest.len : (size_t)end);
        rest = span_tail(rest, line.len + 1);
        struct span text;
        int64_t at;
        if (!foreign_wrap_peel(&wrap, WRAP_ALL, is_head, NULL,
                               span_head(line, LIMIT_FOREIGN_LINE), &text, &at))
            continue;
        /* A journal's identifier may be put before the text. */
        CHECK(text.len <= LIMIT_FOREIGN_LINE + 128);
        for (size_t i = 0; i < text.len; i++)
            sum += (unsigned char)text.ptr[i]; /* all of it can be read */
    }
    CHECK(sum <= (uint64_t)octets * 255 + UINT64_C(255) * 128 * (octets + 1));
    foreign_wrap_done(&wrap);
    return 0;
}
