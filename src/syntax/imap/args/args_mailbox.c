/* SPDX-License-Identifier: MIT */
/* Arguments of SELECT and EXAMINE (RFC 4466, RFC 7162), CREATE (RFC 6154), of the commands that
 * take mailbox names alone, and of those about access rights (RFC 4314 section 7). */
#include "syntax/imap/args.h"

/* --- SELECT, EXAMINE --- */

/** A set without `*`, normalised. */
static bool
known_set(struct imap_lexer *lx, struct numset *set)
{
    if (!lex_set(lx, set, "QRESYNC needs a message set"))
        return false;
    if (numset_has_star(set))
        return lex_bad(lx, "* is not allowed in QRESYNC");
    numset_normalise(set, 0);
    return true;
}

/** seq-match-data, after its opening parenthesis. */
static bool
qresync_match(struct imap_lexer *lx, struct imap_select_req *req)
{
    struct numset *seqs = &req->qresync.match_seqs.set;
    struct numset *uids = &req->qresync.match_uids.set;

    if (!known_set(lx, seqs) || !lex_need(lx, ' ', "QRESYNC needs two sets to match") ||
        !known_set(lx, uids))
        return false;
    if (numset_count(seqs) != numset_count(uids))
        return lex_bad(lx, "QRESYNC's two sets name different numbers of messages");
    req->qresync.has_match = true;
    return lex_need(lx, ')', "Missing closing parenthesis after QRESYNC's sets");
}

/** "(" uidvalidity SP modseq [SP known-uids] [SP seq-match-data] ")". */
static bool
qresync(struct imap_lexer *lx, struct imap_select_req *req)
{
    if (!lex_need(lx, ' ', "QRESYNC needs its arguments") ||
        !lex_need(lx, '(', "QRESYNC needs its arguments in parentheses") ||
        !lex_nz32(lx, &req->qresync.uidvalidity, "QRESYNC needs a UIDVALIDITY") ||
        !lex_need(lx, ' ', "QRESYNC needs a mod-sequence") ||
        !lex_number(lx, 1, IMAP_NUMBER64_MAX, &req->qresync.modseq,
                    "QRESYNC needs a mod-sequence"))
        return false;
    bool more = lex_take(lx, ' ');
    if (more && lex_peek(lx) != '(') {
        if (!known_set(lx, &req->qresync.known_uids.set))
            return false;
        req->qresync.has_known_uids = true;
        more = lex_take(lx, ' ');
    }
    if (more && (!lex_need(lx, '(', "QRESYNC's sets must be in parentheses") ||
                 !qresync_match(lx, req)))
        return false;
    req->has_qresync = true;
    return lex_need(lx, ')', "Missing closing parenthesis after QRESYNC");
}

static bool
select_param(struct imap_lexer *lx, struct imap_select_req *req)
{
    if (lex_take_word(lx, SPAN("CONDSTORE"))) {
        req->condstore = true;
        return true;
    }
    if (!lex_take_word(lx, SPAN("QRESYNC")))
        return lex_bad(lx, "Unknown SELECT parameter");
    if (req->has_qresync)
        return lex_bad(lx, "QRESYNC is given twice");
    return qresync(lx, req);
}

bool
imap_args_select(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_select_req *req = &cmd->u.select;

    if (!lex_need(lx, ' ', "A mailbox name is missing") ||
        !lex_mailbox(lx, &req->mailbox, "A mailbox name is missing"))
        return false;
    if (!lex_more(lx))
        return true;
    if (!lex_need(lx, '(', "SELECT parameters must be in parentheses"))
        return false;
    do {
        if (!select_param(lx, req))
            return false;
    } while (lex_take(lx, ' '));
    return lex_need(lx, ')', "Missing closing parenthesis after SELECT parameters");
}

/* --- CREATE --- */

/** A use attribute; one that does not exist is noted, not refused (RFC 6154 section 3). */
static bool
use_attribute(struct imap_lexer *lx, struct imap_create_req *req)
{
    const char *start = lx->at;
    struct span atom;

    if (!lex_need(lx, '\\', "A special use begins with a backslash") ||
        !lex_atom(lx, &atom, "A special use is missing"))
        return false;
    const unsigned use = imap_use_of_name(span_of(start, atom.len + 1));
    req->uses |= use;
    req->unknown_use = req->unknown_use || use == 0;
    return true;
}

/** "USE" SP "(" [use-attr *(SP use-attr)] ")". */
static bool
create_param(struct imap_lexer *lx, struct imap_create_req *req)
{
    if (!lex_take_word(lx, SPAN("USE")))
        return lex_bad(lx, "Unknown CREATE parameter");
    if (!lex_need(lx, ' ', "USE needs a list of special uses") ||
        !lex_need(lx, '(', "USE needs a list of special uses"))
        return false;
    if (lex_take(lx, ')'))
        return true;
    do {
        if (!use_attribute(lx, req))
            return false;
    } while (lex_take(lx, ' '));
    return lex_need(lx, ')', "Missing closing parenthesis after USE");
}

bool
imap_args_create(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_create_req *req = &cmd->u.create;

    if (!lex_need(lx, ' ', "CREATE needs a mailbox name") ||
        !lex_mailbox(lx, &req->mailbox, "CREATE needs a mailbox name"))
        return false;
    if (!lex_more(lx))
        return true;
    return lex_need(lx, '(', "CREATE parameters must be in parentheses") &&
           create_param(lx, req) &&
           lex_need(lx, ')', "Missing closing parenthesis after CREATE parameters");
}

/* --- Names alone --- */

bool
imap_args_mailbox(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return lex_need(lx, ' ', "A mailbox name is missing") &&
           lex_mailbox(lx, &cmd->u.mailbox.mailbox, "A mailbox name is missing");
}

bool
imap_args_rename(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_rename_req *req = &cmd->u.rename;

    return lex_need(lx, ' ', "RENAME needs two mailbox names") &&
           lex_mailbox(lx, &req->from, "RENAME needs two mailbox names") &&
           lex_need(lx, ' ', "RENAME needs a new mailbox name") &&
           lex_mailbox(lx, &req->to, "RENAME needs a new mailbox name");
}

/* --- Access rights --- */

/** mailbox SP identifier */
bool
imap_args_acl(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_acl_req *req = &cmd->u.acl;

    return lex_need(lx, ' ', "A mailbox name is missing") &&
           lex_mailbox(lx, &req->mailbox, "A mailbox name is missing") &&
           lex_need(lx, ' ', "An identifier is missing") &&
           lex_astring(lx, &req->identifier, "An identifier is missing");
}

/** mailbox SP identifier SP mod-rights */
bool
imap_args_set_acl(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return imap_args_acl(lx, cmd) && lex_need(lx, ' ', "SETACL needs rights") &&
           lex_astring(lx, &cmd->u.acl.rights, "SETACL needs rights");
}
