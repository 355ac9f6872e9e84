/* SPDX-License-Identifier: MIT */
/*
 * The environment of sessions: one per server, made by daemon/, and borrowed by everybody.
 * Fields are set before the first session and do not change, except for the settings, which
 * are exchanged as a whole (env_settings).
 */
#ifndef SESSION_ENV_H
#define SESSION_ENV_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/clock.h"
#include "net/poller.h"
#include "net/slots.h"
#include "net/tls.h"
#include "session/settings.h"
#include "session/spool.h"

struct accounts;
struct auth;
struct journal;
struct live;
struct log;
struct moving;
struct networks;
struct parting;
struct quota_crossing;
struct quota_watch;
struct registry;
struct session_table;

struct env {
    const struct clock *clock;
    struct poller *poller;
    struct slots *slots;
    struct parting *parting; /* NULL: sockets are closed at once */
    struct session_table *table;
    struct log *log;
    struct journal *journal;
    struct live *live;         /* may be NULL */
    struct networks *networks; /* may be NULL: nothing is learnt */
    struct auth *auth;
    struct registry *registry;
    struct tls_server *tls; /* for STARTTLS; NULL: there is no certificate */
    struct spool_place spool;
    struct spool_place delivery_spool; /* the same, with some more files */
    struct budget spool_budget;        /* octets that all spools together may hold in memory */
    /* files of spools that may be open for writing, in all sessions */
    struct budget spool_files;
    struct spool_owners spool_owners; /* which accounts have these files */
    struct budget delivery_files;     /* the files that are reserved for deliveries */
    /* octets of command text beyond LIMIT_LINE_BEFORE_LOGIN, in all sessions */
    struct budget input_budget;
    struct budget order_budget; /* octets that SORT and THREAD work with, in all sessions */
    /* octets of large results that are kept up to date, in all sessions */
    struct budget context_budget;
    /* octets that NOTIFY keeps of mailboxes of other users, in all sessions */
    struct budget notify_budget;
    /* Called when a request has made an account pass 80 % or 95 % of a limit; may be NULL. Any
     * thread; may wait for the registry. */
    void (*quota_crossed)(struct env *env, uint64_t account_id,
                          const struct quota_crossing *crossing);
    struct quota_watch *quota_watch; /* for that function */
    struct accounts *accounts;       /* mailbox/memory/account.h, for the front doors */
    const char *version;             /* "0.1.0" */
    _Atomic(const struct settings *) settings;
    atomic_uint_fast64_t next_session; /* session numbers */
    atomic_uint busy;                  /* sessions that may still touch the store */
    atomic_uint resuming;              /* adopted sessions whose mailbox is not open yet */
    struct moving *moving;             /* where POST_MOVE leads; handover.h */
};

/** The present settings; valid until the process ends. Thread: any. */
static inline const struct settings *
env_settings(struct env *env)
{
    return atomic_load_explicit(&env->settings, memory_order_acquire);
}

#endif
