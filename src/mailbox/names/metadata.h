/* SPDX-License-Identifier: MIT */
/*
 * Metadata (RFC 5464): setting entries of a mailbox or of the account itself, as a request for
 * the account's turn, and reading which there are. "/private" entries are those of a user; the
 * owner of the account is user 0. "/private/specialuse" of a mailbox is not stored but shows
 * its special uses, and setting it changes them (RFC 6154 section 4).
 *
 * The server's own "/shared" entries are configuration, and not here.
 */
#ifndef MAILBOX_NAMES_METADATA_H
#define MAILBOX_NAMES_METADATA_H

#include "mailbox/names/names.h"
#include "syntax/imap/req.h"

struct metadata_set_op {
    struct turn_req turn;
    struct arena *arena;
    struct span mailbox; /* its name; empty: the account itself */
    uint64_t user;       /* who sets them; 0: the account's owner */
    /* Names that are legal, values of at most LIMIT_METADATA_VALUE octets. */
    const struct imap_metadata_pair *pairs;
    size_t pair_count;
    uint64_t modseq; /* out: of these changes, and of no others; 0: nothing has changed */
    enum names_refusal refusal;
};
/** All are set, or none (RFC 5464 section 4.3). Later pairs of the same name win. */
void metadata_set_op_init(struct metadata_set_op *op, struct arena *arena, struct wake wake);

/* An entry that has a value. */
struct metadata_entry {
    struct span name;
    struct span value; /* NULL: to be read with store_metadata_read */
    uint64_t octets;   /* of the value */
    uint64_t user;     /* whose it is in the store */
};

/** The entries that a user sees, in no order; in arena. row: of the mailbox, NULL: of the
 *  account itself. RC_LIMIT. Thread: session. Waits for disk. */
MUST_USE enum rc metadata_entries(struct store_tx *tx, struct arena *arena,
                                  const struct mbox_row *row, uint64_t user,
                                  struct metadata_entry **out, size_t *count_out,
                                  struct err *err);
/** Whether a change of this row concerns the user. */
bool metadata_row_is_for(const struct metadata_row *row, uint64_t user);

#endif
