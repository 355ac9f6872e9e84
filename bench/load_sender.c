/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "bench/load_sender.h"

#include <stdlib.h>

enum { MAIL_COUNT_MAX = 4000 }; /* different messages, sent in turn */

void
sender_init(struct sender *sender, const struct load_options *opt)
{
    const size_t count = opt->count < MAIL_COUNT_MAX ? (size_t)opt->count : MAIL_COUNT_MAX;

    *sender = (struct sender){.mail = load_mail_new(opt, count)};
    sender->sending = calloc(opt->connections, sizeof *sender->sending);
    if (sender->sending == NULL)
        load_die("no memory");
}

void
sender_done(struct sender *sender)
{
    load_mail_done(&sender->mail);
    free(sender->sending);
    free(sender->stuffed);
    free(sender->stuffed_text);
}

struct span
sender_message(const struct sender *sender, unsigned connection)
{
    return sender->mail.message[sender->sending[connection]];
}

struct span
sender_stuffed(const struct sender *sender, unsigned connection)
{
    return sender->stuffed[sender->sending[connection]];
}

struct span
sender_next(struct sender *sender, unsigned connection)
{
    sender->sending[connection] = sender->next;
    sender->next = (sender->next + 1) % sender->mail.count;
    return sender_message(sender, connection);
}

/* RFC 5321 section 4.5.2: a dot before lines that begin with one, and the line that ends. */
void
sender_stuff(struct sender *sender)
{
    size_t octets = 0;

    for (size_t i = 0; i < sender->mail.count; i++) {
        const struct span message = sender->mail.message[i];
        octets += message.len + 5;
        for (size_t at = 0; at < message.len; at++)
            octets += message.ptr[at] == '.';
    }
    sender->stuffed = calloc(sender->mail.count, sizeof *sender->stuffed);
    sender->stuffed_text = malloc(octets);
    if (sender->stuffed == NULL || sender->stuffed_text == NULL)
        load_die("no memory");
    char *to = sender->stuffed_text;
    for (size_t i = 0; i < sender->mail.count; i++) {
        const struct span message = sender->mail.message[i];
        char *const start = to;
        bool line_start = true;
        for (size_t at = 0; at < message.len; at++) {
            if (line_start && message.ptr[at] == '.')
                *to++ = '.';
            line_start = message.ptr[at] == '\n';
            *to++ = message.ptr[at];
        }
        if (!line_start) {
            *to++ = '\r';
            *to++ = '\n';
        }
        *to++ = '.';
        *to++ = '\r';
        *to++ = '\n';
        sender->stuffed[i] = span_of(start, (size_t)(to - start));
    }
}
