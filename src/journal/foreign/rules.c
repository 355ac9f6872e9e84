/* SPDX-License-Identifier: MIT */
/*
 * The rules: a predicate for each row of rules.def. A predicate may only claim what the views
 * tell; how certain that is depends on whose logs are available. What one side's log says about
 * itself ("I removed it") weighs more than what it saw of the other side ("it closed").
 */
#include "journal/foreign/rules.h"

#include <string.h>

#include "journal/foreign/story.h"
#include "journal/foreign/when.h"

/* RFC 2177: "at least every 29 minutes". */
#define IDLE_RENEW_US (INT64_C(29) * 60 * WHEN_SECOND_US)

static bool
has(const struct foreign_case *c, enum foreign_fact fact)
{
    return foreign_case_with(c, fact, SIDE_ANY) != NULL;
}

static bool
ended(const struct foreign_case *c, enum foreign_fact fact)
{
    return foreign_case_ended(c, fact, SIDE_ANY) != NULL;
}

static bool
has_side(const struct foreign_case *c, enum foreign_side side)
{
    for (uint32_t i = 0; i < c->view_count; i++)
        if (foreign_session_side(c->views[i]) == side)
            return true;
    return false;
}

static bool
is_logged_in(const struct foreign_case *c)
{
    if (has(c, FACT_LOGGED_IN))
        return true;
    /* A log that begins in the middle of a session shows no login, but commands that need
     * one. */
    const struct foreign_session *talk = foreign_case_talk(c);
    return talk != NULL && (talk->mailbox[0] != '\0' || talk->idles > 0);
}

/* How long the IDLE that was open at the end had lasted; -1: unknown. */
static int64_t
idle_length(const struct foreign_case *c)
{
    const struct foreign_session *view;
    const struct foreign_session *end;
    enum foreign_fact fact;
    const struct foreign_cmd *idle = foreign_case_idle(c, &view);

    if (idle == NULL || !foreign_case_end(c, SIDE_ANY, &end, &fact))
        return -1;
    return foreign_case_between(c, view, idle->sent.at_us, end, end->facts[fact].last.at_us);
}

static bool
sure(struct foreign_verdict *v, enum foreign_sure how, const char *why)
{
    v->sure = how;
    v->why = why;
    return true;
}

static bool
certain(struct foreign_verdict *v, const struct foreign_session *server,
        const struct foreign_session *client)
{
    return sure(v, SURE_CERTAIN,
                server != NULL && client != NULL ? "The logs of both sides agree."
                : server != NULL                 ? "The server's log says so itself."
                : client != NULL                 ? "The client's log says so itself."
                                                 : "The log says so itself.");
}

/* Whether the side's own log says it. */
static bool
said(const struct foreign_case *c, enum foreign_fact fact, struct foreign_verdict *v)
{
    return has(c, fact) && certain(v, foreign_case_with(c, fact, SIDE_SERVER),
                                   foreign_case_with(c, fact, SIDE_CLIENT));
}

/* Whether the side's own log says it last; if so, it is certain that the session ended like
 * this. */
static bool
said_at_end(const struct foreign_case *c, enum foreign_fact fact, struct foreign_verdict *v)
{
    return ended(c, fact) && certain(v, foreign_case_ended(c, fact, SIDE_SERVER),
                                     foreign_case_ended(c, fact, SIDE_CLIENT));
}

static bool
is_later(const struct foreign_session *view, enum foreign_fact fact, enum foreign_fact than)
{
    const struct foreign_ref *ref = &view->facts[fact].last;
    const struct foreign_ref *from = &view->facts[than].last;

    return fact != than && foreign_session_has(view, fact) &&
           (ref->file != from->file ? ref->file > from->file : ref->line > from->line);
}

/* Whether the session continued after the answer to a login: another login had another answer,
 * TLS began (so the login was refused because it was missing), or the client had sent more when
 * the connection broke. */
static bool
is_overtaken(const struct foreign_session *view, enum foreign_fact answer)
{
    static const enum foreign_fact answers[] = {FACT_LOGGED_IN, FACT_REFUSED, FACT_LIMIT,
                                                FACT_FAILED, FACT_TLS};
    static const enum foreign_fact ends[] = {FACT_TLS_FAILED, FACT_RESET, FACT_NO_ANSWER,
                                             FACT_UNREACHABLE, FACT_GAVE_UP};

    if (foreign_session_ends_with(view, answer))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        if (is_later(view, answers[i], answer))
            return true;
    if (view->facts[answer].sent == view->sent || foreign_session_ends_with(view, FACT_LOGOUT))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (is_later(view, ends[i], answer) && foreign_session_ends_with(view, ends[i]))
            return true;
    return false;
}

/* Whether a log says that no login succeeded and that this was the last answer to one. */
static bool
said_of_login(const struct foreign_case *c, enum foreign_fact answer, struct foreign_verdict *v)
{
    for (uint32_t i = 0; i < c->view_count; i++)
        if (foreign_session_has(c->views[i], answer) && is_overtaken(c->views[i], answer))
            return false;
    return !is_logged_in(c) && said(c, answer, v);
}

/* --- A predicate for each rule, in the table's order --- */

static bool
is_OTHER(const struct foreign_case *c, struct foreign_verdict *v)
{
    return c->views[0]->other &&
           sure(v, SURE_CERTAIN, "Its first line belongs to another protocol.");
}

static bool
is_CRASHED(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_CRASHED, v);
}

static bool
is_STOPPED(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_STOPPING, v);
}

static bool
is_KICKED(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_KICKED, v);
}

static bool
is_LIMIT(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_LIMIT, v) || said_of_login(c, FACT_LIMIT, v);
}

static bool
is_REFUSED(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_of_login(c, FACT_REFUSED, v);
}

static bool
is_TLS_FAILED(const struct foreign_case *c, struct foreign_verdict *v)
{
    return !ended(c, FACT_LOGOUT) && said_at_end(c, FACT_TLS_FAILED, v);
}

static bool
is_UNREAD(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_UNREAD, v);
}

static bool
is_PROTOCOL(const struct foreign_case *c, struct foreign_verdict *v)
{
    if (!has(c, FACT_BAD) || ended(c, FACT_LOGOUT) || ended(c, FACT_TIMED_OUT))
        return false;
    const struct foreign_session *view = foreign_case_with(c, FACT_BAD, SIDE_ANY);
    const struct foreign_cmd *last = foreign_session_last(view);
    const uint64_t line = view->facts[FACT_BAD].last.line;
    /* A single bad answer long ago did not end it. */
    if ((last == NULL || last->status != STATUS_BAD) &&
        !foreign_session_ends_with(view, FACT_BAD))
        return false;
    if (view->refused_offer != NULL)
        v->who = WHO_SERVER;
    if (view->bad_answers == 0 || view->facts[FACT_BYE].last.line == line)
        return said(c, FACT_BAD, v);
    return sure(v, SURE_LIKELY, "It was the last answer before the end.");
}

static bool
is_FAILED(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_FAILED, v) || said_of_login(c, FACT_FAILED, v);
}

/* The client's silence before the server's timer. If the log shows no commands, the most that
 * it can have been: the time since the login. -1: unknown. */
static int64_t
silence(const struct foreign_case *c)
{
    const struct foreign_session *view = foreign_case_ended(c, FACT_TIMED_OUT, SIDE_ANY);

    if (view == NULL)
        return -1;
    const struct foreign_ref *from =
        view->last_in.line != 0 ? &view->last_in : &view->facts[FACT_LOGGED_IN].first;
    /* If only the user connects the lines of a log, the login may belong to another session. */
    if (from->line == 0 || (view->last_in.line == 0 && strcmp(view->key, view->account) == 0))
        return -1;
    return foreign_case_between(c, view, from->at_us, view,
                                view->facts[FACT_TIMED_OUT].last.at_us);
}

static bool
is_IMPATIENT(const struct foreign_case *c, struct foreign_verdict *v)
{
    const int64_t us = silence(c);

    return us >= 0 && us < IDLE_RENEW_US && said_at_end(c, FACT_TIMED_OUT, v);
}

static bool
idle_on_both_sides(const struct foreign_case *c)
{
    bool open[3] = {false};

    for (uint32_t i = 0; i < c->view_count; i++) {
        const struct foreign_cmd *last = foreign_session_last(c->views[i]);
        open[foreign_session_side(c->views[i])] |=
            last != NULL && strcmp(last->name, "IDLE") == 0 && last->stopped.line == 0;
    }
    return open[SIDE_CLIENT] && open[SIDE_SERVER];
}

static bool
is_NEVER_DONE(const struct foreign_case *c, struct foreign_verdict *v)
{
    const struct foreign_session *view;
    const struct foreign_cmd *idle = foreign_case_idle(c, &view);

    if (idle == NULL || idle->stopped.line != 0)
        return false;
    if (ended(c, FACT_TIMED_OUT) && idle_on_both_sides(c))
        return sure(v, SURE_CERTAIN, "The logs of both sides agree.");
    if (ended(c, FACT_TIMED_OUT))
        return said_at_end(c, FACT_TIMED_OUT, v);
    if (ended(c, FACT_RESET) || ended(c, FACT_NO_ANSWER) || idle_length(c) < IDLE_RENEW_US ||
        has_side(c, SIDE_SERVER))
        return false;
    return sure(v, SURE_LIKELY,
                "The client's log shows the silence and the end; only the length of the "
                "silence suggests that the server's timer ended the session.");
}

static bool
is_DONE_UNANSWERED(const struct foreign_case *c, struct foreign_verdict *v)
{
    const struct foreign_session *view;
    const struct foreign_cmd *idle = foreign_case_idle(c, &view);

    if (idle == NULL || idle->stopped.line == 0 || ended(c, FACT_LOGOUT))
        return false;
    if (foreign_session_side(view) == SIDE_SERVER)
        return sure(v, SURE_LIKELY, "The server's log shows DONE, but no answer to it.");
    return sure(
        v, SURE_LIKELY,
        "The client's log shows DONE and no answer, but not what happened to DONE on its "
        "way.");
}

static bool
is_UNREACHABLE(const struct foreign_case *c, struct foreign_verdict *v)
{
    const struct foreign_session *view = foreign_case_ended(c, FACT_UNREACHABLE, SIDE_CLIENT);

    return view != NULL && view->last_out.line == 0 && said_at_end(c, FACT_UNREACHABLE, v);
}

static bool
is_SILENT_DEATH(const struct foreign_case *c, struct foreign_verdict *v)
{
    const struct foreign_session *view;

    if (ended(c, FACT_LOGOUT))
        return false;
    if (foreign_case_ended(c, FACT_NO_ANSWER, SIDE_SERVER) != NULL ||
        foreign_case_ended(c, FACT_UNREACHABLE, SIDE_SERVER) != NULL)
        return sure(v, SURE_CERTAIN,
                    "The server's log says that what it sent was never acknowledged.");
    if (ended(c, FACT_NO_ANSWER) || ended(c, FACT_UNREACHABLE))
        return sure(v, SURE_LIKELY,
                    "The client waited in vain. Only the server's log could show whether the "
                    "server was still alive.");
    if (ended(c, FACT_PEER_CLOSED) || ended(c, FACT_CLOSED))
        return false;
    /* Both sides' logs, an open IDLE or silence, and no end in either; or the reset that a
     * router sends for a connection that it forgot, which the server never saw. */
    if (has_side(c, SIDE_CLIENT) && has_side(c, SIDE_SERVER) &&
        foreign_case_idle(c, &view) != NULL &&
        foreign_case_ended(c, FACT_RESET, SIDE_SERVER) == NULL && !has(c, FACT_BYE) &&
        !ended(c, FACT_TIMED_OUT) && (ended(c, FACT_RESET) || c->has_successor))
        return sure(v, SURE_LIKELY, "The logs of both sides show that neither closed.");
    if (c->has_successor && foreign_case_idle(c, &view) != NULL && !has(c, FACT_BYE))
        return sure(v, SURE_POSSIBLE,
                    "The log shows no end, and the same user connected again. A client with "
                    "several connections looks the same.");
    return false;
}

static bool
is_INACTIVE(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_TIMED_OUT, v);
}

static bool
is_LOGIN_TIMEOUT(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_LOGIN_TIMEOUT, v);
}

static bool
is_LOGGED_OUT(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_LOGOUT, v);
}

static bool
is_UNANSWERED(const struct foreign_case *c, struct foreign_verdict *v)
{
    const struct foreign_session *talk = foreign_case_talk(c);
    const struct foreign_session *view;
    enum foreign_fact fact;

    /* Logs such as that of mbsync -V say what the program does, but show no commands. */
    if (talk == NULL && foreign_case_ended(c, FACT_GAVE_UP, SIDE_CLIENT) != NULL)
        return sure(v, SURE_LIKELY,
                    "The client's log says that it waited in vain, but not for what.");
    if (talk == NULL || !foreign_case_end(c, SIDE_ANY, &view, &fact))
        return false;
    const struct foreign_cmd *last = foreign_session_last(talk);
    if (last->answered.line != 0 || strcmp(last->name, "IDLE") == 0)
        return false;
    if (ended(c, FACT_GAVE_UP))
        return said_at_end(c, FACT_GAVE_UP, v);
    return sure(v, SURE_LIKELY,
                "The log shows the command and no answer to it, but not the reason.");
}

static bool
is_RESET(const struct foreign_case *c, struct foreign_verdict *v)
{
    return ended(c, FACT_RESET) &&
           sure(v, SURE_CERTAIN,
                "The log shows the reset, but a reset does not show who sent it.");
}

static bool
is_IDLE_CUT(const struct foreign_case *c, struct foreign_verdict *v)
{
    const struct foreign_session *view;

    return foreign_case_idle(c, &view) != NULL &&
           foreign_case_ended(c, FACT_PEER_CLOSED, SIDE_CLIENT) != NULL &&
           foreign_case_end(c, SIDE_SERVER, &view, &(enum foreign_fact){FACT_NONE}) == false &&
           sure(v, SURE_LIKELY, "The client's log shows the close, but not who closed.");
}

static bool
is_NO_LOGIN(const struct foreign_case *c, struct foreign_verdict *v)
{
    return said_at_end(c, FACT_NO_LOGIN, v);
}

static bool
is_CLIENT_CLOSED(const struct foreign_case *c, struct foreign_verdict *v)
{
    const bool closed = foreign_case_ended(c, FACT_CLOSED, SIDE_CLIENT) != NULL;

    if (foreign_case_ended(c, FACT_PEER_CLOSED, SIDE_SERVER) != NULL)
        return closed ? sure(v, SURE_CERTAIN, "The logs of both sides agree.")
                      : sure(v, SURE_LIKELY,
                             "The server saw a close from the client's side, which something "
                             "in between could have caused.");
    /* A client that was cut off also closes its own end. */
    if (has(c, FACT_BYE) || foreign_case_ended(c, FACT_PEER_CLOSED, SIDE_CLIENT) != NULL)
        return false;
    if (closed)
        return sure(v, SURE_CERTAIN, "The client's log says so itself.");
    return ended(c, FACT_LEFT) &&
           sure(v, SURE_LIKELY,
                "The client was done and kept the connection, which it closes when it exits.");
}

static bool
is_SERVER_CLOSED(const struct foreign_case *c, struct foreign_verdict *v)
{
    return foreign_case_ended(c, FACT_PEER_CLOSED, SIDE_CLIENT) != NULL &&
           sure(v, SURE_LIKELY, "The log shows only what the client saw.");
}

static bool
is_STILL_OPEN(const struct foreign_case *c, struct foreign_verdict *v)
{
    const struct foreign_session *view;
    enum foreign_fact fact;

    return !foreign_case_end(c, SIDE_ANY, &view, &fact) && !c->views[0]->over &&
           sure(v, c->views[0]->displaced ? SURE_POSSIBLE : SURE_LIKELY,
                c->views[0]->displaced
                    ? "Too many sessions were open in the log at once to follow them all."
                    : "No line that was understood is about its end.");
}

static bool
is_UNTOLD(const struct foreign_case *c, struct foreign_verdict *v)
{
    (void)c;
    return sure(v, SURE_POSSIBLE, "Nothing in the log points to a cause.");
}

static bool (*const predicates[])(const struct foreign_case *c, struct foreign_verdict *v) = {
#define FOREIGN_RULE(name, code, who, kind, title, sentence, client, server, network) is_##name,
#include "journal/foreign/rules.def"
#undef FOREIGN_RULE
};

static const struct foreign_rule_info infos[] = {
#define FOREIGN_RULE(name, code, who, kind, title, sentence, client, server, network)          \
    {code, who, kind, title, sentence, client, server, network},
#include "journal/foreign/rules.def"
#undef FOREIGN_RULE
};

void
foreign_judge(const struct foreign_case *c, struct foreign_verdict *out)
{
    for (enum foreign_rule rule = 0; rule < RULE_COUNT; rule++) {
        out->rule = rule;
        out->who = infos[rule].who;
        if (predicates[rule](c, out))
            return;
    }
}

const struct foreign_rule_info *
foreign_rule_info(enum foreign_rule rule)
{
    return &infos[rule];
}

const char *
foreign_who_name(enum foreign_who who)
{
    static const char *const names[] = {"client", "server", "network", "administrator",
                                        "unknown"};
    return names[who];
}

const char *
foreign_sure_name(enum foreign_sure how)
{
    static const char *const names[] = {"certain", "likely", "possible"};
    return names[how];
}
