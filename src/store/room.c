/* SPDX-License-Identifier: MIT */
/*
 * The file of store/room.h. How many pieces it holds is one atomic word, so nobody waits for
 * the disk under a lock; its length follows. Two threads that give at once may leave the file
 * longer than it should be, but then the end of it has no blocks.
 */
#include "store/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/limits.h"

enum {
    PIECES = 16,
    PIECE_OCTETS = LIMIT_DISK_RESERVE / PIECES,
    SPARE_OCTETS = 1 << 20, /* that must be free beyond what is missing, so as not to flutter */
};

struct room {
    int fd;
    atomic_uint held; /* pieces, of PIECES */
    atomic_flag refilling;
};

/* Puts blocks behind all of the file, if the disk has so many. */
static enum rc
refill(struct room *room, struct err *err)
{
    unsigned held = atomic_load(&room->held);
    struct statvfs fs;

    if (held == PIECES)
        return RC_OK;
    if (fstatvfs(room->fd, &fs) != 0)
        return err_set(err, RC_IO, errno, "room kept for deleting: statvfs");
    const uint64_t wanted = (uint64_t)(PIECES - held) * PIECE_OCTETS + SPARE_OCTETS;
    if ((uint64_t)fs.f_bavail * fs.f_frsize < wanted)
        return err_set(err, RC_FULL, 0, "room kept for deleting: the disk is full");
    const int os_errno = posix_fallocate(room->fd, 0, LIMIT_DISK_RESERVE);
    if (os_errno != 0) { /* it may have got some blocks */
        (void)ftruncate(room->fd, (off_t)held * PIECE_OCTETS);
        return err_set(err, os_errno == ENOSPC || os_errno == EDQUOT ? RC_FULL : RC_IO,
                       os_errno, "room kept for deleting: fallocate");
    }
    atomic_compare_exchange_strong(&room->held, &held, PIECES); /* or somebody gave meanwhile */
    return RC_OK;
}

enum rc
room_open(const char *path, struct room **out, struct err *err)
{
    struct room *room = calloc(1, sizeof *room);

    if (room == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    atomic_init(&room->held, 0);
    atomic_flag_clear(&room->refilling);
    room->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (room->fd < 0) {
        const int os_errno = errno;
        free(room);
        return err_set(err, RC_IO, os_errno, "%s: open", path);
    }
    /* What a crash left of it is held still, if it has its blocks: fallocate finds out. */
    const off_t octets = lseek(room->fd, 0, SEEK_END);
    if (octets > 0 && octets <= (off_t)LIMIT_DISK_RESERVE &&
        posix_fallocate(room->fd, 0, octets) == 0)
        atomic_store(&room->held, (unsigned)(octets / PIECE_OCTETS));
    const enum rc rc = refill(room, err);
    if (rc != RC_OK && rc != RC_FULL) {
        room_close(room);
        return rc;
    }
    *out = room;
    return RC_OK;
}

void
room_close(struct room *room)
{
    if (room == NULL)
        return;
    close(room->fd);
    free(room);
}

bool
room_give(struct room *room)
{
    if (room == NULL)
        return false;
    unsigned held = atomic_load(&room->held);
    do {
        if (held == 0)
            return false;
    } while (!atomic_compare_exchange_weak(&room->held, &held, held - 1));
    return ftruncate(room->fd, (off_t)(held - 1) * PIECE_OCTETS) == 0;
}

bool
room_is_wanted(struct room *room)
{
    struct statvfs fs;

    if (room == NULL || fstatvfs(room->fd, &fs) != 0)
        return false;
    return (uint64_t)fs.f_bavail * fs.f_frsize < LIMIT_DISK_RESERVE;
}

bool
room_is_short(struct room *room)
{
    if (room == NULL || atomic_load(&room->held) == PIECES)
        return false;
    if (!atomic_flag_test_and_set(&room->refilling)) {
        (void)refill(room, NULL);
        atomic_flag_clear(&room->refilling);
    }
    return atomic_load(&room->held) < PIECES;
}
