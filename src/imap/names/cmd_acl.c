/* SPDX-License-Identifier: MIT */
/*
 * SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314 section 3). An identifier is the
 * name of an account, "group:NAME", or "anyone"; "-" before it makes it negative. The owner of
 * a mailbox has all rights to it, which nobody can take away (docs/protocol.md H-1).
 *
 *   SETACL, DELETEACL: find, [turn: the list], [turn: the index of who shares], answer
 */
#include "imap/imap_session.h"

#include <stdio.h>

#include "auth/sasl_prep.h"
#include "mailbox/sharing/acl_op.h"
#include "store/registry.h"
#include "store/sharing.h"

static const struct span anyone = SPAN_INIT("anyone");
static const struct span group_prefix = SPAN_INIT("group:");

enum { IDENTIFIER_OCTETS = 8 + REGISTRY_NAME_OCTETS };

struct identifier {
    enum acl_kind kind;
    uint64_t who;
    bool negative;
    bool is_owner; /* the identifier is the owner of the mailbox, and not negative */
};

/* Finds the mailbox. False: return *step_out. */
static bool
sharing_is_on(struct imap_session *im, enum imap_step *step_out)
{
    if (env_settings(im->s.env)->sharing)
        return true;
    *step_out = imap_no(im->work, "CANNOT", "Mailboxes are not shared here");
    return false;
}

/* ---- identifiers ---- */

static enum rc
find_group(struct imap_session *im, struct span name, struct identifier *out, struct err *err)
{
    struct registry_group group;
    const enum rc rc = registry_group_find(im->s.env->registry, name, &group, err);

    if (rc == RC_OK) {
        out->kind = ACL_GROUP;
        out->who = group.id;
    }
    return rc;
}

/* Rights that were granted to an account with a reserved name still count, and can be taken
 * away. */
static bool
takes_away(const struct imap_session *im)
{
    return im->work->cmd.id == IMAP_CMD_DELETEACL;
}

static enum rc
find_account(struct imap_session *im, struct span name, struct identifier *out, struct err *err)
{
    struct registry_account account;
    const enum rc rc = registry_find_login(im->s.env->registry, name, &account, err);

    if (rc == RC_OK && registry_name_is_reserved(span_of_str(account.name)) && !takes_away(im))
        return RC_UNSUPPORTED;
    if (rc == RC_OK) {
        out->kind = ACL_ACCOUNT;
        out->who = account.id;
    }
    return rc;
}

/* The account whose name really begins with "-", if no account has the name without it. */
static enum rc
find_dashed(struct imap_session *im, struct span name, struct identifier *out, struct err *err)
{
    char text[IDENTIFIER_OCTETS + 1];

    snprintf(text, sizeof text, "-%.*s", SPAN_FMT(name));
    out->negative = false;
    return find_account(im, span_of_str(text), out, err);
}

/* RFC 4314 section 3: identifiers are prepared with SASLprep, as names are at login. False:
 * return *step_out. */
static bool
identifier_read(struct imap_session *im, struct span text, struct identifier *out,
                enum imap_step *step_out)
{
    const bool negative = text.len > 0 && text.ptr[0] == '-';
    struct identifier found = {.kind = ACL_ANYONE, .negative = negative};
    char prepared[IDENTIFIER_OCTETS];
    struct err err = {.rc = RC_OK};

    enum rc rc =
        sasl_prep(span_tail(text, negative), SASL_PREP_QUERY, prepared, sizeof prepared);
    if (rc == RC_INVALID || (rc == RC_OK && prepared[0] == '\0')) {
        *step_out = imap_bad(im->work, "That is not an identifier");
        return false;
    }
    const struct span name = rc == RC_OK ? span_of_str(prepared) : SPAN("");
    if (rc == RC_OK && !span_eq(name, anyone))
        rc = span_starts(name, group_prefix)
                 ? find_group(im, span_tail(name, group_prefix.len), &found, &err)
                 : find_account(im, name, &found, &err);
    if (rc == RC_NOT_FOUND && negative && takes_away(im))
        rc = find_dashed(im, name, &found, &err);
    if (rc != RC_OK) {
        *step_out =
            rc == RC_NOT_FOUND ? imap_no(im->work, "NONEXISTENT", "No such account or group")
            : rc == RC_UNSUPPORTED
                ? imap_no(im->work, "CANNOT", "Access control lists cannot name this account")
                : imap_fail(im, rc, &err);
        return false;
    }
    found.is_owner = !negative && found.kind == ACL_ACCOUNT &&
                     found.who == account_id(im->work->target.acct);
    *out = found;
    return true;
}

/* The name of a row's identifier. RC_NOT_FOUND: the account or group no longer exists, or its
 * name would be taken for that of somebody else (docs/protocol.md H-3). */
static enum rc
identifier_write(struct imap_session *im, const struct acl_row *row,
                 char out[IDENTIFIER_OCTETS], struct err *err)
{
    struct registry *registry = im->s.env->registry;
    struct registry_account account;
    struct registry_group group;
    const char *minus = row->negative ? "-" : "";
    enum rc rc = RC_OK;

    switch (row->kind) {
    case ACL_ANYONE:
        snprintf(out, IDENTIFIER_OCTETS, "%s%s", minus, anyone.ptr);
        break;
    case ACL_ACCOUNT:
        rc = registry_find_id(registry, row->who, &account, err);
        if (rc == RC_OK && registry_name_is_reserved(span_of_str(account.name)))
            return RC_NOT_FOUND;
        if (rc == RC_OK)
            snprintf(out, IDENTIFIER_OCTETS, "%s%s", minus, account.name);
        break;
    case ACL_GROUP:
        rc = registry_group_get(registry, row->who, &group, err);
        if (rc == RC_OK)
            snprintf(out, IDENTIFIER_OCTETS, "%s%s%s", minus, group_prefix.ptr, group.name);
        break;
    }
    return rc;
}

/* ---- SETACL, DELETEACL ---- */

struct setacl_run {
    struct acl_op op;
    struct acl_settle_op settle;
    bool settling;
};

/* Refuses a change of the owner's rights, unless the owner would keep all of them. */
static enum imap_step
owner_answer(struct imap_work *work, const struct rights_change *change, const char *completed)
{
    return rights_changed(RIGHTS_ALL, change) == RIGHTS_ALL
               ? imap_ok(work, NULL, completed)
               : imap_no(work, "CANNOT", "The owner of a mailbox has all rights to it");
}

/* docs/protocol.md H-14 */
static bool
can_be_granted(struct imap_session *im, const struct identifier *identifier)
{
    return identifier->kind != ACL_ANYONE || identifier->negative ||
           env_settings(im->s.env)->share_with_anyone;
}

static enum imap_step
setacl_begin(struct imap_session *im, struct imap_work *work, const char *completed)
{
    const struct imap_acl_req *req = &work->cmd.u.acl;
    struct rights_change change = {.how = RIGHTS_SET}; /* DELETEACL: to none */
    struct identifier identifier;
    enum imap_step step = STEP_DONE;

    if (work->cmd.id == IMAP_CMD_SETACL && rights_change_parse(req->rights, &change) != RC_OK)
        return imap_bad(work, "Those are not rights");
    if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step) ||
        !identifier_read(im, req->identifier, &identifier, &step))
        return step;
    if (identifier.is_owner)
        return owner_answer(work, &change, completed);
    if (change.how != RIGHTS_TAKE && change.rights != 0 && !can_be_granted(im, &identifier))
        return imap_no(work, "NOPERM", "Mailboxes cannot be shared with anyone here");
    struct setacl_run *run = arena_new(&work->arena, struct setacl_run);
    if (run == NULL)
        return imap_fail(im, RC_LIMIT, NULL);
    acl_op_init(&run->op, &work->arena, session_waker(&im->s));
    acl_settle_op_init(&run->settle, &work->arena, session_waker(&im->s));
    run->op.name = work->target.name;
    run->op.kind = identifier.kind;
    run->op.who = identifier.who;
    run->op.negative = identifier.negative;
    run->op.change = change;
    work->run = run;
    return STEP_MORE;
}

enum imap_step
cmd_setacl_run(struct imap_session *im, struct imap_work *work)
{
    const char *completed =
        work->cmd.id == IMAP_CMD_SETACL ? "SETACL completed" : "DELETEACL completed";
    struct setacl_run *run = work->run;
    enum imap_step step = STEP_DONE;

    if (run == NULL)
        return sharing_is_on(im, &step) ? setacl_begin(im, work, completed) : step;
    if (!run->settling) {
        if (!imap_turn(im, work->target.acct, &run->op.turn, &step))
            return step;
        if (run->op.turn.result != RC_OK)
            return imap_fail(im, run->op.turn.result, &run->op.turn.err);
        run->settling = run->op.took;
    }
    if (run->settling && !imap_turn_freely(im, work->target.acct, &run->settle.turn, &step))
        return step;
    return imap_ok(work, NULL, completed);
}

/* ---- GETACL ---- */

static void
entry_write(struct iw *w, struct span identifier, uint32_t rights)
{
    const struct rights_text text = rights_write(rights);

    iw_astring(w, identifier);
    iw_astring(w, rights_span(&text));
}

/* The response (RFC 4314 section 3.6). The owner, who is in no list, comes first. */
static enum rc
acl_write(struct imap_session *im, const struct acl_row *rows, size_t count, struct err *err)
{
    const struct acl_row owner = {
        .kind = ACL_ACCOUNT, .who = account_id(im->work->target.acct), .rights = RIGHTS_ALL};
    char name[IDENTIFIER_OCTETS];
    struct iw w = imap_line(im);
    enum rc rc = RC_OK;

    iw_untagged(&w);
    iw_word(&w, "ACL");
    iw_mailbox(&w, im->work->cmd.u.mailbox.mailbox.name);
    for (size_t i = 0; i <= count; i++) {
        const struct acl_row *row = i == 0 ? &owner : &rows[i - 1];
        rc = identifier_write(im, row, name, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
            break;
        if (rc == RC_OK)
            entry_write(&w, span_of_str(name), row->rights);
    }
    iw_end(&w);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum imap_step
cmd_getacl_run(struct imap_session *im, struct imap_work *work)
{
    struct acl_row *rows = NULL;
    size_t count = 0;
    enum imap_step step = STEP_DONE;
    struct mbox_row mbox;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (!sharing_is_on(im, &step) ||
        !imap_target_find(im, &work->cmd.u.mailbox.mailbox, work->row->named, &work->target,
                          &step) ||
        !imap_read_begin(im, work->target.acct, &tx, &step))
        return step;
    enum rc rc = imap_target_row(&work->target, tx, &work->arena, &mbox, &err);
    if (rc == RC_OK)
        rc = store_acl(tx, mbox.id, &work->arena, &rows, &count, &err);
    store_end(tx);
    tx = NULL;
    if (rc == RC_OK)
        rc = acl_write(im, rows, count, &err);
    return rc == RC_OK ? imap_ok(work, NULL, "GETACL completed") : imap_fail(im, rc, &err);
}

/* ---- LISTRIGHTS, MYRIGHTS ---- */

/* Whether the mailbox exists. False: return *step_out. */
static bool
mailbox_is_there(struct imap_session *im, enum imap_step *step_out)
{
    struct imap_work *work = im->work;
    struct mbox_row mbox;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (!imap_read_begin(im, work->target.acct, &tx, step_out))
        return false;
    const enum rc rc = imap_target_row(&work->target, tx, &work->arena, &mbox, &err);
    if (rc != RC_OK)
        *step_out = imap_fail(im, rc, &err);
    return rc == RC_OK;
}

/* The rights that may be granted to an identifier. None is tied to another. */
static void
optional_write(struct iw *w)
{
    const struct rights_text all = rights_write(RIGHTS_ALL);

    for (uint8_t i = 0; i < all.len; i++)
        iw_astring(w, span_of(all.text + i, 1));
}

enum imap_step
cmd_listrights_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_acl_req *req = &work->cmd.u.acl;
    const struct rights_text all = rights_write(RIGHTS_ALL);
    struct identifier identifier;
    enum imap_step step = STEP_DONE;

    if (!sharing_is_on(im, &step) ||
        !imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step) ||
        !mailbox_is_there(im, &step) ||
        !identifier_read(im, req->identifier, &identifier, &step))
        return step;
    struct iw w = imap_line(im);
    iw_untagged(&w);
    iw_word(&w, "LISTRIGHTS");
    iw_mailbox(&w, req->mailbox.name);
    iw_astring(&w, req->identifier); /* as the client wrote it: section 3.4 */
    iw_astring(&w, identifier.is_owner ? rights_span(&all) : SPAN(""));
    if (!identifier.is_owner && can_be_granted(im, &identifier))
        optional_write(&w);
    iw_end(&w);
    return imap_ok(work, NULL, "LISTRIGHTS completed");
}

void
imap_myrights_line(struct imap_session *im, struct span name, uint32_t rights)
{
    const struct rights_text text = rights_write(rights);
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "MYRIGHTS");
    iw_mailbox(&w, name);
    iw_astring(&w, rights_span(&text));
    iw_end(&w);
}

enum imap_step
cmd_myrights_run(struct imap_session *im, struct imap_work *work)
{
    const struct mbox_arg *mailbox = &work->cmd.u.mailbox.mailbox;
    enum imap_step step = STEP_DONE;

    if (!sharing_is_on(im, &step) ||
        !imap_target_find(im, mailbox, work->row->named, &work->target, &step))
        return step;
    if ((work->target.rights & RIGHTS_TO_KNOW) == 0)
        return imap_no(work, "NONEXISTENT", "No such mailbox");
    if (!mailbox_is_there(im, &step))
        return step;
    imap_myrights_line(im, mailbox->name, work->target.rights);
    return imap_ok(work, NULL, "MYRIGHTS completed");
}
