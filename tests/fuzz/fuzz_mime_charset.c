/* SPDX-License-Identifier: MIT */
/*
 * The first octet chooses a charset, the second a length of pieces: what comes out is UTF-8,
 * the same as from the whole. Broken UTF-7 is the exception: iconv then keeps bits of
 * characters to itself, and what comes out depends on the cut.
 */
#include <stdint.h>
#include <unistr.h>

#include "base/check.h"
#include "syntax/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    "utf-8",  "iso-8859-1", "koi8-r", "gb2312",      "big5",         "iso-2022-jp", "shift_jis",
    "euc-kr", "euc-jp",     "utf-7",  "iso-2022-kr", "windows-1255", "tcvn",        "utf-16",
};

static void
convert(struct buf *out, const char *name, struct span text, size_t step)
{
    struct charset charset;

    charset_open(&charset, span_of_str(name));
    while (text.len > 0) {
        charset_put(&charset, span_head(text, step), out);
        text = span_tail(text, step);
    }
    charset_finish(&charset, out);
    charset_close(&charset);
    CHECK(buf_ok(out));
    CHECK(u8_check((const uint8_t *)buf_span(out).ptr, buf_len(out)) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF whole = {0};
    AUTO_BUF pieces = {0};

    buf_init(&whole, 64u << 20);
    buf_init(&pieces, 64u << 20);
    if (size < 2)
        return 0;
    const char *name = names[data[0] % ARRAY_LEN(names)];
    convert(&whole, name, span_of(data + 2, size - 2), SIZE_MAX);
    convert(&pieces, name, span_of(data + 2, size - 2), data[1] % 16 + 1u);
    if (strcmp(name, "utf-7") != 0)
        CHECK(span_eq(buf_span(&whole), buf_span(&pieces)));
    return 0;
}
