/* SPDX-License-Identifier: MIT */
/* Arguments of APPEND: RFC 3501, several messages (RFC 3502), literal8 (RFC 3516), UTF8 (RFC
 * 6855; RFC 9755 has taken it out, but clients send it), CATENATE (RFC 4469); and of REPLACE
 * (RFC 8508). */
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

static void
message_set(struct imap_append_message *message, const struct imap_lex_literal *literal)
{
    message->literal8 = literal->literal8;
    message->octets = literal->octets;
    message->is_spooled = literal->is_spooled;
    message->spool = literal->spool;
    message->inline_octets = literal->inline_octets;
}

/** After "UTF8": SP "(" literal8 ")". */
static bool
utf8_literal(struct imap_lexer *lx, struct imap_lex_literal *literal)
{
    if (!lex_need(lx, ' ', "UTF8 needs a message in parentheses") ||
        !lex_need(lx, '(', "UTF8 needs a message in parentheses") ||
        !lex_literal(lx, literal, "APPEND needs a message as a literal"))
        return false;
    if (!literal->literal8)
        return lex_bad(lx, "UTF8 needs a literal8: ~{octets}");
    return lex_need(lx, ')', "Missing closing parenthesis after a UTF8 message");
}

/** cat-part = "TEXT" SP literal / "URL" SP astring / utf8-literal (RFC 6855 section 4). What is
 *  wrong with a URL is told when it is looked up (BADURL). */
static bool
cat_part(struct imap_lexer *lx, struct imap_cat_part *part)
{
    struct imap_lex_literal literal;

    if (lex_take_word(lx, SPAN("URL"))) {
        part->is_url = true;
        return lex_need(lx, ' ', "URL needs a URL") &&
               lex_astring(lx, &part->url, "URL needs a URL");
    }
    if (lex_take_word(lx, SPAN("UTF8"))) {
        if (!utf8_literal(lx, &literal))
            return false;
    } else if (!lex_take_word(lx, SPAN("TEXT"))) {
        return lex_bad(lx, "CATENATE takes TEXT and URL");
    } else if (!lex_need(lx, ' ', "TEXT needs a literal") ||
               !lex_literal(lx, &literal, "TEXT needs a literal")) {
        return false;
    }
    part->literal8 = literal.literal8;
    part->is_spooled = literal.is_spooled;
    part->spool = literal.spool;
    part->inline_octets = literal.inline_octets;
    return true;
}

/** After "CATENATE": SP "(" cat-part *(SP cat-part) ")". */
static bool
catenate(struct imap_lexer *lx, struct imap_append_message *message)
{
    struct imap_cat_part *parts = NULL;

    if (!lex_need(lx, ' ', "CATENATE needs parts in parentheses") ||
        !lex_need(lx, '(', "CATENATE needs parts in parentheses"))
        return false;
    do {
        if (message->part_count == LIMIT_CATENATE_PARTS)
            return lex_limit(lx, "Too many parts in CATENATE");
        parts = lex_grow(lx, parts, message->part_count, sizeof *parts);
        if (parts == NULL || !cat_part(lx, &parts[message->part_count]))
            return false;
        message->part_count++;
    } while (lex_take(lx, ' '));
    message->parts = parts;
    return lex_need(lx, ')', "Missing closing parenthesis after CATENATE");
}

/** append-message, without its leading space: [flag-list SP] [date-time SP] literal. */
static bool
append_message(struct imap_lexer *lx, struct imap_append_message *message)
{
    struct imap_lex_literal literal;

    if (lex_peek(lx) == '(' && (!lex_flag_list(lx, &message->flags) ||
                                !lex_need(lx, ' ', "APPEND needs a message after its flags")))
        return false;
    if (lex_peek(lx) == '"' && (!date_time(lx, message) ||
                                !lex_need(lx, ' ', "APPEND needs a message after its date")))
        return false;
    if (lex_take_word(lx, SPAN("CATENATE")))
        return catenate(lx, message);
    message->utf8 = lex_take_word(lx, SPAN("UTF8"));
    if (message->utf8 ? !utf8_literal(lx, &literal)
                      : !lex_literal(lx, &literal, "APPEND needs a message as a literal"))
        return false;
    message_set(message, &literal);
    return true;
}

static bool
target(struct imap_lexer *lx, struct imap_append_req *req)
{
    return lex_need(lx, ' ', "APPEND needs a mailbox name") &&
           lex_mailbox(lx, &req->mailbox, "APPEND needs a mailbox name") &&
           lex_need(lx, ' ', "APPEND needs a message");
}

bool
imap_args_append(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_append_req *req = &cmd->u.append;
    struct imap_append_message *messages = NULL;

    if (!target(lx, req))
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

/** "REPLACE" SP seq-number SP mailbox append-message (RFC 8508 section 5). */
static bool
replace(struct imap_lexer *lx, enum imap_msgs_kind kind, struct imap_append_req *req)
{
    struct imap_append_message *message = lex_new(lx, struct imap_append_message);

    if (message == NULL || !lex_need(lx, ' ', "REPLACE needs the number of a message") ||
        !lex_msgs(lx, kind, &req->replaced))
        return false;
    const struct numset *set =
        kind == IMAP_MSGS_SEQ ? &req->replaced.seq.set : &req->replaced.uid.set;
    if (req->replaced.kind != kind || set->count != 1 ||
        set->ranges[0].first != set->ranges[0].last)
        return lex_bad(lx, "REPLACE takes one message");
    if (!target(lx, req) || !append_message(lx, message))
        return false;
    req->messages = message;
    req->message_count = 1;
    return true;
}

bool
imap_args_replace(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return replace(lx, IMAP_MSGS_SEQ, &cmd->u.append);
}

bool
imap_args_uid_replace(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    return replace(lx, IMAP_MSGS_UID, &cmd->u.append);
}
