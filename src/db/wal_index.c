/* SPDX-License-Identifier: MIT */
/*
 * See the header. The table of indexes is guarded by table_lock, each index by its own lock,
 * never both at once. System calls under an index's lock are those that do not wait for disk:
 * F_SETLK, F_GETLK, fstat, and open of a small file. Nobody else in this process may open and
 * close a -shm file while a hold lasts: closing any descriptor of a file drops all POSIX locks.
 */
#include "db/wal_index.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/rc.h"

enum {
    ATTACH_BYTE = 128, /* "DMS" of SQLite's os_unix.c: 120 + 8 locks */
    PATH_OCTETS = 4096,
    LOG_KEEP_OCTETS = 512 << 10,
    MOVED_REGIONS = 2, /* of an index that goes elsewhere, at the most */
};

struct wal_index {
    char *path; /* owned */
    struct lock lock;
    atomic_bool stale;
    atomic_int begin; /* enum wal_begin */
    atomic_int_fast64_t log_keep;

    /* Guard: table_lock. */
    unsigned refs;

    /* Guard: lock. */
    enum wal_index_mode mode;
    int fd; /* the -shm file, for its lock only; -1 */
    unsigned holds;
    unsigned shared[WAL_INDEX_LOCKS];
    bool exclusive[WAL_INDEX_LOCKS];
    void **regions; /* owned */
    unsigned region_count;
    size_t region_octets; /* of each */
};

static struct lock table_lock;
static struct map table; /* path to the index that is not stale */

static void
table_init(void)
{
    lock_init(&table_lock, LOCK_LEAF);
    map_init(&table);
}

static struct wal_index *
index_new(const char *path)
{
    struct wal_index *index = calloc(1, sizeof *index);

    if (index == NULL)
        return NULL;
    index->path = strdup(path);
    if (index->path == NULL) {
        free(index);
        return NULL;
    }
    lock_init(&index->lock, LOCK_LEAF);
    atomic_init(&index->log_keep, LOG_KEEP_OCTETS);
    index->fd = -1;
    index->refs = 1;
    return index;
}

static void
file_close(struct wal_index *index)
{
    close(index->fd);
    index->fd = -1;
}

/* Its file is closed by now. */
static void
index_free(struct wal_index *index)
{
    if (index == NULL)
        return;
    for (unsigned i = 0; i < index->region_count; i++)
        memory_give(MEMORY_SQLITE, index->regions[i]);
    free(index->regions);
    lock_done(&index->lock);
    free(index->path);
    free(index);
}

struct wal_index *
wal_index_get(const char *path)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct span key = span_of_str(path);

    pthread_once(&once, table_init);
    struct wal_index *fresh = index_new(path);
    if (fresh == NULL)
        return NULL;
    lock_enter(&table_lock);
    struct wal_index *index = map_get(&table, key);
    if (index != NULL && !atomic_load(&index->stale)) {
        index->refs++;
    } else if (map_put(&table, key, fresh) == RC_OK) {
        index = fresh; /* a stale one lives on until its handles are closed */
        fresh = NULL;
    } else {
        index = NULL;
    }
    lock_leave(&table_lock);
    index_free(fresh);
    return index;
}

void
wal_index_put(struct wal_index *index)
{
    if (index == NULL)
        return;
    const struct span key = span_of_str(index->path);

    lock_enter(&table_lock);
    CHECK(index->refs > 0);
    const bool last = --index->refs == 0;
    if (last && map_get(&table, key) == index)
        (void)map_take(&table, key);
    /* Before anybody can get the next index of this path: closed later, it would drop that
     * one's lock. */
    if (last && index->fd >= 0)
        file_close(index);
    lock_leave(&table_lock);
    if (last)
        index_free(index);
}

/* ---- keeping other programs out ---- */

static int
file_open(const char *path)
{
    char name[PATH_OCTETS];

    const int len = snprintf(name, sizeof name, "%s-shm", path);
    CHECK(len > 0 && (size_t)len < sizeof name);
    return open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static struct flock
attach_lock(short type)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = ATTACH_BYTE, .l_len = 1};
}

static enum rc
become_stale(struct wal_index *index)
{
    file_close(index);
    index->mode = WAL_INDEX_STALE;
    atomic_store(&index->stale, true);
    return RC_GONE;
}

/* Somebody else has the byte. */
static enum rc
settle_refused(struct wal_index *index)
{
    struct flock other = attach_lock(F_WRLCK);

    if (fcntl(index->fd, F_GETLK, &other) != 0)
        return RC_IO;
    if (other.l_type != F_RDLCK)
        return RC_BUSY; /* just attaching, or just gone */
    if (index->mode == WAL_INDEX_PRIVATE)
        return become_stale(index);
    file_close(index); /* SQLite opens it itself */
    index->mode = WAL_INDEX_PUBLIC;
    return RC_OK;
}

/* The first hold. The lock is held. */
static enum rc
keep_out(struct wal_index *index)
{
    struct flock own = attach_lock(F_WRLCK);
    struct stat st;

    if (index->fd < 0)
        index->fd = file_open(index->path);
    if (index->fd < 0)
        return rc_of_errno(errno);
    if (fcntl(index->fd, F_SETLK, &own) != 0)
        return errno == EACCES || errno == EAGAIN ? settle_refused(index) : RC_IO;
    if (fstat(index->fd, &st) != 0)
        return RC_IO;
    if (st.st_nlink == 0) { /* another program was the last one out */
        if (index->mode == WAL_INDEX_PRIVATE)
            return become_stale(index);
        file_close(index);
        return RC_BUSY;
    }
    if (st.st_size != 0) {
        if (index->mode == WAL_INDEX_PRIVATE)
            return become_stale(index);
        if (ftruncate(index->fd, 0) != 0)
            return RC_IO;
    }
    index->mode = WAL_INDEX_PRIVATE;
    return RC_OK;
}

enum rc
wal_index_hold(struct wal_index *index)
{
    enum rc rc = RC_OK;

    lock_enter(&index->lock);
    if (index->mode == WAL_INDEX_STALE)
        rc = RC_GONE;
    else if (index->mode != WAL_INDEX_PUBLIC && index->holds == 0)
        rc = keep_out(index);
    if (rc == RC_OK)
        index->holds++;
    lock_leave(&index->lock);
    return rc;
}

/* Cannot fail for a lock that is there. */
static void
let_in(struct wal_index *index)
{
    struct flock none = attach_lock(F_UNLCK);

    (void)fcntl(index->fd, F_SETLK, &none);
}

void
wal_index_release(struct wal_index *index)
{
    lock_enter(&index->lock);
    CHECK(index->holds > 0);
    if (--index->holds == 0 && index->mode == WAL_INDEX_PRIVATE)
        let_in(index);
    lock_leave(&index->lock);
}

/* ---- from one database to another ---- */

static bool
may_leave(struct wal_index *index)
{
    lock_enter(&index->lock);
    const bool may = index->mode == WAL_INDEX_PRIVATE && index->holds == 0 &&
                     index->region_count <= MOVED_REGIONS;
    lock_leave(&index->lock);
    return may;
}

/* As when it was made, but for the memory, to which SQLite has pointers: it is zeros. */
static void
forget(struct wal_index *index)
{
    lock_enter(&index->lock);
    for (unsigned at = 0; at < WAL_INDEX_LOCKS; at++)
        CHECK(index->shared[at] == 0 && !index->exclusive[at]);
    for (unsigned i = 0; i < index->region_count; i++)
        memset(index->regions[i], 0, index->region_octets);
    index->mode = WAL_INDEX_UNDECIDED;
    lock_leave(&index->lock);
    atomic_store(&index->begin, WAL_BEGIN_UNKNOWN);
    atomic_store(&index->log_keep, LOG_KEEP_OCTETS);
}

bool
wal_index_leave(struct wal_index *index)
{
    if (!may_leave(index))
        return false;
    lock_enter(&table_lock);
    const bool sole = index->refs == 1;
    if (sole) {
        CHECK(map_take(&table, span_of_str(index->path)) == index);
        file_close(index); /* as in wal_index_put */
    }
    lock_leave(&table_lock);
    if (sole)
        forget(index);
    return sole;
}

enum rc
wal_index_move(struct wal_index *index, const char *path)
{
    const struct span key = span_of_str(path);
    char *copy = strdup(path);
    enum rc rc = copy == NULL ? RC_LIMIT : RC_EXISTS;

    if (copy == NULL)
        return rc;
    lock_enter(&table_lock);
    if (map_get(&table, key) == NULL)
        rc = map_put(&table, key, index);
    if (rc == RC_OK) {
        char *const before = index->path;
        index->path = copy;
        copy = before;
    }
    lock_leave(&table_lock);
    free(copy);
    return rc;
}

enum wal_index_mode
wal_index_mode(struct wal_index *index)
{
    lock_enter(&index->lock);
    const enum wal_index_mode mode = index->mode;
    lock_leave(&index->lock);
    return mode;
}

bool
wal_index_is_stale(const struct wal_index *index)
{
    return atomic_load(&index->stale);
}

/* ---- memory ---- */

static enum rc
region_add(struct wal_index *index, size_t octets)
{
    if (index->region_count == WAL_INDEX_REGIONS)
        return RC_LIMIT;
    void **grown = realloc(index->regions, (index->region_count + 1) * sizeof *grown);
    if (grown == NULL)
        return RC_LIMIT;
    index->regions = grown;
    /* Not calloc: jemalloc would give the pages back to the system and have them filled with
     * zeros there, which stops all threads for a moment and then costs a fault for each page.
     */
    void *region = memory_take(MEMORY_SQLITE, octets);
    if (region == NULL)
        return RC_LIMIT;
    memset(region, 0, octets);
    index->region_octets = octets;
    grown[index->region_count++] = region;
    return RC_OK;
}

enum rc
wal_index_map(struct wal_index *index, unsigned number, size_t octets, bool extend,
              volatile void **out)
{
    enum rc rc = RC_OK;

    lock_enter(&index->lock);
    while (rc == RC_OK && extend && index->region_count <= number)
        rc = region_add(index, octets);
    if (rc == RC_OK)
        *out = number < index->region_count ? index->regions[number] : NULL;
    lock_leave(&index->lock);
    return rc;
}

void *
wal_index_memory(struct wal_index *index, unsigned number)
{
    lock_enter(&index->lock);
    void *memory = number < index->region_count ? index->regions[number] : NULL;
    lock_leave(&index->lock);
    return memory;
}

/* ---- locks between our handles ---- */

static bool
is_free(const struct wal_index *index, const struct wal_index_locks *own, unsigned at,
        bool exclusive)
{
    const unsigned others = index->shared[at] - (own->shared >> at & 1u);

    if (index->exclusive[at] && (own->exclusive >> at & 1u) == 0)
        return false;
    return !exclusive || others == 0;
}

enum rc
wal_index_lock(struct wal_index *index, struct wal_index_locks *own, unsigned first,
               unsigned count, bool exclusive)
{
    bool all = true;

    CHECK(first + count <= WAL_INDEX_LOCKS);
    lock_enter(&index->lock);
    for (unsigned at = first; at < first + count; at++)
        all = all && is_free(index, own, at, exclusive);
    for (unsigned at = first; all && at < first + count; at++) {
        const unsigned bit = 1u << at;
        if (exclusive) {
            index->exclusive[at] = true;
            own->exclusive |= bit;
        } else if ((own->shared & bit) == 0) {
            index->shared[at]++;
            own->shared |= bit;
        }
    }
    lock_leave(&index->lock);
    return all ? RC_OK : RC_BUSY;
}

void
wal_index_unlock(struct wal_index *index, struct wal_index_locks *own, unsigned first,
                 unsigned count)
{
    CHECK(first + count <= WAL_INDEX_LOCKS);
    lock_enter(&index->lock);
    for (unsigned at = first; at < first + count; at++) {
        const unsigned bit = 1u << at;
        if ((own->shared & bit) != 0)
            index->shared[at]--;
        if ((own->exclusive & bit) != 0)
            index->exclusive[at] = false;
        own->shared &= ~bit;
        own->exclusive &= ~bit;
    }
    lock_leave(&index->lock);
}

enum wal_begin
wal_index_begin_get(const struct wal_index *index)
{
    return (enum wal_begin)atomic_load(&index->begin);
}

void
wal_index_begin_set(struct wal_index *index, enum wal_begin begin)
{
    atomic_store(&index->begin, (int)begin);
}

int64_t
wal_index_log_keep(const struct wal_index *index)
{
    return atomic_load(&index->log_keep);
}

void
wal_index_set_log_keep(struct wal_index *index, int64_t octets)
{
    atomic_store(&index->log_keep, octets);
}
