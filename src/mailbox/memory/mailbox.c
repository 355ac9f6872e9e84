/* SPDX-License-Identifier: MIT */
/*
 * Mailboxes in memory: opening, holding, counters, loading of versions. What a commit does to
 * them is in publish.c.
 *
 * Opening and loading read from snapshots while commits continue. Neither may miss one:
 *
 *   INV-M4  A mailbox is registered (in `opening`) before the snapshot that its row is read
 * from begins. So each commit is in that snapshot, or is published to the registered mailbox,
 * or both; and a published state is never replaced by one that was read. By name the row is
 * read first, and counts if nothing at all was published since before that snapshot began.
 *
 *   A version is loaded through the caller's snapshot. Commits published during the load are
 *   kept (`replays`) and those above the snapshot's modseq are applied to what was loaded.
 * Where a commit came between the snapshot and the begin of the load, the version is right for
 * its own modseq but not current: its caller gets it, the mailbox does not.
 *
 * Thread: any; fields under the account's LOCK_MAILBOXES, which is not held across disk.
 */
#include "mailbox/memory/mailbox.h"

#include <stdlib.h>

#include "base/check.h"
#include "mailbox/account_private.h"
#include "mailbox/version_private.h"

/* Mailboxes that an account keeps although nobody holds them. */
#ifndef MAILBOX_UNHELD
#define MAILBOX_UNHELD 64u
#endif

enum {
    LOAD_BATCH = 256,     /* entries read at once */
    ROW_ARENA = 64 << 10, /* a row's name, the names of 128 keywords */
};

/* The name of a number that has none: nothing that could fail. */
static char no_name[] = "";

static void
keyword_free(char *name)
{
    if (name != no_name)
        free(name);
}

static void
mailbox_free(struct mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    CHECK(mailbox->refs == 0 && mailbox->loaders == 0);
    mailbox_set_current(mailbox, NULL);
    for (uint32_t i = 0; i < mailbox->keyword_room; i++)
        keyword_free(mailbox->keywords[i]);
    free(mailbox->keywords);
    free(mailbox->name);
    free(mailbox);
}

void
mailboxes_done(struct account *acct)
{
    struct list *node;

    while ((node = list_pop_front(&acct->mailboxes)) != NULL)
        mailbox_free(CONTAINER_OF(node, struct mailbox, link));
}

/* --- Opening --- */

/* The lock is held, also for all of this group. */
static void
hold_mailbox(struct mailbox *mailbox)
{
    if (mailbox->refs++ == 0)
        mailbox->acct->unheld--;
}

static struct mailbox *
find_id(struct account *acct, uint64_t mbox)
{
    LIST_FOR_EACH (node, &acct->mailboxes) {
        struct mailbox *mailbox = CONTAINER_OF(node, struct mailbox, link);
        if (mailbox->state.mbox == mbox)
            return mailbox;
    }
    return NULL;
}

static struct mailbox *
find_name(struct account *acct, struct span name)
{
    LIST_FOR_EACH (node, &acct->mailboxes) {
        struct mailbox *mailbox = CONTAINER_OF(node, struct mailbox, link);
        if (mailbox->name != NULL && !mailbox->state.gone &&
            span_eq(span_of(mailbox->name, mailbox->name_octets), name))
            return mailbox;
    }
    return NULL;
}

/* Beyond MAILBOX_UNHELD the one that was put back longest ago goes, to be freed by the caller;
 * one whose watermark of \Recent still waits for a commit only when there are many more. */
static struct mailbox *
take_surplus(struct account *acct)
{
    if (acct->unheld <= MAILBOX_UNHELD)
        return NULL;
    const bool many = acct->unheld > 4 * MAILBOX_UNHELD;
    LIST_FOR_EACH (node, &acct->mailboxes) {
        struct mailbox *mailbox = CONTAINER_OF(node, struct mailbox, link);
        const bool waits = mailbox->state.recent_from > mailbox->recent_written;
        if (mailbox->refs > 0 || (waits && !many))
            continue;
        list_remove(&mailbox->link);
        acct->unheld--;
        return mailbox;
    }
    return NULL;
}

void
mailbox_set_name(struct mailbox *mailbox, struct span name)
{
    if (mailbox->name != NULL && span_eq(span_of(mailbox->name, mailbox->name_octets), name))
        return;
    free(mailbox->name);
    mailbox->name = malloc(name.len + 1);
    mailbox->name_octets = (uint16_t)name.len; /* at most LIMIT_MBOX_NAME */
    if (mailbox->name != NULL && name.len > 0)
        memcpy(mailbox->name, name.ptr, name.len);
}

void
mailbox_set_current(struct mailbox *mailbox, struct version *version)
{
    atomic_uint_fast64_t *octets = &mailbox->acct->accounts->version_octets;

    if (version != NULL)
        atomic_fetch_add(octets, version_octets(version));
    if (mailbox->current != NULL)
        atomic_fetch_sub(octets, version_octets(mailbox->current));
    version_unref(mailbox->current);
    mailbox->current = version;
}

void
mailbox_set_row(struct mailbox *mailbox, const struct mbox_row *row)
{
    struct mailbox_state *state = &mailbox->state;

    state->object_id = row->object_id;
    state->uidvalidity = row->uidvalidity;
    state->uidnext = row->uidnext;
    state->exists = row->exists;
    state->unseen = row->unseen;
    state->deleted = row->deleted;
    state->octets = row->octets;
    state->highest_modseq = row->highest_modseq;
    if (row->recent_from > mailbox->recent_written)
        mailbox->recent_written = row->recent_from;
    if (row->recent_from > state->recent_from)
        state->recent_from = row->recent_from;
    mailbox_set_name(mailbox, row->name);
    mailbox->filled = true;
}

/* Room for the number; false: there is no memory. */
static bool
keyword_room(struct mailbox *mailbox, uint32_t number)
{
    if (number < mailbox->keyword_room)
        return true;
    char **grown = realloc(mailbox->keywords, (number + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    while (mailbox->keyword_room <= number)
        grown[mailbox->keyword_room++] = NULL;
    mailbox->keywords = grown;
    return true;
}

/* Without memory the number is NULL, and the list ends before it: what stands there must not be
 * taken for another name, and it is shown when the mailbox is opened again. */
static void
put_keyword(struct mailbox *mailbox, uint32_t number, struct span name)
{
    uint32_t *count = &mailbox->state.keyword_count;

    keyword_free(mailbox->keywords[number]);
    mailbox->keywords[number] = name.len == 0 ? no_name : strndup(name.ptr, name.len);
    mailbox->state.keyword_serial++;
    if (mailbox->keywords[number] == NULL && *count > number)
        *count = number;
    while (*count < mailbox->keyword_room && mailbox->keywords[*count] != NULL)
        (*count)++;
}

void
mailbox_set_keyword(struct mailbox *mailbox, uint32_t number, struct span name)
{
    if (number < LIMIT_KEYWORDS && keyword_room(mailbox, number) &&
        mailbox->keywords[number] == NULL)
        put_keyword(mailbox, number, name);
}

void
mailbox_change_keyword(struct mailbox *mailbox, uint32_t number, struct span name)
{
    if (number >= LIMIT_KEYWORDS || !keyword_room(mailbox, number))
        return;
    const char *old = mailbox->keywords[number];
    if (old != NULL && span_eq(span_of_str(old), name))
        return;
    put_keyword(mailbox, number, name);
    if (name.len == 0)
        mailbox->retired_serial = mailbox->state.keyword_serial;
}

/* Registers a mailbox that learns of commits from now on. */
static struct mailbox *
register_opening(struct account *acct, uint64_t mbox)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);

    if (mailbox == NULL)
        return NULL;
    mailbox->acct = acct;
    mailbox->state.mbox = mbox;
    mailbox->state.keyword_serial = 1;
    mailbox->refs = 1;
    lock_enter(mailboxes_lock(acct));
    list_push_back(&acct->opening, &mailbox->link);
    lock_leave(mailboxes_lock(acct));
    return mailbox;
}

/* Ends the opening: it becomes the account's mailbox, unless it failed or somebody else opened
 * the same meanwhile. Returns the one to use, or NULL. */
static struct mailbox *
settle_opening(struct mailbox *mailbox, const struct mbox_row *row, const struct span *keywords,
               size_t keyword_count)
{
    struct account *acct = mailbox->acct;
    struct mailbox *use = mailbox;

    lock_enter(mailboxes_lock(acct));
    list_remove(&mailbox->link);
    if (row != NULL && !mailbox->filled && !mailbox->state.gone)
        mailbox_set_row(mailbox, row);
    for (size_t i = 0; i < keyword_count; i++)
        mailbox_set_keyword(mailbox, (uint32_t)i, keywords[i]);
    struct mailbox *other = find_id(acct, mailbox->state.mbox);
    if (row == NULL || mailbox->state.gone) {
        use = NULL;
    } else if (other != NULL) {
        use = other;
        hold_mailbox(other);
    } else {
        list_push_back(&acct->mailboxes, &mailbox->link);
    }
    if (use != mailbox)
        mailbox->refs = 0;
    lock_leave(mailboxes_lock(acct));
    if (use != mailbox)
        mailbox_free(mailbox);
    return use;
}

enum rc
mailbox_open_id(struct account *acct, struct wake wake, uint64_t mbox, struct mailbox **out,
                struct err *err)
{
    lock_enter(mailboxes_lock(acct));
    struct mailbox *mailbox = find_id(acct, mbox);
    const bool gone = mailbox != NULL && mailbox->state.gone;
    if (mailbox != NULL && !gone)
        hold_mailbox(mailbox);
    lock_leave(mailboxes_lock(acct));
    if (gone)
        return err_set(err, RC_NOT_FOUND, 0, "mailbox %ju: deleted", (uintmax_t)mbox);
    if (mailbox != NULL) {
        *out = mailbox;
        return RC_OK;
    }

    AUTO_ARENA arena = {0};
    AUTO_TX tx = NULL;
    struct mbox_row row;
    struct span *keywords = NULL;
    size_t keyword_count = 0;
    arena_init(&arena, ROW_ARENA);
    mailbox = register_opening(acct, mbox);
    if (mailbox == NULL)
        return RC_LIMIT;
    enum rc rc = store_read_begin(acct->store, wake, &tx, err);
    if (rc == RC_OK)
        rc = store_mbox_get(tx, mbox, &arena, &row, err);
    if (rc == RC_OK)
        rc = store_keywords(tx, mbox, &arena, &keywords, &keyword_count, err);
    mailbox = settle_opening(mailbox, rc == RC_OK ? &row : NULL, keywords, keyword_count);
    if (rc != RC_OK)
        return rc;
    if (mailbox == NULL)
        return err_set(err, RC_NOT_FOUND, 0, "mailbox %ju: deleted", (uintmax_t)mbox);
    *out = mailbox;
    return RC_OK;
}

/* A mailbox that was read without being registered; NULL when something was published since
 * (serial says), which it may lack, or without memory. */
static struct mailbox *
settle_found(struct account *acct, const struct mbox_row *row, const struct span *keywords,
             size_t keyword_count, uint64_t serial)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);

    if (mailbox == NULL)
        return NULL;
    mailbox->acct = acct;
    mailbox->state.mbox = row->id;
    mailbox->state.keyword_serial = 1;
    mailbox->refs = 1;
    mailbox_set_row(mailbox, row);
    for (size_t i = 0; i < keyword_count; i++)
        mailbox_set_keyword(mailbox, (uint32_t)i, keywords[i]);
    lock_enter(mailboxes_lock(acct));
    const bool settled =
        acct->publish_serial == serial && find_id(acct, mailbox->state.mbox) == NULL;
    if (settled)
        list_push_back(&acct->mailboxes, &mailbox->link);
    else
        mailbox->refs = 0;
    lock_leave(mailboxes_lock(acct));
    if (settled)
        return mailbox;
    mailbox_free(mailbox);
    return NULL;
}

/* Opens it through one snapshot. *out NULL: it exists (*mbox_out), but must be opened with
 * mailbox_open_id. */
static enum rc
open_found(struct account *acct, struct wake wake, struct span name, uint64_t serial,
           struct mailbox **out, uint64_t *mbox_out, struct err *err)
{
    AUTO_ARENA arena = {0};
    AUTO_TX tx = NULL;
    struct mbox_row row;
    struct span *keywords = NULL;
    size_t keyword_count = 0;

    arena_init(&arena, ROW_ARENA);
    enum rc rc = store_read_begin(acct->store, wake, &tx, err);
    if (rc == RC_OK)
        rc = store_mbox_find(tx, name, &arena, &row, err);
    if (rc == RC_OK)
        rc = store_keywords(tx, row.id, &arena, &keywords, &keyword_count, err);
    if (rc != RC_OK)
        return rc;
    *mbox_out = row.id;
    *out = settle_found(acct, &row, keywords, keyword_count, serial);
    return RC_OK;
}

enum rc
mailbox_open(struct account *acct, struct wake wake, struct span name, struct mailbox **out,
             struct err *err)
{
    lock_enter(mailboxes_lock(acct));
    struct mailbox *mailbox = find_name(acct, name);
    const uint64_t serial = acct->publish_serial;
    if (mailbox != NULL)
        hold_mailbox(mailbox);
    lock_leave(mailboxes_lock(acct));
    if (mailbox != NULL) {
        *out = mailbox;
        return RC_OK;
    }

    uint64_t mbox = 0;
    const enum rc rc = open_found(acct, wake, name, serial, &mailbox, &mbox, err);
    if (rc != RC_OK)
        return rc;
    if (mailbox == NULL)
        return mailbox_open_id(acct, wake, mbox, out, err);
    *out = mailbox;
    return RC_OK;
}

bool
mailbox_peek(struct account *acct, uint64_t mbox, struct mailbox_state *out)
{
    lock_enter(mailboxes_lock(acct));
    const struct mailbox *mailbox = find_id(acct, mbox);
    if (mailbox != NULL)
        *out = mailbox->state;
    lock_leave(mailboxes_lock(acct));
    return mailbox != NULL;
}

void
mailbox_ref(struct mailbox *mailbox)
{
    lock_enter(mailboxes_lock(mailbox->acct));
    CHECK(mailbox->refs > 0);
    mailbox->refs++;
    lock_leave(mailboxes_lock(mailbox->acct));
}

void
mailbox_put(struct mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    struct account *acct = mailbox->acct;
    struct mailbox *surplus = NULL;

    lock_enter(mailboxes_lock(acct));
    CHECK(mailbox->refs > 0);
    if (--mailbox->refs == 0) {
        list_remove(&mailbox->link);
        if (mailbox->state.gone) {
            surplus = mailbox;
        } else {
            list_push_back(&acct->mailboxes, &mailbox->link);
            acct->unheld++;
            surplus = take_surplus(acct);
        }
    }
    lock_leave(mailboxes_lock(acct));
    mailbox_free(surplus);
}

/* --- Looking --- */

struct account *
mailbox_account(const struct mailbox *mailbox)
{
    return mailbox->acct;
}

void
mailbox_state(struct mailbox *mailbox, struct mailbox_state *out)
{
    lock_enter(mailboxes_lock(mailbox->acct));
    *out = mailbox->state;
    lock_leave(mailboxes_lock(mailbox->acct));
}

void
mailbox_look(struct mailbox *mailbox, struct mailbox_state *state_out,
             struct version **version_out)
{
    const int64_t now_ms = clock_mono_ms(account_clock(mailbox->acct));

    lock_enter(mailboxes_lock(mailbox->acct));
    *state_out = mailbox->state;
    *version_out = mailbox->current;
    if (mailbox->current != NULL) {
        version_ref(mailbox->current);
        mailbox->used_ms = now_ms;
    }
    lock_leave(mailboxes_lock(mailbox->acct));
}

void
mailbox_peek_version(struct account *acct, uint64_t mbox, struct mailbox_state *state_out,
                     struct version **version_out)
{
    lock_enter(mailboxes_lock(acct));
    const struct mailbox *mailbox = find_id(acct, mbox);
    if (mailbox != NULL) {
        *state_out = mailbox->state;
        *version_out = mailbox->current;
    }
    if (mailbox != NULL && mailbox->current != NULL)
        version_ref(mailbox->current);
    lock_leave(mailboxes_lock(acct));
}

enum rc
mailbox_keywords(struct mailbox *mailbox, struct arena *arena, struct keyword_names *out)
{
    lock_enter(mailboxes_lock(mailbox->acct));
    const size_t count = mailbox->state.keyword_count;
    const uint64_t serial = mailbox->state.keyword_serial;
    struct span *names = arena_array(arena, struct span, count == 0 ? 1 : count);
    bool ok = names != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        names[i] = arena_span(arena, span_of_str(mailbox->keywords[i]));
        ok = names[i].ptr != NULL;
    }
    lock_leave(mailboxes_lock(mailbox->acct));
    if (!ok)
        return RC_LIMIT;
    *out = (struct keyword_names){names, count, serial};
    return RC_OK;
}

uint32_t
mailbox_take_recent(struct mailbox *mailbox, bool claim)
{
    lock_enter(mailboxes_lock(mailbox->acct));
    const uint32_t from = mailbox->state.recent_from;
    if (claim)
        mailbox->state.recent_from = mailbox->state.uidnext;
    lock_leave(mailboxes_lock(mailbox->acct));
    return from;
}

size_t
mailboxes_recent_marks(struct account *acct, struct recent_mark *marks)
{
    size_t count = 0;

    lock_enter(mailboxes_lock(acct));
    LIST_FOR_EACH (node, &acct->mailboxes) {
        const struct mailbox *mailbox = CONTAINER_OF(node, struct mailbox, link);
        if (!mailbox->state.gone && mailbox->state.recent_from > mailbox->recent_written &&
            count < RECENT_MARKS)
            marks[count++] =
                (struct recent_mark){mailbox->state.mbox, mailbox->state.recent_from};
    }
    lock_leave(mailboxes_lock(acct));
    return count;
}

void
mailboxes_recent_written(struct account *acct, const struct recent_mark *marks, size_t count)
{
    lock_enter(mailboxes_lock(acct));
    for (size_t i = 0; i < count; i++) {
        struct mailbox *mailbox = find_id(acct, marks[i].mbox);
        if (mailbox != NULL && marks[i].uid > mailbox->recent_written)
            mailbox->recent_written = marks[i].uid;
    }
    lock_leave(mailboxes_lock(acct));
}

/* --- Versions --- */

static bool
is_behind(const struct mailbox *mailbox, uint64_t modseq)
{
    return mailbox->state.highest_modseq < modseq;
}

/* Adds the names of a snapshot that shows commits which memory does not have yet: those of
 * another server, or the one that is about to be published. Entries in it bear numbers that
 * have no name in memory otherwise. That a number has lost its name is left to publishing,
 * which notes since when; so once memory has caught up, nothing is taken from the snapshot. */
static void
keywords_learn(struct mailbox *mailbox, uint64_t modseq, const struct span *names, size_t count)
{
    lock_enter(mailboxes_lock(mailbox->acct));
    for (size_t i = 0; i < count && is_behind(mailbox, modseq); i++)
        if (names[i].len > 0)
            mailbox_change_keyword(mailbox, (uint32_t)i, names[i]);
    lock_leave(mailboxes_lock(mailbox->acct));
}

/* Reads the names only where they may be needed. */
static enum rc
load_keywords(struct mailbox *mailbox, uint64_t modseq, struct store_tx *tx,
              struct arena *arena, struct err *err)
{
    struct span *names = NULL;
    size_t count = 0;

    lock_enter(mailboxes_lock(mailbox->acct));
    const bool behind = is_behind(mailbox, modseq);
    lock_leave(mailboxes_lock(mailbox->acct));
    if (!behind)
        return RC_OK;
    const enum rc rc = store_keywords(tx, mailbox->state.mbox, arena, &names, &count, err);
    if (rc == RC_OK)
        keywords_learn(mailbox, modseq, names, count);
    return rc;
}

enum rc
mailbox_load(struct mailbox *mailbox, struct store_tx *tx, struct version **out,
             struct err *err)
{
    const uint64_t mbox = mailbox->state.mbox; /* never changes */
    AUTO_ARENA arena = {0};
    struct mbox_row row;
    arena_init(&arena, ROW_ARENA + LOAD_BATCH * sizeof(struct entry));

    enum rc rc = store_mbox_get(tx, mbox, &arena, &row, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_GONE : rc;
    rc = load_keywords(mailbox, row.highest_modseq, tx, &arena, err);
    if (rc != RC_OK)
        return rc;
    struct entry *rows = arena_array(&arena, struct entry, LOAD_BATCH);
    if (rows == NULL)
        return RC_LIMIT;

    struct builder builder;
    uint32_t from = 1;
    size_t count = LOAD_BATCH;
    builder_init(&builder, 1 + row.exists / VERSION_CHUNK / VERSION_FAN, row.exists);
    while (rc == RC_OK && count == LOAD_BATCH && from != 0) {
        rc = store_entries_read(tx, mbox, &from, rows, LOAD_BATCH, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
            builder_entry(&builder, &rows[i]);
    }
    struct version *version = builder_finish(&builder, row.highest_modseq, row.uidnext);
    if (version == NULL && rc == RC_OK)
        rc = err_set(err, RC_LIMIT, 0, "mailbox %ju: no memory for a version", (uintmax_t)mbox);
    if (rc == RC_OK && version->count != row.exists)
        rc = err_set(err, RC_CORRUPT, 0, "mailbox %ju: %u messages, its counter says %u",
                     (uintmax_t)mbox, version->count, row.exists);
    if (rc != RC_OK) {
        version_unref(version);
        return rc;
    }
    *out = version;
    return RC_OK;
}

/* The lock is held. What the loaded version (of which the caller has a reference) lacks of the
 * commits since `since` is put on; NULL when that cannot be done. */
static struct version *
caught_up(const struct mailbox *mailbox, struct version *loaded, uint64_t since)
{
    if (loaded->modseq < since || mailbox->replay_lost)
        return NULL;
    struct version *now = loaded;
    version_ref(now);
    for (uint32_t i = 0; i < mailbox->replay_count && now != NULL; i++) {
        const struct mbox_changes *changes = mailbox->replays[i].changes;
        if (!changes->has_row || changes->row.highest_modseq <= now->modseq)
            continue;
        struct version *next = version_after(now, changes);
        version_unref(now);
        now = next;
    }
    return now;
}

static void
drop_replays(struct mailbox *mailbox)
{
    for (uint32_t i = 0; i < mailbox->replay_count; i++)
        change_log_unref(mailbox->replays[i].log);
    free(mailbox->replays);
    mailbox->replays = NULL;
    mailbox->replay_count = 0;
    mailbox->replay_lost = false;
}

/* Makes the loaded version current when it can be; returns what its loader shall use, with a
 * reference. Takes over the one to loaded, which is NULL when loading failed. */
static struct version *
settle_load(struct mailbox *mailbox, struct version *loaded, uint64_t since,
            bool *installed_out)
{
    struct version *use = loaded;

    *installed_out = false;
    lock_enter(mailboxes_lock(mailbox->acct));
    if (loaded != NULL && mailbox->current == NULL && !mailbox->state.gone) {
        struct version *now = caught_up(mailbox, loaded, since);
        if (now != NULL) {
            mailbox_set_current(mailbox, now);
            *installed_out = true;
        }
    }
    if (loaded != NULL && mailbox->current != NULL &&
        mailbox->current->modseq >= loaded->modseq)
        use = mailbox->current;
    if (use != loaded)
        version_ref(use);
    if (--mailbox->loaders == 0)
        drop_replays(mailbox);
    lock_leave(mailboxes_lock(mailbox->acct));
    if (use != loaded)
        version_unref(loaded);
    return use;
}

enum rc
mailbox_version(struct mailbox *mailbox, struct store_tx *tx, struct version **out,
                struct err *err)
{
    const int64_t now_ms = clock_mono_ms(account_clock(mailbox->acct));

    lock_enter(mailboxes_lock(mailbox->acct));
    struct version *current = mailbox->current;
    const bool gone = mailbox->state.gone;
    const uint64_t since = mailbox->state.highest_modseq;
    if (current != NULL)
        version_ref(current);
    else if (!gone && tx != NULL)
        mailbox->loaders++; /* at most one for each thread */
    mailbox->used_ms = now_ms;
    lock_leave(mailboxes_lock(mailbox->acct));
    if (gone) {
        version_unref(current);
        return err_set(err, RC_GONE, 0, "mailbox %ju: deleted", (uintmax_t)mailbox->state.mbox);
    }
    if (current != NULL) {
        *out = current;
        return RC_OK;
    }
    if (tx == NULL)
        return RC_AGAIN;

    struct version *loaded = NULL;
    bool installed;
    const enum rc rc = mailbox_load(mailbox, tx, &loaded, err);
    loaded = settle_load(mailbox, rc == RC_OK ? loaded : NULL, since, &installed);
    if (installed)
        mailbox->acct->accounts->on_version(mailbox->acct);
    if (rc == RC_OK)
        *out = loaded;
    return rc;
}

static void
let_go(struct mailbox *mailbox, struct version **unwanted)
{
    struct version *version = mailbox->current;

    version_ref(version);
    mailbox_set_current(mailbox, NULL);
    version->next = *unwanted;
    *unwanted = version;
}

bool
mailboxes_trim(struct account *acct, int64_t used_before_ms, uint64_t keep_octets,
               struct version **unwanted)
{
    struct accounts *accounts = acct->accounts;
    bool none_left = true;

    /* The lock of all accounts is held, and another account may share this one. */
    if (!lock_try(mailboxes_lock(acct)))
        return false;
    LIST_FOR_EACH (node, &acct->mailboxes) {
        struct mailbox *mailbox = CONTAINER_OF(node, struct mailbox, link);
        if (mailbox->current == NULL)
            continue;
        const bool is_unwanted =
            mailbox->used_ms <= used_before_ms ||
            (keep_octets > 0 && atomic_load(&accounts->version_octets) > keep_octets);
        if (is_unwanted && version_is_sole(mailbox->current))
            let_go(mailbox, unwanted);
        none_left = none_left && mailbox->current == NULL;
    }
    lock_leave(mailboxes_lock(acct));
    return none_left;
}
