/* SPDX-License-Identifier: MIT */
/*
 * What one commit changed, collected while the requests of a batch are applied and published
 * (to versions, counters and watchers) after it is on disk. Arrays are copied into the log.
 * Counters need no report: they are read from the rows of all mailboxes named here.
 *
 * Thread: the holder of the turn.
 */
#ifndef MAILBOX_MEMORY_CHANGE_H
#define MAILBOX_MEMORY_CHANGE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "store/store.h"

struct change_log;

/* What became of a name. */
enum name_change {
    NAME_MADE,
    NAME_DELETED,
    NAME_RENAMED, /* with all names below it */
    NAME_SUBSCRIBED,
    NAME_UNSUBSCRIBED,
};

/** New entries, ascending UIDs above all earlier ones. RC_LIMIT (memory), as all below. */
MUST_USE enum rc change_added(struct change_log *log, uint64_t mbox,
                              const struct entry *entries, size_t count);
/** The same for entries that are in the log's own arena: they are not copied. */
MUST_USE enum rc change_added_here(struct change_log *log, uint64_t mbox,
                                   const struct entry *entries, size_t count);
/** Where a large result may be put that goes into the log; it lives as long as the log. */
struct arena *change_log_arena(struct change_log *log);
/** A rule was applied to the entries that runs (ascending) name. */
MUST_USE enum rc change_flags(struct change_log *log, uint64_t mbox, const struct uid_run *runs,
                              size_t count, const struct flags_rule *rule);
MUST_USE enum rc change_expunged(struct change_log *log, uint64_t mbox, const uint32_t *uids,
                                 size_t count, uint64_t modseq);
/** A keyword got a number in this mailbox, or (with an empty name) the number lost its name. */
MUST_USE enum rc change_keyword(struct change_log *log, uint64_t mbox, uint32_t number,
                                struct span name);
/** The row is gone: its sessions see every message expunged. */
MUST_USE enum rc change_mbox_gone(struct change_log *log, uint64_t mbox);
/** Its name or special use is another one: for watchers of names. */
MUST_USE enum rc change_mbox_names(struct change_log *log, uint64_t mbox);
/** Entries of its metadata have changed. mbox 0: those of the account itself. */
MUST_USE enum rc change_metadata(struct change_log *log, uint64_t mbox);
/** Its access control list is another one: for watchers of names, and whoever has noted what he
 *  may do with mailboxes of the account (account_acl_serial). */
MUST_USE enum rc change_acl(struct change_log *log, uint64_t mbox);
/** As change_mbox_names, and what it was: for those who tell people (news.h). mbox 0: there is
 * no mailbox of that name. old_name: of NAME_RENAMED, otherwise empty. */
MUST_USE enum rc change_name(struct change_log *log, uint64_t mbox, enum name_change what,
                             struct span name, struct span old_name);

#endif
