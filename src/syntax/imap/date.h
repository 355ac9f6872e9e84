/* SPDX-License-Identifier: MIT */
/*
 * The two date forms of IMAP: date-time ("17-Jul-1996 02:44:25 -0700", INTERNALDATE and APPEND)
 * and date ("17-Jul-1996", SEARCH). The calendar is Gregorian, with years from 1 to 9999.
 * Neither a locale nor a time zone database is used: a zone is the number of minutes east of
 * Greenwich that the text names.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_DATE_H
#define SYNTAX_IMAP_DATE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"

struct imap_date_time {
    int64_t epoch_s;      /* seconds since 1970-01-01T00:00:00Z, leap seconds not counted */
    int16_t zone_minutes; /* east of Greenwich, -1439..1439 */
};

enum {
    IMAP_DATE_TIME_OCTETS = 26, /* of a date-time, without its quotes */
    IMAP_DATE_OCTETS = 11,      /* of a date */
    IMAP_DATE_DAY_S = 86400,
    IMAP_DATE_DAY_MIN = -719162, /* 0001-01-01 */
    IMAP_DATE_DAY_MAX = 2932896, /* 9999-12-31 */
};

/**
 * Reads all of text, without its quotes, as a date-time. The day is two digits, or a space and
 * a digit, or, from some clients, one digit. Second 60 is a leap second. RC_INVALID for
 * anything else, including days that the month does not have.
 */
MUST_USE enum rc imap_date_time_parse(struct span text, struct imap_date_time *when_out);

/** Reads all of text, without quotes, as a date: the number of days since 1970-01-01 (RFC 3501
 * section 6.4.4 compares dates "disregarding time and timezone"). RC_INVALID for anything else.
 */
MUST_USE enum rc imap_date_parse(struct span text, int32_t *day_out);

/** Writes exactly IMAP_DATE_TIME_OCTETS at dst. Times outside of the years 1..9999 are written
 * as the nearest one within them, so that the line stays legal. */
void imap_date_time_write(char *dst, struct imap_date_time when);

/** Writes exactly IMAP_DATE_OCTETS at dst; days outside the years 1..9999 as above. */
void imap_date_write(char *dst, int32_t day);

/** The day (since 1970-01-01) on which `when` falls in its own zone. */
int32_t imap_date_day_of(struct imap_date_time when);

/** What clocks of its zone show, in seconds since 1970-01-01 00:00 there, kept inside the years
 * 1..9999: IMAP_DATE_DAY_S for each day of imap_date_day_of. */
static inline int64_t
imap_date_local_s(struct imap_date_time when)
{
    const int64_t first = (int64_t)IMAP_DATE_DAY_MIN * IMAP_DATE_DAY_S;
    const int64_t last = ((int64_t)IMAP_DATE_DAY_MAX + 1) * IMAP_DATE_DAY_S - 1;
    const int64_t zone_s = (int64_t)when.zone_minutes * 60;

    return when.epoch_s < first - zone_s  ? first
           : when.epoch_s > last - zone_s ? last
                                          : when.epoch_s + zone_s;
}

#endif
