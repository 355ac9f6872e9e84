/* SPDX-License-Identifier: MIT */
/*
 * STORE, COPY, MOVE, EXPUNGE, CLOSE (RFC 3501 sections 6.4.2, 6.4.3, 6.4.6, 6.4.7; RFC 4315,
 * RFC 6851). Each resolves the client's set against its view, hands a request to the account's
 * turn, and leaves telling about it to the sync that follows. By UID, messages that others have
 * expunged are passed over (RFC 2180 section 4). By sequence number, COPY copies nothing then
 * and answers NO [EXPUNGEISSUED]; STORE changes those that live (docs/protocol.md V-1).
 */
#include "imap/imap_session.h"
#include "mailbox/memory/members.h"
#include "mailbox/write/ops.h"

/* The messages of a client's set, both ways. */
struct named {
    struct view_run *seqs;
    size_t seq_count;
    struct uid_run *uids;
    size_t uid_count;
};

/* What becomes of a command that names more messages than it may be about (RFC 9738). */
enum named_limit {
    NAMED_CUT,     /* STORE, MOVE: it is run for the last of them */
    NAMED_REFUSED, /* COPY */
    NAMED_DELETED, /* UID EXPUNGE: those with \Deleted count, and the last of them are gone */
};

/* The n-th of the messages with \Deleted, counted from 0. 0: there are only *count_out. */
static uint32_t
deleted_nth(struct members *members, const struct named *named, uint32_t n, uint32_t *count_out)
{
    struct version_run piece;

    *count_out = 0;
    for (size_t i = 0; i < named->seq_count; i++) {
        const struct view_run seqs = named->seqs[i];
        for (uint32_t seq = seqs.first; seq <= seqs.last; seq += piece.count) {
            members_run(members, seq, seqs.last - seq + 1, &piece);
            for (uint32_t k = 0; k < piece.count; k++)
                if ((piece.flags[k] & MSG_DELETED) != 0 && (*count_out)++ == n)
                    return seq + k;
        }
    }
    return 0;
}

/* Leaves the last messages with \Deleted that UID EXPUNGE may be about. */
static bool
cut_deleted(struct imap_session *im, struct store_tx *tx, struct named *named,
            enum imap_step *step_out)
{
    const uint32_t limit = imap_message_limit(im);
    struct members members = {.version = NULL};
    struct err err = {.rc = RC_OK};
    uint32_t count = 0;

    if (limit == NO_MESSAGE_LIMIT)
        return true;
    const enum rc rc = members_begin(&members, &im->view, tx, &err);
    if (rc != RC_OK) {
        *step_out = rc == RC_AGAIN ? STEP_MORE : imap_fail(im, rc, &err);
        return false;
    }
    (void)deleted_nth(&members, named, UINT32_MAX, &count);
    const uint32_t from =
        count <= limit ? 0 : deleted_nth(&members, named, count - limit, &count);
    members_end(&members);
    if (from == 0)
        return true;
    while (named->seqs->last < from) {
        named->seqs++;
        named->seq_count--;
    }
    if (named->seqs->first < from)
        named->seqs->first = from;
    imap_limit_cut_at(im, limit, from);
    return true;
}

/* False: return *step_out. */
static bool
limit_named(struct imap_session *im, struct store_tx *tx, enum named_limit limit,
            struct named *named, enum imap_step *step_out)
{
    const uint32_t save_limit = imap_save_limit(im);

    switch (limit) {
    case NAMED_CUT:
        imap_limit_cut(im, &named->seqs, &named->seq_count);
        break;
    case NAMED_REFUSED:
        if (!view_runs_cut(&named->seqs, &named->seq_count, save_limit))
            break;
        *step_out = imap_limit_refuse(im, save_limit, named->seqs->first);
        return false;
    case NAMED_DELETED:
        return cut_deleted(im, tx, named, step_out);
    }
    return true;
}

/* Finds them; all in the command's arena. */
static bool
uids_of(struct imap_session *im, struct imap_msgs *msgs, enum named_limit limit,
        struct named *named_out, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    AUTO_TX tx = NULL;

    if (!imap_read_begin(im, imap_selected_acct(im), &tx, step_out) ||
        !imap_view_awake(im, tx, step_out) ||
        !imap_resolve(im, msgs, &named_out->seqs, &named_out->seq_count, step_out) ||
        !limit_named(im, tx, limit, named_out, step_out))
        return false;
    const enum rc rc = view_uid_runs(&im->view, named_out->seqs, named_out->seq_count,
                                     &work->arena, &named_out->uids, &named_out->uid_count);
    if (rc == RC_OK)
        return true;
    *step_out = imap_fail(im, rc, NULL);
    return false;
}

/* ---- STORE ---- */

struct store_run {
    struct flags_op op;
    struct named named;
    bool applied;
};

static enum flags_mode
mode_of(enum imap_store_mode mode)
{
    return mode == IMAP_STORE_REPLACE ? FLAGS_REPLACE
           : mode == IMAP_STORE_ADD   ? FLAGS_ADD
                                      : FLAGS_REMOVE;
}

/* RFC 4314 section 4: flags for which there is no right stay as they are. It is refused only if
 * that leaves nothing of what was asked for. False: *step_out. */
static bool
store_may(struct imap_session *im, const struct imap_store_req *req, struct flags_op *op,
          enum imap_step *step_out)
{
    const uint32_t rights = imap_selected_rights(im);
    const uint32_t allowed = rights_flags(rights);
    const uint32_t flags = req->flags.flags & MSG_SYSTEM_FLAGS;
    const bool writes = (rights & RIGHT_WRITE) != 0;
    const bool names_none = flags == 0 && req->flags.keyword_count == 0;
    const bool may = req->mode == IMAP_STORE_REPLACE || names_none
                         ? allowed != 0
                         : (flags & allowed) != 0 || (writes && req->flags.keyword_count > 0);

    op->flags = flags & allowed;
    op->kept_flags = MSG_SYSTEM_FLAGS & ~allowed;
    op->keeps_keywords = !writes;
    op->keywords = req->flags.keywords;
    op->keyword_count = writes ? req->flags.keyword_count : 0;
    if (!may)
        *step_out = imap_no(im->work, "NOPERM", "You may not change those flags here");
    return may;
}

static enum imap_step
store_begin(struct imap_session *im, struct imap_work *work)
{
    struct imap_store_req *req = &work->cmd.u.store;
    struct store_run *run = arena_new(&work->arena, struct store_run);
    enum imap_step step = STEP_DONE;

    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (req->has_unchanged_since)
        imap_condstore_enable(im);
    if (!uids_of(im, &req->msgs, NAMED_CUT, &run->named, &step))
        return step;
    flags_op_init(&run->op, &work->arena, session_waker(&im->s));
    run->op.mbox = im->selected;
    run->op.runs = run->named.uids;
    run->op.run_count = run->named.uid_count;
    run->op.known_modseq = view_known_modseq(&im->view);
    run->op.mode = mode_of(req->mode);
    if (!store_may(im, req, &run->op, &step))
        return step;
    run->op.unchanged_since = req->has_unchanged_since ? req->unchanged_since : MODSEQ_ANY;
    run->op.turn.frees_space =
        req->mode != IMAP_STORE_REMOVE && (run->op.flags & MSG_DELETED) != 0;
    work->run = run;
    return STEP_MORE;
}

/* How many of the messages named are in the view only. False: return *step_out. */
static bool
count_expunged(struct imap_session *im, const struct named *named, uint32_t *expunged_out,
               enum imap_step *step_out)
{
    struct version *now = NULL;
    struct mailbox_state state;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    *expunged_out = 0;
    mailbox_state(im->view.mailbox, &state);
    if (state.last_expunge_modseq <= im->view.modseq)
        return true;
    if (!imap_read_begin(im, imap_selected_acct(im), &tx, step_out))
        return false;
    const enum rc rc = view_current(&im->view, tx, &now, &err);
    if (rc != RC_OK) {
        *step_out = imap_fail(im, rc, &err);
        return false;
    }
    *expunged_out = view_count_expunged(&im->view, now, named->seqs, named->seq_count);
    version_unref(now);
    return true;
}

static uint32_t
count_named(const struct named *named)
{
    uint32_t count = 0;

    for (size_t i = 0; i < named->seq_count; i++)
        count += named->seqs[i].last - named->seqs[i].first + 1;
    return count;
}

/* "MODIFIED 7,9": which messages were not changed because they are newer than UNCHANGEDSINCE,
 * by number or UID as the client named them (RFC 7162 section 3.1.3). One that is too long
 * names all from the first to the last of them (docs/protocol.md V-3). NULL: no memory. */
static char *
modified_code(struct imap_session *im, const struct flags_result *out)
{
    const bool by_uid = im->work->row->form == FORM_UID;
    const struct version *members = im->view.members;
    const uint32_t first = out->modified[0].first;
    const uint32_t last = out->modified[out->modified_count - 1].last;
    AUTO_BUF code = {0};

    buf_init(&code, (size_t)2 * LIMIT_COPYUID);
    buf_put_lit(&code, "MODIFIED ");
    struct numset_writer set = numset_writer(&code);
    for (size_t i = 0; i < out->modified_count && buf_ok(&code); i++)
        for (uint64_t uid = out->modified[i].first; uid <= out->modified[i].last; uid++)
            numset_writer_add(&set, by_uid ? (uint32_t)uid
                                           : version_find_uid(members, (uint32_t)uid));
    numset_writer_end(&set);
    if (buf_ok(&code) && buf_len(&code) <= LIMIT_COPYUID)
        return arena_str(&im->work->arena, buf_span(&code));
    return arena_printf(&im->work->arena, "MODIFIED %u:%u",
                        by_uid ? first : version_find_uid(members, first),
                        by_uid ? last : version_find_uid(members, last));
}

/* What the sync is to tell of it. */
static enum rc
store_echo(struct imap_session *im, const struct store_run *run)
{
    const struct imap_store_req *req = &im->work->cmd.u.store;
    /* A change that lost a keyword is not the one that the client believes in. */
    const bool silent = req->silent && run->op.keywords_lost == 0;
    const bool tells = !silent || imap_is_enabled(im, ENABLES_CONDSTORE);
    struct view_echo *echo = tells ? arena_new(&im->work->arena, struct view_echo) : NULL;

    if (tells && echo == NULL)
        return RC_LIMIT;
    if (silent)
        view_silence(&im->view, run->op.silent_modseq);
    if (!tells)
        return RC_OK;
    *echo = (struct view_echo){
        .silent = silent,
        .unchanged_since = run->op.unchanged_since,
        .own_modseq = run->op.out.modseq,
    };
    if (!silent || req->has_unchanged_since) {
        echo->runs = run->op.runs;
        echo->count = run->op.run_count;
    }
    im->view.echo = echo;
    return RC_OK;
}

/* What the client is told. RFC 2180 section 4.2.1 for a .SILENT one, 4.2.2 when nothing named
 * is left; a mixed set without .SILENT is answered with OK too, where 4.2.3 says NO: clients
 * show a NO to people, for a change that was made. Nothing is silenced before all of the answer
 * is there: after a NO the client must be told what was changed all the same. */
static enum imap_step
store_answer(struct imap_session *im, const struct store_run *run, uint32_t expunged)
{
    const bool modified = run->op.out.modified_count > 0;

    if (expunged > 0 && expunged == count_named(&run->named)) {
        imap_limit_tell_now(im);
        return imap_no(im->work, "EXPUNGEISSUED", "The messages no longer exist");
    }
    const char *code = modified ? modified_code(im, &run->op.out) : NULL;
    if ((modified && code == NULL) || store_echo(im, run) != RC_OK)
        return imap_fail(im, RC_LIMIT, NULL);
    if (modified)
        return imap_ok(im->work, code, "STORE failed for the messages modified");
    if (expunged > 0)
        return imap_ok(im->work, "EXPUNGEISSUED", "STORE completed for those that still exist");
    return imap_ok(im->work, NULL, "STORE completed");
}

enum imap_step
cmd_store_run(struct imap_session *im, struct imap_work *work)
{
    const bool by_seq = work->row->form == FORM_SEQ;
    enum imap_step step = STEP_DONE;
    uint32_t expunged = 0;

    if (work->run == NULL)
        return store_begin(im, work);
    struct store_run *run = work->run;
    if (!run->applied) {
        if (!imap_turn(im, imap_selected_acct(im), &run->op.turn, &step))
            return step;
        if (run->op.turn.result != RC_OK)
            return imap_fail(im, run->op.turn.result, &run->op.turn.err);
        run->applied = true;
    }
    if (by_seq && !count_expunged(im, &run->named, &expunged, &step))
        return step;
    return store_answer(im, run, expunged);
}

/* ---- COPY, MOVE ---- */

/* Into another account, MOVE is two requests: a copy there, and here the messages are
 * expunged. */
struct copy_run {
    struct copy_op op;
    struct expunge_op removal; /* when `removes` is set */
    bool removes;
    bool copied;
};

static enum imap_step
copy_begin(struct imap_session *im, struct imap_work *work, bool move)
{
    struct imap_copy_req *req = &work->cmd.u.copy;
    struct copy_run *run = arena_new(&work->arena, struct copy_run);
    enum imap_step step = STEP_DONE;
    struct named named;

    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step))
        return step;
    if (!uids_of(im, &req->msgs, move ? NAMED_CUT : NAMED_REFUSED, &named, &step))
        return step;
    struct copy_op *op = &run->op;
    const bool across = work->target.acct != imap_selected_acct(im);
    copy_op_init(op, &work->arena, session_waker(&im->s));
    op->from = across ? imap_selected_acct(im) : NULL;
    op->from_mbox = im->selected;
    op->to_name = work->target.name;
    op->runs = named.uids;
    op->run_count = named.uid_count;
    op->move = move && !across;
    run->removes = move && across;
    /* Flags for which there is no right are left out: RFC 4314 section 4. */
    op->dropped_flags = MSG_SYSTEM_FLAGS & ~rights_flags(work->target.rights);
    op->drops_keywords = (work->target.rights & RIGHT_WRITE) == 0;
    /* To the trash, mostly, and it writes a row a message. Into another account it is a copy
     * with all its octets. */
    op->turn.frees_space = op->move;
    if (req->msgs.kind == IMAP_MSGS_SEQ)
        for (size_t i = 0; i < named.seq_count; i++)
            op->expected += named.seqs[i].last - named.seqs[i].first + 1;
    work->run = run;
    return STEP_MORE;
}

/* False: *step_out. */
static bool
copy_go(struct imap_session *im, struct copy_run *run, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    struct copy_op *op = &run->op;

    if (run->copied)
        return true;
    if (!imap_turn(im, work->target.acct, &op->turn, step_out))
        return false;
    if (op->turn.result == RC_BUSY && op->source_busy) { /* woken when it can be read */
        *step_out = STEP_WAIT;
        return false;
    }
    if (op->turn.result != RC_OK) {
        *step_out = op->turn.result == RC_NOT_FOUND
                        ? imap_no(work, "TRYCREATE", "No such mailbox")
                        : imap_fail(im, op->turn.result, &op->turn.err);
        return false;
    }
    run->copied = true;
    imap_note_own(im, op->to_mbox, op->first_uid, op->count);
    expunge_op_init(&run->removal, &work->arena, session_waker(&im->s));
    run->removal.mbox = im->selected;
    run->removal.runs = op->sources;
    run->removal.run_count = op->source_count;
    return true;
}

/* Takes away what was moved into another account. False: *step_out. */
static bool
removal_go(struct imap_session *im, struct copy_run *run, enum imap_step *step_out)
{
    if (!run->removes || run->op.count == 0)
        return true;
    if (!imap_turn(im, imap_selected_acct(im), &run->removal.turn, step_out))
        return false;
    if (run->removal.turn.result == RC_OK)
        return true;
    *step_out = imap_fail(im, run->removal.turn.result, &run->removal.turn.err);
    return false;
}

/* "COPYUID 38505 304,319 3956:3957" (RFC 4315 section 3). NULL: nothing was copied, or it would
 * be longer than LIMIT_COPYUID (docs/protocol.md R-3). */
static char *
copyuid(struct imap_work *work, const struct copy_op *op)
{
    AUTO_BUF code = {0};

    if (op->count == 0)
        return NULL;
    buf_init(&code, (size_t)2 * LIMIT_COPYUID); /* the writer reserves more than it fills */
    buf_printf(&code, "COPYUID %u ", op->to_uidvalidity);
    struct numset_writer uids = numset_writer(&code);
    for (size_t i = 0; i < op->source_count && buf_ok(&code); i++)
        for (uint64_t uid = op->sources[i].first; uid <= op->sources[i].last; uid++)
            numset_writer_add(&uids, (uint32_t)uid);
    numset_writer_end(&uids);
    buf_put_char(&code, ' ');
    for (size_t i = 0; i < op->count; i++)
        numset_writer_add(&uids, op->first_uid + (uint32_t)i);
    numset_writer_end(&uids);
    if (!buf_ok(&code) || buf_len(&code) > LIMIT_COPYUID)
        return NULL;
    return arena_str(&work->arena, buf_span(&code));
}

enum imap_step
cmd_copy_run(struct imap_session *im, struct imap_work *work)
{
    const bool move = work->cmd.id == IMAP_CMD_MOVE || work->cmd.id == IMAP_CMD_UID_MOVE;
    enum imap_step step = STEP_DONE;

    if (work->run == NULL)
        return copy_begin(im, work, move);
    struct copy_run *run = work->run;
    if (!copy_go(im, run, &step) || !removal_go(im, run, &step))
        return step;
    const char *code = copyuid(work, &run->op);
    if (!move)
        return imap_ok(work, code, "COPY completed");
    if (code != NULL) { /* before the EXPUNGEs that follow: RFC 6851 section 4.3 */
        struct iw w = imap_line(im);
        iw_status_line(&w, SPAN(""), IW_OK, code, SPAN("Moved"));
    }
    return imap_ok(work, NULL, "MOVE completed");
}

/* ---- EXPUNGE, CLOSE ---- */

static enum imap_step
expunge_begin(struct imap_session *im, struct imap_work *work)
{
    struct expunge_op *op = arena_new(&work->arena, struct expunge_op);
    const bool by_uid = work->row->form == FORM_UID;
    enum imap_step step = STEP_DONE;
    struct named named = {0};

    if (op == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    if (by_uid && !uids_of(im, &work->cmd.u.uid_expunge.msgs, NAMED_DELETED, &named, &step))
        return step;
    expunge_op_init(op, &work->arena, session_waker(&im->s));
    op->mbox = im->selected;
    op->only_deleted = true;
    op->runs = named.uids;
    op->run_count = named.uid_count;
    if (by_uid && named.uid_count == 0)
        return imap_ok(work, NULL, "EXPUNGE completed");
    work->run = op;
    return STEP_MORE;
}

enum imap_step
cmd_expunge_run(struct imap_session *im, struct imap_work *work)
{
    enum imap_step step = STEP_DONE;

    if (work->run == NULL)
        return expunge_begin(im, work);
    struct expunge_op *op = work->run;
    if (!imap_turn(im, imap_selected_acct(im), &op->turn, &step))
        return step;
    if (op->turn.result != RC_OK)
        return imap_fail(im, op->turn.result, &op->turn.err);
    return imap_ok(work, NULL, "EXPUNGE completed");
}

enum imap_step
cmd_close_run(struct imap_session *im, struct imap_work *work)
{
    static const uint32_t needs = RIGHT_READ | RIGHT_EXPUNGE;
    enum imap_step step = STEP_DONE;
    struct mailbox_state state;

    mailbox_state(im->view.mailbox, &state);
    /* Without the rights to expunge, those of EXPUNGE, it just closes: RFC 4314 section 4. */
    if (work->run == NULL && !imap_guest_look(im, &step))
        return step;
    if (im->view.mode == VIEW_READ_WRITE && !state.gone &&
        (imap_selected_rights(im) & needs) == needs &&
        (work->run != NULL || state.deleted > 0)) {
        if (work->run == NULL)
            return expunge_begin(im, work);
        struct expunge_op *op = work->run;
        if (!imap_turn(im, imap_selected_acct(im), &op->turn, &step))
            return step;
        if (op->turn.result != RC_OK)
            return imap_fail(im, op->turn.result, &op->turn.err);
    }
    imap_unselect(im);
    return imap_ok(work, NULL, "CLOSE completed");
}
