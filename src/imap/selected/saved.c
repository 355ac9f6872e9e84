/* SPDX-License-Identifier: MIT */
/*
 * The saved search result `$` (RFC 5182), as packed runs of UIDs (packed_uids.h), kept while
 * the session is parked. Within a run, every UID belongs to one of its messages or to a message
 * that is gone, and no UID is ever used twice, so a result does not change when messages are
 * expunged or arrive.
 */
#include "imap/selected/packed_uids.h"
#include "imap/selected/search_private.h"

#include <stdlib.h>

/* ---- packing ---- */

void
imap_saved_forget(struct imap_session *im)
{
    free(im->saved);
    im->saved = NULL;
}

struct span
imap_saved_span(const struct imap_session *im)
{
    return im->saved == NULL ? SPAN("") : span_of(im->saved->octets, im->saved->len);
}

bool
imap_saved_set(struct imap_session *im, struct span packed)
{
    size_t runs = 0;

    imap_saved_forget(im);
    if (packed.len == 0)
        return true;
    if (packed.len > LIMIT_SAVED_OCTETS || !uids_check(packed, &runs))
        return false;
    im->saved = malloc(sizeof *im->saved + packed.len);
    if (im->saved == NULL)
        return false;
    im->saved->runs = (uint32_t)runs;
    im->saved->len = (uint32_t)packed.len;
    memcpy(im->saved->octets, packed.ptr, packed.len);
    return true;
}

enum rc
imap_saved_runs(const struct imap_session *im, struct arena *arena, struct uid_run **runs_out,
                size_t *count_out)
{
    const size_t count = im->saved == NULL ? 0 : im->saved->runs;
    struct uid_run *runs = arena_array(arena, struct uid_run, count + 1);
    struct uids_reader reader = uids_reader(imap_saved_span(im));
    size_t i = 0;

    if (runs == NULL)
        return RC_LIMIT;
    while (i < count && uids_read(&reader, &runs[i]))
        i++;
    *runs_out = runs;
    *count_out = i;
    return RC_OK;
}

/* ---- what a search saves ---- */

struct saving {
    const struct imap_session *im;
    struct buf packed;
    struct uids_writer writer;
    struct uid_run run; /* not packed yet; first 0: none */
    uint32_t last_seq;  /* its last sequence number */
};

static void
run_end(struct saving *saving)
{
    if (saving->run.first == 0)
        return;
    uids_write(&saving->writer, saving->run);
    saving->run.first = 0;
}

static uint32_t
uid_at(const struct saving *saving, uint32_t seq)
{
    struct version_run run;

    version_run_at(saving->im->view.members, seq, &run);
    return run.uids[0];
}

/* Adds a run. Runs come in ascending order. */
static void
seqs_save(struct saving *saving, uint32_t first, uint32_t last)
{
    const struct uid_run run = {uid_at(saving, first), uid_at(saving, last)};

    if (saving->run.first != 0 && first <= saving->last_seq + 1) {
        if (last > saving->last_seq)
            saving->run.last = run.last;
    } else {
        run_end(saving);
        saving->run = run;
    }
    if (last > saving->last_seq)
        saving->last_seq = last;
}

/* Adds results of a search, which are in the order of the mailbox. */
static void
places_save(struct saving *saving, const struct search *search, struct search_places places)
{
    struct view_run seqs;
    uint32_t pos = 0;
    uint32_t at = 0; /* place of the first result in the run */

    while (places.count > 0 && search_next_run(search, &pos, &seqs)) {
        const uint32_t length = seqs.last - seqs.first + 1;
        if (places.first < at + length) {
            const uint32_t skip = places.first - at;
            const uint32_t rest = length - skip;
            const uint32_t count = places.count < rest ? places.count : rest;
            seqs_save(saving, seqs.first + skip, seqs.first + skip + count - 1);
            places.first += count;
            places.count -= count;
        }
        at += length;
    }
}

static int
compare_numbers(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

/* Adds some results of a SORT, in the order of the mailbox. */
static enum rc
sorted_save(struct saving *saving, struct arena *arena, const struct imap_search_req *req,
            const struct search_run *run, struct search_places places)
{
    const uint32_t last = search_count(run->search) - 1;
    uint32_t *numbers = arena_array(arena, uint32_t, (size_t)places.count + 2);
    size_t count = 0;

    if (numbers == NULL)
        return RC_LIMIT;
    for (uint32_t i = 0; i < places.count; i++)
        numbers[count++] = order_number(run->order, places.first + i);
    if ((req->returns & IMAP_SEARCH_MIN) != 0)
        numbers[count++] = order_number(run->order, 0);
    if ((req->returns & IMAP_SEARCH_MAX) != 0)
        numbers[count++] = order_number(run->order, last);
    qsort(numbers, count, sizeof numbers[0], compare_numbers);
    for (size_t i = 0; i < count; i++) {
        const uint32_t seq =
            req->is_uid ? version_find_uid(saving->im->view.members, numbers[i]) : numbers[i];
        seqs_save(saving, seq, seq);
    }
    return RC_OK;
}

static enum rc
found_save(struct saving *saving, struct arena *arena, const struct imap_search_req *req,
           const struct search_run *run)
{
    const uint32_t count = search_count(run->search);
    const unsigned some = IMAP_SEARCH_MIN | IMAP_SEARCH_MAX | IMAP_SEARCH_PARTIAL;
    const unsigned all = IMAP_SEARCH_ALL | IMAP_SEARCH_COUNT;
    struct search_places places = {0, 0};

    if (count == 0)
        return RC_OK;
    if ((req->returns & all) != 0 || (req->returns & some) == 0) {
        places_save(saving, run->search, (struct search_places){0, count});
        return RC_OK;
    }
    if ((req->returns & IMAP_SEARCH_PARTIAL) != 0)
        places = search_partial_places(&req->partial, count);
    if (run->order != NULL)
        return sorted_save(saving, arena, req, run, places);
    if ((req->returns & IMAP_SEARCH_MIN) != 0)
        places_save(saving, run->search, (struct search_places){0, 1});
    places_save(saving, run->search, places);
    if ((req->returns & IMAP_SEARCH_MAX) != 0)
        places_save(saving, run->search, (struct search_places){count - 1, 1});
    return RC_OK;
}

enum rc
search_save(struct imap_session *im, const struct imap_search_req *req,
            const struct search_run *run)
{
    struct saving saving = {.im = im};

    imap_saved_forget(im);
    buf_init(&saving.packed, LIMIT_SAVED_OCTETS + 1);
    saving.writer = uids_writer(&saving.packed);
    enum rc rc = found_save(&saving, &im->work->arena, req, run);
    run_end(&saving);
    if (rc == RC_OK &&
        (!buf_ok(&saving.packed) || !imap_saved_set(im, buf_span(&saving.packed))))
        rc = RC_LIMIT;
    buf_done(&saving.packed);
    return rc;
}
