/* SPDX-License-Identifier: MIT */
/*
 * What a user may do in the account of somebody else, from the access control lists there.
 * Names are those of the owner's account. The owner of an account has all rights to all of its
 * mailboxes, whatever the lists say, and nobody asks here for them.
 *
 * Thread: the session. Waits for disk.
 */
#ifndef MAILBOX_SHARING_ACCESS_H
#define MAILBOX_SHARING_ACCESS_H

#include "base/arena.h"
#include "base/err.h"
#include "mailbox/sharing/rights.h"
#include "store/registry.h"
#include "store/store.h"

/** Who asks, with his groups, which are in arena, and whether what is granted to anyone counts.
 * As registry_groups_of. */
MUST_USE enum rc access_user(struct registry *registry, uint64_t account, struct arena *arena,
                             struct rights_user *out, struct err *err);

/* Who asks, with groups that are looked up only if a list names one: in the turn of an account,
 * nobody should have to wait for the server's only registry without need. */
struct access_asker {
    struct registry *registry; /* NULL: the user is in no group, or the groups are known */
    struct rights_user user;
};

struct access {
    uint64_t mbox;   /* 0: there is no such mailbox */
    uint32_t rights; /* enum mbox_right, to the mailbox; without one, 0 */
    /* To the nearest existing mailbox above the name (RFC 4314 section 4, CREATE); 0: there is
     * none. */
    uint32_t parent_rights;
};
/** What concerns one name. */
MUST_USE enum rc access_find(struct store_tx *tx, const struct rights_user *user,
                             struct span name, struct arena *arena, struct access *out,
                             struct err *err);
/** The same. RC_IO: the registry is damaged, which does not mean that this account is. */
MUST_USE enum rc access_find_lazily(struct store_tx *tx, struct access_asker *asker,
                                    struct span name, struct arena *arena, struct access *out,
                                    struct err *err);
/** The rights that count for somebody who needs these: RIGHT_CREATE is a right to the mailbox
 * above the name. Pure. */
uint32_t access_to(const struct access *access, uint32_t needs);
/** Rights to one mailbox. */
MUST_USE enum rc access_rights(struct store_tx *tx, const struct rights_user *user,
                               uint64_t mbox, struct arena *arena, uint32_t *rights_out,
                               struct err *err);
/** The same, like access_find_lazily. */
MUST_USE enum rc access_rights_lazily(struct store_tx *tx, struct access_asker *asker,
                                      uint64_t mbox, struct arena *arena, uint32_t *rights_out,
                                      struct err *err);

/* A mailbox that is shared with the user. */
struct access_row {
    struct mbox_row row;
    uint32_t rights;
};
/** Those that the user may know of (RIGHT_LOOKUP), in octet order of their names, in arena. */
MUST_USE enum rc access_list(struct store_tx *tx, const struct rights_user *user,
                             struct arena *arena, struct access_row **out, size_t *count_out,
                             struct err *err);

#endif
