/* SPDX-License-Identifier: MIT */
/*
 * What is shown of a message that a search for words has found: who it is from, its subject,
 * and a line of its text around the first place where one of the words is. What is searched is
 * the text that SEARCH TEXT searches (syntax/mail/mime_text.h); a place in a body is preferred
 * to one in a header.
 *
 *   snippet_init(&snippet, words, count)
 *   each message:
 *       snippet_read(&snippet, tx, message)
 *       snippet.from, snippet.subject, snippet.line ...
 *   snippet_done(&snippet)
 *
 * Thread: any; a snippet belongs to one thread at a time.
 */
#ifndef MAILBOX_SEARCH_SNIPPET_H
#define MAILBOX_SEARCH_SNIPPET_H

#include "base/limits.h"
#include "store/store.h"
#include "syntax/mail/mime_text.h"

/* Where a word is. */
enum snippet_place { SNIPPET_NOWHERE, SNIPPET_IN_HEADER, SNIPPET_IN_BODY };

struct snippet {
    /* Of the message that was read. One line each (syntax/one_line.h). */
    struct buf from;    /* as ENVELOPE shows it, decoded */
    struct buf subject; /* decoded */
    struct buf line;    /* LIMIT_SNIPPET_CHARS at most; empty if no word was found */
    size_t match_at;    /* octets of the line: where the word begins, and how long it is */
    size_t match_octets;

    struct buf words; /* folded, one after the other */
    struct span word[LIMIT_FIND_WORDS];
    size_t count;

    struct mime_text text;
    struct fold fold;
    enum snippet_place shown; /* what line is of */
    bool failed;              /* memory was short */
    struct buf recent;        /* the text that is being read, or the end of it */
    bool is_in_recent;        /* a word, at these octets */
    size_t recent_at;
    size_t recent_end;
    struct buf listed; /* addresses */
    struct buf scratch;
    struct arena parts;
    struct arena addresses; /* of one field */
};

/** words: UTF-8, 1 to LIMIT_FIND_WORDS, not empty; copied. RC_LIMIT: no memory. */
MUST_USE enum rc snippet_init(struct snippet *snippet, const struct span *words, size_t count);
/** A zeroed struct is allowed. */
void snippet_done(struct snippet *snippet);

/**
 * Reads a message. Of texts with more than LIMIT_SNIPPET_OCTETS, as they stand in it, words are
 * found at the beginning only. RC_NOT_FOUND: it was purged. RC_LIMIT: no memory. Others are of
 * the store. Waits for disk.
 */
MUST_USE enum rc snippet_read(struct snippet *snippet, struct store_tx *tx, uint64_t message,
                              struct err *err);

#endif
