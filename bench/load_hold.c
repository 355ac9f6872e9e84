/* SPDX-License-Identifier: MIT */
/*
 * Mode hold: many idle sessions in one process. Lines on standard input say what they do, and
 * each is answered with a JSON line. So a script can hold thousands with a few of these
 * processes, each with its own limit on descriptors, and look at the server in between.
 *
 *   open N       N more sessions until each idles; latency: from connect to the "+" of IDLE
 *   storm        all close and come back at once; latency: as open
 *   resume N     N times one of them: DONE until its tagged OK
 *   fetch N      the same with a UID FETCH after it: the view is rebuilt
 *   park N       the same: from IDLE until "+"
 *   noop N       N of them say DONE; opt->seconds later each says NOOP: until its tagged OK
 *   fan N        N deliveries by LMTP to the recipient: from the reply to the last told
 *   fan-data N   the same, from the end of DATA
 *   push N       N deliveries, each to the account of another session: from the end of DATA
 *                until that session is told
 *   check        how many the server has closed
 *
 * With opt->notify a session does not select and idle. It asks with NOTIFY for what comes to
 * opt->mailbox, and is told by STATUS; so it takes part in open, storm, fan, push and check
 * only.
 *
 * A session that is refused or closed is counted as failed; anything else that goes wrong ends
 * the program.
 *
 *   connect -> GREETING -> LOGIN -> SELECT -> IDLE -> IDLING -> DONE -> IDLE ...
 */
#include "bench/load_conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    OPENING_AT_ONCE = 256, /* handshakes under way when sessions are opened for holding */
    POLL_EVERY = 16,       /* connects between two looks at the answers */
    WAIT_MS = 60000,
    SETTLE_MS = 20,
    PICK_STEP = 7919, /* a prime */
};

enum held_state { CLOSED, GREETING, LOGIN, SELECT, IDLE, IDLING, DONE };

struct held {
    struct load_conn conn;
    enum held_state state;
    unsigned told; /* the round of fan in which it was last told */
    int64_t start_ns;
};

struct hold {
    const struct load_options *opt;
    struct held *held;
    unsigned count;
    unsigned cap;
    unsigned opening; /* sessions between connect and IDLING */
    unsigned failed;
    unsigned round; /* of fan */
    unsigned told;  /* in this round */
    int epoll_fd;
    struct load_samples opened;
    struct load_conn lmtp;
    bool lmtp_open;
    int64_t reply_ns;
    int64_t told_ns; /* when the last session of a round was told */
};

static void
failed(struct hold *hold, struct held *held)
{
    if (held->state != CLOSED && held->state < IDLING)
        hold->opening--;
    held->state = CLOSED;
    hold->failed++;
    load_conn_close(&held->conn);
}

static void
say(struct held *held, enum held_state next)
{
    held->state = next;
    if (!load_conn_flush(&held->conn))
        load_die("a session does not take %zu octets", buf_len(&held->conn.out));
}

/* Frees what the client remembers of an idle session, so that it does not fill the memory. */
static void
forget_input(struct load_conn *conn)
{
    if (conn->in_at != conn->in_end)
        return;
    free(conn->in);
    conn->in = NULL;
    conn->in_cap = conn->in_at = conn->in_end = 0;
}

static void
greeted(struct hold *hold, struct held *held)
{
    char user[128];

    load_fmt_user(user, sizeof user, hold->opt->user, hold->opt, (unsigned)(held - hold->held));
    buf_printf(&held->conn.out, "a LOGIN \"%s\" \"%s\"\r\n", user, hold->opt->password);
    say(held, LOGIN);
}

static void
idle_again(struct held *held)
{
    held->start_ns = load_now_ns();
    buf_put_lit(&held->conn.out, "i IDLE\r\n");
    say(held, IDLE);
}

/* Handles one event of a session that is opening or resuming. */
static void
step(struct hold *hold, struct held *held, enum load_event event)
{
    const bool ok = event == LOAD_TAGGED && held->conn.status_ok;

    if (event == LOAD_CLOSED || (event == LOAD_TAGGED && !ok)) {
        failed(hold, held);
        return;
    }
    switch (held->state) {
    case GREETING:
        greeted(hold, held);
        break;
    case LOGIN:
        if (hold->opt->notify) {
            buf_printf(&held->conn.out,
                       "i NOTIFY SET (mailboxes \"%s\" (MessageNew MessageExpunge))\r\n",
                       hold->opt->mailbox);
            say(held, IDLE);
            break;
        }
        buf_printf(&held->conn.out, "a SELECT \"%s\"\r\n", hold->opt->mailbox);
        say(held, SELECT);
        break;
    case SELECT:
        buf_put_lit(&held->conn.out, "i IDLE\r\n");
        say(held, IDLE);
        break;
    case IDLE:
        held->state = IDLING;
        hold->opening--;
        load_sample_add(&hold->opened, load_now_ns() - held->start_ns);
        forget_input(&held->conn);
        break;
    default:
        break;
    }
}

static void
told(struct hold *hold, struct held *held)
{
    if (held->state != IDLING || held->told == hold->round)
        return;
    held->told = hold->round;
    hold->told++;
    hold->told_ns = load_now_ns();
}

static void
session_readable(struct hold *hold, struct held *held)
{
    const uint64_t statuses = held->conn.statuses;
    enum load_event event;

    load_conn_read(&held->conn);
    while (held->state != CLOSED && (event = load_conn_event(&held->conn)) != LOAD_NEED_MORE) {
        if (event == LOAD_EXISTS)
            told(hold, held);
        else
            step(hold, held, event);
    }
    if (held->conn.statuses != statuses)
        told(hold, held);
    if (held->state == IDLING)
        forget_input(&held->conn);
}

static void
lmtp_readable(struct hold *hold)
{
    load_conn_read(&hold->lmtp);
    const enum load_event event = load_conn_event(&hold->lmtp);

    if (event == LOAD_CLOSED || (event == LOAD_REPLY && hold->lmtp.code != 250))
        load_die("LMTP: %s", hold->lmtp.text);
    if (event == LOAD_REPLY)
        hold->reply_ns = load_now_ns();
}

/* Handles what has arrived; waits up to timeout_ms for it. False: nothing arrived. */
static bool
pump(struct hold *hold, int timeout_ms)
{
    struct epoll_event events[256];
    const int n = epoll_wait(hold->epoll_fd, events, ARRAY_LEN(events), timeout_ms);

    if (n < 0 && errno != EINTR)
        load_die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++)
        if (events[i].data.u64 == UINT64_MAX)
            lmtp_readable(hold);
    for (int i = 0; i < n; i++)
        if (events[i].data.u64 != UINT64_MAX)
            session_readable(hold, &hold->held[events[i].data.u64]);
    return n > 0;
}

static void
watch(struct hold *hold, int fd, uint64_t what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = what};

    if (epoll_ctl(hold->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        load_die("epoll_ctl: %s", strerror(errno));
}

/* Brings the sessions from `first` on into IDLE, at most at_once of them at a time. */
static void
open_from(struct hold *hold, unsigned first, unsigned at_once, const char *mode)
{
    const int64_t start_ns = load_now_ns();
    const unsigned failed_before = hold->failed;

    hold->opened.count = 0;
    for (unsigned i = first; i < hold->count; i++) {
        struct held *held = &hold->held[i];
        while (hold->opening >= at_once)
            if (!pump(hold, WAIT_MS))
                load_die("no answer for a minute, %u sessions on their way", hold->opening);
        held->start_ns = load_now_ns();
        held->state = GREETING;
        hold->opening++;
        load_conn_open(&held->conn, hold->opt, LOAD_IMAP, LOAD_NONBLOCKING, i);
        watch(hold, held->conn.fd, i);
        if (i % POLL_EVERY == 0)
            pump(hold, 0);
    }
    while (hold->opening > 0)
        if (!pump(hold, WAIT_MS))
            load_die("no answer for a minute, %u sessions on their way", hold->opening);
    load_report(&(struct load_result){
        .mode = mode,
        .count = hold->count - first,
        .failed = hold->failed - failed_before,
        .seconds = (double)(load_now_ns() - start_ns) / 1e9,
        .latency = &hold->opened,
    });
}

static void
more(struct hold *hold, unsigned count)
{
    const unsigned first = hold->count;

    hold->count += count;
    if (hold->count > hold->cap) {
        struct held *const grown = realloc(hold->held, hold->count * sizeof *grown);
        if (grown == NULL)
            load_die("no memory for %u sessions", hold->count);
        memset(grown + hold->cap, 0, (hold->count - hold->cap) * sizeof *grown);
        hold->held = grown;
        hold->cap = hold->count;
    }
    open_from(hold, first, OPENING_AT_ONCE, "open");
}

/* A network comes back: all clients reconnect at once. */
static void
storm(struct hold *hold)
{
    for (unsigned i = 0; i < hold->count; i++)
        if (hold->held[i].state != CLOSED)
            load_conn_close(&hold->held[i].conn);
    open_from(hold, 0, hold->count, "storm");
}

static void
await_state(struct hold *hold, const struct held *held, enum held_state state)
{
    while (held->state != state)
        if (held->state == CLOSED || !pump(hold, WAIT_MS))
            load_die("a session does not answer: %s", held->conn.text);
}

/* Sends a line in one session and waits for its tagged OK. */
static int64_t
ask(struct held *held, const char *line)
{
    const int64_t start_ns = load_now_ns();

    buf_printf(&held->conn.out, "%s\r\n", line);
    say(held, DONE);
    for (;;) {
        enum load_event event = load_conn_event(&held->conn);
        if (event == LOAD_CLOSED || (event == LOAD_TAGGED && !held->conn.status_ok))
            load_die("%s: %s", line, held->conn.text);
        if (event == LOAD_TAGGED)
            return load_now_ns() - start_ns;
        if (event == LOAD_NEED_MORE && !load_conn_read(&held->conn))
            load_conn_wait(&held->conn, WAIT_MS);
    }
}

/* The i-th of the sessions that are asked something: spread over all, and none twice before all
 * were asked. */
static struct held *
pick(const struct hold *hold, unsigned i)
{
    return &hold->held[(uint64_t)i * PICK_STEP % hold->count];
}

static void
idle_on(struct hold *hold, struct held *held)
{
    hold->opening++;
    idle_again(held);
    await_state(hold, held, IDLING);
}

enum what { WHAT_RESUME, WHAT_FETCH, WHAT_PARK };

/* One after the other, spread over all, with a pause, so that each finds the server asleep. */
static void
resume(struct hold *hold, unsigned count, enum what what, const char *mode)
{
    struct load_samples latency = {0};
    const int64_t start_ns = load_now_ns();

    for (unsigned i = 0; i < count; i++) {
        struct held *held = pick(hold, i);
        if (held->state != IDLING)
            continue;
        int64_t took_ns = ask(held, "DONE");
        if (what == WHAT_FETCH)
            took_ns += ask(held, "a UID FETCH 1:* (FLAGS)");
        idle_on(hold, held);
        if (what == WHAT_PARK)
            took_ns = load_now_ns() - held->start_ns;
        load_sample_add(&latency, took_ns);
        usleep(500);
    }
    load_report(&(struct load_result){
        .mode = mode,
        .count = latency.count,
        .seconds = (double)(load_now_ns() - start_ns) / 1e9,
        .latency = &latency,
    });
    load_samples_done(&latency);
}

/* Sessions that wait between commands, not in IDLE, when they are asked. */
static void
noop(struct hold *hold, unsigned count)
{
    struct load_samples latency = {0};
    const unsigned most = count < hold->count ? count : hold->count;
    const int64_t start_ns = load_now_ns();

    for (unsigned i = 0; i < most; i++)
        if (pick(hold, i)->state == IDLING)
            ask(pick(hold, i), "DONE");
    usleep((useconds_t)(hold->opt->seconds * 1e6));
    for (unsigned i = 0; i < most; i++) {
        struct held *const held = pick(hold, i);
        if (held->state != DONE)
            continue;
        load_sample_add(&latency, ask(held, "a NOOP"));
        usleep(500);
    }
    for (unsigned i = 0; i < most; i++)
        if (pick(hold, i)->state == DONE)
            idle_on(hold, pick(hold, i));
    load_report(&(struct load_result){
        .mode = "noop",
        .count = latency.count,
        .seconds = (double)(load_now_ns() - start_ns) / 1e9,
        .latency = &latency,
    });
    load_samples_done(&latency);
}

static void
lmtp_ready(struct hold *hold)
{
    if (hold->lmtp_open)
        return;
    load_conn_open(&hold->lmtp, hold->opt, LOAD_LMTP, LOAD_BLOCKING, 0);
    load_lmtp_expect(&hold->lmtp, NULL, 220);
    load_lmtp_expect(&hold->lmtp, "LHLO client.example.org", 250);
    watch(hold, hold->lmtp.fd, UINT64_MAX);
    hold->lmtp_open = true;
}

/* Delivers to the index-th recipient up to the end of DATA. The reply is still to come. */
static void
deliver(struct hold *hold, unsigned index)
{
    char rcpt[160];
    char line[200];

    load_fmt_user(rcpt, sizeof rcpt, hold->opt->rcpt, hold->opt, index);
    snprintf(line, sizeof line, "RCPT TO:<%s>", rcpt);
    load_lmtp_expect(&hold->lmtp, "MAIL FROM:<sender@example.org>", 250);
    load_lmtp_expect(&hold->lmtp, line, 250);
    load_lmtp_expect(&hold->lmtp, "DATA", 354);
    hold->round++;
    hold->told = 0;
    hold->reply_ns = 0;
    buf_printf(&hold->lmtp.out, "Subject: round %u\r\n\r\nA short message.\r\n.\r\n",
               hold->round);
    load_conn_flush(&hold->lmtp);
}

static void
push(struct hold *hold, unsigned count)
{
    struct load_samples latency = {0};
    const unsigned most = count < hold->count ? count : hold->count;
    const int64_t start_ns = load_now_ns();

    lmtp_ready(hold);
    for (unsigned i = 0; i < most; i++) {
        const struct held *const held = pick(hold, i);
        if (held->state != IDLING)
            load_die("push: a session does not idle");
        deliver(hold, (unsigned)(held - hold->held));
        const int64_t sent_ns = load_now_ns();
        while (hold->reply_ns == 0 || held->told != hold->round)
            if (!pump(hold, WAIT_MS))
                load_die("push: not told");
        load_sample_add(&latency, hold->told_ns - sent_ns);
        usleep(SETTLE_MS * 1000);
    }
    load_report(&(struct load_result){
        .mode = "push",
        .count = latency.count,
        .seconds = (double)(load_now_ns() - start_ns) / 1e9,
        .latency = &latency,
    });
    load_samples_done(&latency);
}

static void
fan(struct hold *hold, unsigned count, bool from_reply, const char *mode)
{
    struct load_samples latency = {0};
    const int64_t start_ns = load_now_ns();

    lmtp_ready(hold);
    for (unsigned i = 0; i < count; i++) {
        deliver(hold, 0);
        const int64_t sent_ns = load_now_ns();
        while (hold->reply_ns == 0 || hold->told < hold->count)
            if (!pump(hold, WAIT_MS))
                load_die("%u of %u were told", hold->told, hold->count);
        load_sample_add(&latency, hold->told_ns - (from_reply ? hold->reply_ns : sent_ns));
        usleep(SETTLE_MS * 1000);
    }
    load_report(&(struct load_result){
        .mode = mode,
        .count = hold->count,
        .runs = count,
        .seconds = (double)(load_now_ns() - start_ns) / 1e9,
        .latency = &latency,
    });
    load_samples_done(&latency);
}

static void
check(struct hold *hold)
{
    const unsigned failed_before = hold->failed;

    while (pump(hold, 0))
        continue;
    load_report(&(struct load_result){
        .mode = "check", .count = hold->count, .failed = hold->failed - failed_before});
}

static void
obey(struct hold *hold, const char *word, unsigned count)
{
    if (strcmp(word, "open") == 0)
        more(hold, count);
    else if (strcmp(word, "storm") == 0)
        storm(hold);
    else if (strcmp(word, "resume") == 0)
        resume(hold, count, WHAT_RESUME, word);
    else if (strcmp(word, "fetch") == 0)
        resume(hold, count, WHAT_FETCH, word);
    else if (strcmp(word, "park") == 0)
        resume(hold, count, WHAT_PARK, word);
    else if (strcmp(word, "noop") == 0)
        noop(hold, count);
    else if (strcmp(word, "push") == 0)
        push(hold, count);
    else if (strcmp(word, "fan") == 0)
        fan(hold, count, true, word);
    else if (strcmp(word, "fan-data") == 0)
        fan(hold, count, false, word);
    else if (strcmp(word, "check") == 0)
        check(hold);
    else
        load_die("hold: no such word: %s", word);
}

void
load_hold(const struct load_options *opt)
{
    struct hold hold = {.opt = opt, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    char line[64];
    char word[16];

    if (hold.epoll_fd < 0)
        load_die("epoll: %s", strerror(errno));
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned count = 0;
        if (sscanf(line, "%15s %u", word, &count) >= 1)
            obey(&hold, word, count);
    }
    for (unsigned i = 0; i < hold.count; i++)
        if (hold.held[i].state != CLOSED)
            load_conn_close(&hold.held[i].conn);
    if (hold.lmtp_open)
        load_conn_close(&hold.lmtp);
    free(hold.held);
    load_samples_done(&hold.opened);
    close(hold.epoll_fd);
}
