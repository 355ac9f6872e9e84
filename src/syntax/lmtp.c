/* SPDX-License-Identifier: MIT */
/* LMTP lines and data; see the header. Pure; any thread. */
#include "syntax/lmtp.h"

#include <stdio.h>
#include <unistr.h>

#include "syntax/imap/mbox_name.h"

static const struct {
    struct span word;
    enum lmtp_verb verb;
} verbs[] = {
    {SPAN_INIT("LHLO"), LMTP_LHLO}, {SPAN_INIT("MAIL"), LMTP_MAIL},
    {SPAN_INIT("RCPT"), LMTP_RCPT}, {SPAN_INIT("DATA"), LMTP_DATA},
    {SPAN_INIT("BDAT"), LMTP_BDAT}, {SPAN_INIT("RSET"), LMTP_RSET},
    {SPAN_INIT("NOOP"), LMTP_NOOP}, {SPAN_INIT("VRFY"), LMTP_VRFY},
    {SPAN_INIT("QUIT"), LMTP_QUIT}, {SPAN_INIT("HELO"), LMTP_HELO},
    {SPAN_INIT("EHLO"), LMTP_HELO},
};

static struct span
word_take(struct span *rest)
{
    size_t len = 0;

    while (len < rest->len && rest->ptr[len] != ' ')
        len++;
    const struct span word = span_head(*rest, len);
    *rest = span_tail(*rest, len);
    while (rest->len > 0 && rest->ptr[0] == ' ')
        *rest = span_tail(*rest, 1);
    return word;
}

/* Octets up to the closing '>' outside quotes, or -1. */
static ptrdiff_t
path_end(struct span s)
{
    bool quoted = false;

    for (size_t i = 0; i < s.len; i++) {
        if (quoted && s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            quoted = !quoted;
        else if (s.ptr[i] == '>' && !quoted)
            return (ptrdiff_t)i;
    }
    return -1;
}

/* "FROM:<path>" or "TO:<path>", blanks after the colon tolerated. */
static enum rc
path_take(struct span *rest, struct span keyword, struct lmtp_cmd *cmd, const char **why_out)
{
    *why_out = "Syntax: MAIL FROM:<address> or RCPT TO:<address>";
    if (!span_istarts(*rest, keyword))
        return RC_INVALID;
    struct span s = span_trim(span_tail(*rest, keyword.len));
    if (s.len == 0 || s.ptr[0] != '<')
        return RC_INVALID;
    s = span_tail(s, 1);
    const ptrdiff_t end = path_end(s);
    if (end < 0 || end > LMTP_PATH_MAX)
        return RC_INVALID;
    struct span path = span_head(s, (size_t)end);
    for (size_t i = 0; i < path.len; i++) /* it goes into header lines: Return-Path */
        if ((unsigned char)path.ptr[i] < 0x20 || path.ptr[i] == 0x7f)
            return RC_INVALID;
    if (path.len > 0 && path.ptr[0] == '@') { /* RFC 5321 appendix C: routes are ignored */
        const ptrdiff_t colon = span_find_char(path, ':');
        if (colon < 0)
            return RC_INVALID;
        path = span_tail(path, (size_t)colon + 1);
    }
    s = span_tail(s, (size_t)end + 1);
    if (s.len > 0 && s.ptr[0] != ' ')
        return RC_INVALID;
    cmd->path = path;
    *rest = span_trim(s);
    return RC_OK;
}

static enum rc
mail_param(struct span param, struct lmtp_cmd *cmd, const char **why_out)
{
    if (span_istarts(param, SPAN("SIZE="))) {
        *why_out = "Syntax: SIZE=octets";
        return span_to_u64(span_tail(param, 5), INT64_MAX, &cmd->size) ? RC_OK : RC_INVALID;
    }
    if (span_istarts(param, SPAN("BODY="))) {
        const struct span value = span_tail(param, 5);
        cmd->body = span_ieq(value, SPAN("7BIT"))       ? LMTP_BODY_7BIT
                    : span_ieq(value, SPAN("8BITMIME")) ? LMTP_BODY_8BITMIME
                                                        : LMTP_BODY_NONE;
        *why_out = "BODY is 7BIT or 8BITMIME here";
        return cmd->body == LMTP_BODY_NONE ? RC_INVALID : RC_OK;
    }
    if (span_ieq(param, SPAN("SMTPUTF8"))) {
        cmd->utf8 = true;
        return RC_OK;
    }
    if (span_istarts(param, SPAN("SMTPUTF8="))) { /* RFC 6531 section 3.4 */
        *why_out = "SMTPUTF8 takes no value";
        return RC_INVALID;
    }
    *why_out = "That parameter is not known";
    return RC_UNSUPPORTED;
}

static enum rc
mail_parse(struct span rest, struct lmtp_cmd *cmd, const char **why_out)
{
    enum rc rc = path_take(&rest, SPAN("FROM:"), cmd, why_out);

    while (rc == RC_OK && rest.len > 0)
        rc = mail_param(word_take(&rest), cmd, why_out);
    if (rc == RC_OK && cmd->utf8 && !utf8_is_valid(cmd->path)) {
        *why_out = "That address is not UTF-8";
        return RC_INVALID;
    }
    return rc;
}

static enum rc
rcpt_parse(struct span rest, struct lmtp_cmd *cmd, const char **why_out)
{
    const enum rc rc = path_take(&rest, SPAN("TO:"), cmd, why_out);

    if (rc != RC_OK || rest.len == 0)
        return rc;
    *why_out = "That parameter is not known";
    return RC_UNSUPPORTED;
}

static enum rc
bdat_parse(struct span rest, struct lmtp_cmd *cmd, const char **why_out)
{
    const struct span octets = word_take(&rest);

    *why_out = "Syntax: BDAT octets [LAST]";
    if (!span_to_u64(octets, INT64_MAX, &cmd->chunk_octets))
        return RC_INVALID;
    cmd->chunk_last = span_ieq(rest, SPAN("LAST"));
    return rest.len == 0 || cmd->chunk_last ? RC_OK : RC_INVALID;
}

enum rc
lmtp_parse(struct span line, struct lmtp_cmd *cmd_out, const char **why_out)
{
    struct lmtp_cmd cmd = {.verb = LMTP_UNKNOWN};
    struct span rest = line;
    enum rc rc = RC_OK;

    while (rest.len > 0 && (rest.ptr[rest.len - 1] == ' ' || rest.ptr[rest.len - 1] == '\t'))
        rest.len--;
    const struct span word = word_take(&rest);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (span_ieq(word, verbs[i].word))
            cmd.verb = verbs[i].verb;
    switch (cmd.verb) {
    case LMTP_LHLO:
        cmd.text = rest;
        *why_out = "Syntax: LHLO name";
        rc = rest.len == 0 ? RC_INVALID : RC_OK;
        break;
    case LMTP_MAIL:
        rc = mail_parse(rest, &cmd, why_out);
        break;
    case LMTP_RCPT:
        rc = rcpt_parse(rest, &cmd, why_out);
        break;
    case LMTP_BDAT:
        rc = bdat_parse(rest, &cmd, why_out);
        break;
    case LMTP_DATA:
    case LMTP_RSET:
    case LMTP_QUIT:
        *why_out = "This command has no arguments";
        rc = rest.len == 0 ? RC_OK : RC_INVALID;
        break;
    case LMTP_NOOP:
    case LMTP_VRFY:
    case LMTP_HELO:
    case LMTP_UNKNOWN:
        break;
    }
    *cmd_out = cmd;
    return rc;
}

enum rc
lmtp_path_split(struct span path, struct buf *local, struct span *domain_out)
{
    size_t i = 0;

    if (path.len > 0 && path.ptr[0] == '"') {
        for (i = 1; i < path.len && path.ptr[i] != '"'; i++) {
            if (path.ptr[i] == '\\' && i + 1 < path.len)
                i++;
            buf_put_char(local, path.ptr[i]);
        }
        if (i >= path.len)
            return RC_INVALID; /* the quote is not closed */
        i++;
    } else {
        size_t at = path.len;
        for (size_t k = path.len; k > 0; k--) {
            if (path.ptr[k - 1] == '@') {
                at = k - 1;
                break;
            }
        }
        buf_put(local, path.ptr, at);
        i = at;
    }
    if (i < path.len && path.ptr[i] != '@')
        return RC_INVALID;
    *domain_out = span_tail(path, i < path.len ? i + 1 : i);
    if (!buf_ok(local))
        return path.len > local->max ? RC_INVALID : RC_LIMIT;
    if (buf_len(local) == 0 || (i < path.len && domain_out->len == 0))
        return RC_INVALID;
    if (!utf8_is_valid(path)) /* RFC 6531 section 3.3 */
        return RC_INVALID;
    for (size_t k = 0; k < path.len; k++)
        if ((unsigned char)path.ptr[k] < 0x20 || path.ptr[k] == 0x7f)
            return RC_INVALID;
    return RC_OK;
}

void
lmtp_address_put(struct buf *out, struct span address, bool utf8, size_t max)
{
    const size_t start = buf_len(out);

    while (address.len > 0) {
        char text[16];
        ucs4_t c;
        const int octets = u8_mbtouc(&c, (const uint8_t *)address.ptr, address.len);
        struct span shown = span_head(address, (size_t)octets);
        if (c >= 0x80 && !utf8)
            shown = span_of(text, (size_t)snprintf(text, sizeof text, "\\x{%X}", (unsigned)c));
        if (buf_len(out) - start + shown.len > max)
            return;
        buf_put_span(out, shown);
        address = span_tail(address, (size_t)octets);
    }
}

enum data_state { DATA_LINE, DATA_DOT, DATA_DOT_CR, DATA_TEXT, DATA_CR };

/* Ordinary octets are copied in runs; only CR and what follows it, and dots at the beginning of
 * a line, are looked at one by one. */
bool
lmtp_data_take(struct lmtp_data *data, struct span in, struct buf *out, size_t *used_out)
{
    size_t i = 0;

    while (i < in.len) {
        const char c = in.ptr[i];
        switch ((enum data_state)data->state) {
        case DATA_LINE:
            if (c == '.') {
                data->state = DATA_DOT;
                i++;
                continue;
            }
            data->state = DATA_TEXT;
            continue;
        case DATA_DOT:
            if (c == '\r') {
                data->state = DATA_DOT_CR;
                i++;
                continue;
            }
            data->state = DATA_TEXT; /* the stuffed dot is gone; what follows is text */
            continue;
        case DATA_DOT_CR:
            if (c == '\n') {
                data->state = DATA_LINE;
                *used_out = i + 1;
                return true;
            }
            buf_put_char(out, '\r');
            data->state = c == '\r' ? DATA_CR : DATA_TEXT;
            i += c == '\r';
            continue;
        case DATA_CR:
            buf_put_char(out, '\r');
            if (c == '\n') {
                buf_put_char(out, '\n');
                data->state = DATA_LINE;
                i++;
            } else if (c == '\r') {
                i++;
            } else {
                data->state = DATA_TEXT;
            }
            continue;
        case DATA_TEXT: {
            const ptrdiff_t cr = span_find_char(span_tail(in, i), '\r');
            const size_t run = cr < 0 ? in.len - i : (size_t)cr;
            buf_put(out, in.ptr + i, run);
            i += run;
            if (cr >= 0) {
                data->state = DATA_CR;
                i++;
            }
            continue;
        }
        }
    }
    *used_out = i;
    return false;
}
