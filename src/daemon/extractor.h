/* SPDX-License-Identifier: MIT */
/*
 * [search] extract: runs the administrator's programs that make text of attachments for the
 * index (mailbox/search/attached.h), each bounded and confined (base/run/filter.h). What fails
 * is counted and logged, with an entry at most every LIMIT_EXTRACT_LOG_MS, because strangers
 * send the attachments.
 *
 * Thread: any, besides the first and the last function.
 */
#ifndef DAEMON_EXTRACTOR_H
#define DAEMON_EXTRACTOR_H

#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "daemon/config.h"
#include "mailbox/search/attached.h"
#include "mailbox/search/index_counts.h"

struct extractor;

/** Everything is borrowed; log and counts may be NULL. Programs that are missing are logged.
 * *out is NULL if none is configured. RC_LIMIT. Thread: start-up. */
MUST_USE enum rc extractor_new(const struct config *config, struct log *log,
                               const struct clock *clock, struct index_counts *counts,
                               struct extractor **out, struct err *err);
/** NULL is allowed, as in all of these. Nobody may be using it. Thread: start-up. */
void extractor_free(struct extractor *extractor);
/** What the indexer needs, as long as the extractor lives; NULL if there is none. */
const struct extract *extractor_extract(const struct extractor *extractor);
/** Ends the programs that run, and lets none begin, so that nobody waits for them. */
void extractor_stop(struct extractor *extractor);
/** Programs may run again. */
void extractor_go(struct extractor *extractor);

/** The form of an index whose terms have this form, with texts that are made according to the
 * configuration: another command makes another form. Never 0. */
uint32_t extractor_form(const struct config *config, uint32_t terms);

#endif
