/* SPDX-License-Identifier: MIT */
/*
 * A date is a sequence of words: weekday, month, day, time, year and zone in any order that
 * programs use. It is accepted only if nothing is missing, nothing occurs twice and nothing
 * else is among them, so that text that begins with "From " is not mistaken for a separator.
 */
#include "cli/mail/from_date.h"

#include "syntax/mail/rfc5322_date.h"

enum { FROM_LINE_MAX = 1000, DATE_WORDS_MAX = 12 };

struct date_words {
    int32_t year; /* 0: none yet */
    int32_t month;
    int32_t day;
    int32_t second; /* second of the day; -1: none yet */
    int32_t zone_min;
    bool has_zone;
    bool has_weekday;
};

static bool
is_digits(struct span word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] < '0' || word.ptr[i] > '9')
            return false;
    return word.len > 0;
}

static int32_t
number(struct span digits)
{
    int32_t value = 0;

    for (size_t i = 0; i < digits.len; i++)
        value = value * 10 + (digits.ptr[i] - '0');
    return value;
}

/* The position of a three-letter name in a list of such names, from 1; 0: not found. */
static int32_t
name_index(const char *names, struct span word)
{
    if (word.len < 3)
        return 0;
    for (size_t i = 0; names[3 * i] != '\0'; i++)
        if (span_ieq(span_of(names + 3 * i, 3), span_head(word, 3)))
            return (int32_t)i + 1;
    return 0;
}

static bool
is_weekday(struct span word)
{
    return word.len <= 9 && name_index("MonTueWedThuFriSatSun", word) > 0 &&
           (word.len == 3 || span_istarts(span_tail(word, word.len - 3), SPAN("day")));
}

static bool
time_word(struct date_words *date, struct span word)
{
    int32_t parts[3] = {0, 0, 0};
    size_t count = 0;

    while (count < 3) {
        const ptrdiff_t colon = span_find_char(word, ':');
        struct span part = span_head(word, colon < 0 ? word.len : (size_t)colon);
        const ptrdiff_t dot = count == 2 ? span_find_char(part, '.') : -1;
        if (dot >= 0) /* fractions of a second */
            part = span_head(part, (size_t)dot);
        if (!is_digits(part) || part.len > 2)
            return false;
        parts[count++] = number(part);
        if (colon < 0)
            break;
        word = span_tail(word, (size_t)colon + 1);
        if (count == 3)
            return false;
    }
    if (count < 2 || date->second >= 0 || parts[0] > 23 || parts[1] > 59 || parts[2] > 60)
        return false;
    date->second = parts[0] * 3600 + parts[1] * 60 + parts[2];
    return true;
}

/* "+0100", "-04:00". */
static bool
offset_word(struct date_words *date, struct span word)
{
    char digits[4];
    size_t count = 0;

    for (size_t i = 1; i < word.len; i++) {
        if (word.ptr[i] == ':' && i == 3)
            continue;
        if (word.ptr[i] < '0' || word.ptr[i] > '9' || count == 4)
            return false;
        digits[count++] = word.ptr[i];
    }
    if (count != 4 || date->has_zone || date->second < 0)
        return false;
    const int32_t minutes = number(span_of(digits, 2)) * 60 + number(span_of(digits + 2, 2));
    if (minutes >= 24 * 60)
        return false;
    date->has_zone = true;
    date->zone_min = word.ptr[0] == '-' ? -minutes : minutes;
    return true;
}

/* Zones by name: those of RFC 5322 section 4.3 and the usual ones of Europe and Asia. A name in
 * capitals that is not here counts as UTC, as it does in a Date field. */
static bool
zone_word(struct date_words *date, struct span word)
{
    static const struct {
        char name[5];
        int16_t minutes;
    } zones[] = {{"EST", -300}, {"EDT", -240}, {"CST", -360}, {"CDT", -300}, {"MST", -420},
                 {"MDT", -360}, {"PST", -480}, {"PDT", -420}, {"BST", 60},   {"WEST", 60},
                 {"CET", 60},   {"CEST", 120}, {"MET", 60},   {"MEST", 120}, {"EET", 120},
                 {"EEST", 180}, {"MSK", 180},  {"MSD", 240},  {"IST", 330},  {"JST", 540},
                 {"AEST", 600}, {"AEDT", 660}};

    if (date->second < 0 || word.len > 5)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] < 'A' || word.ptr[i] > 'Z')
            return false;
    if (span_eq(word, SPAN("DST")) && date->has_zone) { /* "MET DST" */
        date->zone_min += 60;
        return true;
    }
    if (date->has_zone) /* "+0100 CET" names the zone twice */
        return true;
    date->has_zone = true;
    for (size_t i = 0; i < ARRAY_LEN(zones); i++)
        if (span_eq(word, span_of(zones[i].name, strnlen(zones[i].name, 5))))
            date->zone_min = zones[i].minutes;
    return true;
}

/* "2004-10-28", also followed by "T17:00:38". */
static bool
iso_word(struct date_words *date, struct span word)
{
    if (word.len < 10 || word.ptr[4] != '-' || word.ptr[7] != '-' || date->year != 0 ||
        date->month != 0 || date->day != 0 || !is_digits(span_head(word, 4)) ||
        !is_digits(span_of(word.ptr + 5, 2)) || !is_digits(span_of(word.ptr + 8, 2)))
        return false;
    date->year = number(span_head(word, 4));
    date->month = number(span_of(word.ptr + 5, 2));
    date->day = number(span_of(word.ptr + 8, 2));
    if (word.len == 10)
        return true;
    struct span time = span_tail(word, 11);
    if (time.len > 0 && time.ptr[time.len - 1] == 'Z')
        time.len--;
    return word.ptr[10] == 'T' && time_word(date, time);
}

static bool
number_word(struct date_words *date, struct span word)
{
    if (!is_digits(word))
        return false;
    if (word.len <= 2 && date->day == 0) {
        date->day = number(word);
        return date->day > 0;
    }
    if (word.len == 2 && date->year == 0 && date->second >= 0) { /* RFC 5322 section 4.3 */
        date->year = number(word) + (number(word) < 50 ? 2000 : 1900);
        return true;
    }
    if (word.len != 4 || date->year != 0)
        return false;
    date->year = number(word);
    return date->year > 0;
}

static bool
date_word(struct date_words *date, struct span word)
{
    if (word.ptr[0] >= '0' && word.ptr[0] <= '9')
        return number_word(date, word) || time_word(date, word) || iso_word(date, word);
    if (word.ptr[0] == '+' || word.ptr[0] == '-')
        return offset_word(date, word);
    if (!date->has_weekday && is_weekday(word)) {
        date->has_weekday = true;
        return true;
    }
    const int32_t month = name_index("JanFebMarAprMayJunJulAugSepOctNovDec", word);
    if (month > 0 && date->month == 0) {
        date->month = month;
        return true;
    }
    return zone_word(date, word);
}

static bool
is_complete(const struct date_words *date)
{
    return date->year != 0 && date->month != 0 && date->day != 0 && date->second >= 0;
}

static bool
to_seconds(const struct date_words *date, int64_t *date_out)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int32_t y = date->year;
    const bool is_leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

    if (date->month < 1 || date->month > 12 || date->day < 1 ||
        date->day > days[date->month - 1] + (date->month == 2 && is_leap))
        return false;
    *date_out = rfc5322_days(date->year, date->month, date->day) * 86400 + date->second -
                (int64_t)date->zone_min * 60;
    return true;
}

/* Whether all of text is a date, or a date followed by "remote from HOST" (UUCP) or a
 * comment. */
static bool
date_parse(struct span text, int64_t *date_out)
{
    struct date_words date = {.second = -1};

    for (size_t count = 0; count < DATE_WORDS_MAX; count++) {
        size_t len = 0;
        text = span_trim(text);
        while (len < text.len && strchr(" \t,", text.ptr[len]) == NULL)
            len++;
        if (text.len == 0)
            return is_complete(&date) && to_seconds(&date, date_out);
        if (len == 0)
            return false;
        const bool is_end = text.ptr[0] == '(' || span_starts(text, SPAN("remote from "));
        if (is_end && is_complete(&date))
            return to_seconds(&date, date_out);
        if (!date_word(&date, span_head(text, len)))
            return false;
        text = span_tail(text, len + (len < text.len && text.ptr[len] == ','));
    }
    return false;
}

bool
from_line_date(struct span from_line, int64_t *date_out)
{
    from_line = span_trim(from_line);
    if (!span_starts(from_line, SPAN("From ")) || from_line.len > FROM_LINE_MAX)
        return false;
    /* The date follows the sender, which may be missing or contain blanks. */
    for (size_t at = 4; at < from_line.len; at++)
        if (from_line.ptr[at] == ' ' && date_parse(span_tail(from_line, at + 1), date_out))
            return true;
    return false;
}
