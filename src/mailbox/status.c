/* SPDX-License-Identifier: MIT */
/* STATUS: counters of the row, and \Recent where it is asked for (status.h). */
#include "mailbox/status.h"

#include "mailbox/memory/mailbox.h"
#include "syntax/imap/req.h"

enum { RECENT_BATCH = 64 };

/* Messages that would be \Recent to the next session: those from the watermark on, which may be
 * higher in memory than in the row. */
static enum rc
count_recent(struct account *acct, struct store_tx *tx, const struct mbox_row *row,
             uint32_t *count_out, struct err *err)
{
    struct mailbox_state state;
    struct entry entries[RECENT_BATCH];
    uint32_t from = row->recent_from;
    uint32_t count = 0;
    size_t got = RECENT_BATCH;

    if (mailbox_peek(acct, row->id, &state) && state.recent_from > from)
        from = state.recent_from;
    while (got == RECENT_BATCH && from != 0 && from < row->uidnext) {
        const enum rc rc =
            store_entries_read(tx, row->id, &from, entries, RECENT_BATCH, &got, err);
        if (rc != RC_OK)
            return rc;
        count += (uint32_t)got;
    }
    *count_out = count;
    return RC_OK;
}

enum rc
status_of_row(struct account *acct, struct store_tx *tx, const struct mbox_row *row,
              unsigned items, struct status *out, struct err *err)
{
    uint32_t recent = 0;

    if ((items & IMAP_STATUS_RECENT) != 0) {
        const enum rc rc = count_recent(acct, tx, row, &recent, err);
        if (rc != RC_OK)
            return rc;
    }
    *out = (struct status){
        .mbox = row->id,
        .messages = row->exists,
        .recent = recent,
        .uidnext = row->uidnext,
        .uidvalidity = row->uidvalidity,
        .unseen = row->unseen,
        .deleted = row->deleted,
        .octets = row->octets,
        .highest_modseq = row->highest_modseq,
    };
    return RC_OK;
}

enum rc
status_get(struct account *acct, struct store_tx *tx, struct span name, unsigned items,
           struct status *out, struct err *err)
{
    AUTO_ARENA arena = {0};
    struct mbox_row row;

    arena_init(&arena, 16 << 10);
    const enum rc rc = store_mbox_find(tx, name, &arena, &row, err);
    return rc == RC_OK ? status_of_row(acct, tx, &row, items, out, err) : rc;
}
