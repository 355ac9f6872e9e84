/* SPDX-License-Identifier: MIT */
/*
 * A client connection that reads as cheaply as a correct reader can: it finds line ends and
 * skips literals, counts the lines that modes check, and passes on only what a mode waits for.
 */
#ifndef BENCH_LOAD_CONN_H
#define BENCH_LOAD_CONN_H

#include "base/buf.h"
#include "bench/load.h"

enum load_event {
    LOAD_NEED_MORE,    /* nothing complete in the buffer */
    LOAD_CLOSED,       /* the peer ended it */
    LOAD_GREETING,     /* first untagged OK of IMAP */
    LOAD_TAGGED,       /* conn->status_ok says how it went */
    LOAD_CONTINUATION, /* + */
    LOAD_EXISTS,       /* conn->exists is new */
    LOAD_REPLY,        /* LMTP: last line of a reply, conn->code */
};

enum load_protocol { LOAD_IMAP, LOAD_LMTP };

struct load_conn {
    int fd;
    void *ssl; /* SSL of OpenSSL; NULL: plain */
    enum load_protocol protocol;
    char *in; /* owned */
    size_t in_at;
    size_t in_end;
    size_t in_cap;
    struct buf out;
    uint64_t literal_left; /* octets to skip */
    bool inside;           /* after a literal: the line continues */
    bool greeted;
    bool quick_ack;             /* acknowledge at once */
    enum load_event line_event; /* of the line that continues */

    uint64_t octets_in;
    uint64_t wire_in;             /* the same before inflating, with COMPRESS */
    struct load_deflate *deflate; /* owned; NULL: not compressed */
    uint64_t fetches;
    uint64_t expunges;
    uint64_t statuses;
    uint64_t vanished;    /* messages that VANISHED has named */
    uint64_t uidvalidity; /* from the last SELECT */
    uint64_t highest_modseq;
    uint32_t exists;
    unsigned code;  /* LMTP */
    bool status_ok; /* of the last tagged reply */
    char text[200]; /* that reply, cut, for messages */
};

enum load_blocking { LOAD_BLOCKING, LOAD_NONBLOCKING };

/** Connects. With opt->tls and IMAP, also does the handshake or (LOAD_NONBLOCKING) begins it.
 * index: its number among many; with opt->spread it decides the address. */
void load_conn_open(struct load_conn *conn, const struct load_options *opt,
                    enum load_protocol protocol, enum load_blocking blocking, unsigned index);
void load_conn_close(struct load_conn *conn);

/** Returns the next event in what was read. Reads nothing. */
enum load_event load_conn_event(struct load_conn *conn);
/** Reads once. False: nothing has arrived (non-blocking). An end of stream becomes
 * LOAD_CLOSED. */
bool load_conn_read(struct load_conn *conn);
/** Writes what is in conn->out. True: everything was written. */
bool load_conn_flush(struct load_conn *conn);

/** Waits until there is something to read. */
void load_conn_wait(const struct load_conn *conn, int timeout_ms);

/* ---- for modes with one blocking connection ---- */

/** Sends a line of LMTP (NULL: none) and expects a reply with this code. */
void load_lmtp_expect(struct load_conn *lmtp, const char *line, unsigned code);

/** Reads until an event other than LOAD_EXISTS, which must be `want`. */
void load_expect(struct load_conn *conn, enum load_event want);
/** Sends one command line (without CRLF) with a tag and waits for its OK. */
PRINTF_LIKE(2, 3) void load_command(struct load_conn *conn, const char *fmt, ...);
/** Like load_command, but NO is allowed. Returns whether the answer was OK. */
PRINTF_LIKE(2, 3) bool load_try(struct load_conn *conn, const char *fmt, ...);
/** Opens a blocking IMAP connection, logged in as the index-th user, compressed if asked
 *  for. */
void load_session(struct load_conn *conn, const struct load_options *opt, unsigned index);

#endif
