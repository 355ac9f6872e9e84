/* SPDX-License-Identifier: MIT */
/* Arguments of LIST (RFC 3501, extended by RFC 5258, RFC 5819, RFC 6154, RFC 9590), LSUB, XLIST
 * and STATUS.
 */
#include "base/limits.h"
#include "syntax/imap/args.h"

const struct span imap_status_names[IMAP_STATUS_COUNT] = {
    SPAN_INIT("MESSAGES"),    SPAN_INIT("RECENT"),          SPAN_INIT("UIDNEXT"),
    SPAN_INIT("UIDVALIDITY"), SPAN_INIT("UNSEEN"),          SPAN_INIT("DELETED"),
    SPAN_INIT("SIZE"),        SPAN_INIT("HIGHESTMODSEQ"),   SPAN_INIT("APPENDLIMIT"),
    SPAN_INIT("MAILBOXID"),   SPAN_INIT("DELETED-STORAGE"),
};

static const struct lex_word select_options[] = {
    {SPAN_INIT("SUBSCRIBED"), IMAP_LIST_SUBSCRIBED},
    {SPAN_INIT("REMOTE"), IMAP_LIST_REMOTE},
    {SPAN_INIT("RECURSIVEMATCH"), IMAP_LIST_RECURSIVEMATCH},
    {SPAN_INIT("SPECIAL-USE"), IMAP_LIST_SPECIAL_USE},
};

static const struct lex_word return_options[] = {
    {SPAN_INIT("SUBSCRIBED"), IMAP_LIST_RETURN_SUBSCRIBED},
    {SPAN_INIT("CHILDREN"), IMAP_LIST_RETURN_CHILDREN},
    {SPAN_INIT("SPECIAL-USE"), IMAP_LIST_RETURN_SPECIAL_USE},
    {SPAN_INIT("STATUS"), IMAP_LIST_RETURN_STATUS},
    {SPAN_INIT("METADATA"), IMAP_LIST_RETURN_METADATA},
    {SPAN_INIT("MYRIGHTS"), IMAP_LIST_RETURN_MYRIGHTS},
};

/* --- STATUS --- */

/** SP "(" status-att *(SP status-att) ")". */
static bool
status_items(struct imap_lexer *lx, unsigned *items_out)
{
    unsigned items = 0;

    if (!lex_need(lx, ' ', "STATUS needs a list of items") ||
        !lex_need(lx, '(', "STATUS items must be in parentheses"))
        return false;
    do {
        unsigned i = 0;
        while (i < IMAP_STATUS_COUNT && !lex_take_word(lx, imap_status_names[i]))
            i++;
        if (i == IMAP_STATUS_COUNT)
            return lex_bad(lx, "Unknown STATUS item");
        items |= 1u << i;
    } while (lex_take(lx, ' '));
    *items_out = items;
    return lex_need(lx, ')', "Missing closing parenthesis after STATUS items");
}

bool
imap_args_status(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_status_req *req = &cmd->u.status;

    return lex_need(lx, ' ', "STATUS needs a mailbox name") &&
           lex_mailbox(lx, &req->mailbox, "STATUS needs a mailbox name") &&
           status_items(lx, &req->items);
}

/* --- LIST --- */

static bool
to_pattern(struct imap_lexer *lx, struct span wire, struct imap_list_pattern *pattern)
{
    if (mbox_pattern_from_wire(wire, lx->wire, lx->arena, &pattern->text, &pattern->hopeless) !=
        RC_OK)
        return lex_limit(lx, "The command needs too much memory");
    return true;
}

/** list-mailbox = 1*list-char / string. */
static bool
pattern(struct imap_lexer *lx, struct imap_list_pattern *pattern_out)
{
    const unsigned list_chars = CHAR_ATOM | CHAR_CLOSE_BRACKET | CHAR_WILDCARD | CHAR_8BIT;
    struct span wire = lex_run(lx, list_chars);

    if (wire.len == 0 && !lex_string(lx, &wire, "LIST needs a mailbox pattern"))
        return false;
    return to_pattern(lx, wire, pattern_out);
}

static bool
reference(struct imap_lexer *lx, struct imap_list_pattern *reference_out)
{
    struct span wire;

    return lex_astring(lx, &wire, "LIST needs a reference name") &&
           to_pattern(lx, wire, reference_out);
}

/** One pattern, or several in parentheses. */
static bool
patterns(struct imap_lexer *lx, struct imap_list_req *req)
{
    struct imap_list_pattern *list = NULL;
    const bool parentheses = lex_take(lx, '(');

    do {
        if (req->pattern_count == LIMIT_LIST_PATTERNS)
            return lex_limit(lx, "Too many patterns in LIST");
        list = lex_grow(lx, list, req->pattern_count, sizeof *list);
        if (list == NULL || !pattern(lx, &list[req->pattern_count]))
            return false;
        req->pattern_count++;
    } while (parentheses && lex_take(lx, ' '));
    req->patterns = list;
    req->extended = req->extended || parentheses;
    return !parentheses || lex_need(lx, ')', "Missing closing parenthesis after LIST patterns");
}

static bool
selection(struct imap_lexer *lx, struct imap_list_req *req)
{
    const unsigned base = IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE;

    if (!lex_word_list(lx, select_options, ARRAY_LEN(select_options), &req->select,
                       "Unknown LIST selection option"))
        return false;
    if ((req->select & IMAP_LIST_RECURSIVEMATCH) && !(req->select & base))
        return lex_bad(lx, "RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE as well");
    req->extended = true;
    return lex_need(lx, ' ', "LIST needs a reference name");
}

static bool
return_option(struct imap_lexer *lx, struct imap_list_req *req)
{
    for (size_t i = 0; i < ARRAY_LEN(return_options); i++) {
        if (!lex_take_word(lx, return_options[i].word))
            continue;
        req->returns |= return_options[i].value;
        if (return_options[i].value == IMAP_LIST_RETURN_METADATA)
            return imap_args_entries(lx, &req->entries);
        return return_options[i].value != IMAP_LIST_RETURN_STATUS ||
               status_items(lx, &req->status_items);
    }
    return lex_bad(lx, "Unknown LIST return option");
}

/** "RETURN" SP "(" [option *(SP option)] ")". */
static bool
returns(struct imap_lexer *lx, struct imap_list_req *req)
{
    if (!lex_take_word(lx, SPAN("RETURN")))
        return lex_bad(lx, "LIST takes RETURN and a list after its patterns");
    if (!lex_need(lx, ' ', "RETURN needs a list of options") ||
        !lex_need(lx, '(', "RETURN needs a list of options"))
        return false;
    req->extended = true;
    if (lex_take(lx, ')'))
        return true;
    do {
        if (!return_option(lx, req))
            return false;
    } while (lex_take(lx, ' '));
    return lex_need(lx, ')', "Missing closing parenthesis after LIST return options");
}

bool
imap_args_list(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_list_req *req = &cmd->u.list;

    if (!lex_need(lx, ' ', "LIST needs a reference name and a pattern"))
        return false;
    if (lex_peek(lx) == '(' && !selection(lx, req))
        return false;
    if (!reference(lx, &req->reference) || !lex_need(lx, ' ', "LIST needs a mailbox pattern") ||
        !patterns(lx, req))
        return false;
    if (!lex_more(lx))
        return true;
    return returns(lx, req);
}

bool
imap_args_lsub(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_list_req *req = &cmd->u.list;
    struct imap_list_pattern *one = lex_new(lx, struct imap_list_pattern);

    if (one == NULL || !lex_need(lx, ' ', "The command needs a reference name and a pattern") ||
        !reference(lx, &req->reference) ||
        !lex_need(lx, ' ', "The command needs a mailbox pattern") || !pattern(lx, one))
        return false;
    req->patterns = one;
    req->pattern_count = 1;
    return true;
}
