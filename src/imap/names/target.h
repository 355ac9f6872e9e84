/* SPDX-License-Identifier: MIT */
/*
 * What a mailbox name in a command stands for: in whose account it is, its name there, and what
 * this session may do with it. Every command that names a mailbox asks here before anything
 * else, with the rights that it needs (RFC 4314 section 4), and then works on the account that
 * it was given, never on the session's own by itself. At present all names are in the session's
 * own account, and all rights are granted.
 *
 * Thread: the session's.
 */
#ifndef IMAP_NAMES_TARGET_H
#define IMAP_NAMES_TARGET_H

#include <stdint.h>

#include "base/span.h"

struct account;

/* RFC 4314 section 2.1; bits. */
enum mbox_right {
    RIGHT_LOOKUP = 1 << 0,          /* l */
    RIGHT_READ = 1 << 1,            /* r */
    RIGHT_SEEN = 1 << 2,            /* s */
    RIGHT_WRITE = 1 << 3,           /* w */
    RIGHT_INSERT = 1 << 4,          /* i */
    RIGHT_POST = 1 << 5,            /* p */
    RIGHT_CREATE = 1 << 6,          /* k */
    RIGHT_DELETE_MAILBOX = 1 << 7,  /* x */
    RIGHT_DELETE_MESSAGES = 1 << 8, /* t */
    RIGHT_EXPUNGE = 1 << 9,         /* e */
    RIGHT_ADMINISTER = 1 << 10,     /* a */
    RIGHTS_ALL = (1 << 11) - 1,
};

struct imap_target {
    struct account *acct; /* held by the session */
    struct span name;     /* canonical, within that account; lives as long as the request */
    uint32_t rights;      /* enum mbox_right */
};

#endif
