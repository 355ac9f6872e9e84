/* SPDX-License-Identifier: MIT */
/*
 * Cyrus in syslog: "cyrus/imap[7623]: login: host [ip] user plaintext User logged in
 * SESSIONID=<..>". Lines belong together by process, which serves one session at a time and is
 * then used for the next. A client that just closes leaves no line; only the next session of
 * the process, or its accounting ("USAGE", "session ended"), shows that the session is over.
 *
 * journalctl -o cat leaves out the name and the number. The number is also part of the
 * session's id. Lines without an id, such as "idle for too long", are used only if they cannot
 * be about another session, because a guess would blame somebody.
 */
#include "journal/foreign/read/read.h"

#include <string.h>

enum { OPEN_BARE = 24, PID_OCTETS = 16, USER_OCTETS = 64 };

/* Sessions that are open, as far as a log without names shows. */
struct cyrus_state {
    struct {
        char pid[PID_OCTETS];
        char user[USER_OCTETS];
    } open[OPEN_BARE];
    uint32_t count;
    bool many; /* more than there is room for, so no session is known to be the only one */
};
_Static_assert(sizeof(struct cyrus_state) <= READ_CYRUS_OCTETS, "state_octets");

static const struct read_word words[] = {
    {"idle for too long", FACT_TIMED_OUT},
    {"Connection reset by peer", FACT_RESET},
    {"Connection timed out", FACT_NO_ANSWER},
    {"No route to host", FACT_UNREACHABLE},
    {"TLS negotiation failed", FACT_TLS_FAILED},
    {"STARTTLS negotiation failed", FACT_TLS_FAILED},
    {"signaled to death", FACT_CRASHED},
    {"Fatal error", FACT_FAILED},
    {"too many open connections", FACT_LIMIT},
    {"Too many open connections", FACT_LIMIT},
    /* Not an I/O error of the server: the client went away while it was sending a message. */
    {"reading message: unexpected end of file", FACT_PEER_CLOSED},
    {"client disconnected during upload", FACT_PEER_CLOSED},
    {"Broken pipe", FACT_PEER_CLOSED},
    {"IOERROR", FACT_FAILED},
    {"graceful shutdown", FACT_STOPPING},
};

/* Lines that are understood and say nothing about the end of a session. */
static const char *const ordinary[] = {
    "accepted connection",
    "starttls: ",
    "TLS",
    "SSL_accept() incomplete",
    "inittls",
    "open: ",
    "Expunged ",
    "expunge",
    "seen_db: ",
    "auditlog: ",
    "created ",
    "sessionid",
    "SESSIONID",
    "counts: ",
    "executed",
    "about to exec",
    "ready for",
    "process ",
    "twoskip: ",
    "skiplist: ",
    "DBMSG: ",
    "modseq",
    "statuscache",
    "Delivered",
    "fetching user_deny",
    "tls_",
    "mystore: ",
    "verify_",
    "received ",
    "COMPRESS",
};

/* A beginning, and what must follow somewhere after it. */
struct look {
    const char *begin;
    const char *has;
};

static bool
looks_like(struct span text, const struct look *looks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_starts(text, span_of_str(looks[i].begin)) && read_has(text, looks[i].has))
            return true;
    return false;
}

/* Lines that only Cyrus writes, whatever protocol its service speaks. */
static bool
is_said_by_cyrus(struct span text)
{
    static const struct look looks[] = {
        {"login: ", " User logged in"},
        {"badlogin: ", " ["},
        {"client id sessionid=<", ">"},
        {"session ended sessionid=<", ">"},
        {"idle for too long, closing connection", ""},
        {"Connection ", ", closing connection"},
        {"Broken pipe, closing connection", ""},
        {"No route to host, closing connection", ""},
        {"USAGE ", " sys: "},
        {"IOERROR: ", ""},
        {"starttls: TLS", " with cipher "},
        {"imaps TLS negotiation failed: ", "["},
        {"STARTTLS negotiation failed: ", "["},
    };

    return looks_like(text, looks, ARRAY_LEN(looks));
}

/* Returns the service's name in cyrus.conf, without syslog_prefix. */
static struct span
program_of(const struct read_syslog *head)
{
    const ptrdiff_t slash = span_find_char(head->ident, '/');

    return slash < 0 ? head->ident : span_tail(head->ident, (size_t)slash + 1);
}

/* Whether the name is that of a service of Cyrus that speaks another protocol. */
static bool
is_other_service(const struct read_syslog *head)
{
    static const char *const names[] = {"pop",  "sieve", "lmtp", "nntp",
                                        "http", "dav",   "sync", "mupdate"};
    const struct span program = program_of(head);

    for (size_t i = 0; i < ARRAY_LEN(names) && head->pid.len > 0; i++)
        if (read_has(program, names[i]))
            return is_said_by_cyrus(head->text);
    return false;
}

/* The name is the service's in cyrus.conf, with syslog_prefix and a slash before it if that is
 * set: "cyrus/imaps", "imaps", "slot1/imap". It may be any name ("secimap", "front"); then the
 * line must be one that only Cyrus writes. Courier's imapd has the same name, but a process of
 * Cyrus always has its number, and its messages have other words. */
static bool
is_cyrus(const struct read_syslog *head)
{
    static const char *const own[] = {
        "login: ",    "badlogin: ",        "SESSIONID",           "USAGE ",
        "IOERROR",    "idle for too long", "accepted connection", "starttls: ",
        "open: user", "client id",         "closing connection"};
    const struct span program = program_of(head);
    const bool is_prefixed = program.len < head->ident.len;

    if (head->pid.len == 0 || is_other_service(head))
        return false;
    if (!read_has(program, "imap"))
        return is_said_by_cyrus(head->text);
    if ((is_prefixed && span_starts(program, SPAN("imap"))) || span_eq_str(program, "imap") ||
        span_eq_str(program, "imaps"))
        return true;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (read_has(head->text, own[i]))
            return true;
    return false;
}

static bool
is_master(const struct read_syslog *head)
{
    return span_starts(head->ident, SPAN("cyrus/master")) ||
           span_starts(head->ident, SPAN("cyrus/cyrmaster")) ||
           span_eq_str(head->ident, "cyrmaster") ||
           (span_eq_str(head->ident, "master") && head->pid.len > 0);
}

/* What journalctl -o cat leaves of a line: words that only Cyrus writes. */
static bool
is_bare(const struct read_syslog *head)
{
    static const struct look looks[] = {
        {"login: ", " User logged in"},
        {"badlogin: ", "["},
        {"client id sessionid=<", ">"},
        {"session ended sessionid=<", ">"},
        {"", ", closing connection"},
        {"USAGE ", " sys: "},
        {"IOERROR: ", " "},
        {"process type:", " pid:"},
        {"accepted connection", ""},
        {"Too many open connections (", " for "},
    };

    return head->at_us == FOREIGN_NO_TIME && looks_like(head->whole, looks, ARRAY_LEN(looks));
}

bool
read_cyrus_head(struct span line)
{
    struct foreign_clock clock = {.year = 2000};
    struct read_syslog head;

    return read_syslog_take(&clock, line, &head) &&
           (is_cyrus(&head) || is_master(&head) || is_other_service(&head) || is_bare(&head));
}

/* Removes "host [ip] " from the beginning and returns the rest. */
static struct span
peer_take(struct foreign_event *event, struct span text)
{
    struct span rest = text;
    struct span word = imap_take_word(&rest);

    if (word.len == 0 || word.ptr[0] != '[')
        word = imap_take_word(&rest);
    if (word.len > 2 && word.ptr[0] == '[') {
        const ptrdiff_t end = span_find_char(word, ']');
        event->peer = span_of(word.ptr + 1, end > 0 ? (size_t)end - 1 : word.len - 1);
    }
    return rest;
}

/* "[ip] plaintext USER SASL(-13): why", "[ip] PLAIN (USER) [SASL(-13): why]", "[ip] PLAIN
 * [why]", depending on the version. */
static struct span
refused(struct foreign_event *event, struct span text)
{
    struct span rest = peer_take(event, text);
    const struct span mechanism = imap_take_word(&rest);
    struct span look = rest;
    const struct span next = imap_take_word(&look);

    if (next.len > 2 && next.ptr[0] == '(') {
        event->account = span_of(next.ptr + 1, next.len - 2);
        rest = look;
    } else if (span_eq_str(mechanism, "plaintext") && next.len > 0 && next.ptr[0] != '[' &&
               !span_starts(next, SPAN("SASL"))) {
        event->account = next;
        rest = look;
    }
    const ptrdiff_t at = span_find(rest, SPAN("SASL("));
    const struct span why = at < 0 ? rest : span_tail(rest, (size_t)at);
    const ptrdiff_t end = at < 0 ? -1 : span_find_char(why, ']');
    return span_trim(end < 0 ? why : span_head(why, (size_t)end));
}

static bool
is_ordinary(struct span text)
{
    for (size_t i = 0; i < sizeof ordinary / sizeof ordinary[0]; i++)
        if (span_starts(text, span_of_str(ordinary[i])))
            return true;
    return false;
}

static bool
message(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct span rest = text;

    if (read_take(&rest, SPAN("login: "))) {
        rest = peer_take(event, rest);
        event->account = imap_take_word(&rest);
        event->opens = true;
        read_emit_fact(reader, event, FACT_LOGGED_IN, SPAN(""));
    } else if (read_take(&rest, SPAN("badlogin: "))) {
        const struct span why = refused(event, rest);
        event->opens = true;
        event->ends = true;
        read_emit_fact(reader, event, FACT_REFUSED,
                       why.len > 0 ? why : SPAN("bad user name or password"));
    } else if (read_has(text, "client id")) {
        struct span value = read_between(text, SPAN("\"name\" \""), SPAN("\""));
        event->client = value;
        read_emit_fact(reader, event, FACT_CLIENT_ID, value);
    } else if (read_has(text, "session ended") || span_starts(text, SPAN("USAGE "))) {
        event->joins = true;
        event->ends = true;
        read_emit_fact(reader, event, FACT_STATISTICS, SPAN(""));
    } else {
        const enum foreign_fact fact =
            read_word_find(words, sizeof words / sizeof words[0], text, FACT_NONE);
        /* What goes wrong before a login is a session of its own: whatever the process served
         * before may have closed without a line. */
        event->joins = fact != FACT_TLS_FAILED && fact != FACT_LIMIT;
        event->opens = !event->joins;
        event->ends = fact == FACT_LIMIT || fact == FACT_TLS_FAILED ||
                      read_has(text, "closing connection");
        if (fact == FACT_NONE)
            return is_ordinary(text);
        read_emit_fact(reader, event, fact, text);
    }
    return true;
}

/* "process type:SERVICE name:imap ... pid" or "process 1234 exited, signaled to death by
 * 11". */
static void
master(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct span rest = text;
    const ptrdiff_t at = span_find(text, SPAN("pid:"));

    if (!read_has(text, "signaled to death"))
        return;
    if (at >= 0)
        rest = span_tail(text, (size_t)at + 4);
    else
        read_take(&rest, SPAN("process "));
    event->key = imap_take_word(&rest);
    event->joins = true;
    event->ends = true;
    read_emit_fact(reader, event, FACT_CRASHED, text);
}

/* --- Lines without a name --- */

static bool
is_number(struct span text)
{
    uint64_t number;

    return span_to_u64(text, UINT64_MAX, &number);
}

/* "<HOST-PID-TIME-COUNT-RANDOM>"; the host may also contain hyphens. */
static struct span
pid_of(struct span text)
{
    struct span id = read_between(text, SPAN("SESSIONID=<"), SPAN(">"));
    struct span before = {0};

    if (id.len == 0)
        id = read_between(text, SPAN("sessionid=<"), SPAN(">"));
    while (id.len > 0) {
        const ptrdiff_t hyphen = span_find_char(id, '-');
        const struct span part = span_head(id, hyphen < 0 ? id.len : (size_t)hyphen);
        if (part.len >= 9 && is_number(part) && is_number(before))
            return before;
        before = part;
        id = span_tail(id, part.len + 1);
    }
    return (struct span){0};
}

static void
bare_closed(struct cyrus_state *state, struct span pid)
{
    for (uint32_t i = 0; i < state->count; i++)
        if (span_eq_str(pid, state->open[i].pid)) {
            state->open[i] = state->open[--state->count];
            return;
        }
}

static void
bare_opened(struct cyrus_state *state, struct span pid, struct span user)
{
    bare_closed(state, pid);
    if (state->count == OPEN_BARE) {
        state->many = true;
        return;
    }
    memset(&state->open[state->count], 0, sizeof state->open[0]);
    memcpy(state->open[state->count].pid, pid.ptr, pid.len);
    memcpy(state->open[state->count].user, user.ptr,
           user.len < USER_OCTETS ? user.len : USER_OCTETS - 1);
    state->count++;
}

/* The only session that is open (of this user, if one is named). */
static struct span
bare_only(const struct cyrus_state *state, struct span user)
{
    struct span found = {0};

    for (uint32_t i = 0; i < state->count && !state->many; i++) {
        if (user.len > 0 && !span_eq_str(user, state->open[i].user))
            continue;
        if (found.len > 0)
            return (struct span){0};
        found = span_of_str(state->open[i].pid);
    }
    return found;
}

static bool
bare(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct cyrus_state *state = reader->state;
    struct foreign_event names = {0};
    struct span rest = text;
    const bool login = read_take(&rest, SPAN("login: "));

    event->key = pid_of(text);
    if (event->key.len >= PID_OCTETS)
        event->key = (struct span){0};
    if (login) {
        rest = peer_take(&names, rest);
        names.account = imap_take_word(&rest);
        if (event->key.len == 0) /* before 2.4 sessions had no id */
            event->key = span_head(names.account, PID_OCTETS - 1);
        bare_opened(state, event->key, names.account);
    } else if (event->key.len == 0 && !span_starts(text, SPAN("badlogin: "))) {
        struct span user = {0};
        if (read_take(&rest, SPAN("USAGE ")))
            user = imap_take_word(&rest);
        event->key = bare_only(state, user);
        if (event->key.len == 0)
            return user.len > 0 || is_ordinary(text);
    }
    /* The key is borrowed from the state, so the session is closed there after the event. */
    const bool known = message(reader, event, text);
    if (event->ends)
        bare_closed(state, event->key);
    return known;
}

bool
read_cyrus(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct read_syslog head;

    if (!read_syslog_take(&reader->clock, line->text, &head))
        return false;
    event.ref.at_us = head.at_us;
    event.key = head.pid;
    if (is_other_service(&head))
        return true;
    if (is_master(&head)) {
        master(reader, &event, head.text);
    } else if (is_cyrus(&head)) {
        return message(reader, &event, head.text);
    } else if (!is_bare(&head)) {
        return false;
    } else if (span_starts(head.whole, SPAN("process type:"))) {
        master(reader, &event, head.whole);
        bare_closed(reader->state, event.key);
    } else {
        return bare(reader, &event, head.whole);
    }
    return true;
}
