/* SPDX-License-Identifier: MIT */
/*
 * The index of a log as SQLite's walformat.html describes it, in section 2: numbers in the
 * machine's own order, two copies of a header, what is known of checkpoints, the page of each
 * frame, and a hash table of frames by page. It is made of regions; only the first one has a
 * header. And where the frames are in the log (file format 4.1). Octets only. Thread: any.
 */
#ifndef DB_WAL_FORM_H
#define DB_WAL_FORM_H

#include <stddef.h>
#include <stdint.h>

#include "db/log_header.h"

enum {
    WAL_READERS = 5,     /* marks, and locks, of readers */
    WAL_READ_LOCK_0 = 3, /* of xShmLock: the lock of mark 0 */
    WAL_REGION_OCTETS = 32768,
    WAL_HASH_AT = 16384, /* in each region */
    WAL_HASH_SLOTS = 8192,
    WAL_HASH_FACTOR = 383,
    WAL_FRAMES = 4096,       /* of a region */
    WAL_FRAMES_FIRST = 4062, /* of the first region */
    WAL_FRAME_HEADER_OCTETS = 24,
};

struct wal_header {
    uint32_t version;
    uint32_t unused;
    uint32_t change; /* counts transactions */
    uint8_t is_init;
    uint8_t big_end; /* the log's checksums are of big-endian numbers */
    uint16_t page;   /* octets; 1: 65536 */
    uint32_t frames;
    uint32_t pages; /* of the database after the last commit */
    uint32_t frame_checksum[2];
    uint8_t salt[8];
    uint32_t checksum[2]; /* of all that stands before it */
};

struct wal_region { /* the first one */
    struct wal_header header[2];
    struct {
        uint32_t done;
        uint32_t readers[WAL_READERS];
        uint8_t locks[8];
        uint32_t tried;
        uint32_t unused;
    } checkpoint;
    uint32_t page_of[WAL_FRAMES_FIRST]; /* of frame n: [n - 1] */
    uint16_t frame_at[WAL_HASH_SLOTS];
};

struct wal_region_next { /* any other */
    uint32_t page_of[WAL_FRAMES];
    uint16_t frame_at[WAL_HASH_SLOTS]; /* counted from the first frame of the region, from 1 */
};

_Static_assert(sizeof(struct wal_header) == 48, "walformat.html 2.1");
_Static_assert(sizeof(struct wal_region) == WAL_REGION_OCTETS, "walformat.html 2.1");
_Static_assert(sizeof(struct wal_region_next) == WAL_REGION_OCTETS, "walformat.html 2.1");
_Static_assert(offsetof(struct wal_region, frame_at) == WAL_HASH_AT, "walformat.html 2.2");

/** Where a frame (1, 2 ...) begins in the log. */
static inline int64_t
wal_frame_offset(uint32_t frame, int64_t page_octets)
{
    return LOG_HEADER_OCTETS + (int64_t)(frame - 1) * (WAL_FRAME_HEADER_OCTETS + page_octets);
}

#endif
