/* SPDX-License-Identifier: MIT */
/*
 * Address lists (RFC 5322 sections 3.4 and 4.4; RFC 6532; garbage as RFC 7103 section 7.1).
 * It gives one address at a time, so that a list of any length needs no memory.
 * Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_ADDRESS_H
#define SYNTAX_MAIL_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

enum address_kind {
    ADDRESS_MAILBOX,
    ADDRESS_GROUP_BEGIN, /* name: the group's */
    ADDRESS_GROUP_END,   /* nothing else set */
};

struct address {
    enum address_kind kind;
    struct span name;    /* display name, or the comment after a bare address; unquoted, blanks
                            between words as one; encoded words as they are; empty: none */
    struct span route;   /* "@a,@b" of an obsolete route; empty: none */
    struct span mailbox; /* local part, unquoted; may be empty in broken mail */
    struct span host;    /* domain or [literal]; empty when missing */
};

struct address_iter {
    struct span rest;
    struct arena *arena; /* borrowed: for what cannot be borrowed from the text */
    uint32_t count;      /* addresses given: at most LIMIT_ADDRESSES */
    bool in_group;
    bool stray_quote;   /* a quote was never closed: those that follow are ordinary octets */
    bool stray_comment; /* likewise */
};

/** text: the value of one field, folded or not. */
void address_iter_init(struct address_iter *iter, struct span text, struct arena *arena);

/**
 * The next address. False at the end of the list, at LIMIT_ADDRESSES, or if the arena is full.
 * Every group that begins also ends. Spans borrow from the text or the arena. Octets that no
 * rule allows are kept in the nearest word, and a list never fails as a whole. If something was
 * cut because the system has no memory, arena->starved is set.
 */
bool address_next(struct address_iter *iter, struct address *out);

/**
 * Appends the list as an ENVELOPE shows it: `name <mailbox@host>, mailbox@host, group:
 * mailbox@host;`, without the quotes, comments, routes and folding of how it was written.
 * Encoded words stay as they are. Ask buf_ok(out) afterwards.
 */
void address_list_put(struct buf *out, struct span text, struct arena *arena);

#endif
