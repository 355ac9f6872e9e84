/* SPDX-License-Identifier: MIT */
/*
 * A row of an access control list (RFC 4314): what an identifier may do, or with a negative
 * identifier may not do, with a mailbox. Accounts and groups are named by their numbers in the
 * registry, which are never given again: rights follow an account that gets another name, and
 * nobody inherits them who comes later under the same name.
 *
 * Plain data; any thread.
 */
#ifndef STORE_ACL_H
#define STORE_ACL_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers are stored. */
enum acl_kind { ACL_ANYONE = 0, ACL_ACCOUNT = 1, ACL_GROUP = 2 };

struct acl_row {
    uint64_t mbox;
    enum acl_kind kind;
    uint64_t who;    /* of an account or a group; 0: anyone */
    bool negative;   /* "-identifier": what it takes away */
    uint32_t rights; /* bits, at least one; the store does not know what they mean */
};

#endif
