/* SPDX-License-Identifier: MIT */
/*
 * A snapshot is the first frames of a log and the database's file, of which no page changes
 * that the snapshot does not find in these frames. A reader that has the lock of mark 0 needs
 * nothing of the log, which may even begin anew meanwhile; under any other mark, the log stays
 * as it is.
 *
 * Thread: the handle's. Others add to the index meanwhile, behind the snapshot's last frame.
 */
#include "db/pages.h"

#include <stdlib.h>
#include <string.h>

#include "db/big_endian.h"
#include "db/db_private.h"
#include "db/vfs.h"
#include "db/vfs_private.h"
#include "db/wal_form.h"

enum { WRITE_LOCK_BIT = 1, READ_LOCK_0_BIT = 1 << WAL_READ_LOCK_0 };

struct page {
    unsigned char frame_header[WAL_FRAME_HEADER_OCTETS]; /* of a page that is in the log */
    unsigned char octets[];
};

/* ---- beginning ---- */

static bool
is_one(unsigned bits)
{
    return bits != 0 && (bits & (bits - 1)) == 0;
}

bool
pages_begin(struct db *db, struct pages *out)
{
    struct vfs_file *main_db = db->index == NULL ? NULL : vfs_main_file(db->raw);

    if (main_db == NULL || main_db->other == NULL ||
        wal_index_mode(main_db->index) != WAL_INDEX_PRIVATE)
        return false;
    const struct wal_index_locks *locks = &main_db->locks;
    const unsigned marks = locks->shared >> WAL_READ_LOCK_0;
    if (locks->exclusive != 0 || !is_one(marks))
        return false;
    *out = (struct pages){
        .main_db = main_db,
        .octets = (uint32_t)db->page_size,
        .frames = (locks->shared & READ_LOCK_0_BIT) != 0 ? 0 : main_db->snapshot.frames,
    };
    return true;
}

/* ---- the index of the log ---- */

/* Where a region has its numbers. */
struct region {
    const uint32_t *page_of;
    const uint16_t *frame_at;
    uint32_t frames_before; /* in other regions */
};

static bool
region_find(const struct pages *pages, unsigned number, struct region *out)
{
    const void *memory = wal_index_memory(pages->main_db->index, number);

    if (memory == NULL)
        return false;
    if (number == 0) {
        const struct wal_region *first = memory;
        *out = (struct region){first->page_of, first->frame_at, 0};
    } else {
        const struct wal_region_next *next = memory;
        *out = (struct region){next->page_of, next->frame_at,
                               WAL_FRAMES_FIRST + (number - 1) * (uint32_t)WAL_FRAMES};
    }
    return true;
}

/* The last frame of the region, up to `frames`, that has the page; 0: none has. */
static uint32_t
frame_in(const struct region *region, uint32_t page, uint32_t frames)
{
    uint32_t found = 0;
    uint32_t slot = page * WAL_HASH_FACTOR % WAL_HASH_SLOTS;

    for (unsigned tries = 0; tries < WAL_HASH_SLOTS; tries++) {
        const uint32_t at = __atomic_load_n(&region->frame_at[slot], __ATOMIC_RELAXED);
        if (at == 0)
            break;
        const uint32_t frame = region->frames_before + at;
        if (at <= WAL_FRAMES && frame <= frames && frame > found &&
            __atomic_load_n(&region->page_of[at - 1], __ATOMIC_RELAXED) == page)
            found = frame;
        slot = (slot + 1) % WAL_HASH_SLOTS;
    }
    return found;
}

/* *frame_out 0: the page is not in the log. */
static bool
frame_find(const struct pages *pages, uint32_t page, uint32_t *frame_out)
{
    *frame_out = 0;
    if (pages->frames == 0)
        return true;
    const unsigned last = (pages->frames + WAL_FRAMES - WAL_FRAMES_FIRST - 1) / WAL_FRAMES;
    for (unsigned left = last + 1; left > 0 && *frame_out == 0; left--) {
        struct region region;
        if (!region_find(pages, left - 1, &region))
            return false;
        *frame_out = frame_in(&region, page, pages->frames);
    }
    return true;
}

/* ---- reading ---- */

struct page *
page_new(const struct pages *pages)
{
    struct page *page = malloc(sizeof *page + pages->octets + PAGES_SLACK);

    if (page != NULL)
        memset(page->octets + pages->octets, 0, PAGES_SLACK);
    return page;
}

void
page_free(struct page *page)
{
    free(page);
}

const unsigned char *
page_data(const struct page *page)
{
    return page->octets;
}

static bool
read_at(struct vfs_file *file, void *out, uint32_t octets, int64_t offset)
{
    return pass_read(&file->pass.base, out, (int)octets, offset) == SQLITE_OK;
}

static bool
frame_read(const struct pages *pages, uint32_t number, uint32_t frame, struct page *page)
{
    const struct vfs_file *main_db = pages->main_db;

    return read_at(main_db->other, page, (uint32_t)sizeof *page + pages->octets,
                   wal_frame_offset(frame, pages->octets)) &&
           big_get(page->frame_header) == number &&
           memcmp(page->frame_header + 8, main_db->snapshot.salt,
                  sizeof main_db->snapshot.salt) == 0;
}

bool
page_read(const struct pages *pages, uint32_t number, struct page *page)
{
    uint32_t frame = 0;

    if (number == 0 || !frame_find(pages, number, &frame))
        return false;
    if (frame != 0)
        return frame_read(pages, number, frame, page);
    return read_at(pages->main_db, page->octets, pages->octets,
                   (int64_t)(number - 1) * pages->octets);
}
