/* SPDX-License-Identifier: MIT */
/*
 * See the header. Paths are worked off in order; a folder is a Maildir (it has cur/ or new/) or
 * is searched for mail files; a file is an mbox when it begins with "From ", else one message.
 */
#include "cli/mail_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/limits.h"

/* A file to be taken, with what its place says about it. */
struct mail_file {
    char *path;    /* owned */
    char *mailbox; /* owned; NULL: as the whole source */
    uint64_t octets;
    bool is_maildir; /* flags are in its name */
};

struct mail_source {
    const char *mailbox;
    struct mail_file *files; /* owned, growing */
    size_t file_count;
    size_t file_next;
    uint64_t total;
    uint64_t done; /* of files before the present one */
    void *map;     /* the present file */
    size_t map_octets;
    struct span rest; /* of an mbox under way */
    size_t rest_line; /* its first line's number */
    struct buf text;
};

/* ---- mbox ---- */

static bool
is_separator(struct span at)
{
    return span_starts(at, SPAN("From "));
}

bool
mbox_next(struct span *rest, struct mbox_message *out)
{
    if (rest->len == 0 || !is_separator(*rest))
        return false;
    const ptrdiff_t eol = span_find_char(*rest, '\n');
    const size_t line = eol < 0 ? rest->len : (size_t)eol + 1;
    out->from_line = span_trim(span_head(*rest, line));
    const struct span body = span_tail(*rest, line);
    size_t end = 0;
    for (;;) {
        const ptrdiff_t hit = span_find(span_tail(body, end), SPAN("\nFrom "));
        if (hit < 0) {
            end = body.len;
            break;
        }
        end += (size_t)hit + 1;
        /* A separator follows an empty line and has a date; anything else is text that some
         * program forgot to quote. */
        const struct span before = span_head(body, end);
        const bool blank =
            end == 1 || (end >= 2 && before.ptr[end - 2] == '\n') ||
            (end >= 3 && before.ptr[end - 2] == '\r' && before.ptr[end - 3] == '\n');
        const struct span candidate = span_tail(body, end);
        const ptrdiff_t candidate_eol = span_find_char(candidate, '\n');
        if (blank &&
            mbox_from_date(span_head(
                candidate, candidate_eol < 0 ? candidate.len : (size_t)candidate_eol)) >= 0)
            break;
    }
    *rest = span_tail(body, end);
    struct span raw = span_head(body, end);
    if (rest->len > 0 && raw.len > 0) { /* the empty line belongs to the separator */
        raw.len--;
        if (raw.len > 0 && raw.ptr[raw.len - 1] == '\r')
            raw.len--;
    }
    out->raw = raw;
    return true;
}

int64_t
mbox_from_date(struct span from_line)
{
    static const char formats[][24] = {"%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M %Y"};
    char text[128];
    struct tm tm;

    /* The date is what follows the sender: try from each blank on, the sender may have some. */
    from_line = span_trim(from_line);
    if (from_line.len >= sizeof text)
        return -1;
    memcpy(text, from_line.ptr, from_line.len);
    text[from_line.len] = '\0';
    for (const char *at = strchr(text, ' '); at != NULL; at = strchr(at + 1, ' ')) {
        for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
            tm = (struct tm){0};
            if (strptime(at + 1, formats[i], &tm) != NULL)
                return (int64_t)timegm(&tm);
        }
    }
    return -1;
}

/* ">From ", ">>From " ... lose one '>' (mboxrd). */
static bool
is_quoted_from(struct span line)
{
    size_t quotes = 0;

    while (quotes < line.len && line.ptr[quotes] == '>')
        quotes++;
    return quotes > 0 && span_starts(span_tail(line, quotes), SPAN("From "));
}

void
mail_text_put(struct buf *out, struct span raw, enum mail_quoting quoting)
{
    while (raw.len > 0) {
        const ptrdiff_t eol = span_find_char(raw, '\n');
        struct span line = span_head(raw, eol < 0 ? raw.len : (size_t)eol);
        raw = span_tail(raw, line.len + (eol >= 0));
        if (quoting == MAIL_MBOX && is_quoted_from(line))
            line = span_tail(line, 1);
        buf_put_span(out, line);
        if (eol < 0)
            break;
        if (line.len == 0 || line.ptr[line.len - 1] != '\r')
            buf_put_char(out, '\r');
        buf_put_char(out, '\n');
    }
}

/* The octets of a "Status:" or "X-Status:" field (mbox programs keep flags there). */
static void
status_flags(struct span raw, json_t *flags)
{
    static const struct {
        char letter;
        const char *flag;
    } letters[] = {{'R', "\\Seen"},
                   {'A', "\\Answered"},
                   {'F', "\\Flagged"},
                   {'D', "\\Deleted"},
                   {'T', "\\Draft"}};
    static const char *const fields[] = {"Status:", "X-Status:"};

    for (;;) {
        const ptrdiff_t eol = span_find_char(raw, '\n');
        const struct span line = span_trim(span_head(raw, eol < 0 ? raw.len : (size_t)eol));
        if (line.len == 0)
            return; /* the header is over */
        for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
            if (!span_istarts(line, span_of_str(fields[f])))
                continue;
            const struct span value = span_tail(line, strlen(fields[f]));
            for (size_t i = 0; i < ARRAY_LEN(letters); i++)
                if (span_find_char(value, letters[i].letter) >= 0)
                    json_array_append_new(flags, json_string(letters[i].flag));
        }
        if (eol < 0)
            return;
        raw = span_tail(raw, (size_t)eol + 1);
    }
}

/* ---- Maildir ---- */

json_t *
maildir_flags(const char *file_name)
{
    static const struct {
        char letter;
        const char *flag;
    } letters[] = {{'S', "\\Seen"},    {'R', "\\Answered"}, {'F', "\\Flagged"},
                   {'T', "\\Deleted"}, {'D', "\\Draft"},    {'P', "$Forwarded"}};
    json_t *flags = json_array();
    const char *info = strstr(file_name, ":2,");

    for (size_t i = 0; info != NULL && i < ARRAY_LEN(letters); i++)
        if (strchr(info + 3, letters[i].letter) != NULL)
            json_array_append_new(flags, json_string(letters[i].flag));
    return flags;
}

/* ---- finding files ---- */

static enum rc
file_add(struct mail_source *source, const char *path, const char *mailbox, bool is_maildir,
         struct err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return RC_OK;
    if (source->file_count % 1024 == 0) {
        struct mail_file *more =
            realloc(source->files, (source->file_count + 1024) * sizeof *more);
        if (more == NULL)
            return err_set(err, RC_LIMIT, 0, "no memory");
        source->files = more;
    }
    struct mail_file *file = &source->files[source->file_count];
    *file = (struct mail_file){.path = strdup(path),
                               .mailbox = mailbox == NULL ? NULL : strdup(mailbox),
                               .octets = (uint64_t)st.st_size,
                               .is_maildir = is_maildir};
    if (file->path == NULL || (mailbox != NULL && file->mailbox == NULL))
        return err_set(err, RC_LIMIT, 0, "no memory");
    source->file_count++;
    source->total += file->octets;
    return RC_OK;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

typedef enum rc visit_fn(struct mail_source *source, const char *path, const char *name,
                         const char *mailbox, struct err *err);

/* Calls visit for each entry of dir but "." and "..", in order of name. */
static enum rc
dir_walk(struct mail_source *source, const char *dir, const char *mailbox, visit_fn *visit,
         struct err *err)
{
    struct dirent **entries = NULL;
    const int count = scandir(dir, &entries, NULL, by_name);
    enum rc rc = count < 0 ? err_set(err, rc_of_errno(errno), errno, "%s", dir) : RC_OK;

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char *path = NULL;
        if (rc == RC_OK && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            if (asprintf(&path, "%s/%s", dir, name) < 0)
                rc = err_set(err, RC_LIMIT, 0, "no memory");
            else
                rc = visit(source, path, name, mailbox, err);
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static bool
is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
is_maildir(const char *path)
{
    char *cur = NULL;

    if (asprintf(&cur, "%s/cur", path) < 0)
        return false;
    const bool yes = is_dir(cur);
    free(cur);
    return yes;
}

static enum rc
maildir_file(struct mail_source *source, const char *path, const char *name,
             const char *mailbox, struct err *err)
{
    return name[0] == '.' ? RC_OK : file_add(source, path, mailbox, true, err);
}

static enum rc
maildir_messages(struct mail_source *source, const char *path, const char *mailbox,
                 struct err *err)
{
    static const char *const folders[] = {"cur", "new"};
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(folders); i++) {
        char *dir = NULL;
        if (asprintf(&dir, "%s/%s", path, folders[i]) < 0)
            return err_set(err, RC_LIMIT, 0, "no memory");
        if (is_dir(dir))
            rc = dir_walk(source, dir, mailbox, maildir_file, err);
        free(dir);
    }
    return rc;
}

/* ".Work.2024" of a Maildir++ is the mailbox Work/2024. */
static enum rc
maildir_subfolder(struct mail_source *source, const char *path, const char *name,
                  const char *mailbox, struct err *err)
{
    char *sub = NULL;

    (void)mailbox;
    if (name[0] != '.' || !is_maildir(path))
        return RC_OK;
    if (source->mailbox != NULL ? asprintf(&sub, "%s/%s", source->mailbox, name + 1) < 0
                                : asprintf(&sub, "%s", name + 1) < 0)
        return err_set(err, RC_LIMIT, 0, "no memory");
    for (char *c = sub + (source->mailbox == NULL ? 0 : strlen(source->mailbox) + 1);
         *c != '\0'; c++)
        if (*c == '.')
            *c = '/';
    const enum rc rc = maildir_messages(source, path, sub, err);
    free(sub);
    return rc;
}

static enum rc path_add(struct mail_source *source, const char *path, const char *name,
                        const char *mailbox, struct err *err);

static enum rc
folder_add(struct mail_source *source, const char *path, struct err *err)
{
    if (!is_maildir(path))
        return dir_walk(source, path, NULL, path_add, err);
    const enum rc rc = maildir_messages(source, path, NULL, err);
    return rc == RC_OK ? dir_walk(source, path, NULL, maildir_subfolder, err) : rc;
}

static enum rc
path_add(struct mail_source *source, const char *path, const char *name, const char *mailbox,
         struct err *err)
{
    if (name[0] == '.' && mailbox == NULL && name[1] != '\0' && name[1] != '/' &&
        name[1] != '.')
        return RC_OK; /* hidden files of a folder that is searched */
    return is_dir(path) ? folder_add(source, path, err)
                        : file_add(source, path, NULL, false, err);
}

enum rc
mail_source_open(char *const *paths, size_t path_count, const char *mailbox,
                 struct mail_source **out, struct err *err)
{
    struct mail_source *source = calloc(1, sizeof *source);
    enum rc rc = RC_OK;

    if (source == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    source->mailbox = mailbox;
    buf_init(&source->text, (size_t)LIMIT_APPEND_MAX * 2);
    for (size_t i = 0; rc == RC_OK && i < path_count; i++)
        rc = path_add(source, paths[i], "", NULL, err);
    if (rc != RC_OK) {
        mail_source_close(source);
        return rc;
    }
    *out = source;
    return RC_OK;
}

static void
map_drop(struct mail_source *source)
{
    if (source->map != NULL)
        munmap(source->map, source->map_octets);
    source->map = NULL;
    source->rest = SPAN("");
}

void
mail_source_close(struct mail_source *source)
{
    if (source == NULL)
        return;
    map_drop(source);
    for (size_t i = 0; i < source->file_count; i++) {
        free(source->files[i].path);
        free(source->files[i].mailbox);
    }
    free(source->files);
    buf_done(&source->text);
    free(source);
}

void
mail_source_progress(const struct mail_source *source, uint64_t *done_out, uint64_t *total_out)
{
    *done_out = source->done;
    if (source->map != NULL)
        *done_out += source->map_octets - source->rest.len;
    *total_out = source->total;
}

/* ---- giving messages ---- */

static enum rc
file_map(struct mail_source *source, const struct mail_file *file, struct stat *st,
         struct err *err)
{
    AUTO_FD fd = open(file->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, st) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", file->path);
    source->map_octets = (size_t)st->st_size;
    if (source->map_octets == 0)
        return RC_OK;
    void *map = mmap(NULL, source->map_octets, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return err_set(err, rc_of_errno(errno), errno, "%s", file->path);
    madvise(map, source->map_octets, MADV_SEQUENTIAL);
    source->map = map;
    return RC_OK;
}

static enum rc
head_make(const struct mail_source *source, const struct mail_file *file, json_t *flags,
          int64_t date_s, json_t **head_out, struct err *err)
{
    const char *mailbox = file->mailbox != NULL     ? file->mailbox
                          : source->mailbox != NULL ? source->mailbox
                                                    : "INBOX";
    json_t *head =
        json_pack("{ss, so, ss}", "mailbox", mailbox, "flags", flags, "source", file->path);

    if (head == NULL) /* a name that is not UTF-8 */
        return err_set(err, RC_INVALID, 0, "%s: the name is not UTF-8", file->path);
    if (date_s >= 0)
        json_object_set_new(head, "date", json_integer(date_s));
    *head_out = head;
    return RC_OK;
}

static enum rc
mbox_message_next(struct mail_source *source, const struct mail_file *file, json_t **head_out,
                  struct span *text_out, struct err *err)
{
    const char *before = source->rest.ptr;
    struct mbox_message message;

    if (!mbox_next(&source->rest, &message))
        return err_set(err, RC_INVALID, 0, "%s:%zu: not an mbox from here on", file->path,
                       source->rest_line);
    for (const char *c = before; c < source->rest.ptr; c++)
        source->rest_line += *c == '\n';
    json_t *flags = json_array();
    status_flags(message.raw, flags);
    buf_clear(&source->text);
    mail_text_put(&source->text, message.raw, MAIL_MBOX);
    *text_out = buf_span(&source->text);
    return head_make(source, file, flags, mbox_from_date(message.from_line), head_out, err);
}

static enum rc
file_next(struct mail_source *source, json_t **head_out, struct span *text_out, struct err *err)
{
    const struct mail_file *file = &source->files[source->file_next++];
    struct stat st;

    const enum rc rc = file_map(source, file, &st, err);
    if (rc != RC_OK || source->map == NULL)
        return rc == RC_OK ? RC_AGAIN : rc;
    const struct span whole = span_of(source->map, source->map_octets);
    if (!file->is_maildir && is_separator(whole)) {
        source->rest = whole;
        source->rest_line = 1;
        return RC_AGAIN;
    }
    if (!file->is_maildir &&
        memchr(whole.ptr, ':', whole.len < 4096 ? whole.len : 4096) == NULL)
        return err_set(err, RC_INVALID, 0, "%s:1: neither mbox nor message", file->path);
    buf_clear(&source->text);
    mail_text_put(&source->text, whole, MAIL_PLAIN);
    *text_out = buf_span(&source->text);
    return head_make(source, file, maildir_flags(file->path),
                     file->is_maildir ? (int64_t)st.st_mtime : -1, head_out, err);
}

enum rc
mail_source_next(struct mail_source *source, json_t **head_out, struct span *text_out,
                 struct err *err)
{
    enum rc rc = RC_AGAIN;

    while (rc == RC_AGAIN) {
        if (source->rest.len > 0) {
            const struct mail_file *file = &source->files[source->file_next - 1];
            rc = mbox_message_next(source, file, head_out, text_out, err);
            continue;
        }
        if (source->map != NULL) {
            source->done += source->map_octets;
            map_drop(source);
        }
        if (source->file_next == source->file_count)
            return RC_NOT_FOUND;
        rc = file_next(source, head_out, text_out, err);
    }
    if (rc == RC_OK && !buf_ok(&source->text)) {
        json_decref(*head_out);
        return err_set(err, RC_LIMIT, 0, "a message is larger than can be taken");
    }
    return rc;
}
