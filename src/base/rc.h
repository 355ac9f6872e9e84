/* SPDX-License-Identifier: MIT */
/*
 * Result codes: a function that can fail returns enum rc. RC_OK is 0, and all others are
 * negative. Each front door has one table that translates them to its answers.
 */
#ifndef BASE_RC_H
#define BASE_RC_H

#include "base/attr.h"

enum rc {
    RC_OK = 0,
    RC_NOT_FOUND = -1,    /* no such account, mailbox, message or key */
    RC_EXISTS = -2,       /* exists already */
    RC_LIMIT = -3,        /* one of base/limits.h, or a memory budget, was reached */
    RC_IO = -4,           /* the disk or the kernel failed */
    RC_CORRUPT = -5,      /* data on disk contradict themselves */
    RC_BUSY = -6,         /* locked for longer than we wait */
    RC_INVALID = -7,      /* malformed input, a value out of its range */
    RC_DENIED = -8,       /* not allowed: rights, read-only, wrong credentials */
    RC_FULL = -9,         /* no space left on the device */
    RC_QUOTA = -10,       /* the account's own allowance is spent */
    RC_GONE = -11,        /* it existed and was removed meanwhile */
    RC_CLOSED = -12,      /* the peer is gone; evidence is in the connection */
    RC_AGAIN = -13,       /* not available now; wait and call again */
    RC_UNSUPPORTED = -14, /* known, but not possible here */
    RC_TIMEOUT = -15,     /* a deadline passed */
    RC_DISABLED = -16,    /* the account is disabled */
    RC_EXPUNGED = -17,    /* some of the messages named are expunged (RFC 5530 EXPUNGEISSUED) */
    RC_CROWDED = -19,     /* others have used up a shared resource; try again */
    RC_BAD_CHARSET = -18, /* a charset that cannot be decoded (RFC 3501 BADCHARSET) */
};

/** The constant's name without its prefix in lower case, for logs: "not-found". Thread: any. */
const char *rc_name(enum rc rc);

#endif
