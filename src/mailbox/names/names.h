/* SPDX-License-Identifier: MIT */
/*
 * The commands that change names of mailboxes and subscriptions, as requests for the account's
 * turn (turn.h): fill one, turn_run it until RC_OK, look at turn.result. All names are
 * canonical (syntax/imap/mbox_name.h). Each request is applied as a whole or not at all.
 *
 * A name exists when a row has it; a name without a row that has rows below it is listed as
 * \Noselect, and can be created, or renamed with all that is below it.
 */
#ifndef MAILBOX_NAMES_NAMES_H
#define MAILBOX_NAMES_NAMES_H

#include "base/arena.h"
#include "mailbox/write/turn.h"
#include "syntax/imap/flags.h"

/* Why a request was refused, for the front door's sentence and response code. */
enum names_refusal {
    NAMES_NOT_REFUSED = 0,
    NAMES_ARE_INBOX,       /* INBOX is always there: no CREATE, no DELETE. RC_DENIED */
    NAMES_EXIST,           /* RC_EXISTS: ALREADYEXISTS */
    NAMES_ARE_MISSING,     /* RC_NOT_FOUND: NONEXISTENT */
    NAMES_HAVE_CHILDREN,   /* \Noselect with names below: no DELETE (RFC 3501 6.3.4). RC_DENIED:
                              HASCHILDREN */
    NAMES_INTO_THEMSELVES, /* RENAME a a/b. RC_DENIED: CANNOT */
    NAMES_TOO_LONG,   /* some name would pass LIMIT_MBOX_NAME or LIMIT_MBOX_DEPTH. RC_DENIED:
                         CANNOT */
    NAMES_TOO_MANY,   /* LIMIT_MAILBOXES. RC_LIMIT: LIMIT */
    NAMES_OVER_QUOTA, /* RC_QUOTA: OVERQUOTA */
    NAMES_TOO_MANY_SUBSCRIBED, /* LIMIT_SUBSCRIPTIONS. RC_LIMIT: LIMIT */
    NAMES_USE_IMPOSSIBLE,    /* \All and \Flagged: no such mailboxes. RC_UNSUPPORTED: USEATTR */
    NAMES_USE_TAKEN,         /* another mailbox has this special use. RC_EXISTS: USEATTR */
    NAMES_USE_UNKNOWN,       /* there is no such special use. RC_UNSUPPORTED: USEATTR */
    NAMES_METADATA_TOO_MANY, /* LIMIT_METADATA_ENTRIES, LIMIT_METADATA_ALL_ENTRIES. RC_LIMIT:
                                 METADATA TOOMANY */
    NAMES_METADATA_TOO_LARGE, /* LIMIT_METADATA_ALL_OCTETS. RC_LIMIT: LIMIT */
};

struct names_create_op {
    struct turn_req turn;
    struct arena *arena;
    struct span name;     /* missing parents are made too, as real mailboxes */
    uint32_t special_use; /* enum special_use; 0: none */
    bool exists_ok;       /* for import and delivery: an existing mailbox is fine */
    uint64_t mbox;        /* out, as the next */
    struct mbox_object_id object_id;
    enum names_refusal refusal;
};
void names_create_op_init(struct names_create_op *op, struct arena *arena, struct wake wake);

/** Names below stay, subscriptions too (RFC 3501 section 6.3.9). */
struct names_delete_op {
    struct turn_req turn;
    struct arena *arena;
    struct span name;
    uint64_t mbox;   /* out: the row that is gone, as the next */
    bool was_shared; /* it had an access control list: acl_settle_op is due */
    enum names_refusal refusal;
};
void names_delete_op_init(struct names_delete_op *op, struct arena *arena, struct wake wake);

/**
 * The whole tree, in one step; missing parents of the new name are made. INBOX is emptied into
 * a new mailbox instead: it keeps its row, UIDVALIDITY and the names below it (RFC 3501 section
 * 6.3.5), and its metadata, which the new mailbox gets too (RFC 5464 section 4.1). The new
 * names are subscribed where the old ones are, which stay so (section 6.3.9).
 */
struct names_rename_op {
    struct turn_req turn;
    struct arena *arena;
    struct span from;
    struct span to;
    enum names_refusal refusal;
};
void names_rename_op_init(struct names_rename_op *op, struct arena *arena, struct wake wake);

/** Idempotent both ways; the name need not exist. */
struct names_subscribe_op {
    struct turn_req turn;
    struct span name;
    bool subscribe; /* false: UNSUBSCRIBE */
    enum names_refusal refusal;
};
void names_subscribe_op_init(struct names_subscribe_op *op, struct wake wake);

/** Gives a mailbox these special uses in place of those it has (0: none). */
struct names_use_op {
    struct turn_req turn;
    struct arena *arena;
    struct span name;
    uint32_t special_use;
    enum names_refusal refusal;
};
void names_use_op_init(struct names_use_op *op, struct arena *arena, struct wake wake);

/** Makes a mailbox, and its parents where missing, inside a turn (append_op with create).
 * Reports it. *refusal_out as above. Thread: the holder of the turn. Waits for disk. */
MUST_USE enum rc names_create(struct turn_ctx *ctx, struct arena *arena, struct span name,
                              uint64_t *mbox_out, enum names_refusal *refusal_out,
                              struct err *err);

/** enum imap_use to enum special_use and back. Pure. */
uint32_t names_use_of_wire(unsigned imap_uses);
unsigned names_use_to_wire(uint32_t special_use);

#endif
