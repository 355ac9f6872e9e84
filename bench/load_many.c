/* SPDX-License-Identifier: MIT */
/*
 * Modes with many connections at once: append, lmtp and login. Each connection has one
 * operation under way; the clock starts when all are logged in and runs for opt->seconds or
 * until opt->count operations are answered.
 */
#include "bench/load_pool.h"
#include "bench/load_sender.h"

enum state {
    START,
    LOGIN,
    READY,
    RUNNING,
    ENVELOPE, /* lmtp: replies to MAIL, RCPT, DATA */
    BODY,
    LEAVING,
};

/* The last worker to be ready starts them all. */
static void
start_all(struct load_worker *worker, load_step_fn *begin)
{
    if (!load_worker_ready(worker))
        return;
    for (unsigned i = 0; i < worker->pool->count; i++) {
        begin(&worker->pool->workers[i], LOAD_NEED_MORE);
        load_worker_send(&worker->pool->workers[i]);
    }
}

/* ---- append ---- */

static void
append_begin(struct load_worker *worker, enum load_event event)
{
    (void)event;
    if (!load_pool_more(worker->pool)) {
        load_worker_finish(worker);
        return;
    }
    const struct span message = sender_next(worker->pool->mode, worker->index);
    worker->state = RUNNING;
    worker->start_ns = load_now_ns();
    buf_printf(&worker->conn.out, "a APPEND \"%s\" {%zu+}\r\n", worker->pool->opt->mailbox,
               message.len);
    buf_put_span(&worker->conn.out, message);
    buf_put_lit(&worker->conn.out, "\r\n");
}

static void
append_step(struct load_worker *worker, enum load_event event)
{
    const struct sender *const sender = worker->pool->mode;

    if (event == LOAD_EXISTS)
        return;
    switch (worker->state) {
    case START:
        load_worker_must(worker, event, LOAD_GREETING);
        load_worker_login(worker, worker->index);
        worker->state = LOGIN;
        break;
    case LOGIN:
        load_worker_must(worker, event, LOAD_TAGGED);
        worker->state = READY;
        start_all(worker, append_begin);
        break;
    default:
        load_worker_must(worker, event, LOAD_TAGGED);
        load_worker_count(worker, sender_message(sender, worker->index).len);
        append_begin(worker, LOAD_NEED_MORE);
    }
}

void
load_append(const struct load_options *opt)
{
    struct load_pool pool;
    struct sender sender;

    sender_init(&sender, opt);
    load_pool_init(&pool, opt, append_step, &sender);
    for (unsigned i = 0; i < pool.count; i++)
        load_worker_connect(&pool.workers[i], LOAD_IMAP, i);
    load_pool_run(&pool);
    load_pool_report(&pool, "append");
    load_pool_done(&pool);
    sender_done(&sender);
}

/* ---- lmtp ---- */

static void
lmtp_begin(struct load_worker *worker, enum load_event event)
{
    const struct load_options *const opt = worker->pool->opt;
    char rcpt[128];

    (void)event;
    if (!load_pool_more(worker->pool)) {
        load_worker_finish(worker);
        return;
    }
    sender_next(worker->pool->mode, worker->index);
    load_fmt_user(rcpt, sizeof rcpt, opt->rcpt, opt, worker->index);
    worker->state = ENVELOPE;
    worker->start_ns = load_now_ns();
    buf_printf(&worker->conn.out, "MAIL FROM:<sender@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n",
               rcpt);
}

static void
lmtp_step(struct load_worker *worker, enum load_event event)
{
    const struct sender *const sender = worker->pool->mode;

    load_worker_must(worker, event, LOAD_REPLY);
    switch (worker->state) {
    case START:
        buf_put_lit(&worker->conn.out, "LHLO client.example.org\r\n");
        worker->state = LOGIN;
        break;
    case LOGIN:
        worker->state = READY;
        start_all(worker, lmtp_begin);
        break;
    case ENVELOPE:
        if (worker->conn.code != 354)
            break;
        buf_put_span(&worker->conn.out, sender_stuffed(sender, worker->index));
        worker->state = BODY;
        break;
    default:
        load_worker_count(worker, sender_message(sender, worker->index).len);
        lmtp_begin(worker, LOAD_NEED_MORE);
    }
}

void
load_lmtp(const struct load_options *opt)
{
    struct load_pool pool;
    struct sender sender;

    sender_init(&sender, opt);
    sender_stuff(&sender);
    load_pool_init(&pool, opt, lmtp_step, &sender);
    for (unsigned i = 0; i < pool.count; i++)
        load_worker_connect(&pool.workers[i], LOAD_LMTP, i);
    load_pool_run(&pool);
    load_pool_report(&pool, "lmtp");
    load_pool_done(&pool);
    sender_done(&sender);
}

/* ---- login ---- */

static void
login_begin(struct load_worker *worker, enum load_event event)
{
    (void)event;
    if (!load_pool_more(worker->pool)) {
        load_worker_finish(worker);
        return;
    }
    worker->start_ns = load_now_ns();
    worker->state = START;
    load_worker_connect(worker, LOAD_IMAP, worker->index);
}

/* Connect, greeting, LOGIN, LOGOUT, end of stream: then again. */
static void
login_step(struct load_worker *worker, enum load_event event)
{
    if (event == LOAD_EXISTS)
        return;
    switch (worker->state) {
    case START:
        load_worker_must(worker, event, LOAD_GREETING);
        load_worker_login(worker, worker->index);
        worker->state = LOGIN;
        break;
    case LOGIN:
        load_worker_must(worker, event, LOAD_TAGGED);
        buf_put_lit(&worker->conn.out, "b LOGOUT\r\n");
        worker->state = LEAVING;
        break;
    default:
        load_worker_must(worker, event, LOAD_TAGGED);
        load_worker_count(worker, 0);
        login_begin(worker, LOAD_NEED_MORE);
    }
}

void
load_login(const struct load_options *opt)
{
    struct load_pool pool;

    load_pool_init(&pool, opt, login_step, NULL);
    for (unsigned i = 0; i < pool.count; i++)
        load_worker_ready(&pool.workers[i]);
    for (unsigned i = 0; i < pool.count; i++)
        login_begin(&pool.workers[i], LOAD_NEED_MORE);
    load_pool_run(&pool);
    load_pool_report(&pool, "login");
    load_pool_done(&pool);
}
