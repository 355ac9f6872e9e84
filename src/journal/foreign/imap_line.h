/* SPDX-License-Identifier: MIT */
/*
 * Takes apart one protocol line of a foreign log: tag, command, answer. It is tolerant, because
 * logs cut lines, fold them and drop backslashes. Pure. Spans point into the line.
 */
#ifndef JOURNAL_FOREIGN_IMAP_LINE_H
#define JOURNAL_FOREIGN_IMAP_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum imap_sort {
    IMAP_OTHER,    /* a continuation, mail, or nothing that we know */
    IMAP_COMMAND,  /* a tag and a known command */
    IMAP_UNKNOWN,  /* perhaps a tag and a command, but the command is unknown */
    IMAP_DONE,     /* RFC 2177 */
    IMAP_CONTINUE, /* "+" */
    IMAP_UNTAGGED,
    IMAP_TAGGED,
};

enum imap_status { STATUS_NONE, STATUS_OK, STATUS_NO, STATUS_BAD, STATUS_BYE, STATUS_PREAUTH };

enum imap_shows { SHOW_NAME, SHOW_ARGS, SHOW_LOGIN };

struct imap_line {
    enum imap_sort sort;
    enum imap_status status;
    enum imap_shows shows; /* which of a command's arguments may be shown */
    struct span tag;
    const char *command; /* canonical name, such as "UID FETCH"; NULL: none */
    struct span args;    /* of a command */
    struct span code;    /* response code without brackets */
    struct span text;    /* text for people, after status and code */
    struct span word;    /* of an untagged response: "EXISTS", "FETCH" */
    uint32_t number;     /* the number before it; 0: none */
    bool literal;        /* the line announces a literal at its end */
    uint64_t literal_octets;
};

void imap_client_line(struct span line, struct imap_line *out);
void imap_server_line(struct span line, struct imap_line *out);

/** Takes the next word after blanks. *rest begins after it. */
struct span imap_take_word(struct span *rest);
/** Takes an atom or a quoted string (without its quotes; escapes are kept). */
struct span imap_take_astring(struct span *rest);
/** In "12 FETCH (UID 39 FLAGS ...": the UID, or 0. */
uint32_t imap_fetch_uid(struct span items);
/** The bits of the commands that a list of capabilities announces. */
uint32_t imap_offers(struct span capabilities);
/** The bit of a command that must be announced (canonical name). 0: it need not be. */
uint32_t imap_offer_of(const char *command);
/** The number of numbers in a set: 4 for "3,7:9". 0: it is not a set. Counts up to 2^32. */
uint64_t imap_set_count(struct span set);
/** Whether this is a greeting of SMTP, POP3, HTTP or ManageSieve. */
bool imap_is_other_protocol(struct span greeting);
/** The n of a set that ends in "n:*". 0: it does not. */
uint32_t imap_open_set(struct span args);

#endif
