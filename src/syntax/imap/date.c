/* SPDX-License-Identifier: MIT */
/*
 * Calendar arithmetic by whole 400-year cycles, counted from 1 March so that the leap day is
 * the last of its year. No tables but the months, no library clock.
 */
#include "syntax/imap/date.h"

#include <stdbool.h>

#include "base/attr.h"
#include "syntax/imap/put.h"

enum {
    DAY_S = IMAP_DATE_DAY_S,
    CYCLE_DAYS = 146097,        /* of 400 Gregorian years */
    EPOCH_FROM_MARCH0 = 719468, /* days from 0000-03-01 to 1970-01-01 */
    DAY_MIN = IMAP_DATE_DAY_MIN,
    DAY_MAX = IMAP_DATE_DAY_MAX,
    ZONE_MAX = 23 * 60 + 59,
};

static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

struct civil {
    int year;  /* 1..9999 */
    int month; /* 1..12 */
    int day;   /* 1..31 */
};

static bool
is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool
civil_is_valid(struct civil c)
{
    if (c.year < 1 || c.month < 1 || c.day < 1)
        return false;
    const int days = month_days[c.month - 1] + (c.month == 2 && is_leap(c.year));
    return c.day <= days;
}

static int32_t
day_of_civil(struct civil c)
{
    const int year = c.month <= 2 ? c.year - 1 : c.year; /* years begin in March: 0..9999 */
    const int cycle = year / 400;
    const int year_of_cycle = year % 400;
    const int month = (c.month + 9) % 12; /* March is 0 */
    const int day_of_year = (153 * month + 2) / 5 + c.day - 1;
    const int day_of_cycle =
        year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;

    return cycle * CYCLE_DAYS + day_of_cycle - EPOCH_FROM_MARCH0;
}

/** day: DAY_MIN..DAY_MAX. */
static struct civil
civil_of_day(int32_t day)
{
    const int from_march0 = day + EPOCH_FROM_MARCH0; /* not negative from the year 1 on */
    const int cycle = from_march0 / CYCLE_DAYS;
    const int doc = from_march0 % CYCLE_DAYS; /* day of cycle */
    const int yoc = (doc - doc / 1460 + doc / 36524 - doc / (CYCLE_DAYS - 1)) / 365;
    const int doy = doc - (365 * yoc + yoc / 4 - yoc / 100);
    const int month = (5 * doy + 2) / 153; /* March is 0 */

    return (struct civil){
        .year = cycle * 400 + yoc + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = doy - (153 * month + 2) / 5 + 1,
    };
}

static int32_t
clamp_day(int64_t day)
{
    return (int32_t)(day < DAY_MIN ? DAY_MIN : day > DAY_MAX ? DAY_MAX : day);
}

/* --- Reading --- */

/** Exactly `digits` decimal digits at the front of *s, taken off it; -1 when they are not
 * there. */
static int
take_digits(struct span *s, size_t digits)
{
    uint64_t value;

    if (s->len < digits || !span_to_u64(span_head(*s, digits), 9999, &value))
        return -1;
    *s = span_tail(*s, digits);
    return (int)value;
}

static bool
take_char(struct span *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = span_tail(*s, 1);
    return true;
}

/** 1..12, or -1. */
static int
take_month(struct span *s)
{
    for (int i = 0; i < (int)ARRAY_LEN(month_names); i++) {
        if (span_ieq(span_head(*s, 3), span_of(month_names[i], 3))) {
            *s = span_tail(*s, 3);
            return i + 1;
        }
    }
    return -1;
}

/** d-Mon-yyyy with a day of one or two digits. */
static bool
take_civil(struct span *s, struct civil *civil_out)
{
    struct civil c;
    const bool two = s->len >= 2 && s->ptr[1] >= '0' && s->ptr[1] <= '9';

    c.day = take_digits(s, two ? 2 : 1);
    if (!take_char(s, '-'))
        return false;
    c.month = take_month(s);
    if (!take_char(s, '-'))
        return false;
    c.year = take_digits(s, 4);
    if (!civil_is_valid(c))
        return false;
    *civil_out = c;
    return true;
}

/** hh:mm:ss as seconds of the day, or -1. */
static int
take_time(struct span *s)
{
    const int hour = take_digits(s, 2);
    const bool colon1 = take_char(s, ':');
    const int minute = take_digits(s, 2);
    const bool colon2 = take_char(s, ':');
    const int second = take_digits(s, 2);

    if (!colon1 || !colon2 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return -1;
    return hour * 3600 + minute * 60 + second;
}

/** +hhmm or -hhmm in minutes; false when it is not there. */
static bool
take_zone(struct span *s, int *minutes_out)
{
    const bool west = take_char(s, '-');

    if (!west && !take_char(s, '+'))
        return false;
    const int hours = take_digits(s, 2);
    const int minutes = take_digits(s, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *minutes_out = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

enum rc
imap_date_time_parse(struct span text, struct imap_date_time *when_out)
{
    struct span s = text;
    struct civil civil;
    int zone;

    (void)take_char(&s, ' '); /* date-day-fixed = (SP DIGIT) / 2DIGIT */
    if (!take_civil(&s, &civil) || !take_char(&s, ' '))
        return RC_INVALID;
    const int time_s = take_time(&s);
    if (time_s < 0 || !take_char(&s, ' ') || !take_zone(&s, &zone) || s.len != 0)
        return RC_INVALID;
    when_out->epoch_s = (int64_t)day_of_civil(civil) * DAY_S + time_s - (int64_t)zone * 60;
    when_out->zone_minutes = (int16_t)zone;
    return RC_OK;
}

enum rc
imap_date_parse(struct span text, int32_t *day_out)
{
    struct span s = text;
    struct civil civil;

    if (!take_civil(&s, &civil) || s.len != 0)
        return RC_INVALID;
    *day_out = day_of_civil(civil);
    return RC_OK;
}

/* --- Writing --- */

static void
write_pair(char *dst, int value)
{
    const size_t at = 2 * (size_t)value;

    dst[0] = imap_digit_pairs[at];
    dst[1] = imap_digit_pairs[at + 1];
}

/** "17-Jul-1996", the day with a zero before it. */
static void
write_civil(char *dst, int32_t day)
{
    const struct civil c = civil_of_day(day);

    write_pair(dst, c.day);
    dst[2] = dst[6] = '-';
    memcpy(dst + 3, month_names[c.month - 1], 3);
    write_pair(dst + 7, c.year / 100);
    write_pair(dst + 9, c.year % 100);
}

/** Days and seconds of the day of `when` in its own zone, kept inside the years 1..9999. */
static int32_t
split(struct imap_date_time when, int *second_of_day_out)
{
    const int64_t local = imap_date_local_s(when);
    int64_t day = local / DAY_S;
    int64_t second = local % DAY_S;

    if (second < 0) {
        second += DAY_S;
        day--;
    }
    *second_of_day_out = (int)second;
    return (int32_t)day;
}

void
imap_date_time_write(char *dst, struct imap_date_time when)
{
    int second;
    int zone = when.zone_minutes;

    if (zone > ZONE_MAX || zone < -ZONE_MAX)
        when.zone_minutes = 0, zone = 0;
    write_civil(dst, split(when, &second));
    dst[11] = dst[20] = ' ';
    write_pair(dst + 12, second / 3600);
    dst[14] = dst[17] = ':';
    write_pair(dst + 15, second / 60 % 60);
    write_pair(dst + 18, second % 60);
    dst[21] = zone < 0 ? '-' : '+';
    zone = zone < 0 ? -zone : zone;
    write_pair(dst + 22, zone / 60);
    write_pair(dst + 24, zone % 60);
}

void
imap_date_write(char *dst, int32_t day)
{
    write_civil(dst, clamp_day(day));
}

int32_t
imap_date_day_of(struct imap_date_time when)
{
    int second;

    return split(when, &second);
}
