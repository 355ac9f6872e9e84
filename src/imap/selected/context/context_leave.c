/* SPDX-License-Identifier: MIT */
/*
 * REMOVEFROM of results that are expunged. It is sent immediately before the EXPUNGE or
 * VANISHED, while its sequence numbers are still valid (RFC 5267 section 4.3.4). Where expunges
 * must wait, the messages stay among the results, as any other search would still find them.
 *
 *   compare -> for each context: look -> REMOVEFROM
 */
#include "imap/selected/context/context.h"
#include "imap/selected/packed_uids.h"

struct leave_run {
    struct imap_context *at;   /* the context whose lines are being written; NULL: none */
    struct imap_context *next; /* the next context to be looked at */
    struct view_run *gone;     /* messages that the sync tells as expunged */
    size_t gone_count;
    struct context_lines lines;
};

/* Ends all contexts, because nobody can say what their clients must forget. */
static void
refuse_all(struct imap_session *im)
{
    while (im->contexts != NULL)
        imap_context_refuse(im, im->contexts, "Out of memory");
}

/* False: the sync tells no expunges, or there is no context any more. */
static bool
compare(struct imap_session *im, struct leave_run **run_out)
{
    struct arena *arena = &im->work->arena;
    const struct version *from;
    const struct version *to;

    if (!sync_tells_expunges(im->work->sync, &from, &to) || from == NULL)
        return false;
    struct leave_run *run = arena_new(arena, struct leave_run);
    if (run == NULL ||
        touched_expunged(from, to, arena, &run->gone, &run->gone_count) != RC_OK) {
        refuse_all(im);
        return false;
    }
    run->next = im->contexts;
    *run_out = run;
    return run->gone_count > 0;
}

static uint32_t
numbers_in(const struct view_run *runs, size_t count)
{
    uint32_t numbers = 0;

    for (size_t i = 0; i < count; i++)
        numbers += runs[i].last - runs[i].first + 1;
    return numbers;
}

/* Moves on to the next context. */
static void
look(struct imap_session *im, struct leave_run *run)
{
    struct touched_runs left = {.arena = &im->work->arena};

    run->at = run->next;
    run->next = run->at->next;
    run->lines = (struct context_lines){.count = 0};
    if (uids_within(im->view.members, run->gone, run->gone_count, context_found(run->at),
                    &left) != RC_OK) {
        imap_context_refuse(im, run->at, "Out of memory");
        return;
    }
    run->at->gone += numbers_in(left.runs, left.count);
    run->lines = (struct context_lines){.runs = left.runs, .count = left.count};
}

enum imap_step
imap_contexts_leave_step(struct imap_session *im)
{
    struct imap_work *work = im->work;
    struct leave_run *run = work->tell_run;

    if (run == NULL) {
        if (work->sync == NULL || im->contexts == NULL || !compare(im, &run))
            return STEP_DONE;
        work->tell_run = run;
    }
    while (run->next != NULL || run->lines.at < run->lines.count) {
        if (run->lines.at == run->lines.count)
            look(im, run);
        const enum imap_step step =
            imap_context_write(im, run->at, SPAN("REMOVEFROM"), &run->lines);
        if (step != STEP_DONE)
            return step;
    }
    work->tell_run = NULL;
    return STEP_DONE;
}
