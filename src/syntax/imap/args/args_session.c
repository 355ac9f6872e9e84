/* SPDX-License-Identifier: MIT */
/* Arguments of the commands about the session itself: AUTHENTICATE LOGIN ID COMPRESS ENABLE. */
#include "base/limits.h"
#include "syntax/imap/args.h"

bool
imap_args_none(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    (void)lx; /* what stands there is more than nothing: the caller complains */
    (void)cmd;
    return true;
}

bool
imap_args_login(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_login_req *req = &cmd->u.login;

    return lex_need(lx, ' ', "LOGIN needs a user name and a password") &&
           lex_astring(lx, &req->user, "LOGIN needs a user name") &&
           lex_need(lx, ' ', "LOGIN needs a password") &&
           lex_astring(lx, &req->password, "LOGIN needs a password");
}

static bool
is_base64(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.ptr[i];
        const bool letter = ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
        if (!letter && !imap_char_is(c, CHAR_DIGIT) && c != '+' && c != '/' && c != '=')
            return false;
    }
    return s.len > 0;
}

bool
imap_args_authenticate(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_authenticate_req *req = &cmd->u.authenticate;

    if (!lex_need(lx, ' ', "AUTHENTICATE needs a mechanism") ||
        !lex_atom(lx, &req->mechanism, "AUTHENTICATE needs a mechanism"))
        return false;
    if (!lex_more(lx))
        return true;
    req->has_initial = true;
    req->initial = lex_run(lx, CHAR_ATOM);
    if (!is_base64(req->initial))
        return lex_bad(lx, "An initial response is base64 or =");
    if (span_eq(req->initial, SPAN("="))) /* RFC 4959 section 3: present and empty */
        req->initial = SPAN("");
    return true;
}

static bool
id_pair(struct imap_lexer *lx, struct imap_id_pair *pair)
{
    if (!lex_string(lx, &pair->field, "ID needs pairs of strings") ||
        !lex_need(lx, ' ', "An ID field needs a value") ||
        !lex_nstring(lx, &pair->value, "An ID value is a string or NIL"))
        return false;
    pair->is_nil = pair->value.ptr == NULL;
    if (pair->field.len > LIMIT_ID_FIELD)
        return lex_bad(lx, "An ID field is longer than 30 octets");
    if (pair->value.len > LIMIT_ID_VALUE)
        return lex_bad(lx, "An ID value is longer than 1024 octets");
    return true;
}

bool
imap_args_id(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_id_req *req = &cmd->u.id;
    struct imap_id_pair *pairs = NULL;

    if (!lex_need(lx, ' ', "ID needs NIL or a list"))
        return false;
    if (lex_take_word(lx, SPAN("NIL")))
        return true;
    if (!lex_need(lx, '(', "ID needs NIL or a list"))
        return false;
    if (lex_take(lx, ')'))
        return true;
    do {
        if (req->pair_count == LIMIT_ID_PAIRS)
            return lex_bad(lx, "ID takes at most 30 pairs");
        pairs = lex_grow(lx, pairs, req->pair_count, sizeof *pairs);
        if (pairs == NULL || !id_pair(lx, &pairs[req->pair_count]))
            return false;
        req->pair_count++;
    } while (lex_take(lx, ' '));
    req->pairs = pairs;
    return lex_need(lx, ')', "Missing closing parenthesis after ID pairs");
}

bool
imap_args_compress(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    (void)cmd; /* RFC 4978 section 5: there is one algorithm */
    return lex_need(lx, ' ', "COMPRESS needs an algorithm") &&
           (lex_take_word(lx, SPAN("DEFLATE")) ||
            lex_bad(lx, "COMPRESS knows no algorithm but DEFLATE"));
}

bool
imap_args_enable(struct imap_lexer *lx, struct imap_cmd *cmd)
{
    struct imap_enable_req *req = &cmd->u.enable;
    struct span *capabilities = NULL;

    if (!lex_need(lx, ' ', "ENABLE needs a capability"))
        return false;
    do {
        capabilities = lex_grow(lx, capabilities, req->capability_count, sizeof *capabilities);
        if (capabilities == NULL ||
            !lex_atom(lx, &capabilities[req->capability_count], "ENABLE needs a capability"))
            return false;
        req->capability_count++;
    } while (lex_more(lx));
    req->capabilities = capabilities;
    return true;
}
