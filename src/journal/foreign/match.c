/* SPDX-License-Identifier: MIT */
/*
 * The sessions of the first log become cases. The sessions of each further log join the case
 * that they agree with best, or become cases of their own. The work is bounded: at most
 * LIMIT_FOREIGN_KEPT sessions, each compared with the cases whose time could match.
 */
#include "journal/foreign/match.h"

#include <stdlib.h>
#include <string.h>

#include "journal/foreign/when.h"

enum { COMMON_MIN = 2, PAIRS_MAX = LIMIT_FOREIGN_COMMANDS };

/* Within one session, clocks of two machines and delays in writing lines differ by at most
 * this. */
#define SPREAD_MAX_US (INT64_C(3) * WHEN_SECOND_US)
/* Sessions without commands on one side must begin within this time of each other. */
#define BEGIN_MAX_US (INT64_C(5) * WHEN_SECOND_US)

struct agreement {
    uint32_t common;
    int64_t ahead_us; /* median of the differences */
    /* range of the differences without outliers; or difference of the beginnings */
    int64_t spread_us;
    bool by_begin; /* no commands: matched by account and time only */
};

static int
by_number(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Logs without dates begin at day 0, so differences of whole days mean nothing. */
static int64_t
without_days(const struct foreign_session *a, const struct foreign_session *b, int64_t us)
{
    if (a->log->clock.has_date && b->log->clock.has_date)
        return us;
    us %= WHEN_DAY_US;
    if (us > WHEN_DAY_US / 2)
        us -= WHEN_DAY_US;
    if (us < -WHEN_DAY_US / 2)
        us += WHEN_DAY_US;
    return us;
}

/* Compares the commands of both, in order, by tag and name. */
static bool
agree_by_commands(const struct foreign_session *a, const struct foreign_session *b,
                  struct agreement *out)
{
    int64_t ahead[PAIRS_MAX];
    uint32_t common = 0;
    uint32_t timed = 0;
    uint32_t j = 0;

    for (uint32_t i = 0; i < foreign_session_cmd_kept(a); i++) {
        const struct foreign_cmd *left = foreign_session_cmd(a, i);
        const struct foreign_cmd *right = NULL;
        for (uint32_t k = j; k < foreign_session_cmd_kept(b); k++) {
            const struct foreign_cmd *look = foreign_session_cmd(b, k);
            if (strcmp(left->tag, look->tag) == 0 && strcmp(left->name, look->name) == 0) {
                right = look;
                j = k + 1;
                break;
            }
        }
        if (right == NULL)
            continue;
        common++;
        if (left->sent.at_us != FOREIGN_NO_TIME && right->sent.at_us != FOREIGN_NO_TIME)
            ahead[timed++] = without_days(a, b,
                                          when_difference(&a->log->clock, left->sent.at_us,
                                                          &b->log->clock, right->sent.at_us));
    }
    const uint32_t fewer = foreign_session_cmd_kept(a) < foreign_session_cmd_kept(b)
                               ? foreign_session_cmd_kept(a)
                               : foreign_session_cmd_kept(b);
    if (common < COMMON_MIN || common * 4 < fewer * 3)
        return false;
    *out = (struct agreement){.common = common};
    if (timed > 0) {
        qsort(ahead, timed, sizeof ahead[0], by_number);
        out->ahead_us = ahead[timed / 2];
        const uint32_t outliers = timed / 10;
        out->spread_us = ahead[timed - 1 - outliers] - ahead[outliers];
    }
    return out->spread_us <= SPREAD_MAX_US;
}

static int64_t
login_time(const struct foreign_session *session)
{
    const struct foreign_seen *seen = &session->facts[FACT_LOGGED_IN];

    return seen->count > 0 && seen->first.at_us != FOREIGN_NO_TIME ? seen->first.at_us
                                                                   : session->begin.at_us;
}

/* What is left of a difference after removing that of the time zones. If only one clock tells
 * its zone: zones differ by multiples of a quarter of an hour, at most 14 hours. */
static int64_t
without_zone(const struct foreign_session *a, const struct foreign_session *b, int64_t us)
{
    const int64_t quarter = INT64_C(15) * 60 * WHEN_SECOND_US;

    if (a->log->clock.has_zone && b->log->clock.has_zone)
        return us -
               ((int64_t)b->log->clock.zone_min - a->log->clock.zone_min) * 60 * WHEN_SECOND_US;
    if (a->log->clock.has_zone == b->log->clock.has_zone || us > 56 * quarter ||
        us < -56 * quarter)
        return us;
    us %= quarter;
    return us > quarter / 2 ? us - quarter : us < -quarter / 2 ? us + quarter : us;
}

/* Whether this is a login in a log that never shows commands. In other logs, a session without
 * commands is one where none were sent, such as a scanner's. */
static bool
is_told_without_dialogue(const struct foreign_session *session)
{
    return !session->log->dialogue && session->account[0] != '\0' &&
           foreign_session_has(session, FACT_LOGGED_IN);
}

static bool
agree_by_begin(const struct foreign_session *a, const struct foreign_session *b,
               struct agreement *out)
{
    const int64_t left = login_time(a);
    const int64_t right = login_time(b);

    if (left == FOREIGN_NO_TIME || right == FOREIGN_NO_TIME ||
        !(is_told_without_dialogue(a) ? b->cmd_count > 0
                                      : is_told_without_dialogue(b) && a->cmd_count > 0))
        return false;
    if (a->account[0] != '\0' && b->account[0] != '\0' && strcmp(a->account, b->account) != 0)
        return false;
    const int64_t ahead =
        without_days(a, b, when_difference(&a->log->clock, left, &b->log->clock, right));
    *out = (struct agreement){
        .ahead_us = ahead, .spread_us = llabs(without_zone(a, b, ahead)), .by_begin = true};
    return out->spread_us <= BEGIN_MAX_US;
}

/* More common commands are better, then a better fit, then closer clocks. */
static bool
is_better(const struct agreement *a, const struct agreement *b)
{
    if (a->common != b->common)
        return a->common > b->common;
    if (a->spread_us != b->spread_us)
        return a->spread_us < b->spread_us;
    return llabs(a->ahead_us) < llabs(b->ahead_us);
}

/* What is known about the clocks of two logs once a pair of their sessions has agreed. */
struct difference {
    bool known;
    int64_t ahead_us;
};

struct matching {
    struct foreign_story *story;
    struct foreign_session **sessions; /* of all logs */
    uint32_t count;
    /* log_count x log_count: between the log of views[0] and another */
    struct difference *differences;
};

static struct difference *
difference_of(struct matching *m, const struct foreign_log *first,
              const struct foreign_log *other)
{
    return &m->differences[first->index * m->story->log_count + other->index];
}

static bool
has_log(const struct foreign_case *c, const struct foreign_log *log)
{
    for (uint32_t i = 0; i < c->view_count; i++)
        if (c->views[i]->log == log)
            return true;
    return false;
}

static void
join(struct matching *m, struct foreign_case *c, struct foreign_session *session,
     const struct agreement *agreement)
{
    struct difference *difference = difference_of(m, c->views[0]->log, session->log);

    c->views[c->view_count] = session;
    c->common[c->view_count] = agreement->common;
    c->ahead_us[c->view_count] = agreement->ahead_us;
    c->view_count++;
    if (!difference->known && !agreement->by_begin)
        *difference = (struct difference){true, agreement->ahead_us};
}

static bool
agree(struct matching *m, const struct foreign_case *c, const struct foreign_session *session,
      struct agreement *out)
{
    const struct foreign_session *first = c->views[0];
    const struct difference *difference = difference_of(m, first->log, session->log);

    if (first->general || first->other || session->general || session->other)
        return false;
    if (c->view_count == FOREIGN_VIEWS || has_log(c, session->log) ||
        (!agree_by_commands(first, session, out) && !agree_by_begin(first, session, out)))
        return false;
    return !difference->known || out->by_begin ||
           llabs(out->ahead_us - difference->ahead_us) <= SPREAD_MAX_US;
}

static void
place(struct matching *m, struct foreign_session *session)
{
    struct foreign_story *story = m->story;
    struct foreign_case *best = NULL;
    struct agreement best_agreement = {0};
    struct agreement agreement;

    for (uint32_t i = 0; i < story->case_count && story->log_count > 1; i++) {
        struct foreign_case *c = &story->cases[i];
        if (agree(m, c, session, &agreement) &&
            (best == NULL || is_better(&agreement, &best_agreement))) {
            best = c;
            best_agreement = agreement;
        }
    }
    if (best != NULL) {
        join(m, best, session, &best_agreement);
        return;
    }
    story->cases[story->case_count++] =
        (struct foreign_case){.views = {session}, .view_count = 1};
}

static int
by_log_and_time(const void *a, const void *b)
{
    const struct foreign_session *left = *(struct foreign_session *const *)a;
    const struct foreign_session *right = *(struct foreign_session *const *)b;

    if (left->log->index != right->log->index)
        return left->log->index < right->log->index ? -1 : 1;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return 0;
}

static int
by_begin(const void *a, const void *b)
{
    const struct foreign_session *left = ((const struct foreign_case *)a)->views[0];
    const struct foreign_session *right = ((const struct foreign_case *)b)->views[0];

    if (left->begin.at_us != right->begin.at_us)
        return left->begin.at_us < right->begin.at_us ? -1 : 1;
    return by_log_and_time(&left, &right);
}

static bool
same_user(const struct foreign_session *a, const struct foreign_session *b)
{
    return a->account[0] != '\0' && a->log == b->log && strcmp(a->account, b->account) == 0;
}

/* Marks sessions that fell silent and whose user came back in another one. */
static void
successors_find(struct foreign_story *story)
{
    for (uint32_t i = 0; i < story->case_count; i++) {
        struct foreign_case *c = &story->cases[i];
        const struct foreign_session *first = c->views[0];
        if (first->over)
            continue;
        for (uint32_t k = i + 1; k < story->case_count && !c->has_successor; k++) {
            const struct foreign_session *next = story->cases[k].views[0];
            c->has_successor = same_user(first, next) && next->begin.at_us > first->end.at_us;
        }
    }
}

static void
collect(struct matching *m, const struct list *list)
{
    LIST_FOR_EACH (node, list)
        m->sessions[m->count++] =
            (struct foreign_session *)((char *)node - offsetof(struct foreign_session, link));
}

enum rc
foreign_match(struct foreign_story *story)
{
    struct matching m = {.story = story};
    const size_t logs = story->log_count == 0 ? 1 : story->log_count;
    const size_t room = story->kept == 0 ? 1 : story->kept;

    m.sessions = calloc(room, sizeof(struct foreign_session *));
    m.differences = calloc(logs * logs, sizeof *m.differences);
    story->cases = calloc(room, sizeof *story->cases);
    if (m.sessions != NULL && m.differences != NULL && story->cases != NULL) {
        collect(&m, &story->ordinary);
        collect(&m, &story->troubled);
        qsort(m.sessions, m.count, sizeof(struct foreign_session *), by_log_and_time);
        for (uint32_t i = 0; i < m.count; i++)
            place(&m, m.sessions[i]);
        qsort(story->cases, story->case_count, sizeof *story->cases, by_begin);
        successors_find(story);
    }
    const bool ok = m.sessions != NULL && m.differences != NULL && story->cases != NULL;
    free(m.sessions);
    free(m.differences);
    return ok ? RC_OK : RC_LIMIT;
}
