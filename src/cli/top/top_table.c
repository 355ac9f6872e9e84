/* SPDX-License-Identifier: MIT */
/* Collects, sorts and writes the table of `roost top`; see the header. */
#include "cli/top/top_table.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cli/terminal.h"
#include "journal/redact.h"

enum {
    CELL_OCTETS = 400, /* size of one escaped text */
    NUMBER_COLUMNS = 8,
    DOING_COLUMNS = 9,
    AGE_COLUMNS = 5,
    ACCOUNT_COLUMNS = 16, /* at least, like the next one */
    PEER_COLUMNS = 21,
    TEXT_COLUMNS_MOST = 40,
    COLUMNS_LEAST = 80, /* the least columns fit into this width */
};

static const struct {
    const char *name;
    char key;
} sorts[TOP_SORT_COUNT] = {
    [TOP_BY_SESSION] = {"session", 's'}, [TOP_BY_ACCOUNT] = {"account", 'a'},
    [TOP_BY_DOING] = {"doing", 'd'},     [TOP_BY_IDLE] = {"idle", 'i'},
    [TOP_BY_ACKED] = {"acked", 'k'},     [TOP_BY_PEER] = {"peer", 'p'},
    [TOP_BY_OUT] = {"out", 'o'},         [TOP_BY_SUSPECT] = {"suspect", 'u'},
};

const char *
top_sort_name(enum top_sort sort)
{
    return sorts[sort].name;
}

enum top_sort
top_sort_of_name(const char *name)
{
    unsigned i = 0;

    while (i < TOP_SORT_COUNT && strcmp(sorts[i].name, name) != 0)
        i++;
    return (enum top_sort)i;
}

enum top_sort
top_sort_of_key(char key)
{
    unsigned i = 0;

    while (i < TOP_SORT_COUNT && sorts[i].key != key)
        i++;
    return (enum top_sort)i;
}

/* ---- gathering ---- */

static const char *
member(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    return text == NULL ? "" : text;
}

static bool
grow(struct top_table *table)
{
    const size_t cap = table->cap == 0 ? 256 : table->cap * 2;

    if (table->count < table->cap)
        return true;
    struct top_row *rows = reallocarray(table->rows, cap, sizeof *rows);
    if (rows == NULL)
        return false;
    table->rows = rows;
    table->cap = cap;
    return true;
}

/* A state in a word that fits into its column. */
static const char *
doing_of(const char *state)
{
    return strcmp(state, "authenticated") == 0    ? "logged in"
           : strcmp(state, "authenticating") == 0 ? "login"
                                                  : state;
}

bool
top_gather(void *ctx, const json_t *row, struct span data)
{
    struct top_table *table = ctx;
    const json_t *acked = json_object_get(row, "acknowledged");
    json_t *copy = json_deep_copy(row);

    (void)data;
    if (copy == NULL || !grow(table)) {
        json_decref(copy);
        table->failed = true;
        return false;
    }
    const bool suspect = json_is_true(json_object_get(copy, "suspect"));
    const char *state = member(copy, "state");
    table->rows[table->count++] = (struct top_row){
        .json = copy,
        .account = member(copy, "account"),
        .doing = suspect ? "suspect" : doing_of(state),
        .peer = member(copy, "peer"),
        .client = member(copy, "client"),
        .session = (uint64_t)json_integer_value(json_object_get(copy, "session")),
        .idle_s = json_number_value(json_object_get(copy, "idle")),
        .acked_s = json_is_number(acked) ? json_number_value(acked) : -1,
        .out_octets = (uint64_t)json_integer_value(json_object_get(copy, "out")),
        .suspect = suspect,
    };
    table->suspects += suspect;
    table->idle += strcmp(state, "idle") == 0;
    return true;
}

void
top_table_done(struct top_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        json_decref(table->rows[i].json);
    free(table->rows);
    *table = (struct top_table){0};
}

/* ---- sorting ---- */

static int
compare_numbers(double a, double b)
{
    return a < b ? -1 : a > b;
}

struct order {
    enum top_sort sort;
    bool reversed;
};

/* What is most interesting comes first: the longest, the most, the suspects. */
static int
compare(const void *x, const void *y, void *ctx)
{
    const struct order *order = ctx;
    const struct top_row *a = x;
    const struct top_row *b = y;
    int result = 0;

    switch (order->sort) {
    case TOP_BY_ACCOUNT:
        result = strcmp(a->account, b->account);
        break;
    case TOP_BY_DOING:
        result = strcmp(a->doing, b->doing);
        break;
    case TOP_BY_IDLE:
        result = compare_numbers(b->idle_s, a->idle_s);
        break;
    case TOP_BY_ACKED:
        result = compare_numbers(b->acked_s, a->acked_s);
        break;
    case TOP_BY_PEER:
        result = strcmp(a->peer, b->peer);
        break;
    case TOP_BY_OUT:
        result = a->out_octets > b->out_octets ? -1 : a->out_octets < b->out_octets;
        break;
    case TOP_BY_SUSPECT:
        result = (int)b->suspect - (int)a->suspect;
        break;
    case TOP_BY_SESSION:
    case TOP_SORT_COUNT:
        break;
    }
    if (result == 0)
        result = a->session < b->session ? -1 : a->session > b->session;
    return order->reversed ? -result : result;
}

void
top_sort_rows(struct top_table *table, enum top_sort sort, bool reversed)
{
    struct order order = {sort, reversed};

    if (table->count > 0)
        qsort_r(table->rows, table->count, sizeof *table->rows, compare, &order);
}

/* ---- writing ---- */

/* Writes the text, escaped, in exactly this many columns; it is cut or padded with blanks. */
static void
put_cell(struct buf *out, const char *text, unsigned columns)
{
    char safe[CELL_OCTETS + 33];
    const size_t len = text_escape_to(safe, sizeof safe - 1, span_of_str(text), CELL_OCTETS);
    mbstate_t state = {0};
    unsigned used = 0;
    size_t at = 0;

    while (at < len) {
        wchar_t wide;
        const size_t octets = mbrtowc(&wide, safe + at, len - at, &state);
        const bool is_bad = octets == 0 || octets > len - at; /* the locale is not UTF-8 */
        const int width = is_bad ? 1 : wcwidth(wide);
        if (width < 0 || used + (unsigned)width > columns)
            break;
        if (is_bad) {
            state = (mbstate_t){0};
            buf_put_char(out, '?');
            at++;
            while (at < len && ((unsigned char)safe[at] & 0xc0) == 0x80)
                at++;
        } else {
            buf_put(out, safe + at, octets);
            at += octets;
        }
        used += (unsigned)width;
    }
    buf_printf(out, "%*s", (int)(columns - used), "");
}

static void
put_age(struct buf *out, double seconds)
{
    char age[TERMINAL_AGE] = "-";

    if (seconds >= 0)
        terminal_age(age, seconds);
    buf_printf(out, " %*.*s", AGE_COLUMNS, AGE_COLUMNS, age);
}

static void
put_row(struct buf *out, const struct top_row *row, unsigned columns)
{
    const unsigned more = (columns - COLUMNS_LEAST) / 3;
    const unsigned account =
        ACCOUNT_COLUMNS + more > TEXT_COLUMNS_MOST ? TEXT_COLUMNS_MOST : ACCOUNT_COLUMNS + more;
    const unsigned peer =
        PEER_COLUMNS + more > TEXT_COLUMNS_MOST ? TEXT_COLUMNS_MOST : PEER_COLUMNS + more;
    const unsigned fixed =
        NUMBER_COLUMNS + 1 + account + 1 + DOING_COLUMNS + 2 * (AGE_COLUMNS + 1) + 1 + peer + 1;

    if (row == NULL)
        buf_printf(out, "%*s ", NUMBER_COLUMNS, "SESSION");
    else
        buf_printf(out, "%*ju ", NUMBER_COLUMNS, (uintmax_t)row->session);
    put_cell(out,
             row == NULL               ? "ACCOUNT"
             : row->account[0] == '\0' ? "-"
                                       : row->account,
             account);
    buf_put_char(out, ' ');
    put_cell(out, row == NULL ? "DOING" : row->doing, DOING_COLUMNS);
    if (row == NULL) {
        buf_printf(out, " %*s %*s", AGE_COLUMNS, "IDLE", AGE_COLUMNS, "ACKED");
    } else {
        put_age(out, row->idle_s);
        put_age(out, row->acked_s);
    }
    buf_put_char(out, ' ');
    put_cell(out, row == NULL ? "PEER" : row->peer, peer);
    buf_put_char(out, ' ');
    put_cell(out, row == NULL ? "CLIENT" : row->client, columns - fixed);
}

void
top_write(const struct top_table *table, size_t index, unsigned lines, unsigned columns,
          const struct top_style *style, struct buf *out)
{
    if (columns < COLUMNS_LEAST)
        columns = COLUMNS_LEAST; /* the screen will cut it */
    buf_put_str(out, style->head_begin);
    put_row(out, NULL, columns);
    buf_put_str(out, style->end);
    buf_put_str(out, style->line_end);
    for (unsigned i = 1; i < lines && index < table->count; i++, index++) {
        const struct top_row *row = &table->rows[index];
        if (row->suspect)
            buf_put_str(out, style->mark_begin);
        put_row(out, row, columns);
        if (row->suspect)
            buf_put_str(out, style->end);
        buf_put_str(out, style->line_end);
    }
}
