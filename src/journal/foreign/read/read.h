/* SPDX-License-Identifier: MIT */
/*
 * The readers. Each format has a head (pure; whether a line begins an entry) and a read (turns
 * an entry into events). What they share is also here.
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

/* The beginning of a line of syslog or of a server's own log. */
struct read_syslog {
    int64_t at_us;     /* FOREIGN_NO_TIME: none */
    struct span ident; /* "dovecot", "cyrus/imap"; empty: none */
    struct span pid;
    struct span text; /* what follows the ident, if there is one */
    /* what follows the time, for programs that put "service: " before a message */
    struct span whole;
};

/**
 * "Nov 22 17:32:16 host ident[pid]: text", also with other times, without the host, and with
 * nothing before the text (journalctl -o cat). False: nothing follows the time.
 */
bool read_syslog_take(struct foreign_clock *clock, struct span line, struct read_syslog *out);
/** Returns the line without such a time. */
struct span read_without_time(struct span line);
/** Takes an optional time: "[HH:MM:SS] ", "YYYY-MM-DD HH:MM:SS ", epoch. */
int64_t read_time_take(struct foreign_clock *clock, struct span *line);

/* A word of a message, and what it means. */
struct read_word {
    const char *word;
    enum foreign_fact fact;
};
/* The words with which a program reports problems. */
struct read_troubles {
    const struct read_word *own;
    size_t own_count;
    const struct read_word *ends; /* these say least and are tried last */
    size_t end_count;
};
/** The fact of the first row whose word is in text (case matters), or `otherwise` if there is
 * none. */
enum foreign_fact read_word_find(const struct read_word *words, size_t count, struct span text,
                                 enum foreign_fact otherwise);

/** What the words of a TLS library or a socket mean (tls_words.c), or FACT_NONE. */
enum foreign_fact read_tls_fact(struct span text);
/** Emits the problem that a program reports in its own words or in those of tls_words.c. False:
 * text has none of them. */
bool read_emit_trouble(struct foreign_reader *reader, const struct foreign_event *like,
                       const struct read_troubles *troubles, struct span text);
/** Whether text begins with one of the words. */
bool read_begins(struct span text, const char *const *words, size_t count);
/** Whether a line looks like a problem; for logs that are mostly about other things. */
bool read_is_alarm(struct span text);
/** Whether it is a line of a Java stack trace. */
bool read_is_trace(struct span text);

/** The start of a line of Android's logcat: "V/tag  (123): ", "05-08 22:47:34.013 3731 7953 V
 * tag: " and the like. *line becomes the message. */
bool read_logcat_take(struct foreign_clock *clock, struct span *line, int64_t *at_out,
                      struct span *tag_out);

/* For logs that do not tell the direction of a line. */
struct read_guess {
    enum foreign_dir dir; /* of the line before */
    bool asked;           /* the server sent "+": anything may follow */
    enum foreign_dir literal_dir;
    uint64_t literal_left; /* octets of a literal that are still to come */
};
/** Guesses the direction of a line from its form. If it could be either, it is that of the line
 * before, or to the server if the server has asked for it. */
enum foreign_dir read_guess_dir(struct read_guess *guess, struct span line);

/** Emits a protocol line. */
void read_emit_line(struct foreign_reader *reader, const struct foreign_event *like,
                    enum foreign_dir dir, struct span text);
/** Emits a fact with the log's words for it. */
void read_emit_fact(struct foreign_reader *reader, const struct foreign_event *like,
                    enum foreign_fact fact, struct span text);
/** Removes prefix from the beginning of *s. False: it is not there, and *s is unchanged. */
bool read_take(struct span *s, struct span prefix);
/** The text between the first `from` and the next `to` after it; empty: not found. */
struct span read_between(struct span s, struct span from, struct span to);
bool read_has(struct span s, const char *word);

#endif
