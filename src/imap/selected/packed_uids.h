/* SPDX-License-Identifier: MIT */
/*
 * Ascending runs of UIDs in few octets, for what a session keeps while it is parked. Each run
 * is two numbers: the distance of its first UID from the end of the run before, and its length
 * minus one. Each number is written in groups of seven bits, the low ones first.
 *
 * Thread: any.
 */
#ifndef IMAP_SELECTED_PACKED_UIDS_H
#define IMAP_SELECTED_PACKED_UIDS_H

#include "base/pack.h"
#include "mailbox/touched.h"
#include "store/store.h"

struct uids_reader {
    struct unpack in;
    uint64_t past; /* one above the last UID of the run before */
    bool damaged;
};

static inline struct uids_reader
uids_reader(struct span packed)
{
    return (struct uids_reader){.in = {.rest = packed}};
}
/** False: at the end, or damaged. */
MUST_USE bool uids_read(struct uids_reader *reader, struct uid_run *run_out);
/** Whether this is what uids_write writes. *runs_out: the number of runs. */
MUST_USE bool uids_check(struct span packed, size_t *runs_out);

/** The UIDs of the first and the last message. */
struct uid_run uids_of(const struct version *version, struct view_run run);
/** Adds to out those of the messages (ascending runs of sequence numbers of version) that are
 * among the packed UIDs. RC_LIMIT: its arena. */
MUST_USE enum rc uids_within(const struct version *version, const struct view_run *runs,
                             size_t count, struct span packed, struct touched_runs *out);

struct uids_writer {
    struct buf *out; /* borrowed */
    uint64_t past;
};

static inline struct uids_writer
uids_writer(struct buf *out)
{
    return (struct uids_writer){.out = out};
}
/** Runs must come in ascending order, and none may touch the one before. */
void uids_write(struct uids_writer *writer, struct uid_run run);

#endif
