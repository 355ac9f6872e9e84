/* SPDX-License-Identifier: MIT */
/*
 * The messages that are sent. They are made or read before the clock starts and kept in memory,
 * so that during the measurement the client only copies them.
 */
#include "bench/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/fd.h"
#include "bench/mailgen.h"

enum { MBOX_OCTETS_MAX = 2000000000 };

static struct load_mail
room_for(size_t count, size_t octets)
{
    struct load_mail mail = {
        .message = calloc(count, sizeof *mail.message),
        .flags = calloc(count, sizeof *mail.flags),
        .text = malloc(octets),
    };

    if (mail.message == NULL || mail.flags == NULL || mail.text == NULL)
        load_die("no memory for %zu messages of %zu octets", count, octets);
    return mail;
}

/* Appends one message's octets; text must have room. */
static char *
add(struct load_mail *mail, char *at, struct span octets, unsigned flags)
{
    memcpy(at, octets.ptr, octets.len);
    mail->message[mail->count] = span_of(at, octets.len);
    mail->flags[mail->count++] = flags;
    return at + octets.len;
}

static struct load_mail
generate(const struct load_options *opt, size_t count)
{
    const struct mailgen_options options = {
        .seed = opt->seed,
        .max_octets = opt->max_octets,
        .rare_percent = (unsigned)opt->rare_percent,
    };
    struct mailgen *gen = NULL;
    struct err err = {.rc = RC_OK};
    size_t octets = 0;

    /* The same stream is generated twice: once to find the size, once to keep it. */
    if (mailgen_new(&options, &gen, &err) != RC_OK)
        load_die("%s", err.text);
    for (size_t i = 0; i < count; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        octets += message.octets.len;
    }
    mailgen_free(gen);
    struct load_mail mail = room_for(count, octets);
    char *at = mail.text;
    if (mailgen_new(&options, &gen, &err) != RC_OK)
        load_die("%s", err.text);
    for (size_t i = 0; i < count; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        at = add(&mail, at, message.octets, message.flags);
    }
    mailgen_free(gen);
    return mail;
}

static struct span
without_last_empty_line(struct span entry)
{
    if (entry.len > 2 && memcmp(entry.ptr + entry.len - 3, "\n\r\n", 3) == 0)
        entry.len -= 2;
    else if (entry.len > 1 && memcmp(entry.ptr + entry.len - 2, "\n\n", 2) == 0)
        entry.len--;
    return entry;
}

/* The end of the mbox entry that starts at `at`: the next From line after an empty one. */
static struct span
entry_of(struct span rest)
{
    size_t from = 0;

    for (;;) {
        const ptrdiff_t at = span_find(span_tail(rest, from), SPAN("\nFrom "));
        if (at < 0)
            return without_last_empty_line(rest);
        const size_t end = from + (size_t)at;
        const size_t before = end > 0 && rest.ptr[end - 1] == '\r' ? end - 1 : end;
        if (before > 0 && rest.ptr[before - 1] == '\n')
            return span_head(rest, before);
        from = end + 1;
    }
}

static size_t
count_lines(struct span text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

/* Writes an entry's lines with CRLF and without mboxrd's quoting; returns the new end. */
static char *
unquote(char *at, struct span entry)
{
    while (entry.len > 0) {
        const ptrdiff_t newline = span_find_char(entry, '\n');
        struct span line = newline < 0 ? entry : span_head(entry, (size_t)newline);
        size_t marks = 0;
        entry = span_tail(entry, newline < 0 ? entry.len : (size_t)newline + 1);
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        while (marks < line.len && line.ptr[marks] == '>')
            marks++;
        if (marks > 0 && span_starts(span_tail(line, marks), SPAN("From ")))
            line = span_tail(line, 1);
        if (line.len > 0)
            memcpy(at, line.ptr, line.len);
        at += line.len;
        *at++ = '\r';
        *at++ = '\n';
    }
    return at;
}

static struct load_mail
read_mbox(const struct load_options *opt, size_t count)
{
    AUTO_FD fd = open(opt->mbox, O_RDONLY | O_CLOEXEC);
    AUTO_BUF file = {0};
    struct err err = {.rc = RC_OK};

    buf_init(&file, MBOX_OCTETS_MAX);
    if (fd < 0)
        load_die("%s: %s", opt->mbox, strerror(errno));
    if (fd_read_all(fd, &file, &err) != RC_OK)
        load_die("%s: %s", opt->mbox, err.text);
    /* An LF may become CRLF, and a last line without one gets both. */
    struct load_mail mail = room_for(count, buf_len(&file) + 2 * count_lines(buf_span(&file)));
    struct span rest = buf_span(&file);
    char *at = mail.text;
    while (rest.len > 0 && mail.count < count) {
        const struct span entry = entry_of(rest);
        const ptrdiff_t head = span_find_char(entry, '\n');
        rest = span_tail(rest, entry.len);
        rest =
            span_tail(rest, rest.len > 1 && rest.ptr[0] == '\r' ? 2 : 1); /* the empty line */
        if (head < 0)
            continue;
        char *const start = at;
        at = unquote(at, span_tail(entry, (size_t)head + 1));
        mail.message[mail.count] = span_of(start, (size_t)(at - start));
        mail.flags[mail.count] = mail.count % 7 == 0 ? 0 : MAILGEN_SEEN;
        mail.count++;
    }
    if (mail.count == 0)
        load_die("%s: no messages", opt->mbox);
    for (size_t i = 0; mail.count < count; i++) {
        mail.message[mail.count] = mail.message[i];
        mail.flags[mail.count++] = mail.flags[i];
    }
    return mail;
}

struct load_mail
load_mail_new(const struct load_options *opt, size_t count)
{
    return opt->mbox != NULL ? read_mbox(opt, count) : generate(opt, count);
}

void
load_mail_done(struct load_mail *mail)
{
    free(mail->message);
    free(mail->flags);
    free(mail->text);
    *mail = (struct load_mail){0};
}
