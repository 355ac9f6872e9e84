/* SPDX-License-Identifier: MIT */
/*
 * Tokens in any order, each taken for what it looks like: a month's name, a time with colons, a
 * zone after the time, the first number for the day and the second for the year. So dates of
 * RFC 5322, of asctime and with dashes are read by one loop.
 */
#include "syntax/mail/rfc5322_date.h"

#include <stddef.h>

static const char months[12][4] = {"jan", "feb", "mar", "apr", "may", "jun",
                                   "jul", "aug", "sep", "oct", "nov", "dec"};

/* RFC 5322 section 4.3; all other names count as +0000. */
static const struct {
    char name[4];
    int32_t minutes;
} zones[] = {
    {"edt", -4 * 60}, {"est", -5 * 60}, {"cdt", -5 * 60}, {"cst", -6 * 60},
    {"mdt", -6 * 60}, {"mst", -7 * 60}, {"pdt", -7 * 60}, {"pst", -8 * 60},
};

struct fields {
    const char *p;
    const char *end;
    int32_t year, month, day; /* 0: not seen */
    int32_t hour, minute, second;
    bool has_time;
    int32_t zone_minutes;
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

/* A comment at p, nested ones included; an open one runs to the end. */
static void
skip_comment(struct fields *f)
{
    unsigned depth = 0;

    for (; f->p < f->end; f->p++) {
        if (*f->p == '\\' && f->p + 1 < f->end) {
            f->p++;
        } else if (*f->p == '(') {
            depth++;
        } else if (*f->p == ')' && --depth == 0) {
            f->p++;
            return;
        }
    }
}

/* Digits at p; the value stops growing at 99999. *digits_out: how many there were. */
static int32_t
take_number(struct fields *f, unsigned *digits_out)
{
    int32_t value = 0;
    unsigned digits = 0;

    for (; f->p < f->end && is_digit(*f->p); f->p++, digits++) {
        if (value < 10000)
            value = value * 10 + (*f->p - '0');
        else
            value = 99999;
    }
    *digits_out = digits;
    return value;
}

static bool
take_colon_number(struct fields *f, int32_t *value_out)
{
    unsigned digits;

    if (f->end - f->p < 2 || *f->p != ':' || !is_digit(f->p[1]))
        return false;
    f->p++;
    *value_out = take_number(f, &digits);
    return true;
}

/* Two-digit and three-digit years: RFC 5322 section 4.3. */
static int32_t
full_year(int32_t year, unsigned digits)
{
    if (digits <= 2)
        return year < 50 ? year + 2000 : year + 1900;
    return digits == 3 ? year + 1900 : year;
}

static void
take_digits(struct fields *f)
{
    unsigned digits;
    const int32_t value = take_number(f, &digits);

    if (!f->has_time && f->p < f->end && *f->p == ':') {
        f->hour = value;
        f->has_time = take_colon_number(f, &f->minute);
        (void)take_colon_number(f, &f->second);
    } else if (f->day == 0 && digits <= 2) {
        f->day = value;
    } else if (f->year == 0) {
        f->year = full_year(value, digits);
    }
}

static void
take_word(struct fields *f)
{
    char word[4] = "";
    size_t len = 0;

    for (; f->p < f->end && is_letter(*f->p); f->p++, len++) {
        if (len < 3)
            word[len] = ascii_lower(*f->p);
    }
    for (int32_t i = 0; i < 12 && f->month == 0; i++) {
        if (memcmp(word, months[i], 4) == 0)
            f->month = i + 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(zones) && len == 3; i++) {
        if (memcmp(word, zones[i].name, 4) == 0)
            f->zone_minutes = zones[i].minutes;
    }
}

/* "+hhmm" or "+hh:mm" at p, after the time. */
static void
take_offset(struct fields *f)
{
    const int32_t sign = *f->p++ == '-' ? -1 : 1;
    unsigned digits;
    int32_t value = take_number(f, &digits);
    int32_t minutes;

    if (digits == 2 && take_colon_number(f, &minutes))
        value = value * 100 + minutes;
    if (value / 100 < 24 && value % 100 < 60)
        f->zone_minutes = sign * (value / 100 * 60 + value % 100);
}

static int32_t
days_in_month(int32_t year, int32_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

int64_t
rfc5322_days(int32_t year, int32_t month, int32_t day)
{
    /* Years begin in March here, so that the leap day is the last of its year. */
    const int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

bool
rfc5322_date_parse(struct span text, struct rfc5322_date *date_out)
{
    struct fields f = {.p = text.ptr, .end = text.len == 0 ? text.ptr : text.ptr + text.len};

    while (f.p < f.end) {
        const char c = *f.p;
        if (c == '(')
            skip_comment(&f);
        else if (is_digit(c))
            take_digits(&f);
        else if (is_letter(c))
            take_word(&f);
        else if (f.has_time && (c == '+' || c == '-') && f.end - f.p > 1 && is_digit(f.p[1]))
            take_offset(&f);
        else
            f.p++;
    }
    if (f.month == 0 || f.year < 1 || f.year > 9999 || f.day < 1 ||
        f.day > days_in_month(f.year, f.month))
        return false;
    if (f.hour > 23 || f.minute > 59 || f.second > 60) /* RFC 5256 section 2.2 */
        f.hour = f.minute = f.second = f.zone_minutes = 0;
    *date_out = (struct rfc5322_date){
        .epoch_s = rfc5322_days(f.year, f.month, f.day) * 86400 +
                   (int64_t)(f.hour * 60 + f.minute - f.zone_minutes) * 60 + f.second,
        .zone_minutes = f.zone_minutes,
        .year = f.year,
        .month = f.month,
        .day = f.day,
    };
    return true;
}
