/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/mbox.h"

#include <time.h>

#include "base/limits.h"
#include "cli/mail/from_date.h"
#include "syntax/imap/flags.h"

static bool
is_from(struct span at)
{
    return span_starts(at, SPAN("From "));
}

/* The first line, including its line end. */
static struct span
line_of(struct span text)
{
    const ptrdiff_t eol = span_find_char(text, '\n');

    return span_head(text, eol < 0 ? text.len : (size_t)eol + 1);
}

/* Whether a line begins with "Name:", where the name has characters allowed by RFC 5322 section
 * 2.2. */
static bool
is_field(struct span line)
{
    size_t len = 0;

    while (len < line.len && line.ptr[len] > ' ' && line.ptr[len] < 0x7f &&
           line.ptr[len] != ':')
        len++;
    return len > 0 && len < line.len && line.ptr[len] == ':';
}

/* Whether this is a line "From " with a date, followed by a field (or by another such line,
 * quoted). */
static bool
is_divider(struct span at)
{
    const struct span line = line_of(at);
    const struct span next = span_tail(at, line.len);
    int64_t date;

    return is_from(at) && from_line_date(line, &date) &&
           (is_field(line_of(next)) || span_starts(next, SPAN(">From ")));
}

/* ---- where it begins ---- */

bool
mbox_begins(struct span whole, enum mbox_expected expected, struct span *rest_out)
{
    struct span at = whole;

    if (span_starts(at, SPAN("\xef\xbb\xbf")))
        at = span_tail(at, 3);
    while (at.len > 0 && strchr("\r\n \t", at.ptr[0]) != NULL && at.ptr[0] != '\0')
        at = span_tail(at, 1);
    if (is_from(at)) {
        *rest_out = at;
        return true;
    }
    /* It begins with a field: this is a single message, and a From line in it is text. */
    if (expected == MBOX_BY_CONTENT && is_field(line_of(at)))
        return false;
    while (at.len > 0 && whole.len - at.len <= LIMIT_MBOX_JUNK) {
        if (is_divider(at)) {
            *rest_out = at;
            return true;
        }
        at = span_tail(at, line_of(at).len);
    }
    return false;
}

/* ---- where messages end ---- */

/* Octets of the header with its empty line, or everything if there is none. */
static size_t
header_octets(struct span raw)
{
    size_t at = 0;

    while (at < raw.len) {
        const struct span line = line_of(span_tail(raw, at));
        at += line.len;
        if (line.ptr[0] == '\n' || (line.len == 2 && line.ptr[0] == '\r'))
            break;
        if (is_divider(span_tail(raw, at)))
            break; /* the header has no end, and the next message begins */
    }
    return at;
}

/* The length according to Content-Length if it is credible, otherwise 0. */
static size_t
end_by_length(struct span body)
{
    const size_t header = header_octets(body);
    uint64_t length = 0;
    bool found = false;

    for (size_t at = 0; at < header && !found;) {
        const struct span line = line_of(span_tail(body, at));
        at += line.len;
        if (span_istarts(line, SPAN("Content-Length:")))
            found = span_to_u64(span_trim(span_tail(line, 15)), UINT32_MAX, &length);
    }
    if (!found || length > body.len - header || length == 0)
        return 0;
    const size_t end = header + (size_t)length;
    if (body.ptr[end - 1] != '\n')
        return 0;
    struct span after = span_tail(body, end);
    if (span_starts(after, SPAN("\r\n")))
        after = span_tail(after, 2);
    else if (span_starts(after, SPAN("\n")))
        after = span_tail(after, 1);
    return after.len == 0 || is_divider(after) ? end : 0;
}

static size_t
end_by_divider(struct span body)
{
    size_t end = 0;

    if (is_divider(body))
        return 0;
    for (;;) {
        const ptrdiff_t hit = span_find(span_tail(body, end), SPAN("\nFrom "));
        if (hit < 0)
            return body.len;
        end += (size_t)hit + 1;
        if (is_divider(span_tail(body, end)))
            return end;
    }
}

/* Removes the empty line that writers put after each message, unless it is the one that ends a
 * header. */
static struct span
without_last_line(struct span raw)
{
    size_t len = raw.len;

    if (len > 0 && raw.ptr[len - 1] == '\n')
        len--;
    if (len > 0 && raw.ptr[len - 1] == '\r')
        len--;
    const bool is_empty_line = len < raw.len && (len == 0 || raw.ptr[len - 1] == '\n');
    return is_empty_line && header_octets(raw) < raw.len ? span_head(raw, len) : raw;
}

bool
mbox_next(struct span *rest, struct mbox_message *out)
{
    if (!is_from(*rest))
        return false;
    const struct span line = line_of(*rest);
    const struct span body = span_tail(*rest, line.len);
    const size_t by_length = end_by_length(body);

    out->from_line = span_trim(line);
    out->is_verbatim = by_length > 0;
    if (by_length > 0) {
        out->raw = span_head(body, by_length);
        *rest = span_tail(body, by_length);
        while (rest->len > 0 && (rest->ptr[0] == '\n' || rest->ptr[0] == '\r'))
            *rest = span_tail(*rest, 1);
    } else {
        const size_t end = end_by_divider(body);
        out->raw = without_last_line(span_head(body, end));
        *rest = span_tail(body, end);
    }
    return true;
}

bool
mbox_date(const struct mbox_message *message, int64_t *date_out)
{
    return !span_starts(message->from_line, SPAN("From - ")) &&
           from_line_date(message->from_line, date_out);
}

/* ---- marks in the header ---- */

struct letter {
    char letter;
    unsigned flag;
};

static void
letters_read(struct mail_marks *marks, struct span value)
{
    static const struct letter letters[] = {{'R', IMAP_FLAG_SEEN},
                                            {'A', IMAP_FLAG_ANSWERED},
                                            {'F', IMAP_FLAG_FLAGGED},
                                            {'D', IMAP_FLAG_DELETED},
                                            {'T', IMAP_FLAG_DRAFT}};

    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (span_find_char(value, letters[i].letter) >= 0)
            marks->flags |= letters[i].flag;
}

static bool
hex_read(struct span digits, uint32_t *value_out)
{
    uint32_t value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        const char c = ascii_lower(digits.ptr[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *value_out = value;
    return digits.len > 0 && digits.len <= 8;
}

/* nsMsgMessageFlags of Thunderbird. */
static void
mozilla_status_read(struct mail_marks *marks, struct span value)
{
    uint32_t bits;

    if (!hex_read(value, &bits))
        return;
    marks->flags |= (bits & 0x0001 ? IMAP_FLAG_SEEN : 0u) |
                    (bits & 0x0002 ? IMAP_FLAG_ANSWERED : 0u) |
                    (bits & 0x0004 ? IMAP_FLAG_FLAGGED : 0u);
    if ((bits & 0x0008) != 0)
        marks->is_deleted = true;
    if ((bits & 0x1000) != 0)
        mail_marks_add(marks, SPAN("$Forwarded"));
}

static void
mozilla_status2_read(struct mail_marks *marks, struct span value)
{
    uint32_t bits;

    if (hex_read(value, &bits) && (bits & 0x00200000) != 0)
        marks->flags |= IMAP_FLAG_DELETED;
}

static void
nothing_read(struct mail_marks *marks, struct span value)
{
    (void)marks;
    (void)value;
}

/* Fields that belong to the mbox and not to the message. Programs write each on one line; a
 * continuation line is text of the message. The first of each counts, so a message that had
 * such a field of its own keeps it if a neutral one is written before it. */
static const struct mark_field {
    struct span name;
    void (*read)(struct mail_marks *marks, struct span value);
    const char *neutral; /* a value that says nothing; NULL: always written */
} mark_fields[] = {
    {SPAN_INIT("Status"), letters_read, NULL},
    {SPAN_INIT("X-Status"), letters_read, NULL},
    {SPAN_INIT("X-Keywords"), mail_marks_add_list, NULL},
    {SPAN_INIT("X-Mozilla-Status"), mozilla_status_read, "0000"},
    {SPAN_INIT("X-Mozilla-Status2"), mozilla_status2_read, "00000000"},
    {SPAN_INIT("X-Mozilla-Keys"), mail_marks_add_list, ""},
    {SPAN_INIT("X-UID"), nothing_read, "0"},
    {SPAN_INIT("X-IMAPbase"), nothing_read, "0 0"},
    {SPAN_INIT("Content-Length"), nothing_read, "0"},
};

/* Index of the row of a field, or ARRAY_LEN(mark_fields). */
static size_t
mark_field_of(struct span line)
{
    size_t i = 0;

    for (; i < ARRAY_LEN(mark_fields); i++) {
        const struct span name = mark_fields[i].name;
        if (span_istarts(line, name) && line.len > name.len && line.ptr[name.len] == ':')
            break;
    }
    return i;
}

/* Whether this is ">From ", ">>From " ..., which loses one '>' (mboxrd). */
static bool
is_quoted_from(struct span line)
{
    size_t quotes = 0;

    while (quotes < line.len && line.ptr[quotes] == '>')
        quotes++;
    return quotes > 0 && is_from(span_tail(line, quotes));
}

static void
unquoted_put(struct buf *out, struct span raw, bool is_verbatim)
{
    if (is_verbatim) {
        mail_text_put(out, raw);
        return;
    }
    while (raw.len > 0) {
        const struct span line = line_of(raw);
        raw = span_tail(raw, line.len);
        mail_text_put(out, span_tail(line, is_quoted_from(line)));
    }
}

void
mbox_text_put(struct buf *out, const struct mbox_message *message, struct mail_marks *marks)
{
    const struct span raw = message->raw;
    const size_t header_len = header_octets(raw);
    struct span header = span_head(raw, header_len);
    bool taken[ARRAY_LEN(mark_fields)] = {false};

    while (header.len > 0) {
        const struct span field = line_of(header);
        const size_t i = mark_field_of(field);
        header = span_tail(header, field.len);
        if (i == ARRAY_LEN(mark_fields) || taken[i]) {
            unquoted_put(out, field, message->is_verbatim);
            continue;
        }
        taken[i] = true;
        mark_fields[i].read(marks, span_trim(span_tail(field, mark_fields[i].name.len + 1)));
    }
    unquoted_put(out, span_tail(raw, header_len), message->is_verbatim);
}

bool
mbox_is_folder_data(struct span raw)
{
    struct span header = span_head(raw, header_octets(raw));
    bool is_internal = false;
    bool has_uids = false;

    while (header.len > 0) {
        const struct span line = line_of(header);
        header = span_tail(header, line.len);
        has_uids |= span_istarts(line, SPAN("X-IMAP:"));
        is_internal |= span_istarts(line, SPAN("From:")) &&
                       span_find(line, SPAN("Mail System Internal Data")) >= 0;
    }
    return has_uids && is_internal;
}

/* ---- writing ---- */

/* Writes neutral fields before fields of the message that look like marks. */
static void
neutral_put(struct buf *out, struct span base, struct span text)
{
    struct span header = span_head(text, header_octets(text));
    bool put[ARRAY_LEN(mark_fields)] = {false};

    while (header.len > 0) {
        const struct span line = line_of(header);
        const size_t i = mark_field_of(line);
        header = span_tail(header, line.len);
        if (i == ARRAY_LEN(mark_fields) || put[i] || mark_fields[i].neutral == NULL ||
            (base.len > 0 && mark_field_of(base) == i))
            continue;
        put[i] = true;
        buf_printf(out, "%.*s: %s\n", SPAN_FMT(mark_fields[i].name), mark_fields[i].neutral);
    }
}

void
mbox_message_put(struct buf *out, int64_t date_s, struct span base,
                 const struct mail_marks *marks, struct span text)
{
    const time_t when = (time_t)date_s;
    char date[32];
    struct tm tm;

    if (gmtime_r(&when, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099)
        tm = (struct tm){.tm_year = 70, .tm_mday = 1, .tm_wday = 4};
    /* RFC 4155: ctime's form, in UTC. The program has no locale, so these are English. */
    strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm);
    buf_printf(out, "From MAILER-DAEMON %s\n", date);
    buf_put_span(out, base);
    buf_printf(
        out, "Status: %sO\nX-Status: %s%s%s%s\nX-Keywords: ",
        marks->flags & IMAP_FLAG_SEEN ? "R" : "", marks->flags & IMAP_FLAG_ANSWERED ? "A" : "",
        marks->flags & IMAP_FLAG_FLAGGED ? "F" : "",
        marks->flags & IMAP_FLAG_DELETED ? "D" : "", marks->flags & IMAP_FLAG_DRAFT ? "T" : "");
    buf_put_span(out, span_trim(buf_span(&marks->keywords)));
    buf_put_char(out, '\n');
    neutral_put(out, base, text);
    while (text.len > 0) {
        const struct span line = line_of(text);
        text = span_tail(text, line.len);
        if (is_from(line) || is_quoted_from(line))
            buf_put_char(out, '>');
        mail_text_put_lf(out, line);
        if (line.ptr[line.len - 1] != '\n')
            buf_put_char(out, '\n');
    }
    buf_put_char(out, '\n');
}
