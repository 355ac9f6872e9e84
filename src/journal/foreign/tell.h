/* SPDX-License-Identifier: MIT */
/*
 * What can be said about a case: sentences, evidence with file and line, which logs are missing
 * and how to get them. It is made once and printed as text or JSON. All texts are escaped.
 */
#ifndef JOURNAL_FOREIGN_TELL_H
#define JOURNAL_FOREIGN_TELL_H

#include "base/buf.h"
#include "journal/foreign/formats.h"
#include "journal/foreign/story.h"

enum { TELL_EVIDENCE = 28, TELL_MISSING = 3 };

struct tell_evidence {
    const struct foreign_session *view;
    struct foreign_ref ref;
    int64_t order_us; /* in the case's clock */
    struct buf text;
};

struct tell_missing {
    enum foreign_side side;
    /* the log is available, but does not show the dialogue */
    bool dialogue;
    const struct foreign_program *program; /* NULL: any program of that side */
};

struct telling {
    struct foreign_verdict verdict;
    const struct foreign_rule_info *rule;
    struct buf title;                             /* "Session of user@gordano.com" */
    struct buf happened;                          /* sentences */
    struct buf also;                              /* another finding; empty: none */
    struct tell_evidence evidence[TELL_EVIDENCE]; /* by time */
    uint32_t evidence_count;
    struct tell_missing missing[TELL_MISSING];
    uint32_t missing_count;
};

void tell_make(const struct foreign_story *story, const struct foreign_case *c,
               struct telling *out);
void tell_done(struct telling *telling);

/** The text in the buffer, or a fixed text if there was no memory for all of it. */
struct span tell_shown(const struct buf *buf);
/** "gms-transaction.log:31". */
void tell_put_ref(struct buf *buf, const struct foreign_story *story,
                  const struct foreign_ref *ref);
/** The name of the program that wrote a log: as the log tells it, or from the format. */
const char *tell_program(const struct foreign_log *log);

#endif
