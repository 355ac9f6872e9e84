/* SPDX-License-Identifier: MIT */
/* base64 and quoted-printable, whole and in pieces: the same comes out, and never more than
 * went in. */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/mime_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
decode(struct buf *out, enum mime_encoding encoding, struct span text, size_t step)
{
    struct mime_decoder decoder;

    mime_decoder_init(&decoder, encoding);
    while (text.len > 0) {
        mime_decoder_put(&decoder, span_head(text, step), out);
        text = span_tail(text, step);
    }
    mime_decoder_finish(&decoder, out);
    CHECK(buf_ok(out));
    return decoder.damaged;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF whole = {0};
    AUTO_BUF pieces = {0};

    buf_init(&whole, size + 4096);
    buf_init(&pieces, size + 4096);
    if (size < 2)
        return 0;
    const enum mime_encoding encoding =
        data[0] % 2 == 0 ? MIME_ENCODING_QP : MIME_ENCODING_BASE64;
    const struct span text = span_of(data + 2, size - 2);
    const bool damaged = decode(&whole, encoding, text, SIZE_MAX);
    CHECK(decode(&pieces, encoding, text, data[1] % 100 + 1u) == damaged);
    CHECK(span_eq(buf_span(&whole), buf_span(&pieces)));
    CHECK(buf_len(&whole) <= text.len);
    return 0;
}
