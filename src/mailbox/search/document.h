/* SPDX-License-Identifier: MIT */
/*
 * What the index keeps of a message: its terms, each once in each space (store/index.h). It is
 * made from the same text that a scan searches (syntax/mail/mime_text.h), and of the fields
 * Subject, From, To and Cc from the values as a scan compares them (mime_search_value,
 * mime_search_addresses), with their tokens. For each name of a field there is a term in the
 * space of the header, too (field_term).
 *
 *   document_maker_init(&maker)
 *   each message:
 *       while ((rc = document_read(&maker, tx, message, octets, err)) == RC_AGAIN)
 *           the same again, with another snapshot if the caller likes
 *       maker.terms, maker.unsure ...
 *   document_maker_done(&maker)
 *
 * A message of which the terms cannot be kept completely is unsure, and then has none: it is
 * damaged, has a header or a field that is too large, or too many terms (LIMIT_INDEX_TERMS,
 * LIMIT_INDEX_TERM_OCTETS).
 *
 * Thread: any; a maker belongs to one thread at a time.
 */
#ifndef MAILBOX_SEARCH_DOCUMENT_H
#define MAILBOX_SEARCH_DOCUMENT_H

#include "store/index.h"
#include "syntax/mail/mime_text.h"
#include "syntax/terms.h"

struct document_slot;

struct document_maker {
    /* The message that was read, or is under way. */
    uint64_t message; /* 0: none */
    bool unsure;
    uint64_t text_octets;           /* of its folded text */
    struct buf terms[INDEX_SPACES]; /* a blank between two */

    /* Terms that were seen: open addressing, a slot counts if it has the message's stamp. */
    struct document_slot *slots; /* owned */
    uint32_t slot_count;         /* a power of two */
    uint32_t term_count;
    uint32_t stamp;
    enum index_space space; /* that document_term adds to */
    bool failed;            /* memory was short */
    bool in_text;           /* the text is being read */

    struct mime_text text;
    struct terms cutter;
    struct fold fold;
    struct buf header, utf8, folded, shown;
    struct arena parts;
    struct arena addresses; /* of one field */
};

enum { DOCUMENT_FIELD_OCTETS = 100 };
/** The term that stands for fields of this name, which no text has: the name in lower case, and
 * a colon, in scratch, which has room for DOCUMENT_FIELD_OCTETS + 1. Empty: there is none,
 * because the name is longer, or has octets that no name of a field should have. */
struct span field_term(struct span name, char *scratch);

void document_maker_init(struct document_maker *maker);
void document_maker_done(struct document_maker *maker);

/**
 * Reads a message, at most about so many octets of it. RC_AGAIN: there is more; the next call
 * goes on if it names the same message, in the same snapshot or another one. RC_NOT_FOUND: it
 * was purged. RC_LIMIT: no memory. Others are of the store. Waits for disk.
 */
MUST_USE enum rc document_read(struct document_maker *maker, struct store_tx *tx,
                               uint64_t message, uint64_t octets, struct err *err);
/** Takes the text of a message's attachments (attached.h) instead of a message, and makes its
 * terms of INDEX_ATTACHED. *kept_out: octets of the text, from its beginning, that all terms
 * were made of; less than all if it has more than LIMIT_EXTRACT_TERMS or
 * LIMIT_INDEX_TERM_OCTETS. RC_LIMIT: no memory. */
MUST_USE enum rc document_attach(struct document_maker *maker, uint64_t message,
                                 struct span text, size_t *kept_out, struct err *err);
/** Whether the message that was read has the term. */
bool document_has(const struct document_maker *maker, enum index_space space, struct span term);
/** How many octets its terms take in all. */
size_t document_octets(const struct document_maker *maker);

#endif
