/* SPDX-License-Identifier: MIT */
/* Arguments of STORE (RFC 3501, RFC 7162), COPY, MOVE (RFC 6851) and UID EXPUNGE (RFC 4315). */
#include "syntax/imap/args.h"

/** SP set. */
static bool
messages(struct imap_lexer *lx, enum imap_msgs_kind kind, struct imap_msgs *msgs_out)
{
    return lex_need(lx, ' ', "A message set is missing") && lex_msgs(lx, kind, msgs_out);
}

/* --- STORE --- */

/** "(" "UNCHANGEDSINCE" SP modseq ")" SP, if there is an opening parenthesis. */
static bool
store_modifiers(struct imap_lexer *lx, struct imap_store_req *req)
{
    if (!lex_take(lx, '('))
        return true;
    if (!lex_take_word(lx, SPAN("UNCHANGEDSINCE")))
        return lex_bad(lx, "Unknown STORE modifier");
    if (!lex_need(lx, ' ', "UNCHANGEDSINCE needs a mod-sequence") ||
        !lex_number(lx, 0, IMAP_NUMBER64_MAX, &req->unchanged_since,
                    "UNCHANGEDSINCE needs a mod-sequence"))
        return false;
    req->has_unchanged_since = true;
    return lex_need(lx, ')', "Missing closing parenthesis after STORE modifiers") &&
           lex_need(lx, ' ', "STORE needs FLAGS, +FLAGS or -FLAGS");
}

/** ["+" / "-"] "FLAGS" [".SILENT"]. */
static bool
store_item(struct imap_lexer *lx, struct imap_store_req *req)
{
    if (lex_take(lx, '+'))
        req->mode = IMAP_STORE_ADD;
    else if (lex_take(lx, '-'))
        req->mode = IMAP_STORE_REMOVE;
    req->silent = lex_take_word(lx, SPAN("FLAGS.SILENT"));
    if (!req->silent && !lex_take_word(lx, SPAN("FLAGS")))
        return lex_bad(lx, "STORE needs FLAGS, +FLAGS or -FLAGS");
    return lex_need(lx, ' ', "STORE needs flags");
}

static bool
store(struct imap_lexer *lx, enum imap_msgs_kind kind, struct imap_store_req *req)
{
    if (!messages(lx, kind, &req->msgs) || !lex_need(lx, ' ', "STORE needs flags") ||
        !store_modifiers(lx, req) || !store_item(lx, req))
        return false;
    return lex_peek(lx) == '(' ? lex_flag_list(lx, &req->flags)
                               : lex_bare_flags(lx, &req->flags);
}

bool
imap_args_store(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return store(lx, IMAP_MSGS_SEQ, &cmd->u.store);
}

bool
imap_args_uid_store(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return store(lx, IMAP_MSGS_UID, &cmd->u.store);
}

/* --- COPY, MOVE --- */

static bool
copy(struct imap_lexer *lx, enum imap_msgs_kind kind, struct imap_copy_req *req)
{
    return messages(lx, kind, &req->msgs) && lex_need(lx, ' ', "A mailbox name is missing") &&
           lex_mailbox(lx, &req->mailbox, "A mailbox name is missing");
}

bool
imap_args_copy(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return copy(lx, IMAP_MSGS_SEQ, &cmd->u.copy);
}

bool
imap_args_uid_copy(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return copy(lx, IMAP_MSGS_UID, &cmd->u.copy);
}

/* --- UID EXPUNGE --- */

bool
imap_args_uid_expunge(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return messages(lx, IMAP_MSGS_UID, &cmd->u.uid_expunge.msgs);
}
