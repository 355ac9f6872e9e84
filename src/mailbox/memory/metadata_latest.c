/* SPDX-License-Identifier: MIT */
/*
 * Where metadata of an account have changed recently. Sessions that tell changes read the rows
 * (imap/names/metadata_tell.c). There is no index on their modseq, which would take a page in
 * each account, so memory says which mailboxes' rows must be read. An account that has just
 * come into memory knows nothing, and nobody asks it for earlier changes.
 *
 * Thread: any.
 */
#include <stdlib.h>

#include "mailbox/account_private.h"

/* The slot for a mailbox: its own, a free one, or that of the oldest change. */
static uint32_t
place_for(struct metadata_latest *latest, uint64_t mbox)
{
    uint32_t oldest = 0;

    for (uint32_t i = 0; i < latest->count; i++) {
        if (latest->of[i].mbox == mbox)
            return i;
        if (latest->of[i].modseq < latest->of[oldest].modseq)
            oldest = i;
    }
    if (latest->count < METADATA_LATEST)
        return latest->count++;
    if (latest->of[oldest].modseq > latest->lost_modseq)
        latest->lost_modseq = latest->of[oldest].modseq;
    return oldest;
}

/* That of the account. Without memory there is none, and it is unknown where anything
 * changed. */
static struct metadata_latest *
latest_of(struct account *acct)
{
    if (acct->metadata == NULL)
        acct->metadata = calloc(1, sizeof *acct->metadata);
    if (acct->metadata != NULL && acct->metadata->count == 0)
        acct->metadata->lost_modseq = atomic_load(&acct->metadata_modseq);
    return acct->metadata;
}

void
metadata_latest_note(struct account *acct, const struct change_log *log, uint64_t modseq)
{
    if (!change_log_has_metadata(log))
        return;
    uint64_t upto = 0;
    lock_enter(hub_lock(acct));
    struct metadata_latest *latest = latest_of(acct);
    for (const struct mbox_changes *c = log->first; c != NULL; c = c->next) {
        if (c->metadata_serial == 0)
            continue;
        const uint64_t last = c->metadata_modseq != 0 ? c->metadata_modseq : modseq;
        if (upto < last)
            upto = last;
        if (latest == NULL)
            continue;
        const uint32_t at = place_for(latest, c->mbox);
        latest->of[at].mbox = c->mbox;
        latest->of[at].modseq = last;
    }
    atomic_store(&acct->metadata_modseq, upto);
    lock_leave(hub_lock(acct));
}

bool
account_metadata_changed(const struct account *acct, uint64_t modseq)
{
    return atomic_load(&acct->metadata_modseq) > modseq;
}

static void
add_in_order(struct metadata_changes *out, uint64_t mbox)
{
    size_t at = out->count++;

    for (; at > 0 && out->mboxes[at - 1] > mbox; at--)
        out->mboxes[at] = out->mboxes[at - 1];
    out->mboxes[at] = mbox;
}

void
account_metadata_changes(struct account *acct, uint64_t modseq, struct metadata_changes *out)
{
    lock_enter(hub_lock(acct));
    const struct metadata_latest *latest = acct->metadata;
    *out = (struct metadata_changes){
        .everywhere = latest == NULL || modseq < latest->lost_modseq,
        .upto = atomic_load(&acct->metadata_modseq),
    };
    for (uint32_t i = 0; latest != NULL && i < latest->count; i++)
        if (latest->of[i].modseq > modseq)
            add_in_order(out, latest->of[i].mbox);
    lock_leave(hub_lock(acct));
}
