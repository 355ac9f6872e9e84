/* SPDX-License-Identifier: MIT */
/* PROXY headers: however much is there, the answer is one, and nothing behind it is touched. */
#include "base/check.h"
#include "base/limits.h"
#include "net/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of(data, size);
    const char *why = NULL;
    struct proxy_header whole = {0};
    struct proxy_header part = {0};
    size_t used = 0;
    size_t part_used = 0;

    const enum proxy_parse parse = proxy_header_parse(text, &whole, &used, &why);
    CHECK(used <= size);
    CHECK(parse != PROXY_BAD || why != NULL);
    CHECK(parse != PROXY_MORE || (used == size && size < LIMIT_PROXY_HEADER));
    if (parse != PROXY_WHOLE)
        return 0;
    CHECK(used <= LIMIT_PROXY_HEADER);
    CHECK(proxy_header_parse(span_head(text, used), &part, &part_used, &why) == PROXY_WHOLE);
    CHECK(part_used == used && part.tls == whole.tls &&
          net_addr_same_host(&part.client, &whole.client));
    CHECK(proxy_header_parse(span_head(text, used - 1), &part, &part_used, &why) == PROXY_MORE);
    return 0;
}
