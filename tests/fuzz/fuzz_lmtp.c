/* SPDX-License-Identifier: MIT */
/* LMTP lines and addresses; DATA gives the same message however it is cut. */
#include "base/check.h"
#include "syntax/lmtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
take(struct span wire, size_t piece, struct buf *out)
{
    struct lmtp_data data = {0};
    size_t taken = 0;

    while (wire.len > 0) {
        size_t used = 0;
        const bool ended = lmtp_data_take(&data, span_head(wire, piece), out, &used);
        CHECK(used > 0);
        taken += used;
        wire = span_tail(wire, used);
        if (ended)
            break;
    }
    return taken;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span input = span_of(data, size);
    const ptrdiff_t eol = span_find_char(input, '\n');
    const struct span line = span_head(input, eol < 0 ? size : (size_t)eol);
    const char *why = NULL;
    struct lmtp_cmd cmd;
    AUTO_BUF local = {0};
    AUTO_BUF whole = {0};
    AUTO_BUF pieces = {0};
    AUTO_BUF shown = {0};

    buf_init(&local, LMTP_PATH_MAX);
    buf_init(&whole, size + 16);
    buf_init(&pieces, size + 16);
    if (lmtp_parse(line, &cmd, &why) != RC_OK) {
        CHECK(why != NULL);
    } else if (cmd.verb == LMTP_RCPT) {
        struct span domain;
        if (lmtp_path_split(cmd.path, &local, &domain) == RC_OK)
            CHECK(buf_len(&local) > 0 && buf_len(&local) + domain.len <= cmd.path.len);
    }
    buf_init(&shown, size * 10);
    lmtp_address_put(&shown, line, false, size); /* ASCII, whatever comes */
    CHECK(buf_len(&shown) <= size);
    for (size_t i = 0; i < buf_len(&shown); i++)
        CHECK((unsigned char)buf_span(&shown).ptr[i] < 0x80);
    const size_t taken = take(input, size == 0 ? 1 : size, &whole);
    CHECK(take(input, 1, &pieces) == taken);
    CHECK(buf_ok(&whole) && span_eq(buf_span(&whole), buf_span(&pieces)));
    CHECK(buf_len(&whole) <= taken);
    return 0;
}
