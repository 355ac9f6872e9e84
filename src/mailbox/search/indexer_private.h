/* SPDX-License-Identifier: MIT */
/*
 * The state of an indexer, and what indexer_check.c does for it: to find out whether the index
 * says what the messages say.
 */
#ifndef MAILBOX_SEARCH_INDEXER_PRIVATE_H
#define MAILBOX_SEARCH_INDEXER_PRIVATE_H

#include "mailbox/content/digest.h"
#include "mailbox/search/document.h"
#include "mailbox/search/indexer.h"

enum {
    INDEXER_BATCH = 128,           /* documents added in one transaction */
    INDEXER_PROOFS = 4,            /* looked at */
    INDEXER_MESSAGE_OCTETS = 2048, /* a message costs as much as so many octets of text */
    CHECK_TERMS = 8,               /* of the message that is looked for in the vocabulary */
};

enum indexer_phase { INDEXER_READING, INDEXER_CHECKING };

enum check_phase { CHECK_SAMPLE, CHECK_WALK, CHECK_PAIR };

/* A term that a message has. */
struct check_term {
    enum index_space space;
    uint16_t len;
    bool found; /* in the vocabulary, and it stands for the message */
    char text[TERM_OCTETS];
};

struct checks {
    struct document_maker maker; /* of the message that is compared */
    bool has_sample;             /* it was chosen in this step */
    struct index_set set;        /* owned */

    enum check_phase phase;
    uint64_t generation;
    enum index_space space; /* that is walked */
    uint64_t at;
    uint64_t pieces; /* walked so far */
    uint64_t message;
    struct check_term terms[CHECK_TERMS]; /* of message */
    size_t term_count;
    /* The index says that this message has this term. 0: none was chosen. */
    uint64_t claimed;
    struct check_term claim;
};

struct indexer {
    struct indexer_options options;
    struct store_index *index; /* owned; NULL: not open */
    bool asked;                /* to make it anew */
    bool is_looked_at;         /* it is of this mail, as far as that can be told */
    bool mail_is_damaged;      /* RC_CORRUPT is of the mail, not of the index */
    enum indexer_why why;
    enum indexer_phase phase;
    struct indexer_progress progress;
    struct index_proof proofs[INDEXER_PROOFS];
    size_t proof_count;

    struct document_maker maker;
    /* of the last document: its attachments, and the terms of their text */
    struct attached attached;
    struct document_maker attached_maker;
    uint64_t next; /* id from which messages are to be read */
    struct arena batch;
    struct index_document documents[INDEXER_BATCH];
    size_t count;
    size_t batch_octets;

    struct checks checks;
};

/** A snapshot of the mail (indexer_attached.c). */
MUST_USE enum rc indexer_read_begin(struct indexer *indexer, struct turn_waiter *waiter,
                                    struct store_tx **out, struct err *err);

/** indexer_attached.c: the last document of the batch gets the text of its attachments, which
 * were found. RC_BUSY: it is time to stop. Takes seconds. */
MUST_USE enum rc indexer_attach(struct indexer *indexer, struct turn_waiter *waiter,
                                struct err *err);

void checks_init(struct checks *checks);
void checks_done(struct checks *checks);
/** Begins from the start. */
void checks_begin(struct checks *checks);

/** Chooses one of the messages below indexer->next, and reads it. */
MUST_USE enum rc checks_choose(struct indexer *indexer, struct store_tx *tx, struct err *err);
/** Whether the index has its terms; *wrong_out is changed only if it has not. */
MUST_USE enum rc checks_compare(struct indexer *indexer, bool *wrong_out, struct err *err);

/** Whether the message is not, or cannot be told to be, the one that the index knows: has the
 * terms that it has there. */
MUST_USE enum rc checks_know(struct indexer *indexer, struct store_tx *tx, uint64_t message,
                             bool *foreign_out, struct err *err);

/** Whether checks_step needs a snapshot. */
bool checks_need_mail(const struct checks *checks);
/** A step of a larger check: the terms of a message are in the vocabulary, and what the
 *  vocabulary says of a term is so. */
MUST_USE enum rc checks_step(struct indexer *indexer, struct store_tx *tx, bool *over_out,
                             bool *wrong_out, struct err *err);

#endif
