/* SPDX-License-Identifier: MIT */
/*
 * The algorithms of THREAD over messages given one after the other: ORDEREDSUBJECT and
 * REFERENCES (RFC 5256 section 3), and REFS (draft-ietf-morg-inthread), which is REFERENCES
 * without its look at subjects (step 5), with the thread of the latest message last.
 *
 *   threads_init
 *   threads_add, or threads_id, threads_subject and threads_add_numbered, for each message, in
 *     the order of the mailbox
 *   threads_step until it is done
 *   threads_next until THREADS_END
 *   threads_done
 *
 * Takes nearly linear time in the numbers of messages and references, whatever they contain.
 * Nothing recurses. Pure. Thread: the session.
 */
#ifndef MAILBOX_ORDER_THREADS_H
#define MAILBOX_ORDER_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "mailbox/order/radix.h"
#include "mailbox/order/texts.h"

enum threads_kind { THREADS_ORDEREDSUBJECT, THREADS_REFERENCES, THREADS_REFS };

struct threads_message {
    uint32_t number;     /* what stands for it in the result */
    int64_t sent_s;      /* RFC 5256 section 2.2 */
    struct span id;      /* normalised Message-ID; empty: it has none */
    struct span subject; /* key of the base subject (syntax/mail/sort_key.h) */
    bool is_reply_or_forward;
    const struct span *references; /* normalised, the oldest first; for In-Reply-To, just one */
    size_t reference_count;
};

/* The same with what threads_id and threads_subject gave for its texts. */
struct threads_numbered {
    uint32_t number;
    int64_t sent_s;
    uint32_t id; /* THREADS_NO_ID: it has none */
    uint32_t subject;
    bool is_reply_or_forward;
    const uint32_t *references;
    size_t reference_count;
};
enum { THREADS_NO_ID = UINT32_MAX };

enum threads_stage {
    THREADS_ADDING,
    THREADS_COUNTING, /* nodes: children are counted anew */
    THREADS_SORTING,  /* messages by their dates */
    THREADS_PRUNING,  /* step 3: dummies are taken out */
    THREADS_ROOTING,  /* steps 2 and 4: the first messages of threads, in order */
    THREADS_SUBJECTS, /* step 5.B: the message that stands for each subject */
    THREADS_MERGING,  /* step 5.C */
    THREADS_CLEARING, /* nodes, for lists of children */
    THREADS_LISTING,  /* step 6: children in order */
    THREADS_MARKING,  /* nodes: no thread has its place yet */
    THREADS_RANKING,  /* REFS: threads by their latest message */
    THREADS_COMPLETE,
};

struct threads {
    enum threads_kind kind;
    enum threads_stage stage;
    struct texts ids;
    struct texts subjects;
    struct buf messages;   /* struct threads_item each; see threads.c */
    struct buf nodes;      /* struct threads_node each */
    struct buf forest;     /* struct forest_node each, while messages come in and threads are
                              deep; see threads.c */
    struct buf node_of;    /* uint32_t for each id: its node, or THREADS_NO_ID */
    struct buf numbers;    /* uint32_t each: references of threads_add */
    uint32_t deferred;     /* the node of the message that is to be added again, or
                              THREADS_NO_ID */
    uint32_t forest_at;    /* nodes that are in the forest */
    bool has_forest;       /* it is being made, or is there */
    struct buf order;      /* uint32_t for each message, twice: for sorting */
    struct buf by_subject; /* uint32_t for each subject: the node that stands for it */
    struct buf roots;      /* uint32_t each: nodes */
    struct radix radix;
    uint32_t at; /* how far the stage has come */
    size_t max_octets;

    uint32_t first_root; /* of the result */
    uint32_t last_root;
    uint32_t node; /* where threads_next is */
    uint8_t place; /* of it: enum place, in threads_write.c */
};

/** max_octets: of memory, for everything. */
void threads_init(struct threads *threads, enum threads_kind kind, size_t max_octets);
void threads_done(struct threads *threads);
/** Octets of memory in use. */
size_t threads_octets(const struct threads *threads);
/** Makes room for so many messages, which saves time. RC_LIMIT: memory. */
MUST_USE enum rc threads_reserve(struct threads *threads, uint32_t messages);
/** The number of a normalised Message-ID, for threads_numbered. RC_LIMIT: memory. */
MUST_USE enum rc threads_id(struct threads *threads, struct span id, uint32_t *number_out);
/** The same for many. */
MUST_USE enum rc threads_ids(struct threads *threads, const struct span *ids, size_t count,
                             uint32_t *numbers_out);
/** The same for a subject. */
MUST_USE enum rc threads_subject(struct threads *threads, struct span subject,
                                 uint32_t *number_out);
/** RC_AGAIN: this took long enough for a moment; add the same message again, with nothing
 * between. RC_LIMIT: memory. */
MUST_USE enum rc threads_add_numbered(struct threads *threads,
                                      const struct threads_numbered *message);
/** Likewise. */
MUST_USE enum rc threads_add(struct threads *threads, const struct threads_message *message);
/** Continues for about so many messages. RC_AGAIN: not finished. RC_LIMIT: memory. */
MUST_USE enum rc threads_step(struct threads *threads, uint32_t messages);

enum threads_token {
    THREADS_OPEN,    /* ( */
    THREADS_CLOSE,   /* ) */
    THREADS_NUMBER,  /* of a message; *number_out is set */
    THREADS_NOTHING, /* one step was taken, and there is nothing to be written for it */
    THREADS_END,
};
/** Gives the result piece by piece, each in constant time. */
enum threads_token threads_next(struct threads *threads, uint32_t *number_out);

#endif
