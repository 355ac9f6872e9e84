/* SPDX-License-Identifier: MIT */
/* An address list: it ends, its groups are whole, its memory is bounded by its length. */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address_iter iter;
    struct address address;
    bool in_group = false;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 16u << 20);
    address_iter_init(&iter, span_of(data, size), &arena);
    while (address_next(&iter, &address)) {
        CHECK(in_group || address.kind != ADDRESS_GROUP_END);
        CHECK(!in_group || address.kind != ADDRESS_GROUP_BEGIN);
        in_group = address.kind == ADDRESS_GROUP_BEGIN ||
                   (in_group && address.kind == ADDRESS_MAILBOX);
        if (address.kind == ADDRESS_MAILBOX)
            CHECK(address.name.len + address.mailbox.len + address.host.len > 0);
    }
    CHECK(!in_group);
    CHECK(arena.used_octets <= 16 * size + 131072);
    return 0;
}
