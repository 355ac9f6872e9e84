/* SPDX-License-Identifier: MIT */
/*
 * Thunderbird's MOZ_LOG of the module IMAP, with or without "timestamp":
 *
 *     2024-02-08 12:37:01.089374 UTC - [Parent 223737: IMAP]: I/IMAP 7f4e..:host:S-INBOX:
 *     SendData: 108 IDLE
 *
 * (one line). The pointer names the connection object, which is the session. The state is NA
 * before login, A after it, S-MAILBOX once a mailbox is selected. Passwords are suppressed by
 * Thunderbird itself.
 *
 * A connection that breaks is told as "CreateNewLineFromSocket: clearing
 * IMAP_CONNECTION_IS_OPEN - rv = 804b0014", an nsresult, and then "CreateNewLineFromSocket:
 * (null)", which the server never sent. The user's name is in the URLs that a connection works
 * on. Text longer than 400 octets continues in entries without a pointer, each of which may
 * have many lines.
 */
#include "journal/foreign/read/read.h"

#include <string.h>

enum {
    POINTER_OCTETS = 20,
    USER_OCTETS = 100,
    CONNECTIONS = 64,
    CHUNK_OCTETS = 400, /* kLogDataChunkSize of nsImapProtocol::Log */
};

/* The users of the latest few connections. */
struct thunderbird_state {
    struct {
        char pointer[POINTER_OCTETS];
        char user[USER_OCTETS];
    } known[CONNECTIONS];
    uint32_t next;
    bool named;          /* the TLS error that broke the connection was named */
    uint32_t unfinished; /* texts that filled their entry, so that another one continues them */
};
_Static_assert(sizeof(struct thunderbird_state) <= READ_THUNDERBIRD_OCTETS, "state_octets");

static const struct read_word words[] = {
    {"SSL_ERROR_CLOSE_NOTIFY_ALERT", FACT_PEER_CLOSED},
    {"Security error", FACT_TLS_FAILED},
    {"SSL_ERROR", FACT_TLS_FAILED},
    {"SEC_ERROR", FACT_TLS_FAILED},
    {"MOZILLA_PKIX_ERROR", FACT_TLS_FAILED},
    {"NS_ERROR_NET_RESET", FACT_RESET},
    {"NS_ERROR_NET_TIMEOUT", FACT_NO_ANSWER},
    {"NS_ERROR_NET_INTERRUPT", FACT_PEER_CLOSED},
    {"NS_ERROR_CONNECTION_REFUSED", FACT_UNREACHABLE},
    {"NS_ERROR_UNKNOWN_HOST", FACT_UNREACHABLE},
    {"NS_BASE_STREAM_CLOSED", FACT_PEER_CLOSED},
    {"lost connection", FACT_PEER_CLOSED},
    {"close socket connection", FACT_CLOSED},
};

/* nsresult of the network: module 6 (NS_ERROR_MODULE_NETWORK) and base codes. */
static const struct {
    const char *code;
    enum foreign_fact fact;
    const char *name;
} results[] = {
    {"804b0014", FACT_RESET, "NET_RESET"},
    {"804b000e", FACT_NO_ANSWER, "NET_TIMEOUT"},
    {"804b0047", FACT_PEER_CLOSED, "NET_INTERRUPT"},
    {"80470002", FACT_PEER_CLOSED, "BASE_STREAM_CLOSED"},
    {"804b000d", FACT_UNREACHABLE, "CONNECTION_REFUSED"},
    {"804b001e", FACT_UNREACHABLE, "UNKNOWN_HOST"},
    {"804b0048", FACT_UNREACHABLE, "PROXY_CONNECTION_REFUSED"},
    {"804b0010", FACT_UNREACHABLE, "OFFLINE"},
    {"804b0002", FACT_CLOSED, "BINDING_ABORTED"},
    {"805a2fc6", FACT_PEER_CLOSED, "SSL_ERROR_CLOSE_NOTIFY_ALERT"},
};

/* What a connection says about its own work. It is understood and says nothing about the
 * end. */
static const char *const functions_known[] = {
    ":SetupWithUrl: ",
    ":SetupWithUrlCallback: ",
    ":SetupSinkProxy: ",
    ":HandleIdleResponses: ",
    ":PseudoInterruptMsgLoad: ",
    ":ProcessSelectedStateURL: ",
    ":SelectMailbox: ",
    ":FetchMessage: ",
    ":FetchTryChunking: ",
    ":CompressDeflate: ",
    ":STREAM:",
    ":TellThreadToDie: ",
    ":ProcessCurrentURL:",
    ":CreateNewLineFromSocket: ",
    ":OnStatusForFolder: ",
    ":PSEUDO-Interrupted",
    ":NormalMessageEndDownload",
    ":AbortMessageDownload",
    ":ImapThreadMainLoop: ",
    ":EndIdle: ",
};

/* The same for lines that name no connection. */
static const char *const words_known[] = {
    "ImapThreadMainLoop ",
    "proposed url",
    "queuing url",
    "playing queued url",
    "considering playing queued url",
    "dooming url",
    "aborting queued urls",
    "creating protocol instance",
    "failed creating protocol instance",
    "exceeded connection cache limit",
    "retrying ",
    "offline imap url",
    "ProcessSelectedStateURL ",
    "ProcessAuthenticatedStateURL ",
    "ReadNextLine ",
    "SetConnectionStatus",
    "IMAP: trying auth method",
    "IMAP auth: server caps",
    "(GSSAPI = ",
    "Trying auth method",
    "Marking auth method",
    "No remaining auth method",
    "resetting (failed) auth methods",
    "MD5 auth",
    "NTLM auth",
    "PLAIN auth",
    "LOGIN auth",
    "XOAUTH2 auth",
    "old-style auth",
    "Waiting until [imapChannel=",
    "Done waiting, [imapChannel=",
    "DiscoveryDone",
    "FetchMessage ",
    "FetchTryChunking",
    "STREAM:CLOSE",
    "URL failed with code",
    "SetKeepalive",
    "GetKeepalive",
    "Try to log in",
    "got new password",
    "login succeeded",
    "PARSER: msg_fetch_literal()",
    "NormalMessageEndDownload: ",
    "Updating stored message size ",
    "UpdateImapMailboxStatus: ",
    "Suspending [this=",
    "Suspended [this=",
    "Resuming [this=",
    "Resumed [this=",
};

struct moz_head {
    int64_t at_us;
    struct span text; /* after "I/IMAP " */
};

/* If the line has no module's name, its words must tell. */
static bool
is_old_line(struct span text)
{
    static const struct span begins[] = {SPAN_INIT("ImapThreadMainLoop "),
                                         SPAN_INIT("proposed url"),
                                         SPAN_INIT("queuing url:imap:"),
                                         SPAN_INIT("considering playing queued url"),
                                         SPAN_INIT("creating protocol instance"),
                                         SPAN_INIT("failed creating protocol instance"),
                                         SPAN_INIT("retrying ")};
    static const struct span has[] = {SPAN_INIT(":SendData: "),
                                      SPAN_INIT(":CreateNewLineFromSocket: "),
                                      SPAN_INIT(":ProcessCurrentURL:"),
                                      SPAN_INIT(":TellThreadToDie: "),
                                      SPAN_INIT(":STREAM:"),
                                      SPAN_INIT(":SetupWithUrl")};

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (span_starts(text, begins[i]))
            return true;
    for (size_t i = 0; i < sizeof has / sizeof has[0]; i++)
        if (span_find(text, has[i]) >= 0)
            return true;
    return false;
}

static bool
head_parse(struct foreign_clock *clock, struct span line, struct moz_head *out)
{
    struct span rest = line;

    out->at_us = FOREIGN_NO_TIME;
    if (when_take_iso(clock, &rest, &out->at_us) && !read_take(&rest, SPAN(" - ")))
        return false;
    if (rest.len == 0)
        return false;
    /* "[Parent 1: IMAP]: " or, in old versions, "-1716528320[95359100]: " */
    const ptrdiff_t end = span_find(rest, SPAN("]: "));
    if (end < 0 ||
        (rest.ptr[0] != '[' && span_find_char(span_head(rest, (size_t)end), '[') < 0))
        return false;
    const bool old = rest.ptr[0] != '[';
    rest = span_tail(rest, (size_t)end + 3);
    if (rest.len > 7 && rest.ptr[1] == '/' && span_starts(span_tail(rest, 2), SPAN("IMAP "))) {
        out->text = span_tail(rest, 7);
        return true;
    }
    out->text = rest;
    return old && is_old_line(rest);
}

bool
read_thunderbird_head(struct span line)
{
    struct foreign_clock clock = {0};
    struct moz_head head;

    return head_parse(&clock, line, &head);
}

static bool
is_pointer(struct span text)
{
    read_take(&text, SPAN("0x"));
    if (text.len < 4 || text.len >= POINTER_OCTETS)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!((text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
              ((text.ptr[i] | 0x20) >= 'a' && (text.ptr[i] | 0x20) <= 'f')))
            return false;
    return true;
}

/* "ptr:host:STATE:Function: text". Mailbox names may contain colons, so the function is found
 * by its name. */
static bool
parts(struct span text, struct span *key_out, struct span *function_out, struct span *rest_out)
{
    static const struct span functions[] = {
        SPAN_INIT(":SendData: "), SPAN_INIT(":CreateNewLineFromSocket: "),
        SPAN_INIT(":TellThreadToDie: "), SPAN_INIT(":ProcessCurrentURL:")};
    const ptrdiff_t colon = span_find_char(text, ':');

    if (colon <= 0 || !is_pointer(span_head(text, (size_t)colon)))
        return false;
    *key_out = span_head(text, (size_t)colon);
    *function_out = (struct span){0};
    *rest_out = text;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        const ptrdiff_t at = span_find(text, functions[i]);
        if (at < 0)
            continue;
        const ptrdiff_t end = span_find_char(span_tail(functions[i], 1), ':');
        *function_out = span_of(functions[i].ptr + 1, (size_t)end);
        *rest_out = span_tail(text, (size_t)at + functions[i].len);
        return true;
    }
    return true;
}

/* ---- the user of a connection ---- */

static const char *
user_of(const struct thunderbird_state *state, struct span pointer)
{
    for (size_t i = 0; i < CONNECTIONS; i++)
        if (span_eq_str(pointer, state->known[i].pointer))
            return state->known[i].user;
    return "";
}

/* "imap://user%40example.org@host:993/select>/INBOX". */
static void
user_note(struct thunderbird_state *state, struct span pointer, struct span text)
{
    struct span url = text;
    size_t used = 0;

    if (pointer.len >= POINTER_OCTETS ||
        (!read_take(&url, SPAN("imap://")) && !read_take(&url, SPAN("imaps://"))))
        return;
    const ptrdiff_t slash = span_find_char(url, '/');
    url = span_head(url, slash < 0 ? url.len : (size_t)slash);
    const ptrdiff_t at = span_find_char(url, '@');
    if (at <= 0 || user_of(state, pointer)[0] != '\0')
        return;
    url = span_head(url, (size_t)at);
    char *user = state->known[state->next % CONNECTIONS].user;
    char *name = state->known[state->next % CONNECTIONS].pointer;
    state->next++;
    for (size_t i = 0; i < url.len && used + 1 < USER_OCTETS; i++) {
        char c = url.ptr[i];
        if (c == '%' && i + 2 < url.len && ascii_hex(url.ptr[i + 1]) >= 0 &&
            ascii_hex(url.ptr[i + 2]) >= 0) {
            c = (char)(ascii_hex(url.ptr[i + 1]) * 16 + ascii_hex(url.ptr[i + 2]));
            i += 2;
        }
        user[used++] = c == '\0' ? '?' : c;
    }
    user[used] = '\0';
    memcpy(name, pointer.ptr, pointer.len);
    name[pointer.len] = '\0';
}

/* --- Texts of more than one entry --- */

static void
chunk_note(struct thunderbird_state *state, struct span text)
{
    if (text.len == CHUNK_OCTETS)
        state->unfinished++;
}

/* Whether an entry without a pointer continues a text. The last chunk is a shorter one. */
static bool
chunk_continues(struct thunderbird_state *state, struct span text)
{
    if (state->unfinished == 0)
        return false;
    if (text.len < CHUNK_OCTETS)
        state->unfinished--;
    return true;
}

/* --- Events --- */

/* "clearing IMAP_CONNECTION_IS_OPEN - rv = 804b0014". 805a.... are errors of TLS. */
static void
broken(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct span code = text;
    const ptrdiff_t at = span_find(text, SPAN("rv = "));

    code = at < 0 ? (struct span){0} : span_tail(text, (size_t)at + 5);
    read_take(&code, SPAN("0x"));
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        if (!span_istarts(code, span_of_str(results[i].code)))
            continue;
        char told[64];
        const size_t len = strlen(results[i].name);
        memcpy(told, results[i].name, len);
        memcpy(told + len, ", rv = ", 7);
        memcpy(told + len + 7, results[i].code, 8);
        read_emit_fact(reader, event, results[i].fact, span_of(told, len + 15));
        return;
    }
    /* The line before may have named the error. */
    struct thunderbird_state *state = reader->state;
    const bool named = state->named;
    state->named = false;
    if (span_istarts(code, SPAN("805a")))
        read_emit_fact(reader, event, FACT_TLS_FAILED,
                       named ? SPAN("") : span_tail(text, (size_t)at));
    else
        read_emit_fact(reader, event, FACT_PEER_CLOSED, text);
}

/* "ImapThreadMainLoop leaving [this=7f4e..]": the thread of the connection ends. */
static bool
leaving(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    const struct span pointer = read_between(text, SPAN("[this="), SPAN("]"));

    if (!span_starts(text, SPAN("ImapThreadMainLoop leaving")) || !is_pointer(pointer))
        return false;
    event->key = pointer;
    event->joins = true;
    event->ends = true;
    read_emit_fact(reader, event, FACT_CLOSED, SPAN("ImapThreadMainLoop leaving"));
    return true;
}

static void
security_error(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct thunderbird_state *state = reader->state;

    state->named = true;
    read_emit_fact(reader, event, FACT_TLS_FAILED, text);
}

static void
from_server(struct foreign_reader *reader, struct foreign_event *event, struct span all,
            struct span text)
{
    if (span_starts(text, SPAN("clearing IMAP_CONNECTION_IS_OPEN")))
        broken(reader, event, text);
    else if (span_starts(text, SPAN("Security error")))
        security_error(reader, event, text);
    else if (!span_starts(text, SPAN("NS_ERROR")) && !span_eq_str(text, "(null)")) {
        event->opens = span_starts(text, SPAN("* OK")) && read_has(all, ":NA:");
        read_emit_line(reader, event, DIR_TO_CLIENT, text);
    }
}

static bool
is_known(struct span text)
{
    for (size_t i = 0; i < ARRAY_LEN(functions_known); i++)
        if (read_has(text, functions_known[i]))
            return true;
    return false;
}

bool
read_thunderbird(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct moz_head head;
    struct span function;
    struct span rest;

    if (!head_parse(&reader->clock, line->text, &head))
        return false;
    event.ref.at_us = head.at_us;
    if (!parts(head.text, &event.key, &function, &rest)) {
        if (leaving(reader, &event, head.text))
            return true;
        event.rest = true; /* continues what was sent or shown last, or something else */
        read_emit_fact(reader, &event, FACT_NONE, head.text);
        return read_begins(head.text, words_known, ARRAY_LEN(words_known)) ||
               chunk_continues(reader->state, head.text);
    }
    event.client = SPAN("Thunderbird");
    event.account = span_of_str(user_of(reader->state, event.key));
    if (span_eq_str(function, "ProcessCurrentURL")) {
        user_note(reader->state, event.key, rest);
    } else if (span_eq_str(function, "SendData")) {
        chunk_note(reader->state, rest);
        if (!span_starts(rest, SPAN("Logging suppressed")))
            read_emit_line(reader, &event, DIR_TO_SERVER, rest);
    } else if (span_eq_str(function, "CreateNewLineFromSocket") &&
               !span_starts(rest, SPAN("NS_ERROR"))) {
        chunk_note(reader->state, rest);
        from_server(reader, &event, head.text, rest);
    } else {
        const enum foreign_fact fact =
            read_word_find(words, sizeof words / sizeof words[0], head.text, FACT_NONE);
        event.ends = fact == FACT_CLOSED;
        if (fact != FACT_NONE)
            read_emit_fact(reader, &event, fact, rest);
        else
            return is_known(head.text);
    }
    return true;
}
