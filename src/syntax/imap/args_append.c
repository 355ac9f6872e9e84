/* SPDX-License-Identifier: MIT */
/* Arguments of APPEND: RFC 3501, several messages (RFC 3502), literal8 (RFC 3516), UTF8 (RFC
 * 6855; RFC 9755 has taken it out, but clients send it). */
#include "base/limits.h"
#include "syntax/imap/args.h"

static bool
date_time(struct imap_lexer *lx, struct imap_append_message *message)
{
    struct span text;

    if (!lex_string(lx, &text, "A date-time is missing"))
        return false;
    if (imap_date_time_parse(text, &message->date) != RC_OK)
        return lex_bad(lx, "Not a date-time like \"17-Jul-1996 02:44:25 -0700\"");
    message->has_date = true;
    return true;
}

static bool
message_literal(struct imap_lexer *lx, struct imap_append_message *message)
{
    struct imap_lex_literal literal;

    if (!lex_literal(lx, &literal, "APPEND needs a message as a literal"))
        return false;
    message->literal8 = literal.literal8;
    message->octets = literal.octets;
    message->is_spooled = literal.is_spooled;
    message->spool = literal.spool;
    message->inline_octets = literal.inline_octets;
    return true;
}

/** After "UTF8": SP "(" literal8 ")". */
static bool
utf8_literal(struct imap_lexer *lx, struct imap_append_message *message)
{
    message->utf8 = true;
    if (!lex_need(lx, ' ', "UTF8 needs a message in parentheses") ||
        !lex_need(lx, '(', "UTF8 needs a message in parentheses") ||
        !message_literal(lx, message))
        return false;
    if (!message->literal8)
        return lex_bad(lx, "UTF8 needs a literal8: ~{octets}");
    return lex_need(lx, ')', "Missing closing parenthesis after a UTF8 message");
}

/** append-message, without its leading space: [flag-list SP] [date-time SP] literal. */
static bool
append_message(struct imap_lexer *lx, struct imap_append_message *message)
{
    if (lex_peek(lx) == '(' && (!lex_flag_list(lx, &message->flags) ||
                                !lex_need(lx, ' ', "APPEND needs a message after its flags")))
        return false;
    if (lex_peek(lx) == '"' && (!date_time(lx, message) ||
                                !lex_need(lx, ' ', "APPEND needs a message after its date")))
        return false;
    if (lex_take_word(lx, SPAN("UTF8")))
        return utf8_literal(lx, message);
    return message_literal(lx, message);
}

bool
imap_args_append(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_append_req *req = &cmd->u.append;
    struct imap_append_message *messages = NULL;

    if (!lex_need(lx, ' ', "APPEND needs a mailbox name") ||
        !lex_mailbox(lx, &req->mailbox, "APPEND needs a mailbox name") ||
        !lex_need(lx, ' ', "APPEND needs a message"))
        return false;
    do {
        if (req->message_count == LIMIT_APPEND_MESSAGES)
            return lex_limit(lx, "Too many messages in one APPEND");
        messages = lex_grow(lx, messages, req->message_count, sizeof *messages);
        if (messages == NULL || !append_message(lx, &messages[req->message_count]))
            return false;
        req->message_count++;
    } while (lex_more(lx));
    req->messages = messages;
    return true;
}
