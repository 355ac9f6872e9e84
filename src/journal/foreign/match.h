/* SPDX-License-Identifier: MIT */
/*
 * Matches the sessions of several logs. Two views belong to one session if their commands
 * agree by tag and name and the difference of the clocks is the same for all of them, or, if
 * one log shows no commands, if account and beginning agree. The difference found for two logs
 * applies to all their sessions. The result does not depend on the order of files.
 */
#ifndef JOURNAL_FOREIGN_MATCH_H
#define JOURNAL_FOREIGN_MATCH_H

#include "base/rc.h"
#include "journal/foreign/story.h"

/** Makes story->cases from the kept sessions. RC_LIMIT: no memory. */
MUST_USE enum rc foreign_match(struct foreign_story *story);

#endif
