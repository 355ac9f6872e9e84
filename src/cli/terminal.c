/* SPDX-License-Identifier: MIT */
/* Printing for people; see the header. Thread: main. */
#include "cli/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "base/span.h"
#include "journal/redact.h"

enum { COLUMNS_LEAST = 40, COLUMNS_MOST = 400, COLUMNS_DEFAULT = 80 };

unsigned
terminal_columns(void)
{
    const char *set = getenv("COLUMNS");
    struct winsize size;
    uint64_t columns = COLUMNS_DEFAULT;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    else if (set == NULL || !span_to_u64(span_of_str(set), COLUMNS_MOST, &columns))
        columns = COLUMNS_DEFAULT;
    return columns < COLUMNS_LEAST  ? COLUMNS_LEAST
           : columns > COLUMNS_MOST ? COLUMNS_MOST
                                    : (unsigned)columns;
}

bool
terminal_is_utf8(void)
{
    return setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

const char *
terminal_text(const json_t *row, const char *name, size_t max)
{
    enum { TEXTS = 8, OCTETS = 4096 };
    static char texts[TEXTS][OCTETS + 33];
    static unsigned turn;
    const char *text = json_string_value(json_object_get(row, name));
    char *dst = texts[turn++ % TEXTS];

    if (text == NULL || text[0] == '\0')
        return "-";
    if (max > OCTETS)
        max = OCTETS;
    dst[text_escape_to(dst, OCTETS + 32, span_of_str(text), max)] = '\0';
    return dst;
}

/* If the locale or the octets are not UTF-8, a character counts as one column. */
static size_t
columns_of(struct span text)
{
    mbstate_t state = {0};
    size_t count = 0;

    if (!terminal_is_utf8()) {
        for (size_t i = 0; i < text.len; i++)
            count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
        return count;
    }
    while (text.len > 0) {
        wchar_t wide;
        const size_t octets = mbrtowc(&wide, text.ptr, text.len, &state);
        const bool is_bad = octets == 0 || octets > text.len;
        const int width = is_bad ? 1 : wcwidth(wide);
        if (is_bad)
            state = (mbstate_t){0};
        count += width > 0 ? (size_t)width : 0;
        text = span_tail(text, is_bad ? 1 : octets);
    }
    return count;
}

size_t
terminal_width(const char *text)
{
    return columns_of(span_of_str(text));
}

size_t
terminal_print(const char *text, size_t columns)
{
    size_t fits = 0;
    size_t used = 0;

    while (text[fits] != '\0') {
        size_t end = fits + 1;
        while (((unsigned char)text[end] & 0xc0) == 0x80)
            end++;
        const size_t more = columns_of(span_of(text + fits, end - fits));
        if (used + more > columns)
            break;
        used += more;
        fits = end;
    }
    printf("%.*s", (int)fits, text);
    return used;
}

bool
terminal_has_bold(void)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0 &&
           (no_color == NULL || no_color[0] == '\0');
}

void
terminal_wrap(const char *text, unsigned indent, const char *first)
{
    const size_t width = terminal_columns() - 1;
    struct span left = span_of_str(text);
    size_t column = columns_of(span_of_str(first));
    bool line_begins = true;

    fputs(first, stdout);
    while (left.len > 0) {
        const ptrdiff_t blank = span_find_char(left, ' ');
        const struct span word = span_head(left, blank < 0 ? left.len : (size_t)blank);
        const size_t columns = columns_of(word);
        if (!line_begins && column + 1 + columns > width) {
            printf("\n%*s", (int)indent, "");
            column = indent;
            line_begins = true;
        }
        printf("%s%.*s", line_begins ? "" : " ", SPAN_FMT(word));
        column += columns + !line_begins;
        line_begins = false;
        left = span_tail(left, word.len + (blank >= 0));
    }
    putchar('\n');
}

void
terminal_age(char dst[TERMINAL_AGE], double seconds)
{
    if (seconds < 120)
        snprintf(dst, TERMINAL_AGE, "%.0fs", seconds);
    else if (seconds < 7200)
        snprintf(dst, TERMINAL_AGE, "%.0fm", seconds / 60);
    else if (seconds < 172800)
        snprintf(dst, TERMINAL_AGE, "%.0fh", seconds / 3600);
    else
        snprintf(dst, TERMINAL_AGE, "%.0fd", seconds / 86400);
}

static struct tm
local_time(int64_t ms)
{
    const time_t at = (time_t)(ms / 1000);
    struct tm tm = {.tm_mday = 1};

    (void)localtime_r(&at, &tm);
    return tm;
}

void
terminal_date(char dst[TERMINAL_AGE], int64_t ms)
{
    const struct tm tm = local_time(ms);

    if (strftime(dst, TERMINAL_AGE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        dst[0] = '\0'; /* a year beyond 9999 does not come from a clock */
}

void
terminal_clock(char dst[TERMINAL_AGE], int64_t ms)
{
    const struct tm tm = local_time(ms);

    snprintf(dst, TERMINAL_AGE, "%02d:%02d:%02d.%03d", tm.tm_hour % 100, tm.tm_min % 100,
             tm.tm_sec % 100, (int)(ms % 1000));
}
