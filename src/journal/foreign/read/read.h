/* SPDX-License-Identifier: MIT */
/*
 * The readers: for each format a head (pure, says whether a line begins an entry) and a read
 * (entry to events). What they share is here.
 */
#ifndef JOURNAL_FOREIGN_READ_READ_H
#define JOURNAL_FOREIGN_READ_READ_H

#include "journal/foreign/imap_line.h"
#include "journal/foreign/model.h"
#include "journal/foreign/when.h"

#define FOREIGN_READER(name)                                                                   \
    bool read_##name##_head(struct span line);                                                 \
    bool read_##name(struct foreign_reader *reader, const struct foreign_line *line)

FOREIGN_READER(gms);
FOREIGN_READER(outlook);
FOREIGN_READER(thunderbird);
FOREIGN_READER(dovecot);
FOREIGN_READER(cyrus);
FOREIGN_READER(courier);
FOREIGN_READER(rawlog);
FOREIGN_READER(telemetry);
FOREIGN_READER(offlineimap);
FOREIGN_READER(mbsync);
FOREIGN_READER(fetchmail);
FOREIGN_READER(curl);
FOREIGN_READER(transcript);
FOREIGN_READER(stalwart);
FOREIGN_READER(hmail);
FOREIGN_READER(k9);
FOREIGN_READER(javamail);
FOREIGN_READER(imapsync);
FOREIGN_READER(fairemail);
int64_t read_fairemail_tod(struct span line);

enum {
    READ_CYRUS_OCTETS = 2048,
    READ_DOVECOT_OCTETS = 12288,
    READ_THUNDERBIRD_OCTETS = 8192,
    READ_STATE_OCTETS = 256
};

/* What begins a line of syslog or of a server's own log. */
struct read_syslog {
    int64_t at_us;     /* FOREIGN_NO_TIME: there is none */
    struct span ident; /* "dovecot", "cyrus/imap"; empty: none */
    struct span pid;
    struct span text; /* behind the ident, if there is one */
    struct span
        whole; /* behind the time, for programs that have "service: " before a message */
};

/**
 * "Nov 22 17:32:16 host ident[pid]: text", also with other times, without the host, and with
 * nothing before the text (journalctl -o cat). False: a time that nothing follows.
 */
bool read_syslog_take(struct foreign_clock *clock, struct span line, struct read_syslog *out);
/** The line without such a time. */
struct span read_without_time(struct span line);
/** An optional time at the front: "[HH:MM:SS] ", "YYYY-MM-DD HH:MM:SS ", epoch. */
int64_t read_time_take(struct foreign_clock *clock, struct span *line);

/* A word of a message, and what it means. */
struct read_word {
    const char *word;
    enum foreign_fact fact;
};
/** The fact of the first row whose word is in text (case counts); otherwise `otherwise`. */
enum foreign_fact read_word_find(const struct read_word *words, size_t count, struct span text,
                                 enum foreign_fact otherwise);

/** What the words of a TLS library or a socket mean (tls_words.c), or FACT_NONE. */
enum foreign_fact read_tls_fact(struct span text);
/** Whether text begins with one of the words. */
bool read_begins(struct span text, const char *const *words, size_t count);
/** Whether a line looks like trouble, for logs that are mostly about other things. */
bool read_is_alarm(struct span text);
/** Whether it is a line of a Java stack trace. */
bool read_is_trace(struct span text);

/** The start of a line of Android's logcat: "V/tag  (123): ", "05-08 22:47:34.013  3731  7953 V
 * tag: " and the like. Leaves the message in *line. */
bool read_logcat_take(struct foreign_clock *clock, struct span *line, int64_t *at_out,
                      struct span *tag_out);

/* For logs that do not say which way a line went. */
struct read_guess {
    enum foreign_dir dir; /* of the line before */
    bool asked;           /* the server sent "+": what follows may be anything */
    enum foreign_dir literal_dir;
    uint64_t literal_left; /* octets of a literal that are to come */
};
/** Which way a line went, judging by its form. A line that could be either went the same way
 * as the one before it, or to the server if that had asked for it. */
enum foreign_dir read_guess_dir(struct read_guess *guess, struct span line);

/** A protocol line. */
void read_emit_line(struct foreign_reader *reader, const struct foreign_event *like,
                    enum foreign_dir dir, struct span text);
/** A fact with the log's words for it. */
void read_emit_fact(struct foreign_reader *reader, const struct foreign_event *like,
                    enum foreign_fact fact, struct span text);
/** Takes prefix off the front of *s; false (and unchanged) when it is not there. */
bool read_take(struct span *s, struct span prefix);
/** What is between the first `from` and the next `to` after it; empty when not there. */
struct span read_between(struct span s, struct span from, struct span to);
bool read_has(struct span s, const char *word);

#endif
