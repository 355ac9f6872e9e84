/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's own log, in syslog or in a file of its own:
 *
 *     imap-login: Info: Login: user=<bob>, method=PLAIN, rip=.., mpid=6214, session=<YOVM3..>
 *     imap(bob)<6214><YOVM3..>: Info: Disconnected: Connection closed (IDLE running for ..
 *
 * The session's id ties the lines together; versions before 2.3 name none, then it is the
 * user. A kicked session is told as "Server shutting down", but its process first says that it
 * was killed by a signal: that is how the two are told apart. Processes are remembered, the
 * last few hundred, so that a crash finds its session.
 */
#include "journal/foreign/read/read.h"

#include <stdio.h>
#include <string.h>

enum { PROCESSES = 64, ID_OCTETS = 40, PID_OCTETS = 16, USER_OCTETS = 64 };

struct process {
    char pid[PID_OCTETS];
    char session[ID_OCTETS];
    char user[USER_OCTETS];
    bool killed; /* it, not the whole server, was told to end */
};

struct dovecot_state {
    struct process processes[PROCESSES];
    uint32_t next;
};
_Static_assert(sizeof(struct dovecot_state) <= READ_DOVECOT_OCTETS, "state_octets");

static const struct read_word login_words[] = {
    {"Maximum number of connections", FACT_LIMIT},
    {"Connection queue full", FACT_LIMIT},
    {"SSL_accept() failed", FACT_TLS_FAILED},
    {"TLS handshak", FACT_TLS_FAILED},
    {"SSL_accept() syscall failed", FACT_TLS_FAILED},
    {"auth failed", FACT_REFUSED},
    {"disallowed plaintext auth", FACT_REFUSED},
    {"cleartext authentication", FACT_REFUSED},
    {"Too many invalid", FACT_BAD},
    {"Too long argument", FACT_BAD},
    {"Input buffer full", FACT_BAD},
    {"Inactivity", FACT_LOGIN_TIMEOUT},
    {"hutting down", FACT_STOPPING},
    {"internal failure", FACT_FAILED},
    {"Internal", FACT_FAILED},
    {"no auth attempts", FACT_NO_LOGIN},
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
    {"unhibernate", FACT_FAILED},
    {"Connection reset by peer", FACT_RESET},
    {"Connection timed out", FACT_NO_ANSWER},
    {"No route to host", FACT_UNREACHABLE},
    {"etwork is unreachable", FACT_UNREACHABLE},
    {"SSL routines", FACT_TLS_FAILED},
    {"Connection closed", FACT_PEER_CLOSED},
    {"Broken pipe", FACT_PEER_CLOSED},
};

/* Where the message begins to be Dovecot's; false when it is not. */
static bool
take_dovecot(const struct read_syslog *head, struct span *text_out)
{
    static const struct {
        const char *begin;
        bool alone; /* enough without a time before it */
    } begins[] = {
        {"imap-login: ", true},
        {"imap(", true},
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
    /* Its own log, or journalctl -o cat: the line begins with the service. */
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

/* The session that this user began last: errors before it is set up do not name it. */
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
                                         SPAN_INIT("Error: ")};

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (read_take(text, levels[i]))
            return;
}

/* What a reason says before the statistics that follow it. */
static struct span
reason_of(struct span text)
{
    static const struct span ends[] = {SPAN_INIT(": user=<"), SPAN_INIT(" in="),
                                       SPAN_INIT(" bytes=")};

    read_take(&text, SPAN("Disconnected: "));
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const ptrdiff_t at = span_find(text, ends[i]);
        if (at > 0)
            return span_head(text, (size_t)at);
    }
    return text;
}

static void
login_line(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct dovecot_state *state = reader->state;
    const struct span pid = read_between(text, SPAN("mpid="), SPAN(","));

    level_skip(&text);
    event->key = read_between(text, SPAN("session=<"), SPAN(">"));
    event->account = read_between(text, SPAN("user=<"), SPAN(">"));
    event->peer = read_between(text, SPAN("rip="), SPAN(","));
    if (event->key.len == 0)
        event->key = event->account;
    if (span_starts(text, SPAN("Login: "))) {
        struct process *process = process_note(state, pid);
        if (process != NULL && event->key.len < ID_OCTETS)
            memcpy(process->session, event->key.ptr, event->key.len);
        if (process != NULL && event->account.len < USER_OCTETS)
            memcpy(process->user, event->account.ptr, event->account.len);
        event->opens = true;
        read_emit_fact(reader, event, FACT_LOGGED_IN, SPAN(""));
        return;
    }
    if (!span_starts(text, SPAN("Disconnected")) && !span_starts(text, SPAN("Aborted login")) &&
        !span_starts(text, SPAN("Maximum number")))
        return;
    event->ends = true;
    read_emit_fact(reader, event,
                   read_word_find(login_words, sizeof login_words / sizeof login_words[0],
                                  reason_of(text), FACT_STATISTICS),
                   reason_of(text));
}

/* imap(USER)<PID><SESSION>: text, or imap(USER): text. */
static void
session_line(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct dovecot_state *state = reader->state;
    struct span pid = {0};
    const struct span user = read_between(text, SPAN("("), SPAN(")"));
    const ptrdiff_t colon = span_find(text, SPAN(": "));

    if (colon < 0)
        return;
    const struct span who = span_head(text, (size_t)colon + 1);
    text = span_tail(text, (size_t)colon + 2);
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
        return;
    }
    if (span_starts(text, SPAN("Invalid settings")) || span_starts(text, SPAN("Fatal: ")) ||
        span_starts(text, SPAN("Panic: "))) {
        event->ends = true;
        if (angle < 0)
            event->key = session_of_user(state, user);
        read_emit_fact(reader, event,
                       span_starts(text, SPAN("Panic: ")) ? FACT_CRASHED : FACT_FAILED, text);
        return;
    }
    if (!span_starts(text, SPAN("Disconnected")) && !span_starts(text, SPAN("Logged out")) &&
        !span_starts(text, SPAN("Connection closed")))
        return;
    const struct span reason = reason_of(text);
    enum foreign_fact fact = read_word_find(
        session_words, sizeof session_words / sizeof session_words[0], reason, FACT_STATISTICS);
    const struct process *process = process_find(state, pid);
    if (fact == FACT_STOPPING && process != NULL && process->killed)
        fact = FACT_KICKED;
    event->ends = true;
    read_emit_fact(reader, event, fact, reason);
}

/* "service(imap): child 1234 killed with signal 11": the session of that process. */
static void
master_line(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    const struct span pid = read_between(text, SPAN("child "), SPAN(" "));
    const struct process *process = process_find(reader->state, pid);

    if (!read_has(text, "service(imap)") || !read_has(text, "killed with signal"))
        return;
    event->key = process == NULL ? pid : span_of_str(process->session);
    event->ends = true;
    read_emit_fact(reader, event, FACT_CRASHED, text);
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
        login_line(reader, &event, text);
    else if (span_starts(text, SPAN("imap(")) || span_starts(text, SPAN("imap-hibernate(")))
        session_line(reader, &event, text);
    else if (read_take(&text, SPAN("master: ")))
        master_line(reader, &event, text);
    return true;
}
