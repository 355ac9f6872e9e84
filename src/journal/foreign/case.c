/* SPDX-License-Identifier: MIT */
/* Queries about a case. Pure. */
#include "journal/foreign/case.h"

#include <string.h>

#include "journal/foreign/story.h"
#include "journal/foreign/when.h"

/* If a session continues for longer than this after a problem, the problem did not end it. */
#define NEAR_END_US (INT64_C(60) * WHEN_SECOND_US)

enum foreign_side
foreign_session_side(const struct foreign_session *session)
{
    return session->log->format->side;
}

const struct foreign_session *
foreign_case_with(const struct foreign_case *c, enum foreign_fact fact, enum foreign_side side)
{
    for (uint32_t i = 0; i < c->view_count; i++)
        if (foreign_session_has(c->views[i], fact) &&
            (side == SIDE_ANY || foreign_session_side(c->views[i]) == side))
            return c->views[i];
    return NULL;
}

/* Whether the line that told the fact last also told the other one. */
static bool
is_told_with(const struct foreign_session *session, enum foreign_fact fact,
             enum foreign_fact other)
{
    const struct foreign_ref *ref = &session->facts[fact].last;
    const struct foreign_ref *same = &session->facts[other].last;

    return session->facts[other].count > 0 && ref->line == same->line &&
           ref->file == same->file;
}

/* Facts about the connection: anything that arrives later shows that it still works. */
static bool
is_of_connection(enum foreign_fact fact)
{
    switch (fact) {
    case FACT_PEER_CLOSED:
    case FACT_CLOSED:
    case FACT_RESET:
    case FACT_NO_ANSWER:
    case FACT_UNREACHABLE:
    case FACT_TLS_FAILED:
    case FACT_GAVE_UP:
        return true;
    default:
        return false;
    }
}

bool
foreign_session_ends_with(const struct foreign_session *session, enum foreign_fact fact)
{
    const struct foreign_seen *seen = &session->facts[fact];

    if (seen->count == 0)
        return false;
    /* RFC 3501 section 7.1.5: after BYE the server closes the connection. A fact about many
     * sessions is about the end of each. */
    if (session->general || is_told_with(session, fact, FACT_BYE))
        return true;
    if (seen->sent != session->sent || (is_of_connection(fact) && seen->told != session->told))
        return false;
    /* Without a dialogue, only the time shows that the session continued. */
    return session->sent + session->told > 0 || seen->last.at_us == FOREIGN_NO_TIME ||
           session->end.at_us - seen->last.at_us <= NEAR_END_US;
}

const struct foreign_session *
foreign_case_ended(const struct foreign_case *c, enum foreign_fact fact, enum foreign_side side)
{
    for (uint32_t i = 0; i < c->view_count; i++)
        if (foreign_session_ends_with(c->views[i], fact) &&
            (side == SIDE_ANY || foreign_session_side(c->views[i]) == side))
            return c->views[i];
    return NULL;
}

const struct foreign_session *
foreign_case_talk(const struct foreign_case *c)
{
    for (uint32_t i = 0; i < c->view_count; i++)
        if (c->views[i]->cmd_count > 0)
            return c->views[i];
    return NULL;
}

int64_t
foreign_case_time(const struct foreign_case *c, const struct foreign_session *view,
                  int64_t at_us)
{
    for (uint32_t i = 0; i < c->view_count; i++)
        if (c->views[i] == view && at_us != FOREIGN_NO_TIME)
            return at_us - c->ahead_us[i];
    return at_us;
}

int64_t
foreign_case_between(const struct foreign_case *c, const struct foreign_session *a_view,
                     int64_t a_us, const struct foreign_session *b_view, int64_t b_us)
{
    const int64_t a = foreign_case_time(c, a_view, a_us);
    const int64_t b = foreign_case_time(c, b_view, b_us);

    return when_between(&a_view->log->clock, a, &b_view->log->clock, b);
}

const struct foreign_cmd *
foreign_case_idle(const struct foreign_case *c, const struct foreign_session **view_out)
{
    for (uint32_t i = 0; i < c->view_count; i++) {
        const struct foreign_cmd *last = foreign_session_last(c->views[i]);
        if (last != NULL && strcmp(last->name, "IDLE") == 0 && last->answered.line == 0) {
            *view_out = c->views[i];
            return last;
        }
    }
    return NULL;
}

/* Facts that are an end of the session, or signs of one. */
static bool
is_end(enum foreign_fact fact)
{
    switch (fact) {
    case FACT_TIMED_OUT:
    case FACT_LOGIN_TIMEOUT:
    case FACT_NO_LOGIN:
    case FACT_UNREAD:
    case FACT_PEER_CLOSED:
    case FACT_CLOSED:
    case FACT_RESET:
    case FACT_NO_ANSWER:
    case FACT_UNREACHABLE:
    case FACT_TLS_FAILED:
    case FACT_STOPPING:
    case FACT_KICKED:
    case FACT_CRASHED:
    case FACT_FAILED:
    case FACT_BYE:
    case FACT_LIMIT:
    case FACT_GAVE_UP:
        return true;
    default:
        return false;
    }
}

/* Facts that may end a session if nothing else is told. */
static bool
is_last_word(enum foreign_fact fact)
{
    return fact == FACT_REFUSED || fact == FACT_BAD || fact == FACT_LEFT;
}

static bool
end_find(const struct foreign_case *c, enum foreign_side side,
         bool (*counts)(enum foreign_fact), const struct foreign_session **view_out,
         enum foreign_fact *fact_out)
{
    int64_t best = INT64_MAX;
    uint64_t line = 0;
    bool found = false;

    for (uint32_t i = 0; i < c->view_count; i++) {
        if (side != SIDE_ANY && foreign_session_side(c->views[i]) != side)
            continue;
        for (enum foreign_fact fact = 0; fact < FACT_COUNT; fact++) {
            const struct foreign_seen *seen = &c->views[i]->facts[fact];
            if (!counts(fact) || !foreign_session_ends_with(c->views[i], fact))
                continue;
            const int64_t at = foreign_case_time(c, c->views[i], seen->last.at_us);
            /* A fact that says more goes before a bare goodbye at the same moment; otherwise,
             * what the log said first goes first. */
            const bool is_first = found && *view_out == c->views[i] && seen->last.line < line;
            if (found && (at > best || (at == best && *fact_out != FACT_BYE &&
                                        (fact == FACT_BYE || !is_first))))
                continue;
            best = at;
            line = seen->last.line;
            found = true;
            *view_out = c->views[i];
            *fact_out = fact;
        }
    }
    return found;
}

bool
foreign_case_end(const struct foreign_case *c, enum foreign_side side,
                 const struct foreign_session **view_out, enum foreign_fact *fact_out)
{
    return end_find(c, side, is_end, view_out, fact_out) ||
           (c->views[0]->over && end_find(c, side, is_last_word, view_out, fact_out));
}
