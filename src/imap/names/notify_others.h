/* SPDX-License-Identifier: MIT */
/*
 * NOTIFY for mailboxes of other users (RFC 5465 sections 3.1, 5, 5.9): those that MAILBOXES,
 * SUBTREE and SUBSCRIBED mean and that the user may look up and read. Each change of rights,
 * names or subscriptions can add mailboxes or remove some. So for each mailbox we keep what the
 * client knows of it, and a *look* lists what exists now and tells the differences.
 *
 *   names/notify_others.c       what is kept, and how it is handed over
 *   names/notify_look_due.c     whether a look is due
 *   names/notify_look.c         looks
 *   names/notify_look_tell.c    LIST
 *   names/notify_others_tell.c  STATUS and METADATA, and what is due next
 *
 * Every account that shares anything with the user is watched if it has names that SUBTREE or
 * SUBSCRIBED could mean, even if no mailbox there is meant yet.
 *
 * A look is due when names or access rights in a watched account have changed, when the user's
 * subscriptions below "Other Users" have changed, and when somebody shares mailboxes with the
 * user for the first time or the user's groups have changed. For an account that cannot be
 * read, what is known stays as it was, and it is looked at again after a while. The session is
 * not woken for a first share, for a change of groups or for this retry; they are noticed with
 * the next command or keepalive (docs/protocol.md P-12).
 *
 * Private to imap/. Thread: the session's.
 */
#ifndef IMAP_NAMES_NOTIFY_OTHERS_H
#define IMAP_NAMES_NOTIFY_OTHERS_H

#include "base/budget.h"
#include "imap/notify.h"
#include "mailbox/names/names_list.h"
#include "store/registry.h"
#include "store/sharing.h"

/* How long after a look that could not read an account the next one is made. */
enum { OTHERS_AGAIN_MS = 3000 };
/* Up to so many changed accounts are looked at one by one; if there are more, one look covers
 * all. */
enum { OTHERS_ONE_BY_ONE = 3 };

/* Without these rights nothing is told about a mailbox (section 5). */
enum { OTHER_RIGHTS = RIGHT_LOOKUP | RIGHT_READ };

enum other_state {                       /* bits */
                   OTHER_LISTED = 1,     /* it exists, and the user may look it up */
                   OTHER_READ = 2,       /* and read it */
                   OTHER_SUBSCRIBED = 4, /* the user has subscribed its name */
                   OTHER_TOLD = 8,       /* the client has been told that it exists */
                   OTHER_FRESH = 16,     /* its counters are to be told */
                   OTHER_SEEN = 32,      /* seen by the look under way */
};

struct notify_other {
    uint64_t mbox;
    uint64_t told_modseq; /* its own, up to which its counters were told; 0: unknown */
    uint32_t name_at;     /* place in texts of the name by which the client knows it */
    uint32_t name_len;
    /* events (enum imap_notify_event) asked for with MAILBOXES; they stay when it is renamed */
    uint8_t fixed;
    uint8_t by_name; /* events asked for with SUBTREE and SUBSCRIBED, as of the last look */
    uint8_t state;   /* enum other_state */
    /* The user's rights, while the serial numbers of the access control lists and of the
     * registry are these. */
    bool rights_known;
    uint32_t rights;
    uint32_t acl_serial;
    uint32_t epoch;
};

/* The mailboxes of one account. */
struct notify_owner {
    struct notify_owner *next;
    struct account *acct;   /* held */
    struct news_watch news; /* news of messages */
    struct watch watch;     /* of names, rights and metadata; it only wakes */
    struct news *at_hand;   /* owned; taken from the watch and not told yet; NULL: none */
    /* changes of messages up to here were told; 0: nothing of what was before is told */
    uint64_t told_modseq;
    uint64_t rows_goal;     /* the next value of told_modseq, while rows are gone through */
    uint64_t metadata_upto; /* changes of metadata up to here were told */
    uint64_t metadata_goal; /* the next value of metadata_upto, while they are told */
    uint32_t names_serial;  /* value of account_names_serial at the last look */
    uint32_t look_serial;   /* the same at the look under way */
    /* account_acl_serial and registry_rights_epoch before the present snapshot began */
    uint32_t acl_serial;
    uint32_t epoch;
    uint32_t row; /* index of the next mailbox, while all are gone through */
    bool rows;    /* STATUS of mailboxes that have changed is due */
    bool first;   /* STATUS of all mailboxes is due */
    bool fresh;   /* some mailboxes are OTHER_FRESH */
    /* it is not known what metadata were published before this process took over */
    bool unsure;
    struct notify_other *mailboxes; /* owned */
    size_t count;
    size_t cap;
    struct buf texts;
    struct budget *budget; /* env->notify_budget */
    size_t charged;        /* octets taken from it for all this */
};

struct notify_others {
    struct notify_owner *owners; /* owned */
    struct others_look *look;    /* owned; under way, or NULL */
    uint64_t sharers;            /* a hash of who shares, and of the user's groups */
    uint32_t serial;             /* value of notify_sharing_serial at that time */
    bool sharing;                /* whether [imap] sharing was on then */
    bool look_at_all;            /* a look at all accounts is due */
    /* a look at all accounts is due at this time, because some could not be read; monotonic; 0:
     * none */
    int64_t again_us;
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

/** Changes whenever the registry may have changed its answer about groups or about who
 * shares. */
static inline uint32_t
notify_sharing_serial(const struct imap_session *im)
{
    struct registry *registry = im->s.env->registry;

    return (uint32_t)(registry_rights_epoch(registry) + registry_shares_serial(registry));
}

/* A look under way. */
struct others_look {
    /* Of what it finds. Several looks may follow each other in one push or command, and none is
     * to leave anything behind in the arena of that. */
    struct arena arena;
    struct notify_owner *only; /* NULL: the look covers all accounts */
    /* the request of the NOTIFY under way; NULL: the one in force */
    const struct imap_notify_req *first;
    uint64_t sharers;
    uint32_t serial;
    bool sharing;
    struct imap_gather *gather;
    struct names_list *list; /* NULL: not complete yet */
    size_t sharer;           /* index of the next sharer that may have to be watched */
    bool listed;             /* the whole list has been looked at */
    /* after that: the account whose missing mailboxes are told next */
    struct notify_owner *owner;
    size_t at;
    /* The old name of a mailbox that was renamed together with those below it (section 5.4). */
    struct span renamed_from;
    struct span renamed_to;
    struct span parent; /* the parent that was told last */
};

/* ---- notify_others.c ---- */
/** Returns what is kept of an account; made and watched if there is none. RC_NOT_FOUND: the
 * account is gone. RC_LIMIT: no memory, or no room in env->notify_budget. */
MUST_USE enum rc notify_owner_get(struct imap_session *im, struct notify_others *others,
                                  uint64_t account, struct notify_owner **out);
/** Forgets accounts that were removed. The others stay watched even if they share nothing any
 * more, because they may do so again. */
void notify_owners_tidy(struct imap_session *im, struct notify_others *others);
/** NULL: the mailbox is not among those of the owner. */
struct notify_other *notify_other_find(const struct notify_owner *owner, uint64_t mbox);
/** RC_LIMIT: no memory or budget, more than LIMIT_NOTIFY_GUESTS of all accounts, or names of
 * more than LIMIT_NOTIFY_OCTETS of one. */
MUST_USE enum rc notify_other_add(struct notify_others *others, struct notify_owner *owner,
                                  uint64_t mbox, struct span name, struct notify_other **out);
MUST_USE enum rc notify_other_rename(struct notify_owner *owner, struct notify_other *other,
                                     struct span name);
/** Frees names that are no longer used. RC_LIMIT: no memory. */
MUST_USE enum rc notify_owner_compact(struct notify_owner *owner);

/** Ends the look under way, if there is one. */
void notify_look_free(struct notify_others *others);

/* ---- notify_look_due.c ---- */
/** Whether a look is due or under way. Does not wait. */
bool notify_look_is_due(const struct imap_session *im, struct notify_others *others);
/** Begins the look that is due: others->look. NULL with RC_OK: none is due after all. */
MUST_USE enum rc notify_look_new(struct imap_session *im, struct notify_others *others,
                                 struct err *err);

/* ---- notify_look.c ---- */
/** One step of a look. STEP_DONE: nothing is due any more, or *rc_out says why the look cannot
 * be done. */
enum imap_step notify_look_step(struct imap_session *im, struct notify_others *others,
                                const struct watched *watched, enum rc *rc_out);

/* ---- notify_look_tell.c: LIST ---- */
/* What the client knew of a mailbox before. */
struct other_before {
    unsigned events;
    unsigned state;
    struct span name;
};
/** Whether the client itself has done this to the name with the command under way. */
bool notify_is_own_doing(const struct imap_session *im, struct span name);
/** Tells of a mailbox that may be listed but not read, when the client asks for it (section
 * 3.1). */
void notify_no_access_tell(struct imap_session *im, const struct names_entry *entry);
/** Tells how a mailbox that exists differs from what the client knows. */
void notify_difference_tell(struct imap_session *im, struct notify_others *others,
                            const struct watched *watched, const struct other_before *before,
                            const struct notify_other *other, const struct names_entry *entry);
/** Tells that a mailbox is gone. */
void notify_gone_tell(struct imap_session *im, struct notify_others *others,
                      const struct watched *watched, struct notify_owner *owner,
                      struct notify_other *other);

#endif
