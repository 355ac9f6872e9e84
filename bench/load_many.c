/* SPDX-License-Identifier: MIT */
/*
 * Modes with many connections at once: append, lmtp and login. Each connection has one
 * operation under way; the clock starts when all are logged in and runs for opt->seconds or
 * until opt->count operations are answered.
 */
#include "bench/load_pool.h"

#include <stdlib.h>

enum { MAIL_COUNT_MAX = 4000 }; /* distinct messages, sent in turn */

enum state {
    START,
    LOGIN,
    READY,
    RUNNING,
    ENVELOPE, /* lmtp: replies to MAIL, RCPT, DATA */
    BODY,
    LEAVING,
};

struct sender {
    struct load_mail mail;
    struct span *stuffed; /* lmtp: with dots doubled and the end line; owned */
    char *stuffed_text;   /* owned */
    size_t next;
    size_t *sending; /* which message each worker sends; owned */
};

static void
sender_init(struct sender *sender, const struct load_options *opt)
{
    const size_t count = opt->count < MAIL_COUNT_MAX ? (size_t)opt->count : MAIL_COUNT_MAX;

    *sender = (struct sender){.mail = load_mail_new(opt, count)};
    sender->sending = calloc(opt->connections, sizeof *sender->sending);
    if (sender->sending == NULL)
        load_die("no memory");
}

static void
sender_done(struct sender *sender)
{
    load_mail_done(&sender->mail);
    free(sender->sending);
    free(sender->stuffed);
    free(sender->stuffed_text);
}

/* Picks the worker's next message. */
static struct span
sender_next(struct sender *sender, const struct load_worker *worker)
{
    sender->sending[worker->index] = sender->next;
    sender->next = (sender->next + 1) % sender->mail.count;
    return sender->mail.message[sender->sending[worker->index]];
}

static void
put_login(struct load_worker *worker)
{
    const struct load_options *const opt = worker->pool->opt;
    char user[128];

    load_fmt_user(user, sizeof user, opt->user, opt, worker->index);
    buf_printf(&worker->conn.out, "a LOGIN \"%s\" \"%s\"\r\n", user, opt->password);
}

static void
must_be_ok(const struct load_worker *worker, enum load_event event, enum load_event want)
{
    if (event == LOAD_CLOSED)
        load_die("connection %u: closed by the server", worker->index);
    if (event != want || (want == LOAD_TAGGED && !worker->conn.status_ok) ||
        (want == LOAD_REPLY && worker->conn.code >= 400))
        load_die("connection %u: %s", worker->index, worker->conn.text);
}

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
    const struct span message = sender_next(worker->pool->mode, worker);
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
        must_be_ok(worker, event, LOAD_GREETING);
        put_login(worker);
        worker->state = LOGIN;
        break;
    case LOGIN:
        must_be_ok(worker, event, LOAD_TAGGED);
        worker->state = READY;
        start_all(worker, append_begin);
        break;
    default:
        must_be_ok(worker, event, LOAD_TAGGED);
        load_worker_count(worker, sender->mail.message[sender->sending[worker->index]].len);
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
        load_worker_connect(&pool.workers[i], LOAD_IMAP);
    load_pool_run(&pool);
    load_pool_report(&pool, "append");
    load_pool_done(&pool);
    sender_done(&sender);
}

/* ---- lmtp ---- */

/* RFC 5321 section 4.5.2: a dot before lines that begin with one, and the line that ends. */
static void
stuff_all(struct sender *sender)
{
    size_t octets = 0;

    for (size_t i = 0; i < sender->mail.count; i++) {
        const struct span message = sender->mail.message[i];
        octets += message.len + 5;
        for (size_t at = 0; at < message.len; at++)
            octets += message.ptr[at] == '.';
    }
    sender->stuffed = calloc(sender->mail.count, sizeof *sender->stuffed);
    sender->stuffed_text = malloc(octets);
    if (sender->stuffed == NULL || sender->stuffed_text == NULL)
        load_die("no memory");
    char *to = sender->stuffed_text;
    for (size_t i = 0; i < sender->mail.count; i++) {
        const struct span message = sender->mail.message[i];
        char *const start = to;
        bool line_start = true;
        for (size_t at = 0; at < message.len; at++) {
            if (line_start && message.ptr[at] == '.')
                *to++ = '.';
            line_start = message.ptr[at] == '\n';
            *to++ = message.ptr[at];
        }
        if (!line_start) {
            *to++ = '\r';
            *to++ = '\n';
        }
        *to++ = '.';
        *to++ = '\r';
        *to++ = '\n';
        sender->stuffed[i] = span_of(start, (size_t)(to - start));
    }
}

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
    sender_next(worker->pool->mode, worker);
    load_fmt_user(rcpt, sizeof rcpt, opt->rcpt, opt, worker->index);
    worker->state = ENVELOPE;
    worker->start_ns = load_now_ns();
    buf_printf(&worker->conn.out, "MAIL FROM:<sender@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n",
               rcpt);
}

static void
lmtp_step(struct load_worker *worker, enum load_event event)
{
    struct sender *const sender = worker->pool->mode;
    const size_t sending = sender->sending[worker->index];

    must_be_ok(worker, event, LOAD_REPLY);
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
        buf_put_span(&worker->conn.out, sender->stuffed[sending]);
        worker->state = BODY;
        break;
    default:
        load_worker_count(worker, sender->mail.message[sending].len);
        lmtp_begin(worker, LOAD_NEED_MORE);
    }
}

void
load_lmtp(const struct load_options *opt)
{
    struct load_pool pool;
    struct sender sender;

    sender_init(&sender, opt);
    stuff_all(&sender);
    load_pool_init(&pool, opt, lmtp_step, &sender);
    for (unsigned i = 0; i < pool.count; i++)
        load_worker_connect(&pool.workers[i], LOAD_LMTP);
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
    load_worker_connect(worker, LOAD_IMAP);
}

/* Connect, greeting, LOGIN, LOGOUT, end of stream: then again. */
static void
login_step(struct load_worker *worker, enum load_event event)
{
    if (event == LOAD_EXISTS)
        return;
    switch (worker->state) {
    case START:
        must_be_ok(worker, event, LOAD_GREETING);
        put_login(worker);
        worker->state = LOGIN;
        break;
    case LOGIN:
        must_be_ok(worker, event, LOAD_TAGGED);
        buf_put_lit(&worker->conn.out, "b LOGOUT\r\n");
        worker->state = LEAVING;
        break;
    default:
        must_be_ok(worker, event, LOAD_TAGGED);
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
