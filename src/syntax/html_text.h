/* SPDX-License-Identifier: MIT */
/*
 * What is shown of a text in HTML, in pieces and with memory of a fixed size. Tags, comments
 * and elements whose content is not shown (styles, scripts, the title) go; character references
 * become characters; a run of blanks becomes one, except in pre and the like; the edges of
 * elements part their texts by a line end, unless they can be inside of a word, as b and span
 * can. What has no width and only allows or forbids to break a line there goes as well.
 *
 * It reads broken HTML as browsers do: a < that begins no tag is text, a quote counts after an
 * equals sign only, a comment ends with -->, --!> or <!-->. Nothing is shown of a comment, a
 * tag or a script that never ends. It knows nothing of style sheets.
 *
 * Thread: any; one struct belongs to one thread at a time.
 */
#ifndef SYNTAX_HTML_TEXT_H
#define SYNTAX_HTML_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum html_use {
    HTML_SEARCHED,  /* with the texts that stand for images (alt) */
    HTML_PREVIEWED, /* without them, and without form elements */
};

enum { HTML_NAME_MAX = 16 };

struct html_text {
    enum html_use use;
    uint8_t state;
    uint8_t back;  /* the state after a character reference */
    uint8_t gap;   /* what comes before the next character of the text */
    bool has_text; /* some has been given */
    bool in_pre;
    bool closes;   /* the tag is an end tag */
    bool is_empty; /* the tag ends with a slash */
    bool is_alt;   /* the attribute's value is text */
    char quote;    /* around that value; 0: none */
    uint8_t dashes;
    uint8_t name_len;         /* of the element; above HTML_NAME_MAX: none that matters */
    uint8_t held_len;         /* of the attribute's name, or of a reference */
    char name[HTML_NAME_MAX]; /* in lower case */
    char held[HTML_NAME_MAX];
};

void html_text_init(struct html_text *html, enum html_use use);
/** Appends what the next piece of UTF-8, cut between characters, shows: at most as many octets,
 * and some of what was held back. */
void html_text_put(struct html_text *html, struct span utf8, struct buf *out);
/** Ends the text: appends what was held back. */
void html_text_finish(struct html_text *html, struct buf *out);

#endif
