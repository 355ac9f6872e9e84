/* SPDX-License-Identifier: MIT */
/*
 * The date-time of RFC 5322 sections 3.3 and 4.3, with obsolete years and zones. No locale, no
 * clock. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_RFC5322_DATE_H
#define SYNTAX_MAIL_RFC5322_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct rfc5322_date {
    int64_t epoch_s;      /* seconds since 1970-01-01 00:00 UTC */
    int32_t zone_minutes; /* east of UTC, -1439..1439; unknown zones count as 0 (section 4.3) */
    int32_t year;         /* 1..9999: the calendar date as written, in its own zone: what */
    int32_t month;        /* 1..12    SENTBEFORE, SENTON and SENTSINCE compare (RFC 3501 */
    int32_t day;          /* 1..31    section 6.4.4: "disregarding time and timezone") */
};

/**
 * Parses the value of a Date field. Comments, folding, missing weekday, missing seconds,
 * missing time and missing zone are tolerated, a leap second counts as the second after, a time
 * that does not exist as midnight UTC (RFC 5256 section 2.2); false for what names no day of
 * the calendar.
 */
MUST_USE bool rfc5322_date_parse(struct span text, struct rfc5322_date *date_out);

/** Days since 1970-01-01 of a calendar date (proleptic Gregorian), for comparisons. */
int64_t rfc5322_days(int32_t year, int32_t month, int32_t day);

#endif
