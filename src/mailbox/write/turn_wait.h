/* SPDX-License-Identifier: MIT */
/*
 * The account's turn for threads that may block: import, housekeeping. Sessions never use it.
 */
#ifndef MAILBOX_WRITE_TURN_WAIT_H
#define MAILBOX_WRITE_TURN_WAIT_H

#include <pthread.h>
#include <stdbool.h>

#include "mailbox/write/turn.h"

/* One for each thread; its wake goes into the request's init. */
struct turn_waiter {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool woken;
};

void turn_waiter_init(struct turn_waiter *waiter);
void turn_waiter_done(struct turn_waiter *waiter);
struct wake turn_waiter_wake(struct turn_waiter *waiter);
/** Waits until its wake has been called since the last time. */
void turn_waiter_sleep(struct turn_waiter *waiter);
/** Calls turn_run until the request is done; see req->result. Waits for the turn and for
 *  disk. */
void turn_run_wait(struct account *acct, struct turn_req *req, struct turn_waiter *waiter);

#endif
