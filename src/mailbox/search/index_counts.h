/* SPDX-License-Identifier: MIT */
/*
 * What has happened to search indexes since the server started: the background thread, searches
 * and administrators count, `roost index --show` tells. Thread: any.
 */
#ifndef MAILBOX_SEARCH_INDEX_COUNTS_H
#define MAILBOX_SEARCH_INDEX_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

struct index_counts {              /* zeroed at first */
    atomic_uint_fast64_t checks;   /* samples of an index compared with messages */
    atomic_uint_fast64_t failed;   /* of these, that differed */
    atomic_uint_fast64_t anew;     /* indexes made anew, for whatever reason */
    atomic_uint_fast64_t removed;  /* indexes that a search found to be of no use */
    atomic_uint_fast64_t messages; /* added to an index */
    atomic_uint_fast64_t attached; /* of these, with text of attachments */
    atomic_uint_fast64_t unread;   /* attachments of which a program made no text */
};

/** counts may be NULL, for a counter that nobody reads. */
#define INDEX_COUNT(counts, what, more)                                                        \
    do {                                                                                       \
        if ((counts) != NULL)                                                                  \
            atomic_fetch_add_explicit(&(counts)->what, (more), memory_order_relaxed);          \
    } while (0)

#endif
