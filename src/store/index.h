/* SPDX-License-Identifier: MIT */
/*
 * The index of an account's text: documents, which are messages, and the terms that they have
 * (syntax/terms.h makes them; nothing here knows what a term means). It can be removed or
 * damaged at any time without loss, because it is made from the messages, and it holds no other
 * truth: whatever it says is about messages up to its mark.
 *
 * Messages are immutable and their ids ascend, so the index only grows. Documents whose message
 * has been purged stay until the index is made anew (store_index_begin_anew).
 *
 *   store_indexes_new ── pool of open files, one for the server
 *      store_index_open(INDEX_READ)                  store_index_open(INDEX_WRITE)
 *         store_index_begin                             store_index_add ...
 *         store_index_terms, store_index_found ...      store_index_begin_anew
 *         store_index_end                               store_index_close
 *      store_index_close
 *
 * An index belongs to one thread at a time. Several may read one account's index while one
 * writes. All functions wait for disk. Results besides those named: RC_IO, RC_FULL, RC_BUSY,
 * RC_LIMIT (memory), and RC_CORRUPT: it is damaged, and has to be removed. Everything that is
 * read is checked, so damage is never an answer that lacks messages. On anything but RC_OK what
 * is stored is unchanged.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"
#include "store/store.h"

/* Where in a message a term occurs. Each is a set of terms of its own. The numbers are in the
 * files. */
enum index_space {
    INDEX_BODY,    /* headers of parts, and bodies */
    INDEX_HEADER,  /* the header of the message: names and values */
    INDEX_SUBJECT, /* values of these fields of that header */
    INDEX_FROM,    /* as written, and the addresses as ENVELOPE shows them */
    INDEX_TO,
    INDEX_CC,
    INDEX_MESSAGE_SPACES,
    /* not in the message itself: text that was made of its attachments, and is kept as well */
    INDEX_ATTACHED = INDEX_MESSAGE_SPACES,
    INDEX_SPACES,
};

/* A set of messages of one account: bit id % 64 of word id / 64. */
struct index_set {
    uint64_t *bits;
    uint64_t limit; /* ids from here on are not in it; bits has room for that many */
};

/* ---- the pool ---- */

struct store_indexes;

struct store_indexes_options {
    const struct clock *clock; /* borrowed for life */
    /* TERMS_FORM, and how text is made of attachments: an index of another form is as good as
     * none */
    uint32_t form;
    const char *vfs;     /* NULL: the usual one; tests use one that fails */
    size_t piece_octets; /* of a piece of terms; 0: the usual ones; tests use fewer */
};
/** A pool of LIMIT_INDEXES_OPEN files at most. RC_LIMIT. Thread: start-up. */
MUST_USE enum rc store_indexes_new(const struct store_indexes_options *options,
                                   struct store_indexes **out);
/** All indexes must have been closed. NULL is allowed. */
void store_indexes_free(struct store_indexes *indexes);
/** Closes files that nobody has used for LIMIT_INDEX_IDLE_S. Thread: any. */
void store_indexes_keep_house(struct store_indexes *indexes);
/** Files that are open now, those that wait for their next use included. Thread: any. */
unsigned store_indexes_open_count(struct store_indexes *indexes);

/* ---- one index ---- */

enum index_use { INDEX_READ, INDEX_WRITE };

struct store_index;
/**
 * Opens an account's index; with INDEX_WRITE, makes one if there is none. acct is borrowed for
 * the life of the handle, so its mail cannot be removed meanwhile.
 *
 * RC_NOT_FOUND: there is none, or it is of another form or version (INDEX_READ). RC_BUSY:
 * somebody else has it open for writing. RC_LIMIT: LIMIT_INDEXES_OPEN are in use.
 * RC_UNSUPPORTED: the engine has no place for it.
 */
MUST_USE enum rc store_index_open(struct store_indexes *indexes, struct store_account *acct,
                                  enum index_use use, struct store_index **out,
                                  struct err *err);
/** NULL is allowed. */
void store_index_close(struct store_index *index);
/** Removes the index, open or not; who has it open reads on in what there was, and what is
 *  written there is lost. RC_OK also if there is none. */
MUST_USE enum rc store_index_remove(struct store_indexes *indexes, struct store_account *acct,
                                    struct err *err);

/* ---- reading ---- */

struct index_state {
    uint64_t generation;  /* random; another one when the index was made anew */
    uint32_t form;        /* with which it was made */
    uint64_t mark;        /* of messages up to this id it knows everything */
    uint64_t documents;   /* in it, those whose message was purged included */
    uint64_t octets;      /* size of its file */
    uint64_t text_octets; /* of the folded text of its documents */
};

/** Begins a snapshot, in which everything below reads. It is short: one slice of a session. */
MUST_USE enum rc store_index_begin(struct store_index *index, struct index_state *state_out,
                                   struct err *err);
/** Does nothing when none was begun. */
void store_index_end(struct store_index *index);

/**
 * Terms of a space, the next piece of them, from *at on, which is 0 at the start. A piece is a
 * text in which each term has a line end before it and one after it, so it can be searched like
 * a text; it has some 64 KiB, and is good until the next call. A term may come again in another
 * piece, with other messages. RC_NOT_FOUND: that was the last piece.
 *
 * *at stays good in later snapshots of the same generation: after all pieces, every term of
 * every message up to the mark at the start was in one of them at least.
 */
MUST_USE enum rc store_index_terms(struct store_index *index, enum index_space space,
                                   uint64_t *at, struct span *out, struct err *err);
/** Adds the messages that a term of the last piece stands for: the term that the octet at this
 *  offset of the piece belongs to, or ends at. Fast when offsets ascend. */
MUST_USE enum rc store_index_found(struct store_index *index, size_t offset,
                                   const struct index_set *set, struct err *err);
/** Adds the messages that have the term. */
MUST_USE enum rc store_index_messages(struct store_index *index, enum index_space space,
                                      struct span term, const struct index_set *set,
                                      struct err *err);
/** Adds the messages of which the index does not know everything: whatever it says of them,
 *  they have to be looked at. */
MUST_USE enum rc store_index_unsure(struct store_index *index, const struct index_set *set,
                                    struct err *err);
/** Whether the message has the term. */
MUST_USE enum rc store_index_has(struct store_index *index, enum index_space space,
                                 struct span term, uint64_t message, bool *has_out,
                                 struct err *err);

/** The text of the message's attachments, which its terms of INDEX_ATTACHED are of. Good until
 * the next call, or the end of the snapshot. RC_NOT_FOUND: it has no such text. */
MUST_USE enum rc store_index_attached(struct store_index *index, uint64_t message,
                                      struct span *out, struct err *err);

/* A message whose text has this digest was the last one of a batch. If the account's message
 * has another digest, the index is not of this mail. */
struct index_proof {
    uint64_t message;
    uint8_t digest[MESSAGE_DIGEST_OCTETS];
};
/** The newest at most max, newest first; LIMIT_INDEX_PROOFS are kept. */
MUST_USE enum rc store_index_proofs(struct store_index *index, struct index_proof *out,
                                    size_t max, size_t *count_out, struct err *err);

/* ---- writing ---- */

enum { INDEX_TERM_OCTETS = 512 }; /* of a term, at most */

/* A message for the index. */
struct index_document {
    uint64_t message; /* at least 1 */
    /* of each space: its terms, each once, in any order, with one blank between two; a term has
     * neither blanks nor line ends */
    struct span terms[INDEX_SPACES];
    uint64_t text_octets; /* of its folded text */
    bool unsure;          /* the terms are not complete, besides those of INDEX_ATTACHED */
    struct span attached; /* folded text of its attachments; empty: there is none */
};

/* Documents that are added in one transaction. Borrowed for the call. */
struct index_batch {
    const struct index_document *documents; /* ids above the mark, ascending */
    size_t count;                           /* may be 0: only the mark moves */
    uint64_t mark; /* at least that of before and the last document's id */
    /* SHA-256 of the text of message proof_message, which is up to the mark; 0: none */
    uint64_t proof_message;
    uint8_t proof[MESSAGE_DIGEST_OCTETS];
};

/** Adds documents and moves the mark, in one transaction. A crash leaves the state before or
 *  after it. It also does a part of the work that keeps the index in few pieces, at most
 *  LIMIT_INDEX_MERGE_OCTETS of it. RC_INVALID: ids or terms are not as above. Not while a
 *  snapshot is begun. */
MUST_USE enum rc store_index_add(struct store_index *index, const struct index_batch *batch,
                                 struct err *err);
/** Whether that part was too small for what was added lately. Batches without documents make up
 *  for it. Of the state after the last store_index_begin or store_index_add. */
bool store_index_is_behind(const struct store_index *index);
/** Takes everything out: the index is as new, with another generation and today's form. Not
 *  while a snapshot is begun. */
MUST_USE enum rc store_index_begin_anew(struct store_index *index, struct err *err);

#endif
