/* SPDX-License-Identifier: MIT */
/*
 * Into and out of the selected state: SELECT, EXAMINE (RFC 3501 sections 6.3.1, 6.3.2), CHECK,
 * CLOSE, UNSELECT (RFC 3691). SELECT answers from counters. The messages themselves are not
 * looked at until a command needs them, unless the client comes back to a mailbox that it knows
 * and asks what has changed (QRESYNC, RFC 7162 section 3.2.5):
 *
 *   find, begin the view -> [LIST] -> DESCRIBE -> [LOOK -> RESYNC or TELL] -> tagged answer
 *
 * LIST tells the attributes of the name, if the dialect includes it (RFC 9051 section 6.3.2).
 * RESYNC is a UID FETCH. TELL tells the same from the rows, for a mailbox that is not in
 * memory.
 */
#include "imap/names/gather.h"
#include "imap/selected/context/context.h"
#include "imap/selected/fetch_private.h"
#include "mailbox/content/object_id.h"

enum select_stage { SELECT_LIST, SELECT_DESCRIBE, SELECT_LOOK, SELECT_RESYNC, SELECT_TELL };

struct select_run {
    enum select_stage stage;
    struct imap_gather *gather;    /* NULL: not begun */
    struct names_list *list;       /* NULL: not complete yet */
    struct imap_fetch_req changes; /* what RESYNC asks for */
    struct vanished_req gone;
    struct fetch_run *fetch; /* NULL: not begun */
    /* What TELL has found, and how far it has come. */
    struct uid_run *vanished;
    size_t vanished_count;
    struct changed *changed;
    size_t changed_count;
    size_t next_vanished;
    size_t next_changed;
};

/* Mailboxes up to this size are loaded at SELECT, so that the first unseen message can be
 * told. */
enum { UNSEEN_LOAD_MAX = 2000 };

/* Without any of these rights, a mailbox is opened read-only: RFC 4314 section 5.2. */
enum { RIGHTS_TO_CHANGE = RIGHTS_ON_FLAGS | RIGHT_INSERT | RIGHT_EXPUNGE };

void
imap_unselect(struct imap_session *im)
{
    if (im->state != IMAP_SELECTED)
        return;
    hub_unwatch(&im->watch);
    view_done(&im->view);
    imap_guest_free(im->guest);
    im->guest = NULL;
    imap_saved_forget(im);
    imap_contexts_forget(im); /* RFC 5267 section 4.3 */
    im->state = IMAP_AUTHENTICATED;
    im->selected = 0;
    session_set_mailbox_name(&im->s, SPAN(""));
}

static void
untagged_ok_number(struct iw *w, struct span code, uint64_t number, struct span text)
{
    iw_begin_status(w, SPAN(""), IW_OK);
    iw_code_open(w, code);
    iw_num(w, number);
    iw_code_close(w);
    iw_end_text(w, text);
}

/* RFC 8474 section 4.2. */
static void
mailbox_id_line(struct imap_session *im, const struct mbox_object_id *object_id)
{
    const struct object_id id = object_id_of_mailbox(object_id);
    struct iw w = imap_line(im);

    iw_begin_status(&w, SPAN(""), IW_OK);
    iw_code_open(&w, SPAN("MAILBOXID"));
    iw_open(&w);
    iw_token(&w, object_id_span(&id));
    iw_close(&w);
    iw_code_close(&w);
    iw_end_text(&w, SPAN("mailbox identifier"));
}

/* Writes the untagged part of the answer. */
static enum rc
describe(struct imap_session *im, struct store_tx *tx, const struct mailbox_state *state,
         struct err *err)
{
    struct imap_work *work = im->work;
    struct iw w = imap_line(im);
    uint32_t unseen = 0;

    const bool names_unseen = state->unseen > 0 && !imap_is_enabled(im, ENABLES_UIDONLY);
    if (names_unseen) {
        /* Told if the mailbox is in memory; a large mailbox is not loaded for it. */
        const bool small = state->exists <= UNSEEN_LOAD_MAX;
        const enum rc rc = view_awake(&im->view, small ? tx : NULL, err);
        if (rc != RC_OK && (small || rc != RC_AGAIN))
            return rc;
    }
    if (names_unseen && im->view.members != NULL)
        unseen = version_first_unseen(im->view.members);
    enum rc rc = view_count_recent(&im->view, tx, err);
    if (rc == RC_OK)
        rc = mailbox_keywords(im->view.mailbox, &work->arena, &work->keywords);
    if (rc != RC_OK)
        return rc;
    iw_untagged(&w);
    iw_num(&w, im->view.exists);
    iw_word(&w, "EXISTS");
    iw_end(&w);
    if (imap_dialect(im)->recent == TOLD) {
        iw_untagged(&w);
        iw_num(&w, im->view.recent);
        iw_word(&w, "RECENT");
        iw_end(&w);
    }
    if (unseen > 0 && imap_dialect(im)->first_unseen == TOLD)
        untagged_ok_number(&w, SPAN("UNSEEN"), unseen, SPAN("first unseen message"));
    untagged_ok_number(&w, SPAN("UIDVALIDITY"), state->uidvalidity, SPAN("UIDs valid"));
    untagged_ok_number(&w, SPAN("UIDNEXT"), im->view.uid_bound, SPAN("predicted next UID"));
    if (imap_shows(im, SPAN("OBJECTID")))
        mailbox_id_line(im, &state->object_id);
    imap_write_flags_lines(im, &work->keywords);
    imap_highest_line(im, imap_safe_modseq(im)); /* RFC 7162 section 3.1.2.1 */
    return RC_OK;
}

static bool
select_abandon(struct imap_session *im)
{
    struct select_run *run = im->work->run;

    imap_fetch_end(run->fetch);
    im->work->abandon = NULL;
    return true;
}

/* Tells that the next responses are about another mailbox (RFC 7162 section 3.2.11). */
static void
close_selected(struct imap_session *im)
{
    struct iw w = imap_line(im);

    if (im->state != IMAP_SELECTED)
        return;
    imap_unselect(im);
    iw_status_line(&w, SPAN(""), IW_OK, "CLOSED", SPAN("Previous mailbox is closed"));
}

/* Finds the mailbox and begins the view. STEP_MORE: it is selected, and the answer is still to
 * be written. */
static enum imap_step
select_begin(struct imap_session *im, struct imap_work *work, enum view_mode mode)
{
    const struct imap_select_req *req = &work->cmd.u.select;
    struct select_run *run = arena_new(&work->arena, struct select_run);
    struct mailbox *mailbox = NULL;
    enum imap_step step = STEP_DONE;
    struct mailbox_state state;
    struct err err = {.rc = RC_OK};

    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (req->has_qresync && !imap_is_enabled(im, ENABLES_QRESYNC))
        return imap_bad(work, "QRESYNC needs ENABLE QRESYNC");
    if (req->qresync.has_match && imap_is_enabled(im, ENABLES_UIDONLY))
        return imap_uid_required(work); /* RFC 9586 section 3.7 */
    /* RFC 3501 section 6.3.1: also a SELECT that fails leaves nothing selected. */
    close_selected(im);
    if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step) ||
        !imap_read_ready(im, work->target.acct, &step))
        return step;
    const enum rc rc = mailbox_open(work->target.acct, session_waker(&im->s), work->target.name,
                                    &mailbox, &err);
    if (rc == RC_AGAIN)
        return STEP_WAIT;
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    if (work->target.is_guest) {
        im->guest = imap_guest_new(im, account_id(work->target.acct), work->target.rights);
        if (im->guest == NULL) {
            mailbox_put(mailbox);
            return imap_fail(im, RC_LIMIT, NULL);
        }
        if ((work->target.rights & RIGHTS_TO_CHANGE) == 0)
            mode = VIEW_READ_ONLY; /* RFC 4314 section 5.2 */
    }
    if (req->condstore)
        imap_condstore_enable(im); /* HIGHESTMODSEQ is sent below */
    mailbox_state(mailbox, &state);
    const struct watch_filter filter = {
        .events = imap_watch_events(im), .mboxes = &state.mbox, .mbox_count = 1};
    hub_watch(work->target.acct, &im->watch, &filter, session_waker(&im->s));
    view_init(&im->view, mailbox, mode);
    im->selected = state.mbox;
    im->state = IMAP_SELECTED;
    session_set_mailbox_name(&im->s, req->mailbox.name);
    if (imap_dialect(im)->list_at_select != TOLD)
        run->stage = SELECT_DESCRIBE;
    work->run = run;
    work->abandon = select_abandon;
    return STEP_MORE;
}

static enum imap_step
list_begin(struct imap_session *im, struct select_run *run)
{
    struct imap_work *work = im->work;
    struct imap_list_pattern *name = arena_new(&work->arena, struct imap_list_pattern);
    struct imap_list_req *req = arena_new(&work->arena, struct imap_list_req);
    if (name == NULL || req == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    name->text = work->cmd.u.select.mailbox.name;
    *req = (struct imap_list_req){
        .extended = true,
        .returns = IMAP_LIST_RETURN_SUBSCRIBED | IMAP_LIST_RETURN_CHILDREN |
                   IMAP_LIST_RETURN_SPECIAL_USE,
        .reference = {.text = SPAN("")},
        .patterns = name,
        .pattern_count = 1,
    };
    run->gather = imap_gather_new(&work->arena, req, NAMES_LIST);
    return run->gather == NULL ? imap_fail(im, RC_LIMIT, NULL) : STEP_MORE;
}

static enum imap_step
select_list(struct imap_session *im, struct select_run *run)
{
    struct names_entry entry;
    enum rc rc = RC_AGAIN;

    if (run->gather == NULL)
        return list_begin(im, run);
    if (run->list == NULL) {
        const enum imap_step step = imap_gather_step(im, run->gather, &run->list);
        if (run->list == NULL)
            return step;
    }
    /* A name with wildcards also matches other names. */
    while (rc != RC_NOT_FOUND) {
        if (slice_spent())
            return STEP_MORE;
        rc = names_list_next(run->list, &entry);
        if (rc == RC_OK && span_eq(entry.name, im->work->cmd.u.select.mailbox.name)) {
            imap_list_line(im, &entry);
            break;
        }
    }
    run->stage = SELECT_DESCRIBE;
    return STEP_MORE;
}

/* If what the client remembers may differ from what there is, makes the request of a UID FETCH
 * (known UIDs) (FLAGS) (CHANGEDSINCE modseq VANISHED) (RFC 7162 section 3.2.5.1). False: there
 * is nothing to tell, or the client remembers another mailbox. */
static bool
resync_is_due(struct imap_session *im, struct select_run *run, uint32_t uidvalidity)
{
    static const struct imap_fetch_item items[] = {
        {.kind = FETCH_UID, .label = SPAN_INIT("UID")},
        {.kind = FETCH_FLAGS, .label = SPAN_INIT("FLAGS")},
        {.kind = FETCH_MODSEQ, .label = SPAN_INIT("MODSEQ")},
    };
    static struct num_range all = {1, UINT32_MAX};
    const struct imap_select_req *req = &im->work->cmd.u.select;

    if (!req->has_qresync || req->qresync.uidvalidity != uidvalidity ||
        req->qresync.modseq >= im->view.modseq)
        return false;
    run->changes = (struct imap_fetch_req){
        .msgs = {.kind = IMAP_MSGS_UID, .uid = {.set = {&all, 1, true}}},
        .items = items,
        .item_count = ARRAY_LEN(items),
        .uid_is_implied = true,
        .kinds = 1u << FETCH_UID | 1u << FETCH_FLAGS | 1u << FETCH_MODSEQ,
        .has_changed_since = true,
        .changed_since = req->qresync.modseq,
    };
    run->gone = (struct vanished_req){.since = req->qresync.modseq};
    if (req->qresync.has_known_uids) {
        run->changes.msgs.uid = req->qresync.known_uids;
        run->gone.known = &req->qresync.known_uids.set;
    }
    if (req->qresync.has_match) {
        run->gone.match_seqs = &req->qresync.match_seqs.set;
        run->gone.match_uids = &req->qresync.match_uids.set;
    }
    return true;
}

static enum imap_step
select_describe(struct imap_session *im, struct select_run *run)
{
    enum imap_step step = STEP_DONE;
    struct mailbox_state state;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    /* The snapshot begins after the view, so it has everything that the view counts. The view
     * is kept during the wait, because it has taken the \Recent messages. */
    if (!imap_read_begin(im, imap_selected_acct(im), &tx, &step))
        return step;
    mailbox_state(im->view.mailbox, &state);
    const enum rc rc = describe(im, tx, &state, &err);
    if (rc == RC_AGAIN)
        return STEP_MORE;
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    if (resync_is_due(im, run, state.uidvalidity)) {
        run->stage = SELECT_LOOK;
        return STEP_MORE;
    }
    return imap_ok(im->work, NULL, "");
}

/* Whether the rows can tell it, so that a client that comes back after a restart need not wait
 * for a large mailbox to be loaded. */
static enum imap_step
select_look(struct imap_session *im, struct select_run *run)
{
    struct arena *arena = &im->work->arena;
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    run->stage = SELECT_RESYNC;
    if (run->gone.match_seqs != NULL)
        return STEP_MORE;
    run->stage = SELECT_LOOK;
    if (!imap_read_begin(im, imap_selected_acct(im), &tx, &step))
        return step;
    enum rc rc = changed_find(&im->view, tx, &run->gone, arena, &run->changed,
                              &run->changed_count, &err);
    if (rc == RC_OK)
        rc = vanished_find(&im->view, tx, &run->gone, arena, &run->vanished,
                           &run->vanished_count, &err);
    run->stage = rc == RC_OK ? SELECT_TELL : SELECT_RESYNC;
    return rc == RC_OK || rc == RC_AGAIN || rc == RC_GONE ? STEP_MORE : imap_fail(im, rc, &err);
}

static enum imap_step
select_tell(struct imap_session *im, struct select_run *run)
{
    while (run->next_vanished < run->vanished_count || run->next_changed < run->changed_count) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (run->next_vanished < run->vanished_count) {
            imap_vanished_earlier(im, run->vanished, run->vanished_count, &run->next_vanished);
            continue;
        }
        const struct changed *changed = &run->changed[run->next_changed++];
        imap_flags_line(im, changed->seq, &changed->entry, SYNC_FLAGS);
    }
    return imap_ok(im->work, NULL, "");
}

static enum imap_step
select_step(struct imap_session *im, struct select_run *run)
{
    enum imap_step step = STEP_DONE;

    /* The right may be taken away while the client reads slowly. */
    if (!imap_guest_still_may(im, RIGHT_READ, &step))
        return step;
    switch (run->stage) {
    case SELECT_LIST:
        return select_list(im, run);
    case SELECT_DESCRIBE:
        return select_describe(im, run);
    case SELECT_LOOK:
        return select_look(im, run);
    case SELECT_TELL:
        return select_tell(im, run);
    case SELECT_RESYNC:
        break;
    }
    if (run->fetch != NULL)
        return imap_fetch_step(im, run->fetch);
    return imap_fetch_begin(im, &run->changes, &run->gone, &run->fetch);
}

enum imap_step
cmd_select_run(struct imap_session *im, struct imap_work *work)
{
    const bool examine = work->cmd.id == IMAP_CMD_EXAMINE;

    if (work->run == NULL)
        return select_begin(im, work, examine ? VIEW_READ_ONLY : VIEW_READ_WRITE);
    const enum imap_step step = select_step(im, work->run);
    if (step != STEP_DONE)
        return step;
    if (work->reply.status != IW_OK) {
        imap_unselect(im);
        return STEP_DONE;
    }
    return imap_ok(work, im->view.mode == VIEW_READ_ONLY ? "READ-ONLY" : "READ-WRITE",
                   examine ? "EXAMINE completed" : "SELECT completed");
}

enum imap_step
cmd_check_run(struct imap_session *im, struct imap_work *work)
{
    (void)im; /* everything that was acknowledged is on disk already */
    return imap_ok(work, NULL, "CHECK completed");
}

enum imap_step
cmd_unselect_run(struct imap_session *im, struct imap_work *work)
{
    imap_unselect(im);
    return imap_ok(work, NULL, "UNSELECT completed");
}
