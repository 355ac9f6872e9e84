/* SPDX-License-Identifier: MIT */
/*
 * The version that another one becomes by what a commit changed. Thread: any; versions do not
 * change.
 */
#include <stdlib.h>

#include "base/check.h"
#include "mailbox/account_private.h"
#include "mailbox/version_private.h"

/* Two or more records of arrivals become one. NULL: no memory. */
static struct version *
add_records(const struct version *old, const struct change_record *first, size_t records,
            size_t total, const struct mbox_row *row)
{
    if (records == 1)
        return version_add(old, first->entries, first->count, row->highest_modseq,
                           row->uidnext);
    struct entry *all = calloc(total, sizeof *all);
    if (all == NULL)
        return NULL;
    size_t at = 0;
    for (const struct change_record *r = first; at < total; r = r->next) {
        memcpy(all + at, r->entries, r->count * sizeof *all);
        at += r->count;
    }
    struct version *next = version_add(old, all, total, row->highest_modseq, row->uidnext);
    free(all);
    return next;
}

/* Applies the record, and arrivals that follow it; *record moves on. */
static struct version *
apply_record(const struct version *old, const struct change_record **record,
             const struct mbox_row *row)
{
    const struct change_record *first = *record;
    size_t records = 1;
    size_t total = first->count;

    *record = first->next;
    switch (first->kind) {
    case CHANGE_FLAGS:
        return version_set_flags(old, first->runs, first->count, &first->rule,
                                 row->highest_modseq);
    case CHANGE_EXPUNGED:
        return version_remove(old, first->uids, first->count, row->highest_modseq);
    case CHANGE_ADDED:
        for (; *record != NULL && (*record)->kind == CHANGE_ADDED; *record = (*record)->next) {
            records++;
            total += (*record)->count;
        }
        return add_records(old, first, records, total, row);
    case CHANGE_ENTRIES:
        return version_put(old, first->entries, first->count, row->highest_modseq,
                           row->uidnext);
    case CHANGE_KEYWORD:
        break;
    }
    CHECK(false);
}

struct version *
version_after(struct version *old, const struct mbox_changes *changes)
{
    struct version *now = old;
    const struct change_record *record = changes->first;

    version_ref(now);
    while (record != NULL && now != NULL) {
        if (record->kind == CHANGE_KEYWORD) {
            record = record->next;
            continue;
        }
        struct version *next = apply_record(now, &record, &changes->row);
        version_unref(now);
        now = next;
    }
    /* Elsewhere, messages may have come and gone without a trace but in the counters. */
    if (now != NULL && changes->has_row &&
        (now->modseq < changes->row.highest_modseq || now->uidnext < changes->row.uidnext)) {
        struct version *next =
            version_add(now, NULL, 0, changes->row.highest_modseq, changes->row.uidnext);
        version_unref(now);
        now = next;
    }
    return now;
}
