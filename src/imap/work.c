/* SPDX-License-Identifier: MIT */
/*
 * Life of a command's memory: made with the command, freed in one place when its answer is
 * complete, so that a parked session keeps nothing of it.
 */
#include "imap/imap_session.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"

struct imap_work *
imap_work_get(struct imap_session *im)
{
    if (im->work != NULL)
        return im->work;
    struct imap_work *work = calloc(1, sizeof *work);
    if (work == NULL)
        return NULL;
    arena_init(&work->arena, LIMIT_CMD_ARENA);
    arena_init(&work->sync_arena, LIMIT_CMD_ARENA);
    im->work = work;
    return work;
}

void
imap_work_drop(struct imap_session *im)
{
    struct imap_work *work = im->work;

    if (work == NULL)
        return;
    CHECK(work->turn == NULL && !work->slot_queued && work->abandon == NULL);
    sync_end(work->sync); /* NULL but when the session ends in the middle of one */
    for (size_t i = 0; i < work->spool_count; i++)
        spool_done(&work->spools[i]);
    free(work->spools);
    arena_done(&work->sync_arena);
    arena_done(&work->arena);
    free(work);
    im->work = NULL;
}
