/* SPDX-License-Identifier: MIT */
/* Runs of sequence numbers by themselves, without the view that they are of. See view.h. */
#include "mailbox/view.h"

bool
view_runs_cut(struct view_run **runs, size_t *count, uint32_t most)
{
    size_t begin = *count;
    uint32_t room = most;

    while (begin > 0 && room > 0) {
        struct view_run *run = &(*runs)[--begin];
        const uint32_t length = run->last - run->first + 1;
        if (length > room) {
            run->first = run->last - room + 1;
            *runs += begin;
            *count -= begin;
            return true;
        }
        room -= length;
    }
    *runs += begin;
    *count -= begin;
    return begin > 0;
}
