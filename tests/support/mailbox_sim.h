/* SPDX-License-Identifier: MIT */
/*
 * Sessions without a network: each has a view, does what clients do (store, expunge, copy,
 * move, fetch by number, idle, park, select, walk away) and keeps what a client would keep: a
 * list of messages with flags, changed by nothing but the events of sync. What it believes is
 * compared with what the store says. There may be one thread or many; with one thread, a seed
 * repeats a run.
 *
 * A failure ends the process and prints the seed and the step with which it can be repeated.
 */
#ifndef SUPPORT_MAILBOX_SIM_H
#define SUPPORT_MAILBOX_SIM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/limits.h"
#include "base/rng.h"
#include "mailbox/memory/account.h"
#include "mailbox/memory/hub.h"
#include "mailbox/sync.h"
#include "mailbox/view.h"
#include "support/tmpdir.h"

enum { SIM_ACCOUNT = 5, SIM_MESSAGES = 4000, SIM_VALUE = 24, SIM_ENTRIES = 4000 };

enum sim_engine {
    SIM_SQLITE,
    SIM_SEAM, /* seam_engine.h: it waits and refuses, and somebody else writes */
};

struct sim {
    struct tmpdir dir;
    struct store *store;
    struct accounts *accounts;
    enum sim_engine engine;
    uint64_t seed;   /* for the engine */
    uint32_t target; /* about so many messages in each mailbox */
    bool threads;    /* others act at the same time */
    bool faults;     /* the disk fails now and then; fault_vfs must be the default VFS */
};

/* One message as a client knows it. */
struct sim_message {
    uint32_t uid; /* 0: announced, not fetched yet */
    uint32_t flags;
    uint64_t keywords; /* a mask of sim_keywords */
    uint64_t modseq;
    uint64_t seen_modseq; /* modseq of the entry from which flags and keywords are; 0: none */
    bool told;            /* its flags were told in the sync under way */
};

/* An entry of metadata as a client knows it. */
struct sim_entry {
    uint64_t mbox;
    unsigned name;
    char value[SIM_VALUE];
};

/* The metadata of the account's mailboxes and of the account. */
struct sim_metadata {
    bool knows; /* has fetched everything once */
    uint64_t told_modseq;
    struct sim_entry entries[SIM_ENTRIES];
    size_t count;
    uint64_t told; /* changes up to here were told */
};

struct sim_client {
    struct sim *sim;
    struct rng rng;
    uint64_t seed;
    uint64_t step;
    struct account *acct; /* NULL: not connected */
    struct view view;     /* of view.mailbox; NULL: nothing is selected */
    struct watch watch;
    bool vanished;         /* uses QRESYNC */
    enum sync_mode mode;   /* of the sync under way; view.tells goes with it */
    bool finishes;         /* that sync began where another one was broken off */
    bool echoes;           /* that sync answers a STORE: echo */
    struct view_echo echo; /* from its last STORE */
    struct arena arena;
    struct err err;

    struct sim_message known[SIM_MESSAGES];
    uint32_t count;
    uint32_t recent;
    bool gone;
    uint64_t announced; /* keywords in the FLAGS told last */

    struct sim_metadata metadata;

    struct sync *sync; /* under way, for a slow reader; its arena is sync_arena */
    struct arena sync_arena;
    struct keyword_names names_before; /* just before that sync began */
    struct keyword_names names;        /* just after: those that it tells */

    /* Wakes. */
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    unsigned wakes;
    atomic_bool woken; /* since it began to park */
    bool parked;       /* it had nothing to do, and has not looked since */
    bool comparing;    /* nobody else acts */

    uint64_t ops, events, syncs, parks, rebuilt; /* counts of what was done */
    uint64_t retired, renumbered; /* of syncs: told of names that are gone, of numbers that have
                                     another name than before */
    uint64_t numbers[LIMIT_KEYWORDS]; /* the keywords that had these numbers last */
};

/** where: a directory on a fast disk, in which a new one is made. */
void sim_open(struct sim *sim, const char *where);
void sim_close(struct sim *sim);

void sim_client_init(struct sim_client *client, struct sim *sim, uint64_t seed);
void sim_client_done(struct sim_client *client);
/** Does one random thing. */
void sim_client_step(struct sim_client *client);
/** After a full sync, the client must believe what the store says. Nobody else may act. */
void sim_client_settle(struct sim_client *client);
/** Stops or restarts the writes of the second store. Stop them before settling and
 * comparing. */
void sim_quiet(struct sim *sim, bool quiet);
/** Counters and versions in memory must be what the store says. Nobody else may act. */
void sim_verify(struct sim *sim, struct account *acct);

#endif
