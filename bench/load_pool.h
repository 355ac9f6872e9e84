/* SPDX-License-Identifier: MIT */
/*
 * Many connections in one thread: an epoll loop passes each event of each connection to the
 * mode's step function, which answers by putting its next command into conn->out.
 */
#ifndef BENCH_LOAD_POOL_H
#define BENCH_LOAD_POOL_H

#include "bench/load_conn.h"

struct load_pool;

struct load_worker {
    struct load_pool *pool;
    struct load_conn conn;
    unsigned index;
    unsigned state;   /* used by the mode */
    int64_t start_ns; /* of the operation under way */
    bool done;        /* no longer takes part */
    bool want_write;  /* registered for EPOLLOUT */
};

typedef void load_step_fn(struct load_worker *worker, enum load_event event);

struct load_pool {
    const struct load_options *opt;
    load_step_fn *step;
    /* Called before each wait; may be NULL. Starts what is due and returns how long to wait, in
     * ms; -1: until there is an answer. */
    int (*tick)(struct load_pool *pool);
    void *mode;                  /* the mode's own state */
    struct load_worker *workers; /* owned */
    unsigned count;
    unsigned active;
    unsigned ready; /* workers that wait for the start of the clock */
    int epoll_fd;
    int64_t start_ns; /* 0: the clock has not started */
    int64_t stop_ns;  /* no new operation begins after this time */
    int64_t end_ns;   /* when the last operation ended */
    uint64_t finished;
    uint64_t octets;
    struct load_samples latency;
};

void load_pool_init(struct load_pool *pool, const struct load_options *opt, load_step_fn *step,
                    void *mode);
void load_pool_done(struct load_pool *pool);
/** Opens (or opens again) a worker's connection. from: chooses its address with opt->spread. */
void load_worker_connect(struct load_worker *worker, enum load_protocol protocol,
                         unsigned from);
/** Puts LOGIN as the index-th user into the worker's output, with the tag "a". */
void load_worker_login(struct load_worker *worker, unsigned index);
/** Ends the program unless the event is this one and reports success. */
void load_worker_must(const struct load_worker *worker, enum load_event event,
                      enum load_event want);
/** Closes the connection. The worker takes no further part. */
void load_worker_finish(struct load_worker *worker);
/** The worker is logged in and waits for the others. True for the last one: the clock has
 * started. */
bool load_worker_ready(struct load_worker *worker);
/** Counts an operation that started at worker->start_ns and ends now. */
void load_worker_count(struct load_worker *worker, uint64_t octets);
/** Whether a further operation is to be started. */
bool load_pool_more(const struct load_pool *pool);
/** Sends what the workers have put into their output after a step outside the loop. */
void load_worker_send(struct load_worker *worker);
/** Runs until every worker has finished. */
void load_pool_run(struct load_pool *pool);
/** Reports the operations between start and end. */
void load_pool_report(struct load_pool *pool, const char *mode);

#endif
