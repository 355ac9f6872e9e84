/* SPDX-License-Identifier: MIT */
/*
 * The mailboxes that an ESEARCH is to search (RFC 7377 section 2.2): the user's own and those
 * of others, each once, in the order of their names. Mailboxes of others must be readable, and
 * also listable unless the client has named them; others are skipped.
 *
 *   named by the client -> listed below "Other Users" -> the user's own, and which of all are
 *   meant
 *
 * Private to imap/. Thread: the session's.
 */
#ifndef IMAP_SELECTED_ESEARCH_ESEARCH_SOURCES_H
#define IMAP_SELECTED_ESEARCH_ESEARCH_SOURCES_H

#include "imap/imap_session.h"
#include "imap/names/gather.h"

struct esearch_source {
    struct account *acct;       /* the session's, or held by its work */
    const struct mbox_row *row; /* with the name by which the client knows it */
    /* rights that are needed (enum mbox_right), if it belongs to another user */
    uint32_t needs;
};

/* A mailbox of another user that need not be listed. */
struct esearch_named {
    uint64_t owner;
    uint64_t mbox;
};

struct esearch_sources {
    enum { SOURCES_NAMED, SOURCES_LISTED, SOURCES_CHOSEN } stage;
    bool selected;              /* the selected mailbox is asked for */
    size_t group;               /* index of the group with the next name to be looked up */
    size_t name;                /* index of that name in the group */
    struct names_guest *others; /* mailboxes of other users, each once */
    size_t other_count;
    size_t other_room;
    struct esearch_named *named; /* those of them that the client has named, ascending */
    size_t named_count;
    size_t named_room;
    struct imap_gather *gather; /* NULL: not begun */
    struct names_list *listed;  /* NULL: not complete yet */
    /* valid once complete */
    struct esearch_source *list;
    size_t count;
    uint64_t messages;
};

/** One step of finding the mailboxes. *sources must be zeroed except for `selected`. True: they
 * are complete. False: *step_out is what the command returns; STEP_DONE: the reply is set. */
MUST_USE bool esearch_sources_step(struct imap_session *im, const struct imap_search_req *req,
                                   struct esearch_sources *sources, enum imap_step *step_out);

#endif
