/* SPDX-License-Identifier: MIT */
/*
 * What an account holds and what it may hold, by resource (RFC 9208 section 5). The store
 * counts use; the registry keeps the limits that an account has of its own; mailbox/write/
 * quota.h decides.
 */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include <stdint.h>

enum quota_resource {
    QUOTA_STORAGE, /* octets: the RFC822.SIZE of each entry, copies too */
    QUOTA_MESSAGE, /* entries */
    QUOTA_MAILBOX, /* mailboxes */
    QUOTA_RESOURCES,
};

/* Expunged mail that can be restored is in none of these, nor are deleted mailboxes. */
struct quota_amounts {
    uint64_t of[QUOTA_RESOURCES];
};

/* Of a limit. */
#define QUOTA_UNLIMITED UINT64_MAX
/* Of an account's own limit: it has none, and that of the configuration holds. */
#define QUOTA_CONFIGURED (UINT64_MAX - 1)
/* The highest limit: RFC 9208 section 3.1.2 gives 63 bits, and octets are told in units of
 * 1024.
 */
#define QUOTA_LIMIT_MAX (UINT64_C(1) << 62)

/* A threshold at which the owner is told: an account is 80 % full, then 95 %. */
struct quota_crossing {
    unsigned percent; /* 0: none was passed */
    enum quota_resource resource;
    uint64_t used; /* now */
    uint64_t limit;
};

#endif
