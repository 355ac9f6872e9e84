/* SPDX-License-Identifier: MIT */
/*
 * Mailbox names. Inside Roost a name is canonical: UTF-8, levels divided by '/', no empty
 * level, no control characters, the inbox spelled "INBOX". On the wire it is modified UTF-7
 * (RFC 3501 section 5.1.3) or, after ENABLE UTF8=ACCEPT or IMAP4rev2, UTF-8.
 *
 * Policy for what clients send:
 * - Modified UTF-7 is decoded strictly; an `&` that does not begin a well-formed shift stands
 *   for itself (scripts write "R&D"), and so does every octet in a name with raw 8-bit octets
 *   that is UTF-8. So each octet string has one meaning, and what we write back is well-formed.
 * - One trailing '/' is dropped (RFC 3501 section 6.3.3; Thunderbird adds it everywhere).
 * - "inbox" in any case is INBOX, also as the first of several levels: the parent of "inbox/x"
 *   is the inbox, so "inbox/x" and "INBOX/x" cannot be two mailboxes.
 * - Names are compared octet by octet; no Unicode normalisation is applied. New ones must be
 *   normalised.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_MBOX_NAME_H
#define SYNTAX_IMAP_MBOX_NAME_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

#define MBOX_DELIMITER '/'

/** How names are written on this connection. */
enum mbox_wire {
    MBOX_WIRE_UTF7, /* until the client enables one of the others */
    MBOX_WIRE_UTF8, /* ENABLE UTF8=ACCEPT (RFC 9755) or IMAP4rev2 (RFC 9051) */
};

/** A mailbox argument of a command. */
struct mbox_arg {
    struct span name; /* canonical; empty when `invalid` is set */
    const char
        *invalid;  /* NULL, or why no mailbox can have this name: text for a NO [CANNOT] */
    bool trailing; /* a delimiter at the end was dropped: CREATE of a parent to be */
};

/**
 * What a client wrote as a mailbox name, made canonical.
 *
 * Never fails because of the octets: for a name that no mailbox can have, arg_out->invalid is
 * set. RC_LIMIT: the arena is full. arg_out->name points into wire or into the arena.
 */
MUST_USE enum rc mbox_name_from_wire(struct span wire, enum mbox_wire mode, struct arena *arena,
                                     struct mbox_arg *arg_out);

/** NULL: name is canonical and within LIMIT_MBOX_NAME and LIMIT_MBOX_DEPTH. Otherwise a
 * sentence that says what is wrong. */
const char *mbox_name_check(struct span name);

/** Whether a canonical name is in normalization form C, as those of new mailboxes are (RFC 5198
 *  section 2, RFC 9051 section 5.1). RC_INVALID: it is not. RC_LIMIT: no memory. */
MUST_USE enum rc mbox_name_check_nfc(struct span name);

/** Appends a canonical name as it is written on the wire, but without quotes (iw_mailbox does
 * both).
 */
void mbox_name_put(struct buf *buf, struct span name, enum mbox_wire mode);

/** Exactly "INBOX"; canonical names. */
bool mbox_name_is_inbox(struct span name);
/** The name of the level above, empty at the top. */
struct span mbox_name_parent(struct span name);
/** The last level. */
struct span mbox_name_leaf(struct span name);
/** Whether name lies below parent, at any depth. */
bool mbox_name_is_below(struct span name, struct span parent);

/* --- LIST patterns (RFC 3501 section 6.3.8) --- */

/**
 * Converts a pattern or reference, as a client wrote it, to UTF-8. The rules are those of
 * names, but wildcards and a trailing delimiter stay. A pattern that can match nothing (not
 * UTF-8, or too long) becomes empty, and *hopeless_out is set.
 */
MUST_USE enum rc mbox_pattern_from_wire(struct span wire, enum mbox_wire mode,
                                        struct arena *arena, struct span *pattern_out,
                                        bool *hopeless_out);

/**
 * Whether the canonical name matches reference and pattern put together: `*` stands for
 * anything,
 * `%` for anything without a delimiter; INBOX matches in any case. Takes at most
 * (length of the pattern) x (length of the name) steps, whatever the wildcards.
 */
bool mbox_pattern_matches(struct span reference, struct span pattern, struct span name);

/* --- Modified UTF-7 itself --- */

/** Decodes strictly (RFC 3501 section 5.1.3). RC_INVALID: an ill-formed or superfluous shift,
 * printable ASCII within one, a lone surrogate, or an octet outside of 0x20..0x7e. RC_LIMIT:
 * buf is full. After a failure, buf is as it was. */
MUST_USE enum rc mutf7_decode(struct buf *buf, struct span text);
/** UTF-8 to modified UTF-7; octets that are not UTF-8 become U+FFFD. */
void mutf7_encode(struct buf *buf, struct span utf8);

/** Whether s is UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
bool utf8_is_valid(struct span s);

#endif
