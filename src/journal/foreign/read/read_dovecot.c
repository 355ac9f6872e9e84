/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's own log, in syslog or in a file of its own:
 *
 *     imap-login: Info: Login: user=<bob>, method=PLAIN, rip=.., mpid=6214, session=<YOVM3..>
 *     imap(bob)<6214><YOVM3..>: Info: Disconnected: Connection closed (IDLE running for ..
 *
 * Lines belong together by the session's id; versions before 2.3 have none, so the user takes
 * its place. A kicked session is reported as "Server shutting down", but its process first says
 * that it was killed by a signal, which tells the two apart. The last few hundred processes are
 * remembered, so that a crash can be assigned to its session.
 */
#include "journal/foreign/read/read.h"

#include <stdio.h>
#include <string.h>

enum { WAITED_SECS = 5 };
enum { PROCESSES = 64, ID_OCTETS = 40, PID_OCTETS = 16, USER_OCTETS = 64 };

struct process {
    char pid[PID_OCTETS];
    char session[ID_OCTETS];
    char user[USER_OCTETS];
    bool killed; /* this process, not the whole server, was told to end */
};

struct dovecot_state {
    struct process processes[PROCESSES];
    uint32_t next;
};
_Static_assert(sizeof(struct dovecot_state) <= READ_DOVECOT_OCTETS, "state_octets");

/* Words for people. Version 2.4 adds a code ("(auth_failed)"); older ones do not. */
static const struct read_word login_words[] = {
    {"Auth process broken", FACT_FAILED},
    {"auth process not ready", FACT_FAILED},
    {"Maximum number of connections", FACT_LIMIT},
    {"connection limit reached", FACT_LIMIT},
    {"Connection queue full", FACT_LIMIT},
    {"process_limit was hit", FACT_LIMIT},
    {"auth failed", FACT_REFUSED},
    {"authorization failed", FACT_REFUSED},
    {"user disabled", FACT_REFUSED},
    {"password expired", FACT_REFUSED},
    {"login disabled", FACT_REFUSED},
    {"unsupported auth mechanism", FACT_REFUSED},
    {"disallowed plaintext auth", FACT_REFUSED},
    {"disallowed cleartext auth", FACT_REFUSED},
    {"cleartext authentication", FACT_REFUSED},
    {"anonymous logins disabled", FACT_REFUSED},
    {"proxy dest authentication failure", FACT_REFUSED},
    {"SSL_accept() failed", FACT_TLS_FAILED},
    {"SSL_accept() syscall failed", FACT_TLS_FAILED},
    {"TLS handshak", FACT_TLS_FAILED},
    {"cert required", FACT_TLS_FAILED},
    {"untrusted cert", FACT_TLS_FAILED},
    {"didn't send a cert", FACT_TLS_FAILED},
    {"Too many invalid", FACT_BAD},
    {"Too long argument", FACT_BAD},
    {"Input buffer full", FACT_BAD},
    {"invalid base64", FACT_BAD},
    {"Inactivity", FACT_LOGIN_TIMEOUT},
    {"hutting down", FACT_STOPPING},
    {"temporary failure", FACT_FAILED},
    {"temporary authentication failure", FACT_FAILED},
    {"communication failure", FACT_FAILED},
    {"proxy dest", FACT_FAILED},
    {"internal failure", FACT_FAILED},
    {"Internal", FACT_FAILED},
    {"no auth attempts", FACT_NO_LOGIN},
    {"before auth was ready", FACT_NO_LOGIN},
    {"auth aborted by client", FACT_NO_LOGIN},
    {"didn't finish SASL auth", FACT_NO_LOGIN},
    {"Logged out", FACT_LOGOUT},
    {"Connection closed", FACT_NO_LOGIN},
};

static const struct read_word session_words[] = {
    {"Logged out", FACT_LOGOUT},
    {"Inactivity", FACT_TIMED_OUT},
    {"for inactivity", FACT_TIMED_OUT},
    {"has not read server output", FACT_UNREAD},
    {"output buffer is full", FACT_UNREAD},
    {"Too many invalid", FACT_BAD},
    {"too big", FACT_BAD},
    {"Too long argument", FACT_BAD},
    {"kicked", FACT_KICKED},
    {"hutting down", FACT_STOPPING},
    {"Internal error", FACT_FAILED},
    {"state is inconsistent", FACT_FAILED},
    {"unhibernate", FACT_FAILED},
    {"Connection reset by peer", FACT_RESET},
    {"Connection timed out", FACT_NO_ANSWER},
    {"No route to host", FACT_UNREACHABLE},
    {"etwork is unreachable", FACT_UNREACHABLE},
    {"unexpected eof while reading", FACT_PEER_CLOSED}, /* no TLS goodbye; OpenSSL 3 */
    {"SSL routines", FACT_TLS_FAILED},
    {"Connection closed", FACT_PEER_CLOSED},
    {"Broken pipe", FACT_PEER_CLOSED},
    {"Disconnected in ", FACT_PEER_CLOSED}, /* APPEND, IDLE */
    {"EOF while appending", FACT_PEER_CLOSED},
};

/* Finds where Dovecot's message begins. False: it is not Dovecot's. */
static bool
take_dovecot(const struct read_syslog *head, struct span *text_out)
{
    static const struct {
        const char *begin;
        bool alone; /* is sufficient without a time before it */
    } begins[] = {
        {"imap-login: ", true},
        {"imap(", true},
        {"IMAP(", true}, /* 1.x */
        {"imap-hibernate(", true},
        {"imap-hibernate: ", true},
        {"master: Warning: service(", true},
        {"master: Error: service(", true},
        {"master: ", false},
        {"imap: ", false},
        {"auth: ", false},
        {"auth-worker", false},
    };

    *text_out = head->text;
    if (span_starts(head->ident, SPAN("dovecot")))
        return true;
    /* Dovecot's own log, or journalctl -o cat: the line begins with the service. */
    *text_out = head->whole;
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if ((begins[i].alone || head->at_us != FOREIGN_NO_TIME) &&
            span_starts(head->whole, span_of_str(begins[i].begin)))
            return true;
    return false;
}

bool
read_dovecot_head(struct span line)
{
    struct foreign_clock clock = {.year = 2000};
    struct read_syslog head;
    struct span text;

    return read_syslog_take(&clock, line, &head) && take_dovecot(&head, &text);
}

static struct process *
process_find(struct dovecot_state *state, struct span pid)
{
    for (size_t i = 0; i < PROCESSES; i++)
        if (pid.len > 0 && span_eq_str(pid, state->processes[i].pid))
            return &state->processes[i];
    return NULL;
}

/* The session that this user began last. Errors before it is set up do not name it. */
static struct span
session_of_user(const struct dovecot_state *state, struct span user)
{
    for (uint32_t i = 0; i < PROCESSES; i++) {
        const struct process *process =
            &state->processes[(state->next + PROCESSES - 1 - i) % PROCESSES];
        if (user.len > 0 && span_eq_str(user, process->user))
            return span_of_str(process->session);
    }
    return user;
}

static struct process *
process_note(struct dovecot_state *state, struct span pid)
{
    struct process *process = process_find(state, pid);

    if (pid.len == 0 || pid.len >= PID_OCTETS)
        return NULL;
    if (process == NULL)
        process = &state->processes[state->next++ % PROCESSES];
    *process = (struct process){0};
    memcpy(process->pid, pid.ptr, pid.len);
    return process;
}

static void
level_skip(struct span *text)
{
    static const struct span levels[] = {SPAN_INIT("Info: "), SPAN_INIT("Warning: "),
                                         SPAN_INIT("Error: "), SPAN_INIT("Debug: ")};

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (read_take(text, levels[i]))
            return;
}

/* Returns the part of a reason before the statistics. */
static struct span
reason_of(struct span text)
{
    static const struct span ends[] = {SPAN_INIT(": user=<"), SPAN_INIT(" in="),
                                       SPAN_INIT(" bytes=")};

    if (!read_take(&text, SPAN("Disconnected: ")))
        read_take(&text, SPAN("Login aborted: "));
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const ptrdiff_t at = span_find(text, ends[i]);
        if (at > 0)
            return span_head(text, (size_t)at);
    }
    return text;
}

/* "disconnected before auth was ready, waited 30 secs": the server was not ready. A scanner
 * does not wait. */
static bool
waited_for_auth(struct span reason)
{
    struct span number =
        read_between(reason, SPAN("before auth was ready, waited "), SPAN(" secs"));
    uint64_t secs;

    return span_to_u64(number, UINT32_MAX, &secs) && secs >= WAITED_SECS;
}

/* OpenSSL's words at the end of the line: ", TLS: SSL_read() failed: error:..." or ", TLS
 * handshaking: SSL_accept() failed: ...". Empty: TLS did not fail. */
static struct span
tls_failure(struct span text)
{
    static const struct span marks[] = {SPAN_INIT(", TLS handshaking: "), SPAN_INIT(", TLS: ")};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const ptrdiff_t at = span_find(text, marks[i]);
        if (at < 0)
            continue;
        struct span words = span_tail(text, (size_t)at + marks[i].len);
        const ptrdiff_t end = span_find(words, SPAN(", session=<"));
        if (end >= 0)
            words = span_head(words, (size_t)end);
        /* "Disconnected" and "Connection closed" do not mean that TLS failed. */
        if (span_starts(words, SPAN("SSL_")) &&
            !read_has(words, "unexpected eof while reading") &&
            !read_has(words, "Connection reset by peer"))
            return words;
    }
    return (struct span){0};
}

static void
logged_in(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct process *process =
        process_note(reader->state, read_between(text, SPAN("mpid="), SPAN(",")));

    if (process != NULL && event->key.len > 0 && event->key.len < ID_OCTETS)
        memcpy(process->session, event->key.ptr, event->key.len);
    if (process != NULL && event->account.len > 0 && event->account.len < USER_OCTETS)
        memcpy(process->user, event->account.ptr, event->account.len);
    event->opens = true;
    read_emit_fact(reader, event, FACT_LOGGED_IN, SPAN(""));
}

static bool
login_line(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    level_skip(&text);
    event->key = read_between(text, SPAN("session=<"), SPAN(">"));
    event->account = read_between(text, SPAN("user=<"), SPAN(">"));
    event->peer = read_between(text, SPAN("rip="), SPAN(","));
    if (event->key.len == 0)
        event->key = event->account;
    if (span_starts(text, SPAN("Login: ")) || span_starts(text, SPAN("Logged in: "))) {
        logged_in(reader, event, text);
        return true;
    }
    if (!span_starts(text, SPAN("Disconnected")) && !span_starts(text, SPAN("Aborted login")) &&
        !span_starts(text, SPAN("Login aborted")) && !span_starts(text, SPAN("Maximum number")))
        return false;
    event->ends = true;
    const struct span reason = reason_of(text);
    const struct span tls = tls_failure(text);
    enum foreign_fact fact = read_word_find(
        login_words, sizeof login_words / sizeof login_words[0], reason, FACT_STATISTICS);
    if (fact == FACT_NO_LOGIN && waited_for_auth(reason))
        fact = FACT_FAILED;
    if (tls.len > 0 && fact != FACT_REFUSED)
        read_emit_fact(reader, event, FACT_TLS_FAILED, tls);
    else
        read_emit_fact(reader, event, fact, reason);
    return true;
}

/* The last message of a process, or what the master says about it. */
static bool
last_words(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    const bool crashed =
        span_starts(text, SPAN("Panic: ")) || read_has(text, "killed with signal");

    if (!crashed && !span_starts(text, SPAN("Invalid settings")) &&
        !span_starts(text, SPAN("Fatal: ")))
        return false;
    /* After a panic, the master reports the same process again. */
    event->ends = !span_starts(text, SPAN("Panic: "));
    read_emit_fact(reader, event, crashed ? FACT_CRASHED : FACT_FAILED, text);
    return true;
}

/* imap(USER)<PID><SESSION>: text, or imap(USER): text. */
static bool
session_line(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct dovecot_state *state = reader->state;
    struct span pid = {0};
    const struct span user = read_between(text, SPAN("("), SPAN(")"));
    const ptrdiff_t colon = span_find(text, SPAN(": "));

    if (colon < 0)
        return false;
    const struct span who = span_head(text, (size_t)colon + 1);
    text = span_tail(text, (size_t)colon + 2);
    const struct span with_level = text;
    level_skip(&text);
    event->account = user;
    event->key = user;
    const ptrdiff_t angle = span_find(who, SPAN(")<"));
    if (angle >= 0) {
        const struct span ids = span_tail(who, (size_t)angle + 1);
        const struct span second = read_between(ids, SPAN("><"), SPAN(">:"));
        pid = read_between(ids, SPAN("<"), SPAN(">"));
        event->key = second.len > 0 ? second : pid;
    }
    if (span_starts(text, SPAN("Killed with signal"))) {
        struct process *process = process_find(state, user); /* imap(PID) */
        if (process != NULL)
            process->killed = true;
        return true;
    }
    struct foreign_event ending = *event;
    if (angle < 0)
        ending.key = session_of_user(state, user);
    if (last_words(reader, &ending, text))
        return true;
    if (!span_starts(text, SPAN("Disconnected")) && !span_starts(text, SPAN("Logged out")) &&
        !span_starts(text, SPAN("Connection closed")))
        return span_starts(with_level, SPAN("Debug: "));
    const struct span reason = reason_of(text);
    enum foreign_fact fact = read_word_find(
        session_words, sizeof session_words / sizeof session_words[0], reason, FACT_STATISTICS);
    const struct process *process = process_find(state, pid);
    if (fact == FACT_STOPPING && process != NULL && process->killed)
        fact = FACT_KICKED;
    event->ends = true;
    read_emit_fact(reader, event, fact, reason);
    return true;
}

/*
 * "service(imap): child 1234 killed with signal 11" and "child 1234 returned error 83 (Out of
 * memory ...)": the session of that process. "service(imap-login): process_limit (100) reached,
 * client connections are being dropped": sessions that never began; nothing else is logged
 * about them.
 */
static bool
master_line(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    const struct span service = read_between(text, SPAN("service("), SPAN(")"));
    const struct process *process =
        process_find(reader->state, read_between(text, SPAN("child "), SPAN(" ")));
    const bool killed = read_has(text, "killed with signal");
    const bool failed = read_has(text, "returned error");
    const bool limit = read_has(text, "_limit (") && read_has(text, ") reached");
    char key[64];

    if (service.len == 0 || (!killed && !failed && !limit))
        return false;
    level_skip(&text);
    if (process != NULL && process->session[0] != '\0' && !limit) {
        event->key = span_of_str(process->session);
        event->ends = true;
    } else {
        const int len =
            snprintf(key, sizeof key, "service(%.*s)", SPAN_FMT(span_head(service, 40)));
        event->key = span_of(key, (size_t)len);
        event->general = true;
        if (!span_starts(service, SPAN("imap")) && !limit)
            return true; /* another service's process */
    }
    read_emit_fact(reader, event,
                   limit    ? FACT_LIMIT
                   : killed ? FACT_CRASHED
                            : FACT_FAILED,
                   text);
    return true;
}

bool
read_dovecot(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {.ref = {.line = line->number, .file = line->file}};
    struct read_syslog head;
    struct span text;

    if (!read_syslog_take(&reader->clock, line->text, &head) || !take_dovecot(&head, &text))
        return false;
    event.ref.at_us = head.at_us;
    if (read_take(&text, SPAN("imap-login: ")))
        return login_line(reader, &event, text);
    if (span_starts(text, SPAN("imap(")) || span_starts(text, SPAN("IMAP(")) ||
        span_starts(text, SPAN("imap-hibernate(")))
        return session_line(reader, &event, text);
    if (read_take(&text, SPAN("master: ")))
        return master_line(reader, &event, text) || !read_has(text, "rror: ");
    return !read_has(text, "imap: Error: "); /* other services */
}
