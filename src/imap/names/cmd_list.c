/* SPDX-License-Identifier: MIT */
/*
 * LIST with its extensions, LSUB, XLIST and STATUS as lines (RFC 3501 sections 6.3.8 to 6.3.10,
 * RFC 3348, 5258, 5819, 6154, 7889, 8438, 8440, 8474, 9051, 9208, 9590). What to answer is
 * decided in mailbox/names/names_list.h.
 */
#include "imap/metadata.h"
#include "imap/names/gather.h"
#include "mailbox/content/object_id.h"
#include "mailbox/names/names.h"
#include "mailbox/sharing/access.h"
#include "mailbox/status.h"

enum { RIGHTS_ARENA = 1 << 20 };

static const struct {
    unsigned bit;
    struct span name;
} attributes[] = {
    {NAMES_NONEXISTENT, SPAN_INIT("\\NonExistent")},
    {NAMES_NOSELECT, SPAN_INIT("\\Noselect")},
    {NAMES_HAS_CHILDREN, SPAN_INIT("\\HasChildren")},
    {NAMES_HAS_NO_CHILDREN, SPAN_INIT("\\HasNoChildren")},
    {NAMES_SUBSCRIBED, SPAN_INIT("\\Subscribed")},
    {NAMES_NO_ACCESS, SPAN_INIT("\\NoAccess")},
};

/* The commands that list names. XLIST is what mail programs sent before special uses were
 * standardised: a LIST that also gives the older names of the uses. */
static const struct list_form {
    enum imap_cmd_id command;
    struct span word;
    const char *completed;
    enum names_list_kind kind;
    bool older_words;
} forms[] = {
    {IMAP_CMD_LIST, SPAN_INIT("LIST"), "LIST completed", NAMES_LIST, false},
    {IMAP_CMD_LSUB, SPAN_INIT("LSUB"), "LSUB completed", NAMES_LSUB, false},
    {IMAP_CMD_XLIST, SPAN_INIT("XLIST"), "XLIST completed", NAMES_LIST, true},
};

static const struct {
    unsigned use;
    struct span word;
} older_words[] = {
    {IMAP_USE_ALL, SPAN_INIT("\\AllMail")},
    {IMAP_USE_FLAGGED, SPAN_INIT("\\Starred")},
    {IMAP_USE_JUNK, SPAN_INIT("\\Spam")},
};

static void
older_words_write(struct iw *w, const struct names_entry *entry, unsigned uses)
{
    if (span_eq_str(entry->name, "INBOX"))
        iw_word(w, "\\Inbox");
    for (size_t i = 0; i < ARRAY_LEN(older_words); i++)
        if ((uses & older_words[i].use) != 0)
            iw_token(w, older_words[i].word);
}

static void
childinfo_write(struct iw *w, unsigned childinfo)
{
    if (childinfo == 0)
        return;
    iw_open(w);
    iw_string(w, SPAN("CHILDINFO"));
    iw_open(w);
    if ((childinfo & NAMES_CHILDINFO_SUBSCRIBED) != 0)
        iw_string(w, SPAN("SUBSCRIBED"));
    if ((childinfo & NAMES_CHILDINFO_SPECIAL_USE) != 0)
        iw_string(w, SPAN("SPECIAL-USE"));
    iw_close(w);
    iw_close(w);
}

/* RFC 5465 section 5.4 */
static void
old_name_write(struct iw *w, struct span old_name)
{
    if (old_name.len == 0)
        return;
    iw_open(w);
    iw_string(w, SPAN("OLDNAME"));
    iw_open(w);
    iw_mailbox(w, old_name);
    iw_close(w);
    iw_close(w);
}

static void
list_line(struct imap_session *im, const struct list_form *form,
          const struct names_entry *entry)
{
    const unsigned uses = names_use_to_wire(entry->special_use);
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_token(&w, form->word);
    iw_open(&w);
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
        if ((entry->attrs & attributes[i].bit) != 0)
            iw_token(&w, attributes[i].name);
    for (unsigned bit = 0; bit < IMAP_USE_COUNT; bit++)
        if ((uses >> bit & 1) != 0)
            iw_token(&w, imap_use_names[bit]);
    if (form->older_words)
        older_words_write(&w, entry, uses);
    iw_close(&w);
    iw_string(&w, SPAN("/"));
    if (entry->name.len == 0)
        iw_string(&w, SPAN("")); /* the answer to LIST "" "" */
    else
        iw_mailbox(&w, entry->name);
    childinfo_write(&w, entry->childinfo);
    old_name_write(&w, entry->old_name);
    iw_end(&w);
}

/* RFC 8474 section 4.3. */
static void
mailbox_id(struct iw *w, const struct mbox_object_id *object_id)
{
    const struct object_id id = object_id_of_mailbox(object_id);

    iw_open(w);
    iw_token(w, object_id_span(&id));
    iw_close(w);
}

void
imap_list_line(struct imap_session *im, const struct names_entry *entry)
{
    list_line(im, &forms[0], entry);
}

void
imap_status_line(struct imap_session *im, struct span name, const struct status *status,
                 unsigned items)
{
    const uint64_t values[IMAP_STATUS_COUNT] = {
        status->messages,
        status->recent,
        status->uidnext,
        status->uidvalidity,
        status->unseen,
        status->deleted,
        status->octets,
        status->highest_modseq,
        env_settings(im->s.env)->append_octets,
        0,
        status->deleted_octets,
    };
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "STATUS");
    iw_mailbox(&w, name);
    iw_open(&w);
    for (unsigned bit = 0; bit < IMAP_STATUS_COUNT; bit++) {
        if ((items >> bit & 1) == 0)
            continue;
        iw_token(&w, imap_status_names[bit]);
        if (1u << bit == IMAP_STATUS_MAILBOXID)
            mailbox_id(&w, &status->object_id);
        else
            iw_num(&w, values[bit]);
    }
    iw_close(&w);
    iw_end(&w);
}

struct list_run {
    struct imap_gather *gather;
    struct names_list *list; /* NULL: not complete yet */
    bool owes_status;        /* the STATUS of the entry is still to be written */
    bool owes_metadata;
    bool answers; /* its metadata were found, and some of them are still to be written */
    struct metadata_answer answer;
    struct names_entry entry;
};

static enum imap_step
list_begin(struct imap_session *im, struct imap_work *work, enum names_list_kind kind)
{
    struct list_run *run = arena_new(&work->arena, struct list_run);

    if (run != NULL)
        run->gather = imap_gather_new(&work->arena, &work->cmd.u.list, kind);
    if (run == NULL || run->gather == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    work->run = run;
    return STEP_MORE;
}

/* The account of the entry's mailbox. False: it was removed. */
static bool
entry_account(struct imap_session *im, const struct list_run *run, struct account **acct_out)
{
    return run->entry.owner == 0 || imap_hold(im, run->entry.owner, acct_out) == RC_OK;
}

/* The STATUS of the name just listed (RFC 5819). It is left out if the mailbox has been
 * deleted. */
static bool
entry_status(struct imap_session *im, struct list_run *run, struct store_tx **tx,
             enum imap_step *step_out)
{
    const struct imap_list_req *req = &im->work->cmd.u.list;
    struct account *acct = im->acct;
    struct status status;
    struct err err = {.rc = RC_OK};

    run->owes_status = false;
    if (!entry_account(im, run, &acct))
        return true;
    if (*tx == NULL && status_reads(run->entry.row, req->status_items) &&
        !imap_read_begin(im, acct, tx, step_out)) {
        run->owes_status = true;
        return false;
    }
    if (status_of_row(acct, *tx, run->entry.row, req->status_items, &status, &err) == RC_OK)
        imap_status_line(im, run->entry.name, &status, req->status_items);
    return true;
}

/* Values are read when they are told, so whoever is told another user's must have the rights
 * then. *rc_out: the rights cannot be read. */
static bool
metadata_allowed(struct imap_session *im, const struct list_run *run, struct store_tx *tx,
                 enum rc *rc_out, struct err *err)
{
    struct rights_user user;
    uint32_t rights = 0;
    AUTO_ARENA arena = {0};

    if (run->entry.owner == 0)
        return true;
    arena_init(&arena, RIGHTS_ARENA);
    *rc_out = access_user(im->s.env->registry, im->s.account_id, &arena, &user, err);
    if (*rc_out == RC_OK)
        *rc_out = access_rights(tx, &user, run->entry.row->id, &arena, &rights, err);
    return *rc_out == RC_OK && env_settings(im->s.env)->sharing &&
           (rights & RIGHT_LOOKUP) != 0 && imap_metadata_permitted(rights);
}

/* Its metadata (RFC 9590 section 3). They are left out if they cannot be read. False: return
 * *step_out. */
static bool
entry_metadata(struct imap_session *im, struct list_run *run, struct store_tx **tx,
               enum imap_step *step_out)
{
    struct account *acct = im->acct;
    const bool is_there = entry_account(im, run, &acct);
    const struct metadata_ask ask = {
        .mailbox = run->entry.name,
        .entries = &im->work->cmd.u.list.entries,
        .max_octets = UINT64_MAX,
        .user = imap_metadata_user(im, acct),
        .arena = &im->work->sync_arena, /* of one mailbox at a time */
    };
    struct err err = {.rc = RC_OK};
    enum rc rc = RC_OK;

    run->owes_metadata = is_there;
    if (!is_there)
        return true;
    if (*tx == NULL && !imap_read_begin(im, acct, tx, step_out))
        return false;
    const bool allowed = metadata_allowed(im, run, *tx, &rc, &err);
    if (allowed && !run->answers) {
        arena_reset(ask.arena);
        rc = imap_metadata_find(im, *tx, run->entry.row, &ask, &run->answer, &err);
        run->answers = rc == RC_OK;
    }
    if (allowed && rc == RC_OK) {
        *step_out = imap_metadata_write(im, *tx, &run->answer, &rc, &err);
        if (*step_out != STEP_DONE)
            return false;
    }
    if (rc != RC_OK)
        log_put(&im->s.log, LOG_E_COMMAND_FAILED, "LIST: metadata: %s: %s", rc_name(rc),
                err.text);
    run->answers = false;
    run->owes_metadata = false;
    return true;
}

/* A warning (RFC 9051 section 7.1.2): not everything is listed, though all of it can be used
 * (docs/protocol.md H-2). */
static void
cut_tell(struct imap_session *im)
{
    struct iw w = imap_line(im);

    log_put(&im->s.log, LOG_E_COMMAND_FAILED,
            "LIST: others share more mailboxes than can be listed");
    iw_status_line(&w, SPAN(""), IW_NO, "LIMIT",
                   SPAN("Not all mailboxes of other users are listed"));
}

/* Writes the line of an entry and notes what must follow it. */
static void
list_entry(struct imap_session *im, const struct list_form *form, struct list_run *run)
{
    struct names_entry *entry = &run->entry;
    const unsigned asked = entry->is_selected ? im->work->cmd.u.list.returns : 0;

    run->owes_status =
        (asked & IMAP_LIST_RETURN_STATUS) != 0 && (entry->rights & RIGHT_READ) != 0;
    run->owes_metadata =
        (asked & IMAP_LIST_RETURN_METADATA) != 0 && imap_metadata_permitted(entry->rights);
    if ((asked & IMAP_LIST_RETURN_STATUS) != 0 && !run->owes_status)
        entry->attrs |= NAMES_NOSELECT; /* RFC 5819 section 2, RFC 9051 section 6.3.9.2 */
    list_line(im, form, entry);
    if ((asked & IMAP_LIST_RETURN_MYRIGHTS) != 0)
        imap_myrights_line(im, entry->name, entry->rights);
}

static enum imap_step
list_go(struct imap_session *im, struct imap_work *work, const struct list_form *form)
{
    const struct imap_list_req *req = &work->cmd.u.list;
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL; /* of this slice, in the account of the entry */

    if (work->run == NULL) {
        if ((req->status_items & IMAP_STATUS_HIGHESTMODSEQ) != 0)
            imap_condstore_enable(im);
        step = list_begin(im, work, form->kind);
        if (step != STEP_MORE)
            return step;
    }
    struct list_run *run = work->run;
    if (run->list == NULL) {
        step = imap_gather_step(im, run->gather, &run->list);
        if (run->list == NULL)
            return step;
    }
    uint64_t tx_owner = run->entry.owner;
    for (;;) {
        if (run->owes_status && !entry_status(im, run, &tx, &step))
            return step;
        if (run->owes_metadata && !entry_metadata(im, run, &tx, &step))
            return step;
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        const enum rc rc = names_list_next(run->list, &run->entry);
        if (rc == RC_AGAIN)
            continue; /* it has worked for a while: check the slice */
        if (rc != RC_OK) {
            if (imap_gather_is_cut(run->gather))
                cut_tell(im);
            return imap_ok(work, NULL, form->completed);
        }
        if (run->entry.owner != tx_owner) { /* it is in another account than the entry before */
            store_end(tx);
            tx = NULL;
            tx_owner = run->entry.owner;
        }
        list_entry(im, form, run);
    }
}

enum imap_step
cmd_list_run(struct imap_session *im, struct imap_work *work)
{
    const struct list_form *form = forms;

    while (form->command != work->cmd.id)
        form++;
    return list_go(im, work, form);
}

enum imap_step
cmd_status_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_status_req *req = &work->cmd.u.status;
    enum imap_step step = STEP_DONE;
    struct status status;
    struct mbox_row row;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if ((req->items & IMAP_STATUS_HIGHESTMODSEQ) != 0)
        imap_condstore_enable(im);
    if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step) ||
        !imap_read_begin(im, work->target.acct, &tx, &step))
        return step;
    enum rc rc = imap_target_row(&work->target, tx, &work->arena, &row, &err);
    if (rc == RC_OK)
        rc = status_of_row(work->target.acct, tx, &row, req->items, &status, &err);
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    imap_status_line(im, req->mailbox.name, &status, req->items);
    return imap_ok(work, NULL, "STATUS completed");
}
