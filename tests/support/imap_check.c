/* SPDX-License-Identifier: MIT */
/* Recursive descent, with a function for each rule, named after it. */
#include "support/imap_check.h"

struct check {
    const char *p;
    const char *end;
    enum check_form form;
    enum check_global global;
    check_part_fn *see;
    void *ctx;
    uint32_t path[CHECK_PATH_MAX];
    size_t path_len;
};

static bool
lit(struct check *c, const char *text)
{
    const size_t len = strlen(text);

    if ((size_t)(c->end - c->p) < len || memcmp(c->p, text, len) != 0)
        return false;
    c->p += len;
    return true;
}

static bool
peek(const struct check *c, char ch)
{
    return c->p < c->end && *c->p == ch;
}

static bool
number(struct check *c, uint64_t *out)
{
    const char *const start = c->p;

    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    return span_to_u64(span_of(start, (size_t)(c->p - start)), UINT32_MAX, out);
}

static bool
quoted(struct check *c)
{
    if (!lit(c, "\""))
        return false;
    for (; c->p < c->end && *c->p != '"'; c->p++) {
        if (*c->p == '\\' && (++c->p == c->end || (*c->p != '"' && *c->p != '\\')))
            return false;
        if (*c->p == '\r' || *c->p == '\n' || *c->p == '\0' || (unsigned char)*c->p > 127)
            return false;
    }
    return lit(c, "\"");
}

static bool
literal(struct check *c)
{
    uint64_t octets;

    if (!lit(c, "{") || !number(c, &octets) || !lit(c, "}\r\n") ||
        octets > (uint64_t)(c->end - c->p) || memchr(c->p, '\0', octets) != NULL)
        return false;
    c->p += octets;
    return true;
}

static bool
string(struct check *c)
{
    return peek(c, '{') ? literal(c) : quoted(c);
}

static bool
nstring(struct check *c)
{
    return lit(c, "NIL") || string(c);
}

static bool
sp_nstring(struct check *c)
{
    return lit(c, " ") && nstring(c);
}

/* Groups are begun and ended in turn: (NIL NIL "name" NIL) ... (NIL NIL NIL NIL). */
static bool
address(struct check *c, bool *in_group)
{
    if (lit(c, "(NIL NIL NIL NIL)")) {
        const bool was = *in_group;
        *in_group = false;
        return was;
    }
    if (!lit(c, "(") || !nstring(c) || !sp_nstring(c) || !lit(c, " ") || !string(c) ||
        !lit(c, " "))
        return false;
    if (lit(c, "NIL")) {
        const bool was = *in_group;
        *in_group = true;
        return !was && lit(c, ")");
    }
    return string(c) && lit(c, ")");
}

static bool
addresses(struct check *c)
{
    bool in_group = false;

    if (lit(c, "NIL"))
        return true;
    if (!lit(c, "("))
        return false;
    do {
        if (!address(c, &in_group))
            return false;
    } while (!peek(c, ')'));
    return !in_group && lit(c, ")");
}

static bool
envelope(struct check *c)
{
    if (!lit(c, "(") || !nstring(c) || !sp_nstring(c))
        return false;
    for (unsigned i = 0; i < 6; i++) {
        if (!lit(c, " ") || !addresses(c))
            return false;
    }
    return sp_nstring(c) && sp_nstring(c) && lit(c, ")");
}

static bool
body_fld_param(struct check *c)
{
    if (lit(c, "NIL"))
        return true;
    if (!lit(c, "("))
        return false;
    do {
        if (!string(c) || !lit(c, " ") || !string(c))
            return false;
    } while (lit(c, " "));
    return lit(c, ")");
}

static bool
body_fld_dsp(struct check *c)
{
    return lit(c, "NIL") ||
           (lit(c, "(") && string(c) && lit(c, " ") && body_fld_param(c) && lit(c, ")"));
}

static bool
body_fld_lang(struct check *c)
{
    if (!lit(c, "("))
        return nstring(c);
    do {
        if (!string(c))
            return false;
    } while (lit(c, " "));
    return lit(c, ")");
}

/* Roost always writes all members, including those that the RFC lets a server leave out at the
 * end. */
static bool
extension_end(struct check *c)
{
    return lit(c, " ") && body_fld_dsp(c) && lit(c, " ") && body_fld_lang(c) && sp_nstring(c);
}

static bool message_body(struct check *c);
static bool body(struct check *c);

static bool
body_type_mpart(struct check *c)
{
    const struct check_part part = {
        .path = c->path, .path_len = c->path_len, .is_multipart = true};

    if (c->see != NULL)
        c->see(c->ctx, &part);
    if (++c->path_len == CHECK_PATH_MAX)
        return false;
    c->path[c->path_len - 1] = 0;
    while (peek(c, '(')) {
        c->path[c->path_len - 1]++;
        if (!body(c))
            return false;
    }
    c->path_len--;
    if (!lit(c, " ") || !string(c))
        return false;
    return c->form == CHECK_BODY || (lit(c, " ") && body_fld_param(c) && extension_end(c));
}

static bool
body_type_1part(struct check *c)
{
    struct check_part part = {.path = c->path, .path_len = c->path_len};
    const bool is_text = lit(c, "\"text\"");
    const bool is_rfc822 = !is_text && lit(c, "\"message\" \"rfc822\"");
    const bool is_global =
        c->global == CHECK_GLOBAL_MESSAGE && lit(c, "\"message\" \"global\"");
    const bool is_message = is_rfc822 || is_global;

    if (!is_message && ((!is_text && !string(c)) || !lit(c, " ") || !string(c)))
        return false;
    if (!lit(c, " ") || !body_fld_param(c) || !sp_nstring(c) || !sp_nstring(c) ||
        !lit(c, " ") || !string(c) || !lit(c, " ") || !number(c, &part.octets))
        return false;
    const size_t path_len = c->path_len;
    if (is_message && !(lit(c, " ") && envelope(c) && lit(c, " ") && message_body(c)))
        return false;
    c->path_len = path_len;
    part.has_lines = is_text || is_message;
    part.is_global = is_global;
    if (part.has_lines && !(lit(c, " ") && number(c, &part.lines)))
        return false;
    if (c->see != NULL)
        c->see(c->ctx, &part);
    return c->form == CHECK_BODY || (sp_nstring(c) && extension_end(c));
}

static bool
body(struct check *c)
{
    return lit(c, "(") && (peek(c, '(') ? body_type_mpart(c) : body_type_1part(c)) &&
           lit(c, ")");
}

/* RFC 3501 section 6.4.5: a message that is not a multipart has one part, number 1. */
static bool
message_body(struct check *c)
{
    const bool is_multipart = c->end - c->p > 1 && c->p[1] == '(';

    if (!is_multipart) {
        if (++c->path_len == CHECK_PATH_MAX)
            return false;
        c->path[c->path_len - 1] = 1;
    }
    return body(c);
}

bool
imap_check_envelope(struct span text)
{
    struct check c = {.p = text.ptr, .end = text.ptr + text.len};

    return envelope(&c) && c.p == c.end;
}

bool
imap_check_body(struct span text, enum check_form form, enum check_global global,
                check_part_fn *see, void *ctx)
{
    struct check c = {.p = text.ptr,
                      .end = text.ptr + text.len,
                      .form = form,
                      .global = global,
                      .see = see,
                      .ctx = ctx};

    return message_body(&c) && c.p == c.end;
}
