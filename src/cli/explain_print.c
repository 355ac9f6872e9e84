/* SPDX-License-Identifier: MIT */
/*
 * Turns the rows of the verb `explain` into text for people. Everything that is printed is
 * escaped (terminal_text).
 */
#include "cli/explain_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/terminal.h"
#include "journal/explain/account.h"
#include "journal/explain/words.h"

enum {
    DAY_MS = 86400 * 1000,
    PICTURE_LINES = 40,
    PICTURE_LEFT = 9,   /* columns before the strip, for the session's number */
    PICTURE_RIGHT = 22, /* columns after it, for the client */
    STRIP_MOST = 192,   /* columns, at most */
    TEXT_SHOWN = 2000,
    NAME_SHOWN = 100,
    TIMELINE_LEFT = 16,   /* columns of the time and its blanks */
    SHORT_MS = 60 * 1000, /* web mail opens a session for each request; these share a line */
};

static int64_t
int_of(const json_t *row, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(row, name));
}

static bool
has_text(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    return text != NULL && text[0] != '\0';
}

static const char *
duration(int64_t ms)
{
    static char text[64];
    AUTO_BUF buf = {0};

    buf_init(&buf, sizeof text - 1);
    words_duration(&buf, ms);
    snprintf(text, sizeof text, "%.*s", SPAN_FMT(buf_span(&buf)));
    return text;
}

/* ---- one session ---- */

static void
print_head(const json_t *row)
{
    char from[TERMINAL_AGE];
    char to[TERMINAL_AGE];

    terminal_date(from, int_of(row, "start_ms"));
    printf("Session %jd: %s", (intmax_t)int_of(row, "session"),
           terminal_text(row, "service", NAME_SHOWN));
    if (has_text(row, "account"))
        printf(", account %s", terminal_text(row, "account", NAME_SHOWN));
    printf(", from %s", terminal_text(row, "address", NAME_SHOWN));
    if (has_text(row, "client"))
        printf(", %s", terminal_text(row, "client", NAME_SHOWN));
    printf("\n%s", from);
    if (json_is_true(json_object_get(row, "open"))) {
        printf(" until now");
    } else {
        terminal_date(to, int_of(row, "end_ms"));
        printf(" to %s", strncmp(from, to, 10) == 0 ? to + 11 : to);
    }
    printf(", %s\n%s; %jd commands, %jd octets in, %jd out", duration(int_of(row, "lasted_ms")),
           has_text(row, "tls") ? terminal_text(row, "tls", NAME_SHOWN) : "no TLS",
           (intmax_t)int_of(row, "commands"), (intmax_t)int_of(row, "in_octets"),
           (intmax_t)int_of(row, "out_octets"));
    if (int_of(row, "out_compressed") > 0)
        printf(", compressed to %jd and %jd", (intmax_t)int_of(row, "in_compressed"),
               (intmax_t)int_of(row, "out_compressed"));
    printf("\n\n");
}

static void
print_timeline(const json_t *lines)
{
    char day[TERMINAL_AGE] = "";
    size_t i;
    json_t *line;

    json_array_foreach(lines, i, line)
    {
        char date[TERMINAL_AGE];
        char clock[TERMINAL_AGE];
        char first[TERMINAL_AGE + 4];
        terminal_date(date, int_of(line, "at_ms"));
        terminal_clock(clock, int_of(line, "at_ms"));
        date[10] = '\0';
        if (i > 0 && strcmp(date, day) != 0)
            printf("  %s\n", date);
        memcpy(day, date, sizeof day);
        snprintf(first, sizeof first, "  %s  ", clock);
        terminal_wrap(terminal_text(line, "text", TEXT_SHOWN), TIMELINE_LEFT, first);
    }
}

static void
print_verdict(const json_t *row)
{
    const json_t *verdict = json_object_get(row, "verdict");
    size_t i;
    json_t *line;

    if (has_text(row, "reason"))
        printf("\nWhy (%s; caused by: %s; %s)\n", terminal_text(row, "reason", NAME_SHOWN),
               terminal_text(verdict, "who", NAME_SHOWN),
               terminal_text(verdict, "sure", NAME_SHOWN));
    else
        printf("\nNow\n");
    terminal_wrap(terminal_text(verdict, "text", TEXT_SHOWN), 2, "  ");
    printf("\nEvidence\n");
    json_array_foreach(json_object_get(verdict, "evidence"), i, line)
    {
        json_t *holder = json_pack("{sO}", "text", line);
        terminal_wrap(terminal_text(holder, "text", TEXT_SHOWN), 4, "  - ");
        json_decref(holder);
    }
    printf("\nWhat to do\n");
    terminal_wrap(terminal_text(verdict, "advice", TEXT_SHOWN), 2, "  ");
}

bool
explain_print_session(void *ctx, const json_t *row, struct span data)
{
    (void)ctx;
    (void)data;
    print_head(row);
    print_timeline(json_object_get(row, "timeline"));
    print_verdict(row);
    return true;
}

/* ---- an account ---- */

bool
explain_gather(void *ctx, const json_t *row, struct span data)
{
    struct explain_account *account = ctx;
    const char *type = json_string_value(json_object_get(row, "type"));
    json_t **list = type == NULL                   ? NULL
                    : strcmp(type, "network") == 0 ? &account->networks
                    : strcmp(type, "device") == 0  ? &account->devices
                    : strcmp(type, "session") == 0 ? &account->sessions
                                                   : NULL;

    (void)data;
    if (list == NULL) {
        json_decref(account->head);
        account->head = json_deep_copy(row);
        return true;
    }
    if (*list == NULL)
        *list = json_array();
    json_array_append_new(*list, json_deep_copy(row));
    return true;
}

static void
print_counts(const json_t *row)
{
    const intmax_t ends = (intmax_t)int_of(row, "ends");
    const intmax_t open = (intmax_t)int_of(row, "open");

    printf("%jd end%s", ends, ends == 1 ? "" : "s");
    if (open > 0)
        printf(", %jd open", open);
}

static void
print_device(const json_t *row)
{
    const char *before = " (";
    const char *code;
    json_t *count;

    printf("  %s at %s: ",
           has_text(row, "client") ? terminal_text(row, "client", NAME_SHOWN)
                                   : "a client without a name",
           terminal_text(row, "address", NAME_SHOWN));
    print_counts(row);
    json_object_foreach(json_object_get(row, "reasons"), code, count)
    {
        printf("%s%s %jd", before, code, (intmax_t)json_integer_value(count));
        before = ", ";
    }
    printf("%s\n", before[0] == ',' ? ")" : "");
    const char *pattern = json_string_value(json_object_get(row, "pattern"));
    if (pattern != NULL && strcmp(pattern, "renews") == 0) /* "forgets" is about the network */
        terminal_wrap(terminal_text(row, "text", TEXT_SHOWN), 4, "    ");
}

static void
print_networks(const struct explain_account *account)
{
    size_t i;
    size_t k;
    json_t *network;
    json_t *device;

    json_array_foreach(account->networks, i, network)
    {
        const char *name = json_string_value(json_object_get(network, "network"));
        printf("\n%s: ", terminal_text(network, "network", NAME_SHOWN));
        print_counts(network);
        putchar('\n');
        if (has_text(network, "text"))
            terminal_wrap(terminal_text(network, "text", TEXT_SHOWN), 2, "  ");
        json_array_foreach(account->devices, k, device)
        {
            const char *of = json_string_value(json_object_get(device, "network"));
            if (name != NULL && of != NULL && strcmp(name, of) == 0)
                print_device(device);
        }
    }
}

/* ---- the picture ---- */

static const char *const cells_ascii[STRIP_CELL_COUNT] = {".", "-", "#", "=", "o", "x"};
static const char *const cells_utf8[STRIP_CELL_COUNT] = {"·", "╌", "█", "─", "○", "×"};

static void
session_of_row(const json_t *row, struct account_session *out)
{
    size_t i;
    json_t *span;
    const char *reason = json_string_value(json_object_get(row, "reason"));

    *out = (struct account_session){
        .near = {.session = (uint64_t)int_of(row, "session"),
                 .start_ms = int_of(row, "start_ms"),
                 .end_ms = json_is_null(json_object_get(row, "end_ms"))
                               ? INT64_MAX
                               : int_of(row, "end_ms")},
        .reason = reason == NULL ? END_NONE : end_reason_of_code(span_of_str(reason)),
        .known_from_ms = int_of(row, "known_from_ms"),
    };
    json_array_foreach(json_object_get(row, "idle"), i,
                       span) if (out->idle_count < ACCOUNT_SPANS) out->idle[out->idle_count++] =
        (struct account_span){(int64_t)json_integer_value(json_array_get(span, 0)),
                              (int64_t)json_integer_value(json_array_get(span, 1))};
}

/* The hours above the strip, as many as fit. */
static void
print_hours(int64_t from_ms, unsigned columns)
{
    const int64_t column_ms = DAY_MS / columns;
    int last_hour = -1;
    unsigned filled = 0;

    printf("%*s", PICTURE_LEFT, "");
    for (unsigned i = 0; i + 2 <= columns; i++) {
        const time_t at = (time_t)((from_ms + column_ms * (i + 1)) / 1000);
        struct tm tm;
        if (localtime_r(&at, &tm) == NULL)
            break;
        const bool new_hour = tm.tm_hour != last_hour && last_hour >= 0;
        if (new_hour && tm.tm_hour % 3 == 0 && i >= filled) {
            printf("%*s%02d", (int)(i - filled), "", tm.tm_hour);
            filled = i + 2;
        }
        last_hour = tm.tm_hour;
    }
    putchar('\n');
}

static const char *
label_of(const json_t *row)
{
    return terminal_text(row, has_text(row, "client") ? "client" : "address",
                         PICTURE_RIGHT - 2);
}

static void
print_cells(const char *left, const enum strip_cell *cells, unsigned columns, const char *label,
            bool utf8)
{
    const char *const *shown = utf8 ? cells_utf8 : cells_ascii;

    printf("%*s ", PICTURE_LEFT - 1, left);
    for (unsigned i = 0; i < columns; i++)
        fputs(shown[cells[i]], stdout);
    printf(" %s\n", label);
}

/* A line of the picture: a session, or several short ones of one client. */
struct picture_line {
    const json_t *row; /* the first of several, for the client's name */
    size_t count;
    size_t last; /* when its last session was added */
    bool is_short;
    enum strip_cell cells[STRIP_MOST];
};

struct picture {
    struct picture_line *lines;
    size_t count;
    size_t sessions;
    int64_t from_ms;
    unsigned columns;
};

static bool
is_short(const json_t *row)
{
    return !json_is_null(json_object_get(row, "end_ms")) &&
           int_of(row, "end_ms") - int_of(row, "start_ms") < SHORT_MS;
}

static bool
same_text(const json_t *a, const json_t *b, const char *name)
{
    const char *x = json_string_value(json_object_get(a, name));
    const char *y = json_string_value(json_object_get(b, name));

    return strcmp(x == NULL ? "" : x, y == NULL ? "" : y) == 0;
}

/* Adds a session to the picture. A short one shares a line with the other short ones of its
 * client. Where they overlap, the cell that says more is shown; cells are ordered
 * accordingly. */
static void
picture_add(struct picture *picture, const json_t *row)
{
    struct account_session session;
    enum strip_cell cells[STRIP_MOST];
    const bool shorted = is_short(row);
    size_t at = shorted ? 0 : picture->count;

    session_of_row(row, &session);
    account_strip(&session, picture->from_ms, picture->from_ms + DAY_MS, cells,
                  picture->columns);
    while (at < picture->count &&
           !(picture->lines[at].is_short && same_text(picture->lines[at].row, row, "client") &&
             same_text(picture->lines[at].row, row, "address")))
        at++;
    struct picture_line *line = &picture->lines[at];
    if (at == picture->count) {
        *line = (struct picture_line){.row = row, .is_short = shorted};
        picture->count++;
    }
    line->count++;
    line->last = picture->sessions++;
    for (unsigned i = 0; i < picture->columns; i++)
        if (cells[i] > line->cells[i])
            line->cells[i] = cells[i];
}

static int
by_last(const void *a, const void *b)
{
    const struct picture_line *x = a;
    const struct picture_line *y = b;

    return x->last < y->last ? -1 : x->last > y->last;
}

static void
print_line(const struct picture_line *line, unsigned columns, bool utf8)
{
    char left[32];
    char label[PICTURE_RIGHT + 64];

    if (line->count == 1) {
        snprintf(left, sizeof left, "%jd", (intmax_t)int_of(line->row, "session"));
        print_cells(left, line->cells, columns, label_of(line->row), utf8);
        return;
    }
    snprintf(left, sizeof left, "%zux", line->count);
    snprintf(label, sizeof label, "%s", label_of(line->row));
    print_cells(left, line->cells, columns, label, utf8);
}

static bool
is_in_day(const json_t *row, int64_t from_ms)
{
    const json_t *end = json_object_get(row, "end_ms");

    return json_is_null(end) || (int64_t)json_integer_value(end) >= from_ms;
}

static void
print_picture(const struct explain_account *account)
{
    const int64_t from_ms = int_of(account->head, "now_ms") - DAY_MS;
    const unsigned width = terminal_columns() - PICTURE_LEFT - PICTURE_RIGHT;
    const unsigned columns = width > STRIP_MOST ? STRIP_MOST : width;
    const bool utf8 = terminal_is_utf8();
    const char *const *shown = utf8 ? cells_utf8 : cells_ascii;
    struct picture picture = {.from_ms = from_ms, .columns = columns};
    size_t i;
    json_t *row;

    picture.lines = calloc(json_array_size(account->sessions) + 1, sizeof *picture.lines);
    if (picture.lines == NULL)
        return;
    json_array_foreach(account->sessions, i, row) if (is_in_day(row, from_ms))
        picture_add(&picture, row);
    if (picture.count > 0) {
        printf("\nThe last day: %s IDLE  %s active  %s open, not remembered  %s gone  %s "
               "ended  %s failed\n",
               shown[STRIP_IDLE], shown[STRIP_ACTIVE], shown[STRIP_OPEN], shown[STRIP_GONE],
               shown[STRIP_ENDED], shown[STRIP_FAILED]);
        print_hours(from_ms, columns);
    }
    qsort(picture.lines, picture.count, sizeof *picture.lines, by_last);
    const size_t skip = picture.count > PICTURE_LINES ? picture.count - PICTURE_LINES : 0;
    if (skip > 0)
        printf("%*s(%zu earlier lines; --json has all sessions)\n", PICTURE_LEFT, "", skip);
    bool folded = false;
    for (size_t k = skip; k < picture.count; k++) {
        print_line(&picture.lines[k], columns, utf8);
        folded |= picture.lines[k].count > 1;
    }
    if (folded)
        printf("%*sNx: this many sessions of one client, each shorter than a minute\n",
               PICTURE_LEFT, "");
    free(picture.lines);
}

void
explain_print_account(struct explain_account *account)
{
    char since[TERMINAL_AGE];

    if (account->head != NULL) {
        terminal_date(since, int_of(account->head, "since_ms"));
        printf("Account %s since %s: ", terminal_text(account->head, "account", NAME_SHOWN),
               since);
        print_counts(account->head);
        putchar('\n');
        if (int_of(account->head, "left_out") > 0)
            printf("Only the newest are shown; %jd older ones are left out.\n",
                   (intmax_t)int_of(account->head, "left_out"));
        print_networks(account);
        print_picture(account);
    }
    json_decref(account->head);
    json_decref(account->networks);
    json_decref(account->devices);
    json_decref(account->sessions);
    *account = (struct explain_account){0};
}
