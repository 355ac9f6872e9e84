/* SPDX-License-Identifier: MIT */
/* Times in foreign logs. Days are counted in the Gregorian calendar. Pure. */
#include "journal/foreign/when.h"

#include <stdlib.h>
#include <string.h>

static bool
take_char(struct span *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = span_tail(*s, 1);
    return true;
}

bool
when_take_number(struct span *s, unsigned max_digits, uint64_t *value_out)
{
    uint64_t value = 0;
    size_t at = 0;

    while (at < s->len && at < max_digits && s->ptr[at] >= '0' && s->ptr[at] <= '9')
        value = value * 10 + (uint64_t)(s->ptr[at++] - '0');
    if (at == 0)
        return false;
    *s = span_tail(*s, at);
    *value_out = value;
    return true;
}

/* Exactly two digits, with a value of at most max. */
static bool
take_two(struct span *s, unsigned max, unsigned *value_out)
{
    uint64_t value;
    const struct span before = *s;

    if (!when_take_number(s, 2, &value) || before.len - s->len != 2 || value > max) {
        *s = before;
        return false;
    }
    *value_out = (unsigned)value;
    return true;
}

bool
when_take_clock(struct span *s, int64_t *tod_us_out, uint32_t *precision_out)
{
    struct span rest = *s;
    unsigned hour;
    unsigned minute;
    unsigned second;
    int64_t fraction = 0;
    uint32_t precision = 1000000;

    if (!take_two(&rest, 23, &hour) || !take_char(&rest, ':') ||
        !take_two(&rest, 59, &minute) || !take_char(&rest, ':') ||
        !take_two(&rest, 60, &second))
        return false;
    if (rest.len > 1 && (rest.ptr[0] == '.' || rest.ptr[0] == ',') && rest.ptr[1] >= '0' &&
        rest.ptr[1] <= '9') {
        rest = span_tail(rest, 1);
        for (unsigned digits = 0; rest.len > 0 && rest.ptr[0] >= '0' && rest.ptr[0] <= '9';
             rest = span_tail(rest, 1), digits++) {
            if (digits == 9)
                return false;
            if (precision > 1) {
                precision /= 10;
                fraction += (rest.ptr[0] - '0') * (int64_t)precision;
            }
        }
    }
    *tod_us_out = (int64_t)(hour * 3600 + minute * 60 + second) * WHEN_SECOND_US + fraction;
    *precision_out = precision;
    *s = rest;
    return true;
}

int64_t
when_days(int64_t year, unsigned month, unsigned day)
{
    /* March is the first month, so that the leap day is the last day of a year. */
    const int64_t y = year - (month <= 2);
    const int64_t m = (month + 9) % 12;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + (int64_t)day - 1 - 719468;
}

bool
when_take_date(struct span *s, int64_t *day_out)
{
    struct span rest = *s;
    uint64_t year;
    unsigned month;
    unsigned day;

    if (!when_take_number(&rest, 4, &year) || s->len - rest.len != 4 || year < 1970)
        return false;
    const char sep = rest.len > 0 ? rest.ptr[0] : '\0';
    if ((sep != '-' && sep != '/') || !take_char(&rest, sep) || !take_two(&rest, 12, &month) ||
        month == 0 || !take_char(&rest, sep) || !take_two(&rest, 31, &day) || day == 0)
        return false;
    *day_out = when_days((int64_t)year, month, day);
    *s = rest;
    return true;
}

int64_t
when_tod(struct foreign_clock *clock, int64_t tod_us, uint32_t precision_us)
{
    /* Lines that are slightly out of order do not mean midnight, but half a day back does. */
    if (clock->precision_us != 0 && tod_us < clock->last_tod_us - WHEN_DAY_US / 2)
        clock->day_us += WHEN_DAY_US;
    clock->last_tod_us = tod_us;
    clock->precision_us = precision_us;
    return clock->day_us + tod_us;
}

static bool
take_zone(struct foreign_clock *clock, struct span *s)
{
    struct span rest = *s;
    unsigned hours;
    unsigned minutes;

    if (take_char(&rest, 'Z') || (span_starts(rest, SPAN(" UTC")) && take_char(&rest, ' '))) {
        if (span_starts(rest, SPAN("UTC")))
            rest = span_tail(rest, 3);
        clock->zone_min = 0;
    } else if (rest.len > 0 && (rest.ptr[0] == '+' || rest.ptr[0] == '-')) {
        const int sign = rest.ptr[0] == '-' ? -1 : 1;
        rest = span_tail(rest, 1);
        if (!take_two(&rest, 15, &hours))
            return false;
        take_char(&rest, ':');
        if (!take_two(&rest, 59, &minutes))
            return false;
        clock->zone_min = sign * (int)(hours * 60 + minutes);
    } else {
        return false;
    }
    *s = rest;
    return true;
}

bool
when_take_iso(struct foreign_clock *clock, struct span *s, int64_t *at_out)
{
    struct span rest = *s;
    int64_t day;
    int64_t tod;
    uint32_t precision;

    if (!when_take_date(&rest, &day) || (!take_char(&rest, 'T') && !take_char(&rest, ' ')) ||
        !when_take_clock(&rest, &tod, &precision))
        return false;
    clock->has_zone = take_zone(clock, &rest);
    clock->has_date = true;
    clock->precision_us = precision;
    *at_out = day * WHEN_DAY_US + tod;
    *s = rest;
    return true;
}

/* Names of months as strftime's %b writes them, which is what journalctl prints. Languages with
 * the same names as another are left out. */
static const char *const months[][12] = {
    {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"},
    {"", "", "Mär", "", "Mai", "", "", "", "", "Okt", "", "Dez"},
    {"janv", "févr", "mars", "avril", "mai", "juin", "juil", "août", "sept", "oct", "nov",
     "déc"},
    {"ene", "", "", "abr", "", "", "", "ago", "", "", "", "dic"},
    {"gen", "", "", "", "mag", "giu", "lug", "ago", "set", "ott", "", "dic"},
    {"", "fev", "", "abr", "mai", "", "", "ago", "set", "out", "", "dez"},
    {"", "", "mrt", "", "mei", "", "", "", "", "okt", "", ""},
    {"", "", "", "april", "maj", "juni", "juli", "", "", "", "", "des"},
    {"sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"},
    {"led", "úno", "bře", "dub", "kvě", "čen", "čec", "srp", "zář", "říj", "lis", "pro"},
    {"янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"},
    {"січ", "лют", "бер", "кві", "тра", "чер", "лип", "сер", "вер", "жов", "лис", "гру"},
    {"Oca", "Şub", "Mar", "Nis", "May", "Haz", "Tem", "Ağu", "Eyl", "Eki", "Kas", "Ara"},
    {"tammi", "helmi", "maalis", "huhti", "touko", "kesä", "heinä", "elo", "syys", "loka",
     "marras", "joulu"},
    {"", "febr", "márc", "ápr", "máj", "jún", "júl", "", "szept", "okt", "", ""},
    {"1\xe6\x9c\x88", "2\xe6\x9c\x88", "3\xe6\x9c\x88", "4\xe6\x9c\x88", "5\xe6\x9c\x88",
     "6\xe6\x9c\x88", "7\xe6\x9c\x88", "8\xe6\x9c\x88", "9\xe6\x9c\x88", "10\xe6\x9c\x88",
     "11\xe6\x9c\x88", "12\xe6\x9c\x88"},
};

enum { MONTH_OCTETS = 16 };

/* Takes the name of a month and the blank after it. Returns 1 to 12, 0 for an unknown name, or
 * -1 if there is none. */
static int
take_month(struct span *s)
{
    size_t len = 0;

    while (len < s->len && len < MONTH_OCTETS && s->ptr[len] != ' ' && s->ptr[len] != '.') {
        const char c = s->ptr[len];
        if ((c & 0x80) == 0 && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') &&
            !(c >= '0' && c <= '9'))
            return -1;
        len++;
    }
    const struct span name = span_head(*s, len);
    struct span rest = span_tail(*s, len);
    take_char(&rest, '.');
    if (len < 2 || !take_char(&rest, ' ') ||
        (name.ptr[0] >= '0' && name.ptr[0] <= '9' && (name.ptr[len - 1] & 0x80) == 0))
        return -1;
    *s = rest;
    for (size_t i = 0; i < sizeof months / sizeof months[0]; i++)
        for (int k = 0; k < 12; k++)
            if (span_ieq_str(name, months[i][k]))
                return k + 1;
    return 0;
}

/* The year in which a day of the calendar is nearest to a time. */
static int64_t
year_near(int64_t near_us, unsigned month, unsigned day)
{
    const int64_t guess = 1970 + near_us / WHEN_DAY_US * 400 / 146097;
    int64_t best = guess;

    for (int64_t year = guess - 1; year <= guess + 1; year++)
        if (llabs(when_days(year, month, day) * WHEN_DAY_US - near_us) <
            llabs(when_days(best, month, day) * WHEN_DAY_US - near_us))
            best = year;
    return best;
}

bool
when_take_syslog(struct foreign_clock *clock, struct span *s, int64_t *at_out)
{
    struct span rest = *s;
    uint64_t day;
    int64_t tod;
    uint32_t precision;

    take_char(&rest, ' '); /* names of Japanese months are padded to two columns */
    const int month = take_month(&rest);
    if (month < 0)
        return false;
    take_char(&rest, ' ');
    if (!when_take_number(&rest, 2, &day) || day == 0 || day > 31)
        return false;
    take_char(&rest, '.');
    if (!take_char(&rest, ' ') || !when_take_clock(&rest, &tod, &precision))
        return false;
    *s = rest;
    if (month == 0) {
        *at_out = when_tod(clock, tod, precision);
        return true;
    }
    if (clock->has_near)
        clock->year = (int32_t)year_near(clock->near_us, (unsigned)month, (unsigned)day);
    int64_t at = when_days(clock->year, (unsigned)month, (unsigned)day) * WHEN_DAY_US + tod;
    /* There is no year: a date half a year back belongs to the next year. */
    if (!clock->has_near && clock->precision_us != 0 &&
        at < clock->day_us - 183 * WHEN_DAY_US) {
        clock->year++;
        at = when_days(clock->year, (unsigned)month, (unsigned)day) * WHEN_DAY_US + tod;
    }
    clock->day_us = at;
    clock->has_date = true;
    clock->precision_us = precision;
    *at_out = at;
    return true;
}

/* "Mon 2026-03-02 08:00:00 CET": journalctl -o short-full. */
static bool
take_full(struct foreign_clock *clock, struct span *s, int64_t *at_out)
{
    struct span rest = *s;
    const ptrdiff_t blank = span_find_char(rest, ' ');

    if (blank < 2 || blank > MONTH_OCTETS)
        return false;
    rest = span_tail(rest, (size_t)blank + 1);
    if (!when_take_iso(clock, &rest, at_out))
        return false;
    if (!clock->has_zone && take_char(&rest, ' ')) {
        size_t len = 0;
        while (len < rest.len && rest.ptr[len] != ' ')
            len++;
        rest = span_tail(rest, len);
    }
    *s = rest;
    return true;
}

bool
when_take_stamp(struct foreign_clock *clock, struct span *s, int64_t *at_out)
{
    return when_take_iso(clock, s, at_out) || when_take_syslog(clock, s, at_out) ||
           when_take_epoch(clock, s, at_out) || take_full(clock, s, at_out);
}

bool
when_take_dmy(struct foreign_clock *clock, struct span *s, int64_t *at_out)
{
    struct span rest = *s;
    unsigned month = 0;
    unsigned day;
    uint64_t year;
    int64_t tod;
    uint32_t precision;

    if (!take_two(&rest, 31, &day) || day == 0 || !take_char(&rest, '-'))
        return false;
    while (month < 12 && !span_istarts(rest, span_of_str(months[0][month])))
        month++;
    rest = span_tail(rest, 3);
    if (month == 12 || !take_char(&rest, '-') || !when_take_number(&rest, 4, &year) ||
        year < 1970 || !take_char(&rest, ' ') || !when_take_clock(&rest, &tod, &precision))
        return false;
    *s = rest;
    if (take_char(&rest, ' ') && take_zone(clock, &rest)) {
        clock->has_zone = true;
        *s = rest;
    }
    clock->has_date = true;
    clock->precision_us = precision;
    *at_out = when_days((int64_t)year, month + 1, day) * WHEN_DAY_US + tod;
    return true;
}

bool
when_take_epoch(struct foreign_clock *clock, struct span *s, int64_t *at_out)
{
    struct span rest = *s;
    uint64_t seconds;
    uint32_t precision = 1000000;
    int64_t fraction = 0;

    if (!when_take_number(&rest, 11, &seconds) || s->len - rest.len < 9)
        return false;
    if (rest.len > 1 && rest.ptr[0] == '.' && rest.ptr[1] >= '0' && rest.ptr[1] <= '9') {
        rest = span_tail(rest, 1);
        while (rest.len > 0 && rest.ptr[0] >= '0' && rest.ptr[0] <= '9' && precision > 1) {
            precision /= 10;
            fraction += (rest.ptr[0] - '0') * (int64_t)precision;
            rest = span_tail(rest, 1);
        }
    }
    clock->has_date = true;
    clock->has_zone = true;
    clock->zone_min = 0;
    clock->precision_us = precision;
    *at_out = (int64_t)seconds * WHEN_SECOND_US + fraction;
    *s = rest;
    return true;
}

void
when_from_name(struct foreign_clock *clock, const char *name)
{
    for (struct span rest = span_of_str(name); rest.len >= 10; rest = span_tail(rest, 1)) {
        struct span date = rest;
        int64_t day;
        if (when_take_date(&date, &day)) {
            clock->day_us = day * WHEN_DAY_US;
            clock->last_tod_us = -1;
            clock->has_date = true;
            return;
        }
    }
}

static int64_t
cut_to(int64_t at_us, uint32_t precision_us)
{
    const int64_t rest = at_us % precision_us;

    return at_us - (rest < 0 ? rest + precision_us : rest);
}

int64_t
when_difference(const struct foreign_clock *a_clock, int64_t a_us,
                const struct foreign_clock *b_clock, int64_t b_us)
{
    uint32_t coarse = a_clock->precision_us > b_clock->precision_us ? a_clock->precision_us
                                                                    : b_clock->precision_us;
    if (coarse == 0)
        coarse = 1;
    return cut_to(b_us, coarse) - cut_to(a_us, coarse);
}

int64_t
when_between(const struct foreign_clock *a_clock, int64_t a_us,
             const struct foreign_clock *b_clock, int64_t b_us)
{
    if (a_us == FOREIGN_NO_TIME || b_us == FOREIGN_NO_TIME)
        return -1;
    const int64_t us = when_difference(a_clock, a_us, b_clock, b_us);
    return us < 0 ? -1 : us;
}

void
when_print(struct buf *buf, const struct foreign_clock *clock, int64_t at_us)
{
    if (at_us == FOREIGN_NO_TIME) {
        buf_put_lit(buf, "(no time)");
        return;
    }
    int64_t day = at_us / WHEN_DAY_US;
    int64_t tod = at_us % WHEN_DAY_US;
    if (tod < 0) {
        tod += WHEN_DAY_US;
        day--;
    }
    if (clock->has_date) {
        /* The inverse of when_days. */
        const int64_t z = day + 719468;
        const int64_t era = z / 146097;
        const int64_t doe = z - era * 146097;
        const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
        const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        const int64_t mp = (5 * doy + 2) / 153;
        const int64_t month = mp < 10 ? mp + 3 : mp - 9;
        buf_printf(buf, "%04d-%02d-%02d ", (int)(yoe + era * 400 + (month <= 2)), (int)month,
                   (int)(doy - (153 * mp + 2) / 5 + 1));
    }
    const int64_t s = tod / WHEN_SECOND_US;
    buf_printf(buf, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    const int64_t fraction = tod % WHEN_SECOND_US;
    if (clock->precision_us <= 1)
        buf_printf(buf, ".%06d", (int)fraction);
    else if (clock->precision_us < 1000000)
        buf_printf(buf, ".%03d", (int)(fraction / 1000));
}

void
when_print_length(struct buf *buf, int64_t us)
{
    const int64_t s = (us < 0 ? -us : us) / WHEN_SECOND_US;

    if (s == 0)
        buf_put_lit(buf, "less than a second");
    else if (s < 60)
        buf_printf(buf, "%d s", (int)s);
    else if (s < 3600)
        buf_printf(buf, "%d min %d s", (int)(s / 60), (int)(s % 60));
    else if (s < 86400)
        buf_printf(buf, "%d h %d min", (int)(s / 3600), (int)(s / 60 % 60));
    else
        buf_printf(buf, "%jd d %d h", (intmax_t)(s / 86400), (int)(s / 3600 % 24));
}
