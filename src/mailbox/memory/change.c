/* SPDX-License-Identifier: MIT */
/*
 * The log of one batch: for each mailbox the records in the order they were made. A request
 * that fails takes its records with it, as its savepoint does with its rows (INV-M3).
 *
 * Thread: the holder of the turn; read by loaders of versions once it is published.
 */
#include "mailbox/memory/change.h"

#include <stdlib.h>

#include "base/limits.h"
#include "mailbox/change_private.h"
#include "mailbox/memory/hub.h"

struct change_log *
change_log_new(void)
{
    struct change_log *log = calloc(1, sizeof *log);

    if (log == NULL)
        return NULL;
    atomic_init(&log->refs, 1);
    arena_init(&log->arena, LIMIT_CHANGE_LOG);
    map_init(&log->by_mbox);
    return log;
}

void
change_log_ref(struct change_log *log)
{
    atomic_fetch_add_explicit(&log->refs, 1, memory_order_relaxed);
}

void
change_log_unref(struct change_log *log)
{
    if (log == NULL || atomic_fetch_sub_explicit(&log->refs, 1, memory_order_acq_rel) != 1)
        return;
    map_done(&log->by_mbox);
    arena_done(&log->arena);
    free(log);
}

struct change_mark
change_log_mark(const struct change_log *log)
{
    return (struct change_mark){log->serial, arena_mark(&log->arena)};
}

/* The first time counts: an entry stays even if a later request adds to it and is rolled
 * back. */
static void
first_time(uint64_t *serial, const struct change_log *log)
{
    if (*serial == 0)
        *serial = log->serial;
}

/* Takes back what one mailbox's part got after the mark; false: it was not there before. */
static bool
take_back(struct mbox_changes *changes, uint64_t mark)
{
    struct change_record *kept = NULL;

    if (changes->serial > mark)
        return false;
    if (changes->gone_serial > mark)
        changes->gone_serial = 0;
    if (changes->anew_serial > mark)
        changes->anew_serial = 0;
    if (changes->names_serial > mark)
        changes->names_serial = 0;
    if (changes->metadata_serial > mark)
        changes->metadata_serial = 0;
    if (changes->others_serial > mark)
        changes->others_serial = 0;
    struct name_record **name = &changes->names;
    changes->names_last = NULL;
    for (; *name != NULL && (*name)->serial <= mark; name = &(*name)->next)
        changes->names_last = *name;
    *name = NULL;
    for (struct change_record *r = changes->first; r != NULL && r->serial <= mark; r = r->next)
        kept = r;
    changes->last = kept;
    if (kept == NULL)
        changes->first = NULL;
    else
        kept->next = NULL;
    return true;
}

static void
take_back_all(struct change_log *log, uint64_t mark)
{
    struct mbox_changes **link = &log->first;

    if (log->acl_serial > mark)
        log->acl_serial = 0;
    log->last = NULL;
    while (*link != NULL) {
        struct mbox_changes *changes = *link;
        if (take_back(changes, mark)) {
            log->last = changes;
            link = &changes->next;
        } else {
            *link = changes->next;
            (void)map_take(&log->by_mbox, map_key_u64(&changes->mbox));
        }
    }
}

void
change_log_rollback(struct change_log *log, struct change_mark mark)
{
    if (log->serial != mark.serial)
        take_back_all(log, mark.serial);
    arena_rewind(&log->arena, mark.arena);
}

/* A rename of a large tree names a hundred thousand mailboxes: they are found by a map. */
static struct mbox_changes *
changes_of(struct change_log *log, uint64_t mbox)
{
    struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&mbox));

    log->serial++;
    if (changes != NULL) {
        if (changes->by != log->by)
            first_time(&changes->others_serial, log);
        return changes;
    }
    changes = arena_new(&log->arena, struct mbox_changes);
    if (changes == NULL || map_put(&log->by_mbox, map_key_u64(&mbox), changes) != RC_OK)
        return NULL;
    changes->mbox = mbox;
    changes->serial = log->serial;
    changes->by = log->by;
    if (log->last == NULL)
        log->first = changes;
    else
        log->last->next = changes;
    log->last = changes;
    return changes;
}

/* A new record; it is put at its place by record_link once it is complete. */
static struct change_record *
record_new(struct change_log *log, enum change_kind kind, size_t count)
{
    struct change_record *record = arena_new(&log->arena, struct change_record);

    if (record != NULL)
        *record = (struct change_record){.kind = kind, .count = count};
    return record;
}

static enum rc
record_link(struct change_log *log, uint64_t mbox, struct change_record *record)
{
    struct mbox_changes *changes = changes_of(log, mbox);

    if (changes == NULL)
        return RC_LIMIT;
    record->serial = log->serial;
    if (changes->last == NULL)
        changes->first = record;
    else
        changes->last->next = record;
    changes->last = record;
    return RC_OK;
}

struct arena *
change_log_arena(struct change_log *log)
{
    return &log->arena;
}

enum rc
change_added_here(struct change_log *log, uint64_t mbox, const struct entry *entries,
                  size_t count)
{
    if (count == 0)
        return RC_OK;
    struct change_record *record = record_new(log, CHANGE_ADDED, count);
    if (record == NULL)
        return RC_LIMIT;
    record->entries = entries;
    return record_link(log, mbox, record);
}

enum rc
change_added(struct change_log *log, uint64_t mbox, const struct entry *entries, size_t count)
{
    struct entry *copy = arena_array(&log->arena, struct entry, count == 0 ? 1 : count);

    if (copy == NULL)
        return RC_LIMIT;
    if (count > 0)
        memcpy(copy, entries, count * sizeof *copy);
    return change_added_here(log, mbox, copy, count);
}

enum rc
change_entries(struct change_log *log, uint64_t mbox, const struct entry *entries, size_t count,
               uint32_t new_from)
{
    if (count == 0)
        return RC_OK;
    struct change_record *record = record_new(log, CHANGE_ENTRIES, count);
    struct entry *copy = arena_array(&log->arena, struct entry, count);
    if (record == NULL || copy == NULL)
        return RC_LIMIT;
    memcpy(copy, entries, count * sizeof *copy);
    record->entries = copy;
    while (record->known < count && entries[record->known].uid < new_from) {
        if (entries[record->known].modseq > record->modseq)
            record->modseq = entries[record->known].modseq;
        record->known++;
    }
    return record_link(log, mbox, record);
}

enum rc
change_flags(struct change_log *log, uint64_t mbox, const struct uid_run *runs, size_t count,
             const struct flags_rule *rule)
{
    if (count == 0)
        return RC_OK;
    struct change_record *record = record_new(log, CHANGE_FLAGS, count);
    struct uid_run *copy = arena_array(&log->arena, struct uid_run, count);
    if (record == NULL || copy == NULL)
        return RC_LIMIT;
    memcpy(copy, runs, count * sizeof *copy);
    record->runs = copy;
    record->rule = *rule;
    return record_link(log, mbox, record);
}

enum rc
change_expunged(struct change_log *log, uint64_t mbox, const uint32_t *uids, size_t count,
                uint64_t modseq)
{
    if (count == 0)
        return RC_OK;
    struct change_record *record = record_new(log, CHANGE_EXPUNGED, count);
    uint32_t *copy = arena_array(&log->arena, uint32_t, count);
    if (record == NULL || copy == NULL)
        return RC_LIMIT;
    memcpy(copy, uids, count * sizeof *copy);
    record->uids = copy;
    record->modseq = modseq;
    return record_link(log, mbox, record);
}

enum rc
change_keyword(struct change_log *log, uint64_t mbox, uint32_t number, struct span name)
{
    struct change_record *record = record_new(log, CHANGE_KEYWORD, 1);
    const struct span copy = arena_span(&log->arena, name);

    if (record == NULL || copy.ptr == NULL)
        return RC_LIMIT;
    record->number = number;
    record->name = copy;
    return record_link(log, mbox, record);
}

enum rc
change_mbox_gone(struct change_log *log, uint64_t mbox)
{
    struct mbox_changes *changes = changes_of(log, mbox);

    if (changes == NULL)
        return RC_LIMIT;
    first_time(&changes->gone_serial, log);
    return RC_OK;
}

enum rc
change_mbox_row(struct change_log *log, uint64_t mbox)
{
    return changes_of(log, mbox) == NULL ? RC_LIMIT : RC_OK;
}

enum rc
change_mbox_anew(struct change_log *log, uint64_t mbox)
{
    struct mbox_changes *changes = changes_of(log, mbox);

    if (changes == NULL)
        return RC_LIMIT;
    first_time(&changes->anew_serial, log);
    return RC_OK;
}

enum rc
change_mbox_names(struct change_log *log, uint64_t mbox)
{
    struct mbox_changes *changes = changes_of(log, mbox);

    if (changes == NULL)
        return RC_LIMIT;
    first_time(&changes->names_serial, log);
    return RC_OK;
}

enum rc
change_metadata(struct change_log *log, uint64_t mbox)
{
    struct mbox_changes *changes = changes_of(log, mbox);

    if (changes == NULL)
        return RC_LIMIT;
    first_time(&changes->metadata_serial, log);
    return RC_OK;
}

enum rc
change_metadata_until(struct change_log *log, uint64_t mbox, uint64_t modseq)
{
    if (change_metadata(log, mbox) != RC_OK)
        return RC_LIMIT;
    struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&mbox));
    if (changes->metadata_modseq < modseq)
        changes->metadata_modseq = modseq;
    return RC_OK;
}

bool
change_log_is_by(const struct mbox_changes *changes, uint64_t id)
{
    return id != 0 && changes->by == id && changes->others_serial == 0;
}

bool
change_log_has_acl(const struct change_log *log)
{
    return log->acl_serial != 0;
}

bool
change_log_has_metadata(const struct change_log *log)
{
    for (const struct mbox_changes *c = log->first; c != NULL; c = c->next)
        if (c->metadata_serial != 0)
            return true;
    return false;
}

bool
change_log_has_names(const struct change_log *log)
{
    for (const struct mbox_changes *c = log->first; c != NULL; c = c->next)
        if (c->names_serial != 0 || c->gone_serial != 0)
            return true;
    return false;
}

enum rc
change_acl(struct change_log *log, uint64_t mbox)
{
    const enum rc rc = change_mbox_names(log, mbox);

    if (rc == RC_OK)
        first_time(&log->acl_serial, log);
    return rc;
}

enum rc
change_name(struct change_log *log, uint64_t mbox, enum name_change what, struct span name,
            struct span old_name)
{
    struct name_record *record = arena_new(&log->arena, struct name_record);
    const struct span name_copy = arena_span(&log->arena, name);
    const struct span old_copy = arena_span(&log->arena, old_name);

    if (record == NULL || name_copy.ptr == NULL || old_copy.ptr == NULL ||
        change_mbox_names(log, mbox) != RC_OK)
        return RC_LIMIT;
    *record = (struct name_record){.serial = log->serial,
                                   .by = log->by,
                                   .what = what,
                                   .name = name_copy,
                                   .old_name = old_copy};
    struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&mbox));
    if (changes->names_last == NULL)
        changes->names = record;
    else
        changes->names_last->next = record;
    changes->names_last = record;
    return RC_OK;
}

/* What has happened, as bits of enum watch_event. */
static unsigned
events_of(const struct mbox_changes *changes)
{
    unsigned events = (changes->names_serial != 0 ? WATCH_NAMES : 0u) |
                      (changes->metadata_serial != 0 ? WATCH_METADATA : 0u);

    if (changes->gone_serial != 0)
        return events | WATCH_NAMES | WATCH_EXPUNGES;
    if (changes->anew_serial != 0)
        return events | WATCH_ALL;
    for (const struct change_record *r = changes->first; r != NULL; r = r->next) {
        switch (r->kind) {
        case CHANGE_ADDED:
            events |= WATCH_ARRIVALS;
            break;
        case CHANGE_EXPUNGED:
            events |= WATCH_EXPUNGES;
            break;
        case CHANGE_FLAGS:
        case CHANGE_KEYWORD:
            events |= WATCH_FLAGS;
            break;
        case CHANGE_ENTRIES:
            events |=
                (r->known > 0 ? WATCH_FLAGS : 0u) | (r->known < r->count ? WATCH_ARRIVALS : 0u);
            break;
        }
    }
    return events;
}

static enum rc
row_read(struct change_log *log, struct store_tx *tx, struct mbox_changes *changes,
         struct err *err)
{
    const enum rc rc = store_mbox_get(tx, changes->mbox, &log->arena, &changes->row, err);

    changes->has_row = rc == RC_OK;
    if (rc == RC_NOT_FOUND) /* created and deleted in one batch */
        changes->gone_serial = ++log->serial;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
change_log_finish(struct change_log *log, struct store_tx *tx, struct err *err)
{
    for (struct mbox_changes *c = log->first; c != NULL; c = c->next) {
        const enum rc rc =
            c->mbox == 0 || c->gone_serial != 0 ? RC_OK : row_read(log, tx, c, err);
        if (rc != RC_OK)
            return rc;
        c->events = events_of(c);
    }
    return RC_OK;
}

bool
change_log_has_flags(const struct change_log *log, uint64_t mbox)
{
    const struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&mbox));

    for (const struct change_record *r = changes == NULL ? NULL : changes->first; r != NULL;
         r = r->next)
        if (r->kind == CHANGE_FLAGS)
            return true;
    return false;
}

bool
change_log_has_retired(const struct change_log *log, uint64_t mbox)
{
    const struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&mbox));

    for (const struct change_record *r = changes == NULL ? NULL : changes->first; r != NULL;
         r = r->next)
        if (r->kind == CHANGE_KEYWORD && r->name.len == 0)
            return true;
    return false;
}

bool
change_log_has_messages(const struct change_log *log, uint64_t mbox)
{
    const struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&mbox));

    for (const struct change_record *r = changes == NULL ? NULL : changes->first; r != NULL;
         r = r->next)
        if (r->kind != CHANGE_KEYWORD)
            return true;
    return changes != NULL && changes->gone_serial != 0;
}

bool
change_log_has_gone(const struct change_log *log, uint64_t mbox)
{
    const struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&mbox));

    return changes != NULL && changes->gone_serial != 0;
}

uint64_t
change_log_first_expunge(const struct change_log *log)
{
    uint64_t first = 0;

    for (const struct mbox_changes *c = log->first; c != NULL; c = c->next)
        for (const struct change_record *r = c->first; r != NULL; r = r->next)
            if (r->kind == CHANGE_EXPUNGED && r->modseq - 1 < first - 1) /* 0 - 1: no limit */
                first = r->modseq;
    return first;
}
