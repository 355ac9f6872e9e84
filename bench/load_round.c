/* SPDX-License-Identifier: MIT */
/*
 * Modes that go round many accounts: round-lmtp, round-append and round-login. Each operation
 * goes to the next account, so an account's next turn comes after all the others'. There is a
 * JSON line for each round. The rounds continue without a pause until opt->rounds of them are
 * over and standard input has ended, so the program that watches can decide while the load
 * continues.
 *
 * The accounts' order looks random and is the same in every round and for every server. With
 * opt->round_seconds, a round's operations are due evenly over so long, however late the
 * answers come, and latency counts from when they were due.
 *
 *   round-lmtp    connections that stay; latency: from MAIL to the reply to the message
 *   round-append  connect, LOGIN, APPEND, LOGOUT; latency: from APPEND to its OK
 *   round-login   connect, LOGIN, SELECT, LOGOUT; latency: from connect to SELECT's OK
 */
#include "bench/load_pool.h"
#include "bench/load_sender.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS_MAX = 10000, ORDER_STEP = 7919 /* a prime */ };

enum state { START, HELLO, IDLE, ENVELOPE, BODY, LOGIN, COMMAND, LOGOUT };

struct turn {
    uint64_t op;    /* which of all operations */
    int64_t due_ns; /* 0: as soon as there is a connection */
};

struct rounds {
    struct sender sender;
    load_step_fn *begin;
    const char *mode;
    uint64_t started;
    uint64_t last;           /* number of operations; UINT64_MAX: not decided */
    unsigned over;           /* rounds that were reported */
    int64_t over_ns;         /* when the last of them ended */
    uint32_t *answered;      /* by round; owned */
    struct turn *turn;       /* by worker; owned */
    bool *idle;              /* by worker: waits for the next operation that is due; owned */
    uint64_t octets;         /* of this round */
    struct load_samples now; /* of this round */
};

static unsigned
account_of(const struct rounds *rounds, const struct load_worker *worker)
{
    const unsigned users = worker->pool->opt->users;

    return (unsigned)(rounds->turn[worker->index].op * ORDER_STEP % users);
}

/* Whether standard input has ended, so that nobody asks for more rounds. */
static bool
told_to_end(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char octets[64];

    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, octets, sizeof octets) <= 0;
}

static void
round_over(struct rounds *rounds, const struct load_options *opt)
{
    const int64_t now_ns = load_now_ns();

    rounds->over++;
    load_report(&(struct load_result){
        .mode = rounds->mode,
        .round = rounds->over,
        .count = opt->users,
        .octets = rounds->octets,
        .seconds = (double)(now_ns - rounds->over_ns) / 1e9,
        .latency = &rounds->now,
    });
    rounds->over_ns = now_ns;
    rounds->octets = 0;
    rounds->now.count = 0;
    /* At a steady rate some operations of the next round have begun already, so that round is
     * completed. */
    if (rounds->over >= opt->rounds && rounds->last == UINT64_MAX && told_to_end())
        rounds->last = (rounds->started + opt->users - 1) / opt->users * opt->users;
    if (rounds->over + 2 >= ROUNDS_MAX)
        load_die("%u rounds and no end", rounds->over);
}

/* Latency of the worker's operation, which may have been due before it could start. */
static void
sample(struct rounds *rounds, const struct load_worker *worker)
{
    const int64_t due_ns = rounds->turn[worker->index].due_ns;

    load_sample_add(&rounds->now, load_now_ns() - (due_ns != 0 ? due_ns : worker->start_ns));
}

/* At full speed, all free connections take what is left of this round. No operation of the next
 * round starts before the last answer, because a slow one would be hidden otherwise. */
static void
start_idle(struct load_pool *pool)
{
    struct rounds *const rounds = pool->mode;

    for (unsigned i = 0; i < pool->count; i++) {
        struct load_worker *const worker = &pool->workers[i];
        const bool in_round = rounds->started / pool->opt->users <= rounds->over;
        if (worker->done || !rounds->idle[i] || (!in_round && rounds->started < rounds->last))
            continue;
        rounds->begin(worker, LOAD_NEED_MORE);
        load_worker_send(worker);
    }
}

/* The worker's operation was answered, and it takes the next. */
static void
finish(struct load_worker *worker, uint64_t octets)
{
    struct rounds *const rounds = worker->pool->mode;
    const struct load_options *const opt = worker->pool->opt;
    const uint64_t round = rounds->turn[worker->index].op / opt->users;

    worker->pool->finished++;
    worker->pool->end_ns = load_now_ns();
    rounds->octets += octets;
    rounds->answered[round]++;
    while (rounds->answered[rounds->over] == opt->users)
        round_over(rounds, opt);
    worker->state = IDLE;
    rounds->idle[worker->index] = true;
    if (opt->round_seconds == 0)
        start_idle(worker->pool);
}

/* Takes the next operation. False: there is none, and the worker leaves. */
static bool
take_turn(struct load_worker *worker)
{
    struct rounds *const rounds = worker->pool->mode;
    const struct load_options *const opt = worker->pool->opt;

    rounds->idle[worker->index] = false;
    if (rounds->started >= rounds->last) {
        load_worker_finish(worker);
        return false;
    }
    struct turn *const turn = &rounds->turn[worker->index];
    turn->op = rounds->started++;
    turn->due_ns = opt->round_seconds == 0
                       ? 0
                       : worker->pool->start_ns + (int64_t)((double)turn->op * 1e9 *
                                                            opt->round_seconds / opt->users);
    worker->start_ns = load_now_ns();
    return true;
}

/* At a steady rate: gives what is due to free connections. Returns the time until the next is
 * due, in ms. */
static int
tick(struct load_pool *pool)
{
    struct rounds *const rounds = pool->mode;
    const double passed_s = (double)(load_now_ns() - pool->start_ns) / 1e9;
    const bool clock_runs = pool->start_ns != 0;
    bool all_busy = true;

    if (!clock_runs)
        return -1;
    for (unsigned i = 0; i < pool->count; i++) {
        struct load_worker *const worker = &pool->workers[i];
        if (worker->done || !rounds->idle[i])
            continue;
        const bool due =
            (double)rounds->started * pool->opt->round_seconds / pool->opt->users <= passed_s;
        if (due || rounds->started >= rounds->last) {
            rounds->begin(worker, LOAD_NEED_MORE);
            load_worker_send(worker);
        } else {
            all_busy = false;
        }
    }
    return pool->active == 0 ? 0 : all_busy ? -1 : 1;
}

/* The last worker to be ready starts them all. */
static void
start_all(struct load_worker *worker)
{
    struct load_pool *const pool = worker->pool;
    struct rounds *const rounds = pool->mode;

    rounds->idle[worker->index] = true;
    if (!load_worker_ready(worker))
        return;
    rounds->over_ns = pool->start_ns;
    if (pool->opt->round_seconds == 0)
        start_idle(pool);
}

/* ---- round-lmtp ---- */

static void
lmtp_begin(struct load_worker *worker, enum load_event event)
{
    struct rounds *const rounds = worker->pool->mode;
    const struct load_options *const opt = worker->pool->opt;
    char rcpt[128];

    (void)event;
    if (!take_turn(worker))
        return;
    sender_next(&rounds->sender, worker->index);
    load_fmt_user(rcpt, sizeof rcpt, opt->rcpt, opt, account_of(rounds, worker));
    worker->state = ENVELOPE;
    buf_printf(&worker->conn.out, "MAIL FROM:<sender@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n",
               rcpt);
}

static void
lmtp_step(struct load_worker *worker, enum load_event event)
{
    struct rounds *const rounds = worker->pool->mode;

    load_worker_must(worker, event, LOAD_REPLY);
    switch (worker->state) {
    case START:
        buf_put_lit(&worker->conn.out, "LHLO client.example.org\r\n");
        worker->state = HELLO;
        break;
    case HELLO:
        worker->state = IDLE;
        start_all(worker);
        break;
    case ENVELOPE:
        if (worker->conn.code != 354)
            break;
        buf_put_span(&worker->conn.out, sender_stuffed(&rounds->sender, worker->index));
        worker->state = BODY;
        break;
    default:
        sample(rounds, worker);
        finish(worker, sender_message(&rounds->sender, worker->index).len);
    }
}

/* ---- round-append and round-login ---- */

static void
session_begin(struct load_worker *worker, enum load_event event)
{
    struct rounds *const rounds = worker->pool->mode;

    (void)event;
    if (!take_turn(worker))
        return;
    worker->state = START;
    load_worker_connect(worker, LOAD_IMAP, account_of(rounds, worker));
}

static void
append(struct load_worker *worker)
{
    struct rounds *const rounds = worker->pool->mode;
    const struct span message = sender_next(&rounds->sender, worker->index);

    worker->start_ns = load_now_ns();
    buf_printf(&worker->conn.out, "b APPEND \"%s\" {%zu+}\r\n", worker->pool->opt->mailbox,
               message.len);
    buf_put_span(&worker->conn.out, message);
    buf_put_lit(&worker->conn.out, "\r\n");
}

static void
session_step(struct load_worker *worker, enum load_event event)
{
    struct rounds *const rounds = worker->pool->mode;
    const bool appends = rounds->sender.mail.count > 0;

    if (event == LOAD_EXISTS || worker->state == IDLE) /* idle: its end of stream */
        return;
    load_worker_must(worker, event, worker->state == START ? LOAD_GREETING : LOAD_TAGGED);
    switch (worker->state) {
    case START:
        load_worker_login(worker, account_of(rounds, worker));
        worker->state = LOGIN;
        break;
    case LOGIN:
        if (appends)
            append(worker);
        else
            buf_printf(&worker->conn.out, "b SELECT \"%s\"\r\n", worker->pool->opt->mailbox);
        worker->state = COMMAND;
        break;
    case COMMAND:
        sample(rounds, worker);
        buf_put_lit(&worker->conn.out, "c LOGOUT\r\n");
        worker->state = LOGOUT;
        break;
    default:
        load_conn_close(&worker->conn);
        finish(worker, appends ? sender_message(&rounds->sender, worker->index).len : 0);
    }
}

/* ---- all of them ---- */

static void
rounds_init(struct rounds *rounds, struct load_pool *pool, const struct load_options *opt,
            const char *mode)
{
    if (opt->users == 0)
        load_die("%s needs --users", mode);
    if (opt->users % ORDER_STEP == 0)
        load_die("--users must not be a multiple of %d", ORDER_STEP);
    rounds->mode = mode;
    rounds->last = told_to_end() ? (uint64_t)opt->users * opt->rounds : UINT64_MAX;
    rounds->answered = calloc(ROUNDS_MAX, sizeof *rounds->answered);
    rounds->turn = calloc(pool->count, sizeof *rounds->turn);
    rounds->idle = calloc(pool->count, sizeof *rounds->idle);
    if (rounds->answered == NULL || rounds->turn == NULL || rounds->idle == NULL)
        load_die("no memory");
    pool->tick = opt->round_seconds > 0 ? tick : NULL;
}

static void
rounds_done(struct rounds *rounds, struct load_pool *pool)
{
    load_pool_done(pool);
    load_samples_done(&rounds->now);
    free(rounds->answered);
    free(rounds->turn);
    free(rounds->idle);
}

void
load_round_lmtp(const struct load_options *opt)
{
    struct load_pool pool;
    struct rounds rounds = {.begin = lmtp_begin};

    sender_init(&rounds.sender, opt);
    sender_stuff(&rounds.sender);
    load_pool_init(&pool, opt, lmtp_step, &rounds);
    rounds_init(&rounds, &pool, opt, "round-lmtp");
    for (unsigned i = 0; i < pool.count; i++)
        load_worker_connect(&pool.workers[i], LOAD_LMTP, i);
    load_pool_run(&pool);
    rounds_done(&rounds, &pool);
    sender_done(&rounds.sender);
}

static void
run_sessions(struct rounds *rounds, const struct load_options *opt, const char *mode)
{
    struct load_pool pool;

    load_pool_init(&pool, opt, session_step, rounds);
    rounds_init(rounds, &pool, opt, mode);
    for (unsigned i = 0; i < pool.count; i++)
        start_all(&pool.workers[i]);
    load_pool_run(&pool);
    rounds_done(rounds, &pool);
}

void
load_round_append(const struct load_options *opt)
{
    struct rounds rounds = {.begin = session_begin};

    sender_init(&rounds.sender, opt);
    run_sessions(&rounds, opt, "round-append");
    sender_done(&rounds.sender);
}

void
load_round_login(const struct load_options *opt)
{
    struct rounds rounds = {.begin = session_begin};

    run_sessions(&rounds, opt, "round-login");
}
