/* SPDX-License-Identifier: MIT */
/*
 * Lays the sessions of several logs side by side. Two views are of one session when their
 * commands agree by tag and name and the difference of the clocks stays the same over them;
 * where one log shows no commands, when account and beginning agree. The difference found for
 * two logs holds for all their sessions. The result does not depend on the order of files.
 */
#ifndef JOURNAL_FOREIGN_MATCH_H
#define JOURNAL_FOREIGN_MATCH_H

#include "base/rc.h"
#include "journal/foreign/story.h"

/** Makes story->cases of the sessions kept. RC_LIMIT without memory. */
MUST_USE enum rc foreign_match(struct foreign_story *story);

#endif
