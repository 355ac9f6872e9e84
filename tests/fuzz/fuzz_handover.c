/* SPDX-License-Identifier: MIT */
/* Messages of a handover: what is understood, is written again as the same octets. */
#include "base/buf.h"
#include "base/check.h"
#include "daemon/handover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span octets = span_of(data, size);
    struct handover_message message = {.fd = -1};
    AUTO_BUF out = {0};
    struct err err = {.rc = RC_OK};

    if (handover_decode(octets, &message, &err) != RC_OK)
        return 0;
    buf_init(&out, size + 64);
    handover_encode(&message, &out);
    const bool may_say_more =
        (message.kind == HANDOVER_HELLO || message.kind == HANDOVER_PREPARED) &&
        message.protocol != HANDOVER_PROTOCOL;
    CHECK(buf_ok(&out));
    CHECK(may_say_more ? span_starts(octets, buf_span(&out)) : span_eq(octets, buf_span(&out)));
    return 0;
}
