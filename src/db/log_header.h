/* SPDX-License-Identifier: MIT */
/*
 * The header of a log, as SQLite reads it when it rebuilds the index (file format 4.1). This is
 * about octets only; the log itself is in db/vfs_log.c. Thread: any.
 */
#ifndef DB_LOG_HEADER_H
#define DB_LOG_HEADER_H

#include <stdbool.h>
#include <stdint.h>

enum { LOG_HEADER_OCTETS = 32 };

/** Whether SQLite takes the octets for a header and keeps their generation and salts. It does
 * so even if the checksum is wrong. */
bool log_header_is_one(const unsigned char octets[LOG_HEADER_OCTETS]);

/**
 * A header of generation 0. SQLite draws new salts when it begins a log whose generation it
 * believes to be 0, and counts on from any other. page_octets: a power of two, 512 to 65536.
 * salt: 8 octets drawn at random, which no frame in the file has.
 */
void log_header_blank(unsigned char out[LOG_HEADER_OCTETS], uint32_t page_octets,
                      const unsigned char salt[8]);

#endif
