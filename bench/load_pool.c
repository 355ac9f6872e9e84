/* SPDX-License-Identifier: MIT */
/* See the header. Level-triggered; a worker is registered for writing only while it must. */
#include "bench/load_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ANSWER_WAIT_MS = 60000 };

void
load_pool_init(struct load_pool *pool, const struct load_options *opt, load_step_fn *step,
               void *mode)
{
    *pool = (struct load_pool){
        .opt = opt,
        .step = step,
        .mode = mode,
        .count = opt->connections,
        .workers = calloc(opt->connections, sizeof *pool->workers),
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
    };
    if (pool->workers == NULL || pool->epoll_fd < 0)
        load_die("%u connections: %s", opt->connections, strerror(errno));
    for (unsigned i = 0; i < pool->count; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].index = i;
        pool->workers[i].conn.fd = -1;
    }
    pool->active = pool->count;
}

void
load_pool_done(struct load_pool *pool)
{
    for (unsigned i = 0; i < pool->count; i++)
        load_conn_close(&pool->workers[i].conn);
    free(pool->workers);
    load_samples_done(&pool->latency);
    close(pool->epoll_fd);
}

static void
watch(struct load_worker *worker, int op)
{
    struct epoll_event event = {
        .events = worker->want_write ? EPOLLIN | EPOLLOUT : EPOLLIN,
        .data.ptr = worker,
    };

    if (epoll_ctl(worker->pool->epoll_fd, op, worker->conn.fd, &event) != 0)
        load_die("epoll_ctl: %s", strerror(errno));
}

void
load_worker_connect(struct load_worker *worker, enum load_protocol protocol, unsigned from)
{
    load_conn_close(&worker->conn);
    load_conn_open(&worker->conn, worker->pool->opt, protocol, LOAD_NONBLOCKING, from);
    worker->want_write = false;
    watch(worker, EPOLL_CTL_ADD);
}

void
load_worker_login(struct load_worker *worker, unsigned index)
{
    const struct load_options *const opt = worker->pool->opt;
    char user[128];

    load_fmt_user(user, sizeof user, opt->user, opt, index);
    buf_printf(&worker->conn.out, "a LOGIN \"%s\" \"%s\"\r\n", user, opt->password);
}

void
load_worker_must(const struct load_worker *worker, enum load_event event, enum load_event want)
{
    if (event == LOAD_CLOSED)
        load_die("connection %u: closed by the server", worker->index);
    if (event != want || (want == LOAD_TAGGED && !worker->conn.status_ok) ||
        (want == LOAD_REPLY && worker->conn.code >= 400))
        load_die("connection %u: %s", worker->index, worker->conn.text);
}

void
load_worker_finish(struct load_worker *worker)
{
    load_conn_close(&worker->conn);
    worker->done = true;
    worker->pool->active--;
}

bool
load_worker_ready(struct load_worker *worker)
{
    struct load_pool *const pool = worker->pool;

    if (++pool->ready < pool->count)
        return false;
    pool->start_ns = load_now_ns();
    pool->stop_ns = pool->start_ns + (int64_t)(pool->opt->seconds * 1e9);
    return true;
}

void
load_worker_count(struct load_worker *worker, uint64_t octets)
{
    struct load_pool *const pool = worker->pool;

    pool->end_ns = load_now_ns();
    pool->finished++;
    pool->octets += octets;
    load_sample_add(&pool->latency, pool->end_ns - worker->start_ns);
}

bool
load_pool_more(const struct load_pool *pool)
{
    return pool->finished < pool->opt->count && load_now_ns() < pool->stop_ns;
}

void
load_worker_send(struct load_worker *worker)
{
    if (worker->done || worker->conn.fd < 0)
        return;
    const bool blocked = !load_conn_flush(&worker->conn);
    if (blocked != worker->want_write) {
        worker->want_write = blocked;
        watch(worker, EPOLL_CTL_MOD);
    }
}

static void
serve(struct load_worker *worker)
{
    load_conn_read(&worker->conn);
    while (!worker->done) {
        const enum load_event event = load_conn_event(&worker->conn);
        if (event == LOAD_NEED_MORE)
            break;
        worker->pool->step(worker, event);
        if (event == LOAD_CLOSED)
            break;
    }
    load_worker_send(worker);
}

void
load_pool_run(struct load_pool *pool)
{
    while (pool->active > 0) {
        struct epoll_event events[64];
        const int pause_ms = pool->tick != NULL ? pool->tick(pool) : -1;
        const int n = epoll_wait(pool->epoll_fd, events, ARRAY_LEN(events),
                                 pause_ms >= 0 ? pause_ms : ANSWER_WAIT_MS);
        if ((n < 0 && errno == EINTR) || (n == 0 && pause_ms >= 0))
            continue;
        if (n <= 0)
            load_die("no answer for 60 seconds (%u connections open)", pool->active);
        for (int i = 0; i < n; i++) {
            struct load_worker *const worker = events[i].data.ptr;
            if (worker->done)
                continue;
            if (events[i].events & EPOLLOUT)
                load_worker_send(worker);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                serve(worker);
        }
    }
}

void
load_pool_report(struct load_pool *pool, const char *mode)
{
    load_report(&(struct load_result){
        .mode = mode,
        .count = pool->finished,
        .octets = pool->octets,
        .seconds = (double)(pool->end_ns - pool->start_ns) / 1e9,
        .latency = &pool->latency,
    });
}
