/* SPDX-License-Identifier: MIT */
/* One piece of the log is in memory at a time. Thread: the handle's. */
#include "db/ahead.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_OCTETS = 64 << 10 };

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
