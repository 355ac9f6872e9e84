/* SPDX-License-Identifier: MIT */
/*
 * The answer of `roost explain FILE...`, for people or as JSON. Sessions whose end needs no
 * attention are counted, and told one by one only when there are few or all are asked for.
 */
#ifndef JOURNAL_FOREIGN_REPORT_H
#define JOURNAL_FOREIGN_REPORT_H

#include <stdio.h>

#include "journal/foreign/story.h"

enum foreign_detail { DETAIL_TROUBLE, DETAIL_ALL };

void foreign_report_text(const struct foreign_story *story, enum foreign_detail detail,
                         FILE *to);
/** Whether a file was read whose format nobody knows. */
bool foreign_report_is_needy(const struct foreign_story *story);
/** For whoever has such a file: the formats that are known, and how to get one. */
void foreign_report_known(FILE *to);
/** One JSON object, documented in docs/foreign-logs.md. */
void foreign_report_json(const struct foreign_story *story, enum foreign_detail detail,
                         FILE *to);
/** Whether a case is told in full. */
bool foreign_report_shows(const struct foreign_story *story, const struct foreign_case *c,
                          enum foreign_detail detail);

#endif
