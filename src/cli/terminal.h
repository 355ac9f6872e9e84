/* SPDX-License-Identifier: MIT */
/*
 * Output for people: escaped, so that no text from a peer can control the terminal, and fitted
 * to its width. Thread: main.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TERMINAL_AGE = 24 }; /* octets of an age, with its NUL */

/** Columns of standard output; if it is not a terminal, COLUMNS or 80. 40 to 400. */
unsigned terminal_columns(void);
/** Whether the locale can show more than ASCII. */
bool terminal_is_utf8(void);

/** The text of a member, escaped, at most max octets of it; "-" if it is empty or missing.
 * Valid until the eighth call after this one. */
const char *terminal_text(const json_t *row, const char *name, size_t max);
/** Columns that a text takes. Wide characters (CJK) take two. */
size_t terminal_width(const char *text);
/** Prints as much of the beginning of text as fits into so many columns. Returns how many it
 * takes. */
size_t terminal_print(const char *text, size_t columns);
/** Whether text may be printed bold: standard output is a terminal that can do so, and the
 * variable NO_COLOR is not set. */
bool terminal_has_bold(void);
/** Prints text wrapped at blanks, with each line indented by indent blanks. first replaces the
 * indentation of the first line. */
void terminal_wrap(const char *text, unsigned indent, const char *first);

/** "12s", "4m", "3h", "2d" */
void terminal_age(char dst[TERMINAL_AGE], double seconds);
/** Local time: "2026-11-22 12:24:17"; "12:24:17.921". */
void terminal_date(char dst[TERMINAL_AGE], int64_t ms);
void terminal_clock(char dst[TERMINAL_AGE], int64_t ms);

#endif
