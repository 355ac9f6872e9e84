/* SPDX-License-Identifier: MIT */
/*
 * Finds out whether a text occurs in a header field, in a message's body, or in the whole
 * message, for SEARCH HEADER, SUBJECT, FROM, BODY and TEXT (RFC 3501 section 6.4.4). Substrings
 * of the decoded text (transfer encoding, charset, encoded words) are compared as fold.h says
 * or, for FUZZY (RFC 6203), words as fuzzy.h says, with a score. Bodies of any size are
 * searched in pieces with bounded memory; a match across two pieces is found.
 *
 * What is searched of a message is what mime_text.h gives; the header of the message itself for
 * TEXT only. No match spans two fields or two parts.
 *
 *   mime_search_init(&search, needles, n, &arena)          once per SEARCH
 *   for each message:
 *       mime_search_begin(&search, root)
 *       while (mime_search_wants(&search, &offset))
 *           read some octets from offset; mime_search_feed(&search, octets)
 *       mime_search_found(&search, i)
 *   mime_search_done(&search)
 *
 * Thread: any; one search belongs to one thread at a time.
 */
#ifndef SYNTAX_MAIL_SEARCH_MIME_SEARCH_H
#define SYNTAX_MAIL_SEARCH_MIME_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/fuzzy.h"
#include "syntax/mail/mime_text.h"

enum mime_scope {
    MIME_SCOPE_VALUE, /* only mime_search_value */
    MIME_SCOPE_BODY,
    MIME_SCOPE_TEXT, /* header and body */
};

enum mime_manner {
    MIME_EXACT,
    MIME_FUZZY,
    MIME_FUZZY_BEST, /* the score matters, so all of the text is searched */
};

struct mime_needle {
    struct span text; /* UTF-8 as asked for; empty: occurs everywhere */
    enum mime_scope scope;
    /* Exact anyway if all needles together have more than LIMIT_FUZZY_WORDS words, or this one
     * has none. */
    enum mime_manner manner;
};

struct mime_search {
    struct needle *needles; /* folded; in the arena */
    size_t needle_count;
    size_t word_count;   /* words of all fuzzy needles */
    size_t longest;      /* octets of the longest folded needle of scope body or text */
    size_t missing;      /* needles of scope body or text that are still searched for */
    size_t missing_text; /* of scope text */
    uint64_t work;       /* done so far; a unit is some five nanoseconds */
    uint64_t close_work; /* part of the work that compares very similar words */
    bool failed;         /* memory was short for a value */

    struct mime_text text;
    struct words words; /* of the text, for fuzzy needles */
    struct buf value_utf8;
    struct buf value_folded;
    struct buf value_shown;
    struct arena addresses; /* of one field */
};

/** needles are copied folded into the arena, which must outlive the search. RC_LIMIT: arena. */
MUST_USE enum rc mime_search_init(struct mime_search *search, struct arena *arena,
                                  const struct mime_needle *needles, size_t count);
void mime_search_done(struct mime_search *search);

/** Whether needle i, of scope value, occurs in the value of one header field, given folded and
 * encoded as it is in the header. Words count in the first LIMIT_FUZZY_VALUE octets of it. */
bool mime_search_value(struct mime_search *search, size_t i, struct span value);

/** The same for a field of addresses: whether it occurs in the value as it is, or as ENVELOPE
 * shows it (address_list_put). */
bool mime_search_addresses(struct mime_search *search, size_t i, struct span value);

/** Needle i as it is looked for, in the arena. */
struct span mime_search_folded(const struct mime_search *search, size_t i);
/** Its words, in the arena; NULL: it is exact. */
const struct fuzzy *mime_search_words(const struct mime_search *search, size_t i);
enum mime_scope mime_search_scope(const struct mime_search *search, size_t i);

/** Starts a message: forgets what was found. root: from mime_scan or mime_parts_decode,
 *  borrowed until the next begin. */
void mime_search_begin(struct mime_search *search, const struct mime_part *root);
/** Where the next octets of interest are; false when all needles are found or nothing is left.
 *  The rest of large attachments is not asked for. */
bool mime_search_wants(const struct mime_search *search, uint64_t *offset_out);
/** Takes octets of the message from the wanted offset on, as many as the caller has (not 0). */
void mime_search_feed(struct mime_search *search, struct span octets);
/** Whether needle i (of scope body or text) has been found, so that it need not be searched for
 * any more. If memory was short meanwhile, mime_search_failed says so. */
bool mime_search_found(const struct mime_search *search, size_t i);
/** How well needle i matches, 1 .. 100, in what was searched of the message, or in the last
 * value. 0: it does not match. 100 for an exact needle. */
unsigned mime_search_score(const struct mime_search *search, size_t i);
/** Whether memory was short, so that needles that were not found may be there nevertheless. */
bool mime_search_failed(const struct mime_search *search);

#endif
