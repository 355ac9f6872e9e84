/* SPDX-License-Identifier: MIT */
/*
 * Adds messages from the client to a mailbox, for APPEND and REPLACE (RFC 8508). The messages
 * are scanned outside the turn, one in each slice; then one transaction adds all of them or
 * none.
 *
 * Thread: the session.
 */
#ifndef IMAP_NAMES_APPEND_H
#define IMAP_NAMES_APPEND_H

#include "imap/imap_session.h"
#include "imap/names/catenate.h"
#include "mailbox/content/ingest.h"
#include "mailbox/write/ops.h"

struct remove_across;

struct imap_append_run {
    struct append_op op;
    struct ingest *ingests;
    size_t prepared;
    bool appended;                 /* REPLACE: the request has been executed */
    bool found;                    /* REPLACE: the message to be replaced is known */
    struct remove_across *removal; /* removes it if it is in another account; NULL: op does */
    struct catenate cat;           /* of the next message, if it is assembled by CATENATE */
};

/** Called at the command's first step: sets work->run, and finds the target of
 * work->cmd.u.append. Anything but STEP_MORE is what the command returns. */
enum imap_step imap_append_begin(struct imap_session *im);
/** Continues until the request has been executed. STEP_DONE with *done_out set: it was; see
 * op.turn.result. Anything else is what the command returns. */
enum imap_step imap_append_step(struct imap_session *im, struct imap_append_run *run,
                                bool *done_out);
/** "APPENDUID 38505 3955:3957", in the command's arena; NULL: no memory. */
const char *imap_appenduid(struct imap_work *work, const struct append_op *op);

#endif
