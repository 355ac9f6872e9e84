/* SPDX-License-Identifier: MIT */
/* Keys as a message row keeps them: what is taken is packed again to the same octets. */
#include <stdint.h>

#include "base/check.h"
#include "mailbox/order/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct keys_maker maker, again;
    struct keys keys, back;
    AUTO_BUF packed = {0};

    keys_maker_init(&maker);
    keys_maker_init(&again);
    buf_init(&packed, 16u << 20);
    if (keys_unpack(&maker, span_of(data, size), SPAN("id"), &keys)) {
        keys_pack(&packed, &keys);
        CHECK(buf_ok(&packed) && keys_unpack(&again, buf_span(&packed), SPAN("id"), &back));
        CHECK(keys.sent_s == back.sent_s && keys.reference_count == back.reference_count);
        for (size_t i = 0; i < keys.reference_count; i++)
            CHECK(span_eq(keys.references[i], back.references[i]));
    }
    keys_maker_done(&maker);
    keys_maker_done(&again);
    return 0;
}
