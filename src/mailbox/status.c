/* SPDX-License-Identifier: MIT */
/* STATUS: counters of the row, and what has none where it is asked for (status.h). */
#include "mailbox/status.h"

#include "mailbox/memory/mailbox.h"
#include "syntax/imap/req.h"

enum { BATCH = 64 };

/* Messages that would be \Recent to the next session: those from the watermark on, which may be
 * higher in memory than in the row. */
static enum rc
count_recent(struct account *acct, struct store_tx *tx, const struct mbox_row *row,
             uint32_t *count_out, struct err *err)
{
    struct mailbox_state state;
    struct entry entries[BATCH];
    uint32_t from = row->recent_from;
    uint32_t count = 0;
    size_t got = BATCH;

    if (mailbox_peek(acct, row->id, &state) && state.recent_from > from)
        from = state.recent_from;
    while (got == BATCH && from != 0 && from < row->uidnext) {
        const enum rc rc = store_entries_read(tx, row->id, &from, entries, BATCH, &got, err);
        if (rc != RC_OK)
            return rc;
        count += (uint32_t)got;
    }
    *count_out = count;
    return RC_OK;
}

static enum rc
count_deleted_octets(struct store_tx *tx, const struct mbox_row *row, uint64_t *octets_out,
                     struct err *err)
{
    struct entry entries[BATCH];
    uint32_t from = 1;
    uint64_t octets = 0;
    uint32_t found = 0;
    size_t got = BATCH;

    while (got == BATCH && found < row->deleted) {
        const enum rc rc = store_entries_read(tx, row->id, &from, entries, BATCH, &got, err);
        if (rc != RC_OK)
            return rc;
        for (size_t i = 0; i < got; i++) {
            if ((entries[i].flags & MSG_DELETED) == 0)
                continue;
            octets += entries[i].octets;
            found++;
        }
    }
    *octets_out = octets;
    return RC_OK;
}

static bool
reads_deleted_octets(const struct mbox_row *row, unsigned items)
{
    return (items & IMAP_STATUS_DELETED_STORAGE) != 0 && row->deleted_octets < 0;
}

bool
status_reads(const struct mbox_row *row, unsigned items)
{
    return (items & IMAP_STATUS_RECENT) != 0 || reads_deleted_octets(row, items);
}

enum rc
status_of_row(struct account *acct, struct store_tx *tx, const struct mbox_row *row,
              unsigned items, struct status *out, struct err *err)
{
    uint64_t deleted_octets = row->deleted_octets < 0 ? 0 : (uint64_t)row->deleted_octets;
    uint32_t recent = 0;
    enum rc rc = RC_OK;

    if ((items & IMAP_STATUS_RECENT) != 0)
        rc = count_recent(acct, tx, row, &recent, err);
    if (rc == RC_OK && reads_deleted_octets(row, items))
        rc = count_deleted_octets(tx, row, &deleted_octets, err);
    if (rc != RC_OK)
        return rc;
    *out = (struct status){
        .mbox = row->id,
        .messages = row->exists,
        .recent = recent,
        .uidnext = row->uidnext,
        .uidvalidity = row->uidvalidity,
        .unseen = row->unseen,
        .deleted = row->deleted,
        .octets = row->octets,
        .deleted_octets = deleted_octets,
        .highest_modseq = row->highest_modseq,
        .object_id = row->object_id,
    };
    return RC_OK;
}
