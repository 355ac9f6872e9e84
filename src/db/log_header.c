/* SPDX-License-Identifier: MIT */
/* See the header. The checksum is over little-endian words, which the magic number says. */
#include "db/log_header.h"

#include <string.h>

#include "db/big_endian.h"

enum {
    MAGIC_LITTLE = 0x377f0682, /* with 1 added, the checksum is over big-endian words */
    VERSION = 3007000,
    PAGE_MIN = 512,
    PAGE_MAX = 65536,

    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_PAGE_OCTETS = 8,
    AT_GENERATION = 12,
    AT_SALT = 16,
    AT_CHECKSUM = 24,
};

static uint32_t
get_little(const unsigned char *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

bool
log_header_is_one(const unsigned char octets[LOG_HEADER_OCTETS])
{
    const uint32_t page = big_get(octets + AT_PAGE_OCTETS);

    return (big_get(octets + AT_MAGIC) & ~UINT32_C(1)) == MAGIC_LITTLE &&
           (page & (page - 1)) == 0 && page >= PAGE_MIN && page <= PAGE_MAX;
}

void
log_header_blank(unsigned char out[LOG_HEADER_OCTETS], uint32_t page_octets,
                 const unsigned char salt[8])
{
    uint32_t s1 = 0;
    uint32_t s2 = 0;

    big_put(out + AT_MAGIC, MAGIC_LITTLE);
    big_put(out + AT_VERSION, VERSION);
    big_put(out + AT_PAGE_OCTETS, page_octets);
    big_put(out + AT_GENERATION, 0);
    memcpy(out + AT_SALT, salt, 8);
    for (unsigned at = 0; at < AT_CHECKSUM; at += 8) {
        s1 += get_little(out + at) + s2;
        s2 += get_little(out + at + 4) + s1;
    }
    big_put(out + AT_CHECKSUM, s1);
    big_put(out + AT_CHECKSUM + 4, s2);
}
