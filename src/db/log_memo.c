/* SPDX-License-Identifier: MIT */
/*
 * The first region of the index has room for 4,062 frames, so it is enough.
 *
 * A log in the index's terms: the frames up to `frames` are committed. What follows in the file
 * is of an earlier log, and has other salts, or of a transaction that was not committed here;
 * with the same salts it may be one that another program has committed.
 */
#include "db/log_memo.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/rc.h"
#include "db/big_endian.h"
#include "db/log_header.h"
#include "db/wal_form.h"
#include "db/wal_index.h"

enum {
    FORMAT_VERSION = 3007000,
    READER_NONE = -1, /* as a uint32_t: the mark is free */
    SALT_AT = 16,     /* of the log's header */
};

_Static_assert(LIMIT_LOG_MEMO_FRAMES <= (int)WAL_FRAMES_FIRST, "one region");

struct log_memo {
    struct wal_header header;
    uint32_t page_of[];
};

/* ---- taking ---- */

static void
checksum(const struct wal_header *header, uint32_t out[2])
{
    uint32_t words[offsetof(struct wal_header, checksum) / sizeof(uint32_t)];
    uint32_t s1 = 0;
    uint32_t s2 = 0;

    memcpy(words, header, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i += 2) {
        s1 += words[i] + s2;
        s2 += words[i + 1] + s1;
    }
    out[0] = s1;
    out[1] = s2;
}

static bool
is_whole(const struct wal_region *region)
{
    const struct wal_header *header = &region->header[0];
    uint32_t sum[2];

    checksum(header, sum);
    return memcmp(header, &region->header[1], sizeof *header) == 0 && header->is_init == 1 &&
           header->version == FORMAT_VERSION && memcmp(sum, header->checksum, sizeof sum) == 0;
}

struct log_memo *
log_memo_take(struct wal_index *index)
{
    const struct wal_region *region = wal_index_memory(index, 0);

    if (wal_index_mode(index) != WAL_INDEX_PRIVATE || region == NULL || !is_whole(region))
        return NULL;
    const uint32_t frames = region->header[0].frames;
    if (frames == 0 || frames > LIMIT_LOG_MEMO_FRAMES)
        return NULL;
    struct log_memo *memo = malloc(sizeof *memo + frames * sizeof memo->page_of[0]);
    if (memo == NULL)
        return NULL;
    memo->header = region->header[0];
    memcpy(memo->page_of, region->page_of, frames * sizeof memo->page_of[0]);
    return memo;
}

void
log_memo_free(struct log_memo *memo)
{
    free(memo);
}

size_t
log_memo_octets(const struct log_memo *memo)
{
    return sizeof *memo + memo->header.frames * sizeof memo->page_of[0];
}

/* ---- the log ---- */

static bool
read_at(struct sqlite3_file *log, unsigned char *out, int octets, int64_t offset)
{
    return log->pMethods->xRead(log, out, octets, offset) == SQLITE_OK;
}

static int64_t
frame_offset(const struct wal_header *header, uint32_t frame)
{
    return wal_frame_offset(frame, header->page == 1 ? 65536 : header->page);
}

static bool
begins_alike(const struct wal_header *header, struct sqlite3_file *log)
{
    unsigned char begin[LOG_HEADER_OCTETS];

    return read_at(log, begin, sizeof begin, 0) && log_header_is_one(begin) &&
           memcmp(begin + SALT_AT, header->salt, sizeof header->salt) == 0;
}

/* All frames are those of the memo, up to the last. */
static bool
frames_are_alike(const struct log_memo *memo, struct sqlite3_file *log)
{
    const struct wal_header *header = &memo->header;
    unsigned char frame[WAL_FRAME_HEADER_OCTETS];

    return read_at(log, frame, sizeof frame, frame_offset(header, header->frames)) &&
           big_get(frame) == memo->page_of[header->frames - 1] &&
           big_get(frame + 4) == header->pages &&
           memcmp(frame + 8, header->salt, sizeof header->salt) == 0 &&
           big_get(frame + 16) == header->frame_checksum[0] &&
           big_get(frame + 20) == header->frame_checksum[1];
}

/* Nothing that belongs to this log follows. */
static bool
ends_there(const struct wal_header *header, struct sqlite3_file *log)
{
    unsigned char frame[WAL_FRAME_HEADER_OCTETS];
    const int result = log->pMethods->xRead(log, frame, sizeof frame,
                                            frame_offset(header, header->frames + 1));

    return result == SQLITE_IOERR_SHORT_READ ||
           (result == SQLITE_OK && memcmp(frame + 8, header->salt, sizeof header->salt) != 0);
}

/* ---- restoring ---- */

/* A count of transactions that no handle has seen with this log, so that one that knows the
 * very same state of it still drops its pages, as db/move.h counts on. SQLite counts upwards.
 */
static uint32_t
new_change(void)
{
    static atomic_uint restored;

    return UINT32_MAX - atomic_fetch_add(&restored, 1);
}

/* As SQLite leaves it when it has made the index anew. */
static void
fill(const struct log_memo *memo, struct wal_region *region)
{
    struct wal_header header = memo->header;

    memcpy(region->page_of, memo->page_of, header.frames * sizeof memo->page_of[0]);
    for (uint32_t frame = 1; frame <= header.frames; frame++) {
        uint32_t slot = memo->page_of[frame - 1] * WAL_HASH_FACTOR % WAL_HASH_SLOTS;
        while (region->frame_at[slot] != 0)
            slot = (slot + 1) % WAL_HASH_SLOTS;
        region->frame_at[slot] = (uint16_t)frame;
    }
    for (unsigned i = 0; i < WAL_READERS; i++)
        region->checkpoint.readers[i] = (uint32_t)READER_NONE;
    region->checkpoint.readers[0] = 0;
    region->checkpoint.readers[1] = header.frames;
    region->checkpoint.done = 0;
    region->checkpoint.tried = header.frames;
    header.change = new_change();
    checksum(&header, header.checksum);
    region->header[1] = header;
    atomic_thread_fence(memory_order_seq_cst);
    region->header[0] = header;
}

static bool
was_never_made(const struct wal_region *region)
{
    return region->header[0].is_init == 0 && region->header[1].is_init == 0;
}

bool
log_memo_restore(const struct log_memo *memo, struct wal_index *index, struct sqlite3_file *log)
{
    struct wal_index_locks locks = {0};

    if (wal_index_lock(index, &locks, 0, WAL_INDEX_LOCKS, true) != RC_OK)
        return false;
    struct wal_region *region = wal_index_memory(index, 0);
    const bool fits = region != NULL && wal_index_mode(index) == WAL_INDEX_PRIVATE &&
                      was_never_made(region) && begins_alike(&memo->header, log) &&
                      frames_are_alike(memo, log) && ends_there(&memo->header, log);
    if (fits)
        fill(memo, region);
    wal_index_unlock(index, &locks, 0, WAL_INDEX_LOCKS);
    return fits;
}
