/* SPDX-License-Identifier: MIT */
/*
 * See the header. The file that is being read is in memory as `whole`. A small file is read, a
 * large one is mapped (mapping.h), and a compressed one is unpacked.
 */
#include "cli/mail/source.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limits.h"
#include "cli/mail/copies.h"
#include "cli/mail/eml.h"
#include "cli/mail/from_date.h"
#include "cli/mail/mapping.h"
#include "cli/mail/mbox.h"
#include "cli/mail/moved.h"
#include "cli/mail/tree.h"
#include "cli/mail/unpack.h"

enum {
    READ_OCTETS_MAX = 64 << 20, /* larger files are mapped */
    /* Names that may be listed again to find files that were moved: for all files together, and
     * in addition for each file. */
    LISTED_MOST_OF_ALL = 100000,
    LISTED_MOST_OF_EACH = 20,
};

struct mail_source {
    struct tree tree;
    size_t next;   /* index of the next entry */
    uint64_t done; /* octets of the entries before the current one */
    struct copies copies;
    struct moved moved;

    /* The current file. */
    const struct tree_entry *entry;
    int64_t mtime_s;
    struct buf read;     /* its contents, or ... */
    struct mapping map;  /* ... its mapping */
    struct buf unpacked; /* its contents, if it is compressed */
    struct span whole;
    struct span rest; /* with an mbox: what follows */
    size_t rest_line; /* number of the first line in rest */

    /* The current item. */
    struct mail_marks marks;
    struct buf text;
    char why[ERR_TEXT_OCTETS];
};

enum rc
mail_source_open(char *const *paths, size_t path_count, const char *mailbox,
                 struct mail_source **out, struct err *err)
{
    struct mail_source *source = calloc(1, sizeof *source);
    enum rc rc = RC_OK;

    if (source == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    source->tree.base = mailbox;
    buf_init(&source->read, READ_OCTETS_MAX + 1);
    buf_init(&source->unpacked, LIMIT_MAIL_UNPACKED);
    buf_init(&source->text, LIMIT_APPEND_MAX);
    mail_marks_init(&source->marks);
    moved_init(&source->moved);
    for (size_t i = 0; rc == RC_OK && i < path_count; i++)
        rc = tree_add(&source->tree, paths[i], (uint32_t)i + 1, err);
    if (rc != RC_OK) {
        mail_source_close(source);
        return rc;
    }
    *out = source;
    return RC_OK;
}

static void
file_drop(struct mail_source *source)
{
    mapping_close(&source->map);
    buf_clear(&source->read);
    buf_clear(&source->unpacked);
    source->whole = source->rest = SPAN("");
    if (source->entry != NULL)
        source->done += source->entry->octets;
    source->entry = NULL;
}

void
mail_source_close(struct mail_source *source)
{
    if (source == NULL)
        return;
    file_drop(source);
    tree_done(&source->tree);
    copies_done(&source->copies);
    moved_done(&source->moved);
    mail_marks_done(&source->marks);
    buf_done(&source->read);
    buf_done(&source->unpacked);
    buf_done(&source->text);
    free(source);
}

void
mail_source_progress(const struct mail_source *source, uint64_t *done_out, uint64_t *total_out)
{
    *done_out = source->done;
    if (source->entry != NULL && source->whole.len > 0)
        *done_out += (uint64_t)((double)source->entry->octets *
                                (double)(source->whole.len - source->rest.len) /
                                (double)source->whole.len);
    *total_out = source->tree.octets;
}

/* ---- reading a file ---- */

static enum rc
octets_get(struct mail_source *source, int fd, const struct stat *st, struct err *err)
{
    if (st->st_size <= READ_OCTETS_MAX) {
        const enum rc rc = fd_read_all(fd, &source->read, err);
        source->whole = buf_span(&source->read);
        return rc;
    }
    const enum rc rc = mapping_open(&source->map, fd, (size_t)st->st_size, err);
    source->whole = mapping_span(&source->map);
    return rc;
}

/* Reads the entry into source->whole. RC_AGAIN: it was read already, which is not an error. */
static enum rc
file_load(struct mail_source *source, struct err *err)
{
    const struct tree_entry *entry = source->entry;
    struct stat st;
    AUTO_FD fd = open(entry->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT && entry->is_maildir) {
        /* A link that leads nowhere still exists. */
        const uint64_t most = LISTED_MOST_OF_ALL + LISTED_MOST_OF_EACH * source->tree.count;
        fd = lstat(entry->path, &st) == 0 ? -1 : moved_open(&source->moved, entry->path, most);
        if (fd < 0)
            return err_set(err, RC_NOT_FOUND, 0, "gone since the folder was listed");
    }
    if (fd < 0 || fstat(fd, &st) != 0)
        return err_set(err, rc_of_errno(errno), 0, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(err, RC_INVALID, 0, "not a file");
    source->mtime_s = (int64_t)st.st_mtime;
    bool again = false;
    enum rc rc = entry->is_maildir
                     ? moved_take(&source->moved, entry->path, (uint64_t)st.st_ino, &again)
                     : RC_OK;
    if (rc != RC_OK || again)
        return again ? RC_AGAIN : err_set(err, rc, 0, "no memory");
    rc = octets_get(source, fd, &st, err);
    if (rc != RC_OK || !unpack_is_needed(source->whole))
        return rc;
    rc = unpack(&source->unpacked, source->whole, err);
    source->whole = buf_span(&source->unpacked);
    return rc;
}

/* ---- items ---- */

static void
item_begin(struct mail_source *source, enum mail_item_kind kind, struct mail_item *out)
{
    *out = (struct mail_item){
        .kind = kind,
        .mailbox = source->entry->mailbox,
        .path = source->entry->path,
        .marks = &source->marks,
        .why = source->entry->why,
        .copy = 1,
    };
}

PRINTF_LIKE(4, 5)
static void
item_without_mail(struct mail_source *source, enum mail_item_kind kind, struct mail_item *out,
                  const char *fmt, ...)
{
    va_list args;

    item_begin(source, kind, out);
    va_start(args, fmt);
    vsnprintf(source->why, sizeof source->why, fmt, args);
    va_end(args);
    out->why = source->why;
}

/* Makes an item of the message in source->text, unless it was too large. */
static enum rc
message_finish(struct mail_source *source, struct mail_item *out, struct err *err)
{
    if (!buf_ok(&source->text)) {
        const size_t line = out->line;
        item_without_mail(source, MAIL_TROUBLE, out, "larger than %u octets", LIMIT_APPEND_MAX);
        out->line = line;
        return RC_OK;
    }
    out->text = buf_span(&source->text);
    if (copies_count(&source->copies, source->entry->path_number, out->mailbox, out->text,
                     &out->copy, &out->is_repeated) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "no memory for more messages");
    return RC_OK;
}

static const char *
file_name(const struct tree_entry *entry)
{
    const char *slash = strrchr(entry->path, '/');

    return slash == NULL ? entry->path : slash + 1;
}

/* Whether the file is a single message because `roost export` wrote it, whatever it looks
 * like. */
static bool
is_noted(const struct tree_entry *entry)
{
    return entry->folder != NULL &&
           notes_get(&entry->folder->marks, span_of_str(file_name(entry))) != NULL;
}

/* Reads what .roost-marks says about the file: "seconds TAB names". False: nothing. */
static bool
noted_marks(struct mail_source *source, struct span name, struct mail_item *out)
{
    const char *noted =
        source->entry->folder == NULL ? NULL : notes_get(&source->entry->folder->marks, name);
    const char *tab = noted == NULL ? NULL : strchr(noted, '\t');

    if (tab == NULL)
        return false;
    char *end = NULL;
    const long long date = strtoll(noted, &end, 10);
    if (end == tab && end != noted) {
        out->is_dated = true;
        out->date_s = date;
    }
    mail_marks_add_list(&source->marks, span_of_str(tab + 1));
    return true;
}

static enum rc
maildir_item(struct mail_source *source, struct mail_item *out, struct err *err)
{
    const char *name = file_name(source->entry);

    item_begin(source, MAIL_MESSAGE, out);
    mail_text_put(&source->text, source->whole);
    maildir_marks_read(name, &source->entry->folder->keywords, &source->marks);
    out->is_dated = true;
    out->date_s = source->mtime_s;
    (void)noted_marks(source, span_of(name, maildir_base(name)), out);
    source->rest = SPAN("");
    return message_finish(source, out, err);
}

static enum rc
eml_item(struct mail_source *source, struct mail_item *out, struct err *err)
{
    const char *name = file_name(source->entry);
    const bool is_named =
        source->entry->folder == NULL || fnmatch("*.eml", name, FNM_CASEFOLD) == 0;

    item_begin(source, MAIL_MESSAGE, out);
    const bool is_noted = noted_marks(source, span_of_str(name), out);
    if (!is_noted &&
        !eml_is_message(source->whole, is_named ? EML_ANY_FIELD : EML_KNOWN_FIELD)) {
        item_without_mail(source, MAIL_TROUBLE, out, "neither an mbox nor a message");
        out->line = 1;
        return RC_OK;
    }
    mail_text_put(&source->text, source->whole);
    if (!out->is_dated && !eml_date(buf_span(&source->text), &out->date_s))
        out->date_s = source->mtime_s;
    out->is_dated = true;
    return message_finish(source, out, err);
}

static size_t
lines_between(const char *from, const char *to)
{
    size_t lines = 0;

    for (const char *at = from; (at = memchr(at, '\n', (size_t)(to - at))) != NULL; at++)
        lines++;
    return lines;
}

static enum rc
mbox_item(struct mail_source *source, struct mail_item *out, struct err *err)
{
    const char *before = source->rest.ptr;
    const size_t line = source->rest_line;
    struct mbox_message message;

    if (!mbox_next(&source->rest, &message)) { /* impossible: it begins with one */
        source->rest = SPAN("");
        item_without_mail(source, MAIL_TROUBLE, out, "from this line on, this is not an mbox");
        out->line = line;
        return RC_OK;
    }
    source->rest_line += lines_between(before, message.raw.ptr + message.raw.len);
    source->rest_line += lines_between(message.raw.ptr + message.raw.len, source->rest.ptr);
    mbox_text_put(&source->text, &message, &source->marks);
    if (line == 1 && mbox_is_folder_data(message.raw))
        item_without_mail(source, MAIL_PASSED, out, "data of the folder, not a message");
    else if (source->marks.is_deleted)
        item_without_mail(source, MAIL_PASSED, out,
                          "marked as deleted in a file that was not compacted since");
    else if (buf_ok(&source->text) && buf_len(&source->text) == 0)
        item_without_mail(source, MAIL_PASSED, out, "a message without any text");
    else
        item_begin(source, MAIL_MESSAGE, out);
    out->line = line;
    if (source->entry->as_mbox != NULL)
        out->mailbox = source->entry->as_mbox;
    if (out->kind != MAIL_MESSAGE)
        return RC_OK;
    out->is_dated = true;
    if (!mbox_date(&message, &out->date_s) &&
        !eml_date(buf_span(&source->text), &out->date_s) &&
        !from_line_date(message.from_line, &out->date_s))
        out->date_s = source->mtime_s;
    return message_finish(source, out, err);
}

/* Reports what precedes the first message of an mbox, unless it is only a byte order mark or
 * blank. */
static bool
junk_item(struct mail_source *source, struct mail_item *out)
{
    struct span junk = span_head(source->whole, source->whole.len - source->rest.len);

    if (span_starts(junk, SPAN("\xef\xbb\xbf")))
        junk = span_tail(junk, 3);
    source->rest_line = 1 + lines_between(source->whole.ptr, source->rest.ptr);
    if (span_trim(junk).len == 0)
        return false;
    item_without_mail(source, MAIL_PASSED, out, "%zu octets before the first message",
                      junk.len);
    return true;
}

/* The first item of the current file. RC_AGAIN: it has none. */
static enum rc
file_begin(struct mail_source *source, struct mail_item *out, struct err *err)
{
    const struct tree_entry *entry = source->entry;
    struct err why = {.rc = RC_OK};
    const enum rc rc = file_load(source, &why);

    if (rc == RC_AGAIN)
        return rc;
    if (rc != RC_OK) {
        item_without_mail(source, MAIL_TROUBLE, out, "%s", why.text);
        return RC_OK;
    }
    if (source->whole.len == 0) {
        item_without_mail(source, MAIL_TROUBLE, out, "empty");
        return RC_OK;
    }
    if (entry->is_maildir)
        return maildir_item(source, out, err);
    const bool by_name = fnmatch("*.mbox*", entry->path, FNM_CASEFOLD) == 0;
    if (is_noted(entry) ||
        !mbox_begins(source->whole, by_name ? MBOX_BY_NAME : MBOX_BY_CONTENT, &source->rest))
        return eml_item(source, out, err);
    if (entry->why != NULL) { /* the file's name cannot be a mailbox name */
        source->rest = SPAN("");
        item_without_mail(source, MAIL_TROUBLE, out, "%s", entry->why);
        return RC_OK;
    }
    return junk_item(source, out) ? RC_OK : mbox_item(source, out, err);
}

/* If the file was changed meanwhile, what was read may be zeros or parts of two messages. */
static enum rc
checked(struct mail_source *source, enum rc rc, struct mail_item *out)
{
    if (rc != RC_OK || mapping_is_whole(&source->map))
        return rc;
    const size_t line = out->line;
    source->rest = SPAN("");
    item_without_mail(source, MAIL_TROUBLE, out,
                      "changed while it was read; nothing from here on was imported");
    out->line = line;
    return RC_OK;
}

enum rc
mail_source_next(struct mail_source *source, struct mail_item *out, struct err *err)
{
    mail_marks_clear(&source->marks);
    buf_clear(&source->text);
    if (source->rest.len > 0)
        return checked(source, mbox_item(source, out, err), out);
    for (;;) {
        file_drop(source);
        if (source->next == source->tree.count)
            return RC_NOT_FOUND;
        source->entry = &source->tree.entries[source->next++];
        if (source->entry->kind != MAIL_MESSAGE)
            break;
        const enum rc rc = checked(source, file_begin(source, out, err), out);
        if (rc != RC_AGAIN)
            return rc;
    }
    item_begin(source, source->entry->kind, out);
    return RC_OK;
}
