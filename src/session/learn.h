/* SPDX-License-Identifier: MIT */
/*
 * How long connections survive silence in one client network, and the interval of keepalives
 * that follows from it. Pure: evidence and time go in; the interval and what has changed come
 * out.
 *
 *               8 lines kept in a row, and nothing known against a longer one
 *     SETTLED --------------------------------------------------------------> TRIAL
 *      |   ^      learn_interval: one address gets the next step (about a tenth more)
 *      |   |                                                                    |
 *      |   +--- 3 lines kept: the step is the interval now (learn_kept) --------+
 *      |   +--- one lost: the step is the limit; not again for a day, then two, |
 *      |        four ... 32 days (learn_lost) ----------------------------------+
 *      v
 *     FALL    the devices vote that silences as long as the interval are lost. The interval
 *             falls to the longest shorter silence that was kept, or to half if that did not
 *             help.
 *
 * - A device is an account and a client's name. While some devices keep silences as long as the
 *   interval, a step down needs at least two devices, and at least a third of all, that lost
 *   such a silence twice in a row: a single bad device does not decide.
 * - A device's loss is believed the first time if it never kept such a silence since the
 * interval was set, the second time in a row if it did, the third time if it kept ten in a row:
 * phones that come and go also lose lines, but keep most of them.
 * - For each device, one line in half an interval counts, however many connections it has.
 * - Many devices: the LIMIT_NETWORK_DEVICES with the smallest keys vote. Keys are hashes, so
 *   this is a fair sample, regardless of which devices are most active.
 * - A loss after a silence shorter than one that was kept counts against the device only.
 */
#ifndef SESSION_LEARN_H
#define SESSION_LEARN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "journal/network.h"

enum {
    LEARN_WHOLE = 3, /* thirds of a loss if the client came back from the same network */
    LEARN_WEAK = 1,  /* from another network: it may have moved */
};

/* The administrator's bounds: min_s <= start_s <= max_s. */
struct learn_bounds {
    uint32_t start_s;
    uint32_t min_s;
    uint32_t max_s;
};

struct learn_device {
    uint32_t key;     /* 0: the place is free */
    uint32_t silence; /* shortest silence lost since it last kept one; 0: none */
    int64_t seen_s;
    int64_t kept_s; /* when the last counted line was kept */
    int64_t lost_s; /* when the last line was lost */
    uint8_t kept;   /* lines kept in a row since the interval was set */
    uint8_t lost;   /* thirds of losses in a row */
};

struct learn {
    uint32_t interval_s;
    uint32_t trial_s; /* 0: none */
    uint32_t limit_s; /* the shortest silence that is believed to be lost; 0: none */
    uint8_t why;      /* enum network_why */
    uint8_t failures; /* trials and falls that ended at a limit */
    uint8_t calm;     /* lines kept in a row */
    uint8_t falls;    /* in a row, with no line kept in between */
    uint8_t trial_kept;
    uint8_t trial_doubt;   /* thirds of losses during the trial */
    uint32_t last_key;     /* device of the last line that counted for calm or trial */
    uint32_t trial_key;    /* device of the first line kept in the trial */
    int64_t last_s;        /* time of that line */
    uint64_t trial_host;   /* the address that tries the longer interval */
    int64_t trial_since_s; /* wall clock, as all times here */
    int64_t retry_s;       /* when limit_s may be tried again */
    int64_t changed_s;
    int64_t seen_s;
    int64_t aged_s;
    uint16_t kept[NETWORK_SILENCES]; /* number of lines kept, by class of silence */
    uint16_t lost[NETWORK_SILENCES];
    struct learn_device devices[LIMIT_NETWORK_DEVICES];
};

enum learn_change {
    LEARN_SAME,
    LEARN_LENGTHENED,   /* the trial interval is the interval now */
    LEARN_TRIAL_FAILED, /* the trial interval is the limit now */
    LEARN_FELL,
    LEARN_TOO_SHORT, /* lost at min_s: it cannot fall any further */
};

void learn_begin(struct learn *learn, const struct learn_bounds *bounds, int64_t now_s);

/** The interval for sessions of the address host (a hash); may begin a trial there. */
uint32_t learn_interval(struct learn *learn, const struct learn_bounds *bounds, uint64_t host,
                        int64_t now_s);

/** Whether a silence of this length or longer was kept here lately, and none as short is
 * believed to be lost. */
bool learn_keeps(const struct learn *learn, uint32_t silence_s);

/* A line to a device after a silence of this length. The device is not 0. */
struct learn_line {
    uint32_t device;
    uint32_t silence_s;
    int64_t sent_s; /* wall clock */
};

/** The line was acknowledged. */
enum learn_change learn_kept(struct learn *learn, const struct learn_bounds *bounds,
                             const struct learn_line *line, int64_t now_s);
/** The line was never acknowledged, and the client came back. thirds: LEARN_WHOLE or
 * LEARN_WEAK. */
enum learn_change learn_lost(struct learn *learn, const struct learn_bounds *bounds,
                             const struct learn_line *line, unsigned thirds, int64_t now_s);

/** Fills a row for the journal, except for the network. Devices are not stored. */
void learn_to_record(const struct learn *learn, struct network_record *out);
void learn_from_record(struct learn *learn, const struct network_record *record);

#endif
