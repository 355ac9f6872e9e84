/* SPDX-License-Identifier: MIT */
/*
 * A *case* is a session as shown by one or more logs, its *views*. Its clock is that of the
 * first view. These are the queries that rules and reports make.
 */
#ifndef JOURNAL_FOREIGN_CASE_H
#define JOURNAL_FOREIGN_CASE_H

#include "journal/foreign/session.h"

enum { FOREIGN_VIEWS = 4 };

struct foreign_case {
    struct foreign_session *views[FOREIGN_VIEWS]; /* the server's view first */
    uint32_t view_count;
    /* number of commands that agree with those of the first view */
    uint32_t common[FOREIGN_VIEWS];
    int64_t ahead_us[FOREIGN_VIEWS]; /* the view's clock minus the first view's clock */
    bool has_successor; /* the same user opened a new connection while this one was silent */
};

/** A view that has the fact, or NULL. SIDE_ANY: of either side. */
const struct foreign_session *foreign_case_with(const struct foreign_case *c,
                                                enum foreign_fact fact, enum foreign_side side);
/** The same, but only a view that ends with the fact. */
const struct foreign_session *foreign_case_ended(const struct foreign_case *c,
                                                 enum foreign_fact fact,
                                                 enum foreign_side side);
/**
 * Whether the session ends with the fact: it was told in the server's BYE, or the session did
 * not continue after it. Only such a fact can be the reason for the end.
 */
bool foreign_session_ends_with(const struct foreign_session *session, enum foreign_fact fact);
/** A view with commands, of this side if possible, or NULL. */
const struct foreign_session *foreign_case_talk(const struct foreign_case *c);
/** The IDLE that was open at the end, or NULL. *view_out: the view that shows it. */
const struct foreign_cmd *foreign_case_idle(const struct foreign_case *c,
                                            const struct foreign_session **view_out);
/** The side of a view. */
enum foreign_side foreign_session_side(const struct foreign_session *session);
/** The time from a to b, corrected for the difference of the clocks, with the precision of the
 * coarser one. */
int64_t foreign_case_between(const struct foreign_case *c, const struct foreign_session *a_view,
                             int64_t a_us, const struct foreign_session *b_view, int64_t b_us);
/** at_us in the clock of the first view. */
int64_t foreign_case_time(const struct foreign_case *c, const struct foreign_session *view,
                          int64_t at_us);
/** Finds the earliest sign of the end: its view and fact. False: no log shows one. */
bool foreign_case_end(const struct foreign_case *c, enum foreign_side side,
                      const struct foreign_session **view_out, enum foreign_fact *fact_out);

#endif
