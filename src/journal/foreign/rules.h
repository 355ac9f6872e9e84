/* SPDX-License-Identifier: MIT */
/*
 * Verdicts on sessions in foreign logs. The table (rules.def) is tried from top to bottom; the
 * first rule that applies gives the verdict.
 */
#ifndef JOURNAL_FOREIGN_RULES_H
#define JOURNAL_FOREIGN_RULES_H

#include "journal/foreign/case.h"

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
    /* What to do; "": nothing. */
    const char *client;
    const char *server;
    const char *network;
};

struct foreign_verdict {
    enum foreign_rule rule;
    enum foreign_who who; /* from the rule, unless the logs show more */
    enum foreign_sure sure;
    const char *why; /* why it is as certain as it is */
};

/** Judges a case; always finds a rule. */
void foreign_judge(const struct foreign_case *c, struct foreign_verdict *out);
const struct foreign_rule_info *foreign_rule_info(enum foreign_rule rule);
const char *foreign_who_name(enum foreign_who who);
const char *foreign_sure_name(enum foreign_sure sure);

#endif
