/* SPDX-License-Identifier: MIT */
/* Needles of a search (mime_needles.c), which mime_search.c gives the text of a message. */
#ifndef SYNTAX_MAIL_SEARCH_MIME_SEARCH_PRIVATE_H
#define SYNTAX_MAIL_SEARCH_MIME_SEARCH_PRIVATE_H

#include "syntax/mail/search/mime_search.h"

struct needle {
    struct span folded;
    enum mime_scope scope;
    enum mime_manner manner;
    struct fuzzy fuzzy; /* without words, it is found only as it stands */
    uint8_t score;      /* 0: not found */
    bool settled;       /* what follows cannot matter to it */
};

/** As mime_search_init. */
MUST_USE enum rc needles_init(struct mime_search *search, struct arena *arena,
                              const struct mime_needle *needles, size_t count);
/** Begins a message. */
void needles_begin(struct mime_search *search);

struct needles_piece {
    struct span window; /* text in which a match may end that has not been seen yet */
    struct span words;  /* what is new of it, without the name of a field */
    bool is_last;       /* what follows does not continue it */
    enum fuzzy_place place;
    bool in_root_header;
};
void needles_look(struct mime_search *search, const struct needles_piece *piece);

#endif
