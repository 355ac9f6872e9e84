/* SPDX-License-Identifier: MIT */
/*
 * NOTIFY for mailboxes of other users (RFC 5465 sections 3.1, 5, 5.9): those that MAILBOXES,
 * SUBTREE and SUBSCRIBED mean, and that the user may look up and read. Rights, names and
 * subscriptions change, and each change can add mailboxes or take some away; so what is kept of
 * each is what the client knows of it, and a *look* lists what there is now and tells in what
 * the two differ.
 *
 *   names/notify_others.c       what is kept, and for another process
 *   names/notify_look_due.c     whether a look is due
 *   names/notify_look.c         looks
 *   names/notify_look_tell.c    LIST
 *   names/notify_others_tell.c  STATUS and METADATA, and what is due next
 *
 * Every account is watched that shares anything with the user and has names that SUBTREE or
 * SUBSCRIBED could mean, though no mailbox there is meant yet.
 *
 * A look is due when names or access rights of an account have changed that is watched, when
 * the user's subscriptions below "Other Users" have, and when somebody shares mailboxes with
 * the user for the first time or the user's groups are others. An account that cannot be read
 * stays as it was, and is looked at again after a while. Nobody wakes the session for the
 * last: it is noticed with the next command or keepalive (docs/protocol.md P-12).
 *
 * Private to imap/. Thread: the session's.
 */
#ifndef IMAP_NAMES_NOTIFY_OTHERS_H
#define IMAP_NAMES_NOTIFY_OTHERS_H

#include "imap/notify.h"
#include "mailbox/names/names_list.h"
#include "store/registry.h"
#include "store/sharing.h"

/* How long after a look that could not read an account there is another. */
enum { OTHERS_AGAIN_MS = 3000 };
/* Accounts that have changed of which each is looked at by itself. */
enum { OTHERS_ONE_BY_ONE = 3 };

/* Rights without which nothing is told (section 5). */
enum { OTHER_RIGHTS = RIGHT_LOOKUP | RIGHT_READ };

enum other_state {                       /* bits */
                   OTHER_LISTED = 1,     /* it is there, and the user may look it up */
                   OTHER_READ = 2,       /* and read it */
                   OTHER_SUBSCRIBED = 4, /* the user has subscribed its name */
                   OTHER_TOLD = 8,       /* the client has been told that it is there */
                   OTHER_FRESH = 16,     /* its counters are to be told */
                   OTHER_SEEN = 32,      /* in the look under way */
};

struct notify_other {
    uint64_t mbox;
    uint64_t told_modseq; /* its own, up to which its counters were told; 0: not known */
    uint32_t name_at;     /* in texts: by which the client knows it */
    uint32_t name_len;
    uint8_t fixed;   /* events (enum imap_notify_event) of MAILBOXES: whatever it is called */
    uint8_t by_name; /* of SUBTREE and SUBSCRIBED, as of the last look */
    uint8_t state;   /* enum other_state */
};

/* The mailboxes of one account. */
struct notify_owner {
    struct notify_owner *next;
    struct account *acct;   /* held */
    struct news_watch news; /* of messages */
    struct watch watch;     /* of names, rights and metadata: it only wakes */
    struct news *at_hand;   /* owned; taken and not told yet; NULL: none */
    uint64_t told_modseq;   /* of messages; 0: nothing is told of what was before */
    uint64_t rows_goal;     /* while rows are gone through: what it will be */
    uint64_t metadata_upto; /* told of metadata */
    uint64_t metadata_goal; /* while they are told: up to which */
    uint32_t names_serial;  /* account_names_serial, of the last look */
    uint32_t look_serial;   /* and of the one under way */
    uint32_t row;           /* the next to be looked at, while all are gone through */
    bool rows;              /* counters of those that have changed are to be told */
    bool first;             /* and of all */
    bool fresh;             /* some mailboxes are OTHER_FRESH */
    bool unsure;            /* what metadata were published before this process is not known */
    struct notify_other *mailboxes; /* owned */
    size_t count;
    size_t cap;
    struct buf texts;
};

struct notify_others {
    struct notify_owner *owners; /* owned */
    struct others_look *look;    /* under way, in the arena of the work */
    uint64_t sharers;            /* a hash of who shares, and of the user's groups */
    uint32_t serial;             /* notify_sharing_serial then */
    bool sharing;                /* [imap] sharing was on then */
    bool look_at_all;            /* a look at all accounts is due */
    int64_t again_us;            /* and at this time, because some could not be read; 0: no */
};

static inline struct span
other_name(const struct notify_owner *owner, const struct notify_other *other)
{
    return span_of(buf_span(&owner->texts).ptr + other->name_at, other->name_len);
}
static inline unsigned
other_events(const struct notify_other *other)
{
    return (unsigned)other->fixed | other->by_name;
}
static inline bool
other_is(const struct notify_other *other, unsigned state)
{
    return (other->state & state) == state;
}

/** Another number when the registry may say something else of groups and of who shares. */
static inline uint32_t
notify_sharing_serial(const struct imap_session *im)
{
    struct registry *registry = im->s.env->registry;

    return (uint32_t)(registry_epoch(registry) + registry_shares_serial(registry));
}

/* A look under way. */
struct others_look {
    struct notify_owner *only;           /* NULL: of all accounts */
    const struct imap_notify_req *first; /* the NOTIFY under way; NULL: it is in force */
    uint64_t sharers;
    uint32_t serial;
    bool sharing;
    struct imap_gather *gather;
    struct names_list *list;    /* NULL: not complete */
    size_t sharer;              /* the next that may have to be watched */
    bool listed;                /* all of it has been looked at */
    struct notify_owner *owner; /* then: whose missing mailboxes are told next */
    size_t at;
    /* A mailbox that got another name, and with it those below it (section 5.4). */
    struct span renamed_from;
    struct span renamed_to;
    struct span parent; /* that was told last */
};

/* ---- notify_others.c ---- */
/** That of an account, which is made and watched if there is none. RC_NOT_FOUND: the account is
 *  gone. RC_LIMIT. */
MUST_USE enum rc notify_owner_get(struct imap_session *im, struct notify_others *others,
                                  uint64_t account, struct notify_owner **out);
/** Lets go of accounts that were removed. The others are watched even if nothing of them is
 * shared any more, because it may be again. */
void notify_owners_tidy(struct imap_session *im, struct notify_others *others);
/** NULL: it is not among them. */
struct notify_other *notify_other_find(const struct notify_owner *owner, uint64_t mbox);
/** RC_LIMIT: no memory, more than LIMIT_NOTIFY_GUESTS of all accounts, or names of more than
 * LIMIT_NOTIFY_OCTETS of one. */
MUST_USE enum rc notify_other_add(struct notify_others *others, struct notify_owner *owner,
                                  uint64_t mbox, struct span name, struct notify_other **out);
MUST_USE enum rc notify_other_rename(struct notify_owner *owner, struct notify_other *other,
                                     struct span name);
/** Frees what names are not used any more. RC_LIMIT. */
MUST_USE enum rc notify_owner_compact(struct notify_owner *owner);

/* ---- notify_look_due.c ---- */
/** Whether a look is due or under way. Does not wait. */
bool notify_look_is_due(const struct imap_session *im, struct notify_others *others);
/** The look that is due, in the arena of the work; NULL with RC_OK: none is after all. */
MUST_USE enum rc notify_look_new(struct imap_session *im, struct notify_others *others,
                                 struct others_look **out, struct err *err);

/* ---- notify_look.c ---- */
/** One step of a look. STEP_DONE: nothing is due any more; with *rc_out not RC_OK, it cannot be
 * done. */
enum imap_step notify_look_step(struct imap_session *im, struct notify_others *others,
                                const struct watched *watched, enum rc *rc_out);

/* ---- notify_look_tell.c: LIST ---- */
/* What the client knew of a mailbox before. */
struct other_before {
    unsigned events;
    unsigned state;
    struct span name;
};
/** Whether the client itself has done that to the name, by the command under way. */
bool notify_is_own_doing(const struct imap_session *im, struct span name);
/** Of a mailbox that may be listed but not read, when the client asks for it (section 3.1). */
void notify_no_access_tell(struct imap_session *im, const struct names_entry *entry);
/** Of one that is there. */
void notify_difference_tell(struct imap_session *im, struct notify_others *others,
                            const struct watched *watched, const struct other_before *before,
                            const struct notify_other *other, const struct names_entry *entry);
/** Of one that is not there any more. */
void notify_gone_tell(struct imap_session *im, struct notify_others *others,
                      const struct watched *watched, struct notify_owner *owner,
                      struct notify_other *other);

#endif
