/* SPDX-License-Identifier: MIT */
/*
 * Two small machines: `scan` follows the line's grammar octet by octet as far as it matters
 * here (quoted strings, literal headers), `state` says what becomes of the octets. Both live in
 * the struct, so the input may stop anywhere.
 */
#include "syntax/imap/framer.h"

#include "base/check.h"
#include "base/limits.h"
#include "syntax/imap/chars.h"

enum state {
    STATE_LINE,            /* collecting a line of a command */
    STATE_ASKED,           /* IMAP_FRAME_LITERAL was returned, no decision yet */
    STATE_INLINE,          /* copying a literal's octets into the text */
    STATE_DIVERTED,        /* handing a literal's octets to the caller */
    STATE_SWALLOW_LINE,    /* dropping the rest of a command that was given up */
    STATE_SWALLOW_LITERAL, /* the same inside a literal */
};

enum scan {
    SCAN_PLAIN,
    SCAN_QUOTED,    /* after " */
    SCAN_ESCAPED,   /* after " ... \ */
    SCAN_TILDE,     /* after ~ */
    SCAN_OPEN,      /* after { */
    SCAN_DIGITS,    /* after {1 */
    SCAN_MARK,      /* after {1+ or {1- */
    SCAN_CLOSED,    /* after {1} */
    SCAN_CLOSED_CR, /* after {1} CR */
};

enum event { EVENT_NONE, EVENT_LINE, EVENT_LITERAL, EVENT_NUL };

enum {
    KEEP_OCTETS = LIMIT_TAG + 32, /* of a command given up: its tag and first word */
    KEEP_CAPACITY = 64 << 10,     /* memory kept from one command to the next */
    HEADER_MAX_OCTETS = 32,       /* of a literal's header; one with more zeros is unusual */
};

void
imap_framer_init(struct imap_framer *framer, size_t max_octets)
{
    *framer = (struct imap_framer){.max_octets = max_octets};
    buf_init(&framer->text, max_octets);
}

void
imap_framer_done(struct imap_framer *framer)
{
    buf_done(&framer->text);
}

bool
imap_framer_is_idle(const struct imap_framer *framer)
{
    return framer->state == STATE_LINE && (framer->done || buf_len(&framer->text) == 0);
}

bool
imap_framer_begun(const struct imap_framer *framer, struct span *text_out)
{
    if (framer->state != STATE_LINE || framer->data_pending > 0)
        return false;
    if (!framer->done && framer->literals > 0)
        return false;
    *text_out = framer->done ? SPAN("") : buf_span(&framer->text);
    return true;
}

void
imap_framer_set_max(struct imap_framer *framer, size_t max_octets)
{
    CHECK(imap_framer_is_idle(framer));
    framer->max_octets = max_octets;
    framer->text.max = max_octets;
}

void
imap_framer_release(struct imap_framer *framer)
{
    if (imap_framer_is_idle(framer))
        buf_done(&framer->text);
}

/* --- The line's grammar --- */

static enum scan
scan_plain(struct imap_framer *framer, char c)
{
    const bool after_tilde = framer->scan == SCAN_TILDE;

    switch (c) {
    case '"':
        return SCAN_QUOTED;
    case '~':
        return SCAN_TILDE;
    case '{':
        framer->header_number = 0;
        framer->header8 = after_tilde;
        framer->header_plus = framer->header_minus = false;
        return SCAN_OPEN;
    default:
        return SCAN_PLAIN;
    }
}

static void
header_digit(struct imap_framer *framer, char c)
{
    const uint64_t digit = (uint64_t)(c - '0');

    if (framer->header_number > ((uint64_t)INT64_MAX - digit) / 10)
        framer->header_number = INT64_MAX;
    else
        framer->header_number = framer->header_number * 10 + digit;
}

/** After an octet that is neither NUL nor LF. */
static enum scan
scan_step(struct imap_framer *framer, char c)
{
    switch ((enum scan)framer->scan) {
    case SCAN_QUOTED:
        return c == '"' ? SCAN_PLAIN : c == '\\' ? SCAN_ESCAPED : SCAN_QUOTED;
    case SCAN_ESCAPED:
        return SCAN_QUOTED;
    case SCAN_OPEN:
    case SCAN_DIGITS:
        if (imap_char_is(c, CHAR_DIGIT)) {
            header_digit(framer, c);
            return SCAN_DIGITS;
        }
        if (framer->scan == SCAN_DIGITS && (c == '+' || c == '-')) {
            framer->header_plus = c == '+';
            framer->header_minus = c == '-';
            return SCAN_MARK;
        }
        if (framer->scan == SCAN_DIGITS && c == '}')
            return SCAN_CLOSED;
        break;
    case SCAN_MARK:
        if (c == '}')
            return SCAN_CLOSED;
        break;
    case SCAN_CLOSED:
        if (c == '\r')
            return SCAN_CLOSED_CR;
        break;
    case SCAN_PLAIN:
    case SCAN_TILDE:
    case SCAN_CLOSED_CR:
        break;
    }
    return scan_plain(framer, c);
}

/** Follows in until something happens; *seen_out octets were looked at, the one that made it
 *  happen included. */
static enum event
scan_line(struct imap_framer *framer, struct span in, size_t *seen_out)
{
    const char *const end = in.ptr + in.len;
    const char *at = in.ptr;
    enum event event = EVENT_NONE;

    while (at < end && event == EVENT_NONE) {
        if (framer->scan == SCAN_PLAIN && !imap_char_is(*at, CHAR_FRAME)) {
            at++; /* nearly every octet goes this way */
            continue;
        }
        const char c = *at++;
        if (c == '\0') {
            event = EVENT_NUL;
        } else if (c == '\n') {
            const bool header = framer->scan == SCAN_CLOSED || framer->scan == SCAN_CLOSED_CR;
            event = header ? EVENT_LITERAL : EVENT_LINE;
            framer->scan = SCAN_PLAIN;
        } else {
            framer->scan = (uint8_t)scan_step(framer, c);
        }
    }
    *seen_out = (size_t)(at - in.ptr);
    return event;
}

/* --- What becomes of it --- */

static void
begin_command(struct imap_framer *framer)
{
    if (framer->text.cap > KEEP_CAPACITY)
        buf_done(&framer->text);
    buf_clear(&framer->text);
    framer->text.max = framer->max_octets;
    framer->literal = (struct imap_literal){0};
    framer->literals = 0;
    framer->done = false;
}

/** The command is lost: keep its head for the answer, drop the rest of it as it comes. */
static enum imap_frame
give_up(struct imap_framer *framer, enum imap_frame frame)
{
    if (buf_len(&framer->text) > KEEP_OCTETS)
        buf_truncate(&framer->text, KEEP_OCTETS);
    framer->text.failed = false;
    framer->state = STATE_SWALLOW_LINE;
    framer->done = true;
    return frame;
}

static void
strip_line_end(struct buf *text)
{
    struct span s = buf_span(text);

    s.len--; /* LF */
    if (s.len > 0 && s.ptr[s.len - 1] == '\r')
        s.len--;
    buf_truncate(text, s.len);
}

/** What follows the tag and that word; ptr NULL: it is another command. */
static struct span
args_of(struct span text, struct span word)
{
    const ptrdiff_t tag_end = span_find_char(span_head(text, LIMIT_TAG + 1), ' ');
    const struct span rest = span_tail(text, (size_t)(tag_end + 1));

    if (tag_end < 0 || !span_istarts(rest, word))
        return (struct span){NULL, 0};
    return span_tail(rest, word.len);
}

/** What follows the tag, the word of a command that brings messages, and the number of the
 *  message that is replaced; ptr NULL: it is another command. */
static struct span
append_args(struct span text)
{
    static const struct span words[] = {SPAN_INIT("REPLACE "), SPAN_INIT("UID REPLACE ")};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const struct span args = args_of(text, words[i]);
        const ptrdiff_t number_end = span_find_char(args, ' ');
        if (args.ptr != NULL && number_end >= 0)
            return span_tail(args, (size_t)number_end + 1);
    }
    return args_of(text, SPAN("APPEND "));
}

/** What follows the mailbox: an atom, a quoted string or a literal that is text. */
static struct span
after_mailbox(struct span args)
{
    const ptrdiff_t line_end = span_find_char(args, '\n');
    uint64_t octets = 0;
    size_t at = 0;

    if (args.len == 0 || (args.ptr[0] == '{' && line_end < 0))
        return SPAN("");
    if (args.ptr[0] == '{') {
        for (at = 1; imap_char_is(args.ptr[at], CHAR_DIGIT); at++)
            octets = octets * 10 + (uint64_t)(args.ptr[at] - '0');
        return span_tail(span_tail(args, (size_t)line_end + 1), (size_t)octets);
    }
    const char end = args.ptr[0] == '"' ? '"' : ' ';
    for (at = 1; at < args.len && args.ptr[at] != end; at++)
        at += args.ptr[at] == '\\';
    return span_tail(args, at);
}

static bool
has_word(struct span text, struct span word)
{
    for (; text.len >= word.len; text = span_tail(text, 1))
        if (span_istarts(text, word))
            return true;
    return false;
}

/** Whether the literal announced is a URL of CATENATE (RFC 4469): text of the command. The
 *  mailbox may end in the same word. */
static bool
is_url(struct span args)
{
    static const struct span word = SPAN_INIT("URL ");
    const size_t headers_from = args.len > HEADER_MAX_OCTETS ? args.len - HEADER_MAX_OCTETS : 0;
    size_t end = args.len;

    while (end > headers_from && args.ptr[end - 1] != ' ')
        end--;
    if (end <= word.len)
        return false;
    const char before = args.ptr[end - word.len - 1];
    return (before == ' ' || before == '(') &&
           span_ieq(span_of(args.ptr + end - word.len, word.len), word) &&
           has_word(after_mailbox(args), SPAN(" CATENATE ("));
}

/** Whether the text so far is APPEND or REPLACE, its mailbox and more: then a literal is a
 *  message. */
static bool
is_append_message(struct span text, unsigned literals_before)
{
    const struct span args = append_args(text);

    if (args.ptr == NULL || is_url(args))
        return false;
    return literals_before > 0 || (args.len > 0 && args.ptr[0] != '{' && args.ptr[0] != '~');
}

/** How much more the command may grow. ID is let grow to what RFC 2971 allows it, also while
 *  nobody is known: clients send it first. */
static size_t
room_left(struct imap_framer *framer)
{
    const struct span text = imap_framer_text(framer);

    if (framer->text.max < LIMIT_ID_LINE && text.len > LIMIT_TAG &&
        args_of(text, SPAN("ID ")).ptr != NULL)
        framer->text.max = LIMIT_ID_LINE;
    return framer->text.max - text.len;
}

static enum imap_frame
ask_literal(struct imap_framer *framer)
{
    const uint64_t octets = framer->header_number;
    const unsigned number = framer->literals++;

    strip_line_end(&framer->text);
    const struct span text = imap_framer_text(framer);
    const size_t room = room_left(framer);
    framer->literal = (struct imap_literal){
        .octets = octets,
        .number = number,
        .sync = !framer->header_plus && !framer->header_minus,
        .literal8 = framer->header8,
        .fits = room >= 2 && octets <= room - 2,
        .forbidden = framer->header_minus && octets > IMAP_LITERAL_MINUS_MAX,
        .is_message = is_append_message(text, number),
    };
    framer->state = STATE_ASKED;
    return IMAP_FRAME_LITERAL;
}

/** Looks at what the limit has room for, so that a line too long is found at the same octet
 * however the input is cut. */
static enum imap_frame
take_line(struct imap_framer *framer, struct buf *in, bool braces)
{
    const size_t room = room_left(framer);
    const struct span head = span_head(buf_span(in), room);
    size_t seen;

    if (room == 0)
        return give_up(framer, IMAP_FRAME_TOO_LONG);
    const enum event event = scan_line(framer, head, &seen);
    buf_put(&framer->text, head.ptr, seen);
    buf_consume(in, seen);
    if (!buf_ok(&framer->text))
        return IMAP_FRAME_NO_MEMORY;
    if (event == EVENT_NUL)
        return give_up(framer, IMAP_FRAME_NUL);
    if (event == EVENT_LITERAL && braces)
        return ask_literal(framer);
    if (event == EVENT_NONE)
        return IMAP_FRAME_MORE;
    strip_line_end(&framer->text);
    framer->done = true;
    return IMAP_FRAME_COMMAND;
}

static void
swallow_line(struct imap_framer *framer, struct buf *in)
{
    size_t seen;
    const enum event event = scan_line(framer, buf_span(in), &seen);

    buf_consume(in, seen);
    if (event == EVENT_LINE) {
        framer->state = STATE_LINE;
    } else if (event == EVENT_LITERAL) {
        /* A client that waits for "+" has got its BAD instead and continues with a new
         * command. */
        const bool sync = !framer->header_plus && !framer->header_minus;
        framer->state = sync ? STATE_LINE : STATE_SWALLOW_LITERAL;
        framer->left = framer->header_number;
    }
}

/** The next octets of the current literal, at most what is there; takes them off `left`. */
static struct span
literal_octets(struct imap_framer *framer, const struct buf *in)
{
    const size_t there = buf_len(in);
    const size_t n = framer->left < there ? (size_t)framer->left : there;

    framer->left -= n;
    return span_head(buf_span(in), n);
}

static enum imap_frame
take_inline(struct imap_framer *framer, struct buf *in)
{
    const struct span octets = literal_octets(framer, in);

    buf_put_span(&framer->text, octets);
    buf_consume(in, octets.len);
    if (!buf_ok(&framer->text))
        return IMAP_FRAME_NO_MEMORY;
    if (framer->left == 0)
        framer->state = STATE_LINE;
    return IMAP_FRAME_MORE;
}

static void
swallow_literal(struct imap_framer *framer, struct buf *in)
{
    buf_consume(in, literal_octets(framer, in).len);
    if (framer->left == 0)
        framer->state = STATE_SWALLOW_LINE;
}

static enum imap_frame
hand_out_data(struct imap_framer *framer, struct buf *in)
{
    framer->data = literal_octets(framer, in);
    framer->data_pending = framer->data.len;
    if (framer->left == 0)
        framer->state = STATE_LINE;
    return IMAP_FRAME_DATA;
}

static enum imap_frame
next_frame(struct imap_framer *framer, struct buf *in, bool braces)
{
    enum imap_frame frame = IMAP_FRAME_MORE;

    CHECK(framer->state != STATE_ASKED);
    if (framer->data_pending > 0) {
        buf_consume(in, framer->data_pending);
        framer->data_pending = 0;
    }
    if (framer->done)
        begin_command(framer);
    while (frame == IMAP_FRAME_MORE && buf_len(in) > 0) {
        switch ((enum state)framer->state) {
        case STATE_LINE:
            frame = take_line(framer, in, braces);
            break;
        case STATE_INLINE:
            frame = take_inline(framer, in);
            break;
        case STATE_DIVERTED:
            frame = hand_out_data(framer, in);
            break;
        case STATE_SWALLOW_LINE:
            swallow_line(framer, in);
            break;
        case STATE_SWALLOW_LITERAL:
            swallow_literal(framer, in);
            break;
        case STATE_ASKED:
            break;
        }
    }
    return frame;
}

enum imap_frame
imap_framer_next(struct imap_framer *framer, struct buf *in)
{
    return next_frame(framer, in, true);
}

enum imap_frame
imap_framer_next_line(struct imap_framer *framer, struct buf *in)
{
    return next_frame(framer, in, false);
}

/* --- The session's decision about a literal --- */

enum rc
imap_framer_keep(struct imap_framer *framer)
{
    CHECK(framer->state == STATE_ASKED);
    if (framer->literal.forbidden || !framer->literal.fits)
        return RC_LIMIT;
    buf_put_lit(&framer->text, "\r\n");
    framer->left = framer->literal.octets;
    framer->state = framer->left == 0 ? STATE_LINE : STATE_INLINE;
    return RC_OK;
}

enum rc
imap_framer_divert(struct imap_framer *framer)
{
    CHECK(framer->state == STATE_ASKED);
    if (framer->literal.forbidden || framer->text.max - buf_len(&framer->text) < 2)
        return RC_LIMIT;
    buf_put_lit(&framer->text, "\0\n");
    framer->left = framer->literal.octets;
    framer->state = framer->left == 0 ? STATE_LINE : STATE_DIVERTED;
    return RC_OK;
}

void
imap_framer_refuse(struct imap_framer *framer)
{
    CHECK(framer->state == STATE_ASKED);
    (void)give_up(framer, IMAP_FRAME_LITERAL);
    framer->left = framer->literal.octets;
    if (framer->literal.sync)
        framer->state = STATE_LINE;
    else if (framer->left > 0)
        framer->state = STATE_SWALLOW_LITERAL;
}
