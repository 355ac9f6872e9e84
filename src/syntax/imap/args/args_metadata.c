/* SPDX-License-Identifier: MIT */
/* Arguments of GETMETADATA and SETMETADATA (RFC 5464 section 5), and of the METADATA return
 * option of LIST (RFC 9590). */
#include "base/limits.h"
#include "syntax/imap/args.h"
#include "syntax/imap/metadata_name.h"

static const struct lex_word depths[] = {
    {SPAN_INIT("0"), IMAP_DEPTH_0},
    {SPAN_INIT("1"), IMAP_DEPTH_1},
    {SPAN_INIT("infinity"), IMAP_DEPTH_INFINITY},
};

/** SP mailbox; an empty name stands for the server. */
static bool
target(struct imap_lexer *lx, bool *server_out, struct mbox_arg *mailbox_out)
{
    struct span wire;

    if (!lex_need(lx, ' ', "A mailbox name is missing"))
        return false;
    const char *const before = lx->at;
    if (!lex_astring(lx, &wire, "A mailbox name is missing"))
        return false;
    *server_out = wire.len == 0;
    if (*server_out)
        return true;
    lx->at = before;
    return lex_mailbox(lx, mailbox_out, "A mailbox name is missing");
}

/* --- names of entries --- */

typedef const char *check_fn(struct span name);

/** RFC 5464 section 3.2: a name that is not legal is BAD in any command. */
static bool
entry(struct imap_lexer *lx, check_fn *check, struct span *name_out)
{
    if (!lex_astring(lx, name_out, "The name of an entry is missing"))
        return false;
    const char *const bad = check(*name_out);
    return bad == NULL || lex_bad(lx, bad);
}

/** entries = entry / "(" entry *(SP entry) ")"; an example of RFC 5464 (section 4.4.1) leaves
 * the parentheses out. */
static bool
entries(struct imap_lexer *lx, check_fn *check, bool parentheses, struct imap_entries *out)
{
    struct span *names = NULL;

    do {
        if (out->count == LIMIT_METADATA_NAMES)
            return lex_limit(lx, "The command names too many entries");
        names = lex_grow(lx, names, out->count, sizeof *names);
        if (names == NULL || !entry(lx, check, &names[out->count]))
            return false;
        out->count++;
    } while (parentheses ? lex_take(lx, ' ') : lex_more(lx));
    out->names = names;
    return !parentheses || lex_need(lx, ')', "Missing closing parenthesis after entries");
}

bool
imap_args_entries(struct imap_lexer *lx, struct imap_entries *entries_out)
{
    *entries_out = (struct imap_entries){.count = 0};
    return lex_need(lx, ' ', "METADATA needs a list of entries") &&
           lex_need(lx, '(', "METADATA needs a list of entries") &&
           entries(lx, metadata_name_check, true, entries_out);
}

/* --- GETMETADATA --- */

static bool
depth(struct imap_lexer *lx, struct imap_getmetadata_req *req)
{
    for (size_t i = 0; i < ARRAY_LEN(depths); i++) {
        if (!lex_take_word(lx, depths[i].word))
            continue;
        req->depth = (enum imap_depth)depths[i].value;
        return true;
    }
    return lex_bad(lx, "DEPTH is 0, 1 or infinity");
}

static bool
option(struct imap_lexer *lx, struct imap_getmetadata_req *req)
{
    if (lex_take_word(lx, SPAN("MAXSIZE"))) {
        req->has_max_octets = true;
        return lex_need(lx, ' ', "MAXSIZE needs a number") &&
               lex_number(lx, 0, IMAP_NUMBER64_MAX, &req->max_octets, "MAXSIZE needs a number");
    }
    if (lex_take_word(lx, SPAN("DEPTH")))
        return lex_need(lx, ' ', "DEPTH is 0, 1 or infinity") && depth(lx, req);
    return lex_bad(lx, "Unknown GETMETADATA option");
}

/** What follows the opening parenthesis of the options. */
static bool
options(struct imap_lexer *lx, struct imap_getmetadata_req *req)
{
    do {
        if (!option(lx, req))
            return false;
    } while (lex_take(lx, ' '));
    return lex_need(lx, ')', "Missing closing parenthesis after options");
}

/** A list of options, not of entries: these begin with a slash, quoted or not. */
static bool
are_options(const struct imap_lexer *lx)
{
    const int c = lex_peek(lx);

    return c >= 0 && imap_char_is((char)c, CHAR_ATOM) && c != '/' && c != '~';
}

/**
 * The options stand before the mailbox in the grammar, and behind it in the examples of the
 * same RFC (section 4.2.1); both are understood.
 */
bool
imap_args_getmetadata(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_getmetadata_req *req = &cmd->u.getmetadata;
    const char *const before = lx->at;

    if (lex_take(lx, ' ') && lex_take(lx, '(')) {
        if (!options(lx, req))
            return false;
    } else {
        lx->at = before;
    }
    if (!target(lx, &req->server, &req->mailbox) ||
        !lex_need(lx, ' ', "The name of an entry is missing"))
        return false;
    bool parentheses = lex_take(lx, '(');
    if (parentheses && are_options(lx)) {
        if (!options(lx, req) || !lex_need(lx, ' ', "The name of an entry is missing"))
            return false;
        parentheses = lex_take(lx, '(');
    }
    return entries(lx, req->depth == IMAP_DEPTH_0 ? metadata_name_check : metadata_prefix_check,
                   parentheses, &req->entries);
}

/* --- SETMETADATA --- */

/** value = nstring / literal8 */
static bool
value(struct imap_lexer *lx, struct imap_metadata_pair *pair)
{
    struct imap_lex_literal literal;

    if (lex_peek(lx) == '~') {
        if (!lex_literal(lx, &literal, "A value is missing"))
            return false;
        pair->value = literal.inline_octets;
        return !literal.is_spooled || lex_bad(lx, "Only APPEND takes a message as its literal");
    }
    if (!lex_nstring(lx, &pair->value, "A value is missing"))
        return false;
    pair->is_nil = pair->value.ptr == NULL;
    return true;
}

bool
imap_args_setmetadata(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_setmetadata_req *req = &cmd->u.setmetadata;
    struct imap_metadata_pair *pairs = NULL;

    if (!target(lx, &req->server, &req->mailbox) ||
        !lex_need(lx, ' ', "SETMETADATA needs a list of entries and values") ||
        !lex_need(lx, '(', "SETMETADATA needs a list of entries and values"))
        return false;
    do {
        if (req->pair_count == LIMIT_METADATA_NAMES)
            return lex_limit(lx, "The command names too many entries");
        pairs = lex_grow(lx, pairs, req->pair_count, sizeof *pairs);
        if (pairs == NULL)
            return false;
        struct imap_metadata_pair *pair = &pairs[req->pair_count];
        *pair = (struct imap_metadata_pair){.is_nil = false};
        if (!entry(lx, metadata_name_check, &pair->name) ||
            !lex_need(lx, ' ', "A value is missing") || !value(lx, pair))
            return false;
        req->pair_count++;
    } while (lex_take(lx, ' '));
    req->pairs = pairs;
    return lex_need(lx, ')', "Missing closing parenthesis after entries and values");
}
