/* SPDX-License-Identifier: MIT */
/* Strict base64. Pure; any thread. */
#include "base/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_put(struct buf *buf, struct span data)
{
    for (size_t i = 0; i < data.len; i += 3) {
        const size_t n = data.len - i < 3 ? data.len - i : 3;
        uint32_t word = 0;
        for (size_t k = 0; k < 3; k++)
            word = word << 8 | (k < n ? (unsigned char)data.ptr[i + k] : 0);
        const char quad[4] = {alphabet[word >> 18], alphabet[word >> 12 & 63],
                              n > 1 ? alphabet[word >> 6 & 63] : '=',
                              n > 2 ? alphabet[word & 63] : '='};
        buf_put(buf, quad, 4);
    }
}

int
base64_value(char c, char last)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == last ? 63 : -1;
}

enum rc
base64_decode(struct buf *buf, struct span text)
{
    const size_t before = buf_len(buf);

    if (text.len % 4 != 0)
        return RC_INVALID;
    for (size_t i = 0; i < text.len; i += 4) {
        const char *q = text.ptr + i;
        const bool last = i + 4 == text.len;
        const size_t pad = last && q[3] == '=' ? (q[2] == '=' ? 2 : 1) : 0;
        uint32_t word = 0;
        for (size_t k = 0; k < 4; k++) {
            const int v = k >= 4 - pad ? 0 : base64_value(q[k], '/');
            if (v < 0) {
                buf_truncate(buf, before);
                return RC_INVALID;
            }
            word = word << 6 | (uint32_t)v;
        }
        if ((pad == 1 && (word & 0xff) != 0) || (pad == 2 && (word & 0xffff) != 0)) {
            buf_truncate(buf, before);
            return RC_INVALID; /* not canonical: bits after the end */
        }
        const char octets[3] = {(char)(word >> 16), (char)(word >> 8), (char)word};
        buf_put(buf, octets, 3 - pad);
    }
    return buf_ok(buf) ? RC_OK : RC_LIMIT;
}
