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
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/limits.h"

enum {
    PIECES = 16,
    PIECE_OCTETS = LIMIT_DISK_RESERVE / PIECES,
    START_PIECES = 1,       /* for the next start only */
    SPARE_OCTETS = 1 << 20, /* that must be free beyond what is missing, so as not to flutter */
};

struct room {
    char *path;       /* owned */
    atomic_int fd;    /* owned; -1: it could not be made yet, and no piece is held */
    atomic_uint held; /* pieces, of PIECES */
    atomic_flag refilling;
};

static bool
is_full(int os_errno)
{
    return os_errno == ENOSPC || os_errno == EDQUOT;
}

/* Octets that we could use; false: not known. */
static bool
octets_free(struct room *room, uint64_t *out)
{
    struct statvfs fs;

    if (fstatvfs(atomic_load(&room->fd), &fs) != 0)
        return false;
    *out = (uint64_t)fs.f_bavail * fs.f_frsize;
    return true;
}

/* Makes the file if it is not there yet. One thread at a time. */
static enum rc
file_open(struct room *room, struct err *err)
{
    if (atomic_load(&room->fd) >= 0)
        return RC_OK;
    const int fd = open(room->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, is_full(errno) ? RC_FULL : RC_IO, errno, "%s: open", room->path);
    atomic_store(&room->fd, fd);
    return RC_OK;
}

/* Puts blocks behind all of the file, if the disk has so many. */
static enum rc
refill(struct room *room, struct err *err)
{
    unsigned held = atomic_load(&room->held);
    uint64_t left = 0;

    if (held == PIECES)
        return RC_OK;
    const enum rc rc = file_open(room, err);
    if (rc != RC_OK)
        return rc;
    if (!octets_free(room, &left))
        return err_set(err, RC_IO, errno, "room kept for deleting: statvfs");
    if (left < (uint64_t)(PIECES - held) * PIECE_OCTETS + SPARE_OCTETS)
        return err_set(err, RC_FULL, 0, "room kept for deleting: the disk is full");
    const int os_errno = posix_fallocate(room->fd, 0, LIMIT_DISK_RESERVE);
    if (os_errno != 0) { /* it may have got some blocks */
        (void)ftruncate(room->fd, (off_t)held * PIECE_OCTETS);
        return err_set(err, is_full(os_errno) ? RC_FULL : RC_IO, os_errno,
                       "room kept for deleting: fallocate");
    }
    atomic_compare_exchange_strong(&room->held, &held, PIECES); /* or somebody gave meanwhile */
    return RC_OK;
}

/* What a crash left of it is held still, if it has its blocks: fallocate finds out. */
static void
take_what_is_there(struct room *room)
{
    const off_t octets = lseek(room->fd, 0, SEEK_END);

    if (octets > 0 && octets <= (off_t)LIMIT_DISK_RESERVE &&
        posix_fallocate(room->fd, 0, octets) == 0)
        atomic_store(&room->held, (unsigned)(octets / PIECE_OCTETS));
}

enum rc
room_open(const char *path, struct room **out, struct err *err)
{
    struct room *room = calloc(1, sizeof *room);

    if (room == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    atomic_init(&room->held, 0);
    atomic_flag_clear(&room->refilling);
    atomic_init(&room->fd, -1);
    room->path = strdup(path);
    enum rc rc =
        room->path == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : file_open(room, err);
    if (rc == RC_OK) {
        take_what_is_there(room);
        rc = refill(room, err);
    }
    if (rc != RC_OK && rc != RC_FULL) {
        room_close(room);
        return rc;
    }
    *out = room;
    return RC_OK;
}

/* A start finds what it needs, as far as the disk has it now that databases are closed. */
static void
keep_for_start(struct room *room)
{
    const int fd = atomic_load(&room->fd);

    if (fd >= 0 && atomic_load(&room->held) < START_PIECES &&
        posix_fallocate(fd, 0, (off_t)START_PIECES * PIECE_OCTETS) != 0)
        (void)!ftruncate(fd, 0);
}

void
room_close(struct room *room)
{
    if (room == NULL)
        return;
    keep_for_start(room);
    if (atomic_load(&room->fd) >= 0)
        close(atomic_load(&room->fd));
    free(room->path);
    free(room);
}

/* False: no more than that is left. */
static bool
give(struct room *room, unsigned keep)
{
    unsigned held = atomic_load(&room->held);

    do {
        if (held <= keep)
            return false;
    } while (!atomic_compare_exchange_weak(&room->held, &held, held - 1));
    return ftruncate(atomic_load(&room->fd), (off_t)(held - 1) * PIECE_OCTETS) == 0;
}

bool
room_give(struct room *room)
{
    return room != NULL && give(room, START_PIECES);
}

void
room_give_for_start(struct room *room)
{
    uint64_t left = 0;

    while (octets_free(room, &left) && left < LIMIT_START_OCTETS && give(room, 0))
        continue;
}

bool
room_is_wanted(struct room *room)
{
    uint64_t left = 0;

    if (room == NULL)
        return false;
    if (atomic_load(&room->fd) < 0)
        return true; /* there was not even room for its name */
    return octets_free(room, &left) && left < LIMIT_DISK_RESERVE;
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
