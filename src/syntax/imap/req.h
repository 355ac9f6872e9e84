/* SPDX-License-Identifier: MIT */
/*
 * The arguments of commands as structs (SEARCH and FETCH have headers of their own). Spans
 * point into the command's text or into the arena given to the parser: both live as long as the
 * request. Names of mailboxes are canonical UTF-8 (mbox_name.h).
 *
 * Plain data; any thread.
 */
#ifndef SYNTAX_IMAP_REQ_H
#define SYNTAX_IMAP_REQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "syntax/imap/date.h"
#include "syntax/imap/flags.h"
#include "syntax/imap/mbox_name.h"
#include "syntax/imap/numset.h"

/** Messages a command names. As written: normalise before use. */
struct imap_msgs {
    enum imap_msgs_kind {
        IMAP_MSGS_SEQ,   /* .seq */
        IMAP_MSGS_UID,   /* .uid: the UID forms */
        IMAP_MSGS_SAVED, /* `$`: the saved search result (RFC 5182) */
    } kind;
    struct seq_set seq;
    struct uid_set uid;
};

/* Some of the results of a search, or of the messages of a UID FETCH: RFC 9394. */
struct imap_partial {
    uint32_t first; /* counted from 1; first <= last */
    uint32_t last;
    bool from_end; /* written with minus signs: 1 is the last one */
    bool reversed; /* written as last:first, and answered like that (RFC 9394 section 3.1) */
};

struct imap_authenticate_req {
    struct span mechanism; /* an atom, in the client's case */
    bool has_initial;      /* RFC 4959 */
    struct span initial;   /* base64, not decoded; empty for "=" */
};

struct imap_login_req {
    struct span user; /* any octets but NUL */
    struct span password;
};

struct imap_id_pair {
    struct span field;
    struct span value;
    bool is_nil; /* value is NIL */
};

struct imap_id_req {
    const struct imap_id_pair *pairs; /* at most LIMIT_ID_PAIRS; none for NIL and () */
    size_t pair_count;
};

struct imap_enable_req {
    const struct span *capabilities; /* atoms; unknown ones are to be ignored (RFC 5161) */
    size_t capability_count;
};

/** SELECT and EXAMINE (RFC 4466, RFC 7162). */
struct imap_select_req {
    struct mbox_arg mailbox;
    bool condstore;
    bool has_qresync;
    struct {
        uint32_t uidvalidity;
        uint64_t modseq; /* 1..2^63-1 */
        bool has_known_uids;
        struct uid_set known_uids; /* no `*`; normal */
        bool has_match;            /* the next two are as long as each other and ascending */
        struct seq_set match_seqs;
        struct uid_set match_uids;
    } qresync;
};

struct imap_create_req {
    struct mbox_arg mailbox;
    unsigned uses;    /* enum imap_use, RFC 6154 */
    bool unknown_use; /* a use attribute that does not exist: NO [USEATTR] */
};

/** DELETE, SUBSCRIBE, UNSUBSCRIBE. */
struct imap_mailbox_req {
    struct mbox_arg mailbox;
};

/** SETACL, DELETEACL, LISTRIGHTS (RFC 4314). */
struct imap_acl_req {
    struct mbox_arg mailbox;
    struct span identifier; /* any octets but NUL */
    struct span rights;     /* SETACL: as written */
};

/* GETQUOTA, and SETQUOTA: which limits it names is read past, because nobody may set any. */
struct imap_quota_req {
    struct span root;
};

struct imap_rename_req {
    struct mbox_arg from;
    struct mbox_arg to;
};

enum imap_list_select {
    IMAP_LIST_SUBSCRIBED = 1 << 0,
    IMAP_LIST_REMOTE = 1 << 1,
    IMAP_LIST_RECURSIVEMATCH = 1 << 2, /* never without one of the first and the last */
    IMAP_LIST_SPECIAL_USE = 1 << 3,
};

enum imap_list_return {
    IMAP_LIST_RETURN_SUBSCRIBED = 1 << 0,
    IMAP_LIST_RETURN_CHILDREN = 1 << 1,
    IMAP_LIST_RETURN_SPECIAL_USE = 1 << 2,
    IMAP_LIST_RETURN_STATUS = 1 << 3,
    IMAP_LIST_RETURN_METADATA = 1 << 4, /* RFC 9590 */
    IMAP_LIST_RETURN_MYRIGHTS = 1 << 5, /* RFC 8440 */
};

/* Names of entries, as they were written; all are legal (metadata_name.h). */
struct imap_entries {
    const struct span *names;
    size_t count; /* at most LIMIT_METADATA_NAMES */
};

enum imap_status_item {
    IMAP_STATUS_MESSAGES = 1 << 0,
    IMAP_STATUS_RECENT = 1 << 1,
    IMAP_STATUS_UIDNEXT = 1 << 2,
    IMAP_STATUS_UIDVALIDITY = 1 << 3,
    IMAP_STATUS_UNSEEN = 1 << 4,
    IMAP_STATUS_DELETED = 1 << 5,          /* RFC 9051 */
    IMAP_STATUS_SIZE = 1 << 6,             /* RFC 8438 */
    IMAP_STATUS_HIGHESTMODSEQ = 1 << 7,    /* RFC 7162 */
    IMAP_STATUS_APPENDLIMIT = 1 << 8,      /* RFC 7889 */
    IMAP_STATUS_MAILBOXID = 1 << 9,        /* RFC 8474 */
    IMAP_STATUS_DELETED_STORAGE = 1 << 10, /* RFC 9208 */
};

enum { IMAP_STATUS_COUNT = 11 };
/** Names by bit number. */
extern const struct span imap_status_names[IMAP_STATUS_COUNT];

struct imap_list_pattern {
    struct span text; /* UTF-8, wildcards as they are */
    bool hopeless;    /* can match nothing */
};

/** LIST and LSUB. */
struct imap_list_req {
    bool extended;    /* RFC 5258: selection or return options, or patterns in parentheses */
    unsigned select;  /* enum imap_list_select */
    unsigned returns; /* enum imap_list_return */
    unsigned status_items;       /* enum imap_status_item, with IMAP_LIST_RETURN_STATUS */
    struct imap_entries entries; /* with IMAP_LIST_RETURN_METADATA */
    struct imap_list_pattern reference;
    const struct imap_list_pattern *patterns; /* 1..LIMIT_LIST_PATTERNS */
    size_t pattern_count;
};

struct imap_status_req {
    struct mbox_arg mailbox;
    unsigned items; /* enum imap_status_item, at least one */
};

enum imap_depth { IMAP_DEPTH_0, IMAP_DEPTH_1, IMAP_DEPTH_INFINITY };

/** GETMETADATA (RFC 5464 section 4.2). */
struct imap_getmetadata_req {
    bool server; /* the name was empty: `mailbox` is not set */
    struct mbox_arg mailbox;
    bool has_max_octets;
    uint64_t max_octets;
    enum imap_depth depth;
    struct imap_entries entries;
};

struct imap_metadata_pair {
    struct span name;
    struct span value; /* any octets */
    bool is_nil;       /* the entry is removed */
};

/** SETMETADATA (RFC 5464 section 4.3). */
struct imap_setmetadata_req {
    bool server;
    struct mbox_arg mailbox;
    const struct imap_metadata_pair *pairs;
    size_t pair_count; /* at most LIMIT_METADATA_NAMES */
};

/* A piece of a message that is put together (CATENATE, RFC 4469). */
struct imap_cat_part {
    bool is_url;
    struct span url; /* as written */
    /* Else a text: */
    bool literal8;
    bool is_spooled;
    unsigned spool;
    struct span inline_octets;
};

enum imap_notify_event {                                  /* bits; RFC 5465 section 5 */
                         IMAP_EVENT_MESSAGE_NEW = 1 << 0, /* never without the next one */
                         IMAP_EVENT_MESSAGE_EXPUNGE = 1 << 1,
                         IMAP_EVENT_FLAG_CHANGE = 1 << 2, /* never without the first two */
                         IMAP_EVENT_MAILBOX_NAME = 1 << 3,
                         IMAP_EVENT_SUBSCRIPTION_CHANGE = 1 << 4,
                         IMAP_EVENT_MAILBOX_METADATA = 1 << 5,
                         IMAP_EVENT_SERVER_METADATA = 1 << 6,
                         IMAP_EVENTS_SUPPORTED = (1 << 7) - 1,
                         IMAP_EVENT_ANNOTATION_CHANGE = 1 << 7,
                         IMAP_EVENT_UNKNOWN = 1 << 8, /* NO [BADEVENT] */
};

enum imap_notify_scope {
    IMAP_NOTIFY_SELECTED,
    IMAP_NOTIFY_SELECTED_DELAYED,
    IMAP_NOTIFY_INBOXES,
    IMAP_NOTIFY_PERSONAL,
    IMAP_NOTIFY_SUBSCRIBED,
    IMAP_NOTIFY_SUBTREE,
    IMAP_NOTIFY_MAILBOXES,
    IMAP_NOTIFY_SUBTREE_ONE, /* ESEARCH, RFC 7377 section 2.2; not in NOTIFY */
};

struct imap_notify_group {
    enum imap_notify_scope scope;
    unsigned events;                  /* enum imap_notify_event; 0: NONE */
    const struct mbox_arg *mailboxes; /* SUBTREE, SUBTREE-ONE, MAILBOXES */
    size_t mailbox_count;
};

/** RFC 5465. */
struct imap_notify_req {
    bool set;    /* false: NOTIFY NONE, and nothing else is here */
    bool status; /* the STATUS of each mailbox is asked for */
    bool has_selected;
    const struct imap_notify_group *groups;
    size_t group_count;
    /* "(UID ...)" after the MessageNew of SELECTED, for imap_fetch_list_parse; empty:
     * nothing */
    struct span fetch;
};

struct imap_append_message {
    struct imap_flag_list flags;
    bool has_date;
    struct imap_date_time date;
    bool utf8;       /* UTF8 (~{...}), RFC 6855 section 4 */
    bool literal8;   /* ~{...}, RFC 3516 */
    uint64_t octets; /* of the message */
    bool is_spooled; /* diverted by the framer: the octets are in spool number `spool` */
    unsigned spool;  /* counted from 0 in the order of the command */
    struct span inline_octets;         /* when not spooled */
    const struct imap_cat_part *parts; /* CATENATE: instead of a literal */
    size_t part_count;                 /* at most LIMIT_CATENATE_PARTS */
};

/** APPEND, with MULTIAPPEND (RFC 3502), and REPLACE (RFC 8508), with one message. */
struct imap_append_req {
    struct imap_msgs replaced; /* REPLACE: one number, or `*` */
    struct mbox_arg mailbox;
    const struct imap_append_message *messages; /* 1..LIMIT_APPEND_MESSAGES */
    size_t message_count;
};

struct imap_uid_expunge_req {
    struct imap_msgs msgs;
};

/** RFC 10022. Batches are counted from 1; the first one has the latest messages. */
struct imap_uidbatches_req {
    uint32_t size;  /* messages of a batch, at least 1 */
    bool has_range; /* only these batches are asked for */
    uint32_t first; /* 1..2^32-1, as the next one; may be above it */
    uint32_t last;
};

enum imap_store_mode { IMAP_STORE_REPLACE, IMAP_STORE_ADD, IMAP_STORE_REMOVE };

struct imap_store_req {
    struct imap_msgs msgs;
    enum imap_store_mode mode;
    bool silent;
    bool has_unchanged_since;
    uint64_t unchanged_since; /* 0..2^63-1, RFC 7162 section 3.1.3 */
    struct imap_flag_list flags;
};

/** RFC 5267 section 4.3.5. */
struct imap_cancel_update_req {
    const struct span *tags; /* at least one; any strings */
    size_t tag_count;
};

/** COPY and MOVE. */
struct imap_copy_req {
    struct imap_msgs msgs;
    struct mbox_arg mailbox;
};

#endif
