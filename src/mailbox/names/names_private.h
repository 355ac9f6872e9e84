/* SPDX-License-Identifier: MIT */
/* What the halves of names share. */
#ifndef MAILBOX_NAMES_NAMES_PRIVATE_H
#define MAILBOX_NAMES_NAMES_PRIVATE_H

#include "mailbox/names/names.h"

/** Notes the refusal and returns the result that goes with it. */
MUST_USE enum rc names_refuse(enum names_refusal *refusal_out, enum names_refusal refusal,
                              struct err *err);

/** RC_OK: name is canonical and within the limits. Otherwise it is refused. */
MUST_USE enum rc names_check(struct span name, enum names_refusal *refusal_out,
                             struct err *err);

/** Makes the parents of name that have no row, and reports them. */
MUST_USE enum rc names_create_parents(struct turn_ctx *ctx, struct arena *arena,
                                      struct span name, enum names_refusal *refusal_out,
                                      struct err *err);

/** Like names_create, but the caller decides what is told. */
MUST_USE enum rc names_make(struct turn_ctx *ctx, struct arena *arena, struct span name,
                            uint64_t *mbox_out, enum names_refusal *refusal_out,
                            struct err *err);

/** All mailboxes; *first_out and *count_out: those strictly below name (they are neighbours in
 * octet order). */
MUST_USE enum rc names_below(struct store_tx *tx, struct arena *arena, struct span name,
                             struct mbox_row **first_out, size_t *count_out, struct err *err);

/** The entry of metadata that shows the special uses of a mailbox (RFC 6154 section 4). */
extern const struct span names_use_entry;
/** Gives a mailbox these special uses in place of those it has, and reports it. */
MUST_USE enum rc names_use_set(struct turn_ctx *ctx, struct arena *arena, uint64_t mbox,
                               uint32_t special_use, enum names_refusal *refusal_out,
                               struct err *err);

#endif
