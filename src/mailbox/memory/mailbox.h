/* SPDX-License-Identifier: MIT */
/*
 * One mailbox in memory: its counters, which are right after every commit, and its current
 * version while somebody needs it. A session holds a mailbox while it is selected; a session
 * that is parked in IDLE holds nothing else. The counters alone answer SELECT and STATUS, and
 * they suffice to push new mail.
 *
 * Read the fields with mailbox_state, which copies them under the account's LOCK_MAILBOXES.
 * Whoever holds a mailbox must hold its account at least as long.
 */
#ifndef MAILBOX_MEMORY_MAILBOX_H
#define MAILBOX_MEMORY_MAILBOX_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"
#include "base/wake.h"
#include "mailbox/memory/account.h"
#include "mailbox/memory/version.h"

struct mailbox;

struct mailbox_state {
    uint64_t mbox; /* row id */
    struct mbox_object_id object_id;
    uint64_t octets;
    uint64_t highest_modseq;
    /* of the newest expunge known in memory; 0: none since open */
    uint64_t last_expunge_modseq;
    uint64_t last_flags_modseq; /* of the newest change of flags known in memory */
    uint64_t keyword_serial;    /* grows whenever a number gets a name or loses it; above 0 */
    uint32_t keyword_count;     /* numbers, including those without a name */
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint32_t exists;
    uint32_t unseen;
    uint32_t deleted;
    uint32_t recent_from;
    bool gone; /* deleted: every message is expunged, commands get NO [NONEXISTENT] */
};

/**
 * The mailbox with this name (UTF-8, "INBOX" normalised). If it is not in memory, a read
 * snapshot is begun, and sometimes a second one, so that no commit between a snapshot and the
 * registration here can be missed; so the caller must not have one open. RC_NOT_FOUND; RC_AGAIN
 * as store_read_begin, with wake: ask again. Thread: session. Waits for disk if the mailbox is
 * not in memory.
 */
MUST_USE enum rc mailbox_open(struct account *acct, struct wake wake, struct span name,
                              struct mailbox **out, struct err *err);
MUST_USE enum rc mailbox_open_id(struct account *acct, struct wake wake, uint64_t mbox,
                                 struct mailbox **out, struct err *err);
/** The state of a mailbox that is in memory. False: it is not in memory, and the store's row is
 *  right. For STATUS, whose \Recent depends on the watermark in memory. Thread: any. */
bool mailbox_peek(struct account *acct, uint64_t mbox, struct mailbox_state *out);
void mailbox_ref(struct mailbox *mailbox);
/** NULL is allowed. Thread: any. */
void mailbox_put(struct mailbox *mailbox);

struct account *mailbox_account(const struct mailbox *mailbox);
/** A copy of the state at this moment. Thread: any; does not wait. */
void mailbox_state(struct mailbox *mailbox, struct mailbox_state *out);
/** The current version, with a reference. If it is not in memory, it is loaded through tx, a
 *  snapshot that was begun just now; if tx is NULL, RC_AGAIN says that a snapshot is needed.
 *  RC_GONE if the mailbox was deleted. Thread: session. Waits for disk. */
MUST_USE enum rc mailbox_version(struct mailbox *mailbox, struct store_tx *tx,
                                 struct version **out, struct err *err);
/* Keywords of a mailbox as they were at one moment. */
struct keyword_names {
    struct span *names; /* by number; empty: it has none */
    size_t count;
    uint64_t serial; /* keyword_serial then */
};
/** Copied into arena. RC_LIMIT. Thread: any. */
MUST_USE enum rc mailbox_keywords(struct mailbox *mailbox, struct arena *arena,
                                  struct keyword_names *out);

/* \Recent (RFC 3501 section 2.3.2) goes to the first session that selects the mailbox for
 * writing. */
/** Returns recent_from. If claim is set, raises it to uidnext in memory afterwards; the
 * account's next commit writes it. */
uint32_t mailbox_take_recent(struct mailbox *mailbox, bool claim);

#endif
