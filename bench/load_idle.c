/* SPDX-License-Identifier: MIT */
/*
 * Modes with idling connections: push (how soon a delivery is announced) and park (many
 * sessions that do nothing, held so that the server's memory can be measured).
 */
#include "bench/load_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/load_deflate.h"

enum {
    PUSH_WAIT_MS = 5000,
    SETTLE_MS = 20,
    PROGRESS_EVERY = 500,
    CHATTER_AHEAD = 16, /* commands whose answers are read together */
};

static void
start_idle(struct load_conn *conn, const struct load_options *opt)
{
    load_command(conn, "SELECT \"%s\"", opt->mailbox);
    buf_put_lit(&conn->out, "i IDLE\r\n");
    load_conn_flush(conn);
    load_expect(conn, LOAD_CONTINUATION);
}

/* Notes when the reply to the message and the announcement of it are read, in whichever order
 * they come. */
static void
await_both(struct load_conn *lmtp, struct load_conn *idle, int64_t *reply_ns_out,
           int64_t *exists_ns_out)
{
    struct pollfd fds[2] = {{.fd = lmtp->fd, .events = POLLIN},
                            {.fd = idle->fd, .events = POLLIN}};
    int64_t reply_ns = 0;
    int64_t exists_ns = 0;

    while (reply_ns == 0 || exists_ns == 0) {
        if (poll(fds, 2, PUSH_WAIT_MS) <= 0)
            load_die("delivery not announced within %d ms", PUSH_WAIT_MS);
        if (fds[1].revents != 0) {
            load_conn_read(idle);
            const int64_t now_ns = load_now_ns();
            enum load_event event;
            while ((event = load_conn_event(idle)) != LOAD_NEED_MORE) {
                if (event == LOAD_CLOSED)
                    load_die("the idling connection was closed");
                if (event == LOAD_EXISTS && exists_ns == 0)
                    exists_ns = now_ns;
            }
        }
        if (fds[0].revents != 0) {
            load_conn_read(lmtp);
            const int64_t now_ns = load_now_ns();
            const enum load_event event = load_conn_event(lmtp);
            if (event == LOAD_CLOSED || (event == LOAD_REPLY && lmtp->code != 250))
                load_die("LMTP: %s", lmtp->text);
            if (event == LOAD_REPLY)
                reply_ns = now_ns;
        }
    }
    *reply_ns_out = reply_ns;
    *exists_ns_out = exists_ns;
}

void
load_push(const struct load_options *opt)
{
    struct load_samples latency = {0};
    struct load_conn lmtp;
    struct load_conn idle;
    char rcpt[160];
    const int64_t start_ns = load_now_ns();

    load_fmt_user(rcpt, sizeof rcpt, opt->rcpt, opt, 0);
    load_session(&idle, opt, 0);
    start_idle(&idle, opt);
    load_conn_open(&lmtp, opt, LOAD_LMTP, LOAD_BLOCKING, 0);
    load_lmtp_expect(&lmtp, NULL, 220);
    load_lmtp_expect(&lmtp, "LHLO client.example.org", 250);
    for (uint64_t i = 0; i < opt->count; i++) {
        char line[200];
        int64_t reply_ns;
        int64_t exists_ns;
        if ((double)(load_now_ns() - start_ns) / 1e9 > opt->seconds)
            break;
        load_lmtp_expect(&lmtp, "MAIL FROM:<sender@example.org>", 250);
        snprintf(line, sizeof line, "RCPT TO:<%s>", rcpt);
        load_lmtp_expect(&lmtp, line, 250);
        load_lmtp_expect(&lmtp, "DATA", 354);
        buf_printf(&lmtp.out, "Subject: number %llu\r\n\r\nA short message.\r\n.\r\n",
                   (unsigned long long)i);
        load_conn_flush(&lmtp);
        await_both(&lmtp, &idle, &reply_ns, &exists_ns);
        load_sample_add(&latency, exists_ns - reply_ns);
        poll(NULL, 0, SETTLE_MS); /* so that no two deliveries are announced as one */
    }
    load_conn_close(&lmtp);
    load_conn_close(&idle);
    load_report(&(struct load_result){
        .mode = "push",
        .count = latency.count,
        .seconds = (double)(load_now_ns() - start_ns) / 1e9,
        .latency = &latency,
    });
    load_samples_done(&latency);
}

/* Opens opt->count sessions, reports, and holds them until standard input ends. */
static void
park(const struct load_options *opt, const char *mode,
     void (*start)(struct load_conn *conn, const struct load_options *opt))
{
    struct load_conn *const conns = calloc(opt->count, sizeof *conns);
    const int64_t start_ns = load_now_ns();
    char octet;

    if (conns == NULL)
        load_die("no memory for %llu connections", (unsigned long long)opt->count);
    for (uint64_t i = 0; i < opt->count; i++) {
        load_session(&conns[i], opt, (unsigned)i);
        start(&conns[i], opt);
        /* The client's own memory is not what is measured. */
        free(conns[i].in);
        conns[i].in = NULL;
        conns[i].in_cap = conns[i].in_at = conns[i].in_end = 0;
        buf_done(&conns[i].out);
        load_deflate_free(conns[i].deflate);
        conns[i].deflate = NULL;
        if (!opt->quiet && i % PROGRESS_EVERY == 0)
            fprintf(stderr, "\rparked %llu ", (unsigned long long)i);
    }
    if (!opt->quiet)
        fputc('\n', stderr);
    load_report(&(struct load_result){
        .mode = mode,
        .count = opt->count,
        .seconds = (double)(load_now_ns() - start_ns) / 1e9,
    });
    while (read(STDIN_FILENO, &octet, 1) > 0)
        ;
    uint64_t closed = 0;
    for (uint64_t i = 0; i < opt->count; i++) {
        struct pollfd fd = {.fd = conns[i].fd, .events = POLLRDHUP};
        closed += poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
        load_conn_close(&conns[i]);
    }
    free(conns);
    if (closed > 0)
        load_die("%llu sessions were closed while parked", (unsigned long long)closed);
}

void
load_park(const struct load_options *opt)
{
    park(opt, "park", start_idle);
}

/* Every second of the mailboxes that load_list_status makes: no two are neighbours. */
static void
start_notify(struct load_conn *conn, const struct load_options *opt)
{
    buf_put_lit(&conn->out, "n NOTIFY SET (mailboxes (");
    for (unsigned i = 0; i < opt->batch; i++)
        buf_printf(&conn->out, "%slist%u", i == 0 ? "" : " ", 2 * i);
    buf_put_lit(&conn->out, ") (MessageNew MessageExpunge FlagChange))\r\n");
    load_conn_flush(conn);
    load_expect(conn, LOAD_TAGGED);
    if (!conn->status_ok)
        load_die("NOTIFY: %s", conn->text);
}

void
load_park_notify(const struct load_options *opt)
{
    park(opt, "park-notify", start_notify);
}

/* Commands whose numbers hardly repeat, none of which finds a message. */
static void
chatter(struct load_conn *conn, size_t octets)
{
    uint64_t random = 88172645463325252u + (uint64_t)conn->fd;
    size_t said = 0;

    for (unsigned line = 0; said < octets;) {
        unsigned waiting = 0;
        for (; waiting < CHATTER_AHEAD && said < octets; waiting++, line++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            buf_printf(&conn->out,
                       "A%05u UID FETCH %u (FLAGS BODY.PEEK[HEADER.FIELDS (%u)])\r\n",
                       line % 100000, 1000000 + (unsigned)(random % 1000000),
                       (unsigned)(random >> 32) % 1000);
            said += buf_len(&conn->out);
            load_conn_flush(conn);
        }
        for (; waiting > 0; waiting--)
            load_expect(conn, LOAD_TAGGED);
        if (!conn->status_ok)
            load_die("UID FETCH: %s", conn->text);
    }
}

static void
start_sync(struct load_conn *conn, const struct load_options *opt)
{
    load_command(conn, "ENABLE QRESYNC");
    load_command(conn, "SELECT \"%s\"", opt->mailbox);
    chatter(conn, opt->chatter);
    load_command(conn, "NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) "
                       "(personal (MessageNew MessageExpunge FlagChange MailboxName))");
}

void
load_park_sync(const struct load_options *opt)
{
    park(opt, "park-sync", start_sync);
}
