/* SPDX-License-Identifier: MIT */
/*
 * Writes untagged responses about changes: the events of mailbox/sync.h. Used between commands
 * and in IDLE. It can stop and continue, so a slow reader can take its time with 50,000
 * expunges.
 */
#include "imap/imap_session.h"

size_t
imap_keyword_names(const struct keywords *bits, const struct keyword_names *names,
                   struct span out[LIMIT_KEYWORDS])
{
    size_t n = 0;

    if ((bits->bits[0] | bits->bits[1]) == 0)
        return 0;
    for (size_t i = 0; i < names->count && i < LIMIT_KEYWORDS; i++)
        if ((bits->bits[i / 64] >> (i % 64) & 1) != 0 && names->names[i].len > 0)
            out[n++] = names->names[i];
    return n;
}

/* The flags that may be changed, according to the rights (RFC 4314 section 5.1.1). "\*" means
 * that new keywords may be created (RFC 3501 section 7.1); it is sent while there is room for
 * one. */
static void
permanent_write(struct imap_session *im, struct iw *w, unsigned settable,
                const struct span *keywords, size_t count)
{
    const uint32_t rights = imap_selected_rights(im);
    const uint32_t flags = settable & rights_flags(rights);
    const bool writes = (rights & RIGHT_WRITE) != 0;

    iw_open(w);
    for (unsigned bit = 0; bit < IMAP_FLAG_COUNT; bit++)
        if ((flags >> bit & 1) != 0)
            iw_token(w, imap_flag_names[bit]);
    for (size_t i = 0; writes && i < count; i++)
        iw_token(w, keywords[i]);
    if (writes && count < LIMIT_KEYWORDS)
        iw_word(w, "\\*");
    iw_close(w);
}

void
imap_write_flags_lines(struct imap_session *im, const struct keyword_names *keywords)
{
    const unsigned settable = IMAP_FLAG_SEEN | IMAP_FLAG_ANSWERED | IMAP_FLAG_FLAGGED |
                              IMAP_FLAG_DELETED | IMAP_FLAG_DRAFT;
    const struct keywords all = {{UINT64_MAX, UINT64_MAX}};
    struct span names[LIMIT_KEYWORDS];
    const size_t count = imap_keyword_names(&all, keywords, names);
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "FLAGS");
    iw_flags(&w, settable, names, count);
    iw_end(&w);
    iw_begin_status(&w, SPAN(""), IW_OK);
    iw_code_open(&w, SPAN("PERMANENTFLAGS"));
    if (im->view.mode == VIEW_READ_ONLY)
        iw_flags(&w, 0, NULL, 0);
    else
        permanent_write(im, &w, settable, names, count);
    iw_code_close(&w);
    iw_end_text(&w, SPAN("Limited"));
}

static void
number_line(struct imap_session *im, uint32_t number, struct span word)
{
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_num(&w, number);
    iw_token(&w, word);
    iw_end(&w);
}

void
imap_flags_line(struct imap_session *im, uint32_t seq, const struct entry *entry,
                enum sync_kind kind)
{
    struct imap_work *work = im->work;
    struct span keywords[LIMIT_KEYWORDS];
    const size_t count = imap_keyword_names(&entry->keywords, &work->keywords, keywords);
    const unsigned recent = imap_recent_flag(im, entry->uid);
    const bool condstore = imap_is_enabled(im, ENABLES_CONDSTORE);
    const bool with_uid = condstore || imap_dialect(im)->uid_when_unasked == TOLD;
    struct iw w = imap_line(im);

    imap_fetch_open(im, &w, seq, entry->uid);
    /* RFC 7162 section 3.2.4; RFC 5465 section 5.1 */
    if (!imap_is_enabled(im, ENABLES_UIDONLY) &&
        (with_uid || im->notify != NULL ||
         (work->phase != PHASE_PUSH && work->row->form == FORM_UID))) {
        iw_word(&w, "UID");
        iw_num(&w, entry->uid);
    }
    if (kind == SYNC_FLAGS) {
        iw_word(&w, "FLAGS");
        iw_flags(&w, entry->flags | recent, keywords, count);
    }
    if (condstore) {
        iw_word(&w, "MODSEQ");
        iw_open(&w);
        iw_num(&w, entry->modseq);
        iw_close(&w);
        imap_modseq_told(work, entry->modseq);
    }
    iw_close(&w);
    iw_end(&w);
}

static void
event_write(struct imap_session *im, const struct sync_event *event)
{
    switch (event->kind) {
    case SYNC_EXPUNGE:
        number_line(im, event->seq, SPAN("EXPUNGE"));
        break;
    case SYNC_EXISTS:
        im->work->arrived.first = im->view.uid_bound;
        number_line(im, event->count, SPAN("EXISTS"));
        break;
    case SYNC_RECENT:
        if (imap_dialect(im)->recent == TOLD)
            number_line(im, event->count, SPAN("RECENT"));
        break;
    case SYNC_KEYWORDS:
        imap_write_flags_lines(im, &im->work->keywords);
        break;
    case SYNC_FLAGS:
    case SYNC_MODSEQ:
        imap_flags_line(im, event->seq, &event->entry, event->kind);
        break;
    case SYNC_VANISHED: /* RFC 7162 section 3.2.10.2 */
        imap_vanished_line(im, event->runs, event->run_count);
        im->work->told_vanished = true;
        break;
    case SYNC_GONE:
    case SYNC_DONE:
        break;
    }
}

/* Begins, with a snapshot only if one is needed. Telling of new mail needs none. */
static bool
begin(struct imap_session *im, enum sync_mode mode, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    arena_reset(&work->sync_arena);
    enum rc rc = sync_begin(&im->view, NULL, mode, &work->sync_arena, &work->sync, &err);
    if (rc == RC_AGAIN) {
        if (!imap_read_begin(im, imap_selected_acct(im), &tx, step_out))
            return false;
        rc = sync_begin(&im->view, tx, mode, &work->sync_arena, &work->sync, &err);
    }
    if (rc == RC_OK)
        rc = mailbox_keywords(im->view.mailbox, &work->sync_arena, &work->keywords);
    if (rc == RC_OK)
        return true;
    sync_end(work->sync);
    work->sync = NULL;
    *step_out = STEP_MORE;
    if (rc == RC_AGAIN) /* the snapshot is older than what the client knows: take another one */
        return false;
    session_end(&im->s, END_MAILBOX_FAILED, "%s: %s", rc_name(rc), err.text);
    *step_out = STEP_WAIT;
    return false;
}

enum imap_step
imap_sync_begin_step(struct imap_session *im, enum sync_mode mode)
{
    enum imap_step step = STEP_DONE;

    im->view.tells = (uint8_t)imap_tells(im);
    im->view.names = im->contexts != NULL;
    if (sync_is_due(&im->view) && !begin(im, mode, &step))
        return step;
    return STEP_DONE;
}

enum imap_step
imap_sync_step(struct imap_session *im)
{
    struct imap_work *work = im->work;

    while (work->sync != NULL) {
        struct sync_event event;
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        sync_next(work->sync, &event);
        if (event.kind == SYNC_DONE) {
            work->sync = NULL;
            if (work->arrived.first != 0)
                work->arrived.last = im->view.uid_bound - 1;
            return STEP_DONE;
        }
        event_write(im, &event);
    }
    return STEP_DONE;
}
