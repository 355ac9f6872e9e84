/* SPDX-License-Identifier: MIT */
/*
 * Needles (mime_needles.c) are searched for in each piece of the text, and in the end of the
 * text before it, one octet less than the longest needle, so that a match is found wherever the
 * pieces are cut.
 */
#include "syntax/mail/search/mime_search_private.h"

#include "base/limits.h"

enum { VALUE_MAX = 64 << 20 }; /* of each buffer, for the worst that decoding can do */

enum rc
mime_search_init(struct mime_search *search, struct arena *arena,
                 const struct mime_needle *needles, size_t count)
{
    memset(search, 0, sizeof *search);
    mime_text_init(&search->text, 0);
    buf_init(&search->value_utf8, VALUE_MAX);
    buf_init(&search->value_folded, VALUE_MAX);
    buf_init(&search->value_shown, VALUE_MAX);
    arena_init(&search->addresses, (size_t)LIMIT_HEADER_FIELD * 2);
    if (needles_init(search, arena, needles, count) != RC_OK) {
        mime_search_done(search);
        return RC_LIMIT;
    }
    search->text.keep = search->longest > 0 ? search->longest - 1 : 0;
    return RC_OK;
}

void
mime_search_done(struct mime_search *search)
{
    mime_text_done(&search->text);
    buf_done(&search->value_utf8);
    buf_done(&search->value_folded);
    buf_done(&search->value_shown);
    arena_done(&search->addresses);
    search->needle_count = 0;
}

void
mime_search_begin(struct mime_search *search, const struct mime_part *root)
{
    search->failed = false;
    needles_begin(search);
    mime_text_begin(&search->text, root,
                    search->missing_text > 0 ? MIME_TEXT_ALL : MIME_TEXT_BODY);
}

bool
mime_search_wants(const struct mime_search *search, uint64_t *offset_out)
{
    return search->missing > 0 && mime_text_wants(&search->text, offset_out);
}

/* Fields of the root header that say what a message is about and who the correspondents are. */
static enum fuzzy_place
place_of(const struct mime_text_piece *piece)
{
    static const struct span in_front[] = {
        SPAN_INIT("Subject"), SPAN_INIT("From"), SPAN_INIT("To"),
        SPAN_INIT("Cc"),      SPAN_INIT("Bcc"),
    };

    for (size_t i = 0; i < ARRAY_LEN(in_front) && piece->in_root_header; i++)
        if (span_ieq(piece->name, in_front[i]))
            return FUZZY_IN_FRONT;
    return FUZZY_BEHIND;
}

/* The name of a field is not among the words of the text, because it says nothing about the
 * message. */
static bool
look(void *ctx, const struct mime_text_piece *piece)
{
    struct mime_search *search = ctx;

    if (piece->is_first)
        words_init(&search->words);
    needles_look(search, &(struct needles_piece){
                             .window = piece->window,
                             .words = span_tail(piece->folded, piece->name_octets),
                             .is_last = piece->is_last,
                             .place = place_of(piece),
                             .in_root_header = piece->in_root_header,
                         });
    return search->missing > 0;
}

void
mime_search_feed(struct mime_search *search, struct span octets)
{
    if (search->missing > 0)
        mime_text_feed(&search->text, octets, look, search);
}

bool
mime_search_failed(const struct mime_search *search)
{
    return search->failed || mime_text_failed(&search->text);
}
