/* SPDX-License-Identifier: MIT */
/*
 * The table of `roost top`: rows of the verb `sessions` are collected, sorted and written as
 * lines that fit the screen. The output is a buffer of text, independent of the terminal.
 * Thread: main.
 */
#ifndef CLI_TOP_TOP_TABLE_H
#define CLI_TOP_TOP_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

enum top_sort {
    TOP_BY_SESSION,
    TOP_BY_ACCOUNT,
    TOP_BY_DOING,
    TOP_BY_IDLE,
    TOP_BY_ACKED,
    TOP_BY_PEER,
    TOP_BY_OUT,
    TOP_BY_SUSPECT,
    TOP_SORT_COUNT,
};

/** The word for --sort ("idle"), and the key that selects it ('i'). */
const char *top_sort_name(enum top_sort sort);
/** TOP_SORT_COUNT: there is none with this name, or for this key. */
enum top_sort top_sort_of_name(const char *name);
enum top_sort top_sort_of_key(char key);

struct top_row {
    json_t *json;        /* owned */
    const char *account; /* borrowed from json, as the next three; never NULL */
    const char *doing;   /* "suspect" or a state */
    const char *peer;
    const char *client;
    uint64_t session;
    double idle_s;
    double acked_s; /* -1: never */
    uint64_t out_octets;
    bool suspect;
};

struct top_table {
    struct top_row *rows; /* owned */
    size_t count;
    size_t cap;
    size_t idle; /* number of sessions in IDLE */
    size_t suspects;
    bool failed; /* no memory for all rows */
};

/** Adds a row. An `on_row` of struct asking; ctx is a struct top_table, zeroed at first. */
bool top_gather(void *ctx, const json_t *row, struct span data);
void top_sort_rows(struct top_table *table, enum top_sort sort, bool reversed);
void top_table_done(struct top_table *table);

/* What surrounds the lines of the table: control codes of the screen, or nothing. */
struct top_style {
    const char *line_end;   /* "\033[K\n" or "\n" */
    const char *head_begin; /* reverse video */
    const char *mark_begin; /* bold: suspects */
    const char *end;        /* back to normal */
};

/** Writes the heading and the rows from index on: at most `lines` lines, each at most
 * `columns` wide. All texts are escaped. */
void top_write(const struct top_table *table, size_t index, unsigned lines, unsigned columns,
               const struct top_style *style, struct buf *out);

#endif
