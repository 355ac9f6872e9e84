/* SPDX-License-Identifier: MIT */
/*
 * The log of a database that was opened through db/vfs.h.
 *
 * Emptying a log. SQLite truncates it; then the next commit writes the log's header, syncs,
 * writes the frames and syncs again. The first of these syncs keeps a new header and new frames
 * from meeting old frames after a power loss: were an old header still there, a prefix of the
 * old log would be taken for the truth. Here the file keeps its blocks, and so later commits
 * change no metadata; what SQLite calls truncation is
 *
 *     1. zeros over the header: no log begins with them
 *     2. sync
 *     3. a long file is cut; EMPTY_MARK over the zeros
 *
 * Whoever finds the mark, after a crash too, knows that 2 has happened, so that no old header
 * can come back from under a power loss: the disk has zeros or the mark, and neither makes a
 * log. Then the header's own sync is left out and the one of the commit does for both
 * (INV-S12). The mark says so only as long as nobody has written behind it: `begin` becomes
 * UNKNOWN before anything is written, and only the mark in the file makes it EMPTY again.
 *
 * A handle that was moved here (db/vfs_move.c) reads a log without a header as one of
 * generation 0 and without frames, as a handle that was just opened does.
 *
 * Gathering. Frames are held in `held` and go out in one write before everything that could
 * look at them or make a promise about them: xSync, xRead, xFileSize, xTruncate of the log;
 * xShmLock, xShmBarrier and xShmUnmap of its database. A write that fails then is told by the
 * call that needed it. That call may be a read, after which SQLite lets the transaction go on
 * as if only the read had failed, with frames in the index that are not in the file. So every
 * later call of this handle is told too (`failed`), until it gives the write lock back: such a
 * transaction is never committed (INV-S15).
 *
 * Thread: the handle's; vfs_log_octets and vfs_empty_log: any.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/span.h"
#include "base/disk.h"
#include "db/log_header.h"
#include "db/log_memo.h"
#include "db/vfs.h"
#include "db/vfs_private.h"

enum {
    HELD_MAX = 120 << 10, /* below malloc's threshold for maps of their own */
    SPARE_BUFFERS = 16,
};

#define EMPTY_MARK "roost: nothing is in this log \r\n"
static const char empty_mark[LOG_HEADER_OCTETS + 1] = EMPTY_MARK;

static pthread_mutex_t spare_mutex = PTHREAD_MUTEX_INITIALIZER;
static char *spare[SPARE_BUFFERS]; /* guard: spare_mutex */
static unsigned spare_count;

static char *
buffer_take(void)
{
    char *buffer = NULL;

    pthread_mutex_lock(&spare_mutex);
    if (spare_count > 0)
        buffer = spare[--spare_count];
    pthread_mutex_unlock(&spare_mutex);
    return buffer != NULL ? buffer : malloc(HELD_MAX);
}

static void
buffer_give(char *buffer)
{
    pthread_mutex_lock(&spare_mutex);
    if (spare_count < SPARE_BUFFERS) {
        spare[spare_count++] = buffer;
        buffer = NULL;
    }
    pthread_mutex_unlock(&spare_mutex);
    free(buffer);
}

/* Writes what is held of a log. */
int
vfs_log_flush(struct vfs_file *log)
{
    if (log == NULL)
        return SQLITE_OK;
    if (log->failed != SQLITE_OK)
        return log->failed;
    if (log->held_octets == 0)
        return SQLITE_OK;
    wal_index_begin_set(log->index, WAL_BEGIN_UNKNOWN);
    log->failed =
        vfs_file_write(&log->pass.base, log->held, (int)log->held_octets, log->held_at);
    log->held_octets = 0;
    buffer_give(log->held);
    log->held = NULL;
    return log->failed;
}

void
vfs_log_forget_failure(struct vfs_file *log)
{
    if (log != NULL)
        log->failed = SQLITE_OK;
}

static int
log_close(sqlite3_file *file)
{
    struct vfs_file *log = vfs_file_of(file);

    (void)vfs_log_flush(log); /* frames of no commit: their loss would do no harm */
    free(log->held);
    ahead_end(&log->ahead);
    if (log->other != NULL)
        log->other->other = NULL;
    return pass_close(file);
}

/* A short file reads as if it went on with zeros. */
static int
header_read(struct vfs_file *log, unsigned char header[LOG_HEADER_OCTETS])
{
    const int result =
        log->pass.real->pMethods->xRead(log->pass.real, header, LOG_HEADER_OCTETS, 0);

    return result == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : result;
}

/* SQLite remembers the generation and the salts of the log before. It reads them anew from any
 * header; where there is none, it would count on from there, and this log would get salts that
 * an earlier one may have had (INV-S20). So it is given a header to read. */
static void
header_replace(struct vfs_file *log, unsigned char header[LOG_HEADER_OCTETS])
{
    unsigned char salt[8];

    sqlite3_randomness(sizeof salt, salt);
    log_header_blank(header, log->arriving_page_octets, salt);
}

/* SQLite makes the index anew, and so holds the log's write lock. */
static int
recovery_begin(struct vfs_file *log, unsigned char header[LOG_HEADER_OCTETS])
{
    const int result = header_read(log, header);

    if (result != SQLITE_OK)
        return result;
    const bool empty = memcmp(header, empty_mark, LOG_HEADER_OCTETS) == 0;
    wal_index_begin_set(log->index, empty ? WAL_BEGIN_EMPTY : WAL_BEGIN_UNKNOWN);
    if (!empty)
        ahead_begin(&log->ahead);
    if (log->arriving_page_octets != 0 && !log_header_is_one(header))
        header_replace(log, header);
    log->arriving_page_octets = 0;
    log->was_read = true;
    return SQLITE_OK;
}

static int
log_read(sqlite3_file *file, void *dst, int octets, sqlite3_int64 offset)
{
    struct vfs_file *log = vfs_file_of(file);
    const int result = vfs_log_flush(log);

    if (result != SQLITE_OK)
        return result;
    if (offset == 0 && octets == LOG_HEADER_OCTETS)
        return recovery_begin(log, dst);
    return ahead_read(&log->ahead, log->pass.real, dst, octets, offset);
}

static int
log_write(sqlite3_file *file, const void *src, int octets, sqlite3_int64 offset)
{
    struct vfs_file *log = vfs_file_of(file);
    const bool follows = log->held_octets != 0 &&
                         offset == log->held_at + (int64_t)log->held_octets &&
                         (size_t)octets <= HELD_MAX - log->held_octets;

    ahead_end(&log->ahead);
    if (!follows) {
        const int result = vfs_log_flush(log);
        if (result != SQLITE_OK)
            return result;
        if (octets <= HELD_MAX && log->held == NULL)
            log->held = buffer_take();
        if (octets > HELD_MAX || log->held == NULL) {
            wal_index_begin_set(log->index, WAL_BEGIN_UNKNOWN);
            return vfs_file_write(&log->pass.base, src, octets, offset);
        }
        log->held_at = offset;
    }
    memcpy(log->held + log->held_octets, src, (size_t)octets);
    log->held_octets += (size_t)octets;
    return SQLITE_OK;
}

static bool
begins_empty(const struct vfs_file *log)
{
    return wal_index_begin_get(log->index) == WAL_BEGIN_EMPTY &&
           wal_index_mode(log->index) == WAL_INDEX_PRIVATE;
}

/* What SQLite calls truncating to nothing; see above. */
static int
log_empty(struct vfs_file *log)
{
    static const char zeros[LOG_HEADER_OCTETS];
    sqlite3_int64 size = 0;

    if (begins_empty(log))
        return SQLITE_OK;
    int result = log->pass.real->pMethods->xFileSize(log->pass.real, &size);
    if (result == SQLITE_OK)
        result = vfs_file_write(&log->pass.base, zeros, LOG_HEADER_OCTETS, 0);
    if (result == SQLITE_OK)
        result = vfs_file_sync(&log->pass.base, SQLITE_SYNC_NORMAL);
    /* Not before: a power loss that kept the cut and lost the zeros would leave the first part
     * of a log whose later frames are in the database already. */
    if (result == SQLITE_OK && size > wal_index_log_keep(log->index))
        result = vfs_file_truncate(&log->pass.base, wal_index_log_keep(log->index));
    if (result == SQLITE_OK)
        result = vfs_file_write(&log->pass.base, empty_mark, LOG_HEADER_OCTETS, 0);
    if (result == SQLITE_OK)
        wal_index_begin_set(log->index, WAL_BEGIN_EMPTY);
    return result;
}

static int
log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct vfs_file *log = vfs_file_of(file);
    const int result = vfs_log_flush(log);

    ahead_end(&log->ahead);
    if (result != SQLITE_OK)
        return result;
    return size == 0 ? log_empty(log) : vfs_file_truncate(&log->pass.base, size);
}

static int
log_sync(sqlite3_file *file, int flags)
{
    struct vfs_file *log = vfs_file_of(file);

    if (log->failed == SQLITE_OK && log->held_octets == LOG_HEADER_OCTETS &&
        log->held_at == 0 && begins_empty(log))
        return SQLITE_OK; /* goes out with the frames, before the sync of the commit */
    const int result = vfs_log_flush(log);
    return result == SQLITE_OK ? vfs_file_sync(&log->pass.base, flags) : result;
}

/* No frame can be behind what is no header; SQLite looks at a header only in a longer file. */
static int
arriving_size(struct vfs_file *log, sqlite3_int64 *size_out)
{
    unsigned char header[LOG_HEADER_OCTETS];
    int result = pass_size(&log->pass.base, size_out);

    if (result == SQLITE_OK)
        result = header_read(log, header);
    if (result == SQLITE_OK && (*size_out <= LOG_HEADER_OCTETS || !log_header_is_one(header)))
        *size_out = LOG_HEADER_OCTETS + 1;
    return result;
}

static int
log_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    struct vfs_file *log = vfs_file_of(file);
    const int result = vfs_log_flush(log);

    if (result != SQLITE_OK)
        return result;
    return log->arriving_page_octets != 0 ? arriving_size(log, size_out)
                                          : pass_size(file, size_out);
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    PASS_METHODS,
};

/* SQLite syncs a new log and its directory before it writes the first frame. So the name of a
 * log with frames is on disk; that of any other may be of a life that was killed before. */
static bool
has_frames(sqlite3_file *real)
{
    sqlite3_int64 octets = 0;

    return real->pMethods->xFileSize(real, &octets) == SQLITE_OK && octets > LOG_HEADER_OCTETS;
}

static int
open_real(struct vfs_file *file, const char *name, int flags, int *flags_out)
{
    int result =
        pass_open(&file->pass, name, file->reads, flags & ~SQLITE_OPEN_CREATE, flags_out);
    if (result == SQLITE_OK && (flags & SQLITE_OPEN_CREATE) != 0 &&
        !has_frames(file->pass.real)) {
        (void)pass_close(&file->pass.base);
        result = pass_open(&file->pass, name, file->reads, flags, flags_out);
        file->name_unsynced = result == SQLITE_OK;
    } else if (result != SQLITE_OK && (flags & SQLITE_OPEN_CREATE) != 0) {
        result = pass_open(&file->pass, name, file->reads, flags, flags_out);
        file->name_unsynced = result == SQLITE_OK;
        if (result == SQLITE_OK)
            disk_note(&(struct disk_op){.what = DISK_CREATE, .path = name});
    }
    return result;
}

int
vfs_log_open(struct vfs_file *file, struct vfs_file *main_db, const char *name, int flags,
             int *flags_out)
{
    file->reads = main_db->reads;
    const int result = open_real(file, name, flags, flags_out);

    if (file->pass.real->pMethods != NULL) {
        file->pass.base.pMethods = &log_methods;
        file->other = main_db;
        file->index = main_db->index;
        main_db->other = file;
    }
    return result;
}

int
vfs_log_arrive(struct vfs_file *log, unsigned page_octets)
{
    int flags = log->flags;
    const int result = open_real(log, log->name, log->flags, &flags);

    if (result == SQLITE_OK && (flags & SQLITE_OPEN_READONLY) != 0)
        return SQLITE_READONLY;
    log->arriving_page_octets = page_octets;
    log->was_read = false;
    return result;
}

bool
vfs_log_recall(struct vfs_file *log, const struct log_memo *memo)
{
    if (memo == NULL || !log_memo_restore(memo, log->index, log->pass.real))
        return false;
    log->arriving_page_octets = 0;
    log->was_read = true;
    return true;
}

int64_t
vfs_log_octets(const char *path)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char header[LOG_HEADER_OCTETS];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size <= LOG_HEADER_OCTETS)
        return 0;
    if (pread(fd, header, sizeof header, 0) == LOG_HEADER_OCTETS &&
        memcmp(header, empty_mark, LOG_HEADER_OCTETS) == 0)
        return 0;
    return (int64_t)st.st_size;
}

/* Longer than a header: SQLite does not look into a shorter file, and its name counts as not
 * on disk yet (open_log). */
struct span
vfs_empty_log(void)
{
    static const char log[2 * LOG_HEADER_OCTETS] = EMPTY_MARK;

    return span_of(log, sizeof log);
}
