/* SPDX-License-Identifier: MIT */
/*
 * Verdicts on sessions of foreign logs: one table (rules.def), tried from top to bottom; the
 * first rule that applies gives the verdict. A *case* is a session as one or more logs show
 * it. Its clock is that of the first view.
 */
#ifndef JOURNAL_FOREIGN_RULES_H
#define JOURNAL_FOREIGN_RULES_H

#include "journal/foreign/session.h"

enum foreign_rule {
#define FOREIGN_RULE(name, code, who, kind, title, sentence, client, server, network)          \
    RULE_##name,
#include "journal/foreign/rules.def"
#undef FOREIGN_RULE
    RULE_COUNT,
};

enum foreign_who { WHO_CLIENT, WHO_SERVER, WHO_NETWORK, WHO_ADMIN, WHO_UNKNOWN };
enum foreign_kind { KIND_ORDINARY, KIND_TROUBLE, KIND_UNTOLD };
enum foreign_sure { SURE_CERTAIN, SURE_LIKELY, SURE_POSSIBLE };

struct foreign_rule_info {
    const char *code; /* "never-done" */
    enum foreign_who who;
    enum foreign_kind kind;
    const char *title;    /* a heading */
    const char *sentence; /* what it means */
    /* What to do there; "": nothing. */
    const char *client;
    const char *server;
    const char *network;
};

enum { FOREIGN_VIEWS = 4 };

struct foreign_case {
    struct foreign_session *views[FOREIGN_VIEWS]; /* the server's first */
    uint32_t view_count;
    uint32_t common[FOREIGN_VIEWS];  /* commands that agree with the first view's */
    int64_t ahead_us[FOREIGN_VIEWS]; /* the view's clock less the first's */
    bool has_successor; /* the same user came by a new connection while this one was silent */
};

struct foreign_verdict {
    enum foreign_rule rule;
    enum foreign_who who; /* the rule's, unless the logs tell more */
    enum foreign_sure sure;
    const char *why; /* why so sure, or so little */
};

/** Judges a case; always finds a rule. */
void foreign_judge(const struct foreign_case *c, struct foreign_verdict *out);
const struct foreign_rule_info *foreign_rule_info(enum foreign_rule rule);
const char *foreign_who_name(enum foreign_who who);
const char *foreign_sure_name(enum foreign_sure sure);

/* --- What is asked of a case, by rules and reports --- */

/** A view that has the fact, or NULL. side SIDE_ANY: of any side. */
const struct foreign_session *foreign_case_with(const struct foreign_case *c,
                                                enum foreign_fact fact, enum foreign_side side);
/** The view with commands, of the side if possible, or NULL. */
const struct foreign_session *foreign_case_talk(const struct foreign_case *c);
/** The IDLE that was open at the end, or NULL; *view_out: whose. */
const struct foreign_cmd *foreign_case_idle(const struct foreign_case *c,
                                            const struct foreign_session **view_out);
/** The side of a view. */
enum foreign_side foreign_session_side(const struct foreign_session *session);
/** From a to b, clocks' difference taken out, only as exact as the coarser of both clocks. */
int64_t foreign_case_between(const struct foreign_case *c, const struct foreign_session *a_view,
                             int64_t a_us, const struct foreign_session *b_view, int64_t b_us);
/** at in the clock of the first view. */
int64_t foreign_case_time(const struct foreign_case *c, const struct foreign_session *view,
                          int64_t at_us);
/** The first sign of the end in time: its view, ref and fact; false: no log tells one. */
bool foreign_case_end(const struct foreign_case *c, enum foreign_side side,
                      const struct foreign_session **view_out, enum foreign_fact *fact_out);

#endif
