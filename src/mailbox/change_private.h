/* SPDX-License-Identifier: MIT */
/*
 * The log's inside; for mailbox/ only. It is counted by reference, because a version that is
 * being loaded while the commit is published needs it a little longer (mailbox_version).
 */
#ifndef MAILBOX_CHANGE_PRIVATE_H
#define MAILBOX_CHANGE_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "mailbox/memory/change.h"

enum change_kind {
    CHANGE_ADDED,
    CHANGE_FLAGS,
    CHANGE_EXPUNGED,
    CHANGE_KEYWORD,
    CHANGE_ENTRIES, /* as they are now, known ones and new ones: written elsewhere */
};

struct change_record {
    struct change_record *next; /* later ones of the same mailbox */
    uint64_t serial;            /* order of all calls */
    enum change_kind kind;
    size_t count;
    const struct entry *entries; /* added, or as they are now */
    size_t known;                /* of the latter, those that memory had: they come first */
    const struct uid_run *runs;  /* flags */
    struct flags_rule rule;
    const uint32_t *uids; /* expunged */
    uint64_t modseq;
    uint32_t number; /* keyword */
    struct span name;
};

struct name_record {
    struct name_record *next; /* later ones of the same mailbox */
    uint64_t serial;
    uint64_t by; /* who asked for it, as in mbox_changes */
    enum name_change what;
    struct span name;
    struct span old_name;
};

struct mbox_changes {
    struct mbox_changes *next; /* in order of first mention */
    uint64_t mbox;             /* 0: names and metadata of the account */
    uint64_t serial;           /* of the first mention */
    struct change_record *first;
    struct change_record *last;
    uint64_t gone_serial; /* 0: it is there */
    /* 0: the records tell all; otherwise versions are to be loaded again */
    uint64_t anew_serial;
    uint64_t names_serial;    /* 0: its name, use and subscription are what they were */
    uint64_t metadata_serial; /* 0: its metadata are what they were */
    uint64_t metadata_modseq; /* made elsewhere: of their last change; 0: of this commit */
    struct name_record *names;
    struct name_record *names_last;
    uint64_t by;            /* id of the wake of who asked for this first; 0: nobody */
    uint64_t others_serial; /* 0: nobody else did */
    struct mbox_row row;    /* after the batch; valid when has_row */
    bool has_row;
    unsigned events; /* what has happened (enum watch_event); set by change_log_finish */
};

struct change_log {
    atomic_uint refs;
    struct arena arena;
    struct map by_mbox; /* struct mbox_changes, in the arena */
    struct mbox_changes *first;
    struct mbox_changes *last;
    uint64_t serial;     /* last one given */
    uint64_t by;         /* who asks for what is reported next: the id of its wake; 0: nobody */
    uint64_t acl_serial; /* 0: no access control list was changed */
};

/** NULL: no memory. One reference. */
struct change_log *change_log_new(void);
void change_log_ref(struct change_log *log);
void change_log_unref(struct change_log *log);
/* Where the log stood. */
struct change_mark {
    uint64_t serial;
    struct arena_mark arena;
};
struct change_mark change_log_mark(const struct change_log *log);
/** Takes back what came after, and its memory. */
void change_log_rollback(struct change_log *log, struct change_mark mark);

/* --- Of commits made elsewhere (catch_up.c) --- */

/** Entries as they are now, ascending; those from new_from on are new to memory. Copied. */
MUST_USE enum rc change_entries(struct change_log *log, uint64_t mbox,
                                const struct entry *entries, size_t count, uint32_t new_from);
/** Its counters may be others. */
MUST_USE enum rc change_mbox_row(struct change_log *log, uint64_t mbox);
/** As change_metadata; modseq: of the last change there, which may be below that of the
 * rows. */
MUST_USE enum rc change_metadata_until(struct change_log *log, uint64_t mbox, uint64_t modseq);
/** So much has changed that no records tell it. */
MUST_USE enum rc change_mbox_anew(struct change_log *log, uint64_t mbox);

/** Reads the rows of all mailboxes named, and notes the events of each, at the end of the
 * batch, in its transaction. Waits for disk. */
MUST_USE enum rc change_log_finish(struct change_log *log, struct store_tx *tx,
                                   struct err *err);
/** Whether whoever has a wake of this id, which is not 0, has asked for all of it. */
bool change_log_is_by(const struct mbox_changes *changes, uint64_t id);
/** Whether access control lists have been changed in the batch, or perhaps. */
bool change_log_has_acl(const struct change_log *log);
/** Whether metadata of anything have been changed in the batch. */
bool change_log_has_metadata(const struct change_log *log);
/** Whether the batch has created, renamed or deleted mailboxes, and the like. */
bool change_log_has_names(const struct change_log *log);
/** Lowest modseq of an expunge reported so far; 0: none. */
uint64_t change_log_first_expunge(const struct change_log *log);
/** Whether this mailbox has been deleted in the batch so far. */
bool change_log_has_gone(const struct change_log *log, uint64_t mbox);
/** Whether anything of this mailbox's messages has been changed in the batch so far. */
bool change_log_has_messages(const struct change_log *log, uint64_t mbox);
/** Whether a number of this mailbox lost its name in the batch so far. */
bool change_log_has_retired(const struct change_log *log, uint64_t mbox);
/** Whether flags of this mailbox have been changed in the batch so far. */
bool change_log_has_flags(const struct change_log *log, uint64_t mbox);

#endif
