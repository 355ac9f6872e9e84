/* SPDX-License-Identifier: MIT */
/*
 * From events to sessions. Protocol lines are parsed by imap_line.h. A line within a literal,
 * and whatever follows AUTHENTICATE or a LOGIN with literals, is only remembered as something
 * that must not be repeated.
 */
#include "journal/foreign/track.h"

#include <stdlib.h>
#include <string.h>

#include "journal/foreign/case.h"
#include "journal/foreign/story.h"

void
foreign_tracker_init(struct foreign_tracker *tracker)
{
    *tracker = (struct foreign_tracker){0};
    map_init(&tracker->by_key);
    list_init(&tracker->open);
}

static void
give(struct foreign_tracker *tracker, struct foreign_session *session)
{
    list_remove(&session->link);
    map_take(&tracker->by_key, span_of_str(session->key));
    tracker->open_count--;
    if (tracker->last == session)
        tracker->last = NULL;
    foreign_session_finish(session);
    tracker->give(tracker->give_ctx, session);
}

static struct foreign_session *
first_open(const struct foreign_tracker *tracker)
{
    return (struct foreign_session *)((char *)tracker->open.next -
                                      offsetof(struct foreign_session, link));
}

void
foreign_tracker_end(struct foreign_tracker *tracker)
{
    while (!list_is_empty(&tracker->open))
        give(tracker, first_open(tracker));
}

void
foreign_tracker_done(struct foreign_tracker *tracker)
{
    foreign_tracker_end(tracker);
    map_done(&tracker->by_key);
}

/* The open session with the event's key, or a new one. NULL: no memory, or the event can only
 * be about an open session and there is none. */
static struct foreign_session *
session_of(struct foreign_tracker *tracker, const struct foreign_event *event)
{
    const struct span key = span_head(event->key, LIMIT_FOREIGN_TEXT);
    struct foreign_session *session = map_get(&tracker->by_key, key);

    if (session != NULL && event->opens) {
        session->over = true;
        give(tracker, session);
        session = NULL;
    }
    if (session != NULL) {
        list_remove(&session->link);
        list_push_back(&tracker->open, &session->link);
        return session;
    }
    if (event->joins)
        return NULL;
    if (tracker->open_count == LIMIT_FOREIGN_OPEN) {
        struct foreign_session *oldest = first_open(tracker);
        oldest->displaced = true;
        give(tracker, oldest);
    }
    session = foreign_session_new(tracker->log, key);
    if (session == NULL || map_put(&tracker->by_key, span_of_str(session->key), session)) {
        foreign_session_free(session);
        tracker->log->starved = true;
        return NULL;
    }
    list_push_back(&tracker->open, &session->link);
    tracker->open_count++;
    session->number = ++tracker->session_count;
    session->begin = event->ref;
    session->literals = tracker->literals;
    session->general = event->general;
    session->other = event->other;
    return session;
}

/* A line that announces a literal continues after it. Some logs contain the literal's
 * octets. */
static void
literal_begins(struct foreign_session *session, enum foreign_dir dir,
               const struct imap_line *line)
{
    session->more[dir] = line->literal;
    session->literal_left[dir] = line->literal && session->literals ? line->literal_octets : 0;
}

/* --- The client's lines --- */

/* RFC 2971: ("name" "Thunderbird" "version" "115"). */
static void
client_id(struct foreign_session *session, const struct foreign_ref *ref, struct span args)
{
    char text[FOREIGN_NAME_OCTETS] = "";
    struct span name = {0};
    struct span version = {0};

    if (args.len > 0 && args.ptr[0] == '(')
        args = span_tail(args, 1);
    for (unsigned pairs = 0; args.len > 0 && pairs < LIMIT_ID_PAIRS; pairs++) {
        const struct span field = imap_take_astring(&args);
        const struct span value = imap_take_astring(&args);
        if (span_ieq_str(field, "name"))
            name = value;
        else if (span_ieq_str(field, "version"))
            version = value;
    }
    if (name.len == 0)
        return;
    foreign_session_copy(session, text, sizeof text - 32, name);
    if (version.len > 0) {
        const size_t used = strlen(text);
        text[used] = ' ';
        foreign_session_copy(session, text + used + 1, sizeof text - used - 1, version);
    }
    memcpy(session->client, text, sizeof text);
    foreign_session_fact(session, FACT_CLIENT_ID, ref, span_of_str(text));
}

/* Recognises a program that does not name itself by requests that only it makes. */
static void
client_habits(struct foreign_session *session, struct span args)
{
    if (session->client[0] == '\0' && span_find(args, SPAN("X-MSOESRec")) >= 0)
        memcpy(session->client, "Outlook Express", sizeof "Outlook Express");
}

/* LOGIN user password, AUTHENTICATE mechanism [response]. */
static void
login_args(struct foreign_session *session, struct foreign_cmd *cmd, struct span args,
           bool literal)
{
    const struct span first = imap_take_astring(&args);
    const bool is_login = strcmp(cmd->name, "LOGIN") == 0;

    if (is_login) {
        /* "{5}" is a literal; "<user>" is what mbsync shows instead of a name. */
        if (first.len > 0 && first.ptr[0] != '{' && first.ptr[0] != '<')
            foreign_session_copy(session, session->account, sizeof session->account, first);
    } else {
        foreign_session_copy(session, cmd->args, sizeof cmd->args, first);
        session->sasl = true;
    }
    const struct span second = imap_take_astring(&args);
    if (second.len > 0 && second.ptr[0] != '{')
        foreign_session_secret(session, second);
    foreign_session_secret(session, span_trim(args));
    session->is_secret = literal;
}

static void
command(struct foreign_session *session, const struct foreign_ref *ref,
        const struct imap_line *line)
{
    struct foreign_cmd *cmd = foreign_session_cmd_add(session);

    if (cmd == NULL)
        return;
    cmd->sent = *ref;
    cmd->name = line->command;
    cmd->exists = session->exists;
    cmd->bare = span_trim(line->args).len == 0;
    foreign_session_copy(session, cmd->tag, sizeof cmd->tag, line->tag);
    if (line->shows == SHOW_ARGS)
        foreign_session_copy(session, cmd->args, sizeof cmd->args, line->args);
    else if (line->shows == SHOW_LOGIN)
        login_args(session, cmd, line->args, line->literal);
    if (strcmp(cmd->name, "IDLE") == 0)
        session->idles++;
    else if (strcmp(cmd->name, "LOGOUT") == 0)
        foreign_session_fact(session, FACT_LOGOUT, ref, SPAN(""));
    else if (strcmp(cmd->name, "ID") == 0)
        client_id(session, ref, line->args);
    else if (strcmp(cmd->name, "UID FETCH") == 0)
        client_habits(session, line->args);
    else if (strcmp(cmd->name, "SELECT") == 0 || strcmp(cmd->name, "EXAMINE") == 0) {
        struct span args = line->args;
        foreign_session_copy(session, session->mailbox, sizeof session->mailbox,
                             imap_take_astring(&args));
        session->exists = 0;
        if (session->missed.uid == 0) /* nothing about another mailbox proves it */
            session->missed = (struct foreign_missed){0};
    }
}

static bool
is_open_idle(const struct foreign_cmd *cmd)
{
    return cmd != NULL && strcmp(cmd->name, "IDLE") == 0 && cmd->answered.line == 0;
}

/* Handles what the client sends within a login, in place of a command. */
static void
client_secret(struct foreign_session *session, struct span text)
{
    struct span rest = text;

    for (unsigned words = 0; words < 4 && rest.len > 0; words++)
        foreign_session_secret(session, imap_take_astring(&rest));
    foreign_session_secret(session, span_trim(text));
}

static void
to_server(struct foreign_session *session, const struct foreign_event *event)
{
    struct imap_line line;
    struct foreign_cmd *last = foreign_session_last(session);
    const bool goes_on = session->more[DIR_TO_SERVER] || event->more;

    session->last_in = event->ref;
    imap_client_line(event->text, &line);
    /* A login that was given up: the next command shows it. */
    const bool is_command = line.sort == IMAP_COMMAND && !goes_on;
    if (session->is_secret || (session->sasl && !is_command)) {
        client_secret(session, event->text);
        session->is_secret = session->is_secret && line.literal;
    } else if (line.sort == IMAP_DONE && is_open_idle(last)) {
        last->stopped = event->ref;
        session->idles_done++;
    } else if (is_command) {
        session->sasl = false;
        command(session, &event->ref, &line);
    } else if (!goes_on && !foreign_session_has(session, FACT_LOGGED_IN)) {
        client_secret(session, event->text); /* perhaps a password in the wrong place */
    }
    literal_begins(session, DIR_TO_SERVER, &line);
}

/* --- The server's lines --- */

static bool
has_word(struct span text, const char *word)
{
    const size_t len = strlen(word);

    for (; text.len >= len; text = span_tail(text, 1))
        if (span_ieq_str(span_head(text, len), word))
            return true;
    return false;
}

/* What else a refusal or a goodbye tells. Codes of RFC 5530 come first, then words that servers
 * use. */
static enum foreign_fact
meaning(const struct imap_line *line)
{
    static const struct {
        const char *word;
        enum foreign_fact fact;
    } words[] = {
        {"too many simultaneous", FACT_LIMIT},
        {"maximum number of connections", FACT_LIMIT},
        {"too many connections", FACT_LIMIT},
        {"too many open connections", FACT_LIMIT},
        {"connection limit", FACT_LIMIT},
        {"connections from your ip", FACT_LIMIT},
        {"rate from your ip", FACT_LIMIT},
        {"process_full", FACT_LIMIT},
        /* Words about a failure come first, because advice may follow them. */
        {"internal error", FACT_FAILED},
        {"internal server error", FACT_FAILED},
        {"fatal error", FACT_FAILED},
        {"temporary failure", FACT_FAILED},
        {"temporary authentication failure", FACT_FAILED},
        {"too many invalid", FACT_BAD},
        {"too many bad", FACT_BAD},
        {"speaking imap", FACT_BAD},
        {"this is an imap server", FACT_BAD},
        {"disabled", FACT_REFUSED},
        {"inactiv", FACT_TIMED_OUT},
        {"idle for too long", FACT_TIMED_OUT},
        {"idle timed out", FACT_TIMED_OUT},
        {"autologout", FACT_TIMED_OUT},
        {"timed out", FACT_TIMED_OUT},
        {"timeout", FACT_TIMED_OUT},
        {"shutting down", FACT_STOPPING},
        {"shutdown", FACT_STOPPING},
        {"restart your", FACT_NONE}, /* advice */
        {"restart", FACT_STOPPING},
        {"ended this session", FACT_KICKED},
        {"by admin", FACT_KICKED},
        {"by an admin", FACT_KICKED},
        {"by the admin", FACT_KICKED},
        {"administratively", FACT_KICKED},
        {"administrative action", FACT_KICKED},
    };

    /* Somebody who guesses too much may get the code LIMIT; the number of connections is not
     * the reason then. */
    if (has_word(line->text, "wrong passwords") || has_word(line->text, "auth failures"))
        return FACT_REFUSED;
    if (span_istarts(line->code, SPAN("LIMIT")))
        return FACT_LIMIT;
    if (span_istarts(line->code, SPAN("AUTHENTICATIONFAILED")) ||
        span_istarts(line->code, SPAN("AUTHORIZATIONFAILED")))
        return FACT_REFUSED;
    if (span_istarts(line->code, SPAN("SERVERBUG")) ||
        span_istarts(line->code, SPAN("CORRUPTION")))
        return FACT_FAILED;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (has_word(line->text, words[i].word))
            return words[i].fact;
    return FACT_NONE;
}

/* The response's code and text, as they are shown. */
static struct span
spoken(const struct imap_line *line)
{
    if (line->code.len == 0)
        return line->text;
    return span_of(line->code.ptr - 1,
                   (size_t)(line->text.ptr + line->text.len - line->code.ptr) + 1);
}

static void
missed_check(struct foreign_session *session, struct foreign_cmd *cmd)
{
    const uint32_t from = imap_open_set(span_of_str(cmd->args));

    /* A message that was expunged while the command ran was not left out. */
    if (from == 0 || cmd->fetched > 0 || cmd->exists == 0 || session->exists == 0 ||
        session->exists < cmd->exists || cmd->status != STATUS_OK ||
        strcmp(cmd->name, "UID FETCH") != 0 ||
        span_find(span_of_str(cmd->args), SPAN("CHANGEDSINCE")) >= 0)
        return;
    session->missed = (struct foreign_missed){
        .sent = cmd->sent, .answered = cmd->answered, .from = from, .exists = cmd->exists};
    memcpy(session->missed.tag, cmd->tag, sizeof cmd->tag);
}

/* What a negative answer to a login means. UNAVAILABLE (RFC 5530 section 3): the server could
 * not find out whether the password is right. */
static enum foreign_fact
login_meaning(const struct imap_line *line)
{
    const enum foreign_fact fact = meaning(line);

    if (fact == FACT_LIMIT || fact == FACT_FAILED)
        return fact;
    return fact == FACT_NONE && span_istarts(line->code, SPAN("UNAVAILABLE")) ? FACT_FAILED
                                                                              : FACT_REFUSED;
}

static void
answer_login(struct foreign_session *session, const struct foreign_ref *ref,
             const struct foreign_cmd *cmd, const struct imap_line *line)
{
    session->sasl = false;
    session->is_secret = false;
    if (line->status == STATUS_OK)
        foreign_session_fact(session, FACT_LOGGED_IN, ref, SPAN(""));
    else if (cmd->status == STATUS_NO || cmd->status == STATUS_BAD)
        foreign_session_fact(session, login_meaning(line), ref, spoken(line));
}

/* Words for an unknown command, in contrast to a malformed one. (A command without arguments
 * cannot be malformed.) */
static bool
is_unknown(struct span text)
{
    static const char *const words[] = {"unknown",         "unrecogni",     "invalid command",
                                        "not implemented", "not supported", "unsupported",
                                        "bad command",     "not valid",     "no such command"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (has_word(text, words[i]))
            return true;
    return false;
}

static bool
is_login(const struct foreign_cmd *cmd)
{
    return strcmp(cmd->name, "LOGIN") == 0 || strcmp(cmd->name, "AUTHENTICATE") == 0;
}

static void
tagged(struct foreign_session *session, const struct foreign_ref *ref,
       const struct imap_line *line)
{
    struct foreign_cmd *cmd = foreign_session_find(session, line->tag);

    if (line->status == STATUS_BAD) {
        session->bad_answers++;
        if (cmd == NULL ||
            (strcmp(cmd->name, "LOGIN") != 0 && strcmp(cmd->name, "AUTHENTICATE") != 0))
            foreign_session_fact(session, FACT_BAD, ref, spoken(line));
    }
    if (cmd == NULL || cmd->answered.line != 0)
        return;
    cmd->answered = *ref;
    cmd->status = line->status;
    if (line->status == STATUS_BAD && (session->offered & imap_offer_of(cmd->name)) != 0 &&
        (cmd->bare || is_unknown(line->text)))
        session->refused_offer = cmd->name;
    /* The log did not contain all octets that the command sent. */
    if (cmd == foreign_session_last(session)) {
        session->literal_left[DIR_TO_SERVER] = 0;
        session->more[DIR_TO_SERVER] = false;
    }
    if (is_login(cmd))
        answer_login(session, ref, cmd, line);
    else if (strcmp(cmd->name, "STARTTLS") == 0 && line->status == STATUS_OK)
        foreign_session_fact(session, FACT_TLS, ref, SPAN(""));
    else if (strcmp(cmd->name, "IDLE") == 0 && cmd->stopped.line != 0)
        session->good_idle = *cmd;
    missed_check(session, cmd);
}

static void
fetched(struct foreign_session *session, const struct foreign_ref *ref,
        const struct imap_line *line)
{
    struct foreign_missed *missed = &session->missed;
    const uint32_t uid = imap_fetch_uid(line->args);

    /* With pipelined commands, any of them may be the one that is answered. */
    for (uint32_t i = 0; i < foreign_session_cmd_kept(session); i++)
        if (session->cmds[i].answered.line == 0)
            session->cmds[i].fetched++;
    /* The last message of the mailbox has the highest UID; it was left out. */
    if (missed->tag[0] != '\0' && missed->uid == 0 && uid != 0 && uid < missed->from &&
        line->number == missed->exists && session->exists == missed->exists) {
        missed->uid = uid;
        missed->shown = *ref;
    }
}

/* RFC 7162 section 3.2.10: each UID of the set was a message; with (EARLIER), this client no
 * longer counted it. */
static void
vanished(struct foreign_session *session, struct span args)
{
    if (args.len == 0 || args.ptr[0] == '(')
        return;
    const uint64_t gone = imap_set_count(args);
    session->exists = gone < session->exists ? session->exists - (uint32_t)gone : 0;
}

static void
untagged_status(struct foreign_session *session, const struct foreign_ref *ref,
                const struct imap_line *line)
{
    const bool is_first =
        session->cmd_count == 0 && !foreign_session_has(session, FACT_GREETED);
    const enum foreign_fact fact = meaning(line);

    if (is_first && (line->status == STATUS_OK || line->status == STATUS_PREAUTH)) {
        foreign_session_fact(session, FACT_GREETED, ref, line->text);
        foreign_session_copy(session, session->server, sizeof session->server, line->text);
        if (line->status == STATUS_PREAUTH)
            foreign_session_fact(session, FACT_LOGGED_IN, ref, SPAN(""));
    } else if (line->status == STATUS_BYE) {
        foreign_session_fact(session, FACT_BYE, ref, spoken(line));
        if (fact != FACT_NONE && !foreign_session_ends_with(session, FACT_LOGOUT))
            foreign_session_fact(session, fact, ref, spoken(line));
    } else if (line->status == STATUS_BAD) {
        session->bad_answers++;
        foreign_session_fact(session, FACT_BAD, ref, line->code);
    } else if (line->status == STATUS_OK && line->code.len == 0 &&
               is_open_idle(foreign_session_last(session))) {
        /* With a code it tells something: [PERMANENTFLAGS ...], [HIGHESTMODSEQ ...]. */
        foreign_session_fact(session, FACT_KEEPALIVE, ref, line->text);
    }
}

/* "* CAPABILITY ...", "* OK [CAPABILITY ...]", "a OK [CAPABILITY ...]". */
static void
capabilities_note(struct foreign_session *session, const struct imap_line *line)
{
    struct span code = line->code;

    if (span_ieq_str(line->word, "CAPABILITY"))
        session->offered = imap_offers(line->args);
    else if (span_ieq_str(imap_take_word(&code), "CAPABILITY"))
        session->offered = imap_offers(code);
}

static void
to_client(struct foreign_session *session, const struct foreign_event *event)
{
    struct imap_line line;
    struct foreign_cmd *last = foreign_session_last(session);

    session->last_out = event->ref;
    imap_server_line(event->text, &line);
    if (session->cmd_count == 0 && !foreign_session_has(session, FACT_GREETED) &&
        imap_is_other_protocol(event->text))
        session->other = true;
    const bool goes_on = session->more[DIR_TO_CLIENT] || event->more;
    literal_begins(session, DIR_TO_CLIENT, &line);
    if (goes_on && line.sort != IMAP_TAGGED)
        return;
    capabilities_note(session, &line);
    switch (line.sort) {
    case IMAP_CONTINUE:
        if (last != NULL && last->accepted.line == 0 && last->answered.line == 0)
            last->accepted = event->ref;
        break;
    case IMAP_TAGGED:
        tagged(session, &event->ref, &line);
        break;
    case IMAP_UNTAGGED:
        if (line.status != STATUS_NONE)
            untagged_status(session, &event->ref, &line);
        else if (span_ieq_str(line.word, "EXISTS"))
            session->exists = line.number;
        else if (span_ieq_str(line.word, "EXPUNGE"))
            session->exists -= session->exists > 0;
        else if (span_ieq_str(line.word, "VANISHED"))
            vanished(session, line.args);
        else if (span_ieq_str(line.word, "FETCH"))
            fetched(session, &event->ref, &line);
        break;
    default:
        break;
    }
}

/* ---- both sides ---- */

/* Whether the line is within a literal that the log shows. A tagged answer ends a literal whose
 * octets are not all in the log. */
static bool
in_literal(struct foreign_session *session, const struct foreign_event *event)
{
    uint64_t *left = &session->literal_left[event->dir];
    struct imap_line line;

    if (*left == 0)
        return false;
    if (event->dir == DIR_TO_CLIENT) {
        imap_server_line(event->text, &line);
        if (line.sort == IMAP_TAGGED && foreign_session_find(session, line.tag) != NULL) {
            *left = 0;
            return false;
        }
    } else if (session->is_secret || session->sasl) {
        client_secret(session, event->text);
    }
    const uint64_t octets = event->text.len + 2; /* CRLF */
    if (octets <= *left) {
        *left -= octets;
        return true;
    }
    /* The literal ends within this line; the rest of the line continues the command or
     * response. */
    imap_server_line(event->text, &line);
    literal_begins(session, event->dir, &line);
    if (event->dir == DIR_TO_SERVER && !line.literal)
        session->is_secret = false;
    return true;
}

static void
names(struct foreign_session *session, const struct foreign_event *event)
{
    if (event->account.len > 0)
        foreign_session_copy(session, session->account, sizeof session->account,
                             event->account);
    if (event->peer.len > 0)
        foreign_session_copy(session, session->peer, sizeof session->peer, event->peer);
    if (event->client.len > 0)
        foreign_session_copy(session, session->client, sizeof session->client, event->client);
}

bool
foreign_tracker_in_literal(const struct foreign_tracker *tracker)
{
    return tracker->last != NULL && tracker->last->literal_left[tracker->last_dir] > 0;
}

/* A further line of an entry that the log has as one: part of a message that is sent or
 * shown. */
static void
rest(struct foreign_tracker *tracker, const struct foreign_event *event)
{
    struct foreign_event line = *event;

    if (!foreign_tracker_in_literal(tracker))
        return;
    line.dir = tracker->last_dir;
    in_literal(tracker->last, &line);
}

/* Whether this is a LOGOUT on a connection that the client has just seen break, as curl sends
 * it during cleanup; the session was over before. */
static bool
is_too_late(const struct foreign_session *session, const struct foreign_event *event)
{
    static const enum foreign_fact breaks[] = {FACT_PEER_CLOSED, FACT_RESET, FACT_NO_ANSWER,
                                               FACT_TLS_FAILED};
    struct imap_line line;

    if (event->dir != DIR_TO_SERVER || session->log->format->side != SIDE_CLIENT)
        return false;
    imap_client_line(event->text, &line);
    if (line.sort != IMAP_COMMAND || strcmp(line.command, "LOGOUT") != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(breaks); i++)
        if (foreign_session_has(session, breaks[i]) &&
            session->facts[breaks[i]].sent == session->sent &&
            session->facts[breaks[i]].told == session->told)
            return true;
    return false;
}

static void
protocol_line(struct foreign_tracker *tracker, struct foreign_session *session,
              const struct foreign_event *event)
{
    if (is_too_late(session, event))
        return;
    event->dir == DIR_TO_SERVER ? session->sent++ : session->told++;
    if (!in_literal(session, event))
        event->dir == DIR_TO_SERVER ? to_server(session, event) : to_client(session, event);
    tracker->last = session;
    tracker->last_dir = event->dir;
    tracker->dialogue = true;
}

void
foreign_tracker_event(struct foreign_tracker *tracker, const struct foreign_event *event)
{
    if (event->rest) {
        rest(tracker, event);
        return;
    }
    struct foreign_session *session = session_of(tracker, event);

    tracker->event_count++;
    if (session == NULL)
        return;
    session->end = event->ref;
    if (session->begin.at_us == FOREIGN_NO_TIME)
        session->begin.at_us = event->ref.at_us;
    names(session, event);
    if (event->dir != DIR_NONE)
        protocol_line(tracker, session, event);
    else if (event->fact != FACT_NONE)
        foreign_session_fact(session, event->fact, &event->ref, event->text);
    if (event->ends) {
        session->over = true;
        give(tracker, session);
    }
}
