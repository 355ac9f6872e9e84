/* SPDX-License-Identifier: MIT */
/* What the readers share. Pure, except for the reader's own state. */
#include "journal/foreign/read/read.h"

/* A line without a time has the time of its wrapper. */
static void
emit(struct foreign_reader *reader, struct foreign_event *event)
{
    if (event->ref.at_us == FOREIGN_NO_TIME && reader->wrapped_us != FOREIGN_NO_TIME) {
        event->ref.at_us = reader->wrapped_us;
        reader->clock = *reader->wrapped_clock;
    }
    reader->emit(reader->emit_ctx, event);
}

void
read_emit_line(struct foreign_reader *reader, const struct foreign_event *like,
               enum foreign_dir dir, struct span text)
{
    struct foreign_event event = *like;

    event.dir = dir;
    event.fact = FACT_NONE;
    event.text = text;
    emit(reader, &event);
}

void
read_emit_fact(struct foreign_reader *reader, const struct foreign_event *like,
               enum foreign_fact fact, struct span text)
{
    struct foreign_event event = *like;

    event.dir = DIR_NONE;
    event.fact = fact;
    event.text = text;
    emit(reader, &event);
}

bool
read_take(struct span *s, struct span prefix)
{
    if (!span_starts(*s, prefix))
        return false;
    *s = span_tail(*s, prefix.len);
    return true;
}

struct span
read_between(struct span s, struct span from, struct span to)
{
    const ptrdiff_t begin = span_find(s, from);

    if (begin < 0)
        return (struct span){0};
    const struct span rest = span_tail(s, (size_t)begin + from.len);
    const ptrdiff_t end = span_find(rest, to);
    return end < 0 ? (struct span){0} : span_head(rest, (size_t)end);
}

bool
read_has(struct span s, const char *word)
{
    return span_find(s, span_of_str(word)) >= 0;
}

enum foreign_fact
read_word_find(const struct read_word *words, size_t count, struct span text,
               enum foreign_fact otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (read_has(text, words[i].word))
            return words[i].fact;
    return otherwise;
}

int64_t
read_time_take(struct foreign_clock *clock, struct span *line)
{
    struct span rest = *line;
    int64_t at;
    uint32_t precision;
    const bool bracket = read_take(&rest, SPAN("["));

    if (!when_take_stamp(clock, &rest, &at)) {
        int64_t tod;
        if (!when_take_clock(&rest, &tod, &precision))
            return FOREIGN_NO_TIME;
        at = when_tod(clock, tod, precision);
    }
    if (bracket && !read_take(&rest, SPAN("]")))
        return FOREIGN_NO_TIME;
    if (!read_take(&rest, SPAN(" ")))
        return FOREIGN_NO_TIME;
    *line = rest;
    return at;
}

struct span
read_without_time(struct span line)
{
    struct foreign_clock clock = {.year = 2000};

    (void)read_time_take(&clock, &line);
    return line;
}

bool
read_begins(struct span text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_starts(text, span_of_str(words[i])))
            return true;
    return false;
}

bool
read_is_alarm(struct span text)
{
    static const char *const words[] = {"rror", "ailure", "ailed", "xception"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (read_has(text, words[i]))
            return true;
    return false;
}

/* "\tat com.sun.mail...", "Caused by: ...", "javax.mail.FolderClosedException: ...". */
bool
read_is_trace(struct span text)
{
    static const char *const begins[] = {"Caused by: ", "\tat ", "\t... ", "  nested exception",
                                         "\tSuppressed: "};
    struct span rest = text;
    const struct span word = imap_take_word(&rest);

    return read_begins(text, begins, sizeof begins / sizeof begins[0]) ||
           (read_has(word, "Exception") && read_has(word, "."));
}

/* "ident:", "ident[12]:"; false when the word is neither. */
static bool
ident_take(struct span word, struct read_syslog *out)
{
    if (word.len < 2 || word.ptr[word.len - 1] != ':')
        return false;
    word.len--;
    const ptrdiff_t open = span_find_char(word, '[');
    if (open > 0 && word.ptr[word.len - 1] == ']') {
        out->pid = span_of(word.ptr + open + 1, word.len - (size_t)open - 2);
        word.len = (size_t)open;
    }
    out->ident = word;
    return true;
}

bool
read_syslog_take(struct foreign_clock *clock, struct span line, struct read_syslog *out)
{
    struct span rest = line;

    *out = (struct read_syslog){.at_us = FOREIGN_NO_TIME};
    if (when_take_stamp(clock, &rest, &out->at_us) && !read_take(&rest, SPAN(" ")))
        return false;
    out->whole = rest;
    out->text = rest;
    struct span look = rest;
    const struct span first = imap_take_word(&look);
    if (ident_take(first, out)) {
        out->text = span_tail(look, 1);
        return true;
    }
    /* A host comes first; "imap(a b):" is not a host. Without a time it is unknown where a line
     * begins. */
    if (first.len > 0 && out->at_us != FOREIGN_NO_TIME && span_find_char(first, '(') < 0 &&
        ident_take(imap_take_word(&look), out))
        out->text = span_tail(look, 1);
    return true;
}

static bool
guess_literal(struct read_guess *guess, struct span text)
{
    if (guess->literal_left == 0)
        return false;
    /* The server asks for a literal before it is sent, or refuses it. */
    struct imap_line server;
    imap_server_line(text, &server);
    if (guess->literal_dir == DIR_TO_SERVER &&
        (server.sort == IMAP_CONTINUE || server.sort == IMAP_TAGGED)) {
        if (server.sort == IMAP_TAGGED)
            guess->literal_left = 0;
        return false;
    }
    guess->dir = guess->literal_dir;
    guess->literal_left -=
        text.len + 2 < guess->literal_left ? text.len + 2 : guess->literal_left;
    return true;
}

enum foreign_dir
read_guess_dir(struct read_guess *guess, struct span text)
{
    struct imap_line client;
    struct imap_line server;

    if (guess_literal(guess, text))
        return guess->dir;
    imap_server_line(text, &server);
    imap_client_line(text, &client);
    if (server.sort == IMAP_TAGGED || server.sort == IMAP_UNTAGGED ||
        server.sort == IMAP_CONTINUE) {
        guess->dir = DIR_TO_CLIENT;
        guess->asked = server.sort == IMAP_CONTINUE;
    } else if (client.sort == IMAP_COMMAND || client.sort == IMAP_DONE || guess->asked) {
        guess->dir = DIR_TO_SERVER;
        guess->asked = false;
    } else if (guess->dir == DIR_NONE) {
        guess->dir = DIR_TO_CLIENT;
    }
    if (server.literal && guess->literal_left == 0) {
        guess->literal_left = server.literal_octets;
        guess->literal_dir = guess->dir;
    }
    return guess->dir;
}

/* "05-08 22:47:34.013 ": month and day; the year is that of the clock. */
static bool
logcat_time(struct foreign_clock *clock, struct span *s, int64_t *at_out)
{
    struct span rest = *s;
    uint64_t month;
    uint64_t day;
    int64_t tod;
    uint32_t precision;

    if (!when_take_number(&rest, 2, &month) || month == 0 || month > 12 ||
        !read_take(&rest, SPAN("-")) || !when_take_number(&rest, 2, &day) || day == 0 ||
        day > 31 || !read_take(&rest, SPAN(" ")) || !when_take_clock(&rest, &tod, &precision))
        return false;
    *at_out = when_days(clock->year, (unsigned)month, (unsigned)day) * WHEN_DAY_US + tod;
    clock->has_date = true;
    clock->precision_us = precision;
    *s = rest;
    return true;
}

static bool
is_level(struct span word)
{
    return word.len == 1 && word.ptr[0] >= 'A' && word.ptr[0] <= 'W';
}

/* The form of Android Studio: "2026-04-18 11:16:48.818  8570-8620 TAG PACKAGE V text", and
 * before 2022 "2018-05-08 22:47:34.013 3731-7953/PACKAGE V/TAG: text". */
static bool
studio_take(struct foreign_clock *clock, struct span *line, int64_t *at_out,
            struct span *tag_out)
{
    struct span rest = *line;
    int64_t at;

    if (!when_take_iso(clock, &rest, &at) || rest.len == 0 || rest.ptr[0] != ' ')
        return false;
    struct span word = imap_take_word(&rest);
    const ptrdiff_t hyphen = span_find_char(word, '-');
    uint64_t pid;
    if (hyphen <= 0 || !span_to_u64(span_head(word, (size_t)hyphen), UINT32_MAX, &pid))
        return false;
    if (span_find_char(word, '/') > 0) {
        word = imap_take_word(&rest);
        if (word.len < 4 || !is_level(span_head(word, 1)) || word.ptr[1] != '/' ||
            word.ptr[word.len - 1] != ':')
            return false;
        *tag_out = span_of(word.ptr + 2, word.len - 3);
        rest = span_tail(rest, 1);
    } else {
        *tag_out = imap_take_word(&rest);
        imap_take_word(&rest); /* skip the package */
        if (!is_level(imap_take_word(&rest)))
            return false;
        rest = span_tail(rest, 2);
    }
    *at_out = at;
    *line = rest;
    return true;
}

bool
read_logcat_take(struct foreign_clock *clock, struct span *line, int64_t *at_out,
                 struct span *tag_out)
{
    struct span rest = *line;
    uint64_t number;

    *at_out = FOREIGN_NO_TIME;
    if (studio_take(clock, line, at_out, tag_out))
        return true;
    if (logcat_time(clock, &rest, at_out)) {
        /* Process and thread, in the form "threadtime". */
        for (unsigned i = 0; i < 2; i++) {
            struct span look = rest;
            const struct span word = imap_take_word(&look);
            if (!span_to_u64(word, UINT32_MAX, &number))
                break;
            rest = look;
        }
        while (read_take(&rest, SPAN(" ")) || read_take(&rest, SPAN(": ")))
            continue;
    }
    /* "V/tag(12): " or "V tag: ". */
    if (rest.len < 4 || rest.ptr[0] < 'A' || rest.ptr[0] > 'W' ||
        (rest.ptr[1] != '/' && rest.ptr[1] != ' '))
        return false;
    rest = span_tail(rest, 2);
    const ptrdiff_t colon = span_find(rest, SPAN(": "));
    if (colon <= 0)
        return false;
    struct span tag = span_head(rest, (size_t)colon);
    const ptrdiff_t open = span_find_char(tag, '(');
    *tag_out = open > 0 ? span_head(tag, (size_t)open) : tag;
    *line = span_tail(rest, (size_t)colon + 2);
    return true;
}
