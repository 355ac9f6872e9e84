/* SPDX-License-Identifier: MIT */
/* What a search found: counters kept on the way, and the bits as runs (search.h). */
#include "mailbox/search/search_private.h"

void
search_progress(const struct search *search, uint32_t *done_out, uint32_t *of_out)
{
    uint32_t done = 0;
    uint32_t of = 0;

    for (size_t i = 0; i < search->run_count; i++) {
        const struct view_run *run = &search->runs[i];
        const uint32_t length = run->last - run->first + 1;
        of += length;
        if (i < search->run)
            done += length;
        else if (i == search->run && search->next_seq != 0)
            done += search->next_seq - run->first;
    }
    *done_out = done;
    *of_out = of;
}

uint32_t
search_count(const struct search *search)
{
    return search->count;
}

uint32_t
search_min(const struct search *search)
{
    return search->min;
}

uint32_t
search_max(const struct search *search)
{
    return search->max;
}

uint64_t
search_max_modseq(const struct search *search)
{
    return search->max_modseq;
}

uint64_t
search_modseq_of_min(const struct search *search)
{
    return search->modseq_of_min;
}

uint64_t
search_modseq_of_max(const struct search *search)
{
    return search->modseq_of_max;
}

unsigned
search_score(const struct search *search, uint32_t place)
{
    return search->scores[place];
}

bool
search_found(const struct search *search, uint32_t seq)
{
    return (search->found[seq / 64] >> seq % 64 & 1) != 0;
}

/* The first seq at or after from whose bit is `set`; exists + 1 when there is none. */
static uint32_t
find_bit(const struct search *search, uint32_t from, bool set)
{
    const uint32_t past = search->exists + 1;

    while (from < past) {
        const uint64_t word = search->found[from / 64] ^ (set ? 0 : UINT64_MAX);
        const uint64_t rest = word >> from % 64;
        if (rest != 0) {
            const uint32_t seq = from + (uint32_t)__builtin_ctzll(rest);
            return seq < past ? seq : past;
        }
        from = (from / 64 + 1) * 64;
    }
    return past;
}

bool
search_next_run(const struct search *search, uint32_t *pos, struct view_run *run_out)
{
    const uint32_t first = find_bit(search, *pos == 0 ? 1 : *pos, true);

    if (first > search->exists)
        return false;
    const uint32_t past = find_bit(search, first, false);
    *run_out = (struct view_run){first, past - 1};
    *pos = past;
    return true;
}
