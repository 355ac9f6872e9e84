/* SPDX-License-Identifier: MIT */
/*
 * Brings the index of one account up to date: reads the messages above its mark, makes their
 * documents (document.h) and adds them, one bounded step at a time. When nothing is left, it
 * checks samples of what the index claims. It knows nothing of threads and needs no turn.
 *
 *   indexer_open(&options, &indexer)
 *   while (indexer_step(indexer, &waiter, &outcome) == RC_OK && outcome != INDEXER_DONE)
 *       continue, or stop at any time
 *   indexer_close(indexer)
 *
 *   reading --- no message above the mark ---> checking ---> done
 *      ^                                         |
 *      +---- the index is made anew <------------+   (also from reading)
 *
 * The index is made anew, so that everything follows once more, when it is not of this mail
 * (a backup of either file was restored), is damaged, says something that is not so, when a
 * third of its documents is dead, or when the caller asks (indexer_anew). Whatever it says,
 * searches are right meanwhile, because messages above its mark are looked at.
 *
 * What is wrong with a message is no trouble: of a damaged one the index says that it has to be
 * looked at. A snapshot of the mail is held for a step at most, and never during a write.
 *
 * Thread: any that may wait; one indexer belongs to one thread at a time.
 */
#ifndef MAILBOX_SEARCH_INDEXER_H
#define MAILBOX_SEARCH_INDEXER_H

#include "base/rng.h"
#include "mailbox/search/attached.h"
#include "mailbox/search/index_counts.h"
#include "mailbox/write/turn_wait.h"
#include "store/index.h"

struct indexer;

struct indexer_options {
    struct store_indexes *indexes; /* borrowed, as the account and rng */
    struct store_account *acct;
    struct rng *rng;               /* chooses samples */
    struct index_counts *counts;   /* borrowed; NULL: nothing is counted */
    const struct extract *extract; /* makes text of attachments; borrowed. NULL: nobody */
};
/** Nothing is opened yet. RC_LIMIT. */
MUST_USE enum rc indexer_open(const struct indexer_options *options, struct indexer **out,
                              struct err *err);
/** NULL is allowed. */
void indexer_close(struct indexer *indexer);
/** The next step makes the index anew. */
void indexer_anew(struct indexer *indexer);

enum indexer_outcome {
    INDEXER_DONE, /* it knows every message that there was, and samples are right */
    INDEXER_MORE,
    INDEXER_ANEW, /* it was made anew, see indexer_why; there is more */
};
enum indexer_why {
    INDEXER_ASKED,
    INDEXER_FOREIGN, /* it was not made of this mail */
    INDEXER_DAMAGED,
    INDEXER_WRONG, /* a sample was not as it said */
    INDEXER_DEAD,  /* a third of its documents is of messages that were purged */
};

/**
 * One step: some tens of milliseconds, and what text of attachments takes; waits for a snapshot
 * and for disk. RC_BUSY: somebody else writes this index, or extract says that it is time to
 * stop. RC_FULL, RC_IO, RC_LIMIT: nothing is lost, and a later step goes on.
 * RC_CORRUPT: the account's mail is damaged as a whole. RC_UNSUPPORTED: the engine has no place
 * for an index.
 */
MUST_USE enum rc indexer_step(struct indexer *indexer, struct turn_waiter *waiter,
                              enum indexer_outcome *out, struct err *err);
/** Of the last INDEXER_ANEW. */
enum indexer_why indexer_why(const struct indexer *indexer);
/** A sentence about it. */
const char *indexer_why_text(enum indexer_why why);

struct indexer_progress {
    struct index_state state; /* after the last step */
    uint64_t highest;         /* id of a message; what is above state.mark is to be read */
    uint64_t added;           /* documents, since indexer_open */
    uint64_t unsure;          /* of them */
    uint64_t attached;        /* of them, those with text of attachments */
    uint64_t checked;         /* terms that were compared with messages */
};
void indexer_progress(const struct indexer *indexer, struct indexer_progress *out);

#endif
