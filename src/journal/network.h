/* SPDX-License-Identifier: MIT */
/*
 * What is known about a client network (IPv4 /24, IPv6 /48), as stored in the table `network`
 * of the journal's database. session/networks.h learns it and describes the rules. These are
 * the plain values for code that shows or explains them, while a server is running (then they
 * may be some minutes old) or without one:
 *
 *     journal_reader_open(&reader, DIR/journal.db)
 *     journal_find_network(reader, SPAN("203.0.113.0/24"), &network, err)
 *     network_sentence(&network, buf)
 */
#ifndef JOURNAL_NETWORK_H
#define JOURNAL_NETWORK_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

struct journal;
struct journal_reader;

enum {
    NETWORK_TEXT = 48,     /* octets of "2001:db8:1::/48", terminated */
    NETWORK_SILENCES = 72, /* classes of silences that are kept, at most */
};

/* Why the interval is what it is. Stored by name; add rows at the end. */
enum network_why {
    NETWORK_START,      /* [idle] keepalive: there is no evidence against it */
    NETWORK_LENGTHENED, /* a longer silence was tried and survived */
    NETWORK_FELL,       /* a silence as long as the interval was lost */
    NETWORK_TOO_SHORT,  /* lost even at [idle] keepalive_min */
    NETWORK_WHY_COUNT,
};
const char *network_why_name(enum network_why why);

/* Lines sent after a silence of silence_s up to the next class. */
struct network_silence {
    uint32_t silence_s;
    uint32_t kept; /* lines that were acknowledged */
    uint32_t lost; /* lines that never were, and the client came back on another connection */
};

struct network_record {
    char network[NETWORK_TEXT];
    uint32_t interval_s; /* between two lines of an idle session there */
    uint32_t trial_s;    /* a longer interval that one address is trying; 0: none */
    uint32_t limit_s;    /* the shortest silence that is believed to be lost; 0: none known */
    enum network_why why;
    uint32_t failures; /* the more failures, the later limit_s is tried again */
    int64_t retry_ms;  /* when limit_s is tried again; wall clock */
    int64_t changed_ms;
    int64_t seen_ms; /* time of the last evidence; wall clock */
    uint32_t silence_count;
    struct network_silence silences[NETWORK_SILENCES]; /* ascending */
};

/** "4 minutes", "90 seconds", "4 min 30 s". */
void network_duration(struct buf *buf, uint32_t seconds);
/** One or two plain sentences: "This network forgets connections that are silent for 5 minutes;
 *  its clients now get a keepalive every 4 min 30 s." */
void network_sentence(const struct network_record *record, struct buf *buf);

/**
 * Queues rows that replace those of the same networks. A record with silence_count 0 and
 * interval_s 0 removes the row of its network or, if its name is empty, all rows. False: the
 * queue is full, and nothing was taken. Never waits. Thread: any.
 */
MUST_USE bool journal_put_networks(struct journal *journal,
                                   const struct network_record *records, size_t count);

/** RC_NOT_FOUND: nothing is known about the network. Waits for disk. */
MUST_USE enum rc journal_find_network(struct journal_reader *reader, struct span network,
                                      struct network_record *out, struct err *err);
/** Called for each network. False ends the walk. */
typedef bool journal_visit_network(void *ctx, const struct network_record *record);
/** Visits all networks, the last seen first. Waits for disk. */
MUST_USE enum rc journal_walk_networks(struct journal_reader *reader,
                                       journal_visit_network *visit, void *ctx,
                                       struct err *err);

#endif
