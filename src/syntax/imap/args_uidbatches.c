/* SPDX-License-Identifier: MIT */
/* Arguments of UIDBATCHES (RFC 10022 section 4). */
#include "syntax/imap/args.h"

bool
imap_args_uidbatches(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_uidbatches_req *req = &cmd->u.uidbatches;

    if (!lex_need(lx, ' ', "UIDBATCHES needs a number of messages") ||
        !lex_nz32(lx, &req->size, "UIDBATCHES needs a number of messages"))
        return false;
    if (!lex_more(lx))
        return true;
    req->has_range = true;
    return lex_nz32(lx, &req->first, "UIDBATCHES takes a range of batches") &&
           lex_need(lx, ':', "A range of batches is written as 1:4") &&
           lex_nz32(lx, &req->last, "A range of batches is written as 1:4");
}
