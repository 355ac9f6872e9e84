/* SPDX-License-Identifier: MIT */
/*
 * K-9 Mail, now Thunderbird for Android, in logcat's forms:
 *
 *     V/k9      (23954): conn1111500528>>> 9 IDLE
 *     10-10 22:48:47.772 V/ImapConnection(17158): conn186973973>>> DONE
 *     05-08 22:47:34.013  3731  7953 V RealImapConnection: conn1<<<#9# [OK, Idle completed.]
 *     2026-04-18 11:16:48.818  8570-8620  Sink$-CC  net.thunderbird.android  V  conn1<<<#+# []
 *
 * The number behind conn is the connection. What the server sent is shown as parsed lists:
 * #null# is untagged, #+# asks for more. Exceptions name no connection: they belong to that of
 * the line before, or to the one that is being opened.
 */
#include "journal/foreign/read/read.h"

#include <stdio.h>
#include <string.h>

enum { DECODED_MAX = 4096, KEY_OCTETS = 24 };

struct k9_state {
    char last[KEY_OCTETS]; /* the connection in the previous line */
    bool connecting;       /* a new one is being opened, whose number is not known yet */
    bool failed;           /* and it failed */
};
_Static_assert(sizeof(struct k9_state) <= READ_STATE_OCTETS, "state_octets");

/* K-9's own words; those of Java and Android are in tls_words.c. "SSLException" alone says
 * nothing, because any end of a connection with TLS is wrapped in it. */
static const struct read_word words[] = {
    {"timed out", FACT_NO_ANSWER},
    {"SocketTimeoutException", FACT_NO_ANSWER},
    {"UnknownHostException", FACT_UNREACHABLE},
};

/* Lines that are understood and say nothing about the end of a session. */
static const char *const ordinary[] = {
    "Connecting to ",
    "Connection ",
    ">>> ImapConnection",
    "Saving ",
    "Did not get capabilities",
    "Updating capabilities after STARTTLS",
    "Compression enabled for",
    "pathPrefix is unset",
    "Got path ",
    "About to IDLE for",
    "Stored uid '",
    "ImapFolderIdler[",
    "Pusher ",
    "I/O error while trying to use IDLE", /* the next line has the exception */
    "IOException during IDLE",
    "Got exception while idling",
};

static bool
is_tag(struct span tag)
{
    static const char *const tags[] = {"k9",
                                       "ImapConnection",
                                       "RealImapConnection",
                                       "ImapResponseParser",
                                       "ImapFolderPusher",
                                       "ImapBackendPusher",
                                       "RealImapFolderIdler",
                                       "ImapStore-ImapConnection",
                                       "Sink$-CC"}; /* the logger's own name, as left by R8 */

    tag = span_trim(tag);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (span_eq_str(tag, tags[i]))
            return true;
    return false;
}

static bool
head_parse(struct foreign_clock *clock, struct span line, int64_t *at_out,
           struct span *text_out)
{
    struct span rest = line;
    struct span tag;

    if (!read_logcat_take(clock, &rest, at_out, &tag) || !is_tag(tag))
        return false;
    *text_out = rest;
    return true;
}

bool
read_k9_head(struct span line)
{
    struct foreign_clock clock = {.year = 2000};
    struct span text;
    int64_t at;

    return head_parse(&clock, line, &at, &text);
}

/* "conn12>>> text" and "conn12<<<text": the connection, and what follows the mark. */
static bool
mark_take(struct span *text, struct span *key_out, enum foreign_dir *dir_out)
{
    size_t digits = 4;

    if (!span_starts(*text, SPAN("conn")))
        return false;
    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9')
        digits++;
    struct span rest = span_tail(*text, digits);
    *key_out = span_head(*text, digits);
    if (digits == 4 || digits >= KEY_OCTETS)
        return false;
    *dir_out = read_take(&rest, SPAN(">>>")) ? DIR_TO_SERVER : DIR_TO_CLIENT;
    if (*dir_out == DIR_TO_CLIENT && !read_take(&rest, SPAN("<<<")))
        return false;
    read_take(&rest, SPAN(" "));
    *text = rest;
    return true;
}

/* "#9# [OK, [READ-WRITE], done]" becomes "9 OK [READ-WRITE] done"; "#null# [3, FETCH, [UID,
 * 7]]" becomes "* 3 FETCH (UID 7)". */
static struct span
decode(struct span text, char *dst)
{
    struct span tag = read_between(text, SPAN("#"), SPAN("# "));
    size_t depth = 0;
    size_t items = 0;
    bool status = false;
    int len;

    if (!span_starts(text, SPAN("#")) || tag.len == 0 || tag.len > 32)
        return (struct span){0};
    text = span_tail(text, tag.len + 3);
    if (span_eq_str(tag, "null"))
        tag = SPAN("*");
    len = snprintf(dst, DECODED_MAX, "%.*s ", SPAN_FMT(tag));
    size_t used = (size_t)len;
    static const struct span statuses[] = {SPAN_INIT("[OK"), SPAN_INIT("[NO"),
                                           SPAN_INIT("[BAD"), SPAN_INIT("[BYE"),
                                           SPAN_INIT("[PREAUTH")};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        status |= span_starts(text, statuses[i]);
    for (size_t i = 0; i < text.len && used + 2 < DECODED_MAX; i++) {
        char c = text.ptr[i];
        const bool is_code = status && depth == (c == '[' ? 1 : 2) && items <= 1;
        if (c == '[' && depth++ == 0)
            continue;
        if (c == ']' && (depth == 0 || --depth == 0))
            continue;
        if (c == ',' && i + 1 < text.len && text.ptr[i + 1] == ' ') {
            items += depth == 1;
            continue; /* the blank is kept */
        }
        if ((c == '[' || c == ']') && !is_code)
            c = c == '[' ? '(' : ')';
        dst[used++] = c;
    }
    return span_of(dst, used);
}

static bool
own_words(struct foreign_reader *reader, const struct foreign_event *event, struct span text)
{
    enum foreign_fact fact = FACT_NONE;

    if (read_has(text, "xception") || read_has(text, "rror")) {
        fact = read_tls_fact(text);
        if (fact == FACT_NONE)
            fact = read_word_find(words, ARRAY_LEN(words), text, FACT_NONE);
    }
    if (fact != FACT_NONE) {
        struct k9_state *state = reader->state;
        state->failed = true;
        read_emit_fact(reader, event, fact, text);
    }
    return fact != FACT_NONE || read_begins(text, ordinary, ARRAY_LEN(ordinary)) ||
           span_starts(text, SPAN("\tat ")) || span_starts(text, SPAN("\t... "));
}

bool
read_k9(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct k9_state *state = reader->state;
    enum foreign_dir dir;
    struct span text;
    char plain[DECODED_MAX];

    if (!head_parse(&reader->clock, line->text, &event.ref.at_us, &text))
        return false;
    event.client = SPAN("K-9 Mail");
    if (mark_take(&text, &event.key, &dir)) {
        memcpy(state->last, event.key.ptr, event.key.len);
        state->last[event.key.len] = '\0';
        state->connecting = false;
        if (dir == DIR_TO_CLIENT)
            text = decode(text, plain);
        if (text.len > 0 && !span_starts(text, SPAN("[Command Hidden")))
            read_emit_line(reader, &event, dir, text);
        return true;
    }
    if (span_starts(text, SPAN("Connecting to "))) {
        state->connecting = true;
        state->failed = false;
    }
    event.key = state->connecting ? SPAN("") : span_of_str(state->last);
    event.joins = !state->connecting;
    event.opens = state->connecting && !state->failed;
    return own_words(reader, &event, text);
}
