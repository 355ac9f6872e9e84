/* SPDX-License-Identifier: MIT */
/*
 * Times in foreign logs: with and without date, zone and fractions. Pure.
 * A time is microseconds of the log's own wall clock since 1970; a zone is noted, not applied,
 * so that what is printed is what the log says. Logs without dates count from day 0 and
 * notice midnight by the time of day that goes back.
 */
#ifndef JOURNAL_FOREIGN_WHEN_H
#define JOURNAL_FOREIGN_WHEN_H

#include "base/buf.h"
#include "journal/foreign/model.h"

#define WHEN_SECOND_US INT64_C(1000000)
#define WHEN_DAY_US (86400 * WHEN_SECOND_US)

/** "HH:MM:SS" and up to 9 digits after '.' or ','. Moves *s past it. False: not there. */
bool when_take_clock(struct span *s, int64_t *tod_us_out, uint32_t *precision_out);
/** "YYYY-MM-DD" or "YYYY/MM/DD": days since 1970. */
bool when_take_date(struct span *s, int64_t *day_out);
/** A decimal number of at least one digit, at most max_digits. */
bool when_take_number(struct span *s, unsigned max_digits, uint64_t *value_out);
/** Days since 1970 of a date of the calendar. */
int64_t when_days(int64_t year, unsigned month, unsigned day);

/** A time of day without date, through the clock: midnight is noticed. */
int64_t when_tod(struct foreign_clock *clock, int64_t tod_us, uint32_t precision_us);
/** "YYYY-MM-DDTHH:MM:SS[.fff][Z|+hh:mm]", with 'T' or blank. Sets date, zone, precision. */
bool when_take_iso(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/**
 * "Mon dD HH:MM:SS[.fff]" of syslog; the year is the clock's, one more after December. The
 * month may have its name in another language (journalctl); of one that is not known the day
 * is not told, only the time.
 */
bool when_take_syslog(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/** "04-Mar-2026 09:40:54[.fff] [+0100]". */
bool when_take_dmy(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/** "1772540657[.123456]": seconds since 1970, in UTC. */
bool when_take_epoch(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/** Any of these, and journalctl's "Mon YYYY-MM-DD HH:MM:SS CET". */
bool when_take_stamp(struct foreign_clock *clock, struct span *s, int64_t *at_out);
/** The date in a file's name, YYYY-MM-DD or YYYYMMDD, becomes the clock's day. */
void when_from_name(struct foreign_clock *clock, const char *name);

/** From a to b, both cut to the coarser clock's precision; -1 when either is not known or b is
 * before a. */
int64_t when_between(const struct foreign_clock *a_clock, int64_t a_us,
                     const struct foreign_clock *b_clock, int64_t b_us);
/** b minus a, cut in the same way, whichever is first; both must be known. */
int64_t when_difference(const struct foreign_clock *a_clock, int64_t a_us,
                        const struct foreign_clock *b_clock, int64_t b_us);
/** Writes a time as precisely as the log has it, with its date if it has one. */
void when_print(struct buf *buf, const struct foreign_clock *clock, int64_t at_us);
/** "30 min 53 s", "2 s", "less than a second", "3 h 5 min", "2 d 4 h". */
void when_print_length(struct buf *buf, int64_t us);

#endif
