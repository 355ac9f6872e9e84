/* SPDX-License-Identifier: MIT */
/*
 * Maildir++ as Dovecot and Courier read it: INBOX is the directory itself, and A/B is ".A.B" in
 * it. Lines end with LF, S= and W= are the sizes on disk and with CR LF, keywords are letters
 * whose names are in dovecot-keywords. $Forwarded has a letter as well as Maildir's P, which
 * Dovecot does not read.
 */
#include "cli/mail/maildir.h"
#include "cli/mail/notes.h"
#include "cli/mail/out.h"

enum { PATH_OCTETS = 64 << 10 };

static enum rc
path_make(struct mail_out *out, const char *sub, bool is_dir, struct err *err)
{
    AUTO_BUF path = {0};

    buf_init(&path, PATH_OCTETS);
    buf_printf(&path, "%s/%s", buf_span(&out->path).ptr, sub);
    buf_put_char(&path, '\0');
    if (!buf_ok(&path))
        return err_set(err, RC_LIMIT, 0, "the path is too long");
    return is_dir ? out_dir_make(buf_span(&path).ptr, err)
                  : out_file_write(buf_span(&path).ptr, SPAN(""), 0, err);
}

static enum rc
maildir_begin(struct mail_out *out, struct err *err)
{
    static const char *const subs[] = {"cur", "new", "tmp"};
    const bool is_top = buf_len(&out->path) - 1 == strlen(out->dir); /* is there already */
    enum rc rc = is_top ? RC_OK : out_dir_make(buf_span(&out->path).ptr, err);

    for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(subs); i++)
        rc = path_make(out, subs[i], true, err);
    if (rc == RC_OK && !is_top)
        rc = path_make(out, "maildirfolder", false, err);
    return rc;
}

/* The letter of a keyword; assigned if it is new. '\0': all letters are taken. */
static enum rc
letter_of(struct mail_out *out, struct span keyword, char *letter_out, struct err *err)
{
    struct span known = buf_span(&out->letters);

    *letter_out = '\0';
    for (size_t i = 0; i < out->letter_count; i++) {
        const struct span name = span_of_str(known.ptr);
        if (span_ieq(name, keyword)) {
            *letter_out = (char)('a' + i);
            return RC_OK;
        }
        known = span_tail(known, name.len + 1);
    }
    if (out->letter_count == MAILDIR_KEYWORDS)
        return RC_OK;
    AUTO_BUF line = {0};
    buf_init(&line, 1024);
    buf_printf(&line, "%zu %.*s\n", out->letter_count, SPAN_FMT(keyword));
    buf_put_span(&out->letters, keyword);
    buf_put_char(&out->letters, '\0');
    if (!buf_ok(&line) || !buf_ok(&out->letters))
        return err_set(err, RC_LIMIT, 0, "no memory for a keyword");
    const enum rc rc = out_append(out, "dovecot-keywords", buf_span(&line), err);
    if (rc != RC_OK)
        return rc;
    *letter_out = (char)('a' + out->letter_count++);
    return RC_OK;
}

/* Appends the letters of all keywords, in order. *beyond_out: some have none. */
static enum rc
keywords_put(struct mail_out *out, struct buf *name, const struct mail_marks *marks,
             bool *beyond_out, struct err *err)
{
    struct span list = buf_span(&marks->keywords);
    bool has[MAILDIR_KEYWORDS] = {false};
    enum rc rc = RC_OK;

    *beyond_out = false;
    while (rc == RC_OK && list.len > 0) {
        const ptrdiff_t end = span_find_char(list, ' ');
        const struct span keyword = span_head(list, end < 0 ? list.len : (size_t)end);
        char letter = '\0';
        list = span_tail(list, keyword.len + 1);
        rc = letter_of(out, keyword, &letter, err);
        if (letter == '\0')
            *beyond_out = true;
        else
            has[letter - 'a'] = true;
    }
    for (size_t i = 0; i < MAILDIR_KEYWORDS; i++)
        if (has[i])
            buf_put_char(name, (char)('a' + i));
    return rc;
}

/* Size with CR LF, as Dovecot counts it. */
static size_t
virtual_size(struct span text)
{
    size_t size = text.len;

    for (size_t i = 0; i < text.len; i++)
        size += text.ptr[i] == '\n' && (i == 0 || text.ptr[i - 1] != '\r');
    return size;
}

static enum rc
maildir_message(struct mail_out *out, const struct out_message *message, struct err *err)
{
    bool beyond = false;
    AUTO_BUF path = {0};

    mail_text_put_lf(&out->text, message->text);
    if (!buf_ok(&out->text))
        return err_set(err, RC_LIMIT, 0, "no memory for a message");
    const struct span text = buf_span(&out->text);
    buf_init(&path, PATH_OCTETS);
    buf_printf(&path, "%s/cur/", buf_span(&out->path).ptr);
    const size_t dir = buf_len(&path);
    buf_printf(&path, "%jd.R%juU%u.roost,S=%zu,W=%zu", (intmax_t)message->date_s,
               (uintmax_t)out->serial, message->uid, text.len, virtual_size(text));
    const size_t base = buf_len(&path) - dir;
    buf_put_str(&path, ":2,");
    maildir_flags_put(&path, message->marks);
    enum rc rc = keywords_put(out, &path, message->marks, &beyond, err);
    buf_put_char(&path, '\0');
    if (rc == RC_OK && !buf_ok(&path))
        rc = err_set(err, RC_LIMIT, 0, "the path is too long");
    if (rc == RC_OK)
        rc = out_file_write(buf_span(&path).ptr, text, message->date_s, err);
    if (rc != RC_OK || !beyond)
        return rc;
    if (!out->has_marks && out->tell != NULL)
        out->tell(
            out->tell_ctx,
            "a Maildir has letters for only 26 keywords; the others are in " NOTES_OF_MARKS
            ", which only roost import reads");
    out->has_marks = true;
    return out_marks_note(out, span_of(buf_span(&path).ptr + dir, base), message, err);
}

const struct out_format out_format_maildir = {
    .name = "maildir",
    .subscriptions = "subscriptions",
    .folder_of = LEVEL_OF_SUBFOLDER,
    .begin = maildir_begin,
    .message = maildir_message,
};
