/* SPDX-License-Identifier: MIT */
/*
 * What containers, orchestrators, journals and syslog put around the lines of a program. Their
 * times are kept, because many programs in containers write none.
 */
#include "journal/foreign/wrap/wrap.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "journal/foreign/read/read.h"

/* Docker cuts longer lines. Only the last piece has a line end. */
enum { DOCKER_PIECE_OCTETS = 16384, NAME_MAX_OCTETS = 200 };

static void
note_time(struct foreign_wrapped *line, int64_t at_us)
{
    if (line->at_us == FOREIGN_NO_TIME)
        line->at_us = at_us;
}

/* --- JSON --- */

static const char *
text_of(const json_t *root, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_object_get(root, names[i]));
        if (text != NULL)
            return text;
    }
    return NULL;
}

static void
json_time(struct foreign_wrap *wrap, struct foreign_wrapped *line, const json_t *root)
{
    static const char *const names[] = {"time", "timestamp", "@timestamp", "ts",
                                        "__REALTIME_TIMESTAMP"};
    const char *text = text_of(root, names, sizeof names / sizeof names[0]);
    struct span rest = span_of_str(text == NULL ? "" : text);
    uint64_t us;
    int64_t at;

    if (when_take_iso(&wrap->clock, &rest, &at)) {
        note_time(line, at);
    } else if (rest.len >= 15 && span_to_u64(rest, INT64_MAX, &us)) { /* journald */
        wrap->clock = (struct foreign_clock){
            .has_date = true, .has_zone = true, .precision_us = 1, .year = wrap->clock.year};
        note_time(line, (int64_t)us);
    }
}

/* The line, preceded by journald's identifier and process in the form of syslog. */
static void
json_text(struct foreign_wrap *wrap, struct foreign_wrapped *line, const json_t *root,
          const char *text)
{
    static const char *const pids[] = {"SYSLOG_PID", "_PID"};
    const char *ident = json_string_value(json_object_get(root, "SYSLOG_IDENTIFIER"));
    const char *pid = text_of(root, pids, 2);
    struct buf *plain = foreign_wrap_text(wrap);
    struct span rest = span_of_str(text);
    const bool has_end = rest.len > 0 && rest.ptr[rest.len - 1] == '\n';

    if (ident != NULL && pid != NULL)
        buf_printf(plain, "%.64s[%.16s]: ", ident, pid);
    else if (ident != NULL)
        buf_printf(plain, "%.64s: ", ident);
    while (rest.len > 0 && (rest.ptr[rest.len - 1] == '\n' || rest.ptr[rest.len - 1] == '\r'))
        rest.len--;
    for (size_t i = 0; i < rest.len; i++)
        buf_put_char(plain, rest.ptr[i] == '\n' || rest.ptr[i] == '\r' ? ' ' : rest.ptr[i]);
    line->part = !has_end && rest.len >= DOCKER_PIECE_OCTETS;
    line->text = buf_span(plain);
}

bool
foreign_wrap_json(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    static const char *const names[] = {"log", "MESSAGE", "message", "msg"};

    if (line->text.len < 2 || line->text.ptr[0] != '{')
        return false;
    json_t *root = json_loadb(line->text.ptr, line->text.len, 0, NULL);
    const char *text = text_of(root, names, sizeof names / sizeof names[0]);
    if (text != NULL) {
        json_time(wrap, line, root);
        json_text(wrap, line, root, text);
    }
    json_decref(root);
    return text != NULL;
}

/* ---- syslog ---- */

/* RFC 5424 section 6: "1 TIME HOST APP PROCID MSGID SD MSG", '-' if unknown. */
static bool
syslog_1(struct foreign_wrap *wrap, struct foreign_wrapped *line, struct span rest)
{
    int64_t at;

    if (!when_take_iso(&wrap->clock, &rest, &at))
        return false;
    imap_take_word(&rest); /* skip the host */
    const struct span app = imap_take_word(&rest);
    const struct span pid = imap_take_word(&rest);
    imap_take_word(&rest); /* skip the message's kind */
    read_take(&rest, SPAN(" "));
    if (rest.len > 0 && rest.ptr[0] == '[') {
        const ptrdiff_t end = span_find(rest, SPAN("] "));
        rest = span_tail(rest, end < 0 ? rest.len : (size_t)end + 1);
    } else if (!read_take(&rest, SPAN("-"))) {
        return false;
    }
    read_take(&rest, SPAN(" "));
    read_take(&rest, SPAN("\xef\xbb\xbf"));
    struct buf *plain = foreign_wrap_text(wrap);
    if (app.len > 0 && !span_eq(app, SPAN("-"))) {
        buf_put_span(plain, span_head(app, 64));
        if (pid.len > 0 && !span_eq(pid, SPAN("-")))
            buf_printf(plain, "[%.*s]", SPAN_FMT(span_head(pid, 16)));
        buf_put_lit(plain, ": ");
    }
    buf_put_span(plain, rest);
    note_time(line, at);
    line->text = buf_span(plain);
    return true;
}

bool
foreign_wrap_priority(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    struct span rest = line->text;
    uint64_t priority;

    if (!read_take(&rest, SPAN("<")) || !when_take_number(&rest, 3, &priority) ||
        priority > 191 || !read_take(&rest, SPAN(">")))
        return false;
    struct span version = rest;
    if (read_take(&version, SPAN("1 ")) && syslog_1(wrap, line, version))
        return true;
    line->text = rest;
    return true;
}

bool
foreign_wrap_syslog(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    struct read_syslog head;

    if (!read_syslog_take(&wrap->clock, line->text, &head) || head.at_us == FOREIGN_NO_TIME ||
        head.ident.len == 0 || head.text.len == 0)
        return false;
    note_time(line, head.at_us);
    line->text = head.text;
    return true;
}

/* --- Containers --- */

static bool
stamp_take(struct foreign_wrap *wrap, struct span *rest, int64_t *at_out)
{
    const struct span before = *rest;

    return before.len > 11 && before.ptr[10] == 'T' &&
           when_take_iso(&wrap->clock, rest, at_out) &&
           (read_take(rest, SPAN(" ")) || read_take(rest, SPAN("\t")));
}

bool
foreign_wrap_cri(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    struct span rest = line->text;
    int64_t at;

    if (!stamp_take(wrap, &rest, &at) ||
        (!read_take(&rest, SPAN("stdout ")) && !read_take(&rest, SPAN("stderr "))))
        return false;
    const bool part = read_take(&rest, SPAN("P "));
    if (!part && !read_take(&rest, SPAN("F ")))
        return false;
    line->part = part;
    line->text = rest;
    note_time(line, at);
    return true;
}

bool
foreign_wrap_stamp(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    struct span rest = line->text;
    int64_t at;

    if (!stamp_take(wrap, &rest, &at))
        return false;
    line->text = rest;
    note_time(line, at);
    return true;
}

static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '.' || c == '/';
}

bool
foreign_wrap_compose(struct foreign_wrap *wrap, struct foreign_wrapped *line)
{
    struct span rest = line->text;
    size_t at = 0;

    (void)wrap;
    const bool bracket = read_take(&rest, SPAN("["));
    while (at < rest.len && at < NAME_MAX_OCTETS && is_name_char(rest.ptr[at]))
        at++;
    if (at == 0)
        return false;
    if (bracket) {
        /* "[pod/mail-0/dovecot] "; the slash distinguishes it from "[15] ". */
        const struct span name = span_head(rest, at);
        rest = span_tail(rest, at);
        if (span_find_char(name, '/') < 0 || !read_take(&rest, SPAN("] ")))
            return false;
    } else {
        rest = span_tail(rest, at);
        while (read_take(&rest, SPAN(" ")))
            continue;
        if (!read_take(&rest, SPAN("|")))
            return false;
        read_take(&rest, SPAN(" "));
    }
    line->text = rest;
    return true;
}
