/* SPDX-License-Identifier: MIT */
/*
 * A *case* is a session as one or more logs show it, its *views*. Its clock is that of the
 * first view. Here is what rules and reports ask of it.
 */
#ifndef JOURNAL_FOREIGN_CASE_H
#define JOURNAL_FOREIGN_CASE_H

#include "journal/foreign/session.h"

enum { FOREIGN_VIEWS = 4 };

struct foreign_case {
    struct foreign_session *views[FOREIGN_VIEWS]; /* the server's first */
    uint32_t view_count;
    uint32_t common[FOREIGN_VIEWS];  /* commands that agree with the first view's */
    int64_t ahead_us[FOREIGN_VIEWS]; /* the view's clock less the first's */
    bool has_successor; /* the same user came by a new connection while this one was silent */
};

/** A view that has the fact, or NULL. side SIDE_ANY: of any side. */
const struct foreign_session *foreign_case_with(const struct foreign_case *c,
                                                enum foreign_fact fact, enum foreign_side side);
/** The same, but only a view that ends with the fact. */
const struct foreign_session *foreign_case_ended(const struct foreign_case *c,
                                                 enum foreign_fact fact,
                                                 enum foreign_side side);
/**
 * Whether the session ends with the fact: it was told in the server's BYE, or the session did
 * not go on after it. Only such a fact can be the reason of the end.
 */
bool foreign_session_ends_with(const struct foreign_session *session, enum foreign_fact fact);
/** The view with commands, of the side if possible, or NULL. */
const struct foreign_session *foreign_case_talk(const struct foreign_case *c);
/** The IDLE that was open at the end, or NULL; *view_out: whose. */
const struct foreign_cmd *foreign_case_idle(const struct foreign_case *c,
                                            const struct foreign_session **view_out);
/** The side of a view. */
enum foreign_side foreign_session_side(const struct foreign_session *session);
/** The time from a to b without the difference of the clocks, as exact as the coarser one. */
int64_t foreign_case_between(const struct foreign_case *c, const struct foreign_session *a_view,
                             int64_t a_us, const struct foreign_session *b_view, int64_t b_us);
/** at_us by the clock of the first view. */
int64_t foreign_case_time(const struct foreign_case *c, const struct foreign_session *view,
                          int64_t at_us);
/** The earliest sign of the end: its view and fact. False: no log shows one. */
bool foreign_case_end(const struct foreign_case *c, enum foreign_side side,
                      const struct foreign_session **view_out, enum foreign_fact *fact_out);

#endif
