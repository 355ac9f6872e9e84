/* SPDX-License-Identifier: MIT */
/*
 * METADATA responses without values, for what others have changed (RFC 5464 section 4.4.2). A
 * client is told if it has enabled METADATA or asked for the event with NOTIFY. It is told
 * about the account's mailboxes, about its own entries on the server, and, when the
 * configuration is read again, about the administrator's. What the session itself has set is
 * not told.
 */
#include "imap/metadata.h"
#include "imap/notify.h"

#include <stdlib.h>

enum { METADATA_EVENTS = IMAP_EVENT_MAILBOX_METADATA | IMAP_EVENT_SERVER_METADATA };

struct changed {
    struct span mailbox; /* empty: the server */
    struct span name;
};

struct metadata_telling {
    struct changed *changed;
    size_t count;
    size_t room;
    size_t next;
    uint64_t modseq; /* modseq of the account at which its rows were read; 0: they were not */
};

/* ---- who wants it ---- */

static unsigned
notify_events(const struct imap_session *im)
{
    return im->notify == NULL ? 0 : watched_all_events(im->notify->watched) & METADATA_EVENTS;
}

static bool
wants_server(const struct imap_session *im)
{
    return imap_is_enabled(im, ENABLES_METADATA) ||
           (notify_events(im) & IMAP_EVENT_SERVER_METADATA) != 0;
}

/* Decided by its name, because it may be so new that NOTIFY has not looked at it yet. */
static bool
wants_mailbox(const struct imap_session *im, uint64_t mbox, struct span name)
{
    return imap_is_enabled(im, ENABLES_METADATA) ||
           (im->notify != NULL && (watched_name_events(im->notify->watched, mbox, name) &
                                   IMAP_EVENT_MAILBOX_METADATA) != 0);
}

/* ---- life ---- */

/* The session is woken for changes only in IDLE and with NOTIFY. */
static unsigned
events_now(const struct imap_session *im)
{
    return im->idle != NULL || im->notify != NULL ? WATCH_METADATA : WATCH_NOTHING;
}

static void
watch_begin(struct imap_session *im)
{
    const struct watch_filter filter = {.events = events_now(im)};

    hub_watch(im->acct, &im->metadata->watch, &filter, session_waker(&im->s));
}

void
imap_metadata_rewatch(struct imap_session *im)
{
    if (im->metadata != NULL)
        hub_watch_events(&im->metadata->watch, events_now(im));
}

void
imap_metadata_free(struct imap_session *im)
{
    struct imap_metadata *metadata = im->metadata;

    if (metadata == NULL)
        return;
    hub_unwatch(&metadata->watch);
    buf_done(&metadata->told_entries);
    free(metadata);
    im->metadata = NULL;
}

void
imap_metadata_settle(struct imap_session *im)
{
    if (!imap_is_enabled(im, ENABLES_METADATA) && notify_events(im) == 0)
        imap_metadata_free(im);
}

static struct imap_metadata *
metadata_new(void)
{
    struct imap_metadata *metadata = calloc(1, sizeof *metadata);

    if (metadata != NULL)
        buf_init(&metadata->told_entries, METADATA_SETTINGS_OCTETS);
    return metadata;
}

bool
imap_metadata_begin(struct imap_session *im, enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};
    AUTO_TX tx = NULL;

    if (im->metadata != NULL && im->metadata->told_modseq != 0)
        return true;
    if (im->metadata == NULL) {
        im->metadata = metadata_new();
        if (im->metadata == NULL) {
            *step_out = imap_fail(im, RC_LIMIT, NULL);
            return false;
        }
        im->metadata->told_settings = env_settings(im->s.env);
        watch_begin(im); /* before the first look: hub.h */
    }
    if (!imap_read_begin(im, im->acct, &tx, step_out)) {
        if (*step_out == STEP_DONE)
            imap_metadata_free(im);
        return false;
    }
    const enum rc rc = store_modseq(tx, &im->metadata->told_modseq, &err);
    if (rc == RC_OK)
        return true;
    imap_metadata_free(im);
    *step_out = imap_fail(im, rc, &err);
    return false;
}

/* ---- what has changed ---- */

/* RC_LIMIT: no memory. */
static enum rc
changed_add(struct imap_session *im, struct metadata_telling *telling, struct span mailbox,
            struct span name)
{
    if (telling->count == telling->room) {
        const size_t room = telling->room == 0 ? 16 : 2 * telling->room;
        struct changed *more = arena_array(&im->work->arena, struct changed, room);
        if (more == NULL)
            return RC_LIMIT;
        if (telling->count > 0)
            memcpy(more, telling->changed, telling->count * sizeof *more);
        telling->changed = more;
        telling->room = room;
    }
    telling->changed[telling->count++] = (struct changed){mailbox, name};
    return RC_OK;
}

/* The name of the mailbox that a row belongs to. Empty with RC_NOT_FOUND: it was deleted. */
static enum rc
mailbox_of(struct imap_session *im, struct store_tx *tx, uint64_t mbox, struct span *name_out,
           struct err *err)
{
    struct mbox_row row;

    const enum rc rc = store_mbox_get(tx, mbox, &im->work->arena, &row, err);
    *name_out = rc == RC_OK ? row.name : SPAN("");
    return rc;
}

bool
imap_metadata_is_own(const struct imap_session *im, const struct account *acct, uint64_t modseq)
{
    return modseq == im->work->own_metadata && im->work->target.acct == acct;
}

/* Reads the rows that have changed until then, in the order of their mailboxes. */
static enum rc
rows_take_up(struct imap_session *im, struct store_tx *tx, const struct metadata_since *since,
             struct metadata_telling *telling, struct err *err)
{
    struct metadata_row *rows = NULL;
    size_t count = 0;
    struct span mailbox = SPAN("");
    bool wanted = false;

    enum rc rc = store_metadata_since(tx, since, &im->work->arena, &rows, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        const struct metadata_row *row = &rows[i];
        if (i == 0 || row->of.mbox != rows[i - 1].of.mbox) {
            wanted = row->of.mbox == 0 && wants_server(im);
            if (row->of.mbox != 0) {
                rc = mailbox_of(im, tx, row->of.mbox, &mailbox, err);
                wanted = rc == RC_OK && wants_mailbox(im, row->of.mbox, mailbox);
                rc = rc == RC_NOT_FOUND ? RC_OK : rc;
            }
        }
        if (rc == RC_OK && wanted && row->modseq <= telling->modseq &&
            metadata_row_is_for(row, 0) && !imap_metadata_is_own(im, im->acct, row->modseq))
            rc = changed_add(im, telling, mailbox, row->name);
    }
    return rc;
}

/* Reads the rows of the mailboxes with changes, or of all mailboxes: after a handover, memory
 * knows nothing of the time before. */
static enum rc
changes_take_up(struct imap_session *im, struct store_tx *tx,
                const struct metadata_changes *changes, struct metadata_telling *telling,
                struct err *err)
{
    const uint64_t told_modseq = im->metadata->told_modseq;
    const bool unsure = im->metadata->unsure;
    enum rc rc = RC_OK;

    telling->modseq = changes->upto;
    if (unsure)
        rc = store_modseq(tx, &telling->modseq, err);
    if (rc == RC_OK && (unsure || changes->everywhere))
        return rows_take_up(im, tx, &(struct metadata_since){.modseq = told_modseq}, telling,
                            err);
    for (size_t i = 0; rc == RC_OK && i < changes->count; i++) {
        const struct metadata_of of = {.mbox = changes->mboxes[i]};
        rc = rows_take_up(im, tx, &(struct metadata_since){&of, told_modseq}, telling, err);
    }
    return rc;
}

/* Finds what has changed in the account since it was last told. False: return *step_out. */
static bool
rows_read(struct imap_session *im, struct metadata_telling *telling, enum imap_step *step_out)
{
    const struct imap_reply reply = im->work->reply;
    struct metadata_changes changes;
    struct err err = {.rc = RC_OK};
    AUTO_TX tx = NULL;

    /* Asked before the snapshot begins, which therefore has all of it. */
    account_metadata_changes(im->acct, im->metadata->told_modseq, &changes);
    if (!imap_read_begin(im, im->acct, &tx, step_out)) {
        im->work->reply = reply;
        return false;
    }
    const enum rc rc = changes_take_up(im, tx, &changes, telling, &err);
    if (rc != RC_OK) { /* it remains due */
        log_put(&im->s.log, LOG_E_COMMAND_FAILED, "METADATA: %s: %s", rc_name(rc), err.text);
        *step_out = STEP_DONE;
        return false;
    }
    return true;
}

/* ---- the administrator's entries ---- */

static enum rc
settings_compare(struct imap_session *im, struct metadata_telling *telling)
{
    struct imap_metadata *metadata = im->metadata;
    const struct settings *now = env_settings(im->s.env);
    struct span *names = NULL;
    size_t count = 0;
    AUTO_BUF fresh = {0};

    if (metadata->told_settings == now)
        return RC_OK;
    buf_init(&fresh, METADATA_SETTINGS_OCTETS);
    if (metadata->told_settings != NULL)
        metadata_settings_pack(metadata->told_settings, &metadata->told_entries);
    metadata_settings_pack(now, &fresh);
    enum rc rc = buf_ok(&fresh) && buf_ok(&metadata->told_entries) ? RC_OK : RC_LIMIT;
    if (rc == RC_OK && wants_server(im))
        rc = metadata_settings_differ(buf_span(&metadata->told_entries), buf_span(&fresh),
                                      &im->work->arena, &names, &count);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = changed_add(im, telling, SPAN(""), names[i]);
    if (rc == RC_OK || metadata->told_settings != NULL)
        buf_done(&metadata->told_entries); /* this may hold what another process packed */
    if (rc == RC_OK)
        metadata->told_settings = now;
    return rc;
}

/* ---- telling ---- */

static bool
rows_are_due(const struct imap_session *im)
{
    return im->metadata->unsure ||
           account_metadata_changed(im->acct, im->metadata->told_modseq);
}

bool
imap_metadata_is_due(const struct imap_session *im)
{
    return im->metadata != NULL &&
           (rows_are_due(im) || im->metadata->told_settings != env_settings(im->s.env));
}

void
imap_metadata_line(struct imap_session *im, struct span mailbox, const struct span *names,
                   size_t count)
{
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "METADATA");
    if (mailbox.len == 0)
        iw_string(&w, SPAN(""));
    else
        iw_mailbox(&w, mailbox);
    for (size_t i = 0; i < count; i++)
        iw_astring(&w, names[i]);
    iw_end(&w);
}

static void
response_write(struct imap_session *im, struct metadata_telling *telling)
{
    const struct span mailbox = telling->changed[telling->next].mailbox;
    struct span names[METADATA_NAMES_A_LINE];
    size_t count = 0;

    while (count < METADATA_NAMES_A_LINE && telling->next < telling->count &&
           span_eq(telling->changed[telling->next].mailbox, mailbox))
        names[count++] = telling->changed[telling->next++].name;
    imap_metadata_line(im, mailbox, names, count);
}

enum imap_step
imap_metadata_step(struct imap_session *im)
{
    struct imap_work *work = im->work;
    struct metadata_telling *telling = work->tell_run;
    enum imap_step step = STEP_DONE;

    if (telling == NULL) {
        if (!imap_metadata_is_due(im))
            return STEP_DONE;
        telling = arena_new(&work->arena, struct metadata_telling);
        if (telling == NULL)
            return STEP_DONE; /* it remains due */
        if (rows_are_due(im) && !rows_read(im, telling, &step))
            return step;
        if (settings_compare(im, telling) != RC_OK)
            return STEP_DONE; /* both remain due */
        if (telling->modseq != 0) {
            im->metadata->told_modseq = telling->modseq;
            im->metadata->unsure = false;
        }
        work->tell_run = telling;
    }
    while (telling->next < telling->count) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        response_write(im, telling);
    }
    work->tell_run = NULL;
    return STEP_DONE;
}

/* ---- for another process ---- */

void
imap_metadata_pack(const struct imap_session *im, struct buf *out)
{
    const struct imap_metadata *metadata = im->metadata;
    AUTO_BUF entries = {0};

    pack_u8(out, metadata != NULL);
    if (metadata == NULL)
        return;
    buf_init(&entries, METADATA_SETTINGS_OCTETS);
    if (metadata->told_settings != NULL)
        metadata_settings_pack(metadata->told_settings, &entries);
    else
        buf_put_span(&entries, buf_span(&metadata->told_entries));
    pack_u64(out, metadata->told_modseq);
    /* Without memory no entries are packed, so the client will be told more than necessary. */
    pack_span(out, buf_ok(&entries) ? buf_span(&entries) : SPAN(""));
}

bool
imap_metadata_unpack(struct imap_session *im, struct unpack *in)
{
    if (!unpack_bool(in))
        return true;
    in->failed |= im->state == IMAP_NOT_AUTHENTICATED;
    im->metadata = metadata_new();
    if (im->metadata == NULL)
        return false;
    im->metadata->unsure = true;
    im->metadata->told_modseq = unpack_u64(in);
    buf_put_span(&im->metadata->told_entries, unpack_span(in, METADATA_SETTINGS_OCTETS));
    return buf_ok(&im->metadata->told_entries);
}

void
imap_metadata_resume(struct imap_session *im)
{
    if (im->metadata != NULL && im->metadata->watch.acct == NULL && im->acct != NULL)
        watch_begin(im);
}
