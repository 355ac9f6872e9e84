/* SPDX-License-Identifier: MIT */
/*
 * Everything that is open of a DIR: databases, accounts, log and journal. `roost serve` runs
 * its sessions on it; offline verbs use it without sessions. Thread: start-up.
 */
#ifndef DAEMON_HOUSE_H
#define DAEMON_HOUSE_H

#include "base/attr.h"
#include "base/err.h"
#include "daemon/config.h"
#include "imap/imap.h"
#include "mailbox/memory/account.h"
#include "mailbox/search/index_counts.h"
#include "session/session.h"
#include "store/registry.h"
#include "store/store.h"

enum house_use { HOUSE_SERVE, HOUSE_OFFLINE };

struct house {
    struct config *config; /* borrowed */
    enum house_use use;
    const struct clock *clock;
    int lock_fd;
    bool unsettled; /* the process that had DIR before may still take it back */
    struct log *log;
    struct registry *registry;
    struct store *store;
    struct room *room;             /* HOUSE_SERVE */
    struct store_indexes *indexes; /* NULL: [search] index = no, and a server runs */
    struct index_wishes *wishes;   /* HOUSE_SERVE, and there are indexes */
    struct index_counts index_counts;
    struct extractor *extractor; /* NULL: [search] extract is empty, or no indexes */
    struct accounts *accounts;
};

/** Takes the lock, makes missing folders, opens registry, store and (HOUSE_SERVE) the log. On
 *  failure everything is closed again. */
MUST_USE enum rc house_open(struct house *house, struct config *config, enum house_use use,
                            const struct clock *clock, struct err *err);
/** The same for a server that got the lock from another process. The house owns the lock only
 * if the result is RC_OK. */
MUST_USE enum rc house_open_handed(struct house *house, struct config *config, int lock_fd,
                                   const struct clock *clock, struct err *err);
/** Closes registry and store, but keeps lock and log; opens them again. Nothing may be using
 * them. */
void house_store_close(struct house *house);
MUST_USE enum rc house_store_open(struct house *house, struct err *err);
/** Says that the process that had DIR before will not take it back, so that databases of
 * accounts may be converted. */
void house_settle(struct house *house);
void house_close(struct house *house);

#endif
