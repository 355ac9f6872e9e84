/* SPDX-License-Identifier: MIT */
/*
 * What the modes of roost-imapload share: options, results and messages. Since it is a program
 * for measuring, it stops with a message at the first thing that goes wrong, because a figure
 * from a run with errors is worthless. One thread.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct load_options {
    const char *host;
    unsigned port;      /* IMAP */
    unsigned lmtp_port; /* for lmtp and push */
    const char *user;   /* "%" is replaced by a number from 1 */
    unsigned users;     /* how many there are when user has a "%" */
    unsigned first;     /* the first of them */
    const char *password;
    const char *rcpt; /* LMTP recipient, with "%" as in user */
    const char *mailbox;
    const char *target; /* of copy and move */
    const char *items;  /* of fetch and store */
    const char *set;    /* of fetch, store, copy, move */
    const char *mbox;   /* messages from here instead of generated ones */
    unsigned connections;
    uint64_t count;
    unsigned repeat;
    double seconds;       /* upper limit for the length of a run */
    unsigned rounds;      /* at least so many, in the modes that visit all accounts in rounds */
    double round_seconds; /* time over which a round is spread; 0: as fast as possible */
    unsigned batch;       /* messages an APPEND in fill; mailboxes of park-notify */
    uint64_t seed;
    uint64_t uidvalidity; /* of resync-back: what the client knows */
    uint64_t modseq;
    size_t max_octets; /* of generated messages */
    int rare_percent;  /* of their words (mailgen.h) */
    size_t chatter;    /* octets of commands that each session of park-sync says first */
    bool tls;          /* from the first octet */
    bool compress;     /* COMPRESS=DEFLATE after login; not in hold and with --connections */
    bool partial;      /* flushed with Z_PARTIAL_FLUSH; otherwise with Z_SYNC_FLUSH */
    bool notify;       /* hold: NOTIFY instead of SELECT and IDLE */
    bool fresh;        /* a new connection for each repetition */
    bool keep;         /* copy: do not delete the target */
    bool spread;       /* connections come from many addresses of 127.0.0.0/8 */
    bool nagle;        /* sockets as most clients have them: without TCP_NODELAY */
    bool quiet;        /* no progress messages */
};

/* ---- time and failure ---- */

/** Monotonic, in nanoseconds. */
int64_t load_now_ns(void);
/** Prints what went wrong and ends the program with status 1. */
NORETURN PRINTF_LIKE(1, 2) void load_die(const char *fmt, ...);
/** user or rcpt with "%" replaced by 1 + index % users. */
void load_fmt_user(char *dst, size_t room, const char *pattern, const struct load_options *opt,
                   unsigned index);

/* ---- results ---- */

struct load_samples {
    int64_t *ns; /* owned */
    size_t count;
    size_t cap;
};

void load_sample_add(struct load_samples *samples, int64_t ns);
/** Nearest-rank percentile in milliseconds; sorts. */
double load_percentile_ms(struct load_samples *samples, double percent);
void load_samples_done(struct load_samples *samples);

struct load_result {
    const char *mode;
    uint64_t count;  /* messages, logins, ... in `seconds` */
    uint64_t failed; /* besides, if failures are counted */
    uint64_t octets; /* octets read or written; 0: not reported */
    uint64_t wire;   /* octets read before inflating, with compression; 0: not reported */
    double seconds;
    unsigned round; /* number of the round; 0: not reported */
    /* how often it was done; the figures are those of the median run */
    uint64_t runs;
    struct load_samples *latency; /* NULL: none */
};

/** One JSON object on a line of standard output. */
void load_report(const struct load_result *result);

/* ---- messages to send ---- */

struct load_mail {
    struct span *message; /* CRLF lines; point into text */
    unsigned *flags;      /* MAILGEN_SEEN | ... */
    size_t count;
    char *text; /* owned */
};

/** count messages, generated or read from opt->mbox (mboxrd, LF or CRLF; repeated if the file
 * has fewer). */
struct load_mail load_mail_new(const struct load_options *opt, size_t count);
void load_mail_done(struct load_mail *mail);

/* ---- the modes ---- */

void load_fetch(const struct load_options *opt);
void load_select(const struct load_options *opt);
void load_store(const struct load_options *opt);
void load_copy(const struct load_options *opt);
void load_move(const struct load_options *opt);
void load_list_status(const struct load_options *opt);
void load_resync(const struct load_options *opt);
void load_resync_mark(const struct load_options *opt);
void load_resync_back(const struct load_options *opt);
void load_expunge(const struct load_options *opt);
void load_apart(const struct load_options *opt);
void load_fill(const struct load_options *opt);
void load_append(const struct load_options *opt);
void load_lmtp(const struct load_options *opt);
void load_login(const struct load_options *opt);
void load_push(const struct load_options *opt);
void load_park(const struct load_options *opt);
void load_park_notify(const struct load_options *opt);
void load_park_sync(const struct load_options *opt);
void load_hold(const struct load_options *opt);
void load_round_lmtp(const struct load_options *opt);
void load_round_append(const struct load_options *opt);
void load_round_login(const struct load_options *opt);

#endif
