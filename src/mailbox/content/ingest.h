/* SPDX-License-Identifier: MIT */
/*
 * A new message on its way in: everything that is ever computed from its text is computed here,
 * once, outside the turn, and only then stored. FETCH of it is a copy afterwards.
 *
 *   ingest_prepare  any thread, pure CPU, no lock, no transaction
 *   ingest_apply    in the turn: is there room, ingest_store, is it the owner's turn to know
 *   ingest_store    message, keywords, entry, report
 */
#ifndef MAILBOX_CONTENT_INGEST_H
#define MAILBOX_CONTENT_INGEST_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rc.h"
#include "mailbox/write/turn.h"
#include "store/store.h"

/* A header block above this is refused: FETCH and SEARCH may need it in memory as a whole. */
enum { INGEST_HEADER_MAX = 16 << 20 };

struct ingest {
    struct message_new msg; /* for store_message_add; text borrowed, the rest in the arena */
    uint32_t parts;         /* of the MIME tree */
};

/**
 * Scans and renders a message.
 *
 * arena  Receives the results. Budget: about 2 KiB + 3 x header + 1 KiB a part; ask for
 *        INGEST_ARENA of room.
 * text   The whole message as it is to be fetched (octet-true; line ends are not touched).
 *        Borrowed until the ingest was applied. May be mapped from a file.
 *
 * RC_LIMIT: arena, text beyond LIMIT_APPEND_MAX or header beyond INGEST_HEADER_MAX. No mail is
 * too broken. Thread: any; does not wait.
 */
MUST_USE enum rc ingest_prepare(struct arena *arena, struct span text, struct ingest *out,
                                struct err *err);
enum { INGEST_ARENA = 64 << 20 };

/** Appends the results, which are in the arena, to out in one piece, for callers that do not
 * keep many messages in memory. */
void ingest_pack(const struct ingest *ingest, struct buf *out);
/** Says where that piece and the message's text are now. */
void ingest_repoint(struct ingest *ingest, const char *piece, const char *text);

/* As what a message is entered into a mailbox. */
struct ingest_entry {
    uint64_t mbox;
    uint32_t flags; /* enum msg_flags */
    const struct span
        *keywords; /* names; those that are new get a number, while there is one */
    size_t keyword_count;
    int64_t internaldate_s;
    int16_t internaldate_zone_min;
};

/**
 * Stores the message, adds its keywords, enters it and reports it (change_keyword,
 * change_added), whatever the account's limits. RC_LIMIT: no UID left. On failure the request's
 * savepoint must be undone. Thread: the holder of the turn. Waits for disk.
 */
MUST_USE enum rc ingest_store(struct turn_ctx *ctx, const struct ingest *ingest,
                              const struct ingest_entry *as, struct entry *added_out,
                              struct err *err);
/** The same for a message that arrives: RC_QUOTA if there is no room for it, and the owner is
 *  told when the account fills up (quota_notice.h). This is for all ways by which mail comes.
 *  freed: as quota_allows. */
MUST_USE enum rc ingest_apply(struct turn_ctx *ctx, const struct ingest *ingest,
                              const struct ingest_entry *as, const struct quota_amounts *freed,
                              struct entry *added_out, struct err *err);

#endif
