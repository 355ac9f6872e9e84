/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/out.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "cli/mail/notes.h"
#include "syntax/imap/flags.h"
#include "syntax/imap/mbox_name.h"

enum { PATH_OCTETS = 64 << 10, NAMES_OCTETS = 256 << 20 };

/* ---- files ---- */

enum rc
out_dir_make(const char *path, struct err *err)
{
    return mkdir(path, 0700) == 0 ? RC_OK
                                  : err_set(err, rc_of_errno(errno), errno, "%.200s", path);
}

enum rc
out_file_write(const char *path, struct span text, int64_t date_s, struct err *err)
{
    const struct timespec times[2] = {{.tv_sec = (time_t)date_s}, {.tv_sec = (time_t)date_s}};
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "%.200s", path);
    const enum rc rc = fd_write_all(fd, text, err);
    if (rc != RC_OK)
        return rc;
    return futimens(fd, times) == 0 ? RC_OK
                                    : err_set(err, rc_of_errno(errno), errno, "%.200s", path);
}

static enum rc
append_at(const char *dir, const char *name, struct span text, struct err *err)
{
    AUTO_BUF path = {0};

    buf_init(&path, PATH_OCTETS);
    buf_printf(&path, "%s/%s", dir, name);
    buf_put_char(&path, '\0');
    if (!buf_ok(&path))
        return err_set(err, RC_LIMIT, 0, "the path is too long");
    AUTO_FD fd = open(buf_span(&path).ptr, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return fd < 0 ? err_set(err, rc_of_errno(errno), errno, "%.200s", buf_span(&path).ptr)
                  : fd_write_all(fd, text, err);
}

enum rc
out_append(struct mail_out *out, const char *name, struct span text, struct err *err)
{
    return append_at(buf_span(&out->path).ptr, name, text, err);
}

enum rc
out_marks_note(struct mail_out *out, struct span file_name, const struct out_message *message,
               struct err *err)
{
    AUTO_BUF line = {0};

    buf_init(&line, 1u << 20);
    buf_put_span(&line, file_name);
    buf_printf(&line, "\t%jd\t", (intmax_t)message->date_s);
    for (unsigned bit = 0; bit < IMAP_FLAG_COUNT; bit++)
        if ((message->marks->flags >> bit & 1) != 0)
            buf_printf(&line, "%.*s ", SPAN_FMT(imap_flag_names[bit]));
    buf_put_span(&line, buf_span(&message->marks->keywords));
    buf_put_char(&line, '\n');
    return buf_ok(&line) ? out_append(out, NOTES_OF_MARKS, buf_span(&line), err)
                         : err_set(err, RC_LIMIT, 0, "no memory");
}

/* ---- the directory ---- */

enum rc
out_open(struct mail_out *out, const struct out_format *format, const char *dir,
         struct err *err)
{
    *out = (struct mail_out){.format = format, .dir = dir, .fd = -1};
    map_init(&out->used);
    map_init(&out->subscribed);
    buf_init(&out->subscriptions, NAMES_OCTETS);
    buf_init(&out->written, NAMES_OCTETS);
    buf_init(&out->notes, NAMES_OCTETS);
    buf_init(&out->path, PATH_OCTETS);
    buf_init(&out->base, LIMIT_KEYWORDS * (LIMIT_KEYWORD_OCTETS + 1) + 64);
    buf_init(&out->letters, (size_t)LIMIT_KEYWORDS * (LIMIT_KEYWORD_OCTETS + 1));
    buf_init(&out->text, (size_t)LIMIT_APPEND_MAX * 2);
    return out_dir_make(dir, err);
}

void
out_done(struct mail_out *out)
{
    fd_close(&out->fd);
    map_done(&out->used);
    map_done(&out->subscribed);
    buf_done(&out->subscriptions);
    buf_done(&out->written);
    buf_done(&out->notes);
    buf_done(&out->path);
    buf_done(&out->base);
    buf_done(&out->letters);
    buf_done(&out->text);
}

enum rc
out_subscribed(struct mail_out *out, const char *mailbox, struct err *err)
{
    buf_put(&out->subscriptions, mailbox, strlen(mailbox) + 1);
    if (!buf_ok(&out->subscriptions) ||
        map_put(&out->subscribed, span_of_str(mailbox), out) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "no memory for more subscriptions");
    return RC_OK;
}

/* ---- a mailbox ---- */

/* Makes the path from a mailbox's name, and the directories above it. False: no file can have
 * this name. */
static bool
path_by_name(struct mail_out *out, struct span name)
{
    buf_clear(&out->path);
    buf_put_str(&out->path, out->dir);
    if (out->format->folder_of == LEVEL_OF_SUBFOLDER) {
        if (!span_eq(name, SPAN("INBOX"))) {
            buf_put_char(&out->path, '/');
            if (!level_put(&out->path, name, LEVEL_OF_SUBFOLDER))
                return false;
        }
        buf_put_char(&out->path, '\0');
        return buf_ok(&out->path);
    }
    for (;;) {
        const ptrdiff_t slash = span_find_char(name, '/');
        buf_put_char(&out->path, '/');
        if (!level_put(&out->path, span_head(name, slash < 0 ? name.len : (size_t)slash),
                       slash < 0 ? out->format->folder_of : LEVEL_OF_FOLDER))
            return false;
        buf_put_char(&out->path, '\0');
        if (!buf_ok(&out->path) || slash < 0)
            return buf_ok(&out->path);
        const enum rc rc = out_dir_make(buf_span(&out->path).ptr, NULL);
        if (rc != RC_OK && rc != RC_EXISTS)
            return false;
        buf_truncate(&out->path, buf_len(&out->path) - 1);
        name = span_tail(name, (size_t)slash + 1);
    }
}

/* The same with a name that a file can have. The true name is noted. */
static enum rc
begin_similar(struct mail_out *out, const char *mailbox, struct err *err)
{
    enum rc rc = RC_EXISTS;

    for (unsigned number = 1; rc == RC_EXISTS && number < LIMIT_MAILBOXES; number++) {
        buf_clear(&out->path);
        buf_printf(&out->path, "%s/", out->dir);
        level_put_similar(&out->path, span_of_str(mailbox), out->format->folder_of, number);
        buf_put_char(&out->path, '\0');
        if (!buf_ok(&out->path))
            return err_set(err, RC_LIMIT, 0, "the path is too long");
        rc = map_get(&out->used, buf_span(&out->path)) != NULL ? RC_EXISTS
                                                               : out->format->begin(out, err);
    }
    if (rc != RC_OK)
        return rc;
    const char *file_name = buf_span(&out->path).ptr + strlen(out->dir) + 1;
    buf_printf(&out->notes, "name\t%s\t%s\n", file_name, mailbox);
    if (out->tell != NULL) {
        buf_clear(&out->text);
        buf_printf(&out->text, "no file can have the name \"%s\", so it is in %s", mailbox,
                   file_name);
        buf_put_char(&out->text, '\0');
        out->tell(out->tell_ctx, buf_ok(&out->text) ? buf_span(&out->text).ptr : mailbox);
    }
    return RC_OK;
}

enum rc
out_mailbox(struct mail_out *out, const char *mailbox, uint32_t uidvalidity,
            const struct mail_marks *keywords, struct err *err)
{
    enum rc rc = RC_EXISTS;

    buf_clear(&out->base);
    if (buf_len(&keywords->keywords) > 0)
        buf_printf(&out->base, "X-IMAPbase: %u 0000000000 %.*s\n", uidvalidity,
                   SPAN_FMT(span_trim(buf_span(&keywords->keywords))));

    fd_close(&out->fd);
    out->fd = -1;
    buf_clear(&out->letters);
    out->letter_count = 0;
    out->has_marks = false;
    if (path_by_name(out, span_of_str(mailbox)) &&
        map_get(&out->used, buf_span(&out->path)) == NULL)
        rc = out->format->begin(out, err);
    if (!buf_ok(&out->path) || !buf_ok(&out->base))
        return err_set(err, RC_LIMIT, 0, "no memory for the name of a mailbox");
    if (rc != RC_OK && rc != RC_FULL && rc != RC_LIMIT) /* a file in place of a directory */
        rc = begin_similar(out, mailbox, err);
    if (rc != RC_OK)
        return rc;
    buf_put(&out->written, mailbox, strlen(mailbox) + 1);
    buf_put_str(&out->written, buf_len(&out->path) - 1 == strlen(out->dir)
                                   ? ""
                                   : buf_span(&out->path).ptr + strlen(out->dir) + 1);
    buf_put_char(&out->written, '\0');
    if (!buf_ok(&out->written) || map_put(&out->used, buf_span(&out->path), out) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "no memory for more mailboxes");
    return RC_OK;
}

enum rc
out_message(struct mail_out *out, const struct out_message *message, struct err *err)
{
    out->serial++;
    buf_clear(&out->text);
    return out->format->message(out, message, err);
}

/* ---- the end ---- */

/* In Dovecot's form: version 2, levels separated by TAB, in modified UTF-7. */
static void
subscription_put(struct buf *text, struct span name)
{
    const size_t start = buf_len(text);

    mutf7_encode(text, name);
    buf_put_char(text, '\n');
    if (!buf_ok(text))
        return;
    for (size_t i = text->head + start; i < text->tail; i++)
        if (text->data[i] == '/')
            text->data[i] = '\t';
}

/* The name that other programs see; for a subfolder, the one in its file name. */
static struct span
seen_name(const struct mail_out *out, struct span mailbox, struct span path,
          struct buf *scratch)
{
    buf_clear(scratch);
    if (out->format->folder_of != LEVEL_OF_SUBFOLDER || path.len == 0 ||
        !level_read(scratch, path, LEVEL_OF_SUBFOLDER))
        return mailbox;
    return buf_span(scratch);
}

static void
text_take(struct span *list, struct span *out)
{
    const ptrdiff_t end = span_find_char(*list, '\0');

    *out = span_head(*list, end < 0 ? list->len : (size_t)end);
    *list = span_tail(*list, out->len + 1);
}

enum rc
out_finish(struct mail_out *out, bool all, struct err *err)
{
    struct span list = buf_span(&out->written);
    struct span mailbox;
    struct span path;
    enum rc rc = RC_OK;
    AUTO_BUF text = {0};
    AUTO_BUF scratch = {0};

    buf_init(&text, NAMES_OCTETS);
    buf_init(&scratch, PATH_OCTETS);
    buf_put_str(&text, "V\t2\n\n");
    while (list.len > 0) {
        text_take(&list, &mailbox);
        text_take(&list, &path);
        if (map_take(&out->subscribed, mailbox) != NULL)
            subscription_put(&text, seen_name(out, mailbox, path, &scratch));
        else
            buf_printf(&out->notes, "unsubscribed\t%.*s\n", SPAN_FMT(mailbox));
        text.failed |= !buf_ok(&scratch);
    }
    list = buf_span(&out->subscriptions);
    while (all && list.len > 0) { /* subscriptions to mailboxes that do not exist */
        text_take(&list, &mailbox);
        if (map_get(&out->subscribed, mailbox) != NULL)
            subscription_put(&text, mailbox);
    }
    if (!buf_ok(&text) || !buf_ok(&out->notes))
        return err_set(err, RC_LIMIT, 0, "no memory for names");
    if (buf_len(&text) > strlen("V\t2\n\n"))
        rc = append_at(out->dir, out->format->subscriptions, buf_span(&text), err);
    if (rc == RC_OK && buf_len(&out->notes) > 0)
        rc = append_at(out->dir, NOTES_OF_EXPORT, buf_span(&out->notes), err);
    AUTO_FD fd = open(out->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rc == RC_OK && (fd < 0 || syncfs(fd) != 0))
        rc = err_set(err, rc_of_errno(errno), errno, "%.200s", out->dir);
    return rc;
}
