/* SPDX-License-Identifier: MIT */
/*
 * FairEmail's own log (log.txt in its debug information), with the newest line first:
 *
 *     14:38:59 [4:105:1:0:0] ann@example.org closed
 *     14:38:58 [4:105:1:0:0] ann@example.org connect javax.mail.FolderClosedException: ...
 *     14:20:01 [4:105:1:0:0] ann@example.org connected caps=IMAP4rev1 IDLE
 *     14:20:00 [4:105:1:0:0] ann@example.org connecting
 *
 * The numbers are the kind, the thread (not in all versions), the account, the folder and the
 * message. As far as this log shows, an account has one session at a time: its connections are
 * made and lost together. An exception, which can have many lines, tells what broke it. There
 * is no dialogue. The log is about the whole program. Other lines are counted as not understood
 * only if they look like problems.
 */
#include "journal/foreign/read/read.h"

#include <string.h>

enum { NUMBERS_MAX = 5, NUMBERS_MIN = 4, KEY_OCTETS = 24 };

struct fairemail_state {
    char key[KEY_OCTETS]; /* the account of the previous entry */
    bool failing;         /* an exception whose cause is still to come */
    bool entry;           /* there was a previous entry */
    uint64_t failed;      /* accounts whose failure was reported: bits of their numbers */
};
_Static_assert(sizeof(struct fairemail_state) <= READ_STATE_OCTETS, "state_octets");

/* FairEmail's own words; those of Java and Android are in tls_words.c. */
static const struct read_word words[] = {
    {"timed out", FACT_NO_ANSWER},
    {"UnknownHost", FACT_UNREACHABLE},
    {"Unable to resolve host", FACT_UNREACHABLE},
    {"Couldn't connect to host", FACT_UNREACHABLE},
    {"failed to connect", FACT_UNREACHABLE},
    {"unreachable", FACT_UNREACHABLE},
    {"dropped by server", FACT_PEER_CLOSED},
    {"AuthenticationFailed", FACT_REFUSED},
    {"StoreClosedException: NOOP", FACT_PEER_CLOSED},
};

struct fairemail_head {
    int64_t tod;
    struct span account; /* its number */
    struct span text;
};

/* "14:38:59", "2:38:59 PM"; the blank may be a narrow no-break space. */
static bool
tod_take(struct span *s, int64_t *tod_out)
{
    static const struct span blanks[] = {SPAN_INIT(" "), SPAN_INIT("\xe2\x80\xaf"),
                                         SPAN_INIT("\xc2\xa0")};
    struct span rest = *s;
    uint64_t part[3];

    for (unsigned i = 0; i < 3; i++)
        if ((i > 0 && !read_take(&rest, SPAN(":")) && !read_take(&rest, SPAN("."))) ||
            !when_take_number(&rest, 2, &part[i]))
            return false;
    if (part[0] > 23 || part[1] > 59 || part[2] > 60)
        return false;
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
        struct span look = rest;
        if (!read_take(&look, blanks[i]))
            continue;
        const bool noon = span_istarts(look, SPAN("pm")) || span_istarts(look, SPAN("p.m."));
        if (!noon && !span_istarts(look, SPAN("am")) && !span_istarts(look, SPAN("a.m.")))
            continue;
        part[0] = part[0] % 12 + (noon ? 12 : 0);
        rest = span_tail(look, look.ptr[1] == '.' ? 4 : 2);
        break;
    }
    *tod_out = (int64_t)(part[0] * 3600 + part[1] * 60 + part[2]) * WHEN_SECOND_US;
    *s = rest;
    return true;
}

/* "[4:105:1:0:0] "; the account's number is the third from the end. */
static bool
numbers_take(struct span *s, struct span *account_out)
{
    struct span rest = *s;
    struct span numbers[NUMBERS_MAX];
    unsigned count = 0;
    const ptrdiff_t end = span_find(rest, SPAN("] "));

    if (end < 0 || !read_take(&rest, SPAN("[")))
        return false;
    rest = span_head(rest, (size_t)end - 1);
    while (count < NUMBERS_MAX) {
        const ptrdiff_t colon = span_find_char(rest, ':');
        const struct span number = span_head(rest, colon < 0 ? rest.len : (size_t)colon);
        uint64_t value;
        if (number.len > 20 || !span_to_u64(number, UINT64_MAX, &value))
            return false;
        numbers[count++] = number;
        rest = span_tail(rest, number.len + 1);
        if (colon < 0)
            break;
    }
    if (count < NUMBERS_MIN || rest.len > 0)
        return false;
    *account_out = numbers[count - 3];
    *s = span_tail(*s, (size_t)end + 2);
    return true;
}

static bool
head_parse(struct span line, struct fairemail_head *out)
{
    struct span rest = line;

    if (!tod_take(&rest, &out->tod) || !read_take(&rest, SPAN(" ")) ||
        !numbers_take(&rest, &out->account))
        return false;
    out->text = rest;
    return true;
}

bool
read_fairemail_head(struct span line)
{
    struct fairemail_head head;

    return head_parse(line, &head);
}

int64_t
read_fairemail_tod(struct span line)
{
    struct fairemail_head head;

    return head_parse(line, &head) ? head.tod : -1;
}

/* The bit of the event's account. Accounts are few and numbered from 1. */
static uint64_t
bit_of(const struct foreign_event *event)
{
    uint64_t number = 0;

    return span_to_u64(event->key, UINT64_MAX, &number) ? UINT64_C(1) << number % 64 : 0;
}

/* Finds what broke the connection according to an exception. If the exception has several
 * lines, the first one that tells it counts. */
static void
failure(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct fairemail_state *state = reader->state;
    const ptrdiff_t bye = span_find(text, SPAN("* BYE "));
    enum foreign_fact fact = read_tls_fact(text);

    if (fact == FACT_NONE)
        fact = read_word_find(words, ARRAY_LEN(words), text, FACT_NONE);
    event->joins = true;
    /* JavaMail invents a BYE for whatever broke the connection; others come from the server. */
    if (bye >= 0 && !read_has(text, "Mail Exception")) {
        state->failing = false;
        state->failed |= bit_of(event);
        read_emit_line(reader, event, DIR_TO_CLIENT, span_tail(text, (size_t)bye));
    } else if (fact != FACT_NONE) {
        state->failing = false;
        state->failed |= bit_of(event);
        read_emit_fact(reader, event, fact, text);
    }
}

/* The account's name precedes what happened: "NAME connecting", "NAME/INBOX idle ...". */
static struct span
name_before(struct span text, struct span what)
{
    const ptrdiff_t at = span_find(text, what);

    return at <= 0 ? (struct span){0} : span_head(text, (size_t)at);
}

static void
connected(struct foreign_reader *reader, struct foreign_event *event, enum foreign_fact fact,
          struct span name)
{
    /* A label that somebody gave an account is not the name of a user. */
    if (span_find_char(name, '@') > 0 && span_find_char(name, ' ') < 0)
        event->account = name;
    event->client = SPAN("FairEmail");
    read_emit_fact(reader, event, fact, SPAN(""));
}

static bool
ends_with(struct span text, struct span end)
{
    return text.len > end.len && span_starts(span_tail(text, text.len - end.len), end);
}

static bool
entry(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct fairemail_state *state = reader->state;
    struct span name;

    if (ends_with(text, SPAN(" connecting"))) {
        event->opens = true;
        state->failed &= ~bit_of(event);
        connected(reader, event, FACT_CONNECTED, span_head(text, text.len - 11));
    } else if (ends_with(text, SPAN(" connected")) || read_has(text, " connected caps=")) {
        connected(reader, event, FACT_LOGGED_IN, name_before(text, SPAN(" connected")));
    } else if ((name = name_before(text, SPAN(" connect "))).len > 0 ||
               (name = name_before(text, SPAN(" idle "))).len > 0) {
        state->failing = true;
        failure(reader, event, span_tail(text, name.len + 1));
    } else if (read_has(text, " notice: Still here")) {
        event->joins = true;
        read_emit_fact(reader, event, FACT_KEEPALIVE, SPAN("Still here"));
    } else if ((name = name_before(text, SPAN(" alert: "))).len > 0) {
        event->joins = true;
        read_emit_fact(reader, event, FACT_TOLD_USER, span_tail(text, name.len + 8));
    } else if (ends_with(text, SPAN(" store closed")) || ends_with(text, SPAN(" closed"))) {
        event->joins = true;
        event->ends = true;
        /* After a failure, this is only cleanup. */
        read_emit_fact(reader, event,
                       (state->failed & bit_of(event)) != 0 ? FACT_NONE : FACT_CLOSED,
                       SPAN(""));
    } else {
        /* After a failure it says how long it waits, and repeats the failure. */
        return read_has(text, "backoff=") || !read_is_alarm(text);
    }
    return true;
}

bool
read_fairemail(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {
        .ref = {.at_us = FOREIGN_NO_TIME, .line = line->number, .file = line->file}};
    struct fairemail_state *state = reader->state;
    struct fairemail_head head;
    struct span rest = line->text;
    int64_t tod;

    if (!head_parse(line->text, &head)) {
        event.key = span_of_str(state->key);
        event.ref.at_us = reader->clock.day_us + reader->clock.last_tod_us;
        if (state->failing)
            failure(reader, &event, span_trim(line->text));
        /* Entries with "backoff=" are repeated at the top, without numbers. */
        return state->entry || span_trim(rest).len == 0 ||
               (tod_take(&rest, &tod) && read_has(rest, "backoff="));
    }
    state->entry = true;
    state->failing = false;
    memset(state->key, 0, sizeof state->key);
    memcpy(state->key, head.account.ptr, head.account.len);
    event.key = span_of_str(state->key);
    event.ref.at_us = when_tod(&reader->clock, head.tod, WHEN_SECOND_US);
    return span_eq_str(head.account, "0") || entry(reader, &event, head.text);
}
