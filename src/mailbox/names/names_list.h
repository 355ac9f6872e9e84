/* SPDX-License-Identifier: MIT */
/*
 * LIST and LSUB: which names to answer, with which attributes (RFC 3501 sections 6.3.8, 6.3.9,
 * RFC 3348, RFC 5258, RFC 6154). Reads names and subscriptions once in a snapshot, then needs
 * the store no more: names_list_next may be called in any slice.
 *
 * Order: INBOX first, then by hierarchy, parents before children; each name once, whatever
 * patterns it matches.
 *
 * Thread: the session.
 */
#ifndef MAILBOX_NAMES_NAMES_LIST_H
#define MAILBOX_NAMES_NAMES_LIST_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "mailbox/sharing/rights.h"
#include "store/store.h"
#include "syntax/imap/req.h"

enum names_attr { /* bits, in the order in which they are written */
                  NAMES_NONEXISTENT = 1,
                  NAMES_NOSELECT = 2,
                  NAMES_HAS_CHILDREN = 4,
                  NAMES_HAS_NO_CHILDREN = 8,
                  NAMES_SUBSCRIBED = 16,
                  NAMES_NO_ACCESS = 32, /* RFC 5465 section 3.1: not in answers to LIST */
};

/* CHILDINFO: selection options that some name below meets; RFC 5258 section 4. */
enum names_childinfo {
    NAMES_CHILDINFO_SUBSCRIBED = 1,
    NAMES_CHILDINFO_SPECIAL_USE =
        2, /* RFC 6154 section 3 lets a server leave it out; we do say it */
};

struct names_entry {
    struct span name;           /* canonical; empty: the answer to LIST "" "" */
    unsigned attrs;             /* enum names_attr: exactly those to be written */
    uint32_t special_use;       /* enum special_use: those to be written (names_use_to_wire) */
    unsigned childinfo;         /* enum names_childinfo */
    struct span old_name;       /* OLDNAME (RFC 5465 section 5.4); empty: none */
    const struct mbox_row *row; /* NULL: there is no such mailbox */
    /* The mailbox exists and meets the selection criteria itself, instead of being listed only
     * because of what is below it. So the data that RETURN asks for are sent (RFC 5819 section
     * 3, RFC 8440 section 4, RFC 9590 section 3). */
    bool is_selected;
    uint64_t owner;  /* the account of another user that it is in; 0: the user's own */
    uint32_t rights; /* enum mbox_right, with row */
};

/* A mailbox of another user. */
struct names_guest {
    struct mbox_row row; /* its name is the one by which this user knows it */
    uint64_t owner;      /* account */
    uint32_t rights;     /* enum mbox_right */
};

enum names_list_kind { NAMES_LIST, NAMES_LSUB };

struct names_list;

/**
 * req     As parsed; borrowed. LSUB looks at reference and patterns only.
 * arena   Receives all names; lives as long as the list.
 * RC_LIMIT: arena.
 */
MUST_USE enum rc names_list_new(struct arena *arena, struct store_tx *tx,
                                const struct imap_list_req *req, enum names_list_kind kind,
                                struct names_list **out, struct err *err);
/*
 * The same in steps, with mailboxes of other users: gather, add any number, build. Between them
 * there is no snapshot; what has been gathered stays.
 */
MUST_USE enum rc names_list_gather(struct arena *arena, struct store_tx *tx,
                                   const struct imap_list_req *req, enum names_list_kind kind,
                                   struct names_list **out, struct err *err);
/** Whether something below this name may be answered, so that it is worth adding. level is the
 * name of a level of hierarchy. */
bool names_list_reaches(const struct names_list *list, struct span level);
/** The rows live as long as the list. RC_LIMIT. */
MUST_USE enum rc names_list_add(struct names_list *list, const struct names_guest *rows,
                                size_t count);
MUST_USE enum rc names_list_build(struct names_list *list, struct err *err);
/**
 * The next name to answer. RC_NOT_FOUND: that was all. RC_AGAIN: nothing yet; it has worked for
 * a while (some 100,000 comparisons), so look at the time of the slice and call again. Does not
 * wait.
 */
MUST_USE enum rc names_list_next(struct names_list *list, struct names_entry *entry_out);

/** Finds one name in a list from which names_list_next has returned some; \NonExistent if there
 * is none. */
void names_list_find(const struct names_list *list, struct span name,
                     struct names_entry *entry_out);

/** One name as LIST RETURN (SUBSCRIBED CHILDREN SPECIAL-USE) would answer it; \NonExistent if
 *  there is none. In arena. RC_LIMIT. Waits for disk. */
MUST_USE enum rc names_entry_of(struct arena *arena, struct store_tx *tx, struct span name,
                                struct names_entry *entry_out, struct err *err);

#endif
