/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/maildir.h"

#include "syntax/imap/flags.h"

static const struct {
    char letter; /* in alphabetical order */
    unsigned flag;
} flag_letters[] = {{'D', IMAP_FLAG_DRAFT},
                    {'F', IMAP_FLAG_FLAGGED},
                    {'R', IMAP_FLAG_ANSWERED},
                    {'S', IMAP_FLAG_SEEN},
                    {'T', IMAP_FLAG_DELETED}};

static const struct span forwarded = SPAN_INIT("$Forwarded"); /* letter P, "passed" */

static struct span
line_take(struct span *text)
{
    const ptrdiff_t eol = span_find_char(*text, '\n');
    struct span line = span_head(*text, eol < 0 ? text->len : (size_t)eol);

    *text = span_tail(*text, line.len + (eol >= 0));
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

void
maildir_keywords_read(struct span text, struct maildir_keywords *out)
{
    *out = (struct maildir_keywords){0};
    while (text.len > 0) {
        const struct span line = line_take(&text);
        const ptrdiff_t blank = span_find_char(line, ' ');
        uint64_t index;
        if (blank > 0 &&
            span_to_u64(span_head(line, (size_t)blank), MAILDIR_KEYWORDS - 1, &index))
            out->names[index] = span_trim(span_tail(line, (size_t)blank + 1));
    }
}

size_t
maildir_base(const char *file_name)
{
    const size_t len = strlen(file_name);

    for (size_t at = len; at > 0; at--)
        if (strchr(":;!", file_name[at - 1]) != NULL && strncmp(file_name + at, "2,", 2) == 0)
            return at - 1;
    return len;
}

void
maildir_marks_read(const char *file_name, const struct maildir_keywords *keywords,
                   struct mail_marks *marks)
{
    const char *at = file_name + maildir_base(file_name);

    if (*at == '\0')
        return;
    for (at += 3; *at != '\0' && *at != ','; at++) {
        for (size_t i = 0; i < ARRAY_LEN(flag_letters); i++)
            if (*at == flag_letters[i].letter)
                marks->flags |= flag_letters[i].flag;
        if (*at == 'P')
            mail_marks_add(marks, forwarded);
        if (*at >= 'a' && *at <= 'z' && keywords != NULL)
            mail_marks_add(marks, keywords->names[*at - 'a']);
    }
}

void
maildir_flags_put(struct buf *out, const struct mail_marks *marks)
{
    const struct span list = buf_span(&marks->keywords);
    bool is_forwarded = false;

    for (size_t at = 0; at < list.len; at++) {
        const ptrdiff_t len = span_find_char(span_tail(list, at), ' ');
        is_forwarded |= span_ieq(span_head(span_tail(list, at), (size_t)len), forwarded);
        at += (size_t)len;
    }
    for (size_t i = 0; i < ARRAY_LEN(flag_letters); i++) {
        if (is_forwarded && flag_letters[i].letter == 'R')
            buf_put_char(out, 'P');
        if ((marks->flags & flag_letters[i].flag) != 0)
            buf_put_char(out, flag_letters[i].letter);
    }
}

/* ---- subscriptions ---- */

void
subscriptions_begin(struct subscriptions *subs, struct span text)
{
    *subs = (struct subscriptions){.rest = text};
    if (span_starts(text, SPAN("V\t2\n"))) {
        subs->is_v2 = true;
        subs->rest = span_tail(text, 4);
    }
}

/* Dovecot escapes TAB, LF, CR, NUL and its escape by \001 and a letter (str_tabescape). */
static void
unescaped_put(struct buf *out, struct span text)
{
    static const char letters[] = "01tnr";
    static const char octets[] = "\0\001\t\n\r";

    for (size_t i = 0; i < text.len; i++) {
        const char *letter =
            text.ptr[i] == '\001' && i + 1 < text.len && text.ptr[i + 1] != '\0'
                ? strchr(letters, text.ptr[i + 1])
                : NULL;
        if (letter != NULL) {
            buf_put_char(out, octets[letter - letters]);
            i++;
        } else {
            buf_put_char(out, text.ptr[i]);
        }
    }
}

bool
subscriptions_next(struct subscriptions *subs, struct buf *name_out)
{
    buf_clear(name_out);
    while (subs->rest.len > 0) {
        struct span line = line_take(&subs->rest);
        if (line.len == 0)
            continue;
        if (!subs->is_v2) {
            buf_put_span(name_out, line);
            return true;
        }
        for (;;) {
            const ptrdiff_t tab = span_find_char(line, '\t');
            unescaped_put(name_out, span_head(line, tab < 0 ? line.len : (size_t)tab));
            if (tab < 0)
                return true;
            buf_put_char(name_out, '/');
            line = span_tail(line, (size_t)tab + 1);
        }
    }
    return false;
}
