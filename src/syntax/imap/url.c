/* SPDX-License-Identifier: MIT */
/* Semicolons cannot be in the name of a mailbox without a percent sign (RFC 2192 section 11),
 * so the first one ends it. */
#include "syntax/imap/url.h"

#include "base/limits.h"
#include "syntax/imap/args.h"

static const char hex_digits[] = "0123456789ABCDEF";

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent signs undone, in arena. RC_INVALID: half of one, or NUL. */
static enum rc
unescape(struct span text, struct arena *arena, struct span *out)
{
    char *made = arena_alloc(arena, text.len + 1, 1);
    size_t len = 0;

    if (made == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            const int high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
            const int low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return RC_INVALID;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0')
            return RC_INVALID;
        made[len++] = c;
    }
    *out = span_of(made, len);
    return RC_OK;
}

static bool
take(struct span *rest, struct span word)
{
    if (!span_istarts(*rest, word))
        return false;
    *rest = span_tail(*rest, word.len);
    return true;
}

/* nz-number */
static bool
take_number(struct span *rest, uint32_t *number_out)
{
    size_t digits = 0;
    uint64_t number;

    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9')
        digits++;
    if (!span_to_u64(span_head(*rest, digits), UINT32_MAX, &number) || number == 0)
        return false;
    *number_out = (uint32_t)number;
    *rest = span_tail(*rest, digits);
    return true;
}

/* "/" enc_mailbox [";UIDVALIDITY=" nz-number] "/", up to the ";UID=". */
static enum rc
take_mailbox(struct span *rest, struct arena *arena, struct imap_url *url)
{
    const ptrdiff_t end = span_find_char(*rest, ';');
    struct span name;

    if (end < 1)
        return RC_INVALID;
    struct span encoded = span_tail(span_head(*rest, (size_t)end), 1);
    *rest = span_tail(*rest, (size_t)end);
    if (take(rest, SPAN(";UIDVALIDITY="))) {
        if (!take_number(rest, &url->uidvalidity) || !take(rest, SPAN("/")))
            return RC_INVALID;
    } else {
        if (encoded.len == 0 || encoded.ptr[encoded.len - 1] != '/')
            return RC_INVALID;
        encoded.len--;
    }
    if (encoded.len == 0)
        return RC_INVALID;
    enum rc rc = unescape(encoded, arena, &name);
    if (rc == RC_OK)
        rc = mbox_name_from_wire(name, MBOX_WIRE_UTF8, arena, &url->mailbox);
    return rc == RC_OK && url->mailbox.invalid != NULL ? RC_INVALID : rc;
}

/* A section as FETCH BODY has it between its brackets. */
static enum rc
parse_section(struct span encoded, struct arena *arena, struct imap_section *out)
{
    struct imap_lexer lx = {.arena = arena, .rc = RC_OK};
    struct span text;

    const enum rc rc = unescape(encoded, arena, &text);
    if (rc != RC_OK)
        return rc;
    lx.at = text.ptr;
    lx.end = text.ptr + text.len;
    if (text.len == 0 || !imap_args_section(&lx, out))
        return lx.rc == RC_LIMIT ? RC_LIMIT : RC_INVALID;
    return lx.at == lx.end ? RC_OK : RC_INVALID;
}

enum rc
imap_url_parse(struct span text, struct arena *arena, struct imap_url *out)
{
    struct imap_url url = {.is_selected = true, .section = {.text = SECTION_WHOLE}};
    struct span rest = text;

    if (text.len > LIMIT_URL)
        return RC_INVALID;
    if (rest.len > 0 && rest.ptr[0] == '/') {
        url.is_selected = false;
        const enum rc rc = take_mailbox(&rest, arena, &url);
        if (rc != RC_OK)
            return rc;
    }
    if (!take(&rest, SPAN(";UID=")) || !take_number(&rest, &url.uid))
        return RC_INVALID;
    if (take(&rest, SPAN("/;SECTION="))) {
        const enum rc rc = parse_section(rest, arena, &url.section);
        if (rc != RC_OK)
            return rc;
    } else if (rest.len > 0) {
        return RC_INVALID;
    }
    *out = url;
    return RC_OK;
}

void
imap_url_put(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len && i < LIMIT_URL; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c > ' ' && c < 0x7f && c != ']' && c != '\\' && c != '"') {
            buf_put_char(out, (char)c);
        } else {
            buf_put_char(out, '%');
            buf_put_char(out, hex_digits[c >> 4]);
            buf_put_char(out, hex_digits[c & 15]);
        }
    }
}
