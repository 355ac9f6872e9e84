/* SPDX-License-Identifier: MIT */
/*
 * What may be shown of protocol lines. In doubt, the rules hide: a line whose first words look
 * like a login is treated as one, and before login only commands known to be harmless are shown
 * with their arguments, because what a confused client sends in place of a command may be its
 * password.
 */
#include "journal/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"

/* --- Lines from the client --- */

/* Commands whose arguments may be shown before login. */
static const char *const harmless[] = {
    "CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "ID",   "LHLO", "MAIL",
    "RCPT",       "DATA", "BDAT",   "RSET",     "QUIT", "HELP", "VRFY",
};

/* Words after which passwords come. */
static const char *const dangerous[] = {"LOGIN", "AUTHENTICATE", "AUTH", "PASS"};

static bool
is_one_of(struct span word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_ieq_str(word, list[i]))
            return true;
    return false;
}

/* The next word after blanks; *rest begins after it. */
static struct span
take_word(struct span *rest)
{
    size_t at = 0;

    while (at < rest->len && (rest->ptr[at] == ' ' || rest->ptr[at] == '\t'))
        at++;
    *rest = span_tail(*rest, at);
    for (at = 0; at < rest->len && rest->ptr[at] != ' ' && rest->ptr[at] != '\t';)
        at++;
    const struct span word = span_head(*rest, at);
    *rest = span_tail(*rest, at);
    return word;
}

/* How many octets of the line may be shown. *secret_out: a password follows. */
static size_t
shown_octets(enum line_kind kind, struct span line, bool *secret_out)
{
    struct span rest = line;
    const struct span first = take_word(&rest);
    const size_t first_end = line.len - rest.len;
    const struct span second = take_word(&rest);
    const size_t second_end = line.len - rest.len;

    *secret_out = false;
    if (is_one_of(first, dangerous, ARRAY_LEN(dangerous)) ||
        is_one_of(second, dangerous, ARRAY_LEN(dangerous))) {
        *secret_out = true;
        /* The mechanism after AUTHENTICATE is not a secret; the rest is. */
        if (span_ieq_str(second, "AUTHENTICATE")) {
            (void)take_word(&rest);
            return line.len - rest.len;
        }
        return is_one_of(second, dangerous, ARRAY_LEN(dangerous)) ? second_end : first_end;
    }
    if (kind == LINE_COMMAND || is_one_of(second, harmless, ARRAY_LEN(harmless)) ||
        is_one_of(first, harmless, ARRAY_LEN(harmless)))
        return line.len;
    *secret_out = true;
    return first_end;
}

/* The literal announced at the end of a line: "{12}", "{12+}", "~{12}", maybe with the CR. */
static bool
literal_announced(struct span line, uint64_t *octets_out)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (line.len < 3 || line.ptr[line.len - 1] != '}')
        return false;
    line.len--;
    if (line.ptr[line.len - 1] == '+' || line.ptr[line.len - 1] == '-')
        line.len--; /* RFC 7888 */
    size_t at = line.len;
    while (at > 0 && line.ptr[at - 1] >= '0' && line.ptr[at - 1] <= '9')
        at--;
    return at > 0 && line.ptr[at - 1] == '{' &&
           span_to_u64(span_tail(line, at), UINT64_MAX / 2, octets_out);
}

/* Logs a command without the contents of its literals. The framer puts NUL LF in place of CR LF
 * and of the octets of a literal that were diverted. */
static void
put_line_in(struct log_scope *scope, struct span line)
{
    AUTO_BUF text = {0};
    uint64_t octets;

    /* one octet more than is shown, so that the cut is noticed */
    buf_init(&text, LIMIT_LOG_LINE + 1);
    while (line.len > 0 && buf_len(&text) <= LIMIT_LOG_LINE) {
        const ptrdiff_t end = span_find_char(line, '\n');
        struct span part = span_head(line, end < 0 ? line.len : (size_t)end + 1);
        line = span_tail(line, part.len);
        const bool elsewhere = end > 0 && part.ptr[end - 1] == '\0';
        if (end >= 0 &&
            literal_announced(span_head(part, (size_t)(end - elsewhere)), &octets)) {
            part.len = (size_t)end - (elsewhere || (end > 0 && part.ptr[end - 1] == '\r'));
            if (!elsewhere)
                line = span_tail(line, octets < line.len ? (size_t)octets : line.len);
        }
        buf_put_span(&text, span_head(part, LIMIT_LOG_LINE + 1 - buf_len(&text)));
    }
    log_put_span(scope, LOG_E_LINE_IN, buf_span(&text));
}

bool
log_line_in(struct log_scope *scope, enum line_kind kind, struct span line)
{
    bool secret = kind == LINE_SECRET;
    size_t shown = secret ? 0 : line.len;

    if (kind == LINE_COMMAND || kind == LINE_BEFORE_LOGIN)
        shown = shown_octets(kind, line, &secret);
    if (!log_on(scope, LOG_A))
        return secret;
    if (shown == line.len) {
        if (line.len > 0 && memchr(line.ptr, '\n', line.len) != NULL)
            put_line_in(scope, line);
        else
            log_put_span(scope, LOG_E_LINE_IN, line);
        return secret;
    }
    /* A long first word is not a tag; it may be anything. */
    char text[LIMIT_TAG + 64];
    const struct span head = span_head(line, shown);
    const bool whole = head.len <= LIMIT_TAG + 32;
    const int len =
        snprintf(text, sizeof text, "%.*s%s***", whole ? (int)head.len : 0,
                 whole && head.len > 0 ? head.ptr : "", whole && head.len > 0 ? " " : "");
    log_put_span(scope, LOG_E_LINE_IN, span_of(text, (size_t)len));
    return secret;
}

/* --- Lines to the client --- */

/* Items of a FETCH response whose values may be shown (RFC 3501 section 7.4.2, RFC 7162, RFC
 * 8474). */
static const char *const shown_items[] = {
    "UID", "FLAGS", "MODSEQ", "RFC822.SIZE", "INTERNALDATE", "SAVEDATE", "EMAILID", "THREADID",
};

/* The length of the first value: a quoted string, a list or a word. */
static size_t
value_octets(struct span s)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < s.len; i++) {
        const char c = s.ptr[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '(') {
            depth++;
        } else if (c == ')') {
            if (depth == 0)
                return i;
            depth--;
        } else if (c == ' ' && depth == 0) {
            return i;
        }
    }
    return s.len;
}

/* The length of an item's name. Blanks inside brackets belong to it, as in BODY[HEADER.FIELDS
 * (FROM TO)]<0>. */
static size_t
name_octets(struct span s)
{
    bool in_section = false;
    size_t i = 0;

    for (; i < s.len && (in_section || (s.ptr[i] != ' ' && s.ptr[i] != ')')); i++) {
        if (s.ptr[i] == '[')
            in_section = true;
        else if (s.ptr[i] == ']')
            in_section = false;
    }
    return i;
}

/* items: the text between the parentheses; it may be cut. Writes at most cap octets. */
static size_t
fetch_items(struct span items, char *dst, size_t cap)
{
    struct span rest = items;
    size_t used = 0;

    while (rest.len > 0 && used + 8 < cap) {
        const struct span name = span_head(rest, name_octets(rest));
        rest = span_tail(rest, name.len);
        while (rest.len > 0 && rest.ptr[0] == ' ')
            rest = span_tail(rest, 1);
        const struct span value = span_head(rest, value_octets(rest));
        rest = span_tail(rest, value.len);
        const struct span shown =
            is_one_of(name, shown_items, ARRAY_LEN(shown_items)) ? value : SPAN("***");
        const int len = snprintf(dst + used, cap - used, "%s%.*s %.*s", used > 0 ? " " : "",
                                 SPAN_FMT(name), SPAN_FMT(shown));
        used += (size_t)len < cap - used ? (size_t)len : cap - used - 1;
        while (rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == ')'))
            rest = span_tail(rest, 1);
    }
    return used;
}

/* The length of "* 12 FETCH (" at the beginning, or 0. */
static size_t
fetch_head(struct span line)
{
    struct span rest = line;

    if (!span_eq(take_word(&rest), SPAN("*")))
        return 0;
    const struct span number = take_word(&rest);
    uint64_t value;
    if (!span_to_u64(number, UINT32_MAX, &value) || !span_ieq_str(take_word(&rest), "FETCH") ||
        !span_starts(rest, SPAN(" (")))
        return 0;
    return line.len - rest.len + 2;
}

/* "+ " and base64: a SASL challenge. */
static bool
is_challenge(struct span line)
{
    const struct span text = span_tail(line, 2);

    if (!span_starts(line, SPAN("+ ")) || text.len == 0 || text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/' || c == '='))
            return false;
    }
    return true;
}

static void
put_line_out(struct log_scope *scope, struct span line)
{
    const size_t head = fetch_head(line);

    if (head > 0 && head < 64) {
        char text[LIMIT_LOG_LINE];
        memcpy(text, line.ptr, head); /* a few octets: the number is at most ten digits */
        size_t len =
            head + fetch_items(span_tail(line, head), text + head, sizeof text - head - 1);
        text[len++] = ')';
        log_put_span(scope, LOG_E_FETCH_OUT, span_of(text, len));
    } else if (scope->account == NULL && is_challenge(line)) {
        log_put_span(scope, LOG_E_LINE_OUT, SPAN("+ ***"));
    } else {
        log_put_span(scope, LOG_E_LINE_OUT, line);
    }
}

void
log_line_out(struct log_scope *scope, struct span line)
{
    if (log_on(scope, LOG_A))
        put_line_out(scope, line);
}

/* --- The stream of output --- */

enum { TAP_OCTETS = LIMIT_LOG_LINE };

static bool
ends_in_literal(const struct log_tap *tap, uint64_t *octets_out)
{
    return literal_announced(span_of(tap->tail, tap->tail_len), octets_out);
}

/* Keeps the last octets of the line, however long it gets. */
static void
tail_put(struct log_tap *tap, struct span part)
{
    if (part.len >= TAP_TAIL_OCTETS) {
        memcpy(tap->tail, part.ptr + part.len - TAP_TAIL_OCTETS, TAP_TAIL_OCTETS);
        tap->tail_len = TAP_TAIL_OCTETS;
        return;
    }
    const size_t keep =
        tap->tail_len + part.len > TAP_TAIL_OCTETS ? TAP_TAIL_OCTETS - part.len : tap->tail_len;
    memmove(tap->tail, tap->tail + tap->tail_len - keep, keep);
    memcpy(tap->tail + keep, part.ptr, part.len);
    tap->tail_len = (uint8_t)(keep + part.len);
}

static void
tap_put(struct log_tap *tap, struct span part)
{
    const size_t room = TAP_OCTETS - tap->len;
    const size_t take = part.len < room ? part.len : room;

    if (part.len == 0)
        return;
    memcpy(tap->line + tap->len, part.ptr, take);
    tap->len += (uint32_t)take;
    tap->dropped += (uint32_t)(part.len - take);
    tail_put(tap, part);
}

/* The line is complete up to its LF. */
static void
tap_line(struct log_tap *tap, struct log_scope *scope)
{
    uint64_t octets;
    const bool literal = ends_in_literal(tap, &octets);

    tap->tail_len = 0;
    if (tap->len > 0 && tap->dropped == 0 && tap->line[tap->len - 1] == '\r')
        tap->len--;
    if (literal) {
        tap->literal_left = octets; /* the line continues after it */
        return;
    }
    put_line_out(scope, span_of(tap->line, tap->len));
    tap->len = 0;
    tap->dropped = 0;
}

static bool
is_between_lines(const struct log_tap *tap)
{
    return tap->len == 0 && tap->dropped == 0 && tap->literal_left == 0;
}

void
log_tap_begin(struct log_tap *tap)
{
    if (is_between_lines(tap))
        tap->in_step = true;
}

void
log_tap_feed(struct log_tap *tap, struct log_scope *scope, struct span output)
{
    if (!log_on(scope, LOG_A)) {
        log_tap_done(tap);
        return;
    }
    if (!tap->in_step || output.len == 0)
        return;
    if (tap->line == NULL) {
        tap->line = malloc(TAP_OCTETS);
        if (tap->line == NULL) {
            log_tap_done(tap);
            return;
        }
    }
    while (output.len > 0) {
        if (tap->literal_left > 0) {
            const size_t pass =
                tap->literal_left < output.len ? (size_t)tap->literal_left : output.len;
            tap->literal_left -= pass;
            output = span_tail(output, pass);
            continue;
        }
        const ptrdiff_t end = span_find_char(output, '\n');
        const struct span part = span_head(output, end < 0 ? output.len : (size_t)end);
        tap_put(tap, part);
        output = span_tail(output, part.len + (end >= 0));
        if (end >= 0)
            tap_line(tap, scope);
    }
    if (is_between_lines(tap)) {
        free(tap->line);
        tap->line = NULL;
    }
}

void
log_tap_done(struct log_tap *tap)
{
    free(tap->line);
    *tap = (struct log_tap){0};
}
