/* SPDX-License-Identifier: MIT */
/* Between mailbox_sim.c and mailbox_sim_ops.c. */
#ifndef SUPPORT_MAILBOX_SIM_PRIVATE_H
#define SUPPORT_MAILBOX_SIM_PRIVATE_H

#include "support/mailbox_sim.h"

/* cmocka's assertions leave by longjmp, which a thread cannot: this one ends the process. */
#define SIM_CHECK(client, cond)                                                                \
    do {                                                                                       \
        if (!(cond))                                                                           \
            sim_failed((client), #cond, __LINE__);                                             \
    } while (0)

NORETURN void sim_failed(const struct sim_client *client, const char *what, int line);

struct wake sim_wake(struct sim_client *client);
void sim_wait(struct sim_client *client);
/** turn_run until it is done. */
void sim_turn(struct sim_client *client, struct turn_req *req);
/** As a command that must not answer from what was before it: looks whether others have
 * written, and sees to it that memory has it. */
void sim_catch_up(struct sim_client *client);
/** Runs it in some way, alone or with others. False: given up before it was done. */
bool sim_run(struct sim_client *client, struct turn_req *req);
struct span sim_any_mailbox(struct sim_client *client);
struct store_tx *sim_read(struct sim_client *client);

/** Keywords that clients and others use; a set of them is a mask of indexes. */
enum { SIM_KEYWORDS = 9 };
extern const struct span sim_keywords[SIM_KEYWORDS];
/** Bits of a mailbox as such a mask; a number without a name is left out. */
uint64_t sim_keyword_mask(struct sim_client *client, const struct keywords *bits,
                          const struct keyword_names *names);

bool sim_awake(struct sim_client *client); /* false: deleted */
void sim_fetch(struct sim_client *client);
void sim_compare(struct sim_client *client);

void sim_sync_begin(struct sim_client *client, enum sync_mode mode);
bool sim_sync_run(struct sim_client *client, uint64_t max);
void sim_sync_over(struct sim_client *client, bool break_off);
void sim_sync(struct sim_client *client, enum sync_mode mode);

/** Alone: somebody commits just now, between a snapshot and its use. */
void sim_meddle(struct sim_client *client);

/* ---- mailbox_sim_metadata.c ---- */
void sim_metadata_set(struct sim_client *client);
/** Asks for what it is told to have changed. */
void sim_metadata_look(struct sim_client *client);
/** If nothing is due, it believes what the store says; nobody else acts. */
void sim_metadata_compare(struct sim_client *client);
void sim_metadata_forget(struct sim_client *client);

void sim_select(struct sim_client *client, struct span name);
void sim_unselect(struct sim_client *client);
void sim_disconnect(struct sim_client *client);

#endif
