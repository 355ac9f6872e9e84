/* SPDX-License-Identifier: MIT */
/*
 * The parts of the writer that are not on the hot path of FETCH lines, and those that are too
 * long to be inline.
 */
#include "syntax/imap/write.h"

#include "base/check.h"
#include "syntax/imap/chars.h"
#include "syntax/imap/flags.h"

static enum imap_charset
charset_of(const struct iw *w)
{
    return w->wire == MBOX_WIRE_UTF8 ? IMAP_UTF8 : IMAP_ASCII;
}

/** The blank before a token that is written with put.h; the next one needs one again. */
static void
separate(struct iw *w)
{
    if (w->blank)
        buf_put_char(w->out, ' ');
    w->blank = true;
}

/* --- Lines --- */

static void
begin_line(struct iw *w)
{
    CHECK(!w->open && w->literal_left == 0);
    w->open = true;
    w->blank = false;
}

void
iw_untagged(struct iw *w)
{
    begin_line(w);
    iw_token(w, SPAN("*"));
}

void
iw_tagged(struct iw *w, struct span tag)
{
    begin_line(w);
    iw_token(w, tag.len == 0 ? SPAN("*") : tag);
}

void
iw_end(struct iw *w)
{
    CHECK(w->open && w->depth == 0 && !w->in_code && w->literal_left == 0);
    char *room = iw_room(w, 2);
    if (room != NULL) {
        room[0] = '\r';
        room[1] = '\n';
        buf_grew(w->out, 2);
    }
    w->open = false;
}

/* --- Tokens --- */

void
iw_close(struct iw *w)
{
    CHECK(w->depth > 0 && w->literal_left == 0);
    w->depth--;
    char *room = iw_room(w, 1);
    if (room != NULL) {
        *room = ')';
        buf_grew(w->out, 1);
    }
    w->blank = true;
}

void
iw_nil(struct iw *w)
{
    iw_word(w, "NIL");
}

void
iw_atom(struct iw *w, struct span atom)
{
    if (imap_is_atom(atom))
        iw_token(w, atom);
    else
        iw_string(w, atom);
}

void
iw_astring(struct iw *w, struct span s)
{
    separate(w);
    imap_put_astring(w->out, s, charset_of(w));
}

void
iw_string(struct iw *w, struct span s)
{
    separate(w);
    imap_put_string(w->out, s, charset_of(w));
}

void
iw_nstring(struct iw *w, struct span s)
{
    separate(w);
    imap_put_nstring(w->out, s, charset_of(w));
}

void
iw_mailbox(struct iw *w, struct span name)
{
    const bool as_it_is = w->wire == MBOX_WIRE_UTF8 ||
                          (imap_is_astring_atom(name) && span_find_char(name, '&') < 0);
    AUTO_BUF encoded = {0};

    buf_init(&encoded, w->out->max);
    if (!as_it_is)
        mutf7_encode(&encoded, name);
    if (buf_ok(&encoded))
        iw_astring(w, as_it_is ? name : buf_span(&encoded));
    else
        w->out->failed = true; /* no memory: as if this buffer had none */
}

void
iw_set(struct iw *w, const struct numset *set)
{
    CHECK(set->count > 0);
    separate(w);
    numset_put(w->out, set);
}

void
iw_date_time(struct iw *w, struct imap_date_time when)
{
    char *room = iw_room(w, IMAP_DATE_TIME_OCTETS + 3);

    if (room == NULL)
        return;
    *room = ' ';
    room += w->blank;
    room[0] = room[IMAP_DATE_TIME_OCTETS + 1] = '"';
    imap_date_time_write(room + 1, when);
    buf_grew(w->out, IMAP_DATE_TIME_OCTETS + 2u + w->blank);
    w->blank = true;
}

void
iw_flags(struct iw *w, unsigned flags, const struct span *keywords, size_t keyword_count)
{
    iw_open(w);
    for (unsigned i = 0; i < IMAP_FLAG_COUNT; i++)
        if (flags & 1u << i)
            iw_token(w, imap_flag_names[i]);
    for (size_t i = 0; i < keyword_count; i++)
        if (imap_is_atom(keywords[i]))
            iw_token(w, keywords[i]);
    iw_close(w);
}

/* --- Literals in pieces --- */

void
iw_literal_begin(struct iw *w, uint64_t octets, enum iw_literal_kind kind)
{
    CHECK(w->literal_left == 0);
    char *room = iw_room(w, 2 + IMAP_LITERAL_HEADER_MAX);
    if (room != NULL) {
        char *at = room;
        if (w->blank)
            *at++ = ' ';
        if (kind == IW_LITERAL8)
            *at++ = '~';
        at += imap_fmt_literal_header(at, octets);
        buf_grew(w->out, (size_t)(at - room));
    }
    w->literal_left = octets;
    w->blank = true;
}

void
iw_literal_sent(struct iw *w, uint64_t octets)
{
    CHECK(octets <= w->literal_left);
    w->literal_left -= octets;
}

void
iw_literal_data(struct iw *w, struct span data)
{
    CHECK(data.len <= w->literal_left);
    buf_put_span(w->out, data);
    w->literal_left -= data.len;
}

/* --- Status responses --- */

static const struct span status_words[] = {
    [IW_OK] = SPAN_INIT("OK"),           [IW_NO] = SPAN_INIT("NO"),
    [IW_BAD] = SPAN_INIT("BAD"),         [IW_BYE] = SPAN_INIT("BYE"),
    [IW_PREAUTH] = SPAN_INIT("PREAUTH"),
};

void
iw_begin_status(struct iw *w, struct span tag, enum iw_status status)
{
    iw_tagged(w, tag);
    iw_token(w, status_words[status]);
}

void
iw_code_open(struct iw *w, struct span word)
{
    CHECK(!w->in_code);
    w->in_code = true;
    separate(w);
    buf_put_char(w->out, '[');
    buf_put_span(w->out, word);
}

void
iw_code_close(struct iw *w)
{
    CHECK(w->in_code && w->depth == 0 && w->literal_left == 0);
    w->in_code = false;
    w->had_code = true;
    buf_put_char(w->out, ']');
}

/** One octet of text for people as it may go out. */
static char
harmless(char c)
{
    const unsigned char octet = (unsigned char)c;

    if (octet < 0x20 || octet == 0x7f)
        return ' ';
    return octet >= 0x80 ? '?' : c;
}

static void
put_text(struct iw *w, struct span text, bool after_code)
{
    if (text.len == 0) /* text = 1*TEXT-CHAR */
        text = SPAN("-");
    char *room = buf_reserve(w->out, text.len);
    if (room == NULL)
        return;
    for (size_t i = 0; i < text.len; i++)
        room[i] = harmless(text.ptr[i]);
    if (room[0] == '[' && !after_code)
        room[0] = '('; /* it would be taken for a response code */
    buf_grew(w->out, text.len);
}

void
iw_end_text(struct iw *w, struct span text)
{
    CHECK(w->open && !w->in_code);
    separate(w);
    put_text(w, text, w->had_code);
    w->had_code = false;
    iw_end(w);
}

void
iw_status_line(struct iw *w, struct span tag, enum iw_status status, const char *code,
               struct span text)
{
    iw_begin_status(w, tag, status);
    if (code != NULL) {
        iw_code_open(w, span_of_str(code));
        iw_code_close(w);
    }
    iw_end_text(w, text);
}

void
iw_continuation(struct iw *w, struct span text)
{
    begin_line(w);
    buf_put_lit(w->out, "+ ");
    if (text.len > 0)
        put_text(w, text, false);
    iw_end(w);
}
