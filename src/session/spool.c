/* SPDX-License-Identifier: MIT */
/*
 * See the header. Memory grows in whole steps of the budget, so that 10,000 half-sent literals
 * take at most the budget. Thread: the session that owns the spool.
 */
#include "session/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/limits.h"

enum { BUDGET_STEP = 16384 };

void
spool_owners_init(struct spool_owners *owners, int64_t files)
{
    CHECK(files <= (int64_t)LIMIT_SPOOL_FILES);
    lock_init(&owners->lock, LOCK_BUDGET);
    owners->most = files < LIMIT_SPOOL_SHARE ? 1 : (uint32_t)files / LIMIT_SPOOL_SHARE;
    owners->count = 0;
}

void
spool_owners_done(struct spool_owners *owners)
{
    lock_done(&owners->lock);
}

/* With the lock held. NULL: the account has no file open. */
static struct spool_owner *
owner_find(struct spool_owners *owners, uint64_t account_id)
{
    for (uint32_t i = 0; i < owners->count; i++)
        if (owners->rows[i].account_id == account_id)
            return &owners->rows[i];
    return NULL;
}

/* False: the account has all the files that it may have. */
static bool
share_take(const struct spool *spool)
{
    struct spool_owners *owners = spool->place->owners;

    if (owners == NULL || spool->account_id == 0)
        return true;
    lock_enter(&owners->lock);
    struct spool_owner *owner = owner_find(owners, spool->account_id);
    if (owner == NULL) {
        CHECK(owners->count < LIMIT_SPOOL_FILES);
        owner = &owners->rows[owners->count++];
        *owner = (struct spool_owner){.account_id = spool->account_id};
    }
    const bool may = owner->files < owners->most;
    owner->files += may;
    lock_leave(&owners->lock);
    return may;
}

static void
share_give(const struct spool *spool)
{
    struct spool_owners *owners = spool->place->owners;

    if (owners == NULL || spool->account_id == 0)
        return;
    lock_enter(&owners->lock);
    struct spool_owner *owner = owner_find(owners, spool->account_id);
    CHECK(owner != NULL);
    if (--owner->files == 0)
        *owner = owners->rows[--owners->count];
    lock_leave(&owners->lock);
}

void
spool_init(struct spool *spool, const struct spool_place *place, uint64_t account_id)
{
    *spool = (struct spool){.place = place, .account_id = account_id, .fd = -1};
    buf_init(&spool->memory, LIMIT_SPOOL_MEMORY);
}

static void
memory_give(struct spool *spool)
{
    buf_done(&spool->memory);
    if (spool->budget_octets > 0)
        budget_give(spool->place->memory, spool->budget_octets);
    spool->budget_octets = 0;
}

static enum rc
file_take(struct spool *spool, struct err *err)
{
    const struct spool_place *place = spool->place;

    if (spool->file != NULL)
        return RC_OK;
    if (budget_take(place->files, 1))
        spool->file = place->files;
    else if (place->kept != NULL && budget_take(place->kept, 1))
        spool->file = place->kept;
    else
        return err_set(
            err, RC_CROWDED, 0,
            "spool: %jd large messages are being received, which is all that the limit on "
            "open files allows",
            (intmax_t)place->files->total);
    if (share_take(spool))
        return RC_OK;
    budget_give(spool->file, 1);
    spool->file = NULL;
    return err_set(err, RC_CROWDED, 0,
                   "spool: the account is sending %u large messages, which is all that one "
                   "account may have",
                   place->owners->most);
}

static void
file_give(struct spool *spool)
{
    fd_close(&spool->fd);
    spool->fd = -1;
    if (spool->file != NULL) {
        share_give(spool);
        budget_give(spool->file, 1);
    }
    spool->file = NULL;
}

void
spool_done(struct spool *spool)
{
    if (spool->map != NULL)
        munmap(spool->map, spool->octets);
    file_give(spool);
    memory_give(spool);
    spool_init(spool, spool->place, spool->account_id);
}

enum rc
spool_expect(struct spool *spool, uint64_t octets, struct err *err)
{
    return octets > LIMIT_SPOOL_MEMORY ? file_take(spool, err) : RC_OK;
}

/* True: the data went to memory. False: they must go to the file. */
static bool
append_memory(struct spool *spool, struct span data)
{
    const size_t want = buf_len(&spool->memory) + data.len;

    if (want > LIMIT_SPOOL_MEMORY)
        return false;
    if ((int64_t)want > spool->budget_octets) {
        const int64_t more = ((int64_t)want - spool->budget_octets + BUDGET_STEP - 1) /
                             BUDGET_STEP * BUDGET_STEP;
        if (!budget_take(spool->place->memory, more))
            return false;
        spool->budget_octets += more;
    }
    buf_put_span(&spool->memory, data);
    if (buf_ok(&spool->memory))
        return true;
    spool->memory.failed = false; /* the system has no memory: the file takes it */
    return false;
}

static enum rc
move_to_file(struct spool *spool, struct err *err)
{
    enum rc rc = file_take(spool, err);
    if (rc != RC_OK)
        return rc;
    spool->fd = open(spool->place->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (spool->fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "spool in %s", spool->place->dir);
    rc = fd_write_all(spool->fd, buf_span(&spool->memory), err);
    memory_give(spool);
    return rc;
}

enum rc
spool_append(struct spool *spool, struct span data, struct err *err)
{
    CHECK(spool->map == NULL);
    if (spool->fd < 0 && append_memory(spool, data)) {
        spool->octets += data.len;
        return RC_OK;
    }
    if (spool->fd < 0) {
        const enum rc rc = move_to_file(spool, err);
        if (rc != RC_OK)
            return rc;
    }
    const enum rc rc = fd_write_all(spool->fd, data, err);
    if (rc == RC_OK)
        spool->octets += data.len;
    return rc;
}

static enum rc
seal(struct spool *spool, struct err *err)
{
    if (spool->fd < 0 || spool->octets == 0)
        return RC_OK;
    void *map = mmap(NULL, spool->octets, PROT_READ, MAP_PRIVATE, spool->fd, 0);
    if (map == MAP_FAILED)
        return err_set(err, rc_of_errno(errno), errno, "spool: map %ju octets",
                       (uintmax_t)spool->octets);
    spool->map = map;
    file_give(spool);
    return RC_OK;
}

void
spool_seal(struct spool *spool)
{
    struct err err = {.rc = RC_OK};

    if (seal(spool, &err) != RC_OK)
        return; /* whoever reads it will get the error */
}

enum rc
spool_read(struct spool *spool, struct span *text_out, struct err *err)
{
    const enum rc rc = seal(spool, err);

    if (rc == RC_OK)
        *text_out =
            spool->map != NULL ? span_of(spool->map, spool->octets) : buf_span(&spool->memory);
    return rc;
}
