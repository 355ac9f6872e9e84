/* SPDX-License-Identifier: MIT */
/*
 * Times in foreign logs, with or without date, zone and fractions. Pure. A time is in
 * microseconds of the log's own wall clock since 1970. A zone is noted but not applied, so that
 * what is printed is what the log says. Logs without dates count from day 0, and a time of day
 * that goes back means midnight.
 */
#ifndef JOURNAL_FOREIGN_WHEN_H
#define JOURNAL_FOREIGN_WHEN_H

#include "base/buf.h"
#include "journal/foreign/model.h"

#define WHEN_SECOND_US INT64_C(1000000)
#define WHEN_DAY_US (86400 * WHEN_SECOND_US)

/** Takes "HH:MM:SS" and up to 9 digits after '.' or ','. Moves *s past it. False: it is not
 * there. */
bool when_take_clock(struct span *s, int64_t *tod_us_out, uint32_t *precision_out);
/** "YYYY-MM-DD" or "YYYY/MM/DD": days since 1970. */
bool when_take_date(struct span *s, int64_t *day_out);
/** Takes a decimal number of 1 to max_digits digits. */
bool when_take_number(struct span *s, unsigned max_digits, uint64_t *value_out);
/** Days since 1970 of a calendar date. */
int64_t when_days(int64_t year, unsigned month, unsigned day);

/** Turns a time of day without a date into a time of the clock, which notices midnight. */
int64_t when_tod(struct foreign_clock *clock, int64_t tod_us, uint32_t precision_us);
/** "YYYY-MM-DDTHH:MM:SS[.fff][Z|+hh:mm]", with 'T' or blank. Sets date, zone, precision. */
bool when_take_iso(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/**
 * "Mon dD HH:MM:SS[.fff]" of syslog; the year is that of the clock, one more after December.
 * The name of the month may be in another language (journalctl); if it is unknown, only the
 * time of day is used.
 */
bool when_take_syslog(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/** "04-Mar-2026 09:40:54[.fff] [+0100]". */
bool when_take_dmy(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/** "1772540657[.123456]": seconds since 1970, in UTC. */
bool when_take_epoch(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/** Takes any of these, or journalctl's "Mon YYYY-MM-DD HH:MM:SS CET". */
bool when_take_stamp(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/** Sets the clock's day from the date in a file's name, YYYY-MM-DD or YYYYMMDD. */
void when_from_name(struct foreign_clock *clock, const char *name);

/** The time from a to b, both cut to the precision of the coarser clock; -1: either is unknown,
 * or b is before a. */
int64_t when_between(const struct foreign_clock *a_clock, int64_t a_us,
                     const struct foreign_clock *b_clock, int64_t b_us);
/** b minus a, cut in the same way; may be negative. Both must be known. */
int64_t when_difference(const struct foreign_clock *a_clock, int64_t a_us,
                        const struct foreign_clock *b_clock, int64_t b_us);
/** Writes a time as precisely as the log has it, with its date if it has one. */
void when_print(struct buf *buf, const struct foreign_clock *clock, int64_t at_us);
/** "30 min 53 s", "2 s", "less than a second", "3 h 5 min", "2 d 4 h". */
void when_print_length(struct buf *buf, int64_t us);

#endif
