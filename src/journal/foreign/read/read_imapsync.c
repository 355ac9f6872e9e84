/* SPDX-License-Identifier: MIT */
/*
 * imapsync, which talks to two servers at once and names them Host1 and Host2:
 *
 *     Host1: IMAP server [mail.example.org] port [993] user [ann]
 *     Host1: success login on [mail.example.org] with user [ann] auth [LOGIN]
 *     Host2 failure: Error login on [..] with user [ann] auth [LOGIN]: 2 NO LOGIN failed
 *     Exiting with return value 162 (EXIT_AUTHENTICATION_FAILURE_USER2)
 *
 * With --debugimap1 (or 2), it also contains the dialogue, as Perl's Mail::IMAPClient prints
 * it; the one about ID is always there. An answer is one entry with many lines; protocol lines
 * begin with two blanks and a TAB, and literals have no octet counts:
 *
 *     Sending: 4 EXAMINE INBOX
 *     Sent 17 bytes
 *     Read: <TAB>* 3 EXISTS
 *       <TAB>4 OK [READ-ONLY] done
 *     ERROR: socket closed while reading data from server at .../IMAPClient.pm line 1812.
 *
 * The dialogue does not name the host. Each host has its own sequence of tags, so the next tag
 * of a host identifies it. If both would have the same next tag, the command decides (messages
 * are appended to Host2), and if that does not help either, it is a guess. After a guess, what
 * the servers show of their mailboxes is left out, so that nobody is judged by it.
 *
 * Most of the log is about mail that was copied. These lines are counted as not understood only
 * if they look like problems.
 */
#include "journal/foreign/read/read.h"

#include <string.h>

/* The kind of entry that the next lines continue. */
enum imapsync_entry {
    ENTRY_NONE,
    ENTRY_ANSWER, /* after "Read: " */
    ENTRY_OTHER,  /* of what is sent, and of literals: mail */
};

struct imapsync_state {
    enum imapsync_entry entry;
    bool second;      /* the host that was named last: false Host1, true Host2 */
    bool speaks;      /* the host of the last dialogue line: false Host1, true Host2 */
    bool guessed;     /* it has been uncertain which of them it is */
    bool silent[2];   /* the dialogue of this host is not in the log */
    bool gone[2];     /* the loss of its connection was reported */
    bool told;        /* an error was reported since the last command */
    uint32_t last[2]; /* its last tag, as a number */
};
_Static_assert(sizeof(struct imapsync_state) <= READ_STATE_OCTETS, "state_octets");

static const struct read_word words[] = {
    {"Error login on", FACT_REFUSED},
    {"can not open imap connection", FACT_UNREACHABLE},
    {"Unable to connect", FACT_UNREACHABLE},
    {"Can not go to tls", FACT_TLS_FAILED},
    {"SSL connect attempt failed", FACT_TLS_FAILED},
    {"Connection reset by peer", FACT_RESET},
    {"timeout waiting", FACT_GAVE_UP},
    {"Write failed 'Broken pipe'", FACT_PEER_CLOSED},
    {"socket closed while reading", FACT_PEER_CLOSED},
    {"* BYE", FACT_BYE},
    {"Connection timed out", FACT_NO_ANSWER},
    {"NOT connected", FACT_PEER_CLOSED},
    {"NO not connected", FACT_PEER_CLOSED},
};

static bool
host_take(struct span *text, bool *second_out)
{
    if (!span_starts(*text, SPAN("Host1")) && !span_starts(*text, SPAN("Host2")))
        return false;
    *second_out = text->ptr[4] == '2';
    *text = span_tail(*text, 5);
    return text->len > 0 && (text->ptr[0] == ':' || text->ptr[0] == ' ');
}

/* A command's tag as a number; 0: it is not a number. */
static uint32_t
tag_of(struct span text)
{
    struct span rest = text;
    uint64_t number;

    if (!span_to_u64(imap_take_word(&rest), UINT32_MAX, &number) || rest.len == 0)
        return 0;
    return (uint32_t)number;
}

bool
read_imapsync_head(struct span line)
{
    struct span text = line;
    bool second;

    if (read_take(&text, SPAN("Sending: ")))
        return tag_of(text) != 0;
    return host_take(&text, &second) || span_starts(line, SPAN("Here is imapsync ")) ||
           span_starts(line, SPAN("Read: \t* ")) ||
           span_starts(line, SPAN("Exiting with return value ")) ||
           (span_starts(line, SPAN("Err ")) && read_has(line, "/") && read_has(line, ": "));
}

static struct span
key_of(bool second)
{
    return second ? SPAN("Host2") : SPAN("Host1");
}

/* The end of a connection is told once, not for each line of Perl's stack. False: it looks like
 * an unknown problem. */
static bool
error(struct foreign_reader *reader, struct foreign_event *event, struct span text, bool second)
{
    struct imapsync_state *state = reader->state;
    const enum foreign_fact fact =
        read_word_find(words, sizeof words / sizeof words[0], text, FACT_NONE);

    if (fact == FACT_NONE)
        return !read_is_alarm(text);
    if (state->gone[second] || state->told)
        return true;
    state->told = true;
    state->gone[second] = fact == FACT_PEER_CLOSED || fact == FACT_RESET;
    /* The place in the Perl code has nothing to do with the session. */
    const ptrdiff_t at = span_find(text, SPAN(" at /"));
    read_emit_fact(reader, event, fact, span_trim(at > 0 ? span_head(text, (size_t)at) : text));
    return true;
}

static bool
about_host(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct imapsync_state *state = reader->state;
    struct span rest = text;

    event->account = read_between(text, SPAN("user ["), SPAN("]"));
    if (state->last[state->second] == 0) /* otherwise its ID may have said more */
        event->client = SPAN("imapsync");
    if (span_starts(text, SPAN(": connecting and login on"))) {
        state->last[state->second] = 0;
        state->gone[state->second] = false;
        state->told = false;
        state->speaks = state->second;
        event->opens = true;
        read_emit_fact(reader, event, FACT_CONNECTED, SPAN(""));
    } else if (read_take(&rest, SPAN(" banner: "))) {
        read_emit_line(reader, event, DIR_TO_CLIENT, rest);
    } else if (span_starts(text, SPAN(": success login on"))) {
        read_emit_fact(reader, event, FACT_LOGGED_IN, SPAN(""));
    } else if (span_starts(text, SPAN(": logout")) || span_starts(text, SPAN(": disconnect"))) {
        read_emit_fact(reader, event, FACT_LOGOUT, SPAN(""));
    } else if (read_is_alarm(text)) {
        return error(reader, event, text, state->second);
    }
    return true;
}

/* --- The dialogue --- */

/* Commands that are sent to only one of the two hosts. */
static bool
told_by_command(struct span text, bool *second_out)
{
    struct imap_line line;

    imap_client_line(text, &line);
    if (line.command == NULL)
        return false;
    if (strcmp(line.command, "APPEND") == 0 || strcmp(line.command, "CREATE") == 0 ||
        strcmp(line.command, "SUBSCRIBE") == 0) {
        *second_out = true;
        return true;
    }
    *second_out = false;
    return strcmp(line.command, "UID FETCH") == 0 && read_has(line.args, "BODY.PEEK[]");
}

/* Finds the host to which the command with this tag was sent. */
static bool
speaker(struct imapsync_state *state, uint32_t tag, struct span text)
{
    const bool first = tag == state->last[0] + 1 && !state->silent[0];
    const bool second = tag == state->last[1] + 1 && !state->silent[1];
    bool told;

    /* The dialogue about ID is always in the log, and names its side. */
    if (read_has(text, "\"side\" \"host"))
        return read_has(text, "\"side\" \"host2\"");
    if (first != second)
        return second;
    if (told_by_command(text, &told))
        return told;
    /* At first, the two logins are made one after the other. */
    if (tag == 1 || (state->last[0] == 0) != (state->last[1] == 0))
        return state->second;
    if (state->silent[0] != state->silent[1])
        return state->silent[0];
    state->guessed = true;
    return false;
}

static void
sending(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct imapsync_state *state = reader->state;
    const uint32_t tag = tag_of(text);

    state->entry = ENTRY_OTHER;
    if (tag != 0) {
        state->speaks = speaker(state, tag, text);
        state->last[state->speaks] = tag;
        state->told = false;
    } else if (!span_eq_str(span_trim(text), "DONE")) {
        return; /* mail, or part of a login */
    }
    event->key = key_of(state->speaks);
    /* Mail::IMAPClient says so before it checks whether there is a connection. */
    if (!state->gone[state->speaks])
        read_emit_line(reader, event, DIR_TO_SERVER, text);
}

/* Handles one line of what a server said. */
static void
answer(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    const struct imapsync_state *state = reader->state;
    struct imap_line line;

    imap_server_line(text, &line);
    if (line.sort != IMAP_TAGGED && line.sort != IMAP_UNTAGGED && line.sort != IMAP_CONTINUE)
        return;
    if (line.sort == IMAP_TAGGED && tag_of(text) != state->last[state->speaks])
        return;
    if (line.sort == IMAP_UNTAGGED && line.status == STATUS_NONE && state->guessed)
        return;
    event->key = key_of(state->speaks);
    read_emit_line(reader, event, DIR_TO_CLIENT, text);
}

/* A line that begins with blanks continues the entry before it. */
static bool
goes_on(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    const struct imapsync_state *state = reader->state;

    if (text.len > 0 && text.ptr[0] != ' ' && text.ptr[0] != '\t')
        return false;
    /* If the log was pasted into a page, TABs have become blanks. */
    if (state->entry == ENTRY_ANSWER &&
        (span_starts(text, SPAN("  \t")) || span_starts(text, SPAN("      "))))
        answer(reader, event, span_trim(text));
    return true;
}

/* "--debugimap1" in the command line, which the log repeats. */
static void
command_line(struct imapsync_state *state, struct span text)
{
    const bool both = read_has(text, "--debugimap ");
    const bool first = both || read_has(text, "--debugimap1");
    const bool second = both || read_has(text, "--debugimap2");

    if (first != second) {
        state->silent[0] = !first;
        state->silent[1] = !second;
    }
}

/* Lines that name no host: dialogue, errors, the last line. */
static bool
about_all(struct foreign_reader *reader, struct foreign_event *event, struct span text)
{
    struct imapsync_state *state = reader->state;

    event->joins = true;
    if (goes_on(reader, event, text))
        return true;
    state->entry = ENTRY_NONE;
    if (read_take(&text, SPAN("Sending: "))) {
        event->joins = false;
        sending(reader, event, text);
    } else if (read_take(&text, SPAN("Read: "))) {
        state->entry = ENTRY_ANSWER;
        answer(reader, event, span_trim(text));
    } else if (span_starts(text, SPAN("Sending literal: ")) ||
               span_starts(text, SPAN("LITERAL: "))) {
        state->entry = ENTRY_OTHER;
    } else if (span_starts(text, SPAN("Connected to "))) {
        state->gone[state->speaks] = false;
    } else if (span_starts(text, SPAN("Exiting with return value "))) {
        for (int i = 0; i < 2; i++) {
            event->key = key_of(i == 1);
            if (!read_has(text, " value 0 ") && !read_has(text, i == 0 ? "USER2)" : "USER1)"))
                read_emit_fact(reader, event, FACT_TOLD_USER, text);
        }
    } else if (read_has(text, " --debugimap")) {
        command_line(state, text);
    } else {
        event->key = key_of(state->speaks);
        return error(reader, event, text, state->speaks);
    }
    return true;
}

bool
read_imapsync(struct foreign_reader *reader, const struct foreign_line *line)
{
    struct foreign_event event = {
        .ref = {.at_us = FOREIGN_NO_TIME, .line = line->number, .file = line->file}};
    struct imapsync_state *state = reader->state;
    struct span text = line->text;

    /* "Err 1/50: Host1 failure: ..." */
    if (span_starts(text, SPAN("Err "))) {
        const ptrdiff_t colon = span_find(text, SPAN(": "));
        text = span_tail(text, colon < 0 ? 0 : (size_t)colon + 2);
    }
    const bool named = host_take(&text, &state->second);
    event.key = key_of(state->second);
    if (!named)
        return about_all(reader, &event, text);
    state->entry = ENTRY_NONE;
    return about_host(reader, &event, text);
}
