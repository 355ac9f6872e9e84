/* SPDX-License-Identifier: MIT */
/*
 * See the header. Memory grows in whole steps of the budget, so that 10,000 half-sent literals
 * take at most the budget. Thread: the session that owns the spool.
 */
#include "session/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/limits.h"

enum { BUDGET_STEP = 16384 };

void
spool_init(struct spool *spool, const struct spool_place *place)
{
    *spool = (struct spool){.place = place, .fd = -1};
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

static void
map_drop(struct spool *spool)
{
    if (spool->map != NULL)
        munmap(spool->map, spool->octets);
    spool->map = NULL;
}

void
spool_done(struct spool *spool)
{
    map_drop(spool);
    fd_close(&spool->fd);
    memory_give(spool);
    spool_init(spool, spool->place);
}

/* True when data went to memory; false when it must go to the file. */
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
    spool->fd = open(spool->place->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (spool->fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "spool in %s", spool->place->dir);
    const enum rc rc = fd_write_all(spool->fd, buf_span(&spool->memory), err);
    memory_give(spool);
    return rc;
}

enum rc
spool_append(struct spool *spool, struct span data, struct err *err)
{
    map_drop(spool);
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

enum rc
spool_read(struct spool *spool, struct span *text_out, struct err *err)
{
    if (spool->fd < 0) {
        *text_out = buf_span(&spool->memory);
        return RC_OK;
    }
    if (spool->map == NULL && spool->octets > 0) {
        void *map = mmap(NULL, spool->octets, PROT_READ, MAP_PRIVATE, spool->fd, 0);
        if (map == MAP_FAILED)
            return err_set(err, rc_of_errno(errno), errno, "spool: map %ju octets",
                           (uintmax_t)spool->octets);
        spool->map = map;
    }
    *text_out = span_of(spool->map, spool->octets);
    return RC_OK;
}
