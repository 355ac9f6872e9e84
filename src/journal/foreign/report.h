/* SPDX-License-Identifier: MIT */
/*
 * The output of `roost explain FILE...`, for people or as JSON. Sessions whose end needs no
 * attention are only counted, unless there are few or all are asked for.
 */
#ifndef JOURNAL_FOREIGN_REPORT_H
#define JOURNAL_FOREIGN_REPORT_H

#include <stdio.h>

#include "journal/foreign/story.h"

enum foreign_detail { DETAIL_TROUBLE, DETAIL_ALL };

void foreign_report_text(const struct foreign_story *story, enum foreign_detail detail,
                         FILE *to);
/** Whether a file was read whose format is unknown. */
bool foreign_report_is_needy(const struct foreign_story *story);
/** For somebody who has such a file: the known formats, and how to get a log in one. */
void foreign_report_known(FILE *to);
/** One JSON object, documented in docs/foreign-logs.md. */
void foreign_report_json(const struct foreign_story *story, enum foreign_detail detail,
                         FILE *to);
/** Whether a case is described in full. */
bool foreign_report_shows(const struct foreign_story *story, const struct foreign_case *c,
                          enum foreign_detail detail);

#endif
