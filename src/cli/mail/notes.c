/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/notes.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"

enum { NOTES_OCTETS = 1 << 30 };

void
notes_init(struct notes *notes)
{
    buf_init(&notes->text, NOTES_OCTETS);
    map_init(&notes->lines);
}

void
notes_done(struct notes *notes)
{
    map_done(&notes->lines);
    buf_done(&notes->text);
}

/* Reads the file, with NUL in place of each LF. */
static enum rc
file_read(struct notes *notes, const char *dir, const char *name, struct err *err)
{
    AUTO_BUF path = {0};

    buf_init(&path, 1u << 16);
    buf_printf(&path, "%s/%s", dir, name);
    buf_put_char(&path, '\0');
    if (!buf_ok(&path))
        return err_set(err, RC_LIMIT, 0, "the path is too long");
    AUTO_FD fd = open(buf_span(&path).ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? RC_OK : err_set(err, rc_of_errno(errno), errno, "%s", name);
    const enum rc rc = fd_read_all(fd, &notes->text, err);
    if (rc != RC_OK)
        return rc;
    buf_put_char(&notes->text, '\n');
    if (!buf_ok(&notes->text))
        return err_set(err, RC_LIMIT, 0, "%s: no memory", name);
    for (size_t i = notes->text.head; i < notes->text.tail; i++)
        if (notes->text.data[i] == '\n')
            notes->text.data[i] = '\0';
    return RC_OK;
}

/* Takes the next line from *at. NULL: the end. */
static char *
line_next(const struct notes *notes, size_t *at)
{
    if (*at >= buf_len(&notes->text))
        return NULL;
    char *line = notes->text.data + notes->text.head + *at;
    *at += strlen(line) + 1;
    return line;
}

/* Cuts *text at its first TAB; returns what follows it, or NULL. */
static char *
cut(char *text)
{
    char *tab = strchr(text, '\t');

    if (tab == NULL)
        return NULL;
    *tab = '\0';
    return tab + 1;
}

enum rc
notes_read_names(struct notes *notes, const char *dir, struct err *err)
{
    size_t at = 0;
    enum rc rc = file_read(notes, dir, NOTES_OF_EXPORT, err);

    for (char *line; rc == RC_OK && (line = line_next(notes, &at)) != NULL;) {
        if (strncmp(line, "name\t", 5) != 0)
            continue;
        char *mailbox = cut(line + 5);
        if (mailbox != NULL)
            rc = map_put(&notes->lines, span_of_str(line + 5), mailbox);
    }
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, NOTES_OF_EXPORT ": not read");
}

enum rc
notes_read_marks(struct notes *notes, const char *dir, struct err *err)
{
    size_t at = 0;
    enum rc rc = file_read(notes, dir, NOTES_OF_MARKS, err);

    for (char *line; rc == RC_OK && (line = line_next(notes, &at)) != NULL;) {
        char *marks = cut(line);
        if (marks != NULL)
            rc = map_put(&notes->lines, span_of_str(line), marks);
    }
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, NOTES_OF_MARKS ": not read");
}

const char *
notes_get(const struct notes *notes, struct span key)
{
    return map_get(&notes->lines, key);
}

const char *
notes_unsubscribed(const struct notes *notes, size_t *pos)
{
    for (const char *line; (line = line_next(notes, pos)) != NULL;)
        if (strncmp(line, "unsubscribed\t", 13) == 0)
            return line + 13;
    return NULL;
}
