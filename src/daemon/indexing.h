/* SPDX-License-Identifier: MIT */
/*
 * Indexes the texts of accounts in the background, in one thread of low priority: those for
 * which a search has asked (mailbox/search/index_wishes.h), if they have enough messages
 * ([search] index_from; all have, if there is [search] extract), one account after the other,
 * each for a while. It needs no turn, so no delivery and no change waits for it. It is never
 * the reason why a server ends: what fails is logged, and tried again when somebody searches;
 * on a full disk it waits.
 */
#ifndef DAEMON_INDEXING_H
#define DAEMON_INDEXING_H

#include "base/attr.h"
#include "base/err.h"
#include "daemon/house.h"

struct indexing;

/** The house, which has indexes, is borrowed until indexing_stop. Thread: start-up. */
MUST_USE enum rc indexing_start(struct house *house, struct indexing **out, struct err *err);
/** Waits for the step that is under way, some tens of milliseconds; a program that makes text
 * of attachments is killed, and no other one runs, also not for anybody else. NULL is allowed.
 */
void indexing_stop(struct indexing *indexing);

#endif
