/* SPDX-License-Identifier: MIT */
/* Arguments of the commands of QUOTA (RFC 9208 section 7). */
#include "syntax/imap/args.h"

bool
imap_args_quota_root(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return lex_need(lx, ' ', "A quota root is missing") &&
           lex_astring(lx, &cmd->u.quota.root, "A quota root is missing");
}

/** resource-name SP resource-limit */
static bool
resource(struct imap_lexer *lx)
{
    struct span name;
    uint64_t limit;

    return lex_atom(lx, &name, "A resource is missing") &&
           lex_need(lx, ' ', "A resource needs a limit") &&
           lex_number(lx, 0, IMAP_NUMBER64_MAX, &limit, "A limit is a number");
}

bool
imap_args_set_quota(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    if (!imap_args_quota_root(lx, cmd) || !lex_need(lx, ' ', "SETQUOTA needs a list") ||
        !lex_need(lx, '(', "SETQUOTA needs a list"))
        return false;
    if (lex_take(lx, ')'))
        return true;
    do {
        if (!resource(lx))
            return false;
    } while (lex_take(lx, ' '));
    return lex_need(lx, ')', "Missing closing parenthesis after the limits");
}
