/* SPDX-License-Identifier: MIT */
/* One piece of the file is in memory at a time. Thread: the handle's. */
#include "db/ahead.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECE_OCTETS = 64 << 10,
    RUN_GAP = 2,    /* pages that a run may leave out */
    RUN_BEGINS = 2, /* reads that go on, after which there will be more */
};

void
ahead_begin(struct ahead *ahead)
{
    ahead->len = 0;
    if (ahead->octets == NULL)
        ahead->octets = malloc(PIECE_OCTETS);
}

void
ahead_end(struct ahead *ahead)
{
    free(ahead->octets);
    *ahead = (struct ahead){0};
}

static bool
has(const struct ahead *ahead, int octets, int64_t offset)
{
    return offset >= ahead->at && offset + octets <= ahead->at + (int64_t)ahead->len;
}

/* How many octets of a piece the file has from there on. A read beyond the end of the file
 * fills the rest with zeros and says that it did, but not how much it read. */
static size_t
piece_at(sqlite3_file *file, int64_t offset)
{
    sqlite3_int64 size = 0;

    if (file->pMethods->xFileSize(file, &size) != SQLITE_OK || size <= offset)
        return 0;
    return size - offset < PIECE_OCTETS ? (size_t)(size - offset) : PIECE_OCTETS;
}

int
ahead_read(struct ahead *ahead, sqlite3_file *file, void *dst, int octets, int64_t offset)
{
    if (ahead->octets != NULL && !has(ahead, octets, offset)) {
        const size_t piece = piece_at(file, offset);
        const int result = file->pMethods->xRead(file, ahead->octets, (int)piece, offset);
        ahead->at = offset;
        ahead->len = result == SQLITE_OK ? piece : 0;
    }
    if (ahead->octets == NULL || !has(ahead, octets, offset))
        return file->pMethods->xRead(file, dst, octets, offset);
    memcpy(dst, ahead->octets + (offset - ahead->at), (size_t)octets);
    return SQLITE_OK;
}

/* A body that takes two or three pages is no run yet. */
static bool
is_in_run(struct ahead *ahead, int octets, int64_t offset)
{
    const int64_t left_out = offset - ahead->next;
    const bool goes_on =
        ahead->next != 0 && left_out >= 0 && left_out <= (int64_t)RUN_GAP * octets;

    ahead->next = offset + octets;
    ahead->run = goes_on ? ahead->run + 1 : 0;
    return ahead->run >= RUN_BEGINS;
}

int
ahead_read_run(struct ahead *ahead, sqlite3_file *file, void *dst, int octets, int64_t offset)
{
    const bool run = is_in_run(ahead, octets, offset);

    if (run && ahead->octets == NULL)
        ahead_begin(ahead);
    if (!run && !has(ahead, octets, offset))
        return file->pMethods->xRead(file, dst, octets, offset);
    return ahead_read(ahead, file, dst, octets, offset);
}
