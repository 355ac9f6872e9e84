/* SPDX-License-Identifier: MIT */
/*
 * Words are found in the folded text. Where that is in the text as it was written follows from
 * folding the latter character by character, because each is folded by itself (fold.h).
 */
#include "mailbox/search/snippet.h"

#include "base/check.h"
#include "syntax/mail/address.h"
#include "syntax/mail/encoded_word.h"
#include "syntax/mail/mime_parts.h"
#include "syntax/one_line.h"

enum {
    PARTS_ARENA = 8 << 20,
    ADDRESSES_ARENA = 1 << 20,
    TEXT_MAX = 64 << 20, /* hard maximum of each buffer */
    PIECE_OCTETS = 64 << 10,
    CHARS_BEFORE = LIMIT_SNIPPET_CHARS / 4, /* the word */
    CHAR_OCTETS = 4,                        /* at most */
    OCTETS_BEFORE = CHARS_BEFORE * CHAR_OCTETS,
    OCTETS_AFTER = LIMIT_SNIPPET_CHARS * CHAR_OCTETS,
    /* No character takes more octets than four times those of its folding. */
    UNFOLDED = 4,
};

enum rc
snippet_init(struct snippet *snippet, const struct span *words, size_t count)
{
    size_t longest = 1;
    size_t ends[LIMIT_FIND_WORDS];
    size_t begin = 0;

    CHECK(count > 0 && count <= LIMIT_FIND_WORDS);
    memset(snippet, 0, sizeof *snippet);
    struct buf *const all[] = {&snippet->from,   &snippet->subject, &snippet->line,
                               &snippet->words,  &snippet->recent,  &snippet->listed,
                               &snippet->scratch};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buf_init(all[i], TEXT_MAX);
    fold_init(&snippet->fold);
    arena_init(&snippet->parts, PARTS_ARENA);
    arena_init(&snippet->addresses, ADDRESSES_ARENA);
    for (size_t i = 0; i < count; i++) {
        fold_put(&snippet->fold, words[i], &snippet->words);
        ends[i] = buf_len(&snippet->words);
    }
    const bool is_complete = buf_ok(&snippet->words);
    for (size_t i = 0; is_complete && i < count; begin = ends[i++]) {
        snippet->word[i] = span_tail(span_head(buf_span(&snippet->words), ends[i]), begin);
        longest = snippet->word[i].len > longest ? snippet->word[i].len : longest;
    }
    snippet->count = count;
    mime_text_init(&snippet->text, longest - 1);
    return is_complete ? RC_OK : RC_LIMIT;
}

void
snippet_done(struct snippet *snippet)
{
    if (snippet->count == 0)
        return;
    mime_text_done(&snippet->text);
    buf_done(&snippet->from);
    buf_done(&snippet->subject);
    buf_done(&snippet->line);
    buf_done(&snippet->words);
    buf_done(&snippet->recent);
    buf_done(&snippet->listed);
    buf_done(&snippet->scratch);
    arena_done(&snippet->parts);
    arena_done(&snippet->addresses);
    snippet->count = 0;
}

/* ---- characters ---- */

static bool
begins_char(char octet)
{
    return ((unsigned char)octet & 0xc0) != 0x80;
}

/* The end of the character that begins at `at`. */
static size_t
char_end(struct span text, size_t at)
{
    at++;
    while (at < text.len && !begins_char(text.ptr[at]))
        at++;
    return at;
}

/* So many characters before `at`, or the beginning. */
static size_t
chars_back(struct span text, size_t at, size_t chars)
{
    for (; at > 0 && chars > 0; chars--) {
        at--;
        while (at > 0 && !begins_char(text.ptr[at]))
            at--;
    }
    return at;
}

/* ---- where the word is ---- */

/* The first place of any word in folded text, or false. */
static bool
find_word(const struct snippet *snippet, struct span folded, size_t *at_out, size_t *len_out)
{
    bool is_found = false;

    for (size_t i = 0; i < snippet->count; i++) {
        const ptrdiff_t at = span_find(folded, snippet->word[i]);
        if (at < 0 || (is_found && (size_t)at >= *at_out))
            continue;
        *at_out = (size_t)at;
        *len_out = snippet->word[i].len;
        is_found = true;
    }
    return is_found;
}

/* Notes the word that is in the recent text, which is known to have one. */
static void
note_place(struct snippet *snippet)
{
    const struct span recent = buf_span(&snippet->recent);
    struct buf *folded = &snippet->scratch;
    size_t first = 0;
    size_t len = 0;
    size_t done = 0; /* octets of the folding so far */

    buf_clear(folded);
    fold_put(&snippet->fold, recent, folded);
    snippet->is_in_recent = find_word(snippet, buf_span(folded), &first, &len);
    snippet->recent_at = snippet->recent_end = 0;
    for (size_t at = 0, end; snippet->is_in_recent && at < recent.len && done < first + len;
         at = end) {
        end = char_end(recent, at);
        buf_clear(folded);
        fold_put(&snippet->fold, span_tail(span_head(recent, end), at), folded);
        done += buf_len(folded);
        if (done <= first)
            snippet->recent_at = end;
        snippet->recent_end = end;
    }
    snippet->failed |= !buf_ok(folded);
}

/* ---- the line ---- */

static void
show(struct snippet *snippet, enum snippet_place place)
{
    const struct span recent = buf_span(&snippet->recent);
    const size_t from = chars_back(recent, snippet->recent_at, CHARS_BEFORE);
    struct one_line line = {.out = &snippet->line, .max = LIMIT_SNIPPET_CHARS};

    buf_clear(&snippet->line);
    one_line_put(&line, span_tail(span_head(recent, snippet->recent_at), from));
    snippet->match_at = buf_len(&snippet->line);
    one_line_put(&line, span_tail(span_head(recent, snippet->recent_end), snippet->recent_at));
    const struct span shown = buf_span(&snippet->line);
    snippet->match_at += snippet->match_at < shown.len && shown.ptr[snippet->match_at] == ' ';
    snippet->match_octets = shown.len - snippet->match_at;
    one_line_put(&line, span_tail(recent, snippet->recent_end));
    snippet->failed |= !buf_ok(&snippet->line);
    snippet->shown = place;
    snippet->is_in_recent = false;
}

/* The first field with that name. */
static void
take_field(struct snippet *snippet, const struct mime_text_piece *piece)
{
    if (!piece->in_root_header || piece->is_param)
        return;
    if (span_ieq(piece->name, SPAN("Subject")) && buf_len(&snippet->subject) == 0) {
        struct one_line line = {.out = &snippet->subject, .max = LIMIT_SNIPPET_CHARS};
        one_line_put(&line, piece->text);
    }
    if (span_ieq(piece->name, SPAN("From")) && buf_len(&snippet->from) == 0) {
        struct one_line line = {.out = &snippet->from, .max = LIMIT_SNIPPET_CHARS};
        arena_reset(&snippet->addresses);
        buf_clear(&snippet->listed);
        buf_clear(&snippet->scratch);
        address_list_put(&snippet->listed, piece->value, &snippet->addresses);
        encoded_word_decode(&snippet->scratch, buf_span(&snippet->listed));
        one_line_put(&line, buf_span(&snippet->scratch));
        snippet->failed |= !buf_ok(&snippet->scratch) || !buf_ok(&snippet->listed) ||
                           snippet->addresses.starved;
    }
    snippet->failed |= !buf_ok(&snippet->subject) || !buf_ok(&snippet->from);
}

/* ---- texts ---- */

/* What follows is still needed of the text that is over up to here. */
static void
forget_begin(struct snippet *snippet)
{
    const struct span recent = buf_span(&snippet->recent);
    const size_t keep = OCTETS_BEFORE + UNFOLDED * snippet->text.keep;

    if (recent.len <= keep)
        return;
    size_t at = recent.len - keep;
    while (at < recent.len && !begins_char(recent.ptr[at]))
        at++;
    buf_consume(&snippet->recent, at);
}

static bool
on_text(void *ctx, const struct mime_text_piece *piece)
{
    struct snippet *snippet = ctx;
    const bool in_header = piece->name.len > 0 || piece->value.len > 0;
    size_t at = 0;
    size_t len = 0;

    if (piece->is_first) {
        buf_clear(&snippet->recent);
        snippet->is_in_recent = false;
        take_field(snippet, piece);
    }
    if (in_header && snippet->shown != SNIPPET_NOWHERE)
        return true;
    if (piece->is_first && piece->name_octets > 0) {
        buf_put_span(&snippet->recent, piece->name);
        buf_put_lit(&snippet->recent, ": ");
    }
    buf_put_span(&snippet->recent, piece->text);
    snippet->failed |= !buf_ok(&snippet->recent);
    if (!snippet->is_in_recent && find_word(snippet, piece->window, &at, &len))
        note_place(snippet);
    const size_t behind = buf_len(&snippet->recent) - snippet->recent_end;
    if (!snippet->is_in_recent) {
        forget_begin(snippet);
    } else if (piece->is_last || behind >= OCTETS_AFTER) {
        show(snippet, in_header ? SNIPPET_IN_HEADER : SNIPPET_IN_BODY);
        return in_header;
    }
    return true;
}

static enum rc
begin(struct snippet *snippet, struct store_tx *tx, uint64_t message, struct err *err)
{
    struct mime_part *root;
    struct message_row row;

    snippet->failed = snippet->is_in_recent = false;
    snippet->shown = SNIPPET_NOWHERE;
    snippet->match_at = snippet->match_octets = 0;
    buf_clear(&snippet->from);
    buf_clear(&snippet->subject);
    buf_clear(&snippet->line);
    buf_clear(&snippet->recent);
    arena_reset(&snippet->parts);
    enum rc rc = store_message_read(tx, message, MESSAGE_PARTS, &row, err);
    if (rc != RC_OK)
        return rc;
    const struct span table = arena_span(&snippet->parts, row.parts);
    rc = table.ptr == NULL ? RC_LIMIT : mime_parts_decode(table, &snippet->parts, &root);
    if (rc != RC_OK)
        return err_set(err, rc, 0, "part table of message %ju", (uintmax_t)message);
    mime_text_begin(&snippet->text, root, MIME_TEXT_ALL);
    return RC_OK;
}

enum rc
snippet_read(struct snippet *snippet, struct store_tx *tx, uint64_t message, struct err *err)
{
    uint64_t left = LIMIT_SNIPPET_OCTETS;
    uint64_t offset;
    struct span piece;

    enum rc rc = begin(snippet, tx, message, err);
    while (rc == RC_OK && left > 0 && mime_text_wants(&snippet->text, &offset)) {
        rc = store_content_peek(tx, message, offset, left < PIECE_OCTETS ? left : PIECE_OCTETS,
                                &piece, err);
        if (rc == RC_OK && piece.len == 0)
            rc = err_set(err, RC_CORRUPT, 0, "message %ju is cut", (uintmax_t)message);
        if (rc != RC_OK)
            return rc;
        mime_text_feed(&snippet->text, piece, on_text, snippet);
        left -= piece.len;
    }
    if (rc == RC_OK && snippet->is_in_recent) /* what follows was not read */
        show(snippet, SNIPPET_IN_BODY);
    if (rc == RC_OK && (snippet->failed || mime_text_failed(&snippet->text)))
        rc = err_set(err, RC_LIMIT, 0, "no memory for a text");
    return rc;
}
