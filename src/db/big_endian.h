/* SPDX-License-Identifier: MIT */
/* Numbers as SQLite's files have them: the most significant octet comes first. */
#ifndef DB_BIG_ENDIAN_H
#define DB_BIG_ENDIAN_H

#include <stdint.h>

static inline uint32_t
big_get(const unsigned char at[4])
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void
big_put(unsigned char at[4], uint32_t value)
{
    at[0] = (unsigned char)(value >> 24);
    at[1] = (unsigned char)(value >> 16);
    at[2] = (unsigned char)(value >> 8);
    at[3] = (unsigned char)value;
}

#endif
