/* SPDX-License-Identifier: MIT */
/* Between mailbox_sim.c and mailbox_sim_ops.c. */
#ifndef SUPPORT_MAILBOX_SIM_PRIVATE_H
#define SUPPORT_MAILBOX_SIM_PRIVATE_H

#include "support/mailbox_sim.h"

/* cmocka's assertions use longjmp, which does not work in other threads, so this one ends the
 * process. */
#define SIM_CHECK(client, cond)                                                                \
    do {                                                                                       \
        if (!(cond))                                                                           \
            sim_failed((client), #cond, __LINE__);                                             \
    } while (0)

NORETURN void sim_failed(const struct sim_client *client, const char *what, int line);

struct wake sim_wake(struct sim_client *client);
void sim_wait(struct sim_client *client);
/** Calls turn_run until it is done. */
void sim_turn(struct sim_client *client, struct turn_req *req);
/** Does what a command does that must not answer from stale memory: checks whether others have
 * written, and makes sure that memory has it. */
void sim_catch_up(struct sim_client *client);
/** Runs a request alone or together with others. False: it was given up before it was done. */
bool sim_run(struct sim_client *client, struct turn_req *req);
struct span sim_any_mailbox(struct sim_client *client);
struct store_tx *sim_read(struct sim_client *client);

/** The keywords that clients and others use. A set of them is a mask of indexes. */
enum { SIM_KEYWORDS = 9 };
extern const struct span sim_keywords[SIM_KEYWORDS];
/** The keyword bits of a mailbox as such a mask. Numbers without a name are left out. */
uint64_t sim_keyword_mask(struct sim_client *client, const struct keywords *bits,
                          const struct keyword_names *names);

bool sim_awake(struct sim_client *client); /* False: the mailbox was deleted. */
void sim_fetch(struct sim_client *client);
void sim_compare(struct sim_client *client);

void sim_sync_begin(struct sim_client *client, enum sync_mode mode);
bool sim_sync_run(struct sim_client *client, uint64_t max);
void sim_sync_over(struct sim_client *client, bool break_off);
void sim_sync(struct sim_client *client, enum sync_mode mode);

/** If the client is alone: somebody else commits now, between a snapshot and its use. */
void sim_meddle(struct sim_client *client);
/** Now and then: somebody else takes all keywords in the selected mailbox away, so that their
 * numbers lose their names. Between the begin of a sync and the reading of names. */
void sim_meddle_names(struct sim_client *client);

/* ---- mailbox_sim_metadata.c ---- */
void sim_metadata_set(struct sim_client *client);
/** Fetches what it is told has changed. */
void sim_metadata_look(struct sim_client *client);
/** If nothing is due, the client must believe what the store says. Nobody else may act. */
void sim_metadata_compare(struct sim_client *client);
void sim_metadata_forget(struct sim_client *client);

void sim_select(struct sim_client *client, struct span name);
void sim_unselect(struct sim_client *client);
void sim_disconnect(struct sim_client *client);

#endif
