/* SPDX-License-Identifier: MIT */
/* HTML of any kind, cut anywhere between characters (the first octet says where), shows the
 * same, and no more than there is. */
#include <stdint.h>
#include <unistr.h>

#include "base/check.h"
#include "syntax/charset.h"
#include "syntax/html_charset.h"
#include "syntax/html_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read(struct span text, size_t step, enum html_use use, struct buf *out)
{
    struct html_text html;

    html_text_init(&html, use);
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && len < step) {
            const int octets = u8_mblen((const uint8_t *)text.ptr + len, text.len - len);
            len += octets > 0 ? (size_t)octets : 1;
        }
        html_text_put(&html, span_head(text, len), out);
        text = span_tail(text, len);
    }
    html_text_finish(&html, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF whole = {0};
    AUTO_BUF pieces = {0};

    if (size == 0)
        return 0;
    const struct span text = span_of(data + 1, size - 1);
    const struct span charset = html_charset_find(text);
    CHECK(charset.len == 0 || charset_is_known(charset));
    buf_init(&whole, 64u << 20);
    buf_init(&pieces, 64u << 20);
    for (unsigned use = HTML_SEARCHED; use <= HTML_PREVIEWED; use++) {
        buf_clear(&whole);
        buf_clear(&pieces);
        read(text, SIZE_MAX, use, &whole);
        read(text, data[0] + 1u, use, &pieces);
        CHECK(buf_ok(&whole) && buf_len(&whole) <= text.len);
        CHECK(span_eq(buf_span(&whole), buf_span(&pieces)));
        CHECK(u8_check((const uint8_t *)text.ptr, text.len) != NULL ||
              u8_check((const uint8_t *)buf_span(&whole).ptr, buf_len(&whole)) == NULL);
    }
    return 0;
}
