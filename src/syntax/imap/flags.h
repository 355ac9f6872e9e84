/* SPDX-License-Identifier: MIT */
/*
 * Flags as they are named on the wire: system flags are bits, keywords are names. Only the
 * table here spells them. Pure; any thread.
 */
#ifndef SYNTAX_IMAP_FLAGS_H
#define SYNTAX_IMAP_FLAGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/* RFC 3501 section 2.3.2. */
enum imap_flag {
    IMAP_FLAG_SEEN = 1 << 0,
    IMAP_FLAG_ANSWERED = 1 << 1,
    IMAP_FLAG_FLAGGED = 1 << 2,
    IMAP_FLAG_DELETED = 1 << 3,
    IMAP_FLAG_DRAFT = 1 << 4,
    IMAP_FLAG_RECENT = 1 << 5, /* never set by a client; gone in RFC 9051 */
};

enum { IMAP_FLAG_COUNT = 6 };

/** Names by bit number, with the backslash. */
extern const struct span imap_flag_names[IMAP_FLAG_COUNT];

/** The bit of a name with its backslash in any case ("\seen"), or 0. */
unsigned imap_flag_of_name(struct span name);

/** A flag list of STORE or APPEND: \Recent and unknown system flags were refused. */
struct imap_flag_list {
    unsigned flags;              /* enum imap_flag */
    const struct span *keywords; /* atoms as the client wrote them, repetitions too */
    size_t keyword_count; /* what a mailbox has no room for is left out when it is written */
};

/* RFC 6154 section 2 and RFC 8457: attributes of LIST and of CREATE's USE. */
enum imap_use {
    IMAP_USE_ALL = 1 << 0,
    IMAP_USE_ARCHIVE = 1 << 1,
    IMAP_USE_DRAFTS = 1 << 2,
    IMAP_USE_FLAGGED = 1 << 3,
    IMAP_USE_IMPORTANT = 1 << 4,
    IMAP_USE_JUNK = 1 << 5,
    IMAP_USE_SENT = 1 << 6,
    IMAP_USE_TRASH = 1 << 7,
};

enum { IMAP_USE_COUNT = 8 };

/** Names by bit number, with the backslash. */
extern const struct span imap_use_names[IMAP_USE_COUNT];

/** The bit of a name with its backslash in any case, or 0. */
unsigned imap_use_of_name(struct span name);

#endif
