/* SPDX-License-Identifier: MIT */
/*
 * Hands an IMAP session over to another process: login, IDLE, what the client knows of its
 * mailbox, and input that was read but not yet parsed. The new process opens the mailbox when
 * the session first runs there, on a work thread. Until then the view is only a few numbers.
 *
 * Thread: the session's.
 */
#include "imap/metadata.h"
#include "imap/notify.h"
#include "imap/selected/context/context.h"

#include <stdlib.h>
#include <string.h>

#include "session/handover.h"

bool
imap_at_rest(const struct session *session)
{
    const struct imap_session *im = CONTAINER_OF(session, struct imap_session, s);
    const struct imap_work *work = im->work;
    struct span begun;

    if (imap_has_command(im) ||
        (work != NULL && (work->phase == PHASE_PUSH || work->spool_count > 0)))
        return false;
    const struct imap_notify *notify = im->notify;
    if (notify != NULL && (notify->at_hand != NULL || news_wait(&im->notify->watch) ||
                           notify_others_wait(im, notify->others)))
        return false; /* it has been told less than what the packed state would claim */
    return im->resume == NULL && (im->framer == NULL || imap_framer_begun(im->framer, &begun));
}

/* ---- packing ---- */

static void
pack_view(const struct view_saved *saved, struct buf *out)
{
    pack_u64(out, saved->mbox);
    pack_u64(out, saved->modseq);
    pack_u64(out, saved->flags_modseq);
    pack_u64(out, saved->silent_modseq);
    pack_u32(out, saved->uidvalidity);
    pack_u32(out, saved->exists);
    pack_u32(out, saved->recent);
    pack_u32(out, saved->recent_told);
    pack_u32(out, saved->uid_bound);
    pack_u32(out, saved->recent_from);
    pack_u64(out, saved->keywords);
    pack_u8(out, saved->read_only);
}

bool
imap_pack(struct session *session, struct buf *out)
{
    struct imap_session *im = imap_of(session);
    struct view_saved saved;
    struct span begun = SPAN("");

    if (im->framer != NULL && !imap_framer_begun(im->framer, &begun))
        return false;
    pack_u8(out, im->state);
    pack_u8(out, im->bad_commands);
    pack_u8(out, im->login);
    pack_u8(out, im->idle_end);
    pack_u8(out, im->enabled);
    pack_u8(out, im->idle != NULL);
    if (im->idle != NULL) {
        pack_span(out, span_of_str(im->idle->tag));
        pack_i64(out, im->idle->waiting.since_us);
        pack_i64(out, im->idle->waiting.keepalive_us);
    }
    imap_notify_pack(im, out);
    imap_metadata_pack(im, out);
    if (im->state == IMAP_SELECTED) {
        if (!view_save(&im->view, &saved))
            return false;
        pack_view(&saved, out);
        pack_u64(out, im->guest == NULL ? 0 : account_id(im->guest->acct));
        pack_u32(out, imap_selected_rights(im));
        pack_span(out, imap_saved_span(im));
        imap_contexts_pack(im, out);
    }
    pack_span(out, begun);
    pack_span(out, buf_span(&session->conn.in));
    return begun.len + buf_len(&session->conn.in) <= session->conn.in.max;
}

/* ---- unpacking ---- */

static void
unpack_view(struct unpack *in, struct view_saved *saved)
{
    saved->mbox = unpack_u64(in);
    saved->modseq = unpack_u64(in);
    saved->flags_modseq = unpack_u64(in);
    saved->silent_modseq = unpack_u64(in);
    saved->uidvalidity = unpack_u32(in, UINT32_MAX);
    saved->exists = unpack_u32(in, UINT32_MAX);
    saved->recent = unpack_u32(in, saved->exists);
    saved->recent_told = unpack_u32(in, UINT32_MAX);
    saved->uid_bound = unpack_u32(in, UINT32_MAX);
    saved->recent_from = unpack_u32(in, UINT32_MAX);
    saved->keywords = unpack_u64(in);
    saved->read_only = unpack_bool(in);
}

static bool
unpack_idle(struct imap_session *im, struct unpack *in)
{
    const struct span tag = unpack_text(in, LIMIT_TAG);
    struct imap_idle *idle = calloc(1, sizeof *idle + tag.len + 1);

    if (idle == NULL)
        return false;
    im->idle = idle;
    in->failed |= tag.len == 0 || im->state == IMAP_NOT_AUTHENTICATED;
    memcpy(idle->tag, tag.ptr, tag.len);
    idle->waiting.since_us = unpack_time(in, session_now_us(&im->s));
    idle->waiting.keepalive_us = unpack_time(in, INT64_MAX); /* INT64_MAX: never */
    session_state_set(&im->s, SESSION_IDLE);
    return true;
}

static bool
unpack_selected(struct imap_session *im, struct unpack *in)
{
    im->resume = calloc(1, sizeof *im->resume);
    if (im->resume == NULL)
        return false;
    atomic_fetch_add(&im->s.env->resuming, 1);
    unpack_view(in, im->resume);
    const uint64_t owner = unpack_u64(in);
    const uint32_t rights = unpack_u32(in, RIGHTS_ALL);
    if (owner != 0 && !in->failed) {
        im->guest = imap_guest_new(im, owner, rights);
        if (im->guest == NULL)
            return false;
    }
    if (!imap_saved_set(im, unpack_span(in, LIMIT_SAVED_OCTETS)))
        in->failed = true;
    return imap_contexts_unpack(im, in);
}

bool
imap_unpack(struct session *session, struct unpack *in)
{
    struct imap_session *im = imap_of(session);

    list_init(&im->watch.link);
    im->end_state = END_STATE_COUNT;
    im->state = unpack_u8(in);
    const bool known = im->state != IMAP_NOT_AUTHENTICATED;
    in->failed |= (im->state != IMAP_NOT_AUTHENTICATED && im->state != IMAP_AUTHENTICATED &&
                   im->state != IMAP_SELECTED) ||
                  known != (session->account_id != 0);
    im->bad_commands = unpack_u8(in);
    im->login = unpack_u8(in);
    im->idle_end = unpack_u8(in);
    im->enabled = unpack_u8(in);
    in->failed |=
        known != (im->login >= IMAP_LOGIN_SCRAM && im->login <= IMAP_LOGIN_PASSWORD) ||
        im->idle_end > IMAP_IDLE_CUT || (im->enabled & ~ENABLES_ALL) != 0 ||
        (im->enabled & ENABLES_QRESYNC) == (ENABLES_QRESYNC & ~ENABLES_CONDSTORE);
    session_state_set(session, !known                       ? SESSION_CONNECTED
                               : im->state == IMAP_SELECTED ? SESSION_SELECTED
                                                            : SESSION_AUTHENTICATED);
    if (unpack_bool(in) && !unpack_idle(im, in))
        return false;
    if (!imap_notify_unpack(im, in) || !imap_metadata_unpack(im, in))
        return false;
    if (im->state == IMAP_SELECTED && !in->failed && !unpack_selected(im, in))
        return false;
    buf_put_span(&session->conn.in, unpack_span(in, session->conn.in.max));
    buf_put_span(&session->conn.in, unpack_span(in, session->conn.in.max));
    if (in->failed || !buf_ok(&session->conn.in))
        return false;
    return !known ||
           account_get(session->env->accounts, session->account_id, &im->acct) == RC_OK;
}

/* ---- going on ---- */

void
imap_resume_end(struct imap_session *im)
{
    if (im->resume == NULL)
        return;
    free(im->resume);
    im->resume = NULL;
    atomic_fetch_sub(&im->s.env->resuming, 1);
}

bool
imap_resume_go(struct imap_session *im)
{
    struct mailbox *mailbox = NULL;
    struct err err = {.rc = RC_OK};

    enum rc rc = mailbox_open_id(imap_selected_acct(im), session_waker(&im->s),
                                 im->resume->mbox, &mailbox, &err);
    if (rc == RC_AGAIN)
        return false;
    if (rc == RC_OK) {
        const struct watch_filter filter = {
            .events = imap_watch_events(im), .mboxes = &im->resume->mbox, .mbox_count = 1};
        hub_watch(imap_selected_acct(im), &im->watch, &filter, session_waker(&im->s));
        im->selected = im->resume->mbox;
        rc = view_resume(&im->view, mailbox, im->resume, &err);
        if (rc != RC_OK) {
            hub_unwatch(&im->watch);
            mailbox_put(mailbox);
        }
    }
    imap_resume_end(im);
    if (rc != RC_OK) {
        im->state = IMAP_AUTHENTICATED; /* there is no view yet that would have to be closed */
        session_end(&im->s, END_UPGRADE, "after the upgrade: %s", err.text);
    }
    return rc == RC_OK;
}
