/* SPDX-License-Identifier: MIT */
/*
 * The commands that change messages, as requests for the account's turn (turn.h): fill one,
 * turn_run it until RC_OK, look at req.turn.result and the outputs. None of them tells the
 * client anything: what changed reaches every session, the asking one too, through sync
 * (sync.h).
 *
 * Outputs live in the request's arena. All sets are runs of UIDs, ascending (view_uid_runs).
 */
#ifndef MAILBOX_WRITE_OPS_H
#define MAILBOX_WRITE_OPS_H

#include "base/arena.h"
#include "mailbox/content/ingest.h"
#include "mailbox/write/turn.h"

struct flags_op {
    struct turn_req turn;
    struct arena *arena;
    uint64_t mbox;
    const struct uid_run *runs;
    size_t run_count;
    enum flags_mode mode;
    uint32_t flags;
    const struct span *keywords; /* names; new ones are added to the mailbox */
    size_t keyword_count;
    uint64_t unchanged_since; /* MODSEQ_ANY */
    uint64_t known_modseq;    /* view_known_modseq, for silent_modseq */
    struct flags_result out;
    /* Out: names left out because the mailbox has LIMIT_KEYWORDS others. The rest is done; a
     * client that asked for silence is told of it (view->echo). */
    size_t keywords_lost;
    /* Out: there are no rights to some of the flags that were named, or would have been
     * replaced (RFC 4314 section 4). The same holds for a client that asked for silence. */
    bool curtailed;
    /* Out: for view_silence after a .SILENT, otherwise for view_echo. 0: others have changed
     * flags that the client was not told yet, so this change is told like theirs, because the
     * sum of both is new to it. */
    uint64_t silent_modseq;
};
/**
 * STORE: let view->echo name op->runs (or, .SILENT, call view_silence) and sync: that writes
 * the FETCH lines. result: RC_GONE (mailbox deleted), RC_DENIED (no right to change any of
 * these flags; with some rights, only the other flags stay as they are).
 */
void flags_op_init(struct flags_op *op, struct arena *arena, struct wake wake);

struct expunge_op {
    struct turn_req turn;
    struct arena *arena;
    uint64_t mbox;
    const struct uid_run *runs; /* NULL: every message */
    size_t run_count;
    bool only_deleted;
    struct expunge_result out;
};
void expunge_op_init(struct expunge_op *op, struct arena *arena, struct wake wake);

/* A copy within one account. From another account, messages are appended instead. */
struct copy_op {
    struct turn_req turn;
    struct arena *arena;
    uint64_t from_mbox;
    struct span to_name; /* UTF-8, normalised */
    const struct uid_run *runs;
    size_t run_count;
    bool move;
    /* RC_EXPUNGED, and nothing is copied, if fewer exist; 0: any number. */
    size_t expected;
    uint32_t to_uidvalidity; /* out, as all below: COPYUID, RFC 4315 */
    uint64_t to_mbox;
    size_t count;            /* messages copied */
    struct uid_run *sources; /* their UIDs where they came from; only neighbours share a run */
    size_t source_count;
    uint32_t first_uid; /* of the first of them in the destination; the others follow on */
};
/** result: RC_NOT_FOUND (no such destination: TRYCREATE), RC_GONE (source deleted), RC_QUOTA
 * (never of a move). UIDs that are expunged meanwhile are skipped; the caller compares counts
 * (RFC 2180 section 4.4).
 */
void copy_op_init(struct copy_op *op, struct arena *arena, struct wake wake);

/* One message to be added; prepared outside the turn (ingest.h). */
struct append_msg {
    const struct ingest *ingest; /* prepared; its text is still there */
    uint32_t flags;
    const struct span *keywords;
    size_t keyword_count;
    int64_t internaldate_s;
    int16_t internaldate_zone_min;
    struct entry added; /* out */
};
struct append_op {
    struct turn_req turn;
    struct arena *arena;
    struct span name; /* of the mailbox */
    bool create;      /* LMTP +detail: make it when missing */
    /* REPLACE (RFC 8508): what is expunged in the same transaction; 0: nothing. If it is not
     * there any more, nothing is added either (RC_EXPUNGED, RC_GONE). */
    uint64_t replaced_mbox;
    uint32_t replaced_uid;
    struct append_msg *msgs;
    size_t msg_count;     /* all or none: one transaction (RFC 3502) */
    uint32_t uidvalidity; /* out */
    uint64_t mbox;        /* out */
};
/** result: RC_NOT_FOUND (TRYCREATE), RC_LIMIT (no UID left), RC_QUOTA. Keywords for which the
 * mailbox has no room are left out. */
void append_op_init(struct append_op *op, struct arena *arena, struct wake wake);
/** Whether the messages were added, also if the request was cancelled since (turn_cancel). */
static inline bool
append_op_was_done(const struct append_op *op)
{
    return op->turn.result == RC_OK && op->msg_count > 0 && op->msgs[0].added.uid != 0;
}

/* One bounded step of keeping house (store_purge_step, store_keywords_purge), sparing what
 * views still name. */
struct purge_op {
    struct turn_req turn;
    bool more; /* out: run it again */
};
void purge_op_init(struct purge_op *op, struct wake wake);

#endif
