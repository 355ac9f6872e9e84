/* SPDX-License-Identifier: MIT */
/*
 * The words for a case. Whatever the rule, sentences are built from what the views contain:
 * what the client did last, how the session ended on each side, what the user was told. The
 * meaning and the advice of the rule (rules.def) are added when it is printed.
 */
#include "journal/foreign/tell.h"

#include <stdlib.h>
#include <string.h>

#include "journal/foreign/when.h"
#include "journal/redact.h"

enum { TEXT_MAX = 16 << 10, SHOWN_MAX = 2 * LIMIT_FOREIGN_TEXT };

const char *
tell_program(const struct foreign_log *log)
{
    return log->program != NULL ? log->program : log->format->program;
}

struct span
tell_shown(const struct buf *buf)
{
    return buf_ok(buf) ? buf_span(buf) : SPAN("(there is no memory to show this)");
}

void
tell_put_ref(struct buf *buf, const struct foreign_story *story, const struct foreign_ref *ref)
{
    text_escape(buf, span_of_str(story->files[ref->file].name), SHOWN_MAX);
    buf_printf(buf, ":%ju", (uintmax_t)ref->line);
}

static void
put_text(struct buf *buf, const char *text)
{
    text_escape(buf, span_of_str(text), SHOWN_MAX);
}

/* " at 12:24:18.046", or nothing if the log has no times. */
static void
put_at(struct buf *buf, const struct foreign_session *view, const struct foreign_ref *ref)
{
    if (ref->at_us == FOREIGN_NO_TIME)
        return;
    buf_put_lit(buf, " at ");
    when_print(buf, &view->log->clock, ref->at_us);
}

static void
put_cmd(struct buf *buf, const struct foreign_cmd *cmd)
{
    put_text(buf, cmd->tag);
    buf_printf(buf, " %s", cmd->name);
    if (cmd->args[0] != '\0') {
        buf_put_char(buf, ' ');
        put_text(buf, cmd->args);
    }
}

/* --- Evidence --- */

static struct buf *
evidence_add(struct telling *t, const struct foreign_case *c,
             const struct foreign_session *view, const struct foreign_ref *ref)
{
    if (t->evidence_count == TELL_EVIDENCE || ref->line == 0)
        return NULL;
    struct tell_evidence *e = &t->evidence[t->evidence_count++];
    e->view = view;
    e->ref = *ref;
    /* A time without fractions may be anywhere in its second; it is sorted after the exact
     * ones. */
    e->order_us = foreign_case_time(c, view, ref->at_us);
    if (e->order_us != FOREIGN_NO_TIME && view->log->clock.precision_us > 1)
        e->order_us += view->log->clock.precision_us - 1;
    buf_init(&e->text, TEXT_MAX);
    return &e->text;
}

static void
evidence_str(struct telling *t, const struct foreign_case *c,
             const struct foreign_session *view, const struct foreign_ref *ref,
             const char *text)
{
    struct buf *buf = evidence_add(t, c, view, ref);

    if (buf != NULL)
        buf_put_str(buf, text);
}

static const char *
status_name(enum imap_status status)
{
    static const char *const names[] = {"", "OK", "NO", "BAD", "BYE", "PREAUTH"};
    return names[status];
}

static void
evidence_cmd(struct telling *t, const struct foreign_case *c,
             const struct foreign_session *view, const struct foreign_cmd *cmd)
{
    struct buf *buf = evidence_add(t, c, view, &cmd->sent);

    if (buf != NULL) {
        buf_put_lit(buf, "client: ");
        put_cmd(buf, cmd);
    }
    evidence_str(t, c, view, &cmd->accepted, "server: + (accepted)");
    evidence_str(t, c, view, &cmd->stopped, "client: DONE");
    buf = evidence_add(t, c, view, &cmd->answered);
    if (buf != NULL) {
        buf_put_lit(buf, "server: ");
        put_text(buf, cmd->tag);
        buf_printf(buf, " %s", status_name(cmd->status));
    }
}

static void
evidence_fact(struct telling *t, const struct foreign_case *c,
              const struct foreign_session *view, enum foreign_fact fact)
{
    const struct foreign_seen *seen = &view->facts[fact];

    if (view->general && seen->count > 1)
        evidence_str(t, c, view, &seen->first, foreign_fact_label(fact));
    struct buf *buf = seen->count == 0 ? NULL : evidence_add(t, c, view, &seen->last);

    if (buf == NULL)
        return;
    buf_put_str(buf, foreign_fact_label(fact));
    if (seen->text != NULL) {
        buf_put_lit(buf, ": ");
        put_text(buf, seen->text);
    }
    if (seen->count > 1)
        buf_printf(buf, " (%u times)", seen->count);
}

static int
by_time(const void *a, const void *b)
{
    const struct tell_evidence *left = a;
    const struct tell_evidence *right = b;

    if (left->order_us != right->order_us)
        return left->order_us < right->order_us ? -1 : 1;
    if (left->ref.file != right->ref.file)
        return left->ref.file < right->ref.file ? -1 : 1;
    return (left->ref.line > right->ref.line) - (left->ref.line < right->ref.line);
}

static void
evidence_make(const struct foreign_case *c, struct telling *t)
{
    static const enum foreign_fact shown[] = {
        FACT_LOGGED_IN,   FACT_REFUSED,     FACT_LIMIT,         FACT_KEEPALIVE, FACT_BAD,
        FACT_TIMED_OUT,   FACT_UNREAD,      FACT_LOGIN_TIMEOUT, FACT_NO_LOGIN,  FACT_BYE,
        FACT_LOGOUT,      FACT_PEER_CLOSED, FACT_CLOSED,        FACT_RESET,     FACT_NO_ANSWER,
        FACT_UNREACHABLE, FACT_TLS_FAILED,  FACT_STOPPING,      FACT_KICKED,    FACT_CRASHED,
        FACT_FAILED,      FACT_GAVE_UP,     FACT_LEFT,          FACT_TOLD_USER, FACT_STATISTICS,
    };

    for (uint32_t i = 0; i < c->view_count; i++) {
        const struct foreign_session *view = c->views[i];
        const struct foreign_cmd *last = foreign_session_last(view);
        const bool idle_case =
            t->verdict.rule == RULE_NEVER_DONE || t->verdict.rule == RULE_DONE_UNANSWERED;
        if (idle_case && view->good_idle.tag[0] != '\0')
            evidence_cmd(t, c, view, &view->good_idle);
        if (last != NULL)
            evidence_cmd(t, c, view, last);
        for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++)
            evidence_fact(t, c, view, shown[k]);
        if (view->missed.uid == 0) /* without a UID, the message may have been gone */
            continue;
        evidence_str(t, c, view, &view->missed.sent, "client: asks for the highest UID with *");
        evidence_str(t, c, view, &view->missed.answered, "server: answers without any message");
        evidence_str(t, c, view, &view->missed.shown, "server: shows the highest UID");
    }
    qsort(t->evidence, t->evidence_count, sizeof t->evidence[0], by_time);
}

/* --- Sentences --- */

static void
put_span_of_time(const struct foreign_session *view, struct buf *buf)
{
    if (view->begin.at_us == FOREIGN_NO_TIME)
        return;
    buf_put_lit(buf, ", ");
    when_print(buf, &view->log->clock, view->begin.at_us);
    buf_put_lit(buf, " to ");
    when_print(buf, &view->log->clock, view->end.at_us);
}

static void
title_make(const struct foreign_case *c, struct buf *buf)
{
    const struct foreign_session *who = c->views[0];
    const struct foreign_session *from = c->views[0];
    const struct foreign_session *by = c->views[0];
    const struct foreign_session *talk = foreign_case_talk(c);

    for (uint32_t i = c->view_count; i-- > 0;) {
        who = c->views[i]->account[0] != '\0' ? c->views[i] : who;
        from = c->views[i]->peer[0] != '\0' ? c->views[i] : from;
        by = c->views[i]->client[0] != '\0' ? c->views[i] : by;
    }
    if (who->general) {
        buf_put_lit(buf, "Many sessions, not named one by one: ");
        put_text(buf, who->key);
        put_span_of_time(c->views[0], buf);
        return;
    }
    buf_put_lit(buf, "Session");
    if (who->key[0] != '\0' && strlen(who->key) <= 40) {
        buf_put_char(buf, ' ');
        put_text(buf, who->key);
    }
    buf_put_lit(buf, " of ");
    if (who->account[0] != '\0')
        put_text(buf, who->account);
    else
        buf_put_lit(buf, "a user whose name is not in the log");
    if (from->peer[0] != '\0') {
        buf_put_lit(buf, " from ");
        put_text(buf, from->peer);
    }
    if (by->client[0] != '\0') {
        buf_put_lit(buf, ", client ");
        put_text(buf, by->client);
    }
    if (talk != NULL && talk->mailbox[0] != '\0') {
        buf_put_lit(buf, ", mailbox ");
        put_text(buf, talk->mailbox);
    }
    put_span_of_time(c->views[0], buf);
}

static void
say_idle(const struct foreign_session *view, const struct foreign_cmd *idle, struct buf *buf)
{
    buf_put_lit(buf, "The client went into IDLE (tag ");
    put_text(buf, idle->tag);
    buf_put_char(buf, ')');
    put_at(buf, view, &idle->sent);
    buf_put_str(buf, idle->accepted.line != 0 ? ", and the server accepted it. "
                                              : "; the log shows no answer to that. ");
    if (idle->stopped.line != 0) {
        buf_put_lit(buf, "The client sent DONE");
        put_at(buf, view, &idle->stopped);
        buf_put_lit(buf, ", and no answer came. ");
    } else {
        buf_put_lit(buf, "The client never sent DONE. ");
    }
}

static void
say_command(const struct foreign_session *view, const struct foreign_cmd *last, struct buf *buf)
{
    buf_put_lit(buf, "The client's last command was \"");
    put_cmd(buf, last);
    buf_put_char(buf, '"');
    put_at(buf, view, &last->sent);
    if (last->answered.line == 0)
        buf_put_lit(buf, "; no answer came. ");
    else
        buf_printf(buf, "; it was answered %s. ", status_name(last->status));
}

/* How long after the client's last action. */
static void
say_after(const struct foreign_case *c, const struct foreign_session *view, int64_t at_us,
          struct buf *buf)
{
    const struct foreign_session *talk = foreign_case_talk(c);
    const struct foreign_cmd *last = talk == NULL ? NULL : foreign_session_last(talk);
    const struct foreign_ref *from = last == NULL              ? NULL
                                     : last->stopped.line != 0 ? &last->stopped
                                                               : &last->sent;
    const int64_t us =
        from == NULL ? -1 : foreign_case_between(c, talk, from->at_us, view, at_us);

    if (us >= 0 && us < WHEN_SECOND_US) {
        buf_put_lit(buf, "Within a second");
    } else if (us >= 0) {
        when_print_length(buf, us);
        buf_put_lit(buf, " later");
    } else if (at_us != FOREIGN_NO_TIME) {
        buf_put_lit(buf, "At ");
        when_print(buf, &view->log->clock, at_us);
    } else {
        buf_put_lit(buf, "Then");
    }
}

static void
put_quoted(struct buf *buf, const struct foreign_seen *seen)
{
    if (seen->text == NULL)
        return;
    buf_put_lit(buf, ": \"");
    put_text(buf, seen->text);
    buf_put_char(buf, '"');
}

/* The end, as described by the side that noticed it first. */
static void
say_end(const struct foreign_case *c, enum foreign_side side, struct buf *buf)
{
    const struct foreign_session *view;
    enum foreign_fact fact;

    if (!foreign_case_end(c, side, &view, &fact))
        return;
    const struct foreign_seen *seen = &view->facts[fact];
    const char *writer = foreign_session_side(view) == SIDE_CLIENT   ? "the client"
                         : foreign_session_side(view) == SIDE_SERVER ? "the server"
                                                                     : "the log";
    say_after(c, view, seen->last.at_us, buf);
    if (fact == FACT_TIMED_OUT && foreign_session_side(view) == SIDE_SERVER)
        buf_put_lit(buf, " the server's timer removed the session");
    else
        buf_printf(buf, " %s noted: %s", writer, foreign_fact_label(fact));
    put_quoted(buf, seen);
    buf_put_lit(buf, ". ");
}

/* How much later the other side noticed. */
static void
say_noticed(const struct foreign_case *c, struct buf *buf)
{
    const struct foreign_session *server;
    const struct foreign_session *client;
    enum foreign_fact did;
    enum foreign_fact saw;

    if (!foreign_case_end(c, SIDE_SERVER, &server, &did) ||
        !foreign_case_end(c, SIDE_CLIENT, &client, &saw))
        return;
    const int64_t us = foreign_case_between(c, server, server->facts[did].last.at_us, client,
                                            client->facts[saw].last.at_us);
    if (us < 0)
        return;
    buf_put_lit(buf, "The client noticed ");
    when_print_length(buf, us);
    buf_put_lit(buf, " after that. ");
}

static void
say_told(const struct foreign_case *c, struct buf *buf)
{
    const struct foreign_session *view = foreign_case_with(c, FACT_TOLD_USER, SIDE_ANY);

    if (view == NULL)
        return;
    buf_put_lit(buf, "The client showed its user an error");
    put_quoted(buf, &view->facts[FACT_TOLD_USER]);
    buf_put_lit(buf, ". ");
}

static void
happened_make(const struct foreign_case *c, const struct telling *t, struct buf *buf)
{
    const struct foreign_session *view;
    const struct foreign_session *talk = foreign_case_talk(c);
    const struct foreign_cmd *idle = foreign_case_idle(c, &view);
    const bool has_server = foreign_case_end(c, SIDE_SERVER, &view, &(enum foreign_fact){0});

    if (idle != NULL && foreign_case_idle(c, &view) != NULL)
        say_idle(view, idle, buf);
    else if (talk != NULL)
        say_command(talk, foreign_session_last(talk), buf);
    say_end(c, has_server ? SIDE_SERVER : SIDE_ANY, buf);
    say_noticed(c, buf);
    say_told(c, buf);
    if (t->verdict.rule == RULE_NEVER_DONE || t->verdict.rule == RULE_DONE_UNANSWERED) {
        for (uint32_t i = 0; i < c->view_count; i++) {
            if (c->views[i]->good_idle.tag[0] == '\0')
                continue;
            buf_put_lit(buf, "The same client did send DONE for tag ");
            put_text(buf, c->views[i]->good_idle.tag);
            put_at(buf, c->views[i], &c->views[i]->good_idle.stopped);
            buf_put_lit(buf, ", so it knows how to. ");
            break;
        }
    }
}

static void
also_missed(const struct foreign_missed *m, struct buf *buf)
{
    buf_printf(buf, "The server left out UID %u in reply to \"%u:*\" (tag ", m->uid, m->from);
    put_text(buf, m->tag);
    buf_printf(buf,
               "). * stands for the highest UID, so %u:* always includes the last message "
               "(RFC 3501 section 6.4.8), and the mailbox had %u. This did not end the "
               "session, but it is a bug of the server. ",
               m->from, m->exists);
}

/* The server closed after LOGOUT without an answer. */
static bool
is_rude(const struct foreign_session *view)
{
    const struct foreign_cmd *last = foreign_session_last(view);

    return last != NULL && strcmp(last->name, "LOGOUT") == 0 && last->answered.line == 0 &&
           !foreign_session_has(view, FACT_BYE) &&
           (foreign_session_has(view, FACT_PEER_CLOSED) ||
            foreign_session_has(view, FACT_RESET));
}

static void
also_make(const struct foreign_case *c, struct buf *buf)
{
    const struct foreign_missed *missed = NULL;
    const char *refused = NULL;
    bool rude = false;

    for (uint32_t i = 0; i < c->view_count; i++) {
        const struct foreign_session *view = c->views[i];
        if (missed == NULL && view->missed.uid != 0)
            missed = &view->missed;
        if (view->refused_offer != NULL)
            refused = view->refused_offer;
        rude |= is_rude(view);
    }
    if (missed != NULL)
        also_missed(missed, buf);
    if (refused != NULL)
        buf_printf(buf,
                   "The server lists %s among its capabilities, but rejected the command as "
                   "invalid. That is a bug of the server. ",
                   refused);
    if (rude)
        buf_put_lit(buf, "The server closed after LOGOUT without the BYE and OK that RFC 3501 "
                         "section 6.1.3 requires. This did no harm.");
}

/* --- What is missing --- */

static const struct foreign_program *
program_seen(const struct foreign_case *c, enum foreign_side side)
{
    for (uint32_t i = 0; i < c->view_count; i++) {
        const struct foreign_session *view = c->views[i];
        const struct foreign_program *program = foreign_program_of(
            side, span_of_str(side == SIDE_CLIENT ? view->client : view->server));
        if (program != NULL)
            return program;
    }
    return NULL;
}

static void
missing_make(const struct foreign_case *c, struct telling *t)
{
    bool has[3] = {false};

    if ((t->rule->kind == KIND_ORDINARY && t->verdict.sure == SURE_CERTAIN) ||
        c->views[0]->general || c->views[0]->other)
        return;
    for (uint32_t i = 0; i < c->view_count; i++)
        has[foreign_session_side(c->views[i])] = true;
    /* A client's log without the dialogue, which can be turned on. A server's own log never has
     * it. */
    for (uint32_t i = 0; i < c->view_count; i++)
        if (foreign_session_side(c->views[i]) == SIDE_CLIENT && !c->views[i]->log->dialogue &&
            t->missing_count == 0)
            t->missing[t->missing_count++] = (struct tell_missing){
                .side = SIDE_CLIENT,
                .dialogue = true,
                .program = foreign_program_of(SIDE_CLIENT,
                                              span_of_str(c->views[i]->log->format->program))};
    for (enum foreign_side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        if (has[side] || has[SIDE_ANY])
            continue;
        t->missing[t->missing_count++] =
            (struct tell_missing){.side = side, .program = program_seen(c, side)};
    }
}

void
tell_make(const struct foreign_story *story, const struct foreign_case *c, struct telling *out)
{
    (void)story;
    *out = (struct telling){0};
    buf_init(&out->title, TEXT_MAX);
    buf_init(&out->happened, TEXT_MAX);
    buf_init(&out->also, TEXT_MAX);
    foreign_judge(c, &out->verdict);
    out->rule = foreign_rule_info(out->verdict.rule);
    title_make(c, &out->title);
    happened_make(c, out, &out->happened);
    also_make(c, &out->also);
    evidence_make(c, out);
    missing_make(c, out);
}

void
tell_done(struct telling *t)
{
    buf_done(&t->title);
    buf_done(&t->happened);
    buf_done(&t->also);
    for (uint32_t i = 0; i < t->evidence_count; i++)
        buf_done(&t->evidence[i].text);
}
